//! What rose, when, where, and with what consequence, in JSON `findings[]`.

use serde::{Deserialize, Serialize};

use crate::call::Outcome;
use crate::dimension::Dimension;
use crate::flow::FrameId;
use crate::sip::StatusCode;
use crate::stats::Ratio;
use crate::time::{Nanos, Timestamp};

/// One finding. They are sorted by what they cost: the most important first.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Stable for the same input: `503-invite-20260303T140320Z`. JSON: `id`.
    pub id: String,
    /// What kind of figure rose. JSON: `kind`.
    pub kind: FindingKind,
    /// The figure in words: `503 Service Unavailable to INVITE`. JSON: `what`.
    pub what: String,
    /// The method it is about. JSON: `method`.
    pub method: String,
    /// The code it is about, if it is about one. JSON: `code`.
    pub status: Option<StatusCode>,
    /// The outcome it is about, if it is about one: of `answered` the share fell, of any other it rose.
    /// JSON: `outcome`.
    pub outcome: Option<Outcome>,
    /// What is counted. JSON: `unit`.
    pub unit: Unit,
    /// `false`: it is so throughout the capture, or throughout what `because` names. JSON:
    /// `timed`.
    pub timed: bool,
    /// When it began, to the event where that can be told. JSON: `start`.
    pub start: Timestamp,
    /// When it ended; the end of the capture if it lasts until then. JSON: `end`.
    pub end: Timestamp,
    /// Each time that it was so, the first from `start`, the last until `end`; empty if not `timed`.
    /// JSON: `windows[]` {start, end}.
    pub windows: Vec<(Timestamp, Timestamp)>,
    /// It lasts until the capture ends. JSON: `lasts`.
    pub lasts: bool,
    /// The share outside of the window: before and after it. Where `timed` is false: among the
    /// traffic that `because` does not name. JSON: `before`, a rate.
    pub before: Ratio,
    /// The share within the window. JSON: `during`, a rate.
    pub during: Ratio,
    /// Of delays: the median before and during. JSON: `delay` {before_ms, during_ms}.
    pub delay: Option<(Nanos, Nanos)>,
    /// How often in the whole capture. JSON: `total`.
    pub total: u64,
    /// 1 less the chance that steady traffic shows as much anywhere, 0 … 1. JSON: `confidence`.
    pub confidence: f64,
    /// What explains it, most telling first; empty where nothing does. Values of one dimension are
    /// alternatives, different dimensions hold together. JSON: `because[]`.
    pub because: Vec<Because>,
    /// What became of the calls; INVITE only. JSON: `consequence`.
    pub consequence: Option<Consequence>,
    /// The first calls concerned. JSON: `calls[]`.
    pub calls: Vec<SampleCall>,
    /// How many more there are. JSON: `more_calls`.
    pub more_calls: u64,
    /// How often by time, over the whole capture. JSON: `chart` {start, interval_s, counts[],
    /// of[]}.
    pub chart: Chart,
    /// Everything above in sentences, foreign text in it: escape it. JSON: `text`.
    pub text: String,
}

/// What kind of figure rose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// The share of a response code.
    Code,
    /// The share of requests without any final.
    Silence,
    /// The share of requests that had to be sent again.
    Retransmission,
    /// The share of INVITEs whose final had to be sent again: no ACK came.
    ResponseRetransmission,
    /// The delay to ringback, or to the final.
    Delay,
    /// The share of an outcome of attempts that no finding on a code, silence or delay accounts for.
    Outcome,
}

impl FindingKind {
    /// The name in machine output.
    pub fn id(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Silence => "silence",
            Self::Retransmission => "retransmission",
            Self::ResponseRetransmission => "response_retransmission",
            Self::Delay => "delay",
            Self::Outcome => "outcome",
        }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Tries of INVITE on reference legs.
    Bids,
    /// The same, and other requests, where they were last seen: behind proxies.
    Tries,
    /// Other requests on reference legs, less those that were challenged.
    Requests,
    /// INVITE attempts.
    Attempts,
}

impl Unit {
    /// The name in machine output, and in sentences.
    pub fn id(self) -> &'static str {
        match self {
            Self::Bids => "bids",
            Self::Tries => "tries",
            Self::Requests => "requests",
            Self::Attempts => "attempts",
        }
    }
}

/// One condition that explains a finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Because {
    /// The dimension. JSON: `dimension`, its id.
    pub dimension: Dimension,
    /// Its value, foreign text: escape it. JSON: `value`.
    pub value: String,
    /// Share of the finding's cases that have it. JSON: `share_inside`.
    pub share_inside: f64,
    /// Share of the other traffic of the same unit that has it: of the same time, where there is
    /// enough. JSON: `share_outside`.
    pub share_outside: f64,
    /// How many times likelier the finding is with it than without. `None`: it never happens
    /// without. JSON: `lift`.
    pub lift: Option<f64>,
    /// The chance that it is a coincidence, all conditions that were looked at considered. JSON: `p`.
    pub p: f64,
}

/// What became of the calls of a finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consequence {
    /// Followed by another try in the same attempt. JSON: `retried`.
    pub retried: u64,
    /// It ended the attempt. JSON: `ended`.
    pub ended: u64,
}

/// A call to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleCall {
    /// When it began. JSON: `time`.
    pub time: Timestamp,
    /// Frame of its first message. JSON: `file`, `frame`.
    pub frame: FrameId,
    /// The Call-ID, foreign text: escape it; cut after 128 bytes. JSON: `call_id`.
    pub call_id: String,
}

/// How often, by time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// Start of the first bucket.
    pub start: Timestamp,
    /// Length of a bucket.
    pub interval: Nanos,
    /// Cases in each bucket; where the share of answered attempts fell, those not answered.
    pub counts: Vec<u64>,
    /// Out of how many in each.
    pub of: Vec<u64>,
}
