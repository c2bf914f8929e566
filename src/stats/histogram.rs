//! Distributions of delays: exact count, least and greatest; percentiles within 1 %.
//!
//! The only file that knows `hdrhistogram`. A histogram is made when its first sample comes: most
//! captures have few methods.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram as Hdr;
use hdrhistogram::serialization::{Deserializer as Reader, Serializer as _, V2Serializer};
use serde::{Deserialize, Serialize};

use crate::stats::summary::DelayStats;
use crate::time::Nanos;

/// Greatest delay that is told apart: seven days, in microseconds.
const HIGHEST_US: u64 = 7 * 24 * 3600 * 1_000_000;
/// Significant digits: a bucket is at most 1 % wide.
const DIGITS: u8 = 2;

/// Buckets that are listed one by one before all of them get a place: most next hops have few.
const FEW: usize = 256;

/// Delays, in nanoseconds in and out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(into = "Saved", try_from = "Saved")]
pub(super) struct Histogram {
    buckets: Buckets,
    count: u64,
    min: Nanos,
    max: Nanos,
}

#[derive(Clone, Debug)]
enum Buckets {
    /// Least value and count of each, sorted.
    Few(Vec<(u64, u64)>),
    All(Hdr<u64>),
}

impl Default for Buckets {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Buckets {
    fn add(&mut self, us: u64, count: u64) {
        match self {
            Self::All(all) => all.saturating_record_n(us, count),
            Self::Few(few) => {
                let least = least_of_bucket(us);
                match few.binary_search_by_key(&least, |(value, _)| *value) {
                    Ok(i) => few[i].1 += count,
                    Err(_) if few.len() >= FEW => {
                        let mut all = self.all();
                        if let Some(all) = &mut all {
                            all.saturating_record_n(us, count);
                        }
                        *self = all.map_or(Self::Few(Vec::new()), Self::All);
                    }
                    Err(i) => few.insert(i, (least, count)),
                }
            }
        }
    }

    /// The greatest value of the bucket that `quantile` of all reach; `None` without any.
    fn at(&self, quantile: f64) -> Option<u64> {
        let few = match self {
            Self::All(all) => return Some(all.value_at_quantile(quantile)),
            Self::Few(few) => few,
        };
        // What is too long shares the last bucket.
        if few.last()?.0 > HIGHEST_US {
            return Some(self.all()?.value_at_quantile(quantile));
        }
        let count: u64 = few.iter().map(|(_, n)| n).sum();
        let rank = ((quantile * count as f64).ceil() as u64).max(1);
        let mut reached = 0;
        let (least, _) = few.iter().find(|(_, n)| {
            reached += n;
            reached >= rank
        })?;
        Some(least + (1 << dropped(*least)) - 1)
    }

    /// All buckets; `None` only if there is no memory.
    fn all(&self) -> Option<Hdr<u64>> {
        match self {
            Self::All(all) => Some(all.clone()),
            Self::Few(few) => {
                let mut all = Hdr::new_with_bounds(1, HIGHEST_US, DIGITS).ok()?;
                few.iter().for_each(|(value, count)| all.saturating_record_n(*value, *count));
                Some(all)
            }
        }
    }
}

/// The least value that shares a bucket with `us`: eight binary digits are kept, which is what two
/// decimal ones take.
fn least_of_bucket(us: u64) -> u64 {
    us >> dropped(us) << dropped(us)
}

/// Binary digits of `us` that its bucket does not tell apart.
fn dropped(us: u64) -> u32 {
    (u64::BITS - us.leading_zeros()).saturating_sub(8)
}

impl Histogram {
    /// Takes one delay; a negative one is no sample.
    pub(super) fn record(&mut self, delay: Nanos) {
        if delay < Nanos::ZERO {
            return;
        }
        if self.count == 0 {
            (self.min, self.max) = (delay, delay);
        }
        self.count += 1;
        (self.min, self.max) = (self.min.min(delay), self.max.max(delay));
        self.buckets.add((delay.as_nanos() as u64 / 1_000).max(1), 1);
    }

    /// Adds the samples of `other`.
    pub(super) fn merge(&mut self, other: Self) {
        if self.count == 0 {
            *self = other;
            return;
        }
        if other.count == 0 {
            return;
        }
        self.count += other.count;
        (self.min, self.max) = (self.min.min(other.min), self.max.max(other.max));
        match other.buckets {
            Buckets::Few(few) => few.iter().for_each(|(value, count)| self.buckets.add(*value, *count)),
            Buckets::All(theirs) => {
                let mut ours = self.buckets.all();
                if let Some(ours) = &mut ours {
                    // Bounds are the same: nothing can be out of range.
                    let _ = ours.add(&theirs);
                }
                self.buckets = Buckets::All(ours.unwrap_or(theirs));
            }
        }
    }

    /// The bins that hold samples: the least value of each and how many, rising.
    pub(super) fn bins(&self) -> Vec<(Nanos, u64)> {
        let value = |us: u64| Nanos::from_micros(i64::try_from(us).unwrap_or(i64::MAX));
        match &self.buckets {
            Buckets::Few(few) => few.iter().map(|(us, n)| (value(*us), *n)).collect(),
            Buckets::All(all) => {
                let row = |us| (value(all.lowest_equivalent(us)), all.count_at(us));
                all.iter_recorded().map(|step| row(step.value_iterated_to())).collect()
            }
        }
    }

    /// The same with bins that do not depend on how many samples there are: what came between two times
    /// is their difference. Each holds values whose first seven binary digits are those of its own.
    pub(super) fn coarse_bins(&self) -> BTreeMap<Nanos, u64> {
        let mut coarse = BTreeMap::new();
        for (value, n) in self.bins() {
            let us = value.as_nanos() / 1000;
            let cut = (64 - us.leading_zeros()).saturating_sub(7);
            *coarse.entry(Nanos::from_micros(us >> cut << cut)).or_default() += n;
        }
        coarse
    }

    /// The distribution; `None` without samples.
    pub(super) fn stats(&self) -> Option<DelayStats> {
        if self.count == 0 {
            return None;
        }
        let at = |q: f64| {
            let us = i64::try_from(self.buckets.at(q)?).unwrap_or(i64::MAX);
            Some(Nanos::from_micros(us).clamp(self.min, self.max))
        };
        Some(DelayStats {
            count: self.count,
            min: self.min,
            p50: at(0.50)?,
            p90: at(0.90)?,
            p95: at(0.95)?,
            p99: at(0.99)?,
            max: self.max,
        })
    }
}

/// A histogram as saved. Buckets: HdrHistogram's V2 encoding in base64, which every implementation
/// reads; values are microseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    count: u64,
    min: Nanos,
    max: Nanos,
    hdr: Cow<'static, str>,
}

/// Bytes of V2's header: cookie, length of the rest, offset, digits, lowest, highest, ratio.
const HEADER: usize = 40;
/// Where the length stands in it.
const LENGTH: std::ops::Range<usize> = 4..8;

impl From<Histogram> for Saved {
    fn from(h: Histogram) -> Self {
        let mut bytes = Vec::new();
        if h.count > 0
            && let Some(all) = h.buckets.all()
        {
            // Into a list of bytes; counts are far below what zigzag holds.
            let _ = V2Serializer::new().serialize(&all, &mut bytes);
        }
        Self { count: h.count, min: h.min, max: h.max, hdr: STANDARD.encode(bytes).into() }
    }
}

impl TryFrom<Saved> for Histogram {
    type Error = &'static str;

    /// Anyone may have written it: the header must be ours before a byte is decoded, since it says
    /// how much memory to take.
    fn try_from(saved: Saved) -> Result<Self, Self::Error> {
        let bytes = STANDARD.decode(saved.hdr.as_bytes()).map_err(|_| "a histogram that is no base64")?;
        if saved.count == 0 && bytes.is_empty() {
            return Ok(Self::default());
        }
        let empty = Hdr::<u64>::new_with_bounds(1, HIGHEST_US, DIGITS).map_err(|_| "no room")?;
        let mut header = Vec::new();
        V2Serializer::new().serialize(&empty, &mut header).map_err(|_| "no room")?;
        let same = |at: std::ops::Range<usize>| bytes.get(at.clone()) == header.get(at);
        if !same(0..LENGTH.start) || !same(LENGTH.end..HEADER) {
            return Err("a histogram of another shape");
        }
        let all: Hdr<u64> = Reader::new().deserialize(&mut &bytes[..]).map_err(|_| "a broken histogram")?;
        if all.len() != saved.count || saved.min > saved.max || saved.min < Nanos::ZERO {
            return Err("a histogram that contradicts its count or its ends");
        }
        let mut buckets = Buckets::default();
        let mut few: Vec<(u64, u64)> = Vec::new();
        for step in all.iter_recorded() {
            if few.len() == FEW {
                break;
            }
            few.push((all.lowest_equivalent(step.value_iterated_to()), step.count_at_value()));
        }
        if few.iter().map(|(_, n)| n).sum::<u64>() == saved.count {
            // Most have few: all places would take a thousand times their room.
            few.shrink_to_fit();
            buckets = Buckets::Few(few);
        } else if saved.count > 0 {
            buckets = Buckets::All(all);
        }
        Ok(Self { buckets, count: saved.count, min: saved.min, max: saved.max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_no_distribution() {
        assert_eq!(Histogram::default().stats(), None);
        let mut h = Histogram::default();
        h.record(Nanos::from_nanos(-1));
        assert_eq!(h.stats(), None);
    }

    #[test]
    fn ends_are_exact_and_percentiles_within_one_percent() {
        let mut h = Histogram::default();
        for i in 1..=100_000 {
            h.record(Nanos::from_nanos(i * 12_345));
        }
        let s = h.stats().unwrap();
        assert_eq!((s.count, s.min.as_nanos(), s.max.as_nanos()), (100_000, 12_345, 1_234_500_000));
        for (got, want) in [(s.p50, 617_250_000.0), (s.p90, 1_111_050_000.0), (s.p99, 1_222_155_000.0)] {
            let off = (got.as_nanos() as f64 / want - 1.0).abs();
            assert!(off < 0.01, "{got:?} {want}");
        }
    }

    #[test]
    fn parts_merge_to_the_whole_whatever_their_sizes() {
        let sample = |i: i64| Nanos::from_nanos(i * i * 7_919 % 700_000_000_000_000);
        for (n, cut) in [(20, 7), (400, 3), (400, 200), (9_000, 4_000), (9_000, 8_990)] {
            let (mut whole, mut a, mut b) =
                (Histogram::default(), Histogram::default(), Histogram::default());
            for i in 0..n {
                whole.record(sample(i));
                if i < cut { a.record(sample(i)) } else { b.record(sample(i)) }
            }
            a.merge(b);
            assert_eq!(a.stats(), whole.stats(), "{n} cut at {cut}");
        }
    }

    #[test]
    fn a_saved_histogram_is_the_same_again_and_a_foreign_one_is_refused() {
        for n in [0, 1, 100, 5_000] {
            let mut h = Histogram::default();
            (1..=n).for_each(|i| h.record(Nanos::from_nanos(i * i * 7_919)));
            let text = serde_json::to_string(&h).unwrap();
            let again: Histogram = serde_json::from_str(&text).unwrap();
            assert_eq!((again.stats(), serde_json::to_string(&again).unwrap()), (h.stats(), text));
        }
        let mut bomb = Vec::new();
        let large = Hdr::<u64>::new_with_bounds(1, u64::MAX / 4, 3).unwrap();
        V2Serializer::new().serialize(&large, &mut bomb).unwrap();
        for (what, bytes, count) in
            [("other bounds", bomb.clone(), 0), ("cut", bomb[..39].to_vec(), 0), ("nothing", Vec::new(), 7)]
        {
            let saved =
                Saved { count, min: Nanos::ZERO, max: Nanos::ZERO, hdr: STANDARD.encode(bytes).into() };
            assert!(Histogram::try_from(saved).is_err(), "{what}");
        }
    }

    #[test]
    fn few_buckets_have_the_quantiles_of_all() {
        let mut few = Buckets::default();
        (0..150_u64).for_each(|i| few.add(i * i * i * 7_919 % 40_000_000 + 1, i % 3 + 1));
        let all = Buckets::All(few.all().unwrap());
        for q in [0.01, 0.5, 0.9, 0.95, 0.99, 1.0] {
            assert_eq!(few.at(q), all.at(q), "{q}");
        }
        assert_eq!(Buckets::default().at(0.5), None);
    }

    #[test]
    fn a_bucket_is_told_by_its_least_value() {
        let all = Hdr::<u64>::new_with_bounds(1, HIGHEST_US, DIGITS).unwrap();
        for us in (0..40).flat_map(|s| [1_u64 << s, (1 << s) + 1, (3 << s) - 1]).filter(|us| *us < HIGHEST_US)
        {
            let least = least_of_bucket(us);
            assert_eq!(least, all.lowest_equivalent(us), "{us}");
            assert_eq!(least + (1 << dropped(least)) - 1, all.highest_equivalent(us), "{us}");
        }
    }

    #[test]
    fn a_delay_beyond_all_bounds_keeps_its_exact_maximum() {
        let mut h = Histogram::default();
        h.record(Nanos::MAX);
        assert_eq!(h.stats().unwrap().max, Nanos::MAX);
    }
}
