//! Comma lists: `Via: a, b` is two Via lines (RFC 3261 7.3.1).
//!
//! In: a header's value. Out: its values, split at commas outside `"…"` and `<…>`, trimmed, empty
//! ones left out. A quote or bracket that is never closed holds all that follows.

use memchr::{memchr, memchr3};

use super::bytes::{closing_quote, trim};
use super::lanes::Set;

/// The values of a list.
#[derive(Clone, Debug)]
pub(super) struct Values<'a> {
    rest: Option<&'a [u8]>,
}

/// One value of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value<'a> {
    /// The value, not empty.
    pub(super) value: &'a [u8],
    /// A comma follows: the value is known to be whole.
    pub(super) closed: bool,
}

impl<'a> Values<'a> {
    /// The values of `list`.
    pub(super) fn new(list: &'a [u8]) -> Self {
        Self { rest: Some(list) }
    }

    /// The first value of `list`.
    #[inline]
    pub(super) fn first(list: &'a [u8]) -> Option<&'a [u8]> {
        Self::only(list).or_else(|| Self::new(list).next().map(|v| v.value))
    }

    /// The value that `list`, which is trimmed, consists of; `None` if a comma says that there may be
    /// more, and if there is none.
    #[inline(always)]
    pub(super) fn only(list: &'a [u8]) -> Option<&'a [u8]> {
        (Set::of([b',']).find(list).is_none() && !list.is_empty()).then_some(list)
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        loop {
            let rest = self.rest.take()?;
            let comma = comma(rest);
            if let Some(at) = comma {
                self.rest = rest.get(at + 1..);
            }
            let value = trim(rest.get(..comma.unwrap_or(rest.len())).unwrap_or_default());
            if !value.is_empty() {
                return Some(Value { value, closed: comma.is_some() });
            }
        }
    }
}

/// Offset of the first comma that separates values.
fn comma(list: &[u8]) -> Option<usize> {
    // Nearly all values stand alone.
    Set::of([b',']).find(list)?;
    let mut at = 0;
    loop {
        let found = at + memchr3(b',', b'"', b'<', list.get(at..)?)?;
        at = 1 + match list.get(found) {
            Some(b',') => return Some(found),
            Some(b'"') => closing_quote(list, found + 1)?,
            _ => found + memchr(b'>', list.get(found..)?)?,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_split_outside_quotes_and_brackets_only() {
        let cases: &[(&str, &[&str])] = &[
            ("a", &["a"]),
            ("a,b", &["a", "b"]),
            (" a ,\r\n b ", &["a", "b"]),
            ("\"x,y\" <sip:a,b@c>;p=\",\",d", &["\"x,y\" <sip:a,b@c>;p=\",\"", "d"]),
            ("\"\\\",\",b", &["\"\\\",\"", "b"]),
            ("a,,b,", &["a", "b"]),
            ("", &[]),
            (" , ", &[]),
            ("a,\"b,c", &["a", "\"b,c"]),
            ("a,<b,c", &["a", "<b,c"]),
        ];
        for (list, expected) in cases {
            let values: Vec<_> =
                Values::new(list.as_bytes()).map(|v| std::str::from_utf8(v.value).unwrap()).collect();
            assert_eq!(&values, expected, "{list}");
        }
    }

    #[test]
    fn only_a_value_before_a_comma_is_known_to_be_whole() {
        let closed = |list: &'static str| Values::new(list.as_bytes()).map(|v| v.closed).collect::<Vec<_>>();
        assert_eq!(closed("a, b"), [true, false]);
        assert_eq!(closed("a,"), [true]);
    }
}
