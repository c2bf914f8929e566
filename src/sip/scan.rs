//! One linear pass over a message's head: the start line, then each header line with its folds, to
//! the first empty line (RFC 3261 7).
//!
//! In: bytes that begin where a message must begin, and what their end means. Out: the message and
//! where its body begins, or why there is none. Allocates nothing for a message of usual size.
//!
//! Where a message was cut, nothing is believed that touches the cut: not a value, nor a header
//! line whose next line was not seen, for a fold may follow (`To: <sip:a@h>` CRLF `;tag=x`). So a
//! field of a cut message is either the whole message's or absent.

use super::bytes::{is_blank, trim};
use super::collect::Collector;
use super::header::{self, Header};
use super::line::{LineEnd, end_at, line_end};
use super::plain::{peek_plain, scan_plain};
use super::start_line::{FirstLine, Rejection, first_line};
use super::{Message, Oddity, Start};

/// Greatest length of a start line, in bytes.
pub const MAX_START_LINE: usize = 8 << 10;
/// Greatest length of start line and header section, in bytes.
pub const MAX_HEAD: usize = 64 << 10;
/// Header lines that are read; folds belong to their line.
pub const MAX_HEADERS: usize = 2000;

/// What the end of the bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The end of what was sent.
    Whole,
    /// A place where the rest was lost.
    Cut,
    /// All there is so far.
    Open,
}

/// What the bytes begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// A message. Its body begins at the offset; `None` if the header section did not end.
    Message(Option<usize>),
    /// SIP that is not counted.
    Rejected(Rejection),
    /// Something else.
    NotSip,
    /// They end too early. Of `Cut` bytes: within the start line. Of `Open` bytes: within the head.
    Partial,
}

/// Reads the head at the start of `bytes` into `message`, which is new. The message is meaningful
/// only if the answer is [`Head::Message`].
#[inline(always)]
pub(super) fn scan_head<'a>(bytes: &'a [u8], ending: Ending, message: &mut Message<'a>) -> Head {
    match scan_plain(bytes, message) {
        Some(body_at) => Head::Message(Some(body_at)),
        None => {
            *message = Message::blank();
            scan_any(bytes, ending, message)
        }
    }
}

/// [`scan_head`] for heads of any kind.
#[inline(never)]
pub(super) fn scan_any<'a>(bytes: &'a [u8], ending: Ending, message: &mut Message<'a>) -> Head {
    let Opening { bytes, ending, too_long, start_end, start, lenient } = match open(bytes, ending) {
        Ok(opening) => opening,
        Err(head) => return head,
    };
    message.start = start;
    let mut collector = Collector::new(message);
    let mut lines = 0;
    let mut end = None;
    if let Some(start_end) = start_end {
        let mut section = Section { bytes, at: start_end.next, lines: 0 };
        end = section.read(start_end, ending, &mut collector);
        lines = section.lines;
    }
    if end.is_none() && ending == Ending::Open {
        return Head::Partial;
    }
    let is_response = matches!(start, Start::Response { .. });
    let all_seen = end.is_some() || ending == Ending::Whole;
    for (oddity, holds) in [
        (Oddity::LenientLine, lenient),
        (Oddity::BareStatusLine, all_seen && lines == 0 && is_response),
        (Oddity::TooLong, end.is_none() && too_long),
        (Oddity::Truncated, end.is_none() && !too_long && !(all_seen && lines == 0 && is_response)),
    ] {
        if holds {
            collector.flag(oddity);
        }
    }
    collector.finish(all_seen);
    message.head = bytes.get(..end.map_or(bytes.len(), |end| end.at)).unwrap_or_default();
    Head::Message(end.map(|end| end.next))
}

/// The message, known to be one, that `bytes` begin with: its start line and its Call-ID, and
/// nothing after that. Or what [`scan_head`] would say.
#[inline(always)]
pub(super) fn peek_head(bytes: &[u8], ending: Ending) -> Result<(Start<'_>, Option<&[u8]>), Head> {
    peek_plain(bytes).map_or_else(|| peek_any(bytes, ending), Ok)
}

/// [`peek_head`] for heads of any kind.
#[inline(never)]
pub(super) fn peek_any(bytes: &[u8], ending: Ending) -> Result<(Start<'_>, Option<&[u8]>), Head> {
    let Opening { bytes, ending, start_end, start, .. } = open(bytes, ending)?;
    let mut call_id = CallId(None);
    if let Some(end) = start_end {
        Section { bytes, at: end.next, lines: 0 }.read(end, ending, &mut call_id);
    }
    Ok((start, call_id.0.flatten()))
}

/// A head up to the end of its start line.
struct Opening<'a> {
    bytes: &'a [u8],
    ending: Ending,
    too_long: bool,
    start_end: Option<LineEnd>,
    start: Start<'a>,
    lenient: bool,
}

/// Reads the start line; what is no message is an error.
fn open(bytes: &[u8], ending: Ending) -> Result<Opening<'_>, Head> {
    // Beyond the bound is a cut like any other.
    let (bytes, ending, too_long) = match bytes.get(..MAX_HEAD) {
        Some(clipped) if bytes.len() > MAX_HEAD => (clipped, Ending::Cut, true),
        _ => (bytes, ending, false),
    };
    let start_end = line_end(bytes, 0);
    let line = bytes.get(..start_end.map_or(bytes.len(), |end| end.at)).unwrap_or_default();
    let (start, lenient) = match first_line(line, start_end.is_some() || ending == Ending::Whole) {
        FirstLine::NotSip => return Err(Head::NotSip),
        _ if line.len() > MAX_START_LINE => return Err(Head::Rejected(Rejection::TooLong)),
        FirstLine::Start { start, lenient } => (start, lenient),
        FirstLine::Rejected(why) => return Err(Head::Rejected(why)),
        FirstLine::Partial => return Err(Head::Partial),
    };
    Ok(Opening { bytes, ending, too_long, start_end, start, lenient })
}

/// Content-Length of a head whose start line was rejected; `None` as in [`Message`], and if the head
/// never ends.
pub(super) fn content_length(head: &[u8]) -> Option<u64> {
    let mut message = Message::blank();
    let mut collector = Collector::new(&mut message);
    let end = line_end(head, 0)?;
    Section { bytes: head, at: end.next, lines: 0 }.read(end, Ending::Cut, &mut collector)?;
    collector.finish(false);
    message.content_length
}

/// Takes the lines of a header section.
pub(super) trait Lines<'a> {
    /// One whole header line, folds inside; whether to go on.
    fn line(&mut self, line: &'a [u8]) -> bool;
    /// The line in which the message was cut.
    fn cut_line(&mut self, line: &'a [u8]);
    /// Something that the lines do not show.
    fn flag(&mut self, oddity: Oddity);
}

/// Looks for the Call-ID: the first one, even if it is empty, as messages have it.
pub(super) struct CallId<'a>(pub(super) Option<Option<&'a [u8]>>);

impl<'a> Lines<'a> for CallId<'a> {
    #[inline(always)]
    fn line(&mut self, line: &'a [u8]) -> bool {
        if may_be_call_id(line)
            && let Some((Header::CallId, value)) = header::usual(line).or_else(|| header::split(line))
        {
            let value = trim(value);
            self.0 = Some((!value.is_empty()).then_some(value));
        }
        self.0.is_none()
    }

    fn cut_line(&mut self, _: &'a [u8]) {}

    fn flag(&mut self, _: Oddity) {}
}

/// Whether `line` may be a Call-ID by the first letters of its name.
#[inline(always)]
fn may_be_call_id(line: &[u8]) -> bool {
    let name = |letters: &[u8; 4]| u32::from_le_bytes(*letters) | 0x2020_2020;
    match line.first_chunk() {
        Some(letters) if name(letters) == name(b"call") => true,
        _ => matches!(line, [b'i' | b'I', b':' | b' ' | b'\t', ..]),
    }
}

/// The header section being read.
struct Section<'a> {
    bytes: &'a [u8],
    /// Where the next line begins.
    at: usize,
    /// Lines that were read.
    lines: usize,
}

impl<'a> Section<'a> {
    /// Reads the lines after the one that ends at `before`, to the empty line; `None` if there is
    /// none, or the reader had enough.
    fn read(&mut self, before: LineEnd, ending: Ending, reader: &mut impl Lines<'a>) -> Option<LineEnd> {
        self.note_bare_cr(before, ending, reader);
        loop {
            let at = self.at;
            if matches!(self.bytes.get(at)?, b'\r' | b'\n') {
                let end = end_at(self.bytes, at);
                // After a CR that ends open bytes an LF may come.
                if ending == Ending::Open && self.bytes.get(at..) == Some(b"\r") {
                    return None;
                }
                self.note_bare_cr(end, ending, reader);
                return Some(LineEnd { next: end.next.min(self.bytes.len()), ..end });
            }
            let end = self.header_end(ending, reader);
            let line = self.bytes.get(at..end.map_or(self.bytes.len(), |end| end.at)).unwrap_or_default();
            self.lines += 1;
            if self.lines > MAX_HEADERS {
                reader.flag(Oddity::TooManyHeaders);
            } else if end.is_some() || ending == Ending::Whole {
                if !reader.line(line) {
                    return None;
                }
            } else {
                reader.cut_line(line);
            }
            self.at = end?.next;
        }
    }

    /// The end of the next header, folds included; `None` if it is not seen. It takes the next line
    /// to see it.
    fn header_end(&self, ending: Ending, reader: &mut impl Lines<'a>) -> Option<LineEnd> {
        let mut from = self.at;
        loop {
            let end = line_end(self.bytes, from)?;
            self.note_bare_cr(end, ending, reader);
            match self.bytes.get(end.next) {
                Some(&b) if is_blank(b) => from = end.next,
                Some(_) => return Some(end),
                None => return (ending == Ending::Whole).then_some(end),
            }
        }
    }

    fn note_bare_cr(&self, end: LineEnd, ending: Ending, reader: &mut impl Lines<'a>) {
        let ends_all = ending == Ending::Whole && self.bytes.get(end.at..) == Some(b"\r");
        if end.bare_cr || ends_all {
            reader.flag(Oddity::BareCr);
        }
    }
}
