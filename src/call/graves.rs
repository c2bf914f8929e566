//! Tombstones: transactions that are over, in few bytes each.
//!
//! In: T-keys of one shard with what is left to know of them. Out: the same, for ten minutes, or until
//! there are too many and the oldest give way. A ring in the order of burial, 24 bytes each, and an
//! index of four bytes a place with open addressing: a million of them takes 32 MB.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use crate::hash::Secret;
use crate::time::{Nanos, Timestamp};

use super::memory::Tombstone;

/// How long a tombstone stands.
const REST: Nanos = Nanos::from_secs(600);
/// The most that the index can tell apart.
pub(super) const MOST: usize = 1 << PLACE_BITS;
const PLACE_BITS: u32 = 20;
/// No place: an empty one of the index, or a grave that was given up.
const NONE: u32 = u32::MAX;
/// Room that is there from the start, and written to: what a hundred calls a second leave behind in ten
/// minutes, so that the memory in use does not creep up for as long.
const AT_FIRST: usize = 4096;

/// One tombstone.
#[derive(Clone, Copy, Debug)]
struct Grave {
    name: u64,
    at: Timestamp,
    taps: u16,
    code: u16,
    late_code: u16,
    flags: u8,
}

const ACKED: u8 = 1;
/// A late message came: it stands from then on, and is to be buried again when its turn comes.
const DISTURBED: u8 = 2;
/// It was given up; the index does not know it.
const EMPTY: u8 = 4;
/// Its last message was a response.
const REPLIED: u8 = 8;

/// What a tombstone itself has of them.
fn flags(tomb: &Tombstone) -> u8 {
    let flag = |is: bool, flag: u8| if is { flag } else { 0 };
    flag(tomb.acked, ACKED) | flag(tomb.replied, REPLIED)
}

/// All tombstones of a shard.
#[derive(Debug, Default)]
pub(super) struct Graves {
    ring: VecDeque<Grave>,
    /// How many have left the ring at its front.
    gone: u32,
    /// Place in the ring, as its number since the beginning modulo [`MOST`], below twelve bits of the
    /// name's hash; [`NONE`] where there is none.
    index: Vec<u32>,
    /// Places of the index that are taken.
    taken: usize,
    capacity: usize,
    /// Chooses places of the index.
    secret: Secret,
}

impl Graves {
    /// Room for `capacity` of them.
    pub(super) fn new(capacity: usize) -> Self {
        let capacity = capacity.min(MOST - 1);
        let room = capacity.min(AT_FIRST);
        let none = Grave { name: 0, at: Timestamp::MIN, taps: 0, code: 0, late_code: 0, flags: EMPTY };
        let mut ring = VecDeque::from(vec![none; room]);
        ring.clear();
        Self { ring, index: vec![NONE; (room * 2).next_power_of_two()], capacity, ..Self::default() }
    }

    /// Changes or reads the tombstone of `name`, if it still stands at `time`.
    pub(super) fn visit<R>(
        &mut self,
        name: u64,
        time: Timestamp,
        visit: impl FnOnce(&mut Tombstone) -> R,
    ) -> Option<R> {
        let (_, place) = self.find(name)?;
        let grave = self.at_mut(place)?;
        if time - grave.at > REST {
            return None;
        }
        let mut tomb = Tombstone {
            at: grave.at,
            code: grave.code,
            late_code: grave.late_code,
            taps: grave.taps,
            acked: grave.flags & ACKED != 0,
            replied: grave.flags & REPLIED != 0,
        };
        let result = visit(&mut tomb);
        let disturbed = if tomb.at > grave.at { DISTURBED } else { grave.flags & DISTURBED };
        grave.flags = disturbed | flags(&tomb);
        (grave.at, grave.late_code) = (tomb.at, tomb.late_code);
        Some(result)
    }

    /// Gives up the tombstone of `name`.
    pub(super) fn remove(&mut self, name: u64) {
        let Some((slot, place)) = self.find(name) else { return };
        self.free(slot);
        if let Some(grave) = self.at_mut(place) {
            grave.flags = EMPTY;
        }
    }

    /// Buries `name`; `true` if another had to give way before its time.
    pub(super) fn bury(&mut self, name: u64, tomb: Tombstone) -> bool {
        let mut pushed_out = false;
        while let Some(&oldest) = self.ring.front() {
            let is_full = self.ring.len() >= self.capacity.max(1);
            let has_rested = tomb.at - oldest.at > REST;
            if !is_full && !has_rested && oldest.flags & (EMPTY | DISTURBED) == 0 {
                break;
            }
            self.leave();
            if oldest.flags & EMPTY == 0 && oldest.flags & DISTURBED != 0 && !has_rested {
                self.enter(Grave { flags: oldest.flags & !DISTURBED, ..oldest });
            } else {
                pushed_out |= oldest.flags & EMPTY == 0 && !has_rested;
            }
        }
        self.remove(name);
        self.enter(Grave {
            name,
            at: tomb.at,
            taps: tomb.taps,
            code: tomb.code,
            late_code: tomb.late_code,
            flags: flags(&tomb),
        });
        pushed_out
    }

    /// The oldest leaves.
    fn leave(&mut self) {
        if let Some(oldest) = self.ring.front()
            && oldest.flags & EMPTY == 0
            && let Some((slot, _)) = self.find(oldest.name)
        {
            self.free(slot);
        }
        if self.ring.pop_front().is_some() {
            self.gone = self.gone.wrapping_add(1);
        }
    }

    fn enter(&mut self, grave: Grave) {
        if (self.taken + 1) * 4 > self.index.len() * 3 {
            self.resize();
        }
        let place = self.gone.wrapping_add(self.ring.len() as u32);
        self.ring.push_back(grave);
        self.note(grave.name, place);
    }

    fn note(&mut self, name: u64, place: u32) {
        let (mut slot, entry) = (self.home(name), tag(name) | (place % MOST as u32));
        while self.index.get(slot).is_some_and(|e| *e != NONE) {
            slot = self.next(slot);
        }
        if let Some(free) = self.index.get_mut(slot) {
            *free = entry;
            self.taken += 1;
        }
    }

    /// Where the index knows `name`, and its place in the ring.
    fn find(&self, name: u64) -> Option<(usize, usize)> {
        let (mut slot, tag) = (self.home(name), tag(name));
        loop {
            let entry = *self.index.get(slot)?;
            if entry == NONE {
                return None;
            }
            if entry & !(MOST as u32 - 1) == tag {
                let place = self.place(entry);
                if self.ring.get(place).is_some_and(|g| g.name == name && g.flags & EMPTY == 0) {
                    return Some((slot, place));
                }
            }
            slot = self.next(slot);
        }
    }

    /// Frees a place of the index, and closes the gap: entries behind it move up to where they would
    /// have been without it.
    fn free(&mut self, slot: usize) {
        let mut gap = slot;
        let mut at = self.next(slot);
        while let Some(&entry) = self.index.get(at)
            && entry != NONE
        {
            let home = self.ring.get(self.place(entry)).map_or(at, |g| self.home(g.name));
            let mask = self.index.len() - 1;
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(gap) & mask {
                self.index[gap] = entry;
                gap = at;
            }
            at = self.next(at);
        }
        if let Some(entry) = self.index.get_mut(gap) {
            *entry = NONE;
            self.taken -= 1;
        }
    }

    fn resize(&mut self) {
        let places = (self.index.len() * 2).max(2);
        self.index.clear();
        self.index.resize(places, NONE);
        self.taken = 0;
        for i in 0..self.ring.len() {
            let Some(&grave) = self.ring.get(i) else { continue };
            if grave.flags & EMPTY == 0 {
                self.note(grave.name, self.gone.wrapping_add(i as u32));
            }
        }
    }

    fn at_mut(&mut self, place: usize) -> Option<&mut Grave> {
        self.ring.get_mut(place)
    }

    /// The place in the ring that an entry of the index names.
    fn place(&self, entry: u32) -> usize {
        (entry.wrapping_sub(self.gone) & (MOST as u32 - 1)) as usize
    }

    fn home(&self, name: u64) -> usize {
        self.secret.hash_one(name) as usize & self.index.len().wrapping_sub(1)
    }

    fn next(&self, slot: usize) -> usize {
        (slot + 1) & self.index.len().wrapping_sub(1)
    }
}

/// Twelve bits of a name, above the place; never those of [`NONE`].
fn tag(name: u64) -> u32 {
    let bits = (name >> 40) as u32 & 0xFFF;
    bits.min(0xFFE) << PLACE_BITS
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn tomb(s: i64) -> Tombstone {
        Tombstone {
            at: Timestamp::from_nanos(s * 1_000_000_000),
            code: 200,
            late_code: 0,
            taps: 1,
            acked: false,
            replied: false,
        }
    }

    fn stands(graves: &mut Graves, name: u64, s: i64) -> bool {
        graves.visit(name, tomb(s).at, |_| ()).is_some()
    }

    #[test]
    fn a_grave_takes_24_bytes() {
        assert_eq!(size_of::<Grave>(), 24);
    }

    #[test]
    fn what_a_late_message_changes_stays() {
        let mut graves = Graves::new(9);
        graves.bury(7, tomb(0));
        graves.visit(7, tomb(5).at, |t| {
            (t.at, t.acked, t.late_code) = (tomb(5).at, true, 486);
        });
        let seen = graves.visit(7, tomb(605).at, |t| (*t, t.acked, t.late_code));
        assert_eq!(seen.map(|(t, acked, late)| (t.code, acked, late)), Some((200, true, 486)));
        assert!(!stands(&mut graves, 7, 606));
    }

    #[test]
    fn a_disturbed_one_outlives_those_that_were_buried_after_it() {
        let mut graves = Graves::new(3);
        for (name, s) in [(1, 0), (2, 1), (3, 2)] {
            assert!(!graves.bury(name, tomb(s)));
        }
        graves.visit(1, tomb(3).at, |t| t.at = tomb(3).at);
        assert!(graves.bury(4, tomb(4)));
        assert_eq!([1, 2, 3, 4].map(|n| stands(&mut graves, n, 4)), [true, false, true, true]);
    }

    /// Against a map that keeps everything: as long as there is room, it knows the same.
    #[test]
    fn it_knows_what_a_map_would_know() {
        let (mut graves, mut map) = (Graves::new(5_000), HashMap::new());
        let mut random = 7_u64;
        let mut next = |n: u64| {
            random = crate::hash::fold(random ^ 0xA076_1D64_78BD_642F, 0xE703_7ED1_A0B4_28DB);
            random % n
        };
        for s in 0..40_000 {
            // Few tags and homes: names that meet.
            let name = next(3_000) << 38 | next(2);
            match next(8) {
                0 => {
                    graves.remove(name);
                    map.remove(&name);
                }
                1..=3 => {
                    assert!(!graves.bury(name, tomb(s / 10)));
                    map.insert(name, tomb(s / 10).at);
                }
                4 => {
                    let at = tomb(s / 10).at;
                    graves.visit(name, at, |t| t.at = at);
                    map.entry(name).and_modify(|t| *t = if at - *t <= REST { at } else { *t });
                }
                _ => {
                    let expected = map.get(&name).is_some_and(|at| tomb(s / 10).at - *at <= REST);
                    assert_eq!(stands(&mut graves, name, s / 10), expected, "{s}");
                }
            }
        }
        assert!(graves.ring.len() < 5_000 && graves.taken <= graves.ring.len());
    }
}
