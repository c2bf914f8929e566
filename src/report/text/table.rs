//! Columns that line up: numbers to the right, words to the left.

use crate::report::escape;
use crate::report::style;
use crate::report::wrap::wrap;

/// How a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows of equal length under a head. Columns that are empty in every row are left out. Words that find no
/// room go on below: those of the last column, and those of the first where the rest needs the page.
pub(super) struct Table {
    aligns: Vec<Align>,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    /// The least and the greatest width of the first column.
    first: (usize, usize),
}

/// What a first column keeps, however much the others want.
const NARROWEST: usize = 12;

impl Table {
    /// A table with this head. A head cell that starts with `<` heads a left-aligned column, any
    /// other a right-aligned one.
    pub(super) fn new<const N: usize>(head: [&str; N]) -> Self {
        let mut table =
            Self { aligns: Vec::new(), head: Vec::new(), rows: Vec::new(), first: (0, usize::MAX) };
        head.iter().for_each(|h| table.column(h));
        table
    }

    /// Adds a column at the right end.
    pub(super) fn column(&mut self, head: &str) {
        self.aligns.push(if head.starts_with('<') { Align::Left } else { Align::Right });
        self.head.push(head.trim_start_matches('<').to_owned());
    }

    /// Keeps the first column between these widths.
    pub(super) fn first_between(&mut self, least: usize, most: usize) {
        self.first = (least, most.max(NARROWEST));
    }

    /// Adds a row, every cell of it escaped; what is missing at its end is blank.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|c| escape::escape(&c).into_owned()).collect());
    }

    /// Whether there are no rows.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether a page of `columns` holds it without a break in any cell.
    pub(super) fn fits(&self, columns: usize) -> bool {
        let used = (0..self.head.len()).filter(|&i| self.rows.iter().any(|r| !cell(r, i).is_empty()));
        let natural = |i: usize| {
            let column = self.rows.iter().map(|r| escape::width(cell(r, i))).max().unwrap_or(0);
            column.max(escape::width(cell(&self.head, i))) + 2
        };
        used.map(natural).sum::<usize>() <= columns
    }

    /// The lines, the head in bold, the rows indented by two blanks: nothing without rows.
    pub(super) fn lines(&self, columns: usize) -> Vec<String> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        let used: Vec<usize> =
            (0..self.head.len()).filter(|&i| self.rows.iter().any(|r| !cell(r, i).is_empty())).collect();
        let widths = self.widths(&used, columns);
        let head = self.line(&self.head, 0, &used, &widths);
        let rows = self.rows.iter().flat_map(|r| self.line(r, 2, &used, &widths));
        head.iter().map(|h| style::title(h)).chain(rows).collect()
    }

    fn widths(&self, used: &[usize], columns: usize) -> Vec<usize> {
        let natural = |&i: &usize| {
            let indent = if i == 0 { 2 } else { 0 };
            let body = self.rows.iter().map(|r| escape::width(cell(r, i)) + indent).max().unwrap_or(0);
            body.max(escape::width(cell(&self.head, i)))
        };
        let mut widths: Vec<usize> = used.iter().map(natural).collect();
        if let Some(first) = widths.first_mut() {
            *first = (*first).clamp(self.first.0, self.first.1);
        }
        let gaps = 2 * widths.len().saturating_sub(1);
        let over = |widths: &[usize]| (widths.iter().sum::<usize>() + gaps).saturating_sub(columns);
        // The last column gives way down to a few words, then the first, then others with words.
        let last = used.last().copied().unwrap_or(0);
        if last != 0 && self.aligns.get(last) == Some(&Align::Left) {
            let excess = over(&widths);
            if let Some(w) = widths.last_mut() {
                *w = w.saturating_sub(excess).max((*w).min(NARROWEST * 2));
            }
        }
        let words = |i: &usize| self.aligns.get(*i) == Some(&Align::Left);
        for place in (0..used.len()).filter(|&p| used.get(p).is_some_and(words)) {
            let excess = over(&widths);
            if let Some(w) = widths.get_mut(place) {
                *w = w.saturating_sub(excess).max((*w).min(NARROWEST));
            }
        }
        widths
    }

    /// One row as the lines that its cells need.
    fn line(&self, row: &[String], indent: usize, used: &[usize], widths: &[usize]) -> Vec<String> {
        let cells: Vec<Vec<String>> = used
            .iter()
            .zip(widths)
            .map(|(&i, &width)| {
                let (text, indent) = (cell(row, i), if i == 0 { indent } else { 0 });
                if escape::width(text) + indent <= width {
                    vec![" ".repeat(indent) + text]
                } else {
                    wrap(text, width, indent, indent + 2)
                }
            })
            .collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        let line = |k: usize| {
            let mut out = String::new();
            for ((lines, &i), &width) in cells.iter().zip(used).zip(widths) {
                let text = lines.get(k).map_or("", String::as_str);
                let pad = " ".repeat(width.saturating_sub(escape::width(text)));
                if i != 0 {
                    out.push_str("  ");
                }
                match self.aligns.get(i) {
                    Some(Align::Right) => out.extend([pad.as_str(), text]),
                    _ => out.extend([text, pad.as_str()]),
                }
            }
            out.truncate(out.trim_end().len());
            out
        };
        (0..height).map(line).collect()
    }
}

fn cell(row: &[String], i: usize) -> &str {
    row.get(i).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(lines: Vec<String>) -> Vec<String> {
        lines.iter().map(|l| anstream::adapter::strip_str(l).to_string()).collect()
    }

    #[test]
    fn numbers_stand_to_the_right_and_words_go_on_below() {
        let mut t = Table::new(["<Code", "count", "none", "<meaning"]);
        t.row(["486".into(), "8".into(), String::new(), "callee busy, or line limit of the trunk".into()]);
        t.row(["話中".into(), "1,000".into(), String::new(), "\u{1b}[2J".into()]);
        assert_eq!(
            plain(t.lines(40)),
            [
                "Code    count  meaning",
                "  486       8  callee busy, or line",
                "                 limit of the trunk",
                "  話中  1,000  \\u{1b}[2J",
            ]
        );
        assert!(Table::new(["<Code"]).lines(80).is_empty());
    }

    #[test]
    fn a_long_first_column_leaves_the_others_their_room() {
        let mut t = Table::new(["<Next hop", "bids"]);
        t.row(["[2001:db8:1234:5678:9abc:def0:1:2]:5080".into(), "12".into()]);
        assert_eq!(
            plain(t.lines(30)),
            ["Next hop                  bids", "  [2001:db8:1234:5678:      12", "    9abc:def0:1:2]:5080"]
        );
    }
}
