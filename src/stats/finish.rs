//! Derives every figure of the report, once, from what was counted.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::call::RegisterOutcome;
use crate::capture::{FileReport, Skipped};
use crate::rename::{Rename, What};
use crate::stats::attempts::most_first;
use crate::stats::histogram::Histogram;
use crate::stats::notes;
use crate::stats::summary::{
    DelayKind, DelayStats, Input, Invite, RateKind, Register, RegisterRow, SilenceRow, Summary, TlsRow,
};
use crate::stats::tally::Tally;
use crate::stats::{Ratio, share};
use crate::time::{Nanos, Scale, Timestamp};
use crate::transaction::MethodKey;

/// What the reader knows at the end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct End {
    /// One report a file.
    pub files: Vec<FileReport>,
    /// The greatest time of all: the clock at the end. `None` without frames.
    pub end: Option<Timestamp>,
    /// What was passed over while looking for captures.
    pub skipped: Vec<Skipped>,
    /// Link types that are not decoded, with frames.
    pub unknown_links: Vec<(u32, u64)>,
    /// TLS by server port and name.
    pub tls: Vec<TlsRow>,
    /// Items that stages before the shards dropped for lack of room, by table.
    pub evicted: Vec<(Cow<'static, str>, u64)>,
    /// The user's filter as options; `None` without one.
    pub filter: Option<String>,
    /// The times that the user wants, the second one excluded; `None` for all.
    pub window: Option<(Timestamp, Timestamp)>,
    /// The run was interrupted.
    pub interrupted: bool,
    /// The run goes on: what is up or open was not told yet.
    #[serde(skip)]
    pub goes_on: bool,
    /// Figures alone are wanted, no findings.
    #[serde(skip)]
    pub brief: bool,
    /// What its times are told from.
    #[serde(default, skip_serializing_if = "Scale::is_utc")]
    pub scale: Scale,
}

/// A distribution of delays, in bins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// The name in reports: `pdd`, `response_time(INVITE)`.
    pub name: String,
    /// The value of each bin and how many lie in it, rising.
    pub bins: Vec<(Nanos, u64)>,
}

impl End {
    /// The name of capture `n`, the first one being 1, where captures have no names.
    pub fn number_as_name(n: usize) -> String {
        format!("capture-{n}")
    }

    /// Captures are numbered from here on.
    pub fn forget_paths(&mut self) {
        for (file, n) in self.files.iter_mut().zip(1..) {
            file.path = Self::number_as_name(n);
        }
        self.skipped.sort_by(|a, b| a.reason.cmp(&b.reason));
        for (entry, n) in self.skipped.iter_mut().zip(1..) {
            entry.path = format!("entry-{n}").into();
        }
    }

    /// Gives new names to what names somebody.
    pub(super) fn rename(&mut self, to: &mut dyn Rename) {
        // No `..`: who adds a field says here whether it names somebody.
        let Self {
            files,
            end: _,
            skipped,
            unknown_links: _,
            tls,
            evicted: _,
            filter,
            window: _,
            interrupted: _,
            goes_on: _,
            brief: _,
            scale: _,
        } = self;
        for file in files.iter_mut() {
            file.path = to.text(What::Path, &file.path);
            file.fingerprint = to.hash(file.fingerprint);
        }
        skipped.iter_mut().for_each(|s| s.path = to.text(What::Path, &s.path.to_string_lossy()).into());
        tls.iter_mut()
            .for_each(|row| row.server_name = row.server_name.as_ref().map(|n| to.text(What::Host, n)));
        tls.sort_by(|a, b| {
            b.bytes.cmp(&a.bytes).then_with(|| (a.port, &a.server_name).cmp(&(b.port, &b.server_name)))
        });
        // Sentences quote what got its new name before.
        let problems = files.iter_mut().filter_map(|f| f.problem.as_mut());
        problems
            .chain(skipped.iter_mut().map(|s| &mut s.reason))
            .for_each(|text| *text = to.text(What::Sentence, text));
        *filter = filter.as_ref().map(|text| to.text(What::Options, text));
    }

    /// First and last frame by shown time, within the filter's times.
    pub(super) fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let first = self.files.iter().filter_map(|f| f.first).min();
        let last = self.files.iter().filter_map(|f| f.last).max();
        let (from, to) = self.window.unwrap_or((Timestamp::MIN, Timestamp::MAX));
        let span = first.zip(last).map(|(first, last)| (first.max(from), last.min(to)));
        span.filter(|(first, last)| first <= last)
    }
}

impl Tally {
    /// The finished figures.
    pub fn finish(mut self, end: End) -> Summary {
        let input = self.input(&end);
        let messages = self.messages.messages();
        let mut summary = Summary {
            requests: self.messages.requests(),
            responses: self.messages.responses(),
            failures: self.messages.failures(self.attempts.overtaken),
            invite: self.invite(&input, &end, messages.requests == 0),
            register: self.register(),
            response_time: self.by_method(&self.response_time),
            first_reply: self.by_method(&self.first_reply),
            silence: self.silence_rows(),
            reasons: self.texts.reasons(),
            phrases: self.texts.phrases(),
            warnings: self.texts.warnings(),
            retry_after: self.texts.retry_after(),
            delays: self.delays(),
            pdd: self.attempts.delays.get(&DelayKind::Pdd).map(Histogram::coarse_bins).unwrap_or_default(),
            calls: self.samples.calls(|m| self.messages.methods.name(self.messages.methods.row(m))),
            groups: self.groups.finish(&self.choices.grouping, &input),
            timeline: self.times.finish(self.choices.grouping.interval == Some(Nanos::ZERO)),
            // Where no response was captured, everything looks silent.
            findings: match end.brief || messages.responses == 0 {
                true => Vec::new(),
                false => self.incidents.findings(input.span, end.scale, &self.choices.grouping.trunks),
            },
            notes: Vec::new(),
            boundaries: Vec::new(),
            messages,
            input,
        };
        notes::add(&self, &mut summary);
        summary
    }

    fn input(&mut self, end: &End) -> Input {
        for (table, count) in &end.evicted {
            *self.evicted.entry(table.clone()).or_default() += count;
            self.exact &= *count == 0;
        }
        if self.sessions.refused() > 0 {
            *self.evicted.entry("release reasons".into()).or_default() += self.sessions.refused();
        }
        Input {
            complete: end.files.iter().all(|f| f.complete) && !end.interrupted,
            exact: self.exact,
            files: end.files.clone(),
            frames: end.files.iter().map(|f| f.frames).sum(),
            fates: self.fates.iter().collect(),
            anomalies: self.anomalies.iter().collect(),
            skipped: end.skipped.clone(),
            unknown_links: end.unknown_links.clone(),
            filter: end.filter.clone(),
            span: end.span(),
            nanoseconds: end.files.iter().any(|f| f.nanoseconds),
            scale: end.scale,
            tls: end.tls.clone(),
            evicted: self.evicted.iter().map(|(t, n)| (t.clone(), *n)).filter(|(_, n)| *n > 0).collect(),
        }
    }

    fn invite(&self, input: &Input, end: &End, replies_only: bool) -> Invite {
        let mut invite = Invite::default();
        self.attempts.fill(&mut invite, replies_only);
        invite.reinvites = self.reinvites.values().sum();
        invite.reinvites_by_code = most_first(&self.reinvites);
        invite.sessions = self.sessions.sessions();
        if end.goes_on {
            invite.sessions.up = self.sessions.up_now();
        }
        invite.duration = self.sessions.duration(end.end.unwrap_or_default(), self.choices.short_call);
        invite.release = self.sessions.release_figures();
        let span = input.span.map_or(Nanos::ZERO, |(first, last)| last - first);
        invite.load = self.sessions.load(invite.attempts, span);
        let s = invite.sessions;
        let completion = self.decided().saturating_sub(s.up);
        invite.rates.push((RateKind::Scr, Ratio::new(s.completed, completion)));
        invite.rates.push((RateKind::Cleared, Ratio::new(s.completed, self.sessions.ended())));
        invite
    }

    fn register(&self) -> Register {
        let t = &self.registers;
        let attempts: u64 = t.outcomes.values().sum();
        let count = |o| t.outcomes.get(&o).copied().unwrap_or(0);
        let details = |o| {
            t.details
                .iter()
                .filter(move |((outcome, _), _)| *outcome == o)
                .map(|((_, d), n)| (*d, *n))
                .collect()
        };
        Register {
            attempts,
            outcomes: RegisterOutcome::ALL
                .iter()
                .map(|&o| RegisterRow {
                    outcome: o,
                    count: count(o),
                    share: share(count(o), attempts),
                    details: details(o),
                })
                .collect(),
            codes: most_first(&t.codes),
            ira: Ratio::new(t.ineffective, attempts.saturating_sub(count(RegisterOutcome::Pending))),
        }
    }

    fn delays(&self) -> Vec<(DelayKind, Option<DelayStats>)> {
        DelayKind::ALL
            .into_iter()
            .map(|kind| {
                let found = match kind {
                    DelayKind::Rrd => self.registers.rrd.stats(),
                    _ => [&self.attempts.delays, &self.sessions.delays]
                        .into_iter()
                        .find_map(|d| d.get(&kind))
                        .and_then(Histogram::stats),
                };
                (kind, found)
            })
            .collect()
    }

    /// The distributions of all delays, by their names in reports.
    pub(super) fn distributions(&self) -> Vec<Distribution> {
        let delay = |kind: &DelayKind| match kind {
            DelayKind::Rrd => Some(&self.registers.rrd),
            _ => [&self.attempts.delays, &self.sessions.delays].into_iter().find_map(|d| d.get(kind)),
        };
        let named = DelayKind::ALL.iter().map(|kind| {
            let bins = delay(kind).map(Histogram::bins).unwrap_or_default();
            Distribution { name: kind.id().to_owned(), bins }
        });
        let mut by_method: Vec<Distribution> = self
            .response_time
            .iter()
            .map(|(row, h)| {
                let name = format!("response_time({})", self.messages.methods.name(*row));
                Distribution { name, bins: h.bins() }
            })
            .collect();
        by_method.sort_by(|a, b| a.name.cmp(&b.name));
        named.chain(by_method).collect()
    }

    fn by_method(&self, rows: &BTreeMap<usize, Histogram>) -> Vec<(String, DelayStats)> {
        let mut all: Vec<(String, DelayStats)> =
            rows.iter().filter_map(|(row, h)| Some((self.messages.methods.name(*row), h.stats()?))).collect();
        all.sort_by(|(a, x), (b, y)| y.count.cmp(&x.count).then_with(|| a.cmp(b)));
        all
    }

    /// Rows of destinations with silence; what found no row of its own is summed by method.
    fn silence_rows(&self) -> Vec<SilenceRow> {
        let name = |m: MethodKey| self.messages.methods.name(self.messages.methods.row(m));
        let mut rows: Vec<SilenceRow> = Vec::new();
        for (method, all) in self.requests_over.iter().filter(|(_, t)| t.unanswered > 0) {
            let mut rest = *all;
            for ((m, destination), t) in self.silence.iter().filter(|((m, _), _)| m == method) {
                rest.take(t);
                if t.unanswered > 0 {
                    rows.push(SilenceRow {
                        method: name(*m),
                        destination: Some(*destination),
                        unanswered: t.unanswered,
                        requests: t.requests,
                        retransmissions: t.retransmissions,
                    });
                }
            }
            if rest.unanswered > 0 {
                rows.push(SilenceRow {
                    method: name(*method),
                    destination: None,
                    unanswered: rest.unanswered,
                    requests: rest.requests,
                    retransmissions: rest.retransmissions,
                });
            }
        }
        rows.sort_by(|a, b| {
            b.unanswered
                .cmp(&a.unanswered)
                .then_with(|| (&a.method, a.destination).cmp(&(&b.method, b.destination)))
        });
        rows
    }
}
