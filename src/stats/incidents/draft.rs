//! Findings before they are put in words: those of one kind of tries, and which of several come first.

use std::collections::BTreeMap;

use super::cells::{Bucket, Cell};
use super::explain::{Condition, Table};
use super::figures::{What, slow};
use super::legs::{Leg, legs};
use super::sample::Dictionary;
use super::study::Study;
use super::{Kind, Population, outcomes};
use crate::call::{Outcome, Place};
use crate::dimension::Dimension;
use crate::stats::Ratio;
use crate::stats::summary::{Consequence, SampleCall};
use crate::time::{Nanos, Timestamp};
use crate::transaction::MethodKey;
use crate::trunks::Trunks;

/// Fewer requests of a kind than this are not judged.
const ENOUGH: u64 = 20;

/// A finding before it is put in words.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) kind: Kind,
    pub(super) what: What,
    /// Windows of time, none of them empty; none at all: throughout the capture.
    pub(super) windows: Vec<(Timestamp, Timestamp)>,
    /// The last window reaches the end of what was captured.
    pub(super) lasts: bool,
    pub(super) before: Ratio,
    pub(super) during: Ratio,
    pub(super) delay: Option<(Nanos, Nanos)>,
    pub(super) total: u64,
    pub(super) p: f64,
    pub(super) because: Vec<Condition>,
    /// Shares of cases and of others that meet all of `because`.
    pub(super) shares: (f64, f64),
    /// What the cases were compared with was within the windows.
    pub(super) others_within: bool,
    /// `before` and `during` are those of what `because` describes, not of all traffic.
    pub(super) local: bool,
    /// The side of a B2BUA that its cases were on.
    pub(super) leg: Leg,
    pub(super) consequence: Option<Consequence>,
    pub(super) calls: Vec<SampleCall>,
    pub(super) more_calls: u64,
    /// Start of each bucket, cases and requests in it.
    pub(super) series: Vec<(Timestamp, u64, u64)>,
    pub(super) width: Nanos,
    /// How much it matters.
    pub(super) weight: f64,
}

/// What is worth telling of the tries of one kind.
pub(super) fn drafts(
    kind: Kind,
    population: &Population,
    words: &Dictionary,
    trunks: &Trunks,
    span: (Timestamp, Timestamp),
    pauses: &[(Timestamp, Timestamp)],
) -> Vec<Draft> {
    let buckets: Vec<(Timestamp, &Bucket)> = population.cells.iter().collect();
    let begun: u64 = buckets.iter().map(|(_, b)| u64::from(b.begun)).sum();
    if begun < ENOUGH {
        return Vec::new();
    }
    let table = Table::new(population.sample.cases(), words, |c| {
        let domains = [c.words[4], c.words[3], c.words[2]].map(|w| words.text(w));
        trunks.name(c.flow, domains).map(str::to_owned)
    });
    let legs = if kind.method == MethodKey::INVITE { legs(&table.cases) } else { Vec::new() };
    let study = Study { kind, population, buckets, table, legs, span, pauses };
    let mut totals: BTreeMap<Cell, u64> = BTreeMap::new();
    for (_, bucket) in &study.buckets {
        bucket.cells().for_each(|(cell, n)| *totals.entry(cell).or_default() += u64::from(n));
    }
    let good = [Cell::RESENT, Cell::REPEATED, Cell::ended(Outcome::Answered)];
    let ends = totals.iter().filter(|(c, _)| c.delay_step().is_none() && !good.contains(c));
    let mut whats: Vec<What> = ends.map(|(c, _)| What::End(*c)).collect();
    whats.extend_from_slice(match kind.method {
        _ if kind.attempts => &[What::Unanswered],
        MethodKey::INVITE => &[What::Resent, What::Repeated],
        _ => &[What::Resent],
    });
    let looks = whats.len() as f64 + 3.0;
    let mut found: Vec<Draft> = whats.iter().filter_map(|w| study.draft(*w, looks)).collect();
    let delays = slow(&totals).into_iter().filter_map(|step| study.draft(What::Delay(step), looks));
    // One word on delay: the limit that tells most.
    found.extend(delays.max_by(|a, b| a.weight.total_cmp(&b.weight)));
    found
}

/// What happened comes before what is always so, and the most important first; of what tells the same,
/// one.
pub(super) fn sort(drafts: &mut Vec<Draft>) {
    put_causes_first(drafts);
    drafts.sort_by(|a, b| {
        let (timed, weights) = (b.is_timed().cmp(&a.is_timed()), b.weight.total_cmp(&a.weight));
        timed.then(weights).then_with(|| a.kind.cmp(&b.kind))
    });
    let mut kept: Vec<Draft> = Vec::new();
    for draft in drafts.drain(..) {
        if !kept.iter().any(|k| k.says_it_all(&draft)) {
            kept.push(draft);
        }
    }
    *drafts = outcomes::fold(kept);
}

/// What a hop further on explains comes before what follows from it at the first hop.
fn put_causes_first(drafts: &mut [Draft]) {
    // A proxy, and a B2BUA, answers for itself when nobody answers it (RFC 3261 16.8).
    let alike = |a: &Draft, b: &Draft| {
        a.what.family() == b.what.family() || (a.what.is_code() && b.what == What::End(Cell::SILENT))
    };
    let further = |a: &Draft, b: &Draft| {
        let hops = a.kind.place == Place::Reference && b.kind.place == Place::Last;
        (hops || (a.leg == Leg::In && b.leg == Leg::Out)) && alike(a, b)
    };
    // What is so throughout is told of a gateway rather than of the numbers that go there.
    let when = |a: &Draft, b: &Draft| match (a.is_timed(), b.is_timed()) {
        (true, true) => a.overlaps(b),
        (false, false) => a.because.iter().all(|c| c.dimension == Dimension::Prefix),
        _ => false,
    };
    let follows = |a: &Draft, b: &Draft| {
        !a.kind.attempts
            && a.kind.method == b.kind.method
            && when(a, b)
            && further(a, b)
            && b.excess() >= 0.5 * a.excess()
            && b.because.iter().any(|c| matches!(c.dimension, Dimension::Trunk | Dimension::Destination))
    };
    for i in 0..drafts.len() {
        let weights = drafts.iter().filter(|a| follows(a, &drafts[i])).map(|a| a.weight);
        if let Some(most) = weights.max_by(f64::total_cmp) {
            drafts[i].weight = drafts[i].weight.max(most * 1.001);
        }
    }
}

impl Draft {
    /// Cases beyond those that were to be expected.
    pub(super) fn excess(&self) -> f64 {
        let (before, during) = (self.before.value().unwrap_or(0.0), self.during.value().unwrap_or(0.0));
        (during - before).abs() * self.during.denominator as f64
    }

    /// Whoever knows this finding learns nothing from `other`.
    fn says_it_all(&self, other: &Self) -> bool {
        if self.kind.method != other.kind.method || !self.overlaps(other) {
            return false;
        }
        // The same seen at another hop.
        let delays = matches!((self.what, other.what), (What::Delay(_), What::Delay(_)));
        let hops = self.kind.place != other.kind.place && (self.what == other.what || delays);
        // Where nobody answers, everything is sent again.
        let silence = self.what == What::End(Cell::SILENT) && other.what == What::Resent;
        // Where requests are lost, so are ACKs.
        let lost = self.what == What::Resent && other.what == What::Repeated;
        hops || silence || lost
    }

    /// Whether it has a time, and is not so throughout the capture.
    pub(super) fn is_timed(&self) -> bool {
        !self.windows.is_empty()
    }

    /// Whether it comes after `other`.
    pub(super) fn is_less_than(&self, other: &Self) -> bool {
        (self.is_timed(), self.weight) < (other.is_timed(), other.weight)
    }

    pub(super) fn overlaps(&self, other: &Self) -> bool {
        if self.windows.is_empty() || other.windows.is_empty() {
            return true;
        }
        self.windows.iter().any(|a| other.windows.iter().any(|b| a.0 < b.1 && b.0 < a.1))
    }
}
