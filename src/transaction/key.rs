//! The identifiers by which messages belong together, as numbers.
//!
//! In: a message. Out: [`Keys`]. Identifiers are compared as 64-bit hashes below one Call-ID, and the
//! Call-ID itself as 128 bits of XXH3: a table entry costs bytes, not strings, and the same input
//! gives the same keys on every machine. The rules are RFC 3261 17.1.3 and 17.2.3, with the
//! Call-ID and the CSeq number as a guard against devices that use one branch for several
//! transactions; without the `z9hG4bK` cookie those of RFC 2543 10.1.2.

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};
use smallvec::SmallVec;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::hash;
use crate::sip::{CSeq, MAGIC_COOKIE, Message, Method, NameAddr, Via};

/// Bytes of a host that are put in lower case without asking for memory.
const SHORT_HOST: usize = 64;

/// A Call-ID, byte for byte (RFC 3261 8.1.1.4), as 128 bits.
pub type CallKey = u128;

/// A method as a number: registered ones are small, any other token is its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MethodKey(u64);

impl MethodKey {
    /// INVITE.
    pub const INVITE: Self = Self(0);
    /// ACK.
    pub const ACK: Self = Self(1);
    /// BYE.
    pub const BYE: Self = Self(2);
    /// CANCEL.
    pub const CANCEL: Self = Self(3);
    /// REGISTER.
    pub const REGISTER: Self = Self(4);
    /// OPTIONS.
    pub const OPTIONS: Self = Self(5);
    /// PRACK.
    pub const PRACK: Self = Self(6);
    /// UPDATE.
    pub const UPDATE: Self = Self(13);
    /// A message without a usable method.
    pub const UNKNOWN: Self = Self(14);

    /// Methods that are not told apart.
    pub const OTHER: Self = Self(15);

    /// The key of `method`.
    pub fn of(method: Method<'_>) -> Self {
        Self(match method {
            Method::Invite => 0,
            Method::Ack => 1,
            Method::Bye => 2,
            Method::Cancel => 3,
            Method::Register => 4,
            Method::Options => 5,
            Method::Prack => 6,
            Method::Subscribe => 7,
            Method::Notify => 8,
            Method::Publish => 9,
            Method::Info => 10,
            Method::Refer => 11,
            Method::Message => 12,
            Method::Update => 13,
            Method::Other(token) => xxh3_64(token) | 1 << 63,
        })
    }

    /// The number itself, for identities.
    pub fn number(self) -> u64 {
        self.0
    }

    /// Index among [`Method::REGISTERED`], with 14 for [`MethodKey::UNKNOWN`]; `None` for others.
    pub fn index(self) -> Option<usize> {
        (self.0 <= 14).then_some(self.0 as usize)
    }
}

impl Serialize for MethodKey {
    /// The name of a registered method, `#` and the hash of another one.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.index().and_then(|i| Method::REGISTERED.get(i)) {
            Some(method) => to.serialize_str(&String::from_utf8_lossy(method.as_bytes())),
            None if *self == Self::UNKNOWN => to.serialize_str("(unknown)"),
            None if *self == Self::OTHER => to.serialize_str("(other)"),
            None => to.collect_str(&format_args!("#{:016x}", self.0)),
        }
    }
}

impl<'de> Deserialize<'de> for MethodKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        let registered = Method::REGISTERED.iter().find(|m| m.as_bytes() == text.as_bytes());
        let hashed = || u64::from_str_radix(text.strip_prefix('#')?, 16).ok().map(|n| Self(n | 1 << 63));
        let key = match &*text {
            "(unknown)" => Some(Self::UNKNOWN),
            "(other)" => Some(Self::OTHER),
            _ => registered.map(|m| Self::of(*m)).or_else(hashed),
        };
        key.ok_or_else(|| D::Error::custom(format_args!("'{text}' is no method")))
    }
}

/// One Via value as two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViaKey {
    /// Sent-by (host in lower case, port as written) and branch.
    pub value: u64,
    /// Sent-by alone.
    pub sent_by: u64,
}

/// The Via values of a message, top first.
pub type ViaKeys = SmallVec<[ViaKey; 2]>;

/// What a message says about where it belongs, below its Call-ID.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The Call-ID.
    pub call: CallKey,
    /// From tag; without one the whole From value; 1 if there is no From.
    pub from: u64,
    /// To tag; 0 if there is none.
    pub to: u64,
    /// CSeq number; opaque digits ≥ 2³² as a hash.
    pub cseq: u64,
    /// CSeq method.
    pub method: MethodKey,
    /// The T-key: this hop's transaction. ACK has that of its INVITE.
    pub transaction: u64,
    /// The topmost Via value; `None` without one.
    pub top: Option<ViaKey>,
}

impl Keys {
    /// The keys of `message`; `None` without a Call-ID or a usable CSeq: it joins nothing.
    pub fn of(message: &Message<'_>) -> Option<Self> {
        let call = call_key(message.call_id?);
        let cseq = message.cseq.as_ref()?;
        let from = message.from.as_ref().map_or(1, tag_or_value);
        let to = message.to.as_ref().and_then(|to| to.tag).map_or(0, tag_key);
        let number = cseq_key(cseq);
        let method = MethodKey::of(cseq.method);
        let (transaction, top) = transaction_key(message, from, number, method);
        Some(Self { call, from, to, cseq: number, method, transaction, top })
    }
}

/// A Call-ID as a number.
pub fn call_key(id: &[u8]) -> CallKey {
    xxh3_128(id)
}

/// A tag as a number, never 0.
pub fn tag_key(tag: &[u8]) -> u64 {
    hash::bytes(tag, 0).max(2)
}

impl Keys {
    /// The Via values of `message`, whose keys these are.
    pub fn vias(&self, message: &Message<'_>) -> ViaKeys {
        let below = message.vias.get(1..).unwrap_or_default();
        self.top.into_iter().chain(below.iter().map(|value| via_key(value))).collect()
    }
}

fn tag_or_value(from: &NameAddr<'_>) -> u64 {
    tag_key(from.tag.unwrap_or(from.value))
}

fn cseq_key(cseq: &CSeq<'_>) -> u64 {
    cseq.number.map_or_else(|| xxh3_64(cseq.digits) | 1 << 63, u64::from)
}

/// RFC 3261 17.2.3: branch, sent-by and method; RFC 2543 10.1.2 where the branch is no identifier.
/// And the topmost Via, which is read for it.
fn transaction_key(message: &Message<'_>, from: u64, cseq: u64, method: MethodKey) -> (u64, Option<ViaKey>) {
    // A response never answers an ACK: one that says so does not belong to the INVITE either.
    let is_ack = method == MethodKey::ACK && message.request_method().is_some();
    let method = if is_ack { MethodKey::INVITE } else { method };
    let top = message.vias.first().copied();
    let parsed = top.and_then(Via::parse);
    let has_cookie = parsed.as_ref().is_some_and(Via::has_cookie);
    let top_key = match &parsed {
        Some(via) => Some(via_key_of(via, has_cookie)),
        None => top.map(whole_key),
    };
    let via = match top_key {
        Some(key) if has_cookie => key.value,
        _ => top.into_iter().flat_map(Via::without_added_params).fold(from, |h, piece| hash::bytes(piece, h)),
    };
    (hash::fold(hash::fold(via, SPREAD[0]) ^ cseq, method.0 ^ SPREAD[1]), top_key)
}

/// What keeps small numbers from meeting in a key.
const SPREAD: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xD6E8_FEB8_6659_FD93];

fn via_key(value: &[u8]) -> ViaKey {
    Via::parse(value).map_or_else(|| whole_key(value), |via| via_key_of(&via, via.has_cookie()))
}

/// Of a value that cannot be read.
fn whole_key(value: &[u8]) -> ViaKey {
    let whole = hash::bytes(value, 0);
    ViaKey { value: whole, sent_by: whole }
}

/// The cookie is compared in any case, the rest of the branch byte by byte; the host in lower
/// case; a port as it is written (RFC 3261 17.2.3, 19.1.4 do not apply defaults here).
#[inline]
fn via_key_of(via: &Via<'_>, has_cookie: bool) -> ViaKey {
    let sent_by = sent_by(via.host, via.port.unwrap_or_default());
    // The seeds tell a branch that identifies from one that does not, and from none.
    let value = match via.branch {
        Some(branch) if has_cookie => {
            hash::bytes(branch.get(MAGIC_COOKIE.len()..).unwrap_or_default(), sent_by)
        }
        Some(branch) => hash::bytes(branch, !sent_by),
        None => sent_by.rotate_left(1),
    };
    ViaKey { value, sent_by }
}

/// Host, in lower case, and port as one number.
#[inline]
fn sent_by(host: &[u8], port: &[u8]) -> u64 {
    let host = if has_letters(host) { lower_key(host) } else { hash::bytes(host, 0) };
    match port.len() {
        // No port has more digits, unless they are zeros.
        ..8 => hash::fold(host ^ SPREAD[0], port.iter().fold(1, |n, b| n << 8 | u64::from(*b))),
        _ => hash::bytes(port, host),
    }
}

/// Whether `host` may be written otherwise in lower case: an IPv4 address may not.
#[inline]
fn has_letters(host: &[u8]) -> bool {
    let (Some(first), Some(last), ..=16) = (host.first_chunk(), host.last_chunk(), host.len()) else {
        return host.iter().any(|&b| b >= b'A');
    };
    // Eight bytes at once: the highest bit of each tells whether it was `A` or more.
    let above = |bytes: [u8; 8]| {
        let word = u64::from_le_bytes(bytes);
        word | ((word & !HIGHEST) + EACH * u64::from(0x80 - b'A'))
    };
    (above(*first) | above(*last)) & HIGHEST != 0
}

const EACH: u64 = 0x0101_0101_0101_0101;
const HIGHEST: u64 = EACH << 7;

fn lower_key(host: &[u8]) -> u64 {
    let mut lower = [0; SHORT_HOST];
    match lower.get_mut(..host.len()) {
        Some(lower) => {
            lower.copy_from_slice(host);
            lower.make_ascii_lowercase();
            hash::bytes(lower, 0)
        }
        // No host is that long (255 bytes by RFC 1035 2.3.4).
        None => hash::bytes(&host.to_ascii_lowercase(), 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::fixture::with_message;

    fn keys(start: &str, via: &str, cseq: &str, from: &str) -> Keys {
        let (via, cseq, from) = (format!("Via: {via}"), format!("CSeq: {cseq}"), format!("From: {from}"));
        with_message(&[start, &via, &cseq, &from, "Call-ID: c", "To: <sip:b@h>"], |m| Keys::of(m).unwrap())
    }

    const INVITE: &str = "INVITE sip:b@h SIP/2.0";
    const VIA: &str = "SIP/2.0/UDP Host.example:5060;branch=z9hG4bKaB";

    #[test]
    fn one_transaction_however_it_is_written() {
        let invite = keys(INVITE, VIA, "1 INVITE", "<sip:a@h>;tag=f").transaction;
        for (start, via, cseq, same) in [
            ("SIP/2.0 486 Busy", VIA, "1 INVITE", true),
            ("ACK sip:b@h SIP/2.0", VIA, "1 ACK", true),
            (INVITE, "SIP/2.0/UDP hOST.EXAMPLE:5060;received=1.2.3.4;branch=Z9HG4BKaB", "001 INVITE", true),
            (INVITE, "SIP/2.0/UDP Host.example:5060;branch=z9hG4bKAB", "1 INVITE", false),
            (INVITE, "SIP/2.0/UDP Host.example;branch=z9hG4bKaB", "1 INVITE", false),
            (INVITE, VIA, "2 INVITE", false),
            ("CANCEL sip:b@h SIP/2.0", VIA, "1 CANCEL", false),
            ("SIP/2.0 200 OK", VIA, "1 CANCEL", false),
            ("SIP/2.0 200 OK", VIA, "1 ACK", false),
        ] {
            let other = keys(start, via, cseq, "<sip:a@h>;tag=f").transaction;
            assert_eq!(other == invite, same, "{start} {via} {cseq}");
        }
    }

    #[test]
    fn without_the_cookie_from_and_via_tell() {
        let of = |via: &str, from: &str| keys(INVITE, via, "1 INVITE", from).transaction;
        let first = of("SIP/2.0/UDP h;branch=1", "<sip:a@h>;tag=f");
        assert_eq!(of("SIP/2.0/UDP h;branch=1;received=1.2.3.4;rport=5", "<sip:a@h>;tag=f"), first);
        assert_ne!(of("SIP/2.0/UDP h;branch=1", "<sip:a@h>;tag=g"), first);
        assert_ne!(of("SIP/2.0/UDP h;branch=2", "<sip:a@h>;tag=f"), first);
        let only_cookie = |from| of("SIP/2.0/UDP h;branch=z9hG4bK", from);
        assert_ne!(only_cookie("<sip:a@h>;tag=f"), only_cookie("<sip:a@h>;tag=g"));
    }

    #[test]
    fn without_a_from_tag_the_whole_value_tells() {
        let of = |from: &str| keys(INVITE, VIA, "1 INVITE", from).from;
        assert_ne!(of("<sip:a@h>"), of("<sip:b@h>"));
        assert_eq!(of("<sip:a@h>;tag=f"), of("Other <sip:b@h>;tag=f"));
    }
}
