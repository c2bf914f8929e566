//! Holds a report of the program against `expect` lines.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::flow::Expectation;

/// The JSON report of the program about `capture`.
///
/// # Panics
/// When the program gives none.
pub(crate) fn report(capture: &Path) -> Value {
    report_of(&[capture])
}

/// The same about several captures together.
///
/// # Panics
/// When the program gives none.
pub(crate) fn report_of(captures: &[&Path]) -> Value {
    let capture = captures[0];
    let output = Command::new(env!("CARGO_BIN_EXE_sipstat"))
        .args(["--format", "json"])
        .args(captures)
        .output()
        .expect("the program was built with these tests");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
        let errors = String::from_utf8_lossy(&output.stderr);
        panic!("{}: no JSON report ({e}); {}; standard error: {errors}", capture.display(), output.status)
    })
}

/// One line for each expectation that the report does not meet.
pub(crate) fn unmet(report: &Value, expectations: &[Expectation]) -> Vec<String> {
    let wrong = |e: &Expectation| {
        let actual = at(report, &e.path);
        let met = actual.map_or(is_nothing(&e.value), |v| agrees(v, &e.value));
        let actual = actual.map_or("absent".to_string(), Value::to_string);
        (!met).then(|| format!("line {}: {} is {actual}, expected {}", e.line, e.path, e.value))
    };
    expectations.iter().filter_map(wrong).collect()
}

/// The value at `a.b[key=value,key=value].c`; `[…]` chooses the first such row of a list.
pub(crate) fn at<'a>(report: &'a Value, path: &str) -> Option<&'a Value> {
    let mut here = report;
    let mut rest = path;
    while !rest.is_empty() {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        if end > 0 {
            here = here.get(&rest[..end])?;
        }
        rest = &rest[end..];
        if let Some(selector) = rest.strip_prefix('[') {
            let (keys, after) = selector.split_once(']')?;
            let is_row = |row: &&Value| {
                keys.split(',').all(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    row.get(key).is_some_and(|v| agrees(v, value))
                })
            };
            here = here.as_array()?.iter().find(is_row)?;
            rest = after;
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    Some(here)
}

/// Rows that count nothing may be left out of a report.
fn is_nothing(value: &str) -> bool {
    matches!(value, "0" | "absent")
}

fn agrees(actual: &Value, expected: &str) -> bool {
    match actual {
        Value::String(text) => text == expected,
        Value::Number(n) => match (n.as_f64(), expected.parse::<f64>()) {
            (Some(a), Ok(b)) if n.is_f64() => (a - b).abs() < 1e-9,
            _ => n.to_string() == expected,
        },
        Value::Bool(b) => expected.parse() == Ok(*b),
        Value::Null => expected == "null",
        Value::Array(_) | Value::Object(_) => false,
    }
}
