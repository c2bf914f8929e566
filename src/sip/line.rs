//! Where lines end: CRLF by rule (RFC 3261 7), LF and CR alone as the field sends them.
//!
//! In: bytes of a head. Out: ends of lines, and the end of the header section, searched for once
//! even if the bytes come in pieces. Folds are not joined here.

use memchr::memchr2;

use super::lanes::Set;

/// The end of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LineEnd {
    /// Offset of the CR or LF.
    pub(super) at: usize,
    /// Offset of the next line.
    pub(super) next: usize,
    /// A CR without LF ended it. Not known, hence false, where the bytes end with the CR.
    pub(super) bare_cr: bool,
}

/// The end of the line that holds `bytes[from]`; `None` if it does not end here.
pub(super) fn line_end(bytes: &[u8], from: usize) -> Option<LineEnd> {
    let at = from + Set::of(*b"\r\n").find(bytes.get(from..)?)?;
    Some(end_at(bytes, at))
}

/// The line end whose first byte, a CR or LF, is at `at`.
pub(super) fn end_at(bytes: &[u8], at: usize) -> LineEnd {
    match (bytes.get(at), bytes.get(at + 1)) {
        (Some(b'\r'), Some(b'\n')) => LineEnd { at, next: at + 2, bare_cr: false },
        (Some(b'\r'), Some(_)) => LineEnd { at, next: at + 1, bare_cr: true },
        _ => LineEnd { at, next: at + 1, bare_cr: false },
    }
}

/// The search for the first empty line, which may go on from one piece of bytes to the next. Each
/// byte is looked at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum EmptyLine {
    /// Within a line that holds something.
    #[default]
    InLine,
    /// After the CR that ended such a line.
    AfterCr,
    /// At the start of a line.
    LineStart,
    /// After a CR at the start of a line: the section has ended, perhaps an LF belongs to it.
    EmptyCr,
}

impl EmptyLine {
    /// Offset in `piece` just after the empty line; `None` if `piece` does not tell.
    pub(super) fn find(&mut self, piece: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(&b) = piece.get(at) {
            match (*self, b) {
                (Self::EmptyCr | Self::LineStart, b'\n') => return Some(at + 1),
                (Self::EmptyCr, _) => return Some(at),
                (Self::InLine, b'\r') => *self = Self::AfterCr,
                (Self::InLine | Self::AfterCr, b'\n') => *self = Self::LineStart,
                (Self::AfterCr | Self::LineStart, b'\r') => *self = Self::EmptyCr,
                (Self::InLine | Self::AfterCr | Self::LineStart, _) => {
                    *self = Self::InLine;
                    at += memchr2(b'\r', b'\n', piece.get(at..)?)?;
                    continue;
                }
            }
            at += 1;
        }
        None
    }

    /// Whether the section has ended, unless an LF comes to belong to its end.
    pub(super) fn has_ended(self) -> bool {
        self == Self::EmptyCr
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_by_crlf_lf_or_cr() {
        let end = |at, next, bare_cr| Some(LineEnd { at, next, bare_cr });
        for (bytes, expected) in [
            (&b"a\r\nb"[..], end(1, 3, false)),
            (b"a\nb", end(1, 2, false)),
            (b"a\rb", end(1, 2, true)),
            (b"a\r", end(1, 2, false)),
            (b"ab", None),
            (b"", None),
            (b"\x0b\t\xff\x8dfifteen-and-more\t\0-than-that\x0e\nb", end(33, 34, false)),
        ] {
            assert_eq!(line_end(bytes, 0), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn the_empty_line_is_found_whatever_the_line_ends_and_the_pieces() {
        for (bytes, expected) in [
            (&b"a\r\n\r\nx"[..], Some(5)),
            (b"a\n\nx", Some(3)),
            (b"a\r\n\nx", Some(4)),
            (b"a\n\r\nx", Some(4)),
            (b"a\r\rx", Some(3)),
            (b"a\r\n \r\nb\r\n\r\n", Some(11)),
            (b"a\r\n\r", None),
            (b"a\r\nb\r\n", None),
        ] {
            assert_eq!(EmptyLine::default().find(bytes), expected, "{}", bytes.escape_ascii());
            let mut bytewise = EmptyLine::default();
            let mut found = None;
            for (i, b) in bytes.iter().enumerate() {
                if let Some(end) = bytewise.find(&[*b]) {
                    found = Some(i + end);
                    break;
                }
            }
            assert_eq!(found, expected, "{} byte by byte", bytes.escape_ascii());
        }
    }
}
