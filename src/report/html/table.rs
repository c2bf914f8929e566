//! Tables: a caption, columns of words or numbers, rows; scrolled sideways where the page is narrow.

use super::markup::{Attribute, Markup, el, none};

/// A column. `<` in front of its name: words; else numbers.
pub(super) type Column<'a> = &'a str;

/// One row: its attributes and its cells. The first cell names it.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    pub(super) class: &'static str,
    /// What the script filters by.
    pub(super) cell: String,
    pub(super) cells: Vec<Markup>,
}

impl From<Vec<Markup>> for Row {
    fn from(cells: Vec<Markup>) -> Self {
        Self { cells, ..Self::default() }
    }
}

/// The table; nothing without rows.
pub(super) fn table(caption: &str, columns: &[Column<'_>], rows: Vec<Row>) -> Markup {
    if rows.is_empty() {
        return none();
    }
    let words = |i: usize| columns.get(i).is_some_and(|c| c.starts_with('<'));
    let class = |i: usize| if words(i) { "" } else { "n" };
    let head = columns
        .iter()
        .enumerate()
        .map(|(i, name)| el("th", &[("scope", "col"), ("class", class(i))], name.trim_start_matches('<')));
    let body = rows.into_iter().map(|row| {
        let cells = row.cells.into_iter().enumerate().map(|(i, cell)| match i {
            0 => el("th", &[("scope", "row")], cell),
            _ => el("td", &[("class", class(i))], cell),
        });
        let attributes: [Attribute<'_>; 2] = [("class", row.class), ("data-cell", &row.cell)];
        [el("tr", &attributes, cells.collect::<Markup>()), Markup::own("\n")].into()
    });
    let head = el("thead", &[], el("tr", &[], head.collect::<Markup>()));
    let parts = [el("caption", &[], caption), head, el("tbody", &[], body.collect::<Markup>())];
    el(
        "div",
        &[("class", "scroll"), ("tabindex", "0"), ("role", "group"), ("aria-label", caption)],
        el("table", &[], parts),
    )
}

/// A number that stands for the figure at `path` of the JSON report.
pub(super) fn figure(path: &str, text: impl Into<Markup>) -> Markup {
    el("span", &[("data-figure", path)], text)
}
