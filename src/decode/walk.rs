//! Walks one frame from its outermost header to the payload of its innermost packet.
//!
//! In: a link type and bytes. Out: a [`Decoded`]. The order of layers is here and nowhere else; what
//! each header says is in the files named after them.

use std::slice::IterMut;

use super::fragments::Fragments;
use super::ip::{self, Ends, Place, number};
use super::layer::{Bytes, Layer, Stop, kind};
use super::partial::{Datagram, Fragment, Key};
use super::{Decoded, Packet, dot11, esp, ether, link, transport, tunnel, udp_tunnel};
use crate::anomaly::{Anomalies, Anomaly};
use crate::fate::Fate;
use crate::flow::{FrameId, Tap};
use crate::time::Stamp;

/// The way through one frame.
pub(super) struct Walk<'a, 'd> {
    pub(super) fragments: &'d mut Fragments,
    /// Room for datagrams put together on the way: one for each level of tunnels.
    pub(super) whole: IterMut<'a, Vec<u8>>,
    pub(super) notes: &'d mut Anomalies,
    pub(super) frame: FrameId,
    pub(super) stamp: Stamp,
    pub(super) tap: Tap,
    /// Headers that may still be stripped.
    pub(super) headers: u8,
    /// The datagram in which a tunnel was found: the answer, should that be wrong.
    pub(super) outer: Option<Packet<'a>>,
}

/// What an IP packet holds.
enum Found<'a> {
    Packet(Decoded<'a>),
    Inside(Layer, Bytes<'a>),
}

impl<'a> Walk<'a, '_> {
    /// What a frame holds.
    #[inline(never)]
    pub(super) fn frame(mut self, link: u32, seen: &'a [u8], unseen: usize) -> Decoded<'a> {
        let stop = match self.descend(Layer::Link(link), Bytes { seen, unseen }) {
            Ok(decoded) => return decoded,
            Err(stop) => stop,
        };
        let (anomaly, fate) = match (stop, self.outer) {
            (Stop::Fate(fate), _) => return Decoded::Nothing(fate),
            (Stop::Bad, Some(outer)) => return Decoded::Datagram(outer),
            (Stop::Bad, None) => (Anomaly::BadHeader, Fate::Undecodable),
            (Stop::TooDeep, _) => (Anomaly::TooDeep, Fate::Undecodable),
            (Stop::UnknownLink, _) => (Anomaly::UnknownLink, Fate::UnknownLink),
        };
        self.notes.note(anomaly, self.stamp.time, self.frame);
        Decoded::Nothing(fate)
    }

    /// What a datagram holds that lacks its end. Nothing is noted: its frames have had their fate.
    pub(super) fn rest(mut self, part: Datagram) -> Decoded<'a> {
        let found = match self.datagram(part) {
            Ok(Found::Packet(decoded)) => Ok(decoded),
            Ok(Found::Inside(layer, bytes)) => self.descend(layer, bytes),
            Err(stop) => Err(stop),
        };
        match (found, self.outer) {
            (Ok(decoded), _) => decoded,
            (Err(Stop::Bad), Some(outer)) => Decoded::Datagram(outer),
            (Err(_), _) => Decoded::Nothing(Fate::Undecodable),
        }
    }

    fn descend(&mut self, mut layer: Layer, mut bytes: Bytes<'a>) -> Result<Decoded<'a>, Stop> {
        loop {
            self.spend()?;
            (layer, bytes) = match layer {
                Layer::Link(link) => link::enter(link, bytes, &mut self.tap)?,
                Layer::Ethernet => ether::ethernet(bytes)?,
                Layer::Ip => match self.ip(bytes)? {
                    Found::Packet(decoded) => return Ok(decoded),
                    Found::Inside(layer, bytes) => (layer, bytes),
                },
                Layer::Type(ether_type) => ether::strip(ether_type, bytes, &mut self.tap)?,
                Layer::Llc => ether::llc(bytes)?,
                Layer::Dot11 => dot11::dot11(bytes)?,
                Layer::Ppp => ether::ppp(bytes)?,
                Layer::Mpls => ether::mpls(bytes, &mut self.tap)?,
            };
        }
    }

    fn spend(&mut self) -> Result<(), Stop> {
        self.headers = self.headers.checked_sub(1).ok_or(Stop::TooDeep)?;
        Ok(())
    }

    fn ip(&mut self, bytes: Bytes<'a>) -> Result<Found<'a>, Stop> {
        let header = ip::header(bytes)?;
        match header.fragment {
            None => self.upper(header.ends, header.protocol, header.bytes),
            Some(place) => self.fragment(header.ends, header.protocol, header.protocol, place, header.bytes),
        }
    }

    /// What stands behind an IP header.
    fn upper(&mut self, ends: Ends, mut protocol: u8, mut bytes: Bytes<'a>) -> Result<Found<'a>, Stop> {
        loop {
            match protocol {
                number::UDP => match transport::udp(bytes)? {
                    (4500, _, payload) | (_, 4500, payload) if esp::is_in_udp(payload) => {
                        (protocol, bytes) = (number::ESP, payload);
                    }
                    ported => return Ok(self.datagram_or_tunnel(ends, ported)),
                },
                number::UDP_LITE => return Ok(self.datagram_or_tunnel(ends, transport::udp_lite(bytes)?)),
                number::TCP => {
                    let (ported, info) = transport::tcp(bytes)?;
                    let packet = transport::packet(ends, ported, self.tap);
                    return Ok(Found::Packet(Decoded::Segment(packet, info)));
                }
                number::SCTP => {
                    let packet = transport::packet(ends, transport::sctp(bytes)?, self.tap);
                    return Ok(Found::Packet(Decoded::Sctp(packet)));
                }
                number::ICMP | number::ICMPV6 => {
                    let quote = transport::quote(ends, bytes, self.tap);
                    return Ok(Found::Packet(quote.map_or(Decoded::Nothing(Fate::Icmp), Decoded::Icmp)));
                }
                number::AH => (protocol, bytes) = ip::authentication(bytes)?,
                number::ESP => {
                    (protocol, bytes) = esp::unencrypted(bytes).ok_or(Stop::Fate(Fate::Esp))?;
                    self.tap = self.tap.with(kind::ESP, 0);
                }
                number::FRAGMENT if ends.source.is_ipv6() => {
                    let (next, place, inside) = ip::fragment(bytes)?;
                    if place.offset != 0 || place.more {
                        return self.fragment(ends, number::FRAGMENT, next, place, inside);
                    }
                    (protocol, bytes) = (next, inside); // an atomic fragment, RFC 6946
                }
                _ if ends.source.is_ipv6() && ip::is_extension(protocol) => {
                    (protocol, bytes) = ip::extension(bytes)?;
                }
                _ => {
                    let (layer, bytes) = tunnel::over_ip(protocol, ends.source, bytes, &mut self.tap)?;
                    return Ok(Found::Inside(layer, bytes));
                }
            }
            self.spend()?;
        }
    }

    fn datagram_or_tunnel(&mut self, ends: Ends, ported: transport::Ported<'a>) -> Found<'a> {
        let (source, destination, payload) = ported;
        let packet = transport::packet(ends, ported, self.tap);
        match udp_tunnel::over_udp(ends.source, (source, destination), payload, &mut self.tap) {
            None => Found::Packet(Decoded::Datagram(packet)),
            Some((layer, bytes)) => {
                self.outer = Some(packet);
                Found::Inside(layer, bytes)
            }
        }
    }

    #[cold]
    fn fragment(
        &mut self,
        ends: Ends,
        key_protocol: u8,
        protocol: u8,
        place: Place,
        bytes: Bytes<'a>,
    ) -> Result<Found<'a>, Stop> {
        let key = Key {
            tap: self.tap,
            source: ends.source,
            destination: ends.destination,
            id: place.id,
            protocol: key_protocol,
        };
        let fragment = Fragment { protocol, offset: place.offset, more: place.more, bytes };
        match self.fragments.add(key, fragment, (self.frame, self.stamp), self.notes)? {
            Some(whole) => self.datagram(whole),
            None => Err(Stop::Fate(Fate::Fragment)),
        }
    }

    /// Goes on with what was put together.
    fn datagram(&mut self, datagram: Datagram) -> Result<Found<'a>, Stop> {
        let Datagram { key, protocol, bytes, unseen, .. } = datagram;
        let room = self.whole.next().ok_or(Stop::TooDeep)?;
        *room = bytes;
        let id = if key.source.is_ipv4() { key.id as u16 } else { 0 };
        let ends = Ends { source: key.source, destination: key.destination, id };
        self.upper(ends, protocol, Bytes { seen: room, unseen })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::decode::build::{
        PAYLOAD, PORTS, ethernet_ip, ip4, ip6, join, see_cut, see_the_long_way, tcp, udp,
    };

    /// Frames with something of each file in them.
    fn samples() -> Vec<(u32, Vec<u8>)> {
        let inner = ethernet_ip(&ip4(17, &udp(PORTS, PAYLOAD)));
        let six = ip6(0, &join(&[&[60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0], &tcp(PORTS, PAYLOAD)]));
        let vxlan = join(&[&[8, 0, 0, 0, 0, 0, 1, 0], &inner]);
        let gtp = join(&[&[0x34, 0xff, 0, 12 + six.len() as u8], &[0; 7], &[0x85, 1, 9, 0, 0], &six]);
        let l2tp = join(&[&[0, 2, 0, 1, 0, 2, 0xff, 3, 0, 0x21], &inner[14..]]);
        let erspan = join(&[&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 7, 0, 1, 0, 0, 0, 5], &inner]);
        let nflog = join(&[&[2, 0, 0, 1, 8, 0, 1, 0, 8, 0, 3, 0, 74, 0, 9, 0], &inner[14..]]);
        let mut frames: Vec<_> = [(4789, &vxlan), (2152, &gtp), (1701, &l2tp), (4500, &l2tp)]
            .map(|(port, payload)| (1, ethernet_ip(&ip4(17, &udp((port, port), payload)))))
            .into();
        frames.extend([(1, ethernet_ip(&ip4(47, &erspan))), (239, nflog), (101, six)]);
        frames.push((101, ip4(1, &join(&[&[3, 3, 0, 0, 0, 0, 0, 0], &inner[14..]]))));
        let cooked = join(&[&[0, 0, 0, 1, 0, 6], &[0; 8], &[0x81, 0, 0, 7, 8, 0], &inner[14..]]);
        frames.extend([(1, inner.clone()), (1, ethernet_ip(&ip6(6, &tcp(PORTS, PAYLOAD)))), (113, cooked)]);
        frames.push((1, join(&[&inner[..12], &[0x88, 0x47, 0, 1, 0x11, 64, 0, 0, 0, 0], &inner])));
        frames
    }

    /// Decodes without a panic, and by the short way as by the long one.
    fn check(link: u32, data: &[u8], original_len: usize) {
        let (short, _) = see_cut(link, data, original_len);
        let long = see_the_long_way(link, data, original_len);
        assert_eq!(format!("{short:?}"), format!("{long:?}"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_damage_to_any_frame_ends_in_one_answer(
            sample in 0..samples().len(),
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            keep in any::<prop::sample::Index>(),
        ) {
            let (link, mut data) = samples().swap_remove(sample);
            for (at, byte) in damage {
                *at.get_mut(&mut data) = byte;
            }
            check(link, &data[..=keep.index(data.len())], data.len());
        }

        #[test]
        fn any_bytes_of_any_link_type_end_in_one_answer(
            link in 0_u32..300,
            data in prop::collection::vec(any::<u8>(), 0..200),
            longer in 0_usize..100,
        ) {
            check(link, &data, data.len() + longer);
        }
    }
}
