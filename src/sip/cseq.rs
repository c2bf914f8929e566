//! `CSeq` values: `1*DIGIT LWS Method` (RFC 3261 20.16).
//!
//! In: one value. Out: a [`CSeq`] if a number and a method stand in it, and whether the value was
//! anything but the grammar. A number of 2³² or more names its transaction all the same: its
//! digits are compared as they stand.

use super::bytes::{is_lws, number, token_len, trim_start};
use super::{CSeq, Method};

impl<'a> CSeq<'a> {
    /// Reads one value; `None` if number or method is missing.
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        Self::plain(value).or_else(|| Self::any(value).0)
    }

    /// Up to nine digits, one blank and a registered method: nearly all values.
    #[inline(always)]
    pub(super) fn plain(value: &'a [u8]) -> Option<Self> {
        let mut number = 0;
        for (at, &b) in value.iter().enumerate() {
            if !b.is_ascii_digit() {
                let (digits, rest) = value.split_at_checked(at)?;
                let method = Method::from_token(rest.strip_prefix(b" ")?);
                let is_plain = digits.first()? != &b'0' && !matches!(method, Method::Other(_));
                return is_plain.then_some(Self { digits, number: Some(number), method });
            }
            if at == 9 {
                return None;
            }
            number = number * 10 + u32::from(b - b'0');
        }
        None
    }

    /// The same for any value, and whether it is as the grammar wants it.
    pub(super) fn any(value: &'a [u8]) -> (Option<Self>, bool) {
        let digits = value.iter().position(|b| !b.is_ascii_digit()).unwrap_or(value.len());
        let (digits, rest) = value.split_at(digits);
        let method = trim_start(rest);
        let (method, junk) = method.split_at(token_len(method));
        if digits.is_empty() || method.is_empty() || !rest.first().is_some_and(|&b| is_lws(b)) {
            return (None, false);
        }
        let zeros = digits.iter().take(digits.len() - 1).take_while(|&&b| b == b'0').count();
        let digits = digits.get(zeros..).unwrap_or_default();
        let number = number(digits).and_then(|n| u32::try_from(n).ok());
        let good = number.is_some() && junk.is_empty();
        (Some(Self { digits, number, method: Method::from_token(method) }), good)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cseq_values() {
        let some = |digits, number, method| Some(CSeq { digits, number, method });
        let cases: &[(&str, Option<CSeq<'_>>, bool)] = &[
            ("1 INVITE", some(b"1", Some(1), Method::Invite), true),
            ("0009 INVITE", some(b"9", Some(9), Method::Invite), true),
            ("000 BYE", some(b"0", Some(0), Method::Bye), true),
            ("9\tINVITE", some(b"9", Some(9), Method::Invite), true),
            ("9\r\n  INVITE", some(b"9", Some(9), Method::Invite), true),
            ("4294967295 ACK", some(b"4294967295", Some(u32::MAX), Method::Ack), true),
            ("4294967296 BYE", some(b"4294967296", None, Method::Bye), false),
            ("36893488147419103232 REGISTER", some(b"36893488147419103232", None, Method::Register), false),
            ("8 NewMethod", some(b"8", Some(8), Method::Other(b"NewMethod")), true),
            ("8 invite", some(b"8", Some(8), Method::Other(b"invite")), true),
            ("8 INVITE;x", some(b"8", Some(8), Method::Invite), false),
            ("8 INVITE x", some(b"8", Some(8), Method::Invite), false),
            ("1INVITE", None, false),
            ("INVITE", None, false),
            ("1", None, false),
            ("-1 INVITE", None, false),
            ("1 ", None, false),
            ("1 ;", None, false),
            ("", None, false),
        ];
        for (value, cseq, good) in cases {
            assert_eq!(CSeq::any(value.as_bytes()), (*cseq, *good), "{value}");
        }
    }

    proptest! {
        /// The short way through a value ends where the long one does.
        #[test]
        fn plain_values_are_read_as_all_others_are(
            pieces in prop::collection::vec(
                prop::sample::select(vec!["0", "1", "4294967296", "99", " ", "\t", "INVITE", "ACK", "x", "invite"]),
                0..5,
            ),
        ) {
            let value = pieces.concat();
            if let Some(plain) = CSeq::plain(value.as_bytes()) {
                prop_assert_eq!((Some(plain), true), CSeq::any(value.as_bytes()));
            }
        }
    }
}
