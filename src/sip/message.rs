//! A SIP message as its reader sees it: the start line, and the headers that statistics need.
//!
//! All slices borrow from the captured bytes and are raw: folds (CRLF and blanks, RFC 3261 7.3.1)
//! may stand inside; outer blanks are trimmed. A header value that touches the place where the
//! message was cut is absent: half a Call-ID is another Call-ID.

use super::listed::Listed;
use super::{Method, Oddities, StatusCode};

/// Via values that are listed; further ones are only counted.
pub const MAX_LISTED_VIAS: usize = 32;

/// One message.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// Start line.
    pub start: Start<'a>,
    /// `Call-ID` (RFC 3261 20.8); compared byte by byte.
    pub call_id: Option<&'a [u8]>,
    /// `CSeq` (20.16); `None` if missing or malformed.
    pub cseq: Option<CSeq<'a>>,
    /// `From` (20.20).
    pub from: Option<NameAddr<'a>>,
    /// `To` (20.39).
    pub to: Option<NameAddr<'a>>,
    /// `Via` values (20.42), top first, split at commas; see `Via::parse`.
    pub vias: Listed<'a, 4>,
    /// Via values there are, counted up to 256: the Via depth. Of a cut message, those found.
    pub via_count: u16,
    /// First `Contact` value (20.10).
    pub contact: Option<&'a [u8]>,
    /// `RSeq` (RFC 3262 7.1), if it is a number.
    pub rseq: Option<u32>,
    /// `Expires` in seconds (20.19), if it is a number.
    pub expires: Option<u32>,
    /// `Retry-After` (20.33), raw.
    pub retry_after: Option<&'a [u8]>,
    /// `Reason` values (RFC 3326), split at commas.
    pub reasons: Listed<'a, 2>,
    /// First `Warning` value (20.43), raw.
    pub warning: Option<&'a [u8]>,
    /// `Authorization` and `Proxy-Authorization` header values (20.7, 20.28): credentials.
    pub credentials: Listed<'a, 2>,
    /// `WWW-Authenticate` and `Proxy-Authenticate` header values (20.44, 20.27): challenges.
    pub challenges: Listed<'a, 2>,
    /// `Content-Type` (20.15), raw.
    pub content_type: Option<&'a [u8]>,
    /// `Content-Length` (20.14); `None` if missing, malformed or contradictory.
    pub content_length: Option<u64>,
    /// `User-Agent` (20.41) of a request, `Server` (20.35) of a response (either in either).
    pub agent: Option<&'a [u8]>,
    /// Start line and header section, without the empty line: what is compared to tell whether
    /// "the same bytes" passed twice.
    pub head: &'a [u8],
    /// Body bytes that were captured, Content-Length at most; perhaps none of a message that came in
    /// pieces over a stream (see `Framed::Message`).
    pub body: &'a [u8],
    /// Leniencies it needed.
    pub oddities: Oddities,
}

/// The first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start<'a> {
    /// `Method SP Request-URI SP SIP-Version` (RFC 3261 7.1).
    Request {
        /// Method of the request line.
        method: Method<'a>,
        /// Request-URI as it stands.
        uri: &'a [u8],
    },
    /// `SIP-Version SP Status-Code SP Reason-Phrase` (7.2).
    Response {
        /// 100–699.
        status: StatusCode,
        /// The wire's own words, any bytes, perhaps none.
        reason: &'a [u8],
    },
}

/// A `CSeq` value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// The digits without leading zeros (`0` for zero): the sequence number, opaque when ≥ 2³².
    pub digits: &'a [u8],
    /// The number, where it fits (RFC 3261 20.16).
    pub number: Option<u32>,
    /// The method.
    pub method: Method<'a>,
}

/// A `From` or `To` value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The whole value.
    pub value: &'a [u8],
    /// The URI, without angle brackets (and without the header's parameters).
    pub uri: &'a [u8],
    /// The `tag` parameter; `None` if absent or empty.
    pub tag: Option<&'a [u8]>,
}

impl<'a> Message<'a> {
    /// A message of which nothing is known yet, to be filled in place: it is too large to be
    /// moved about.
    #[inline(always)]
    pub(super) fn blank() -> Self {
        Self {
            start: Start::Request { method: Method::Other(&[]), uri: &[] },
            call_id: None,
            cseq: None,
            from: None,
            to: None,
            vias: Listed::new(),
            via_count: 0,
            contact: None,
            rseq: None,
            expires: None,
            retry_after: None,
            reasons: Listed::new(),
            warning: None,
            credentials: Listed::new(),
            challenges: Listed::new(),
            content_type: None,
            content_length: None,
            agent: None,
            head: &[],
            body: &[],
            oddities: Oddities::default(),
        }
    }

    /// The request's method, or `None` for a response.
    pub fn request_method(&self) -> Option<Method<'a>> {
        match self.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// The response's status, or `None` for a request.
    pub fn status(&self) -> Option<StatusCode> {
        match self.start {
            Start::Request { .. } => None,
            Start::Response { status, .. } => Some(status),
        }
    }
}
