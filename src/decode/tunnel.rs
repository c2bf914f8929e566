//! Tunnels directly over IP: IP in IP, GRE and what it carries, L2TPv3, EtherIP, MPLS.
//!
//! One function a tunnel: bytes in, next header and its bytes out. See [`kind`] for what of their
//! identifiers narrows the tap.

use std::net::IpAddr;

use super::ether;
use super::ip::number;
use super::layer::{Bytes, Inside, Layer, Stop, address_id, kind};
use crate::fate::Fate;
use crate::flow::Tap;

/// Strips the tunnel that an IP protocol number announces; `source` sent the outer packet.
pub(super) fn over_ip<'a>(protocol: u8, source: IpAddr, bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    match protocol {
        number::IPIP | number::IPV6 | number::KA9Q_IPIP => {
            *tap = tap.with(kind::IP, 0);
            Ok((Layer::Ip, bytes))
        }
        number::GRE => gre(source, bytes, tap),
        number::L2TPV3 => l2tp_v3(bytes, tap),
        number::ETHERIP => etherip(bytes, tap),
        number::MPLS => Ok((Layer::Mpls, bytes)),
        _ => Err(Stop::Fate(Fate::OtherIp)),
    }
}

/// GRE (RFC 2784, 2890; routing of RFC 1701) and its PPTP variant (RFC 2637 4.1).
pub(super) fn gre<'a>(source: IpAddr, bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGED: u16 = 0x0080;
    let (flags, protocol) = (bytes.u16_at(0)?, bytes.u16_at(2)?);
    let has = |flag| flags & flag != 0;
    let mut inside = bytes.skip(4)?;
    let mut key = 0;
    match flags & 7 {
        0 => {
            if has(CHECKSUM) || has(ROUTING) {
                inside = inside.skip(4)?;
            }
            if has(KEY) {
                let (word, rest) = inside.head()?;
                (key, inside) = (1 + u64::from(u32::from_be_bytes(*word)), rest);
            }
            if has(SEQUENCE) {
                inside = inside.skip(4)?;
            }
            while has(ROUTING) {
                let (&[a, b, _, len], rest) = inside.head()?;
                inside = rest.skip(len.into())?;
                if (a, b, len) == (0, 0, 0) {
                    break;
                }
            }
        }
        1 if protocol == 0x880b && has(KEY) => {
            if !has(SEQUENCE) {
                return Err(Stop::Fate(Fate::OtherIp)); // a bare acknowledgement
            }
            inside = inside.skip(if has(ACKNOWLEDGED) { 12 } else { 8 })?;
        }
        _ => return Err(Stop::Bad),
    }
    *tap = tap.with(kind::GRE, key);
    match protocol {
        0x88be if has(SEQUENCE) => erspan(source, inside, tap),
        0x88be => {
            // Type I has no header, and therefore no session.
            *tap = tap.with(kind::ERSPAN, address_id(source));
            Ok((Layer::Ethernet, inside))
        }
        0x22eb => erspan(source, inside, tap),
        0x883e if inside.looks_like_ip() => Ok((Layer::Ip, inside)), // WCCP 1
        0x883e => Ok((Layer::Ip, inside.skip(4)?)),                  // WCCP 2: redirect header
        other => match ether::typed(other) {
            Layer::Llc => Err(Stop::Fate(Fate::OtherIp)),
            layer => Ok((layer, inside)),
        },
    }
}

/// ERSPAN types II and III (draft-foschiano-erspan 4). Mirrored by different switches, the same
/// session number means different observers, so the sender is part of the tap.
fn erspan<'a>(source: IpAddr, bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    let (&[version, vlan, bits, session, ..], inside) = bytes.head::<8>()?;
    let vlan = u16::from_be_bytes([version & 15, vlan]);
    let session = u16::from_be_bytes([bits & 3, session]);
    let id = u64::from(session) << 12 | u64::from(vlan);
    *tap = tap.with(kind::ERSPAN, address_id(source)).with(kind::ERSPAN, id);
    match version >> 4 {
        1 => Ok((Layer::Ethernet, inside)),
        2 => {
            let (&[_, _, kind, options], inside) = inside.head()?;
            let inside = if options & 1 == 1 { inside.skip(8)? } else { inside };
            match kind >> 2 & 31 {
                0 => Ok((Layer::Ethernet, inside)),
                2 => Ok((Layer::Ip, inside)),
                _ => Err(Stop::Fate(Fate::NotIp)),
            }
        }
        _ => Err(Stop::Bad),
    }
}

/// EtherIP (RFC 3378 3): version 3 and twelve zero bits.
fn etherip<'a>(bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    match bytes.head()? {
        (&[0x30, 0], inside) => {
            *tap = tap.with(kind::IP, 1);
            Ok((Layer::Ethernet, inside))
        }
        _ => Err(Stop::Bad),
    }
}

/// L2TPv3 over IP (RFC 3931 4.1.1): session 0 is control.
fn l2tp_v3<'a>(bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    let (session, inside) = bytes.head::<4>()?;
    if *session == [0; 4] {
        return Err(Stop::Fate(Fate::OtherIp));
    }
    *tap = tap.with(kind::L2TP, 0);
    pseudowire(inside).ok_or(Stop::Fate(Fate::OtherIp))
}

/// What an L2TPv3 session carries behind a cookie of 0, 4 or 8 bytes and perhaps a sublayer of 4:
/// agreed when the session was set up, so it has to be guessed.
pub(super) fn pseudowire(bytes: Bytes<'_>) -> Option<(Layer, Bytes<'_>)> {
    [0, 4, 8, 12].into_iter().find_map(|cookie| {
        let inside = bytes.skip(cookie).ok()?;
        match inside.seen {
            _ if inside.looks_like_ethernet() => Some((Layer::Ethernet, inside)),
            _ if inside.looks_like_ip() => Some((Layer::Ip, inside)),
            [0xff, 3, 0, 0x21 | 0x57, ..] => Some((Layer::Ppp, inside)),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::build::{
        PAYLOAD, PORTS, check_wrapping, ether_type, ethernet, ethernet_ip, fate, ip4, ip6, join, udp,
    };

    fn gre(flags: [u8; 2], protocol: [u8; 2], fields: &[u8], inside: &[u8]) -> Vec<u8> {
        ethernet_ip(&ip4(47, &join(&[&flags, &protocol, fields, inside])))
    }

    #[test]
    fn ip_in_ip_of_all_kinds_is_unwrapped() {
        let plain = check_wrapping(1, ethernet_ip);
        for protocol in [4, 41, 94] {
            let tunnelled = check_wrapping(1, |ip| ethernet_ip(&ip4(protocol, ip)));
            assert_ne!(tunnelled, plain, "another view of the same packet");
            check_wrapping(1, |ip| ethernet_ip(&ip6(protocol, ip)));
        }
    }

    #[test]
    fn gre_fields_are_passed_over_in_all_combinations() {
        for bits in 0..16_u8 {
            let (checksum, routing, key, sequence) = (bits & 8, bits & 4, bits & 2, bits & 1);
            let mut fields = vec![0; if checksum | routing != 0 { 4 } else { 0 }];
            fields.extend([0, 0, 0, 9].iter().take(if key != 0 { 4 } else { 0 }));
            fields.extend([0; 4].iter().take(if sequence != 0 { 4 } else { 0 }));
            if routing != 0 {
                fields.extend([8, 0, 0, 4, 192, 0, 2, 9, 0, 0, 0, 0]);
            }
            check_wrapping(1, |ip| gre([bits << 4, 0], ether_type(ip), &fields, ip));
        }
    }

    #[test]
    fn gre_keys_narrow_the_tap() {
        let tap = |key| check_wrapping(1, |ip| gre([0x20, 0], ether_type(ip), &[0, 0, 0, key], ip));
        assert_ne!(tap(0), tap(1));
        assert_ne!(tap(0), check_wrapping(1, |ip| gre([0, 0], ether_type(ip), &[], ip)));
    }

    #[test]
    fn gre_carries_what_ether_types_name() {
        let ppp = |ip: &[u8]| join(&[&[0xff, 3, 0, if ip[0] >> 4 == 4 { 0x21 } else { 0x57 }], ip]);
        check_wrapping(1, |ip| gre([0, 0], [0x65, 0x58], &[], &ethernet_ip(ip)));
        check_wrapping(1, |ip| gre([0, 0], [0x88, 0x47], &[0, 1, 0x11, 64], ip));
        check_wrapping(1, |ip| gre([0, 0], [0x81, 0x00], &[0, 5], &join(&[&ether_type(ip), ip])));
        check_wrapping(1, |ip| gre([0, 0], [0x88, 0x3e], &[], ip));
        check_wrapping(1, |ip| gre([0, 0], [0x88, 0x3e], &[0, 1, 2, 3], ip));
        for (flags, numbers) in [([0x30, 0x81], 8), ([0x30, 0x01], 4)] {
            check_wrapping(1, |ip| {
                let len = (ppp(ip).len() as u16).to_be_bytes();
                let fields = join(&[&len, &[0, 7], &[0; 8][..numbers]]);
                gre(flags, [0x88, 0x0b], &fields, &join(&[&ppp(ip), b"padding"]))
            });
        }
        assert_eq!(fate(1, &gre([0x20, 0x81], [0x88, 0x0b], &[0, 0, 0, 7, 0, 0, 0, 1], &[])), Fate::OtherIp);
        assert_eq!(fate(1, &gre([0, 0], [0, 0], &[0; 8], &[])), Fate::OtherIp);
        assert_eq!(fate(1, &gre([0, 5], [8, 0], &[0; 8], &[])), Fate::Undecodable);
    }

    #[test]
    fn erspan_of_three_types_is_unwrapped_and_its_session_narrows_the_tap() {
        let second = |session: u8| {
            check_wrapping(1, |ip| {
                let fields = [0, 0, 0, 1, 0x10, 7, 0, session, 0, 0, 0, 5];
                gre([0x10, 0], [0x88, 0xbe], &fields, &ethernet_ip(ip))
            })
        };
        assert_ne!(second(1), second(2));
        check_wrapping(1, |ip| gre([0, 0], [0x88, 0xbe], &[], &ethernet_ip(ip)));
        let third = |options: u8, kind: u8, ip: &[u8]| {
            let head = [0, 0, 0, 1, 0x20, 7, 0, 3, 0, 0, 0, 0, 0, 0, kind << 2, options];
            let platform = if options & 1 == 1 { 8 } else { 0 };
            join(&[&head, &[0x30; 8][..platform], ip])
        };
        check_wrapping(1, |ip| gre([0x10, 0], [0x22, 0xeb], &[], &third(0, 0, &ethernet_ip(ip))));
        check_wrapping(1, |ip| gre([0x10, 0], [0x22, 0xeb], &[], &third(1, 0, &ethernet_ip(ip))));
        check_wrapping(1, |ip| gre([0x10, 0], [0x22, 0xeb], &[], &third(1, 2, ip)));
    }

    #[test]
    fn l2tp_v3_sessions_are_guessed_right() {
        for cookie in [0, 4, 8, 12] {
            let head = join(&[&[0, 0, 0, 9], &[0xc0; 12][..cookie]]);
            check_wrapping(1, |ip| ethernet_ip(&ip4(115, &join(&[&head, &ethernet_ip(ip)]))));
            check_wrapping(1, |ip| ethernet_ip(&ip4(115, &join(&[&head, ip]))));
        }
        assert_eq!(fate(1, &ethernet_ip(&ip4(115, &[0; 40]))), Fate::OtherIp);
        assert_eq!(fate(1, &ethernet_ip(&ip4(115, &[7; 40]))), Fate::OtherIp);
    }

    #[test]
    fn etherip_and_mpls_in_ip_are_unwrapped() {
        check_wrapping(1, |ip| ethernet_ip(&ip4(97, &join(&[&[0x30, 0], &ethernet_ip(ip)]))));
        check_wrapping(1, |ip| ethernet_ip(&ip6(137, &join(&[&[0, 1, 1, 64], ip]))));
        assert_eq!(fate(1, &ethernet_ip(&ip4(97, &[0x45; 40]))), Fate::Undecodable);
    }

    #[test]
    fn a_stack_of_different_tunnels_is_unwrapped() {
        check_wrapping(1, |ip| {
            let inner = gre([0, 0], ether_type(ip), &[], ip);
            let outer = gre([0, 0], [0x65, 0x58], &[], &inner);
            ethernet([0x81, 0], &join(&[&[0, 3, 8, 0], &ip4(4, &ip6(4, &outer[14..]))]))
        });
    }

    #[test]
    fn damage_inside_a_tunnel_is_undecodable() {
        let mut inner = ip4(17, &udp(PORTS, PAYLOAD));
        inner[0] = 0x25;
        assert_eq!(fate(1, &ethernet_ip(&ip4(4, &inner))), Fate::Undecodable);
    }
}
