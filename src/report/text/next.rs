//! The last line: what to ask next. Only commands that exist.

use super::Options;
use crate::call::Side;
use crate::registry;
use crate::report::style;
use crate::report::wrap::wrap;
use crate::stats::Summary;

/// The line: nothing where there is nothing to ask.
pub(super) fn lines(s: &Summary, options: &Options, columns: usize) -> Vec<String> {
    let mut ask = Vec::new();
    if s.failures.total > 0 {
        // The most frequent code that speaks of network or platform; else the most frequent.
        let rows = &s.failures.by_code;
        let faulty = |r: &&_| -> bool {
            let r: &crate::stats::summary::FailureRow = r;
            matches!(registry::final_side(r.status), Some(Side::Path | Side::Server))
        };
        if let Some(row) = rows.iter().find(faulty).or(rows.first()) {
            ask.push(format!("sipstat explain {}", row.status.get()));
        }
    }
    if !options.full && s.messages.total > 0 {
        let file = match s.input.files.as_slice() {
            [only] => quote(&only.path),
            _ => None,
        };
        ask.push(file.map_or("the same with --full".into(), |f| format!("sipstat --full {f}")));
    }
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
