//! What kept requests have of one dimension: their values, by numbers.

use std::collections::{BTreeMap, HashMap};

use super::sample::Case;
use crate::dimension::Dimension;
use crate::hash::Mix;

/// No value.
const NONE: u32 = u32::MAX;

/// One dimension of kept requests.
pub(super) struct Column {
    pub(super) dimension: Dimension,
    pub(super) values: Vec<String>,
    /// Of each request, its value's number; `u32::MAX` for none.
    pub(super) ids: Vec<u32>,
    /// A second value of each, where a dimension gives two; else empty.
    pub(super) also: Vec<u32>,
}

impl Column {
    /// The numbers of the values of request number `i`.
    pub(super) fn of(&self, i: usize) -> impl Iterator<Item = u32> + '_ {
        let both = [self.ids.get(i), self.also.get(i)];
        both.into_iter().flatten().copied().filter(|id| *id != NONE)
    }

    pub(super) fn has(&self, i: usize, id: u32) -> bool {
        self.ids.get(i) == Some(&id) || self.also.get(i) == Some(&id)
    }

    /// Who sent and who got each request.
    pub(super) fn peers(cases: &[(&Case, f64)]) -> Self {
        let mut numbers: BTreeMap<std::net::IpAddr, u32> = BTreeMap::new();
        let mut values = Vec::new();
        let mut number = |ip: std::net::IpAddr| {
            *numbers.entry(ip).or_insert_with(|| {
                values.push(ip.to_string());
                values.len() as u32 - 1
            })
        };
        let ids = cases.iter().map(|(c, _)| number(c.flow.source.ip)).collect();
        let also =
            cases
                .iter()
                .map(|(c, _)| {
                    if c.flow.source.ip == c.flow.destination.ip {
                        NONE
                    } else {
                        number(c.flow.destination.ip)
                    }
                })
                .collect();
        Self { dimension: Dimension::Peer, values, ids, also }
    }

    pub(super) fn new(
        dimension: Dimension,
        cases: &[(&Case, f64)],
        key: impl Fn(&Case) -> Option<(u128, usize)>,
        name: impl Fn(&Case) -> String,
    ) -> Self {
        let mut numbers: HashMap<(u128, usize), u32, Mix> = HashMap::default();
        let mut values = Vec::new();
        // Neighbours often have the same.
        let mut last = None;
        let ids = cases
            .iter()
            .map(|(c, _)| {
                let Some(key) = key(c) else { return NONE };
                if let Some((known, number)) = last
                    && known == key
                {
                    return number;
                }
                let number = *numbers.entry(key).or_insert_with(|| {
                    values.push(name(c));
                    values.len() as u32 - 1
                });
                last = Some((key, number));
                number
            })
            .collect();
        Self { dimension, values, ids, also: Vec::new() }
    }

    pub(super) fn named(dimension: Dimension, names: Vec<Option<String>>) -> Self {
        let mut numbers: HashMap<String, u32, Mix> = HashMap::default();
        let mut values = Vec::new();
        let ids = names
            .into_iter()
            .map(|name| {
                let Some(name) = name else { return NONE };
                if let Some(number) = numbers.get(&name) {
                    return *number;
                }
                let number = values.len() as u32;
                values.push(name.clone());
                numbers.insert(name, number);
                number
            })
            .collect();
        Self { dimension, values, ids, also: Vec::new() }
    }
}
