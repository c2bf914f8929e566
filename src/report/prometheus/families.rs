//! Which figures are exposed, under which names.

use std::io::{self, Write};

use super::exposition::{Exposition, Kind};
use crate::call::{Outcome, RegisterOutcome};
use crate::flow::Endpoint;
use crate::sip::StatusCode;
use crate::stats::summary::{Defined, DefinedUnit, DelayStats, Invite, NextHop, RateKind, Register};
use crate::stats::{Counts, Ratio, Summary};
use crate::time::{Nanos, Timestamp};

type Labels = Vec<(&'static str, String)>;
type Samples = Vec<(Labels, f64)>;

/// The names of the bins that are no first sightings.
fn copies(c: &Counts) -> [(&'static str, u64); 3] {
    [
        ("retransmission", c.retransmissions),
        ("capture_duplicate", c.capture_duplicates),
        ("hop_copy", c.hop_copies),
    ]
}

fn label(name: &'static str, value: impl ToString) -> Labels {
    vec![(name, value.to_string())]
}

fn cell(method: &str, code: StatusCode) -> Labels {
    let mut labels = label("method", method);
    labels.extend(coded(code));
    labels
}

fn coded(code: StatusCode) -> [(&'static str, String); 2] {
    [("code", code.get().to_string()), ("class", format!("{}xx", code.get() / 100))]
}

fn joined(labels: Labels, more: impl IntoIterator<Item = (&'static str, String)>) -> Labels {
    labels.into_iter().chain(more).collect()
}

fn address(address: Option<Endpoint>) -> String {
    address.map_or_else(|| "other".to_owned(), |a| a.to_string())
}

fn seconds(t: Timestamp) -> f64 {
    t.as_nanos() as f64 / 1e9
}

fn truth(value: bool) -> f64 {
    f64::from(u8::from(value))
}

pub(super) fn input<W: Write>(e: &mut Exposition<'_, W>, s: &Summary) -> io::Result<()> {
    let i = &s.input;
    let version = label("version", env!("CARGO_PKG_VERSION"));
    e.family("sipstat_build_info", Kind::Gauge, "The program that wrote this.", [(version, 1.0)])?;
    let complete = "Whether every input byte was read and understood.";
    e.single("sipstat_input_complete", Kind::Gauge, complete, truth(i.complete))?;
    let exact = "Whether nothing that figures depend on was dropped for lack of room.";
    e.single("sipstat_input_exact", Kind::Gauge, exact, truth(i.exact))?;
    // On the relative scale it would be the time that Prometheus keeps for the epoch.
    if let Some((first, last)) = i.span.filter(|_| i.scale.is_utc()) {
        let help = "When the first frame was captured.";
        e.single("sipstat_input_first_timestamp_seconds", Kind::Gauge, help, seconds(first))?;
        let help = "When the last frame was captured.";
        e.single("sipstat_input_last_timestamp_seconds", Kind::Gauge, help, seconds(last))?;
    }
    let fates = i.fates.iter().map(|(fate, n)| (label("fate", fate.id()), *n as f64));
    e.family("sipstat_input_frames_total", Kind::Counter, "Frames read, by what became of them.", fates)?;
    let kinds = i.anomalies.iter().map(|(kind, n, _)| (label("anomaly", kind.id()), *n as f64));
    e.family("sipstat_anomalies_total", Kind::Counter, "What was tolerated or passed over.", kinds)?;
    let tables = i.evicted.iter().map(|(table, n)| (label("table", table), *n as f64));
    e.family("sipstat_evicted_total", Kind::Counter, "Items dropped for lack of room.", tables)
}

pub(super) fn messages<W: Write>(e: &mut Exposition<'_, W>, s: &Summary) -> io::Result<()> {
    let carriers = s.messages.by_transport.iter().map(|(t, n)| (label("transport", t.id()), *n as f64));
    let help = "SIP messages as captured, copies included.";
    e.family("sipstat_messages_total", Kind::Counter, help, carriers)?;
    let first = s.requests.iter().map(|r| (label("method", &r.method), r.counts.first as f64));
    e.family("sipstat_requests_total", Kind::Counter, "Requests, each counted once.", first)?;
    let again: Samples = s
        .requests
        .iter()
        .flat_map(|r| copies(&r.counts).map(|c| (label("method", &r.method), c)))
        .filter(|(_, (_, n))| *n > 0)
        .map(|(labels, (kind, n))| (joined(labels, [("kind", kind.to_owned())]), n as f64))
        .collect();
    e.family("sipstat_request_copies_total", Kind::Counter, "Requests seen again.", again)?;

    let cells = &s.responses.by_method_and_code;
    let first = cells.iter().map(|r| (cell(&r.method, r.status), r.counts.first as f64));
    let help = "Responses by CSeq method and status code, each counted once.";
    e.family("sipstat_responses_total", Kind::Counter, help, first)?;
    let again: Samples = cells
        .iter()
        .flat_map(|r| copies(&r.counts).map(|c| (cell(&r.method, r.status), c)))
        .filter(|(_, (_, n))| *n > 0)
        .map(|(labels, (kind, n))| (joined(labels, [("kind", kind.to_owned())]), n as f64))
        .collect();
    e.family("sipstat_response_copies_total", Kind::Counter, "Responses seen again.", again)?;

    let f = &s.failures;
    let failed = f.by_method_and_code.iter().map(|r| (cell(&r.method, r.status), r.failures as f64));
    let help = "Failure responses: 4xx to 6xx less challenges and inner finals.";
    e.family("sipstat_failures_total", Kind::Counter, help, failed)?;
    let help = "Failure responses that a retry overtook, within sipstat_failures_total.";
    e.single("sipstat_failures_overtaken_total", Kind::Counter, help, f.overtaken as f64)?;
    let silent = s.silence.iter().map(|r| {
        let labels = joined(label("method", &r.method), [("destination", address(r.destination))]);
        (labels, r.unanswered as f64)
    });
    // A request without a final may still get one: this may shrink.
    let help = "Requests without a final response.";
    e.family("sipstat_requests_unanswered", Kind::Gauge, help, silent)
}

pub(super) fn invite<W: Write>(e: &mut Exposition<'_, W>, i: &Invite) -> io::Result<()> {
    if i.attempts == 0 {
        return Ok(());
    }
    let decided = || i.outcomes.iter().filter(|o| o.outcome != Outcome::Pending);
    let outcomes = decided().map(|o| (label("outcome", o.outcome.id()), o.count as f64));
    let help = "INVITE attempts by outcome, pending ones left out.";
    e.family("sipstat_invite_attempts_total", Kind::Counter, help, outcomes)?;
    let pending = i.outcomes.iter().filter(|o| o.outcome == Outcome::Pending);
    let pending = pending.map(|o| (Labels::new(), o.count as f64));
    e.family(
        "sipstat_invite_attempts_pending",
        Kind::Gauge,
        "INVITE attempts without an outcome yet.",
        pending,
    )?;
    let codes: Samples = decided()
        .flat_map(|o| {
            o.codes.iter().map(|(c, n)| (joined(label("outcome", o.outcome.id()), coded(*c)), *n as f64))
        })
        .collect();
    let help = "INVITE attempts by outcome and final code.";
    e.family("sipstat_invite_final_codes_total", Kind::Counter, help, codes)?;
    rates(e, "sipstat_invite", &i.rates)?;
    let defined = |d: &Defined| Some((label("name", &d.name), d.value?));
    let seconds = i.defined.iter().filter(|d| d.unit == DefinedUnit::Milliseconds);
    let seconds = seconds.filter_map(|d| defined(d).map(|(name, ms)| (name, ms / 1e3)));
    e.family("sipstat_defined_seconds", Kind::Gauge, "Delays that the user defined.", seconds)?;
    let rest = i.defined.iter().filter(|d| d.unit != DefinedUnit::Milliseconds).filter_map(defined);
    e.family("sipstat_defined", Kind::Gauge, "Figures that the user defined; shares are 0 to 1.", rest)
}

/// The value where it means something, and always the fraction.
fn rates<W: Write>(e: &mut Exposition<'_, W>, prefix: &str, rates: &[(RateKind, Ratio)]) -> io::Result<()> {
    let values = rates.iter().filter_map(|(k, r)| Some((label("rate", k.id()), r.value()?)));
    e.family(&format!("{prefix}_ratio"), Kind::Gauge, "Rates, 0 to 1.", values)?;
    let parts = rates.iter().map(|(k, r)| (label("rate", k.id()), r.numerator as f64));
    e.family(&format!("{prefix}_ratio_numerator"), Kind::Gauge, "Numerators of the rates.", parts)?;
    let wholes = rates.iter().map(|(k, r)| (label("rate", k.id()), r.denominator as f64));
    e.family(&format!("{prefix}_ratio_denominator"), Kind::Gauge, "Denominators of the rates.", wholes)
}

pub(super) fn next_hops<W: Write>(e: &mut Exposition<'_, W>, i: &Invite) -> io::Result<()> {
    let hop = |h: &NextHop| label("next_hop", address(h.address));
    type Count = fn(&NextHop) -> u64;
    let counts: [(&str, &str, Count); 4] = [
        ("sipstat_bids_total", "Tries at a next hop.", |h| h.bids),
        ("sipstat_bids_answered_total", "Tries that were answered.", |h| h.answered),
        ("sipstat_bids_silent_total", "Tries without any response.", |h| h.silent),
        ("sipstat_bid_retransmissions_total", "INVITEs sent again.", |h| h.retransmissions),
    ];
    for (name, help, count) in counts {
        e.family(name, Kind::Counter, help, i.next_hops.iter().map(|h| (hop(h), count(h) as f64)))?;
    }
    let codes: Samples = i
        .next_hops
        .iter()
        .flat_map(|h| h.codes.iter().map(|(c, n)| (joined(hop(h), coded(*c)), *n as f64)))
        .collect();
    e.family("sipstat_bid_failures_total", Kind::Counter, "Tries that failed, by code.", codes)?;
    let name = "sipstat_bid_pdd_seconds";
    distribution(
        e,
        name,
        "Post-dial delay by next hop.",
        i.next_hops.iter().filter_map(|h| Some((hop(h), h.pdd?))),
    )
}

pub(super) fn sessions<W: Write>(e: &mut Exposition<'_, W>, i: &Invite) -> io::Result<()> {
    let (d, r) = (&i.duration, &i.release);
    if d.ended + d.still_up == 0 {
        return Ok(());
    }
    e.single("sipstat_calls_up", Kind::Gauge, "Answered calls that have not ended.", d.still_up as f64)?;
    let help = "Most calls up at once.";
    e.single("sipstat_calls_concurrent_peak", Kind::Gauge, help, i.load.concurrent_peak as f64)?;
    e.single("sipstat_calls_ended_total", Kind::Counter, "Answered calls that ended.", d.ended as f64)?;
    e.single("sipstat_calls_short_total", Kind::Counter, "Ended calls that were short.", d.short as f64)?;
    let help = "Answered time within the capture.";
    e.single("sipstat_calls_answered_seconds_total", Kind::Counter, help, d.answered_s)?;
    let by =
        [("caller", r.by_caller), ("callee", r.by_callee), ("both", r.by_both), ("unknown", r.by_unknown)];
    let by = by.map(|(who, n)| (label("by", who), n as f64));
    e.family("sipstat_calls_released_total", Kind::Counter, "Calls by who sent the first BYE.", by)?;
    let help = "Calls that ended for a cause that is no normal clearing.";
    e.single("sipstat_calls_dropped_total", Kind::Counter, help, r.dropped as f64)
}

pub(super) fn register<W: Write>(e: &mut Exposition<'_, W>, r: &Register) -> io::Result<()> {
    if r.attempts == 0 {
        return Ok(());
    }
    let decided = r.outcomes.iter().filter(|o| o.outcome != RegisterOutcome::Pending);
    let decided = decided.map(|o| (label("outcome", o.outcome.id()), o.count as f64));
    let help = "REGISTER attempts by outcome, pending ones left out.";
    e.family("sipstat_register_attempts_total", Kind::Counter, help, decided)?;
    let pending = r.outcomes.iter().filter(|o| o.outcome == RegisterOutcome::Pending);
    let pending = pending.map(|o| (Labels::new(), o.count as f64));
    e.family(
        "sipstat_register_attempts_pending",
        Kind::Gauge,
        "REGISTER attempts without an outcome yet.",
        pending,
    )?;
    rates(e, "sipstat_register", &[(RateKind::Ira, r.ira)])
}

pub(super) fn delays<W: Write>(e: &mut Exposition<'_, W>, s: &Summary) -> io::Result<()> {
    let named = s.delays.iter().filter_map(|(k, d)| Some((label("delay", k.id()), (*d)?)));
    distribution(e, "sipstat_delay_seconds", "Delays of calls and registrations, by name.", named)?;
    let of = |list: &[(String, DelayStats)]| -> Vec<(Labels, DelayStats)> {
        list.iter().map(|(method, d)| (label("method", method), *d)).collect()
    };
    let help = "Request to first final response, each hop a sample.";
    distribution(e, "sipstat_response_time_seconds", help, of(&s.response_time))?;
    let help = "Request to first response of any code, each hop a sample.";
    distribution(e, "sipstat_first_reply_seconds", help, of(&s.first_reply))
}

fn distribution<W: Write>(
    e: &mut Exposition<'_, W>,
    name: &str,
    help: &str,
    rows: impl IntoIterator<Item = (Labels, DelayStats)>,
) -> io::Result<()> {
    let rows: Vec<_> = rows.into_iter().collect();
    if !rows.is_empty() {
        e.head(name, Kind::Summary, help)?;
    }
    for (labels, d) in rows {
        let quantiles: [(&str, Nanos); 6] =
            [("0", d.min), ("0.5", d.p50), ("0.9", d.p90), ("0.95", d.p95), ("0.99", d.p99), ("1", d.max)];
        let labels: Vec<(&str, &str)> = labels.iter().map(|(n, v)| (*n, v.as_str())).collect();
        for (quantile, value) in quantiles {
            let with: Vec<_> = labels.iter().copied().chain([("quantile", quantile)]).collect();
            e.sample(name, &with, value.as_nanos() as f64 / 1e9)?;
        }
        e.sample(&format!("{name}_count"), &labels, d.count as f64)?;
    }
    Ok(())
}
