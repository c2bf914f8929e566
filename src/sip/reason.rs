//! `Reason` values (RFC 3326 2, RFC 8606 4): why a request or response was sent.
//!
//! ```text
//! reason-value    =  protocol *(SEMI reason-params)
//! reason-params   =  "cause" EQUAL cause / "text" EQUAL quoted-string
//!                  / "location" EQUAL ("U" / "LPN" / "LN" / "TN" / "RLN" / "RPN" / "INTL" / "BI")
//! ```
//!
//! In: one value of the list. Out: its parts, raw.

use memchr::memchr;

use super::bytes::{leading_number, trim};
use super::params::{Params, unwrap_quotes};

/// One value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason<'a> {
    /// `Q.850`, `SIP` or another token, as written.
    pub protocol: &'a [u8],
    /// `cause`, saturating; `None` if absent or no number.
    pub cause: Option<u32>,
    /// `text`, without its quotes, escapes as they stand (see [`super::unquote`]).
    pub text: Option<&'a [u8]>,
    /// `location` of Q.850 causes (RFC 8606), as written.
    pub location: Option<&'a [u8]>,
}

impl<'a> Reason<'a> {
    /// Reads one value; `None` if no protocol stands before the parameters.
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let protocol = trim(value.get(..memchr(b';', value).unwrap_or(value.len()))?);
        if protocol.is_empty() {
            return None;
        }
        let params = Params::new(value);
        let text = |name| params.get(name).map(unwrap_quotes).filter(|v| !v.is_empty());
        Some(Self {
            protocol,
            cause: text(b"cause").and_then(leading_number),
            text: text(b"text"),
            location: text(b"location"),
        })
    }

    /// Whether the cause is one of Q.850 (ISUP release causes).
    pub fn is_q850(&self) -> bool {
        self.protocol.eq_ignore_ascii_case(b"Q.850")
    }

    /// Whether the cause is a SIP status code.
    pub fn is_sip(&self) -> bool {
        self.protocol.eq_ignore_ascii_case(b"SIP")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_values() {
        type Expected = Option<(&'static str, Option<u32>, Option<&'static str>, Option<&'static str>)>;
        let cases: &[(&str, Expected)] = &[
            ("Q.850;cause=16;text=\"Terminated\"", Some(("Q.850", Some(16), Some("Terminated"), None))),
            (
                "SIP ;cause=200 ;text=\"Call completed; elsewhere\"",
                Some(("SIP", Some(200), Some("Call completed; elsewhere"), None)),
            ),
            ("q.850; cause = 21 ; location=U", Some(("q.850", Some(21), None, Some("U")))),
            ("Q.850;cause=\"17\"", Some(("Q.850", Some(17), None, None))),
            ("Q.850;text=busy;CAUSE=17", Some(("Q.850", Some(17), Some("busy"), None))),
            ("Q.850;cause=99999999999", Some(("Q.850", Some(u32::MAX), None, None))),
            ("Q.850;cause=x;text=\"\"", Some(("Q.850", None, None, None))),
            ("preemption", Some(("preemption", None, None, None))),
            (";cause=16", None),
            ("", None),
        ];
        for (value, expected) in cases {
            let b = |s: &'static str| s.as_bytes();
            let expected = expected.map(|(p, cause, text, location)| Reason {
                protocol: b(p),
                cause,
                text: text.map(b),
                location: location.map(b),
            });
            assert_eq!(Reason::parse(value.as_bytes()), expected, "{value}");
        }
        assert!(Reason::parse(b"q.850;cause=1").unwrap().is_q850());
        assert!(Reason::parse(b"sip;cause=487").unwrap().is_sip());
    }
}
