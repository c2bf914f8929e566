//! Distributions of delays: exact count, least and greatest; percentiles within 1 %.
//!
//! The only file that knows `hdrhistogram`. A histogram is made when its first sample comes: most
//! captures have few methods.

use hdrhistogram::Histogram as Hdr;

use crate::stats::summary::DelayStats;
use crate::time::Nanos;

/// Greatest delay that is told apart: seven days, in microseconds.
const HIGHEST_US: u64 = 7 * 24 * 3600 * 1_000_000;
/// Significant digits: a bucket is at most 1 % wide.
const DIGITS: u8 = 2;

/// Delays, in nanoseconds in and out.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    buckets: Option<Hdr<u64>>,
    count: u64,
    min: Nanos,
    max: Nanos,
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
        if self.buckets.is_none() {
            self.buckets = Hdr::new_with_bounds(1, HIGHEST_US, DIGITS).ok();
        }
        if let Some(buckets) = &mut self.buckets {
            buckets.saturating_record((delay.as_nanos() as u64 / 1_000).max(1));
        }
    }

    /// The distribution; `None` without samples.
    pub(super) fn stats(&self) -> Option<DelayStats> {
        let buckets = self.buckets.as_ref().filter(|_| self.count > 0)?;
        let at = |q: f64| {
            let us = i64::try_from(buckets.value_at_quantile(q)).unwrap_or(i64::MAX);
            Nanos::from_micros(us).clamp(self.min, self.max)
        };
        Some(DelayStats {
            count: self.count,
            min: self.min,
            p50: at(0.50),
            p90: at(0.90),
            p95: at(0.95),
            p99: at(0.99),
            max: self.max,
        })
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
    fn a_delay_beyond_all_bounds_keeps_its_exact_maximum() {
        let mut h = Histogram::default();
        h.record(Nanos::MAX);
        assert_eq!(h.stats().unwrap().max, Nanos::MAX);
    }
}
