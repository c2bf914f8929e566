//! Instants and spans of capture time.
//!
//! Every clock in the program is the capture's own: nothing here or later reads the clock of the
//! machine. One unit, nanoseconds, from the reader to the report. Arithmetic saturates, because
//! captures carry times that no calendar has.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU64;
use std::ops::{Add, Sub};

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

/// An instant: nanoseconds since 1970-01-01 00:00 UTC, 1677 to 2262; times outside are clamped.
///
/// Kept with its sign bit turned, so that the order is that of the number and zero is left for
/// `None`: an `Option<Timestamp>`, of which calls hold a dozen each, takes eight bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(NonZeroU64);

/// Turns the order of signed numbers into that of unsigned ones, and back.
const SIGN: u64 = 1 << 63;

/// A signed span of capture time in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(i64);

impl Timestamp {
    /// The earliest instant that can be named.
    pub const MIN: Self = Self(NonZeroU64::MIN);
    /// The latest instant that can be named.
    pub const MAX: Self = Self(NonZeroU64::MAX);

    /// The instant `nanos` nanoseconds after the Unix epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        match NonZeroU64::new(nanos as u64 ^ SIGN) {
            Some(turned) => Self(turned),
            None => Self::MIN,
        }
    }

    /// The instant a capture names with more digits than fit; clamped at both ends.
    pub fn from_wide_nanos(nanos: i128) -> Self {
        Self::from_nanos(nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn as_nanos(self) -> i64 {
        (self.0.get() ^ SIGN) as i64
    }
}

impl Default for Timestamp {
    /// The epoch.
    fn default() -> Self {
        Self::from_nanos(0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timestamp").field(&self.as_nanos()).finish()
    }
}

impl Nanos {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest span that can be named.
    pub const MAX: Self = Self(i64::MAX);

    /// A span of `n` nanoseconds.
    pub const fn from_nanos(n: i64) -> Self {
        Self(n)
    }

    /// A span of `n` microseconds.
    pub const fn from_micros(n: i64) -> Self {
        Self(n.saturating_mul(1_000))
    }

    /// A span of `n` milliseconds.
    pub const fn from_millis(n: i64) -> Self {
        Self(n.saturating_mul(1_000_000))
    }

    /// A span of `n` seconds.
    pub const fn from_secs(n: i64) -> Self {
        Self(n.saturating_mul(1_000_000_000))
    }

    /// The span in nanoseconds.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The span in seconds, for averages and charts.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add<Nanos> for Timestamp {
    type Output = Self;
    fn add(self, span: Nanos) -> Self {
        Self::from_nanos(self.as_nanos().saturating_add(span.0))
    }
}

impl Sub<Nanos> for Timestamp {
    type Output = Self;
    fn sub(self, span: Nanos) -> Self {
        Self::from_nanos(self.as_nanos().saturating_sub(span.0))
    }
}

impl Sub for Timestamp {
    type Output = Nanos;
    fn sub(self, earlier: Self) -> Nanos {
        Nanos(self.as_nanos().saturating_sub(earlier.as_nanos()))
    }
}

impl Add for Nanos {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Nanos {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Serialize for Timestamp {
    /// RFC 3339 in UTC with as many digits as it takes.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        // Every i64 of nanoseconds lies within the calendar's range.
        to.collect_str(&jiff::Timestamp::from_nanosecond(self.as_nanos().into()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(from)?;
        let instant = text.parse::<jiff::Timestamp>().map_err(D::Error::custom)?;
        Ok(Self::from_wide_nanos(instant.as_nanosecond()))
    }
}

impl Serialize for Nanos {
    /// `20000000ns`: text, so that all numbers of a saved file are counts.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{}ns", self.0))
    }
}

impl<'de> Deserialize<'de> for Nanos {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(from)?;
        let number = text.strip_suffix("ns").and_then(|n| n.parse().ok());
        number
            .map(Self)
            .ok_or_else(|| D::Error::custom(format_args!("'{text}' is no span like '20000000ns'")))
    }
}

/// How instants are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// By the calendar, in UTC.
    #[default]
    Utc,
    /// As time after the first frame of the capture, which is the epoch of its [`Timestamp`]s.
    Relative,
}

impl Scale {
    /// The usual scale: for saved files, which leave it out.
    pub fn is_utc(&self) -> bool {
        *self == Self::Utc
    }
}

/// The instant from which a run counts its times: the Unix epoch, or its first frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Zero(Nanos);

impl Zero {
    /// Times from `first` on.
    pub fn at(first: Timestamp) -> Self {
        Self(Nanos::from_nanos(first.as_nanos()))
    }

    /// An instant of the calendar on the run's scale.
    #[inline]
    pub fn since(self, t: Timestamp) -> Timestamp {
        t - self.0
    }

    /// All readings of a frame's clock on the run's scale.
    #[inline]
    pub fn stamp(self, stamp: Stamp) -> Stamp {
        if self.0 == Nanos::ZERO {
            return stamp;
        }
        let Stamp { shown, time, now } = stamp;
        Stamp { shown: self.since(shown), time: self.since(time), now: self.since(now) }
    }
}

/// The three readings of the capture's clock that one frame carries.
///
/// They differ only where a clock was set back or a frame is an outlier; see `capture::clock`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The time as the capture prints it. Only ever shown, never compared.
    pub shown: Timestamp,
    /// The time used for order, deadlines and durations.
    pub time: Timestamp,
    /// The greatest `time` of any frame read so far, this one included. Never goes back.
    pub now: Timestamp,
}

#[cfg(test)]
impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Nanos {
    fn schema_name() -> Cow<'static, str> {
        "Nanos".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^-?[0-9]+ns$"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_stops_at_the_ends_instead_of_wrapping() {
        assert_eq!(Timestamp::MAX + Nanos::from_secs(1), Timestamp::MAX);
        assert_eq!(Timestamp::MIN - Timestamp::MAX, Nanos::from_nanos(i64::MIN));
        assert_eq!(Timestamp::from_wide_nanos(i128::MAX), Timestamp::MAX);
        assert_eq!(Nanos::from_secs(i64::MAX), Nanos::MAX);
        assert_eq!(Timestamp::from_nanos(i64::MIN), Timestamp::MIN);
    }

    #[test]
    fn a_run_may_count_its_times_from_its_first_frame() {
        let at = Timestamp::from_nanos;
        let zero = Zero::at(at(1_000));
        assert_eq!(
            (zero.since(at(1_000)), zero.since(at(1_500)), zero.since(at(400))),
            (at(0), at(500), at(-600))
        );
        let stamp = Stamp { shown: at(1_001), time: at(1_002), now: at(1_003) };
        assert_eq!(zero.stamp(stamp), Stamp { shown: at(1), time: at(2), now: at(3) });
        assert_eq!(Zero::default().stamp(stamp), stamp);
    }

    #[test]
    fn an_instant_that_may_be_absent_takes_no_more_room() {
        assert_eq!((size_of::<Timestamp>(), size_of::<Option<Timestamp>>()), (8, 8));
        let order = [i64::MIN + 1, -1, 0, 1, i64::MAX].map(Timestamp::from_nanos);
        assert!(order.is_sorted());
        assert_eq!(order.map(Timestamp::as_nanos), [i64::MIN + 1, -1, 0, 1, i64::MAX]);
    }
}
