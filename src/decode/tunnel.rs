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
            let len = inside.u16_at(0)?;
            inside = inside.skip(4)?;
            inside = if has(SEQUENCE) { inside.skip(4)? } else { inside };
            inside = if has(ACKNOWLEDGED) { inside.skip(4)? } else { inside };
            inside = inside.limit(len.into());
            if inside.on_wire() == 0 {
                return Err(Stop::Fate(Fate::OtherIp)); // a bare acknowledgement
            }
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
