//! The finished figures of a run: the contract between measuring and reporting.
//!
//! Renderers compute nothing. Lists are sorted as the report's contract asks: by first sightings
//! downwards, then messages, then key upwards. Absent is `None`, never 0.

mod calls;
mod findings;
mod groups;
mod invite;
mod timeline;

pub use calls::{Calls, CellCalls};
pub use findings::{Because, Chart, Consequence, Finding, FindingKind, SampleCall, Unit};
pub use groups::{Group, GroupRow};
pub use invite::{
    Defined, DefinedUnit, Duration, IntermediateRow, Invite, Load, NextHop, OutcomeRow, RateKind, Release,
    ReleaseReason, RingTimer, Sessions,
};
pub use timeline::{TimeBucket, Timeline};

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::anomaly::Anomaly;
use crate::call::{Detail, RegisterOutcome};
use crate::capture::{FileReport, Skipped};
use crate::fate::Fate;
use crate::flow::{Endpoint, FrameId, Transport};
use crate::sip::StatusCode;
use crate::stats::{Counts, Ratio};
use crate::time::{Nanos, Scale, Timestamp};

/// A cut between captures that were added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// Last frame before it.
    pub last: Timestamp,
    /// First frame after it.
    pub first: Timestamp,
    /// Attempts, registrations, sessions and requests that were open before it.
    pub open: u64,
    /// Attempts of the capture after it that were taken as initial for want of evidence.
    pub initial_assumed: u64,
}

/// Everything that a run found out.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// What was read and what was not.
    pub input: Input,
    /// Messages in all.
    pub messages: Messages,
    /// Requests by method of the request line.
    pub requests: Vec<MethodRow>,
    /// Responses in every cut.
    pub responses: Responses,
    /// Failure responses.
    pub failures: Failures,
    /// INVITE attempts.
    pub invite: Invite,
    /// REGISTER attempts.
    pub register: Register,
    /// Delays by name, in the order of the report's contract; `None` where there is no sample.
    pub delays: Vec<(DelayKind, Option<DelayStats>)>,
    /// Post-dial delays in bins of two percent, so that what came between two times can be told; in no
    /// format.
    pub pdd: BTreeMap<Nanos, u64>,
    /// Request to first final, by method, for every transaction at every hop.
    pub response_time: Vec<(String, DelayStats)>,
    /// Request to first response of any code, by method.
    pub first_reply: Vec<(String, DelayStats)>,
    /// Requests that never got a final response.
    pub silence: Vec<SilenceRow>,
    /// `Reason` headers by the message that carried them, most frequent first.
    pub reasons: Vec<ReasonRow>,
    /// Wire reason phrases that differ from the registered one, most frequent first.
    pub phrases: Vec<PhraseRow>,
    /// `Warning` codes and texts by status code, most frequent first.
    pub warnings: Vec<PhraseRow>,
    /// `Retry-After` by status code.
    pub retry_after: Vec<RetryAfterRow>,
    /// Traffic told apart by dimensions, one a `--by`, as asked for. JSON: `groups[]`.
    pub groups: Vec<Group>,
    /// What happened when; `None` unless asked for. JSON: `timeline{}`, or null.
    pub timeline: Option<Timeline>,
    /// What rose, when, where and with what consequence; the most important first. JSON:
    /// `findings[]`.
    pub findings: Vec<Finding>,
    /// Calls to look at.
    pub calls: Calls,
    /// What the capture hides and what looks odd, in the order of the blocks they concern.
    pub notes: Vec<Note>,
    /// Cuts between captures that were added up, by time; empty for one run.
    pub boundaries: Vec<Boundary>,
}

/// The ledger.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// Every input byte was read and understood as records of its container.
    pub complete: bool,
    /// Nothing that figures depend on was evicted or refused for lack of room.
    pub exact: bool,
    /// By first time.
    pub files: Vec<FileReport>,
    /// Entries of directories that are no captures, each with its reason.
    pub skipped: Vec<Skipped>,
    /// Frames read.
    pub frames: u64,
    /// Frames by fate; the sum is `frames`. Only those that occurred.
    pub fates: Vec<(Fate, u64)>,
    /// Anomalies that occurred: kind, count, first frame.
    pub anomalies: Vec<(Anomaly, u64, FrameId)>,
    /// Link types that are not decoded, with frames.
    pub unknown_links: Vec<(u32, u64)>,
    /// What the user's filter was, as options; `None` without one.
    pub filter: Option<String>,
    /// Shown times of the earliest and the latest frame, within the filter's times; `None` without any.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Some input is finer than 1 µs: times are shown with 9 digits.
    pub nanoseconds: bool,
    /// Whether instants are of the calendar or after the first frame.
    pub scale: Scale,
    /// TLS flows seen: what the capture cannot tell.
    pub tls: Vec<TlsRow>,
    /// Items dropped or refused for lack of room, by table.
    pub evicted: Vec<(Cow<'static, str>, u64)>,
}

/// TLS towards one server port and name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TlsRow {
    /// Server port.
    pub port: u16,
    /// Server name of the ClientHello, if one was seen.
    pub server_name: Option<String>,
    /// Directions that carried it.
    pub flows: u64,
    /// Payload bytes.
    pub bytes: u64,
}

/// Message totals.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    /// Requests and responses in all bins.
    pub total: u64,
    /// Request messages.
    pub requests: u64,
    /// Response messages.
    pub responses: u64,
    /// Messages by what carried them; only those that occurred.
    pub by_transport: Vec<(Transport, u64)>,
    /// Requests and responses together, by bin.
    pub counts: Counts,
}

/// One method's requests, or responses.
#[derive(Clone, Debug, Default)]
pub struct MethodRow {
    /// The method as sent; `(unknown)` for none, `(other)` for those beyond the table.
    pub method: String,
    /// Messages by bin.
    pub counts: Counts,
    /// The table refused a key that may belong here.
    pub at_least: bool,
}

/// Responses in every cut.
#[derive(Clone, Debug, Default)]
pub struct Responses {
    /// All of them.
    pub counts: Counts,
    /// By class 1–6; only those that occurred.
    pub by_class: Vec<ClassRow>,
    /// By code.
    pub by_code: Vec<CodeRow>,
    /// By method of the CSeq.
    pub by_method: Vec<ResponseMethodRow>,
    /// By method and code.
    pub by_method_and_code: Vec<CellRow>,
    /// Method × class: first sightings, `[method row][class - 1]`, in the order of `by_method`.
    pub method_classes: Vec<[u64; 6]>,
}

/// Responses of one class.
#[derive(Clone, Debug, Default)]
pub struct ClassRow {
    /// 1–6.
    pub class: u8,
    /// Messages by bin.
    pub counts: Counts,
    /// Of all responses.
    pub share: Option<f64>,
}

/// Responses of one code.
#[derive(Clone, Debug)]
pub struct CodeRow {
    /// The code.
    pub status: StatusCode,
    /// Messages by bin.
    pub counts: Counts,
    /// Of all responses.
    pub share: Option<f64>,
    /// Of all final responses; `None` for 1xx.
    pub share_of_finals: Option<f64>,
}

/// Responses to one method.
#[derive(Clone, Debug, Default)]
pub struct ResponseMethodRow {
    /// As in [`MethodRow`].
    pub method: String,
    /// Messages by bin.
    pub counts: Counts,
    /// First sightings of 200–699.
    pub finals: u64,
    /// First sightings of 401 and 407.
    pub challenges: u64,
    /// Finals on legs whose upstream leg ended with another code.
    pub inner: u64,
    /// Failures (see [`Failures`]).
    pub failures: u64,
    /// Failures over finals less challenges and inner ones.
    pub failure_rate: Ratio,
    /// Out-of-dialog OPTIONS only: finals of 4xx–6xx that mean "alive".
    pub alive_by_other_code: u64,
    /// The table refused a key that may belong here.
    pub at_least: bool,
}

/// One cell of method × code.
#[derive(Clone, Debug)]
pub struct CellRow {
    /// As in [`MethodRow`].
    pub method: String,
    /// The code.
    pub status: StatusCode,
    /// Messages by bin.
    pub counts: Counts,
    /// Of the method's responses.
    pub share: Option<f64>,
    /// The table refused a key that may belong here.
    pub at_least: bool,
}

/// Failure responses: 4xx, 5xx, 6xx, less challenges, less inner finals.
#[derive(Clone, Debug, Default)]
pub struct Failures {
    /// Failures.
    pub total: u64,
    /// Final responses less challenges and inner ones: the denominator.
    pub finals: u64,
    /// `total / finals`.
    pub rate: Ratio,
    /// Failing finals that an upstream leg did not pass on.
    pub inner: u64,
    /// Failures that a retry overtook (503 with failover, 422 …). They are within `total`.
    pub overtaken: u64,
    /// By code; share of all failures.
    pub by_code: Vec<FailureRow>,
    /// By method and code.
    pub by_method_and_code: Vec<FailureRow>,
}

/// One code's failures.
#[derive(Clone, Debug)]
pub struct FailureRow {
    /// Method; empty in `by_code`.
    pub method: String,
    /// The code.
    pub status: StatusCode,
    /// Failures.
    pub failures: u64,
    /// Of all failures.
    pub share: Option<f64>,
    /// Inner finals of the cell, not within `failures`.
    pub inner: u64,
}

/// REGISTER attempts.
#[derive(Clone, Debug, Default)]
pub struct Register {
    /// Attempts.
    pub attempts: u64,
    /// All outcomes, in the order of [`RegisterOutcome::ALL`], zero or not.
    pub outcomes: Vec<RegisterRow>,
    /// Final codes of the failed ones, most frequent first.
    pub codes: Vec<(StatusCode, u64)>,
    /// Ineffective Registration Attempts.
    pub ira: Ratio,
}

/// One outcome of registrations.
#[derive(Clone, Debug)]
pub struct RegisterRow {
    /// Which.
    pub outcome: RegisterOutcome,
    /// Attempts.
    pub count: u64,
    /// Of all attempts, pending included.
    pub share: Option<f64>,
    /// Details that occurred.
    pub details: Vec<(Detail, u64)>,
}

/// A delay of the report's contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DelayKind {
    /// First INVITE to first ringback.
    Pdd,
    /// The same from the last INVITE with credentials.
    PddAuthenticated,
    /// First INVITE to first status, answered attempts.
    SrdOk,
    /// First INVITE to first status, failed attempts.
    SrdFailed,
    /// First INVITE to first 2xx.
    Setup,
    /// First ringback to 2xx.
    Ring,
    /// 2xx to ACK.
    Ack,
    /// First REGISTER to 200.
    Rrd,
    /// BYE to 2xx.
    Sdd,
    /// BYE to another final.
    SddFailed,
    /// 2xx to BYE.
    Sdt,
    /// 2xx to BYE + 32 s without final.
    SdtFailed,
}

named!(DelayKind, &DelayKind::ALL);

impl DelayKind {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 12] = [
        Self::Pdd,
        Self::PddAuthenticated,
        Self::SrdOk,
        Self::SrdFailed,
        Self::Setup,
        Self::Ring,
        Self::Ack,
        Self::Rrd,
        Self::Sdd,
        Self::SddFailed,
        Self::Sdt,
        Self::SdtFailed,
    ];

    /// The name in machine output.
    pub fn id(self) -> &'static str {
        match self {
            Self::Pdd => "pdd",
            Self::PddAuthenticated => "pdd_authenticated",
            Self::SrdOk => "srd_ok",
            Self::SrdFailed => "srd_failed",
            Self::Setup => "setup",
            Self::Ring => "ring",
            Self::Ack => "ack",
            Self::Rrd => "rrd",
            Self::Sdd => "sdd",
            Self::SddFailed => "sdd_failed",
            Self::Sdt => "sdt",
            Self::SdtFailed => "sdt_failed",
        }
    }
}

/// A delay's distribution. `min` and `max` are exact; percentiles within 1 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DelayStats {
    /// Samples, at least 1.
    pub count: u64,
    /// Smallest.
    pub min: Nanos,
    /// Median.
    pub p50: Nanos,
    /// 90th percentile.
    pub p90: Nanos,
    /// 95th percentile.
    pub p95: Nanos,
    /// 99th percentile.
    pub p99: Nanos,
    /// Greatest.
    pub max: Nanos,
}

/// Requests of one method to one destination without a final response.
#[derive(Clone, Debug)]
pub struct SilenceRow {
    /// Method.
    pub method: String,
    /// Where they were sent; `None` in the row that sums the rest of the method.
    pub destination: Option<Endpoint>,
    /// Transactions without a final.
    pub unanswered: u64,
    /// Transactions in all.
    pub requests: u64,
    /// How often the unanswered ones were sent again.
    pub retransmissions: u64,
}

/// A `Reason` value and the message that carried it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReasonRow {
    /// The request's method, or `CODE METHOD` of the response.
    pub carried_by: String,
    /// `Q.850`, `SIP` … as sent.
    pub protocol: String,
    /// The cause number.
    pub cause: Option<u32>,
    /// RFC 8606 location, if given.
    pub location: Option<String>,
    /// First text seen with it.
    pub text: Option<String>,
    /// First sightings.
    pub count: u64,
}

/// A text from the wire, by status code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhraseRow {
    /// The code that carried it.
    pub status: StatusCode,
    /// The text, foreign: escape it. `None` in the row that sums the rest.
    pub text: Option<String>,
    /// First sightings.
    pub count: u64,
}

/// `Retry-After` by status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfterRow {
    /// The code that carried it.
    pub status: StatusCode,
    /// Responses with it.
    pub count: u64,
    /// Smallest value in seconds.
    pub min_s: u32,
    /// Greatest value in seconds.
    pub max_s: u32,
}

/// A sentence about what the capture hides or what looks odd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Stable identifier.
    pub id: &'static str,
    /// The block of the text report that it stands under.
    pub block: Block,
    /// One sentence for a person, already escaped.
    pub text: String,
    /// How often, where that makes sense.
    pub count: u64,
    /// First frame concerned, where there is one.
    pub first: Option<FrameId>,
}

/// Blocks of the text report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Block {
    /// File, span, completeness.
    Input,
    /// INVITE outcomes.
    Outcomes,
    /// Rates.
    Rates,
    /// Next hops.
    NextHops,
    /// Answered calls.
    Calls,
    /// Failure responses and the rest.
    Failures,
    /// Registrations.
    Register,
}

impl Block {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Input,
        Self::Outcomes,
        Self::Rates,
        Self::NextHops,
        Self::Calls,
        Self::Failures,
        Self::Register,
    ];
}
