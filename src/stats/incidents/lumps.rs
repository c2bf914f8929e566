//! Cases that are one fact and count several times: a number that is dialled again and again while it
//! is busy, or a call that was captured on both sides of a B2BUA.
//!
//! The chance of a coincidence is that of cases which have nothing to do with one another. If `k` cases
//! come in groups of `m1`, `m2` … to one number each, they say as much as `k` divided by the mean size of
//! the groups, Σm²/Σm (the design effect of cluster samples, Kish 1965). Where few numbers are called at
//! all, as in a laboratory, groups mean nothing: what the calls that are no cases lead to expect is
//! taken off.

use super::figures::{What, is_case, is_judged};
use super::sample::Case;
use super::study::{Study, View};
use crate::transaction::MethodKey;

/// How calls spread over numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    /// The chance that two calls go to the same number; `None`: numbers say nothing.
    alike: Option<f64>,
}

impl Spread {
    /// Of all requests that `what` can be judged by and that are no cases of it.
    pub(super) fn of(study: &Study<'_>, what: What, view: &View) -> Self {
        // Who registers again and again is not calling anybody.
        if study.kind.method != MethodKey::INVITE {
            return Self { alike: None };
        }
        let others = study.table.cases.iter().map(|(c, _)| *c);
        let others = others.filter(|c| view.holds(c) && is_judged(what, c) && !is_case(what, c));
        Self::over(others.map(|c| c.digits))
    }

    fn over(numbers: impl Iterator<Item = u64>) -> Self {
        let groups = Groups::of(numbers);
        let n = groups.all as f64;
        // Each pair of two calls to one number, of all pairs.
        Self { alike: (groups.all >= 2).then(|| (groups.squares as f64 - n) / (n * (n - 1.0))) }
    }

    /// How many times over the facts behind `cases` count; 1 at least.
    pub(super) fn times<'a>(self, cases: impl Iterator<Item = &'a Case>) -> f64 {
        self.times_over(cases.map(|c| c.digits))
    }

    fn times_over(self, numbers: impl Iterator<Item = u64>) -> f64 {
        let Some(alike) = self.alike else { return 1.0 };
        let groups = Groups::of(numbers);
        if groups.all == 0 {
            return 1.0;
        }
        let k = groups.all as f64;
        let expected = 1.0 + (k - 1.0) * alike;
        (groups.squares as f64 / k / expected).max(1.0)
    }
}

/// Calls by number; one without a number is by itself.
struct Groups {
    all: u64,
    /// Sum of the squares of the groups' sizes.
    squares: u64,
}

impl Groups {
    fn of(numbers: impl Iterator<Item = u64>) -> Self {
        let mut numbers: Vec<u64> = numbers.collect();
        numbers.sort_unstable();
        let squares = numbers.chunk_by(|a, b| a == b && *a != 0).map(|g| (g.len() as u64).pow(2)).sum();
        Self { all: numbers.len() as u64, squares }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_redialled_is_one_fact() {
        let spread = Spread::over(1..=1000);
        assert_eq!(spread.times_over([7; 30].into_iter()), 30.0);
        assert_eq!(spread.times_over(1..=30), 1.0);
        // Both sides of a B2BUA.
        assert_eq!(spread.times_over((1..=30).flat_map(|n| [n, n])), 2.0);
    }

    #[test]
    fn where_few_numbers_are_called_the_same_number_means_nothing() {
        assert_eq!(Spread::over([7; 500].into_iter()).times_over([7; 30].into_iter()), 1.0);
        let ten = Spread::over((0..1000).map(|i| 1 + i % 10));
        assert_eq!(ten.times_over((0..200).map(|i| 1 + i % 10)), 1.0);
        assert!(ten.times_over([3; 200].into_iter()) > 5.0);
    }

    #[test]
    fn calls_without_a_number_are_each_by_themselves() {
        assert_eq!(Spread::over([0; 500].into_iter()).times_over([0; 30].into_iter()), 1.0);
        assert_eq!(Spread::over(std::iter::empty()).times_over([5; 9].into_iter()), 1.0);
    }
}
