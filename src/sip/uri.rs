//! `sip:`, `sips:` and `tel:` URIs (RFC 3261 19.1, RFC 3966).
//!
//! ```text
//! SIP-URI = "sip:" [ userinfo ] hostport uri-parameters [ headers ]
//! ```
//!
//! In: a URI, perhaps in `<…>`. Out: its parts as written. Nothing is unescaped or normalised.

use memchr::memrchr;

use super::bytes::{after, is_lws, trim};
use super::lanes::Set;

/// A URI's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    /// `sip`, `sips`, `tel`, as written.
    pub scheme: &'a [u8],
    /// User with its parameters, without password; of a `tel` URI the number with its parameters.
    /// `None` if absent or empty.
    pub user: Option<&'a [u8]>,
    /// Host; IPv6 in its square brackets. `None` in `tel` URIs.
    pub host: Option<&'a [u8]>,
    /// Port as written; `None` if absent.
    pub port: Option<&'a [u8]>,
}

impl<'a> Uri<'a> {
    /// Reads a URI; `None` for another scheme, or a SIP URI without host.
    pub fn parse(uri: &'a [u8]) -> Option<Self> {
        Self::plain(uri).or_else(|| Self::any(uri))
    }

    /// The same for nearly all of them: `sip:`, one `@` at most, no blanks, and a host that is no IPv6
    /// address.
    #[inline(always)]
    fn plain(uri: &'a [u8]) -> Option<Self> {
        let (scheme, rest) = uri.split_at_checked(3).filter(|(scheme, _)| scheme == b"sip")?;
        let rest = rest.strip_prefix(b":")?;
        let at = Set::of([b'@']);
        let (userinfo, rest) = match at.find(rest) {
            Some(found) => (rest.get(..found)?, after(rest, found + 1)),
            None => (&[][..], rest),
        };
        let end = Set::or_below([b':', b';', b'?', b'@', b'[', b'>'], b'!').end(rest);
        let (host, rest) = rest.split_at_checked(end)?;
        let is_plain = match rest {
            [] => true,
            [b':' | b';' | b'?', .., last] => *last > b' ' && at.find(rest).is_none(),
            _ => false,
        };
        if !is_plain || host.is_empty() {
            return None;
        }
        let user = userinfo.get(..Set::of([b':']).end(userinfo))?;
        Some(Self { scheme, user: non_empty(user), host: Some(host), port: port(rest) })
    }

    fn any(uri: &'a [u8]) -> Option<Self> {
        let uri = trim(uri);
        let uri = match uri {
            [b'<', inner @ .., b'>'] => trim(inner),
            other => other,
        };
        let (scheme, rest) = split_once(uri, |b| b == b':')?;
        if scheme.eq_ignore_ascii_case(b"tel") {
            return Some(Self { scheme, user: non_empty(rest), host: None, port: None });
        }
        if !scheme.eq_ignore_ascii_case(b"sip") && !scheme.eq_ignore_ascii_case(b"sips") {
            return None;
        }
        // "@" is escaped everywhere else, but some users are written as `user@domain`.
        let (userinfo, rest) = match memrchr(b'@', rest) {
            Some(at) => (rest.get(..at).unwrap_or_default(), after(rest, at + 1)),
            None => (&[][..], rest),
        };
        let user = split_once(userinfo, |b| b == b':').map_or(userinfo, |(user, _password)| user);
        let end = |b: &u8| matches!(b, b':' | b';' | b'?' | b'>') || is_lws(*b);
        let host_len = match rest.first()? {
            b'[' => memchr::memchr(b']', rest)? + 1,
            _ => rest.iter().position(end).unwrap_or(rest.len()),
        };
        let (host, rest) = rest.split_at(host_len);
        Some(Self { scheme, user: non_empty(user), host: Some(non_empty(host)?), port: port(rest) })
    }

    /// The called or calling number: the user without its parameters (`;phone-context=…`).
    pub fn number(&self) -> Option<&'a [u8]> {
        let user = self.user?;
        non_empty(split_once(user, |b| b == b';').map_or(user, |(number, _)| number))
    }
}

/// The port that stands behind a host.
fn port(rest: &[u8]) -> Option<&[u8]> {
    let port = rest.strip_prefix(b":")?;
    non_empty(port.get(..port.iter().position(|b| !b.is_ascii_digit()).unwrap_or(port.len()))?)
}

fn split_once(bytes: &[u8], at: impl Fn(u8) -> bool) -> Option<(&[u8], &[u8])> {
    let found = bytes.iter().position(|&b| at(b))?;
    Some((bytes.get(..found)?, after(bytes, found + 1)))
}

fn non_empty(bytes: &[u8]) -> Option<&[u8]> {
    (!bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn uris() {
        type Parts = (&'static str, Option<&'static str>, Option<&'static str>, Option<&'static str>);
        let cases: &[(&str, Option<Parts>)] = &[
            ("sip:a@h", Some(("sip", Some("a"), Some("h"), None))),
            ("<SIPS:a:pw@h:5061;lr?x=y>", Some(("SIPS", Some("a"), Some("h"), Some("5061")))),
            ("sip:h", Some(("sip", None, Some("h"), None))),
            ("sip:@h", Some(("sip", None, Some("h"), None))),
            (
                "sip:+1;npdi;rn=5@[2001:db8::1]:5060",
                Some(("sip", Some("+1;npdi;rn=5"), Some("[2001:db8::1]"), Some("5060"))),
            ),
            ("sip:user@domain@h", Some(("sip", Some("user@domain"), Some("h"), None))),
            ("sip:a@h;maddr=x", Some(("sip", Some("a"), Some("h"), None))),
            ("sip:a@h:x", Some(("sip", Some("a"), Some("h"), None))),
            ("tel:+1-555;phone-context=x", Some(("tel", Some("+1-555;phone-context=x"), None, None))),
            ("http://h/", None),
            ("sip:", None),
            ("sip:a@", None),
            ("sip:[::1", None),
            ("*", None),
            ("", None),
        ];
        for (uri, expected) in cases {
            let b = |s: &'static str| s.as_bytes();
            let expected = expected.map(|(scheme, user, host, port)| Uri {
                scheme: b(scheme),
                user: user.map(b),
                host: host.map(b),
                port: port.map(b),
            });
            assert_eq!(Uri::parse(uri.as_bytes()), expected, "{uri}");
        }
    }

    proptest! {
        /// The short way gives what the long one gives.
        #[test]
        fn plain_uris_are_read_as_all_others_are(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "sip:", "SIP:", "a", "alice.smith-and-others", "@", ":", ";", "?", ">", "<", "[", "]", "[::1]",
                    "h.example.com", "5060", "x=y", " ", "\t", "\u{1}", ",", "\u{7f}", "\u{e9}",
                ]),
                0..9,
            ),
            is_sip in prop::bool::weighted(0.8),
        ) {
            let uri = if is_sip { "sip:" } else { "" }.to_owned() + &parts.concat();
            if let Some(plain) = Uri::plain(uri.as_bytes()) {
                prop_assert_eq!(Some(plain), Uri::any(uri.as_bytes()), "{}", uri.escape_debug());
            }
        }
    }

    #[test]
    fn a_number_is_the_user_without_parameters() {
        assert_eq!(Uri::parse(b"sip:+1;npdi@h").unwrap().number(), Some(&b"+1"[..]));
        assert_eq!(Uri::parse(b"tel:+1-555;phone-context=x").unwrap().number(), Some(&b"+1-555"[..]));
        assert_eq!(Uri::parse(b"sip:h").unwrap().number(), None);
    }
}
