//! A table of bounded size that knows which entry was used least recently.
//!
//! Entries are of two classes: those whose loss costs nothing and those that hold something. Each
//! class has its own order of use, so that room can be made where it costs least. Order follows
//! from the calls alone, never from hashes. Knows nothing of what it stores. Beside it a key
//! for flows, which most tables here use.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use crate::flow::{Endpoint, Flow};

const NONE: u32 = u32::MAX;

/// What the loss of an entry would cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Nothing.
    Idle,
    /// What it holds.
    Holding,
}

/// A flow as a key: hashed in one step, which takes half the time of hashing it field by field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FlowKey(pub(super) Flow);

impl Hash for FlowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut bytes = [0; 36];
        let (source, destination) = bytes.split_at_mut(18);
        for (half, Endpoint { ip, port }) in [(source, self.0.source), (destination, self.0.destination)] {
            match ip {
                IpAddr::V4(ip) => half[..4].copy_from_slice(&ip.octets()),
                IpAddr::V6(ip) => half[..16].copy_from_slice(&ip.octets()),
            }
            half[16..].copy_from_slice(&port.to_be_bytes());
        }
        state.write(&bytes);
    }
}

/// Entries by key and by slot number. The caller bounds the number of entries with
/// [`Table::len`] and [`Table::oldest`].
#[derive(Debug)]
pub(super) struct Table<K, V> {
    index: HashMap<K, u32>,
    slots: Vec<Slot<K, V>>,
    free: Vec<u32>,
    /// First (least recently used) and last of each class.
    ends: [(u32, u32); 2],
}

#[derive(Debug)]
struct Slot<K, V> {
    entry: Option<(K, V)>,
    class: Class,
    before: u32,
    after: u32,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { index: HashMap::new(), slots: Vec::new(), free: Vec::new(), ends: [(NONE, NONE); 2] }
    }
}

impl<K: Copy + Eq + Hash, V> Table<K, V> {
    /// Entries.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// The slot of `key`.
    pub(super) fn find(&self, key: &K) -> Option<u32> {
        self.index.get(key).copied()
    }

    /// The entry in `slot`.
    pub(super) fn get(&self, slot: u32) -> Option<(K, &V)> {
        let (key, value) = self.slots.get(slot as usize)?.entry.as_ref()?;
        Some((*key, value))
    }

    /// The entry in `slot`.
    pub(super) fn get_mut(&mut self, slot: u32) -> Option<(K, &mut V)> {
        let (key, value) = self.slots.get_mut(slot as usize)?.entry.as_mut()?;
        Some((*key, value))
    }

    /// Adds an entry, most recently used of the idle ones; replaces an entry of the same key.
    pub(super) fn insert(&mut self, key: K, value: V) -> u32 {
        if let Some(slot) = self.find(&key) {
            self.remove(slot);
        }
        let filled = Slot { entry: Some((key, value)), class: Class::Idle, before: NONE, after: NONE };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = filled;
                slot
            }
            None => {
                self.slots.push(filled);
                (self.slots.len() - 1) as u32
            }
        };
        self.index.insert(key, slot);
        self.link(slot);
        slot
    }

    /// Takes the entry out of `slot`.
    pub(super) fn remove(&mut self, slot: u32) -> Option<(K, V)> {
        let (key, value) = self.slots.get_mut(slot as usize)?.entry.take()?;
        self.unlink(slot);
        self.index.remove(&key);
        self.free.push(slot);
        Some((key, value))
    }

    /// Makes the entry in `slot` the most recently used of `class`.
    pub(super) fn touch(&mut self, slot: u32, class: Class) {
        if self.get(slot).is_some() {
            self.unlink(slot);
            self.slots[slot as usize].class = class;
            self.link(slot);
        }
    }

    /// The least recently used entry of `class`.
    pub(super) fn oldest(&self, class: Class) -> Option<u32> {
        Some(self.ends[class as usize].0).filter(|&slot| slot != NONE)
    }

    /// All slots in use, in the order of slot numbers.
    pub(super) fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.slots.len() as u32).filter(|&slot| self.get(slot).is_some())
    }

    fn link(&mut self, slot: u32) {
        let class = self.slots[slot as usize].class as usize;
        let last = self.ends[class].1;
        self.slots[slot as usize].before = last;
        self.slots[slot as usize].after = NONE;
        match last {
            NONE => self.ends[class].0 = slot,
            last => self.slots[last as usize].after = slot,
        }
        self.ends[class].1 = slot;
    }

    fn unlink(&mut self, slot: u32) {
        let Slot { class, before, after, .. } = self.slots[slot as usize];
        match before {
            NONE => self.ends[class as usize].0 = after,
            before => self.slots[before as usize].after = after,
        }
        match after {
            NONE => self.ends[class as usize].1 = before,
            after => self.slots[after as usize].before = before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes all entries out, least recently used first, the idle ones before the others.
    fn drain(mut table: Table<u8, ()>) -> Vec<u8> {
        let mut order = Vec::new();
        while let Some(slot) = table.oldest(Class::Idle).or_else(|| table.oldest(Class::Holding)) {
            order.extend(table.remove(slot).map(|(key, ())| key));
        }
        assert_eq!(table.len(), 0);
        order
    }

    #[test]
    fn the_least_recently_used_goes_first_and_holders_last() {
        let mut table = Table::default();
        let slots: Vec<_> = (0..6).map(|key| table.insert(key, ())).collect();
        table.touch(slots[0], Class::Idle);
        table.touch(slots[3], Class::Holding);
        table.touch(slots[1], Class::Holding);
        table.touch(slots[3], Class::Holding);
        table.touch(slots[5], Class::Holding);
        table.touch(slots[5], Class::Idle);
        assert_eq!(drain(table), [2, 4, 0, 5, 1, 3]);
    }

    #[test]
    fn slots_are_used_again() {
        let mut table = Table::default();
        for key in 0..100u8 {
            let slot = table.insert(key, ());
            assert_eq!(table.find(&key), Some(slot));
            if key >= 3 {
                let oldest = table.oldest(Class::Idle).unwrap();
                assert_eq!(table.remove(oldest), Some((key - 3, ())));
                assert_eq!(table.remove(oldest), None);
            }
        }
        assert_eq!(table.slots.len(), 4);
        assert_eq!(table.slots().count(), 3);
        assert_eq!(drain(table), [97, 98, 99]);
    }
}
