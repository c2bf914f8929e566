//! Finds bytes sixteen at a time.
//!
//! In: slices. Out: where the first byte of some kind stands, or a bit for each that is of it. Header
//! values are short: this is inlined where a call of memchr would cost more than the search.

use wide::u8x16;

use super::bytes::after;

/// Bytes looked at in one step.
const STEP: usize = 16;

/// Which bytes are looked for: any of `N`, and all below a bound (0: none for that).
#[derive(Clone, Copy)]
pub(super) struct Set<const N: usize> {
    pub(super) any: [u8; N],
    pub(super) below: u8,
}

impl<const N: usize> Set<N> {
    /// These bytes.
    pub(super) const fn of(any: [u8; N]) -> Self {
        Self { any, below: 0 }
    }

    /// These bytes and all below `below`.
    pub(super) const fn or_below(any: [u8; N], below: u8) -> Self {
        Self { any, below }
    }

    /// Offset of the first of them in `bytes`.
    #[inline(always)]
    pub(super) fn find(self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        let mut rest = bytes;
        while let Some((chunk, tail)) = rest.split_first_chunk::<STEP>() {
            let flags = self.flags(chunk);
            if flags != 0 {
                return Some(at + flags.trailing_zeros() as usize);
            }
            at += STEP;
            rest = tail;
        }
        // The last sixteen bytes once more: those of them that were looked at are none of the set.
        if let Some((before, chunk)) = bytes.split_last_chunk::<STEP>() {
            let flags = self.flags(chunk);
            return (flags != 0).then(|| before.len() + flags.trailing_zeros() as usize);
        }
        self.find_in_few(bytes)
    }

    /// The same in less than sixteen bytes, by eights.
    #[inline(always)]
    fn find_in_few(self, bytes: &[u8]) -> Option<usize> {
        let Some((head, tail)) = bytes.split_first_chunk::<8>() else {
            return bytes.iter().position(|&b| self.has(b));
        };
        let flags = self.flags_of_eight(head);
        if flags != 0 {
            return Some(flags.trailing_zeros() as usize / 8);
        }
        let (before, last) = bytes.split_last_chunk::<8>()?;
        let flags = if tail.is_empty() { 0 } else { self.flags_of_eight(last) };
        (flags != 0).then(|| before.len() + flags.trailing_zeros() as usize / 8)
    }

    #[inline(always)]
    fn has(self, b: u8) -> bool {
        b < self.below || self.any.contains(&b)
    }

    /// A bit a byte.
    #[inline(always)]
    fn flags(self, chunk: &[u8; STEP]) -> u32 {
        let x = u8x16::new(*chunk);
        let mut found = u8x16::ZERO;
        if self.below > 0 {
            found = x.min(u8x16::splat(self.below - 1)).simd_eq(x);
        }
        for b in self.any {
            found |= x.simd_eq(u8x16::splat(b));
        }
        found.to_bitmask()
    }

    /// The top bit of each byte; of those that are set only the lowest is sure.
    #[inline(always)]
    fn flags_of_eight(self, chunk: &[u8; 8]) -> u64 {
        const ONES: u64 = u64::MAX / 255;
        let x = u64::from_le_bytes(*chunk);
        let below = |x: u64, n: u8| x.wrapping_sub(ONES * u64::from(n)) & !x & (ONES << 7);
        self.any.iter().fold(below(x, self.below), |flags, &b| flags | below(x ^ (ONES * u64::from(b)), 1))
    }
}

/// The places in some bytes where a line may end: of CR, LF and other control characters, in order.
pub(super) struct Breaks<'a> {
    bytes: &'a [u8],
    /// Where the block begins whose places are in `flags`.
    base: usize,
    flags: u64,
}

/// Bytes whose places are kept at a time.
const BLOCK: usize = 64;

impl<'a> Breaks<'a> {
    #[inline(always)]
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, base: 0, flags: block(bytes) }
    }

    /// The first place at or after `from`, which is never before that of the last call.
    #[inline(always)]
    pub(super) fn next(&mut self, from: usize) -> Option<usize> {
        let within = from.saturating_sub(self.base);
        if within < BLOCK {
            self.flags &= u64::MAX << within;
        } else {
            (self.base, self.flags) = (from, block(after(self.bytes, from)));
        }
        while self.flags == 0 {
            self.base += BLOCK;
            if self.base >= self.bytes.len() {
                return None;
            }
            self.flags = block(after(self.bytes, self.base));
        }
        Some(self.base + self.flags.trailing_zeros() as usize)
    }
}

/// The places in the first [`BLOCK`] of `bytes`.
#[inline(always)]
fn block(bytes: &[u8]) -> u64 {
    match bytes.first_chunk::<BLOCK>() {
        Some(block) => flags_of_block(block),
        None => {
            let mut block = [0xFF; BLOCK];
            if let Some(start) = block.get_mut(..bytes.len()) {
                start.copy_from_slice(bytes);
            }
            flags_of_block(&block)
        }
    }
}

#[inline(always)]
fn flags_of_block(block: &[u8; BLOCK]) -> u64 {
    let breaks = Set::or_below([], 14);
    let (chunks, _) = block.as_chunks::<STEP>();
    chunks.iter().rev().fold(0, |flags, chunk| flags << STEP | u64::from(breaks.flags(chunk)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![20 => 0x20..=0xFF_u8, 2 => Just(b';'), 1 => Just(b'"'), 2 => 0..0x20_u8];
        prop::collection::vec(byte, 0..200)
    }

    proptest! {
        #[test]
        fn the_first_byte_of_a_set_is_found_wherever_it_stands(bytes in text(), from in 0_usize..200) {
            let bytes = after(&bytes, from);
            let first = |is: &dyn Fn(u8) -> bool| bytes.iter().position(|&b| is(b));
            prop_assert_eq!(Set::of([b';']).find(bytes), first(&|b| b == b';'));
            prop_assert_eq!(Set::of([b';', b'"']).find(bytes), first(&|b| matches!(b, b';' | b'"')));
            prop_assert_eq!(Set::or_below([b';'], b'!').find(bytes), first(&|b| b == b';' || b < b'!'));
            prop_assert_eq!(Set::or_below([], 14).find(bytes), first(&|b| b < 14));
        }

        #[test]
        fn every_break_is_met_in_order(bytes in text(), steps in prop::collection::vec(1_usize..90, 0..20)) {
            let mut breaks = Breaks::of(&bytes);
            let mut at = 0;
            for step in steps {
                let expected = after(&bytes, at).iter().position(|&b| b < 14).map(|n| at + n);
                prop_assert_eq!(breaks.next(at), expected);
                at = if step < 60 { expected.map_or(bytes.len(), |n| n + 1) } else { at + step };
            }
        }
    }
}
