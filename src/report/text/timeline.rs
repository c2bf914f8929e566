//! What happened when: one line a figure, with its course; with `--full` one row a bucket.

use super::findings::spark;
use super::format::{clock, delay, moment, number, percent, span};
use super::table::Table;
use crate::call::Outcome;
use crate::report::style;
use crate::stats::Ratio;
use crate::stats::summary::{TimeBucket, Timeline};
use crate::time::{Nanos, Scale};

/// Rows of the full table at most.
const MAX_ROWS: usize = 120;

/// The chart: nothing without buckets.
pub(super) fn lines(t: &Timeline, scale: Scale, columns: usize) -> Vec<String> {
    let (Some(first), Some(last)) = (t.buckets.first(), t.buckets.last()) else { return Vec::new() };
    let room = columns.saturating_sub(46).clamp(20, 120);
    let joined = t.buckets.len().div_ceil(room).max(1);
    let length = Nanos::from_nanos(t.interval.as_nanos().saturating_mul(joined as i64));
    let mut out = vec![style::title(&format!(
        "By {} from {} to {}",
        span(length),
        moment(first.start, scale),
        clock(last.start + t.interval, scale)
    ))];
    if t.widened {
        out.push(style::aside("  The interval asked for gives too many buckets: these are wider."));
    }
    let s = length.as_secs_f64();
    let sum = |of: &dyn Fn(&TimeBucket) -> u64| -> Vec<u64> {
        t.buckets.chunks(joined).map(|c| c.iter().map(of).sum()).collect()
    };
    let most = |of: &dyn Fn(&TimeBucket) -> u64| -> Vec<u64> {
        t.buckets.chunks(joined).map(|c| c.iter().map(of).max().unwrap_or(0)).collect()
    };
    let counts: [(&str, Vec<u64>, bool); 6] = [
        ("responses", sum(&|b| b.responses), false),
        ("INVITE attempts", sum(&|b| b.attempts), true),
        ("calls up", most(&|b| b.calls_up), false),
        ("failures", sum(&|b| b.failures), false),
        ("sent again", sum(&|b| b.retransmissions), false),
        ("unanswered", sum(&|b| b.unanswered), false),
    ];
    for (name, values, rate) in counts {
        let greatest = values.iter().copied().max().unwrap_or(0);
        if greatest == 0 {
            continue;
        }
        let mut words = format!("most {}", number(greatest));
        if rate && s > 0.0 {
            words.push_str(&format!(", {:.1} per s", greatest as f64 / s));
        }
        out.push(line(name, &spark(&values, &vec![1; values.len()]), &words));
    }
    let shares: [(&str, Vec<u64>, Vec<u64>); 2] = [
        ("failure rate", sum(&|b| b.failures), sum(&|b| b.finals)),
        (
            "ASR",
            sum(&|b| b.outcome(Outcome::Answered)),
            sum(&|b| b.attempts.saturating_sub(b.outcome(Outcome::Pending))),
        ),
    ];
    for (name, parts, wholes) in shares {
        if wholes.iter().all(|n| *n == 0) || parts.iter().all(|n| *n == 0) {
            continue;
        }
        let values = || parts.iter().zip(&wholes).filter_map(|(a, b)| Ratio::new(*a, *b).value());
        let (low, high) = values().fold((1.0_f64, 0.0_f64), |(l, h), v| (l.min(v), h.max(v)));
        let words = format!("{} to {}", percent(Some(low)), percent(Some(high)));
        out.push(line(name, &spark(&parts, &wholes), &words));
    }
    let pdd: Vec<u64> = most(&|b| b.pdd.map_or(0, |d| (d.p50.as_nanos() / 1_000_000) as u64));
    if let Some(high) = pdd.iter().max().filter(|ms| **ms > 0) {
        let seen: Vec<u64> = pdd.iter().map(|ms| u64::from(*ms > 0)).collect();
        let low = pdd.iter().filter(|ms| **ms > 0).min().unwrap_or(high);
        let ms = |n: &u64| delay(Nanos::from_millis(*n as i64), 2);
        out.push(line("PDD p50", &spark(&pdd, &seen), &format!("{} to {}", ms(low), ms(high))));
    }
    out
}

fn line(name: &str, bars: &str, words: &str) -> String {
    format!("  {name:<16}{bars}  {words}")
}

/// One row a bucket.
pub(super) fn table(t: &Timeline, scale: Scale, columns: usize) -> Vec<String> {
    let mut table = Table::new([
        "<From",
        "attempts",
        "ASR",
        "bids",
        "responses",
        "failures",
        "rate",
        "sent again",
        "silent",
        "calls up",
        "PDD p50",
        "p95",
    ]);
    for b in t.buckets.iter().take(MAX_ROWS) {
        let decided = b.attempts.saturating_sub(b.outcome(Outcome::Pending));
        let share = |a, b| if b == 0 { String::new() } else { percent(Ratio::new(a, b).value()) };
        let pdd = b.pdd.as_ref();
        table.row([
            clock(b.start, scale),
            number(b.attempts),
            share(b.outcome(Outcome::Answered), decided),
            if columns < 110 { String::new() } else { number(b.bids) },
            number(b.responses),
            number(b.failures),
            if columns < 100 { String::new() } else { share(b.failures, b.finals) },
            number(b.retransmissions),
            number(b.unanswered),
            number(b.calls_up),
            pdd.map_or(String::new(), |d| delay(d.p50, 2)),
            if columns < 100 { String::new() } else { pdd.map_or(String::new(), |d| delay(d.p95, 2)) },
        ]);
    }
    let mut out = table.lines(columns);
    if t.buckets.len() > MAX_ROWS {
        let n = (t.buckets.len() - MAX_ROWS) as u64;
        out.push(style::aside(&format!("  {} more buckets: --format json or csv", number(n))));
    }
    out
}
