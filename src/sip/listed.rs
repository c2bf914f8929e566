//! The values of a header that may stand in a message more than once.
//!
//! The first few lie in the message itself: nearly all messages ask for no memory. A list of no values
//! costs a few stores, which is why this is not one of the usual small vectors.

use std::ops::Deref;

/// Values in order, the first `N` in place.
#[derive(Clone, Debug)]
pub struct Listed<'a, const N: usize> {
    few: [&'a [u8]; N],
    len: usize,
    /// All of them, if there are more than `N`.
    many: Vec<&'a [u8]>,
}

impl<'a, const N: usize> Listed<'a, N> {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self { few: [&[]; N], len: 0, many: Vec::new() }
    }

    #[inline(always)]
    pub(super) fn push(&mut self, value: &'a [u8]) {
        match self.few.get_mut(self.len) {
            Some(place) => *place = value,
            None => self.push_further(value),
        }
        self.len += 1;
    }

    #[cold]
    fn push_further(&mut self, value: &'a [u8]) {
        if self.many.is_empty() {
            self.many.extend_from_slice(&self.few);
        }
        self.many.push(value);
    }
}

impl<'a, const N: usize> Deref for Listed<'a, N> {
    type Target = [&'a [u8]];

    #[inline]
    fn deref(&self) -> &[&'a [u8]] {
        self.few.get(..self.len).unwrap_or(&self.many)
    }
}

impl<'l, 'a, const N: usize> IntoIterator for &'l Listed<'a, N> {
    type Item = &'l &'a [u8];
    type IntoIter = std::slice::Iter<'l, &'a [u8]>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_order_when_they_outgrow_their_place() {
        let values: Vec<[u8; 1]> = (0..9).map(|n| [n]).collect();
        let mut list = Listed::<2>::new();
        for (n, value) in values.iter().enumerate() {
            assert_eq!(list.len(), n);
            list.push(value);
            assert!(list.iter().eq(&values[..=n]), "{list:?}");
        }
    }
}
