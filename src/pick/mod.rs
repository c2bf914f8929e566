//! What a run picks out beside its figures: each call, and the messages of one Call-ID.
//!
//! In: a [`Wish`], then what an observer of calls hears. Out: a [`Harvest`] whenever the reader asks
//! for it, which it does at ticks: what was picked between two ticks depends on the capture alone,
//! whatever the threads. Who sorts, holds and writes it is not decided here.

mod condition;
mod fields;
mod ladder;
mod order;
mod selection;

pub use self::condition::{Condition, Select, Unit};
pub use self::ladder::{Kind, Needle, Step};
pub use self::order::{By, HELD, Order};
pub use self::selection::{MAX_SELECTED, Selection};

use std::collections::HashSet;

use crate::call::Call;
use crate::flow::{FrameId, Origin};
use crate::hash::Secret;
use crate::sip::Message;
use crate::transaction::{Bin, CallKey, Keys, call_key};

/// What to pick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Pick calls, each when it is over.
    pub calls: bool,
    /// Pick what names the calls that the condition selects, for another run over the same input.
    pub selection: bool,
    /// Pick messages, and of calls only those, whose Call-ID this is in.
    pub needle: Option<Needle>,
}

/// What was picked since the last harvest.
#[derive(Clone, Debug, Default)]
pub struct Harvest {
    /// Calls that are over.
    pub calls: Vec<Call>,
    /// Messages of the Call-IDs that were asked for.
    pub steps: Vec<Step>,
    /// Call-IDs that were selected, each once.
    pub selected: Vec<CallKey>,
    /// Transactions that were selected, by T-key, each once.
    pub transactions: Vec<u64>,
    /// Attempts that were selected, by Call-ID and first frame, where each is judged by itself.
    pub attempts: Vec<(CallKey, FrameId)>,
}

/// Picks what is wished for.
#[derive(Clone, Debug, Default)]
pub struct Picker {
    wish: Wish,
    condition: Option<Condition>,
    /// Call-IDs with a message that the condition is true of, or T-keys.
    matched: HashSet<CallKey, Secret>,
    harvest: Harvest,
}

impl Picker {
    /// A picker that has seen nothing. Of calls it picks those that `condition` selects.
    pub fn new(wish: Wish, condition: Option<Condition>) -> Self {
        Self { wish, condition, matched: HashSet::default(), harvest: Harvest::default() }
    }

    /// Whether it wants [`Picker::call`].
    pub fn wants_calls(&self) -> bool {
        self.wish.calls || self.wish.selection && self.unit() == Some(Unit::Call)
    }

    /// A message, in its bin.
    pub fn message(&mut self, message: &Message<'_>, origin: &Origin, bin: Bin) {
        let Some(id) = message.call_id else { return };
        if self.wish.needle.as_ref().is_some_and(|needle| needle.is_in(id)) {
            self.harvest.steps.extend(Step::of(message, origin, bin));
        }
        let Some(condition) = self.condition.as_ref().filter(|c| c.unit() == Unit::Message) else { return };
        if !condition.of_message(message, origin) {
            return;
        }
        if condition.select() == Select::Calls {
            if self.matched.insert(call_key(id)) {
                self.harvest.selected.push(call_key(id));
            }
        } else if let Some(Keys { transaction, .. }) = Keys::of(message)
            && self.matched.insert(transaction.into())
        {
            self.harvest.transactions.push(transaction);
        }
    }

    /// A call that is over.
    pub fn call(&mut self, call: Call) {
        let a = &call.attempt;
        if self.wish.needle.as_ref().is_some_and(|needle| !needle.is_in(a.call_id.bytes())) {
            return;
        }
        let selected = match &self.condition {
            None => true,
            Some(condition) if condition.unit() == Unit::Message => self.matched.contains(&a.call),
            Some(condition) => condition.of_call(&call),
        };
        if !selected {
            return;
        }
        if self.wish.selection {
            self.harvest.selected.push(a.call);
            self.harvest.attempts.push((a.call, a.frame));
        }
        if self.wish.calls {
            self.harvest.calls.push(call);
        }
    }

    fn unit(&self) -> Option<Unit> {
        self.condition.as_ref().map(Condition::unit)
    }

    /// What was picked since the last time.
    pub fn harvest(&mut self) -> Harvest {
        std::mem::take(&mut self.harvest)
    }

    /// Adds what `other` picked.
    pub fn merge(&mut self, other: Self) {
        self.harvest.merge(other.harvest);
    }
}

impl Harvest {
    /// Adds `other`.
    pub fn merge(&mut self, other: Self) {
        self.calls.extend(other.calls);
        self.steps.extend(other.steps);
        self.selected.extend(other.selected);
        self.transactions.extend(other.transactions);
        self.attempts.extend(other.attempts);
    }

    /// Puts it in order: calls by their first message, messages by time; then by file and frame.
    pub fn sort(&mut self) {
        self.calls.sort_by_cached_key(|c| (c.attempt.started, c.attempt.frame, c.attempt.call));
        // Several messages of one frame come from one thread, in order.
        self.steps.sort_by_key(|s| (s.time, s.frame));
    }
}
