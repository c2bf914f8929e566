//! WebSocket (RFC 6455), the carrier of SIP to and from browsers (RFC 7118).
//!
//! In: the bytes of one direction of a stream, in order, and its gaps. Out: whole messages,
//! unmasked, joined and inflated. A direction is taken for WebSocket after an HTTP upgrade, or in
//! the middle where a frame stands whose message starts as the caller expects. Each direction
//! stands for itself: a frame says whether it is masked and compressed, and compressed messages
//! can be read without knowing what was negotiated (RFC 7692), as long as none is missed.

mod head;

use std::mem::take;

use self::head::{Header, MAX_HEADER, PEEK, Parsed, frame_header, frame_starts_like, http_start, upgrade};
use super::inflate::Inflater;
use crate::anomaly::Anomaly;

/// Bytes of an HTTP head that are kept to find its end.
pub const MAX_HEAD: usize = 16 << 10;
/// Bytes of a message on the wire; longer ones are passed over.
pub const MAX_MESSAGE: usize = 256 << 10;
/// Bytes of a message after inflating.
pub const MAX_INFLATED: usize = 1 << 20;

/// What a reader found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A message, or with `cut` its first bytes: the rest was not captured.
    Message {
        /// Unmasked, joined, inflated.
        bytes: &'a [u8],
        /// There was more of it.
        cut: bool,
    },
    /// A message that can't be given, or a place where no frame was found, and why.
    Unread(Anomaly),
}

/// What a reader takes its direction for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// HTTP, which may yet turn to WebSocket, or WebSocket without a message so far that starts as
    /// expected.
    Undecided,
    /// WebSocket with messages that the caller is after.
    WebSocket,
    /// Something else; the reader goes on looking at the start of each push.
    Other,
}

/// Reads one direction.
#[derive(Debug)]
pub struct Reader {
    starts_like: fn(&[u8]) -> bool,
    phase: Phase,
    /// An HTTP head or frame header that is not complete yet.
    partial: Vec<u8>,
    /// The frame whose payload comes now.
    frame: Option<Frame>,
    /// The message whose frames come now.
    message: Option<Message>,
    /// The context of compressed messages.
    inflater: Option<Box<Inflater>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Other,
    Http,
    /// `known` once it is sure that the frames carry what the caller is after.
    Frames {
        known: bool,
    },
}

const KNOWN: Phase = Phase::Frames { known: true };

#[derive(Clone, Copy, Debug)]
struct Frame {
    header: Header,
    /// Payload bytes still to come.
    rest: u64,
}

#[derive(Debug, Default)]
struct Message {
    bytes: Vec<u8>,
    compressed: bool,
    /// What follows `bytes` was not captured.
    cut: bool,
    /// Why it can't be given.
    unread: Option<Anomaly>,
}

/// Whether a direction with `bytes` at a place where something may start is worth a [`Reader`]:
/// they begin an HTTP upgrade request or its answer, or a frame whose message starts as
/// `starts_like` says of its first bytes.
pub fn begins(bytes: &[u8], starts_like: fn(&[u8]) -> bool) -> bool {
    http_start(bytes) || frame_starts_like(bytes, starts_like)
}

impl Reader {
    /// A reader of messages that start as `starts_like` says of their first bytes.
    pub fn new(starts_like: fn(&[u8]) -> bool) -> Self {
        Self {
            starts_like,
            phase: Phase::Other,
            partial: Vec::new(),
            frame: None,
            message: None,
            inflater: None,
        }
    }

    /// The next bytes.
    pub fn push(&mut self, mut bytes: &[u8], sink: &mut impl FnMut(Item<'_>)) -> Reading {
        while !bytes.is_empty() {
            bytes = match (self.phase, self.frame) {
                (Phase::Other, _) if http_start(bytes) => {
                    self.phase = Phase::Http;
                    bytes
                }
                (Phase::Other, _) if frame_starts_like(bytes, self.starts_like) => {
                    self.phase = KNOWN;
                    bytes
                }
                (Phase::Other, _) => break,
                (Phase::Http, _) => self.http(bytes),
                (Phase::Frames { .. }, None) => self.header(bytes, sink),
                (Phase::Frames { .. }, Some(frame)) => self.payload(frame, bytes, sink),
            };
        }
        match self.phase {
            Phase::Other => Reading::Other,
            Phase::Http | Phase::Frames { known: false } => Reading::Undecided,
            Phase::Frames { known: true } => Reading::WebSocket,
        }
    }

    /// So many bytes of the direction are missing here.
    pub fn gap(&mut self, count: u64, sink: &mut impl FnMut(Item<'_>)) {
        match self.frame {
            // Within the payload of a frame: its end is still known.
            Some(Frame { header, rest }) if count <= rest => {
                if let Some(message) = self.message.as_mut().filter(|_| header.is_data()) {
                    message.cut = true;
                }
                self.passed(header, rest - count, sink);
            }
            _ => self.lose(sink),
        }
    }

    /// Nothing more comes.
    pub fn end(&mut self, sink: &mut impl FnMut(Item<'_>)) {
        self.cut(sink);
        *self = Self::new(self.starts_like);
    }

    /// Memory it holds; 0 between messages, unless they are compressed.
    pub fn held(&self) -> usize {
        self.partial.len()
            + self.frame.map_or(0, |_| size_of::<Frame>())
            + self.message.as_ref().map_or(0, |message| size_of::<Message>() + message.bytes.len())
            + self.inflater.as_ref().map_or(0, |_| Inflater::MEMORY)
    }

    /// Collects an HTTP head; returns what follows it.
    fn http<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        const END: &[u8] = b"\r\n\r\n";
        let known = self.partial.len();
        let room = MAX_HEAD.saturating_sub(known).min(bytes.len());
        self.partial.extend_from_slice(&bytes[..room]);
        let from = known.saturating_sub(END.len() - 1);
        let Some(at) = memchr::memmem::find(&self.partial[from..], END) else {
            if self.partial.len() >= MAX_HEAD {
                self.partial = Vec::new();
                self.phase = Phase::Other;
            }
            return &[];
        };
        let end = from + at + END.len();
        let head = take(&mut self.partial);
        self.phase = match upgrade(&head[..end]) {
            Some(known) => Phase::Frames { known },
            None => Phase::Other,
        };
        bytes.get(end - known..).unwrap_or(&[])
    }

    /// Collects a frame header; returns what follows it.
    fn header<'a>(&mut self, bytes: &'a [u8], sink: &mut impl FnMut(Item<'_>)) -> &'a [u8] {
        let known = self.partial.len();
        let mut parsed = frame_header(bytes);
        if known > 0 {
            let more = (MAX_HEADER - known.min(MAX_HEADER)).min(bytes.len());
            self.partial.extend_from_slice(&bytes[..more]);
            parsed = frame_header(&self.partial);
        }
        match parsed {
            Parsed::Complete(header, end) => {
                self.partial = Vec::new();
                if header.begins() {
                    self.cut(sink);
                    self.message = Some(Message { compressed: header.compressed, ..Message::default() });
                } else if header.is_data() {
                    // The first frames of this message were not captured.
                    let headless = || Message { unread: Some(Anomaly::Resync), ..Message::default() };
                    self.message.get_or_insert_with(headless);
                }
                self.passed(header, header.length, sink);
                bytes.get(end - known..).unwrap_or(&[])
            }
            Parsed::Partial => {
                if known == 0 {
                    self.partial = bytes.to_vec();
                }
                &[]
            }
            Parsed::Malformed => {
                self.lose(sink);
                bytes
            }
        }
    }

    /// Takes payload of `frame`; returns what follows it.
    fn payload<'a>(&mut self, frame: Frame, bytes: &'a [u8], sink: &mut impl FnMut(Item<'_>)) -> &'a [u8] {
        let Frame { header, rest } = frame;
        let (part, after) = bytes.split_at(rest.min(bytes.len() as u64) as usize);
        if header.is_data()
            && let Some(message) = &mut self.message
        {
            let whole = header.fin && part.len() as u64 == header.length;
            if whole && header.mask.is_none() && message.is_plain_and_empty() {
                // Nothing to join, unmask or inflate: no copy.
                self.message = None;
                self.give(part, false, sink);
            } else {
                message.append(header, part, header.length - rest);
                let plain = !message.compressed && message.bytes.len() >= PEEK;
                if self.phase != KNOWN && plain && !(self.starts_like)(&message.bytes) {
                    // Not worth keeping. The reason is never told.
                    *message = Message { unread: Some(Anomaly::TooLong), ..Message::default() };
                }
            }
        }
        self.passed(header, rest - part.len() as u64, sink);
        after
    }

    /// Goes on within or after a frame of which `rest` payload bytes are still to come.
    fn passed(&mut self, header: Header, rest: u64, sink: &mut impl FnMut(Item<'_>)) {
        self.frame = (rest > 0).then_some(Frame { header, rest });
        if self.frame.is_some() {
            return;
        }
        if header.is_data() && header.fin {
            self.finish(sink);
        }
        if header.opcode == 8 {
            self.cut(sink);
            self.phase = Phase::Other;
            self.inflater = None;
        }
    }

    /// The last frame of a message ended.
    fn finish(&mut self, sink: &mut impl FnMut(Item<'_>)) {
        let Some(Message { bytes, compressed, cut, unread }) = self.message.take() else { return };
        match unread {
            Some(why) => self.unread(why, sink),
            None if !compressed => self.give(&bytes, cut, sink),
            None => {
                // Without all of this message those that refer to it can't be read either.
                let inflater = self.inflater.take().filter(|_| !cut);
                let mut inflater = inflater.unwrap_or_else(|| Box::new(Inflater::new()));
                match inflater.message(&bytes, MAX_INFLATED).filter(|_| !cut) {
                    Some(bytes) => {
                        self.inflater = Some(inflater);
                        self.give(&bytes, false, sink);
                    }
                    None => self.unread(Anomaly::WsCompressed, sink),
                }
            }
        }
    }

    /// Ends a message whose rest will not come.
    fn cut(&mut self, sink: &mut impl FnMut(Item<'_>)) {
        if let Some(message) = &mut self.message {
            message.cut = true;
            self.finish(sink);
        }
        self.frame = None;
    }

    /// Frames are not found any more.
    fn lose(&mut self, sink: &mut impl FnMut(Item<'_>)) {
        self.cut(sink);
        if self.phase != Phase::Other {
            self.unread(Anomaly::Resync, sink);
        }
        self.phase = Phase::Other;
        self.partial = Vec::new();
        self.inflater = None;
    }

    fn unread(&self, why: Anomaly, sink: &mut impl FnMut(Item<'_>)) {
        if self.phase == KNOWN {
            sink(Item::Unread(why));
        }
    }

    fn give(&mut self, bytes: &[u8], cut: bool, sink: &mut impl FnMut(Item<'_>)) {
        if self.phase == KNOWN || (self.starts_like)(bytes) {
            self.phase = KNOWN;
            sink(Item::Message { bytes, cut });
        }
    }
}

impl Message {
    fn is_plain_and_empty(&self) -> bool {
        self.bytes.is_empty() && !self.compressed && !self.cut && self.unread.is_none()
    }

    fn append(&mut self, header: Header, part: &[u8], offset: u64) {
        if self.cut || self.unread.is_some() {
            return;
        }
        if self.bytes.len() + part.len() > MAX_MESSAGE {
            *self = Self { unread: Some(Anomaly::TooLong), ..Self::default() };
            return;
        }
        header.unmask(part, offset, &mut self.bytes);
    }
}

#[cfg(test)]
mod tests;
