//! What a line of an interval tells of all that was counted (`--follow --interval`).

use super::{RegisterTally, Tally};
use crate::config::Grouping;
use crate::stats::choices::Choices;

impl Tally {
    /// The counts that a line of an interval tells (`--follow --interval`), and no more: what of it takes
    /// room does not grow with the capture.
    pub fn figures(&self) -> Self {
        let choices = Choices {
            host_sides: self.choices.host_sides.clone(),
            short_call: self.choices.short_call,
            messages_only: self.choices.messages_only,
            condition: None,
            grouping: Grouping::default(),
        };
        Self {
            fates: self.fates.clone(),
            messages: self.messages.clone(),
            attempts: self.attempts.figures(),
            sessions: self.sessions.figures(),
            registers: RegisterTally {
                outcomes: self.registers.outcomes.clone(),
                ..RegisterTally::default()
            },
            ..Self::new(choices)
        }
    }
}
