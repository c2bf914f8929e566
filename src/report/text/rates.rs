//! Rates with their fractions, in two columns, and the post-dial delay.

use super::format::{delay, fraction, number, percent};
use crate::call::{Detail, Outcome};
use crate::report::escape::width;
use crate::stats::summary::{DelayKind, RateKind};
use crate::stats::{Ratio, Summary};

/// The block; `extras` are rates and delays for the few.
pub(super) fn lines(s: &Summary, columns: usize, extras: bool) -> Vec<String> {
    let i = &s.invite;
    let rate = |kind| i.rates.iter().find(|(k, _)| *k == kind).map(|(_, r)| *r);
    let entry = |label: &str, kind| rate(kind).map(|r| figure(label, &r));
    let ner_high = rate(RateKind::NerHigh).filter(|high| Some(*high) != rate(RateKind::Ner));

    let left: Vec<String> = [
        entry("ASR", RateKind::Asr),
        entry("NER", RateKind::Ner),
        ner_high.map(|r| figure(" to", &r)),
        entry("ABR", RateKind::Abr),
    ]
    .into_iter()
    .flatten()
    .collect();
    let isa = rate(RateKind::Isa).map(|r| figure("ISA", &r));
    let right = |silent: &str| -> Vec<String> {
        let isa = isa.as_ref().map(|isa| format!("{isa}{silent}"));
        let all = [entry("SER", RateKind::Ser), entry("SEER", RateKind::Seer), isa, Some(pdd(s, 3))];
        all.into_iter().flatten().collect()
    };
    // The silent ones stand in their outcome too: not worth a second column.
    let mut out = beside(&left, &right(&silent(s)), columns)
        .or_else(|| beside(&left, &right(""), columns))
        .unwrap_or_else(|| left.iter().chain(&right(&silent(s))).map(|l| format!("  {l}")).collect());
    if !extras {
        return out;
    }
    // Only where enough finals carry a cause; ASR without scanners comes as a note.
    if let Some(r) = rate(RateKind::NerQ850).filter(|r| r.value().is_some()) {
        out.push(format!("  NER by Q.850 cause  {}  {}", percent(r.value()), fraction(&r)));
    }
    let pdd_auth =
        s.delays.iter().find(|(k, _)| *k == DelayKind::PddAuthenticated).and_then(|(_, d)| d.as_ref());
    if let Some(d) = pdd_auth {
        let text = format!("  PDD after the challenge: p50 {}, p95 {}", delay(d.p50, 3), delay(d.p95, 3));
        out.push(text);
    }
    out
}

/// `PDD p50 2.31 s, p95 5.84 s, p99 9.02 s`
pub(in crate::report) fn pdd(s: &Summary, digits: usize) -> String {
    match s.delays.iter().find(|(k, _)| *k == DelayKind::Pdd).and_then(|(_, d)| d.as_ref()) {
        Some(d) => {
            let [p50, p95, p99] = [d.p50, d.p95, d.p99].map(|t| delay(t, digits));
            format!("PDD p50 {p50}, p95 {p95}, p99 {p99}")
        }
        None => "PDD   n/a".into(),
    }
}

/// `NER   87.52%  8,726/9,970`
fn figure(label: &str, r: &Ratio) -> String {
    format!("{label:4} {:>7}  {}", percent(r.value()), fraction(r))
}

/// Attempts without any response, which ISA counts as a local 408.
fn silent(s: &Summary) -> String {
    let timed_out = s.invite.outcomes.iter().find(|o| o.outcome == Outcome::TimedOut);
    let silent = timed_out.and_then(|o| o.details.iter().find(|(d, _)| *d == Detail::NoResponse));
    silent.filter(|(_, n)| *n > 0).map_or(String::new(), |(_, n)| format!("  {} of them silent", number(*n)))
}

/// Two columns; `None` where they are too wide.
fn beside(left: &[String], right: &[String], columns: usize) -> Option<Vec<String>> {
    let wide = left.iter().map(|l| width(l)).max().unwrap_or(0).max(27) + 4;
    let needs = right.iter().map(|r| width(r)).max().unwrap_or(0);
    let line = |i: usize| {
        let text = |side: &[String]| side.get(i).cloned().unwrap_or_default();
        format!("  {:wide$}{}", text(left), text(right)).trim_end().to_owned()
    };
    (2 + wide + needs <= columns).then(|| (0..left.len().max(right.len())).map(line).collect())
}
