//! INVITE outcomes with the codes inside each, and the one sentence by side.

use super::bar::bar;
use super::format::{clock, list, number, part, percent};
use crate::call::{Detail, Outcome, Side};
use crate::report::escape::width;
use crate::report::style;
use crate::report::wrap::wrap;
use crate::stats::summary::{Invite, OutcomeRow};
use crate::time::Scale;

/// Columns of the outcomes' names: the longest is "Pending at end of capture".
const NAMES: usize = 25;

/// The block: nothing without attempts.
pub(super) fn lines(i: &Invite, scale: Scale, columns: usize) -> Vec<String> {
    if i.attempts == 0 {
        return Vec::new();
    }
    let rows: Vec<_> = i.outcomes.iter().filter(|o| o.count > 0).collect();
    let most = rows.iter().map(|o| o.count).max().unwrap_or(0);
    let counts = width(&number(i.attempts)).max(7);
    let bars = bar_columns(columns);
    let mut out = vec![head(i, counts, scale, columns)];
    for o in rows {
        let text = format!(
            "  {:NAMES$}{:>counts$} {:>7}  {:bars$} ",
            o.outcome.text(),
            number(o.count),
            percent(o.share),
            bar(o.count, most, bars),
        );
        let inside = list(&inside(o), columns.saturating_sub(width(&text)));
        out.push(format!("{text}{inside}").trim_end().to_owned());
    }
    out.extend(sides(i, columns));
    out
}

/// Columns for bars on a page of `columns`.
pub(super) fn bar_columns(columns: usize) -> usize {
    6 + columns.saturating_sub(80) / 8
}

/// `INVITE attempts   10,000   share  11.1 per s, peak 19 in 1 s, 14:06:02`, less of it where that is too wide.
fn head(i: &Invite, counts: usize, scale: Scale, columns: usize) -> String {
    let names = NAMES + 2;
    let mut text = format!("{:names$}{:>counts$}   share", "INVITE attempts", number(i.attempts));
    let rate = i.load.attempts_per_s.map(|rate| match rate {
        ..0.1 => format!("{:.1} per h", rate * 3600.0),
        _ => format!("{rate:.1} per s"),
    });
    let peak = i.load.peak_at.map(|_| format!("peak {} in 1 s", number(i.load.peak_1s)));
    let at = i.load.peak_at.map(|at| clock(at, scale));
    for (k, part) in [rate, peak, at].into_iter().flatten().enumerate() {
        let gap = if k == 0 { "  " } else { ", " };
        if width(&text) + gap.len() + width(&part) > columns {
            break;
        }
        text.extend([gap, &part]);
    }
    style::title(&text)
}

/// What tells most inside an outcome: its codes, or by what the caller gave up, or how it timed out.
pub(in crate::report) fn inside(o: &OutcomeRow) -> Vec<String> {
    let item = |text: &str, n: u64| format!("{text} {}", number(n));
    let codes = || o.codes.iter().map(|(c, n)| item(&c.get().to_string(), *n));
    let details = |keep: fn(Detail) -> bool| {
        o.details.iter().filter(move |(d, n)| *n > 0 && keep(*d)).map(|(d, n)| item(d.text(), *n))
    };
    match o.outcome {
        Outcome::Answered => codes().filter(|_| o.codes.len() > 1).collect(),
        Outcome::Cancelled => {
            let alerted = o.alerted.iter().filter(|(_, n)| *n > 0).map(|(a, n)| item(a.text(), *n));
            alerted
                .chain(details(|d| matches!(d, Detail::Elsewhere | Detail::Bye | Detail::Assumed)))
                .collect()
        }
        Outcome::TimedOut | Outcome::AuthFailed => details(|_| true).collect(),
        Outcome::Pending => details(|d| d != Detail::Open).collect(),
        // The codes of refused media say so themselves, and most declines are the callee's.
        _ => codes().chain(details(|d| !matches!(d, Detail::MediaRefused | Detail::Callee))).collect(),
    }
}

fn sides(i: &Invite, columns: usize) -> Vec<String> {
    wrap(&sentence(i), columns, 2, 2)
}

/// Decided attempts by the side that decided them, in one sentence; empty without any.
pub(in crate::report) fn sentence(i: &Invite) -> String {
    if i.decided == 0 {
        return String::new();
    }
    let of = |sides: &[Side]| i.sides.iter().filter(|(s, _)| sides.contains(s)).map(|(_, n)| n).sum::<u64>();
    // Parts of zero say nothing, but for the last: whether the platform is to blame.
    let parts = [
        ("callee reached", of(&[Side::Callee])),
        ("caller gave up early", of(&[Side::Caller])),
        ("number or permission", of(&[Side::Number, Side::Account])),
        ("request refused", of(&[Side::Request, Side::Media])),
    ];
    let mut text = format!("Of {} decided: ", number(i.decided));
    for (words, n) in parts.into_iter().filter(|(_, n)| *n > 0) {
        text.push_str(&format!("{words} {}; ", number(n)));
    }
    let path = of(&[Side::Path, Side::Server]);
    text.push_str(&format!("network or platform {} ({})", number(path), part(path, i.decided)));
    text
}
