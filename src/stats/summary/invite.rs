//! The figures of INVITE attempts: outcomes, bids, rates, sessions, load.

use serde::{Deserialize, Serialize};

use crate::call::{Alerted, Detail, Flag, Outcome, Side};
use crate::flow::Endpoint;
use crate::sip::StatusCode;
use crate::stats::Ratio;
use crate::stats::summary::DelayStats;
use crate::time::{Nanos, Timestamp};

/// INVITE attempts and what became of them.
#[derive(Clone, Debug, Default)]
pub struct Invite {
    /// Initial INVITE transactions on reference legs.
    pub transactions: u64,
    /// Attempts.
    pub attempts: u64,
    /// Bids: tries on reference legs.
    pub bids: u64,
    /// In-dialog INVITE exchanges.
    pub reinvites: u64,
    /// In-dialog INVITEs by final code (`None`: no final).
    pub reinvites_by_code: Vec<(Option<StatusCode>, u64)>,
    /// All outcomes, in the order of [`Outcome::ALL`], zero or not.
    pub outcomes: Vec<OutcomeRow>,
    /// Attempts with each flag, in the order of [`Flag::ALL`].
    pub flags: Vec<(Flag, u64)>,
    /// Decided attempts by side, in the order of [`Side::ALL`].
    pub sides: Vec<(Side, u64)>,
    /// Attempts that are not pending: K.
    pub decided: u64,
    /// Finals overtaken by a retry or a later round.
    pub intermediate: Vec<IntermediateRow>,
    /// Codes changed on the way: inner, outer, count.
    pub translated: Vec<(StatusCode, StatusCode, u64)>,
    /// Failures after ringing or early media, by code.
    pub after_ringing: Vec<(StatusCode, u64)>,
    /// Rates by name.
    pub rates: Vec<(RateKind, Ratio)>,
    /// Figures that the user defined, in that order.
    pub defined: Vec<Defined>,
    /// Sessions that answered attempts began.
    pub sessions: Sessions,
    /// Lengths of answered calls.
    pub duration: Duration,
    /// Who hung up, and why.
    pub release: Release,
    /// Attempts per second and simultaneous calls.
    pub load: Load,
    /// Next hops by bids, most first.
    pub next_hops: Vec<NextHop>,
    /// All bids in one row, `address` being `None`; `None` without bids.
    pub all_next_hops: Option<NextHop>,
    /// Of the cancelled attempts that were alerted: how many share one ring time within ±0.5 s.
    pub ring_timer: Option<RingTimer>,
}

/// One outcome.
#[derive(Clone, Debug)]
pub struct OutcomeRow {
    /// Which.
    pub outcome: Outcome,
    /// Attempts.
    pub count: u64,
    /// Of all attempts, pending included.
    pub share: Option<f64>,
    /// Details that occurred.
    pub details: Vec<(Detail, u64)>,
    /// By what the caller got to know; only those that occurred. Empty for `answered`.
    pub alerted: Vec<(Alerted, u64)>,
    /// Final codes inside it, most frequent first. An attempt without a final is in none.
    pub codes: Vec<(StatusCode, u64)>,
}

/// Finals of one code that did not end their attempt.
#[derive(Clone, Debug)]
pub struct IntermediateRow {
    /// The code.
    pub status: StatusCode,
    /// How often.
    pub count: u64,
    /// Outcome of the attempts that went on, most frequent first.
    pub followed_by: Vec<(Outcome, u64)>,
}

/// The rates of INVITE attempts and registrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RateKind {
    /// Answer-Seizure Ratio.
    Asr,
    /// ASR without attempts challenged once and never tried again (scanners).
    AsrWithoutScanners,
    /// Answer-Bid Ratio.
    Abr,
    /// Network Effectiveness Ratio.
    Ner,
    /// NER, cancelled calls with in-band ringing counted as rung.
    NerHigh,
    /// NER by Q.850 cause.
    NerQ850,
    /// Session Establishment Ratio.
    Ser,
    /// Session Establishment Effectiveness Ratio.
    Seer,
    /// Ineffective Session Attempts.
    Isa,
    /// ISA without silent attempts.
    IsaWithoutSilent,
    /// Session Completion Ratio.
    Scr,
    /// Answered calls whose BYE got a final, over answered calls that ended.
    Cleared,
    /// Ineffective Registration Attempts.
    Ira,
}

impl RateKind {
    /// Those of INVITE, in the order of reports: all but [`Self::Ira`].
    pub const INVITE: [Self; 12] = [
        Self::Asr,
        Self::AsrWithoutScanners,
        Self::Abr,
        Self::Ner,
        Self::NerHigh,
        Self::NerQ850,
        Self::Ser,
        Self::Seer,
        Self::Isa,
        Self::IsaWithoutSilent,
        Self::Scr,
        Self::Cleared,
    ];

    /// The name in machine output.
    pub fn id(self) -> &'static str {
        match self {
            Self::Asr => "asr",
            Self::AsrWithoutScanners => "asr_without_scanners",
            Self::Abr => "abr",
            Self::Ner => "ner",
            Self::NerHigh => "ner_high",
            Self::NerQ850 => "ner_q850",
            Self::Ser => "ser",
            Self::Seer => "seer",
            Self::Isa => "isa",
            Self::IsaWithoutSilent => "isa_without_silent",
            Self::Scr => "scr",
            Self::Cleared => "cleared",
            Self::Ira => "ira",
        }
    }
}

/// A figure that the user defined.
#[derive(Clone, Debug, PartialEq)]
pub struct Defined {
    /// Its name.
    pub name: String,
    /// The expression as written.
    pub definition: String,
    /// A share of 0 to 1, milliseconds, or a number; `None` where something it needs is absent.
    pub value: Option<f64>,
    /// Numerator and denominator, where it has them.
    pub fraction: Option<(u64, u64)>,
    /// What the value is.
    pub unit: DefinedUnit,
}

/// The unit of a [`Defined`] figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefinedUnit {
    /// 0 to 1.
    Share,
    /// Milliseconds.
    Milliseconds,
    /// None.
    Number,
}

impl DefinedUnit {
    /// The name in machine output.
    pub fn id(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Milliseconds => "ms",
            Self::Number => "number",
        }
    }
}

/// Sessions (RFC 6076 4.9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// Begun by a 2xx on a reference leg.
    pub confirmed: u64,
    /// Ended, every BYE with a final.
    pub completed: u64,
    /// Ended, a BYE without final for 32 s.
    pub failed: u64,
    /// No BYE yet.
    pub up: u64,
    /// Forgotten before they ended; counted as up.
    pub lost: u64,
}

/// Lengths of answered calls.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Duration {
    /// Average call duration in seconds: all answered time over calls that ended. `None` when none ended.
    pub acd_s: Option<f64>,
    /// Answered time of calls answered within the capture, in seconds, to BYE or end of capture.
    pub answered_s: f64,
    /// Calls that ended.
    pub ended: u64,
    /// Calls still up at the end.
    pub still_up: u64,
    /// Mean length of the ended ones alone.
    pub mean_of_ended_s: Option<f64>,
    /// Ended calls of `short_limit` or less.
    pub short: u64,
    /// The limit of a short call.
    pub short_limit: Nanos,
    /// Answered without any 101–199 and within a second.
    pub instant: u64,
}

/// Who ended calls, and why.
#[derive(Clone, Debug, Default)]
pub struct Release {
    /// First BYE by the caller.
    pub by_caller: u64,
    /// First BYE by the callee.
    pub by_callee: u64,
    /// Both within a round trip.
    pub by_both: u64,
    /// The sender could not be told.
    pub by_unknown: u64,
    /// Reasons given in BYEs, most frequent first.
    pub reasons: Vec<ReleaseReason>,
    /// BYEs answered 2xx.
    pub bye_2xx: u64,
    /// BYEs answered 481.
    pub bye_481: u64,
    /// BYEs answered otherwise.
    pub bye_other: u64,
    /// BYEs without a final.
    pub bye_none: u64,
    /// Ended for a cause that is not a normal clearing.
    pub dropped: u64,
    /// Ended within 40 s after a failed session refresh.
    pub refresh_failed: u64,
}

/// One reason for hanging up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseReason {
    /// `caller`, `callee` or `unknown`.
    pub by: &'static str,
    /// `Q.850`, `SIP` …
    pub protocol: String,
    /// The cause number.
    pub cause: Option<u32>,
    /// Calls.
    pub count: u64,
}

/// Load.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Attempts over the span of the capture; `None` without attempts, or below a second.
    pub attempts_per_s: Option<f64>,
    /// Attempts begun in the busiest second.
    pub peak_1s: u64,
    /// That second.
    pub peak_at: Option<Timestamp>,
    /// Most calls up at once.
    pub concurrent_peak: u64,
    /// When.
    pub concurrent_at: Option<Timestamp>,
    /// Calls that began before the capture and show no BYE are not in it.
    pub lower_bound: bool,
}

/// Bids sent to one address.
#[derive(Clone, Debug)]
pub struct NextHop {
    /// Where the INVITEs were sent; `None` in the row that sums the rest.
    pub address: Option<Endpoint>,
    /// Tries.
    pub bids: u64,
    /// Answered ones.
    pub answered: u64,
    /// Answered over bids.
    pub abr: Ratio,
    /// Bids without any response.
    pub silent: u64,
    /// INVITEs sent again.
    pub retransmissions: u64,
    /// Failing codes, most frequent first.
    pub codes: Vec<(StatusCode, u64)>,
    /// INVITE to first ringback.
    pub pdd: Option<DelayStats>,
}

/// A no-answer timer in the cancelled calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingTimer {
    /// Cancelled attempts with ringing or early media.
    pub cancelled: u64,
    /// Those within ±0.5 s of `ring`.
    pub at_timer: u64,
    /// The ring time they share.
    pub ring: Nanos,
}
