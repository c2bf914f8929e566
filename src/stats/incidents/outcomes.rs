//! Which findings on outcomes say something of their own.
//!
//! An outcome follows from codes and silence, so most of what befalls outcomes is told by a finding on
//! those already, and more closely. What remains is what no single code shows: many codes together, a
//! challenge or redirect as the last word, callers who give up.

use super::cells::Cell;
use super::draft::Draft;
use super::figures::What;
use crate::call::Outcome;
use crate::registry;
use crate::transaction::MethodKey;

/// A finding on an outcome goes where others account for so much of its excess.
const TOLD: f64 = 0.6;

/// `drafts`, in their order, without those on outcomes that the others tell.
pub(super) fn fold(drafts: Vec<Draft>) -> Vec<Draft> {
    let (outcomes, mut kept): (Vec<Draft>, Vec<Draft>) =
        drafts.into_iter().partition(|draft| draft.kind.attempts);
    // That fewer were answered is told by any of the others.
    let (fallen, risen): (Vec<Draft>, Vec<Draft>) =
        outcomes.into_iter().partition(|draft| draft.what == What::Unanswered);
    for draft in risen.into_iter().chain(fallen) {
        if !is_told(&draft, &kept) {
            let place = kept.iter().position(|k| k.is_less_than(&draft)).unwrap_or(kept.len());
            kept.insert(place, draft);
        }
    }
    kept
}

/// Whether `others` account for what `draft` says.
fn is_told(draft: &Draft, others: &[Draft]) -> bool {
    let told: f64 = others
        .iter()
        .filter(|other| {
            other.kind.method == MethodKey::INVITE && other.overlaps(draft) && leads(other, draft)
        })
        .map(|other| other.excess() * last_words(other))
        .sum();
    told >= TOLD * draft.excess()
}

/// Whether what `cause` found makes attempts end as `draft` says.
fn leads(cause: &Draft, draft: &Draft) -> bool {
    let What::End(end) = cause.what else { return false };
    match (draft.what, end.outcome()) {
        (What::Unanswered, _) => true,
        (What::End(to), Some(outcome)) => to.outcome() == Some(outcome),
        (What::End(to), None) => to.outcome().is_some_and(|to| may_end(end, to)),
        _ => false,
    }
}

/// Whether an attempt whose last try ended with `cell` may have this outcome.
fn may_end(cell: Cell, outcome: Outcome) -> bool {
    match cell.status() {
        None => matches!(outcome, Outcome::TimedOut | Outcome::Cancelled),
        Some(status) => match status.get() {
            408 => matches!(outcome, Outcome::TimedOut | Outcome::NoAnswer),
            487 => matches!(outcome, Outcome::Cancelled | Outcome::NoAnswer),
            _ => registry::outcome(status) == Some(outcome),
        },
    }
}

/// Which share of its cases ended the attempt.
fn last_words(draft: &Draft) -> f64 {
    match draft.consequence {
        Some(c) if c.retried + c.ended > 0 => c.ended as f64 / (c.retried + c.ended) as f64,
        _ => 1.0,
    }
}
