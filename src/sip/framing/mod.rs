//! Cuts one direction of a stream into messages (RFC 3261 18.3): by Content-Length while in step,
//! by a search for the next start line when out of step.
//!
//! In: contiguous bytes, gaps and the end of one direction. Out: [`Framed`] items, each message in
//! the call that brought its last byte. Messages that lie whole within one call borrow from it;
//! otherwise the head alone is kept, 64 KiB at most, until its body has passed. Work is linear in the bytes,
//! however they are cut: a head is scanned when it may be whole, not again at each segment.
//!
//! Not here: the order of segments, and what a flow is that is not SIP.

mod resync;
mod search;
#[cfg(test)]
mod tests;

use memchr::memchr2;

use super::bytes::after;
use super::line::EmptyLine;
use super::scan::{Ending, Head, MAX_HEAD, MAX_START_LINE, content_length, scan_head};
use super::start_line::{FirstLine, Rejection, first_line};
use super::{Message, Oddity};

/// Greatest Content-Length that is believed on a stream, in bytes.
pub const MAX_BODY: u64 = 16 << 20;

/// What a stream held.
#[derive(Clone, Debug)]
pub enum Framed<'a> {
    /// A message, its last byte seen. `body` is all of it if it came in one piece with the head,
    /// else empty: whether there is one, Content-Length tells.
    Message(Message<'a>),
    /// A message whose header section never ended, with what was found of it.
    Truncated(Message<'a>),
    /// SIP that is not counted; passed over whole.
    Rejected(Rejection),
    /// Line ends between messages that no message followed at once (RFC 5626 4.4.1: CRLFCRLF asks
    /// whether the flow lives, CRLF answers).
    Keepalive,
    /// A search has ended: at the next message, or with the stream.
    Resync {
        /// Bytes passed over, at least 1.
        skipped: u64,
    },
}

/// The state of one direction.
#[derive(Debug, Default)]
pub struct Framer {
    state: State,
    /// The head under way, or the line that may become a start line.
    held: Vec<u8>,
    /// Bytes passed over by the search that is on.
    skipped: u64,
    /// A start line was met in step, or a message after a search.
    sip: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// A message must start here, after any CR and LF.
    #[default]
    Between,
    /// Within the head that `held` begins.
    Head { role: Role, line_done: bool, empty: EmptyLine },
    /// Within the body after the head in `held` (nothing, if rejected).
    Body { role: Role, left: u64 },
    /// Out of step.
    Lost { at_line_start: bool },
}

/// What a head is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A message in step.
    Message,
    /// One that a search found: it must have Via, CSeq and Call-ID.
    Candidate,
    /// Nothing: it is framed, not counted.
    Rejected,
}

impl Framer {
    /// Takes the next bytes, which follow the last ones without a gap.
    pub fn bytes(&mut self, data: &[u8], sink: &mut impl FnMut(Framed<'_>)) {
        let mut rest = data;
        while !rest.is_empty() {
            rest = match self.state {
                State::Between => self.between(rest, sink),
                State::Head { role, line_done: false, .. } => self.start_line(role, rest, sink),
                State::Head { role, empty, .. } => self.head(role, empty, rest, sink),
                State::Body { role, left } => self.body(role, left, rest, sink),
                State::Lost { at_line_start } => self.search(at_line_start, rest, sink),
            };
        }
    }

    /// `n` bytes are missing here. Within a body that goes on after them nothing is lost.
    pub fn gap(&mut self, n: u64, sink: &mut impl FnMut(Framed<'_>)) {
        if n == 0 {
            return;
        }
        self.settle(sink);
        if let State::Body { role, left } = self.state {
            if n < left {
                self.state = State::Body { role, left: left - n };
                return;
            }
            self.emit_held(None, sink);
            if n == left {
                self.state = State::Between;
                return;
            }
        }
        self.cut(sink);
        self.state = State::Lost { at_line_start: true };
    }

    /// The direction has ended (FIN, RST, end of input, eviction).
    pub fn end(&mut self, sink: &mut impl FnMut(Framed<'_>)) {
        self.settle(sink);
        if let State::Body { .. } = self.state {
            self.emit_held(Some(Oddity::ShortBody), sink);
        }
        self.cut(sink);
        if self.sip {
            self.resync(sink);
        }
        self.state = State::Between;
    }

    /// Whether the direction carries SIP; `None` before that shows. "No" may still become "yes":
    /// the search goes on.
    pub fn is_sip(&self) -> Option<bool> {
        match self {
            Self { sip: true, .. } => Some(true),
            Self { skipped: 1.., .. } => Some(false),
            _ => None,
        }
    }

    /// Bytes of memory held, 128 KiB at most.
    pub fn held(&self) -> usize {
        self.held.capacity()
    }

    fn between<'d>(&mut self, rest: &'d [u8], sink: &mut impl FnMut(Framed<'_>)) -> &'d [u8] {
        let blanks = rest.iter().take_while(|&&b| matches!(b, b'\r' | b'\n')).count();
        let rest = after(rest, blanks);
        if rest.is_empty() {
            sink(Framed::Keepalive);
            return rest;
        }
        self.begin(Role::Message, rest, sink)
    }

    /// A start line must begin here.
    fn begin<'d>(&mut self, role: Role, rest: &'d [u8], sink: &mut impl FnMut(Framed<'_>)) -> &'d [u8] {
        let mut message = Message::blank();
        match scan_head(rest, Ending::Open, &mut message) {
            Head::Message(Some(body_at)) => {
                let (head, rest) = rest.split_at(body_at);
                self.complete(role, head, message, rest, sink)
            }
            Head::Message(None) => {
                let (head, rest) = rest.split_at(rest.len().min(MAX_HEAD + 1));
                self.truncated(role, head, sink);
                self.state = State::Lost { at_line_start: head.last() == Some(&b'\n') };
                rest
            }
            Head::Rejected(Rejection::TooLong) | Head::NotSip => {
                self.state = State::Lost { at_line_start: true };
                rest
            }
            Head::Partial | Head::Rejected(_) => {
                self.state = State::Head { role, line_done: false, empty: EmptyLine::default() };
                rest
            }
        }
    }

    /// More of a first line, which decides what becomes of its head.
    fn start_line<'d>(&mut self, role: Role, rest: &'d [u8], sink: &mut impl FnMut(Framed<'_>)) -> &'d [u8] {
        let (line, rest) = rest.split_at(memchr2(b'\r', b'\n', rest).map_or(rest.len(), |n| n + 1));
        if self.held.len() + line.len() > MAX_START_LINE + 1 {
            self.skip(self.held.len() + line.len());
            self.held = Vec::new();
            self.state = State::Lost { at_line_start: line.last() == Some(&b'\n') };
            return rest;
        }
        self.held.extend_from_slice(line);
        let Some((&last @ (b'\r' | b'\n'), line)) = self.held.split_last() else { return rest };
        let role = match first_line(line, true) {
            FirstLine::Start { .. } => role,
            FirstLine::Rejected(why) if role == Role::Message => {
                sink(Framed::Rejected(why));
                Role::Rejected
            }
            _ => {
                self.skip(self.held.len());
                self.held = Vec::new();
                self.state = State::Lost { at_line_start: last == b'\n' };
                return rest;
            }
        };
        self.sip |= role != Role::Candidate;
        let empty = if last == b'\n' { EmptyLine::LineStart } else { EmptyLine::AfterCr };
        self.state = State::Head { role, line_done: true, empty };
        rest
    }

    /// More of a head whose first line is held.
    fn head<'d>(
        &mut self,
        role: Role,
        mut empty: EmptyLine,
        rest: &'d [u8],
        sink: &mut impl FnMut(Framed<'_>),
    ) -> &'d [u8] {
        let room = (MAX_HEAD + 1).saturating_sub(self.held.len());
        let piece = rest.get(..room).unwrap_or(rest);
        let end = empty.find(piece);
        let (piece, rest) = rest.split_at(end.unwrap_or(piece.len()));
        self.held.extend_from_slice(piece);
        if end.is_none() && self.held.len() <= MAX_HEAD {
            self.state = State::Head { role, line_done: true, empty };
            return rest;
        }
        self.whole_head(role, Ending::Whole, rest, sink)
    }

    /// What is held is a head, or too long for one; `rest` follows it.
    fn whole_head<'d>(
        &mut self,
        role: Role,
        ending: Ending,
        rest: &'d [u8],
        sink: &mut impl FnMut(Framed<'_>),
    ) -> &'d [u8] {
        let head = std::mem::take(&mut self.held);
        let at_line_start = head.last() == Some(&b'\n');
        if role == Role::Rejected {
            self.state = match content_length(&head) {
                Some(0) => State::Between,
                Some(left @ ..=MAX_BODY) => State::Body { role, left },
                _ => State::Lost { at_line_start },
            };
            return rest;
        }
        let mut message = Message::blank();
        match scan_head(&head, ending, &mut message) {
            Head::Message(Some(_)) => self.complete(role, &head, message, rest, sink),
            Head::Message(None) => {
                self.truncated(role, &head, sink);
                self.state = State::Lost { at_line_start };
                rest
            }
            // The first line was a start line when it was held.
            Head::Rejected(_) | Head::NotSip | Head::Partial => rest,
        }
    }

    /// `message` was read from the whole `head`; `rest` follows it.
    fn complete<'d: 'h, 'h>(
        &mut self,
        role: Role,
        head: &'h [u8],
        message: Message<'h>,
        rest: &'d [u8],
        sink: &mut impl FnMut(Framed<'_>),
    ) -> &'d [u8] {
        let Some((head, mut message)) = self.confirm(role, head, message, Ending::Whole, sink) else {
            self.state = State::Lost { at_line_start: true };
            return rest;
        };
        match message.content_length {
            Some(length @ ..=MAX_BODY) => {
                let Some(body) = usize::try_from(length).ok().and_then(|n| rest.get(..n)) else {
                    self.held = head.to_vec();
                    let left = length.saturating_sub(rest.len() as u64);
                    self.state = State::Body { role: Role::Message, left };
                    return &[];
                };
                message.body = body;
                sink(Framed::Message(message));
                self.state = State::Between;
                after(rest, body.len())
            }
            unusable => {
                if unusable.is_some() {
                    message.oddities.insert(Oddity::BadContentLength);
                } else if !message.oddities.contains(Oddity::BadContentLength) {
                    message.oddities.insert(Oddity::NoContentLength);
                }
                sink(Framed::Message(message));
                self.state = State::Lost { at_line_start: true };
                rest
            }
        }
    }

    fn body<'d>(
        &mut self,
        role: Role,
        left: u64,
        rest: &'d [u8],
        sink: &mut impl FnMut(Framed<'_>),
    ) -> &'d [u8] {
        let here = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
        let left = left.saturating_sub(here as u64);
        self.state = State::Body { role, left };
        if left == 0 {
            self.emit_held(None, sink);
            self.state = State::Between;
        }
        after(rest, here)
    }

    /// If the head has ended but for an LF that may belong to its end, it has ended.
    fn settle(&mut self, sink: &mut impl FnMut(Framed<'_>)) {
        if let State::Head { role, line_done: true, empty } = self.state
            && empty.has_ended()
        {
            self.whole_head(role, Ending::Cut, &[], sink);
        }
    }

    /// Reports the message whose head is held; nothing if it was rejected.
    fn emit_held(&mut self, oddity: Option<Oddity>, sink: &mut impl FnMut(Framed<'_>)) {
        let head = std::mem::take(&mut self.held);
        let mut message = Message::blank();
        if let Head::Message(_) = scan_head(&head, Ending::Whole, &mut message) {
            if let Some(oddity) = oddity {
                message.oddities.insert(oddity);
            }
            sink(Framed::Message(message));
        }
    }

    fn resync(&mut self, sink: &mut impl FnMut(Framed<'_>)) {
        if self.skipped > 0 {
            sink(Framed::Resync { skipped: self.skipped });
            self.skipped = 0;
        }
    }

    fn skip(&mut self, n: usize) {
        self.skipped = self.skipped.saturating_add(n as u64);
    }
}
