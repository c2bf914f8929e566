//! What began and ended when: attempts and calls by second, bounded.
//!
//! Buckets are aligned to the epoch. When there are too many, they are joined: widths are 1 s (for
//! calls that are up 0.1 s), 10 s, 1 min, 10 min, 1 h, 1 day.

use serde::{Deserialize, Serialize};

use crate::stats::rising::Rising;
use crate::time::Timestamp;

/// Buckets kept before they are joined: a day of seconds, and some.
const MAX_BUCKETS: usize = 100_000;
/// Widths of buckets in tenths of a second.
const WIDTHS: [i64; 7] = [1, 10, 100, 600, 6_000, 36_000, 864_000];

/// Starts and ends by time.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "Saved", try_from = "Saved")]
pub(super) struct Series {
    width: usize,
    buckets: Rising<Bucket>,
    /// Sums over all buckets: asked for again and again while a run goes on.
    answered: u64,
    ended: u64,
}

/// One bucket. Small, since there are many: no second has four thousand million calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bucket {
    /// Attempts that began.
    attempts: u32,
    /// Calls answered.
    answered: u32,
    /// Calls ended.
    ended: u32,
}

impl Bucket {
    fn add(&mut self, other: Self) {
        self.attempts = self.attempts.saturating_add(other.attempts);
        self.answered = self.answered.saturating_add(other.answered);
        self.ended = self.ended.saturating_add(other.ended);
    }
}

impl Series {
    /// Buckets of a second.
    pub(super) fn of_seconds() -> Self {
        Self { width: 1, ..Self::of_tenths() }
    }

    /// Buckets of a tenth of a second: calls that follow one another are rarely in one.
    pub(super) fn of_tenths() -> Self {
        Self { width: 0, buckets: Rising::default(), answered: 0, ended: 0 }
    }

    /// An attempt began.
    pub(super) fn attempted(&mut self, at: Timestamp) {
        self.add(at, Bucket { attempts: 1, ..Bucket::default() });
    }

    /// A call was answered.
    pub(super) fn answered(&mut self, at: Timestamp) {
        self.add(at, Bucket { answered: 1, ..Bucket::default() });
    }

    /// A call ended.
    pub(super) fn ended(&mut self, at: Timestamp) {
        self.add(at, Bucket { ended: 1, ..Bucket::default() });
    }

    fn add(&mut self, at: Timestamp, counts: Bucket) {
        let tenth = at.as_nanos().div_euclid(100_000_000);
        while self.buckets.len() >= MAX_BUCKETS
            && self.width + 1 < WIDTHS.len()
            && !self.buckets.has(tenth.div_euclid(self.tenths()))
        {
            self.widen();
        }
        self.buckets.at(tenth.div_euclid(self.tenths())).add(counts);
        self.answered += u64::from(counts.answered);
        self.ended += u64::from(counts.ended);
    }

    /// Adds what `other` counted. The width is the one that all of it together needs, in any order
    /// of adding.
    pub(super) fn merge(&mut self, mut other: Self) {
        while other.width < self.width {
            other.widen();
        }
        while self.width < other.width {
            self.widen();
        }
        self.buckets.merge(other.buckets, Bucket::add);
        self.answered += other.answered;
        self.ended += other.ended;
        while self.buckets.len() > MAX_BUCKETS && self.width + 1 < WIDTHS.len() {
            self.widen();
        }
    }

    /// Width of a bucket in tenths of a second.
    fn tenths(&self) -> i64 {
        WIDTHS[self.width]
    }

    /// The bucket with most attempts, the first of several: its start and their number.
    pub(super) fn busiest(&self) -> Option<(Timestamp, u64)> {
        let best = self.buckets.iter().max_by_key(|(k, b)| (b.attempts, std::cmp::Reverse(*k)))?;
        (best.1.attempts > 0).then(|| (self.start(best.0), best.1.attempts.into()))
    }

    /// The most calls up at once, and the bucket in which, given `before` that were up at the
    /// beginning: starts less ends by the end of each bucket, so never more than there were; one at
    /// least where any call was up.
    pub(super) fn most_concurrent(&self, before: u64) -> Option<(Timestamp, u64)> {
        let mut up = before as i64;
        let mut best: Option<(Timestamp, u64)> = None;
        for (k, b) in self.buckets.iter() {
            // Whatever ended before it and after: while one that begins here lasts, it is up.
            let one = u64::from(b.answered > 0 || up > 0);
            up = up.saturating_add(b.answered.into()).saturating_sub(b.ended.into());
            let now = one.max(up.max(0) as u64);
            if now > best.map_or(0, |(_, n)| n) {
                best = Some((self.start(k), now));
            }
        }
        best
    }

    /// Calls up at the end, given `before` that were up at the beginning.
    pub(super) fn balance(&self, before: u64) -> u64 {
        before.saturating_add(self.answered).saturating_sub(self.ended)
    }

    fn start(&self, bucket: i64) -> Timestamp {
        Timestamp::from_wide_nanos(i128::from(bucket) * i128::from(self.tenths()) * 100_000_000)
    }

    fn widen(&mut self) {
        if self.width + 1 >= WIDTHS.len() {
            return;
        }
        let before = self.tenths();
        self.width += 1;
        let factor = self.tenths() / before;
        self.buckets.widen(factor, Bucket::add);
    }
}

/// A series as saved: the width of a bucket in tenths of a second, when the first one begins, and
/// for each how many buckets after the one before it lies, with its counts.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    tenths: i64,
    first: Option<Timestamp>,
    buckets: Vec<(u64, u32, u32, u32)>,
}

impl From<Series> for Saved {
    fn from(s: Series) -> Self {
        let first = s.buckets.iter().next().map(|(k, _)| k);
        let mut last = first.unwrap_or_default();
        let row = |(k, b): (i64, &Bucket)| {
            let gap = k.abs_diff(std::mem::replace(&mut last, k));
            (gap, b.attempts, b.answered, b.ended)
        };
        let buckets = s.buckets.iter().map(row).collect();
        Self { tenths: s.tenths(), first: first.map(|k| s.start(k)), buckets }
    }
}

impl TryFrom<Saved> for Series {
    type Error = &'static str;

    fn try_from(saved: Saved) -> Result<Self, Self::Error> {
        let width = WIDTHS.iter().position(|w| *w == saved.tenths).ok_or("buckets of an unknown width")?;
        if saved.buckets.len() > MAX_BUCKETS + 1 {
            return Err("more buckets than are kept");
        }
        let mut series = Self { width, ..Self::of_tenths() };
        let first = saved.first.map_or(0, |t| t.as_nanos().div_euclid(100_000_000));
        let mut at = first.div_euclid(saved.tenths);
        for (gap, attempts, answered, ended) in saved.buckets {
            at = at.saturating_add_unsigned(gap);
            series.buckets.at(at).add(Bucket { attempts, answered, ended });
            series.answered += u64::from(answered);
            series.ended += u64::from(ended);
        }
        Ok(series)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_follow_one_another_are_never_up_at_once() {
        let ms = |n: i64| Timestamp::from_nanos(n * 1_000_000);
        let mut t = Series::of_tenths();
        for i in 0..10 {
            t.answered(ms(i * 50));
            t.ended(ms(i * 50 + 40));
        }
        assert_eq!(t.most_concurrent(0).map(|(_, n)| n), Some(1));
    }

    fn rows(t: &Series) -> Vec<(i64, Bucket)> {
        t.buckets.iter().map(|(k, b)| (k, *b)).collect()
    }

    fn s(n: i64) -> Timestamp {
        Timestamp::from_nanos(n * 1_000_000_000)
    }

    #[test]
    fn a_saved_series_is_the_same_again() {
        for mut t in [Series::of_seconds(), Series::of_tenths()] {
            for (at, n) in [(-7, 2), (5, 1), (5_000, 3)] {
                (0..n).for_each(|_| t.attempted(s(at)));
                t.ended(s(at));
            }
            let again: Series = serde_json::from_str(&serde_json::to_string(&t).unwrap()).unwrap();
            assert_eq!((again.width, rows(&again)), (t.width, rows(&t)));
        }
        let text = r#"{"tenths":7,"first":null,"buckets":[]}"#;
        assert!(serde_json::from_str::<Series>(text).is_err());
    }

    #[test]
    fn peaks_are_the_first_of_equals() {
        let mut t = Series::of_seconds();
        for at in [5, 5, 9, 9, 7] {
            t.attempted(s(at));
        }
        assert_eq!(t.busiest(), Some((s(5), 2)));
        t.answered(s(5));
        t.answered(s(5));
        t.ended(s(6));
        t.answered(s(7));
        assert_eq!(t.most_concurrent(1), Some((s(5), 3)));
    }

    #[test]
    fn parts_merge_to_the_whole_though_each_is_small() {
        let n = MAX_BUCKETS as i64 + 5;
        let mut parts = [Series::of_seconds(), Series::of_seconds(), Series::of_seconds()];
        let mut whole = Series::of_seconds();
        for i in 0..n {
            parts[i as usize % 3].attempted(s(i));
            whole.attempted(s(i));
        }
        let mut merged = Series::of_seconds();
        parts.into_iter().rev().for_each(|p| merged.merge(p));
        assert_eq!((merged.tenths(), rows(&merged)), (100, rows(&whole)));
    }

    #[test]
    fn buckets_are_joined_when_there_are_too_many() {
        let mut t = Series::of_seconds();
        for i in 0..2 * MAX_BUCKETS as i64 {
            t.attempted(s(i));
        }
        assert_eq!(t.tenths(), 100);
        assert!(t.buckets.len() < MAX_BUCKETS);
        assert_eq!(rows(&t).iter().map(|(_, b)| u64::from(b.attempts)).sum::<u64>(), 2 * MAX_BUCKETS as u64);
    }
}
