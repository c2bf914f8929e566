//! Whether two samples differ, by how much, and how sure that is.
//!
//! In: counts of two runs, or two distributions of delays. Out: intervals, p-values, effect sizes.
//!
//! * Two proportions: R. G. Newcombe's hybrid score interval (Statistics in Medicine 17, 1998,
//!   873–890, method 10), and Fisher's exact test where few are expected, else the pooled z test.
//! * Two distributions: the Mann-Whitney U test with its correction for ties, for delays are counted
//!   in bins: within a bin all are tied, which the correction takes exactly into account, where a
//!   Kolmogorov-Smirnov test on bins would lose power without saying so. It sees that delays moved as
//!   a whole; what happens in the tail is seen by the tests of quantiles.
//! * Two quantiles: each one's interval from the ranks that Wilson's interval allows, put together as
//!   Newcombe does; and the test whether as many of both samples exceed their common quantile.
//! * Many figures: Benjamini and Hochberg, J. R. Statist. Soc. B 57 (1995) 289–300.

use statrs::distribution::{ContinuousCDF, Normal};
use statrs::function::factorial::ln_binomial;

use super::interval::{Interval, wilson};
use crate::time::Nanos;

/// Fewer are expected in some cell: the normal approximation is no good.
const FEW: f64 = 10.0;
/// Terms of Fisher's test that are summed up at most.
const TERMS: u64 = 200_000;
/// Samples on each side without which distributions are not tested.
const ENOUGH: u64 = 10;

/// So many of so many.
pub type Share = (u64, u64);

/// A distribution of delays: the value of each bin and how many lie in it, rising.
pub type Bins = [(Nanos, u64)];

/// `now` less `base`, as an interval at `level`; `None` without both proportions.
pub fn newcombe(base: Share, now: Share, level: f64) -> Option<Interval> {
    let (a, b) = (wilson(base.0, base.1, level)?, wilson(now.0, now.1, level)?);
    Some(hybrid((value(base), a), (value(now), b)))
}

/// The probability of proportions at least this different if there is no difference (two-sided).
pub fn proportions_test(base: Share, now: Share) -> Option<f64> {
    if base.1 == 0 || now.1 == 0 || base.0 > base.1 || now.0 > now.1 {
        return None;
    }
    let (n, m) = (base.1 as f64, now.1 as f64);
    let successes = base.0 as f64 + now.0 as f64;
    let pooled = successes / (n + m);
    let least = n.min(m) * pooled.min(1.0 - pooled);
    if least < FEW
        && let Some(p) = fisher(base, now)
    {
        return Some(p);
    }
    let deviation = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    if deviation == 0.0 {
        return Some(1.0);
    }
    Some(two_sided((value(now) - value(base)) / deviation))
}

/// Cohen's h of two proportions: 0.2 is small, 0.5 medium, 0.8 large.
pub fn cohens_h(base: Share, now: Share) -> Option<f64> {
    let angle = |s: Share| (s.1 > 0).then(|| 2.0 * value(s).clamp(0.0, 1.0).sqrt().asin());
    Some(angle(now)? - angle(base)?)
}

/// Mann-Whitney's test of two distributions: its p-value and Cliff's delta, which is the share of
/// pairs in which `now` is the longer less that in which it is the shorter. `None` for few samples.
pub fn mann_whitney(base: &Bins, now: &Bins) -> Option<(f64, f64)> {
    let (n, m) = (total(base), total(now));
    if n < ENOUGH || m < ENOUGH {
        return None;
    }
    let (n, m) = (n as f64, m as f64);
    let (mut below, mut longer, mut ties) = (0.0, 0.0, 0.0);
    for (x, y) in merged(base, now) {
        let (x, y) = (x as f64, y as f64);
        // Pairs in which `now` is the longer; ties count half.
        longer += y * (below + x / 2.0);
        below += x;
        let t = x + y;
        ties += t * t * t - t;
    }
    let all = n + m;
    let variance = n * m / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)));
    let delta = 2.0 * longer / (n * m) - 1.0;
    if variance <= 0.0 {
        return Some((1.0, delta));
    }
    let off = longer - n * m / 2.0;
    // Half a step towards the middle: pairs are counted, not measured.
    let z = (off.abs() - 0.5).max(0.0) / variance.sqrt();
    Some((two_sided(z), delta))
}

/// The value that a share `q` of a distribution does not exceed.
pub fn quantile(bins: &Bins, q: f64) -> Option<Nanos> {
    let all = total(bins);
    let rank = ((q * all as f64).ceil() as u64).clamp(1, all.max(1));
    let mut below = 0_u64;
    bins.iter().find_map(|(value, count)| {
        below += count;
        (below >= rank).then_some(*value)
    })
}

/// The difference of two quantiles in nanoseconds as an interval at `level`, and the probability of
/// so much if there is none. `None` where a sample is too small to have this quantile.
pub fn quantile_difference(base: &Bins, now: &Bins, q: f64, level: f64) -> Option<(Interval, f64)> {
    let (n, m) = (total(base), total(now));
    let tail = q.min(1.0 - q);
    if (n.min(m) as f64) * tail < FEW / 2.0 {
        return None;
    }
    let around = |bins: &Bins, all: u64| {
        let ranks = wilson((q * all as f64).round() as u64, all, level)?;
        let at = |q: f64| quantile(bins, q).map(|v| v.as_nanos() as f64);
        Some((at(q)?, Interval { low: at(ranks.low)?, high: at(ranks.high)? }))
    };
    let interval = hybrid(around(base, n)?, around(now, m)?);
    let mut both: Vec<(Nanos, u64)> = base.iter().chain(now).copied().collect();
    both.sort_unstable();
    let common = quantile(&both, q)?;
    // Values are tied in bins: above the common one, or from it on, whichever is nearer to the tail.
    let tails = [common, common - Nanos::from_nanos(1)].map(|limit| {
        let beyond = |bins: &Bins| bins.iter().filter(|(v, _)| *v > limit).map(|(_, n)| n).sum::<u64>();
        (beyond(base), beyond(now))
    });
    let wanted = (1.0 - q) * (n + m) as f64;
    let off = |(a, b): &(u64, u64)| ((a + b) as f64 - wanted).abs();
    let (a, b) = tails.into_iter().min_by(|x, y| off(x).total_cmp(&off(y)))?;
    Some((interval, proportions_test((a, n), (b, m))?))
}

/// Which of these p-values are findings if at most a share `rate` of the findings may be false.
pub fn benjamini_hochberg(p: &[Option<f64>], rate: f64) -> Vec<bool> {
    let mut sorted: Vec<f64> = p.iter().copied().flatten().collect();
    sorted.sort_by(f64::total_cmp);
    let tests = sorted.len() as f64;
    let passes = |(i, p): (usize, &f64)| (*p <= rate * (i + 1) as f64 / tests).then_some(*p);
    let limit = sorted.iter().enumerate().filter_map(passes).next_back();
    p.iter().map(|p| p.is_some_and(|p| limit.is_some_and(|limit| p <= limit))).collect()
}

/// The interval of a difference from those of its two ends.
fn hybrid((a, of_a): (f64, Interval), (b, of_b): (f64, Interval)) -> Interval {
    let difference = b - a;
    let below = (b - of_b.low).hypot(of_a.high - a);
    let above = (of_b.high - b).hypot(a - of_a.low);
    Interval { low: difference - below, high: difference + above }
}

/// Fisher's exact test, two-sided: the sum of all tables no more likely than this one. `None` if they
/// are too many.
fn fisher(base: Share, now: Share) -> Option<f64> {
    let successes = base.0 + now.0;
    let (first, last) = (successes.saturating_sub(now.1), successes.min(base.1));
    if last - first > TERMS {
        return None;
    }
    let all = ln_binomial(base.1 + now.1, successes);
    let ln = |k: u64| ln_binomial(base.1, k) + ln_binomial(now.1, successes - k) - all;
    let seen = ln(base.0);
    let sum: f64 = (first..=last).map(ln).filter(|l| *l <= seen + 1e-7).map(f64::exp).sum();
    Some(sum.min(1.0))
}

fn two_sided(z: f64) -> f64 {
    2.0 * Normal::standard().sf(z.abs())
}

fn value(share: Share) -> f64 {
    share.0 as f64 / share.1.max(1) as f64
}

fn total(bins: &Bins) -> u64 {
    bins.iter().map(|(_, n)| n).sum()
}

/// How many of each lie at each value, by value.
fn merged(a: &Bins, b: &Bins) -> Vec<(u64, u64)> {
    let mut all: Vec<(Nanos, u64, u64)> =
        a.iter().map(|(v, n)| (*v, *n, 0)).chain(b.iter().map(|(v, n)| (*v, 0, *n))).collect();
    all.sort_unstable();
    let mut rows: Vec<(Nanos, u64, u64)> = Vec::with_capacity(all.len());
    for (v, x, y) in all {
        match rows.last_mut() {
            Some((last, a, b)) if *last == v => (*a, *b) = (*a + x, *b + y),
            _ => rows.push((v, x, y)),
        }
    }
    rows.into_iter().map(|(_, x, y)| (x, y)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Newcombe 1998, table II, method 10.
    #[test]
    fn the_interval_of_a_difference_is_the_published_one() {
        for (a, b, low, high) in [
            ((48, 80), (56, 70), -0.3339, -0.0524),
            ((3, 10), (9, 10), -0.8090, -0.1705),
            ((0, 20), (0, 10), -0.2775, 0.1611),
        ] {
            // The paper subtracts the second from the first.
            let i = newcombe(b, a, 0.95).unwrap();
            assert!((i.low - low).abs() < 2e-3 && (i.high - high).abs() < 2e-3, "{a:?} {b:?}: {i:?}");
        }
        assert_eq!(newcombe((0, 0), (1, 2), 0.95), None);
    }

    #[test]
    fn tests_of_proportions_are_exact_where_few_are_expected() {
        // Fisher's tea: 3 of 4 right, 1 of 4 wrong: p = 34/70.
        let p = proportions_test((3, 4), (1, 4)).unwrap();
        assert!((p - 34.0 / 70.0).abs() < 1e-9, "{p}");
        let p = proportions_test((500, 1000), (560, 1000)).unwrap();
        assert!((p - 0.00721).abs() < 1e-4, "{p}");
        assert_eq!(proportions_test((0, 1000), (0, 1000)), Some(1.0));
        assert!(proportions_test((0, 1000), (50, 1000)).unwrap() < 1e-12);
        assert_eq!(proportions_test((0, 0), (1, 1)), None);
    }

    fn bins(values: &[(i64, u64)]) -> Vec<(Nanos, u64)> {
        values.iter().map(|(v, n)| (Nanos::from_millis(*v), *n)).collect()
    }

    #[test]
    fn delays_that_moved_are_told_from_those_that_did_not() {
        let base = bins(&[(10, 50), (20, 30), (30, 20)]);
        let (p, delta) = mann_whitney(&base, &base).unwrap();
        assert!(p > 0.99 && delta.abs() < 1e-12);
        let (p, delta) = mann_whitney(&base, &bins(&[(20, 50), (30, 30), (40, 20)])).unwrap();
        assert!(p < 1e-6 && delta > 0.5, "{p} {delta}");
        assert_eq!(mann_whitney(&base, &bins(&[(10, 9)])), None);
        assert!(mann_whitney(&bins(&[(10, 90)]), &bins(&[(10, 90)])).is_some_and(|(p, _)| p == 1.0));
    }

    #[test]
    fn a_longer_tail_is_seen_by_its_quantile() {
        let (base, now) = (bins(&[(10, 970), (900, 30)]), bins(&[(10, 900), (900, 100)]));
        assert_eq!(quantile(&base, 0.95), Some(Nanos::from_millis(10)));
        assert_eq!(quantile(&now, 0.95), Some(Nanos::from_millis(900)));
        let (interval, p) = quantile_difference(&base, &now, 0.95, 0.95).unwrap();
        assert!(p < 1e-6 && interval.low > 0.0, "{interval:?} {p}");
        assert_eq!(quantile_difference(&bins(&[(10, 50)]), &now, 0.95, 0.95), None);
    }

    #[test]
    fn many_tests_yield_few_false_findings() {
        let p = [Some(0.001), Some(0.02), None, Some(0.03), Some(0.9)];
        assert_eq!(benjamini_hochberg(&p, 0.05), [true, true, false, true, false]);
        assert_eq!(benjamini_hochberg(&p, 0.01), [true, false, false, false, false]);
        assert_eq!(benjamini_hochberg(&[None], 0.05), [false]);
    }
}
