//! Registrations: a block where there are no calls, a line beside them.

use super::bar::bar;
use super::format::{delay, fraction, list, number, percent};
use super::outcomes::bar_columns;
use crate::report::escape::width;
use crate::report::style;
use crate::report::wrap::flow;
use crate::stats::Summary;
use crate::stats::summary::{DelayKind, Register};

/// One line on a screen about calls.
pub(super) fn line(s: &Summary, columns: usize) -> Vec<String> {
    let r = &s.register;
    if r.attempts == 0 {
        return Vec::new();
    }
    let outcomes = r.outcomes.iter().filter(|o| o.count > 0);
    let outcomes: Vec<String> =
        outcomes.map(|o| format!("{} {}", o.outcome.text().to_lowercase(), number(o.count))).collect();
    let ira = format!("IRA {} ({})", percent(r.ira.value()), fraction(&r.ira));
    let head = format!("REGISTER attempts {}: {}", number(r.attempts), outcomes.join(", "));
    flow(&[head, ira], columns, 0, 2)
}

/// The block: nothing without attempts.
pub(super) fn lines(s: &Summary, columns: usize) -> Vec<String> {
    let r = &s.register;
    if r.attempts == 0 {
        return Vec::new();
    }
    let most = r.outcomes.iter().map(|o| o.count).max().unwrap_or(0);
    let counts = width(&number(r.attempts)).max(7);
    let bars = bar_columns(columns);
    let mut out =
        vec![style::title(&format!("{:27}{:>counts$}   share", "REGISTER attempts", number(r.attempts)))];
    for o in r.outcomes.iter().filter(|o| o.count > 0) {
        let text = format!(
            "  {:25}{:>counts$} {:>7}  {:bars$} ",
            o.outcome.text(),
            number(o.count),
            percent(o.share),
            bar(o.count, most, bars),
        );
        let details: Vec<String> = o
            .details
            .iter()
            .filter(|(_, n)| *n > 0)
            .map(|(d, n)| format!("{} {}", d.text(), number(*n)))
            .collect();
        let details = list(&details, columns.saturating_sub(width(&text)));
        out.push(format!("{text}{details}").trim_end().to_owned());
    }
    out.extend(summary_line(s, r, columns));
    out
}

fn summary_line(s: &Summary, r: &Register, columns: usize) -> Vec<String> {
    let mut parts = vec![format!("IRA {} {}", percent(r.ira.value()), fraction(&r.ira))];
    if !r.codes.is_empty() {
        let codes: Vec<String> = r.codes.iter().map(|(c, n)| format!("{} {}", c.get(), number(*n))).collect();
        parts.push(format!("failed by {}", codes.join(", ")));
    }
    if let Some(d) = s.delays.iter().find(|(k, _)| *k == DelayKind::Rrd).and_then(|(_, d)| d.as_ref()) {
        let [p50, p95, p99] = [d.p50, d.p95, d.p99].map(|t| delay(t, 3));
        parts.push(format!("RRD p50 {p50}, p95 {p95}, p99 {p99}"));
    }
    flow(&parts, columns, 2, 4)
}
