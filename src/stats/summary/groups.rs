//! Traffic told apart by dimensions: `--by`, in JSON `groups[]`.

use crate::call::Outcome;
use crate::dimension::Dimension;
use crate::sip::StatusCode;
use crate::stats::summary::DelayStats;
use crate::stats::{Counts, Ratio};

/// One `--by`.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// What rows are told apart by. JSON: `dimensions[]`, their ids.
    pub dimensions: Vec<Dimension>,
    /// The rows asked for, in the order asked for, then by key. JSON: `rows[]`.
    pub rows: Vec<GroupRow>,
    /// All rows that are not shown, added up, `key` empty; `None` where every row is shown. JSON:
    /// `other`.
    pub other: Option<GroupRow>,
    /// Everything: `rows` and `other` add up to it, `key` empty. JSON: `all`.
    pub all: GroupRow,
    /// Different keys that were met; at least so many if `at_least`. JSON: `keys`.
    pub keys: u64,
    /// Some keys gave way for lack of room: rows that say so are lower bounds. JSON: `at_least`.
    pub at_least: bool,
}

/// What was counted under one key.
#[derive(Clone, Debug, Default)]
pub struct GroupRow {
    /// One value for each dimension, foreign text: escape it. `None`: the traffic says nothing of it
    /// (a request has no code, a message no User-Agent). JSON: `key[]`.
    pub key: Vec<Option<String>>,
    /// Requests by bin. JSON: `requests{}` with the five counts.
    pub requests: Counts,
    /// Responses by bin. JSON: the five counts.
    pub responses: Counts,
    /// Final responses less challenges, less answers that mean alive: what could have failed. JSON:
    /// `finals`.
    pub finals: u64,
    /// Failures among them: 4xx, 5xx, 6xx. Inner finals, which show only when a call is over, are in
    /// both. JSON: `failures`, `failure_rate`.
    pub failures: u64,
    /// Failing codes of those, most frequent first. JSON: `codes[]`.
    pub codes: Vec<(StatusCode, u64)>,
    /// INVITE attempts, by their first leg. JSON: `attempts`.
    pub attempts: u64,
    /// Their outcomes that occurred. JSON: `outcomes{}`.
    pub outcomes: Vec<(Outcome, u64)>,
    /// INVITE bids. JSON: `bids`.
    pub bids: u64,
    /// Answered ones. JSON: `answered`.
    pub answered: u64,
    /// Answered over bids. JSON: `abr`.
    pub abr: Ratio,
    /// Failing codes of bids, most frequent first. JSON: `bid_codes[]`.
    pub bid_codes: Vec<(StatusCode, u64)>,
    /// Bids without any response. JSON: `silent`.
    pub silent: u64,
    /// Times that INVITEs of bids were sent again. JSON: `resent`.
    pub resent: u64,
    /// INVITE to first ringback, by bid. JSON: `pdd`.
    pub pdd: Option<DelayStats>,
    /// The key may have lost so many of `responses` and bids before it got its row. JSON: `at_least`
    /// and `missed`.
    pub missed: u64,
}

impl GroupRow {
    /// The row is a lower bound.
    pub fn at_least(&self) -> bool {
        self.missed > 0
    }
}
