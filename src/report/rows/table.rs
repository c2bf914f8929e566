//! Rows for people: as many columns as the page has room for, the Call-ID last and first to give way.

use super::cells::state;
use crate::call::{Call, Detail, Outcome, Particulars, Text};
use crate::report::escape::{fit, fit_end, width};
use crate::report::style;
use crate::report::wrap::wrap;
use crate::sip::{NameAddr, Uri};
use crate::stats::{number, words};
use crate::time::{Nanos, Scale, Timestamp};

/// A column: its head, its width on a page of so many columns (0: absent), whether it holds numbers.
struct Column {
    head: &'static str,
    width: fn(usize) -> usize,
    right: bool,
    cell: fn(&Call, &Particulars, usize) -> String,
}

/// All but the first, which tells when the call began. Where it went stands on every page; on the narrow
/// ones how long it lasted gives way.
const COLUMNS: [Column; 10] = [
    Column { head: "From", width: |page| ends(page), right: false, cell: |_, p, _| user(&p.from) },
    Column { head: "To", width: |page| ends(page), right: false, cell: |_, p, _| to(p) },
    Column {
        head: "Next hop",
        width: |page| if page < NARROW { 13 } else { 15 },
        right: false,
        cell: next_hop,
    },
    Column { head: "Outcome", width: |_| 15, right: false, cell: |c, _, _| outcome(c) },
    Column { head: "PDD", width: |_| 6, right: true, cell: |c, _, _| seconds(c.attempt.delays.pdd) },
    Column {
        head: "Talk",
        width: |page| if page < NARROW { 0 } else { 6 },
        right: true,
        cell: |c, _, _| talk(c),
    },
    Column {
        head: "Rtx",
        width: |page| if page < 140 { 0 } else { 3 },
        right: true,
        cell: |_, p, _| some(p.retransmissions),
    },
    Column {
        head: "Hops",
        width: |page| if page < 140 { 0 } else { 4 },
        right: true,
        cell: |_, p, _| some(p.hops),
    },
    Column {
        head: "Reason",
        width: |page| if page < 160 { 0 } else { 22 },
        right: false,
        cell: |_, p, _| p.reason.to_string(),
    },
    Column {
        head: "Frame",
        width: |page| if page < 120 { 0 } else { 7 },
        right: true,
        cell: |c, _, _| c.attempt.frame.number.to_string(),
    },
];

/// Pages of fewer columns are narrow.
const NARROW: usize = 100;

/// The head.
pub(super) fn head(page: usize, scale: Scale) -> String {
    let mut line = String::new();
    let gap = gap(page);
    put(&mut line, "Start", width(&start(Timestamp::default(), page, scale)), false, gap);
    for column in present(page) {
        put(&mut line, column.head, (column.width)(page), column.right, gap);
    }
    line.push_str("Call-ID");
    style::title(&line) + "\n"
}

/// One row, after a line with the `day` if that is another than before.
pub(super) fn row(call: &Call, page: usize, scale: Scale, day: &mut Option<String>) -> String {
    let none = Particulars::default();
    let p = call.attempt.particulars.as_deref().unwrap_or(&none);
    let mut line = String::new();
    let today = words::day(call.attempt.started, scale);
    if !today.is_empty() && day.as_ref() != Some(&today) {
        line = style::aside(&format!("{today}UTC")) + "\n";
        *day = Some(today);
    }
    let begins = line.len();
    line.push_str(&start(call.attempt.started, page, scale));
    line.push_str(gap(page));
    for column in present(page) {
        let width = (column.width)(page);
        put(&mut line, &(column.cell)(call, p, width), width, column.right, gap(page));
    }
    let used = line.get(begins..).map_or(0, width);
    line.push_str(&fit(&call.attempt.call_id.to_string(), page.saturating_sub(used)));
    line.truncate(line.trim_end().len());
    line.push('\n');
    line
}

/// How many there are of each outcome.
pub(super) fn foot(outcomes: &[u64], omitted: u64, page: usize) -> String {
    let all: u64 = outcomes.iter().sum();
    let each = Outcome::ALL.iter().zip(outcomes).filter(|(_, n)| **n > 0);
    let each: Vec<String> = each.map(|(o, n)| format!("{} {}", short(*o), number(*n))).collect();
    let noun = if all == 1 { "attempt" } else { "attempts" };
    let mut text = format!("{} {noun}", number(all));
    if !each.is_empty() {
        text = format!("{text}: {}", each.join(", "));
    }
    if omitted > 0 {
        text = format!("{text}; {} more not shown", number(omitted));
    }
    wrap(&text, page, 0, 2).iter().map(|l| style::title(l) + "\n").collect()
}

fn present(page: usize) -> impl Iterator<Item = &'static Column> {
    COLUMNS.iter().filter(move |c| (c.width)(page) > 0)
}

/// What stands between columns.
fn gap(page: usize) -> &'static str {
    if page < NARROW { " " } else { "  " }
}

fn put(line: &mut String, text: &str, columns: usize, right: bool, gap: &str) {
    let text = fit(text, columns);
    let pad = " ".repeat(columns.saturating_sub(width(&text)));
    line.extend(if right { [pad.as_str(), &text] } else { [text.as_str(), &pad] });
    line.push_str(gap);
}

/// To whom the request went: of an address that is too long its end, which tells it from its neighbours.
fn next_hop(call: &Call, _: &Particulars, columns: usize) -> String {
    fit_end(&call.attempt.flow.destination.ip.to_string(), columns)
}

fn ends(page: usize) -> usize {
    if page < NARROW {
        11
    } else if page < 160 {
        13
    } else {
        18
    }
}

/// When a call began.
fn start(t: Timestamp, page: usize, scale: Scale) -> String {
    if page < 160 { words::clock(t, scale) } else { words::clock_ms(t, scale) }
}

/// Whom a `From` or `To` names: the number or user, or else the host.
fn user(value: &Text) -> String {
    uri_user(NameAddr::parse(value.bytes()).uri).unwrap_or_else(|| value.to_string())
}

/// Whom the caller asked for: with the Request-URI where To says nothing.
fn to(p: &Particulars) -> String {
    if p.to.is_empty() { uri_user(p.uri.bytes()).unwrap_or_default() } else { user(&p.to) }
}

fn uri_user(uri: &[u8]) -> Option<String> {
    let uri = Uri::parse(uri)?;
    Some(String::from_utf8_lossy(uri.number().or(uri.host)?).into_owned())
}

fn outcome(call: &Call) -> String {
    let a = &call.attempt;
    match (a.status, a.details.first()) {
        (Some(status), _) if a.outcome != Outcome::Answered => {
            format!("{} {}", short(a.outcome), status.get())
        }
        (None, Some(detail @ (Detail::NoResponse | Detail::NoFinal | Detail::IcmpUnreachable))) => {
            let word = match detail {
                Detail::NoResponse => "silent",
                Detail::NoFinal => "no final",
                _ => "unreachable",
            };
            word.to_owned()
        }
        _ => short(a.outcome).to_owned(),
    }
}

/// A word or two, so that a code fits beside.
fn short(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Answered => "answered",
        Outcome::Busy => "busy",
        Outcome::NoAnswer => "no answer",
        Outcome::Cancelled => "cancelled",
        Outcome::Declined => "declined",
        Outcome::NotFound => "not found",
        Outcome::Forbidden => "forbidden",
        Outcome::AuthFailed => "auth failed",
        Outcome::Redirected => "redirected",
        Outcome::ClientError => "client err",
        Outcome::ServerFailure => "server err",
        Outcome::GlobalFailure => "global err",
        Outcome::TimedOut => "timed out",
        Outcome::Pending => "pending",
    }
}

/// As many digits as matter: `410ms`, `2.03s`, `14.8s`, `131s`.
fn seconds(span: Option<Nanos>) -> String {
    let Some(span) = span.filter(|d| *d >= Nanos::ZERO) else { return String::new() };
    let s = span.as_secs_f64();
    match span.as_nanos() {
        ..1_000_000 => "<1ms".to_owned(),
        1_000_000..1_000_000_000 => format!("{:.0}ms", s * 1e3),
        1_000_000_000..10_000_000_000 => format!("{s:.2}s"),
        10_000_000_000..100_000_000_000 => format!("{s:.1}s"),
        _ => format!("{s:.0}s"),
    }
}

/// `0:07`, `12:11`, `1:02:03`; or why there is no end.
fn talk(call: &Call) -> String {
    let Some(session) = &call.session else { return String::new() };
    let Some(span) = call.duration() else {
        return if state(session) == "lost" { "lost".into() } else { "up".into() };
    };
    let s = (span.as_nanos() + 500_000_000).max(0) / 1_000_000_000;
    match s {
        0..3600 => format!("{}:{:02}", s / 60, s % 60),
        3600..36_000 => format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60),
        _ => format!("{}h", s / 3600),
    }
}

fn some(n: u32) -> String {
    if n == 0 { String::new() } else { n.to_string() }
}
