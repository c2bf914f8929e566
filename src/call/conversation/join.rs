//! Which attempt or registration a new exchange belongs to.

use std::num::NonZeroU64;

use smallvec::SmallVec;

use crate::flow::Origin;
use crate::sip::Message;
use crate::time::Timestamp;
use crate::transaction::Keys;
use crate::transaction::{Exchange, Leg, MethodKey, Role, Step, TIMER_B, is_downstream};

use super::super::RegisterOutcome;
use super::super::evidence;
use super::super::facts;
use super::super::legs::Legs;
use super::super::observer::Observer;
use super::super::registration::{self, OpenRegistration};
use super::super::verdict::deadline;
use super::{Conversation, OpenAttempt, Surroundings};

impl Conversation {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn invite_step(
        &mut self,
        e: usize,
        l: usize,
        keys: &Keys,
        message: &Message<'_>,
        step: &Step,
        origin: &Origin,
        around: &mut Surroundings<'_, impl Observer>,
    ) {
        let x = &mut *self.exchanges[e];
        // 2xx through a proxy that hides the dialog: a CANCEL seen earlier may have had no leg yet.
        if x.requested && x.to == 0 && message.status().is_some_and(|s| s.get() == 100) && keys.to != 0 {
            around.memory.note_tagger(origin.flow.source.ip);
        }
        if x.role == Role::Open {
            if x.requested {
                x.role = if x.to == 0 { Role::Initial(None) } else { Role::InDialog };
            } else if step.first_final.is_some() {
                let tags_trying = around.memory.is_tagger(x.legs[l].flow.destination.ip);
                x.role =
                    if evidence::is_in_dialog(x, tags_trying) { Role::InDialog } else { Role::Initial(None) };
            }
        }
        let mut role = x.role;
        if x.requested && matches!((role, x.to), (Role::InDialog, 0) | (Role::Initial(Some(_)), 1..)) {
            role = self.correct_role(e);
        }
        match role {
            Role::Initial(None) => self.join_attempt(e, l, message),
            Role::InDialog => self.refresh_step(e, message, origin.stamp.time),
            _ => {}
        }
    }

    /// The request shows up after the verdict that its replies alone allowed: its To tag decides
    /// (D1), since no verdict has been told yet. The role that it has now.
    fn correct_role(&mut self, e: usize) -> Role {
        let x = &mut self.exchanges[e];
        let before = x.role;
        x.role = if x.to == 0 { Role::Initial(None) } else { Role::InDialog };
        let role = x.role;
        if let Role::Initial(Some(id)) = before
            && self.exchanges_of(id).next().is_none()
        {
            self.attempts.retain(|a| a.id != id);
        }
        role
    }

    /// Gives a new initial exchange its attempt: the one it continues, the one it lies behind, or
    /// a new one.
    pub(super) fn join_attempt(&mut self, e: usize, l: usize, message: &Message<'_>) {
        let x = &self.exchanges[e];
        let (from, leg, started) = (x.from, &x.legs[l], x.started);
        let continued = self.continued_by(x).map(|i| &self.attempts[i]);
        let behind = || {
            let mut others = self.exchanges.iter().rev().filter(|x| !x.retired && x.from != from);
            others.find_map(|x| match (x.method, x.role) {
                (MethodKey::INVITE, Role::Initial(id)) => {
                    id.filter(|_| x.legs.iter().any(|up| up.is_open() && is_downstream(leg, up)))
                }
                _ => None,
            })
        };
        let retried = || {
            let attempt = |id| self.attempts.iter().find(|a| a.id == id);
            let mut others = self.exchanges.iter().rev().filter(|x| !x.retired && x.from != from);
            others.find_map(|last| match (last.method, last.role) {
                (MethodKey::INVITE, Role::Initial(Some(id))) if last.cseq < x.cseq => {
                    let challenged = |l: &Leg| l.ended.is_some_and(|f| f.status.is_challenge());
                    let goes_on = last.legs.iter().any(challenged)
                        && self.exchanges_of(id).next_back().is_some_and(|l| std::ptr::eq(l, &**last))
                        && attempt(id).is_some_and(|a| self.continues(a, started));
                    goes_on.then_some(id)
                }
                _ => None,
            })
        };
        let (id, b2bua) = match continued {
            Some(a) => (Some(a.id), false),
            None => match behind() {
                Some(id) => (Some(id), true),
                None if message.credentials.is_empty() => (None, false),
                None => (retried(), false),
            },
        };
        let assumed = !x.requested;
        let id = id.unwrap_or_else(|| self.begin_attempt(from, assumed, facts::called_number(message)));
        if b2bua && let Some(a) = self.attempts.iter_mut().find(|a| a.id == id) {
            a.b2bua = true;
        }
        self.exchanges[e].role = Role::Initial(Some(id));
    }

    /// The number of the attempt that initial exchange `x` continues, if it does: the last of its
    /// Call-ID and From tag.
    pub(super) fn continued_by(&self, x: &Exchange) -> Option<usize> {
        let last = self.attempts.iter().rposition(|a| a.from == x.from)?;
        self.continues(&self.attempts[last], x.started).then_some(last)
    }

    /// Whether an INVITE at `started` continues attempt `a`.
    fn continues(&self, a: &OpenAttempt, started: Timestamp) -> bool {
        self.continues_until(a).is_some_and(|last| started <= last)
    }

    /// The latest start of an INVITE that continues attempt `a`: 32 s after the end of its last leg.
    /// `None` if none does any more: a 2xx, a BYE, its credentials refused.
    pub(super) fn continues_until(&self, a: &OpenAttempt) -> Option<Timestamp> {
        let byed = self.byes.iter().any(|b| b.other_than(a.from).is_some());
        let answered = self.legs_of(a.id).any(|l| l.success.is_some());
        let rejected = self.exchanges_of(a.id).last().is_some_and(|x| x.legs.iter().any(|l| l.rejected));
        if a.retired || byed || answered || rejected {
            return None;
        }
        // The last tries; two, since a B2BUA's other side may have a CSeq number of its own.
        let last: SmallVec<[&Exchange; 2]> = self.exchanges_of(a.id).rev().take(2).collect();
        let end = Legs::of(&last).references().map(|l| l.ended.map_or_else(|| deadline(l), |f| f.at)).max();
        Some(end.map_or(Timestamp::MAX, |end| end + TIMER_B))
    }

    fn begin_attempt(&mut self, from: u64, assumed: bool, called: Option<u64>) -> u32 {
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        self.attempts.push(OpenAttempt {
            id,
            from,
            b2bua: false,
            assumed,
            elsewhere: false,
            early_bye: false,
            called: called.and_then(NonZeroU64::new),
            retired: false,
            waits_until: Timestamp::MIN,
            gathered: None,
        });
        id
    }

    pub(super) fn exchanges_of(&self, id: u32) -> impl DoubleEndedIterator<Item = &Exchange> {
        self.exchanges
            .iter()
            .map(|x| &**x)
            .filter(move |x| x.method == MethodKey::INVITE && x.role == Role::Initial(Some(id)))
    }

    pub(super) fn legs_of(&self, id: u32) -> impl Iterator<Item = &Leg> {
        self.exchanges_of(id).flat_map(|x| &x.legs)
    }

    pub(super) fn register_step(&mut self, e: usize, message: &Message<'_>, time: Timestamp) {
        if self.exchanges[e].role == Role::Open {
            let to_uri = facts::to_uri(message);
            let cseq = self.exchanges[e].cseq;
            let continued = self.registrations.iter().rev().find(|r| {
                r.to_uri == to_uri
                    && self
                        .registers_of(r.id)
                        .last()
                        .is_some_and(|last| registration::continues(last, cseq, time))
            });
            let id = continued.map(|r| r.id).unwrap_or_else(|| {
                let id = self.next_id;
                self.next_id = id.wrapping_add(1);
                let wish = RegisterOutcome::Registered;
                self.registrations.push(OpenRegistration { id, to_uri, wish });
                id
            });
            self.exchanges[e].role = Role::Initial(Some(id));
        }
        if message.request_method().is_some()
            && let Role::Initial(Some(id)) = self.exchanges[e].role
            && let Some(r) = self.registrations.iter_mut().find(|r| r.id == id)
        {
            r.wish = registration::wish(message);
        }
    }

    pub(super) fn registers_of(&self, id: u32) -> impl DoubleEndedIterator<Item = &Exchange> {
        self.exchanges
            .iter()
            .map(|x| &**x)
            .filter(move |x| x.method == MethodKey::REGISTER && x.role == Role::Initial(Some(id)))
    }

    /// Roles that are still open when the time is over: rules D2 to D6 on what there is.
    pub(super) fn decide_roles(&mut self, around: &mut Surroundings<'_, impl Observer>) {
        for e in 0..self.exchanges.len() {
            self.decide_role(e, around);
        }
    }

    /// The same for those whose time is over at `now`: before any attempt is judged, since they may
    /// continue it.
    pub(super) fn decide_roles_due(&mut self, now: Timestamp, around: &mut Surroundings<'_, impl Observer>) {
        for e in 0..self.exchanges.len() {
            if self.exchange_due(&self.exchanges[e]) < now {
                self.decide_role(e, around);
            }
        }
    }

    pub(super) fn decide_role(&mut self, e: usize, around: &mut Surroundings<'_, impl Observer>) {
        let x = &self.exchanges[e];
        if x.method != MethodKey::INVITE || x.role != Role::Open {
            return;
        }
        let tags_trying = x.legs.first().is_some_and(|l| around.memory.is_tagger(l.flow.destination.ip));
        if evidence::is_in_dialog(x, tags_trying) {
            self.exchanges[e].role = Role::InDialog;
            return;
        }
        let from = x.from;
        let continued = self.continued_by(x).map(|i| self.attempts[i].id);
        let id = continued.unwrap_or_else(|| self.begin_attempt(from, true, None));
        self.exchanges[e].role = Role::Initial(Some(id));
    }
}
