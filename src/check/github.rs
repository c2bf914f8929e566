//! The verdict as workflow commands of GitHub Actions: an annotation for each rule that did not pass.
//!
//! `::error file=RULES,line=LINE,title=NAME::TEXT`, the place only of rules that a file holds. In the text `%`, CR and LF are escaped, in properties also `:` and `,`
//! (docs.github.com, "Workflow commands for GitHub Actions"; the escapes are those of
//! `@actions/core`). Every line is one command: foreign text cannot begin another one.

use std::io;

use super::say;
use super::verdict::{Judged, Status, Verdict};
use crate::report::escape::escape;

/// Writes `verdict` to `out`.
pub(super) fn write(verdict: &Verdict, out: &mut impl io::Write) -> io::Result<()> {
    for rule in verdict.rules.iter().filter(|r| r.status != Status::Pass) {
        let command = match rule.status {
            Status::Fail if rule.is_breach() => "error",
            Status::Fail => "warning",
            Status::Pass | Status::NotEvaluated => "notice",
        };
        let title = property(&format!("sipstat: {}", escape(&rule.name)));
        let place = rule
            .place
            .as_ref()
            .map_or(String::new(), |(file, line)| format!("file={},line={line},", property(&escape(file))));
        writeln!(out, "::{command} {place}title={title}::{}", data(&text(rule, verdict)))?;
    }
    writeln!(out, "{}", say::total(verdict))
}

fn text(rule: &Judged, verdict: &Verdict) -> String {
    let mut text = say::figures(rule);
    if let Some(limit) = say::limit(rule) {
        text.push_str(&format!(": {limit}"));
    }
    if rule.status == Status::NotEvaluated {
        text.insert_str(0, "not evaluated: ");
    }
    for why in rule.because() {
        text.push_str(&format!("\n{}", escape(why)));
    }
    for call in &rule.calls {
        text.push_str(&format!("\n{}: {}", say::frame(call, &verdict.files), escape(&call.call_id)));
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
