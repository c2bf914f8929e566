//! The short way through the heads that nearly all messages have: a start line by the grammar, then
//! header lines, one at least, that end with CRLF and hold no other control characters, folds aside, then
//! the empty line.
//!
//! In: bytes that begin where a message must begin. Out: what the long way ([`super::scan::scan_any`])
//! gives, which is taken for all other heads. A way of its own because here every comparison is felt:
//! so everything is inlined, and nothing is looked at twice.

use super::bytes::is_blank;
use super::collect::Collector;
use super::lanes::line_break;
use super::scan::{CallId, Lines, MAX_HEADERS, MAX_START_LINE};
use super::{Message, Start, start_line};

/// Reads the head that `bytes` begin with into `message`, which is new. Gives where its body begins;
/// `None` for all other heads, with `message` in any state.
#[inline(always)]
pub(super) fn scan_plain<'a>(bytes: &'a [u8], message: &mut Message<'a>) -> Option<usize> {
    let (start, lines) = plain_start(bytes)?;
    message.start = start;
    let mut collector = Collector::new(message);
    let end = bytes.len() - plain_lines(lines, &mut collector)?;
    collector.finish(true);
    message.head = bytes.get(..end)?;
    Some(end + 2)
}

/// The start line and the Call-ID of the head that `bytes` begin with; `None` as in [`scan_plain`], as far
/// as it was looked at.
#[inline(always)]
pub(super) fn peek_plain(bytes: &[u8]) -> Option<(Start<'_>, Option<&[u8]>)> {
    let (start, lines) = plain_start(bytes)?;
    let mut id = CallId(None);
    plain_lines(lines, &mut id)?;
    Some((start, id.0.flatten()))
}

/// The start line of a plain head, and what lies behind it: a header.
#[inline(always)]
fn plain_start(bytes: &[u8]) -> Option<(Start<'_>, &[u8])> {
    let (line, lines) = plain_line(bytes)?;
    let is_plain = line.len() <= MAX_START_LINE && begins(lines);
    Some((start_line::plain(line).filter(|_| is_plain)?, lines))
}

/// Reads the lines of a plain head, folds included, until the reader has enough. Gives how much is left
/// of `lines` then, or from the empty line on.
#[inline(always)]
fn plain_lines<'a>(lines: &'a [u8], reader: &mut impl Lines<'a>) -> Option<usize> {
    let mut rest = lines;
    loop {
        let (mut line, mut behind) = plain_line(rest)?;
        let mut goes_on = begins(behind);
        if !goes_on {
            (line, behind) = whole_line(rest, line)?;
            goes_on = begins(behind);
        }
        rest = behind;
        if !reader.line(line) || !goes_on {
            // No bound on the head and its lines was met: each takes three bytes at least.
            return (lines.len() - rest.len() <= 3 * MAX_HEADERS).then_some(rest.len());
        }
    }
}

/// The line that `bytes` begin with, if CRLF ends it and there is no other control character in it; and
/// what lies behind it.
#[inline(always)]
fn plain_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (line, rest) = bytes.split_at_checked(line_break(bytes))?;
    let (end, rest) = rest.split_first_chunk()?;
    (u16::from_le_bytes(*end) == u16::from_le_bytes(*b"\r\n")).then_some((line, rest))
}

/// Whether a header begins here: no empty line, and no fold.
#[inline(always)]
fn begins(lines: &[u8]) -> bool {
    lines.first().is_some_and(|&b| b > b' ')
}

/// The header that `lines` begin with, whose first line is `line`: its value goes on, or it is the last
/// one. And what lies behind it.
#[inline(never)]
fn whole_line<'a>(lines: &'a [u8], mut line: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    loop {
        let begun = line.len() + 3;
        match lines.get(begun - 1..)? {
            [b'\r', b'\n', ..] => break,
            [first, ..] if *first > b' ' => break,
            [first, rest @ ..] if is_blank(*first) => {
                line = lines.get(..begun + plain_line(rest)?.0.len())?
            }
            _ => return None,
        }
    }
    Some((line, lines.get(line.len() + 2..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::scan::{Ending, Head, peek_any, scan_any};
    use super::*;

    fn check(bytes: &[u8]) {
        for ending in [Ending::Whole, Ending::Cut, Ending::Open] {
            let mut any = Message::blank();
            let head = scan_any(bytes, ending, &mut any);
            let mut plain = Message::blank();
            if let Some(body_at) = scan_plain(bytes, &mut plain) {
                assert_eq!(head, Head::Message(Some(body_at)), "{}", bytes.escape_ascii());
                assert_eq!(format!("{plain:?}"), format!("{any:?}"), "{}", bytes.escape_ascii());
            }
            if let Some(peeked) = peek_plain(bytes) {
                assert_eq!(peek_any(bytes, ending), Ok(peeked), "{}", bytes.escape_ascii());
                if head != Head::Partial {
                    assert_eq!((any.start, any.call_id), peeked);
                }
            }
        }
    }

    const PIECES: &[&str] = &[
        "Via: SIP/2.0/UDP h:5060;branch=z9hG4bKa",
        "v: SIP/2.0/UDP h , SIP/2.0/TCP i",
        "From: \"A\" <sip:a@h>;tag=1",
        "To: <sip:b@h>",
        "t : sip:b@h;tag=2",
        "Call-ID: a@h",
        "CALL-ID:",
        "i:b",
        "Call-Info: x",
        "CSeq: 1 INVITE",
        "CSeq: x",
        "Contact: <sip:a@h>, <sip:b@h>",
        "Content-Length: 0",
        "Content-Length: 77777777777777",
        "User-Agent: x",
        "Server:y",
        "Max-Forwards: 70",
        "Reason: Q.850;cause=16, SIP;cause=200",
        "no colon",
        ":",
        " folded",
        "\tfolded",
        "\t",
        "\u{1}",
        "body",
    ];

    proptest! {
        /// The short way through a head ends where the long one does.
        #[test]
        fn plain_heads_are_read_as_all_others_are(
            start in prop::sample::select(vec![
                "INVITE sip:a@h SIP/2.0", "SIP/2.0 200 OK", "ACK sip:a@h SIP/2.0", "SIP/2.0  200 OK", "",
            ]),
            lines in prop::collection::vec((prop::sample::select(PIECES), prop::bool::weighted(0.9)), 0..14),
            end in prop::sample::select(vec!["\r\n\r\n", "\r\n\r\nCall-ID: c\r\n", "\r\n", "\n\n", "\r\n\r", "\r\n\r\n\r\n", ""]),
            odd in prop::sample::select(vec!["\n", "\r", "\r\n\r\n", "\r\n "]),
        ) {
            let mut bytes = start.as_bytes().to_vec();
            for (line, is_regular) in lines {
                bytes.extend_from_slice(if is_regular { "\r\n" } else { odd }.as_bytes());
                bytes.extend_from_slice(line.as_bytes());
            }
            bytes.extend_from_slice(end.as_bytes());
            check(&bytes);
        }
    }

    #[test]
    fn bounds_are_those_of_all_other_heads() {
        for n in [MAX_HEADERS - 1, MAX_HEADERS, MAX_HEADERS + 1] {
            for line in ["x\r\n", "x:\r\n", "Max-Forwards: 70\r\n"] {
                check(format!("SIP/2.0 200 OK\r\n{}Call-ID: a\r\n\r\n", line.repeat(n)).as_bytes());
            }
        }
        for n in [MAX_START_LINE - 15, MAX_START_LINE - 14, MAX_START_LINE] {
            check(format!("SIP/2.0 200 OK{}\r\nCall-ID: a\r\n\r\n", "x".repeat(n)).as_bytes());
        }
        for n in (65_480..65_560).chain([5_960, 6_000, 6_040]) {
            check(format!("SIP/2.0 200 OK\r\nX: {}\r\nCall-ID: a\r\n\r\nbody", "x".repeat(n)).as_bytes());
        }
    }
}
