//! The keyed hash that all pseudonyms are made of: BLAKE3 with a key, the only file that uses it.
//!
//! Addresses keep shared prefixes as Crypto-PAn does (Xu, Fan, Ammar, Moon: "Prefix-preserving IP
//! address anonymization", ICNP 2002): a bit is flipped or not as a keyed hash of all bits before it
//! says. Digits go through a Feistel network in the manner of FF1 (NIST SP 800-38G 5.1), so that two
//! numbers never get one pseudonym.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bytes that a secret has at least.
pub const MIN_SECRET: usize = 16;

/// A secret of fewer bytes than [`MIN_SECRET`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooShort;

/// Rounds of the Feistel network (FF1).
const ROUNDS: u8 = 10;
/// Digits that it takes: halves are computed in 64 bits.
const MAX_DIGITS: usize = 36;

#[derive(Clone)]
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn of_secret(secret: &[u8]) -> Result<Self, TooShort> {
        if secret.len() < MIN_SECRET {
            return Err(TooShort);
        }
        Ok(Self(blake3::derive_key("sipstat 2026 pseudonyms", secret)))
    }

    /// A keyed hash of `text`; kinds of values have hashes of their own.
    pub(super) fn hash(&self, kind: &str, text: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(kind.as_bytes()).update(&[0]).update(text);
        *hasher.finalize().as_bytes()
    }

    /// So many hexadecimal digits of it, 32 at most.
    pub(super) fn hex(&self, kind: &str, text: &str, digits: usize) -> String {
        let hash = self.hash(kind, text.as_bytes());
        let [high, low] = [&hash[..8], &hash[8..16]].map(number);
        let mut hex = format!("{high:016x}{low:016x}");
        hex.truncate(digits);
        hex
    }

    pub(super) fn address(&self, ip: IpAddr) -> IpAddr {
        match ip {
            IpAddr::V4(ip) => Ipv4Addr::from_bits(self.bits("v4", ip.to_bits().into(), 32) as u32).into(),
            IpAddr::V6(ip) => Ipv6Addr::from_bits(self.bits("v6", ip.to_bits(), 128)).into(),
        }
    }

    /// The lowest `width` bits of `bits`, each flipped as those before it say.
    fn bits(&self, kind: &str, bits: u128, width: u32) -> u128 {
        (0..width).fold(0, |new, place| {
            let before = bits.checked_shr(width - place).unwrap_or(0);
            let flip = self.hash(kind, &[&before.to_be_bytes()[..], &[place as u8]].concat())[0] & 1;
            let bit = bits >> (width - 1 - place) & 1;
            new << 1 | (bit ^ u128::from(flip))
        })
    }

    /// A keyed hash as a number.
    pub(super) fn number(&self, kind: &str, bytes: &[u8]) -> u64 {
        number(&self.hash(kind, bytes)[..8])
    }

    /// The digits behind the first `kept` of `digits`, which are ASCII digits, each turned as those before
    /// it say: the decimal form of what [`Self::address`] does with bits.
    pub(super) fn prefix(&self, digits: &str, kept: usize) -> String {
        let turned = |(place, digit): (usize, u8)| {
            let turn = self.number("prefix", &digits.as_bytes()[..place]);
            char::from(b'0' + ((u64::from(digit - b'0') + turn) % 10) as u8)
        };
        digits.bytes().enumerate().skip(kept).map(turned).collect()
    }

    /// As many digits as in `digits`, which are ASCII digits; no two strings of one length give the
    /// same, but for those beyond [`MAX_DIGITS`], which numbers are not.
    pub(super) fn digits(&self, digits: &str) -> String {
        let (all, kept) = (digits.len(), digits.len().min(MAX_DIGITS));
        let (head, tail) = digits.split_at(kept);
        let (mut a, mut b) = head.split_at(kept / 2);
        let value = |text: &str| text.parse::<u64>().unwrap_or(0);
        if kept == 1 {
            return format!("{}", (value(b) + number(&self.hash("digit", b"")[..8]) % 10) % 10);
        }
        let (mut x, mut y, mut widths) = (value(a), value(b), [a.len() as u32, b.len() as u32]);
        for round in 0..ROUNDS {
            let seed = format!("{all} {round} {y} {tail}");
            let power = 10_u64.pow(widths[0]);
            let z = (x + number(&self.hash("digits", seed.as_bytes())[..8]) % power) % power;
            (x, y) = (y, z);
            widths.swap(0, 1);
        }
        (a, b) = ("", tail);
        let [left, right] = widths.map(|w| w as usize);
        let rest = format!("{:0>1$}", number(&self.hash("tail", b.as_bytes())[..8]), b.len());
        format!("{a}{x:0left$}{y:0right$}{}", &rest[rest.len() - b.len()..])
    }
}

/// Big-endian, of at most eight bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn key() -> Key {
        Key::of_secret(b"correct horse battery staple").unwrap()
    }

    #[test]
    fn short_secrets_are_refused_and_another_secret_gives_other_pseudonyms() {
        assert!(Key::of_secret(b"15 bytes of it.").is_err());
        let other = Key::of_secret(b"correct horse battery stable").unwrap();
        assert_ne!(key().hex("user", "alice", 16), other.hex("user", "alice", 16));
        assert_ne!(key().hex("user", "alice", 16), key().hex("host", "alice", 16));
    }

    #[test]
    fn addresses_share_as_many_leading_bits_as_before() {
        let key = key();
        let v4: Vec<u32> = [0x0a00_0001, 0x0a00_0002, 0x0a00_0003, 0x0a01_0001, 0xc000_0201, 0].into();
        for a in &v4 {
            for b in &v4 {
                let new = |x: &u32| match key.address(Ipv4Addr::from_bits(*x).into()) {
                    IpAddr::V4(ip) => ip.to_bits(),
                    IpAddr::V6(_) => unreachable!("of another family"),
                };
                assert_eq!((a ^ b).leading_zeros(), (new(a) ^ new(b)).leading_zeros());
            }
        }
        let v6 = |text: &str| match key.address(text.parse().unwrap()) {
            IpAddr::V6(ip) => ip.to_bits(),
            IpAddr::V4(_) => unreachable!("of another family"),
        };
        assert_eq!((v6("2001:db8::1") ^ v6("2001:db8::2")).leading_zeros(), 126);
        assert_eq!((v6("2001:db8::1") ^ v6("2001:db9::1")).leading_zeros(), 31);
    }

    #[test]
    fn digits_stay_digits_and_no_two_become_one() {
        let key = key();
        for width in 1..=4 {
            let all = 10_usize.pow(width);
            let new: BTreeSet<String> =
                (0..all).map(|n| key.digits(&format!("{n:0w$}", w = width as usize))).collect();
            assert_eq!(new.len(), all, "{width} digits");
            assert!(new.iter().all(|d| d.len() == width as usize && d.bytes().all(|b| b.is_ascii_digit())));
        }
        for width in [5, 15, 36, 37, 60] {
            let digits = "7".repeat(width);
            assert_eq!(key.digits(&digits).len(), width);
            assert_ne!(key.digits(&digits), digits);
        }
    }
}
