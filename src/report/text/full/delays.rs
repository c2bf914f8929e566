//! The delays, every one that has samples.

use crate::report::text::format::{delay, number};
use crate::report::text::table::Table;
use crate::stats::Summary;
use crate::stats::summary::{DelayKind, DelayStats};

/// The block.
pub(super) fn lines(s: &Summary, columns: usize) -> Vec<String> {
    let mut table = Table::new(["<Delays", "count", "min", "p50", "p90", "p95", "p99", "max"]);
    for (kind, stats) in &s.delays {
        if let Some(d) = stats {
            table.row(row(text(*kind).into(), d));
        }
    }
    for (title, list) in [("final", &s.response_time), ("reply", &s.first_reply)] {
        for (method, d) in list {
            table.row(row(format!("{} to {title}", method), d));
        }
    }
    table.lines(columns)
}

fn row(name: String, d: &DelayStats) -> Vec<String> {
    let mut cells = vec![name, number(d.count)];
    cells.extend([d.min, d.p50, d.p90, d.p95, d.p99, d.max].map(|t| delay(t, 2)));
    cells
}

fn text(kind: DelayKind) -> &'static str {
    match kind {
        DelayKind::Pdd => "PDD",
        DelayKind::PddAuthenticated => "PDD after challenge",
        DelayKind::SrdOk => "SRD, answered",
        DelayKind::SrdFailed => "SRD, failed",
        DelayKind::Setup => "INVITE to answer",
        DelayKind::Ring => "ringing to answer",
        DelayKind::Ack => "answer to ACK",
        DelayKind::Rrd => "RRD",
        DelayKind::Sdd => "SDD",
        DelayKind::SddFailed => "SDD, failed",
        DelayKind::Sdt => "SDT",
        DelayKind::SdtFailed => "SDT, no BYE final",
    }
}
