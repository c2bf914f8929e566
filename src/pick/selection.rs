//! The calls that a run is about, found by a run before it.
//!
//! Whole Call-IDs: every message of one, or none, so that transactions, copies and sessions are judged
//! as they were in all of the capture. Where the condition asks of each attempt, those of the same
//! Call-ID that it does not select are left out of the figures on attempts.

use std::collections::HashSet;

use super::{Condition, Harvest, Unit};
use crate::flow::FrameId;
use crate::hash::Secret;
use crate::transaction::CallKey;

/// Call-IDs that can be selected at once: some 100 MB.
pub const MAX_SELECTED: usize = 4 << 20;

/// Selected calls.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    calls: HashSet<CallKey, Secret>,
    /// Call-IDs and first frames; `None`: all attempts of the Call-IDs.
    attempts: Option<HashSet<(CallKey, FrameId)>>,
}

impl Selection {
    /// Nothing is selected yet of what `condition` will select.
    pub fn new(condition: &Condition) -> Self {
        let attempts = (condition.unit() == Unit::Call).then(HashSet::new);
        Self { calls: HashSet::default(), attempts }
    }

    /// Takes what was picked; `false` if that is more than can be held.
    pub fn add(&mut self, harvest: Harvest) -> bool {
        self.calls.extend(harvest.selected);
        if let Some(attempts) = &mut self.attempts {
            attempts.extend(harvest.attempts);
        }
        self.calls.len() <= MAX_SELECTED
    }

    /// Call-IDs in it.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Nothing is selected.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Whether messages of this Call-ID are in it.
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
        self.calls == other.calls && self.attempts == other.attempts
    }
}

impl Eq for Selection {}
