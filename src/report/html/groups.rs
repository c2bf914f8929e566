//! Traffic told apart by dimensions: a table for each `--by`.

use super::block;
use super::chart::bar;
use super::markup::{Markup, el};
use super::table::{Row, table};
use crate::report::text::format::{delay, list, number, percent};
use crate::stats::summary::{Group, GroupRow};
use crate::stats::{Ratio, Summary};

pub(super) fn section(s: &Summary) -> Markup {
    let all: Markup = s.groups.iter().map(group).collect();
    if all.is_empty() { all } else { block("groups", "Groups", all) }
}

fn group(g: &Group) -> Markup {
    let names: Vec<&str> = g.dimensions.iter().map(|d| d.id()).collect();
    let first = format!("<{}", names.join(", "));
    let bids = g.all.bids > 0;
    let mut columns = vec![first.as_str(), "responses", "failures", "of finals", "<"];
    columns
        .extend(["attempts", "bids", "answered", "ABR", "silent", "PDD p50", "p95"].iter().filter(|_| bids));
    columns.push("<failing codes");
    let most = g.rows.iter().map(rate).fold(0.0, f64::max);
    let mut rows: Vec<Row> = g.rows.iter().map(|r| row(r, key(r), bids, most, "")).collect();
    if let Some(other) = &g.other {
        let name = format!("{} other", number(g.keys.saturating_sub(g.rows.len() as u64)));
        rows.push(row(other, name.into(), bids, most, "other"));
    }
    rows.push(row(&g.all, "all".into(), bids, most, "all"));
    let bound = if g.at_least { "; rows marked ≥ are lower bounds" } else { "" };
    table(&format!("By {}{bound}", names.join(" and ")), &columns, rows)
}

fn rate(r: &GroupRow) -> f64 {
    Ratio::new(r.failures, r.finals).value().unwrap_or(0.0)
}

fn key(r: &GroupRow) -> Markup {
    let parts = r.key.iter().enumerate().map(|(i, part)| {
        let gap = if i == 0 { "" } else { " · " };
        let part = part.as_deref().map_or_else(|| el("i", &[], "none"), Markup::from);
        [gap.into(), part].into()
    });
    parts.collect()
}

fn row(r: &GroupRow, name: Markup, bids: bool, most: f64, class: &'static str) -> Row {
    let bound = if r.at_least() { "≥ " } else { "" };
    let mut cells = vec![
        name,
        format!("{bound}{}", number(r.responses.first)).into(),
        number(r.failures).into(),
        percent(Ratio::new(r.failures, r.finals).value()).into(),
        bar(rate(r), most, "c5"),
    ];
    if bids {
        let pdd = r.pdd.as_ref();
        let p = [pdd.map(|d| d.p50), pdd.map(|d| d.p95)].map(|t| t.map_or_else(String::new, |t| delay(t, 2)));
        cells.extend([number(r.attempts), number(r.bids), number(r.answered)].map(Markup::from));
        cells.extend([percent(r.abr.value()), number(r.silent)].map(Markup::from));
        cells.extend(p.map(Markup::from));
    }
    let codes: Vec<_> = r.codes.iter().map(|(c, n)| format!("{} {}", c.get(), number(*n))).collect();
    cells.push(list(&codes, 40).into());
    Row { class, cell: String::new(), cells }
}
