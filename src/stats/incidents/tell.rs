//! Findings in words, and their charts.

use super::cells::Cell;
use super::draft::Draft;
use super::explain::Condition;
use super::figures::What;
use crate::call::{Outcome, Place};
use crate::dimension::Dimension;
use crate::registry;
use crate::sip::{Method, StatusCode};
use crate::stats::number;
use crate::stats::summary::{Because, Chart, Finding, FindingKind, Unit};
use crate::stats::words::{clock, day, delay, moment, percent, span};
use crate::time::{Nanos, Scale, Timestamp};
use crate::transaction::MethodKey;

/// Buckets of a chart at most.
const COLUMNS: i64 = 36;
/// Lengths of a chart's buckets in seconds.
const STEPS: [i64; 19] =
    [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400];

/// `draft` as a finding of a capture from `span.0` to `span.1`.
pub(super) fn finding(draft: &Draft, (first, last): (Timestamp, Timestamp), scale: Scale) -> Finding {
    let clip = |t: Timestamp| t.clamp(first, last);
    let mut windows: Vec<(Timestamp, Timestamp)> =
        draft.windows.iter().map(|(from, to)| (clip(*from), clip(*to))).collect();
    if draft.lasts
        && let Some(w) = windows.last_mut()
    {
        w.1 = last;
    }
    let (start, end) = match (windows.first(), windows.last()) {
        (Some(a), Some(b)) => (a.0, b.1),
        _ => (first, last),
    };
    let mut finding = Finding {
        id: String::new(),
        kind: kind(draft.what),
        what: what(draft),
        method: method(draft.kind.method),
        status: status(draft.what),
        outcome: outcome(draft.what),
        unit: unit(draft),
        timed: !windows.is_empty(),
        start,
        end,
        lasts: draft.lasts || windows.is_empty(),
        windows,
        before: draft.before,
        during: draft.during,
        delay: draft.delay,
        total: draft.total,
        confidence: 1.0 - draft.p.clamp(0.0, 1.0),
        because: draft.because.iter().map(because).collect(),
        consequence: draft.consequence,
        calls: draft.calls.clone(),
        more_calls: draft.more_calls,
        chart: chart(draft, (first, last)),
        text: String::new(),
    };
    finding.id = id(&finding, scale);
    finding.text = text(draft, &finding, first, scale);
    finding
}

fn kind(what: What) -> FindingKind {
    match what {
        What::Unanswered => FindingKind::Outcome,
        What::End(cell) if cell.outcome().is_some() => FindingKind::Outcome,
        What::End(cell) if cell.status().is_some() => FindingKind::Code,
        What::End(_) => FindingKind::Silence,
        What::Resent => FindingKind::Retransmission,
        What::Repeated => FindingKind::ResponseRetransmission,
        What::Delay(_) => FindingKind::Delay,
    }
}

fn status(what: What) -> Option<StatusCode> {
    match what {
        What::End(cell) => cell.status(),
        _ => None,
    }
}

fn outcome(what: What) -> Option<Outcome> {
    match what {
        What::Unanswered => Some(Outcome::Answered),
        What::End(cell) => cell.outcome(),
        _ => None,
    }
}

fn method(key: MethodKey) -> String {
    let name = key.index().and_then(|i| Method::REGISTERED.get(i)).map(|m| m.as_bytes());
    name.map_or_else(|| "(other)".to_owned(), |n| String::from_utf8_lossy(n).into_owned())
}

fn unit(draft: &Draft) -> Unit {
    match (draft.kind.place, draft.kind.method) {
        _ if draft.kind.attempts => Unit::Attempts,
        (Place::Last, _) => Unit::Tries,
        (Place::Reference, MethodKey::INVITE) => Unit::Bids,
        _ => Unit::Requests,
    }
}

/// `503 Service Unavailable to INVITE`.
fn what(draft: &Draft) -> String {
    let method = method(draft.kind.method);
    match draft.what {
        What::Unanswered => format!("'{}' of {method} attempts", Outcome::Answered.text()),
        What::End(cell) if let Some(outcome) = cell.outcome() => {
            format!("'{}' of {method} attempts", outcome.text())
        }
        What::End(Cell::SILENT) => format!("{method} without any response"),
        What::End(cell) => match cell.status() {
            Some(status) => format!("{} to {method}", registry::label(status)),
            None => format!("{method} without a final response"),
        },
        What::Resent => format!("{method} sent again"),
        What::Repeated => format!("Final response to {method} sent again"),
        What::Delay(_) if draft.kind.method == MethodKey::INVITE => "PDD".to_owned(),
        What::Delay(_) => format!("Response time of {method}"),
    }
}

fn because(c: &Condition) -> Because {
    Because {
        dimension: c.dimension,
        value: c.value.clone(),
        share_inside: c.share_inside,
        share_outside: c.share_outside,
        lift: (c.share_outside > 0.0).then(|| c.share_inside / c.share_outside),
        p: c.p,
    }
}

fn id(f: &Finding, scale: Scale) -> String {
    let what = match (f.status, f.outcome) {
        (Some(status), _) => status.get().to_string(),
        (None, Some(outcome)) => outcome.id().to_owned(),
        (None, None) => f.kind.id().to_owned(),
    };
    let when = match (f.timed, scale) {
        (false, _) => "throughout".into(),
        (true, Scale::Utc) => format!("{}Z", moment(f.start, scale).replace(' ', "T")),
        (true, Scale::Relative) => clock(f.start, scale),
    };
    format!("{what}-{}-{}-{}", f.method.to_ascii_lowercase(), f.unit.id(), when)
        .replace([':', '('], "")
        .replace(')', "")
}

fn text(draft: &Draft, f: &Finding, first: Timestamp, scale: Scale) -> String {
    let unit = match f.unit {
        Unit::Bids => "bids",
        Unit::Tries => "tries at the last hop",
        Unit::Attempts => "attempts",
        Unit::Requests => "requests",
    };
    let mut text = if f.timed { risen(draft, f, unit, first, scale) } else { throughout(draft, f, unit) };
    if f.timed && !f.because.is_empty() {
        let (inside, outside) = draft.shares;
        let place = if draft.local { "there".to_owned() } else { place(draft) };
        text.push_str(&format!(
            "; {} of {} {} ({} of other {})",
            short(inside),
            if fell(f) { "those without" } else { "it" },
            place,
            short(outside),
            match (f.kind, draft.others_within) {
                (FindingKind::Delay, true) => "answers",
                (_, true) if f.unit == Unit::Tries => "tries",
                (_, true) => unit,
                (_, false) => "traffic",
            },
        ));
    }
    text.push('.');
    if matches!(f.kind, FindingKind::Code | FindingKind::Silence)
        || f.kind == FindingKind::Outcome && !fell(f)
    {
        text.push_str(&format!(" {} in all", number(f.total)));
        if let Some(c) = f.consequence {
            text.push_str(&match (c.retried, c.ended) {
                (0, _) => ", each ended its call".to_owned(),
                (retried, 0) => format!(", all {} retried at another next hop", number(retried)),
                (retried, ended) => format!(
                    ": {} retried at another next hop, {} ended the call",
                    number(retried),
                    number(ended)
                ),
            });
        }
        text.push('.');
    }
    text
}

/// Whether it is told by what became less.
fn fell(f: &Finding) -> bool {
    f.outcome == Some(Outcome::Answered)
}

/// `503 … rose from 0.22% to 28.40% of bids, 14:03:20 to 14:07:30 (4 min 10 s)`.
fn risen(draft: &Draft, f: &Finding, unit: &str, first: Timestamp, scale: Scale) -> String {
    let (from, to) = (percent(f.before.value()), percent(f.during.value()));
    let of_whom = if draft.local { format!(" {}", place(draft)) } else { String::new() };
    let (start, end) = (clock(f.start, scale), clock(f.end, scale));
    let day = Some(day(f.start, scale)).filter(|d| *d != day(first, scale)).unwrap_or_default();
    let when = match f.windows.as_slice() {
        [_] => format!("{day}{start} to {end} ({})", length(f.end - f.start)),
        many => {
            let sum = many.iter().fold(Nanos::ZERO, |sum, (a, b)| sum + (*b - *a));
            let each = Nanos::from_nanos(sum.as_nanos() / many.len().max(1) as i64);
            let n = many.len();
            format!("{n} times between {day}{start} and {end}, {} each", length(each))
        }
    };
    match f.delay {
        Some((before, during)) => format!(
            "{} rose from a median of {} to {}, {when}; {to} of answers{of_whom} took {} or more, {from} \
             otherwise",
            f.what,
            delay(before, 2),
            delay(during, 2),
            limit(draft),
        ),
        None => {
            let moved = if fell(f) { "fell" } else { "rose" };
            format!("{} {moved} from {from} to {to} of {unit}{of_whom}, {when}", f.what)
        }
    }
}

fn throughout(draft: &Draft, f: &Finding, unit: &str) -> String {
    let (high, low) = (percent(f.during.value()), percent(f.before.value()));
    let place = place(draft);
    match f.delay {
        Some((others, these)) => format!(
            "{}: {high} of answers {place} took {} or more, {low} of others, throughout the capture; median {} \
             against {}",
            f.what,
            limit(draft),
            delay(these, 2),
            delay(others, 2)
        ),
        None => format!("{}: {high} of {unit} {place}, {low} of others, throughout the capture", f.what),
    }
}

/// From which delay on a case is one.
fn limit(draft: &Draft) -> String {
    match draft.what {
        What::Delay(step) => delay(Cell::least_delay(step), 2),
        _ => String::new(),
    }
}

/// Whole seconds.
fn length(t: Nanos) -> String {
    let s = t.as_nanos().saturating_add(500_000_000) / 1_000_000_000;
    span(Nanos::from_secs(s.max(1)))
}

/// `99.7%`: one digit is enough for a share of a share.
fn short(share: f64) -> String {
    let text = format!("{:.1}%", share * 100.0);
    match text.as_str() {
        "100.0%" if share < 1.0 => ">99.9%".into(),
        "0.0%" if share > 0.0 => "<0.1%".into(),
        "100.0%" => "all".into(),
        "0.0%" => "none".into(),
        _ => text,
    }
}

/// `from 10.0.4.7`; of two dimensions, `from 10.0.4.7, to numbers that begin with +4930`.
fn place(draft: &Draft) -> String {
    let mut parts: Vec<(Dimension, Vec<&str>)> = Vec::new();
    for c in &draft.because {
        match parts.last_mut() {
            Some((d, values)) if *d == c.dimension => values.push(&c.value),
            _ => parts.push((c.dimension, vec![&c.value])),
        }
    }
    let answers = matches!(kind(draft.what), FindingKind::Code) && draft.is_timed() && !draft.local;
    let part = |(d, values): &(Dimension, Vec<&str>)| {
        let values: Vec<String> = values.iter().map(|v| value(*d, v)).collect();
        let values = match values.as_slice() {
            [one] => one.clone(),
            [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
            [] => String::new(),
        };
        match d {
            Dimension::Destination if answers => format!("from {values}"),
            Dimension::Destination => format!("to {values}"),
            Dimension::Source if answers => format!("to requests of {values}"),
            Dimension::Source => format!("sent by {values}"),
            Dimension::UserAgent => format!("with User-Agent {values}"),
            Dimension::Server => format!("with Server {values}"),
            Dimension::FromDomain => format!("with From domain {values}"),
            Dimension::ToDomain => format!("with To domain {values}"),
            Dimension::UriDomain => format!("with Request-URI domain {values}"),
            Dimension::Prefix => format!("to numbers that begin with {values}"),
            Dimension::Peer => format!("from or to {values}"),
            Dimension::Transport => format!("over {}", values.to_ascii_uppercase()),
            Dimension::Trunk => format!("on trunk {values}"),
            Dimension::Vlan => format!("on VLAN {values}"),
            Dimension::Interface => format!("at interface {values}"),
            other => format!("with {} {values}", other.title()),
        }
    };
    parts.iter().map(part).collect::<Vec<_>>().join(", ")
}

/// Addresses without the port that goes without saying.
fn value(dimension: Dimension, value: &str) -> String {
    match dimension {
        Dimension::Destination | Dimension::Source => {
            let end = value.parse::<std::net::SocketAddr>();
            match end {
                Ok(a) if matches!(a.port(), 0 | 5060) => a.ip().to_string(),
                _ => value.to_owned(),
            }
        }
        Dimension::UserAgent | Dimension::Server => format!("'{value}'"),
        _ => value.to_owned(),
    }
}

fn chart(draft: &Draft, (first, last): (Timestamp, Timestamp)) -> Chart {
    let length = (last - first).as_nanos().max(1) / 1_000_000_000 + 1;
    let width = draft.width.as_nanos() / 1_000_000_000;
    let fits = |s: &&i64| **s >= width && length.div_euclid(**s) < COLUMNS;
    let mut step = STEPS.iter().find(fits).copied().unwrap_or(86_400);
    // A series of days takes steps of days.
    while length / step >= COLUMNS {
        step = step.saturating_mul(2);
    }
    let bucket = |t: Timestamp| t.as_nanos().div_euclid(1_000_000_000).div_euclid(step);
    let (from, to) = (bucket(first), bucket((last - Nanos::from_nanos(1)).max(first)));
    let columns = (to - from + 1).clamp(1, 2 * COLUMNS) as usize;
    let (mut counts, mut of) = (vec![0; columns], vec![0; columns]);
    for (at, k, n) in &draft.series {
        let i = usize::try_from(bucket(*at) - from).unwrap_or(0).min(columns - 1);
        counts[i] += k;
        of[i] += n;
    }
    let start = Timestamp::from_wide_nanos(i128::from(from) * i128::from(step) * 1_000_000_000);
    Chart { start, interval: Nanos::from_secs(step), counts, of }
}
