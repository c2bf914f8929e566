//! Next hops: those with most bids, and all in one row.

use super::format::{delay, number, percent};
use super::table::Table;
use crate::call::Side;
use crate::dimension::Dimension;
use crate::flow::Endpoint;
use crate::registry;
use crate::report::style;
use crate::sip::StatusCode;
use crate::stats::Summary;
use crate::stats::summary::{Finding, Invite, NextHop, Unit};

/// Columns from which on there is room for more than the picture shows.
const WIDE: usize = 100;

/// The block, `rows` next hops at most and those that findings name: nothing without bids.
pub(super) fn lines(s: &Summary, columns: usize, rows: usize) -> Vec<String> {
    let i = &s.invite;
    let codes = telling_codes(s, columns);
    let mut table = Table::new(["<Next hop", "bids", "answered", "ABR"]);
    table.first_between(16, usize::MAX);
    for code in &codes {
        table.column(&code.get().to_string());
    }
    let wide = columns >= WIDE;
    for head in ["silent", if wide { "sent again" } else { "" }, "PDD p50", "p95"] {
        table.column(head);
    }
    let cells = |name: String, h: &NextHop| {
        let of = |code: &StatusCode| h.codes.iter().find(|(c, _)| c == code).map_or(0, |(_, n)| *n);
        let mut cells = vec![name, number(h.bids), number(h.answered), percent(h.abr.value())];
        cells.extend(codes.iter().map(|c| number(of(c))));
        cells.push(number(h.silent));
        cells.push(if wide { number(h.retransmissions) } else { String::new() });
        let pdd = h.pdd.as_ref();
        cells.extend(
            [pdd.map(|d| d.p50), pdd.map(|d| d.p95)].map(|t| t.map_or(String::new(), |t| delay(t, 2))),
        );
        cells
    };
    let mut marked = Vec::new();
    for (n, hop) in i.next_hops.iter().filter(|h| h.address.is_some()).enumerate() {
        let named = s.findings.iter().any(|f| names(f, hop));
        if n < rows || named {
            table.row(cells(hop.address.map(host).unwrap_or_default(), hop));
            marked.push(named);
        }
    }
    let all = i.next_hops.len();
    if let Some(hop) = i.all_next_hops.as_ref().filter(|_| all > 1 && !table.is_empty()) {
        let refused = i.next_hops.iter().any(|h| h.address.is_none());
        let name = match (all > marked.len(), refused) {
            (true, false) => format!("all {}", number(all as u64)),
            _ => "all".to_owned(),
        };
        table.row(cells(name, hop));
    }
    let mut lines = table.lines(columns);
    // The first line is the head.
    for (line, _) in lines.iter_mut().skip(1).zip(marked).filter(|(_, named)| *named) {
        if let Some(rest) = line.strip_prefix("  ") {
            *line = format!("{} {rest}", style::warning("!"));
        }
    }
    lines
}

/// The address, without the port that goes without saying.
pub(in crate::report) fn host(e: Endpoint) -> String {
    if e.port == 5060 { e.ip.to_string() } else { e.to_string() }
}

/// A finding about bids blames `hop`.
fn names(f: &Finding, hop: &NextHop) -> bool {
    let address = hop.address.map(|a| a.to_string());
    f.unit == Unit::Bids
        && f.because
            .iter()
            .any(|b| b.dimension == Dimension::Destination && Some(&b.value) == address.as_ref())
}

/// The failing codes that tell next hops apart: the first finding's, then those that speak of network or
/// platform.
pub(in crate::report) fn telling_codes(s: &Summary, columns: usize) -> Vec<StatusCode> {
    let wanted = if columns < WIDE { 1 } else { 3 };
    let i: &Invite = &s.invite;
    let found = s.findings.iter().filter(|f| f.unit == Unit::Bids).filter_map(|f| f.status);
    let mut all: Vec<StatusCode> = Vec::new();
    for code in found.chain(path_codes(i)) {
        if !all.contains(&code) {
            all.push(code);
        }
    }
    all.truncate(wanted);
    all
}

fn path_codes(i: &Invite) -> impl Iterator<Item = StatusCode> {
    let codes = i.all_next_hops.iter().flat_map(|h| &h.codes);
    codes
        .filter(|(c, n)| *n > 0 && matches!(registry::final_side(*c), Some(Side::Path | Side::Server)))
        .map(|(c, _)| *c)
}
