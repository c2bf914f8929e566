//! The last line: what to ask next. Only commands that exist.

use std::net::{IpAddr, SocketAddr};

use super::Options;
use crate::call::{Outcome, Side};
use crate::dimension::Dimension;
use crate::registry;
use crate::report::style;
use crate::report::wrap::wrap;
use crate::sip::StatusCode;
use crate::stats::Summary;
use crate::stats::summary::{FailureRow, Finding, FindingKind};

/// The line: nothing where there is nothing to ask.
pub(super) fn lines(s: &Summary, options: &Options, columns: usize) -> Vec<String> {
    let mut ask = Vec::new();
    let file = match s.input.files.as_slice() {
        [only] => quote(&only.path),
        _ => None,
    };
    match (calls_to_look_at(s), &file) {
        (Some((what, to)), Some(file)) => {
            let command = |to: &str| format!("sipstat calls {file} --where '{what}{to}'");
            let closer = command(&to.map(|ip| format!(" and dst == {ip}")).unwrap_or_default());
            // A command that is broken over lines cannot be copied.
            ask.push(if closer.len() + "Next: ".len() <= columns { closer } else { command("") });
            return said(&ask, columns);
        }
        _ => ask.extend(worst(&s.failures.by_code).map(|status| format!("sipstat explain {}", status.get()))),
    }
    if !options.full && s.messages.total > 0 {
        ask.push(file.map_or("the same with --full".into(), |f| format!("sipstat --full {f}")));
    }
    said(&ask, columns)
}

/// What the calls that are worth a look have in common: what the first finding on INVITEs says, or the
/// worst code that failed.
fn calls_to_look_at(s: &Summary) -> Option<(String, Option<IpAddr>)> {
    let found = s.findings.iter().filter(|f| f.method == "INVITE").find_map(condition);
    let code = |status: StatusCode| (format!("code == {}", status.get()), None);
    let worst = || worst(s.failures.by_method_and_code.iter().filter(|r| r.method == "INVITE"));
    found.or_else(|| worst().map(code))
}

/// The calls of a finding as a condition, where there are words for it.
fn condition(f: &Finding) -> Option<(String, Option<IpAddr>)> {
    let what = match (f.kind, f.status, f.outcome, f.delay) {
        (FindingKind::Code, Some(status), ..) => format!("code == {}", status.get()),
        (FindingKind::Silence, ..) => "outcome == timed_out".to_owned(),
        (FindingKind::Outcome, _, Some(outcome), _) if outcome != Outcome::Answered => {
            format!("outcome == {}", outcome.id())
        }
        // Half-way between what is usual and what it became.
        (FindingKind::Delay, .., Some((before, during))) => {
            let between = before.as_nanos() + (during - before).as_nanos() / 2;
            format!("pdd > {}ms", between / 100_000_000 * 100)
        }
        _ => return None,
    };
    Some((what, destination(f)))
}

/// The one place that explains a finding.
fn destination(f: &Finding) -> Option<IpAddr> {
    match f.because.as_slice() {
        [one] if one.dimension == Dimension::Destination => {
            one.value.parse().map(|a: SocketAddr| a.ip()).ok()
        }
        _ => None,
    }
}

/// The most frequent code that speaks of network or platform; else the most frequent.
fn worst<'a>(rows: impl IntoIterator<Item = &'a FailureRow> + Clone) -> Option<StatusCode> {
    let faulty = |r: &&FailureRow| matches!(registry::final_side(r.status), Some(Side::Path | Side::Server));
    let failed = || rows.clone().into_iter().filter(|r| r.failures > 0);
    failed().find(faulty).or(failed().next()).map(|r| r.status)
}

fn said(ask: &[String], columns: usize) -> Vec<String> {
    if ask.is_empty() {
        return Vec::new();
    }
    wrap(&format!("Next: {}", ask.join("; or: ")), columns, 0, 6).iter().map(|l| style::aside(l)).collect()
}

/// `path` as a shell takes it; `None` if that is not plain to see.
fn quote(path: &str) -> Option<String> {
    let plain =
        |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | ',' | ':' | '@' | '=');
    if path.is_empty() || path.starts_with('-') || path.len() > 60 {
        None
    } else if path.chars().all(plain) {
        Some(path.to_owned())
    } else if path.chars().all(|c| plain(c) || c == ' ') {
        Some(format!("'{path}'"))
    } else {
        None
    }
}
