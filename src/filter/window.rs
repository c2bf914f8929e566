//! `--from` and `--to`: instants, what they are relative to, and the clock that they bound.
//!
//! In: frames' stamps in the order of reading. Out: the stamp of a frame that stays, with `now`
//! bounded. The window is half open, so that windows side by side share no frame. What was captured
//! after its end is not evidence: to the clock the capture ends there.

use std::fmt;
use std::str::FromStr;

use crate::time::{Nanos, Stamp, Timestamp};

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;
/// A time of day that lies further than this before the capture's start means the next day.
const YESTERDAY: i64 = DAY / 2;

/// An instant as users name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// This one.
    At(Timestamp),
    /// So long after the first frame.
    After(Nanos),
    /// At this time of day (UTC): so long after midnight.
    OfDay(Nanos),
}

/// From when to when; `None`: no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The first instant in it.
    pub from: Option<Moment>,
    /// The first instant behind it.
    pub to: Option<Moment>,
}

impl Window {
    /// What is wrong with it, as far as shows before any frame was read.
    pub fn problem(&self) -> Option<&'static str> {
        let is_empty = match (self.from?, self.to?) {
            (Moment::At(from), Moment::At(to)) => from >= to,
            (Moment::After(from), Moment::After(to)) => from >= to,
            (Moment::OfDay(from), Moment::OfDay(to)) => from == to,
            _ => false,
        };
        is_empty.then_some("--from is not before --to")
    }

    /// What to tell a user who named a time of day before another one: it may be the day after that is
    /// meant, or a mistake.
    pub fn night(&self) -> Option<String> {
        match (self.from?, self.to?) {
            (from @ Moment::OfDay(a), to @ Moment::OfDay(b)) if b < a => {
                Some(format!("--to {to} is earlier than --from {from}: it is taken as of the day after"))
            }
            _ => None,
        }
    }

    /// The bounds of a capture whose first frame is of `start`.
    fn bounds(&self, start: Timestamp) -> (Timestamp, Timestamp) {
        let from = self.from.map_or(Timestamp::MIN, |m| m.instant(start));
        let to = self.to.map_or(Timestamp::MAX, |m| match m {
            // 23:00 to 01:00.
            Moment::OfDay(_) if m.instant(start) <= from => m.instant(start) + Nanos::from_nanos(DAY),
            _ => m.instant(start),
        });
        (from, to)
    }
}

impl Moment {
    fn instant(self, start: Timestamp) -> Timestamp {
        match self {
            Self::At(instant) => instant,
            Self::After(span) => start + span,
            Self::OfDay(span) => {
                let midnight = start - Nanos::from_nanos(start.as_nanos().rem_euclid(DAY));
                let instant = midnight + span;
                let is_past = start - instant > Nanos::from_nanos(YESTERDAY);
                if is_past { instant + Nanos::from_nanos(DAY) } else { instant }
            }
        }
    }
}

/// `2026-03-03T14:03:20Z` (or with an offset; without one UTC), `+5m`, `+1h30m`, `14:03`, `14:03:20.5`.
impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const WANTED: &str = "expected 2026-03-03T14:03:20Z, 14:03:20 (UTC) or +5m (after the first frame)";
        if let Some(after) = text.strip_prefix('+') {
            return spans(after).map(Self::After).ok_or_else(|| WANTED.into());
        }
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Ok(Self::At(Timestamp::from_wide_nanos(instant.as_nanosecond())));
        }
        if let Some(utc) = text.contains('-').then(|| text.parse::<jiff::civil::DateTime>().ok()).flatten() {
            let instant = utc.to_zoned(jiff::tz::TimeZone::UTC).map_err(|e| e.to_string())?;
            return Ok(Self::At(Timestamp::from_wide_nanos(instant.timestamp().as_nanosecond())));
        }
        let is_clock = text.contains(':') && text.starts_with(|c: char| c.is_ascii_digit());
        let time = is_clock.then(|| text.parse::<jiff::civil::Time>().ok()).flatten().ok_or(WANTED)?;
        let seconds =
            (i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60 + i64::from(time.second());
        Ok(Self::OfDay(Nanos::from_nanos(seconds * SECOND + i64::from(time.subsec_nanosecond()))))
    }
}

/// `90s`, `1.5h`, `1h30m`; at least one number with a unit.
fn spans(mut text: &str) -> Option<Nanos> {
    let mut sum = Nanos::ZERO;
    while !text.is_empty() || sum == Nanos::ZERO {
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = text.get(..digits)?.parse().ok()?;
        let rest = text.get(digits..)?;
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = match rest.get(..end)? {
            "ms" => 1e6,
            "s" => 1e9,
            "m" | "min" => 60e9,
            "h" => 3_600e9,
            "d" => DAY as f64,
            _ => return None,
        };
        // Casting saturates; zero is what "the start" is.
        sum = sum + Nanos::from_nanos((number * unit).round() as i64);
        text = rest.get(end..)?;
        if text.is_empty() {
            return Some(sum);
        }
    }
    Some(sum)
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(instant) => match jiff::Timestamp::from_nanosecond(instant.as_nanos().into()) {
                Ok(t) => t.fmt(f),
                Err(_) => instant.as_nanos().fmt(f),
            },
            Self::After(span) => write!(f, "+{}s", span.as_secs_f64()),
            Self::OfDay(span) => {
                let s = span.as_nanos() / SECOND;
                write!(f, "{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)?;
                match span.as_nanos() % SECOND {
                    0 => Ok(()),
                    nanos => write!(f, ".{}", format!("{nanos:09}").trim_end_matches('0')),
                }
            }
        }
    }
}

/// Lets the frames of a [`Window`] in.
#[derive(Clone, Debug)]
pub struct Gate {
    window: Window,
    /// Known from the first frame on.
    bounds: Option<(Timestamp, Timestamp)>,
}

impl Gate {
    /// A gate that has seen no frame.
    pub fn new(window: Window) -> Self {
        Self { window, bounds: None }
    }

    /// Whether all frames are let in.
    pub fn is_open(&self) -> bool {
        self.window == Window::default()
    }

    /// The frame's stamp with `now` bounded; `None` if the frame stays out.
    #[inline]
    pub fn admit(&mut self, stamp: Stamp) -> Option<Stamp> {
        if self.window == Window::default() {
            return Some(stamp);
        }
        let (from, to) = *self.bounds.get_or_insert_with(|| self.window.bounds(stamp.time));
        (from <= stamp.time && stamp.time < to).then_some(Stamp { now: self.bounded(stamp.now), ..stamp })
    }

    /// The clock never passes the end of the window.
    pub fn bounded(&self, now: Timestamp) -> Timestamp {
        self.bounds.map_or(now, |(_, to)| now.min(to))
    }

    /// The window, its end excluded; `None` without one, or before the first frame.
    pub fn bounds(&self) -> Option<(Timestamp, Timestamp)> {
        self.bounds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        match text.parse() {
            Ok(Moment::At(instant)) => instant,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn moments_are_instants_times_of_day_or_after_the_start() {
        let secs = |s: i64| Nanos::from_secs(s);
        for (text, expected) in [
            ("2026-03-03T14:03:20Z", Moment::At(Timestamp::from_nanos(1_772_546_600 * SECOND))),
            ("2026-03-03T15:03:20+01:00", Moment::At(Timestamp::from_nanos(1_772_546_600 * SECOND))),
            ("2026-03-03 14:03:20", Moment::At(Timestamp::from_nanos(1_772_546_600 * SECOND))),
            ("2026-03-03", Moment::At(Timestamp::from_nanos(1_772_496_000 * SECOND))),
            ("+5m", Moment::After(secs(300))),
            ("+1h30m", Moment::After(secs(5_400))),
            ("+0s", Moment::After(secs(0))),
            ("+1.5s", Moment::After(Nanos::from_millis(1_500))),
            ("14:03", Moment::OfDay(secs(50_580))),
            ("14:03:20.5", Moment::OfDay(Nanos::from_millis(50_600_500))),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
            assert_eq!(expected.to_string().parse(), Ok(expected), "{text}");
        }
        for text in [
            "",
            "5m",
            "+",
            "+5",
            "+m",
            "+5x",
            "+5m3",
            "14",
            "1403",
            "25:00",
            "yesterday",
            "2026-13-01",
            "-5m",
        ] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }

    #[test]
    fn times_of_day_are_those_of_the_capture() {
        for (start, from, to, expected) in [
            ("2026-03-03T14:00:00Z", "14:03", "14:05", ("2026-03-03T14:03:00Z", "2026-03-03T14:05:00Z")),
            ("2026-03-03T14:00:00.5Z", "14:00", "14:05", ("2026-03-03T14:00:00Z", "2026-03-03T14:05:00Z")),
            ("2026-03-03T23:50:00Z", "00:10", "00:20", ("2026-03-04T00:10:00Z", "2026-03-04T00:20:00Z")),
            ("2026-03-03T20:00:00Z", "23:00", "01:00", ("2026-03-03T23:00:00Z", "2026-03-04T01:00:00Z")),
            ("2026-03-03T00:00:00Z", "14:00", "+15h", ("2026-03-03T14:00:00Z", "2026-03-03T15:00:00Z")),
        ] {
            let window = Window { from: from.parse().ok(), to: to.parse().ok() };
            assert_eq!(window.bounds(at(start)), (at(expected.0), at(expected.1)), "{start} {from} {to}");
        }
    }

    #[test]
    fn the_clock_ends_with_the_window_and_its_end_is_outside() {
        let t = |s: i64| Timestamp::from_nanos(s * SECOND);
        let stamp = |time, now| Stamp { shown: t(time), time: t(time), now: t(now) };
        let mut gate = Gate::new(Window { from: "+10s".parse().ok(), to: "+20s".parse().ok() });
        let admitted = [(100, 100), (109, 109), (110, 110), (119, 119), (120, 120), (118, 125), (130, 130)]
            .map(|(time, now)| gate.admit(stamp(time, now)).map(|s| s.now));
        assert_eq!(admitted, [None, None, Some(t(110)), Some(t(119)), None, Some(t(120)), None]);
        assert_eq!(gate.bounded(t(130)), t(120));
        assert_eq!(gate.bounds(), Some((t(110), t(120))));
        let mut open = Gate::new(Window::default());
        assert_eq!(open.admit(stamp(5, 6)), Some(stamp(5, 6)));
    }

    #[test]
    fn an_empty_window_is_a_mistake() {
        for (from, to, wrong) in
            [("+5m", "+5m", true), ("+5m", "+6m", false), ("14:00", "13:00", false), ("14:00", "14:00", true)]
        {
            let window = Window { from: from.parse().ok(), to: to.parse().ok() };
            assert_eq!(window.problem().is_some(), wrong, "{from} {to}");
            let told = window.night();
            assert_eq!(told.is_some(), (from, to) == ("14:00", "13:00"), "{told:?}");
        }
    }
}
