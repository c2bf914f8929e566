//! Both sides of a B2BUA under two Call-IDs: noticed, never joined.
//!
//! Nothing in RFC 3261 ties the two calls, so figures count both sides. What gives a B2BUA away is
//! that the numbers which arrive at a host leave it again within two seconds under another
//! Call-ID, or leave another host that is its other side. Watched on a sample of numbers, those with
//! the least hashes: the same in every shard, so that samples can be merged.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::net::IpAddr;

use serde::{Deserialize, Deserializer, Serialize};
use smallvec::SmallVec;

use crate::call::Attempt;
use crate::hash::{Mix, Secret};
use crate::rename::Rename;
use crate::stats::serial::{Hex, pairs, too_many};
use crate::time::{Nanos, Timestamp};

/// Numbers in the sample.
const SAMPLE: usize = 1024;
/// Calls of one number that are compared.
const MAX_CALLS: usize = 64;
/// Hosts whose attempts are counted: those with the least hashes.
const MAX_HOSTS: usize = 4096;
/// Attempts that a host must have on each side.
const ENOUGH: u64 = 50;
/// Numbers that two hosts must have in common to be the sides of one: a number that is called all the time
/// meets calls to itself everywhere.
const NUMBERS: usize = 12;
/// A call that goes on leaves within this.
pub(super) const SOON: Nanos = Nanos::from_secs(2);

/// One attempt of a sampled number: when, and the ends of its reference leg.
type Passage = (Timestamp, IpAddr, IpAddr);

/// Who called through whom.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Crossings {
    #[serde(serialize_with = "pairs::serialize", deserialize_with = "hosts")]
    hosts: HashMap<IpAddr, (u64, u64), Secret>,
    #[serde(serialize_with = "pairs::serialize", deserialize_with = "numbers")]
    numbers: BTreeMap<Hex, SmallVec<[Passage; 2]>>,
}

fn hosts<'de, D: Deserializer<'de>>(from: D) -> Result<HashMap<IpAddr, (u64, u64), Secret>, D::Error> {
    pairs::bounded(from, 2 * MAX_HOSTS)
}

type Numbers = BTreeMap<Hex, SmallVec<[Passage; 2]>>;

fn numbers<'de, D: Deserializer<'de>>(from: D) -> Result<Numbers, D::Error> {
    let numbers: Numbers = pairs::deserialize(from)?;
    match numbers.values().map(SmallVec::len).max() {
        Some(calls) if calls > MAX_CALLS => Err(too_many(calls, MAX_CALLS)),
        _ if numbers.len() > SAMPLE => Err(too_many(numbers.len(), SAMPLE)),
        _ => Ok(numbers),
    }
}

/// A host with attempts on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Suspect {
    pub(super) host: IpAddr,
    /// The address that calls leave, if that is another one.
    pub(super) other: Option<IpAddr>,
    pub(super) arrived: u64,
    pub(super) left: u64,
}

/// Keeps the first calls by time and ends, in order.
fn keep_first(calls: &mut SmallVec<[Passage; 2]>, call: Passage) {
    let at = calls.partition_point(|c| *c <= call);
    if at < MAX_CALLS {
        calls.truncate(MAX_CALLS - 1);
        calls.insert(at, call);
    }
}

impl Crossings {
    pub(super) fn note(&mut self, attempt: &Attempt) {
        self.passage(attempt.started, attempt.flow.source.ip, attempt.flow.destination.ip, attempt.called);
    }

    /// A call to `number` passed from one host to another.
    fn passage(&mut self, at: Timestamp, from: IpAddr, to: IpAddr, number: Option<u64>) {
        if from == to {
            return;
        }
        for (host, arrives) in [(to, true), (from, false)] {
            let sides = self.hosts.entry(host).or_default();
            if arrives { sides.0 += 1 } else { sides.1 += 1 }
        }
        if self.hosts.len() > 2 * MAX_HOSTS {
            self.keep_hosts();
        }
        let Some(number) = number else { return };
        if self.numbers.len() >= SAMPLE && self.numbers.last_key_value().is_some_and(|(n, _)| n.0 < number) {
            return;
        }
        keep_first(self.numbers.entry(Hex(number)).or_default(), (at, from, to));
        if self.numbers.len() > SAMPLE {
            self.numbers.pop_last();
        }
    }

    /// Adds what `other` saw.
    pub(super) fn merge(&mut self, other: Self) {
        if self.hosts.is_empty() && self.numbers.is_empty() {
            *self = other;
            self.keep_hosts();
            return;
        }
        for (host, (arrived, left)) in other.hosts {
            let sides = self.hosts.entry(host).or_default();
            *sides = (sides.0 + arrived, sides.1 + left);
        }
        self.keep_hosts();
        for (number, calls) in other.numbers {
            let ours = self.numbers.entry(number).or_default();
            calls.into_iter().for_each(|call| keep_first(ours, call));
        }
        while self.numbers.len() > SAMPLE {
            self.numbers.pop_last();
        }
    }

    /// Gives new names: with them other hosts and numbers have the least hashes, so that what is added
    /// to it from then on is, beyond the bounds, another sample.
    pub(super) fn rename(&mut self, to: &mut dyn Rename) {
        self.keep_hosts();
        let Self { hosts, numbers } = self;
        *hosts = std::mem::take(hosts).into_iter().map(|(ip, sides)| (to.address(ip), sides)).collect();
        for (number, calls) in std::mem::take(numbers) {
            let passages = calls.into_iter().map(|(at, from, next)| (at, to.address(from), to.address(next)));
            let mut calls: SmallVec<[Passage; 2]> = passages.collect();
            calls.sort();
            numbers.insert(Hex(to.hash(number.0)), calls);
        }
    }

    /// Lets all hosts go but those with the least hashes. One that stays in the end has never gone,
    /// so its counts are whole, in whatever order and by however many it was counted.
    fn keep_hosts(&mut self) {
        if self.hosts.len() <= MAX_HOSTS {
            return;
        }
        // Of one hash those with the least addresses: there may be any number of them.
        let rank = |h: &IpAddr| (Mix.hash_one(h), *h);
        let mut ranks: Vec<(u64, IpAddr)> = self.hosts.keys().map(rank).collect();
        let (_, limit, _) = ranks.select_nth_unstable(MAX_HOSTS - 1);
        let limit = *limit;
        self.hosts.retain(|h, _| rank(h) <= limit);
    }

    /// Hosts that look like a B2BUA, in order of address.
    pub(super) fn suspects(&self) -> Vec<Suspect> {
        let mut kept = self.clone();
        kept.keep_hosts();
        let mut suspects: Vec<Suspect> = kept
            .hosts
            .iter()
            .filter(|(_, (arrived, left))| *arrived >= ENOUGH && *left >= ENOUGH)
            .filter(|(host, _)| self.passes_on(**host))
            .map(|(host, (arrived, left))| Suspect {
                host: *host,
                other: None,
                arrived: *arrived,
                left: *left,
            })
            .collect();
        suspects.extend(self.pairs(&kept, &suspects));
        suspects.sort_by_key(|s| (s.host, s.other));
        suspects
    }

    /// Pairs of hosts that look like the two sides of one: half or more of the numbers that arrive at the
    /// first soon leave the second, for somebody else. Neither is one of `known`.
    fn pairs(&self, kept: &Self, known: &[Suspect]) -> Vec<Suspect> {
        let sides = |host: IpAddr| kept.hosts.get(&host).copied().unwrap_or_default();
        let is_known = |host: IpAddr| known.iter().any(|s| s.host == host);
        let first = |host: IpAddr| sides(host).0 >= ENOUGH && !is_known(host);
        let second = |host: IpAddr| sides(host).1 >= ENOUGH && !is_known(host);
        let mut arrived: BTreeMap<IpAddr, usize> = BTreeMap::new();
        let mut passed: BTreeMap<(IpAddr, IpAddr), usize> = BTreeMap::new();
        for calls in self.numbers.values() {
            // Each number counts once: how often it is called says nothing.
            let mut at: Vec<IpAddr> = calls.iter().map(|(_, _, to)| *to).filter(|to| first(*to)).collect();
            at.sort_unstable();
            at.dedup();
            at.iter().for_each(|host| *arrived.entry(*host).or_default() += 1);
            let mut both: Vec<(IpAddr, IpAddr)> = Vec::new();
            for (i, (t, caller, host)) in calls.iter().enumerate().filter(|(_, (_, _, to))| first(*to)) {
                // They stand in order of time.
                let next = calls.iter().skip(i + 1).take_while(|(later, _, _)| *later - *t <= SOON);
                let leaves = |c: &&Passage| c.1 != *caller && c.1 != *host && c.2 != *host && second(c.1);
                both.extend(next.filter(leaves).map(|(_, from, _)| (*host, *from)).next());
            }
            both.sort_unstable();
            both.dedup();
            both.into_iter().for_each(|pair| *passed.entry(pair).or_default() += 1);
        }
        let all = |host| arrived.get(&host).copied().unwrap_or(0);
        let halves = passed.iter().filter(|((host, _), n)| **n >= NUMBERS && **n * 2 >= all(*host));
        halves
            .map(|((host, other), _)| Suspect {
                host: *host,
                other: Some(*other),
                arrived: sides(*host).0,
                left: sides(*other).1,
            })
            .collect()
    }

    /// The host that calls both reach and leave most: of which the smaller direction is greatest.
    pub(super) fn two_way(&self) -> Option<Suspect> {
        let both = self.hosts.iter().filter(|(_, (arrived, left))| *arrived > 0 && *left > 0);
        both.max_by_key(|(host, (arrived, left))| (arrived.min(left), std::cmp::Reverse(**host))).map(
            |(host, (arrived, left))| Suspect { host: *host, other: None, arrived: *arrived, left: *left },
        )
    }

    /// Whether half or more of the sampled numbers that arrive at `host` soon leave it.
    fn passes_on(&self, host: IpAddr) -> bool {
        let (mut arrived, mut passed) = (0_u64, 0_u64);
        for calls in self.numbers.values() {
            for (at, _, _) in calls.iter().filter(|(_, _, to)| *to == host) {
                arrived += 1;
                let soon = |t: Timestamp| t - *at <= SOON && *at - t <= SOON;
                passed += u64::from(calls.iter().any(|(t, from, _)| *from == host && soon(*t)));
            }
        }
        arrived > 0 && passed * 2 >= arrived
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossings(calls: impl Iterator<Item = (i64, [u8; 2], u64)>) -> Crossings {
        let mut all = Crossings::default();
        for (ms, [from, to], number) in calls {
            let at = Timestamp::from_nanos(ms * 1_000_000);
            all.passage(at, [10, 0, 0, from].into(), [10, 0, 0, to].into(), Some(number));
        }
        all
    }

    #[test]
    fn a_host_that_passes_numbers_on_is_suspected() {
        let both = (0..60).flat_map(|i| [(i * 100, [1, 5], i as u64), (i * 100 + 20, [5, 9], i as u64)]);
        let host = [10, 0, 0, 5].into();
        assert_eq!(crossings(both).suspects(), [Suspect { host, other: None, arrived: 60, left: 60 }]);
    }

    #[test]
    fn two_addresses_of_one_are_suspected_together() {
        let both = (0..60).flat_map(|i| [(i * 100, [1, 5], i as u64), (i * 100 + 20, [6, 9], i as u64)]);
        let (host, other) = ([10, 0, 0, 5].into(), Some([10, 0, 0, 6].into()));
        assert_eq!(crossings(both).suspects(), [Suspect { host, other, arrived: 60, left: 60 }]);
        // A number that everybody calls meets itself, whoever calls and whoever is called.
        let hot = (0..200).flat_map(|i| {
            let of_its_own = 100 + i as u64;
            [(i * 400, [1, 5], 7), (i * 400 + 20, [6, 9], 7), (i * 400 + 30, [1, 5], of_its_own)]
        });
        assert_eq!(crossings(hot).suspects(), []);
        // Who tries again at the next gateway is nobody's other side.
        let again = (0..60).flat_map(|i| [(i * 100, [1, 5], i as u64), (i * 100 + 900, [1, 9], i as u64)]);
        assert_eq!(crossings(again).suspects(), []);
    }

    #[test]
    fn a_two_way_trunk_and_a_few_calls_are_not() {
        let trunk =
            (0..60).flat_map(|i| [(i * 100, [1, 5], i as u64), (i * 100 + 20, [5, 1], 1000 + i as u64)]);
        assert_eq!(crossings(trunk).suspects(), []);
        let few = (0..49).flat_map(|i| [(i * 100, [1, 5], i as u64), (i * 100 + 20, [5, 9], i as u64)]);
        assert_eq!(crossings(few).suspects(), []);
        let late = (0..60).flat_map(|i| [(i * 9000, [1, 5], i as u64), (i * 9000 + 2001, [5, 9], i as u64)]);
        assert_eq!(crossings(late).suspects(), []);
    }
}
