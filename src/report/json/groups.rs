//! Groups in JSON: `groups[]`.

use serde::Serialize;

use super::invite::{CountJson, count};
use super::responses::{FiveCounts, no};
use super::value::{Delay, Keyed, Rate};
use crate::stats::Ratio;
use crate::stats::summary::{Group, GroupRow};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct GroupJson<'a> {
    dimensions: Vec<&'static str>,
    keys: u64,
    #[serde(skip_serializing_if = "no")]
    at_least: bool,
    rows: Vec<RowJson<'a>>,
    other: Option<RowJson<'a>>,
    all: RowJson<'a>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RowJson<'a> {
    key: &'a [Option<String>],
    #[serde(flatten)]
    counts: FiveCounts,
    requests: FiveRequests,
    finals: u64,
    failures: u64,
    failure_rate: Rate,
    codes: Vec<CountJson>,
    attempts: u64,
    outcomes: Keyed<&'static str, u64>,
    bids: u64,
    answered: u64,
    abr: Rate,
    bid_codes: Vec<CountJson>,
    silent: u64,
    resent: u64,
    pdd: Option<Delay>,
    #[serde(skip_serializing_if = "no")]
    at_least: bool,
    missed: u64,
}

/// The five counts of requests.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FiveRequests {
    messages: u64,
    requests: u64,
    retransmissions: u64,
    capture_duplicates: u64,
    hop_copies: u64,
}

impl<'a> GroupJson<'a> {
    pub(super) fn new(g: &'a Group) -> Self {
        Self {
            dimensions: g.dimensions.iter().map(|d| d.id()).collect(),
            keys: g.keys,
            at_least: g.at_least,
            rows: g.rows.iter().map(RowJson::new).collect(),
            other: g.other.as_ref().map(RowJson::new),
            all: RowJson::new(&g.all),
        }
    }
}

impl<'a> RowJson<'a> {
    fn new(r: &'a GroupRow) -> Self {
        let requests = r.requests;
        Self {
            key: &r.key,
            counts: r.responses.into(),
            requests: FiveRequests {
                messages: requests.messages(),
                requests: requests.first,
                retransmissions: requests.retransmissions,
                capture_duplicates: requests.capture_duplicates,
                hop_copies: requests.hop_copies,
            },
            finals: r.finals,
            failures: r.failures,
            failure_rate: Ratio::new(r.failures, r.finals).into(),
            codes: r.codes.iter().map(count).collect(),
            attempts: r.attempts,
            outcomes: r.outcomes.iter().map(|(o, n)| (o.id(), *n)).collect(),
            bids: r.bids,
            answered: r.answered,
            abr: r.abr.into(),
            bid_codes: r.bid_codes.iter().map(count).collect(),
            silent: r.silent,
            resent: r.resent,
            pdd: r.pdd.as_ref().map(Delay::from),
            at_least: r.at_least(),
            missed: r.missed,
        }
    }
}
