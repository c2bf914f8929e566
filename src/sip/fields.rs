//! Small header values: `Warning`, `Retry-After`, `Content-Type`.
//!
//! In: a value as [`super::Message`] gives it. Out: the part that statistics use.

use memchr::memchr;

use super::bytes::{is_lws, leading_number, token_len, trim, trim_start};
use super::params::unwrap_quotes;

/// A `Warning` value: `warn-code SP warn-agent SP warn-text` (RFC 3261 20.43).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warning<'a> {
    /// Three digits, 0–999.
    pub code: u16,
    /// Host or pseudonym that added it; empty if absent.
    pub agent: &'a [u8],
    /// Text without its quotes, escapes as they stand; empty if absent.
    pub text: &'a [u8],
}

impl<'a> Warning<'a> {
    /// Reads one value; `None` if it does not begin with three digits and a blank.
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let value = trim(value);
        let (digits, rest) = value.split_at_checked(3)?;
        if !digits.iter().all(u8::is_ascii_digit) || rest.first().is_some_and(|&b| !is_lws(b)) {
            return None;
        }
        let code = u16::try_from(leading_number(digits)?).ok()?;
        let rest = trim_start(rest);
        let (agent, text) = rest.split_at(rest.iter().position(|&b| is_lws(b)).unwrap_or(rest.len()));
        Some(Self { code, agent, text: unwrap_quotes(trim(text)) })
    }
}

/// Seconds of a `Retry-After` value, saturating (20.33); a comment and parameters may follow.
pub fn retry_after_seconds(value: &[u8]) -> Option<u32> {
    leading_number(trim_start(value))
}

/// Whether a body of this `Content-Type` describes media, or may: `application/sdp`, or any
/// `multipart` (20.15; LWS around the slash is legal).
pub fn may_hold_sdp(content_type: &[u8]) -> bool {
    let value = trim_start(content_type);
    let (kind, rest) = value.split_at(token_len(value));
    let rest = trim_start(rest);
    if memchr(b'/', rest) != Some(0) {
        return false;
    }
    let subtype = trim_start(rest.get(1..).unwrap_or_default());
    let subtype = subtype.get(..token_len(subtype)).unwrap_or_default();
    kind.eq_ignore_ascii_case(b"multipart")
        || kind.eq_ignore_ascii_case(b"application") && subtype.eq_ignore_ascii_case(b"sdp")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings() {
        let warning = |code, agent, text| Some(Warning { code, agent, text });
        let cases: &[(&str, Option<Warning<'_>>)] = &[
            ("307 isi.edu \"Session parameter 'foo'\"", warning(307, b"isi.edu", b"Session parameter 'foo'")),
            ("399 [::1]:5060\r\n \"a, b\"", warning(399, b"[::1]:5060", b"a, b")),
            ("301", warning(301, b"", b"")),
            ("1812 overture \"In Progress\"", None),
            ("30 a \"b\"", None),
            ("3a1 a", None),
            ("", None),
        ];
        for (value, expected) in cases {
            assert_eq!(Warning::parse(value.as_bytes()), *expected, "{value}");
        }
    }

    #[test]
    fn retry_after_ends_at_its_digits() {
        assert_eq!(retry_after_seconds(b"120 (in a meeting);duration=3600"), Some(120));
        assert_eq!(retry_after_seconds(b"99999999999999"), Some(u32::MAX));
        assert_eq!(retry_after_seconds(b"soon"), None);
    }

    #[test]
    fn only_sdp_and_multipart_bodies_may_describe_media() {
        for yes in [
            "application/sdp",
            "Application / SDP",
            "application/sdp;charset=x",
            "multipart/mixed;boundary=b",
        ] {
            assert!(may_hold_sdp(yes.as_bytes()), "{yes}");
        }
        for no in ["", "application/sdpx", "application/pidf+xml", "text/sdp", "multipart", "application sdp"]
        {
            assert!(!may_hold_sdp(no.as_bytes()), "{no}");
        }
    }
}
