//! RFC 4180: CRLF is allowed, LF is what scripts expect; fields are quoted where they must be.
//!
//! A spreadsheet takes a field that begins with `=`, `+`, `-` or `@` for a formula, and others choose
//! Call-IDs and names: such a field gets an apostrophe in front. Control characters are escaped.

use super::cells::{Cell, NAMES, cells, instant, millis};
use crate::call::Call;
use crate::report::escape::escape;
use crate::time::Scale;

/// The head.
pub(super) fn head() -> String {
    NAMES.join(",") + "\n"
}

/// One row.
pub(super) fn row(call: &Call, files: &[String], scale: Scale) -> String {
    let fields = cells(call, files).map(|cell| match cell {
        Cell::Absent => String::new(),
        Cell::Foreign(text) => foreign(&text),
        Cell::Word(word) => word.to_owned(),
        Cell::Words(words) => words.join(";"),
        Cell::Number(n) => n.to_string(),
        Cell::Span(span) => millis(span),
        Cell::Time(t) => instant(t, scale),
    });
    fields.join(",") + "\n"
}

/// Text of others as one field.
fn foreign(text: &str) -> String {
    let mut text = escape(text).into_owned();
    if text.starts_with(['=', '+', '-', '@']) {
        text.insert(0, '\'');
    }
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_hold_what_they_hold_and_no_formula() {
        for (text, field) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("\"A\" <sip:a@h>", "\"\"\"A\"\" <sip:a@h>\""),
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+49", "'+49"),
            ("-1,2", "\"'-1,2\""),
            ("@SUM(1)", "'@SUM(1)"),
            ("\t=1", "\\t=1"),
            ("a\r\nb", "a\\r\\nb"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
        ] {
            assert_eq!(foreign(text), field);
        }
    }
}
