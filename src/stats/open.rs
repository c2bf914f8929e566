//! What may still be told otherwise: conversations that were open when their capture ended.
//!
//! In: a conversation's events, had the capture ended now and at each later instant that matters.
//! What it tells in any case is counted at once; what is left is kept, each step with the instant
//! from which on it holds instead of the one before.

use serde::{Deserialize, Serialize};

pub use crate::call::Recorder;
use crate::call::{Attempt, Event, Flag, Observer};
use crate::flow::FrameId;
use crate::rename::Rename;
use crate::stats::choices::Choices;
use crate::time::Timestamp;
use crate::transaction::MethodKey;

/// Something open at the end of a capture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// The shard that its Call-ID falls to.
    pub(super) shard: u8,
    /// What it adds until the first deadline.
    pub(super) pending: Vec<Event>,
    /// What it adds instead from each deadline on, which rise.
    pub(super) verdicts: Vec<Verdict>,
}

/// What something open adds from a deadline on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verdict {
    pub(super) deadline: Timestamp,
    pub(super) adds: Vec<Event>,
}

impl Open {
    /// What is open of a conversation at `end`. `turns`: when it may tell something else than before;
    /// `at`: tells what it would, had the capture ended at an instant. What it tells in any case goes
    /// to `observer`; `None` if that is all.
    pub fn of(
        shard: usize,
        end: Timestamp,
        turns: &[Timestamp],
        choices: &Choices,
        at: impl Fn(Timestamp, &mut Recorder<'_>),
        observer: &mut impl Observer,
    ) -> Option<Self> {
        let particulars = observer.wants_particulars();
        let keeps = |attempt: &Attempt| choices.keep(attempt);
        let told = |clock| {
            let mut recorder = Recorder { events: Vec::new(), calls: Vec::new(), particulars, keeps: &keeps };
            at(clock, &mut recorder);
            (recorder.events, recorder.calls)
        };
        let (mut pending, calls) = told(end);
        calls.into_iter().for_each(|call| observer.call(call));
        let mut verdicts: Vec<Verdict> = Vec::new();
        for &deadline in turns {
            let (adds, _) = told(deadline);
            if *verdicts.last().map_or(&pending, |v| &v.adds) != adds {
                verdicts.push(Verdict { deadline, adds });
            }
        }
        let mut sure = Vec::new();
        pending.retain(|event| {
            let places: Option<Vec<usize>> =
                verdicts.iter().map(|v| v.adds.iter().position(|e| e == event)).collect();
            let Some(places) = places else { return true };
            sure.push(event.clone());
            for (verdict, place) in verdicts.iter_mut().zip(places) {
                verdict.adds.remove(place);
            }
            false
        });
        sure.iter().for_each(|event| event.tell(observer));
        let shard = u8::try_from(shard).unwrap_or(u8::MAX);
        (!verdicts.is_empty()).then_some(Self { shard, pending, verdicts })
    }

    /// What it adds if the capture ended at `clock`.
    pub(super) fn adds(&self, clock: Timestamp) -> &[Event] {
        let passed = self.verdicts.iter().rev().find(|v| v.deadline <= clock);
        passed.map_or(&self.pending, |v| &v.adds)
    }

    /// Forgets what `clock` has overtaken. `Err`: nothing is open any more, and that is what it adds.
    pub(super) fn advance(mut self, clock: Timestamp) -> Result<Self, Vec<Event>> {
        let passed = self.verdicts.iter().take_while(|v| v.deadline <= clock).count();
        if let Some(last) = self.verdicts.drain(..passed).next_back() {
            self.pending = last.adds;
        }
        if self.verdicts.is_empty() { Err(self.pending) } else { Ok(self) }
    }

    /// An attempt that awaits its verdict and was taken as initial for want of evidence.
    pub(super) fn is_assumed(&self) -> bool {
        let assumed = |e: &Event| matches!(e, Event::Attempt(a) if a.flags.contains(&Flag::InitialAssumed));
        self.pending.iter().any(assumed)
    }

    /// Gives new names to what names somebody; `method`: to methods that nobody registered.
    pub(super) fn rename(&mut self, to: &mut dyn Rename, method: &dyn Fn(MethodKey) -> MethodKey) {
        let later = self.verdicts.iter_mut().flat_map(|v| &mut v.adds);
        self.pending.iter_mut().chain(later).for_each(|event| event.rename(to, method));
    }

    /// Tells each frame in it to `change`.
    pub(super) fn renumber(&mut self, change: &mut dyn FnMut(&mut FrameId)) {
        let later = self.verdicts.iter_mut().flat_map(|v| &mut v.adds);
        self.pending.iter_mut().chain(later).for_each(|event| event.renumber(change));
    }
}
