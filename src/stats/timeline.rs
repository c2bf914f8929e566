//! What happened when, in buckets (`--interval`).
//!
//! Buckets are aligned to the epoch. When there are too many, tens are joined to one. Only sums: parts
//! merge to the same as the whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::call::{Attempt, Outcome, Place, Session, Tried};
use crate::sip::{Message, Start, StatusCode};
use crate::stats::attempts::most_first;
use crate::stats::histogram::Histogram;
use crate::stats::messages::method_name;
use crate::stats::serial::pairs;
use crate::stats::summary::{TimeBucket, Timeline};
use crate::stats::tally::add_counts;
use crate::time::{Nanos, Timestamp};
use crate::transaction::{Bin, MethodKey};

/// Buckets kept before tens of them are joined.
const MAX_BUCKETS: usize = 4096;
/// Buckets of an interval that nobody chose.
const ENOUGH: i64 = 60;
/// Lengths of such an interval in seconds.
const STEPS: [i64; 15] = [1, 10, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];

/// Sums by time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Times {
    /// Length of a bucket in nanoseconds; none: nobody asked.
    width: Option<Nanos>,
    widened: bool,
    /// Calls that were up at the beginning.
    before: u64,
    #[serde(with = "pairs")]
    buckets: BTreeMap<Timestamp, Sums>,
}

/// One bucket, under its start.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sums {
    pub(super) requests: u64,
    pub(super) responses: u64,
    pub(super) retransmissions: u64,
    pub(super) finals: u64,
    pub(super) failures: u64,
    #[serde(with = "pairs")]
    pub(super) codes: BTreeMap<(MethodKey, StatusCode), u64>,
    pub(super) attempts: u64,
    #[serde(with = "pairs")]
    pub(super) outcomes: BTreeMap<Outcome, u64>,
    pub(super) bids: u64,
    pub(super) answered: u64,
    pub(super) unanswered: u64,
    pub(super) up: u64,
    pub(super) down: u64,
    pub(super) pdd: Histogram,
}

impl Times {
    /// Buckets of `interval`; `Some(0)` for one that fits the capture, `None` for no buckets at all.
    pub(super) fn new(interval: Option<Nanos>) -> Self {
        let second = Nanos::from_secs(1);
        Self { width: interval.map(|i| if i == Nanos::ZERO { second } else { i }), ..Self::default() }
    }

    /// Somebody asked for buckets.
    pub(super) fn are_wanted(&self) -> bool {
        self.width.is_some()
    }

    /// The bucket of `at`, if anybody asked.
    pub(super) fn at(&mut self, at: Timestamp) -> Option<&mut Sums> {
        let mut start = floor(at, self.width?);
        while self.buckets.len() >= MAX_BUCKETS && !self.buckets.contains_key(&start) {
            self.widen(10);
            start = floor(at, self.width?);
        }
        Some(self.buckets.entry(start).or_default())
    }

    /// One message.
    pub(super) fn message(&mut self, message: &Message<'_>, at: Timestamp, bin: Bin, alive: bool) {
        let Some(sums) = self.at(at) else { return };
        match (bin, message.start) {
            (Bin::First, Start::Request { .. }) => sums.requests += 1,
            (Bin::First, Start::Response { status, .. }) => {
                sums.responses += 1;
                if status.is_final() && !status.is_challenge() {
                    sums.finals += 1;
                    if status.class() >= 4 && !alive {
                        sums.failures += 1;
                        let method =
                            message.cseq.as_ref().map_or(MethodKey::UNKNOWN, |c| MethodKey::of(c.method));
                        let method = if method.index().is_some() { method } else { MethodKey::OTHER };
                        *sums.codes.entry((method, status)).or_default() += 1;
                    }
                }
            }
            (Bin::Retransmission, _) => sums.retransmissions += 1,
            _ => {}
        }
    }

    /// One try: of INVITE a bid if it is over.
    pub(super) fn tried(&mut self, t: &Tried<'_>) {
        if t.place != Place::Reference || !t.over {
            return;
        }
        let Some(sums) = self.at(t.started) else { return };
        sums.unanswered += u64::from(t.status.is_none());
        if t.method == MethodKey::INVITE {
            sums.bids += 1;
            sums.answered += u64::from(t.status.is_some_and(StatusCode::is_success));
        }
    }

    /// One attempt.
    pub(super) fn attempt(&mut self, a: &Attempt) {
        let Some(sums) = self.at(a.started) else { return };
        sums.attempts += 1;
        *sums.outcomes.entry(a.outcome).or_default() += 1;
        if let Some(pdd) = a.delays.pdd {
            sums.pdd.record(pdd);
        }
    }

    /// A call was answered.
    pub(super) fn answered(&mut self, at: Timestamp) {
        if let Some(sums) = self.at(at) {
            sums.up += 1;
        }
    }

    /// A call ended, or is still up.
    pub(super) fn session(&mut self, session: &Session) {
        let Some(at) = session.ended else { return };
        if let Some(sums) = self.at(at) {
            sums.down += 1;
            self.before += u64::from(session.started.is_none());
        }
    }

    /// Adds what `other` counted.
    pub(super) fn merge(&mut self, mut other: Self) {
        let (Some(ours), Some(theirs)) = (self.width, other.width) else { return };
        let factor = |a: Nanos, b: Nanos| a.as_nanos() / b.as_nanos().max(1);
        if ours > theirs {
            other.widen(factor(ours, theirs));
        } else if theirs > ours {
            self.widen(factor(theirs, ours));
        }
        self.widened |= other.widened;
        self.before += other.before;
        for (start, sums) in other.buckets {
            self.buckets.entry(start).or_default().add(sums);
        }
        while self.buckets.len() > MAX_BUCKETS {
            self.widen(10);
        }
    }

    /// The finished timeline; `None` if nobody asked. `fits`: of an interval that suits.
    pub(super) fn finish(&self, fits: bool) -> Option<Timeline> {
        let mut whole = self.clone();
        let mut width = whole.width?;
        let first = whole.buckets.first_key_value().map(|(a, _)| *a)?;
        let last = whole.buckets.last_key_value().map(|(b, _)| *b)?;
        if fits {
            let second = 1_000_000_000;
            let (length, now) = ((last - first).as_nanos() / second, (width.as_nanos() / second).max(1));
            let step = STEPS.iter().find(|s| **s % now == 0 && length / **s < ENOUGH);
            whole.widen(step.copied().unwrap_or(now * 10) / now);
            width = whole.width?;
        }
        let mut up = self.before;
        let mut buckets: Vec<TimeBucket> = Vec::new();
        for (start, sums) in &whole.buckets {
            while let Some(next) = buckets.last().map(|b| b.start + width)
                && next < *start
                && buckets.len() < 2 * MAX_BUCKETS
            {
                buckets.push(TimeBucket { start: next, calls_up: up, ..TimeBucket::default() });
            }
            up = (up + sums.up).saturating_sub(sums.down);
            buckets.push(sums.finish(*start, up));
        }
        Some(Timeline { interval: width, widened: !fits && whole.widened, buckets })
    }

    fn widen(&mut self, factor: i64) {
        let Some(width) = self.width.filter(|_| factor > 1) else { return };
        let width = Nanos::from_nanos(width.as_nanos().saturating_mul(factor));
        (self.width, self.widened) = (Some(width), true);
        for (start, sums) in std::mem::take(&mut self.buckets) {
            self.buckets.entry(floor(start, width)).or_default().add(sums);
        }
    }
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.responses += other.responses;
        self.retransmissions += other.retransmissions;
        self.finals += other.finals;
        self.failures += other.failures;
        add_counts(&mut self.codes, other.codes);
        self.attempts += other.attempts;
        add_counts(&mut self.outcomes, other.outcomes);
        self.bids += other.bids;
        self.answered += other.answered;
        self.unanswered += other.unanswered;
        self.up += other.up;
        self.down += other.down;
        self.pdd.merge(other.pdd);
    }

    fn finish(&self, start: Timestamp, calls_up: u64) -> TimeBucket {
        TimeBucket {
            start,
            requests: self.requests,
            responses: self.responses,
            retransmissions: self.retransmissions,
            finals: self.finals,
            failures: self.failures,
            codes: most_first(&self.codes).into_iter().map(|((m, s), n)| (method_name(m), s, n)).collect(),
            attempts: self.attempts,
            outcomes: self.outcomes.iter().map(|(o, n)| (*o, *n)).collect(),
            bids: self.bids,
            answered: self.answered,
            unanswered: self.unanswered,
            calls_up,
            pdd: self.pdd.stats(),
        }
    }
}

/// The start of the bucket of `at`.
fn floor(at: Timestamp, width: Nanos) -> Timestamp {
    let width = width.as_nanos().max(1);
    Timestamp::from_wide_nanos(i128::from(at.as_nanos().div_euclid(width)) * i128::from(width))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(n: i64) -> Timestamp {
        Timestamp::from_nanos(n * 1_000_000_000)
    }

    #[test]
    fn parts_merge_to_the_whole_and_gaps_are_filled() {
        let new = || Times::new(Some(Nanos::from_secs(10)));
        let (mut whole, mut parts) = (new(), [new(), new()]);
        for (i, at) in [3, 12, 14, 47].into_iter().enumerate() {
            for times in [&mut whole, &mut parts[i % 2]] {
                let sums = times.at(s(at)).unwrap();
                sums.attempts += 1;
                sums.up += 1;
            }
        }
        whole.at(s(15)).unwrap().down += 1;
        parts[0].at(s(15)).unwrap().down += 1;
        let [mut a, b] = parts;
        a.merge(b);
        (a.before, whole.before) = (2, 2);
        let rows = |t: &Times| {
            let t = t.finish(false).unwrap();
            t.buckets.iter().map(|b| (b.start, b.attempts, b.calls_up)).collect::<Vec<_>>()
        };
        assert_eq!(rows(&a), rows(&whole));
        let expected = [(0, 1, 3), (10, 2, 4), (20, 0, 4), (30, 0, 4), (40, 1, 5)];
        assert_eq!(rows(&a), expected.map(|(t, n, up)| (s(t), n, up)));
    }

    #[test]
    fn buckets_are_bounded_and_an_interval_that_fits_is_found() {
        let mut t = Times::new(Some(Nanos::ZERO));
        for i in 0..MAX_BUCKETS as i64 + 9 {
            t.at(s(i)).unwrap().requests += 1;
        }
        assert_eq!((t.width, t.widened), (Some(Nanos::from_secs(10)), true));
        let fitting = t.finish(true).unwrap();
        assert_eq!(fitting.interval, Nanos::from_secs(120));
        assert_eq!(fitting.buckets.iter().map(|b| b.requests).sum::<u64>(), MAX_BUCKETS as u64 + 9);
        assert!(Times::new(None).at(s(1)).is_none() && Times::new(None).finish(true).is_none());
    }
}
