//! A hash for keys of our own making: addresses, ports, small numbers, and hashes of identifiers.
//!
//! Fixed, so that the same input costs the same on every run; nothing visible follows from its
//! order. It resists nobody who chooses keys: the tables that use it are bounded.

use std::hash::{BuildHasher, Hasher};

use xxhash_rust::xxh3::xxh3_64;

/// Makes [`Mixer`]s.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mix;

/// Folds each number in by one multiplication.
#[derive(Clone, Copy, Debug)]
pub struct Mixer(u64);

impl BuildHasher for Mix {
    type Hasher = Mixer;

    fn build_hasher(&self) -> Mixer {
        Mixer(0x9E37_79B9_7F4A_7C15)
    }
}

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.write_u64(xxh3_64(bytes));
    }

    fn write_u8(&mut self, n: u8) {
        self.write_u64(n.into());
    }

    fn write_u16(&mut self, n: u16) {
        self.write_u64(n.into());
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(n.into());
    }

    fn write_u64(&mut self, n: u64) {
        let wide = u128::from(self.0 ^ n) * 0xA076_1D64_78BD_642F;
        // The halves of a product are mixed well together, neither is alone.
        self.0 = (wide >> 64) as u64 ^ wide as u64;
    }

    fn write_u128(&mut self, n: u128) {
        self.write_u64(n as u64);
        self.write_u64((n >> 64) as u64);
    }

    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }

    fn write_isize(&mut self, n: isize) {
        self.write_u64(n as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn neighbours_fall_apart_in_low_and_high_bits() {
        let low: HashSet<u64> = (0..4096_u64).map(|n| Mix.hash_one(n) & 0xFFFF).collect();
        let high: HashSet<u64> = (0..4096_u64).map(|n| Mix.hash_one(n << 48) >> 48).collect();
        assert!(low.len() > 3900 && high.len() > 3900, "{} {}", low.len(), high.len());
    }
}
