//! The verdict for people: a line a rule, the calls of a breach below it, a line of all.

use std::io;

use super::verdict::{Judged, Status, Verdict};
use super::{Severity, say};
use crate::report::escape::escape;
use crate::report::style;

/// Writes `verdict` to `out`, with styles.
pub(super) fn write(verdict: &Verdict, out: &mut impl io::Write) -> io::Result<()> {
    for rule in &verdict.rules {
        let mut line = format!("{}  {}", mark(rule), escape(&rule.name));
        let limit = say::limit(rule).filter(|_| rule.status != Status::Pass);
        for more in [Some(say::figures(rule)), limit].into_iter().flatten() {
            line.push_str(": ");
            line.push_str(&more);
        }
        writeln!(out, "{line}")?;
        if rule.status == Status::Fail {
            for why in rule.because() {
                writeln!(out, "      {}", escape(why))?;
            }
            for call in &rule.calls {
                let frame = say::frame(call, &verdict.files);
                writeln!(out, "      {frame}: {}", style::aside(&escape(&call.call_id)))?;
            }
        }
    }
    for (is_whole, what) in [(verdict.complete, "incomplete"), (verdict.exact, "not exact")] {
        if !is_whole {
            writeln!(out, "The input is {what}: see standard error")?;
        }
    }
    writeln!(out, "{}", say::total(verdict))
}

fn mark(rule: &Judged) -> String {
    match (rule.status, rule.severity) {
        (Status::Fail, Severity::Error) => style::warning("FAIL"),
        (Status::Fail, Severity::Warning) => style::warning("WARN"),
        (Status::Pass, _) => "pass".to_owned(),
        (Status::NotEvaluated, _) => style::aside("open"),
    }
}
