//! When requests and attempts are over, and what is told then. Sessions: see `hangup`.

use std::num::NonZeroU64;

use smallvec::{SmallVec, smallvec};

use crate::anomaly::Anomaly;
use crate::time::{Nanos, Timestamp};
use crate::transaction::{CallKey, Exchange, Leg, MethodKey, Role, TIMER_B};

use super::super::legs::Legs;
use super::super::memory::{Memory, Tombstone};
use super::super::observer::{Call, Observer, RequestOver};
use super::super::registration;
use super::super::tries::Request;
use super::super::verdict::{Case, deadline};
use super::super::{Detail, Flag, Place, RegisterOutcome};
use super::hangup::{lose, session_of};
use super::{Conversation, Exchanges, MAX_OPEN, Surroundings};

/// How long after its last message a leg without final is kept (queues play early media).
const HOLD_INVITE: Nanos = Nanos::from_secs(600);
/// The same for other methods, whose silence is final after Timer F.
const HOLD_OTHER: Nanos = Nanos::from_secs(180);

impl Conversation {
    pub(super) fn close_attempts(
        &mut self,
        now: Timestamp,
        all: bool,
        around: &mut Surroundings<'_, impl Observer>,
    ) {
        let dues = self.attempts_due();
        let mut i = 0;
        for due in dues {
            if !all && (due >= now || self.put_off(i)) {
                i += 1;
                continue;
            }
            self.judge(i, now, false, around);
            let id = self.attempts.remove(i).id;
            self.bury_attempt(id, around);
        }
    }

    /// Tombstones for the exchanges of an attempt that was judged.
    pub(super) fn bury_attempt(&mut self, id: u32, around: &mut Surroundings<'_, impl Observer>) {
        let call = self.call;
        self.exchanges.retain(|x| {
            let over = x.method == MethodKey::INVITE && x.role == Role::Initial(Some(id));
            if over {
                bury(call, x, around.memory, around.observer);
            }
            !over
        });
    }

    /// Tells the verdict on attempt number `i`, and all that its legs add.
    pub(super) fn judge(
        &mut self,
        i: usize,
        end: Timestamp,
        evicted: bool,
        around: &mut Surroundings<'_, impl Observer>,
    ) {
        let mut open = self.attempts[i].clone();
        let wanted = around.observer.wants_particulars();
        if wanted {
            self.claim(&mut open);
        }
        let name = std::mem::take(&mut self.name);
        let exchanges = in_order(self.exchanges_of(open.id).collect());
        let mut case = Case {
            b2bua: open.b2bua,
            assumed: open.assumed && exchanges.iter().all(|x| !x.requested),
            elsewhere: open.elsewhere,
            early_bye: open.early_bye,
            prack_answered: self.prack_answered,
            unreachable: self.unreachable,
            evicted,
            called: open.called.map(NonZeroU64::get),
            call: (self.call, name),
            gathered: open.gathered,
            end,
            exchanges,
        };
        let legs = Legs::of(&case.exchanges);
        let mut attempt = case.judge(&legs);
        tell_inner(MethodKey::INVITE, &legs, around.observer);
        for leg in legs.references() {
            over(MethodKey::INVITE, leg, end >= deadline(leg), around.observer);
        }
        let delays = &attempt.delays;
        for delay in [delays.pdd, delays.srd, delays.setup, delays.ring, delays.ack] {
            if delay.is_some_and(|d| d < Nanos::ZERO) {
                around.observer.anomaly(Anomaly::NegativeDelay, attempt.started, attempt.frame);
            }
        }
        if attempt.details.contains(&Detail::Evicted) {
            around.observer.evicted("attempts", 1, true);
        }
        let t1 = attempt.delays.setup;
        let session = session_of(&case.exchanges, &legs, t1);
        let kept = around.observer.attempt(&attempt);
        if kept {
            let method = MethodKey::INVITE;
            let names = &around.memory.names;
            let request = Request { method, call_id: &attempt.call_id, exchanges: &case.exchanges, names };
            for (x, leg, over) in case.tries(&legs, attempt.flags.contains(&Flag::Inferred)) {
                around.observer.tried(&request.on(leg, x, Place::Reference, over));
            }
            for tried in request.last(&legs, |leg| case.is_over(leg)) {
                around.observer.tried(&tried);
            }
        }
        drop((legs, case));
        self.name = if wanted { attempt.call_id.clone() } else { std::mem::take(&mut attempt.call_id) };
        if !kept {
            return;
        }
        let Some(mut session) = session else {
            if wanted {
                around.observer.call(Call { attempt, session: None });
            }
            return;
        };
        around.observer.answered(session.started);
        session.call = wanted.then(|| Box::new(attempt));
        if self.sessions.len() < MAX_OPEN {
            self.sessions.push(session);
        } else {
            lose(session, around);
        }
    }

    pub(super) fn close_registrations(
        &mut self,
        now: Timestamp,
        all: bool,
        around: &mut Surroundings<'_, impl Observer>,
    ) {
        let mut i = 0;
        while i < self.registrations.len() {
            let id = self.registrations[i].id;
            if !all && self.registration_due(id) >= now {
                i += 1;
                continue;
            }
            self.close_registration(i, now, false, around);
        }
    }

    pub(super) fn evict_registrations(
        &mut self,
        now: Timestamp,
        around: &mut Surroundings<'_, impl Observer>,
    ) {
        while !self.registrations.is_empty() {
            self.close_registration(0, now, true, around);
        }
    }

    /// Tells what became of registration number `i`.
    pub(super) fn close_registration(
        &mut self,
        i: usize,
        now: Timestamp,
        evicted: bool,
        around: &mut Surroundings<'_, impl Observer>,
    ) {
        let open = self.registrations.remove(i);
        let is_ours =
            |x: &Exchange| x.method == MethodKey::REGISTER && x.role == Role::Initial(Some(open.id));
        let mut ours = take_out(&mut self.exchanges, is_ours);
        ours.sort_by_key(|x| (x.started, x.cseq));
        let by_start: SmallVec<[&Exchange; 3]> = ours.iter().map(|x| &**x).collect();
        let mut registration = registration::judge(&open, &by_start, now);
        if evicted && registration.outcome == RegisterOutcome::Pending {
            registration.detail = Some(Detail::Evicted);
            around.observer.evicted("registrations", 1, true);
        }
        around.observer.registration(&registration);
        for x in &ours {
            self.close_exchange(x, now, around);
        }
    }

    /// Closes exchanges that belong to no attempt or registration.
    pub(super) fn close_exchanges(
        &mut self,
        now: Timestamp,
        all: bool,
        around: &mut Surroundings<'_, impl Observer>,
    ) {
        let mut e = 0;
        while e < self.exchanges.len() {
            if !all && self.exchange_due(&self.exchanges[e]) >= now {
                e += 1;
                continue;
            }
            let x = &self.exchanges[e];
            let owned =
                matches!(x.method, MethodKey::INVITE | MethodKey::REGISTER) && x.role != Role::InDialog;
            if owned {
                e += 1;
                continue;
            }
            let closed = self.exchanges.remove(e);
            self.close_exchange(&closed, now, around);
        }
    }

    pub(super) fn close_exchange(
        &mut self,
        x: &Exchange,
        now: Timestamp,
        around: &mut Surroundings<'_, impl Observer>,
    ) {
        let legs = Legs::of(&[x]);
        tell_inner(x.method, &legs, around.observer);
        let given_up = |leg: &Leg| {
            now >= if x.method == MethodKey::INVITE {
                deadline(leg)
            } else {
                leg.requested.unwrap_or(leg.started) + TIMER_B
            }
        };
        for leg in legs.references() {
            over(x.method, leg, given_up(leg), around.observer);
        }
        if !matches!(x.method, MethodKey::INVITE | MethodKey::ACK | MethodKey::CANCEL) {
            let names = &around.memory.names;
            let request = Request { method: x.method, call_id: &self.name, exchanges: &[x], names };
            let is_over = |leg: &Leg| !leg.is_open() || given_up(leg);
            for (_, leg) in legs.numbered_references() {
                around.observer.tried(&request.on(leg, 0, Place::Reference, is_over(leg)));
            }
            for tried in request.last(&legs, is_over) {
                around.observer.tried(&tried);
            }
        }
        if x.method == MethodKey::INVITE && x.role == Role::InDialog {
            let end = legs.references().chain(legs.all.iter().copied()).find_map(|l| l.ended);
            around.observer.reinvite(end.map(|f| f.status));
        }
        if x.method == MethodKey::BYE {
            self.close_bye(x, &legs, now, around);
        }
        bury(self.call, x, around.memory, around.observer);
    }

    /// When an exchange of its own is over: 32 s after its finals, later without one.
    pub(super) fn exchange_due(&self, x: &Exchange) -> Timestamp {
        let invite = x.method == MethodKey::INVITE;
        if x.method == MethodKey::ACK {
            x.last + TIMER_B
        } else if let Some(last) = x.legs.iter().map(|l| l.ended.map(|f| f.at)).max().flatten()
            && x.legs.iter().all(|l| !l.is_open())
        {
            last + TIMER_B
        } else {
            x.last + if invite { HOLD_INVITE } else { HOLD_OTHER }
        }
    }

    /// When each attempt is over: 32 s after a 2xx or after all finals, later without them; never
    /// before the deadline of a leg that is still open, so that the verdict does not depend on when
    /// it is asked for.
    pub(super) fn attempts_due(&self) -> SmallVec<[Timestamp; 1]> {
        let mut dues: SmallVec<[(Timestamp, Option<Timestamp>, Timestamp); 1]> =
            smallvec![(Timestamp::MIN, None, Timestamp::MIN); self.attempts.len()];
        for x in &self.exchanges {
            let (MethodKey::INVITE, Role::Initial(Some(id))) = (x.method, x.role) else { continue };
            // Numbers rise with the attempts.
            let Ok(i) = self.attempts.binary_search_by_key(&id, |a| a.id) else { continue };
            let (unanswered, answered, open) = &mut dues[i];
            *unanswered = (*unanswered).max(self.exchange_due(x));
            for leg in &x.legs {
                if let Some((first, _)) = leg.success {
                    *answered = Some(answered.map_or(first, |at| at.min(first)));
                }
                if leg.is_open() {
                    *open = (*open).max(deadline(leg));
                }
            }
        }
        let due = |(unanswered, answered, open): (_, Option<Timestamp>, Timestamp)| {
            answered.map_or(unanswered, |at| (at + TIMER_B).max(open))
        };
        dues.into_iter().map(due).zip(&self.attempts).map(|(due, a)| due.max(a.waits_until)).collect()
    }

    /// Whether attempt number `i` has to wait, and until when: replies to an INVITE that was not
    /// captured show only with their final whether it is initial, and so a further try of the attempt.
    fn put_off(&mut self, i: usize) -> bool {
        let (a, later) = (&self.attempts[i], &self.attempts[i + 1..]);
        let asks = |x: &Exchange| x.method == MethodKey::INVITE && x.role == Role::Open && x.from == a.from;
        if !self.exchanges.iter().any(|x| asks(x)) || later.iter().any(|b| b.from == a.from) {
            return false;
        }
        let Some(last) = self.continues_until(a) else { return false };
        let open = self.exchanges.iter().filter(|x| asks(x) && x.started <= last);
        let until = open.map(|x| self.exchange_due(x)).max();
        if let Some(until) = until {
            self.attempts[i].waits_until = until;
        }
        until.is_some()
    }

    /// When a registration is over: with the last of its exchanges.
    fn registration_due(&self, id: u32) -> Timestamp {
        self.registers_of(id).map(|x| self.exchange_due(x)).max().unwrap_or(self.last)
    }

    pub(super) fn find_due(&mut self) {
        let attempts = self.attempts_due();
        let registrations = self.registrations.iter().map(|r| self.registration_due(r.id));
        let others = self.exchanges.iter().filter(|x| !matches!(x.role, Role::Initial(Some(_))));
        let due = others.map(|x| self.exchange_due(x)).chain(attempts).chain(registrations).min();
        self.due = due.unwrap_or(Timestamp::MAX);
    }
}

/// Takes those out of `exchanges` that are `wanted`, in order.
pub(super) fn take_out(exchanges: &mut Exchanges, wanted: impl Fn(&Exchange) -> bool) -> Exchanges {
    let (taken, left) = std::mem::take(exchanges).into_iter().partition(|x| wanted(x));
    *exchanges = left;
    taken
}

/// Exchanges in the order in which the caller began them: by their reference legs, since a tap
/// further down may have a clock that is ahead.
fn in_order(mut exchanges: SmallVec<[&Exchange; 2]>) -> SmallVec<[&Exchange; 2]> {
    exchanges.sort_by_key(|x| (x.started, x.legs.first().map(|l| l.order)));
    if exchanges.len() > 1 {
        let legs = Legs::of(&exchanges);
        let mut began: Vec<_> = exchanges.iter().map(|x| (x.started, u32::MAX)).collect();
        for (x, leg) in legs.numbered_references() {
            let first = if began[x].1 == u32::MAX { leg.began() } else { began[x].min(leg.began()) };
            began[x] = first;
        }
        let mut order: Vec<usize> = (0..exchanges.len()).collect();
        order.sort_by_key(|i| (began[*i], *i));
        exchanges = order.into_iter().map(|i| exchanges[i]).collect();
    }
    exchanges
}

/// Tells of finals that an upstream leg did not pass on.
fn tell_inner(method: MethodKey, legs: &Legs<'_>, observer: &mut impl Observer) {
    for (i, leg) in legs.all.iter().enumerate() {
        if legs.is_inner(i)
            && let Some(end) = leg.ended
        {
            observer.inner(method, end.status);
        }
    }
}

/// Tells of a request's end on a reference leg; not of one that may still be answered.
fn over(method: MethodKey, leg: &Leg, given_up: bool, observer: &mut impl Observer) {
    let answered = !leg.is_open();
    if leg.requested.is_some() && method != MethodKey::ACK && (answered || given_up) {
        observer.request_over(&RequestOver {
            method,
            destination: leg.flow.destination,
            answered,
            resent: leg.resent,
        });
    }
}

/// Leaves a tombstone for each leg: late copies open nothing.
fn bury(call: CallKey, x: &Exchange, memory: &mut Memory, observer: &mut impl Observer) {
    if x.method == MethodKey::ACK {
        return;
    }
    for (l, leg) in x.legs.iter().enumerate() {
        if memory.bury(call, leg.key, Tombstone::of(x, l, leg)) {
            observer.evicted("tombstones", 1, false);
        }
    }
}
