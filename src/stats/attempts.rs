//! INVITE attempts: outcomes, bids, rates and delays.

mod figures;

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::call::{Alerted, Attempt, Detail, Flag, Outcome, Side};
use crate::config::{self, HostSide};
use crate::flow::Endpoint;
use crate::hash::Secret;
use crate::rename::Rename;
use crate::sip::StatusCode;
use crate::stats::admission::Names;
use crate::stats::histogram::Histogram;
use crate::stats::names::Table;
use crate::stats::serial::{by_name, pairs};
use crate::stats::summary::{DelayKind, IntermediateRow, Invite, NextHop, OutcomeRow, RateKind, RingTimer};
use crate::stats::tally::{add_counts, add_histograms};
use crate::stats::{Ratio, share};
use crate::time::Nanos;
use crate::transaction::Location;

/// Next hops that are told; the rest is added up.
const MAX_NEXT_HOPS: usize = 1024;
/// Ring times of cancelled calls, in steps of a tenth of a second, up to ten minutes.
const RING_STEPS: usize = 6_000;
/// A handful of calls that rang equally long is chance.
const ENOUGH_CANCELLED: u64 = 10;

/// Whether `attempt` is on `side` of its host.
pub(super) fn is_on(side: &HostSide, attempt: &Attempt) -> bool {
    let end = match side.side {
        config::Side::In => attempt.flow.destination,
        config::Side::Out => attempt.flow.source,
    };
    end.ip == side.host && side.port.is_none_or(|port| port == end.port)
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutcomeTally {
    count: u64,
    details: BTreeMap<Detail, u64>,
    alerted: BTreeMap<Alerted, u64>,
    #[serde(with = "pairs")]
    codes: BTreeMap<StatusCode, u64>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HopTally {
    bids: u64,
    answered: u64,
    silent: u64,
    retransmissions: u64,
    #[serde(with = "pairs")]
    codes: BTreeMap<StatusCode, u64>,
    pdd: Histogram,
}

impl HopTally {
    fn add(&mut self, other: Self) {
        self.bids += other.bids;
        self.answered += other.answered;
        self.silent += other.silent;
        self.retransmissions += other.retransmissions;
        add_counts(&mut self.codes, other.codes);
        self.pdd.merge(other.pdd);
    }
}

/// All attempts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttemptTally {
    #[serde(
        serialize_with = "by_name::write::<Outcome, _, _>",
        deserialize_with = "by_name::read::<Outcome, _, _, _>"
    )]
    outcomes: Vec<OutcomeTally>,
    #[serde(
        serialize_with = "by_name::write::<Flag, _, _>",
        deserialize_with = "by_name::read::<Flag, _, _, _>"
    )]
    flags: Vec<u64>,
    #[serde(
        serialize_with = "by_name::write::<Side, _, _>",
        deserialize_with = "by_name::read::<Side, _, _, _>"
    )]
    sides: Vec<u64>,
    transactions: u64,
    pub(super) overtaken: u64,
    #[serde(with = "pairs")]
    intermediate: BTreeMap<StatusCode, BTreeMap<Outcome, u64>>,
    #[serde(with = "pairs")]
    translated: BTreeMap<(StatusCode, StatusCode), u64>,
    #[serde(with = "pairs")]
    after_ringing: BTreeMap<StatusCode, u64>,
    hops: Table<Endpoint, HopTally>,
    all_hops: HopTally,
    ner: u64,
    ner_high: u64,
    ner_q850: u64,
    ser: u64,
    seer: u64,
    isa: u64,
    isa_silent: u64,
    unanswered_finals: u64,
    unanswered_with_cause: u64,
    #[serde(with = "rang")]
    rang: Vec<u64>,
    pub(super) delays: BTreeMap<DelayKind, Histogram>,
}

impl AttemptTally {
    /// Gives new names to next hops.
    pub(super) fn rename(&mut self, to: &mut dyn Rename) {
        self.hops.rename(|at| to.endpoint(at), HopTally::add);
    }
}

impl Default for AttemptTally {
    fn default() -> Self {
        Self {
            outcomes: vec![OutcomeTally::default(); Outcome::ALL.len()],
            flags: vec![0; Flag::ALL.len()],
            sides: vec![0; Side::ALL.len()],
            transactions: 0,
            overtaken: 0,
            intermediate: BTreeMap::new(),
            translated: BTreeMap::new(),
            after_ringing: BTreeMap::new(),
            hops: Table::default(),
            all_hops: HopTally::default(),
            ner: 0,
            ner_high: 0,
            ner_q850: 0,
            ser: 0,
            seer: 0,
            isa: 0,
            isa_silent: 0,
            unanswered_finals: 0,
            unanswered_with_cause: 0,
            rang: Vec::new(),
            delays: BTreeMap::new(),
        }
    }
}

impl AttemptTally {
    pub(super) fn note(&mut self, a: &Attempt, hops: &mut Names) {
        let outcome = &mut self.outcomes[a.outcome as usize];
        outcome.count += 1;
        for d in &a.details {
            *outcome.details.entry(*d).or_default() += 1;
        }
        if a.outcome != Outcome::Answered {
            *outcome.alerted.entry(a.alerted).or_default() += 1;
        }
        if let Some(status) = a.status {
            *outcome.codes.entry(status).or_default() += 1;
        }
        a.flags.iter().for_each(|f| self.flags[*f as usize] += 1);
        if let Some(side) = a.side {
            self.sides[side as usize] += 1;
        }
        self.transactions += u64::from(a.transactions);
        self.overtaken += u64::from(a.overtaken);
        for status in &a.intermediate {
            *self.intermediate.entry(*status).or_default().entry(a.outcome).or_default() += 1;
        }
        for pair in &a.translated {
            *self.translated.entry(*pair).or_default() += 1;
        }
        let heard = matches!(a.alerted, Alerted::Ringing | Alerted::EarlyMedia);
        let failed = a.status.filter(|s| s.class() >= 4);
        if let Some(status) = failed
            && heard
            && !matches!(a.outcome, Outcome::Cancelled | Outcome::Pending)
        {
            *self.after_ringing.entry(status).or_default() += 1;
        }
        self.note_rates(a, heard);
        self.note_bids(a, hops);
        self.note_delays(a);
    }

    /// Adds what `other` counted.
    pub(super) fn merge(&mut self, other: Self) {
        for (ours, theirs) in self.outcomes.iter_mut().zip(other.outcomes) {
            ours.count += theirs.count;
            add_counts(&mut ours.details, theirs.details);
            add_counts(&mut ours.alerted, theirs.alerted);
            add_counts(&mut ours.codes, theirs.codes);
        }
        self.flags.iter_mut().zip(other.flags).for_each(|(a, b)| *a += b);
        self.sides.iter_mut().zip(other.sides).for_each(|(a, b)| *a += b);
        for (status, theirs) in other.intermediate {
            add_counts(self.intermediate.entry(status).or_default(), theirs);
        }
        add_counts(&mut self.translated, other.translated);
        add_counts(&mut self.after_ringing, other.after_ringing);
        self.hops.merge(other.hops, HopTally::add);
        self.all_hops.add(other.all_hops);
        for (a, b) in [
            (&mut self.transactions, other.transactions),
            (&mut self.overtaken, other.overtaken),
            (&mut self.ner, other.ner),
            (&mut self.ner_high, other.ner_high),
            (&mut self.ner_q850, other.ner_q850),
            (&mut self.ser, other.ser),
            (&mut self.seer, other.seer),
            (&mut self.isa, other.isa),
            (&mut self.isa_silent, other.isa_silent),
            (&mut self.unanswered_finals, other.unanswered_finals),
            (&mut self.unanswered_with_cause, other.unanswered_with_cause),
        ] {
            *a += b;
        }
        if self.rang.is_empty() {
            self.rang = other.rang;
        } else {
            self.rang.iter_mut().zip(other.rang).for_each(|(a, b)| *a += b);
        }
        add_histograms(&mut self.delays, other.delays);
    }

    fn note_rates(&mut self, a: &Attempt, heard: bool) {
        if a.outcome == Outcome::Pending {
            return;
        }
        let code = a.status.map_or(0, |s| s.get());
        let has = |d| a.details.contains(&d);
        let effective = match a.outcome {
            Outcome::Answered | Outcome::Busy | Outcome::NoAnswer => true,
            Outcome::Declined => !has(Detail::NetworkBlocked),
            Outcome::Cancelled => a.alerted == Alerted::Ringing && !has(Detail::Elsewhere),
            _ => false,
        };
        let in_band =
            a.outcome == Outcome::Cancelled && a.alerted == Alerted::EarlyMedia && !has(Detail::Elsewhere);
        self.ner += u64::from(effective);
        self.ner_high += u64::from(effective || in_band);
        let answered = a.outcome == Outcome::Answered;
        if !answered && a.status.is_some() {
            self.unanswered_finals += 1;
            self.unanswered_with_cause += u64::from(a.cause.is_some());
        }
        let by_cause = match a.cause {
            _ if answered => true,
            None => effective,
            Some(17..=20) => true,
            Some(21) => a.location == Location::User || (code == 603 && a.location == Location::None),
            Some(16 | 31) => heard,
            Some(_) => false,
        };
        self.ner_q850 += u64::from(by_cause);
        self.ser += u64::from(answered);
        self.seer += u64::from(answered || matches!(code, 480 | 486 | 600 | 603));
        let silent = has(Detail::NoResponse) || has(Detail::IcmpUnreachable);
        self.isa += u64::from(matches!(code, 408 | 500 | 503 | 504) || silent);
        self.isa_silent += u64::from(silent);
    }

    fn note_bids(&mut self, a: &Attempt, hops: &mut Names) {
        for bid in &a.bids {
            let admitted = hops.admit(&bid.destination);
            for hop in [self.hops.row(bid.destination, admitted), &mut self.all_hops] {
                hop.bids += 1;
                hop.silent += u64::from(bid.silent);
                hop.retransmissions += u64::from(bid.resent);
                match bid.status {
                    Some(s) if s.is_success() => hop.answered += 1,
                    Some(s) => *hop.codes.entry(s).or_default() += 1,
                    None => {}
                }
                if let Some(pdd) = bid.pdd {
                    hop.pdd.record(pdd);
                }
            }
        }
    }

    fn note_delays(&mut self, a: &Attempt) {
        let answered = a.outcome == Outcome::Answered;
        let d = &a.delays;
        let samples = [
            (DelayKind::Pdd, d.pdd),
            (DelayKind::PddAuthenticated, d.pdd_authenticated),
            (if answered { DelayKind::SrdOk } else { DelayKind::SrdFailed }, d.srd),
            (DelayKind::Setup, d.setup),
            (DelayKind::Ring, d.ring),
            (DelayKind::Ack, d.ack),
        ];
        for (kind, delay) in samples {
            if let Some(delay) = delay.filter(|d| *d >= Nanos::ZERO) {
                self.delays.entry(kind).or_default().record(delay);
            }
        }
        if let Some(rang) = a.rang.filter(|d| *d >= Nanos::ZERO) {
            let step = (rang.as_nanos() / 100_000_000) as usize;
            if step < RING_STEPS {
                if self.rang.is_empty() {
                    self.rang = vec![0; RING_STEPS];
                }
                self.rang[step] += 1;
            }
        }
    }

    pub(super) fn flagged(&self, flag: Flag) -> u64 {
        self.flags[flag as usize]
    }

    pub(super) fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize].count
    }

    pub(super) fn detail(&self, outcome: Outcome, detail: Detail) -> u64 {
        self.outcomes[outcome as usize].details.get(&detail).copied().unwrap_or(0)
    }

    pub(super) fn attempts(&self) -> u64 {
        self.outcomes.iter().map(|o| o.count).sum()
    }

    /// Fills the parts of `invite` that attempts decide. `replies_only`: no request in the whole
    /// input, so that a missing INVITE says nothing of when the call began.
    pub(super) fn fill(&self, invite: &mut Invite, replies_only: bool) {
        let all = self.attempts();
        let decided = all - self.count(Outcome::Pending);
        invite.attempts = all;
        invite.decided = decided;
        invite.transactions = self.transactions;
        invite.bids = self.all_hops.bids;
        invite.outcomes = Outcome::ALL
            .iter()
            .map(|&outcome| {
                let t = &self.outcomes[outcome as usize];
                OutcomeRow {
                    outcome,
                    count: t.count,
                    share: share(t.count, all),
                    details: t.details.iter().map(|(d, n)| (*d, *n)).collect(),
                    alerted: t.alerted.iter().map(|(d, n)| (*d, *n)).collect(),
                    codes: most_first(&t.codes),
                }
            })
            .collect();
        invite.flags = Flag::ALL
            .iter()
            .map(|&f| {
                (f, if f == Flag::StartedBeforeCapture && replies_only { 0 } else { self.flags[f as usize] })
            })
            .collect();
        invite.sides = Side::ALL.iter().map(|&s| (s, self.sides[s as usize])).collect();
        invite.intermediate = self
            .intermediate
            .iter()
            .map(|(status, next)| IntermediateRow {
                status: *status,
                count: next.values().sum(),
                followed_by: most_first(next),
            })
            .collect();
        invite.intermediate.sort_by(|a, b| b.count.cmp(&a.count).then(a.status.cmp(&b.status)));
        invite.translated = most_first(&self.translated).into_iter().map(|((i, o), n)| (i, o, n)).collect();
        invite.after_ringing = most_first(&self.after_ringing);
        invite.rates = self.rates(decided);
        invite.ring_timer = self.ring_timer();
        self.fill_hops(invite);
    }

    fn rates(&self, decided: u64) -> Vec<(RateKind, Ratio)> {
        let answered = self.count(Outcome::Answered);
        let without_redirects = decided.saturating_sub(self.count(Outcome::Redirected));
        let scanners = self.detail(Outcome::AuthFailed, Detail::NotRetried);
        let by_cause_supported =
            self.unanswered_with_cause * 5 >= self.unanswered_finals && self.unanswered_with_cause > 0;
        let mut rates = vec![
            (RateKind::Asr, Ratio::new(answered, decided)),
            (RateKind::Abr, Ratio::new(answered, self.all_hops.bids)),
            (RateKind::Ner, Ratio::new(self.ner, decided)),
            (RateKind::NerHigh, Ratio::new(self.ner_high, decided)),
            (
                RateKind::NerQ850,
                Ratio { suppressed: !by_cause_supported, ..Ratio::new(self.ner_q850, decided) },
            ),
            (RateKind::Ser, Ratio::new(self.ser, without_redirects)),
            (RateKind::Seer, Ratio::new(self.seer, without_redirects)),
            (RateKind::Isa, Ratio::new(self.isa, decided)),
            (RateKind::IsaWithoutSilent, Ratio::new(self.isa.saturating_sub(self.isa_silent), decided)),
        ];
        if scanners * 20 > decided {
            rates
                .push((RateKind::AsrWithoutScanners, Ratio::new(answered, decided.saturating_sub(scanners))));
        }
        rates
    }

    fn fill_hops(&self, invite: &mut Invite) {
        let row = |address, t: &HopTally| NextHop {
            address,
            bids: t.bids,
            answered: t.answered,
            abr: Ratio::new(t.answered, t.bids),
            silent: t.silent,
            retransmissions: t.retransmissions,
            codes: most_first(&t.codes),
            pdd: t.pdd.stats(),
        };
        invite.next_hops = self.hops.iter().map(|(address, t)| row(Some(*address), t)).collect();
        invite.next_hops.sort_by(|a, b| b.bids.cmp(&a.bids).then(a.address.cmp(&b.address)));
        let rest: Vec<Endpoint> = invite
            .next_hops
            .drain(MAX_NEXT_HOPS.min(invite.next_hops.len())..)
            .filter_map(|h| h.address)
            .collect();
        if self.hops.refused > 0 || !rest.is_empty() {
            let mut other = self.hops.other.clone();
            let rest: HashSet<Endpoint, Secret> = rest.into_iter().collect();
            self.hops.iter().filter(|(hop, _)| rest.contains(hop)).for_each(|(_, t)| other.add(t.clone()));
            invite.next_hops.push(row(None, &other));
        }
        invite.all_next_hops = (self.all_hops.bids > 0).then(|| row(None, &self.all_hops));
    }

    /// More than half of the alerted cancels within half a second of one ring time: a timer.
    fn ring_timer(&self) -> Option<RingTimer> {
        let cancelled: u64 = self.rang.iter().sum();
        let around = |i: usize| -> u64 {
            let (from, to) = (i.saturating_sub(5), (i + 5).min(RING_STEPS - 1));
            self.rang[from..=to].iter().sum()
        };
        if cancelled < ENOUGH_CANCELLED {
            return None;
        }
        let best = (0..RING_STEPS)
            .filter(|i| self.rang[*i] > 0)
            .max_by_key(|i| (around(*i), std::cmp::Reverse(*i)))?;
        let at_timer = around(best);
        (at_timer * 2 > cancelled).then(|| RingTimer {
            cancelled,
            at_timer,
            ring: Nanos::from_millis(best as i64 * 100),
        })
    }
}

/// Ring times as saved: those that occurred, by step.
mod rang {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use super::RING_STEPS;

    pub(super) fn serialize<S: Serializer>(rang: &[u64], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(rang.iter().enumerate().filter(|(_, n)| **n > 0))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u64>, D::Error> {
        let rows = Vec::<(usize, u64)>::deserialize(from)?;
        let mut rang = if rows.is_empty() { Vec::new() } else { vec![0; RING_STEPS] };
        for (step, n) in rows {
            *rang.get_mut(step).ok_or_else(|| D::Error::custom("a ring time beyond those kept"))? = n;
        }
        Ok(rang)
    }
}

/// Entries by count downwards, then by key.
pub(super) fn most_first<K: Copy + Ord>(map: &BTreeMap<K, u64>) -> Vec<(K, u64)> {
    let mut rows: Vec<(K, u64)> = map.iter().map(|(k, n)| (*k, *n)).collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    rows
}

#[cfg(test)]
mod tests;
