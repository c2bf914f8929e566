//! Methods other than INVITE, where there are no calls: requests, finals, failures, response times.

use super::format::{delay, fraction, number, part, percent, plural};
use super::table::Table;
use crate::report::escape::escape;
use crate::report::wrap::wrap;
use crate::stats::Summary;

/// Methods that are listed at most.
const METHODS: usize = 8;

/// The block.
pub(super) fn lines(s: &Summary, columns: usize) -> Vec<String> {
    let mut table =
        Table::new(["<Method", "requests", "finals", "failures", "rate", "no final", "p50", "p95"]);
    let mut alive = Vec::new();
    // ACK is never answered; whatever else asks is listed, captured or only answered.
    let asked = s.requests.iter().map(|r| (r.method.as_str(), r.counts.first));
    let only_answered = s.responses.by_method.iter().map(|r| (r.method.as_str(), 0));
    let only_answered = only_answered.filter(|(m, _)| !s.requests.iter().any(|r| r.method == *m));
    let all: Vec<_> = asked.chain(only_answered).filter(|(m, _)| *m != "ACK").collect();
    for (m, requests) in all.iter().copied().take(METHODS) {
        let answers = s.responses.by_method.iter().find(|r| r.method == m);
        let silent: u64 = s.silence.iter().filter(|r| r.method == m).map(|r| r.unanswered).sum();
        let time = s.response_time.iter().find(|(method, _)| method == m).map(|(_, d)| d);
        let [p50, p95] =
            [time.map(|d| d.p50), time.map(|d| d.p95)].map(|t| t.map_or(String::new(), |t| delay(t, 2)));
        // Re-INVITEs alone: even of these no failure rate.
        let rate = answers.map(|r| &r.failure_rate).filter(|_| m != "INVITE");
        table.row([
            m.to_owned(),
            number(requests),
            number(answers.map_or(0, |r| r.finals)),
            rate.map_or(String::new(), fraction),
            rate.map_or(String::new(), |r| percent(r.value())),
            if silent > 0 { number(silent) } else { String::new() },
            p50,
            p95,
        ]);
        if let Some(r) = answers.filter(|r| r.alive_by_other_code > 0) {
            alive.push(format!(
                "{} of {} {} answers ({}) are 4xx to 6xx that mean alive, no failures",
                number(r.alive_by_other_code),
                number(r.finals),
                escape(m),
                part(r.alive_by_other_code, r.finals),
            ));
        }
    }
    let mut out = table.lines(columns);
    if let more @ 1.. = all.len().saturating_sub(METHODS) as u64 {
        out.push(format!("  {}: --full shows all", plural(more, "other method", "other methods")));
    }
    out.extend(alive.iter().flat_map(|text| wrap(text, columns, 2, 4)));
    out
}
