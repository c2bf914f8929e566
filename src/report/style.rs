//! The few colours of the text report. They are always written; whoever opens the output strips them
//! where it is no terminal.

use anstyle::{AnsiColor, Style};

/// Heads of blocks.
pub(crate) fn title(text: &str) -> String {
    paint(Style::new().bold(), text)
}

/// What is missing or wrong with the input.
pub(crate) fn warning(text: &str) -> String {
    paint(AnsiColor::Yellow.on_default().bold(), text)
}

/// What stands beside the figures.
pub(crate) fn aside(text: &str) -> String {
    paint(Style::new().dimmed(), text)
}

fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
