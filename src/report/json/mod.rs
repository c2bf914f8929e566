//! The summary as one JSON object, `sipstat.report/1`.
//!
//! Paths are a contract: a breaking change of one raises the number in `schema`. The wire types are
//! this module's own, so that no internal change moves a path. The same summary gives the same
//! bytes: objects in fixed order, lists as the summary sorted them, two spaces of indentation.

mod findings;
mod groups;
mod input;
mod invite;
pub(crate) mod pretty;
mod register;
mod responses;
mod timeline;
mod value;

use std::io;

use serde::Serialize;

use self::findings::FindingJson;
use self::groups::GroupJson;
use self::input::{FrameJson, InputJson, MessagesJson};
use self::invite::{InviteJson, cause_name};
use self::register::RegisterJson;
use self::responses::{FailuresJson, RequestsJson, ResponsesJson};
use self::timeline::TimelineJson;
pub(crate) use self::value::Clock;
use self::value::Delay;
use crate::registry;
use crate::stats::Summary;
use crate::stats::summary::{Boundary, DelayKind, DelayStats, PhraseRow};

/// Name and version of the layout.
pub const SCHEMA: &str = "sipstat.report/1";

pub(super) use pretty::line;
pub(super) use value::{Keyed, Rate, ms};

/// The report as a value, for the formats that take it apart.
pub(crate) fn value(summary: &Summary) -> io::Result<serde_json::Value> {
    Ok(serde_json::to_value(Report::new(summary))?)
}

/// Writes `summary` to `out`.
pub fn write(summary: &Summary, out: &mut impl io::Write) -> io::Result<()> {
    pretty::write(&Report::new(summary), out)
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Report<'a> {
    schema: &'static str,
    input: InputJson<'a>,
    messages: MessagesJson<'a>,
    requests: RequestsJson<'a>,
    responses: ResponsesJson<'a>,
    failures: FailuresJson<'a>,
    invite: InviteJson<'a>,
    register: RegisterJson<'a>,
    delays: DelaysJson<'a>,
    silence: Vec<SilenceJson<'a>>,
    reasons: Vec<ReasonJson<'a>>,
    phrases: Vec<PhraseJson<'a>>,
    warnings: Vec<PhraseJson<'a>>,
    retry_after: Vec<RetryAfterJson>,
    groups: Vec<GroupJson<'a>>,
    timeline: Option<TimelineJson<'a>>,
    findings: Vec<FindingJson<'a>>,
    notes: Vec<NoteJson<'a>>,
    /// Only where captures were added up.
    #[serde(skip_serializing_if = "Option::is_none")]
    merge: Option<MergeJson>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DelaysJson<'a> {
    #[serde(flatten)]
    named: Keyed<&'static str, Option<Delay>>,
    response_time: Keyed<&'a str, Delay>,
    first_reply: Keyed<&'a str, Delay>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SilenceJson<'a> {
    method: &'a str,
    destination: Option<String>,
    unanswered: u64,
    requests: u64,
    retransmissions: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ReasonJson<'a> {
    carried_by: &'a str,
    protocol: &'a str,
    cause: Option<u32>,
    name: Option<&'static str>,
    location: Option<&'a str>,
    text: Option<&'a str>,
    count: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PhraseJson<'a> {
    code: u16,
    reason: Option<&'static str>,
    text: Option<&'a str>,
    count: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RetryAfterJson {
    code: u16,
    count: u64,
    min_s: u32,
    max_s: u32,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct MergeJson {
    boundaries: Vec<BoundaryJson>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct BoundaryJson {
    last_before: String,
    first_after: String,
    open_before: u64,
    initial_assumed_after: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct NoteJson<'a> {
    id: &'a str,
    text: &'a str,
    count: u64,
    first: Option<FrameJson<'a>>,
}

impl<'a> Report<'a> {
    fn new(s: &'a Summary) -> Self {
        let clock = Clock::of(&s.input);
        let by_method =
            |list: &'a [(String, DelayStats)]| list.iter().map(|(m, d)| (m.as_str(), d.into())).collect();
        let delay = |kind| s.delays.iter().find(|(k, _)| *k == kind).and_then(|(_, d)| d.as_ref());
        Self {
            schema: SCHEMA,
            input: InputJson::new(&s.input, clock),
            messages: MessagesJson::new(&s.messages),
            requests: RequestsJson::new(&s.requests),
            responses: ResponsesJson::new(&s.responses),
            failures: FailuresJson::new(&s.failures),
            invite: InviteJson::new(&s.invite, clock),
            register: RegisterJson::new(&s.register),
            delays: DelaysJson {
                named: DelayKind::ALL.iter().map(|&k| (k.id(), delay(k).map(Delay::from))).collect(),
                response_time: by_method(&s.response_time),
                first_reply: by_method(&s.first_reply),
            },
            silence: s
                .silence
                .iter()
                .map(|r| SilenceJson {
                    method: &r.method,
                    destination: r.destination.map(|d| d.to_string()),
                    unanswered: r.unanswered,
                    requests: r.requests,
                    retransmissions: r.retransmissions,
                })
                .collect(),
            reasons: s
                .reasons
                .iter()
                .map(|r| ReasonJson {
                    carried_by: &r.carried_by,
                    protocol: &r.protocol,
                    cause: r.cause,
                    name: cause_name(&r.protocol, r.cause),
                    location: r.location.as_deref(),
                    text: r.text.as_deref(),
                    count: r.count,
                })
                .collect(),
            phrases: s.phrases.iter().map(PhraseJson::new).collect(),
            warnings: s.warnings.iter().map(PhraseJson::new).collect(),
            retry_after: s
                .retry_after
                .iter()
                .map(|r| RetryAfterJson {
                    code: r.status.get(),
                    count: r.count,
                    min_s: r.min_s,
                    max_s: r.max_s,
                })
                .collect(),
            groups: s.groups.iter().map(GroupJson::new).collect(),
            timeline: s.timeline.as_ref().map(|t| TimelineJson::new(t, clock)),
            findings: s.findings.iter().map(|f| FindingJson::new(f, s, clock)).collect(),
            notes: s
                .notes
                .iter()
                .map(|n| NoteJson {
                    id: n.id,
                    text: &n.text,
                    count: n.count,
                    first: n.first.map(|f| FrameJson::new(&s.input, f)),
                })
                .collect(),
            merge: MergeJson::new(&s.boundaries, clock),
        }
    }
}

impl MergeJson {
    fn new(boundaries: &[Boundary], clock: Clock) -> Option<Self> {
        let row = |b: &Boundary| BoundaryJson {
            last_before: clock.at(b.last),
            first_after: clock.at(b.first),
            open_before: b.open,
            initial_assumed_after: b.initial_assumed,
        };
        (!boundaries.is_empty()).then(|| Self { boundaries: boundaries.iter().map(row).collect() })
    }
}

impl<'a> PhraseJson<'a> {
    fn new(r: &'a PhraseRow) -> Self {
        Self {
            code: r.status.get(),
            reason: registry::reason(r.status),
            text: r.text.as_deref(),
            count: r.count,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::{golden, sample};

    fn text(summary: &Summary) -> String {
        let mut out = Vec::new();
        write(summary, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_trunk_with_an_incident() {
        golden::check("trunk.json", &text(&sample::trunk()));
    }

    #[test]
    fn registrations_of_a_capture_that_was_cut_off() {
        golden::check("registrations.json", &text(&sample::registrations()));
    }

    /// The paths that the contract fixes; they exist in an empty report as well.
    #[test]
    fn every_fixed_path_exists_even_when_nothing_was_seen() {
        const PATHS: &str = "
            schema input.complete input.exact input.files input.frames input.fates input.anomalies
            messages.total messages.requests messages.responses messages.by_transport requests.by_method
            responses.messages responses.responses responses.retransmissions responses.capture_duplicates
            responses.hop_copies responses.by_class responses.by_code responses.by_method
            responses.by_method_and_code failures.total failures.finals failures.rate.value
            failures.rate.numerator failures.rate.denominator failures.by_code failures.by_method_and_code
            failures.inner failures.overtaken invite.transactions invite.attempts invite.bids invite.reinvites
            invite.reinvites_by_code invite.outcomes invite.sides invite.intermediate invite.translated
            invite.after_ringing invite.sessions.confirmed invite.sessions.completed invite.sessions.failed
            invite.sessions.up invite.sessions.lost invite.duration.acd_s invite.duration.answered_s
            invite.duration.ended invite.duration.still_up invite.duration.mean_of_ended_s
            invite.duration.short invite.duration.instant invite.release.by.caller invite.release.by.callee
            invite.release.by.both invite.release.by.unknown invite.release.reasons
            invite.release.bye_final.2xx invite.release.bye_final.481 invite.release.bye_final.other
            invite.release.bye_final.none invite.release.dropped invite.release.refresh_failed
            invite.load.attempts_per_s invite.load.peak_1s invite.load.peak_at invite.load.concurrent_peak
            invite.load.concurrent_at invite.load.lower_bound invite.rates.asr invite.rates.abr
            invite.rates.ner invite.rates.ner_high invite.rates.ner_q850 invite.rates.ser invite.rates.seer
            invite.rates.isa invite.rates.isa_without_silent invite.rates.scr invite.rates.cleared
            register.attempts register.outcomes register.rates.ira delays.pdd delays.pdd_authenticated
            delays.srd_ok delays.srd_failed delays.setup delays.ring delays.ack delays.rrd delays.sdd
            delays.sdd_failed delays.sdt delays.sdt_failed delays.response_time delays.first_reply groups timeline findings notes";
        for summary in [Summary::default(), sample::trunk()] {
            let json: Value = serde_json::from_str(&text(&summary)).unwrap();
            for path in PATHS.split_whitespace() {
                assert!(json.pointer(&format!("/{}", path.replace('.', "/"))).is_some(), "{path}");
            }
        }
    }

    #[test]
    fn messages_are_the_sum_of_the_four_bins_in_every_row() {
        let json: Value = serde_json::from_str(&text(&sample::trunk())).unwrap();
        let rows = ["by_class", "by_code", "by_method", "by_method_and_code"]
            .iter()
            .flat_map(|cut| json["responses"][cut].as_array().unwrap())
            .chain([&json["responses"]]);
        for row in rows {
            let n = |key: &str| row[key].as_u64().unwrap();
            let bins = n("responses") + n("retransmissions") + n("capture_duplicates") + n("hop_copies");
            assert_eq!(n("messages"), bins, "{row}");
        }
    }

    #[test]
    fn the_committed_schema_is_that_of_the_report() {
        crate::report::schema::check::<Report<'static>>("report", SCHEMA);
    }

    #[test]
    fn no_sip_is_a_report_of_zeros() {
        let json: Value = serde_json::from_str(&text(&sample::nothing())).unwrap();
        assert_eq!((&json["messages"]["total"], &json["input"]["fates"]["rtp"]), (&0.into(), &910.into()));
        assert_eq!(json["invite"]["rates"]["asr"]["value"], Value::Null);
    }

    #[test]
    fn foreign_text_stays_one_json_string() {
        let json: Value = serde_json::from_str(&text(&sample::trunk())).unwrap();
        assert_eq!(json["phrases"][0]["text"], "No gateways \u{1b}[31mavailable\u{1b}[0m");
        assert!(!text(&sample::trunk()).contains('\u{1b}'));
    }
}
