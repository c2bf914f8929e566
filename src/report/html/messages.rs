//! Responses by code and method, failures, silence, and what was written on the wire.

use super::block;
use super::chart::bar;
use super::markup::{Markup, el, none};
use super::table::{Row, figure, table};
use super::terms;
use crate::registry;
use crate::report::text::format::{number, part, percent};
use crate::report::text::hops;
use crate::sip::StatusCode;
use crate::stats::Summary;
use crate::stats::summary::{CellRow, PhraseRow};

/// Columns of the heat map, and rows of lists.
const METHODS: usize = 12;
const ROWS: usize = 60;

pub(super) fn section(s: &Summary) -> Markup {
    let beside = el("div", &[], [classes(s), requests(s)]);
    let content = [failures(s), el("div", &[("class", "pair")], [heat(s), beside])];
    block("responses", "Responses", content)
}

fn failures(s: &Summary) -> Markup {
    let f = &s.failures;
    let most = f.by_method_and_code.iter().filter_map(|r| r.share).fold(0.0, f64::max);
    let rows = f.by_method_and_code.iter().filter(|r| r.failures > 0).take(ROWS).map(|r| {
        let name = [
            r.method.as_str().into(),
            " ".into(),
            terms::code(&r.method, r.status),
            " ".into(),
            phrase(r.status),
        ];
        let cells = vec![
            name.into(),
            number(r.failures).into(),
            percent(r.share).into(),
            bar(r.share.unwrap_or(0.0), most, class(r.status)),
            registry::short(&r.method, r.status).unwrap_or_default().into(),
        ];
        Row { cell: cell(&r.method, r.status), cells, ..Row::default() }
    });
    let mut caption =
        format!("Failure responses: {} of {} finals less challenges", number(f.total), number(f.finals));
    if f.overtaken > 0 {
        caption.push_str(&format!("; {} overtaken by a retry", number(f.overtaken)));
    }
    if f.inner > 0 {
        caption.push_str(&format!("; {} inner left out", number(f.inner)));
    }
    let columns = ["<Cell", "failures", "share", "<", "<usual meaning"];
    table(&caption, &columns, rows.collect())
}

/// The name of a cell, as the script filters by it.
pub(super) fn cell(method: &str, status: StatusCode) -> String {
    format!("{method} {}", status.get())
}

fn phrase(status: StatusCode) -> Markup {
    registry::reason(status).unwrap_or("unregistered").into()
}

fn class(status: StatusCode) -> &'static str {
    match status.get() / 100 {
        1 => "c1",
        2 => "c2",
        3 => "c3",
        4 => "c4",
        5 => "c5",
        _ => "c6",
    }
}

/// Codes down, methods across; the shade says how many, the number says so exactly.
fn heat(s: &Summary) -> Markup {
    let methods: Vec<&str> = s.responses.by_method.iter().take(METHODS).map(|r| r.method.as_str()).collect();
    let cells = &s.responses.by_method_and_code;
    let mut codes: Vec<StatusCode> = cells.iter().map(|r| r.status).collect();
    codes.sort_unstable();
    codes.dedup();
    let most = cells.iter().map(|r| r.counts.first).max().unwrap_or(0);
    let mut columns = vec!["<Code"];
    columns.extend(&methods);
    let rows = codes.iter().take(ROWS).map(|code| {
        let name = [terms::code("", *code), " ".into(), phrase(*code)];
        let of = |method: &&str| cells.iter().find(|r| r.status == *code && r.method == **method);
        let cells = methods.iter().map(|m| of(m).map_or_else(none, |r| heat_cell(r, most)));
        Row::from([Markup::from(name)].into_iter().chain(cells).collect::<Vec<_>>())
    });
    let more = match s.responses.by_method.len().saturating_sub(METHODS) {
        0 => String::new(),
        n => format!("; {n} more methods are not shown"),
    };
    let caption =
        format!("{} responses by code and method; each counted once{more}", number(s.responses.counts.first));
    el("div", &[("class", "heat")], table(&caption, &columns, rows.collect()))
}

/// Six shades, by decades.
fn heat_cell(r: &CellRow, most: u64) -> Markup {
    let n = r.counts.first;
    let depth = if most > 1 { (n.max(1) as f64).ln() / (most as f64).ln() } else { 1.0 };
    let shade = if n == 0 { "0".to_owned() } else { format!("{}", 1 + (depth * 4.99) as u8) };
    let title = format!(
        "{} {}: {} of {}; retransmitted {}, captured twice {}, hop copies {}",
        r.method,
        registry::label(r.status),
        percent(r.share),
        r.method,
        number(r.counts.retransmissions),
        number(r.counts.capture_duplicates),
        number(r.counts.hop_copies),
    );
    let attributes = [
        ("class", class(r.status)),
        ("data-shade", shade.as_str()),
        ("data-cell", &cell(&r.method, r.status)),
        ("title", &title),
    ];
    el("span", &attributes, number(n))
}

fn classes(s: &Summary) -> Markup {
    let rows = s.responses.by_class.iter().map(|r| {
        let name = registry::classes().iter().find(|c| c.digit == r.class).map_or("", |c| c.name);
        let c = &r.counts;
        let class = match r.class {
            1 => "c1",
            2 => "c2",
            3 => "c3",
            4 => "c4",
            5 => "c5",
            _ => "c6",
        };
        let counts = [c.retransmissions, c.capture_duplicates, c.hop_copies].map(|n| number(n).into());
        let first = vec![
            format!("{}xx {name}", r.class).into(),
            figure(&format!("responses.by_class.{}", r.class), number(c.first)),
            percent(r.share).into(),
            bar(r.share.unwrap_or(0.0), 1.0, class),
        ];
        Row::from(first.into_iter().chain(counts).collect::<Vec<_>>())
    });
    let columns = ["<Class", "responses", "share", "<", "retransmitted", "captured twice", "hop copies"];
    table("Responses by class", &columns, rows.collect())
}

fn requests(s: &Summary) -> Markup {
    let rows = s.requests.iter().take(ROWS).map(|r| {
        let c = &r.counts;
        let counts =
            [c.first, c.retransmissions, c.capture_duplicates, c.hop_copies].map(|n| number(n).into());
        let answers = s.responses.by_method.iter().find(|x| x.method == r.method);
        let finals = answers.map_or(0, |a| a.finals);
        let cells = [r.method.as_str().into()].into_iter().chain(counts).chain([number(finals).into()]);
        Row::from(cells.collect::<Vec<_>>())
    });
    let columns = ["<Method", "requests", "retransmitted", "captured twice", "hop copies", "finals"];
    table("Requests by method", &columns, rows.collect())
}

pub(super) fn silence(s: &Summary) -> Markup {
    let rows = s.silence.iter().filter(|r| r.unanswered > 0).take(ROWS).map(|r| {
        let to = r.destination.map_or_else(|| "others".to_owned(), hops::host);
        Row::from(vec![
            r.method.as_str().into(),
            to.into(),
            number(r.unanswered).into(),
            number(r.requests).into(),
            part(r.unanswered, r.requests).into(),
            number(r.retransmissions).into(),
        ])
    });
    let columns = ["<Method", "<sent to", "no final", "of requests", "share", "sent again"];
    block(
        "silence",
        "Requests without a final response",
        table("By method and destination", &columns, rows.collect()),
    )
}

pub(super) fn texts(s: &Summary) -> Markup {
    let list = |caption: &str, rows: &[PhraseRow]| {
        let rows = rows.iter().take(ROWS).map(|r| {
            let text = r.text.as_deref().map_or_else(|| "others".into(), |t| el("code", &[], t));
            Row::from(vec![registry::label(r.status).to_string().into(), text, number(r.count).into()])
        });
        table(caption, &["<Code", "<text", "count"], rows.collect())
    };
    let reasons = s.reasons.iter().take(ROWS).map(|r| {
        let cause = r.cause.map_or_else(String::new, |c| c.to_string());
        let value = format!("{} {cause}", r.protocol);
        let text = r.text.as_deref().map_or_else(none, |t| el("code", &[], t));
        Row::from(vec![r.carried_by.as_str().into(), value.into(), text, number(r.count).into()])
    });
    let after = s.retry_after.iter().map(|r| {
        let range = if r.min_s == r.max_s {
            format!("{} s", r.min_s)
        } else {
            format!("{} to {} s", r.min_s, r.max_s)
        };
        Row::from(vec![registry::label(r.status).to_string().into(), number(r.count).into(), range.into()])
    });
    let tables = [
        table("Reason headers", &["<Carried by", "<cause", "<text", "count"], reasons.collect()),
        list("Reason phrases other than the registered ones", &s.phrases),
        list("Warnings", &s.warnings),
        table("Retry-After", &["<Code", "responses", "seconds"], after.collect()),
    ];
    let content: Markup = tables.into();
    if content.is_empty() {
        return none();
    }
    block("texts", "Reasons and texts from the wire", el("div", &[("class", "pair")], content))
}
