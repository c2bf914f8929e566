//! Link types of the pcap registry: one row each, and one function where a header has to be read.
//!
//! In: a link type and a frame's bytes. Out: the header that comes next. FCS bytes at the end need
//! no care: the lengths of IP trim them.

use super::layer::{Bytes, Inside, Layer, Stop, kind};
use super::{dot11, ether};
use crate::fate::Fate;
use crate::flow::{Interface, Tap};

pub(super) const ETHERNET: u32 = 1;
pub(super) const COOKED: u32 = 113;
pub(super) const RADIOTAP: u32 = 127;
pub(super) const COOKED_V2: u32 = 276;

/// The name of a link type, for messages; `None` if it is none of the common ones.
pub fn link_name(link: u32) -> Option<&'static str> {
    NAMES.iter().find(|(n, _)| *n == link).map(|(_, name)| *name)
}

/// Names as in the pcap registry, decoded here or not.
const NAMES: &[(u32, &str)] = &[
    (0, "NULL"),
    (1, "Ethernet"),
    (6, "Token Ring"),
    (7, "ARCNET"),
    (8, "SLIP"),
    (9, "PPP"),
    (10, "FDDI"),
    (12, "raw IP"),
    (14, "raw IP"),
    (50, "PPP in HDLC framing"),
    (51, "PPPoE"),
    (100, "ATM RFC 1483"),
    (101, "raw IP"),
    (104, "Cisco HDLC"),
    (105, "IEEE 802.11"),
    (107, "Frame Relay"),
    (108, "OpenBSD loopback"),
    (109, "OpenBSD enc"),
    (113, "Linux cooked v1"),
    (114, "LocalTalk"),
    (117, "OpenBSD pflog"),
    (119, "IEEE 802.11 Prism"),
    (122, "IP over Fibre Channel"),
    (123, "SunATM"),
    (127, "IEEE 802.11 radiotap"),
    (129, "Linux ARCNET"),
    (138, "Apple IP over FireWire"),
    (139, "MTP2 with pseudo-header"),
    (140, "MTP2"),
    (141, "MTP3"),
    (142, "SCCP"),
    (143, "DOCSIS"),
    (144, "Linux IrDA"),
    (147, "user 0"),
    (149, "user 2 (Apple PKTAP)"),
    (163, "IEEE 802.11 AVS"),
    (166, "PPP with direction"),
    (177, "Linux LAPD"),
    (178, "Juniper Ethernet"),
    (187, "Bluetooth HCI"),
    (189, "Linux USB"),
    (192, "PPI"),
    (195, "IEEE 802.15.4"),
    (197, "ERF"),
    (201, "Bluetooth HCI with direction"),
    (204, "PPP with direction"),
    (220, "Linux USB, padded"),
    (224, "Fibre Channel"),
    (226, "Solaris ipnet"),
    (227, "CAN"),
    (228, "raw IPv4"),
    (229, "raw IPv6"),
    (239, "NFLOG"),
    (247, "InfiniBand"),
    (248, "SCTP"),
    (249, "USBPcap"),
    (253, "Linux netlink"),
    (258, "Apple PKTAP"),
    (276, "Linux cooked v2"),
];

/// What comes first in a frame of type `link`.
pub(super) fn enter<'a>(link: u32, bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    match link {
        ETHERNET => Ok((Layer::Ethernet, bytes)),
        0 | 108 => loopback(bytes),
        9 | 50 => Ok((Layer::Ppp, bytes)),
        10 => Ok((Layer::Llc, bytes.skip(13)?)),
        12 | 14 | 101 | 228 | 229 => Ok((Layer::Ip, bytes)),
        51 => ether::pppoe(bytes, tap),
        100 => Ok((Layer::Llc, bytes)),
        104 => ether::chdlc(bytes),
        105 => Ok((Layer::Dot11, bytes)),
        109 => Ok((Layer::Ip, bytes.skip(12)?)),
        COOKED => cooked_v1(bytes, tap),
        117 => pflog(bytes),
        RADIOTAP => dot11::radiotap(bytes),
        166 | 204 => Ok((Layer::Ppp, bytes.skip(1)?)),
        149 | 258 => pktap(bytes, tap),
        192 => dot11::ppi(bytes),
        197 => erf(bytes, tap),
        239 => nflog(bytes, tap),
        COOKED_V2 => cooked_v2(bytes, tap),
        _ => Err(Stop::UnknownLink),
    }
}

/// BSD loopback: an address family in the byte order of the capturing host, which is not known.
fn loopback(bytes: Bytes<'_>) -> Inside<'_> {
    let (&family, inside) = bytes.head::<4>()?;
    match u32::from_le_bytes(family).min(u32::from_be_bytes(family)) {
        // AF_INET; AF_INET6 of Linux, the BSDs and macOS.
        2 | 10 | 23 | 24 | 28 | 30 => Ok((Layer::Ip, inside)),
        _ if inside.looks_like_ip() => Ok((Layer::Ip, inside)),
        _ => Err(Stop::Fate(Fate::NotIp)),
    }
}

/// Linux cooked capture: packet type, hardware type, address length, address, protocol.
#[inline(always)]
pub(super) fn cooked_v1<'a>(bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    let (&[_, direction, h0, h1, .., p0, p1], inside) = bytes.head::<16>()?;
    *tap = tap.with(kind::OUTGOING, (direction == OUTGOING).into());
    Ok((cooked(u16::from_be_bytes([h0, h1]), u16::from_be_bytes([p0, p1]))?, inside))
}

/// Linux cooked capture v2: protocol, reserved, interface, hardware type, packet type, address.
#[inline(always)]
pub(super) fn cooked_v2<'a>(bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    let (&[p0, p1, _, _, i0, i1, i2, i3, h0, h1, direction, ..], inside) = bytes.head::<20>()?;
    let interface = u32::from_be_bytes([i0, i1, i2, i3]);
    *tap = tap.with(kind::INTERFACE, interface.into()).with(kind::OUTGOING, (direction == OUTGOING).into());
    *tap = tap.on_interface(Interface::index(interface));
    Ok((cooked(u16::from_be_bytes([h0, h1]), u16::from_be_bytes([p0, p1]))?, inside))
}

/// The packet type of what the host sent. It is part of the tap: a router's `any` device sees each
/// packet come in and go out.
const OUTGOING: u8 = 4;

/// What stands behind a cooked header of these hardware (ARPHRD) and protocol types.
#[inline(always)]
fn cooked(hardware: u16, protocol: u16) -> Result<Layer, Stop> {
    match (hardware, protocol) {
        (_, 0x0800 | 0x86dd) => Ok(Layer::Ip),
        (824, _) => Err(Stop::Fate(Fate::NotIp)), // netlink: protocol is its family
        (801, _) => Ok(Layer::Dot11),
        (803, _) => Ok(Layer::Link(RADIOTAP)),
        (_, 3) => Ok(Layer::Ethernet),
        (_, 4) => Ok(Layer::Llc),
        (_, 7) => Ok(Layer::Ppp),
        // Tunnels and PPP devices that leave the protocol out.
        (512 | 768 | 769 | 776 | 778 | 65534, 0) => Ok(Layer::Ip),
        (_, 0..=1500) => Err(Stop::Fate(Fate::NotIp)), // among them 1: 802.3 without 802.2
        (_, other) => Ok(ether::typed(other)),
    }
}

/// OpenBSD packet filter log: its own length first, padded to four.
fn pflog(bytes: Bytes<'_>) -> Inside<'_> {
    let len = usize::from(*bytes.seen.first().ok_or(Stop::Bad)?);
    Ok((Layer::Ip, bytes.skip(len.max(4).next_multiple_of(4))?))
}

/// Apple's packet tap: header length, record type, link type (little-endian), interface name.
fn pktap<'a>(bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    let (&[l0, l1, l2, l3, _, _, _, _, d0, d1, d2, d3], rest) = bytes.head()?;
    let (&name, _) = rest.head::<8>()?;
    *tap = tap.with(kind::INTERFACE, u64::from_be_bytes(name)).on_interface(Interface::named(&name));
    let len = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    Ok((Layer::Link(u32::from_le_bytes([d0, d1, d2, d3])), bytes.skip(len.max(20))?))
}

/// Endace's extensible record format: 16 bytes, extension headers, two bytes before Ethernet.
fn erf<'a>(bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    let (&[_, _, _, _, _, _, _, _, kind, flags, ..], mut rest) = bytes.head::<16>()?;
    *tap = tap.with(kind::INTERFACE, (flags & 3).into());
    let mut more = kind & 0x80 != 0;
    while more {
        let (&[first, ..], next) = rest.head::<8>()?;
        (more, rest) = (first & 0x80 != 0, next);
    }
    match kind & 0x7f {
        2 | 11 | 16 | 20 => Ok((Layer::Ethernet, rest.skip(2)?)),
        22 | 23 => Ok((Layer::Ip, rest)),
        _ => Err(Stop::Fate(Fate::NotIp)),
    }
}

/// Linux netfilter log: family, version, resource; then attributes in host byte order.
fn nflog<'a>(bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    const PACKET_HEADER: u16 = 1;
    const PAYLOAD: u16 = 9;
    let (&[family, version, _, _], mut rest) = bytes.head()?;
    if version != 0 {
        return Err(Stop::Bad);
    }
    while let Ok((&[a, b, c, d], _)) = rest.head() {
        // Attribute numbers are below 256: the other order would name a far greater one.
        let (len, kind) = match u16::from_le_bytes([c, d]) {
            little @ 0..256 => (u16::from_le_bytes([a, b]), little),
            _ => (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])),
        };
        let len = usize::from(len);
        let value = match len {
            0..4 => return Err(Stop::Bad),
            _ if kind == PAYLOAD => rest.limit(len).skip(4)?,
            _ => Bytes::whole(rest.seen.get(4..len).ok_or(Stop::Bad)?),
        };
        match kind {
            // The same packet may be logged at several hooks.
            PACKET_HEADER => *tap = tap.with(kind::INTERFACE, value.seen.get(2).copied().unwrap_or(0).into()),
            PAYLOAD if matches!(family, 2 | 10) || value.looks_like_ip() => return Ok((Layer::Ip, value)),
            PAYLOAD => return Err(Stop::Fate(Fate::NotIp)),
            _ => {}
        }
        rest = rest.skip(len.next_multiple_of(4).min(rest.seen.len()))?;
    }
    Err(Stop::Fate(Fate::NotIp))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::Anomaly;
    use crate::decode::build::{check_wrapping, ether_type, ethernet_ip, fate, join, see};

    fn sll(direction: u8, hardware: u16, protocol: [u8; 2], inside: &[u8]) -> Vec<u8> {
        let head = join(&[&[0, direction], &hardware.to_be_bytes(), &[0, 6], &[0; 8], &protocol]);
        join(&[&head, inside])
    }

    fn sll2(interface: u8, direction: u8, hardware: u16, protocol: [u8; 2], inside: &[u8]) -> Vec<u8> {
        let head = join(&[&protocol, &[0, 0, 0, 0, 0, interface], &hardware.to_be_bytes()]);
        join(&[&head, &[direction, 6], &[0; 8], inside])
    }

    #[test]
    fn each_link_type_yields_the_same_packet() {
        let ppp_type = |ip: &[u8]| if ip[0] >> 4 == 4 { [0, 0x21] } else { [0, 0x57] };
        for raw in [12, 14, 101, 228, 229] {
            check_wrapping(raw, |ip| ip.to_vec());
        }
        check_wrapping(1, ethernet_ip);
        check_wrapping(1, |ip| join(&[&ethernet_ip(ip), b"an FCS"]));
        check_wrapping(9, |ip| join(&[&ppp_type(ip), ip]));
        check_wrapping(9, |ip| join(&[&ppp_type(ip)[1..], ip]));
        check_wrapping(9, |ip| join(&[&[0xff, 3], &ppp_type(ip), ip]));
        check_wrapping(50, |ip| join(&[&[0x8f, 0], &ether_type(ip), ip]));
        check_wrapping(51, |ip| {
            let len = (ip.len() as u16 + 2).to_be_bytes();
            join(&[&[0x11, 0, 0, 7], &len, &ppp_type(ip), ip, &[0; 9]])
        });
        check_wrapping(104, |ip| join(&[&[0x0f, 0], &ether_type(ip), ip]));
        check_wrapping(166, |ip| join(&[&[1, 0xff, 3], &ppp_type(ip), ip]));
        check_wrapping(10, |ip| join(&[&[0x50; 13], &[0xaa, 0xaa, 3, 0, 0, 0], &ether_type(ip), ip]));
        check_wrapping(100, |ip| join(&[&[0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, 7, 0, 0], &ethernet_ip(ip)]));
        check_wrapping(109, |ip| join(&[&[0; 12], ip]));
        check_wrapping(117, |ip| join(&[&[61], &[0; 63], ip]));
        check_wrapping(258, |ip| {
            let head = join(&[&[108, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0], b"en0\0", &[0; 92]]);
            join(&[&head, &ethernet_ip(ip)])
        });
        check_wrapping(197, |ip| join(&[&[0; 8], &[0x82, 1], &[0; 6], &[0; 8], &[0; 2], &ethernet_ip(ip)]));
    }

    #[test]
    fn loopback_families_of_any_system_and_byte_order_are_ip() {
        for family in [2, 10, 23, 24, 28, 30] {
            check_wrapping(0, |ip| join(&[&[family, 0, 0, 0], ip]));
            check_wrapping(108, |ip| join(&[&[0, 0, 0, family], ip]));
        }
        assert_eq!(fate(0, &[7, 0, 0, 0, 1, 2, 3]), Fate::NotIp);
    }

    #[test]
    fn cooked_frames_of_all_hardware_types_are_read() {
        for hardware in [1, 512, 772, 778, 65534] {
            check_wrapping(113, |ip| sll(0, hardware, ether_type(ip), ip));
            check_wrapping(276, |ip| sll2(3, 0, hardware, ether_type(ip), ip));
        }
        check_wrapping(113, |ip| sll(0, 65534, [0, 0], ip));
        check_wrapping(113, |ip| sll(0, 1, [0x81, 0], &join(&[&[0, 9], &ether_type(ip), ip])));
        check_wrapping(113, |ip| sll(0, 1, [0, 4], &join(&[&[0xaa, 0xaa, 3, 0, 0, 0], &ether_type(ip), ip])));
        check_wrapping(113, |ip| sll(0, 778, [0x65, 0x58], &ethernet_ip(ip)));
        assert_eq!(fate(113, &sll(0, 824, [0, 0], &[0x45; 40])), Fate::NotIp);
        assert_eq!(fate(113, &sll(0, 1, [0x08, 0x06], &[0; 28])), Fate::NotIp);
    }

    #[test]
    fn interface_and_direction_of_cooked_frames_are_part_of_the_tap() {
        let tap = |interface, direction| {
            check_wrapping(276, |ip| sll2(interface, direction, 1, ether_type(ip), ip))
        };
        assert_eq!(tap(3, 0), tap(3, 3));
        assert_ne!(tap(3, 0), tap(4, 0));
        assert_ne!(tap(3, 0), tap(3, 4));
    }

    #[test]
    fn nflog_is_read_in_either_byte_order() {
        let attribute = |order: fn(u16) -> [u8; 2], kind, value: &[u8]| {
            let len = value.len() as u16 + 4;
            join(&[&order(len), &order(kind), value, &[0; 3][..(4 - value.len() % 4) % 4]])
        };
        for order in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
            check_wrapping(239, |ip| {
                let family = if ip[0] >> 4 == 4 { 2 } else { 10 };
                let header = attribute(order, 1, &[8, 0, 3, 0]);
                let prefix = attribute(order, 10, b"sip\0\0");
                join(&[&[family, 0, 0, 1], &header, &prefix, &attribute(order, 9, ip)])
            });
        }
        assert_eq!(fate(239, &[2, 0, 0, 1, 2, 0, 1, 0]), Fate::Undecodable);
        assert_eq!(fate(239, &[2, 0, 0, 1]), Fate::NotIp);
    }

    #[test]
    fn an_unknown_link_type_is_counted_and_can_be_named() {
        let (seen, notes) = see(249, b"anything");
        assert_eq!((seen.fate, &notes[..]), (Some(Fate::UnknownLink), &[Anomaly::UnknownLink][..]));
        assert_eq!((link_name(249), link_name(4711)), (Some("USBPcap"), None));
        assert!(NAMES.is_sorted());
    }
}
