//! What a code means as the answer to one method, where that differs from the code's own meaning.

use std::sync::OnceLock;

use super::tsv;
use crate::sip::StatusCode;

const TABLE: &str = include_str!("cells.tsv");

/// The meaning of some codes as answers to one method.
#[derive(Clone, Debug)]
pub struct CellInfo {
    /// The method; `re-INVITE` for an INVITE inside a call.
    pub method: &'static str,
    /// The codes.
    pub codes: Vec<StatusCode>,
    /// Whether no response at all means the same.
    pub silence: bool,
    /// Whether it stands for all finals that no other row of the method names.
    pub rest: bool,
    /// Meaning for tables, at most 28 columns.
    pub short: &'static str,
    /// Meaning in words.
    pub meaning: &'static str,
}

/// All of them, by method.
pub fn cells() -> &'static [CellInfo] {
    static CELLS: OnceLock<Vec<CellInfo>> = OnceLock::new();
    CELLS.get_or_init(|| tsv::rows(TABLE, row))
}

/// The meaning of `status` to `method`, where it has one of its own.
pub fn cell(method: &str, status: StatusCode) -> Option<&'static CellInfo> {
    let of_method = || cells().iter().filter(|c| c.method == method);
    of_method()
        .find(|c| c.codes.contains(&status))
        .or_else(|| of_method().find(|c| c.rest && status.is_final()))
}

fn row([method, keys, short, meaning]: [&'static str; 4]) -> Option<CellInfo> {
    let mut cell = CellInfo { method, codes: Vec::new(), silence: false, rest: false, short, meaning };
    for key in keys.split(',') {
        match key {
            "none" => cell.silence = true,
            "rest" => cell.rest = true,
            code => cell.codes.push(StatusCode::new(code.parse().ok()?)?),
        }
    }
    Some(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_understood_and_no_cell_has_two() {
        assert_eq!(cells().len(), tsv::count(TABLE));
        let mut keys: Vec<_> =
            cells().iter().flat_map(|c| c.codes.iter().map(move |s| (c.method, *s))).collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }

    #[test]
    fn options_is_alive_by_any_final_that_is_no_failure() {
        let means = |n| cell("OPTIONS", StatusCode::new(n).unwrap()).map(|c| c.short);
        assert_eq!(means(404), Some("alive"));
        assert_eq!(means(503), Some("down, overloaded, drained"));
        assert_eq!(means(100), None);
    }
}
