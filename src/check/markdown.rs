//! The verdict as a table for a pull request or a job summary.

use std::io;

use super::verdict::{Judged, Status, Verdict};
use super::{Severity, say};
use crate::report::escape::escape;

/// Writes `verdict` to `out`.
pub(super) fn write(verdict: &Verdict, out: &mut impl io::Write) -> io::Result<()> {
    let files: Vec<String> = verdict.files.iter().map(|f| code(&f.path)).collect();
    writeln!(out, "### sipstat check: {}\n", say::total(verdict))?;
    if !files.is_empty() {
        let more = if files.len() > 5 { format!(" and {} more", files.len() - 5) } else { String::new() };
        writeln!(out, "{}{more}\n", files.iter().take(5).cloned().collect::<Vec<_>>().join(", "))?;
    }
    writeln!(out, "| | rule | found | bad is |\n|---|---|---|---|")?;
    for rule in &verdict.rules {
        let (mark, name) = (mark(rule), cell(&rule.name));
        writeln!(out, "| {mark} | {name} | {} | {} |", cell(&say::figures(rule)), code(&rule.condition))?;
    }
    for rule in verdict.rules.iter().filter(|r| r.status == Status::Fail) {
        if rule.explanation.is_none() && rule.calls.is_empty() {
            continue;
        }
        writeln!(out, "\n**{}**", cell(&rule.name))?;
        if let Some(why) = &rule.explanation {
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
    for c in escape(text).chars() {
        if matches!(c, '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '~' | '&' | '@') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Text as code: what would end it, or the cell, is replaced.
fn code(text: &str) -> String {
    format!("`{}`", escape(text).replace('`', "'").replace('|', "\\|"))
}
