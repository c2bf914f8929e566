//! What was read: files, frames by fate, oddities, what was dropped, notes.

use super::block;
use super::chart::bar;
use super::markup::{Markup, el};
use super::table::{Row, figure, table};
use crate::report::text::format::{moment, number, part};
use crate::stats::Summary;

/// Files that are listed.
const FILES: usize = 200;

pub(super) fn section(s: &Summary) -> Markup {
    let i = &s.input;
    let notes = s.notes.iter().map(|n| el("li", &[], n.text.as_str()));
    let notes: Markup = notes.collect();
    let notes = if notes.is_empty() { notes } else { el("ul", &[("class", "notes")], notes) };
    let files = i.files.iter().take(FILES).map(|f| {
        let at = |t: Option<_>| t.map_or_else(String::new, |t| moment(t, i.scale));
        let state =
            if f.complete { "complete" } else { f.problem.as_deref().unwrap_or("not read to its end") };
        Row::from(vec![
            f.path.as_str().into(),
            f.format.as_str().into(),
            number(f.frames).into(),
            number(f.bytes).into(),
            at(f.first).into(),
            at(f.last).into(),
            state.into(),
        ])
    });
    let most = i.fates.iter().map(|(_, n)| *n).max().unwrap_or(0);
    let fates = i.fates.iter().map(|(fate, n)| {
        let share = bar(*n as f64, most as f64, "plain");
        let name = format!("input.fates.{}", fate.id());
        Row::from(vec![
            fate.id().replace('_', " ").into(),
            figure(&name, number(*n)),
            part(*n, i.frames).into(),
            share,
        ])
    });
    let oddities = i.anomalies.iter().map(|(kind, n, first)| {
        Row::from(vec![kind.id().replace('_', " ").into(), number(*n).into(), number(first.number).into()])
    });
    let tls = i.tls.iter().map(|t| {
        let name = t.server_name.as_deref().unwrap_or("");
        Row::from(vec![
            t.port.to_string().into(),
            name.into(),
            number(t.flows).into(),
            number(t.bytes).into(),
        ])
    });
    let dropped = i
        .evicted
        .iter()
        .filter(|(_, n)| *n > 0)
        .map(|(table, n)| Row::from(vec![table.as_ref().into(), number(*n).into()]));
    let caption = format!("{} frames, each with one fate", number(i.frames));
    let left = [
        table(&caption, &["<Fate", "frames", "share", "<"], fates.collect()),
        table("TLS, which nobody can read here", &["<Port", "<server name", "flows", "bytes"], tls.collect()),
        table("Dropped for lack of room", &["<Table", "items"], dropped.collect()),
    ];
    let oddities =
        table("Oddities that were tolerated", &["<What", "count", "first frame"], oddities.collect());
    let columns = ["<File", "<format", "frames", "bytes", "<first (UTC)", "<last (UTC)", "<state"];
    let pair = el("div", &[("class", "pair")], [el("div", &[], left), oddities]);
    block("ledger", "What was read", [notes, table("Files", &columns, files.collect()), pair])
}
