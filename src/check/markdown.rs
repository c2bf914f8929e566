//! The verdict as a table for a pull request or a job summary: below the 65,536 characters of a comment,
//! what passes gives way first.

use std::io;

use super::verdict::{Judged, Status, Verdict};
use super::{Severity, say};
use crate::report::escape::fit;

/// Rules in the table.
const ROWS: usize = 40;
/// Breaches with their calls below it.
const TOLD: usize = 12;
/// Columns of one text.
const LONGEST: usize = 150;
/// Captures that are named.
const FILES: usize = 5;

/// Writes `verdict` to `out`.
pub(super) fn write(verdict: &Verdict, out: &mut impl io::Write) -> io::Result<()> {
    writeln!(out, "### sipstat check: {}\n", say::total(verdict))?;
    let files: Vec<String> = verdict.files.iter().take(FILES).map(|f| code(&f.path)).collect();
    if !files.is_empty() {
        let more = verdict.files.len().saturating_sub(FILES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        writeln!(out, "{}{more}\n", files.join(", "))?;
    }
    let mut rules: Vec<&Judged> = verdict.rules.iter().collect();
    if rules.len() > ROWS {
        rules.sort_by_key(|rule| rank(rule));
    }
    writeln!(out, "| | rule | found | bad is |\n|---|---|---|---|")?;
    for rule in rules.iter().take(ROWS) {
        let (mark, name) = (mark(rule), cell(&rule.name));
        writeln!(out, "| {mark} | {name} | {} | {} |", cell(&say::figures(rule)), code(&rule.condition))?;
    }
    if let more @ 1.. = rules.len().saturating_sub(ROWS) {
        writeln!(out, "| | {more} more | | |")?;
    }
    let told =
        |r: &&&Judged| r.status == Status::Fail && (r.because().next().is_some() || !r.calls.is_empty());
    for rule in rules.iter().filter(told).take(TOLD) {
        writeln!(out, "\n**{}**", cell(&rule.name))?;
        for why in rule.because() {
            writeln!(out, "\n{}", cell(why))?;
        }
        if !rule.calls.is_empty() {
            writeln!(out)?;
        }
        for call in &rule.calls {
            writeln!(out, "- {}: {}", cell(&say::frame(call, &verdict.files)), code(&call.call_id))?;
        }
    }
    Ok(())
}

/// What matters most first.
fn rank(rule: &Judged) -> u8 {
    match (rule.status, rule.severity) {
        (Status::Fail, Severity::Error) => 0,
        (Status::Fail, Severity::Warning) => 1,
        (Status::NotEvaluated, _) => 2,
        (Status::Pass, _) => 3,
    }
}

fn mark(rule: &Judged) -> &'static str {
    match (rule.status, rule.severity) {
        (Status::Fail, Severity::Error) => "❌ fail",
        (Status::Fail, Severity::Warning) => "⚠️ warning",
        (Status::Pass, _) => "✅ pass",
        (Status::NotEvaluated, _) => "❔ not evaluated",
    }
}

/// Text in a cell: nothing in it is markup.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in fit(text, LONGEST).chars() {
        if matches!(c, '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '~' | '&' | '@') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Text as code: what would end it, or the cell, is replaced.
fn code(text: &str) -> String {
    format!("`{}`", fit(text, LONGEST).replace('`', "'").replace('|', "\\|"))
}
