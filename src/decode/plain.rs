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

/// The payload of the UDP datagram that a plain frame holds, tunnelled by nothing: what
/// [`super::Decoder::decode`] gives, without the rest of it. `None`: something else, or not plain.
#[inline(always)]
pub fn datagram_of(link: u32, data: &[u8]) -> Option<&[u8]> {
    let bytes = match (link, ether::ethernet(Bytes::whole(data))) {
        (link::ETHERNET, Ok((Layer::Ip, bytes))) => bytes,
        _ => ip_under_tags(link, data)?,
    };
    let header = match bytes.seen.first()? >> 4 {
        4 => ip::v4(bytes).ok()?,
        6 => ip::v6(bytes).ok()?,
        _ => return None,
    };
    if header.protocol != number::UDP || header.fragment.is_some() {
        return None;
    }
    let (source, destination, payload) = transport::udp(header.bytes).ok()?;
    (!udp_tunnel::may_tunnel(source, destination)).then_some(payload.seen)
}

#[inline(never)]
fn ip_under_tags(link: u32, data: &[u8]) -> Option<Bytes<'_>> {
    match under_tags(link, Bytes::whole(data), &mut Tap::default()) {
        Ok((Layer::Ip, bytes)) => Some(bytes),
        _ => None,
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::anomaly::Anomalies;
    use crate::decode::build::{PAYLOAD, PORTS, ethernet, ethernet_ip, frame, ip4, ip6, join, tcp, udp};
    use crate::decode::{Decoder, Limits};

    /// Frames of many wrappings, some of them plain.
    fn frames() -> Vec<(u32, Vec<u8>)> {
        let mut frames = Vec::new();
        for ip in [
            ip4(17, &udp(PORTS, PAYLOAD)),
            ip6(17, &udp((40_000, 37_008), PAYLOAD)),
            ip4(6, &tcp(PORTS, PAYLOAD)),
        ] {
            let tagged = join(&[
                &[0, 7, if ip[0] >> 4 == 4 { 8 } else { 0x86 }, if ip[0] >> 4 == 4 { 0 } else { 0xdd }],
                &ip,
            ]);
            let cooked = join(&[&[0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0], &ip]);
            let cooked_v2 = join(&[&[8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], &ip]);
            frames.push((link::ETHERNET, ethernet_ip(&ip)));
            frames.push((link::ETHERNET, ethernet([0x81, 0], &tagged)));
            frames.push((link::COOKED, cooked));
            frames.push((link::COOKED_V2, cooked_v2));
            frames.push((101, ip));
        }
        frames
    }

    #[test]
    fn plain_datagrams_are_seen_at_once() {
        let seen = frames().iter().filter(|(link, data)| datagram_of(*link, data) == Some(PAYLOAD)).count();
        assert_eq!(seen, 4, "over IPv4, in four wrappings; a tunnel's port is looked into");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        /// Whatever is claimed to be plain, the decoder finds the same in it and nothing to note.
        #[test]
        fn the_short_look_agrees_with_the_decoder(
            which in 0_usize..15,
            changes in prop::collection::vec((0_usize..60, any::<u8>()), 0..4),
            len in prop_oneof![Just(usize::MAX), 0_usize..90],
        ) {
            let (link, mut data) = frames().swap_remove(which);
            for (at, byte) in changes {
                let n = data.len();
                data[at % n] = byte;
            }
            data.truncate(len);
            if let Some(payload) = datagram_of(link, &data) {
                let mut notes = Anomalies::default();
                let mut decoder = Decoder::new(Limits::default());
                let frame = crate::capture::Frame { link, ..frame(1, &data, data.len(), 0) };
                match decoder.decode(&frame, &mut notes) {
                    Decoded::Datagram(found) => prop_assert_eq!(found.payload, payload),
                    other => prop_assert!(false, "{:?}", other),
                }
                prop_assert_eq!(notes.iter().count(), 0);
                prop_assert!(decoder.is_idle());
            }
        }
    }
}
