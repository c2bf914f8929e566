//! Finds the next start line in a stream that is out of step.
//!
//! In: bytes of a stream, and whether they begin at the start of a line. Out: where a line begins
//! that is a start line, or what to keep until more bytes come. Looks for the version only, so
//! that a stream of something else costs next to nothing; each line is read at most once.

use memchr::{memchr, memmem, memrchr};

use crate::sip::bytes::after;
use crate::sip::line::line_end;
use crate::sip::scan::MAX_START_LINE;
use crate::sip::start_line::{FirstLine, first_line};

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A start line begins at the offset, and ends within the bytes.
    Start(usize),
    /// The bytes end in a line that begins at the offset and may become a start line.
    Tail(usize),
    /// Nothing. What follows is at the start of a line, or not.
    Nothing { at_line_start: bool },
}

/// Searches all of `bytes`. A line starts after an LF (a CR alone may stand in any text).
pub(super) fn find_start(bytes: &[u8], at_line_start: bool) -> Found {
    const VERSION: &[u8] = b"/2.0";
    let version = memmem::Finder::new(VERSION);
    // Lines before `from` are done with; `whole` if a line starts there.
    let (mut from, mut whole) = (0, at_line_start);
    let mut at = 0;
    while let Some(found) = version.find(after(bytes, at)).map(|n| at + n) {
        at = found + VERSION.len();
        let name = found.saturating_sub(3);
        if name < from || !bytes.get(name..found).is_some_and(|name| name.eq_ignore_ascii_case(b"SIP")) {
            continue;
        }
        let line = match memrchr(b'\n', bytes.get(from..name).unwrap_or_default()) {
            Some(n) => Some(from + n + 1),
            None => whole.then_some(from),
        };
        match line {
            Some(line) if is_start_line(after(bytes, line)) => return Found::Start(line),
            Some(line) if line_end(bytes, line).is_none() => break,
            _ => {}
        }
        match memchr(b'\n', after(bytes, at)) {
            Some(n) => (from, whole, at) = (at + n + 1, true, at + n + 1),
            None => return Found::Nothing { at_line_start: false },
        }
    }
    let tail = match memrchr(b'\n', after(bytes, from)) {
        Some(n) => from + n + 1,
        None if whole => from,
        None => return Found::Nothing { at_line_start: false },
    };
    match after(bytes, tail) {
        [] => Found::Nothing { at_line_start: true },
        // Too long, or ended by a CR, and no start line.
        line if line.len() > MAX_START_LINE || line_end(line, 0).is_some() => {
            Found::Nothing { at_line_start: false }
        }
        line => match first_line(line, false) {
            FirstLine::Start { .. } | FirstLine::Partial => Found::Tail(tail),
            FirstLine::Rejected(_) | FirstLine::NotSip => Found::Nothing { at_line_start: false },
        },
    }
}

/// Offset of the last start line in `head` after the line that it begins with.
pub(super) fn last_start(head: &[u8]) -> Option<usize> {
    let mut last = None;
    let mut from = line_end(head, 0)?.next;
    while let Found::Start(n) = find_start(after(head, from), true) {
        last = Some(from + n);
        from = line_end(head, from + n)?.next;
    }
    last
}

/// Whether the line that `bytes` begin with is whole and a start line.
fn is_start_line(bytes: &[u8]) -> bool {
    line_end(bytes, 0).is_some_and(|end| {
        end.at <= MAX_START_LINE
            && matches!(first_line(bytes.get(..end.at).unwrap_or_default(), true), FirstLine::Start { .. })
    })
}

#[cfg(test)]
mod tests {
    use super::Found::{Nothing, Start, Tail};
    use super::*;

    fn check(bytes: &[u8], at_line_start: bool, expected: Found) {
        assert_eq!(find_start(bytes, at_line_start), expected, "{}", bytes.escape_ascii());
    }

    #[test]
    fn start_lines_are_found_at_starts_of_lines_only() {
        let line = b"SIP/2.0 200 OK\r\nVia: x";
        check(line, true, Start(0));
        check(line, false, Nothing { at_line_start: false });
        check(b"a=b\r\nBYE sip:a SIP/2.0\r\n", false, Start(5));
        check(b"x\nsip/2.0 180\n", false, Start(2));
        check(b"x /2.0\nVia: SIP/2.0/UDP h\nSIP/2.0 200\n", true, Start(26));
        check(b"x SIP/2.0 200 OK\r\n", true, Nothing { at_line_start: true });
        check(b"\rSIP/2.0 200 OK\r\n", false, Nothing { at_line_start: true });
        check(b"SIP/2.0 999 No\r\nSIP/3.0 200 No\r\n/2.0\r\n", true, Nothing { at_line_start: true });
    }

    #[test]
    fn only_a_line_that_may_become_a_start_line_is_kept() {
        check(b"x\r\nSIP/2.0 2", false, Tail(3));
        check(b"x\r\nSIP/2.0 200 O", false, Tail(3));
        check(b"x\r\nINVITE sip:a@h", false, Tail(3));
        check(b"x\r\nINVITE sip:a@h\r", false, Nothing { at_line_start: false });
        check(b"x\r\nS", false, Tail(3));
        check(b"INVITE", true, Tail(0));
        check(b"INVITE", false, Nothing { at_line_start: false });
        check(b"x\r\n{\"json\": 1}", false, Nothing { at_line_start: false });
        check(b"x\r\nHost: h", false, Nothing { at_line_start: false });
        check(b"\x17\x03\x03\x01\x00", true, Nothing { at_line_start: false });
        check(
            &[b"INVITE sip:", &[b'a'; MAX_START_LINE][..]].concat(),
            true,
            Nothing { at_line_start: false },
        );
        check(b"", true, Nothing { at_line_start: true });
    }

    #[test]
    fn the_last_start_line_of_a_head_counts() {
        assert_eq!(last_start(b"SIP/2.0 200 OK\r\nVia: a\r\n\r\n"), None);
        assert_eq!(last_start(b"SIP/2.0 200 OK\r\nSIP/2.0 180 R\r\nBYE a SIP/2.0\r\nx: y\r\n\r\n"), Some(31));
    }

    #[test]
    fn a_line_full_of_versions_is_read_once() {
        for piece in [&b"SIP/2.0 "[..], b"SIP/2.0", b"/2.0"] {
            let long = piece.repeat(4 << 20 >> 3);
            for at_line_start in [true, false] {
                find_start(&long, at_line_start);
            }
        }
    }
}
