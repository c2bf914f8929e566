//! What is told of one message: `sipstat show`.

use crate::pick::{Kind, Step};
use crate::rename::{Rename, What};

use super::Pseudonyms;

impl Pseudonyms {
    /// Replaces what names persons, machines and places in `step`. Its Call-ID as a number stays: it is
    /// not shown, and calls are found by it.
    pub fn step(&mut self, step: &mut Step) {
        step.call_id = step.call_id.renamed(What::CallId, self);
        step.flow = self.flow(step.flow);
        step.kind = match &step.kind {
            Kind::Request(method) => Kind::Request(method.renamed(What::Method, self)),
            Kind::Response(status, phrase) => Kind::Response(*status, phrase.renamed(What::Words, self)),
        };
        step.cseq = step.cseq.renamed(What::Method, self);
        step.reason = step.reason.renamed(What::Reason, self);
    }
}
