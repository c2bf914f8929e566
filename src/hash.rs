//! Hashes for keys of our own making (addresses, ports, small numbers, hashes of identifiers), and
//! for short bytes: tags, branches, header sections.
//!
//! [`bytes`] and [`Mix`] are fixed, so that the same input costs the same on every run. They resist
//! nobody who chooses keys: whoever knows them makes as many of one hash as he likes. Where traffic
//! chooses what a table of many calls holds, [`Secret`] hashes it.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;

/// What numbers are mixed with: those of wyhash.
const SECRET: [u64; 4] =
    [0xA076_1D64_78BD_642F, 0xE703_7ED1_A0B4_28DB, 0x8EBC_6AF0_9C88_C6E3, 0x5899_65CC_7537_4CC3];

/// `bytes` as a number, told apart by `seed`: the way of wyhash, sixteen bytes a multiplication,
/// for what is compared within one call. Most are shorter than what a call of a longer hash costs.
#[inline]
pub fn bytes(bytes: &[u8], seed: u64) -> u64 {
    let mut seed = fold(seed ^ SECRET[0], SECRET[1]);
    let len = bytes.len();
    let (a, b) = if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        let mut rest = bytes;
        if len > 48 {
            seed = long(&mut rest, seed);
        }
        while rest.len() > 16
            && let Some((step, tail)) = rest.split_first_chunk::<16>()
        {
            seed = step16(step, seed, SECRET[1]);
            rest = tail;
        }
        match bytes.last_chunk::<16>() {
            Some(end) => halves(end),
            None => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        }
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into())
    } else {
        let of = |b: Option<&u8>| u64::from(b.copied().unwrap_or(0));
        (of(bytes.first()) << 16 | of(bytes.get(len / 2)) << 8 | of(bytes.last()), 0)
    };
    fold(SECRET[1] ^ len as u64, fold(a ^ SECRET[1], b ^ seed))
}

/// `bytes` as a number, for the question whether hundreds of bytes are the same as others that came
/// just before: sums and sums of the sums, as Fletcher's checksum has, in four lanes. One change is
/// always seen; two could cancel one another, as they could not in [`bytes`], which is twice the work.
pub fn sum(bytes: &[u8]) -> u64 {
    let (mut sums, mut weighed) = ([0_u64; 4], [0_u64; 4]);
    let mut step = |step: &[u8]| {
        let words = step.as_chunks::<8>().0;
        for i in 0..4 {
            sums[i] = sums[i].wrapping_add(u64::from_le_bytes(words[i]));
            weighed[i] = weighed[i].wrapping_add(sums[i]);
        }
    };
    let (twice, rest) = bytes.as_chunks::<64>();
    for both in twice {
        step(&both[..32]);
        step(&both[32..]);
    }
    let rest = match rest.split_at_checked(32) {
        Some((one, rest)) => {
            step(one);
            rest
        }
        None => rest,
    };
    let seed = (0..4).fold(bytes.len() as u64, |h, i| fold(h ^ sums[i], weighed[i] ^ SECRET[i]));
    self::bytes(rest, seed)
}

/// Takes 48 bytes a step off `rest`, in three lanes that do not wait for one another.
fn long(rest: &mut &[u8], seed: u64) -> u64 {
    let mut lanes = [seed; 3];
    while rest.len() > 48
        && let Some((steps, tail)) = rest.split_first_chunk::<48>()
    {
        let (one, others) = steps.split_at(16);
        let (two, three) = others.split_at(16);
        for ((lane, step), secret) in lanes.iter_mut().zip([one, two, three]).zip(&SECRET[1..]) {
            if let Some(step) = step.first_chunk() {
                *lane = step16(step, *lane, *secret);
            }
        }
        *rest = tail;
    }
    lanes[0] ^ lanes[1] ^ lanes[2]
}

fn step16(step: &[u8; 16], seed: u64, secret: u64) -> u64 {
    let (a, b) = halves(step);
    fold(a ^ secret, b ^ seed)
}

fn halves(bytes: &[u8; 16]) -> (u64, u64) {
    let wide = u128::from_le_bytes(*bytes);
    (wide as u64, (wide >> 64) as u64)
}

/// The halves of a product are mixed well together, neither is alone.
#[inline]
pub fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    (wide >> 64) as u64 ^ wide as u64
}

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
        self.write_u64(self::bytes(bytes, 0));
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
        self.0 = fold(self.0 ^ n, SECRET[0]);
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

/// Makes hashers of keys that the traffic chooses: other ones in each process, so that nobody can choose
/// keys of one hash. Nothing visible may follow from them but whether two keys are the same.
#[derive(Clone, Copy, Debug)]
pub struct Secret([u64; 2]);

/// Folds each number in by one multiplication with a number that nobody knows.
#[derive(Clone, Copy, Debug)]
pub struct Sealed {
    state: u64,
    factor: u64,
}

impl Default for Secret {
    fn default() -> Self {
        static NUMBERS: OnceLock<[u64; 2]> = OnceLock::new();
        Self(*NUMBERS.get_or_init(|| {
            let [state, factor] = [0_u64, 1].map(|n| RandomState::new().hash_one(n));
            // Neither small nor even: a product has bits of both.
            [state, factor | 1 << 63 | 1]
        }))
    }
}

impl BuildHasher for Secret {
    type Hasher = Sealed;

    fn build_hasher(&self) -> Sealed {
        Sealed { state: self.0[0], factor: self.0[1] }
    }
}

impl Hasher for Sealed {
    fn finish(&self) -> u64 {
        self.state
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.write_u64(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.write_u64(u64::from_le_bytes(last) ^ (bytes.len() as u64) << 56);
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
        self.state = fold(self.state ^ n, self.factor);
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

    #[test]
    fn keys_of_one_fixed_hash_fall_apart_under_a_secret() {
        // What is made to cancel the fixed number of the one hash.
        let keys: Vec<[u8; 16]> =
            (0..4096_u64).map(|n| (u128::from(n) << 64 | u128::from(SECRET[1])).to_le_bytes()).collect();
        let fixed: HashSet<u64> = keys.iter().map(|k| Mix.hash_one(k)).collect();
        let secret: HashSet<u64> = keys.iter().map(|k| Secret::default().hash_one(k)).collect();
        let low: HashSet<u64> = secret.iter().map(|h| h & 0xFFFF).collect();
        assert_eq!((fixed.len(), secret.len()), (1, 4096));
        assert!(low.len() > 3900, "{}", low.len());
        assert_ne!(Secret::default().hash_one("ab"), Secret::default().hash_one("ab\0"));
    }

    #[test]
    fn bytes_that_differ_anywhere_differ() {
        let mut all = HashSet::new();
        let mut n = 0;
        for len in 1..200 {
            let mut text: Vec<u8> = (0..len).map(|i| b'a' + (i % 23) as u8).collect();
            all.insert(bytes(&text, 0));
            all.insert(bytes(&text, 1));
            all.insert(sum(&text));
            n += 3;
            for at in 0..len {
                for bit in [0, 6] {
                    text[at] ^= 1 << bit;
                    all.insert(bytes(&text, 0));
                    n += 1;
                    if bit == 0 {
                        all.insert(sum(&text));
                        n += 1;
                    }
                    text[at] ^= 1 << bit;
                }
            }
            // Parts in another order.
            if len >= 96 {
                text.rotate_left(48);
                all.insert(bytes(&text, 0));
                text.rotate_left(16);
                all.insert(bytes(&text, 0));
                n += 2;
            }
        }
        assert_eq!(all.len(), n);
        let low: HashSet<u64> =
            (0..4096).map(|i| bytes(format!("z9hG4bK{i:08}").as_bytes(), 7) & 0xFFFF).collect();
        assert!(low.len() > 3900, "{}", low.len());
    }
}
