//! INVITE attempts beyond screen one: rates in small print, codes that changed or were overtaken,
//! re-INVITEs, sessions, hanging up.

use crate::call::Outcome;
use crate::registry;
use crate::report::text::format::{fraction, number, part, percent};
use crate::report::text::table::Table;
use crate::report::wrap::{flow, wrap};
use crate::sip::StatusCode;
use crate::stats::summary::{Invite, RateKind};

/// The blocks.
pub(super) fn sections(i: &Invite, columns: usize) -> Vec<Vec<String>> {
    vec![
        units(i, columns),
        intermediate(i, columns),
        translated(i, columns),
        after_ringing(i, columns),
        reinvites(i, columns),
        release(i, columns),
    ]
}

/// How transactions, bids and attempts relate, and what their outcomes do not say.
fn units(i: &Invite, columns: usize) -> Vec<String> {
    if i.transactions + i.attempts == 0 {
        return Vec::new();
    }
    let mut table = Table::new(["<INVITE", "count", "<"]);
    let mut row = |name: &str, n: u64, text: String| table.row([name.to_owned(), number(n), text]);
    row("transactions", i.transactions, "initial INVITEs as sent, challenges and failovers included".into());
    row("bids", i.bids, "tries that ended, repaired ones not counted twice".into());
    row("attempts", i.attempts, "tries of callers to reach somebody".into());
    row("decided", i.decided, "attempts less pending ones".into());
    for (flag, n) in i.flags.iter().filter(|(_, n)| *n > 0) {
        row(flag.text(), *n, String::new());
    }
    let s = &i.sessions;
    for (name, n) in [
        ("sessions confirmed", s.confirmed),
        ("sessions completed", s.completed),
        ("sessions failed", s.failed),
        ("sessions up", s.up),
        ("sessions lost", s.lost),
        ("answered at once", i.duration.instant),
    ] {
        if n > 0 {
            row(name, n, String::new());
        }
    }
    let mut out = table.lines(columns);
    let small = [
        ("ISA without silent", RateKind::IsaWithoutSilent),
        ("SCR", RateKind::Scr),
        ("cleared", RateKind::Cleared),
    ];
    let small: Vec<String> = small
        .iter()
        .filter_map(|(label, kind)| i.rates.iter().find(|(k, _)| k == kind).map(|(_, r)| (label, r)))
        .map(|(label, r)| format!("{label} {} ({})", percent(r.value()), fraction(r)))
        .collect();
    out.extend(flow(&small, columns, 2, 4));
    out
}

fn intermediate(i: &Invite, columns: usize) -> Vec<String> {
    let mut table = Table::new(["<Finals overtaken by a retry", "count", "<how the attempt ended"]);
    for r in &i.intermediate {
        let ends = r
            .followed_by
            .iter()
            .map(|(o, n): &(Outcome, u64)| format!("{} {}", o.text().to_lowercase(), number(*n)));
        table.row([registry::label(r.status), number(r.count), ends.collect::<Vec<_>>().join(", ")]);
    }
    table.lines(columns)
}

fn translated(i: &Invite, columns: usize) -> Vec<String> {
    let mut table = Table::new(["<Codes changed on the way", "<to", "count"]);
    for (inner, outer, n) in &i.translated {
        table.row([registry::label(*inner), registry::label(*outer), number(*n)]);
    }
    table.lines(columns)
}

fn after_ringing(i: &Invite, columns: usize) -> Vec<String> {
    let mut table = Table::new(["<Ended after ringing by", "count"]);
    for (status, n) in &i.after_ringing {
        table.row([registry::label(*status), number(*n)]);
    }
    table.lines(columns)
}

fn reinvites(i: &Invite, columns: usize) -> Vec<String> {
    let mut table = Table::new(["<Re-INVITEs", "count", "share", "<"]);
    for (status, n) in &i.reinvites_by_code {
        let meaning = status.and_then(|s: StatusCode| registry::short("re-INVITE", s));
        table.row([
            status.map_or("no final response".into(), registry::label),
            number(*n),
            part(*n, i.reinvites),
            meaning.unwrap_or_default().into(),
        ]);
    }
    table.lines(columns)
}

fn release(i: &Invite, columns: usize) -> Vec<String> {
    let mut table = Table::new(["<Reasons for hanging up", "<by", "count", "<"]);
    for r in &i.release.reasons {
        let cause = r.cause.map_or(String::new(), |c| format!(" {c}"));
        let q850 = r.protocol.eq_ignore_ascii_case("Q.850");
        let name = r.cause.filter(|_| q850).and_then(registry::cause).map_or("", |c| c.name);
        table.row([format!("{}{cause}", r.protocol), r.by.into(), number(r.count), name.into()]);
    }
    let r = &i.release;
    let mut out = table.lines(columns);
    let byes = [("2xx", r.bye_2xx), ("481", r.bye_481), ("other", r.bye_other), ("no response", r.bye_none)];
    let byes: Vec<String> =
        byes.iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{what} {}", number(*n))).collect();
    if !byes.is_empty() {
        out.extend(wrap(&format!("BYEs answered by {}", byes.join(", ")), columns, 0, 2));
    }
    out
}
