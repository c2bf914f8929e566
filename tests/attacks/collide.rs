//! Keys that collide, made by who knows the hash of the library: keys that cancel its fixed numbers, so
//! that what follows them does not matter, and identifiers found by trying.

use sipstat::hash::{bytes, fold};
use sipstat::transaction::call_key;

/// The numbers that are mixed in: those of wyhash.
const SECRET: [u64; 2] = [0xA076_1D64_78BD_642F, 0xE703_7ED1_A0B4_28DB];

/// A network of IPv6 whose first half is the second of them.
pub(crate) const PREFIX: u128 = (SECRET[1].swap_bytes() as u128) << 64;

/// Phrases of one hash: after a beginning that was found by trying, eight letters do not matter.
pub(crate) fn phrases() -> impl Iterator<Item = String> {
    let seed = fold(SECRET[0], SECRET[1]);
    let is_shown = |n: u64| n.to_le_bytes().iter().all(|b| b.is_ascii_alphanumeric());
    let found = (0_u64..).find_map(|i| {
        let begin = format!("{i:016x}");
        let (a, b) = begin.as_bytes().split_at(8);
        let word = |b: &[u8]| u64::from_le_bytes(b.try_into().expect("eight bytes"));
        let next = fold(word(a) ^ SECRET[1], word(b) ^ seed);
        is_shown(next).then(|| (begin, String::from_utf8(next.to_le_bytes().to_vec()).expect("letters")))
    });
    let (begin, end) = found.expect("one of some ten thousand");
    (0..).map(move |i| format!("{begin}{i:08x}{end}"))
}

/// Call-IDs that one shard handles, and that begin to be looked for at one place of a table of 256 by the
/// key itself and by its fixed hash.
pub(crate) fn call_ids() -> impl Iterator<Item = String> {
    let is_one = |x: &String| {
        let key = call_key(x.as_bytes());
        sipstat::shard::shard_of_call(x.as_bytes()) == 7 && (key >> 64) & 0xFF == 5 && key & 0x1F == 7
    };
    (0_u64..).map(|i| format!("{i:x}")).filter(is_one)
}

#[test]
fn these_keys_have_one_fixed_hash() {
    let hashes = |texts: Vec<String>| {
        let mut all: Vec<u64> = texts.iter().map(|t| bytes(t.as_bytes(), 0)).collect();
        all.dedup();
        all.len()
    };
    assert_eq!(hashes(phrases().take(100).collect()), 1);
}
