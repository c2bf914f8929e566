//! When something is over, and what is told then.

use crate::anomaly::Anomaly;
use crate::time::{Nanos, Timestamp};
use crate::transaction::{CallKey, Exchange, Leg, MethodKey, Role, TIMER_B};

use super::super::Detail;
use super::super::legs::{Legs, is_inner};
use super::super::memory::{Memory, Tombstone};
use super::super::observer::{Bye, Observer, Party, RequestOver, Session};
use super::super::registration;
use super::super::session::{self, OpenSession};
use super::super::verdict::{Case, deadline};
use super::{Conversation, MAX_OPEN, Surroundings};

/// How long after its last message a leg without final is kept (queues play early media).
const HOLD_INVITE: Nanos = Nanos::from_secs(600);
/// The same for other methods, whose silence is final after Timer F.
const HOLD_OTHER: Nanos = Nanos::from_secs(180);
/// Answered within this and without any provisional: an announcement, a voicemail, a machine.
const INSTANT: Nanos = Nanos::from_secs(1);

impl Conversation {
    pub(super) fn close_attempts(
        &mut self,
        now: Timestamp,
        all: bool,
        around: &mut Surroundings<'_, impl Observer>,
    ) {
        let mut i = 0;
        while i < self.attempts.len() {
            if !all && self.attempt_due(self.attempts[i].id) > now {
                i += 1;
                continue;
            }
            self.judge(i, now, false, around);
            let id = self.attempts.remove(i).id;
            let over = |x: &mut Exchange| x.method == MethodKey::INVITE && x.role == Role::Initial(Some(id));
            for x in self.exchanges.extract_if(.., over) {
                bury(self.call, &x, around.memory, around.observer);
            }
        }
    }

    /// Tells the verdict on attempt number `i`, and all that its legs add.
    pub(super) fn judge(
        &mut self,
        i: usize,
        end: Timestamp,
        evicted: bool,
        around: &mut Surroundings<'_, impl Observer>,
    ) {
        let open = self.attempts[i].clone();
        let mut exchanges: Vec<&Exchange> = self.exchanges_of(open.id).collect();
        exchanges.sort_by_key(|x| (x.started, x.legs.first().map(|l| l.order)));
        let case = Case {
            b2bua: open.b2bua,
            assumed: open.assumed && exchanges.iter().all(|x| !x.requested),
            elsewhere: open.elsewhere,
            early_bye: open.early_bye,
            prack_answered: self.prack_answered,
            unreachable: self.unreachable,
            evicted,
            called: open.called,
            end,
            exchanges,
        };
        let attempt = case.judge();
        let legs = Legs::of(&case.exchanges);
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
        let session = session_of(open.from, &legs);
        if around.observer.attempt(&attempt)
            && let Some(session) = session
        {
            around.observer.answered(session.started);
            if self.sessions.len() < MAX_OPEN {
                self.sessions.push(session);
            } else {
                lose(&session, around);
            }
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
            let due = self.registers_of(id).map(|x| self.exchange_due(x)).max();
            if !all && due.is_some_and(|due| due > now) {
                i += 1;
                continue;
            }
            let open = self.registrations.remove(i);
            let is_ours =
                |x: &mut Exchange| x.method == MethodKey::REGISTER && x.role == Role::Initial(Some(id));
            let mut ours: Vec<Exchange> = self.exchanges.extract_if(.., is_ours).collect();
            ours.sort_by_key(|x| (x.started, x.cseq));
            let registration = registration::judge(&open, &ours.iter().collect::<Vec<_>>(), now);
            around.observer.registration(&registration);
            for x in &ours {
                self.close_exchange(x, now, around);
            }
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
            if !all && self.exchange_due(&self.exchanges[e]) > now {
                e += 1;
                continue;
            }
            self.decide_role(e, around);
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
        if all {
            // Roles decided just now made attempts of their own.
            if !self.attempts.is_empty() {
                self.close_attempts(now, true, around);
            }
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
        for leg in legs.references() {
            let given_up = if x.method == MethodKey::INVITE {
                deadline(leg)
            } else {
                leg.requested.unwrap_or(leg.started) + TIMER_B
            };
            over(x.method, leg, now >= given_up, around.observer);
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

    pub(super) fn close_bye(
        &mut self,
        x: &Exchange,
        legs: &Legs<'_>,
        now: Timestamp,
        around: &mut Surroundings<'_, impl Observer>,
    ) {
        let leg = legs.references().find(|l| !l.is_open()).or_else(|| legs.references().next());
        let silent = leg.is_some_and(|l| l.is_open() && now - l.requested.unwrap_or(l.started) >= TIMER_B);
        let end = leg.and_then(|l| l.ended);
        let delay = leg.and_then(|l| Some(l.ended?.at - l.requested?)).filter(|d| *d >= Nanos::ZERO);
        around.observer.bye(&Bye { status: end.map(|f| f.status), delay, silent });
        if let Some(seen) = self.byes.iter_mut().find(|b| b.from == x.from && b.to == x.to && !b.over) {
            seen.answered = seen.answered.or(session::answered_at(x));
            seen.over = silent || seen.answered.is_some();
        }
    }

    /// Sessions whose BYEs are over, and at the `end` of the capture all others.
    pub(super) fn close_sessions(
        &mut self,
        end: Option<Timestamp>,
        around: &mut Surroundings<'_, impl Observer>,
    ) {
        let mut i = 0;
        while i < self.sessions.len() {
            match self.sessions[i].end(&self.byes, self.refresh, end) {
                Some(session) => {
                    around.observer.session(&session);
                    let gone = self.sessions.remove(i);
                    self.byes.retain(|b| b.from != gone.from && b.to != gone.from);
                }
                None => i += 1,
            }
        }
        // A BYE that no session will claim: its call began before the capture, or it is an early one.
        let waiting = !self.attempts.is_empty() || !self.sessions.is_empty();
        self.byes.retain(|bye| {
            if waiting || !(bye.over || end.is_some()) {
                return true;
            }
            around.observer.session(&Session {
                started: None,
                ended: Some(bye.at),
                completed: bye.answered.is_some(),
                failed: bye.answered.is_none(),
                lost: false,
                instant: false,
                by: Party::Unknown,
                refresh_failed: false,
                cause: bye.cause,
            });
            false
        });
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

    /// When an attempt is over: 32 s after a 2xx or after all finals, later without them.
    pub(super) fn attempt_due(&self, id: u32) -> Timestamp {
        let answered = self.legs_of(id).filter_map(|l| l.success.map(|(first, _)| first)).min();
        match answered {
            Some(at) => at + TIMER_B,
            None => self.exchanges_of(id).map(|x| self.exchange_due(x)).max().unwrap_or(self.last),
        }
    }

    pub(super) fn find_due(&mut self) {
        let due = self.exchanges.iter().map(|x| match x.role {
            Role::Initial(Some(id)) if x.method == MethodKey::INVITE => self.attempt_due(id),
            _ => self.exchange_due(x),
        });
        self.due = due.min().unwrap_or(Timestamp::MAX);
    }
}

/// What the answer of an attempt established: the first 2xx on a reference leg, or further down.
fn session_of(from: u64, legs: &Legs<'_>) -> Option<OpenSession> {
    let first = |l: &&Leg| l.success;
    let answered = |l: &&Leg| l.success.is_some();
    let leg = legs
        .references()
        .filter(answered)
        .min_by_key(first)
        .or_else(|| legs.downstream().filter(answered).min_by_key(first))?;
    let (started, _) = leg.success?;
    let waited = leg.requested.map(|t| started - t);
    let instant = leg.progress.is_none() && waited.is_some_and(|w| w < INSTANT);
    Some(OpenSession { from, dialogs: leg.answerers.clone(), started, instant })
}

/// Tells of finals that an upstream leg did not pass on.
fn tell_inner(method: MethodKey, legs: &Legs<'_>, observer: &mut impl Observer) {
    for leg in &legs.all {
        if is_inner(leg, &legs.all)
            && let Some(end) = leg.ended
        {
            observer.inner(method, end.status);
        }
    }
}

pub(super) fn lose(session: &OpenSession, around: &mut Surroundings<'_, impl Observer>) {
    around.observer.evicted("sessions", 1, false);
    around.observer.session(&Session {
        started: Some(session.started),
        ended: None,
        completed: false,
        failed: false,
        lost: true,
        instant: session.instant,
        by: Party::Unknown,
        refresh_failed: false,
        cause: None,
    });
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
