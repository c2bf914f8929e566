//! Whose particulars a message adds to.
//!
//! Only for an observer that wants them: whoever calls asks first. An attempt takes what carries its
//! From tag at either end, its session goes on with it; what a B2BUA sends under the same Call-ID with
//! another tag goes to the latest. What replies tell before they are known to be an attempt's waits for
//! it.

use crate::flow::Origin;
use crate::sip::Message;
use crate::transaction::{Bin, Keys, MethodKey, Role};

use super::{Conversation, OpenAttempt};

impl Conversation {
    /// Adds `message` to the particulars of its call.
    pub(super) fn gather(&mut self, keys: &Keys, message: &Message<'_>, origin: &Origin, bin: Bin) {
        let ours = |from: u64| from == keys.from || from == keys.to;
        let attempt = |of: &dyn Fn(&OpenAttempt) -> bool| self.attempts.iter().rposition(of);
        let session =
            |any: bool| self.sessions.iter().rposition(|s| s.call.is_some() && (any || ours(s.from)));
        let (a, s) = match (attempt(&|a| !a.retired && ours(a.from)), session(false)) {
            (None, None) => match attempt(&|a| !a.retired) {
                None => (None, session(true)),
                found => (found, None),
            },
            found => found,
        };
        if let Some(attempt) = a.and_then(|i| self.attempts.get_mut(i)) {
            let gathered = attempt.gathered.get_or_insert_default();
            if let Some(earlier) = self.unclaimed.take() {
                gathered.absorb(*earlier);
            }
            gathered.note(message, origin, bin);
        } else if let Some(call) = s.and_then(|i| self.sessions.get_mut(i)?.call.as_mut()) {
            if let Some(particulars) = &mut call.particulars {
                particulars.note_later(message, origin, bin);
            }
        } else if self.exchanges.iter().any(|x| x.method == MethodKey::INVITE && x.role == Role::Open) {
            self.unclaimed.get_or_insert_default().note(message, origin, bin);
        }
    }

    /// Gives `attempt`, which is to be judged, what waited for it.
    pub(super) fn claim(&mut self, attempt: &mut OpenAttempt) {
        let gathered = attempt.gathered.get_or_insert_default();
        if let Some(earlier) = self.unclaimed.take() {
            gathered.absorb(*earlier);
        }
    }
}
