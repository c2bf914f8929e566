//! How long requests take to end in each way: which of them are too young to be judged.
//!
//! A request counts where it began. Near the end of a capture those that are refused at once have
//! their answer, and those that will ring out have not: a slow end looks rare there, though nothing
//! changed. So each way to end is judged by requests only that were old enough for it when the capture
//! ended. Where only responses were captured it is the same at the start: a call that began before
//! shows its last response alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cells::Cell;
use super::{Kind, Population};
use crate::call::Tried;
use crate::stats::serial::pairs;
use crate::time::{Nanos, Timestamp};

/// When an INVITE without any response is given up (Timer B, RFC 3261 17.1.1.2).
const SILENCE: Nanos = Nanos::from_secs(32);
/// When one that rang is (Timer C, RFC 3261 16.6), with half a minute of ringing before.
const NO_FINAL: Nanos = Nanos::from_secs(212);

/// A silence of the whole capture that is none by chance, at least.
const LEAST_PAUSE: Nanos = Nanos::from_secs(10);

/// Of each way to end, how many took how long, in the steps of [`Cell::delay`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Ages(#[serde(with = "pairs")] BTreeMap<(Cell, u16), u64>);

impl Ages {
    /// A request ended as `cell` says.
    pub(super) fn note(&mut self, cell: Cell, t: &Tried<'_>) {
        let took = match t.ended {
            Some(at) => at - t.started,
            None if t.replied => NO_FINAL,
            None => SILENCE,
        };
        if let Some(step) = Cell::delay(took).delay_step() {
            *self.0.entry((cell, step)).or_default() += 1;
        }
    }

    /// Adds what `other` counted.
    pub(super) fn merge(&mut self, other: Self) {
        for (key, n) in other.0 {
            *self.0.entry(key).or_default() += n;
        }
    }

    /// The age by which all but one in a hundred of those that end so have done it.
    fn of(&self, cell: Cell) -> Nanos {
        ripe(self.0.range((cell, 0)..=(cell, u16::MAX)).map(|((_, step), n)| (*step, *n)))
    }
}

/// The age by which all but one in a hundred were over, of so many by step.
fn ripe(steps: impl Iterator<Item = (u16, u64)> + Clone) -> Nanos {
    let all: u64 = steps.clone().map(|(_, n)| n).sum();
    let mut sum = 0;
    steps
        .clone()
        .find(|(_, n)| {
            sum += n;
            all > 0 && sum * 100 >= all * 99
        })
        .map_or(Nanos::ZERO, |(step, _)| Cell::least_delay(step.saturating_add(1)))
}

/// From when until when requests must have begun to be judged by `cells`, in a capture from `span.0` to
/// `span.1`. No cells: by their delays.
pub(super) fn judged(
    kind: Kind,
    population: &Population,
    cells: &[Cell],
    span: (Timestamp, Timestamp),
) -> (Timestamp, Timestamp) {
    let age = if cells.is_empty() {
        let mut steps: BTreeMap<u16, u64> = BTreeMap::new();
        for (_, bucket) in population.cells.iter() {
            for (cell, n) in bucket.cells() {
                if let Some(step) = cell.delay_step() {
                    *steps.entry(step).or_default() += u64::from(n);
                }
            }
        }
        ripe(steps.iter().map(|(step, n)| (*step, *n)))
    } else {
        cells.iter().map(|c| population.ages.of(*c)).max().unwrap_or(Nanos::ZERO)
    };
    let from = if kind.requested { Timestamp::MIN } else { span.0 + age };
    (from, span.1 - age)
}

/// Times in which nothing began, of no kind, though it used to all the time: the capture paused, or part
/// of it is missing. For each the start of the last bucket before and of the first one after.
pub(super) fn pauses<'a>(kinds: impl Iterator<Item = &'a Population>) -> Vec<(Timestamp, Timestamp)> {
    let (mut width, mut starts) = (Nanos::ZERO, Vec::new());
    for population in kinds {
        width = width.max(population.cells.width());
        starts.extend(population.cells.iter().filter(|(_, b)| b.begun > 0).map(|(at, _)| at));
    }
    starts.sort_unstable();
    starts.dedup();
    let steps = || starts.windows(2).map(|w| w[1] - w[0]);
    let mut lengths: Vec<Nanos> = steps().collect();
    lengths.sort_unstable();
    // Longer than nine in ten steps are, by far.
    let usual = lengths.get(lengths.len() * 9 / 10).copied().unwrap_or(Nanos::ZERO).max(width);
    let long = LEAST_PAUSE.max(Nanos::from_nanos(usual.as_nanos().saturating_mul(6)));
    starts.windows(2).filter(|w| w[1] - w[0] > long).map(|w| (w[0], w[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_that_of_all_but_one_in_a_hundred() {
        let ms = |ms: i64| Cell::delay(Nanos::from_millis(ms)).delay_step().unwrap();
        assert_eq!(ripe([].into_iter()), Nanos::ZERO);
        let steps = [(ms(30), 990), (ms(30_000), 10)];
        assert!(ripe(steps.into_iter()) < Nanos::from_millis(60));
        let steps = [(ms(30), 980), (ms(30_000), 20)];
        let age = ripe(steps.into_iter());
        assert!((Nanos::from_secs(30)..Nanos::from_secs(33)).contains(&age), "{age:?}");
        // A saved summary may name any step.
        assert!(ripe([(u16::MAX, 1)].into_iter()) > Nanos::from_secs(3_600));
    }
}
