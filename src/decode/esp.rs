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
        start[..4] != [0; 4] && !start.iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace())
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

#[cfg(test)]
mod tests {
    use crate::decode::build::{
        PAYLOAD, PORTS, check_wrapping, ethernet_ip, fate, ip4, ip6, join, see, see_cut, udp,
    };
    use crate::fate::Fate;

    /// An ESP packet around `content`, with NULL encryption and `check` bytes of integrity check.
    fn esp(next: u8, content: &[u8], check: usize) -> Vec<u8> {
        let pad = (2 - content.len() as isize).rem_euclid(4) as u8;
        let padding: Vec<u8> = (1..=pad).collect();
        join(&[&[0xca, 0xfe, 0, 1, 0, 0, 0, 9], content, &padding, &[pad, next], &[0xa5; 16][..check]])
    }

    fn content(ip: &[u8]) -> (u8, &[u8]) {
        if ip[0] >> 4 == 4 { (ip[9], &ip[20..]) } else { (ip[6], &ip[40..]) }
    }

    #[test]
    fn unencrypted_content_is_found_under_each_integrity_check() {
        for check in [0, 12, 16] {
            check_wrapping(1, |ip| {
                let (next, inside) = content(ip);
                let packet = esp(next, inside, check);
                ethernet_ip(&if ip[0] >> 4 == 4 { ip4(50, &packet) } else { ip6(50, &packet) })
            });
            for len in 0..8 {
                let packet = ip4(50, &esp(17, &udp(PORTS, &PAYLOAD[..len]), check));
                assert_eq!(see(101, &packet).0.payload, PAYLOAD[..len]);
            }
            check_wrapping(1, |ip| {
                let next = if ip[0] >> 4 == 4 { 4 } else { 41 };
                ethernet_ip(&ip6(50, &esp(next, ip, check)))
            });
            check_wrapping(1, |ip| {
                let (next, inside) = content(ip);
                let packet = udp((4500, 4500), &esp(next, inside, check));
                ethernet_ip(&if ip[0] >> 4 == 4 { ip4(17, &packet) } else { ip6(17, &packet) })
            });
        }
    }

    #[test]
    fn encrypted_content_stays_closed() {
        let mut noise = 1_u32;
        for len in 24..600 {
            let packet: Vec<u8> = (0..len)
                .map(|_| {
                    noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (noise >> 24) as u8
                })
                .collect();
            assert_eq!(fate(101, &ip4(50, &packet)), Fate::Esp);
            assert_eq!(fate(101, &ip4(17, &udp((4500, 4500), &packet))), Fate::Esp);
        }
        let mut damaged = esp(17, &udp(PORTS, PAYLOAD), 12);
        damaged[13] ^= 1;
        assert_eq!(fate(101, &ip4(50, &damaged)), Fate::Esp);
    }

    #[test]
    fn without_its_trailer_nothing_is_proven() {
        let packet = ip4(50, &esp(17, &udp(PORTS, PAYLOAD), 12));
        assert_eq!(see_cut(101, &packet[..packet.len() - 1], packet.len()).0.fate, Some(Fate::Esp));
    }

    #[test]
    fn key_exchange_and_keepalives_on_the_same_port_are_datagrams() {
        for payload in [&[0xff][..], &[0; 32], PAYLOAD] {
            assert_eq!(see(101, &ip4(17, &udp((4500, 4500), payload))).0.payload, payload);
        }
    }
}
