//! The layout of a page: a title, paragraphs, and fields with a label.

use crate::report::escape::{fit, width};
use crate::report::style;
use crate::report::wrap::wrap;

/// Columns of labels: the longest are outcomes, `server_failure`.
const LABELS: usize = 16;

/// A page under construction.
pub(super) struct Page {
    columns: usize,
    out: String,
}

impl Page {
    /// A page with this title, and what stands beside it.
    pub(super) fn new(title: &str, beside: &str, columns: usize) -> Self {
        let beside = if beside.is_empty() { String::new() } else { format!("({beside})") };
        let mut page = Self { columns, out: String::new() };
        if width(title) + 2 + width(&beside) <= columns {
            page.out = format!("{}  {beside}", style::title(title)).trim_end().to_owned() + "\n";
        } else {
            let title = wrap(title, columns, 0, 2);
            page.lines(title.iter().map(|line| style::title(line)).collect());
            page.text(&beside);
        }
        page
    }

    /// A paragraph.
    pub(super) fn text(&mut self, text: &str) {
        self.lines(wrap(text, self.columns, 2, 2));
    }

    /// A field; nothing if there is no text.
    pub(super) fn field(&mut self, label: &str, text: &str) {
        let lines = wrap(text, self.columns, LABELS + 2, LABELS + 2);
        for (i, line) in lines.into_iter().enumerate() {
            let label = if i == 0 { label } else { "" };
            // The first blanks of the line are the label's place.
            let rest = line.get(LABELS + 2..).unwrap_or_default();
            self.out.push_str(format!("  {label:LABELS$}{rest}").trim_end());
            self.out.push('\n');
        }
    }

    /// A row of a list, cut where the page ends.
    pub(super) fn row(&mut self, label: &str, text: &str, more: &str) {
        let row = format!("  {label:4} {text:39}  {more}");
        self.out.push_str(fit(&row, self.columns).trim_end());
        self.out.push('\n');
    }

    /// An empty line.
    pub(super) fn gap(&mut self) {
        self.out.push('\n');
    }

    /// A heading inside the page.
    pub(super) fn heading(&mut self, text: &str) {
        self.out.push_str(&style::title(text));
        self.out.push('\n');
    }

    /// The page as text.
    pub(super) fn finish(self) -> String {
        self.out
    }

    fn lines(&mut self, lines: Vec<String>) {
        for line in lines {
            self.out.push_str(&line);
            self.out.push('\n');
        }
    }
}
