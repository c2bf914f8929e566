//! What the messages said in their own words: reasons, phrases, warnings, Retry-After; and who said
//! nothing. All of it foreign, all of it escaped.

use crate::registry;
use crate::report::escape::fit;
use crate::report::text::format::{number, part};
use crate::report::text::hops::host;
use crate::report::text::table::Table;
use crate::stats::Summary;
use crate::stats::summary::PhraseRow;

/// Columns of a text at most; JSON has all of it.
const LONGEST: usize = 160;

/// The blocks.
pub(super) fn sections(s: &Summary, columns: usize) -> Vec<Vec<String>> {
    vec![
        reasons(s, columns),
        phrases("<Reason phrases seen", &s.phrases, columns),
        phrases("<Warnings", &s.warnings, columns),
        retry_after(s, columns),
        silence(s, columns),
    ]
}

fn reasons(s: &Summary, columns: usize) -> Vec<String> {
    let mut table = Table::new(["<Reason headers", "<cause", "<location", "count", "<"]);
    for r in &s.reasons {
        let q850 = r.protocol.eq_ignore_ascii_case("Q.850");
        let name = r.cause.filter(|_| q850).and_then(registry::cause).map(|c| c.name);
        let cause = r.cause.map_or(String::new(), |c| format!(" {c}"));
        // A text that repeats the cause's name says nothing new.
        let text = r.text.as_deref().filter(|t| !name.is_some_and(|n| n.eq_ignore_ascii_case(t)));
        let words = [name, text].into_iter().flatten().collect::<Vec<_>>().join("; ");
        table.row([
            r.carried_by.clone(),
            format!("{}{cause}", r.protocol),
            r.location.clone().unwrap_or_default(),
            number(r.count),
            fit(&words, LONGEST),
        ]);
    }
    table.lines(columns)
}

fn phrases(head: &str, rows: &[PhraseRow], columns: usize) -> Vec<String> {
    let mut table = Table::new([head, "count", "<"]);
    for r in rows {
        let text = fit(r.text.as_deref().unwrap_or("(other)"), LONGEST);
        table.row([registry::label(r.status), number(r.count), text]);
    }
    table.lines(columns)
}

fn retry_after(s: &Summary, columns: usize) -> Vec<String> {
    let mut table = Table::new(["<Retry-After", "count", "<seconds"]);
    for r in &s.retry_after {
        let range =
            if r.min_s == r.max_s { r.min_s.to_string() } else { format!("{} to {}", r.min_s, r.max_s) };
        table.row([registry::label(r.status), number(r.count), range]);
    }
    table.lines(columns)
}

fn silence(s: &Summary, columns: usize) -> Vec<String> {
    let mut table = Table::new(["<No final response", "<to", "requests", "of", "share", "sent again"]);
    for r in s.silence.iter().filter(|r| r.unanswered > 0) {
        table.row([
            r.method.clone(),
            r.destination.map_or("(others)".into(), host),
            number(r.unanswered),
            number(r.requests),
            part(r.unanswered, r.requests),
            number(r.retransmissions),
        ]);
    }
    table.lines(columns)
}
