//! Challenges and credentials: `auth-scheme LWS auth-param *(COMMA auth-param)` (RFC 3261 22,
//! 25.1).
//!
//! In: the value of one (Proxy-)Authenticate or (Proxy-)Authorization header; commas separate
//! parameters, a header holds one challenge (7.3.1). Out: which realm asks, or is answered. No
//! secret is read.

use memchr::{memchr, memchr2};

use super::bytes::{after, closing_quote, token_len, trim, trim_start};
use super::params::unwrap_quotes;

/// A `WWW-Authenticate` or `Proxy-Authenticate` value (20.44, 20.27).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge<'a> {
    /// `Digest` or another token, as written.
    pub scheme: &'a [u8],
    /// Realm without its quotes, escapes as they stand; `None` if absent.
    pub realm: Option<&'a [u8]>,
    /// `stale=true`: only the nonce was too old (RFC 7616 3.3).
    pub stale: bool,
}

impl<'a> Challenge<'a> {
    /// Reads one value; `None` without a scheme.
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let (scheme, params) = scheme(value)?;
        let stale = auth_param(params, b"stale").is_some_and(|v| v.eq_ignore_ascii_case(b"true"));
        Some(Self { scheme, realm: auth_param(params, b"realm"), stale })
    }
}

/// An `Authorization` or `Proxy-Authorization` value (20.7, 20.28).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials<'a> {
    /// `Digest` or another token, as written.
    pub scheme: &'a [u8],
    /// Realm without its quotes, escapes as they stand; `None` if absent.
    pub realm: Option<&'a [u8]>,
}

impl<'a> Credentials<'a> {
    /// Reads one value; `None` without a scheme.
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let (scheme, params) = scheme(value)?;
        Some(Self { scheme, realm: auth_param(params, b"realm") })
    }
}

fn scheme(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let value = trim_start(value);
    let (scheme, params) = value.split_at(token_len(value));
    (!scheme.is_empty()).then_some((scheme, params))
}

/// The first parameter called `name`, without quotes. A quote that is never closed ends the list.
fn auth_param<'a>(params: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut rest = params;
    while !rest.is_empty() {
        let mut end = 0;
        loop {
            let Some(found) = memchr2(b',', b'"', after(rest, end)).map(|n| end + n) else {
                end = rest.len();
                break;
            };
            if rest.get(found) == Some(&b',') {
                end = found;
                break;
            }
            end = closing_quote(rest, found + 1)? + 1;
        }
        let param = rest.get(..end).unwrap_or_default();
        if let Some(equals) = memchr(b'=', param)
            && trim(param.get(..equals).unwrap_or_default()).eq_ignore_ascii_case(name)
        {
            return Some(unwrap_quotes(trim(after(param, equals + 1))));
        }
        rest = after(rest, end + 1);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges() {
        type Expected = Option<(&'static str, Option<&'static str>, bool)>;
        let cases: &[(&str, Expected)] = &[
            ("Digest realm=\"a\", nonce=\"b\"", Some(("Digest", Some("a"), false))),
            (
                "Digest nonce=\"x, realm=\\\"no\\\"\",\r\n  Realm = \"a, \\\"b\\\"\" , STALE=TRUE",
                Some(("Digest", Some("a, \\\"b\\\""), true)),
            ),
            ("Digest realm=a,stale=\"true\"", Some(("Digest", Some("a"), true))),
            ("Digest stale=false,nonce=\"stale=true\"", Some(("Digest", None, false))),
            ("NoOneKnowsThisScheme", Some(("NoOneKnowsThisScheme", None, false))),
            ("Digest nonce=\"open, realm=\"", Some(("Digest", None, false))),
            ("Digest nonce=\"open, realm=x", Some(("Digest", None, false))),
            ("", None),
            ("\"x\"", None),
        ];
        for (value, expected) in cases {
            let expected = expected.map(|(scheme, realm, stale)| Challenge {
                scheme: scheme.as_bytes(),
                realm: realm.map(str::as_bytes),
                stale,
            });
            assert_eq!(Challenge::parse(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn credentials_name_the_realm_they_are_for() {
        let value = b"Digest username=\"realm=x\", realm=\"a\", uri=\"sip:h\", response=\"0\"";
        assert_eq!(Credentials::parse(value), Some(Credentials { scheme: b"Digest", realm: Some(b"a") }));
    }
}
