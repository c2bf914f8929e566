//! Calls to look at: the first of each cell and outcome, and the slowest of each delay.
//!
//! In: first sightings of responses, attempts. Out: up to [`KEPT`] calls a list, each Call-ID once,
//! ordered by time, then frame, whatever thread saw them in whatever order. Methods that nobody
//! registered share one list a code, so that memory is bounded: 16 methods × 600 codes.

use std::collections::BTreeMap;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::call::{Attempt, Outcome};
use crate::flow::{FrameId, Origin};
use crate::hash::Mix;
use crate::rename::{Rename, What};
use crate::sip::{Message, Method, StatusCode};
use crate::stats::serial::pairs;
use crate::stats::summary::{Calls, CellCalls, DelayKind, SampleCall};
use crate::time::{Nanos, Timestamp};
use crate::transaction::MethodKey;

/// Calls of a list.
pub(super) const KEPT: usize = 5;

/// Bytes of a Call-ID that are kept.
const MAX_CALL_ID: usize = 128;

/// The lists.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Samples {
    #[serde(with = "pairs")]
    cells: HashMap<(MethodKey, StatusCode), First, Mix>,
    #[serde(with = "pairs")]
    outcomes: BTreeMap<Outcome, First>,
    #[serde(with = "pairs")]
    slowest: BTreeMap<DelayKind, Slowest>,
}

/// The first calls, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct First(Vec<SampleCall>);

/// The calls with the greatest delay, greatest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Slowest(Vec<(Nanos, SampleCall)>);

impl Samples {
    /// A response, seen for the first time.
    #[inline]
    pub(super) fn response(&mut self, status: StatusCode, message: &Message<'_>, origin: &Origin) {
        let Some(id) = message.call_id else { return };
        let method = match message.cseq.as_ref().map(|c| c.method) {
            None => MethodKey::UNKNOWN,
            Some(Method::Other(_)) => MethodKey::OTHER,
            Some(method) => MethodKey::of(method),
        };
        self.cells.entry((method, status)).or_default().offer(origin.stamp.shown, origin.frame, id);
    }

    /// An attempt that counts.
    pub(super) fn attempt(&mut self, a: &Attempt) {
        let id = a.call_id.bytes();
        self.outcomes.entry(a.outcome).or_default().offer(a.started, a.frame, id);
        let d = &a.delays;
        let srd = if a.outcome == Outcome::Answered { DelayKind::SrdOk } else { DelayKind::SrdFailed };
        for (kind, delay) in [
            (DelayKind::Pdd, d.pdd),
            (DelayKind::PddAuthenticated, d.pdd_authenticated),
            (srd, d.srd),
            (DelayKind::Setup, d.setup),
            (DelayKind::Ring, d.ring),
            (DelayKind::Ack, d.ack),
        ] {
            if let Some(delay) = delay {
                self.slowest.entry(kind).or_default().offer(delay, a.started, a.frame, id);
            }
        }
    }

    /// Gives new names to calls.
    pub(super) fn rename(&mut self, to: &mut dyn Rename) {
        let Self { cells, outcomes, slowest } = self;
        let first = cells.values_mut().chain(outcomes.values_mut()).flat_map(|list| &mut list.0);
        let slowest = slowest.values_mut().flat_map(|list| &mut list.0).map(|(_, call)| call);
        first.chain(slowest).for_each(|call| call.call_id = to.text(What::CallId, &call.call_id));
    }

    /// Tells each frame that is remembered to `change`.
    pub(super) fn renumber(&mut self, change: &mut dyn FnMut(&mut FrameId)) {
        let first = self.cells.values_mut().chain(self.outcomes.values_mut()).flat_map(|list| &mut list.0);
        first.for_each(|call| change(&mut call.frame));
        let slowest = self.slowest.values_mut().flat_map(|list| &mut list.0);
        slowest.for_each(|(_, call)| change(&mut call.frame));
    }

    /// Adds the lists of `other`.
    pub(super) fn merge(&mut self, other: Self) {
        for (cell, theirs) in other.cells {
            self.cells.entry(cell).or_default().merge(theirs);
        }
        for (outcome, theirs) in other.outcomes {
            self.outcomes.entry(outcome).or_default().merge(theirs);
        }
        for (kind, theirs) in other.slowest {
            self.slowest.entry(kind).or_default().merge(theirs);
        }
    }

    /// The finished lists, by method and code; `name` tells how a method is called.
    pub(super) fn calls(&self, name: impl Fn(MethodKey) -> String) -> Calls {
        let mut cells: Vec<CellCalls> = self
            .cells
            .iter()
            .map(|(&(method, status), list)| CellCalls {
                method: name(method),
                status,
                calls: list.0.clone(),
            })
            .collect();
        cells.sort_by(|a, b| (&a.method, a.status).cmp(&(&b.method, b.status)));
        Calls {
            cells,
            outcomes: self.outcomes.iter().map(|(o, list)| (*o, list.0.clone())).collect(),
            slowest: self.slowest.iter().map(|(k, list)| (*k, list.calls())).collect(),
        }
    }
}

impl First {
    #[inline]
    fn offer(&mut self, time: Timestamp, frame: FrameId, call_id: &[u8]) {
        // Nearly always: the list is full, and time goes on.
        if self.0.len() < KEPT || self.0.last().is_some_and(|last| (time, frame) < (last.time, last.frame)) {
            self.take(SampleCall { time, frame, call_id: kept(call_id) });
        }
    }

    /// Of one Call-ID the first place counts, so that the order of offers does not.
    fn take(&mut self, call: SampleCall) {
        match self.0.iter().position(|c| c.call_id == call.call_id) {
            Some(i) if self.0.get(i).is_some_and(|known| *known <= call) => return,
            Some(i) => drop(self.0.remove(i)),
            None => {}
        }
        let at = self.0.partition_point(|c| *c < call);
        self.0.insert(at, call);
        self.0.truncate(KEPT);
    }

    fn merge(&mut self, other: Self) {
        other.0.into_iter().for_each(|call| self.take(call));
    }
}

impl Slowest {
    fn offer(&mut self, delay: Nanos, time: Timestamp, frame: FrameId, call_id: &[u8]) {
        // Nearly always: the list is full of longer ones, or of equal ones that came before.
        let beats = |(least, last): &(Nanos, SampleCall)| {
            delay > *least || delay == *least && (time, frame) <= (last.time, last.frame)
        };
        if self.0.len() < KEPT || self.0.last().is_some_and(beats) {
            self.take(delay, SampleCall { time, frame, call_id: kept(call_id) });
        }
    }

    fn take(&mut self, delay: Nanos, call: SampleCall) {
        let at = self.0.partition_point(|(d, c)| *d > delay || (*d == delay && *c < call));
        self.0.insert(at, (delay, call));
        self.0.truncate(KEPT);
    }

    fn merge(&mut self, other: Self) {
        other.0.into_iter().for_each(|(delay, call)| self.take(delay, call));
    }

    fn calls(&self) -> Vec<SampleCall> {
        self.0.iter().map(|(_, call)| call.clone()).collect()
    }
}

fn kept(call_id: &[u8]) -> String {
    String::from_utf8_lossy(call_id.get(..MAX_CALL_ID).unwrap_or(call_id)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(offers: &[(i64, &str)]) -> First {
        let mut list = First::default();
        for &(at, id) in offers {
            let frame = FrameId { file: 0, number: at as u64 };
            list.offer(Timestamp::from_nanos(at), frame, id.as_bytes());
        }
        list
    }

    #[test]
    fn the_first_five_call_ids_stay_whatever_the_order() {
        let offers = [(1, "a"), (2, "b"), (3, "a"), (4, "c"), (5, "d"), (6, "e"), (7, "f"), (8, "b")];
        let expected = offered(&offers);
        let ids: Vec<_> = expected.0.iter().map(|c| c.call_id.as_str()).collect();
        assert_eq!(ids, ["a", "b", "c", "d", "e"]);
        let mut shuffled = offers;
        for i in 0..200 {
            shuffled.swap(i % 8, (i * 5 + 3) % 8);
            assert_eq!(offered(&shuffled), expected, "{shuffled:?}");
            let (one, other) = shuffled.split_at(i % 8);
            let mut merged = offered(one);
            merged.merge(offered(other));
            assert_eq!(merged, expected, "{shuffled:?}");
        }
    }

    #[test]
    fn the_slowest_come_first_and_of_equals_the_first() {
        let mut list = Slowest::default();
        for (delay, at) in [(3, 1), (9, 2), (1, 3), (9, 1), (4, 4), (5, 5), (2, 6)] {
            let frame = FrameId { file: 0, number: at };
            list.offer(Nanos::from_secs(delay), Timestamp::from_nanos(at as i64), frame, &[b'x'; 999]);
        }
        let found: Vec<_> =
            list.0.iter().map(|(d, c)| (d.as_nanos() / 1_000_000_000, c.frame.number)).collect();
        assert_eq!(found, [(9, 1), (9, 2), (5, 5), (4, 4), (3, 1)]);
        assert!(list.0.iter().all(|(_, c)| c.call_id.len() == MAX_CALL_ID));
    }
}
