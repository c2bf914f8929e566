//! Names that the traffic chooses: tables of keys with counts.
//!
//! Keys that were admitted (see `admission`) get a row, the rest is added up in one: totals stay
//! exact. Which row is which does not show: tables of several threads merge by key.

use std::collections::HashMap;
use std::hash::Hash;

use serde::{Deserialize, Deserializer, Serialize};

use crate::hash::Secret;
use crate::rename::{Rename, What};
use crate::sip::Method;
use crate::stats::admission::Names;
use crate::stats::serial::pairs;
use crate::transaction::MethodKey;

const UNKNOWN: usize = 14;
const OTHER: usize = 15;
const FIRST_NAMED: usize = 16;
/// Methods that get a row when summaries are added up; one run has far fewer.
const MAX_METHODS: usize = 4096;
/// Keys of a table that get a row when summaries are added up.
const MAX_ROWS: usize = 1 << 16;

/// Rows of methods: registered ones, `(unknown)`, `(other)`, then others as they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Methods {
    named: HashMap<MethodKey, usize, Secret>,
    names: Vec<(MethodKey, String)>,
    refused: bool,
}

impl Methods {
    /// The row of `method`; admits it.
    pub(super) fn admit(&mut self, method: Option<Method<'_>>, admitted: &mut Names) -> usize {
        let Some(method) = method else { return UNKNOWN };
        let key = MethodKey::of(method);
        if let Some(row) = key.index() {
            return row;
        }
        if !admitted.admit(&key) {
            self.refused = true;
            return OTHER;
        }
        self.give(key, || String::from_utf8_lossy(method.as_bytes()).into_owned())
    }

    /// `key`, or the key of all that were refused.
    pub(super) fn known(key: MethodKey, admitted: &Names) -> MethodKey {
        if key.index().is_some() || admitted.knows(&key) { key } else { MethodKey::OTHER }
    }

    /// The row of a method that was admitted, or refused, before.
    pub(super) fn row(&self, key: MethodKey) -> usize {
        key.index().or_else(|| self.named.get(&key).copied()).unwrap_or(OTHER)
    }

    /// The name of a row.
    pub(super) fn name(&self, row: usize) -> String {
        match row {
            UNKNOWN => "(unknown)".to_owned(),
            OTHER => "(other)".to_owned(),
            _ if row < UNKNOWN => String::from_utf8_lossy(Method::REGISTERED[row].as_bytes()).into_owned(),
            _ => self.names.get(row - FIRST_NAMED).map(|(_, name)| name.clone()).unwrap_or_default(),
        }
    }

    /// Whether some shard added messages of `row` to `(other)`.
    pub(super) fn at_least(&self, row: usize) -> bool {
        self.refused && row >= OTHER
    }

    /// Takes the names of `other`; tells which row each of its rows is here.
    pub(super) fn merge(&mut self, other: &Self) -> impl Fn(usize) -> usize + use<> {
        self.refused |= other.refused;
        let rows: Vec<usize> =
            other.names.iter().map(|(key, name)| self.give(*key, || name.clone())).collect();
        move |row| row.checked_sub(FIRST_NAMED).and_then(|i| rows.get(i).copied()).unwrap_or(row)
    }

    /// The names that have rows, in the order of the rows.
    pub(super) fn named(&self) -> &[(MethodKey, String)] {
        &self.names
    }

    /// Whether some shard refused a name.
    pub(super) fn refused(&self) -> bool {
        self.refused
    }

    /// Rows for `names`, in their order.
    pub(super) fn of(names: impl IntoIterator<Item = (MethodKey, String)>, refused: bool) -> Self {
        let mut methods = Self { refused, ..Self::default() };
        for (key, name) in names {
            methods.give(key, || name);
        }
        methods
    }

    /// The same names in their own order, and nothing refused as yet.
    pub(super) fn in_order(&self) -> Self {
        let mut names = self.names.clone();
        names.sort_by(|(a, x), (b, y)| (x, a).cmp(&(y, b)));
        Self::of(names, false)
    }

    /// How many rows there are, taken or not.
    pub(super) fn rows(&self) -> usize {
        FIRST_NAMED + self.names.len()
    }

    /// Gives new names; tells the new key of an old one, that of all others for one without a row.
    pub(super) fn rename(&mut self, to: &mut dyn Rename) -> impl Fn(MethodKey) -> MethodKey + use<> {
        let mut new: HashMap<MethodKey, MethodKey, Secret> = HashMap::default();
        for (key, name) in &mut self.names {
            *name = to.text(What::Method, name);
            let other = MethodKey::of(Method::Other(name.as_bytes()));
            new.insert(std::mem::replace(key, other), other);
        }
        self.named = self.names.iter().map(|(key, _)| *key).zip(FIRST_NAMED..).collect();
        move |key| match key.index() {
            Some(_) => key,
            None => new.get(&key).copied().unwrap_or(MethodKey::OTHER),
        }
    }

    fn give(&mut self, key: MethodKey, name: impl FnOnce() -> String) -> usize {
        let Self { named, names, refused } = self;
        if names.len() >= MAX_METHODS && !named.contains_key(&key) {
            *refused = true;
            return OTHER;
        }
        *named.entry(key).or_insert_with(|| {
            names.push((key, name()));
            FIRST_NAMED + names.len() - 1
        })
    }
}

/// A table of keys with counts; see `admission` for its bound.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(bound(
    serialize = "K: Ord + Serialize, V: Serialize",
    deserialize = "K: Eq + Hash + Deserialize<'de>, V: Deserialize<'de>"
))]
pub(super) struct Table<K, V> {
    #[serde(serialize_with = "pairs::serialize", deserialize_with = "rows")]
    rows: HashMap<K, V, Secret>,
    /// What was refused a row.
    pub(super) other: V,
    /// How many keys' events went to `other`.
    pub(super) refused: u64,
}

fn rows<'de, K, V, D>(from: D) -> Result<HashMap<K, V, Secret>, D::Error>
where
    K: Eq + Hash + Deserialize<'de>,
    V: Deserialize<'de>,
    D: Deserializer<'de>,
{
    pairs::bounded(from, MAX_ROWS)
}

impl<K, V: Default> Default for Table<K, V> {
    fn default() -> Self {
        Self { rows: HashMap::default(), other: V::default(), refused: 0 }
    }
}

impl<K: Ord + Hash, V: Default> Table<K, V> {
    /// The row of `key` if it was `admitted`, or the one for all others.
    pub(super) fn row(&mut self, key: K, admitted: bool) -> &mut V {
        if !admitted {
            self.refused += 1;
            return &mut self.other;
        }
        self.rows.entry(key).or_default()
    }

    /// All rows but `other`, in no order: sort them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.rows.iter()
    }

    /// The values of all rows, `other` included, in no order.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.rows.values_mut().chain([&mut self.other])
    }

    /// Gives new keys; rows that have the same then are added up.
    pub(super) fn rename(&mut self, mut key: impl FnMut(K) -> K, add: impl Fn(&mut V, V)) {
        let mut rows: Vec<(K, V)> = std::mem::take(&mut self.rows).into_iter().collect();
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (old, value) in rows {
            add(self.rows.entry(key(old)).or_default(), value);
        }
    }

    /// Adds the rows of `other`.
    pub(super) fn merge(&mut self, other: Self, add: impl Fn(&mut V, V)) {
        let has_room = self.rows.len() + other.rows.len() <= MAX_ROWS;
        let mut rows: Vec<(K, V)> = other.rows.into_iter().collect();
        if !has_room {
            rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        for (key, value) in rows {
            if has_room || self.rows.len() < MAX_ROWS || self.rows.contains_key(&key) {
                add(self.rows.entry(key).or_default(), value);
            } else {
                add(&mut self.other, value);
                self.refused += 1;
            }
        }
        add(&mut self.other, other.other);
        self.refused += other.refused;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::admission::{Admission, METHODS};

    #[test]
    fn what_finds_no_room_is_added_to_other() {
        let mut t: Table<u32, u64> = Table::default();
        for (key, admitted) in [(1, true), (2, true), (3, false), (1, true), (4, false)] {
            *t.row(key, admitted) += 1;
        }
        let mut more = Table::default();
        *more.row(2, true) += 5;
        *more.row(9, false) += 1;
        t.merge(more, |a, b| *a += b);
        let mut rows: Vec<_> = t.iter().collect();
        rows.sort();
        assert_eq!(rows, [(&1, &2), (&2, &6)]);
        assert_eq!((t.other, t.refused), (3, 3));
    }

    #[test]
    fn unregistered_methods_keep_their_row_and_later_ones_share_one() {
        let mut admitted = Admission::default().methods;
        let mut m = Methods::default();
        let mut admit = |name: &str| m.admit(Some(Method::Other(name.as_bytes())), &mut admitted);
        let first = admit("FOO");
        (0..METHODS).for_each(|i| {
            admit(&format!("M{i}"));
        });
        assert_eq!((admit("FOO"), admit("LATE")), (first, OTHER));
        assert_eq!(m.name(first), "FOO");
        assert!(m.at_least(OTHER) && m.at_least(first) && !m.at_least(0));
        let unknown = m.admit(None, &mut admitted);
        assert_eq!(m.name(unknown), "(unknown)");
    }

    #[test]
    fn merged_methods_are_told_by_name() {
        let (mut a, mut b) = (Methods::default(), Methods::default());
        let mut admitted = Admission::default().methods;
        a.admit(Some(Method::Other(b"FOO")), &mut admitted);
        let (bar, foo) = (b.admit(Some(Method::Other(b"BAR")), &mut admitted), b.row(MethodKey::INVITE));
        let here = a.merge(&b);
        assert_eq!((a.name(here(bar)), here(foo)), ("BAR".to_owned(), foo));
    }
}
