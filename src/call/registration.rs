//! REGISTER attempts.
//!
//! One Call-ID serves all registrations of a UA (RFC 3261 10.2), so an attempt is Call-ID and To
//! URI; only a challenge or 423 and a higher CSeq within 32 s continue it. A later refresh is an
//! attempt of its own.

use crate::sip::{Contact, Message};
use crate::time::Timestamp;
use crate::transaction::{Exchange, TIMER_B};

use super::legs::{Legs, deciding};
use super::observer::Registration;
use super::{Detail, RegisterOutcome};

/// A REGISTER attempt whose time is not over.
#[derive(Clone, Debug)]
pub(super) struct OpenRegistration {
    pub(super) id: u32,
    /// Scheme, user and host of the To URI as written.
    pub(super) to_uri: u64,
    /// What a 2xx will mean, as far as the last request told.
    pub(super) wish: RegisterOutcome,
}

/// What a REGISTER asks for: to bind, to remove (Expires 0) or to list (no Contact).
pub(super) fn wish(message: &Message<'_>) -> RegisterOutcome {
    let Some(contact) = message.contact else { return RegisterOutcome::Queried };
    let own = match Contact::parse(contact) {
        Contact::Star => Some(0),
        Contact::Address { expires, .. } => expires,
    };
    match own.or(message.expires) {
        Some(0) => RegisterOutcome::Removed,
        _ => RegisterOutcome::Registered,
    }
}

/// Whether a REGISTER at `time` with CSeq number `cseq` continues the attempt of `last`.
pub(super) fn continues(last: &Exchange, cseq: u64, time: Timestamp) -> bool {
    cseq > last.cseq
        && last.legs.iter().filter_map(|l| Some((l, l.ended?))).max_by_key(|(_, f)| f.at).is_some_and(
            |(leg, f)| {
                matches!(f.status.get(), 401 | 407 | 423 | 494) && !leg.rejected && time - f.at <= TIMER_B
            },
        )
}

/// The attempt of `exchanges` (by start) as it stands at `end`.
pub(super) fn judge(open: &OpenRegistration, exchanges: &[&Exchange], end: Timestamp) -> Registration {
    let last = exchanges.last().copied();
    let legs = Legs::of(&last.into_iter().collect::<Vec<_>>());
    let references = || legs.references();
    let leg = references()
        .find(|l| l.success.is_some())
        .or_else(|| deciding(references()))
        .or_else(|| deciding(legs.all.iter().copied()));
    let Some((leg, found)) = leg.and_then(|l| Some((l, l.ended?))) else {
        let sent = references().map(|l| l.requested.unwrap_or(l.started)).max();
        let over = sent.is_some_and(|t| end - t >= TIMER_B);
        return Registration {
            outcome: if over { RegisterOutcome::TimedOut } else { RegisterOutcome::Pending },
            detail: (!over).then_some(Detail::Open),
            status: None,
            rrd: None,
        };
    };
    let (outcome, detail) = match found.status.get() {
        200..=299 => (open.wish, None),
        401 | 407 if !leg.credentials && end - found.at < TIMER_B => {
            (RegisterOutcome::Pending, Some(Detail::ChallengeOpen))
        }
        401 | 407 => (
            RegisterOutcome::AuthFailed,
            Some(if leg.requested.is_none() {
                Detail::Unknown
            } else if leg.credentials {
                Detail::CredentialsRejected
            } else if exchanges.len() > 1 {
                Detail::RetriedWithoutCredentials
            } else {
                Detail::NotRetried
            }),
        ),
        500..=599 => (RegisterOutcome::ServerFailure, None),
        _ => (RegisterOutcome::Refused, None),
    };
    let first = exchanges.first().and_then(|e| e.legs.iter().filter_map(|l| l.requested).min());
    let done = leg.success.map(|(first, _)| first);
    Registration { outcome, detail, status: Some(found.status), rrd: done.zip(first).map(|(d, f)| d - f) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::fixture::with_message;

    #[test]
    fn what_a_register_asks_for() {
        for (headers, expected) in [
            (&["Contact: <sip:a@h>"][..], RegisterOutcome::Registered),
            (&["Contact: <sip:a@h>", "Expires: 0"], RegisterOutcome::Removed),
            (&["Contact: <sip:a@h>;expires=60", "Expires: 0"], RegisterOutcome::Registered),
            (&["Contact: <sip:a@h>;expires=0", "Expires: 60"], RegisterOutcome::Removed),
            (&["Contact: *", "Expires: 0"], RegisterOutcome::Removed),
            (&["Expires: 0"], RegisterOutcome::Queried),
        ] {
            let lines = [&["REGISTER sip:h SIP/2.0", "CSeq: 1 REGISTER"], headers].concat();
            assert_eq!(with_message(&lines, wish), expected, "{headers:?}");
        }
    }
}
