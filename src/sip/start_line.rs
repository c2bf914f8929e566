//! The first line: what makes bytes SIP (RFC 3261 7.1, 7.2, 25.1).
//!
//! ```text
//! Request-Line = Method SP Request-URI SP SIP-Version CRLF
//! Status-Line  = SIP-Version SP Status-Code SP Reason-Phrase CRLF
//! ```
//!
//! In: one line without its end. Out: a [`Start`], or why there is none. More and other blanks
//! than one SP are forgiven and reported; versions other than 2.0 and codes other than 100–699
//! are rejected by name, so that they can be counted.

use memchr::{memchr2, memrchr2};

use super::bytes::{after, is_blank, starts_with_ignore_case, token_len};
use super::lanes::Set;
use super::{Method, Start, StatusCode};

/// Greatest length of a method that is read, in bytes. The longest registered one has 9.
pub const MAX_METHOD: usize = 128;

/// Why a message that names itself SIP is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// `SIP/2.0` with a status that is not 100–699 (RFC 4475 3.1.2.19: drop it).
    BadStatus,
    /// Another version than 2.0 (RFC 3261 7.1: a literal string).
    BadVersion,
    /// A start line above the bound.
    TooLong,
}

/// What a first line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FirstLine<'a> {
    /// A start line; `lenient` if only a liberal receiver accepts it.
    Start { start: Start<'a>, lenient: bool },
    /// SIP, but not to be counted.
    Rejected(Rejection),
    /// Something else.
    NotSip,
    /// It ends too early to tell.
    Partial,
}

/// Reads `line`. `whole` if its end was seen; else an element that touches the end of `line` is
/// not believed: `SIP/2.0 200` may go on to be 2001, `SIP/2.0` to be 2.01. A reason phrase that
/// touches it is left empty, for half of it is another one.
#[inline(always)]
pub(super) fn first_line(line: &[u8], whole: bool) -> FirstLine<'_> {
    match if whole { plain(line) } else { None } {
        Some(start) => FirstLine::Start { start, lenient: false },
        None => any(line, whole),
    }
}

/// A line, whole, that is as the grammar wants it; of a request with a registered method.
#[inline(always)]
pub(super) fn plain(line: &[u8]) -> Option<Start<'_>> {
    let word = |letters: &[u8; 8]| u64::from_le_bytes(*letters);
    if let Some((version, [a, b, c, b' ', reason @ ..])) = line.split_first_chunk()
        && word(version) == word(b"SIP/2.0 ")
    {
        let status = status_code(&[*a, *b, *c])?;
        let is_plain = !reason.first().is_some_and(|&b| is_blank(b));
        return is_plain.then_some(Start::Response { status, reason: reason.trim_ascii_end() });
    }
    let (line, version) = line.split_last_chunk()?;
    if word(version) != word(b" SIP/2.0") {
        return None;
    }
    let blanks = Set::or_below([], b'!');
    let (method, uri) = line.split_at_checked(blanks.find(line)?)?;
    let method = Method::from_token(method);
    let uri = uri.strip_prefix(b" ")?;
    let is_plain = !matches!(method, Method::Other(_))
        && !matches!(uri.first(), None | Some(b':' | b'<'))
        && blanks.find(uri).is_none();
    is_plain.then_some(Start::Request { method, uri })
}

#[inline(never)]
fn any(line: &[u8], whole: bool) -> FirstLine<'_> {
    if starts_with_ignore_case(line, b"SIP/") {
        status_line(after(line, 4), whole)
    } else if !whole && b"SIP/".get(..line.len()).is_some_and(|p| p.eq_ignore_ascii_case(line)) {
        FirstLine::Partial
    } else {
        request_line(line, whole)
    }
}

fn status_line(rest: &[u8], whole: bool) -> FirstLine<'_> {
    let (version, rest) = split_at_blank(rest);
    if rest.is_empty() && !whole {
        return FirstLine::Partial;
    }
    if version != b"2.0" {
        return other_version(version);
    }
    let (blanks, rest) = split_blanks(rest);
    let (code, rest) = split_at_blank(rest);
    if rest.is_empty() && !whole {
        return FirstLine::Partial;
    }
    let Some(status) = status_code(code) else {
        return FirstLine::Rejected(Rejection::BadStatus);
    };
    let (more_blanks, reason) = split_blanks(rest);
    let lenient = blanks != b" " || more_blanks != b" ";
    let reason = if whole { reason.trim_ascii_end() } else { &[] };
    FirstLine::Start { start: Start::Response { status, reason }, lenient }
}

/// `Status-Code = 3DIGIT`, 100–699.
#[inline(always)]
fn status_code(digits: &[u8]) -> Option<StatusCode> {
    let &[a, b, c] = digits else { return None };
    if ![a, b, c].iter().all(u8::is_ascii_digit) {
        return None;
    }
    StatusCode::new([a, b, c].iter().fold(0, |n, &d| n * 10 + u16::from(d - b'0')))
}

fn request_line(line: &[u8], whole: bool) -> FirstLine<'_> {
    let (token, rest) = line.split_at(token_len(line));
    if token.is_empty() || token.len() > MAX_METHOD {
        return FirstLine::NotSip;
    }
    if !whole && (rest.is_empty() || rest.first().is_some_and(|&b| is_blank(b))) {
        return FirstLine::Partial;
    }
    let (blanks, rest) = split_blanks(rest);
    let trimmed = trim_blanks_end(rest);
    let Some(last_blank) = memrchr2(b' ', b'\t', trimmed) else { return FirstLine::NotSip };
    let version = after(trimmed, last_blank + 1);
    let before = trimmed.get(..=last_blank).unwrap_or_default();
    let uri = trim_blanks_end(before);
    // `Subject : x SIP/2.0` is a header.
    if blanks.is_empty() || uri.is_empty() || uri.first() == Some(&b':') {
        return FirstLine::NotSip;
    }
    if !starts_with_ignore_case(version, b"SIP/") {
        return FirstLine::NotSip;
    }
    if after(version, 4) != b"2.0" {
        return other_version(after(version, 4));
    }
    let lenient = blanks != b" "
        || before.len() != uri.len() + 1
        || before.last() != Some(&b' ')
        || trimmed.len() != rest.len()
        || uri.first() == Some(&b'<')
        || memchr2(b' ', b'\t', uri).is_some();
    FirstLine::Start { start: Start::Request { method: Method::from_token(token), uri }, lenient }
}

/// A version other than `2.0`, if it is one: `1*DIGIT "." 1*DIGIT`.
fn other_version(version: &[u8]) -> FirstLine<'static> {
    let digits = |d: &[u8]| !d.is_empty() && d.iter().all(u8::is_ascii_digit);
    let mut parts = version.splitn(2, |&b| b == b'.');
    if parts.next().is_some_and(digits) && parts.next().is_some_and(digits) {
        FirstLine::Rejected(Rejection::BadVersion)
    } else {
        FirstLine::NotSip
    }
}

fn split_at_blank(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.iter().position(|&b| is_blank(b)).unwrap_or(bytes.len()))
}

fn split_blanks(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.iter().position(|&b| !is_blank(b)).unwrap_or(bytes.len()))
}

fn trim_blanks_end(bytes: &[u8]) -> &[u8] {
    let kept = bytes.iter().rposition(|&b| !is_blank(b)).map_or(0, |last| last + 1);
    bytes.get(..kept).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use FirstLine::{NotSip, Partial, Rejected};

    fn response(code: u16, reason: &[u8], lenient: bool) -> FirstLine<'_> {
        let status = StatusCode::new(code).unwrap();
        FirstLine::Start { start: Start::Response { status, reason }, lenient }
    }

    fn request<'a>(method: Method<'a>, uri: &'a [u8], lenient: bool) -> FirstLine<'a> {
        FirstLine::Start { start: Start::Request { method, uri }, lenient }
    }

    fn check(line: &[u8], expected: FirstLine<'_>) {
        assert_eq!(first_line(line, true), expected, "{}", line.escape_ascii());
    }

    #[test]
    fn status_lines() {
        check(b"SIP/2.0 200 OK", response(200, b"OK", false));
        check(b"sip/2.0 200 OK", response(200, b"OK", false));
        check(b"Sip/2.0 699 x", response(699, b"x", false));
        check(b"SIP/2.0 200 ", response(200, b"", false));
        check(b"SIP/2.0 200", response(200, b"", true));
        check(b"SIP/2.0  200 OK", response(200, b"OK", true));
        check(b"SIP/2.0\t200 OK", response(200, b"OK", true));
        check(b"SIP/2.0 200  OK", response(200, b"OK", true));
        check(b"SIP/2.0 200 \xd0\x9e\xff  \x1b[1m", response(200, b"\xd0\x9e\xff  \x1b[1m", false));
        check(b"SIP/2.0 500 Service Unavailable", response(500, b"Service Unavailable", false));
        check(b"SIP/2.0 431 No Such Code", response(431, b"No Such Code", false));
    }

    #[test]
    fn status_lines_that_are_not_counted() {
        check(b" SIP/2.0 200 OK", NotSip);
        let bad_status =
            ["000", "099", "700", "999", "20", "2", "2000", "2x0", "4294967301", "-20", "200OK", "", "200;x"];
        for code in bad_status {
            check(format!("SIP/2.0 {code} OK").as_bytes(), Rejected(Rejection::BadStatus));
        }
        check(b"SIP/2.0", Rejected(Rejection::BadStatus));
        for version in ["1.0", "2.1", "3.0", "2.00", "02.0"] {
            check(format!("SIP/{version} 200 OK").as_bytes(), Rejected(Rejection::BadVersion));
        }
        for line in ["HTTP/1.1 200 OK", "RTSP/1.0 200 OK", "ICY 200 OK", "SIP/2.0/UDP h;branch=x 200 OK"] {
            check(line.as_bytes(), NotSip);
        }
    }

    #[test]
    fn request_lines() {
        check(b"INVITE sip:a@h SIP/2.0", request(Method::Invite, b"sip:a@h", false));
        check(b"INVITE sip:a@h sip/2.0", request(Method::Invite, b"sip:a@h", false));
        check(b"invite sip:a@h SIP/2.0", request(Method::Other(b"invite"), b"sip:a@h", false));
        check(b"A-b.!%*_+`'~9 x:y SIP/2.0", request(Method::Other(b"A-b.!%*_+`'~9"), b"x:y", false));
        check(b"OPTIONS  sip:a@h  SIP/2.0", request(Method::Options, b"sip:a@h", true));
        check(b"OPTIONS sip:a@h\tSIP/2.0", request(Method::Options, b"sip:a@h", true));
        check(b"OPTIONS sip:a@h SIP/2.0  ", request(Method::Options, b"sip:a@h", true));
        check(b"INVITE <sip:a@h> SIP/2.0", request(Method::Invite, b"<sip:a@h>", true));
        check(b"INVITE sip:a@h; lr SIP/2.0", request(Method::Invite, b"sip:a@h; lr", true));
    }

    #[test]
    fn request_lines_of_something_else() {
        for line in [
            "",
            " ",
            "INVITE",
            "INVITE ",
            "INVITE sip:a@h",
            "INVITE SIP/2.0",
            "INVITE  SIP/2.0",
            "GET / HTTP/1.1",
            "NOTIFY * HTTP/1.1",
            "OPTIONS * RTSP/1.0",
            "IN/VITE sip:a@h SIP/2.0",
            " INVITE sip:a@h SIP/2.0",
            "Subject : x SIP/2.0",
            "Subject: x SIP/2.0",
            "INVITE sip:a@h XSIP/2.0",
            "INVITE sip:a@h SIP/2.0.1",
            "INVITE sip:a@h SIP/",
        ] {
            check(line.as_bytes(), NotSip);
        }
        check(b"INVITE sip:a@h SIP/7.0", Rejected(Rejection::BadVersion));
        let long = [&vec![b'A'; MAX_METHOD + 1][..], b" sip:a SIP/2.0"].concat();
        check(&long, NotSip);
    }

    #[test]
    fn a_cut_line_tells_only_what_the_whole_line_would() {
        for whole in ["SIP/2.0 200 OK all is well", "INVITE sip:a@h SIP/2.0"] {
            for n in 1..=whole.len() {
                let cut = &whole.as_bytes()[..n];
                let expected = if n > "SIP/2.0 200".len() && whole.starts_with("SIP") {
                    response(200, b"", false)
                } else {
                    Partial
                };
                assert_eq!(first_line(cut, false), expected, "{}", cut.escape_ascii());
            }
        }
        assert_eq!(first_line(b"SIP/2.0 2001", false), Partial);
        assert_eq!(first_line(b"SIP/3.0 200", false), Rejected(Rejection::BadVersion));
        assert_eq!(first_line(b"\x80\x08", false), NotSip);
    }

    proptest! {
        /// The short way through a line ends where the long one does.
        #[test]
        fn plain_lines_are_read_as_all_others_are(
            pieces in prop::collection::vec(
                prop::sample::select(vec!["SIP/2.0", " ", "200", "OK", "INVITE", "sip:a@h", "\t", "<", ":", "x", "\r", "ACK", "099"]),
                0..9,
            ),
        ) {
            let line = pieces.concat();
            for line in [line.clone(), format!("SIP/2.0 486 {line}"), format!("INVITE {line} SIP/2.0")] {
                if let Some(start) = plain(line.as_bytes()) {
                    prop_assert_eq!(super::any(line.as_bytes(), true), FirstLine::Start { start, lenient: false });
                }
            }
        }
    }
}
