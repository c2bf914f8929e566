//! Holds IP fragments until their datagrams are whole.
//!
//! In: fragments in any order. Out: whole datagrams; after a while, what exists of the others.
//! Fragments of one datagram seen at two taps make two datagrams, so that the copies can be told and
//! counted later; copies at one tap do so too.
//!
//! Bounded in datagrams, bytes (those held, never those claimed), copies and capture time.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;

use smallvec::SmallVec;

use super::layer::Stop;
use super::partial::{Datagram, Fragment, Key, Partial};
use crate::anomaly::{Anomalies, Anomaly};
use crate::flow::FrameId;
use crate::time::{Nanos, Stamp, Timestamp};

/// Copies of one datagram at one tap that are put together side by side. A switch that mirrors both
/// its ports interleaves them: first, first, second, second.
const COPIES: usize = 4;

/// Datagrams that were whole lately and are remembered: a copy of a fragment follows at once.
const LATELY: usize = 64;

/// A datagram's longest payload (RFC 791 3.1).
const LONGEST: usize = 65_535;

/// The bounds of reassembly.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) datagrams: usize,
    pub(super) bytes: usize,
    pub(super) hold: Nanos,
}

/// Fragments that wait for others.
#[derive(Debug)]
pub(super) struct Fragments {
    bounds: Bounds,
    /// Memory of `by_age`.
    held: usize,
    born: u64,
    by_age: BTreeMap<u64, Partial>,
    by_key: HashMap<Key, SmallVec<[u64; 1]>>,
    /// Keys of datagrams that were whole lately: one more fragment of them is a copy.
    lately: VecDeque<Key>,
    /// What the last fragment drove out, until it is asked for or the next fragment comes.
    evicted: VecDeque<Partial>,
    /// For who wants to know it: the frames that brought what was last put together.
    pub(super) parts: Option<Parts>,
}

/// Frames that brought fragments of the packet at work; shared with who asked for them.
#[derive(Clone, Debug, Default)]
pub struct Parts(Rc<RefCell<Vec<FrameId>>>);

impl Parts {
    /// A packet that needed none is at work.
    pub fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    /// The frames, but for the one at work.
    pub fn get(&self) -> Vec<FrameId> {
        self.0.borrow().clone()
    }

    fn set(&self, frames: &[FrameId]) {
        let mut parts = self.0.borrow_mut();
        parts.clear();
        parts.extend_from_slice(frames);
    }
}

impl Fragments {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            held: 0,
            born: 0,
            by_age: BTreeMap::new(),
            by_key: HashMap::new(),
            lately: VecDeque::new(),
            evicted: VecDeque::new(),
            parts: None,
        }
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.by_age.is_empty() && self.evicted.is_empty()
    }

    /// Takes a fragment; gives the datagram that it completes.
    pub(super) fn add(
        &mut self,
        key: Key,
        fragment: Fragment<'_>,
        (frame, stamp): (FrameId, Stamp),
        notes: &mut Anomalies,
    ) -> Result<Option<Datagram>, Stop> {
        self.evicted.clear();
        if fragment.offset.saturating_add(fragment.bytes.on_wire()) > LONGEST {
            return Err(Stop::Bad);
        }
        if fragment.more && fragment.bytes.on_wire() == 0 {
            return Ok(None);
        }
        let copies = self.by_key.entry(key).or_default();
        let lacks = |age: &&u64| self.by_age.get(*age).is_some_and(|d| !d.repeats(fragment));
        let age = match copies.iter().find(lacks) {
            Some(age) => *age,
            None if copies.len() >= COPIES => return Ok(None),
            None => {
                self.born += 1;
                let mut partial = Partial::new(key, !copies.is_empty(), stamp.now);
                partial.stray = self.lately.contains(&key);
                self.held += partial.cost();
                self.by_age.insert(self.born, partial);
                copies.push(self.born);
                self.born
            }
        };
        let Some(partial) = self.by_age.get_mut(&age) else { return Ok(None) };
        (partial.frame, partial.stamp) = (frame, stamp);
        self.held -= partial.cost();
        if let Some(parts) = &self.parts {
            // A fragment in a fragmented tunnel came in all frames of that.
            partial.frames.extend(parts.get());
            partial.frames.push(frame);
        }
        if partial.add(fragment) {
            notes.note(Anomaly::FragmentOverlap, stamp.time, frame);
        }
        self.held += partial.cost();
        if partial.is_complete() {
            if self.lately.len() >= LATELY {
                self.lately.pop_front();
            }
            self.lately.push_back(key);
            let whole = self.remove(age);
            if let (Some(parts), Some(whole)) = (&self.parts, &whole) {
                parts.set(&whole.frames);
            }
            return Ok(whole.map(|whole| whole.contiguous()));
        }
        while (self.by_age.len() > self.bounds.datagrams || self.held > self.bounds.bytes)
            && let Some((&oldest, _)) = self.by_age.first_key_value()
            && let Some(partial) = self.remove(oldest)
        {
            notes.note(Anomaly::FragmentEvicted, partial.stamp.time, partial.frame);
            self.evicted.push_back(partial);
        }
        Ok(None)
    }

    /// Lets go of one datagram that was driven out or has waited long enough, if its beginning is
    /// known. A copy of what is whole, or is handed over itself, is no loss.
    pub(super) fn leaving(&mut self, now: Timestamp, notes: &mut Anomalies) -> Option<Datagram> {
        loop {
            let partial = match self.evicted.pop_front() {
                Some(partial) => partial,
                None => {
                    let (&oldest, partial) = self.by_age.first_key_value()?;
                    if partial.since + self.bounds.hold > now {
                        return None;
                    }
                    let partial = self.remove(oldest)?;
                    let is_copy = partial.copy || partial.stray && partial.contiguous().bytes.is_empty();
                    if !is_copy {
                        notes.note(Anomaly::FragmentsIncomplete, partial.stamp.time, partial.frame);
                    }
                    partial
                }
            };
            if let Some(parts) = &self.parts {
                parts.set(&partial.frames);
            }
            let start = partial.contiguous();
            if !partial.copy && !start.bytes.is_empty() {
                return Some(start);
            }
        }
    }

    fn remove(&mut self, age: u64) -> Option<Partial> {
        let partial = self.by_age.remove(&age)?;
        self.held -= partial.cost();
        if let Some(copies) = self.by_key.get_mut(&partial.key) {
            copies.retain(|a| *a != age);
            if copies.is_empty() {
                self.by_key.remove(&partial.key);
            }
        }
        Some(partial)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::decode::layer::Bytes;
    use crate::flow::Tap;

    fn key(id: u32) -> Key {
        let ip = IpAddr::from([192, 0, 2, 1]);
        Key { tap: Tap::default(), source: ip, destination: ip, id, protocol: 17 }
    }

    fn at(seconds: i64, number: u64) -> (FrameId, Stamp) {
        let time = Timestamp::MIN + Nanos::from_secs(seconds);
        (FrameId { file: 0, number }, Stamp { shown: time, time, now: time })
    }

    fn piece(seen: &[u8], offset: usize, more: bool) -> Fragment<'_> {
        Fragment { protocol: 17, offset, more, bytes: Bytes::whole(seen) }
    }

    fn bounds(datagrams: usize, bytes: usize) -> Fragments {
        Fragments::new(Bounds { datagrams, bytes, hold: Nanos::from_secs(30) })
    }

    struct Bench(Fragments, Anomalies, u64);

    impl Bench {
        fn new() -> Self {
            Self(bounds(4_096, 16 << 20), Anomalies::default(), 0)
        }

        fn add(&mut self, id: u32, fragment: Fragment<'_>) -> Option<Datagram> {
            self.2 += 1;
            self.0.add(key(id), fragment, at(0, self.2), &mut self.1).unwrap()
        }
    }

    #[test]
    fn a_repeated_set_builds_a_second_datagram_in_turn_or_interleaved() {
        let (first, second) = (piece(b"12345678", 0, true), piece(b"9", 8, false));
        for order in
            [[first, second, first, second], [first, first, second, second], [second, first, second, first]]
        {
            let mut bench = Bench::new();
            let whole: Vec<_> = order.iter().filter_map(|f| bench.add(1, *f)).collect();
            assert_eq!(whole.len(), 2);
            assert!(whole.iter().all(|d| d.bytes == b"123456789" && d.unseen == 0));
            assert_eq!((bench.0.held, bench.0.by_key.len()), (0, 0));
            assert_eq!(bench.1.count(Anomaly::FragmentOverlap), 0);
        }
    }

    #[test]
    fn one_fragment_seen_twice_is_no_overlap_and_its_copy_is_not_handed_over() {
        let mut bench = Bench::new();
        let mut first = || bench.add(1, piece(b"12345678", 0, true));
        assert_eq!((first(), first()), (None, None));
        assert!(bench.add(1, piece(b"9", 8, false)).is_some());
        assert_eq!(bench.0.leaving(Timestamp::MAX, &mut bench.1), None);
        let count = |anomaly| bench.1.count(anomaly);
        assert_eq!((count(Anomaly::FragmentsIncomplete), count(Anomaly::FragmentOverlap)), (0, 0));
    }

    #[test]
    fn copies_at_one_tap_are_bounded() {
        let mut bench = Bench::new();
        for _ in 0..100 {
            bench.add(1, piece(b"12345678", 0, true));
        }
        assert_eq!(bench.0.by_age.len(), COPIES);
    }

    #[test]
    fn what_never_completes_leaves_after_its_time_with_its_beginning() {
        let (mut fragments, mut notes) = (bounds(10, 1 << 20), Anomalies::default());
        fragments.add(key(1), piece(b"12345678", 0, true), at(0, 1), &mut notes).unwrap();
        fragments.add(key(1), piece(b"abcdefgh", 16, true), at(29, 2), &mut notes).unwrap();
        fragments.add(key(2), piece(b"tail", 8, false), at(29, 3), &mut notes).unwrap();
        assert_eq!(fragments.leaving(at(29, 0).1.now, &mut notes), None);
        let part = fragments.leaving(at(30, 0).1.now, &mut notes).unwrap();
        assert_eq!((&part.bytes[..], part.frame.number, part.stamp), (&b"12345678"[..], 2, at(29, 2).1));
        assert!(part.unseen > 0);
        assert_eq!(fragments.leaving(Timestamp::MAX, &mut notes), None, "no beginning, nothing to hand over");
        assert_eq!(notes.count(Anomaly::FragmentsIncomplete), 2);
        assert_eq!((fragments.held, fragments.by_key.len()), (0, 0));
    }

    #[test]
    fn the_oldest_is_driven_out_for_lack_of_room_and_can_still_be_had() {
        let (mut fragments, mut notes) = (bounds(2, 1 << 20), Anomalies::default());
        for id in 1..=3 {
            fragments.add(key(id), piece(b"12345678", 0, true), at(0, id.into()), &mut notes).unwrap();
        }
        assert_eq!(fragments.leaving(at(0, 0).1.now, &mut notes).unwrap().key.id, 1);
        assert_eq!(fragments.leaving(at(0, 0).1.now, &mut notes), None);
        assert_eq!((notes.count(Anomaly::FragmentEvicted), fragments.by_age.len()), (1, 2));
        assert_eq!(notes.count(Anomaly::FragmentsIncomplete), 0);
    }

    #[test]
    fn memory_follows_what_was_received_not_what_was_claimed() {
        let (mut fragments, mut notes) = (bounds(200_000, 1 << 30), Anomalies::default());
        for id in 0..100_000 {
            fragments.add(key(id), piece(b"12345678", 65_520, true), at(0, 1), &mut notes).unwrap();
        }
        assert!(fragments.held < 100_000 * 500, "{} bytes each", fragments.held / 100_000);
        let mut fragments = bounds(4_096, 1 << 20);
        for id in 0..10_000 {
            fragments.add(key(id), piece(&[1; 1400], 8, true), at(0, 1), &mut notes).unwrap();
            assert!(fragments.held <= 1 << 20);
        }
    }

    #[test]
    fn a_datagram_longer_than_ip_allows_is_bad() {
        let (mut fragments, mut notes) = (bounds(10, 1 << 20), Anomalies::default());
        let result = fragments.add(key(1), piece(&[0; 1000], 65_528, false), at(0, 1), &mut notes);
        assert_eq!(result, Err(Stop::Bad));
    }
}
