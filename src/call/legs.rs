//! The legs of one attempt, ordered up- and downstream.
//!
//! In: exchanges. Out: which legs are reference legs (downstream of none), in which rounds they
//! were tried, and which lie behind which. Verdicts are made elsewhere.

use std::cmp::Reverse;

use smallvec::{SmallVec, smallvec};

use crate::time::Nanos;
use crate::transaction::{Exchange, Leg, is_downstream, lists};

/// Legs of one attempt that are kept, the last of them; the tables before this one hold fewer.
const MAX_LEGS: usize = 16_384;
/// Legs are compared with so many that began before them, and after: what lies behind a leg begins
/// while it is tried. Keeps the work linear where a dialler tries for hours under one Call-ID.
const NEAR: usize = 64;
/// Taps' clocks may differ by this much.
const SKEW: Nanos = Nanos::from_secs(1);

/// Reference legs by round.
pub(super) type Rounds<'a> = SmallVec<[SmallVec<[&'a Leg; 2]>; 2]>;

/// The legs of one attempt.
pub(super) struct Legs<'a> {
    /// All of them, by start of their exchange, then by their own.
    pub(super) all: SmallVec<[&'a Leg; 4]>,
    /// Exchange number of each.
    exchange: SmallVec<[usize; 4]>,
    /// Whether each is a reference leg.
    reference: SmallVec<[bool; 4]>,
}

impl<'a> Legs<'a> {
    /// Orders the legs of `exchanges`, which are sorted by start.
    pub(super) fn of(exchanges: &[&'a Exchange]) -> Self {
        if let [exchange] = exchanges
            && let [leg] = exchange.legs.as_slice()
        {
            return Self { all: smallvec![leg], exchange: smallvec![0], reference: smallvec![true] };
        }
        let mut legs: SmallVec<[(usize, &Leg); 4]> =
            exchanges.iter().enumerate().flat_map(|(i, e)| e.legs.iter().map(move |l| (i, l))).collect();
        legs.sort_by_key(|(e, leg)| (*e, leg.began()));
        legs.drain(..legs.len().saturating_sub(MAX_LEGS));
        let all: SmallVec<[&Leg; 4]> = legs.iter().map(|(_, l)| *l).collect();
        let exchange = legs.iter().map(|(e, _)| *e).collect();
        let reference = reference_legs(&all);
        Self { all, exchange, reference }
    }

    /// Reference legs, in order.
    pub(super) fn references(&self) -> impl Iterator<Item = &'a Leg> + '_ {
        self.numbers().map(|i| self.all[i])
    }

    /// Reference legs with their exchange's number, in order.
    pub(super) fn numbered_references(&self) -> impl Iterator<Item = (usize, &'a Leg)> + '_ {
        self.numbers().map(|i| (self.exchange[i], self.all[i]))
    }

    /// Legs that are not reference legs.
    pub(super) fn downstream(&self) -> impl Iterator<Item = &'a Leg> + '_ {
        self.all.iter().zip(&self.reference).filter(|(_, r)| !**r).map(|(l, _)| *l)
    }

    /// Legs that are no reference legs, with none behind them; each with its exchange's number.
    pub(super) fn last(&self) -> impl Iterator<Item = (usize, &'a Leg)> + '_ {
        let is_last =
            |i: &usize| !self.reference[*i] && !near(&self.all, *i).any(|(_, l)| caused_by(l, self.all[*i]));
        (0..self.all.len()).filter(is_last).map(|i| (self.exchange[i], self.all[i]))
    }

    /// The reference legs in rounds: another exchange, or a leg that starts when all earlier ones
    /// have ended or been given up, opens a new round.
    pub(super) fn rounds(&self) -> Rounds<'a> {
        let mut rounds = Rounds::new();
        let mut last = None;
        for i in self.numbers() {
            let leg = self.all[i];
            let same = last == Some(self.exchange[i])
                && rounds.last().is_some_and(|round| round.iter().any(|l| l.was_awaited_at(leg.started)));
            last = Some(self.exchange[i]);
            match rounds.last_mut() {
                Some(round) if same => round.push(leg),
                _ => rounds.push(SmallVec::from_elem(leg, 1)),
            }
        }
        rounds
    }

    /// The exchange number of the leg with T-key `key`.
    pub(super) fn exchange_of(&self, key: u64) -> Option<usize> {
        self.all.iter().position(|l| l.key == key).map(|i| self.exchange[i])
    }

    /// Legs of exchange number `exchange`.
    pub(super) fn in_exchange(&self, exchange: usize) -> impl Iterator<Item = &'a Leg> + '_ {
        self.all.iter().zip(&self.exchange).filter(move |(_, e)| **e == exchange).map(|(l, _)| *l)
    }

    /// Whether leg number `i`'s counted final is *inner*: some leg upstream of it ended with
    /// another code.
    pub(super) fn is_inner(&self, i: usize) -> bool {
        let leg = self.all[i];
        let Some(end) = leg.ended else { return false };
        end.counted
            && near(&self.all, i)
                .any(|(_, up)| up.ended.is_some_and(|f| f.status != end.status) && caused_by(leg, up))
    }

    /// Legs downstream of leg number `i` with no other leg between.
    pub(super) fn directly_below(&self, i: usize) -> SmallVec<[&'a Leg; 4]> {
        let below: SmallVec<[&Leg; 4]> =
            near(&self.all, i).map(|(_, l)| l).filter(|l| caused_by(l, self.all[i])).collect();
        let between = |l: &Leg| below.iter().any(|m| !std::ptr::eq(*m, l) && is_downstream(l, m));
        below.iter().copied().filter(|l| !between(l)).collect()
    }

    fn numbers(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.all.len()).filter(|i| self.reference[*i])
    }
}

/// The other legs that leg number `i` is compared with.
fn near<'a, 'l>(all: &'l [&'a Leg], i: usize) -> impl Iterator<Item = (usize, &'a Leg)> + use<'a, 'l> {
    let from = i.saturating_sub(NEAR);
    let to = all.len().min(i.saturating_add(NEAR + 1));
    (from..to).filter(move |n| *n != i).map(|n| (n, all[n]))
}

/// Whether `b` was caused by `a`: downstream of it, and begun while it was open.
pub(super) fn caused_by(b: &Leg, a: &Leg) -> bool {
    is_downstream(b, a)
        && (lists(b, a)
            || a.was_open_at(b.started)
            || a.was_open_at(b.started - SKEW)
            || a.was_open_at(b.started + SKEW))
}

/// The leg whose final decides among `legs` (RFC 3261 16.7 step 6): 482 (merged fork) only if
/// there is no other; 6xx first, then the lowest class, within it 401, 407, 415, 420, 484 first,
/// then the latest.
pub(super) fn deciding<'a>(legs: impl Iterator<Item = &'a Leg>) -> Option<&'a Leg> {
    let rank = |leg: &&Leg| {
        let end = leg.ended?;
        let (code, class) = (end.status.get(), end.status.class());
        let class = if class == 6 { 0 } else { class };
        let negotiation = matches!(code, 401 | 407 | 415 | 420 | 484);
        Some((code == 482, class, !negotiation, Reverse((end.at, leg.order))))
    };
    legs.filter_map(|leg| Some((rank(&leg)?, leg))).min_by_key(|(r, _)| *r).map(|(_, leg)| leg)
}

fn reference_legs(all: &[&Leg]) -> SmallVec<[bool; 4]> {
    let requested = all.iter().any(|l| l.requested.is_some());
    let named = || (0..all.len()).any(|i| near(all, i).any(|(_, l)| lists(l, all[i])));
    if requested || named() {
        let behind = |i: usize| near(all, i).any(|(_, up)| is_downstream(all[i], up));
        return (0..all.len()).map(|i| !behind(i)).collect();
    }
    // Replies only, and no list names another's top: the least Via depth is next to the caller.
    let least = all.iter().map(|l| l.depth).filter(|d| *d > 0).min().unwrap_or(0);
    all.iter().map(|l| l.depth == least).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::fixture::{ended, leg, ms};

    const A: &str = "10.0.0.1:5060";
    const B: &str = "10.0.0.3:5060";

    #[test]
    fn the_deciding_leg_is_that_of_16_7() {
        let of = |codes: &[u16]| {
            let legs: Vec<Leg> =
                codes.iter().zip(1..).map(|(c, i)| ended(leg(A, B, &[(1, i)], 0), *c, i as i64)).collect();
            deciding(legs.iter()).and_then(Leg::code)
        };
        for (codes, expected) in [
            (&[404, 603, 302][..], 603),
            (&[503, 404], 404),
            (&[486, 302], 302),
            (&[486, 407], 407),
            (&[480, 486], 486),
            (&[482, 503], 503),
            (&[482], 482),
        ] {
            assert_eq!(of(codes), Some(expected), "{codes:?}");
        }
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn a_leg_that_starts_when_all_have_ended_opens_a_round() {
        let legs = [
            ended(leg(A, B, &[(1, 1)], 0), 503, 10),
            ended(leg(A, B, &[(1, 2)], 5), 503, 20),
            leg(A, B, &[(1, 3)], 30),
        ];
        let mut x = crate::transaction::fixture::with_message(
            &[
                "INVITE sip:b@h SIP/2.0",
                "Via: SIP/2.0/UDP h",
                "CSeq: 1 INVITE",
                "Call-ID: c",
                "From: <sip:a@h>",
            ],
            |m| Exchange::new(&crate::transaction::Keys::of(m).unwrap(), m, ms(0)),
        );
        x.legs = legs.into_iter().collect();
        let rounds = Legs::of(&[&x]).rounds().iter().map(|r| r.len()).collect::<Vec<_>>();
        assert_eq!(rounds, [2, 1]);
    }
}
