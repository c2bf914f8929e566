//! Figures of a run that goes on: what came since an earlier look.
//!
//! In: two [`Pulse`]s, the counts at two times. Out: a line of JSON, or a screen: what came between,
//! above the report of the whole. An attempt counts when it is decided, a message when it is seen, so
//! that lines add up to the whole.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::json::{Clock, Keyed, Rate, line as write_line, ms};
use super::style;
use super::text::format::{clock, delay, fraction, number, percent, span, zone};
use super::text::{self, Options};
use crate::call::Outcome;
use crate::stats::summary::RateKind;
use crate::stats::{Ratio, Summary};
use crate::time::{Nanos, Scale, Timestamp};

/// Name and version of a line's layout.
pub const SCHEMA: &str = "sipstat.interval/1";

/// The counts at one time: all of them only grow, but for calls up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pulse {
    /// When, by the capture's clock.
    pub at: Timestamp,
    /// How that is told.
    scale: Scale,
    frames: u64,
    requests: u64,
    responses: u64,
    retransmissions: u64,
    classes: BTreeMap<u8, u64>,
    finals: u64,
    failures: u64,
    cells: BTreeMap<(String, u16), u64>,
    outcomes: BTreeMap<&'static str, u64>,
    rates: BTreeMap<&'static str, (u64, u64)>,
    bids: u64,
    answered: u64,
    ended: u64,
    /// Not grown: calls up at that time.
    up: u64,
    pdd: BTreeMap<Nanos, u64>,
    registrations: BTreeMap<&'static str, u64>,
}

impl Pulse {
    /// The counts of `s`, which was read up to `at`.
    pub fn of(s: &Summary, at: Timestamp) -> Self {
        let i = &s.invite;
        let hop = i.all_next_hops.as_ref();
        let decided = i.outcomes.iter().filter(|o| o.outcome != Outcome::Pending && o.count > 0);
        let rate = |(kind, r): &(RateKind, Ratio)| (kind.id(), (r.numerator, r.denominator));
        let cell = |r: &crate::stats::summary::FailureRow| ((r.method.clone(), r.status.get()), r.failures);
        let registered = s.register.outcomes.iter().filter(|o| o.count > 0 && o.outcome.id() != "pending");
        Self {
            at,
            scale: s.input.scale,
            frames: s.input.frames,
            requests: s.requests.iter().map(|r| r.counts.first).sum(),
            responses: s.responses.counts.first,
            retransmissions: s.messages.counts.retransmissions,
            classes: s.responses.by_class.iter().map(|c| (c.class, c.counts.first)).collect(),
            finals: s.failures.finals,
            failures: s.failures.total,
            cells: s.failures.by_method_and_code.iter().filter(|r| r.failures > 0).map(cell).collect(),
            outcomes: decided.map(|o| (o.outcome.id(), o.count)).collect(),
            rates: i.rates.iter().map(rate).collect(),
            bids: hop.map_or(0, |h| h.bids),
            answered: hop.map_or(0, |h| h.answered),
            ended: i.duration.ended,
            up: i.sessions.up,
            pdd: s.pdd.clone(),
            registrations: registered.map(|o| (o.outcome.id(), o.count)).collect(),
        }
    }

    /// Nothing came since `before`.
    pub fn is_same_as(&self, before: &Self) -> bool {
        *self == Self { at: self.at, scale: self.scale, ..before.clone() }
    }

    /// What came since `before`. Inner finals are known late and may take failures back: never below 0.
    fn since(&self, before: &Self) -> Self {
        fn less<K: Ord + Clone>(now: &BTreeMap<K, u64>, before: &BTreeMap<K, u64>) -> BTreeMap<K, u64> {
            let came =
                |(k, n): (&K, &u64)| (k.clone(), n.saturating_sub(before.get(k).copied().unwrap_or(0)));
            now.iter().map(came).filter(|(_, n)| *n > 0).collect()
        }
        let rate = |(k, (n, d)): (&&'static str, &(u64, u64))| {
            let (n0, d0) = before.rates.get(k).copied().unwrap_or_default();
            (*k, (n.saturating_sub(n0), d.saturating_sub(d0)))
        };
        Self {
            at: self.at,
            scale: self.scale,
            frames: self.frames.saturating_sub(before.frames),
            requests: self.requests.saturating_sub(before.requests),
            responses: self.responses.saturating_sub(before.responses),
            retransmissions: self.retransmissions.saturating_sub(before.retransmissions),
            classes: less(&self.classes, &before.classes),
            finals: self.finals.saturating_sub(before.finals),
            failures: self.failures.saturating_sub(before.failures),
            cells: less(&self.cells, &before.cells),
            outcomes: less(&self.outcomes, &before.outcomes),
            rates: self.rates.iter().map(rate).collect(),
            bids: self.bids.saturating_sub(before.bids),
            answered: self.answered.saturating_sub(before.answered),
            ended: self.ended.saturating_sub(before.ended),
            up: self.up,
            pdd: less(&self.pdd, &before.pdd),
            registrations: less(&self.registrations, &before.registrations),
        }
    }

    /// So many of a hundred post-dial delays are this long or shorter, within two percent.
    fn pdd(&self, percent: u64) -> Option<Nanos> {
        let all: u64 = self.pdd.values().sum();
        let rank = (all * percent).div_ceil(100).max(1);
        let mut sum = 0;
        let reached = |(_, n): &(&Nanos, &u64)| {
            sum += **n;
            sum >= rank
        };
        self.pdd.iter().find(reached).map(|(delay, _)| *delay)
    }

    /// Failing cells, most frequent first.
    fn failing(&self) -> Vec<(&str, u16, u64)> {
        let mut all: Vec<_> = self.cells.iter().map(|((m, c), n)| (m.as_str(), *c, *n)).collect();
        all.sort_by(|a, b| b.2.cmp(&a.2).then(a.cmp(b)));
        all
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Line<'a> {
    #[cfg_attr(test, schemars(extend("const" = "sipstat.interval/1")))]
    schema: &'static str,
    #[cfg_attr(test, schemars(extend("const" = "interval")))]
    section: &'static str,
    start: String,
    end: String,
    /// The run ended within this interval.
    last: bool,
    frames: u64,
    requests: u64,
    responses: u64,
    retransmissions: u64,
    classes: Keyed<String, u64>,
    finals: u64,
    failures: u64,
    codes: Vec<Cell<'a>>,
    attempts: u64,
    outcomes: Keyed<&'a str, u64>,
    rates: Keyed<&'a str, Rate>,
    bids: u64,
    answered: u64,
    registrations: Keyed<&'a str, u64>,
    calls_ended: u64,
    /// At the end of the interval.
    calls_up: u64,
    pdd: Option<Pdd>,
}

/// Of attempts decided within the interval.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Pdd {
    count: u64,
    p50_ms: f64,
    p95_ms: f64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Cell<'a> {
    method: &'a str,
    code: u16,
    count: u64,
}

/// Writes what came between two pulses as one line of JSON.
pub fn line(
    before: &Pulse,
    now: &Pulse,
    start: Timestamp,
    last: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let came = now.since(before);
    let times = Clock::new(false, now.scale);
    let line = Line {
        schema: SCHEMA,
        section: "interval",
        start: times.at(start),
        end: times.at(now.at),
        last,
        frames: came.frames,
        requests: came.requests,
        responses: came.responses,
        retransmissions: came.retransmissions,
        classes: came.classes.iter().map(|(c, n)| (format!("{c}xx"), *n)).collect(),
        finals: came.finals,
        failures: came.failures,
        codes: came.failing().into_iter().map(|(method, code, count)| Cell { method, code, count }).collect(),
        attempts: came.outcomes.values().sum(),
        outcomes: came.outcomes.iter().map(|(o, n)| (*o, *n)).collect(),
        rates: came.rates.iter().map(|(k, (n, d))| (*k, Ratio::new(*n, *d).into())).collect(),
        bids: came.bids,
        answered: came.answered,
        registrations: came.registrations.iter().map(|(o, n)| (*o, *n)).collect(),
        calls_ended: came.ended,
        calls_up: came.up,
        pdd: came.pdd(50).zip(came.pdd(95)).map(|(p50, p95)| Pdd {
            count: came.pdd.values().sum(),
            p50_ms: ms(p50),
            p95_ms: ms(p95),
        }),
    };
    write_line(&line, out)
}

/// Writes a screen of at most `rows` lines: what came since `before`, then the whole.
pub fn screen(
    before: &Pulse,
    now: &Pulse,
    summary: &Summary,
    columns: usize,
    rows: usize,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut lines = recent(before, now);
    let mut whole = Vec::new();
    text::write(summary, &Options { columns, full: false }, &mut whole)?;
    lines.push(String::new());
    lines.extend(String::from_utf8_lossy(&whole).lines().map(str::to_owned));
    for (i, line) in lines.iter().take(rows.saturating_sub(1).max(4)).enumerate() {
        write!(out, "{}{line}", if i == 0 { "" } else { "\r\n" })?;
    }
    Ok(())
}

/// The last minute in three lines.
fn recent(before: &Pulse, now: &Pulse) -> Vec<String> {
    let came = now.since(before);
    // Before the first look nothing is known.
    let length = if before.at == Timestamp::default() { Nanos::ZERO } else { now.at - before.at };
    let seconds = length.as_secs_f64();
    let since = if seconds > 0.0 {
        format!("last {}", span(Nanos::from_secs(seconds.round() as i64)))
    } else {
        "so far".to_owned()
    };
    let rate = if seconds > 0.0 {
        format!(" ({:.1} per s)", came.responses as f64 / seconds)
    } else {
        String::new()
    };
    let head = format!(
        "{}{}, {since}: {} requests, {} responses{rate}, {} sent again",
        clock(now.at, now.scale),
        zone(now.scale),
        number(came.requests),
        number(came.responses),
        number(came.retransmissions),
    );
    let mut calls = vec![format!("{} attempts decided", number(came.outcomes.values().sum()))];
    for (id, name) in [("asr", "ASR"), ("ner", "NER"), ("seer", "SEER")] {
        if let Some((n, d)) = came.rates.get(id).filter(|(_, d)| *d > 0) {
            let r = Ratio::new(*n, *d);
            calls.push(format!("{name} {} ({})", percent(r.value()), fraction(&r)));
        }
    }
    calls.push(format!("{} calls up", number(now.up)));
    if let (Some(p50), Some(p95)) = (came.pdd(50), came.pdd(95)) {
        calls.push(format!("PDD p50 {}, p95 {}", delay(p50, 2), delay(p95, 2)));
    }
    let failing: Vec<_> = came
        .failing()
        .iter()
        .take(5)
        .map(|(m, c, n)| format!("{} {c} {}", super::escape::fit(m, 12), number(*n)))
        .collect();
    let failures = if failing.is_empty() {
        "no failures".to_owned()
    } else {
        format!("failures: {}", failing.join(", "))
    };
    vec![style::title(&head), format!("  {}", calls.join("; ")), format!("  {failures}")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    const T: Timestamp = Timestamp::from_nanos(1_772_546_400_000_000_000);

    fn json(before: &Pulse, now: &Pulse) -> serde_json::Value {
        let mut out = Vec::new();
        line(before, now, T, false, &mut out).unwrap();
        assert_eq!(out.iter().filter(|b| **b == b'\n').count(), 1);
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn the_committed_schema_is_that_of_a_line() {
        crate::report::schema::check::<Line<'static>>("interval", SCHEMA);
    }

    #[test]
    fn a_line_is_what_came_and_lines_add_up_to_the_whole() {
        let whole = Pulse::of(&sample::trunk(), T);
        let mut half = sample::trunk();
        half.responses.counts.first = 30_000;
        half.failures.by_method_and_code[1].failures = 900;
        half.invite.outcomes[0].count = 5_000;
        let half = Pulse::of(&half, T);
        let (a, b) = (json(&Pulse::default(), &half), json(&half, &whole));
        let n = |v: &serde_json::Value| v.as_u64().unwrap();
        assert_eq!(n(&a["responses"]) + n(&b["responses"]), 39_258);
        assert_eq!((n(&b["responses"]), n(&b["outcomes"]["answered"])), (9_258, 850));
        assert_eq!(b["codes"], serde_json::json!([{"method": "INVITE", "code": 503, "count": 65}]));
        assert_eq!(b["calls_up"], 752);
        assert_eq!(b["rates"]["asr"]["value"], serde_json::Value::Null, "nothing decided: no rate");
    }

    #[test]
    fn delays_of_an_interval_are_those_that_came_in_it() {
        let at = |ms: &[(i64, u64)]| Pulse {
            pdd: ms.iter().map(|(ms, n)| (Nanos::from_millis(*ms), *n)).collect(),
            ..Pulse::default()
        };
        let (before, now) = (at(&[(100, 90)]), at(&[(100, 91), (900, 18), (5_000, 1)]));
        let line = json(&before, &now);
        assert_eq!(line["pdd"], serde_json::json!({"count": 20, "p50_ms": 900.0, "p95_ms": 900.0}));
        assert_eq!(json(&now, &now)["pdd"], serde_json::Value::Null);
        assert_eq!(now.since(&before).pdd(100), Some(Nanos::from_millis(5_000)));
    }

    #[test]
    fn the_screen_fits_its_rows() {
        let s = sample::trunk();
        for rows in [10, 24, 60] {
            let mut out = Vec::new();
            screen(&Pulse::default(), &Pulse::of(&s, T), &s, 80, rows, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.split("\r\n").count() < rows && text.contains("INVITE 480 975"), "{text}");
        }
    }
}
