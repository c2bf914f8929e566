//! Tunnels over UDP, told by port number and by a header that nothing else would start with.
//!
//! In: ports and payload of a datagram. Out: the header inside, or `None`: not this tunnel, so the
//! datagram is what it is. SIP on a tunnel's port starts with a letter and passes through.

use std::net::IpAddr;

use super::layer::{Bytes, Layer, address_id, kind};
use super::{ether, link, tunnel};
use crate::flow::Tap;

/// What a tunnel holds.
type Inside<'a> = Option<(Layer, Bytes<'a>)>;

/// Whether datagrams between these ports may hold something else than they seem to.
#[inline(always)]
pub(super) fn may_tunnel(source: u16, destination: u16) -> bool {
    let special =
        |port| matches!(port, 1701 | 2152 | 3544 | 4500 | 4754 | 4789 | 4790 | 6081 | 6635 | 8472 | 37008);
    // Media have higher ports than nearly all of them: two comparisons instead of eleven.
    let may_be = |port| port <= 8472 || port == 37008;
    may_be(source) && special(source) || may_be(destination) && special(destination)
}

/// Strips the tunnel that one of the ports announces and the payload confirms; narrows `tap` if
/// so. `source` sent the datagram.
pub(super) fn over_udp<'a>(source: IpAddr, ports: (u16, u16), bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    [ports.1, ports.0].into_iter().find_map(|port| {
        let mut narrowed = *tap;
        let inside = at_port(port, source, bytes, &mut narrowed)?;
        *tap = narrowed;
        Some(inside)
    })
}

fn at_port<'a>(port: u16, source: IpAddr, bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    match port {
        4789 | 8472 => vxlan(bytes, tap),
        4790 => vxlan_gpe(bytes, tap),
        6081 => geneve(bytes, tap),
        2152 => gtp_u(bytes, tap),
        1701 => l2tp(bytes, tap),
        3544 => teredo(bytes, tap),
        37008 => tzsp(source, bytes, tap),
        6635 => mpls(bytes),
        4754 => gre(source, bytes, tap),
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

/// VXLAN with a next protocol (draft-ietf-nvo3-vxlan-gpe 3): I set, P or not.
fn vxlan_gpe<'a>(bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    let (&[flags, 0, 0, protocol, v0, v1, v2, 0], inside) = bytes.head().ok()? else { return None };
    if !(0x08..=0x0f).contains(&flags) {
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
        119 | 127 => Layer::Link(link::RADIOTAP),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::build::{
        PAYLOAD, PORTS, Seen, check_wrapping, ether_type, ethernet_ip, ip4, ip4_piece, ip6, join, see, udp,
    };

    /// Outer ports, told from those of [`PORTS`].
    fn over(port: u16, payload: &[u8]) -> Vec<u8> {
        ethernet_ip(&ip4_piece(17, 0, 77, &udp((49152, port), payload)))
    }

    fn see_over(port: u16, payload: &[u8]) -> Seen {
        see(1, &over(port, payload)).0
    }

    fn gtp(flags: u8, fields: &[u8], ip: &[u8]) -> Vec<u8> {
        let len = ((fields.len() + ip.len()) as u16).to_be_bytes();
        join(&[&[flags, 0xff], &len, &[0, 0, 0, 9], fields, ip])
    }

    fn ppp(ip: &[u8]) -> Vec<u8> {
        join(&[&[0xff, 3, 0, if ip[0] >> 4 == 4 { 0x21 } else { 0x57 }], ip])
    }

    #[test]
    fn vxlan_is_unwrapped_and_its_vni_narrows_the_tap() {
        let vxlan = |port, vni| {
            check_wrapping(1, |ip| over(port, &join(&[&[8, 0, 0, 0, 0, 0, vni, 0], &ethernet_ip(ip)])))
        };
        assert_ne!(vxlan(4789, 1), vxlan(4789, 2));
        assert_eq!(vxlan(4789, 1), vxlan(8472, 1));
        check_wrapping(1, |ip| over(4789, &join(&[&[0x88, 0x48, 1, 2, 0, 0, 1, 0], &ethernet_ip(ip)])));
        check_wrapping(1, |ip| over(4790, &join(&[&[0x0c, 0, 0, 3, 0, 0, 1, 0], &ethernet_ip(ip)])));
        check_wrapping(1, |ip| {
            let protocol = if ip[0] >> 4 == 4 { 1 } else { 2 };
            over(4790, &join(&[&[0x0c, 0, 0, protocol, 0, 0, 1, 0], ip]))
        });
    }

    #[test]
    fn geneve_is_unwrapped_with_its_options() {
        check_wrapping(1, |ip| over(6081, &join(&[&[0, 0, 0x65, 0x58, 0, 0, 1, 0], &ethernet_ip(ip)])));
        check_wrapping(1, |ip| {
            over(6081, &join(&[&[2, 0x40], &ether_type(ip), &[0, 0, 1, 0], &[0xab; 8], ip]))
        });
    }

    #[test]
    fn gtp_u_is_unwrapped_and_its_teid_is_no_part_of_the_tap() {
        let bare = check_wrapping(1, |ip| over(2152, &gtp(0x30, &[], ip)));
        let sequence = check_wrapping(1, |ip| over(2152, &gtp(0x32, &[0, 1, 0, 0], ip)));
        // A PDCP number and a PDU session container (5G).
        let fields = [0, 0, 0, 0xc0, 1, 0, 1, 0x85, 1, 0x10, 9, 0];
        let extended = check_wrapping(1, |ip| over(2152, &gtp(0x34, &fields, ip)));
        assert_eq!((bare, bare), (sequence, extended));
        let answer = check_wrapping(1, |ip| ethernet_ip(&ip6(17, &udp((2152, 2153), &gtp(0x30, &[], ip)))));
        assert_eq!(bare, answer);
        check_wrapping(1, |ip| over(2152, &gtp(0x30, &[], &ethernet_ip(ip))));
    }

    #[test]
    fn l2tp_is_unwrapped_in_both_versions() {
        check_wrapping(1, |ip| over(1701, &join(&[&[0, 2, 0, 1, 0, 2], &ppp(ip)])));
        check_wrapping(1, |ip| over(1701, &join(&[&[0, 2, 0, 1, 0, 2], &ppp(ip)[3..]])));
        check_wrapping(1, |ip| {
            let len = (ppp(ip).len() as u16 + 14 + 2).to_be_bytes();
            let head = join(&[&[0x4a, 2], &len, &[0, 1, 0, 2], &[0; 4], &[0, 2, 0, 0]]);
            over(1701, &join(&[&head, &ppp(ip)]))
        });
        check_wrapping(1, |ip| over(1701, &join(&[&[0, 3, 0, 0, 0, 0, 0, 9], &[0xc0; 4], &ethernet_ip(ip)])));
    }

    #[test]
    fn the_lesser_tunnels_are_unwrapped() {
        check_wrapping(1, |ip| over(37008, &join(&[&[1, 0, 0, 1, 0, 10, 2, 7, 7, 1], &ethernet_ip(ip)])));
        check_wrapping(1, |ip| over(6635, &join(&[&[0, 1, 0x10, 64, 0, 2, 0x11, 64], ip])));
        check_wrapping(1, |ip| over(4754, &join(&[&[0x20, 0], &ether_type(ip), &[0, 0, 0, 7], ip])));
        // Teredo holds IPv6 only, GRE takes the other family.
        check_wrapping(1, |ip| match ip[0] >> 4 {
            6 => over(3544, &join(&[&[0, 1, 0, 0], &[0; 9], &[0; 8], ip])),
            _ => ethernet_ip(ip),
        });
    }

    #[test]
    fn sip_on_the_port_of_a_tunnel_passes_through() {
        for port in [4789, 8472, 4790, 6081, 2152, 1701, 3544, 4500, 37008, 6635, 4754] {
            for text in [PAYLOAD, b"SIP/2.0 200 OK\r\n\r\n", b"\r\n\r\n", b"\0", b""] {
                let seen = see_over(port, text);
                assert_eq!((seen.fate, &seen.payload[..], seen.flow.destination.port), (None, text, port));
            }
        }
    }

    #[test]
    fn a_tunnel_with_nothing_sound_inside_is_the_datagram_that_it_is() {
        let mut bad = ip4(17, &udp(PORTS, PAYLOAD));
        bad[0] = 0x43;
        let vxlan = join(&[&[8, 0, 0, 0, 0, 0, 1, 0], &ethernet_ip(&bad)]);
        for (port, payload) in [
            (2152, gtp(0x30, &[], &bad)),
            (2152, join(&[&[0x32, 1, 0, 4], &[0; 8]])), // echo request
            (2152, gtp(0x34, &[0, 0, 0, 0xc0, 0, 0, 0, 0], &bad)),
            (4789, vxlan),
            (4789, vec![8, 0, 0, 0, 0, 0, 1, 0]),
            (1701, vec![0xc8, 2, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0]), // control
            (37008, vec![1, 0, 0, 1, 2, 9]),
        ] {
            let (seen, notes) = see(1, &over(port, &payload));
            assert_eq!(
                (seen.fate, &seen.payload[..], seen.flow.destination.port),
                (None, &payload[..], port)
            );
            assert_eq!((notes.len(), seen.tap), (0, Tap::default()));
        }
    }
}
