//! The ledger and the message totals in JSON.

use serde::Serialize;

use super::value::{Clock, Keyed};
use crate::flow::FrameId;
use crate::stats::summary::{Input, Messages, TlsRow};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct InputJson<'a> {
    complete: bool,
    exact: bool,
    first: Option<String>,
    last: Option<String>,
    files: Vec<FileJson<'a>>,
    skipped: Vec<SkippedJson<'a>>,
    frames: u64,
    filter: Option<&'a str>,
    fates: Keyed<&'a str, u64>,
    anomalies: Vec<AnomalyJson<'a>>,
    unknown_links: Keyed<String, u64>,
    tls: Vec<TlsJson<'a>>,
    evicted: Keyed<&'a str, u64>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FileJson<'a> {
    path: &'a str,
    format: &'a str,
    frames: u64,
    bytes: u64,
    first: Option<String>,
    last: Option<String>,
    complete: bool,
    problem: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct AnomalyJson<'a> {
    id: &'a str,
    count: u64,
    first: FrameJson<'a>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SkippedJson<'a> {
    path: String,
    reason: &'a str,
}

/// A frame by file and number.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct FrameJson<'a> {
    file: &'a str,
    frame: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct TlsJson<'a> {
    port: u16,
    server_name: Option<&'a str>,
    flows: u64,
    bytes: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct MessagesJson<'a> {
    total: u64,
    requests: u64,
    responses: u64,
    retransmissions: u64,
    capture_duplicates: u64,
    hop_copies: u64,
    by_transport: Keyed<&'a str, u64>,
}

impl<'a> InputJson<'a> {
    pub(super) fn new(input: &'a Input, clock: Clock) -> Self {
        Self {
            complete: input.complete,
            exact: input.exact,
            first: input.span.map(|(first, _)| clock.at(first)),
            last: input.span.map(|(_, last)| clock.at(last)),
            files: input
                .files
                .iter()
                .map(|f| FileJson {
                    path: &f.path,
                    format: &f.format,
                    frames: f.frames,
                    bytes: f.bytes,
                    first: f.first.map(|t| clock.at(t)),
                    last: f.last.map(|t| clock.at(t)),
                    complete: f.complete,
                    problem: f.problem.as_deref(),
                })
                .collect(),
            skipped: input
                .skipped
                .iter()
                .map(|s| SkippedJson { path: s.path.display().to_string(), reason: &s.reason })
                .collect(),
            frames: input.frames,
            filter: input.filter.as_deref(),
            fates: input.fates.iter().map(|(fate, n)| (fate.id(), *n)).collect(),
            anomalies: input
                .anomalies
                .iter()
                .map(|(kind, count, first)| AnomalyJson {
                    id: kind.id(),
                    count: *count,
                    first: FrameJson::new(input, *first),
                })
                .collect(),
            unknown_links: input.unknown_links.iter().map(|(link, n)| (link.to_string(), *n)).collect(),
            tls: input.tls.iter().map(TlsJson::new).collect(),
            evicted: input.evicted.iter().map(|(table, n)| (table.as_ref(), *n)).collect(),
        }
    }
}

impl<'a> FrameJson<'a> {
    pub(super) fn new(input: &'a Input, id: FrameId) -> Self {
        let file = usize::try_from(id.file).ok().and_then(|i| input.files.get(i));
        Self { file: file.map_or("", |f| &f.path), frame: id.number }
    }
}

impl<'a> TlsJson<'a> {
    fn new(row: &'a TlsRow) -> Self {
        Self { port: row.port, server_name: row.server_name.as_deref(), flows: row.flows, bytes: row.bytes }
    }
}

impl<'a> MessagesJson<'a> {
    pub(super) fn new(m: &'a Messages) -> Self {
        Self {
            total: m.total,
            requests: m.requests,
            responses: m.responses,
            retransmissions: m.counts.retransmissions,
            capture_duplicates: m.counts.capture_duplicates,
            hop_copies: m.counts.hop_copies,
            by_transport: m.by_transport.iter().map(|(t, n)| (t.id(), *n)).collect(),
        }
    }
}
