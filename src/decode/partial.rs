//! One datagram with holes: IP fragments put in their places.
//!
//! In: fragments in any order, cut or whole. Out: the bytes from the first one up to the first hole.
//! The first copy of each byte wins. Room is held for bytes that came, never for holes.

use std::net::IpAddr;

use smallvec::SmallVec;

use super::layer::Bytes;
use crate::flow::{FrameId, Tap};
use crate::time::{Stamp, Timestamp};

/// What fragments of one datagram share (RFC 791 3.2, RFC 8200 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) tap: Tap,
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) id: u32,
    /// IPv4 protocol; that of the fragment header for IPv6, where fragments need not agree.
    pub(super) protocol: u8,
}

/// One fragment's content.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment<'a> {
    /// The protocol inside; that of the fragment at offset 0 counts.
    pub(super) protocol: u8,
    /// Offset in bytes.
    pub(super) offset: usize,
    /// More fragments follow.
    pub(super) more: bool,
    pub(super) bytes: Bytes<'a>,
}

/// The content of a datagram, from its first byte up to the first that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Datagram {
    pub(super) key: Key,
    /// The protocol inside.
    pub(super) protocol: u8,
    pub(super) bytes: Vec<u8>,
    /// How many bytes follow, as far as is known.
    pub(super) unseen: usize,
    /// The last fragment that came.
    pub(super) frame: FrameId,
    /// When it came.
    pub(super) stamp: Stamp,
}

/// A datagram with holes.
#[derive(Debug)]
pub(super) struct Partial {
    pub(super) key: Key,
    /// Made of repeated fragments: another holds the same.
    pub(super) copy: bool,
    /// A datagram with the same key was whole shortly before.
    pub(super) stray: bool,
    pub(super) since: Timestamp,
    pub(super) frame: FrameId,
    pub(super) stamp: Stamp,
    /// Frames that brought fragments, if somebody wants to know.
    pub(super) frames: Vec<FrameId>,
    /// From the fragment at offset 0.
    protocol: u8,
    /// Length, from the first last fragment that came.
    end: Option<usize>,
    /// Sorted and disjoint.
    pieces: Vec<Piece>,
    /// Content of the pieces, in order of arrival: no room is held for what never came.
    bytes: Vec<u8>,
}

/// Consecutive bytes of a datagram. Only the first `have` were captured.
#[derive(Clone, Copy, Debug)]
struct Piece {
    start: usize,
    end: usize,
    at: usize,
    have: usize,
}

impl Partial {
    pub(super) fn new(key: Key, copy: bool, since: Timestamp) -> Self {
        Self {
            key,
            copy,
            stray: false,
            since,
            frame: FrameId::default(),
            stamp: Stamp::default(),
            frames: Vec::new(),
            protocol: key.protocol,
            end: None,
            pieces: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Memory held, that of the two indices included.
    pub(super) fn cost(&self) -> usize {
        const INDEX: usize = size_of::<Key>() + size_of::<SmallVec<[u64; 1]>>() + 16;
        size_of::<Self>()
            + INDEX
            + self.bytes.capacity()
            + self.pieces.capacity() * size_of::<Piece>()
            + self.frames.capacity() * size_of::<FrameId>()
    }

    fn content(&self, piece: &Piece) -> &[u8] {
        self.bytes.get(piece.at..piece.at + piece.have).unwrap_or_default()
    }

    /// Whether all of `fragment` is here already, byte for byte.
    pub(super) fn repeats(&self, fragment: Fragment<'_>) -> bool {
        let end = fragment.offset + fragment.bytes.on_wire();
        if !fragment.more && self.end != Some(end) {
            return false;
        }
        let mut at = fragment.offset;
        for piece in self.from(at) {
            if piece.start > at || at >= end {
                break;
            }
            let skipped = at - piece.start;
            let ours = self.content(piece).get(skipped..).unwrap_or_default();
            let theirs = fragment.bytes.seen.get(at - fragment.offset..).unwrap_or_default();
            if ours.iter().zip(theirs).any(|(a, b)| a != b) {
                return false;
            }
            at = piece.end;
        }
        at >= end
    }

    /// Pieces that end behind `at`, in order.
    fn from(&self, at: usize) -> &[Piece] {
        &self.pieces[self.pieces.partition_point(|p| p.end <= at)..]
    }

    /// Takes what is new of `fragment`. Whether it overlaps or contradicts what came before.
    pub(super) fn add(&mut self, fragment: Fragment<'_>) -> bool {
        let (start, end) = (fragment.offset, fragment.offset + fragment.bytes.on_wire());
        let mut contradicts = self.end.is_some_and(|known| end > known || (!fragment.more && end != known));
        if !fragment.more && self.end.is_none() {
            self.end = Some(end);
            contradicts |= self.pieces.last().is_some_and(|p| p.end > end);
        }
        if start == 0 {
            self.protocol = fragment.protocol;
        }
        let first = self.pieces.partition_point(|p| p.end <= start);
        let overlapped: SmallVec<[Piece; 4]> =
            self.pieces[first..].iter().take_while(|p| p.start < end).copied().collect();
        let mut merged: SmallVec<[Piece; 8]> = SmallVec::new();
        let mut at = start;
        for piece in &overlapped {
            merged.extend(self.keep(fragment, at, piece.start));
            merged.push(*piece);
            at = piece.end;
        }
        merged.extend(self.keep(fragment, at, end));
        self.pieces.splice(first..first + overlapped.len(), merged);
        contradicts || !overlapped.is_empty()
    }

    /// Copies `start..end` of the datagram from `fragment`; nothing, if that is empty.
    fn keep(&mut self, fragment: Fragment<'_>, start: usize, end: usize) -> Option<Piece> {
        if start >= end {
            return None;
        }
        let content = fragment.bytes.seen.get(start - fragment.offset..).unwrap_or_default();
        let content = content.get(..end - start).unwrap_or(content);
        let at = self.bytes.len();
        self.bytes.extend_from_slice(content);
        Some(Piece { start, end, at, have: content.len() })
    }

    /// Whether every byte came, captured or not.
    pub(super) fn is_complete(&self) -> bool {
        let Some(end) = self.end else { return false };
        let mut at = 0;
        for piece in &self.pieces {
            if piece.start > at {
                break;
            }
            at = piece.end;
        }
        at >= end
    }

    /// What is known without a hole from offset 0.
    pub(super) fn contiguous(&self) -> Datagram {
        let known = self.end.unwrap_or_else(|| self.pieces.last().map_or(0, |p| p.end + 1));
        let mut bytes = Vec::with_capacity(self.bytes.len());
        for piece in &self.pieces {
            if piece.start != bytes.len() {
                break;
            }
            bytes.extend_from_slice(self.content(piece));
        }
        bytes.truncate(known);
        Datagram {
            key: self.key,
            protocol: self.protocol,
            unseen: known - bytes.len(),
            bytes,
            frame: self.frame,
            stamp: self.stamp,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn piece(seen: &[u8], offset: usize, more: bool) -> Fragment<'_> {
        Fragment { protocol: 17, offset, more, bytes: Bytes::whole(seen) }
    }

    fn snapped(seen: &[u8], unseen: usize, offset: usize, more: bool) -> Fragment<'_> {
        Fragment { bytes: Bytes { seen, unseen }, ..piece(b"", offset, more) }
    }

    fn empty() -> Partial {
        let ip = IpAddr::from([192, 0, 2, 1]);
        let key = Key { tap: Tap::default(), source: ip, destination: ip, id: 1, protocol: 17 };
        Partial::new(key, false, Timestamp::MIN)
    }

    /// Puts fragments together, of which the last completes. Also how many overlapped.
    fn put(fragments: &[Fragment<'_>]) -> (Datagram, usize) {
        let mut partial = empty();
        let mut overlaps = 0;
        for fragment in fragments {
            assert!(!partial.is_complete());
            overlaps += usize::from(partial.add(*fragment));
        }
        assert!(partial.is_complete());
        (partial.contiguous(), overlaps)
    }

    #[test]
    fn the_first_copy_of_each_byte_wins_and_overlaps_are_told() {
        let (whole, overlaps) = put(&[
            piece(b"BBBBBBBB", 8, true),
            piece(b"aaaaaaaaaaaaaaaaaaaaaaaa", 0, true),
            piece(b"cccccccccc", 16, false),
        ]);
        assert_eq!((&whole.bytes[..], overlaps), (&b"aaaaaaaaBBBBBBBBaaaaaaaacc"[..], 2));
    }

    #[test]
    fn of_ends_that_disagree_the_first_counts() {
        let (whole, contradictions) = put(&[
            piece(b"55555555", 16, false),
            piece(b"66666666", 32, false),
            piece(b"0000000011111111", 0, true),
        ]);
        assert_eq!((whole.bytes.len(), whole.unseen, contradictions), (24, 0, 1));
    }

    #[test]
    fn fragments_cut_by_the_snap_length_count_as_far_as_they_go() {
        let (whole, _) = put(&[snapped(b"1234", 4, 0, true), snapped(b"9", 7, 8, false)]);
        assert_eq!((&whole.bytes[..], whole.unseen), (&b"1234"[..], 12));
        let (whole, _) = put(&[piece(b"12345678", 0, true), snapped(b"9", 7, 8, false)]);
        assert_eq!((&whole.bytes[..], whole.unseen), (&b"123456789"[..], 7));
    }

    #[test]
    fn the_protocol_is_that_of_the_first_fragment() {
        let first = Fragment { protocol: 60, ..piece(b"12345678", 0, true) };
        assert_eq!(put(&[piece(b"9", 8, false), first]).0.protocol, 60);
    }

    #[test]
    fn only_the_very_same_bytes_repeat() {
        let mut partial = empty();
        partial.add(piece(b"12345678", 0, true));
        partial.add(piece(b"abcdefgh", 8, true));
        for (repeats, fragment) in [
            (true, piece(b"12345678", 0, true)),
            (true, piece(b"345678abcd", 2, true)),
            (false, piece(b"12345679", 0, true)),
            (false, piece(b"abcdefghi", 8, true)),
            (false, piece(b"abcdefgh", 8, false)),
            (false, piece(b"x", 24, true)),
        ] {
            assert_eq!(partial.repeats(fragment), repeats, "{fragment:?}");
        }
    }

    proptest! {
        /// Any fragments in any order, with any overlaps, against an array of bytes.
        #[test]
        fn fragments_agree_with_a_byte_array(
            total in 1_usize..120,
            parts in prop::collection::vec((0_usize..15, 1_usize..40, any::<u8>()), 1..30),
            order in Just((0..15).collect::<Vec<usize>>()).prop_shuffle(),
        ) {
            let (mut partial, mut model) = (empty(), vec![None; total]);
            let rest = order.into_iter().map(|word| (word, 8, 255));
            for (word, len, value) in parts.into_iter().chain(rest) {
                let (start, end) = (word * 8, (word * 8 + len).min(total));
                if start >= end {
                    continue;
                }
                // Only a fragment that reaches the end is the last, and there is no end without it.
                partial.add(piece(&vec![value; end - start], start, end < total));
                for slot in &mut model[start..end] {
                    slot.get_or_insert(value);
                }
                let known = model.iter().map_while(|b| *b).collect::<Vec<u8>>();
                prop_assert_eq!(partial.is_complete(), known.len() == total);
                let datagram = partial.contiguous();
                prop_assert_eq!(datagram.unseen == 0, known.len() == total);
                prop_assert_eq!(datagram.bytes, known);
            }
            prop_assert!(partial.is_complete());
        }
    }
}
