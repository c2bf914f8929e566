//! Splits a compiled-in table into rows of cells.

/// The rows below the header line that `row` understands. The tables' tests prove that none is
/// skipped; a table that somebody damages loses a row instead of stopping the program.
pub(super) fn rows<const N: usize, T>(
    table: &'static str,
    row: impl Fn([&'static str; N]) -> Option<T>,
) -> Vec<T> {
    let cells = |line: &'static str| <[_; N]>::try_from(line.split('\t').collect::<Vec<_>>()).ok();
    table.lines().skip(1).filter_map(cells).filter_map(row).collect()
}

/// The cell's text; `None` for `-`.
pub(super) fn some(cell: &'static str) -> Option<&'static str> {
    (cell != "-").then_some(cell)
}

/// How many rows `table` has below its header line.
#[cfg(test)]
pub(super) fn count(table: &str) -> usize {
    table.lines().count() - 1
}
