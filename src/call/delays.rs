//! Delays of one attempt (RFC 6076 4; E.721 post-selection delay).
//!
//! t1 is the first transmission of the attempt's first INVITE: retransmissions, challenges and
//! redirects do not start it again. Without t1 in the capture a delay is undefined.

use crate::time::{Nanos, Timestamp};
use crate::transaction::{Final, Leg};

use super::Outcome;
use super::legs::Legs;
use super::observer::AttemptDelays;

/// What the caller hears first on a leg: 180, another 18x with media, or the answer.
pub(super) fn ringback(leg: &Leg) -> Option<Timestamp> {
    [leg.ringing, leg.early_media, leg.success.map(|(first, _)| first)].into_iter().flatten().min()
}

/// The attempt's first INVITE; `None` if its first exchange shows none on its reference legs.
pub(super) fn first_request(legs: &Legs<'_>) -> Option<Timestamp> {
    let first = legs.references().next()?;
    let exchange = legs.exchange_of(first.key)?;
    let first = legs.numbered_references().filter(|(x, _)| *x == exchange);
    first.filter_map(|(_, l)| l.requested).min()
}

pub(super) fn span(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<Nanos> {
    Some(to? - from?)
}

pub(super) fn delays(legs: &Legs<'_>, outcome: Outcome, decided: Option<Final>) -> AttemptDelays {
    let t1 = first_request(legs);
    let heard = legs.references().filter_map(ringback).min();
    let status = legs.references().filter_map(|l| l.progress.map(|(first, _)| first)).min();
    let success = legs.references().filter_map(|l| l.success.map(|(first, _)| first)).min();
    let last_word = decided.filter(|f| !matches!(f.status.get(), 401 | 402 | 407)).map(|f| f.at);
    let answered = outcome == Outcome::Answered;
    let measured = !matches!(outcome, Outcome::Redirected | Outcome::Pending);
    let authenticated =
        legs.references().filter(|l| l.credentials).max_by_key(|l| l.began()).and_then(|l| l.requested);
    AttemptDelays {
        pdd: span(t1, heard),
        pdd_authenticated: span(authenticated, heard).filter(|_| heard >= authenticated),
        srd: if measured { span(t1, status.or(if answered { success } else { last_word })) } else { None },
        setup: span(t1, success),
        ring: span(
            legs.references().flat_map(|l| [l.ringing, l.early_media]).flatten().min(),
            if answered { success } else { None },
        )
        .filter(|_| heard <= success),
        ack: legs.references().filter_map(|l| span(l.success.map(|(first, _)| first), l.acked)).min(),
    }
}

/// How long a cancelled call rang.
pub(super) fn rang(legs: &Legs<'_>, outcome: Outcome) -> Option<Nanos> {
    if outcome != Outcome::Cancelled {
        return None;
    }
    let heard = legs.references().flat_map(|l| [l.ringing, l.early_media]).flatten().min();
    let stopped = legs.references().filter_map(|l| l.cancelled.or(l.ended.map(|f| f.at))).min();
    span(heard, stopped)
}
