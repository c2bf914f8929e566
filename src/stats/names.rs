//! Names that the traffic chooses: bounded tables of keys with counts.
//!
//! The first keys to come get a row, the rest is added up in one: totals stay exact.

use std::collections::HashMap;
use std::hash::Hash;

use crate::hash::Mix;
use crate::sip::Method;
use crate::transaction::MethodKey;

/// Unregistered methods that get a row of their own.
pub const MAX_METHODS: usize = 64;
const UNKNOWN: usize = 14;
const OTHER: usize = 15;
const FIRST_NAMED: usize = 16;

/// Rows of methods: registered ones, `(unknown)`, `(other)`, then others as they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Methods {
    named: HashMap<MethodKey, usize, Mix>,
    names: Vec<String>,
    refused: bool,
}

impl Methods {
    /// The row of `method`; admits it.
    pub(super) fn admit(&mut self, method: Option<Method<'_>>) -> usize {
        let Some(method) = method else { return UNKNOWN };
        let key = MethodKey::of(method);
        if let Some(row) = key.index() {
            return row;
        }
        if let Some(row) = self.named.get(&key) {
            return *row;
        }
        if self.names.len() >= MAX_METHODS {
            self.refused = true;
            return OTHER;
        }
        let row = FIRST_NAMED + self.names.len();
        self.names.push(String::from_utf8_lossy(method.as_bytes()).into_owned());
        self.named.insert(key, row);
        row
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
            _ => self.names.get(row - FIRST_NAMED).cloned().unwrap_or_default(),
        }
    }

    /// Whether `row` may lack messages that were added to `(other)`: never, since a name that has
    /// a row keeps it; only `(other)` itself stands for several.
    pub(super) fn at_least(&self, row: usize) -> bool {
        self.refused && row == OTHER
    }
}

/// A bounded table of keys with counts.
#[derive(Clone, Debug)]
pub(super) struct Table<K, V> {
    rows: HashMap<K, V, Mix>,
    capacity: usize,
    /// What was refused a row.
    pub(super) other: V,
    /// How many keys' events went to `other`.
    pub(super) refused: u64,
}

impl<K: Eq + Hash, V: Default> Table<K, V> {
    /// A table of at most `capacity` rows.
    pub(super) fn new(capacity: usize) -> Self {
        Self { rows: HashMap::default(), capacity, other: V::default(), refused: 0 }
    }

    /// The row of `key`, or the one for all others.
    pub(super) fn row(&mut self, key: K) -> &mut V {
        if self.rows.len() >= self.capacity && !self.rows.contains_key(&key) {
            self.refused += 1;
            return &mut self.other;
        }
        self.rows.entry(key).or_default()
    }

    /// All rows but `other`, in no order: sort them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.rows.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_added_to_other() {
        let mut t: Table<u32, u64> = Table::new(2);
        for k in [1, 2, 3, 1, 4] {
            *t.row(k) += 1;
        }
        let mut rows: Vec<_> = t.iter().collect();
        rows.sort();
        assert_eq!(rows, [(&1, &2), (&2, &1)]);
        assert_eq!((t.other, t.refused), (2, 2));
    }

    #[test]
    fn unregistered_methods_keep_their_row_and_later_ones_share_one() {
        let mut m = Methods::default();
        let first = m.admit(Some(Method::Other(b"FOO")));
        for i in 0..MAX_METHODS {
            m.admit(Some(Method::Other(format!("M{i}").as_bytes())));
        }
        assert_eq!(m.name(first), "FOO");
        assert_eq!(m.admit(Some(Method::Other(b"FOO"))), first);
        assert_eq!(m.admit(Some(Method::Other(b"LATE"))), OTHER);
        assert!(m.at_least(OTHER) && !m.at_least(first));
        let unknown = m.admit(None);
        assert_eq!(m.name(unknown), "(unknown)");
    }
}
