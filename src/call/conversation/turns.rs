//! When the end of a capture would be told otherwise, had it come later and brought nothing more.

use smallvec::SmallVec;

use crate::time::Timestamp;
use crate::transaction::{Exchange, MethodKey, TIMER_B};

use super::super::verdict::deadline;
use super::Conversation;

/// Instants, rising, none twice.
pub type Turns = SmallVec<[Timestamp; 4]>;

impl Conversation {
    /// The instants after `end` from which on [`Conversation::finish`] may tell something else than
    /// at `end`: deadlines of legs without a final, challenges that may still be answered, finals
    /// that may still pass on. Between two of them it tells the same.
    pub fn turns(&self, end: Timestamp) -> Turns {
        let legs = || self.exchanges.iter().flat_map(|x| x.legs.iter().map(move |l| (x.method, l)));
        let is_alone = legs().filter(|(method, _)| *method == MethodKey::INVITE).nth(1).is_none();
        let mut turns = Turns::new();
        for (method, leg) in legs().filter(|(method, _)| *method != MethodKey::ACK) {
            match leg.ended {
                None => {
                    turns.push(leg.requested.unwrap_or(leg.started) + TIMER_B);
                    if method == MethodKey::INVITE {
                        turns.push(deadline(leg));
                    }
                }
                // A final below may be found not to have reached the caller.
                Some(f) if f.status.is_challenge() || method == MethodKey::INVITE && !is_alone => {
                    turns.push(f.at + TIMER_B);
                }
                Some(_) => {}
            }
        }
        turns.retain(|t| *t > end);
        turns.sort_unstable();
        turns.dedup();
        turns
    }

    /// Whether it holds a session, or may when it ends.
    pub fn may_be_up(&self) -> bool {
        let answered =
            |x: &Exchange| x.method == MethodKey::INVITE && x.legs.iter().any(|l| l.success.is_some());
        !self.sessions.is_empty() || self.exchanges.iter().any(|x| answered(x))
    }
}
