//! Identifiers that are used again (rule 0), and messages that come when all is over.
//!
//! SIPp in a container, dialers, probes and pings reuse every identifier; without this whole calls
//! vanish. What used them before keeps its verdict: it is retired, not forgotten.

use crate::anomaly::Anomaly;
use crate::flow::Origin;
use crate::sip::Message;
use crate::time::Timestamp;
use crate::transaction::{Bin, Exchange, Keys, MethodKey, Role};

use super::super::evidence::Tags;
use super::super::memory::Late;
use super::super::observer::Observer;
use super::close::take_out;
use super::hangup::lose;
use super::{Conversation, Surroundings};

impl Conversation {
    /// Whether `message` belongs to a transaction that is long over; tells of it then.
    pub(super) fn is_late(
        &mut self,
        keys: &Keys,
        message: &Message<'_>,
        origin: &Origin,
        around: &mut Surroundings<'_, impl Observer>,
    ) -> bool {
        let window = around.window;
        let late = around.memory.visit(self.call, keys.transaction, origin.stamp.time, |tomb| {
            let had_final = tomb.code != 0;
            (had_final, tomb.late(message, origin, window))
        });
        let Some((had_final, late)) = late else { return false };
        let mut odd = |kind| around.observer.anomaly(kind, origin.stamp.shown, origin.frame);
        let bin = match late {
            Late::Begins => {
                odd(Anomaly::IdentifierReuse);
                around.memory.forget(self.call, keys.transaction);
                return false;
            }
            Late::Copy(bin) => bin,
            Late::FirstAck | Late::OtherCode => Bin::First,
        };
        if late == Late::OtherCode && had_final {
            odd(Anomaly::LateFinal);
        }
        around.observer.message(message, origin, bin, false);
        if around.observer.wants_particulars() {
            self.gather(keys, message, origin, bin);
        }
        if let (Late::OtherCode, true, Some(status)) = (late, had_final, message.status()) {
            around.observer.inner(keys.method, status);
        }
        true
    }

    /// Rule 0: the identifiers of exchange `e` begin something new. What an initial INVITE knew
    /// under its Call-ID and From tag is forgotten then.
    pub(super) fn reopen(&mut self, e: usize, now: Timestamp, around: &mut Surroundings<'_, impl Observer>) {
        let x = &mut self.exchanges[e];
        let from = x.from;
        if x.method != MethodKey::INVITE || x.to != 0 {
            x.retired = true;
            return;
        }
        self.retire_attempts(from, now, around);
        let over = |x: &Exchange| {
            let waits = x.method == MethodKey::INVITE && matches!(x.role, Role::Initial(Some(_)));
            !x.retired && !waits && (x.from == from || x.to == from)
        };
        let gone = take_out(&mut self.exchanges, over);
        for x in &gone {
            self.close_exchange(x, now, around);
            x.legs.iter().for_each(|leg| around.memory.forget(self.call, leg.key));
        }
        self.close_sessions(None, around);
        self.byes.retain(|b| b.from != from && b.to != from);
        let mut i = 0;
        while i < self.sessions.len() {
            if self.sessions[i].from == from {
                lose(self.sessions.remove(i), around);
            } else {
                i += 1;
            }
        }
        self.tags = Tags::default();
    }

    /// Answered attempts of `from` are judged, so that BYEs can end their sessions; others wait for
    /// their time, which may change the verdict.
    fn retire_attempts(&mut self, from: u64, now: Timestamp, around: &mut Surroundings<'_, impl Observer>) {
        let mut i = 0;
        while i < self.attempts.len() {
            let (id, theirs) =
                (self.attempts[i].id, self.attempts[i].from == from && !self.attempts[i].retired);
            if !theirs {
                i += 1;
            } else if self.legs_of(id).any(|l| l.success.is_some()) {
                self.judge(i, now, false, around);
                self.attempts.remove(i);
                self.exchanges
                    .retain(|x| !(x.method == MethodKey::INVITE && x.role == Role::Initial(Some(id))));
            } else {
                self.attempts[i].retired = true;
                let ours = |x: &&mut Box<Exchange>| {
                    x.method == MethodKey::INVITE && x.role == Role::Initial(Some(id))
                };
                self.exchanges.iter_mut().filter(ours).for_each(|x| x.retired = true);
                i += 1;
            }
        }
    }
}
