//! What a conversation that is open at the end would tell, had the capture ended at another time.

use std::cell::RefCell;

use crate::call::{Conversation, Memory, Observer, Surroundings, Turns};
use crate::time::{Nanos, Timestamp};

use super::forgotten;

/// A conversation at the end of its capture.
pub struct Fork<'a> {
    conversation: Conversation,
    turns: Turns,
    /// For all of them: they bury nothing.
    memory: &'a RefCell<Memory>,
    window: Nanos,
}

impl<'a> Fork<'a> {
    pub(super) fn new(
        conversation: Conversation,
        mut turns: Turns,
        memory: &'a RefCell<Memory>,
        window: Nanos,
    ) -> Self {
        turns.sort_unstable();
        turns.dedup();
        Self { conversation, turns, memory, window }
    }

    /// When it may tell something else than before.
    pub fn turns(&self) -> &[Timestamp] {
        &self.turns
    }

    /// Tells `observer` what it would, had the capture ended at `clock` with nothing more of it.
    pub fn at(&self, clock: Timestamp, observer: &mut impl Observer) {
        Self { conversation: self.conversation.clone(), turns: Turns::new(), ..*self }.end(clock, observer);
    }

    /// [`Fork::at`], for the last time.
    pub fn end(self, clock: Timestamp, observer: &mut impl Observer) {
        let mut conversation = self.conversation;
        let mut memory = self.memory.borrow_mut();
        let mut around = Surroundings { observer, memory: &mut memory, window: self.window };
        conversation.settle(clock, &mut around);
        if conversation.is_quiet() {
            let (call, last) = (conversation.call(), conversation.last());
            conversation = Conversation::wake(call, conversation.sleep());
            if clock >= forgotten(last) {
                conversation.lose_sessions(&mut around);
                return;
            }
        }
        conversation.finish(clock, &mut around);
    }
}
