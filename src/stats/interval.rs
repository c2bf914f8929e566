//! Confidence intervals of proportions.
//!
//! In: so many of so many, and a level. Out: the interval. E. B. Wilson's score interval (Journal of
//! the American Statistical Association 22, 1927, 209–212) keeps close to its level for small counts
//! and for shares near 0 and 1, where the textbook's ± formula fails (Brown, Cai, DasGupta, Statistical
//! Science 16, 2001, 101–133).

use statrs::distribution::{ContinuousCDF, Normal};

/// Where a proportion lies, with some confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its lower end, 0 to 1.
    pub low: f64,
    /// Its upper end, 0 to 1.
    pub high: f64,
}

/// Wilson's interval of `successes` of `trials` at `level` (0.95: two-sided 95 %). `None` where there
/// is no proportion: without trials, or with more successes than trials.
pub fn wilson(successes: u64, trials: u64, level: f64) -> Option<Interval> {
    if trials == 0 || successes > trials {
        return None;
    }
    let z = two_sided(level)?;
    let n = trials as f64;
    let p = successes as f64 / n;
    let z2 = z * z;
    let middle = p + z2 / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let whole = 1.0 + z2 / n;
    // Exact at the ends, where rounding could leave a little.
    let low = if successes == 0 { 0.0 } else { (middle - half) / whole };
    let high = if successes == trials { 1.0 } else { (middle + half) / whole };
    Some(Interval { low: low.max(0.0), high: high.min(1.0) })
}

/// How many standard deviations to either side hold `level` of a normal distribution; `None` for what
/// is no level.
pub fn two_sided(level: f64) -> Option<f64> {
    let normal = Normal::standard();
    (level > 0.0 && level < 1.0).then(|| normal.inverse_cdf(0.5 + level / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of Newcombe, Statistics in Medicine 17 (1998) 857–872, table I, method 3.
    #[test]
    fn the_interval_is_the_published_one() {
        for (r, n, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
            (29, 29, 0.8830, 1.0),
        ] {
            let i = wilson(r, n, 0.95).unwrap();
            assert!((i.low - low).abs() < 1e-4 && (i.high - high).abs() < 1e-4, "{r}/{n}: {i:?}");
        }
    }

    #[test]
    fn more_confidence_is_a_wider_interval_around_the_share() {
        let at = |level| wilson(30, 1000, level).unwrap();
        assert!(at(0.99).low < at(0.95).low && at(0.95).low < 0.03 && at(0.95).high < at(0.99).high);
    }

    #[test]
    fn what_is_no_proportion_has_no_interval() {
        assert_eq!(wilson(0, 0, 0.95), None);
        assert_eq!(wilson(3, 2, 0.95), None);
        assert_eq!(wilson(1, 2, 1.0), None);
        assert_eq!(wilson(1, 2, f64::NAN), None);
    }
}
