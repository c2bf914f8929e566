//! What was wrong with one file: anomalies that wait for their frame, and damage in bytes.
//!
//! In: calls from the container's reader. Out: anomalies for the ledger, and the sentence of
//! [`super::FileReport::problem`]. Bytes are accounted for exactly: every byte of a file belongs to
//! its headers, to a record or block, to a gap, or to the cut-off tail.

use std::fmt::Write;

use crate::anomaly::{Anomalies, Anomaly};
use crate::flow::FrameId;
use crate::time::Timestamp;

/// Damage of one file, and anomalies not yet handed out.
#[derive(Default)]
pub(super) struct Trouble {
    /// Kind, number of the first frame concerned, how many. One entry a kind, so it is bounded.
    waiting: Vec<(Anomaly, u64, u64)>,
    gaps: Damage,
    blocks: Damage,
    strangers: Damage,
    cut: Option<Cut>,
    stops: Vec<String>,
}

/// Several places of one kind of damage.
#[derive(Default)]
struct Damage {
    places: u64,
    bytes: u64,
    first_at: u64,
    after: u64,
}

impl Damage {
    fn add(&mut self, at: u64, bytes: u64, after: u64) {
        if self.places == 0 {
            (self.first_at, self.after) = (at, after);
        }
        self.places += 1;
        self.bytes += bytes;
    }
}

/// A file that ends within a record.
struct Cut {
    what: &'static str,
    at: u64,
    needs: u64,
    remain: u64,
}

impl Trouble {
    /// An anomaly of the frame `number`; of the space after it if no frame is to blame.
    #[cold]
    pub(super) fn note(&mut self, kind: Anomaly, number: u64) {
        match self.waiting.iter_mut().find(|w| w.0 == kind) {
            Some(w) => w.2 += 1,
            None => self.waiting.push((kind, number, 1)),
        }
    }

    /// `bytes` at `at`, after frame `after`, hold no plausible record.
    #[cold]
    pub(super) fn gap(&mut self, at: u64, bytes: u64, after: u64) {
        self.gaps.add(at, bytes, after);
        self.note(Anomaly::CorruptRecord, after);
    }

    /// The block at `at` was passed over, or not fully understood.
    #[cold]
    pub(super) fn bad_block(&mut self, at: u64, after: u64) {
        self.blocks.add(at, 0, after);
        self.note(Anomaly::BadBlock, after);
    }

    /// The frame `number`, at `at`, names an interface that was not described.
    #[cold]
    pub(super) fn stranger(&mut self, at: u64, number: u64) {
        self.strangers.add(at, 0, number);
        self.note(Anomaly::UnknownInterface, number);
    }

    /// The file ends within the `what` at `at`.
    #[cold]
    pub(super) fn cut(&mut self, what: &'static str, at: u64, needs: u64, remain: u64, after: u64) {
        self.cut.get_or_insert(Cut { what, at, needs, remain });
        self.note(Anomaly::TruncatedFile, after);
    }

    /// Reading ended early, or something else is to be said of the file.
    #[cold]
    pub(super) fn stop(&mut self, why: String) {
        self.stops.push(why);
    }

    /// The file ended within a record.
    pub(super) fn is_cut(&self) -> bool {
        self.cut.is_some()
    }

    /// Some anomaly waits to be handed out.
    #[inline]
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Hands the waiting anomalies to the ledger, as seen at `time` in `file`.
    #[cold]
    pub(super) fn tell(&mut self, notes: &mut Anomalies, time: Timestamp, file: u32) {
        for (kind, number, count) in self.waiting.drain(..) {
            for _ in 0..count {
                notes.note(kind, time, FrameId { file, number });
            }
        }
    }

    /// One sentence a kind of damage; `None` if every byte was understood.
    pub(super) fn problem(&self) -> Option<String> {
        let mut parts = Vec::new();
        let Damage { places, bytes, first_at, after } = self.gaps;
        if places > 0 {
            parts.push(format!(
                "{bytes} bytes in {places} {} hold no plausible record and were skipped, first at byte {first_at} \
                 after frame {after}",
                if places == 1 { "place" } else { "places" }
            ));
        }
        let Damage { places, first_at, after, .. } = self.blocks;
        if places > 0 {
            parts.push(format!(
                "{places} malformed {}, first at byte {first_at} after frame {after}",
                if places == 1 { "block" } else { "blocks" }
            ));
        }
        let Damage { places, first_at, after, .. } = self.strangers;
        if places > 0 {
            parts.push(format!(
                "{places} {} of an interface that was never described, first at byte {first_at}, frame {after}",
                if places == 1 { "frame" } else { "frames" }
            ));
        }
        parts.extend(self.stops.iter().cloned());
        if let Some(Cut { what, at, needs, remain }) = self.cut {
            parts.push(format!("cut off at byte {at}: {what} needs {needs} bytes, {remain} remain"));
        }
        let mut text = String::new();
        for part in parts {
            let _ = write!(text, "{}{part}", if text.is_empty() { "" } else { "; " });
        }
        (!text.is_empty()).then_some(text)
    }

    /// Bytes that belong to no record or block: gaps and the cut-off tail.
    #[cfg(test)]
    pub(super) fn lost(&self) -> u64 {
        self.gaps.bytes + self.cut.as_ref().map_or(0, |c| c.remain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_file_has_no_problem() {
        assert_eq!(Trouble::default().problem(), None);
    }

    #[test]
    fn each_kind_of_damage_is_one_sentence_with_its_first_place() {
        let mut t = Trouble::default();
        t.gap(100, 7, 2);
        t.gap(900, 5, 9);
        t.bad_block(1200, 11);
        t.cut("record", 1500, 214, 180, 12);
        assert_eq!(
            t.problem().unwrap(),
            "12 bytes in 2 places hold no plausible record and were skipped, first at byte 100 after frame 2; \
             1 malformed block, first at byte 1200 after frame 11; \
             cut off at byte 1500: record needs 214 bytes, 180 remain"
        );
        assert_eq!(t.lost(), 192);
    }

    #[test]
    fn waiting_anomalies_are_handed_out_once_with_their_counts() {
        let mut t = Trouble::default();
        for n in [4, 7, 8] {
            t.note(Anomaly::BadLength, n);
        }
        let mut notes = Anomalies::default();
        t.tell(&mut notes, Timestamp::from_nanos(5), 3);
        t.tell(&mut notes, Timestamp::from_nanos(6), 3);
        let all: Vec<_> = notes.iter().collect();
        assert_eq!(all, [(Anomaly::BadLength, 3, FrameId { file: 3, number: 4 })]);
        assert!(!t.is_waiting());
    }
}
