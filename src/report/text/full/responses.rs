//! Responses by class and code, by method and class; requests by method; all of them with their copies.

use crate::registry;
use crate::report::text::bar::bar;
use crate::report::text::format::{number, percent};
use crate::report::text::outcomes::bar_columns;
use crate::report::text::table::Table;
use crate::stats::{Counts, Summary};

/// Classes with their codes. The share of a class and of a 1xx is of all responses, that of a final code of
/// all finals.
pub(super) fn by_class_and_code(s: &Summary, columns: usize) -> Vec<String> {
    let r = &s.responses;
    let most = r.by_class.iter().map(|c| c.counts.first).max().unwrap_or(0);
    let bars = bar_columns(columns);
    let row = |name: String, counts: Counts, share: Option<f64>| Row {
        name,
        facts: vec![number(counts.first), percent(share)],
        copies: counts,
        bar: bar(counts.first, most, bars),
    };
    let mut rows = Vec::new();
    for c in &r.by_class {
        let name = registry::classes().iter().find(|k| k.digit == c.class).map_or("", |k| k.name);
        rows.push(row(format!("{}xx {name}", c.class), c.counts, c.share));
        for k in r.by_code.iter().filter(|k| k.status.class() == c.class) {
            rows.push(row(
                format!("  {}", registry::label(k.status)),
                k.counts,
                k.share_of_finals.or(k.share),
            ));
        }
    }
    let mut out = lines("Responses", &["count", "share"], &rows, columns);
    if !out.is_empty() {
        out.push("  Shares of classes and of 1xx codes are of all responses, others of finals.".into());
    }
    out
}

/// First sightings of each class by method.
pub(super) fn methods_by_class(s: &Summary, columns: usize) -> Vec<String> {
    let r = &s.responses;
    let mut table = Table::new(["<Responses to", "1xx", "2xx", "3xx", "4xx", "5xx", "6xx"]);
    for (row, classes) in r.by_method.iter().zip(&r.method_classes) {
        let name = at_least(&row.method, row.at_least);
        table.row(std::iter::once(name).chain(classes.iter().map(|n| some(*n))));
    }
    table.lines(columns)
}

/// Responses by method and bin, and the finals that are no failures whatever their code.
pub(super) fn methods(s: &Summary, columns: usize) -> Vec<String> {
    let rows: Vec<Row> = s
        .responses
        .by_method
        .iter()
        .map(|r| Row {
            name: at_least(&r.method, r.at_least),
            facts: [r.counts.first, r.finals, r.challenges, r.inner].map(some).to_vec(),
            copies: r.counts,
            bar: String::new(),
        })
        .collect();
    lines("Responses to", &["count", "finals", "challenges", "inner"], &rows, columns)
}

/// Requests by method and bin.
pub(super) fn requests(s: &Summary, columns: usize) -> Vec<String> {
    let rows: Vec<Row> = s
        .requests
        .iter()
        .map(|r| Row {
            name: at_least(&r.method, r.at_least),
            facts: vec![number(r.counts.first)],
            copies: r.counts,
            bar: String::new(),
        })
        .collect();
    lines("Requests", &["count"], &rows, columns)
}

/// One row of a table of messages.
struct Row {
    name: String,
    facts: Vec<String>,
    copies: Counts,
    bar: String,
}

const COPIES: [&str; 3] = ["repeated", "captured twice", "hop copies"];

/// Facts, copies and bar side by side, or where that is too wide the copies in a table below.
fn lines(head: &str, facts: &[&str], rows: &[Row], columns: usize) -> Vec<String> {
    let head = format!("<{head}");
    let copies = |r: &Row| {
        let c = r.copies;
        [c.retransmissions, c.capture_duplicates, c.hop_copies].map(some)
    };
    let table = |with_copies: bool| {
        let mut table = Table::new([head.as_str()]);
        facts.iter().for_each(|f| table.column(f));
        COPIES.iter().filter(|_| with_copies).for_each(|c| table.column(c));
        table.column("<");
        for r in rows {
            let mut row = vec![r.name.clone()];
            row.extend(r.facts.iter().cloned());
            row.extend(copies(r).into_iter().filter(|_| with_copies));
            row.push(r.bar.clone());
            table.row(row);
        }
        table
    };
    let whole = table(true);
    if whole.fits(columns) {
        return whole.lines(columns);
    }
    let mut below = Table::new([head.as_str(), "repeated", "captured twice", "hop copies"]);
    for r in rows.iter().filter(|r| r.copies.messages() > r.copies.first) {
        below.row(std::iter::once(r.name.clone()).chain(copies(r)));
    }
    let mut out = table(false).lines(columns);
    out.extend(below.lines(columns));
    out
}

/// The number, blank for none: a column of zeros is left out.
fn some(n: u64) -> String {
    if n == 0 { String::new() } else { number(n) }
}

fn at_least(name: &str, refused: bool) -> String {
    if refused { format!("{name} (at least)") } else { name.to_owned() }
}
