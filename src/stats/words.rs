//! How figures read in sentences and tables: shares, delays, spans, instants.
//!
//! Here, since what is found is put in words here; reports use the same.

use crate::time::{Nanos, Scale, Timestamp};

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

/// `14:06:02`; on the relative scale `+00:06:02`.
pub fn clock(t: Timestamp, scale: Scale) -> String {
    match scale {
        Scale::Utc => calendar(t, "%H:%M:%S"),
        Scale::Relative => {
            let (sign, seconds) = offset(t);
            format!("{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
        }
    }
}

/// [`clock`] with milliseconds: `14:06:02.123`.
pub fn clock_ms(t: Timestamp, scale: Scale) -> String {
    let ms = t.as_nanos().div_euclid(1_000_000).rem_euclid(1_000);
    let ms = if scale == Scale::Relative && t.as_nanos() < 0 {
        t.as_nanos().unsigned_abs() / 1_000_000 % 1_000
    } else {
        ms.unsigned_abs()
    };
    format!("{}.{ms:03}", clock(t, scale))
}

/// [`clock`] without seconds: `14:06`.
pub fn minute(t: Timestamp, scale: Scale) -> String {
    let text = clock(t, scale);
    text.rsplit_once(':').map_or(String::new(), |(minute, _)| minute.to_owned())
}

/// `2026-03-03 14:06:02`; on the relative scale there is no day.
pub fn moment(t: Timestamp, scale: Scale) -> String {
    format!("{}{}", day(t, scale), clock(t, scale))
}

/// `2026-03-03 `, to stand before a time; nothing on the relative scale.
pub fn day(t: Timestamp, scale: Scale) -> String {
    match scale {
        Scale::Utc => calendar(t, "%Y-%m-%d "),
        Scale::Relative => String::new(),
    }
}

/// ` UTC`, to stand behind a time; nothing on the relative scale.
pub fn zone(scale: Scale) -> &'static str {
    match scale {
        Scale::Utc => " UTC",
        Scale::Relative => "",
    }
}

/// Sign and whole seconds of an instant on the relative scale.
fn offset(t: Timestamp) -> (char, u64) {
    (if t.as_nanos() < 0 { '-' } else { '+' }, t.as_nanos().unsigned_abs() / 1_000_000_000)
}

fn calendar(t: Timestamp, format: &str) -> String {
    // Every i64 of nanoseconds lies within the calendar's range.
    let instant = jiff::Timestamp::from_nanosecond(t.as_nanos().into()).unwrap_or_default();
    instant.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_of_the_calendar_or_after_the_first_frame() {
        let t = |ms: i64| Timestamp::from_nanos(ms * 1_000_000);
        let utc = |t| (moment(t, Scale::Utc), clock_ms(t, Scale::Utc), minute(t, Scale::Utc));
        assert_eq!(
            utc(t(1_772_546_600_123)),
            ("2026-03-03 14:03:20".into(), "14:03:20.123".into(), "14:03".into())
        );
        for (ms, text) in [
            (0, "+00:00:00.000"),
            (203_500, "+00:03:23.500"),
            (-1_250, "-00:00:01.250"),
            (100 * 3_600_000, "+100:00:00.000"),
        ] {
            assert_eq!(clock_ms(t(ms), Scale::Relative), text);
            assert_eq!(moment(t(ms), Scale::Relative), text[..text.len() - 4]);
        }
        assert_eq!(minute(t(203_500), Scale::Relative), "+00:03");
        assert_eq!((zone(Scale::Utc), zone(Scale::Relative)), (" UTC", ""));
    }
}
