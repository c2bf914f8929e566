//! Which names get a row of their own: those that their shard met first.
//!
//! A name is chosen by the traffic, so tables of names are bounded. What is admitted has an order,
//! hence it is decided in the shard, whose messages come in order whatever thread runs it: each
//! shard admits the first so many names of a table, for the rest it counts in the row of all
//! others. So a total is always exact, and the row of a name that some shard refused says "at
//! least".

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash};

use crate::hash::Secret;
use crate::stats::groups::ShardRows;

/// Unregistered methods that each shard admits. Each may cost tens of kilobytes.
pub(super) const METHODS: usize = 8;
/// Reasons, phrases, warnings and release reasons that each shard admits.
pub(super) const TEXTS: usize = 256;
/// Next hops that each shard admits.
pub(super) const NEXT_HOPS: usize = 256;
/// Silent destinations by method that each shard admits.
pub(super) const SILENT: usize = 1024;

/// What one shard admitted.
#[derive(Clone, Debug)]
pub struct Admission {
    pub(super) methods: Names,
    pub(super) reasons: Names,
    pub(super) phrases: Names,
    pub(super) warnings: Names,
    pub(super) hops: Names,
    pub(super) silence: Names,
    pub(super) releases: Names,
    /// Rows of groups: these may still give way to heavier ones, so they stay here until the end.
    pub(super) groups: ShardRows,
}

impl Default for Admission {
    fn default() -> Self {
        Self {
            methods: Names::new(METHODS),
            reasons: Names::new(TEXTS),
            phrases: Names::new(TEXTS),
            warnings: Names::new(TEXTS),
            hops: Names::new(NEXT_HOPS),
            silence: Names::new(SILENT),
            releases: Names::new(TEXTS),
            groups: Vec::new(),
        }
    }
}

/// Names of one table, as hashes that nobody can make two names of.
#[derive(Clone, Debug)]
pub(super) struct Names {
    admitted: HashSet<u64, Secret>,
    capacity: usize,
}

impl Names {
    fn new(capacity: usize) -> Self {
        Self { admitted: HashSet::default(), capacity }
    }

    /// Whether `name` has a row of its own; gives it one if there is room.
    pub(super) fn admit(&mut self, name: &impl Hash) -> bool {
        let name = self.admitted.hasher().hash_one(name);
        self.admitted.contains(&name) || self.admitted.len() < self.capacity && self.admitted.insert(name)
    }

    /// Whether `name` has a row of its own.
    pub(super) fn knows(&self, name: &impl Hash) -> bool {
        self.admitted.contains(&self.admitted.hasher().hash_one(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_names_stay_and_later_ones_are_refused() {
        let mut names = Names::new(2);
        assert_eq!(["a", "b", "c", "a"].map(|n| names.admit(&n)), [true, true, false, true]);
        assert!(names.knows(&"b") && !names.knows(&"c"));
    }
}
