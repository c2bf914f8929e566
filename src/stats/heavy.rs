//! Which keys of a group get a row: those with most events, however late they come.
//!
//! In: events, each under a key that the traffic chose. Out: rows; the rest is one row, so that totals
//! are exact. A shard keeps so many rows. Once they are taken, events of other keys are counted in a
//! sketch (count-min with conservative update: Cormode and Muthukrishnan 2005, Estan and Varghese
//! 2002), which never tells less than there were. A key of which it tells more than the lightest row
//! has takes that row's place, as in Space-Saving (Metwally, Agrawal, El Abbadi 2005): what the row had
//! counted goes to the rest. So a row is exact from its first event on, but for the `missed` that its
//! key may have had before; and no key without a row has more events than `floor`.
//!
//! Shards see their messages in order, whatever threads run them, and rows of shards add up in any
//! order to the same.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

use serde::{Deserialize, Deserializer, Serialize};

use crate::hash::Mix;
use crate::stats::serial::pairs;

/// Rows of a shard.
pub(super) const KEYS: usize = 512;
/// Rows of summaries that are added up; a run has no more than its shards together.
const MAX_ROWS: usize = 1 << 16;
/// Counters in each of the sketch's two lines: 64 kB a shard, where keys are that many.
const WIDTH: usize = 8192;

/// The rows of one shard.
#[derive(Clone, Debug)]
pub(super) struct Heavy<K, V> {
    rows: HashMap<K, Held<V>, Mix>,
    other: V,
    /// Once there is no room for a key.
    crowd: Option<Box<Crowd<K>>>,
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Held<V> {
    /// What was counted.
    pub(super) value: V,
    /// In so many events.
    events: u64,
    /// The key may have had so many more.
    pub(super) missed: u64,
}

impl<V> Held<V> {
    /// No fewer than the key had.
    fn at_most(&self) -> u64 {
        self.events + self.missed
    }
}

/// What is known of keys without a row.
#[derive(Clone, Debug)]
struct Crowd<K> {
    sketch: Sketch,
    /// What the lightest rows weigh.
    level: u64,
    /// Rows that weighed as much when last looked for, last key first.
    lightest: Vec<K>,
}

/// Counts that are never too small.
#[derive(Clone, Debug)]
struct Sketch(Vec<u32>);

impl Sketch {
    fn new() -> Self {
        Self(vec![0; 2 * WIDTH])
    }

    /// Adds `n` events of the key with `hash`; no fewer than it had, these included.
    fn add(&mut self, hash: u64, n: u64) -> u64 {
        let place = |line: usize| line * WIDTH + (hash >> (32 * line)) as usize % WIDTH;
        let (a, b) = (place(0), place(1));
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        let all = self.0[a].min(self.0[b]).saturating_add(n);
        (self.0[a], self.0[b]) = (self.0[a].max(all), self.0[b].max(all));
        all.into()
    }
}

impl<K, V: Default> Default for Heavy<K, V> {
    fn default() -> Self {
        Self { rows: HashMap::default(), other: V::default(), crowd: None }
    }
}

impl<K: Clone + Ord + Hash, V: Default> Heavy<K, V> {
    /// One event under `key`: `note` counts it; `join` adds a row to the rest.
    pub(super) fn event(&mut self, key: K, note: impl FnOnce(&mut V), join: impl FnOnce(&mut V, V)) {
        if let Some(held) = self.rows.get_mut(&key) {
            held.events += 1;
            return note(&mut held.value);
        }
        let mut missed = 0;
        if self.rows.len() >= KEYS {
            let crowd = self.crowd.get_or_insert_with(|| Box::new(Crowd::new()));
            let seen = crowd.sketch.add(Mix.hash_one(&key), 1);
            if seen <= crowd.least(&self.rows) {
                return note(&mut self.other);
            }
            missed = seen - 1;
            if let Some((lightest, held)) = crowd.lightest.pop().and_then(|k| self.rows.remove_entry(&k)) {
                // That which won it the row is in the sketch already.
                crowd.sketch.add(Mix.hash_one(&lightest), held.events.saturating_sub(1));
                join(&mut self.other, held.value);
            }
        }
        let held = self.rows.entry(key).or_default();
        (held.events, held.missed) = (1, missed);
        note(&mut held.value);
    }
}

impl<K: Clone + Ord + Hash> Crowd<K> {
    fn new() -> Self {
        Self { sketch: Sketch::new(), level: 0, lightest: Vec::new() }
    }

    /// What the lightest row weighs, which is the last of `lightest` then. It never falls: rows only
    /// grow, and who takes a place weighs more.
    fn least<V>(&mut self, rows: &HashMap<K, Held<V>, Mix>) -> u64 {
        loop {
            let Some(key) = self.lightest.last() else {
                self.level = rows.values().map(Held::at_most).min().unwrap_or(0);
                let light = rows.iter().filter(|(_, held)| held.at_most() == self.level);
                self.lightest = light.map(|(key, _)| key.clone()).collect();
                self.lightest.sort_unstable();
                if self.lightest.is_empty() {
                    return u64::MAX;
                }
                continue;
            };
            if rows.get(key).is_some_and(|held| held.at_most() == self.level) {
                return self.level;
            }
            self.lightest.pop();
        }
    }
}

/// The rows of several shards, or runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(bound(
    serialize = "K: Ord + Serialize, V: Serialize",
    deserialize = "K: Eq + Hash + Deserialize<'de>, V: Deserialize<'de>"
))]
pub(super) struct Rows<K, V> {
    #[serde(serialize_with = "pairs::serialize", deserialize_with = "rows")]
    rows: HashMap<K, Held<V>, Mix>,
    /// What has no row.
    pub(super) other: V,
    /// No key without a row had more events.
    pub(super) floor: u64,
}

fn rows<'de, K, V, D>(from: D) -> Result<HashMap<K, V, Mix>, D::Error>
where
    K: Eq + Hash + Deserialize<'de>,
    V: Deserialize<'de>,
    D: Deserializer<'de>,
{
    pairs::bounded(from, MAX_ROWS)
}

impl<K, V: Default> Default for Rows<K, V> {
    fn default() -> Self {
        Self { rows: HashMap::default(), other: V::default(), floor: 0 }
    }
}

impl<K: Clone + Ord + Hash, V: Default> From<Heavy<K, V>> for Rows<K, V> {
    fn from(heavy: Heavy<K, V>) -> Self {
        let Heavy { rows, other, crowd } = heavy;
        let floor = crowd.map_or(0, |mut crowd| crowd.least(&rows));
        Self { rows, other, floor }
    }
}

impl<K: Clone + Ord + Hash, V: Default> Rows<K, V> {
    /// All rows, in no order: sort them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &Held<V>)> {
        self.rows.iter()
    }

    /// Adds the rows of `other`, by `add`. A key that one of both has no row for had up to its floor
    /// there.
    pub(super) fn merge(&mut self, other: Self, add: impl Fn(&mut V, V)) {
        let Self { mut rows, other: rest, floor } = other;
        for (key, ours) in &mut self.rows {
            match rows.remove(key) {
                Some(theirs) => {
                    add(&mut ours.value, theirs.value);
                    (ours.events, ours.missed) = (ours.events + theirs.events, ours.missed + theirs.missed);
                }
                None => ours.missed += floor,
            }
        }
        let new =
            rows.into_iter().map(|(key, held)| (key, Held { missed: held.missed + self.floor, ..held }));
        self.rows.extend(new);
        add(&mut self.other, rest);
        self.floor += floor;
        self.shed(add);
    }

    /// The same under other keys.
    pub(super) fn rekeyed(self, mut change: impl FnMut(K) -> K, add: impl Fn(&mut V, V)) -> Self {
        let mut rows: HashMap<K, Held<V>, Mix> = HashMap::default();
        let mut old: Vec<(K, Held<V>)> = self.rows.into_iter().collect();
        // In order, for whoever gives new keys as they come.
        old.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (key, held) in old {
            let sum = rows.entry(change(key)).or_default();
            add(&mut sum.value, held.value);
            (sum.events, sum.missed) = (sum.events + held.events, sum.missed + held.missed);
        }
        Self { rows, ..self }
    }

    /// Lets the lightest rows go where there are too many.
    fn shed(&mut self, add: impl Fn(&mut V, V)) {
        let excess = self.rows.len().saturating_sub(MAX_ROWS);
        if excess == 0 {
            return;
        }
        let mut order: Vec<(u64, K)> =
            self.rows.iter().map(|(k, held)| (held.at_most(), k.clone())).collect();
        order.sort_unstable();
        for (weight, key) in order.into_iter().take(excess) {
            if let Some(held) = self.rows.remove(&key) {
                add(&mut self.other, held.value);
                self.floor = self.floor.max(weight);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn add(a: &mut u64, b: u64) {
        *a += b;
    }

    /// Counts `keys` in `shards` shards, by turns.
    fn counted(keys: impl Iterator<Item = u32>, shards: usize) -> Vec<Heavy<u32, u64>> {
        let mut all: Vec<Heavy<u32, u64>> = (0..shards).map(|_| Heavy::default()).collect();
        for (i, key) in keys.enumerate() {
            all[i % shards].event(key, |n| *n += 1, add);
        }
        all
    }

    fn merged(shards: impl IntoIterator<Item = Heavy<u32, u64>>) -> Rows<u32, u64> {
        let mut sum = Rows::default();
        shards.into_iter().for_each(|heavy| sum.merge(heavy.into(), add));
        sum
    }

    /// A million keys that come once, and between them, late, some that come often.
    fn stream() -> impl Iterator<Item = u32> {
        (0..1_000_000_u32).flat_map(|n| {
            let heavy = (n > 900_000 && n % 20 == 0).then_some(2_000_000 + n / 20 % 7);
            let early = (n % 400 == 0).then_some(3_000_000);
            [Some(n), heavy, early].into_iter().flatten()
        })
    }

    #[test]
    fn heavy_keys_have_rows_however_late_they_come_and_the_error_is_stated() {
        let mut truth: BTreeMap<u32, u64> = BTreeMap::new();
        stream().for_each(|key| *truth.entry(key).or_default() += 1);
        let sum = merged(counted(stream(), 32));
        let mut rows: Vec<(&u32, &Held<u64>)> = sum.iter().collect();
        rows.sort_by(|(a, x), (b, y)| y.value.cmp(&x.value).then(a.cmp(b)));
        let heaviest: Vec<u32> = rows.iter().take(8).map(|(k, _)| **k).collect();
        assert_eq!(heaviest[0], 3_000_000);
        let late: std::collections::BTreeSet<u32> = heaviest[1..].iter().copied().collect();
        assert_eq!(late, (2_000_000..2_000_007).collect());
        for (key, held) in &rows {
            let real = truth[key];
            assert!(held.value <= real && real <= held.value + held.missed, "{key}: {real} {held:?}");
        }
        for (key, real) in &truth {
            assert!(*real <= sum.floor || sum.rows.contains_key(key), "{key} {real}");
        }
        let all: u64 = rows.iter().map(|(_, held)| held.value).sum::<u64>() + sum.other;
        assert_eq!(all, truth.values().sum::<u64>());
        assert!(rows.len() <= 32 * KEYS);
        // One event in 600 is the least that the error could hide, by far.
        assert!(sum.floor < 700 && rows[1].1.missed < 700, "{} {:?}", sum.floor, rows[1]);
    }

    #[test]
    fn up_to_the_bound_everything_is_exact() {
        let keys = || (0..KEYS as u32 * 3).map(|n| n % KEYS as u32);
        let sum = merged(counted(keys(), 1));
        assert!(sum.iter().all(|(_, held)| held.value == 3 && held.missed == 0));
        assert_eq!((sum.floor, sum.other), (0, 0));
    }

    #[test]
    fn shards_add_up_in_any_order_and_as_parts_of_parts() {
        let keys = || (0..60_000_u32).map(|n| n.wrapping_mul(2_654_435_761) % 9_000 * (n % 3) + n % 5);
        let whole = merged(counted(keys(), 6));
        let mut back = counted(keys(), 6);
        back.reverse();
        let late = back.split_off(2);
        let (mut a, b) = (merged(late), merged(back));
        a.merge(b, add);
        assert_eq!((&a.rows, a.other, a.floor), (&whole.rows, whole.other, whole.floor));
        assert!(whole.floor > 0);
    }

    #[test]
    fn too_many_rows_shed_the_lightest() {
        let mut sum: Rows<u32, u64> = Rows::default();
        for part in 0..3 {
            let held = |n: u32| Held { value: u64::from(n % 100), events: u64::from(n % 100), missed: 0 };
            let from = part * 30_000;
            let rows = (from..from + 30_000).map(|n| (n, held(n))).collect();
            sum.merge(Rows { rows, other: 0, floor: 0 }, add);
        }
        assert_eq!(sum.rows.len(), MAX_ROWS);
        let all: u64 = (0..90_000_u64).map(|n| n % 100).sum();
        assert_eq!(sum.rows.values().map(|h| h.value).sum::<u64>() + sum.other, all);
        assert!(sum.floor > 0 && sum.floor < 40, "{}", sum.floor);
    }
}
