//! Messages of one Call-ID: what a ladder shows of each.
//!
//! In: messages. Out: [`Step`]s, for the Call-IDs that a [`Needle`] is in.

use memchr::memmem;

use crate::call::Text;
use crate::flow::{Flow, FrameId, Origin, Transport};
use crate::sip::{Message, Start, StatusCode, may_hold_sdp};
use crate::time::Timestamp;
use crate::transaction::{Bin, CallKey, call_key};

/// Part of a Call-ID, or all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle(Box<[u8]>);

impl Needle {
    /// `text`, as written.
    pub fn new(text: &str) -> Self {
        Self(text.as_bytes().into())
    }

    /// Whether it stands in `call_id`.
    pub fn is_in(&self, call_id: &[u8]) -> bool {
        memmem::find(call_id, &self.0).is_some()
    }

    /// Whether `call_id` begins with it.
    pub fn begins(&self, call_id: &[u8]) -> bool {
        call_id.starts_with(&self.0)
    }

    /// Whether it is `call_id`.
    pub fn is(&self, call_id: &[u8]) -> bool {
        *self.0 == *call_id
    }
}

/// One message of a ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The Call-ID as one number.
    pub call: CallKey,
    /// The Call-ID.
    pub call_id: Text,
    /// When, by the clock that orders.
    pub time: Timestamp,
    /// When, as the capture says.
    pub shown: Timestamp,
    /// The frame that brought its last byte.
    pub frame: FrameId,
    /// Between whom.
    pub flow: Flow,
    /// On what.
    pub transport: Transport,
    /// How it was seen.
    pub bin: Bin,
    /// What it is.
    pub kind: Kind,
    /// Method of its CSeq, as written.
    pub cseq: Text,
    /// It carries a session description.
    pub sdp: bool,
    /// Its first `Reason`; empty without one.
    pub reason: Text,
}

/// A request or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Method of the request line.
    Request(Text),
    /// Status, and the wire's own words.
    Response(StatusCode, Text),
}

impl Step {
    /// The step that `message` is; `None` if it belongs to no Call-ID.
    pub(super) fn of(message: &Message<'_>, origin: &Origin, bin: Bin) -> Option<Self> {
        let id = message.call_id?;
        let kind = match message.start {
            Start::Request { method, .. } => Kind::Request(Text::of(method.as_bytes())),
            Start::Response { status, reason } => Kind::Response(status, Text::of(reason)),
        };
        let has_body = message.content_length.map_or(!message.body.is_empty(), |n| n > 0);
        Some(Self {
            call: call_key(id),
            call_id: Text::of(id),
            time: origin.stamp.time,
            shown: origin.stamp.shown,
            frame: origin.frame,
            flow: origin.flow,
            transport: origin.transport,
            bin,
            kind,
            cseq: message.cseq.as_ref().map(|c| Text::of(c.method.as_bytes())).unwrap_or_default(),
            sdp: has_body && message.content_type.is_some_and(may_hold_sdp),
            reason: message.reasons.first().map(|r| Text::of(r)).unwrap_or_default(),
        })
    }
}
