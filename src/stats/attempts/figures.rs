//! Attempts as a line of an interval tells them (`--follow --interval`): counts alone.

use super::AttemptTally;
use crate::stats::summary::DelayKind;

impl AttemptTally {
    /// The counts that a line of an interval tells: no rows of next hops, and of delays PDD alone.
    pub(in crate::stats) fn figures(&self) -> Self {
        let pdd = self.delays.get_key_value(&DelayKind::Pdd).map(|(kind, delays)| (*kind, delays.clone()));
        Self {
            outcomes: self.outcomes.clone(),
            overtaken: self.overtaken,
            all_hops: self.all_hops.clone(),
            ner: self.ner,
            ner_high: self.ner_high,
            ner_q850: self.ner_q850,
            ser: self.ser,
            seer: self.seer,
            isa: self.isa,
            isa_silent: self.isa_silent,
            unanswered_finals: self.unanswered_finals,
            unanswered_with_cause: self.unanswered_with_cause,
            flags: self.flags.clone(),
            delays: pdd.into_iter().collect(),
            ..Self::default()
        }
    }
}
