//! One datagram, one message (RFC 3261 7.5, 18.3). Also messages of WebSocket and SCTP, which
//! frame them alike.
//!
//! In: a payload, and whether it was cut. Out: its message, or why there is none. What lies beyond
//! Content-Length is noise, whatever it looks like; the body is never searched.

use super::bytes::{after, is_blank, is_token, starts_with_ignore_case, token_len};
use super::scan::{Ending, Head, peek_head, scan_head};
use super::start_line::{MAX_METHOD, Rejection};
use super::{Message, Method, Oddities, Oddity, Start};

/// Bytes before the start line that are skipped.
pub const MAX_LEADING: usize = 64;

/// What a datagram holds.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "passed on at once, never stored")]
pub enum Scan<'a> {
    /// A message.
    Message(Message<'a>),
    /// SIP that is not counted.
    Rejected(Rejection),
    /// The datagram was cut within what looks like a start line: a message, but not which.
    Partial,
    /// Something else.
    NotSip,
}

impl Scan<'_> {
    /// To be filled by [`scan_into`].
    #[inline(always)]
    pub fn blank() -> Self {
        Self::Message(Message::blank())
    }
}

/// Whether `payload` may begin with a start line: cheap enough for every packet, never false for
/// what [`scan_datagram`] would take.
#[inline]
pub fn looks_like_sip(payload: &[u8]) -> bool {
    match payload.first() {
        Some(&b) if is_token(b) => begins_like_sip(payload),
        Some(&b) if is_leading(b) => begins_like_sip(after(payload, leading(payload))),
        _ => false,
    }
}

/// Reads a datagram. `cut` if bytes of it are missing at its end (snap length, lost fragments).
pub fn scan_datagram(payload: &[u8], cut: bool) -> Scan<'_> {
    let mut scan = Scan::blank();
    scan_into(payload, cut, &mut scan);
    scan
}

/// [`scan_datagram`] into `scan`, which is [`Scan::blank`]: a message is a kilobyte to move.
pub fn scan_into<'a>(payload: &'a [u8], cut: bool, scan: &mut Scan<'a>) {
    let Scan::Message(message) = scan else { return };
    let leading = leading(payload);
    let bytes = after(payload, leading);
    match scan_head(bytes, if cut { Ending::Cut } else { Ending::Whole }, message) {
        Head::Message(body_at) => {
            if leading > 0 {
                message.oddities.insert(Oddity::LeadingBytes);
            }
            if let Some(body_at) = body_at {
                take_body(after(bytes, body_at), message);
            }
        }
        Head::Rejected(why) => *scan = Scan::Rejected(why),
        Head::Partial if names_sip(bytes) => *scan = Scan::Partial,
        Head::Partial | Head::NotSip => *scan = Scan::NotSip,
    }
}

/// What a datagram holds, as far as its start line and Call-ID tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peek<'a> {
    /// A message.
    Message {
        /// Its start line.
        start: Start<'a>,
        /// Its Call-ID, if it has one.
        call_id: Option<&'a [u8]>,
    },
    /// SIP that is not counted.
    Rejected(Rejection),
    /// As [`Scan::Partial`].
    Partial,
    /// Something else.
    NotSip,
}

/// Looks at a datagram no further than it takes to say whose business it is: what it tells is what
/// [`scan_datagram`] tells of the same bytes.
pub fn peek_datagram(payload: &[u8], cut: bool) -> Peek<'_> {
    let bytes = after(payload, leading(payload));
    match peek_head(bytes, if cut { Ending::Cut } else { Ending::Whole }) {
        Ok((start, call_id)) => Peek::Message { start, call_id },
        Err(Head::Rejected(why)) => Peek::Rejected(why),
        Err(Head::Partial) if names_sip(bytes) => Peek::Partial,
        Err(_) => Peek::NotSip,
    }
}

/// A message of a stream, read once more from its head: `head` is [`Message::head`], followed by
/// CRLF if the header section had `ended`. Its body is left out; see [`super::Framed`].
pub fn reread(head: &[u8], ended: bool, oddities: Oddities) -> Option<Message<'_>> {
    let mut message = Message::blank();
    let Head::Message(_) = scan_head(head, if ended { Ending::Whole } else { Ending::Cut }, &mut message)
    else {
        return None;
    };
    message.oddities = oddities;
    Some(message)
}

/// `rest` holds the body, to its end unless Content-Length says how much of it.
fn take_body<'a>(rest: &'a [u8], message: &mut Message<'a>) {
    let length = message.content_length.map_or(rest.len(), |n| usize::try_from(n).unwrap_or(usize::MAX));
    if length > rest.len() {
        message.oddities.insert(Oddity::ShortBody);
    }
    message.body = rest.get(..length).unwrap_or(rest);
}

/// How many bytes to skip before the start line.
#[inline(always)]
fn leading(payload: &[u8]) -> usize {
    // Nearly none.
    if payload.first().is_some_and(|&b| !is_leading(b)) {
        return 0;
    }
    payload.iter().take(MAX_LEADING).take_while(|&&b| is_leading(b)).count()
}

fn is_leading(b: u8) -> bool {
    matches!(b, b'\r' | b'\n' | 0)
}

/// Whether `bytes` begin with a version, or a token and a blank, or end before that shows.
fn begins_like_sip(bytes: &[u8]) -> bool {
    let head = bytes.get(..=MAX_METHOD).unwrap_or(bytes);
    let len = token_len(head);
    match head.get(len) {
        Some(&b) => len > 0 && (is_blank(b) || b == b'/' && starts_with_ignore_case(head, b"SIP/")),
        None => len > 0 && len <= MAX_METHOD,
    }
}

/// Whether a start line of which only the beginning is there is SIP's and no other protocol's: a
/// version, or a registered method and the beginning of a SIP or tel URI.
fn names_sip(bytes: &[u8]) -> bool {
    if starts_with_ignore_case(bytes, b"SIP/") {
        return true;
    }
    let (method, rest) = bytes.split_at(token_len(bytes));
    let uri = after(rest, rest.iter().take_while(|&&b| is_blank(b) || b == b'<').count());
    !matches!(Method::from_token(method), Method::Other(_))
        && [&b"sip:"[..], b"sips:", b"tel:"].iter().any(|scheme| starts_with_ignore_case(uri, scheme))
}
