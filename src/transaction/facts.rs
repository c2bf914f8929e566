//! What a message says beyond its identifiers, as far as legs need it.

use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64;

use crate::hash;
use crate::sip::{Challenge, Credentials, Message, Reason, Start, may_hold_sdp};

use super::leg::{Final, Location};

/// Start line and header section as one number: "the same bytes".
pub fn head_key(message: &Message<'_>) -> u64 {
    hash::sum(message.head)
}

/// Whether a provisional carries a session description: what the caller may hear comes from the
/// far side.
pub(super) fn describes_session(message: &Message<'_>) -> bool {
    let some_body = message.content_length.map_or(!message.body.is_empty(), |n| n > 0);
    some_body && message.content_type.is_some_and(may_hold_sdp)
}

/// Realms for which a request carries credentials.
pub(super) fn credential_realms(message: &Message<'_>) -> SmallVec<[u64; 1]> {
    message
        .credentials
        .iter()
        .filter_map(|v| Credentials::parse(v))
        .map(|c| xxh3_64(c.realm.unwrap_or_default()))
        .collect()
}

/// Whether a challenge refuses the credentials for `realms`, and not merely their age. One that names no
/// realm leaves nothing to try again with.
pub(super) fn rejects(realms: &[u64], message: &Message<'_>) -> bool {
    if message.challenges.is_empty() {
        return !realms.is_empty();
    }
    let challenges = message.challenges.iter().filter_map(|v| Challenge::parse(v));
    challenges.into_iter().any(|c| !c.stale && realms.contains(&xxh3_64(c.realm.unwrap_or_default())))
}

/// Adds to a final what its `Reason` headers say (RFC 3326, RFC 8606), and whether a network
/// blocked the call (ATIS-1000099: 603 "Network Blocked", or analytics given as the reason).
pub(super) fn fill_final(end: &mut Final, message: &Message<'_>) {
    let reasons = || message.reasons.iter().filter_map(|v| Reason::parse(v));
    let q850 = reasons().find(|r| r.is_q850() && r.cause.is_some());
    if let Some(reason) = q850 {
        end.cause = reason.cause.and_then(|n| u8::try_from(n).ok());
        end.location = location(reason.location);
    }
    if end.status.get() == 603 {
        let named = matches!(message.start, Start::Response { reason, .. } if reason.eq_ignore_ascii_case(b"Network Blocked"));
        let analytics = |text: &[u8]| text.len() >= 11 && text[..11].eq_ignore_ascii_case(b"v=analytics");
        let by_text = reasons().any(|r| r.text.is_some_and(analytics));
        let by_cause = end.cause == Some(21) && end.location == Location::Network;
        end.network_blocked = named || by_text || by_cause;
    }
}

fn location(value: Option<&[u8]>) -> Location {
    match value {
        None => Location::None,
        Some(v) if v.eq_ignore_ascii_case(b"U") => Location::User,
        Some(_) => Location::Network,
    }
}
