//! Incidents in saved summaries: the same bytes for the same capture, whatever the threads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ages::Ages;
use super::cells::{Cell, Cells};
use super::sample::{Case, Dictionary, Sample, Word};
use super::{Incidents, Kind, Population};
use crate::stats::serial::{Hex, pairs};

/// Kinds that one file may hold: registered methods, two places, with and without request; attempts.
const MAX_KINDS: usize = 128;
/// Texts that one file may hold.
const MAX_WORDS: usize = 1 << 17;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saved {
    /// Sorted; the first one has number 1.
    words: Vec<(Box<str>, Hex)>,
    kinds: Vec<(Kind, SavedPopulation)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedPopulation {
    cells: Cells,
    full: bool,
    cases: Vec<Case>,
    #[serde(with = "pairs")]
    ends: BTreeMap<Cell, (u64, u64)>,
    ages: Ages,
}

impl From<Incidents> for Saved {
    fn from(incidents: Incidents) -> Self {
        let Incidents { words, kinds, outcome: _, at_cut: _ } = incidents;
        let used = kinds.values().flat_map(|p| p.sample.cases()).flat_map(|(c, _)| c.words);
        let mut texts: Vec<(Box<str>, Hex, Word)> = Vec::new();
        for word in used.collect::<std::collections::BTreeSet<Word>>() {
            if let Some((text, hash)) = words.entry(word) {
                texts.push((text.into(), Hex(hash), word));
            }
        }
        texts.sort();
        let numbers: BTreeMap<Word, Word> = texts.iter().zip(1..).map(|((_, _, w), n)| (*w, n)).collect();
        let population = |p: Population| {
            let mut cases: Vec<Case> = p.sample.cases().into_iter().map(|(c, _)| c.clone()).collect();
            for case in &mut cases {
                case.words = case.words.map(|w| numbers.get(&w).copied().unwrap_or(0));
            }
            SavedPopulation { cells: p.cells, full: p.sample.is_full(), cases, ends: p.ends, ages: p.ages }
        };
        Self {
            words: texts.into_iter().map(|(text, hash, _)| (text, hash)).collect(),
            kinds: kinds.into_iter().map(|(kind, p)| (kind, population(p))).collect(),
        }
    }
}

impl TryFrom<Saved> for Incidents {
    type Error = &'static str;

    fn try_from(saved: Saved) -> Result<Self, Self::Error> {
        if saved.kinds.len() > MAX_KINDS || saved.words.len() > MAX_WORDS {
            return Err("more kinds of requests, or names, than any run keeps");
        }
        let mut words = Dictionary::default();
        let numbers: Vec<Word> = saved.words.iter().map(|(text, hash)| words.word(text, hash.0)).collect();
        let here = |w: Word| match w {
            0 => 0,
            n => numbers.get(n as usize - 1).copied().unwrap_or(0),
        };
        let mut kinds = BTreeMap::new();
        for (kind, p) in saved.kinds {
            let mut sample = Sample::new(kind.capacity());
            if p.full {
                sample.set_full();
            }
            for mut case in p.cases {
                case.words = case.words.map(here);
                sample.push(case);
            }
            kinds.insert(kind, Population { cells: p.cells, sample, ends: p.ends, ages: p.ages });
        }
        Ok(Self { words, kinds, outcome: None, at_cut: false })
    }
}
