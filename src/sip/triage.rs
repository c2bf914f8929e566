//! What a datagram is that is not SIP: the other protocols of a telephone's ports.
//!
//! In: a UDP payload for which [`super::looks_like_sip`] said no, or whose scan did. Out: a guess
//! by first bytes (RFC 7983 7) and the few lengths that must fit. SIP is tested first because
//! TURN's range overlaps the letters `@` to `O`. A guess names a frame in the ledger and decides
//! nothing else.

use super::bytes::after;

/// What a payload looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// Only CR and LF, only NULs, or at most four bytes (RFC 5626 4.4.1 and habit).
    Keepalive,
    /// STUN (RFC 8489, RFC 3489), or TURN channel data (RFC 8656).
    Stun,
    /// RTP or RTCP (RFC 3550).
    Rtp,
    /// DTLS (RFC 6347).
    Tls,
    /// SigComp (RFC 3320): not decoded.
    Sigcomp,
    /// None of these.
    Unknown,
}

/// Guesses what `payload` is, given that it is not SIP.
pub fn classify_other(payload: &[u8]) -> Other {
    let all = |set: &[u8]| payload.iter().all(|b| set.contains(b));
    if payload.len() <= 4 || all(b"\r\n") || all(b"\0") {
        return Other::Keepalive;
    }
    // Its first bytes are any number: a tenth of all queries would pass for RTP.
    if is_dns(payload) {
        return Other::Unknown;
    }
    let (is_it, other) = match payload.first() {
        Some(0..=3) => (is_stun(payload), Other::Stun),
        Some(20..=63) => (is_dtls(payload), Other::Tls),
        Some(64..=79) => (is_channel_data(payload), Other::Stun),
        Some(128..=191) => (is_rtp(payload) || is_rtcp(payload), Other::Rtp),
        Some(248..=255) => (is_sigcomp(payload), Other::Sigcomp),
        _ => (false, Other::Unknown),
    };
    if is_it { other } else { Other::Unknown }
}

/// Whether `payload` is one of [`Other::Rtp`] and can't be SIP, nor HEP, whose first byte is below
/// 128: cheap enough for every packet of a capture full of them.
#[inline(always)]
pub fn is_media(payload: &[u8]) -> bool {
    matches!(payload, [128..=191, _, _, _, _, ..])
        && (is_rtp(payload) || is_rtcp(payload))
        && !is_dns(payload)
}

/// Whether a stream begins with a TLS record (RFC 8446 5.1): type 20–23, version 3.x, length.
pub fn looks_like_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [20..=23, 3, 0..=4, high, _, ..] if *high <= 0x48)
}

/// A 16-bit number in network order.
fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    let pair: [u8; 2] = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
    Some(usize::from(u16::from_be_bytes(pair)))
}

/// Type, length (without the header of 20 bytes, in words), cookie. RFC 3489 had no cookie: there
/// the length must fit and the type be one of its six.
fn is_stun(p: &[u8]) -> bool {
    let (Some(kind), Some(length)) = (u16_at(p, 0), u16_at(p, 2)) else { return false };
    let cookie = p.get(4..8) == Some(&[0x21, 0x12, 0xA4, 0x42]);
    let classic = matches!(kind, 0x001 | 0x101 | 0x111 | 0x002 | 0x102 | 0x112);
    p.len() >= 20 && length % 4 == 0 && (cookie || classic && length + 20 == p.len())
}

/// Channel number, length, data, padded to a word.
fn is_channel_data(p: &[u8]) -> bool {
    u16_at(p, 2).is_some_and(|length| (length + 4..=length + 7).contains(&p.len()))
}

/// Content type, version 1.0 or 1.2 written as complements, epoch and number, length.
fn is_dtls(p: &[u8]) -> bool {
    matches!(p, [20..=25, 254, 253 | 255, ..]) && u16_at(p, 11).is_some_and(|length| length > 0)
}

/// Version 2, room for the sources it counts and its extension, a payload type in use: below 64
/// or 96 to 127; 64 to 95 would be taken for RTCP (RFC 5761 4).
#[inline]
fn is_rtp(p: &[u8]) -> bool {
    let &[first, second, ..] = p else { return false };
    let sources = 12 + 4 * usize::from(first & 0x0F);
    let extension =
        if first & 0x10 == 0 { Some(0) } else { u16_at(p, sources + 2).map(|words| 4 + 4 * words) };
    !(64..96).contains(&(second & 0x7F)) && extension.is_some_and(|e| sources + e <= p.len())
}

/// Version 2, packet type 192 to 223, length in words less one.
fn is_rtcp(p: &[u8]) -> bool {
    matches!(p, [_, 192..=223, ..]) && u16_at(p, 2).is_some_and(|words| 4 * (words + 1) <= p.len())
}

/// RFC 3320 7: a returned feedback item if T is set, then the identifier of a state of 6, 9 or 12
/// bytes, or the length and address (not 0) of uploaded code.
fn is_sigcomp(p: &[u8]) -> bool {
    let Some(&first) = p.first() else { return false };
    let feedback = match (first & 4, p.get(1)) {
        (0, _) => 0,
        (_, Some(&item)) if item >= 128 => 1 + usize::from(item & 0x7F),
        _ => 1,
    };
    let rest = after(p, 1 + feedback);
    match first & 3 {
        0 => u16_at(rest, 0).is_some_and(|code| code & 0x0F != 0 && 2 + (code >> 4) <= rest.len()),
        len => rest.len() >= 3 + 3 * usize::from(len),
    }
}

/// One question, ended by type and class 1, at most 255 records of each other kind.
#[inline]
fn is_dns(p: &[u8]) -> bool {
    let &[_, _, flags, _, 0, 1, 0, _, 0, _, 0, _, ..] = p else { return false };
    is_dns_question(p, flags)
}

#[cold]
fn is_dns_question(p: &[u8], flags: u8) -> bool {
    let mut at = 12;
    while let Some(&label @ 1..=63) = p.get(at) {
        at += 1 + usize::from(label);
    }
    flags & 0x78 == 0 && p.get(at) == Some(&0) && matches!(u16_at(p, at + 3), Some(1 | 0x8001))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `head` with zeros up to `len` bytes.
    fn padded(head: &[u8], len: usize) -> Vec<u8> {
        let mut p = head.to_vec();
        p.resize(len, 0);
        p
    }

    #[test]
    fn payloads_that_are_not_sip() {
        use Other::*;
        let dns = b"\x9f\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03sip\x07example\x00\x00\x01\x00\x01";
        let cases: &[(&str, Vec<u8>, Other)] = &[
            ("empty", vec![], Keepalive),
            ("four bytes", b"jaK\0".to_vec(), Keepalive),
            ("ping", b"\r\n\r\n\r\n\r\n".to_vec(), Keepalive),
            ("NULs", vec![0; 40], Keepalive),
            ("binding request", padded(b"\x00\x01\x00\x00\x21\x12\xa4\x42", 20), Stun),
            ("cut binding response", padded(b"\x01\x01\x00\x40\x21\x12\xa4\x42", 60), Stun),
            ("classic binding request", padded(b"\x00\x01\x00\x08", 28), Stun),
            ("classic of a wrong length", padded(b"\x00\x01\x00\x08", 29), Unknown),
            ("channel data", padded(b"\x40\x01\x00\x05", 12), Stun),
            ("channel data of a wrong length", padded(b"\x40\x01\x00\x05", 14), Unknown),
            ("PCMA", padded(b"\x80\x08\x00\x01", 172), Rtp),
            ("dynamic, marked", padded(b"\x80\xe0\x00\x01", 172), Rtp),
            ("RTP with extension", padded(b"\x90\x60\x00\x01\0\0\0\0\0\0\0\0\xbe\xde\x00\x01", 40), Rtp),
            (
                "extension past the end",
                padded(b"\x90\x60\x00\x01\0\0\0\0\0\0\0\0\xbe\xde\x00\x09", 40),
                Unknown,
            ),
            ("comfort noise", padded(b"\x80\x0d\x00\x01", 13), Rtp),
            ("payload type 72 to 76 is RTCP's", padded(b"\x80\x48\x00\xff", 100), Unknown),
            ("sender report", padded(b"\x80\xc8\x00\x06", 28), Rtp),
            ("too short for RTP", padded(b"\x80\x08", 8), Unknown),
            ("DTLS hello", padded(b"\x16\xfe\xff\0\0\0\0\0\0\0\0\x00\x20", 45), Tls),
            ("no DTLS", padded(b"\x16\x03\x01", 45), Unknown),
            ("SigComp with a state", padded(b"\xf9", 30), Sigcomp),
            ("SigComp with code", padded(b"\xf8\x01\x01", 30), Sigcomp),
            ("SigComp with code past its end", padded(b"\xf8\xff\x01", 30), Unknown),
            ("DNS query", dns.to_vec(), Unknown),
            ("ZRTP", padded(b"\x10\x00", 30), Unknown),
            ("QUIC", padded(b"\xc3\x00\x00\x00\x01", 1200), Unknown),
            ("text", b"<34>syslog".to_vec(), Unknown),
        ];
        for (name, payload, expected) in cases {
            assert_eq!(classify_other(payload), *expected, "{name}");
        }
    }

    #[test]
    fn no_prefix_of_anything_panics() {
        for first in 0..=255 {
            for len in 0..40 {
                classify_other(&padded(&[first, 0xff, 0xff, 0xff], len)[..len]);
            }
        }
    }

    proptest! {
        /// What is passed over unseen is what a closer look would have called media.
        #[test]
        fn media_are_neither_sip_nor_hep_and_are_classified_as_such(
            mut payload in prop::collection::vec(prop_oneof![any::<u8>(), 0_u8..3], 0..40),
            first in prop_oneof![any::<u8>(), 128_u8..=191],
        ) {
            payload.insert(0, first);
            if is_media(&payload) {
                prop_assert_eq!(classify_other(&payload), Other::Rtp);
                prop_assert!(!crate::sip::looks_like_sip(&payload));
            } else if first >= 128 {
                prop_assert_ne!(classify_other(&payload), Other::Rtp);
            }
        }
    }

    #[test]
    fn tls_records() {
        assert!(looks_like_tls(b"\x16\x03\x01\x02\x00\x01"));
        assert!(!looks_like_tls(b"SIP/2.0 200"));
        assert!(!looks_like_tls(b"\x16\x03\x01"));
    }
}
