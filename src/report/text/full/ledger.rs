//! The ledger: files, what became of every frame, what was tolerated or lost.

use crate::fate::Fate;
use crate::report::escape::fit;
use crate::report::text::format::{moment, number, part, zone};
use crate::report::text::nosip;
use crate::report::text::table::Table;
use crate::stats::summary::Input;

/// The blocks.
pub(super) fn sections(input: &Input, columns: usize) -> Vec<Vec<String>> {
    vec![
        files(input, columns),
        fates(input, columns),
        anomalies(input, columns),
        tls(input, columns),
        links(input, columns),
        evicted(input, columns),
    ]
}

fn files(input: &Input, columns: usize) -> Vec<String> {
    let scale = input.scale;
    let first = if zone(scale).is_empty() { "<first" } else { "<first (UTC)" };
    let mut table = Table::new(["<Files", "frames", "bytes", "<format", first, "<state"]);
    for f in &input.files {
        table.row([
            f.path.clone(),
            number(f.frames),
            number(f.bytes),
            f.format.clone(),
            f.first.map_or(String::new(), |t| moment(t, scale)),
            if f.complete { String::new() } else { "incomplete".into() },
        ]);
    }
    table.lines(columns)
}

fn fates(input: &Input, columns: usize) -> Vec<String> {
    // Where there is no SIP, screen one has shown them.
    if !input.fates.iter().any(|(f, _)| *f == Fate::Sip) {
        return Vec::new();
    }
    let mut table = Table::new(["<Frames", "count", "share"]);
    for (fate, n) in &input.fates {
        table.row([nosip::text(*fate).into(), number(*n), part(*n, input.frames)]);
    }
    table.lines(columns)
}

fn anomalies(input: &Input, columns: usize) -> Vec<String> {
    let mut table = Table::new(["<Anomalies", "count", "first frame", "<"]);
    for (kind, count, first) in &input.anomalies {
        let file = usize::try_from(first.file).ok().and_then(|i| input.files.get(i));
        let place = match file.filter(|_| input.files.len() > 1) {
            Some(f) => format!("{}:{}", fit(&f.path, 20), first.number),
            None => first.number.to_string(),
        };
        table.row([kind.id().into(), number(*count), place, kind.text().into()]);
    }
    table.lines(columns)
}

fn tls(input: &Input, columns: usize) -> Vec<String> {
    let mut table = Table::new(["<TLS to port", "flows", "bytes", "<server name"]);
    for t in &input.tls {
        let name = t.server_name.clone().unwrap_or_default();
        table.row([t.port.to_string(), number(t.flows), number(t.bytes), name]);
    }
    table.lines(columns)
}

fn links(input: &Input, columns: usize) -> Vec<String> {
    let mut table = Table::new(["<Link types not decoded", "frames"]);
    for (link, frames) in &input.unknown_links {
        table.row([link.to_string(), number(*frames)]);
    }
    table.lines(columns)
}

fn evicted(input: &Input, columns: usize) -> Vec<String> {
    let mut table = Table::new(["<Dropped for lack of room", "count"]);
    for (what, n) in &input.evicted {
        table.row([what.to_string(), number(*n)]);
    }
    table.lines(columns)
}
