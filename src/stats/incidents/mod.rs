//! What rose, when, where, and with what consequence.
//!
//! In: every try of a request, when it is over ([`Tried`]). Out: [`Finding`]s. Counted are sums by
//! time and kind (`cells`), and up to a bound the tries themselves (`sample`). After the merge `scan`
//! looks for windows of time in which something was more frequent than in the rest, in all of the
//! traffic or in a part of it (`local`), `explain` for what the cases have in common, then or throughout
//! the capture, and `tell` puts it in words. Requests too young to tell are left out (`ages`). What is
//! worth telling stands in `figures`.
//!
//! Findings judge shares and delays within one method, never volume. They count INVITEs by bid, other
//! requests by transaction, at the first hop that was captured; where further hops were, also at the
//! last, for failover hides a dead gateway from the first. Outcomes count by attempt, under its last try.

mod ages;
mod blocks;
mod cells;
mod column;
mod delays;
mod draft;
mod explain;
mod figures;
#[cfg(test)]
mod fixture;
mod legs;
mod local;
mod lumps;
mod outcomes;
mod sample;
mod saved;
mod scan;
mod standing;
mod study;
mod tell;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use serde::{Deserialize, Serialize};

use self::ages::Ages;
use self::cells::{Cell, Cells};
use self::sample::{Case, Dictionary, Renamed, Sample};
use crate::call::{Outcome, Place, Side, Tried};
use crate::flow::FrameId;
use crate::hash::Mix;
use crate::registry;
use crate::rename::Rename;
use crate::sip::StatusCode;
use crate::stats::summary::Finding;
use crate::time::{Nanos, Scale, Timestamp};
use crate::transaction::{MethodKey, Name};
use crate::trunks::Trunks;

/// INVITE bids that are kept one by one; up to so many, shares are exact.
const KEPT_INVITES: usize = 16_384;
/// INVITE attempts that are kept.
const KEPT_ATTEMPTS: usize = 8_192;
/// Other requests of one method that are kept.
const KEPT_OTHERS: usize = 4_096;
/// Bytes of a Call-ID that are kept.
const MAX_CALL_ID: usize = 128;

/// Tries by method, place and whether the request was captured.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(into = "saved::Saved", try_from = "saved::Saved")]
pub(super) struct Incidents {
    words: Dictionary,
    kinds: BTreeMap<Kind, Population>,
    /// Of the attempt at work, whose last try did not come yet.
    outcome: Option<Outcome>,
    /// What is told was open where one capture ended and another one begins.
    at_cut: bool,
}

/// Whose tries are compared with one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    method: MethodKey,
    place: Place,
    requested: bool,
    /// They are attempts, not tries.
    attempts: bool,
}

impl Kind {
    /// How many of its tries are kept.
    fn capacity(self) -> usize {
        match self.method {
            _ if self.attempts => KEPT_ATTEMPTS,
            MethodKey::INVITE => KEPT_INVITES,
            _ => KEPT_OTHERS,
        }
    }
}

/// What is remembered of how a try went.
#[derive(Clone, Copy, Debug, Default)]
struct Facts {
    cell: Option<Cell>,
    resent: bool,
    repeated: bool,
    delay: Option<Nanos>,
}

/// Tries of one kind.
#[derive(Clone, Debug)]
struct Population {
    cells: Cells,
    sample: Sample,
    /// Failures that were followed by another try, and those that were not.
    ends: BTreeMap<Cell, (u64, u64)>,
    ages: Ages,
}

impl Population {
    fn of(kinds: &mut BTreeMap<Kind, Self>, kind: Kind) -> &mut Self {
        kinds.entry(kind).or_insert_with(|| Self {
            cells: Cells::default(),
            sample: Sample::new(kind.capacity()),
            ends: BTreeMap::new(),
            ages: Ages::default(),
        })
    }

    /// Keeps a try if its rank says so. `shift`: how much its rank is bettered.
    fn keep(
        &mut self,
        t: &Tried<'_>,
        Facts { cell, resent, repeated, delay }: Facts,
        shift: u8,
        words: &mut Dictionary,
    ) {
        // Not the file's number: that changes when summaries are added up.
        let place = Mix.hash_one((t.started.as_nanos(), 0_u32, t.frame.number));
        let rank = Mix.hash_one(place ^ u64::from(t.flow.destination.port)) >> shift;
        if !self.sample.wants(rank) {
            return;
        }
        let mut word = |name: Name| t.names.text(name).map_or(0, |(text, hash)| words.word(text, hash));
        self.sample.push(Case {
            rank,
            shift,
            at: t.started,
            frame: t.frame,
            cell,
            resent,
            repeated,
            delay,
            flow: t.flow,
            transport: t.transport,
            tap: t.tap,
            words: [
                word(t.about.user_agent),
                word(t.server),
                word(t.about.from_domain),
                word(t.about.to_domain),
                word(t.about.uri_domain),
            ],
            digits: t.about.number.packed(),
            call_id: call_id(t.call_id.bytes()),
        });
    }
}

impl Incidents {
    /// From now on it is told what was open where captures were cut: without a final that means nothing.
    pub(super) fn set_at_cut(&mut self, at_cut: bool) {
        self.at_cut = at_cut;
    }

    /// An attempt that ended so, whose tries follow; `None`: one that does not count.
    pub(super) fn attempt(&mut self, outcome: Option<Outcome>) {
        self.outcome = outcome;
    }

    /// Counts one try.
    pub(super) fn note(&mut self, t: &Tried<'_>) {
        if t.method == MethodKey::INVITE
            && t.place == Place::Reference
            && !t.retried
            && let Some(outcome) = self.outcome.take()
        {
            self.ended(outcome, t);
        }
        // A challenge is no result, unless it refuses credentials.
        if t.status.is_some_and(StatusCode::is_challenge) && !t.refused {
            return;
        }
        // Nobody knows how it would have ended.
        if self.at_cut && t.status.is_none() {
            return;
        }
        let method = if t.method.index().is_some() { t.method } else { MethodKey::OTHER };
        let kind = Kind { method, place: t.place, requested: t.requested, attempts: false };
        let Self { words, kinds, .. } = self;
        let population = Population::of(kinds, kind);
        let cell = cell_of(t);
        let resent = t.resent > 0 && t.status.is_some();
        let bucket = population.cells.at(t.started);
        bucket.begun = bucket.begun.saturating_add(1);
        if t.over {
            bucket.over = bucket.over.saturating_add(1);
        }
        if let Some(cell) = cell {
            bucket.count(cell, 1);
            let (retried, ended) = population.ends.entry(cell).or_default();
            *if t.retried { retried } else { ended } += 1;
            population.ages.note(cell, t);
        }
        for (cell, happened) in [(Cell::RESENT, resent), (Cell::REPEATED, t.repeated)] {
            if happened {
                bucket.count(cell, 1);
                population.ages.note(cell, t);
            }
        }
        if let Some(delay) = t.delay {
            bucket.count(Cell::delay(delay), 1);
        }
        let shift = if cell.is_some_and(blames_the_network) {
            4
        } else if cell.is_some() || resent || t.repeated {
            2
        } else {
            0
        };
        population.keep(t, Facts { cell, resent, repeated: t.repeated, delay: t.delay }, shift, words);
    }

    /// Counts the attempt whose last try is `t`.
    fn ended(&mut self, outcome: Outcome, t: &Tried<'_>) {
        let kind = Kind { method: t.method, place: Place::Reference, requested: t.requested, attempts: true };
        let Self { words, kinds, .. } = self;
        let population = Population::of(kinds, kind);
        let bucket = population.cells.at(t.started);
        bucket.begun = bucket.begun.saturating_add(1);
        let cell = (outcome != Outcome::Pending).then(|| Cell::ended(outcome));
        if let Some(cell) = cell {
            bucket.over = bucket.over.saturating_add(1);
            bucket.count(cell, 1);
            population.ages.note(cell, t);
        }
        let shift = match outcome {
            Outcome::ServerFailure | Outcome::TimedOut => 4,
            Outcome::Answered | Outcome::Pending => 0,
            _ => 2,
        };
        population.keep(t, Facts { cell, ..Facts::default() }, shift, words);
    }

    /// Tells each frame that is remembered to `change`.
    pub(in crate::stats) fn renumber(&mut self, change: &mut dyn FnMut(&mut FrameId)) {
        self.kinds.values_mut().for_each(|population| population.sample.renumber(change));
    }

    /// Gives new names to what names somebody.
    pub(in crate::stats) fn rename(&mut self, to: &mut dyn Rename) {
        let Self { words, kinds, outcome: _, at_cut: _ } = self;
        let mut new = Renamed::default();
        kinds.values_mut().for_each(|population| population.sample.rename(words, &mut new, to));
        *words = new.words;
    }

    /// Adds what `other` counted.
    pub(super) fn merge(&mut self, other: Self) {
        let here = self.words.merge(&other.words);
        let word = |w: u32| here.get(w as usize).copied().unwrap_or(0);
        for (kind, theirs) in other.kinds {
            match self.kinds.get_mut(&kind) {
                Some(ours) => {
                    ours.cells.merge(theirs.cells);
                    ours.sample.merge(theirs.sample, word);
                    for (cell, (retried, ended)) in theirs.ends {
                        let sum = ours.ends.entry(cell).or_default();
                        *sum = (sum.0 + retried, sum.1 + ended);
                    }
                    ours.ages.merge(theirs.ages);
                }
                None => {
                    let mut sample = Sample::new(kind.capacity());
                    sample.merge(theirs.sample, word);
                    self.kinds.insert(kind, Population { sample, ..theirs });
                }
            }
        }
    }

    /// What stands out of a capture from `span.0` to `span.1`; the most important first.
    pub(super) fn findings(
        &self,
        span: Option<(Timestamp, Timestamp)>,
        scale: Scale,
        trunks: &Trunks,
    ) -> Vec<Finding> {
        let Some(span) = span else { return Vec::new() };
        let pauses = ages::pauses(self.kinds.values());
        let mut drafts = Vec::new();
        for (kind, population) in &self.kinds {
            // Where requests were captured, answers without one are of calls that began before.
            let requested = self.kinds.get(&Kind { requested: true, ..*kind });
            if kind.requested || requested.is_none() {
                drafts.extend(draft::drafts(*kind, population, &self.words, trunks, span, &pauses));
            }
        }
        draft::sort(&mut drafts);
        drafts.iter().map(|d| tell::finding(d, span, scale)).collect()
    }
}

/// What somebody may want to hear of in a try.
fn cell_of(t: &Tried<'_>) -> Option<Cell> {
    match t.status {
        // Any other answer to a ping means "alive".
        Some(s) if t.method == MethodKey::OPTIONS => {
            matches!(s.get(), 408 | 500 | 502 | 503 | 504).then(|| Cell::code(s))
        }
        Some(s) => (s.class() >= 4).then(|| Cell::code(s)),
        None if !t.over || t.cancelled => None,
        None if t.replied => Some(Cell::NO_FINAL),
        None => Some(Cell::SILENT),
    }
}

/// It speaks of network or platform.
fn blames_the_network(cell: Cell) -> bool {
    match cell.status() {
        Some(status) => matches!(registry::final_side(status), Some(Side::Path | Side::Server)),
        None => true,
    }
}

fn call_id(bytes: &[u8]) -> Box<str> {
    String::from_utf8_lossy(bytes.get(..MAX_CALL_ID).unwrap_or(bytes)).into()
}
