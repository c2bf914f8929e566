//! What calls tell whoever counts them.
//!
//! `call` and `transaction` know nothing of statistics: they report facts to an [`Observer`], each
//! once, and in an order that depends on the capture alone.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::anomaly::Anomaly;
use crate::flow::{Endpoint, Flow, FrameId, Origin};
use crate::rename::{Rename, What};
use crate::sip::{Message, StatusCode};
use crate::time::{Nanos, Timestamp};
use crate::transaction::{About, Bin, CallKey, Location, MethodKey, Names};

use super::{Alerted, Detail, Flag, Outcome, Particulars, RegisterOutcome, Side, Text, Tried};

/// Receives what happened.
pub trait Observer {
    /// Something odd at `frame`.
    fn anomaly(&mut self, kind: Anomaly, time: Timestamp, frame: FrameId);
    /// One message, in the bin it falls into. `alive`: it is a final to an out-of-dialog OPTIONS
    /// that means "alive", whatever its class.
    fn message(&mut self, message: &Message<'_>, origin: &Origin, bin: Bin, alive: bool);
    /// A transaction's first response, after `delay`.
    fn first_reply(&mut self, method: MethodKey, delay: Nanos);
    /// A transaction's first final, after `delay`.
    fn response_time(&mut self, method: MethodKey, delay: Nanos);
    /// A final that counted, on a leg whose upstream leg ended with another code.
    fn inner(&mut self, method: MethodKey, status: StatusCode);
    /// A request on a reference leg whose time is over.
    fn request_over(&mut self, request: &RequestOver);
    /// It wants to be told what requests say of themselves.
    fn wants_about(&self) -> bool {
        false
    }
    /// What the request says of itself that the next message belongs to; for those who want it.
    fn about(&mut self, _about: &About, _names: &Names) {}
    /// One try of a request that is over, or that the end of the capture cut short.
    fn tried(&mut self, tried: &Tried<'_>);
    /// An INVITE attempt with its outcome. `false` if it is left out by the user's choice of
    /// hosts: then its session is left out too.
    fn attempt(&mut self, attempt: &Attempt) -> bool;
    /// It wants [`Attempt::particulars`], and to be told each [`Call`].
    fn wants_particulars(&self) -> bool {
        false
    }
    /// An attempt that was not left out, and what became of the session that it established. Once for
    /// each, when its session is over; only for those who want particulars.
    fn call(&mut self, _call: Call) {}
    /// An in-dialog INVITE and its final, if it got one.
    fn reinvite(&mut self, status: Option<StatusCode>);
    /// A REGISTER attempt with its outcome.
    fn registration(&mut self, registration: &Registration);
    /// A call was answered.
    fn answered(&mut self, at: Timestamp);
    /// A session that ended, or is still up at the end of the capture.
    fn session(&mut self, session: &Session);
    /// A BYE whose transaction is over.
    fn bye(&mut self, bye: &Bye);
    /// `count` items of `table` were dropped or refused for lack of room. `matters`: figures are
    /// no longer exact.
    fn evicted(&mut self, table: &str, count: u64, matters: bool);
}

/// A request's end on one reference leg.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestOver {
    /// Method.
    pub method: MethodKey,
    /// Where it was sent.
    pub destination: Endpoint,
    /// It got a final response.
    pub answered: bool,
    /// Times it was sent again.
    pub resent: u32,
}

/// One attempt: a caller's try to reach someone, retries included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its Call-ID as one number.
    #[serde(with = "hex")]
    pub call: CallKey,
    /// Its Call-ID.
    pub call_id: Text,
    /// First message.
    pub started: Timestamp,
    /// Frame of the first message.
    pub frame: FrameId,
    /// First INVITE; `None` if it was not captured.
    pub requested: Option<Timestamp>,
    /// Exactly one.
    pub outcome: Outcome,
    /// Closer words.
    pub details: SmallVec<[Detail; 2]>,
    /// What the caller got to know.
    pub alerted: Alerted,
    /// Flags.
    pub flags: SmallVec<[Flag; 2]>,
    /// `None` while pending.
    pub side: Option<Side>,
    /// The final that decided; `None` without one.
    pub status: Option<StatusCode>,
    /// Q.850 cause of that final.
    pub cause: Option<u8>,
    /// Where the cause arose.
    pub location: Location,
    /// INVITE transactions on reference legs.
    pub transactions: u32,
    /// Tries on reference legs that timed out or ended.
    pub bids: SmallVec<[Bid; 1]>,
    /// Finals overtaken by a retry or a later round.
    pub intermediate: SmallVec<[StatusCode; 2]>,
    /// Failing finals that counted and were overtaken.
    pub overtaken: u32,
    /// Codes changed on the way: inner, outer.
    pub translated: SmallVec<[(StatusCode, StatusCode); 1]>,
    /// Delays from the first INVITE; see the README for each.
    pub delays: AttemptDelays,
    /// First ringback to CANCEL, of a cancelled attempt that was alerted.
    pub rang: Option<Nanos>,
    /// Ends of its first reference leg.
    pub flow: Flow,
    /// The called number's last eight digits as a hash; `None` without digits.
    #[serde(with = "hex_or_none")]
    pub called: Option<u64>,
    /// More about it; `None` unless the observer wants it.
    pub particulars: Option<Box<Particulars>>,
}

impl Attempt {
    /// Gives new names to what names somebody.
    pub fn rename(&mut self, to: &mut dyn Rename) {
        // No `..`: who adds a field says here whether it names somebody.
        let Self {
            call,
            call_id,
            started: _,
            frame: _,
            requested: _,
            outcome: _,
            details: _,
            alerted: _,
            flags: _,
            side: _,
            status: _,
            cause: _,
            location: _,
            transactions: _,
            bids,
            intermediate: _,
            overtaken: _,
            translated: _,
            delays: _,
            rang: _,
            flow,
            called,
            particulars,
        } = self;
        let [high, low] =
            [*call >> 64, *call & u128::from(u64::MAX)].map(|half| u128::from(to.hash(half as u64)));
        *call = high << 64 | low;
        *call_id = call_id.renamed(What::CallId, to);
        bids.iter_mut().for_each(|bid| bid.destination = to.endpoint(bid.destination));
        *flow = to.flow(*flow);
        *called = called.map(|hash| to.hash(hash));
        if let Some(particulars) = particulars {
            particulars.rename(to);
        }
    }
}

/// An attempt from its first message to its last.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The attempt; its particulars take in the session.
    pub attempt: Attempt,
    /// What it established; `None` if it was not answered.
    pub session: Option<Session>,
}

impl Call {
    /// Answer to BYE; `None` unless both were captured.
    pub fn duration(&self) -> Option<Nanos> {
        let session = self.session.as_ref()?;
        Some(session.ended? - session.started?)
    }
}

/// Delays of one attempt; `None` where undefined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AttemptDelays {
    /// First INVITE to first ringback or 2xx.
    pub pdd: Option<Nanos>,
    /// The same from the last INVITE with credentials.
    pub pdd_authenticated: Option<Nanos>,
    /// First INVITE to first status (RFC 6076 4.3).
    pub srd: Option<Nanos>,
    /// First INVITE to first 2xx.
    pub setup: Option<Nanos>,
    /// First ringback to 2xx.
    pub ring: Option<Nanos>,
    /// 2xx to ACK.
    pub ack: Option<Nanos>,
}

/// One try on a reference leg.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bid {
    /// Where the INVITE was sent.
    pub destination: Endpoint,
    /// That leg's own final.
    pub status: Option<StatusCode>,
    /// No response of any kind.
    pub silent: bool,
    /// Times its INVITE was sent again.
    pub resent: u32,
    /// INVITE to first ringback or 2xx on this leg.
    pub pdd: Option<Nanos>,
}

/// One REGISTER attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registration {
    /// Exactly one.
    pub outcome: RegisterOutcome,
    /// Closer word on `auth_failed` and `pending`.
    pub detail: Option<Detail>,
    /// The final that decided.
    pub status: Option<StatusCode>,
    /// First REGISTER to 2xx.
    pub rrd: Option<Nanos>,
}

/// What an answered INVITE established.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// First 2xx on the reference leg; `None` if the call began before the capture.
    pub started: Option<Timestamp>,
    /// The BYE that ended the last dialog; `None` while up.
    pub ended: Option<Timestamp>,
    /// Every BYE got a final.
    pub completed: bool,
    /// Some BYE got none for 32 s.
    pub failed: bool,
    /// Forgotten for lack of room.
    pub lost: bool,
    /// Answered without 101–199 and within a second.
    pub instant: bool,
    /// Who hung up.
    pub by: Party,
    /// It ended within 40 s after a failed session refresh.
    pub refresh_failed: bool,
    /// Cause of the first BYE: protocol (`Q.850` or `SIP`) and number.
    pub cause: Option<(Protocol, u32)>,
}

/// Who sent the first BYE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// Its From tag is the attempt's.
    Caller,
    /// Its From tag is the callee's.
    Callee,
    /// Both, within a round trip.
    Both,
    /// The call's beginning was not captured.
    Unknown,
}

/// Protocol of a cause (RFC 3326).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// ITU-T Q.850.
    Q850,
    /// A SIP status code.
    Sip,
}

/// A BYE's end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bye {
    /// Its final, if any.
    pub status: Option<StatusCode>,
    /// BYE to final.
    pub delay: Option<Nanos>,
    /// 32 s have passed without a final.
    pub silent: bool,
}

/// A hash as text: in a saved summary every number is a count.
mod hex {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(hash: &u128, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{hash:032x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
        u128::from_str_radix(&String::deserialize(from)?, 16).map_err(D::Error::custom)
    }
}

/// [`hex`], if there is one.
mod hex_or_none {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::{Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(hash: &Option<u64>, to: S) -> Result<S::Ok, S::Error> {
        hash.map(|n| format!("{n:016x}")).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|t| u64::from_str_radix(&t, 16).map_err(D::Error::custom)).transpose()
    }
}
