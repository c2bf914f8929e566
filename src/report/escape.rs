//! Makes foreign text safe and measurable for a terminal.
//!
//! Reason phrases, User-Agents, Call-IDs and file names are chosen by others: they may clear the
//! screen, recolour what follows, run backwards or hide. In: any text. Out: one line of visible
//! characters, `\u{…}` in place of the rest. Escaping twice changes nothing.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Combining marks that may follow one another; more would climb over other lines.
const MARKS: usize = 2;

/// `text` with everything invisible or directing escaped.
pub fn escape(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    for c in text.chars() {
        marks = if c.width() == Some(0) { marks + 1 } else { 0 };
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if hides(c) || marks > MARKS => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// `text` escaped and, where it is wider than `columns`, cut with an ellipsis.
pub fn fit(text: &str, columns: usize) -> String {
    let text = escape(text);
    if width(&text) <= columns {
        return text.into_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let w = c.width().unwrap_or(0);
        if used + w + 1 > columns {
            break;
        }
        used += w;
        out.push(c);
    }
    if columns > 0 {
        out.truncate(out.trim_end().len());
        out.push('…');
    }
    out
}

/// `text` escaped and, where it is wider than `columns`, its end after an ellipsis.
pub fn fit_end(text: &str, columns: usize) -> String {
    let text = escape(text);
    if width(&text) <= columns {
        return text.into_owned();
    }
    let starts = text.char_indices().map(|(i, _)| i);
    let tail = starts.filter_map(|i| text.get(i..)).find(|tail| width(tail) < columns).unwrap_or_default();
    if columns > 0 { format!("…{tail}") } else { String::new() }
}

/// Columns that `text` takes on a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Control characters, marks of direction, and what takes no room or shows nothing.
pub(super) fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'   // zero width, direction marks
            | '\u{2028}'..='\u{202e}'   // line ends, embeddings, overrides
            | '\u{2060}'..='\u{206f}'   // joiners, isolates
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{fffe}' | '\u{ffff}' // no characters: XML takes none of them
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e000}'..='\u{f8ff}'   // private use: a font decides what it shows
            | '\u{e0000}'..='\u{e0fff}' // tags, selectors
            | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What others have put into reason phrases and file names, and what may be printed of it.
    const NASTIES: [(&str, &str); 17] = [
        ("Busy Here", "Busy Here"),
        ("Besetzt – später", "Besetzt – später"),
        ("話中", "話中"),
        ("\u{1b}[2J\u{1b}[31mred", "\\u{1b}[2J\\u{1b}[31mred"),
        ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
        ("\u{9b}31m", "\\u{9b}31m"),
        ("two\r\nlines\tand a tab", "two\\r\\nlines\\tand a tab"),
        ("\0nul and \u{7f}", "\\u{0}nul and \\u{7f}"),
        ("back\u{8}\u{8}\u{8}space", "back\\u{8}\\u{8}\\u{8}space"),
        ("abc\u{202e}gpj.exe", "abc\\u{202e}gpj.exe"),
        ("\u{2066}isolate\u{2069}", "\\u{2066}isolate\\u{2069}"),
        ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
        ("\u{fffd} was no UTF-8", "\u{fffd} was no UTF-8"),
        ("Z\u{300}\u{301}\u{302}\u{303}algo", "Z\u{300}\u{301}\\u{302}\\u{303}algo"),
        ("\u{ffff}no\u{fffe} character", "\\u{ffff}no\\u{fffe} character"),
        ("line\u{2028}separator", "line\\u{2028}separator"),
        ("\u{e0041}tag \u{e000}private", "\\u{e0041}tag \\u{e000}private"),
    ];

    #[test]
    fn nothing_foreign_moves_the_cursor_or_hides() {
        for (text, shown) in NASTIES {
            assert_eq!(escape(text), shown);
            assert_eq!(escape(shown), shown, "escaping twice changes nothing");
            assert!(!escape(text).chars().any(char::is_control));
        }
    }

    #[test]
    fn cuts_are_by_columns_not_by_bytes() {
        for (text, columns, shown) in [
            ("Busy Here", 9, "Busy Here"),
            ("Busy Here", 8, "Busy He…"),
            ("Busy Here", 6, "Busy…"),
            ("話中話中", 8, "話中話中"),
            ("話中話中", 6, "話中…"),
            ("話中話中", 0, ""),
            ("\u{1b}\u{1b}", 7, "\\u{1b}…"),
        ] {
            assert_eq!(fit(text, columns), shown);
            assert!(width(&fit(text, columns)) <= columns);
        }
    }

    #[test]
    fn what_is_too_wide_may_keep_its_end() {
        for (text, columns, shown) in [
            ("192.168.100.20", 13, "…2.168.100.20"),
            ("10.0.4.7", 13, "10.0.4.7"),
            ("話中話中", 5, "…話中"),
            ("abc", 1, "…"),
        ] {
            assert_eq!(fit_end(text, columns), shown);
        }
    }
}
