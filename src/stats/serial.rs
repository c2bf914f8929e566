//! How counted state is written into saved summaries, where serde's own way will not do.
//!
//! For `#[serde(with = …)]`. Conventions of a saved summary, which [`super::saved`] relies on: every
//! JSON number is a count (or a code), so that one look over the file bounds every sum; instants,
//! spans, hashes and wide sums are text; maps are lists of pairs in the order of their keys; tables
//! with one place a [`Named`] value are objects by name, without what is empty.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::hash::{BuildHasher, Hash};
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

/// Maps as lists of pairs.
pub(super) mod pairs {
    use super::{BuildHasher, Deserialize, Deserializer, Hash, HashMap, Serialize, Serializer};

    pub(in crate::stats) fn serialize<'a, K, V, S>(
        map: impl IntoIterator<Item = (&'a K, &'a V)>,
        to: S,
    ) -> Result<S::Ok, S::Error>
    where
        K: Serialize + Ord + 'a,
        V: Serialize + 'a,
        S: Serializer,
    {
        let mut rows: Vec<(&K, &V)> = map.into_iter().collect();
        rows.sort_by_key(|(key, _)| *key);
        to.collect_seq(rows)
    }

    pub(in crate::stats) fn deserialize<'de, K, V, M, D>(from: D) -> Result<M, D::Error>
    where
        K: Deserialize<'de>,
        V: Deserialize<'de>,
        M: FromIterator<(K, V)>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(from)?.into_iter().collect())
    }

    /// A map with at most `most` keys.
    pub(in crate::stats) fn bounded<'de, K, V, H, D>(
        from: D,
        most: usize,
    ) -> Result<HashMap<K, V, H>, D::Error>
    where
        K: Deserialize<'de> + Eq + Hash,
        V: Deserialize<'de>,
        H: BuildHasher + Default,
        D: Deserializer<'de>,
    {
        let rows = Vec::<(K, V)>::deserialize(from)?;
        if rows.len() > most {
            return Err(super::too_many(rows.len(), most));
        }
        Ok(rows.into_iter().collect())
    }
}

/// Tables with one place a named value.
pub(super) mod by_name {
    use super::{BTreeMap, Cow, Deserialize, Deserializer, Error, Serialize, Serializer};
    use crate::named::Named;

    pub(in crate::stats) fn write<E, V, S>(table: &[V], to: S) -> Result<S::Ok, S::Error>
    where
        E: Named,
        V: Serialize + Default + PartialEq,
        S: Serializer,
    {
        let named = E::all().iter().map(|e| e.name()).zip(table);
        to.collect_map(named.filter(|(_, v)| **v != V::default()))
    }

    pub(in crate::stats) fn read<'de, E, V, C, D>(from: D) -> Result<C, D::Error>
    where
        E: Named,
        V: Deserialize<'de> + Default,
        C: TryFrom<Vec<V>>,
        D: Deserializer<'de>,
    {
        let mut found: BTreeMap<Cow<'de, str>, V> = BTreeMap::deserialize(from)?;
        let table = E::all().iter().map(|e| found.remove(e.name()).unwrap_or_default()).collect();
        if let Some(name) = found.keys().next() {
            return Err(D::Error::custom(format_args!("'{name}' is not known here")));
        }
        C::try_from(table).map_err(|_| D::Error::custom("a table of another size"))
    }
}

/// Sums that may exceed 64 bits.
pub(super) mod wide {
    use super::{Deserializer, Error, Serializer};

    /// Far from overflow, however many are added up.
    const GREATEST: u128 = 1 << 112;

    pub(in crate::stats) fn serialize<S: Serializer>(n: &i128, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(n)
    }

    pub(in crate::stats) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<i128, D::Error> {
        let n: i128 = super::parsed(from)?;
        if n.unsigned_abs() > GREATEST {
            return Err(D::Error::custom("a sum of times beyond reason"));
        }
        Ok(n)
    }
}

/// A hash: sixteen hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Hex(pub(super) u64);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(from)?;
        u64::from_str_radix(&text, 16).map(Self).map_err(D::Error::custom)
    }
}

/// More rows than any run keeps.
pub(super) fn too_many<E: Error>(found: usize, most: usize) -> E {
    E::custom(format_args!("{found} rows where at most {most} are kept"))
}

fn parsed<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let text = <Cow<'de, str>>::deserialize(from)?;
    text.parse().map_err(D::Error::custom)
}
