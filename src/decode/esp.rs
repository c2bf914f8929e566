//! ESP without encryption, as between handsets and the P-CSCF of an IMS (TS 33.203, RFC 2410).
//!
//! In: an ESP packet. Out: what it holds, if trailer and content prove that nothing is encrypted;
//! else `None`. Nothing is decrypted here.

use super::ip::number;
use super::layer::Bytes;

/// Lengths of the integrity check value: 96 bits (HMAC-MD5, HMAC-SHA-1), 128 (HMAC-SHA-256), none.
const CHECKS: [usize; 3] = [12, 16, 0];

/// SPI and sequence number.
const HEADER: usize = 8;

/// The protocol number and bytes inside an ESP packet with NULL encryption (RFC 4303 2).
///
/// Proof is the trailer (padding 1, 2, 3 …, its length, a next header of ours, aligned to four) and
/// a UDP, TCP or IP header whose own length agrees: some 40 bits of a chance encrypted packet.
pub(super) fn unencrypted(bytes: Bytes<'_>) -> Option<(u8, Bytes<'_>)> {
    if bytes.unseen != 0 {
        return None;
    }
    CHECKS.into_iter().find_map(|check| {
        let signed = bytes.seen.get(..bytes.seen.len().checked_sub(check)?)?;
        let (padded, &[pad, next]) = signed.split_last_chunk()?;
        let content = padded.get(HEADER..padded.len().checked_sub(pad.into())?)?;
        let padding = padded.get(HEADER + content.len()..)?;
        let aligned = signed.len().is_multiple_of(4);
        let counted = padding.iter().zip(1..=u8::MAX).all(|(have, want)| *have == want);
        (aligned && counted && confirms(next, content)).then_some((next, Bytes::whole(content)))
    })
}

/// Whether a datagram on port 4500 holds ESP (RFC 3948 2): no IKE (four zero bytes first), no
/// keepalive (one byte), no text.
pub(super) fn is_in_udp(payload: Bytes<'_>) -> bool {
    let start = payload.seen.first_chunk::<16>();
    start.is_some_and(|start| {
        start[..4] != [0; 4] && !start.iter().all(|b| b.is_ascii_graphic() || *b == b' ')
    })
}

/// Whether `content` can be what `protocol` says.
fn confirms(protocol: u8, content: &[u8]) -> bool {
    let bytes = Bytes::whole(content);
    let number = |at| bytes.u16_at(at).unwrap_or(0);
    match protocol {
        number::UDP => usize::from(number(4)) == content.len() && number(0) != 0 && number(2) != 0,
        number::TCP => {
            let header = usize::from(content.get(12).copied().unwrap_or(0) >> 4) * 4;
            let reserved = content.get(12).is_some_and(|b| b & 0x0e != 0);
            (20..=content.len()).contains(&header) && !reserved && number(0) != 0 && number(2) != 0
        }
        number::IPIP | number::IPV6 => bytes.ip_len() == Some(content.len()),
        _ => false,
    }
}
