//! `From`, `To` and `Contact` values: `( name-addr / addr-spec ) *( SEMI param )` (RFC 3261 20,
//! 25.1).
//!
//! In: one value. Out: its URI and its parameters. Parameters inside `<…>` belong to the URI;
//! without brackets all parameters belong to the header (20.10).

use super::NameAddr;
use super::bytes::{after, closing_quote, leading_number, trim};
use super::lanes::Set;
use super::params::Params;

impl<'a> NameAddr<'a> {
    /// Reads one value. Whatever it is, it is kept; a display name that opens a quote and never
    /// closes it (RFC 4475 3.1.2.6) is read as if the quote were an ordinary byte.
    pub fn parse(value: &'a [u8]) -> Self {
        let mut read = Self { value, uri: value, tag: None };
        read.read();
        read
    }

    /// Finds URI and tag of a value.
    #[inline(always)]
    pub(super) fn read(&mut self) {
        if self.read_plain().is_none() {
            self.read_any();
        }
    }

    #[inline(never)]
    fn read_any(&mut self) {
        let (uri, params) = split(self.value);
        let tag = Params::new(params).get(b"tag").filter(|tag| !tag.is_empty());
        (self.uri, self.tag) = (uri, tag);
    }

    /// The same for nearly all values: brackets, a display name without escapes, and no parameter
    /// before the tag.
    #[inline(always)]
    fn read_plain(&mut self) -> Option<()> {
        let mut inner = self.value;
        if let [b'"', name @ ..] = inner {
            let close = Set::of([b'"', b'\\']).find(name)?;
            inner = name.get(close..)?.strip_prefix(b"\"")?;
            while let [b' ', rest @ ..] = inner {
                inner = rest;
            }
        }
        let inner = inner.strip_prefix(b"<")?;
        let (uri, rest) = inner.split_at_checked(Set::of([b'>']).find(inner)?)?;
        if !matches!(uri, [first, .., last] if *first > b' ' && *last > b' ') {
            return None;
        }
        let tag = match rest {
            [_] => None,
            [_, b';', b't', b'a', b'g', b'=', tag @ ..] => {
                Some(plain_param(tag)?).filter(|tag| !tag.is_empty())
            }
            _ => return None,
        };
        (self.uri, self.tag) = (uri, tag);
        Some(())
    }
}

/// The value that `rest`, which follows its `=`, begins with. `None` if there is a quote or a blank in
/// it, or behind it.
#[inline(always)]
fn plain_param(rest: &[u8]) -> Option<&[u8]> {
    match Set::or_below([b'"', b';'], b'!').find(rest) {
        None => Some(rest),
        Some(end) => {
            let (value, rest) = rest.split_at_checked(end)?;
            (rest.first() == Some(&b';')).then_some(value)
        }
    }
}

/// A `Contact` value (20.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact<'a> {
    /// `*`: with `Expires: 0`, remove all bindings (10.2.2).
    Star,
    /// An address.
    Address {
        /// The URI, without angle brackets.
        uri: &'a [u8],
        /// The `expires` parameter in seconds, saturating; `None` if absent or no number.
        expires: Option<u32>,
    },
}

impl<'a> Contact<'a> {
    /// Reads one value.
    pub fn parse(value: &'a [u8]) -> Self {
        if trim(value) == b"*" {
            return Self::Star;
        }
        let (uri, params) = split(value);
        Self::Address { uri, expires: Params::new(params).get(b"expires").and_then(leading_number) }
    }
}

/// URI and parameters of a value.
fn split(value: &[u8]) -> (&[u8], &[u8]) {
    let mut quotes = true;
    let mut at = 0;
    loop {
        // Most values begin with one of them: no use for memchr.
        let found = after(value, at).iter().position(|&b| matches!(b, b'<' | b';') || b == b'"' && quotes);
        let Some(found) = found.map(|n| at + n) else { return (trim(value), &[]) };
        at = found + 1;
        match value.get(found) {
            Some(b'<') => {
                let uri = after(value, at);
                return match Set::of([b'>']).find(uri) {
                    Some(end) => (trim(uri.get(..end).unwrap_or_default()), after(uri, end + 1)),
                    None => (trim(uri), &[]),
                };
            }
            Some(b';') => return (trim(value.get(..found).unwrap_or_default()), after(value, found)),
            _ => match closing_quote(value, at) {
                Some(close) => at = close + 1,
                None => quotes = false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_tag_is_the_headers_own() {
        let cases: &[(&str, &str, Option<&str>)] = &[
            ("<sip:a@h>;tag=1", "sip:a@h", Some("1")),
            ("sip:a@h;tag=1", "sip:a@h", Some("1")),
            ("sip:a@h", "sip:a@h", None),
            ("<sip:a;tag=x@h>", "sip:a;tag=x@h", None),
            ("<sip:a@h;tag=x>;tag=y", "sip:a@h;tag=x", Some("y")),
            ("\"A;tag=q <sip:no>\" <sip:a@h> ; TAG\r\n = 1", "sip:a@h", Some("1")),
            ("\"\\\"<;tag=q\" <sip:a@h>;tag=1", "sip:a@h", Some("1")),
            ("A B <sip:a@h>;x=\";tag=n\";tag=1;tag=2", "sip:a@h", Some("1")),
            ("<sip:a@h>;tag=", "sip:a@h", None),
            ("<sip:a@h>;tag", "sip:a@h", None),
            ("<sip:a@h>;xtag=1;tagx=2", "sip:a@h", None),
            ("<sip:a@h;tag=x", "sip:a@h;tag=x", None),
            ("\"A <sip:a@h>;tag=1", "sip:a@h", Some("1")),
            ("sip:a@h?x=y;tag=1", "sip:a@h?x=y", Some("1")),
            ("", "", None),
        ];
        for (value, uri, tag) in cases {
            let addr = NameAddr::parse(value.as_bytes());
            assert_eq!((addr.uri, addr.tag), (uri.as_bytes(), tag.map(str::as_bytes)), "{value}");
        }
    }

    #[test]
    fn contacts() {
        assert_eq!(Contact::parse(b" * "), Contact::Star);
        let address = |expires| Contact::Address { uri: b"sip:a@h", expires };
        assert_eq!(Contact::parse(b"\"A\" <sip:a@h>;q=0.1;Expires=60"), address(Some(60)));
        assert_eq!(Contact::parse(b"<sip:a@h>;expires=99999999999"), address(Some(u32::MAX)));
        assert_eq!(Contact::parse(b"sip:a@h;expires=soon"), address(None));
        assert_eq!(Contact::parse(b"<sip:a@h>"), address(None));
    }

    proptest! {
        /// The short way through a value ends where the long one does.
        #[test]
        fn plain_values_are_read_as_all_others_are(
            pieces in prop::collection::vec(
                prop::sample::select(vec!["\"", "a b", " ", "<", "sip:u@h", ">", ";", "tag", "=", "x", "\\", "\r\n ", ";tag=", "T"]),
                0..12,
            ),
        ) {
            let value = pieces.concat();
            let new = NameAddr { value: value.as_bytes(), uri: b"", tag: None };
            let (mut plain, mut any) = (new, new);
            if plain.read_plain().is_some() {
                any.read_any();
                prop_assert_eq!(plain, any);
            }
        }
    }
}
