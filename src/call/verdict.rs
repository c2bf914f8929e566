//! What became of one attempt: a function of its messages' times and of the end of the capture.
//!
//! In: the exchanges of an attempt and what else was seen of it. Out: an [`Attempt`] with exactly
//! one outcome. The rules, in this order: any 2xx answers; otherwise the last round of the last
//! exchange decides, its finals ranked as RFC 3261 16.7 step 6 ranks them; without a final there,
//! the finals further down; without any, timers (Timer B, Timer C, 64·T1 after a CANCEL).

use smallvec::{SmallVec, smallvec};

use crate::flow::{Flow, FrameId};
use crate::registry;
use crate::sip::StatusCode;
use crate::time::{Nanos, Timestamp};
use crate::transaction::{CallKey, Exchange, Leg, Location, TIMER_B};

use super::delays::{delays, first_request, rang, ringback, span};
use super::legs::{Legs, deciding};
use super::observer::{Attempt, Bid};
use super::particulars::Gathering;
use super::{Alerted, Detail, Flag, Outcome, Side, Text};

/// Timer C (RFC 3261 16.6 item 11): more than three minutes after the last 101–199.
const TIMER_C: Nanos = Nanos::from_secs(180);
/// A UAS repeats its 2xx for 64·T1; copies over this long mean that no ACK came.
const UNACKNOWLEDGED: Nanos = Nanos::from_secs(24);

/// Everything known of an attempt when its time is over.
pub(super) struct Case<'a> {
    /// Its exchanges by start.
    pub(super) exchanges: SmallVec<[&'a Exchange; 2]>,
    /// A B2BUA kept the Call-ID and changed the From tag.
    pub(super) b2bua: bool,
    /// Taken as initial for want of evidence (D6).
    pub(super) assumed: bool,
    /// A CANCEL said that another branch answered.
    pub(super) elsewhere: bool,
    /// The caller sent BYE in the early dialog.
    pub(super) early_bye: bool,
    /// A PRACK got a 2xx.
    pub(super) prack_answered: bool,
    /// An ICMP error quoted the INVITE.
    pub(super) unreachable: bool,
    /// Evicted before its time: without a verdict by now it stays pending.
    pub(super) evicted: bool,
    /// See [`Attempt::called`].
    pub(super) called: Option<u64>,
    /// The Call-ID, as a number and as text.
    pub(super) call: (CallKey, Text),
    /// What was gathered of its particulars.
    pub(super) gathered: Option<Box<Gathering>>,
    /// The end of the capture, or now.
    pub(super) end: Timestamp,
}

/// When a leg without a final is given up, and as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GivenUp {
    Cancelled,
    NoFinal,
    NoResponse,
}

/// The deadline of a leg without a final: when silence becomes a verdict.
pub(super) fn deadline(leg: &Leg) -> Timestamp {
    given_up(leg).0
}

fn given_up(leg: &Leg) -> (Timestamp, GivenUp) {
    let first = leg.requested.unwrap_or(leg.started);
    if let Some(at) = leg.cancelled {
        (at + TIMER_B, GivenUp::Cancelled)
    } else if leg.replied.is_some() {
        let last = leg.progress.map_or(first, |(_, last)| last.max(first));
        (last + TIMER_C, GivenUp::NoFinal)
    } else {
        (first + TIMER_B, GivenUp::NoResponse)
    }
}

/// The verdict as far as it is settled by legs alone.
struct Verdict<'a> {
    outcome: Outcome,
    /// The leg that decides: the one with the final, or the one that waits.
    leg: Option<&'a Leg>,
    /// The final comes from that leg.
    by_final: bool,
    details: SmallVec<[Detail; 2]>,
    flags: SmallVec<[Flag; 2]>,
    /// Rounds up to which finals are intermediate.
    round: usize,
}

impl Case<'_> {
    /// The attempt, whose legs are `legs`.
    pub(super) fn judge(&mut self, legs: &Legs<'_>) -> Attempt {
        let gathered = self.gathered.take();
        let name = std::mem::take(&mut self.call.1);
        let rounds = legs.rounds();
        let mut verdict = self.decide(legs, &rounds);
        if self.evicted && verdict.outcome == Outcome::Pending {
            verdict.details = smallvec![Detail::Evicted];
        }
        let exchange = verdict.leg.and_then(|l| legs.exchange_of(l.key));
        let alerted = alerted(exchange.into_iter().flat_map(|e| legs.in_exchange(e)));
        let end = if verdict.by_final { verdict.leg.and_then(|l| l.ended) } else { None };
        if let (Some(end), Some(leg)) = (end, verdict.leg)
            && verdict.outcome != Outcome::Pending
            && verdict.outcome != Outcome::Answered
        {
            let (outcome, detail) = self.outcome_of(end.status, leg, alerted, &rounds[verdict.round..]);
            verdict.outcome = outcome;
            verdict.details = detail;
        }
        if verdict.outcome == Outcome::Cancelled && verdict.details.is_empty() {
            verdict.details.push(self.cancelled_by(&rounds[verdict.round..]));
        }
        self.add_flags(legs, &mut verdict);

        let intermediate: SmallVec<[_; 2]> = rounds[..verdict.round]
            .iter()
            .flatten()
            .filter_map(|l| l.ended)
            .filter(|f| !f.status.is_success())
            .collect();
        let overtaken =
            intermediate.iter().filter(|f| f.status.get() >= 400 && !f.status.is_challenge()).count();
        let first = self.exchanges.first();
        Attempt {
            call: self.call.0,
            call_id: name,
            started: first.map_or(self.end, |e| e.started),
            frame: legs.all.iter().min_by_key(|l| l.began()).map_or(FrameId::default(), |l| l.frame),
            requested: first_request(legs),
            outcome: verdict.outcome,
            side: side(&verdict, alerted),
            alerted,
            status: end.map(|f| f.status),
            cause: end.and_then(|f| f.cause),
            location: end.map_or(Location::None, |f| f.location),
            transactions: legs.references().count() as u32,
            bids: self.bids(legs, verdict.flags.contains(&Flag::Inferred)),
            intermediate: intermediate.iter().map(|f| f.status).collect(),
            overtaken: overtaken as u32,
            translated: translated(legs),
            delays: delays(legs, verdict.outcome, end),
            rang: rang(legs, verdict.outcome),
            flow: legs.references().next().map_or(Flow::default(), |l| l.flow),
            called: self.called,
            particulars: gathered.map(|g| Box::new(g.finish(end.map(|f| f.status), &legs.all))),
            details: verdict.details,
            flags: verdict.flags,
        }
    }

    fn decide<'a>(&self, legs: &Legs<'a>, rounds: &[SmallVec<[&'a Leg; 2]>]) -> Verdict<'a> {
        let by_2xx = |leg: &&Leg| leg.success.map(|(first, _)| (first, leg.order));
        let answered = |leg, flags, round| Verdict {
            outcome: Outcome::Answered,
            leg: Some(leg),
            by_final: true,
            details: smallvec![],
            flags,
            round,
        };
        let winner = rounds.iter().enumerate().flat_map(|(i, r)| r.iter().map(move |l| (i, *l)));
        if let Some((round, leg)) = winner.filter(|(_, l)| l.success.is_some()).min_by_key(|(_, l)| by_2xx(l))
        {
            return answered(leg, smallvec![], round);
        }
        let last = rounds.len().saturating_sub(1);
        if let Some(leg) = legs.downstream().filter(|l| l.success.is_some()).min_by_key(by_2xx) {
            return answered(leg, smallvec![Flag::Inferred], last);
        }
        let round: &[&Leg] = rounds.last().map_or(&[], |r| r);
        if let Some(leg) = round.iter().find(|l| l.is_open() && deadline(l) > self.end) {
            return pending(Some(leg), Detail::Open, last);
        }
        if let Some(leg) = deciding(round.iter().copied()) {
            return self.challenge_open(leg, last).unwrap_or_else(|| by_final(leg, smallvec![], last));
        }
        // Rule 3: no final on the reference legs of the last round.
        let since = round.first().map_or(self.end, |l| l.started);
        let below = || legs.downstream().filter(move |l| l.started >= since);
        if let Some(leg) = below().find(|l| l.is_open() && deadline(l) > self.end) {
            return pending(Some(leg), Detail::Open, last);
        }
        if let Some(leg) = deciding(below()) {
            let mut flags = smallvec![Flag::Inferred];
            if leg.ended.is_some_and(|f| self.end - f.at >= TIMER_B && round.iter().all(|up| up.last <= f.at))
            {
                flags.push(Flag::LostUpstream);
            }
            return by_final(leg, flags, last);
        }
        self.silent(round, last)
    }

    /// The legs of the last round are over without a final anywhere.
    fn silent<'a>(&self, round: &[&'a Leg], last: usize) -> Verdict<'a> {
        let leg = round.iter().copied().max_by_key(|l| (deadline(l), l.order));
        let (outcome, details) = match leg.map(|l| given_up(l).1) {
            Some(GivenUp::Cancelled) => (Outcome::Cancelled, smallvec![]),
            Some(GivenUp::NoFinal) => (Outcome::TimedOut, smallvec![Detail::NoFinal]),
            Some(GivenUp::NoResponse) if self.unreachable => {
                (Outcome::TimedOut, smallvec![Detail::IcmpUnreachable])
            }
            Some(GivenUp::NoResponse) => (Outcome::TimedOut, smallvec![Detail::NoResponse]),
            None => (Outcome::Pending, smallvec![Detail::Open]),
        };
        Verdict { outcome, leg, by_final: false, details, flags: smallvec![], round: last }
    }

    /// A challenge to a request without credentials, less than 32 s before the end.
    fn challenge_open<'a>(&self, leg: &'a Leg, round: usize) -> Option<Verdict<'a>> {
        let end = leg.ended?;
        (end.status.is_challenge() && !leg.credentials && self.end - end.at < TIMER_B)
            .then(|| Verdict { by_final: true, ..pending(Some(leg), Detail::ChallengeOpen, round) })
    }

    fn outcome_of(
        &self,
        status: StatusCode,
        leg: &Leg,
        alerted: Alerted,
        rounds: &[SmallVec<[&Leg; 2]>],
    ) -> (Outcome, SmallVec<[Detail; 2]>) {
        let end = leg.ended;
        let cause = end.and_then(|f| f.cause);
        let heard = matches!(alerted, Alerted::Ringing | Alerted::EarlyMedia);
        let mut details = SmallVec::new();
        let outcome = match status.get() {
            486 | 600 => Outcome::Busy,
            480 => Outcome::NoAnswer,
            408 if heard => Outcome::NoAnswer,
            408 => {
                details.push(Detail::Received408);
                Outcome::TimedOut
            }
            487 if self.expired(leg, rounds) => Outcome::NoAnswer,
            487 => {
                details.push(self.cancelled_by(rounds));
                Outcome::Cancelled
            }
            603 | 607 => {
                let blocked = end.is_some_and(|f| f.network_blocked);
                details.push(if blocked { Detail::NetworkBlocked } else { Detail::Callee });
                Outcome::Declined
            }
            404 | 410 | 484 | 485 | 604 => {
                if matches!(cause, Some(2 | 3)) {
                    details.push(Detail::NoRoute);
                }
                Outcome::NotFound
            }
            402 | 403 | 428 | 433 | 436..=438 | 470 | 608 => Outcome::Forbidden,
            401 | 407 => {
                details.push(self.auth_detail(leg));
                Outcome::AuthFailed
            }
            300..=399 => Outcome::Redirected,
            400..=499 => Outcome::ClientError,
            500..=599 => Outcome::ServerFailure,
            _ => Outcome::GlobalFailure,
        };
        if matches!(status.get(), 415 | 488 | 580 | 606) {
            details.push(Detail::MediaRefused);
        }
        let unacknowledged = self.exchanges.iter().any(|e| e.legs.iter().any(|l| l.reliable_repeated));
        if status.class() == 5 && unacknowledged && !self.prack_answered {
            details.push(Detail::PrackFailed);
        }
        (outcome, details)
    }

    /// 487 without CANCEL or BYE when the INVITE's `Expires` ran out (RFC 3261 13.3.1).
    fn expired(&self, leg: &Leg, rounds: &[SmallVec<[&Leg; 2]>]) -> bool {
        let (Some(expires), Some(end)) = (leg.expires, leg.ended) else { return false };
        let limit = Nanos::from_secs(i64::from(expires)) - Nanos::from_millis(500);
        let stopped = self.early_bye || rounds.iter().flatten().any(|l| l.cancelled.is_some());
        !stopped && leg.requested.is_some_and(|t| end.at - t >= limit)
    }

    fn cancelled_by(&self, rounds: &[SmallVec<[&Leg; 2]>]) -> Detail {
        if self.elsewhere {
            Detail::Elsewhere
        } else if rounds.iter().flatten().any(|l| l.cancelled.is_some()) {
            Detail::Cancel
        } else if self.early_bye {
            Detail::Bye
        } else {
            Detail::Assumed
        }
    }

    fn auth_detail(&self, leg: &Leg) -> Detail {
        let invites = self.exchanges.iter().filter(|e| e.requested).count();
        if leg.requested.is_none() {
            Detail::Unknown
        } else if leg.credentials {
            Detail::CredentialsRejected
        } else if invites > 1 {
            Detail::RetriedWithoutCredentials
        } else {
            Detail::NotRetried
        }
    }

    fn add_flags(&self, legs: &Legs<'_>, verdict: &mut Verdict<'_>) {
        let flags = &mut verdict.flags;
        if self.b2bua {
            flags.push(Flag::B2buaSameCallId);
        }
        if self.assumed {
            flags.push(Flag::InitialAssumed);
        }
        if !legs.all.iter().any(|l| l.requested.is_some()) {
            flags.push(Flag::StartedBeforeCapture);
        }
        if verdict.outcome != Outcome::Answered {
            return;
        }
        if legs.all.iter().any(|l| l.answerers.len() > 1) {
            flags.push(Flag::Forked2xx);
        }
        let unacknowledged = verdict.leg.is_some_and(|l| {
            l.requested.is_some() && l.success.is_some_and(|(first, last)| last - first >= UNACKNOWLEDGED)
        });
        if unacknowledged && legs.all.iter().all(|l| l.acked.is_none()) {
            flags.push(Flag::AnsweredNoAck);
        }
    }

    /// Tries on reference legs, each with its exchange's number and whether it timed out or ended; but
    /// for those that were merely repaired and sent again.
    pub(super) fn tries<'l>(&self, legs: &Legs<'l>, inferred: bool) -> SmallVec<[(usize, &'l Leg, bool); 2]> {
        let latest = legs.references().map(|l| l.started).max();
        let repaired = |leg: &Leg| {
            leg.ended.is_some_and(|f| {
                matches!(f.status.get(), 401 | 407 | 413 | 415 | 416 | 420 | 421 | 422 | 484 | 494)
                    && latest.is_some_and(|t| t >= f.at && t > leg.started)
            })
        };
        let tries = legs.numbered_references().filter(|(_, leg)| !repaired(leg));
        tries.map(|(x, leg)| (x, leg, inferred || self.is_over(leg))).collect()
    }

    /// `leg` has a final, or is given up.
    pub(super) fn is_over(&self, leg: &Leg) -> bool {
        !leg.is_open() || deadline(leg) <= self.end
    }

    /// One bid for each try on a reference leg that timed out or ended, but for those that were
    /// merely repaired and sent again. Where the final was seen further down only (`inferred`) the
    /// tries are over, too.
    fn bids(&self, legs: &Legs<'_>, inferred: bool) -> SmallVec<[Bid; 1]> {
        self.tries(legs, inferred)
            .into_iter()
            .filter(|(_, _, over)| *over)
            .map(|(_, leg, _)| Bid {
                destination: leg.flow.destination,
                status: leg.ended.map(|f| f.status),
                silent: leg.replied.is_none(),
                resent: leg.resent,
                pdd: span(leg.requested, ringback(leg)),
            })
            .collect()
    }
}

fn pending<'a>(leg: Option<&'a Leg>, detail: Detail, round: usize) -> Verdict<'a> {
    Verdict {
        outcome: Outcome::Pending,
        leg,
        by_final: false,
        details: smallvec![detail],
        flags: smallvec![],
        round,
    }
}

/// The outcome itself is found from the code; see [`Case::outcome_of`].
fn by_final<'a>(leg: &'a Leg, flags: SmallVec<[Flag; 2]>, round: usize) -> Verdict<'a> {
    Verdict {
        outcome: Outcome::ClientError,
        leg: Some(leg),
        by_final: true,
        details: smallvec![],
        flags,
        round,
    }
}

fn alerted<'a>(legs: impl Iterator<Item = &'a Leg>) -> Alerted {
    legs.map(|leg| {
        if leg.ringing.is_some() {
            Alerted::Ringing
        } else if leg.early_media.is_some() {
            Alerted::EarlyMedia
        } else if leg.progressed {
            Alerted::Progress
        } else {
            Alerted::None
        }
    })
    .min()
    .unwrap_or(Alerted::None)
}

/// Whom the outcome speaks of: by evidence first, then by the code's own side.
fn side(verdict: &Verdict<'_>, alerted: Alerted) -> Option<Side> {
    let heard = matches!(alerted, Alerted::Ringing | Alerted::EarlyMedia);
    let end = if verdict.by_final { verdict.leg.and_then(|l| l.ended) } else { None };
    let code = end.map_or(0, |f| f.status.get());
    let cause = end.and_then(|f| f.cause).unwrap_or(0);
    Some(match verdict.outcome {
        Outcome::Pending => return None,
        Outcome::Answered => Side::Callee,
        Outcome::NoAnswer if code == 487 => Side::Callee,
        Outcome::Cancelled if heard => Side::Callee,
        Outcome::Cancelled => Side::Caller,
        Outcome::NoAnswer | Outcome::TimedOut if code == 408 && (heard || matches!(cause, 18..=20)) => {
            Side::Callee
        }
        Outcome::Declined if verdict.details.contains(&Detail::NetworkBlocked) => Side::Account,
        Outcome::NotFound if code == 404 && matches!(cause, 2 | 3) => Side::Path,
        Outcome::NoAnswer if code == 480 && matches!(cause, 34 | 38 | 41 | 42 | 47) => Side::Path,
        _ => match end {
            None => Side::Path,
            Some(f) => {
                registry::code(f.status).and_then(|info| info.side).unwrap_or(match f.status.class() {
                    3 => Side::Number,
                    4 => Side::Request,
                    5 => Side::Path,
                    _ => Side::Callee,
                })
            }
        },
    })
}

/// Codes changed on the way up: a leg that failed, none of whose next legs failed with its code.
fn translated(legs: &Legs<'_>) -> SmallVec<[(StatusCode, StatusCode); 1]> {
    let mut found = SmallVec::new();
    for (i, leg) in legs.all.iter().enumerate() {
        let Some(outer) = leg.ended.map(|f| f.status).filter(|s| s.get() >= 300) else { continue };
        let below = legs.directly_below(i);
        if below.iter().any(|l| l.ended.is_some_and(|f| f.status == outer || f.status.is_success())) {
            continue;
        }
        // A branch that was cancelled says 487 because of that, not because of the callee.
        let own = |l: &&Leg| !(l.cancelled.is_some() && l.code() == Some(487));
        if let Some(inner) = deciding(below.into_iter().filter(own)).and_then(|l| l.ended) {
            found.push((inner.status, outer));
        }
    }
    found
}

#[cfg(test)]
mod tests;
