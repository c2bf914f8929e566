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
        let end = self.end(bytes);
        (end < bytes.len()).then_some(end)
    }

    /// Offset of the first of them in `bytes`, or their length if there is none.
    #[inline(always)]
    pub(super) fn end(self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<STEP>()) {
            let flags = self.flags(chunk);
            if flags != 0 {
                return at + flags.trailing_zeros() as usize;
            }
            at += STEP;
        }
        // The last sixteen bytes once more: those of them that were looked at are none of the set.
        if let Some((before, chunk)) = bytes.split_last_chunk::<STEP>() {
            // One bit more, for none.
            let flags = self.flags(chunk) | 1 << STEP;
            return before.len() + flags.trailing_zeros() as usize;
        }
        self.end_of_few(bytes)
    }

    /// The same in less than sixteen bytes: the first and the last eight, or four, side by side.
    #[inline(always)]
    fn end_of_few(self, bytes: &[u8]) -> usize {
        let (half, pair) = if let (Some(head), Some(tail)) = (bytes.first_chunk(), bytes.last_chunk()) {
            (8, u128::from(u64::from_le_bytes(*tail)) << 64 | u128::from(u64::from_le_bytes(*head)))
        } else if let (Some(head), Some(tail)) = (bytes.first_chunk(), bytes.last_chunk()) {
            (4, u128::from(u64::from(u32::from_le_bytes(*tail)) << 32 | u64::from(u32::from_le_bytes(*head))))
        } else {
            return bytes.iter().position(|&b| self.has(b)).unwrap_or(bytes.len());
        };
        let flags = self.flags(&pair.to_le_bytes()) | 1 << (2 * half);
        let at = flags.trailing_zeros() as usize;
        if at < half { at } else { bytes.len() + at - 2 * half }
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
}

/// How many letters, digits and hyphens `bytes` begin with: the length of nearly every header's name.
#[inline]
pub(super) fn name_end(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let rest = after(bytes, at);
        let others = !name_flags(&padded(rest)) | 1 << STEP;
        let len = others.trailing_zeros() as usize;
        at += len;
        if len < STEP {
            return at;
        }
    }
}

/// The first sixteen bytes; zeros where there are less.
#[inline(always)]
fn padded(bytes: &[u8]) -> [u8; STEP] {
    let Some(chunk) = bytes.first_chunk() else {
        let mut few = [0; STEP];
        few.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        return few;
    };
    *chunk
}

/// A bit for each letter, digit and hyphen.
#[inline(always)]
fn name_flags(chunk: &[u8; STEP]) -> u32 {
    let x = u8x16::new(*chunk);
    let within = |x: u8x16, from: u8, to: u8| {
        let x = x - u8x16::splat(from);
        x.min(u8x16::splat(to - from)).simd_eq(x)
    };
    let letters = within(x | u8x16::splat(0x20), b'a', b'z');
    (letters | within(x, b'0', b'9') | x.simd_eq(u8x16::splat(b'-'))).to_bitmask()
}

/// Offset of the first byte in `bytes` that may end a line (CR, LF, or another control character), or
/// their length if there is none.
#[inline(always)]
pub(super) fn line_break(bytes: &[u8]) -> usize {
    // Nearly all header lines are shorter than two steps.
    let Some((first, rest)) = bytes.split_first_chunk() else { return breaks_of_many(bytes) };
    let flags = breaks(first);
    if flags != 0 {
        return flags.trailing_zeros() as usize;
    }
    let flags = rest.first_chunk().map_or(0, breaks);
    if flags != 0 {
        return LONG_STEP + flags.trailing_zeros() as usize;
    }
    LONG_STEP + breaks_of_many(rest)
}

const LONG_STEP: usize = 2 * STEP;

#[inline(never)]
fn breaks_of_many(bytes: &[u8]) -> usize {
    Set::or_below([], 14).end(bytes)
}

/// A bit a byte.
#[inline(always)]
fn breaks(chunk: &[u8; LONG_STEP]) -> u32 {
    let breaks = Set::or_below([], 14);
    match chunk.as_chunks() {
        ([first, second], _) => breaks.flags(second) << STEP | breaks.flags(first),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![10 => 0x20..=0xFF_u8, 10 => b'a'..=b'z', 5 => b'-'..=b'Z', 2 => Just(b';'), 1 => Just(b'"'), 2 => 0..0x20_u8];
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
            let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
            prop_assert_eq!(name_end(bytes), first(&|b| !is_name(b)).unwrap_or(bytes.len()));
            prop_assert_eq!(line_break(bytes), first(&|b| b < 14).unwrap_or(bytes.len()));
        }
    }
}
