//! Segments of one direction that arrived before their turn.
//!
//! In: segments that lie beyond what was delivered. Out: the same bytes in order, without
//! overlaps; of two copies of a byte the first to arrive is kept. Says how much it holds; the
//! caller decides when that is too much.

use std::collections::VecDeque;
use std::ops::Range;

use super::Mark;

/// Non-overlapping segments in the order of their sequence numbers.
#[derive(Debug, Default)]
pub(super) struct Held {
    segments: VecDeque<Segment>,
    bytes: usize,
}

/// One run of bytes: what was captured of it, then what was not (snap length).
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) sequence: u32,
    pub(super) data: Box<[u8]>,
    pub(super) missing: u32,
    pub(super) mark: Mark,
}

impl Segment {
    /// Sequence numbers it takes.
    pub(super) fn len(&self) -> u32 {
        self.data.len() as u32 + self.missing
    }

    /// The sequence number after its last.
    pub(super) fn end(&self) -> u32 {
        self.sequence.wrapping_add(self.len())
    }

    /// Where it lies, counted from sequence number `next`, before which nothing is held.
    fn range(&self, next: u32) -> Range<u32> {
        let start = self.sequence.wrapping_sub(next);
        start..start.saturating_add(self.len())
    }
}

impl Held {
    /// Segments held.
    pub(super) fn len(&self) -> usize {
        self.segments.len()
    }

    /// Payload bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Memory in use: payload and the record of each segment.
    pub(super) fn memory(&self) -> usize {
        self.bytes + self.segments.len() * size_of::<Segment>()
    }

    /// The segment with the lowest sequence number.
    pub(super) fn first(&self) -> Option<&Segment> {
        self.segments.front()
    }

    /// The sequence number after the highest held.
    pub(super) fn end(&self) -> Option<u32> {
        self.segments.back().map(Segment::end)
    }

    /// Takes the first segment if it starts at `next`.
    pub(super) fn take(&mut self, next: u32) -> Option<Segment> {
        let segment = self.segments.pop_front_if(|s| s.sequence == next)?;
        self.bytes -= segment.data.len();
        if self.segments.is_empty() {
            self.segments = VecDeque::new();
        }
        Some(segment)
    }

    /// Keeps those parts of a segment that are not held yet. Nothing of it may lie before `next`.
    /// Returns whether there were any.
    pub(super) fn insert(&mut self, next: u32, sequence: u32, data: &[u8], missing: u32, mark: Mark) -> bool {
        let start = sequence.wrapping_sub(next);
        let end = start.saturating_add(data.len() as u32).saturating_add(missing);
        let mut part = |held: &mut VecDeque<Segment>, i: usize, range: Range<u32>| {
            let at = |offset: u32| ((offset - start) as usize).min(data.len());
            let data: Box<[u8]> = data[at(range.start)..at(range.end)].into();
            self.bytes += data.len();
            let missing = range.end - range.start - data.len() as u32;
            held.insert(i, Segment { sequence: next.wrapping_add(range.start), data, missing, mark });
        };
        let (mut at, mut i, mut added) = (start, 0, false);
        while at < end {
            let other = self.segments.get(i).map_or(end..end, |s| s.range(next));
            if other.start > at || i >= self.segments.len() {
                part(&mut self.segments, i, at..other.start.min(end));
                (added, i) = (true, i + 1);
            }
            at = at.max(other.end);
            i += 1;
        }
        added
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Inserts (offset, bytes, missing) after `next`; `_` in the result stands for a missing byte,
    /// space for a hole.
    fn check(next: u32, segments: &[(u32, &str, u32)], expected: &str) {
        let mut held = Held::default();
        for &(offset, data, missing) in segments {
            held.insert(next, next.wrapping_add(offset), data.as_bytes(), missing, Mark::default());
        }
        let mut out = String::new();
        let mut at = next;
        while let Some(first) = held.first() {
            for _ in 0..first.sequence.wrapping_sub(at) {
                out.push(' ');
            }
            let segment = held.take(first.sequence).unwrap();
            out.push_str(std::str::from_utf8(&segment.data).unwrap());
            out.extend((0..segment.missing).map(|_| '_'));
            at = segment.end();
        }
        assert_eq!((out.as_str(), held.memory()), (expected, 0), "{segments:?}");
    }

    #[test]
    fn the_first_copy_of_each_byte_is_kept() {
        for next in [0, 1000, u32::MAX - 3] {
            check(next, &[(1, "abc", 0)], " abc");
            check(next, &[(1, "abc", 0), (1, "xyz", 0)], " abc");
            check(next, &[(3, "cd", 0), (1, "xyzz", 0)], " xycd");
            check(next, &[(1, "ab", 0), (2, "xyz", 0)], " abyz");
            check(next, &[(2, "b", 0), (4, "d", 0), (6, "f", 0), (1, "uvwxyz_", 0)], " ubwdyf_");
            check(next, &[(5, "e", 0), (1, "a", 0)], " a   e");
            check(next, &[(1, "a", 3), (2, "xyz", 0), (5, "e", 0)], " a___e");
            check(next, &[(3, "c", 0), (1, "a", 3)], " a_c_");
        }
    }
}
