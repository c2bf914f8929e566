//! `Via` values (RFC 3261 20.42, 25.1).
//!
//! ```text
//! via-parm          =  sent-protocol LWS sent-by *( SEMI via-params )
//! sent-protocol     =  protocol-name SLASH protocol-version SLASH transport
//! sent-by           =  host [ COLON port ]
//! ```
//!
//! In: one value of the list. Out: what transactions are keyed by. LWS, folds included, may stand
//! around every separator (RFC 4475 3.1.1.1). Nothing is normalised: hosts are to be compared in
//! lower case by the caller, ports as they are written.

use memchr::memchr;

use super::bytes::{after, is_lws, token_len, trim, trim_start};
use super::lanes::Set;
use super::params::Params;

/// What a branch of RFC 3261 begins with (8.1.1.7), in any case.
pub const MAGIC_COOKIE: &[u8] = b"z9hG4bK";

/// One value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    /// `UDP`, `TCP`, `TLS`, `SCTP`, `WS` … or any token, as written.
    pub transport: &'a [u8],
    /// Host of sent-by: a name, an IPv4 address, or an IPv6 address in its square brackets.
    pub host: &'a [u8],
    /// Port of sent-by as written; `None` without one.
    pub port: Option<&'a [u8]>,
    /// The `branch` parameter; `None` if absent or empty.
    pub branch: Option<&'a [u8]>,
}

impl<'a> Via<'a> {
    /// Reads one value; `None` if it has no sent-protocol of three parts or no host.
    #[inline]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        Self::plain(value).or_else(|| Self::any(value))
    }

    /// The same for nearly all values: no blank but the one, a port that is a number or none, the
    /// branch before all other parameters.
    #[inline(always)]
    fn plain(value: &'a [u8]) -> Option<Self> {
        let rest = value.strip_prefix(b"SIP/2.0/")?;
        let (transport, rest) = match rest {
            [b'U', b'D', b'P', b' ', ..]
            | [b'T', b'C', b'P' | b'S', b' ', ..]
            | [b'T', b'L', b'S', b' ', ..] => rest.split_at_checked(3)?,
            _ => return None,
        };
        let rest = after(rest, 1);
        let (host, rest) =
            rest.split_at_checked(Set::or_below([b',', b':', b';', b'['], b'!').find(rest)?)?;
        let (port, rest) = match rest {
            [b';', ..] => (None, rest),
            [b':', port @ ..] => {
                let digits = port.iter().position(|b| !b.is_ascii_digit())?;
                let (port, rest) = port.split_at_checked(digits)?;
                (Some(port).filter(|port| !port.is_empty()), rest)
            }
            _ => return None,
        };
        let branch = rest.strip_prefix(b";branch=")?;
        let end = Set::or_below([b'"', b';'], b'!').find(branch).unwrap_or(branch.len());
        if host.is_empty() || !matches!(branch.get(end), None | Some(b';')) {
            return None;
        }
        let branch = branch.get(..end).filter(|branch| !branch.is_empty());
        Some(Self { transport, host, port, branch })
    }

    fn any(value: &'a [u8]) -> Option<Self> {
        let rest = match value.strip_prefix(b"SIP/2.0/") {
            Some(rest) => rest,
            None => {
                let (_, rest) = token(value)?;
                let (_, rest) = token(separator(rest, b'/')?)?;
                separator(rest, b'/')?
            }
        };
        let (transport, rest) = token(rest)?;
        if !rest.first().is_some_and(|&b| is_lws(b)) {
            return None;
        }
        let rest = trim_start(rest);
        let host_len = match rest.first()? {
            b'[' => memchr(b']', rest)? + 1,
            _ => {
                let ends = |&b: &u8| matches!(b, b':' | b';' | b',') || is_lws(b);
                rest.iter().position(ends).unwrap_or(rest.len())
            }
        };
        let (host, rest) = rest.split_at(host_len);
        if host.is_empty() {
            return None;
        }
        let port = separator(rest, b':').map(|after_colon| {
            let digits = trim_start(after_colon);
            digits.split_at(digits.iter().position(|b| !b.is_ascii_digit()).unwrap_or(digits.len())).0
        });
        let branch = Params::new(rest).get(b"branch").filter(|branch| !branch.is_empty());
        Some(Self { transport, host, port: port.filter(|port| !port.is_empty()), branch })
    }

    /// Whether the branch identifies a transaction by itself (17.2.3): the cookie and something
    /// after it. The cookie alone does not (RFC 4475 3.2.1).
    pub fn has_cookie(&self) -> bool {
        self.branch.is_some_and(|branch| {
            branch.len() > MAGIC_COOKIE.len() && super::bytes::starts_with_ignore_case(branch, MAGIC_COOKIE)
        })
    }

    /// The pieces of `value` between its semicolons without `received`, `rport` and `ttl`, which
    /// are added or filled in on the way (18.2.1, RFC 3581 4): what a request and its response
    /// have in common where there is no branch to go by (17.2.3).
    pub fn without_added_params(value: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        const ADDED: [&[u8]; 3] = [b"received", b"rport", b"ttl"];
        let sent = value.get(..memchr(b';', value).unwrap_or(value.len())).unwrap_or_default();
        let params =
            Params::new(value).filter(|(name, _)| !ADDED.iter().any(|a| name.eq_ignore_ascii_case(a)));
        std::iter::once(trim(sent))
            .chain(params.flat_map(|(name, value)| [name, value.unwrap_or_default()]))
            .filter(|piece| !piece.is_empty())
    }
}

/// The token at the start of `bytes`, after blanks, and what follows it.
fn token(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let bytes = trim_start(bytes);
    let (token, rest) = bytes.split_at(token_len(bytes));
    (!token.is_empty()).then_some((token, rest))
}

/// What follows `separator`, if it comes next, after blanks.
fn separator(bytes: &[u8], separator: u8) -> Option<&[u8]> {
    let bytes = trim_start(bytes);
    (bytes.first() == Some(&separator)).then(|| after(bytes, 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn via<'a>(
        transport: &'a str,
        host: &'a str,
        port: Option<&'a str>,
        branch: Option<&'a str>,
    ) -> Option<Via<'a>> {
        let b = str::as_bytes;
        Some(Via { transport: b(transport), host: b(host), port: port.map(b), branch: branch.map(b) })
    }

    #[test]
    fn via_values() {
        let cases = [
            ("SIP/2.0/UDP h", via("UDP", "h", None, None)),
            ("SIP/2.0/UDP H:5060;branch=z9hG4bKa;rport", via("UDP", "H", Some("5060"), Some("z9hG4bKa"))),
            (
                "SIP/2.0/TLS-SCTP [2001:db8::1]:05061;branch=a",
                via("TLS-SCTP", "[2001:db8::1]", Some("05061"), Some("a")),
            ),
            ("SIP / 2.0 \r\n /\tWSS  h : 80 ; BRANCH\r\n = a", via("WSS", "h", Some("80"), Some("a"))),
            ("SIP/2.0/UDP h;branch=", via("UDP", "h", None, None)),
            ("SIP/2.0/UDP h:;branch=a", via("UDP", "h", None, Some("a"))),
            ("SIP/2.0/UDP h;;,;,,", via("UDP", "h", None, None)),
            ("SIP/2.0/UDP h;x=\";branch=no\";branch=a", via("UDP", "h", None, Some("a"))),
            ("SIP/2.0/UDP h (comment);branch=a", via("UDP", "h", None, Some("a"))),
            ("SIP/2.0/UDPh", None),
            ("SIP/2.0 UDP h", None),
            ("SIP/2.0/UDP", None),
            ("SIP/2.0/UDP ;branch=a", None),
            ("SIP/2.0/UDP [::1", None),
            (";", None),
            ("", None),
        ];
        for (value, expected) in cases {
            assert_eq!(Via::parse(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn only_the_cookie_and_something_after_it_identifies() {
        for (branch, expected) in
            [("z9hG4bKa", true), ("Z9HG4BKa", true), ("z9hG4bK", false), ("az9hG4bK1", false)]
        {
            let value = format!("SIP/2.0/UDP h;branch={branch}");
            assert_eq!(Via::parse(value.as_bytes()).unwrap().has_cookie(), expected, "{branch}");
        }
        assert!(!Via::parse(b"SIP/2.0/UDP h").unwrap().has_cookie());
    }

    #[test]
    fn request_and_response_have_the_rest_of_the_value_in_common() {
        let pieces = |value: &'static [u8]| Via::without_added_params(value).collect::<Vec<_>>();
        let request = pieces(b"SIP/2.0/UDP h:1;rport;a=b;branch=1");
        assert_eq!(request, [&b"SIP/2.0/UDP h:1"[..], b"a", b"b", b"branch", b"1"]);
        assert_eq!(pieces(b"SIP/2.0/UDP h:1 ;received=192.0.2.1;a=b; RPORT=9 ;branch=1 ; ttl=3"), request);
    }

    proptest! {
        /// The short way through a value ends where the long one does.
        #[test]
        fn plain_values_are_read_as_all_others_are(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "h.example", ":", "5060", ";", ";branch=", "z9hG4bKa", ",", " ", "\"", "[::1]", "rport", "=", "\x01", "x",
                ]),
                0..9,
            ),
            transport in prop::sample::select(vec!["UDP ", "TCP ", "TLS ", "TLS-SCTP ", "udp ", "UDP"]),
        ) {
            let value = ["SIP/2.0/", transport, &pieces.concat()].concat();
            if let Some(plain) = Via::plain(value.as_bytes()) {
                prop_assert_eq!(Some(plain), Via::any(value.as_bytes()));
            }
        }
    }
}
