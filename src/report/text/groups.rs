//! Groups: one table for each `--by`.

use super::format::{delay, fraction, number, percent, plural};
use super::hops::telling_codes;
use super::table::Table;
use crate::call::Outcome;
use crate::report::style;
use crate::sip::StatusCode;
use crate::stats::summary::{Group, GroupRow};
use crate::stats::{Ratio, Summary};

/// Columns from which on there is room for more than the narrow table shows.
const WIDE: usize = 110;

/// One block for each group.
pub(super) fn sections(s: &Summary, columns: usize) -> Vec<Vec<String>> {
    s.groups.iter().map(|g| lines(s, g, columns)).filter(|l| !l.is_empty()).collect()
}

fn lines(s: &Summary, g: &Group, columns: usize) -> Vec<String> {
    let by_bid = g.all.bids > 0 && g.dimensions.iter().any(|d| d.is_place());
    let mut table = Table::new([]);
    for d in &g.dimensions {
        table.column(&format!("<{}", d.title()));
    }
    table.first_between(12, usize::MAX);
    let mut out = if by_bid {
        let codes = codes(s, g, columns);
        bids(g, table, &codes, columns)
    } else {
        messages(g, table, columns)
    };
    if g.rows.iter().any(GroupRow::at_least) {
        let text = "  ≥: at least; some keys found no room of their own and are in the other row";
        out.push(style::aside(text));
    }
    out
}

/// Rows with bids.
fn bids(g: &Group, mut table: Table, codes: &[StatusCode], columns: usize) -> Vec<String> {
    for head in ["bids", "answered", "ABR"] {
        table.column(head);
    }
    codes.iter().for_each(|c| table.column(&c.get().to_string()));
    for head in ["silent", if columns < WIDE { "" } else { "sent again" }, "PDD p50", "p95"] {
        table.column(head);
    }
    rows(g, table, columns, |r| {
        let of = |code: &StatusCode| r.bid_codes.iter().find(|(c, _)| c == code).map_or(0, |(_, n)| *n);
        let mut cells = vec![number(r.bids), number(r.answered), percent(r.abr.value())];
        cells.extend(codes.iter().map(|c| number(of(c))));
        cells.push(number(r.silent));
        cells.push(if columns < WIDE { String::new() } else { number(r.resent) });
        let pdd = r.pdd.as_ref();
        cells.extend(
            [pdd.map(|d| d.p50), pdd.map(|d| d.p95)].map(|t| t.map_or(String::new(), |t| delay(t, 2))),
        );
        cells
    })
}

/// Rows with messages.
fn messages(g: &Group, mut table: Table, columns: usize) -> Vec<String> {
    let some = |has: bool, head: &'static str| if has { head } else { "" };
    let wide = columns >= WIDE;
    let attempts = g.all.attempts > 0;
    let heads = [
        "requests",
        "responses",
        "failures",
        "rate",
        some(wide, "of finals"),
        "sent again",
        some(attempts, "attempts"),
        some(attempts, "ASR"),
    ];
    heads.iter().for_each(|head| table.column(head));
    rows(g, table, columns, |r| {
        let rate = Ratio::new(r.failures, r.finals);
        let outcome = |o| r.outcomes.iter().find(|(x, _)| *x == o).map_or(0, |(_, n)| *n);
        let decided = r.attempts - outcome(Outcome::Pending).min(r.attempts);
        let asr = Ratio::new(outcome(Outcome::Answered), decided);
        let only = |has: bool, text: String| if has { text } else { String::new() };
        vec![
            number(r.requests.first),
            number(r.responses.first),
            number(r.failures),
            percent(rate.value()),
            only(wide, fraction(&rate)),
            number(r.requests.retransmissions + r.responses.retransmissions),
            only(attempts, number(r.attempts)),
            only(attempts, only(decided > 0, percent(asr.value()))),
        ]
    })
}

fn rows(
    g: &Group,
    mut table: Table,
    columns: usize,
    cells: impl Fn(&GroupRow) -> Vec<String>,
) -> Vec<String> {
    let row = |r: &GroupRow, name: Vec<String>| name.into_iter().chain(cells(r)).collect::<Vec<_>>();
    for r in &g.rows {
        let mut name: Vec<String> =
            r.key.iter().map(|k| k.clone().unwrap_or_else(|| "(none)".to_owned())).collect();
        if let Some(first) = name.first_mut().filter(|_| r.at_least()) {
            *first = format!("≥ {first}");
        }
        table.row(row(r, name));
    }
    let named = |text: String| {
        let mut name = vec![String::new(); g.dimensions.len()];
        if let Some(first) = name.first_mut() {
            *first = text;
        }
        name
    };
    if let Some(other) = &g.other {
        let n = g.keys.saturating_sub(g.rows.len() as u64);
        let text =
            if g.at_least { format!("at least {} more", number(n)) } else { plural(n, "other", "others") };
        table.row(row(other, named(text)));
    }
    if g.rows.len() > 1 || g.other.is_some() {
        table.row(row(&g.all, named("all".to_owned())));
    }
    table.lines(columns)
}

/// The codes that tell rows apart: those of findings, then of network or platform, then the commonest.
fn codes(s: &Summary, g: &Group, columns: usize) -> Vec<StatusCode> {
    let wanted = if columns < WIDE { 1 } else { 3 };
    let mut all = telling_codes(s, columns);
    for (code, _) in &g.all.bid_codes {
        if !all.contains(code) {
            all.push(*code);
        }
    }
    all.truncate(wanted);
    all
}
