//! What happened when, in JSON `timeline{}`.

use crate::call::Outcome;
use crate::sip::StatusCode;
use crate::stats::summary::DelayStats;
use crate::time::{Nanos, Timestamp};

/// The capture in buckets of time, aligned to the epoch.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// Length of a bucket. JSON: `interval_s`.
    pub interval: Nanos,
    /// The user asked for a shorter one, but there are too many of those: JSON `widened`.
    pub widened: bool,
    /// From the first to the last that has something in it, without gaps. JSON: `buckets[]`.
    pub buckets: Vec<TimeBucket>,
}

/// One bucket. What belongs to an attempt, a bid or a call counts when that began, unless said
/// otherwise; messages count when they were seen.
#[derive(Clone, Debug, Default)]
pub struct TimeBucket {
    /// Its start. JSON: `start`.
    pub start: Timestamp,
    /// First sightings of requests. JSON: `requests`.
    pub requests: u64,
    /// First sightings of responses. JSON: `responses`.
    pub responses: u64,
    /// Messages sent again. JSON: `retransmissions`.
    pub retransmissions: u64,
    /// Final responses less challenges, less answers that mean alive. JSON: `finals`.
    pub finals: u64,
    /// Failures among them, inner ones included. JSON: `failures`, `failure_rate`.
    pub failures: u64,
    /// Failing codes with the method of the CSeq, most frequent first. JSON: `codes[]`
    /// {method, code, count}.
    pub codes: Vec<(String, StatusCode, u64)>,
    /// INVITE attempts. JSON: `attempts`, `attempts_per_s`.
    pub attempts: u64,
    /// Their outcomes that occurred. JSON: `outcomes{}`, `asr`.
    pub outcomes: Vec<(Outcome, u64)>,
    /// INVITE bids. JSON: `bids`.
    pub bids: u64,
    /// Bids answered. JSON: `answered`, `abr`.
    pub answered: u64,
    /// Requests of any method whose time ran out without a final. JSON: `unanswered`.
    pub unanswered: u64,
    /// Calls up at its end; a lower bound where calls began before the capture. JSON: `calls_up`.
    pub calls_up: u64,
    /// First INVITE to first ringback. JSON: `pdd`.
    pub pdd: Option<DelayStats>,
}

impl TimeBucket {
    /// Attempts with this outcome.
    pub fn outcome(&self, outcome: Outcome) -> u64 {
        self.outcomes.iter().find(|(o, _)| *o == outcome).map_or(0, |(_, n)| *n)
    }
}
