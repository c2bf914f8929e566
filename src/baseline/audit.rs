//! One look over a saved summary before anything is made of it: are its numbers possible?
//!
//! Every JSON number of a saved summary is a count (instants, spans and hashes are text), so the sum of
//! all of them bounds every sum of any of them. With this bound a thousand summaries and a factor of
//! fifty stay within 64 bits, and no addition can overflow.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The greatest sum of all numbers of a file: three hundred million million messages.
const GREATEST: u64 = 1 << 48;

/// Whether `bytes` are JSON whose numbers are counts that a capture can have.
pub(super) fn check(bytes: &[u8]) -> Result<(), serde_json::Error> {
    let Sum(sum) = serde_json::from_slice(bytes)?;
    if sum > GREATEST {
        return Err(serde_json::Error::custom("its counts are greater than any capture's"));
    }
    Ok(())
}

/// The sum of all numbers of a value, at most the greatest of `u64`.
struct Sum(u64);

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Adder).map(Self)
    }
}

struct Adder;

impl<'de> Visitor<'de> for Adder {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of a saved summary")
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<u64, E> {
        Ok(n)
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<u64, E> {
        u64::try_from(n).map_err(|_| E::custom(format_args!("a negative count: {n}")))
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<u64, E> {
        Err(E::custom(format_args!("a count that is no whole number: {n}")))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<u64, E> {
        Ok(0)
    }

    fn visit_unit<E: Error>(self) -> Result<u64, E> {
        Ok(0)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<u64, E> {
        Ok(0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<u64, A::Error> {
        let mut sum = 0_u64;
        while let Some(Sum(n)) = seq.next_element()? {
            sum = sum.saturating_add(n);
        }
        Ok(sum)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<u64, A::Error> {
        let mut sum = 0_u64;
        while let Some((_, Sum(n))) = map.next_entry::<serde::de::IgnoredAny, Sum>()? {
            sum = sum.saturating_add(n);
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn numbers_that_no_capture_has_are_refused() {
        for (text, fits) in [
            (r#"{"a":[1,2,{"b":3}],"c":"x","d":null,"e":true}"#, true),
            ("[281474976710656]", true),
            ("[281474976710656,1]", false),
            ("[18446744073709551615,18446744073709551615]", false),
            ("[-1]", false),
            ("[1.5]", false),
            ("[1e400]", false),
            ("[1", false),
        ] {
            assert_eq!(check(text.as_bytes()).is_ok(), fits, "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(check(deep.as_bytes()).is_err(), "nesting is bounded");
    }
}
