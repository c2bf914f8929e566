//! What a message says beyond its identifiers, as far as calls need it.

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use crate::sip::{Message, Reason, Start, Uri};

use super::observer::Protocol;

/// Digits of a called number that are compared: what is left when prefixes are added or removed.
const NUMBER_TAIL: usize = 8;

/// Whether a CANCEL says that another branch answered (RFC 3326 3.1; Q.850 26).
pub(super) fn answered_elsewhere(message: &Message<'_>) -> bool {
    message
        .reasons
        .iter()
        .filter_map(|v| Reason::parse(v))
        .any(|r| (r.is_sip() && r.cause == Some(200)) || (r.is_q850() && r.cause == Some(26)))
}

/// The cause that a message gives: Q.850 before SIP.
pub(super) fn cause(message: &Message<'_>) -> Option<(Protocol, u32)> {
    let reasons = || message.reasons.iter().filter_map(|v| Reason::parse(v));
    let q850 = reasons().find(|r| r.is_q850()).and_then(|r| Some((Protocol::Q850, r.cause?)));
    q850.or_else(|| reasons().find(|r| r.is_sip()).and_then(|r| Some((Protocol::Sip, r.cause?))))
}

/// The last digits of the number that was called: of the To URI, or else of the Request-URI.
pub(super) fn called_number(message: &Message<'_>) -> Option<u64> {
    let target = match message.start {
        Start::Request { uri, .. } => Some(uri),
        Start::Response { .. } => None,
    };
    let to = message.to.as_ref().map(|to| to.uri);
    [to, target].into_iter().flatten().find_map(|uri| {
        let uri = Uri::parse(uri)?;
        let (mut tail, mut from) = ([0; NUMBER_TAIL], NUMBER_TAIL);
        for (place, digit) in
            (0..NUMBER_TAIL).rev().zip(uri.number()?.iter().rev().filter(|b| b.is_ascii_digit()))
        {
            (tail[place], from) = (*digit, place);
        }
        let digits = tail.get(from..).unwrap_or_default();
        (!digits.is_empty()).then(|| xxh3_64(digits))
    })
}

/// Scheme, user and host of the To URI as written: whose registration it is.
pub(super) fn to_uri(message: &Message<'_>) -> u64 {
    let Some(to) = &message.to else { return 0 };
    let Some(uri) = Uri::parse(to.uri) else { return xxh3_64(to.uri) };
    let mut h = Xxh3Default::new();
    for part in [Some(uri.scheme), uri.user, uri.host] {
        h.update(part.unwrap_or_default());
        h.update(b"\0");
    }
    h.digest()
}
