//! One hop's transaction: what was seen of one request and its responses between two neighbours.
//!
//! A leg holds times and facts, no verdicts: `call` judges.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::flow::{Flow, FrameId, Tap, Transport};
use crate::sip::StatusCode;
use crate::time::{Nanos, Timestamp};

use super::exchange::TIMER_B;
use super::key::ViaKeys;
use super::names::Name;

/// How much sooner than its timer a client may seem to give up: the capture's own delays.
const JITTER: Nanos = Nanos::from_millis(100);

/// One hop's transaction (RFC 3261 17).
#[derive(Clone, Debug)]
pub struct Leg {
    /// The T-key.
    pub key: u64,
    /// Via values, top first, of the first message that showed them. A CANCEL takes those of the
    /// INVITE leg with its branch (9.1: its own has one at every hop).
    pub vias: ViaKeys,
    /// Those are of a request: the last word.
    pub by_request: bool,
    /// Via values there were, listed or not: 1 next to the caller.
    pub depth: u16,
    /// Where the request went, told by the request or, the other way round, by a response.
    pub flow: Flow,
    /// First message of any kind.
    pub started: Timestamp,
    /// Rank of the first message among all legs of the Call-ID: breaks ties of `started`.
    pub order: u32,
    /// Last message of any kind.
    pub last: Timestamp,
    /// First transmission of the request; `None` if no copy was captured.
    pub requested: Option<Timestamp>,
    /// Frame of the first message.
    pub frame: FrameId,
    /// Tap that saw the first message.
    pub tap: Tap,
    /// What carried that.
    pub transport: Transport,
    /// Times the request was sent again.
    pub resent: u32,
    /// To tags of its 2xx: more than one means that a fork was answered twice.
    pub answerers: SmallVec<[u64; 1]>,
    /// First response of any code.
    pub replied: Option<Timestamp>,
    /// First and last 101–199.
    pub progress: Option<(Timestamp, Timestamp)>,
    /// A 101–198: 199 tells the caller nothing (RFC 6228).
    pub progressed: bool,
    /// First 180.
    pub ringing: Option<Timestamp>,
    /// First 18x but 181, or unknown 1xx, with a session description (RFC 3666 2.1: in-band
    /// ringing).
    pub early_media: Option<Timestamp>,
    /// First final; a 2xx replaces another (RFC 3261 16.7).
    pub ended: Option<Final>,
    /// `Server` of its first final.
    pub server: Name,
    /// First and last 2xx.
    pub success: Option<(Timestamp, Timestamp)>,
    /// First ACK that belongs to this leg.
    pub acked: Option<Timestamp>,
    /// First CANCEL for this leg, or 2xx to one.
    pub cancelled: Option<Timestamp>,
    /// The request carried Authorization or Proxy-Authorization.
    pub credentials: bool,
    /// Realms of those credentials.
    pub realms: SmallVec<[u64; 1]>,
    /// The challenge names a realm that the credentials were for, and is not stale.
    pub rejected: bool,
    /// `Expires` of the request in seconds.
    pub expires: Option<u32>,
    /// Its final was sent again: what acknowledges it did not come (RFC 3261 13.3.1.4, 17.2.1).
    pub final_repeated: bool,
    /// A reliable provisional was sent again.
    pub reliable_repeated: bool,
}

/// A leg's final response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Final {
    /// 200–699.
    pub status: StatusCode,
    /// When it was first seen.
    pub at: Timestamp,
    /// It was a first sighting, not a copy from another hop: it counts as a response.
    pub counted: bool,
    /// Q.850 cause of its `Reason` header.
    pub cause: Option<u8>,
    /// RFC 8606 location of that cause.
    pub location: Location,
    /// 603 with the words "Network Blocked", or analytics named as the reason (ATIS-1000099).
    pub network_blocked: bool,
}

/// Where a cause arose (RFC 8606; ITU-T Q.850 2.2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Location {
    /// Not given.
    #[default]
    None,
    /// `U`: the user.
    User,
    /// `LN`, `TN`, `RLN`, `INTL`, `BI` …: a network.
    Network,
}

impl Leg {
    /// Whether no final was seen.
    pub fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// The code of its final.
    pub fn code(&self) -> Option<u16> {
        self.ended.map(|f| f.status.get())
    }

    /// Whether a message at `t` came while the leg had no final.
    pub fn was_open_at(&self, t: Timestamp) -> bool {
        self.started <= t && self.ended.is_none_or(|f| t < f.at)
    }

    /// Whether its client still waited for a final at `t`: without any response no longer than for
    /// Timer B (RFC 3261 17.1.1.2), whatever came later.
    pub fn was_awaited_at(&self, t: Timestamp) -> bool {
        let over = self.requested.unwrap_or(self.started) + TIMER_B - JITTER;
        self.was_open_at(t) && (t < over || self.replied.is_some_and(|first| first < over))
    }

    /// A sort key: by start, then by arrival.
    pub fn began(&self) -> (Timestamp, u32) {
        (self.started, self.order)
    }
}
