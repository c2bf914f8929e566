//! One end-to-end request and its responses, over all the hops that were captured.
//!
//! An exchange is what the E-key names: Call-ID, From tag, To tag of the request, CSeq number and
//! method. Proxies and forks keep these (RFC 3261 8.2.2.2 spots a request that arrives twice by
//! them). It owns its legs, one a hop, and the sightings that tell copies from new messages.

use smallvec::SmallVec;

use crate::flow::Origin;
use crate::sip::{Message, Start, StatusCode};
use crate::time::{Nanos, Timestamp};

use super::Bin;
use super::facts;
use super::key::{Keys, MethodKey};
use super::leg::{Final, Leg};
use super::names::{self, About, Name, Names};
use super::sighting::{Answer, Identity, Pass, Sightings};

/// Legs kept in one exchange; messages of further ones are counted, not related.
const MAX_LEGS: usize = 32;
/// 64·T1 (RFC 3261 17.1.1.2): Timers B and F.
pub const TIMER_B: Nanos = Nanos::from_secs(32);
/// 2·T2 + 1 s: after this long without a message, a finished T-key that is used again is new.
pub const QUIET: Nanos = Nanos::from_secs(9);
/// No request is repeated, and no identifier used again, sooner than this (RFC 3261 17.1.1.1).
const T1: Nanos = Nanos::from_millis(500);
/// An INVITE this long after the ACK that ended its transaction is a new one.
const AFTER_ACK: Nanos = Nanos::from_secs(1);

/// One end-to-end request.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// From tag.
    pub from: u64,
    /// To tag of the request, 0 if initial. Without a captured request see `requested`.
    pub to: u64,
    /// CSeq number.
    pub cseq: u64,
    /// CSeq method.
    pub method: MethodKey,
    /// A copy of the request was captured: `to` is the request's own.
    pub requested: bool,
    /// First message of any kind.
    pub started: Timestamp,
    /// Last message of any kind.
    pub last: Timestamp,
    /// Its hops, in order of their first message.
    pub legs: SmallVec<[Leg; 1]>,
    /// To tags of its responses, first seen first; at most 32.
    pub tags: SmallVec<[u64; 2]>,
    /// What `call` keeps with it: the verdict initial or in-dialog, and the attempt.
    pub role: Role,
    /// What its request says of itself; nothing within a dialog.
    pub about: About,
    described: bool,
    /// What replies alone tell of an INVITE whose request was not captured.
    pub evidence: Evidence,
    /// Its identifiers have begun something new: it waits for its verdict, messages go to the other.
    pub retired: bool,
    sightings: Sightings,
}

/// Whether an exchange begins something or belongs to a dialog (rules D1 to D6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// No request was captured and the verdict is open.
    #[default]
    Open,
    /// An initial request; the number of its attempt or registration, if it has one.
    Initial(Option<u32>),
    /// Within a dialog.
    InDialog,
}

/// What replies tell of an INVITE whose request was not captured (rules D2 to D5).
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence {
    /// D3 to D5, as they stood before its first response with a To tag.
    pub in_dialog: Option<bool>,
    /// The To tag of its `100`.
    pub tagged_trying: Option<u64>,
    /// A response that only an initial INVITE gets.
    pub initial_code: bool,
}

/// What one message did to its exchange.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The bin it falls into.
    pub bin: Bin,
    /// The exchange's table was full.
    pub refused: bool,
    /// It is the leg's first response of any kind, and how long after the request.
    pub first_reply: Option<Option<Nanos>>,
    /// It is the leg's first final, and how long after the request.
    pub first_final: Option<Option<Nanos>>,
    /// A final of another code after the leg's final.
    pub late_final: bool,
    /// A counted final that a 2xx took the place of.
    pub displaced: Option<StatusCode>,
}

impl Exchange {
    /// An exchange that begins with `message`; see [`Exchange::admit`] for its first leg.
    pub fn new(keys: &Keys, message: &Message<'_>, time: Timestamp) -> Self {
        let request = matches!(message.start, Start::Request { .. });
        // For a response whose request was not captured the To tag of the request is its own,
        // unless the method is INVITE: there rules D2 to D6 have to tell.
        let to = if request || keys.method != MethodKey::INVITE { keys.to } else { 0 };
        Self {
            from: keys.from,
            to,
            cseq: keys.cseq,
            method: keys.method,
            requested: request,
            started: time,
            last: time,
            legs: SmallVec::new(),
            tags: SmallVec::new(),
            role: Role::Open,
            about: About::default(),
            described: false,
            evidence: Evidence::default(),
            retired: false,
            sightings: Sightings::default(),
        }
    }

    /// Whether `message` with `keys` belongs to this end-to-end request.
    pub fn matches(&self, keys: &Keys, is_request: bool) -> bool {
        self.from == keys.from
            && self.cseq == keys.cseq
            && self.method == keys.method
            && match (is_request, self.requested) {
                (true, true) => self.to == keys.to,
                // The request shows up after its responses (another hop, another tap).
                (true, false) => keys.to == 0 || self.tags.contains(&keys.to) || self.to == keys.to,
                (false, true) => self.to == 0 || self.to == keys.to || keys.to == 0,
                (false, false) => {
                    self.method == MethodKey::INVITE || self.to == keys.to || keys.to == 0 || self.to == 0
                }
            }
    }

    /// Keeps what `message` says of itself: the first request, and the first final of each leg.
    pub fn describe(&mut self, leg: usize, message: &Message<'_>, step: &Step, names: &mut Names) {
        let replies = message.status().is_some();
        if replies && step.first_final.is_none() {
            return;
        }
        if !self.described && self.to == 0 && !matches!(self.method, MethodKey::ACK | MethodKey::CANCEL) {
            self.about = About::of(message, names);
            self.described = true;
        }
        if replies && let Some(leg) = self.legs.get_mut(leg) {
            leg.server = names::server(message, names);
        }
    }

    /// Bits of the taps that saw leg number `leg`.
    pub fn taps(&self, leg: usize) -> u16 {
        self.sightings.taps(leg)
    }

    /// What it takes, in sightings: an exchange itself is as large as some of them.
    pub fn weight(&self) -> usize {
        8 + self.sightings.len()
    }

    /// The leg with T-key `key`.
    pub fn leg(&self, key: u64) -> Option<usize> {
        self.legs.iter().position(|leg| leg.key == key)
    }

    /// Whether the dialog with the To tag `tag` may have come of leg number `leg`: the 2xx with that
    /// tag was seen on it, or on no leg at all. A fork's dead branch has not led to the dialog of
    /// another, and its INVITE is repeated until Timer B ends it, long after that one hung up.
    pub fn may_have_led_to(&self, leg: usize, tag: u64) -> bool {
        let answered = |l: &Leg| l.answerers.contains(&tag);
        self.legs.get(leg).is_some_and(answered) || !self.legs.iter().any(answered)
    }

    /// Adds the leg that `message` shows for the first time; `None` when there are too many.
    /// `order` ranks it among the legs of its Call-ID.
    pub fn admit(
        &mut self,
        keys: &Keys,
        message: &Message<'_>,
        origin: &Origin,
        order: u32,
    ) -> Option<usize> {
        if self.legs.len() >= MAX_LEGS {
            return None;
        }
        let request = matches!(message.start, Start::Request { .. });
        let time = origin.stamp.time;
        self.legs.push(Leg {
            key: keys.transaction,
            vias: keys.vias(message),
            by_request: request,
            depth: message.via_count,
            flow: if request { origin.flow } else { origin.flow.reversed() },
            started: time,
            order,
            last: time,
            requested: None,
            frame: origin.frame,
            tap: origin.tap,
            transport: origin.transport,
            resent: 0,
            answerers: SmallVec::new(),
            replied: None,
            progress: None,
            progressed: false,
            ringing: None,
            early_media: None,
            ended: None,
            server: Name::default(),
            success: None,
            acked: None,
            cancelled: None,
            credentials: false,
            realms: SmallVec::new(),
            rejected: false,
            expires: None,
            final_repeated: false,
            reliable_repeated: false,
        });
        Some(self.legs.len() - 1)
    }

    /// Rule 0: whether a request at `time` on leg `leg` uses the identifiers of an ended
    /// transaction for a new one. Looks only at copies on the tap that saw the earlier one: a late
    /// copy from another tap is a capture duplicate, however late, and so is each that follows it
    /// at once. `bye` is the first BYE of a dialog that this leg
    /// [may have led to](Self::may_have_led_to).
    pub fn reopens(
        &self,
        leg: usize,
        message: &Message<'_>,
        origin: &Origin,
        bye: impl FnOnce() -> Option<Timestamp>,
    ) -> bool {
        let Start::Request { method, .. } = message.start else { return false };
        let method = MethodKey::of(method);
        if method == MethodKey::ACK {
            return false;
        }
        let time = origin.stamp.time;
        let seen = self.sightings.copies(request_identity(method, self.to), leg, origin.tap);
        // The packet captured twice, at a tap whose clock is behind.
        let again = seen.last.is_some_and(|last| time - last < T1);
        if seen.here < seen.most || again {
            return false;
        }
        let Some(leg) = self.legs.get(leg) else { return false };
        let long_after = |t: Timestamp, span: Nanos| time - t > span;
        let after = |end: Option<Timestamp>| end.is_some_and(|t| long_after(t, AFTER_ACK));
        (method == MethodKey::INVITE && (after(leg.acked) || after(bye())))
            || match leg.ended {
                Some(_) => long_after(leg.last, QUIET),
                None => leg.requested.is_some_and(|t| time - t >= TIMER_B),
            }
    }

    /// Records `message` on leg `leg` and tells its bin.
    pub fn record(
        &mut self,
        leg: usize,
        keys: &Keys,
        message: &Message<'_>,
        origin: &Origin,
        window: Nanos,
    ) -> Step {
        let time = origin.stamp.time;
        let pass = Pass {
            flow: origin.flow.key(),
            tap: origin.tap,
            time,
            head: facts::head_key(message),
            ip_id: origin.ip_id,
        };
        let identity = match message.start {
            Start::Request { method, .. } => request_identity(MethodKey::of(method), keys.to),
            Start::Response { .. } => response_identity(self.method, keys, message),
        };
        let Answer { bin, refused } = self.sightings.note(identity, leg, pass, &self.legs, window);
        let mut step =
            Step { bin, refused, first_reply: None, first_final: None, late_final: false, displaced: None };
        self.last = self.last.max(time);
        let initial_request = self.method == MethodKey::INVITE || self.method == MethodKey::REGISTER;
        match message.start {
            Start::Request { method, .. } => {
                if MethodKey::of(method) != MethodKey::ACK || self.method == MethodKey::ACK {
                    self.requested = true;
                    self.to = keys.to;
                }
                let Some(leg) = self.legs.get_mut(leg) else { return step };
                leg.last = leg.last.max(time);
                if MethodKey::of(method) == MethodKey::ACK && self.method != MethodKey::ACK {
                    leg.acked.get_or_insert(time);
                    return step;
                }
                if bin == Bin::Retransmission {
                    leg.resent = leg.resent.saturating_add(1);
                }
                if leg.requested.is_none() {
                    leg.requested = Some(time);
                    leg.flow = origin.flow;
                    if !leg.by_request {
                        leg.vias = keys.vias(message);
                        (leg.by_request, leg.depth) = (true, message.via_count);
                    }
                    leg.expires = message.expires;
                    if initial_request {
                        leg.credentials = !message.credentials.is_empty();
                        leg.realms = facts::credential_realms(message);
                    }
                }
            }
            Start::Response { status, .. } => {
                if keys.to != 0 && !self.tags.contains(&keys.to) && self.tags.len() < 32 {
                    self.tags.push(keys.to);
                }
                let invite = self.method == MethodKey::INVITE;
                let Some(leg) = self.legs.get_mut(leg) else { return step };
                leg.last = leg.last.max(time);
                let since_request = leg.requested.map(|t| time - t);
                if leg.replied.is_none() {
                    leg.replied = Some(time);
                    step.first_reply = Some(since_request);
                }
                if status.is_provisional() {
                    if invite && status.get() > 100 {
                        note_progress(leg, message, status.get(), time, bin);
                    }
                } else {
                    note_final(leg, keys, message, time, bin, &mut step, initial_request);
                    if step.first_final.is_some() {
                        step.first_final = Some(since_request);
                    }
                }
            }
        }
        step
    }
}

fn note_progress(leg: &mut Leg, message: &Message<'_>, code: u16, time: Timestamp, bin: Bin) {
    leg.progress = Some(leg.progress.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
    leg.progressed |= code != 199;
    match code {
        180 => {
            leg.ringing.get_or_insert(time);
            if facts::describes_session(message) {
                leg.early_media.get_or_insert(time);
            }
        }
        // An unknown one is taken for 183 (RFC 3261 8.1.3.2).
        101..=198 if code != 181 && facts::describes_session(message) => {
            leg.early_media.get_or_insert(time);
        }
        _ => {}
    }
    if message.rseq.is_some() && bin == Bin::Retransmission {
        leg.reliable_repeated = true;
    }
}

/// A transaction's final is its first, except that a 2xx always replaces another (16.7).
fn note_final(
    leg: &mut Leg,
    keys: &Keys,
    message: &Message<'_>,
    time: Timestamp,
    bin: Bin,
    step: &mut Step,
    with_facts: bool,
) {
    let Some(status) = message.status() else { return };
    if status.is_success() {
        leg.success =
            Some(leg.success.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
        if keys.to != 0 && !leg.answerers.contains(&keys.to) && leg.answerers.len() < 32 {
            leg.answerers.push(keys.to);
        }
    }
    let mut new = Final {
        status,
        at: time,
        counted: bin == Bin::First,
        cause: None,
        location: Default::default(),
        network_blocked: false,
    };
    leg.final_repeated |= bin == Bin::Retransmission && leg.ended.is_some_and(|f| f.status == status);
    match leg.ended {
        None => step.first_final = Some(None),
        Some(old) if status.is_success() && !old.status.is_success() => {
            step.late_final = bin == Bin::First;
            step.displaced = old.counted.then_some(old.status);
        }
        Some(old) => {
            step.late_final = old.status != status && bin == Bin::First;
            return;
        }
    }
    if with_facts {
        facts::fill_final(&mut new, message);
        if status.is_challenge() {
            leg.rejected = facts::rejects(&leg.realms, message);
        }
    }
    leg.ended = Some(new);
}

/// Identity I of a request: the request line's method and the To tag (the rest is the E-key's).
fn request_identity(method: MethodKey, to: u64) -> Identity {
    Identity { code: 0, detail: method.number() ^ to.rotate_left(8), any_tag: false, tagged: false }
}

/// Identity I of a response: code, To tag and RSeq. Hop-by-hop answers (every 100, every answer to
/// CANCEL) leave the tag out.
fn response_identity(method: MethodKey, keys: &Keys, message: &Message<'_>) -> Identity {
    let status = message.status().map_or(0, |s| s.get());
    let hop_by_hop = status == 100 || method == MethodKey::CANCEL;
    let tag = if hop_by_hop { 0 } else { keys.to };
    let rseq = message.rseq.map_or(0, |n| u64::from(n) + 1);
    Identity {
        code: status,
        detail: tag ^ rseq.wrapping_mul(0x9E37_79B9_7F4A_7C15),
        any_tag: status >= 300 || (status >= 200 && method != MethodKey::INVITE),
        tagged: tag != 0,
    }
}

#[cfg(test)]
mod tests;
