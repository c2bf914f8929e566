//! How figures read in sentences and tables: shares, delays, spans, instants.
//!
//! Here, since what is found is put in words here; reports use the same.

use crate::time::{Nanos, Timestamp};

/// `58.50%`; what is not all or nothing never reads as 100 or 0. `n/a` for no value.
pub fn percent(value: Option<f64>) -> String {
    let Some(value) = value else { return "n/a".into() };
    let text = format!("{:.2}%", value * 100.0);
    match text.as_str() {
        "0.00%" if value > 0.0 => "<0.01%".into(),
        "100.00%" if value < 1.0 => ">99.99%".into(),
        _ => text,
    }
}

/// A delay with `digits` significant digits, at least those before the point: `42 µs`, `410 ms`, `2.31 s`, `4.3 min`.
pub fn delay(span: Nanos, digits: usize) -> String {
    let s = span.as_secs_f64();
    let scaled = |value: f64, unit: &str| {
        let before = if value < 1.0 { 1 } else { value.log10() as usize + 1 };
        format!("{value:.0$} {unit}", digits.saturating_sub(before))
    };
    match span.as_nanos() {
        ..0 => "n/a".into(),
        0 => "0 ms".into(),
        1..1_000 => "<1 µs".into(),
        1_000..1_000_000 => scaled(s * 1e6, "µs"),
        1_000_000..1_000_000_000 => scaled(s * 1e3, "ms"),
        1_000_000_000..100_000_000_000 => scaled(s, "s"),
        100_000_000_000..6_000_000_000_000 => scaled(s / 60.0, "min"),
        _ => scaled(s / 3600.0, "h"),
    }
}

/// A length of time by its two greatest units: `15 min`, `4 min 10 s`, `1 d 19 h`, `9.75 s`.
pub fn span(span: Nanos) -> String {
    let whole = span.as_nanos() / 1_000_000_000;
    if whole < 60 {
        let text = format!("{:.2}", span.as_secs_f64());
        return format!("{} s", text.trim_end_matches('0').trim_end_matches('.'));
    }
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let Some(first) = units.iter().position(|(size, _)| whole >= *size) else { return String::new() };
    let mut rest = whole;
    let mut parts = Vec::new();
    for (size, name) in units.iter().skip(first).take(2) {
        if rest / size > 0 {
            parts.push(format!("{} {name}", rest / size));
        }
        rest %= size;
    }
    parts.join(" ")
}

/// `2026-03-03`.
pub fn date(t: Timestamp) -> String {
    instant(t).strftime("%Y-%m-%d").to_string()
}

/// `14:06:02`.
pub fn clock(t: Timestamp) -> String {
    instant(t).strftime("%H:%M:%S").to_string()
}

fn instant(t: Timestamp) -> jiff::Timestamp {
    // Every i64 of nanoseconds lies within the calendar's range.
    jiff::Timestamp::from_nanosecond(t.as_nanos().into()).unwrap_or_default()
}
