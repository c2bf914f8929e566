//! Requests, responses in every cut, and failures in JSON.

use serde::Serialize;

use super::value::Rate;
use crate::registry;
use crate::sip::StatusCode;
use crate::stats::Counts;
use crate::stats::summary::{
    CellRow, ClassRow, CodeRow, FailureRow, Failures, MethodRow, ResponseMethodRow, Responses,
};

/// The five counts of a row of responses.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct FiveCounts {
    messages: u64,
    responses: u64,
    retransmissions: u64,
    capture_duplicates: u64,
    hop_copies: u64,
}

impl From<Counts> for FiveCounts {
    fn from(c: Counts) -> Self {
        Self {
            messages: c.messages(),
            responses: c.first,
            retransmissions: c.retransmissions,
            capture_duplicates: c.capture_duplicates,
            hop_copies: c.hop_copies,
        }
    }
}

/// `at_least: true` on rows of a table that refused a key; absent elsewhere.
pub(super) fn no(flag: &bool) -> bool {
    !flag
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct RequestsJson<'a> {
    by_method: Vec<RequestRow<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RequestRow<'a> {
    method: &'a str,
    messages: u64,
    requests: u64,
    retransmissions: u64,
    capture_duplicates: u64,
    hop_copies: u64,
    #[serde(skip_serializing_if = "no")]
    at_least: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct ResponsesJson<'a> {
    #[serde(flatten)]
    counts: FiveCounts,
    by_class: Vec<ClassJson>,
    by_code: Vec<CodeJson>,
    by_method: Vec<MethodJson<'a>>,
    by_method_and_code: Vec<CellJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ClassJson {
    class: u8,
    id: Option<&'static str>,
    name: Option<&'static str>,
    #[serde(flatten)]
    counts: FiveCounts,
    share: Option<f64>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CodeJson {
    code: u16,
    reason: Option<&'static str>,
    registered: bool,
    side: Option<&'static str>,
    #[serde(flatten)]
    counts: FiveCounts,
    share: Option<f64>,
    share_of_finals: Option<f64>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct MethodJson<'a> {
    method: &'a str,
    #[serde(flatten)]
    counts: FiveCounts,
    finals: u64,
    challenges: u64,
    inner: u64,
    failures: u64,
    failure_rate: Rate,
    alive_by_other_code: u64,
    #[serde(skip_serializing_if = "no")]
    at_least: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CellJson<'a> {
    method: &'a str,
    code: u16,
    reason: Option<&'static str>,
    #[serde(flatten)]
    counts: FiveCounts,
    share: Option<f64>,
    #[serde(skip_serializing_if = "no")]
    at_least: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct FailuresJson<'a> {
    total: u64,
    finals: u64,
    rate: Rate,
    inner: u64,
    overtaken: u64,
    by_code: Vec<FailureJson<'a>>,
    by_method_and_code: Vec<FailureJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FailureJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    code: u16,
    reason: Option<&'static str>,
    failures: u64,
    share: Option<f64>,
    inner: u64,
}

impl<'a> RequestsJson<'a> {
    pub(super) fn new(rows: &'a [MethodRow]) -> Self {
        let row = |r: &'a MethodRow| RequestRow {
            method: &r.method,
            messages: r.counts.messages(),
            requests: r.counts.first,
            retransmissions: r.counts.retransmissions,
            capture_duplicates: r.counts.capture_duplicates,
            hop_copies: r.counts.hop_copies,
            at_least: r.at_least,
        };
        Self { by_method: rows.iter().map(row).collect() }
    }
}

impl<'a> ResponsesJson<'a> {
    pub(super) fn new(r: &'a Responses) -> Self {
        Self {
            counts: r.counts.into(),
            by_class: r.by_class.iter().map(ClassJson::new).collect(),
            by_code: r.by_code.iter().map(CodeJson::new).collect(),
            by_method: r.by_method.iter().map(MethodJson::new).collect(),
            by_method_and_code: r.by_method_and_code.iter().map(CellJson::new).collect(),
        }
    }
}

impl ClassJson {
    fn new(r: &ClassRow) -> Self {
        let class = registry::classes().iter().find(|c| c.digit == r.class);
        Self {
            class: r.class,
            id: class.map(|c| c.id),
            name: class.map(|c| c.name),
            counts: r.counts.into(),
            share: r.share,
        }
    }
}

impl CodeJson {
    fn new(r: &CodeRow) -> Self {
        Self {
            code: r.status.get(),
            reason: registry::reason(r.status),
            registered: registry::registered(r.status),
            side: registry::side(r.status).map(|s| s.id()),
            counts: r.counts.into(),
            share: r.share,
            share_of_finals: r.share_of_finals,
        }
    }
}

impl<'a> MethodJson<'a> {
    fn new(r: &'a ResponseMethodRow) -> Self {
        Self {
            method: &r.method,
            counts: r.counts.into(),
            finals: r.finals,
            challenges: r.challenges,
            inner: r.inner,
            failures: r.failures,
            failure_rate: r.failure_rate.into(),
            alive_by_other_code: r.alive_by_other_code,
            at_least: r.at_least,
        }
    }
}

impl<'a> CellJson<'a> {
    fn new(r: &'a CellRow) -> Self {
        Self {
            method: &r.method,
            code: r.status.get(),
            reason: registry::reason(r.status),
            counts: r.counts.into(),
            share: r.share,
            at_least: r.at_least,
        }
    }
}

impl<'a> FailuresJson<'a> {
    pub(super) fn new(f: &'a Failures) -> Self {
        Self {
            total: f.total,
            finals: f.finals,
            rate: f.rate.into(),
            inner: f.inner,
            overtaken: f.overtaken,
            by_code: f.by_code.iter().map(|r| FailureJson::new(r, false)).collect(),
            by_method_and_code: f.by_method_and_code.iter().map(|r| FailureJson::new(r, true)).collect(),
        }
    }
}

impl<'a> FailureJson<'a> {
    fn new(r: &'a FailureRow, with_method: bool) -> Self {
        let status: StatusCode = r.status;
        Self {
            method: with_method.then_some(r.method.as_str()),
            code: status.get(),
            reason: registry::reason(status),
            failures: r.failures,
            share: r.share,
            inner: r.inner,
        }
    }
}
