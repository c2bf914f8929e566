//! A rule's figures in words, for every format that people read.

use super::verdict::{Comparison, Judged, Status};
use crate::capture::FileReport;
use crate::expr::{Of, Quantity, Type, Unjudged};
use crate::report::escape::escape;
use crate::stats::number;
use crate::stats::summary::SampleCall;
use crate::stats::words::{delay, percent};
use crate::time::Nanos;

/// `asr = 91.20% (912/1,000; 95% interval 89.28% to 92.80%)`, and what is open.
pub(super) fn figures(rule: &Judged) -> String {
    let decided = |c: &&Comparison| c.holds == Some(true);
    let mut shown: Vec<&Comparison> = match rule.status {
        Status::Fail => rule.comparisons.iter().filter(decided).collect(),
        Status::NotEvaluated => rule.comparisons.iter().filter(|c| c.holds.is_none()).collect(),
        Status::Pass => rule.comparisons.iter().collect(),
    };
    if shown.is_empty() {
        shown.extend(rule.comparisons.iter());
    }
    // The same figure may be compared twice.
    let mut said: Vec<String> = Vec::new();
    for comparison in shown {
        let text = figure(comparison);
        if !said.contains(&text) {
            said.push(text);
        }
    }
    said.join("; ")
}

/// What the rule says is bad, where its name does not say it.
pub(super) fn limit(rule: &Judged) -> Option<String> {
    (rule.name != rule.condition).then(|| format!("bad is {}", escape(&rule.condition)))
}

fn figure(c: &Comparison) -> String {
    let name = escape(&c.figure);
    let value = match (c.truth, c.value) {
        (Some(truth), _) => format!("{name} is {truth}"),
        (None, Some(q)) => format!("{name} = {}{}{}", quantity(&q, c.kind), rest(c, &q), limit_of(c)),
        (None, None) => format!("{name} has no value"),
    };
    match c.unjudged {
        Some(Unjudged::TooFew { sample, wanted }) => {
            format!("{value}: rests on {}, {} wanted", number(sample), number(wanted))
        }
        Some(Unjudged::NoInterval) => format!("{value}: no share, so no interval"),
        Some(Unjudged::Absent) | None => value,
    }
}

/// `, limit 98.00%`, where the limit is no number as written.
fn limit_of(c: &Comparison) -> String {
    let is_number = |t: &str| t.trim_start_matches(['-', '(']).starts_with(|c: char| c.is_ascii_digit());
    let reckoned = !is_number(&c.limit_text) || c.limit_text.contains(['(', '[', '*', '/', '+']);
    match c.limit.filter(|_| reckoned && c.limit_text != c.figure) {
        Some(limit) => format!(", limit {}", quantity(&Quantity::new(limit), c.kind)),
        None => String::new(),
    }
}

/// A number with its unit.
pub(super) fn quantity(q: &Quantity, kind: Type) -> String {
    match kind {
        Type::Share | Type::Percent => percent(Some(q.value)),
        Type::Quotient if (0.0..=1.0).contains(&q.value) => percent(Some(q.value)),
        Type::Time => delay(Nanos::from_nanos(q.value as i64), 3),
        _ if q.value.fract() == 0.0 && (0.0..1e15).contains(&q.value) => number(q.value as u64),
        _ => format!("{:.4}", q.value),
    }
}

/// What a number rests on.
fn rest(c: &Comparison, q: &Quantity) -> String {
    let fraction = match q.of {
        Of::Itself => return String::new(),
        Of::Fraction(n, d) => format!("{}/{}", number(n), number(d)),
        Of::Samples(n) => return format!(" ({} measured)", number(n)),
    };
    match c.interval {
        Some(i) => {
            let (low, high) = (percent(Some(i.low)), percent(Some(i.high)));
            format!(" ({fraction}; {}% interval {low} to {high})", c.level * 100.0)
        }
        None => format!(" ({fraction})"),
    }
}

/// The file that a call's frame is in.
pub(super) fn file<'f>(call: &SampleCall, files: &'f [FileReport]) -> Option<&'f str> {
    files.get(call.frame.file as usize).map(|f| f.path.as_str())
}

/// `frame 12 of a.pcap`, the file only where there are several.
pub(super) fn frame(call: &SampleCall, files: &[FileReport]) -> String {
    match file(call, files).filter(|_| files.len() > 1) {
        Some(path) => format!("frame {} of {}", call.frame.number, escape(path)),
        None => format!("frame {}", call.frame.number),
    }
}

/// `2 of 3 rules failed, 1 not evaluated`
pub(super) fn total(verdict: &super::Verdict) -> String {
    let (all, failed) = (verdict.rules.len(), verdict.rules.iter().filter(|r| r.is_breach()).count());
    let warned = verdict.count(Status::Fail) - failed;
    let open = verdict.count(Status::NotEvaluated);
    let rules = if all == 1 { "rule" } else { "rules" };
    let mut text = match failed {
        0 => format!("{} of {all} {rules} passed", verdict.count(Status::Pass)),
        _ => format!("{failed} of {all} {rules} failed"),
    };
    for (n, what) in [(warned, "warned"), (open, "not evaluated")] {
        if n > 0 {
            text.push_str(&format!(", {n} {what}"));
        }
    }
    text
}
