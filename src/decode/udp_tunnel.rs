//! Tunnels over UDP, told by port number and by a header that nothing else would start with.
//!
//! In: ports and payload of a datagram. Out: the header inside, or `None`: not this tunnel, so the
//! datagram is what it is. SIP on a tunnel's port starts with a letter and passes through.

use std::net::IpAddr;

use super::ether;
use super::layer::{Bytes, Layer, address_id, kind};
use super::tunnel;
use crate::flow::Tap;

/// What a tunnel holds.
type Inside<'a> = Option<(Layer, Bytes<'a>)>;

/// Strips the tunnel that the ports announce and the payload confirms. `source` sent the datagram.
/// On `None`, `tap` may have been narrowed: give a copy.
pub(super) fn over_udp<'a>(source: IpAddr, ports: (u16, u16), bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    match ports {
        (_, 4789 | 8472) => vxlan(bytes, tap),
        (_, 4790) => vxlan_gpe(bytes, tap),
        (_, 6081) => geneve(bytes, tap),
        (_, 2152) | (2152, _) => gtp_u(bytes, tap),
        (_, 1701) | (1701, _) => l2tp(bytes, tap),
        (_, 3544) | (3544, _) => teredo(bytes, tap),
        (_, 37008) => tzsp(source, bytes, tap),
        (_, 6635) => mpls(bytes),
        (_, 4754) => gre(source, bytes, tap),
        _ => None,
    }
}

/// VXLAN (RFC 7348 5), with the group policy extension: flags, reserved or policy, VNI, reserved.
fn vxlan<'a>(bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    let (&[flags, a, b, c, v0, v1, v2, last], inside) = bytes.head().ok()?;
    let plain = flags == 0x08 && (a, b, c) == (0, 0, 0);
    let policy = flags == 0x88 && a & 0xb7 == 0;
    if !(plain || policy) || last != 0 {
        return None;
    }
    *tap = tap.with(kind::VNI, u32::from_be_bytes([0, v0, v1, v2]).into());
    Some((Layer::Ethernet, inside))
}

/// VXLAN with a next protocol (draft-ietf-nvo3-vxlan-gpe 3): I and P set.
fn vxlan_gpe<'a>(bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    let (&[flags, 0, 0, protocol, v0, v1, v2, 0], inside) = bytes.head().ok()? else { return None };
    if flags & 0xfc != 0x0c {
        return None;
    }
    *tap = tap.with(kind::VNI, u32::from_be_bytes([0, v0, v1, v2]).into());
    ether::service_protocol(protocol, inside).ok()
}

/// GENEVE (RFC 8926 3.4): version 0, options in words of four, EtherType, VNI.
fn geneve<'a>(bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    let (&[first, flags, p0, p1, v0, v1, v2, 0], inside) = bytes.head().ok()? else { return None };
    if first & 0xc0 != 0 || flags & 0x3f != 0 {
        return None;
    }
    let inside = inside.skip(usize::from(first & 0x3f) * 4).ok()?;
    let layer = match u16::from_be_bytes([p0, p1]) {
        0x6558 => Layer::Ethernet,
        0x0800 | 0x86dd => Layer::Ip,
        0x8847 | 0x8848 => Layer::Mpls,
        _ => return None,
    };
    *tap = tap.with(kind::VNI, u32::from_be_bytes([0, v0, v1, v2]).into());
    Some((layer, inside))
}

/// GTP-U (3GPP TS 29.281 5): version 1, a T-PDU, its length, then optional fields and extension
/// headers. Its TEID names a bearer in one direction until the next handover: not part of the tap.
fn gtp_u<'a>(bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    const T_PDU: u8 = 0xff;
    let (&[flags @ 0x30..=0x37, T_PDU, a, b, ..], inside) = bytes.head::<8>().ok()? else { return None };
    let len = usize::from(u16::from_be_bytes([a, b]));
    if len > inside.on_wire() {
        return None;
    }
    let mut inside = inside.limit(len);
    if flags & 7 != 0 {
        let (&[_, _, _, mut extension], rest) = inside.head().ok()?;
        inside = rest;
        // Length in words of four, content, type of the next; each takes four bytes or more.
        while flags & 4 != 0 && extension != 0 {
            let len = usize::from(*inside.seen.first()?) * 4;
            extension = *inside.seen.get(len.checked_sub(1)?)?;
            inside = inside.skip(len).ok()?;
        }
    }
    *tap = tap.with(kind::GTP, 0);
    match inside.seen.first()? >> 4 {
        4 | 6 => Some((Layer::Ip, inside)),
        _ if inside.looks_like_ethernet() => Some((Layer::Ethernet, inside)),
        _ => None,
    }
}

/// L2TPv2 data (RFC 2661 3.1) with PPP inside, and L2TPv3 over UDP (RFC 3931 4.1.2.1).
fn l2tp<'a>(bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    const LENGTH: u16 = 0x4000;
    const SEQUENCE: u16 = 0x0800;
    const OFFSET: u16 = 0x0200;
    const ZERO: u16 = 0x8000 | 0x34f0; // control, and the reserved bits
    *tap = tap.with(kind::L2TP, 0);
    let flags = bytes.u16_at(0).ok()?;
    if flags == 3 {
        return match bytes.head::<8>().ok()? {
            ([_, _, 0, 0, ..], inside) => tunnel::pseudowire(inside),
            _ => None,
        };
    }
    if flags & 15 != 2 || flags & ZERO != 0 {
        return None;
    }
    let mut header = 2;
    let bytes = match flags & LENGTH {
        0 => bytes,
        _ => {
            header += 2;
            let len = bytes.u16_at(2).ok()?.into();
            if len > bytes.on_wire() { return None } else { bytes.limit(len) }
        }
    };
    header += if flags & SEQUENCE != 0 { 8 } else { 4 };
    if flags & OFFSET != 0 {
        header += 2 + usize::from(bytes.u16_at(header).ok()?);
    }
    let inside = bytes.skip(header).ok()?;
    match inside.seen {
        [0xff, 3, 0, 0x21 | 0x57, ..] | [0, 0x21 | 0x57, ..] | [0x21 | 0x57, ..] => {
            Some((Layer::Ppp, inside))
        }
        _ => None,
    }
}

/// Teredo (RFC 4380 5.1.1): IPv6, perhaps after authentication and origin indication.
fn teredo<'a>(mut bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    if let [0, 1, client, value, ..] = *bytes.seen {
        bytes = bytes.skip(4 + usize::from(client) + usize::from(value) + 9).ok()?;
    }
    if let [0, 0, ..] = *bytes.seen {
        bytes = bytes.skip(8).ok()?;
    }
    *tap = tap.with(kind::TEREDO, 0);
    let exact = bytes.ip_len() == Some(bytes.on_wire());
    (bytes.seen.first()? >> 4 == 6 && exact).then_some((Layer::Ip, bytes))
}

/// TaZmen Sniffer Protocol: version 1, packet received, what it holds, tags, end tag.
fn tzsp<'a>(source: IpAddr, bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    const PADDING: u8 = 0;
    const END: u8 = 1;
    let (&[1, 0, a, b], mut rest) = bytes.head().ok()? else { return None };
    let layer = match u16::from_be_bytes([a, b]) {
        1 => Layer::Ethernet,
        18 => Layer::Dot11,
        119 | 127 => Layer::Link(127),
        _ => return None,
    };
    *tap = tap.with(kind::TZSP, address_id(source));
    loop {
        let (&[tag], behind) = rest.head().ok()?;
        rest = match tag {
            END => return Some((layer, behind)),
            PADDING => behind,
            _ => behind.skip(1 + usize::from(*behind.seen.first()?)).ok()?,
        };
    }
}

/// MPLS in UDP (RFC 7510): a label stack that ends before IP.
fn mpls(bytes: Bytes<'_>) -> Inside<'_> {
    let bottom = bytes.seen.chunks_exact(4).take(16).position(|label| label[2] & 1 == 1)?;
    bytes.skip(bottom * 4 + 4).ok()?.looks_like_ip().then_some((Layer::Mpls, bytes))
}

/// GRE in UDP (RFC 8086), which only its version and EtherType can confirm.
fn gre<'a>(source: IpAddr, bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    match *bytes.seen {
        [0x00 | 0x20 | 0x80 | 0xa0, 0, 0x08, 0x00, ..]
        | [0x00 | 0x20 | 0x80 | 0xa0, 0, 0x86, 0xdd, ..]
        | [0x00 | 0x20 | 0x80 | 0xa0, 0, 0x65, 0x58, ..] => tunnel::gre(source, bytes, tap).ok(),
        _ => None,
    }
}
