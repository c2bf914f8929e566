//! The report as a table for spreadsheets, R and pandas: one figure a row (tidy data), RFC 4180 with
//! line feeds.
//!
//! Texts that a spreadsheet would take for a formula get an apostrophe in front; what hides or
//! directs is escaped, so that a record is always one line.

use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::Value;

use super::escape::escape;
use super::figures::{figures, plain};
use super::json;
use crate::stats::Summary;

/// The columns. New ones may be added at the end.
pub const COLUMNS: [&str; 12] = [
    "section",
    "figure",
    "time",
    "method",
    "code",
    "class",
    "key",
    "detail",
    "value",
    "numerator",
    "denominator",
    "unit",
];

/// Writes `summary` to `out`.
pub fn write(summary: &Summary, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", COLUMNS.join(","))?;
    for f in figures(&json::value(summary)?) {
        let (numerator, denominator) = f.fraction.unwrap_or_default();
        let of = &f.of;
        let texts = [&f.section, &f.figure, &of.time, &of.method, &of.code, &of.class, &of.key, &of.detail];
        for text in texts {
            write!(out, "{},", cell(text))?;
        }
        for value in [&f.value, &numerator, &denominator] {
            write!(out, "{},", leaf(value))?;
        }
        writeln!(out, "{}", f.unit)?;
    }
    Ok(())
}

/// Numbers and truth values as they are: only text may be foreign.
fn leaf(value: &Value) -> String {
    match value {
        Value::String(text) => cell(text).into_owned(),
        other => plain(other),
    }
}

/// A text as one field.
fn cell(text: &str) -> Cow<'_, str> {
    let mut text = escape(text);
    // What spreadsheets run: = + - @, also behind blanks, also in their full-width forms.
    let begins = text.trim_start().chars().next();
    if matches!(begins, Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')) {
        text = Cow::Owned(format!("'{text}"));
    }
    if text.contains([',', '"', ';']) || text.starts_with(' ') || text.ends_with(' ') {
        text = Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::figures::numbers;
    use crate::report::sample;

    fn text(summary: &Summary) -> String {
        let mut out = Vec::new();
        write(summary, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Fields of a record, as RFC 4180 reads them.
    fn fields(line: &str) -> Vec<String> {
        let mut out = vec![String::new()];
        let mut quoted = false;
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => {
                    chars.next();
                    out.last_mut().unwrap().push('"');
                }
                '"' => quoted = !quoted,
                ',' if !quoted => out.push(String::new()),
                c => out.last_mut().unwrap().push(c),
            }
        }
        assert!(!quoted, "{line}");
        out
    }

    #[test]
    fn texts_are_one_field_and_no_formula() {
        for (raw, written) in [
            ("Busy Here", "Busy Here"),
            ("=1+1", "'=1+1"),
            ("+49 30", "'+49 30"),
            ("-2", "'-2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            (" =1", "' =1"),
            ("padded ", "\"padded \""),
            ("\t=1", "\\t=1"),
            ("a,b", "\"a,b\""),
            ("say \"=1\"", "\"say \"\"=1\"\"\""),
            ("a\r\n=b", "a\\r\\n=b"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
        ] {
            assert_eq!(cell(raw), written, "{raw:?}");
        }
    }

    #[test]
    fn every_number_of_the_report_is_in_one_record_and_all_have_the_same_fields() {
        for summary in [sample::trunk(), sample::registrations(), sample::nothing(), Summary::default()] {
            let text = text(&summary);
            let records: Vec<_> = text.lines().map(fields).collect();
            assert!(records.iter().all(|r| r.len() == COLUMNS.len()), "{text}");
            let is_number = |field: &&String| field.parse::<f64>().is_ok();
            let named = |r: &Vec<String>| [4, 8, 9, 10].map(|i| r.get(i).filter(is_number).is_some());
            assert!(records.iter().skip(1).filter(|r| named(r).contains(&true)).count() > 30);
            // Distinct: no two records are figures of the same thing.
            let mut names: Vec<_> = records.iter().map(|r| r.get(..8).unwrap().to_vec()).collect();
            let all = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), all, "a figure is there twice");
        }
    }

    #[test]
    fn nothing_is_lost_on_the_way_from_json() {
        let value = json::value(&sample::trunk()).unwrap();
        let all = figures(&value);
        let written: usize =
            all.iter().map(|f| numbers(&f.value) + 2 * usize::from(f.fraction.is_some())).sum();
        // Codes, classes, causes and ports are names; each is in a column of its row.
        let names = json_names(&value);
        assert!(written + names >= numbers(&value), "{written} + {names} < {}", numbers(&value));
    }

    fn json_names(value: &Value) -> usize {
        match value {
            Value::Array(items) => items.iter().map(json_names).sum(),
            Value::Object(fields) => {
                let is_name = |n: &str| matches!(n, "code" | "class" | "cause" | "port" | "inner" | "outer");
                let names = fields.iter().filter(|(n, v)| v.is_number() && is_name(n)).count();
                names + fields.values().map(json_names).sum::<usize>()
            }
            _ => 0,
        }
    }
}
