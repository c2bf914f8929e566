//! Methods other than INVITE, where there are no calls: requests, finals, failures, response times.

use super::format::{delay, number, part, percent, wrap};
use super::table::Table;
use crate::report::escape::escape;
use crate::stats::Summary;

/// Methods that are listed at most.
const METHODS: usize = 8;

/// The block.
pub(super) fn lines(s: &Summary, columns: usize) -> Vec<String> {
    let mut table =
        Table::new(["<Method", "requests", "finals", "failures", "rate", "no final", "p50", "p95"]);
    let mut alive = Vec::new();
    // ACK is never answered; whatever else asks is listed, answered or not.
    for row in s.requests.iter().filter(|r| r.method != "ACK").take(METHODS) {
        let m = row.method.as_str();
        let answers = s.responses.by_method.iter().find(|r| r.method == m);
        let silent: u64 = s.silence.iter().filter(|r| r.method == m).map(|r| r.unanswered).sum();
        let time = s.response_time.iter().find(|(method, _)| method == m).map(|(_, d)| d);
        let time = [time.map(|d| d.p50), time.map(|d| d.p95)];
        let rate = answers.filter(|_| m != "INVITE").map(|r| percent(r.failure_rate.value()));
        table.row([
            m.to_owned(),
            number(row.counts.first),
            number(answers.map_or(0, |r| r.finals)),
            number(answers.map_or(0, |r| r.failures)),
            rate.unwrap_or_default(),
            if silent > 0 { number(silent) } else { String::new() },
            time[0].map_or(String::new(), |t| delay(t, 2)),
            time[1].map_or(String::new(), |t| delay(t, 2)),
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
    out.extend(alive.iter().flat_map(|text| wrap(text, columns, 2, 4)));
    out
}
