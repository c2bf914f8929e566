//! How single values look in JSON: rates, times, durations, delays, and objects keyed by names.

use jiff::fmt::temporal::DateTimePrinter;
use serde::{Serialize, Serializer};

use crate::stats::Ratio;
use crate::stats::summary::{DelayStats, Input};
use crate::time::{Nanos, Scale, Timestamp};

/// An object whose keys are data: written in the order of the list.
pub(in crate::report) struct Keyed<K, V>(pub(super) Vec<(K, V)>);

impl<K: Serialize, V: Serialize> Serialize for Keyed<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(k, v)| (k, v)))
    }
}

#[cfg(test)]
impl<K, V: schemars::JsonSchema> schemars::JsonSchema for Keyed<K, V> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Keyed_{}", V::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let values = generator.subschema_for::<V>();
        schemars::json_schema!({"type": "object", "additionalProperties": values})
    }
}

impl<K, V> FromIterator<(K, V)> for Keyed<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// A rate: the fraction always stands, the value only where it means something.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct Rate {
    value: Option<f64>,
    numerator: u64,
    denominator: u64,
}

impl From<Ratio> for Rate {
    fn from(r: Ratio) -> Self {
        Self { value: r.value(), numerator: r.numerator, denominator: r.denominator }
    }
}

/// A delay's distribution in milliseconds.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Delay {
    count: u64,
    min_ms: f64,
    p50_ms: f64,
    p90_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    max_ms: f64,
}

impl From<&DelayStats> for Delay {
    fn from(d: &DelayStats) -> Self {
        Self {
            count: d.count,
            min_ms: ms(d.min),
            p50_ms: ms(d.p50),
            p90_ms: ms(d.p90),
            p95_ms: ms(d.p95),
            p99_ms: ms(d.p99),
            max_ms: ms(d.max),
        }
    }
}

/// A span in milliseconds.
pub(in crate::report) fn ms(span: Nanos) -> f64 {
    span.as_nanos() as f64 / 1e6
}

/// Writes instants as RFC 3339 in UTC, or as `+203.500000s` after the first frame (what `--from` and
/// `--to` take); always with the same number of digits.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    digits: u8,
    scale: Scale,
}

impl Clock {
    /// 9 digits if any input is finer than a microsecond, else 6.
    pub(crate) fn new(nanoseconds: bool, scale: Scale) -> Self {
        Self { digits: if nanoseconds { 9 } else { 6 }, scale }
    }

    /// The clock that `input` asks for.
    pub(crate) fn of(input: &Input) -> Self {
        Self::new(input.nanoseconds, input.scale)
    }

    /// The instant as text.
    pub(crate) fn at(self, t: Timestamp) -> String {
        if self.scale == Scale::Relative {
            return self.offset(t);
        }
        // Every i64 of nanoseconds lies within the calendar's range.
        let instant = jiff::Timestamp::from_nanosecond(t.as_nanos().into()).unwrap_or_default();
        let mut text = String::new();
        let printed =
            DateTimePrinter::new().precision(Some(self.digits)).print_timestamp(&instant, &mut text);
        printed.map(|()| text).unwrap_or_default()
    }

    /// Whole digits are cut off, as RFC 3339 instants are: towards the past.
    fn offset(self, t: Timestamp) -> String {
        let step = if self.digits == 9 { 1 } else { 1_000 };
        let nanos = t.as_nanos().div_euclid(step).saturating_mul(step);
        let (sign, nanos) = (if nanos < 0 { '-' } else { '+' }, nanos.unsigned_abs());
        let fraction = format!("{:09}", nanos % 1_000_000_000);
        let digits = fraction.get(..usize::from(self.digits)).unwrap_or(&fraction);
        format!("{sign}{}.{digits}s", nanos / 1_000_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_six_or_nine_digits_whatever_the_instant() {
        let at = |nanos, ns| Clock::new(ns, Scale::Utc).at(Timestamp::from_nanos(nanos));
        assert_eq!(at(0, false), "1970-01-01T00:00:00.000000Z");
        assert_eq!(at(1_772_546_400_123_456_789, true), "2026-03-03T14:00:00.123456789Z");
        assert_eq!(at(1_772_546_400_123_456_789, false), "2026-03-03T14:00:00.123456Z");
        assert_eq!(at(i64::MIN, false), "1677-09-21T00:12:43.145224Z");
        assert_eq!(at(i64::MAX, true), "2262-04-11T23:47:16.854775807Z");
    }

    #[test]
    fn times_after_the_first_frame_are_seconds() {
        let at = |nanos, ns| Clock::new(ns, Scale::Relative).at(Timestamp::from_nanos(nanos));
        assert_eq!(at(0, false), "+0.000000s");
        assert_eq!(at(203_500_000_999, false), "+203.500000s");
        assert_eq!(at(203_500_000_999, true), "+203.500000999s");
        assert_eq!(at(-1, true), "-0.000000001s");
        assert_eq!(at(-1, false), "-0.000001s");
        assert_eq!(at(i64::MIN + 1, true), "-9223372036.854775807s");
    }

    #[test]
    fn a_rate_keeps_its_fraction_when_its_value_means_nothing() {
        let json = |r: Ratio| serde_json::to_string(&Rate::from(r)).unwrap();
        assert_eq!(json(Ratio::new(3, 4)), r#"{"value":0.75,"numerator":3,"denominator":4}"#);
        assert_eq!(json(Ratio::new(0, 0)), r#"{"value":null,"numerator":0,"denominator":0}"#);
        let suppressed = Ratio { suppressed: true, ..Ratio::new(3, 4) };
        assert_eq!(json(suppressed), r#"{"value":null,"numerator":3,"denominator":4}"#);
    }
}
