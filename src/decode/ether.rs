//! Ethernet, and everything that an EtherType can announce: tags, MPLS, PPPoE, PPP, LLC.
//!
//! One function a header: bytes in, next header and its bytes out. VLAN and service identifiers
//! narrow the tap.

use etherparse::{Ethernet2Slice, SingleVlanSlice};

use super::layer::{Bytes, Inside, Layer, Stop, kind};
use crate::fate::Fate;
use crate::flow::Tap;

/// Labels in one MPLS stack that are followed.
const LABELS: usize = 16;

/// Ethernet II or IEEE 802.3.
#[inline(always)]
pub(super) fn ethernet(bytes: Bytes<'_>) -> Inside<'_> {
    let frame = Ethernet2Slice::from_slice_without_fcs(bytes.seen).map_err(|_| Stop::Bad)?;
    Ok((typed(frame.ether_type().0), bytes.skip(14)?))
}

/// What stands behind a type-or-length field (IEEE 802.3 3.2.6).
#[inline(always)]
pub(super) fn typed(ether_type: u16) -> Layer {
    match ether_type {
        0x0800 | 0x86dd => Layer::Ip,
        0..=1500 | 0x8870 => Layer::Llc,
        other => Layer::Type(other),
    }
}

/// Strips the header that an EtherType announces.
pub(super) fn strip<'a>(ether_type: u16, bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    match ether_type {
        0x0800 | 0x86dd => Ok((Layer::Ip, bytes)),
        0x8100 | 0x88a8 | 0x9100 | 0x9200 => vlan(bytes, tap),
        0x8847 | 0x8848 => Ok((Layer::Mpls, bytes)),
        0x8864 => pppoe(bytes, tap),
        0x880b => Ok((Layer::Ppp, bytes)),
        0x6558 => Ok((Layer::Ethernet, bytes)),
        0x88e7 => service(bytes, tap),
        0x8926 => tagged(bytes, 6), // VN-Tag of fabric extenders
        0x893f => tagged(bytes, 8), // E-Tag, IEEE 802.1BR
        0x8909 => tagged(bytes, 8), // Cisco metadata
        0x88e5 => macsec(bytes),
        0x894f => nsh(bytes),
        _ => Err(Stop::Fate(Fate::NotIp)),
    }
}

/// 802.1Q, 802.1ad and the older double tags.
#[inline(always)]
pub(super) fn vlan<'a>(bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    let tag = SingleVlanSlice::from_slice(bytes.seen).map_err(|_| Stop::Bad)?;
    *tap = tap.on_vlan(tag.vlan_identifier().value());
    Ok((typed(tag.ether_type().0), bytes.skip(4)?))
}

/// A tag of `len` bytes that tells nothing of interest and ends in an EtherType.
fn tagged(bytes: Bytes<'_>, len: usize) -> Inside<'_> {
    Ok((typed(bytes.u16_at(len - 2)?), bytes.skip(len)?))
}

/// Provider backbone bridging, IEEE 802.1ah: an I-TAG before the customer's frame.
fn service<'a>(bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    let (&[_, a, b, c], frame) = bytes.head()?;
    *tap = tap.with(kind::SERVICE, u32::from_be_bytes([0, a, b, c]).into());
    Ok((Layer::Ethernet, frame))
}

/// MACsec that signs only (IEEE 802.1AE 9.3): tag control, short length, packet number, identifier.
fn macsec(bytes: Bytes<'_>) -> Inside<'_> {
    let (&[control, ..], _) = bytes.head::<6>()?;
    if control & 0x0c != 0 {
        return Err(Stop::Fate(Fate::NotIp));
    }
    let identifier = if control & 0x20 != 0 { 8 } else { 0 };
    tagged(bytes, 6 + identifier + 2)
}

/// Network service header (RFC 8300 2.2).
fn nsh(bytes: Bytes<'_>) -> Inside<'_> {
    let (&[_, len, _, protocol], _) = bytes.head()?;
    let inside = bytes.skip(usize::from(len & 0x3f).max(2) * 4)?;
    service_protocol(protocol, inside)
}

/// The next-protocol numbers that NSH and VXLAN-GPE share.
pub(super) fn service_protocol(protocol: u8, inside: Bytes<'_>) -> Inside<'_> {
    match protocol {
        1 | 2 => Ok((Layer::Ip, inside)),
        3 => Ok((Layer::Ethernet, inside)),
        4 => Ok((Layer::Type(0x894f), inside)),
        5 => Ok((Layer::Mpls, inside)),
        _ => Err(Stop::Fate(Fate::NotIp)),
    }
}

/// An MPLS label stack (RFC 3032), and a guess at what it carries: nothing names it.
///
/// IP by its version nibble and length, else a pseudowire with control word (first nibble 0, RFC 4385
/// 3), else one without: a MAC address may start like IP. Labels are not part of the tap.
pub(super) fn mpls<'a>(bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    let mut inside = bytes;
    for _ in 0..LABELS {
        let (&[.., bottom, _], rest) = inside.head::<4>()?;
        inside = rest;
        if bottom & 1 == 1 {
            *tap = tap.with(kind::MPLS, 0);
            return payload_of_mpls(inside);
        }
    }
    Err(Stop::TooDeep)
}

fn payload_of_mpls(bytes: Bytes<'_>) -> Inside<'_> {
    let nibble = bytes.seen.first().ok_or(Stop::Bad)? >> 4;
    let behind = bytes.skip(4).unwrap_or(Bytes::whole(&[]));
    match nibble {
        4 | 6 if bytes.ip_len() == Some(bytes.on_wire()) => Ok((Layer::Ip, bytes)),
        0 if behind.looks_like_ethernet() => Ok((Layer::Ethernet, behind)),
        0 if behind.looks_like_ip() => Ok((Layer::Ip, behind)),
        _ if bytes.looks_like_ethernet() => Ok((Layer::Ethernet, bytes)),
        4 | 6 => Ok((Layer::Ip, bytes)),
        _ => Err(Stop::Fate(Fate::NotIp)),
    }
}

/// PPPoE session stage (RFC 2516 4).
pub(super) fn pppoe<'a>(bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    let (&[version, code, _, _, a, b], inside) = bytes.head()?;
    match (version, code) {
        (0x11, 0) => {
            *tap = tap.with(kind::PPPOE, 0);
            Ok((Layer::Ppp, inside.limit(u16::from_be_bytes([a, b]).into())))
        }
        (0x11, _) => Err(Stop::Fate(Fate::NotIp)),
        _ => Err(Stop::Bad),
    }
}

/// PPP (RFC 1661 2), in HDLC-like framing or without, protocol field compressed or not; and Cisco
/// HDLC, which shares its link types.
pub(super) fn ppp(bytes: Bytes<'_>) -> Inside<'_> {
    let bytes = match bytes.seen {
        [0x0f | 0x8f, 0, ..] => return chdlc(bytes),
        [0xff, 0x03, ..] => bytes.skip(2)?,
        _ => bytes,
    };
    let (protocol, inside) = match *bytes.seen {
        [odd, ..] if odd & 1 == 1 => (odd.into(), bytes.skip(1)?),
        _ => (bytes.u16_at(0)?, bytes.skip(2)?),
    };
    match protocol {
        0x0021 | 0x0057 => Ok((Layer::Ip, inside)),
        0x0281 | 0x0283 => Ok((Layer::Mpls, inside)),
        _ => Err(Stop::Fate(Fate::NotIp)),
    }
}

/// Cisco HDLC: address, control, EtherType.
pub(super) fn chdlc(bytes: Bytes<'_>) -> Inside<'_> {
    tagged(bytes, 4)
}

/// IEEE 802.2, with or without SNAP (RFC 1042), and bridged frames (RFC 2684 5.3).
pub(super) fn llc(bytes: Bytes<'_>) -> Inside<'_> {
    match *bytes.seen {
        [0xaa, 0xaa, 3, 0, 0, 0 | 0xf8, ..] => tagged(bytes, 8),
        [0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, 1 | 7, ..] => Ok((Layer::Ethernet, bytes.skip(10)?)),
        [6, 6, 3, ..] => Ok((Layer::Ip, bytes.skip(3)?)),
        _ => Err(Stop::Fate(Fate::NotIp)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::Anomaly;
    use crate::decode::build::{
        PAYLOAD, PORTS, check_wrapping, ether_type, ethernet, ethernet_ip, fate, ip4, join, see, udp,
    };

    fn tagged_frame(tags: &[([u8; 2], u8)], ip: &[u8]) -> Vec<u8> {
        let (mut kind, mut inside) = (ether_type(ip), ip.to_vec());
        for &(tag, vlan) in tags.iter().rev() {
            inside = join(&[&[0x20, vlan], &kind, &inside]);
            kind = tag;
        }
        ethernet(kind, &inside)
    }

    fn mpls(labels: u8, inside: &[u8]) -> Vec<u8> {
        let mut stack = Vec::new();
        for label in 1..=labels {
            stack.extend([0, label, if label == labels { 0x11 } else { 0x10 }, 64]);
        }
        join(&[&stack, inside])
    }

    #[test]
    fn tags_are_stripped_and_narrow_the_tap() {
        const TYPES: [[u8; 2]; 4] = [[0x81, 0], [0x88, 0xa8], [0x91, 0], [0x92, 0]];
        let tap = |tags: &[_]| check_wrapping(1, |ip| tagged_frame(tags, ip));
        let seven = tap(&[(TYPES[0], 7)]);
        assert_ne!(seven, tap(&[]));
        assert_ne!(seven, tap(&[(TYPES[0], 8)]));
        assert_eq!(seven, tap(&[(TYPES[1], 7)]));
        assert_ne!(tap(&[(TYPES[0], 7), (TYPES[1], 8)]), tap(&[(TYPES[1], 8), (TYPES[0], 7)]));
        tap(&[(TYPES[1], 1), (TYPES[0], 2), (TYPES[2], 3), (TYPES[3], 4), (TYPES[0], 5), (TYPES[0], 6)]);
        tap(&[(TYPES[0], 1); 16]);
    }

    #[test]
    fn a_thousand_tags_are_too_deep() {
        let frame = tagged_frame(&[([0x81, 0], 1); 1000], &ip4(17, &udp(PORTS, PAYLOAD)));
        let (seen, notes) = see(1, &frame);
        assert_eq!((seen.fate, &notes[..]), (Some(Fate::Undecodable), &[Anomaly::TooDeep][..]));
        let frame = ethernet([0x88, 0x47], &mpls(200, &frame));
        assert_eq!(see(1, &frame).1, [Anomaly::TooDeep]);
    }

    #[test]
    fn mpls_carries_ip_or_pseudowires_with_and_without_control_word() {
        let bare = check_wrapping(1, |ip| ethernet([0x88, 0x47], &mpls(1, ip)));
        let deep = check_wrapping(1, |ip| ethernet([0x88, 0x48], &mpls(5, ip)));
        assert_eq!(bare, deep, "labels change with the direction: not part of the tap");
        // Addresses that begin like a control word, like IPv4, like IPv6, or like none of them.
        for first in [0x00, 0x02, 0x40, 0x60, 0xc0] {
            for word in [&[][..], &[0; 4]] {
                check_wrapping(1, |ip| {
                    let mut frame = ethernet_ip(ip);
                    frame[0] = first;
                    ethernet([0x88, 0x47], &mpls(2, &join(&[word, &frame])))
                });
            }
        }
        check_wrapping(1, |ip| {
            ethernet([0x88, 0x47], &mpls(2, &join(&[&[0; 4], &tagged_frame(&[([0x81, 0], 5)], ip)])))
        });
    }

    #[test]
    fn pppoe_sessions_carry_ppp() {
        let wrap = |session: u8, ip: &[u8]| {
            let protocol = if ip[0] >> 4 == 4 { [0, 0x21] } else { [0, 0x57] };
            let len = (ip.len() as u16 + 2).to_be_bytes();
            ethernet([0x88, 0x64], &join(&[&[0x11, 0, 0, session], &len, &protocol, ip, &[0; 4]]))
        };
        assert_eq!(check_wrapping(1, |ip| wrap(1, ip)), check_wrapping(1, |ip| wrap(2, ip)));
    }

    #[test]
    fn headers_that_ether_types_announce_are_stripped() {
        check_wrapping(1, |ip| ethernet([0x88, 0xe7], &join(&[&[0, 1, 2, 3], &ethernet_ip(ip)])));
        check_wrapping(1, |ip| ethernet([0x89, 0x26], &join(&[&[1, 2, 3, 4], &ether_type(ip), ip])));
        for tag in [0x3f, 0x09] {
            check_wrapping(1, |ip| ethernet([0x89, tag], &join(&[&[1; 6], &ether_type(ip), ip])));
        }
        check_wrapping(1, |ip| ethernet([0x88, 0xe5], &join(&[&[0, 0, 0, 0, 0, 1], &ether_type(ip), ip])));
        check_wrapping(1, |ip| {
            let head = join(&[&[0x20, 0, 0, 0, 0, 1], &[9; 8], &ether_type(ip)]);
            ethernet([0x88, 0xe5], &join(&[&head, ip, &[0xcc; 16]]))
        });
        check_wrapping(1, |ip| {
            ethernet([0x89, 0x4f], &join(&[&[0x0f, 0xc2, 2, 3, 0, 0, 1, 255], &ethernet_ip(ip)]))
        });
    }

    #[test]
    fn llc_with_snap_and_without_yields_ip() {
        for (dsap, control) in [(0xaa, 3), (6, 3)] {
            check_wrapping(1, |ip| {
                let snap = if dsap == 6 { vec![] } else { join(&[&[0, 0, 0], &ether_type(ip)]) };
                let llc = join(&[&[dsap, dsap, control], &snap, ip]);
                ethernet((llc.len() as u16).to_be_bytes(), &join(&[&llc, &[0; 6]]))
            });
        }
    }

    #[test]
    fn what_holds_no_ip_is_no_ip() {
        let not_ip: [([u8; 2], &[u8]); 7] = [
            ([0x08, 0x06], &[0; 28]),
            ([0x88, 0xcc], &[0; 9]),
            ([0, 38], &[0x42, 0x42, 3, 0, 0]),
            ([0xff, 0xff], &[0; 40]),
            ([0x88, 0x63], &[0x11, 9, 0, 0, 0, 0]),
            ([0x88, 0x64], &[0x11, 0, 0, 1, 0, 4, 0xc0, 0x21, 9, 0]),
            ([0x88, 0xe5], &[0x0c, 0, 0, 0, 0, 1, 9, 9, 9, 9]),
        ];
        for (ether_type, inside) in not_ip {
            assert_eq!(fate(1, &ethernet(ether_type, inside)), Fate::NotIp, "{ether_type:02x?}");
        }
    }
}
