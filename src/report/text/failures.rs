//! Failure responses by method and code, responses by class, requests without a final.

use super::format::{number, part, percent, plural};
use super::hops::host;
use super::table::Table;
use crate::registry;
use crate::report::escape::escape;
use crate::report::style;
use crate::report::wrap::wrap;
use crate::stats::Summary;
use crate::stats::summary::{FailureRow, SilenceRow};

/// The block, with the `cells` most frequent cells.
pub(super) fn lines(s: &Summary, columns: usize, cells: usize) -> Vec<String> {
    let mut out = distribution(s, columns, cells);
    out.extend(classes(s, columns));
    out.extend(no_final(&s.silence, columns));
    out
}

/// One line of a distribution: cell, count, share, meaning.
pub(super) fn cell(r: &FailureRow) -> [String; 4] {
    let meaning = registry::short(&r.method, r.status).unwrap_or_default();
    [
        format!("{} {}", escape(&r.method), registry::label(r.status)),
        number(r.failures),
        percent(r.share),
        meaning.into(),
    ]
}

fn distribution(s: &Summary, columns: usize, cells: usize) -> Vec<String> {
    let f = &s.failures;
    if f.total == 0 {
        return Vec::new();
    }
    let challenged = s.responses.by_method.iter().any(|r| r.challenges > 0);
    let finals = if challenged { "finals without challenges" } else { "finals" };
    let mut head = format!("Failure responses: {} of {} {finals}", number(f.total), number(f.finals));
    if f.overtaken > 0 {
        head.push_str(&format!("; {} overtaken by a retry", number(f.overtaken)));
    }
    if f.inner > 0 {
        head.push_str(&format!("; {} inner left out", number(f.inner)));
    }
    let mut out: Vec<String> = wrap(&head, columns, 0, 2).iter().map(|l| style::title(l)).collect();
    // Cells that hold nothing but what an upstream leg did not pass on are no failures.
    let rows: Vec<&FailureRow> = f.by_method_and_code.iter().filter(|r| r.failures > 0).collect();
    // A single cell takes no more room than the row that would stand for it.
    let shown = if rows.len().saturating_sub(1) <= cells { rows.len() } else { cells };
    let mut table = Table::new(["<", "", "", "<"]);
    // Only a few phrases are longer, and the meaning should stand on the same line.
    table.first_between(0, (columns / 2).saturating_sub(4));
    for row in rows.iter().take(shown) {
        table.row(cell(row));
    }
    let rest = rows.get(shown..).unwrap_or_default();
    let failures = f.total.saturating_sub(rows.iter().take(shown).map(|r| r.failures).sum());
    if !rest.is_empty() {
        let name = plural(rest.len() as u64, "other cell", "other cells");
        table.row([name, number(failures), part(failures, f.total), "--full shows all".into()]);
    } else if failures > 0 {
        table.row(["other cells".into(), number(failures), part(failures, f.total), "not kept apart".into()]);
    }
    out.extend(table.lines(columns).into_iter().skip(1));
    out
}

fn classes(s: &Summary, columns: usize) -> Vec<String> {
    let r = &s.responses;
    // In the order of codes, which people know by heart.
    let mut rows: Vec<_> = r.by_class.iter().collect();
    rows.sort_by_key(|c| c.class);
    let by: Vec<String> = rows.iter().map(|c| format!("{}xx {}", c.class, number(c.counts.first))).collect();
    if by.is_empty() {
        return Vec::new();
    }
    wrap(&format!("Responses {}: {}", number(r.counts.first), by.join(", ")), columns, 0, 2)
}

fn no_final(rows: &[SilenceRow], columns: usize) -> Vec<String> {
    let rows: Vec<_> = rows.iter().filter(|r| r.unanswered > 0).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let mut methods: Vec<&str> = Vec::new();
    for r in &rows {
        if !methods.contains(&r.method.as_str()) {
            methods.push(&r.method);
        }
    }
    let of = |m: &str| rows.iter().filter(|r| r.method == m).copied().collect::<Vec<_>>();
    let totals: Vec<String> = methods
        .iter()
        .map(|m| format!("{} {}", escape(m), number(of(m).iter().map(|r| r.unanswered).sum())))
        .collect();
    // Where all of a method went to one address, that address is the news.
    let one = |m: &&str| match of(m).as_slice() {
        [SilenceRow { destination: Some(to), unanswered: 2.., .. }] => {
            Some((escape(m).into_owned(), host(*to)))
        }
        _ => None,
    };
    let mut to: Vec<(Vec<String>, String)> = Vec::new();
    for (method, host) in methods.iter().filter_map(one) {
        match to.iter_mut().find(|(_, h)| *h == host) {
            Some((list, _)) => list.push(method),
            None => to.push((vec![method], host)),
        }
    }
    let whole = to.len() == 1 && to.first().is_some_and(|(list, _)| list.len() == methods.len());
    let to: Vec<String> = to
        .iter()
        .map(
            |(list, host)| {
                if whole { format!("all to {host}") } else { format!("all {} to {host}", list.join(", ")) }
            },
        )
        .collect();
    let tail = if to.is_empty() { String::new() } else { format!(" ({})", to.join("; ")) };
    wrap(&format!("No final response: {}{tail}", totals.join(", ")), columns, 0, 2)
}
