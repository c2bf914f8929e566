//! The headers that statistics need, by long and compact name (RFC 3261 7.3.1, 7.3.3).
//!
//! In: one header line, folds inside. Out: which header it is, and its value. All other names are
//! "other": skipped, not errors.

use memchr::memchr;

use super::bytes::{after, token_len, trim};
use super::lanes::name_end;

/// A header that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// `Via`, `v`.
    Via,
    /// `From`, `f`.
    From,
    /// `To`, `t`.
    To,
    /// `Call-ID`, `i`.
    CallId,
    /// `CSeq`.
    CSeq,
    /// `Contact`, `m`.
    Contact,
    /// `Content-Type`, `c`.
    ContentType,
    /// `Content-Length`, `l`.
    ContentLength,
    /// `Expires`.
    Expires,
    /// `Reason`.
    Reason,
    /// `Retry-After`.
    RetryAfter,
    /// `RSeq`.
    RSeq,
    /// `Server`.
    Server,
    /// `User-Agent`.
    UserAgent,
    /// `Warning`.
    Warning,
    /// `Authorization` or `Proxy-Authorization`.
    Credentials,
    /// `WWW-Authenticate` or `Proxy-Authenticate`.
    Challenge,
    /// Another one whose name is known to be a token.
    Unread,
    /// Any other.
    Other,
}

impl Header {
    /// The header called `name`. Length and first letter leave one candidate.
    #[inline(always)]
    pub(super) fn named(name: &[u8]) -> Self {
        let Some(&first) = name.first() else { return Self::Other };
        match (name.len(), first | 0x20) {
            (1, b'v') => Self::Via,
            (1, b'f') => Self::From,
            (1, b't') => Self::To,
            (1, b'i') => Self::CallId,
            (1, b'm') => Self::Contact,
            (1, b'c') => Self::ContentType,
            (1, b'l') => Self::ContentLength,
            (2, b't') => is(name, b"To", Self::To),
            (3, b'v') => is(name, b"Via", Self::Via),
            (4, b'f') => is(name, b"From", Self::From),
            (4, b'c') => is(name, b"CSeq", Self::CSeq),
            (4, b'r') => is(name, b"RSeq", Self::RSeq),
            (6, b'r') => is(name, b"Reason", Self::Reason),
            (6, b's') => is(name, b"Server", Self::Server),
            (7, b'c') if name.get(4) == Some(&b'-') => is(name, b"Call-ID", Self::CallId),
            (7, b'c') => is(name, b"Contact", Self::Contact),
            (7, b'e') => is(name, b"Expires", Self::Expires),
            (7, b'w') => is(name, b"Warning", Self::Warning),
            (10, b'u') => is(name, b"User-Agent", Self::UserAgent),
            (11, b'r') => is(name, b"Retry-After", Self::RetryAfter),
            (12, b'c') => is(name, b"Content-Type", Self::ContentType),
            (13, b'a') => is(name, b"Authorization", Self::Credentials),
            (14, b'c') => is(name, b"Content-Length", Self::ContentLength),
            (16, b'w') => is(name, b"WWW-Authenticate", Self::Challenge),
            (18, b'p') => is(name, b"Proxy-Authenticate", Self::Challenge),
            (19, b'p') if name.get(1) != Some(&b'-') => is(name, b"Proxy-Authorization", Self::Credentials),
            // The most frequent of those that are not read: no need to look at each letter.
            (5, b'a') => is(name, b"Allow", Self::Unread),
            (5, b'r') => is(name, b"Route", Self::Unread),
            (9, b's') => is(name, b"Supported", Self::Unread),
            (12, b'm') => is(name, b"Max-Forwards", Self::Unread),
            (12, b'r') => is(name, b"Record-Route", Self::Unread),
            (15, b's') => is(name, b"Session-Expires", Self::Unread),
            (19, b'p') => is(name, b"P-Asserted-Identity", Self::Unread),
            _ => Self::Other,
        }
    }
}

/// `header` if `name` is `long`. As the RFC writes it is the usual case, and compared at once.
#[inline(always)]
fn is<const N: usize>(name: &[u8], long: &[u8; N], header: Header) -> Header {
    if name.first_chunk() == Some(long) || name.eq_ignore_ascii_case(long) { header } else { Header::Other }
}

/// Splits `line` at `HCOLON = *( SP / HTAB ) ":" SWS`: which header, and its value, trimmed only
/// if the header is one that is read. `None` without name or colon.
#[inline(always)]
pub(super) fn split(line: &[u8]) -> Option<(Header, &[u8])> {
    let (name, rest) = line.split_at(name_end(line));
    if let [b':', value @ ..] = rest
        && !name.is_empty()
    {
        return Some(match Header::named(name) {
            header @ (Header::Unread | Header::Other) => (header, &[]),
            header => (header, trim(value)),
        });
    }
    split_any(line)
}

/// The same for names with other letters, and blanks behind them.
#[inline(never)]
fn split_any(line: &[u8]) -> Option<(Header, &[u8])> {
    let colon = memchr(b':', line)?;
    let mut name = line.get(..colon).unwrap_or_default();
    while let [head @ .., b' ' | b'\t'] = name {
        name = head;
    }
    match Header::named(name) {
        Header::Unread => Some((Header::Unread, &[])),
        Header::Other => (!name.is_empty() && token_len(name) == name.len()).then_some((Header::Other, &[])),
        header => Some((header, trim(after(line, colon + 1)))),
    }
}

/// The headers of nearly every message, as the RFC writes them, each followed by its colon: which one,
/// and what stands behind the colon, untrimmed. The first eight bytes tell nearly all apart.
#[inline(always)]
pub(super) fn usual(line: &[u8]) -> Option<(Header, &[u8])> {
    const fn word(letters: &[u8; 4]) -> u32 {
        u32::from_le_bytes(*letters)
    }
    const VIA: u32 = word(b"Via:");
    const FROM: u32 = word(b"From");
    const CSEQ: u32 = word(b"CSeq");
    const CALL: u32 = word(b"Call");
    const CONT: u32 = word(b"Cont");
    const MAX: u32 = word(b"Max-");
    const USER: u32 = word(b"User");
    const ALLOW: u32 = word(b"Allo");
    const SUPPORTED: u32 = word(b"Supp");
    const ROUTE: u32 = word(b"Rout");
    const RECORD: u32 = word(b"Reco");
    const SERVER: u32 = word(b"Serv");
    const EXPIRES: u32 = word(b"Expi");
    let (head, tail) = line.split_first_chunk::<8>()?;
    let [a, b, c, d, rest @ ..] = *head;
    let first = u32::from_le_bytes([a, b, c, d]);
    // Behind a name of four letters.
    let value = || (rest[0] == b':').then(|| after(line, 5));
    Some(match first {
        VIA => (Header::Via, after(line, 4)),
        FROM => (Header::From, value()?),
        CSEQ => (Header::CSeq, value()?),
        CALL if rest == *b"-ID:" => (Header::CallId, tail),
        CONT if rest == *b"act:" => (Header::Contact, tail),
        CONT if rest == *b"ent-" => match tail.strip_prefix(b"Length:") {
            Some(value) => (Header::ContentLength, value),
            None => (Header::ContentType, tail.strip_prefix(b"Type:")?),
        },
        USER if rest == *b"-Age" => (Header::UserAgent, tail.strip_prefix(b"nt:")?),
        SERVER => (Header::Server, line.strip_prefix(b"Server:")?),
        EXPIRES if rest == *b"res:" => (Header::Expires, tail),
        MAX if rest == *b"Forw" && tail.starts_with(b"ards:") => (Header::Unread, &[]),
        ALLOW if rest.starts_with(b"w:") => (Header::Unread, &[]),
        SUPPORTED if rest == *b"orte" && tail.starts_with(b"d:") => (Header::Unread, &[]),
        ROUTE if rest.starts_with(b"e:") => (Header::Unread, &[]),
        RECORD if rest == *b"rd-R" && tail.starts_with(b"oute:") => (Header::Unread, &[]),
        _ if [a, b, c] == *b"To:" => (Header::To, after(line, 3)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[(&str, Header)] = &[
        ("Via", Header::Via),
        ("v", Header::Via),
        ("From", Header::From),
        ("f", Header::From),
        ("To", Header::To),
        ("t", Header::To),
        ("Call-ID", Header::CallId),
        ("i", Header::CallId),
        ("CSeq", Header::CSeq),
        ("Contact", Header::Contact),
        ("m", Header::Contact),
        ("Content-Type", Header::ContentType),
        ("c", Header::ContentType),
        ("Content-Length", Header::ContentLength),
        ("l", Header::ContentLength),
        ("Expires", Header::Expires),
        ("Reason", Header::Reason),
        ("Retry-After", Header::RetryAfter),
        ("RSeq", Header::RSeq),
        ("Server", Header::Server),
        ("User-Agent", Header::UserAgent),
        ("Warning", Header::Warning),
        ("Authorization", Header::Credentials),
        ("Proxy-Authorization", Header::Credentials),
        ("WWW-Authenticate", Header::Challenge),
        ("Proxy-Authenticate", Header::Challenge),
    ];

    #[test]
    fn names_are_known_in_any_case() {
        for (name, header) in NAMES {
            for name in [name.to_string(), name.to_lowercase(), name.to_uppercase()] {
                assert_eq!(split(format!("{name}:x").as_bytes()), Some((*header, &b"x"[..])), "{name}");
            }
        }
    }

    #[test]
    fn neighbours_of_known_names_are_other_headers() {
        for (name, _) in NAMES.iter().filter(|(name, _)| name.len() > 1) {
            for other in [format!("{name}x"), format!("{}!", &name[..name.len() - 1])] {
                assert_eq!(Header::named(other.as_bytes()), Header::Other, "{other}");
            }
        }
        // The compact names of headers that are not read.
        for b in b"abdejknorsuxy" {
            assert_eq!(Header::named(&[*b]), Header::Other);
        }
    }

    #[test]
    fn blanks_may_stand_before_the_colon_and_folds_after_it() {
        for line in ["CSeq:1 INVITE", "CSeq \t: 1 INVITE", "cseq:\r\n 1 INVITE \r\n "] {
            assert_eq!(split(line.as_bytes()), Some((Header::CSeq, &b"1 INVITE"[..])), "{line}");
        }
        assert_eq!(split(b"Via:"), Some((Header::Via, &b""[..])));
    }

    #[test]
    fn a_line_without_name_or_colon_is_no_header() {
        for line in ["", ":x", " :x", "CSeq", "CSeq 1 INVITE", "a b: c", "CSeq\r\n : 1", "\u{0}: x"] {
            assert_eq!(split(line.as_bytes()), None, "{line}");
        }
    }
}
