//! What became of one method's requests, by time: how many there were, and how many of each kind.
//!
//! Buckets are aligned to the epoch, a second wide at first, joined when there are too many (10 s,
//! 1 min, 10 min, 1 h, 1 day). Only sums: parts merge to the same as the whole.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::call::Outcome;
use crate::sip::StatusCode;
use crate::stats::rising::Rising;
use crate::time::{Nanos, Timestamp};

/// Buckets kept before they are joined: more than an hour of seconds.
const MAX_BUCKETS: usize = 4096;
/// Widths of buckets in seconds.
const WIDTHS: [i64; 6] = [1, 10, 60, 600, 3_600, 86_400];
/// The least delay that is told apart, in milliseconds; below it, all is one.
const LEAST_DELAY_MS: f64 = 4.0;
/// Delay steps: halves of an octave, up to more than an hour.
const DELAY_STEPS: u16 = 40;

/// What can happen to a request that somebody wants to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Cell(u16);

impl Cell {
    /// No response of any kind.
    pub(super) const SILENT: Self = Self(0);
    /// Responses, but no final.
    pub(super) const NO_FINAL: Self = Self(1);
    /// It was answered, but had to be sent again.
    pub(super) const RESENT: Self = Self(2);
    /// Its final was sent again.
    pub(super) const REPEATED: Self = Self(3);
    const OUTCOMES: u16 = 800;
    const DELAYS: u16 = 1000;

    /// It failed with `status`.
    pub(super) fn code(status: StatusCode) -> Self {
        Self(status.get())
    }

    /// The code that it failed with.
    pub(super) fn status(self) -> Option<StatusCode> {
        StatusCode::new(self.0).filter(|_| self.0 < Self::OUTCOMES)
    }

    /// The attempt ended so.
    pub(super) fn ended(outcome: Outcome) -> Self {
        Self(Self::OUTCOMES + outcome as u16)
    }

    /// How the attempt ended.
    pub(super) fn outcome(self) -> Option<Outcome> {
        Outcome::ALL.get(usize::from(self.0.checked_sub(Self::OUTCOMES)?)).copied()
    }

    /// It took `delay`.
    pub(super) fn delay(delay: Nanos) -> Self {
        let ms = delay.as_nanos().max(0) as f64 / 1e6;
        let step = if ms < LEAST_DELAY_MS { 0.0 } else { 1.0 + (ms / LEAST_DELAY_MS).log2() * 2.0 };
        Self(Self::DELAYS + (step as u16).min(DELAY_STEPS))
    }

    /// Which step of delay it is.
    pub(super) fn delay_step(self) -> Option<u16> {
        self.0.checked_sub(Self::DELAYS)
    }

    /// The least delay of a step.
    pub(super) fn least_delay(step: u16) -> Nanos {
        if step == 0 {
            return Nanos::ZERO;
        }
        let ms = LEAST_DELAY_MS * (f64::from(step - 1) / 2.0).exp2();
        Nanos::from_nanos((ms * 1e6) as i64)
    }
}

/// One bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bucket {
    /// Requests that began in it.
    pub(super) begun: u32,
    /// Those that were over by the end: answered, failed or given up.
    pub(super) over: u32,
    /// How many of each kind, in order.
    cells: SmallVec<[(Cell, u32); 3]>,
}

impl Bucket {
    pub(super) fn count(&mut self, cell: Cell, n: u32) {
        match self.cells.binary_search_by_key(&cell, |(c, _)| *c) {
            Ok(i) => self.cells[i].1 = self.cells[i].1.saturating_add(n),
            Err(i) => self.cells.insert(i, (cell, n)),
        }
    }

    pub(super) fn of(&self, cell: Cell) -> u32 {
        self.cells.binary_search_by_key(&cell, |(c, _)| *c).map_or(0, |i| self.cells[i].1)
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = (Cell, u32)> + '_ {
        self.cells.iter().copied()
    }

    fn add(&mut self, other: Self) {
        self.begun = self.begun.saturating_add(other.begun);
        self.over = self.over.saturating_add(other.over);
        other.cells.iter().for_each(|(cell, n)| self.count(*cell, *n));
    }
}

/// One method's requests by time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(into = "Saved", try_from = "Saved")]
pub(super) struct Cells {
    width: usize,
    buckets: Rising<Bucket>,
}

impl Cells {
    /// The bucket of `at`.
    pub(super) fn at(&mut self, at: Timestamp) -> &mut Bucket {
        let second = at.as_nanos().div_euclid(1_000_000_000);
        while self.buckets.len() >= MAX_BUCKETS
            && self.width + 1 < WIDTHS.len()
            && !self.buckets.has(second.div_euclid(self.seconds()))
        {
            self.widen();
        }
        self.buckets.at(second.div_euclid(self.seconds()))
    }

    /// Adds what `other` counted. The width is the one that all of it needs, in any order of adding.
    pub(super) fn merge(&mut self, mut other: Self) {
        while other.width < self.width {
            other.widen();
        }
        while self.width < other.width {
            self.widen();
        }
        self.buckets.merge(other.buckets, Bucket::add);
        while self.buckets.len() > MAX_BUCKETS && self.width + 1 < WIDTHS.len() {
            self.widen();
        }
    }

    /// Buckets with something in them, by start.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Timestamp, &Bucket)> {
        self.buckets.iter().map(|(k, b)| (self.start(k), b))
    }

    /// Length of a bucket.
    pub(super) fn width(&self) -> Nanos {
        Nanos::from_secs(self.seconds())
    }

    fn seconds(&self) -> i64 {
        WIDTHS.get(self.width).copied().unwrap_or(86_400)
    }

    fn start(&self, bucket: i64) -> Timestamp {
        Timestamp::from_wide_nanos(i128::from(bucket) * i128::from(self.seconds()) * 1_000_000_000)
    }

    fn widen(&mut self) {
        if self.width + 1 >= WIDTHS.len() {
            return;
        }
        let before = self.seconds();
        self.width += 1;
        let factor = self.seconds() / before;
        self.buckets.widen(factor, Bucket::add);
    }
}

/// The same in a saved summary.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    seconds: i64,
    buckets: Vec<(Timestamp, Bucket)>,
}

impl From<Cells> for Saved {
    fn from(cells: Cells) -> Self {
        let buckets = cells.iter().map(|(at, b)| (at, b.clone())).collect();
        Self { seconds: cells.seconds(), buckets }
    }
}

impl TryFrom<Saved> for Cells {
    type Error = &'static str;

    fn try_from(saved: Saved) -> Result<Self, Self::Error> {
        let width = WIDTHS.iter().position(|w| *w == saved.seconds).ok_or("no such width of buckets")?;
        let mut cells = Self { width, buckets: Rising::default() };
        for (at, mut bucket) in saved.buckets {
            bucket.cells.sort_unstable();
            cells.at(at).add(bucket);
        }
        Ok(cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_fall_into_steps_of_half_an_octave() {
        let step = |ms| Cell::delay(Nanos::from_millis(ms)).delay_step().unwrap();
        assert_eq!([0, 3, 4, 5, 6, 8].map(step), [0, 0, 1, 1, 2, 3]);
        assert_eq!(step(i64::MAX / 1_000_000), DELAY_STEPS);
        for s in 1..DELAY_STEPS {
            let ms = Cell::least_delay(s).as_nanos() / 1_000_000;
            assert_eq!(step(ms + 1), s, "{ms}");
        }
        assert_eq!(Cell::code(StatusCode::new(503).unwrap()).status().map(|s| s.get()), Some(503));
        assert_eq!((Cell::RESENT.status(), Cell::RESENT.delay_step()), (None, None));
        assert_eq!(Cell::delay(Nanos::ZERO).status(), None);
        for outcome in Outcome::ALL {
            let cell = Cell::ended(*outcome);
            assert_eq!((cell.outcome(), cell.status(), cell.delay_step()), (Some(*outcome), None, None));
        }
        assert_eq!(Cell::delay(Nanos::ZERO).outcome(), None);
    }

    #[test]
    fn parts_merge_to_the_whole_though_the_whole_needs_wider_buckets() {
        let at = |s: i64| Timestamp::from_nanos(s * 1_000_000_000);
        let mut parts = [Cells::default(), Cells::default()];
        let mut whole = Cells::default();
        for i in 0..MAX_BUCKETS as i64 + 7 {
            for cells in [&mut parts[i as usize % 2], &mut whole] {
                let bucket = cells.at(at(i));
                bucket.begun += 1;
                bucket.count(Cell::SILENT, 1);
            }
        }
        let [mut a, b] = parts;
        a.merge(b);
        assert_eq!(a.seconds(), 10);
        assert!(a.buckets.iter().eq(whole.buckets.iter()));
        assert_eq!(whole.iter().map(|(_, b)| b.of(Cell::SILENT)).sum::<u32>(), MAX_BUCKETS as u32 + 7);
    }
}
