//! Everything that passes under one Call-ID: exchanges, attempts, registrations and sessions.
//!
//! In: the messages of one Call-ID, in order. Out: facts, to an [`Observer`]. Every message is
//! first told its bin, at once; verdicts come when nothing can change them any more: 32 s after a
//! final, ten minutes after the last message of a leg without one, or at the end of the capture.
//!
//! Here: what a conversation holds and the way of a message through it. In `join`: which attempt
//! or registration a new exchange belongs to. In `react`: what a message means beyond its own
//! exchange. In `again`: identifiers used again. In `close`: when something is over, and what is
//! told then. In `hangup`: sessions. In `gather`: whose particulars a message adds to. In `turns`: until
//! when what is open would be told the same.

mod again;
mod close;
mod gather;
mod hangup;
mod join;
mod react;
mod turns;

use std::num::NonZeroU64;

use smallvec::SmallVec;

use crate::anomaly::Anomaly;
use crate::flow::Origin;
use crate::sip::Message;
use crate::time::{Nanos, Timestamp};
use crate::transaction::{Bin, CallKey, Exchange, Keys, Leg, MethodKey, Role, TIMER_B};

use self::hangup::lose;
use self::react::report;
pub use self::turns::Turns;
use super::Text;
use super::evidence::Tags;
use super::memory::Memory;
use super::observer::Observer;
use super::particulars::Gathering;
use super::registration::OpenRegistration;
use super::session::{ByeSeen, OpenSession, Refresh};

/// Exchanges kept under one Call-ID.
const MAX_EXCHANGES: usize = 512;
/// Sessions and BYEs kept under one Call-ID, each.
const MAX_OPEN: usize = 64;

/// Each where it was made, since it is large: an answered call has three, with the ACK and the BYE.
type Exchanges = SmallVec<[Box<Exchange>; 3]>;

/// One Call-ID.
#[derive(Clone, Debug)]
pub struct Conversation {
    call: CallKey,
    /// The Call-ID, once a message was seen.
    name: Text,
    exchanges: Exchanges,
    /// What `exchanges` weigh, or more: what is closed is taken off when the rest is settled.
    weight: usize,
    attempts: SmallVec<[OpenAttempt; 1]>,
    registrations: SmallVec<[OpenRegistration; 1]>,
    sessions: SmallVec<[OpenSession; 1]>,
    byes: Vec<ByeSeen>,
    tags: Tags,
    refresh: Option<Refresh>,
    prack_answered: bool,
    unreachable: bool,
    /// Particulars of messages that are no attempt's yet.
    unclaimed: Option<Box<Gathering>>,
    legs_begun: u32,
    next_id: u32,
    last: Timestamp,
    due: Timestamp,
}

/// A conversation of which only sessions are left.
#[derive(Clone, Debug)]
pub struct Sleeping {
    sessions: SmallVec<[OpenSession; 1]>,
    next_id: u32,
    last: Timestamp,
    rest: Option<Box<Rest>>,
}

/// What few sessions need while nothing passes.
#[derive(Clone, Debug)]
struct Rest {
    byes: Vec<ByeSeen>,
    refresh: Option<Refresh>,
    tags: Tags,
}

/// An attempt whose time is not over.
#[derive(Clone, Debug)]
pub(super) struct OpenAttempt {
    id: u32,
    from: u64,
    b2bua: bool,
    assumed: bool,
    elsewhere: bool,
    early_bye: bool,
    called: Option<NonZeroU64>,
    /// Its identifiers have begun another attempt: it waits for its verdict.
    retired: bool,
    /// It is not judged sooner: replies that may continue it have not shown yet whether they do.
    waits_until: Timestamp,
    /// Its particulars so far, if they are wanted.
    gathered: Option<Box<Gathering>>,
}

/// What a conversation needs from around it.
pub struct Surroundings<'a, O> {
    /// Who is told.
    pub observer: &'a mut O,
    /// What is remembered across Call-IDs.
    pub memory: &'a mut Memory,
    /// Within this, equal bytes are one packet captured twice.
    pub window: Nanos,
}

impl Conversation {
    /// A conversation about which nothing is known.
    pub fn new(call: CallKey) -> Self {
        Self {
            call,
            name: Text::default(),
            exchanges: Exchanges::new(),
            weight: 0,
            attempts: SmallVec::new(),
            registrations: SmallVec::new(),
            sessions: SmallVec::new(),
            byes: Vec::new(),
            tags: Tags::default(),
            refresh: None,
            prack_answered: false,
            unreachable: false,
            unclaimed: None,
            legs_begun: 0,
            next_id: 0,
            last: Timestamp::MIN,
            due: Timestamp::MAX,
        }
    }

    /// When something may be over; [`Conversation::settle`] before that does nothing.
    pub fn due(&self) -> Timestamp {
        self.due
    }

    /// What it takes, in the unit of [`Exchange::weight`].
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Last message.
    pub fn last(&self) -> Timestamp {
        self.last
    }

    /// The Call-ID.
    pub fn call(&self) -> CallKey {
        self.call
    }

    /// What is left of a quiet conversation: its sessions, in few bytes.
    pub fn sleep(self) -> Sleeping {
        let own = self.sessions.iter().map(|s| s.dialogs.len()).sum();
        let plain = self.byes.is_empty() && self.refresh.is_none() && self.tags.dialogs() <= own;
        let rest = Rest { byes: self.byes, refresh: self.refresh, tags: self.tags };
        let rest = (!plain).then(|| Box::new(rest));
        Sleeping { sessions: self.sessions, next_id: self.next_id, last: self.last, rest }
    }

    /// A conversation that goes on after a while.
    pub fn wake(call: CallKey, sleeping: Sleeping) -> Self {
        let Sleeping { sessions, next_id, last, rest } = sleeping;
        let Rest { byes, refresh, tags } = rest.map_or_else(
            || {
                let dialogs = sessions.iter().flat_map(|s| s.dialogs.iter().map(|to| (s.from, *to)));
                Rest { byes: Vec::new(), refresh: None, tags: Tags::of_sessions(dialogs) }
            },
            |rest| *rest,
        );
        Self { sessions, byes, refresh, next_id, last, tags, ..Self::new(call) }
    }

    /// Only sessions are left: nothing is due until a message comes.
    pub fn is_quiet(&self) -> bool {
        self.exchanges.is_empty() && self.attempts.is_empty() && self.registrations.is_empty()
    }

    /// Nothing is left.
    pub fn is_over(&self) -> bool {
        self.is_quiet() && self.sessions.is_empty() && self.byes.is_empty()
    }

    /// What gives way first when there are too many: finished ones by the time of their last final,
    /// then open ones by their last message.
    pub fn eviction_rank(&self) -> (bool, Timestamp) {
        let mut legs = self.exchanges.iter().filter(|x| x.method != MethodKey::ACK).flat_map(|x| &x.legs);
        let last_final = legs.try_fold(Timestamp::MIN, |at, leg| Some(at.max(leg.ended?.at)));
        last_final.map_or((true, self.last), |at| (false, at))
    }

    /// Takes one message.
    pub fn message(
        &mut self,
        keys: &Keys,
        message: &Message<'_>,
        origin: &Origin,
        around: &mut Surroundings<'_, impl Observer>,
    ) {
        let now = origin.stamp.now;
        if now > self.due {
            self.settle(now, around);
        }
        self.last = self.last.max(origin.stamp.time);
        if self.name.is_empty() {
            self.name = message.call_id.map(Text::of).unwrap_or_default();
        }
        let is_request = message.request_method().is_some();
        let mut place = self.find(keys.transaction);
        if let Some((e, l)) = place {
            if is_request && self.exchanges[e].reopens(l, message, origin, || self.first_bye_of(e, l)) {
                around.observer.anomaly(Anomaly::IdentifierReuse, origin.stamp.shown, origin.frame);
                self.reopen(e, now, around);
                place = None;
            }
        } else if self.is_late(keys, message, origin, around) {
            return;
        }
        let Some((e, l)) = place.or_else(|| self.admit(keys, message, origin, is_request, around)) else {
            // More legs than are kept: a response of its own, remembered nowhere.
            around.observer.anomaly(Anomaly::StateRefused, origin.stamp.shown, origin.frame);
            around.observer.evicted("legs", 1, true);
            around.observer.message(message, origin, Bin::First, false);
            if around.observer.wants_particulars() {
                self.gather(keys, message, origin, Bin::First);
            }
            return;
        };
        let x = &mut *self.exchanges[e];
        if let Some(status) = message.status()
            && keys.method == MethodKey::INVITE
            && (x.evidence.in_dialog.is_none() || x.role == Role::Open)
        {
            self.tags.judge_reply(x, keys, status);
        }
        let before = x.weight();
        let step = x.record(l, keys, message, origin, around.window);
        self.weight += x.weight() - before;
        x.describe(l, message, &step, &mut around.memory.names);
        let alive = self.tags.is_alive_answer(x, keys, message);
        if around.observer.wants_about() {
            around.observer.about(&x.about, &around.memory.names);
        }
        around.observer.message(message, origin, step.bin, alive);
        report(x.method, &step, message, origin, around);
        self.react(e, l, keys, message, origin, &step, around);
        self.tags.learn(keys, message);
        if around.observer.wants_particulars() {
            self.gather(keys, message, origin, step.bin);
        }
        self.due = self.due.min(self.exchange_due(&self.exchanges[e]));
    }

    /// An ICMP error quoted a request with this T-key.
    pub fn unreachable(&mut self, transaction: u64) {
        if let Some((e, _)) = self.find(transaction) {
            self.unreachable |= self.exchanges[e].method == MethodKey::INVITE;
        }
    }

    /// Closes what is over at `now`.
    pub fn settle(&mut self, now: Timestamp, around: &mut Surroundings<'_, impl Observer>) {
        if now <= self.due {
            return;
        }
        self.decide_roles_due(now, around);
        self.close_attempts(now, false, around);
        self.close_registrations(now, false, around);
        self.close_exchanges(now, false, around);
        self.close_sessions(None, around);
        self.find_due();
        self.weight = self.weigh();
    }

    /// Closes everything: the capture ended at `end`.
    pub fn finish(&mut self, end: Timestamp, around: &mut Surroundings<'_, impl Observer>) {
        self.decide_roles(around);
        self.close_attempts(end, true, around);
        self.close_registrations(end, true, around);
        self.close_exchanges(end, true, around);
        self.close_sessions(Some(end), around);
    }

    /// Closes everything but sessions for lack of room: attempts without a verdict by `now` stay
    /// pending, and nothing that comes late opens them again.
    pub fn evict(&mut self, now: Timestamp, around: &mut Surroundings<'_, impl Observer>) {
        self.decide_roles(around);
        while let Some(id) = self.attempts.first().map(|a| a.id) {
            self.judge(0, now, true, around);
            self.attempts.remove(0);
            self.bury_attempt(id, around);
        }
        self.evict_registrations(now, around);
        self.close_exchanges(now, true, around);
        self.close_sessions(None, around);
        self.due = Timestamp::MAX;
        self.weight = self.weigh();
    }

    /// Forgets sessions for lack of room: they count as up.
    pub fn lose_sessions(&mut self, around: &mut Surroundings<'_, impl Observer>) {
        for lost in std::mem::take(&mut self.sessions) {
            lose(lost, around);
        }
    }

    fn weigh(&self) -> usize {
        self.exchanges.iter().map(|x| x.weight()).sum()
    }

    fn find(&self, transaction: u64) -> Option<(usize, usize)> {
        // The newest exchange is nearly always the one.
        let mut here = self.exchanges.iter().enumerate().rev().filter(|(_, x)| !x.retired);
        here.find_map(|(e, x)| Some((e, x.leg(transaction)?)))
    }

    /// Finds or makes the exchange and the leg of a message with an unknown T-key.
    fn admit(
        &mut self,
        keys: &Keys,
        message: &Message<'_>,
        origin: &Origin,
        is_request: bool,
        around: &mut Surroundings<'_, impl Observer>,
    ) -> Option<(usize, usize)> {
        let e = match self.exchanges.iter().rposition(|x| !x.retired && x.matches(keys, is_request)) {
            Some(e) if !self.is_repeated_call(e, is_request, origin) => e,
            _ => {
                if self.exchanges.len() >= MAX_EXCHANGES {
                    self.drop_oldest_exchange(origin.stamp.now, around);
                }
                let new = Box::new(Exchange::new(keys, message, origin.stamp.time));
                self.weight += new.weight();
                self.exchanges.push(new);
                self.exchanges.len() - 1
            }
        };
        let order = self.legs_begun;
        let l = self.exchanges[e].admit(keys, message, origin, order)?;
        self.legs_begun = order.saturating_add(1);
        if keys.method == MethodKey::CANCEL
            && let Some(invite) = self.cancelled_leg(keys)
        {
            let (vias, depth) = (invite.vias.clone(), invite.depth);
            let leg = &mut self.exchanges[e].legs[l];
            (leg.vias, leg.depth, leg.by_request) = (vias, depth, true);
        } else if keys.method == MethodKey::INVITE {
            self.exchanges[e].legs[l].cancelled = self.cancelled_before(keys, e, l);
        }
        Some((e, l))
    }

    /// An initial INVITE with a new branch more than 32 s after the exchange's final is a new
    /// attempt even with the same E-key.
    fn is_repeated_call(&self, e: usize, is_request: bool, origin: &Origin) -> bool {
        let exchange = &self.exchanges[e];
        is_request
            && exchange.method == MethodKey::INVITE
            && exchange.legs.iter().all(|l| l.ended.is_some_and(|f| origin.stamp.time - f.at > TIMER_B))
    }

    fn drop_oldest_exchange(&mut self, now: Timestamp, around: &mut Surroundings<'_, impl Observer>) {
        let finished = |x: &Exchange| x.legs.iter().any(Leg::is_open);
        let oldest =
            self.exchanges.iter().enumerate().min_by_key(|(i, x)| (finished(x), x.last, *i)).map(|(i, _)| i);
        let Some(e) = oldest else { return };
        around.observer.evicted("exchanges", 1, true);
        self.decide_role(e, around);
        if let Role::Initial(Some(id)) = self.exchanges[e].role {
            if let Some(i) = self.attempts.iter().position(|a| a.id == id) {
                self.judge(i, now, true, around);
                self.attempts.remove(i);
                self.bury_attempt(id, around);
            } else if let Some(i) = self.registrations.iter().position(|r| r.id == id) {
                self.close_registration(i, now, true, around);
            }
            return;
        }
        let closed = self.exchanges.remove(e);
        self.weight = self.weight.saturating_sub(closed.weight());
        self.close_exchange(&closed, now, around);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_takes_few_bytes() {
        assert_eq!((size_of::<Conversation>(), size_of::<Sleeping>()), (368, 88));
    }
}
