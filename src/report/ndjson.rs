//! The report as JSON lines: one object a line, for log stores and `jq`.
//!
//! Each line has `section`, the path in `sipstat.report/1`; a row of a list or of an object whose keys
//! are data is a line (with `key`), and the single figures of an object are one. What a line holds is
//! what stands in the report at that place.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::figures::{fraction, is_keyed, join, split};
use super::json::{self, line};
use crate::stats::Summary;

/// Lists inside of rows that are lines of their own, with the other fields of their row.
const INNER: [&str; 1] = ["rows"];

/// Writes `summary` to `out`.
pub fn write(summary: &Summary, out: &mut impl Write) -> io::Result<()> {
    object(&json::value(summary)?, "", out)
}

fn object(value: &Value, section: &str, out: &mut impl Write) -> io::Result<()> {
    let Value::Object(fields) = value else { return Ok(()) };
    if is_keyed(section) {
        for (key, value) in fields {
            let path = join(section, key);
            if is_keyed(&path) && value.is_object() {
                object(value, &path, out)?;
            } else if !value.is_null() {
                line(&entry(section, key, value), out)?;
            }
        }
        return Ok(());
    }
    let (mut flat, deep) = split(fields);
    // A block that does not apply.
    flat.retain(|(_, value)| !(section.is_empty() && value.is_null()));
    if !flat.is_empty() {
        let name = if section.is_empty() { "report" } else { section };
        line(&with(name, None, flat.into_iter()), out)?;
    }
    for (name, value) in deep {
        let path = join(section, name);
        match value {
            Value::Array(rows) => rows.iter().try_for_each(|row| self::row(row, &path, out))?,
            _ => object(value, &path, out)?,
        }
    }
    Ok(())
}

fn row(item: &Value, section: &str, out: &mut impl Write) -> io::Result<()> {
    let Value::Object(fields) = item else { return line(&entry(section, "", item), out) };
    let Some((inner, rows)) =
        fields.iter().find_map(|(n, v)| Some((n, v.as_array()?)).filter(|_| INNER.contains(&n.as_str())))
    else {
        return line(&with(section, None, fields.iter()), out);
    };
    let names: Vec<_> = fields.iter().filter(|(n, _)| *n == "dimensions").collect();
    for item in rows.iter().filter_map(Value::as_object) {
        line(&with(&join(section, inner), None, names.iter().copied().chain(item)), out)?;
    }
    let rest = fields.iter().filter(|(n, _)| *n != inner);
    line(&with(section, None, rest), out)
}

/// One entry of an object whose keys are data.
fn entry(section: &str, key: &str, value: &Value) -> Map<String, Value> {
    let name = "value".to_owned();
    match value {
        Value::Object(fields) if fraction(value).is_some() => with(section, Some(key), fields.iter()),
        Value::Object(fields) => with(section, Some(key), fields.iter()),
        other => with(section, Some(key), [(&name, other)].into_iter()),
    }
}

fn with<'a>(
    section: &str,
    key: Option<&str>,
    fields: impl Iterator<Item = (&'a String, &'a Value)>,
) -> Map<String, Value> {
    let mut all = Map::new();
    all.insert("section".into(), section.into());
    if let Some(key) = key.filter(|k| !k.is_empty()) {
        all.insert("key".into(), key.into());
    }
    for (name, value) in fields {
        all.insert(name.clone(), value.clone());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::figures::numbers;
    use crate::report::sample;

    fn lines(summary: &Summary) -> Vec<Value> {
        let mut out = Vec::new();
        write(summary, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    #[test]
    fn every_number_of_the_report_is_on_one_line() {
        for summary in [sample::trunk(), sample::registrations(), sample::nothing(), Summary::default()] {
            let all: usize = lines(&summary).iter().map(numbers).sum();
            assert_eq!(all, numbers(&json::value(&summary).unwrap()));
        }
    }

    #[test]
    fn a_row_says_where_it_belongs() {
        let lines = lines(&sample::trunk());
        assert_eq!(lines[0], serde_json::json!({"section": "report", "schema": "sipstat.report/1"}));
        let of = |section: &str, name: &str, value: Value| {
            let found = lines.iter().filter(|l| l["section"] == section && l[name] == value);
            found.cloned().collect::<Vec<_>>()
        };
        assert_eq!(of("responses.by_code", "code", 503.into())[0]["responses"], 965);
        assert_eq!(of("invite.outcomes", "key", "answered".into())[0]["count"], 5850);
        assert_eq!(of("invite.rates", "key", "asr".into())[0]["denominator"], 9970);
        assert_eq!(of("delays", "key", "pdd".into()).len(), 1);
        assert_eq!(of("delays.first_reply", "key", "INVITE".into()).len(), 1);
        assert!(lines.iter().all(|l| l["section"].is_string()));
    }
}
