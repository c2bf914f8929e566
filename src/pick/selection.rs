//! The part of a capture that a run is about, found by a run before it.
//!
//! Of calls: whole Call-IDs, every message of one, or none, so that transactions, copies and sessions are
//! judged as they were in all of the capture. Where the condition asks of each attempt, those of the same
//! Call-ID that it does not select are left out of the figures on attempts. Of transactions and messages:
//! those alone, judged within all of the capture.

use std::collections::HashSet;

use super::condition::Select;
use super::{Condition, Harvest, Unit};
use crate::flow::{FrameId, Origin};
use crate::hash::Secret;
use crate::sip::Message;
use crate::transaction::{CallKey, Keys, call_key};

/// Call-IDs or transactions that can be selected at once: some 100 MB.
pub const MAX_SELECTED: usize = 4 << 20;

/// What was selected.
#[derive(Clone, Debug)]
pub struct Selection {
    condition: Condition,
    calls: HashSet<CallKey, Secret>,
    /// T-keys.
    transactions: HashSet<u64, Secret>,
    /// Call-IDs and first frames; `None`: all attempts of the Call-IDs.
    attempts: Option<HashSet<(CallKey, FrameId)>>,
}

impl Selection {
    /// Nothing is selected yet of what `condition` will select.
    pub fn new(condition: &Condition) -> Self {
        let attempts = (condition.unit() == Unit::Call).then(HashSet::new);
        let condition = condition.clone();
        Self { condition, calls: HashSet::default(), transactions: HashSet::default(), attempts }
    }

    /// Takes what was picked; `false` if that is more than can be held.
    pub fn add(&mut self, harvest: Harvest) -> bool {
        self.calls.extend(harvest.selected);
        self.transactions.extend(harvest.transactions);
        if let Some(attempts) = &mut self.attempts {
            attempts.extend(harvest.attempts);
        }
        self.calls.len().max(self.transactions.len()) <= MAX_SELECTED
    }

    /// What it consists of.
    pub fn select(&self) -> Select {
        self.condition.select()
    }

    /// Call-IDs or transactions in it; of single messages nobody knows.
    pub fn len(&self) -> usize {
        self.calls.len().max(self.transactions.len())
    }

    /// Nothing is selected.
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.select() != Select::Messages
    }

    /// The same for a run over `files`.
    #[must_use]
    pub fn over(self, files: &[String]) -> Self {
        Self { condition: self.condition.over(files), ..self }
    }

    /// Whether a message is in it.
    pub fn has_message(&self, message: &Message<'_>, origin: &Origin) -> bool {
        match self.select() {
            Select::Calls => message.call_id.is_some_and(|id| self.has_call(call_key(id))),
            Select::Transactions => {
                Keys::of(message).is_some_and(|keys| self.transactions.contains(&keys.transaction))
            }
            Select::Messages => self.condition.of_message(message, origin),
        }
    }

    /// Whether whole calls are in it, and this one.
    pub fn has_call(&self, call: CallKey) -> bool {
        self.calls.contains(&call)
    }

    /// Whether the attempt that began at `frame` is in it.
    pub fn has_attempt(&self, call: CallKey, frame: FrameId) -> bool {
        self.attempts.as_ref().is_none_or(|all| all.contains(&(call, frame)))
    }
}

/// What one run selected is compared with what another did by identity: there is one of each.
impl PartialEq for Selection {
    fn eq(&self, other: &Self) -> bool {
        self.condition == other.condition
            && self.calls == other.calls
            && self.transactions == other.transactions
            && self.attempts == other.attempts
    }
}

impl Eq for Selection {}
