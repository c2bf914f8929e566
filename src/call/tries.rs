//! Every try of a request, told one by one when nothing can change it any more: what findings and
//! groups count.
//!
//! In: the legs of an attempt, or of another request. Out: a [`Tried`] for each reference leg, and for
//! each leg at the far end of what was captured.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::flow::{Flow, FrameId, Tap, Transport};
use crate::sip::StatusCode;
use crate::time::{Nanos, Timestamp};
use crate::transaction::{About, Exchange, Leg, MethodKey, Name, Names};

use super::Text;
use super::delays::{ringback, span};
use super::legs::Legs;

/// One try of a request on one leg, when its time is over, or at the end of the capture.
#[derive(Clone, Copy, Debug)]
pub struct Tried<'a> {
    /// The method.
    pub method: MethodKey,
    /// Where on its way.
    pub place: Place,
    /// The Call-ID.
    pub call_id: &'a Text,
    /// From whom to whom.
    pub flow: Flow,
    /// On what.
    pub transport: Transport,
    /// Where it was captured.
    pub tap: Tap,
    /// Its request, or the first response to it.
    pub started: Timestamp,
    /// Frame of that.
    pub frame: FrameId,
    /// The request was captured.
    pub requested: bool,
    /// Its time is over: it has a final, or will get none.
    pub over: bool,
    /// Its final.
    pub status: Option<StatusCode>,
    /// When that came.
    pub ended: Option<Timestamp>,
    /// There was any response.
    pub replied: bool,
    /// The final is a challenge that refuses the credentials sent, and not merely their age.
    pub refused: bool,
    /// Times it was sent again.
    pub resent: u32,
    /// INVITE: its final was sent again, for want of an ACK. Not told of others: theirs answer a request
    /// that was sent again.
    pub repeated: bool,
    /// INVITE: to ringback. Others: to the final.
    pub delay: Option<Nanos>,
    /// The final tells a caller who gave up that his CANCEL arrived, or there is none.
    pub cancelled: bool,
    /// Another try followed it.
    pub retried: bool,
    /// Q.850 cause of the final.
    pub cause: Option<u8>,
    /// `Server` of the final.
    pub server: Name,
    /// What the request says of itself; nothing within a dialog.
    pub about: About,
    /// The texts of names.
    pub names: &'a Names,
}

/// Where on the way of a request a leg lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Place {
    /// Downstream of none: a reference leg. Its tries are bids.
    Reference,
    /// Downstream of another, and none downstream of it: who answers here decides.
    Last,
}

/// What all tries of one request have in common.
pub(super) struct Request<'a> {
    pub(super) method: MethodKey,
    pub(super) call_id: &'a Text,
    pub(super) exchanges: &'a [&'a Exchange],
    pub(super) names: &'a Names,
}

impl<'a> Request<'a> {
    /// The try on `leg` of exchange number `exchange`.
    pub(super) fn on(&self, leg: &Leg, exchange: usize, place: Place, over: bool) -> Tried<'a> {
        let answer = if self.method == MethodKey::INVITE { ringback(leg) } else { leg.ended.map(|f| f.at) };
        let ended = leg.ended.map(|f| f.at);
        let again = |later: &Leg| later.key != leg.key && ended.is_some_and(|at| later.started >= at);
        Tried {
            method: self.method,
            place,
            call_id: self.call_id,
            flow: leg.flow,
            transport: leg.transport,
            tap: leg.tap,
            started: leg.requested.unwrap_or(leg.started),
            frame: leg.frame,
            requested: leg.requested.is_some(),
            over,
            status: leg.ended.map(|f| f.status),
            ended,
            replied: leg.replied.is_some(),
            refused: leg.rejected,
            resent: leg.resent,
            repeated: self.method == MethodKey::INVITE && leg.final_repeated,
            delay: span(leg.requested, answer).filter(|d| *d >= Nanos::ZERO),
            cancelled: leg.cancelled.is_some(),
            retried: self.exchanges.iter().skip(exchange).flat_map(|x| &x.legs).any(again),
            cause: leg.ended.and_then(|f| f.cause),
            server: leg.server,
            about: self.exchanges.get(exchange).map_or(About::default(), |x| x.about),
            names: self.names,
        }
    }

    /// The tries at the far end of what was captured, where that is not the only hop.
    pub(super) fn last(&self, legs: &Legs<'_>, over: impl Fn(&Leg) -> bool) -> SmallVec<[Tried<'a>; 1]> {
        legs.last().map(|(exchange, leg)| self.on(leg, exchange, Place::Last, over(leg))).collect()
    }
}
