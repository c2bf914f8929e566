//! The last line: what to ask next. Only commands that exist.

use super::Options;
use crate::call::Side;
use crate::registry;
use crate::report::style;
use crate::report::wrap::wrap;
use crate::sip::StatusCode;
use crate::stats::Summary;
use crate::stats::summary::FailureRow;

/// The line: nothing where there is nothing to ask.
pub(super) fn lines(s: &Summary, options: &Options, columns: usize) -> Vec<String> {
    let mut ask = Vec::new();
    let file = match s.input.files.as_slice() {
        [only] => quote(&only.path),
        _ => None,
    };
    match (calls_to_look_at(s), &file) {
        (Some(status), Some(file)) => {
            ask.push(format!("sipstat calls {file} --where 'code == {}'", status.get()));
            return said(&ask, columns);
        }
        _ => ask.extend(worst(&s.failures.by_code).map(|status| format!("sipstat explain {}", status.get()))),
    }
    if !options.full && s.messages.total > 0 {
        ask.push(file.map_or("the same with --full".into(), |f| format!("sipstat --full {f}")));
    }
    said(&ask, columns)
}

/// The code of INVITE whose calls are worth a look: that of a finding, or the worst that failed.
fn calls_to_look_at(s: &Summary) -> Option<StatusCode> {
    let found = s.findings.iter().filter(|f| f.method == "INVITE").find_map(|f| f.status);
    found.or_else(|| worst(s.failures.by_method_and_code.iter().filter(|r| r.method == "INVITE")))
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
