//! What is remembered across Call-IDs of a shard: tombstones, and who tags its 100s.
//!
//! A tombstone stands for a transaction that is over: a late copy of one of its messages opens
//! nothing. It holds ten minutes; the oldest give way when there are too many.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::IpAddr;

use crate::flow::Tap;
use crate::time::{Nanos, Timestamp};
use crate::transaction::CallKey;

/// How long a tombstone stands.
const REST: Nanos = Nanos::from_secs(600);
/// Addresses remembered that put a To tag into the 100 of an initial INVITE.
const MAX_TAGGERS: usize = 1024;

/// A transaction that is over.
#[derive(Clone, Copy, Debug)]
pub struct Tombstone {
    /// The tap that saw its first message.
    pub tap: Tap,
    /// Its last message.
    pub at: Timestamp,
}

/// One shard's memory.
#[derive(Debug, Default)]
pub struct Memory {
    graves: HashMap<u64, Tombstone>,
    order: VecDeque<(Timestamp, u64)>,
    capacity: usize,
    taggers: HashSet<IpAddr>,
}

impl Memory {
    /// A memory of at most `capacity` tombstones.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, ..Self::default() }
    }

    /// The tombstone of a T-key.
    pub fn tombstone(&self, call: CallKey, transaction: u64) -> Option<Tombstone> {
        self.graves.get(&name(call, transaction)).copied()
    }

    /// Its identifiers have begun something new.
    pub fn forget(&mut self, call: CallKey, transaction: u64) {
        self.graves.remove(&name(call, transaction));
    }

    /// Remembers a T-key that is over; `true` if another had to give way before its time.
    pub fn bury(&mut self, call: CallKey, transaction: u64, tomb: Tombstone) -> bool {
        let name = name(call, transaction);
        let mut pushed_out = false;
        while let Some((at, oldest)) = self.order.front().copied() {
            let rested = tomb.at - at > REST;
            if !rested && self.order.len() < self.capacity {
                break;
            }
            self.order.pop_front();
            if self.graves.get(&oldest).is_some_and(|g| g.at == at) {
                self.graves.remove(&oldest);
                pushed_out |= !rested;
            }
        }
        self.graves.insert(name, tomb);
        self.order.push_back((tomb.at, name));
        pushed_out
    }

    /// `ip` put a To tag into the 100 of an initial INVITE (RFC 3261 8.2.6.2 allows it).
    pub fn note_tagger(&mut self, ip: IpAddr) {
        if self.taggers.len() < MAX_TAGGERS {
            self.taggers.insert(ip);
        }
    }

    /// Whether `ip` is known to do so.
    pub fn is_tagger(&self, ip: IpAddr) -> bool {
        self.taggers.contains(&ip)
    }
}

fn name(call: CallKey, transaction: u64) -> u64 {
    (call as u64) ^ transaction.rotate_left(17)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tomb(s: i64) -> Tombstone {
        Tombstone { tap: Tap::default(), at: Timestamp::from_nanos(s * 1_000_000_000) }
    }

    #[test]
    fn tombstones_rest_ten_minutes() {
        let mut m = Memory::new(100);
        assert!(!m.bury(1, 1, tomb(0)));
        assert!(!m.bury(2, 2, tomb(600)));
        assert!(m.tombstone(1, 1).is_some());
        assert!(!m.bury(3, 3, tomb(601)));
        assert!(m.tombstone(1, 1).is_none());
    }

    #[test]
    fn the_oldest_tombstone_gives_way_and_is_counted() {
        let mut m = Memory::new(2);
        assert!(!m.bury(1, 1, tomb(0)));
        assert!(!m.bury(2, 2, tomb(1)));
        assert!(m.bury(3, 3, tomb(2)));
        assert!(m.tombstone(1, 1).is_none() && m.tombstone(2, 2).is_some() && m.tombstone(3, 3).is_some());
    }
}
