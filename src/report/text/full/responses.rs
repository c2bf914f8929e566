//! Responses by class and code, methods by class, requests by method.

use crate::registry;
use crate::report::text::bar::bar;
use crate::report::text::format::{number, percent};
use crate::report::text::outcomes::bar_columns;
use crate::report::text::table::Table;
use crate::stats::summary::MethodRow;
use crate::stats::{Counts, Summary};

/// Classes with their codes. The share of a class and of a 1xx is of all responses, that of a final code of
/// all finals.
pub(super) fn by_class_and_code(s: &Summary, columns: usize) -> Vec<String> {
    let r = &s.responses;
    let mut table =
        Table::new(["<Responses", "count", "share", "repeated", "captured twice", "hop copies", "<"]);
    table.first_between(0, columns / 2);
    let most = r.by_class.iter().map(|c| c.counts.first).max().unwrap_or(0);
    let bars = bar_columns(columns);
    let mut row = |name: String, counts: Counts, share: Option<f64>| {
        let mut row = vec![name, number(counts.first), percent(share)];
        row.extend(copies(counts));
        row.push(bar(counts.first, most, bars));
        table.row(row);
    };
    for c in &r.by_class {
        let name = registry::classes().iter().find(|k| k.digit == c.class).map_or("", |k| k.name);
        row(format!("{}xx {name}", c.class), c.counts, c.share);
        for k in r.by_code.iter().filter(|k| k.status.class() == c.class) {
            row(format!("  {}", registry::label(k.status)), k.counts, k.share_of_finals.or(k.share));
        }
    }
    let mut out = table.lines(columns);
    if !out.is_empty() {
        out.push("  Shares of classes and of 1xx codes are of all responses, others of finals.".into());
    }
    out
}

/// First sightings of each class by method.
pub(super) fn methods_by_class(s: &Summary, columns: usize) -> Vec<String> {
    let r = &s.responses;
    let mut table = Table::new([
        "<Responses to",
        "1xx",
        "2xx",
        "3xx",
        "4xx",
        "5xx",
        "6xx",
        "challenges",
        "inner",
        "repeated",
        "hop copies",
    ]);
    for (row, classes) in r.by_method.iter().zip(&r.method_classes) {
        let mut cells = vec![at_least(&row.method, row.at_least)];
        cells.extend(classes.iter().map(|n| number(*n)));
        cells
            .extend([row.challenges, row.inner, row.counts.retransmissions, row.counts.hop_copies].map(some));
        table.row(cells);
    }
    table.lines(columns)
}

/// Requests by method and bin.
pub(super) fn requests(s: &Summary, columns: usize) -> Vec<String> {
    let mut table = Table::new(["<Requests", "count", "repeated", "captured twice", "hop copies"]);
    for MethodRow { method, counts, at_least: refused } in &s.requests {
        let mut row = vec![at_least(method, *refused), number(counts.first)];
        row.extend(copies(*counts));
        table.row(row);
    }
    table.lines(columns)
}

fn copies(c: Counts) -> [String; 3] {
    [c.retransmissions, c.capture_duplicates, c.hop_copies].map(some)
}

/// The number, blank for none: a column of zeros is left out.
fn some(n: u64) -> String {
    if n == 0 { String::new() } else { number(n) }
}

fn at_least(name: &str, refused: bool) -> String {
    if refused { format!("{name} (at least)") } else { name.to_owned() }
}
