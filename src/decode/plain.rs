//! The short way through the frames that most captures are made of: a link header, perhaps a tag,
//! one IP header, UDP or TCP.
//!
//! In: a frame, and the long way ([`super::walk::Walk`]). Out: the same answer as the long way gives,
//! which is taken for all other frames. Made of the same functions; a way of its own because here
//! each copy of an address is felt. So: everything inlined, results written where they are returned,
//! and no address taken of what could stay in registers. Without this a frame takes four times as
//! long.

use super::ip::{self, Header, number};
use super::layer::{Bytes, Inside, Layer, Stop};
use super::{Decoded, ether, link, transport, udp_tunnel};
use crate::flow::Tap;

/// What a frame holds; `long` answers for those that are not plain.
#[inline(always)]
pub(super) fn plain<'a>(
    link: u32,
    bytes: Bytes<'a>,
    tap: Tap,
    long: impl FnOnce() -> Decoded<'a>,
) -> Decoded<'a> {
    match (link, ether::ethernet(bytes)) {
        (link::ETHERNET, Ok((Layer::Ip, bytes))) => ip(bytes, tap, long),
        _ => tagged(link, bytes.seen, bytes.unseen, tap, long),
    }
}

/// The same with tags, or from the `any` device of Linux.
#[inline(never)]
fn tagged<'a>(
    link: u32,
    seen: &'a [u8],
    unseen: usize,
    mut tap: Tap,
    long: impl FnOnce() -> Decoded<'a>,
) -> Decoded<'a> {
    match under_tags(link, Bytes { seen, unseen }, &mut tap) {
        Ok((Layer::Ip, bytes)) => ip(bytes, tap, long),
        _ => long(),
    }
}

#[inline(always)]
fn under_tags<'a>(link: u32, bytes: Bytes<'a>, tap: &mut Tap) -> Inside<'a> {
    let (mut layer, mut bytes) = match link {
        link::ETHERNET => ether::ethernet(bytes)?,
        link::COOKED => link::cooked_v1(bytes, tap)?,
        link::COOKED_V2 => link::cooked_v2(bytes, tap)?,
        _ => return Err(Stop::UnknownLink),
    };
    for _ in 0..2 {
        if let Layer::Type(0x8100 | 0x88a8) = layer {
            (layer, bytes) = ether::vlan(bytes, tap)?;
        }
    }
    Ok((layer, bytes))
}

#[inline(always)]
fn ip<'a>(bytes: Bytes<'a>, tap: Tap, long: impl FnOnce() -> Decoded<'a>) -> Decoded<'a> {
    match bytes.seen.first().map(|b| b >> 4) {
        Some(4) => packet(ip::v4(bytes), tap, long),
        Some(6) => packet(ip::v6(bytes), tap, long),
        _ => long(),
    }
}

#[inline(always)]
fn packet<'a>(header: Result<Header<'a>, Stop>, tap: Tap, long: impl FnOnce() -> Decoded<'a>) -> Decoded<'a> {
    match header {
        Ok(Header { ends, protocol: number::UDP, fragment: None, bytes }) => match transport::udp(bytes) {
            Ok(ported) if !udp_tunnel::may_tunnel(ported.0, ported.1) => {
                Decoded::Datagram(transport::packet(ends, ported, tap))
            }
            _ => long(),
        },
        Ok(Header { ends, protocol: number::TCP, fragment: None, bytes }) => match transport::tcp(bytes) {
            Ok((ported, info)) => Decoded::Segment(transport::packet(ends, ported, tap), info),
            Err(_) => long(),
        },
        _ => long(),
    }
}
