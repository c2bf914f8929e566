//! What a message means beyond its own exchange: for dialogs, for other legs, for the call.

use crate::anomaly::Anomaly;
use crate::flow::Origin;
use crate::sip::Message;
use crate::time::{Nanos, Timestamp};
use crate::transaction::{Keys, Leg, MethodKey, Step};

use super::super::facts;
use super::super::observer::Observer;
use super::super::session::ByeSeen;
use super::{Conversation, Surroundings};

impl Conversation {
    /// The INVITE leg with the branch and sent-by of a CANCEL (RFC 3261 9.1).
    pub(super) fn cancelled_leg(&mut self, keys: &Keys) -> Option<&mut Leg> {
        let top = keys.top?;
        self.exchanges
            .iter_mut()
            .rev()
            .filter(|x| x.method == MethodKey::INVITE && !x.retired)
            .filter(|x| x.cseq == keys.cseq && x.from == keys.from)
            .flat_map(|x| &mut x.legs)
            .find(|l| l.vias.first() == Some(&top))
    }

    /// When leg `l` was cancelled, if its CANCEL or the answer to it was seen before the leg itself.
    pub(super) fn cancelled_before(&self, keys: &Keys, e: usize, l: usize) -> Option<Timestamp> {
        let top = self.exchanges[e].legs[l].vias.first()?;
        self.exchanges
            .iter()
            .filter(|x| x.method == MethodKey::CANCEL && !x.retired)
            .filter(|x| x.cseq == keys.cseq && x.from == keys.from)
            .flat_map(|x| &x.legs)
            .filter(|c| c.vias.first() == Some(top))
            .filter_map(|c| c.requested.or(c.success.map(|(first, _)| first)))
            .min()
    }

    /// First BYE in a dialog that leg `l` of exchange `e` may have led to.
    pub(super) fn first_bye_of(&self, e: usize, l: usize) -> Option<Timestamp> {
        let x = &self.exchanges[e];
        let theirs = |b: &&ByeSeen| b.other_than(x.from).is_some_and(|tag| x.may_have_led_to(l, tag));
        self.byes.iter().filter(theirs).map(|b| b.at).min()
    }

    /// What a message means beyond its own exchange.
    #[allow(clippy::too_many_arguments)] // One message, its place, and where to tell.
    pub(super) fn react(
        &mut self,
        e: usize,
        l: usize,
        keys: &Keys,
        message: &Message<'_>,
        origin: &Origin,
        step: &Step,
        around: &mut Surroundings<'_, impl Observer>,
    ) {
        let method = self.exchanges[e].method;
        let time = origin.stamp.time;
        let status = message.status();
        if method == MethodKey::INVITE {
            self.invite_step(e, l, keys, message, step, origin, around);
        } else if method == MethodKey::REGISTER {
            self.register_step(e, message, time);
        } else if method == MethodKey::ACK && status.is_none() {
            // The ACK to a 2xx has a branch of its own (RFC 3261 13.2.2.4).
            for x in self.exchanges.iter_mut().filter(|x| x.method == MethodKey::INVITE && !x.retired) {
                if x.from == keys.from && x.cseq == keys.cseq {
                    let answered = |l: &&mut Leg| {
                        l.success.is_some() && (l.answerers.is_empty() || l.answerers.contains(&keys.to))
                    };
                    x.legs.iter_mut().filter(answered).for_each(|l| {
                        l.acked.get_or_insert(time);
                    });
                }
            }
        } else if method == MethodKey::CANCEL {
            if status.is_none_or(|s| s.is_success())
                && let Some(leg) = self.cancelled_leg(keys)
            {
                leg.cancelled.get_or_insert(time);
            }
            if status.is_none() && facts::answered_elsewhere(message) {
                let from =
                    self.attempts.iter_mut().filter(|a| !a.retired && (a.from == keys.from || a.b2bua));
                from.for_each(|a| a.elsewhere = true);
            }
        } else if method == MethodKey::BYE {
            self.bye_step(e, keys, message, step, time);
        } else if method == MethodKey::PRACK {
            self.prack_answered |= status.is_some_and(|s| s.is_success());
        } else if method == MethodKey::UPDATE {
            self.refresh_step(e, message, time);
        }
    }
}

/// What the step itself tells.
pub(super) fn report(
    method: MethodKey,
    step: &Step,
    message: &Message<'_>,
    origin: &Origin,
    around: &mut Surroundings<'_, impl Observer>,
) {
    let observer = &mut *around.observer;
    let mut note = |kind| observer.anomaly(kind, origin.stamp.shown, origin.frame);
    if step.refused {
        note(Anomaly::StateRefused);
    }
    if step.late_final {
        note(Anomaly::LateFinal);
    }
    let negative = |d: Option<Option<Nanos>>| d.flatten().is_some_and(|d| d < Nanos::ZERO);
    if negative(step.first_reply) || negative(step.first_final) {
        note(Anomaly::NegativeDelay);
    }
    if step.refused {
        observer.evicted("copies", 1, true);
    }
    let sample = |d: Option<Option<Nanos>>| d.flatten().filter(|d| *d >= Nanos::ZERO);
    if let Some(delay) = sample(step.first_reply) {
        observer.first_reply(method, delay);
    }
    if let Some(delay) = sample(step.first_final) {
        observer.response_time(method, delay);
    }
    match (step.displaced, message.status()) {
        (Some(displaced), _) => observer.inner(method, displaced),
        (None, Some(status)) if step.late_final => observer.inner(method, status),
        _ => {}
    }
}
