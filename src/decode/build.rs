//! Builds frames for tests, header by header, and looks at what comes out.
//!
//! Every wrapping in these tests holds the same UDP datagram or TCP segment, so that one check
//! covers them all: the same flow and payload, whatever lies around it, and no panic on any prefix.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Decoded, Decoder, Limits, TcpInfo};
use crate::anomaly::{Anomalies, Anomaly};
use crate::capture::Frame;
use crate::fate::Fate;
use crate::flow::{Endpoint, Flow, FrameId, Tap};
use crate::time::{Stamp, Timestamp};

pub(super) const PAYLOAD: &[u8] = b"OPTIONS sip:a@b SIP/2.0\r\nCall-ID: 1\r\n\r\n";
pub(super) const PORTS: (u16, u16) = (5060, 5062);
pub(super) const ID: u16 = 0x1234;
pub(super) const V4: (Ipv4Addr, Ipv4Addr) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2));
pub(super) const V6: (Ipv6Addr, Ipv6Addr) =
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2));

pub(super) fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn be16(n: usize) -> [u8; 2] {
    (n as u16).to_be_bytes()
}

/// A UDP header and `payload`.
pub(super) fn udp((source, destination): (u16, u16), payload: &[u8]) -> Vec<u8> {
    let len = be16(payload.len() + 8);
    join(&[&source.to_be_bytes(), &destination.to_be_bytes(), &len, &[0, 0], payload])
}

/// A TCP header with a twelve-byte timestamp option, ACK and PSH set, and `payload`.
pub(super) fn tcp((source, destination): (u16, u16), payload: &[u8]) -> Vec<u8> {
    let ports = [source.to_be_bytes(), destination.to_be_bytes()].concat();
    let numbers = [1000_u32.to_be_bytes(), 2000_u32.to_be_bytes()].concat();
    let rest = [0x80, 0x18, 255, 255, 0, 0, 0, 0, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];
    join(&[&ports, &numbers, &rest, payload])
}

/// An IPv4 packet. `place` is the fragment field: flags and offset in words of eight.
pub(super) fn ip4_piece(protocol: u8, place: u16, id: u16, payload: &[u8]) -> Vec<u8> {
    let (len, id) = (be16(payload.len() + 20), id.to_be_bytes());
    let head = [0x45, 0, len[0], len[1], id[0], id[1], (place >> 8) as u8, place as u8, 64, protocol, 0, 0];
    join(&[&head, &V4.0.octets(), &V4.1.octets(), payload])
}

pub(super) fn ip4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ip4_piece(protocol, 0, ID, payload)
}

pub(super) fn ip6(next: u8, payload: &[u8]) -> Vec<u8> {
    let head = [&[0x60, 0, 0, 0][..], &be16(payload.len()), &[next, 64]].concat();
    join(&[&head, &V6.0.octets(), &V6.1.octets(), payload])
}

/// The EtherType of an IP packet.
pub(super) fn ether_type(ip: &[u8]) -> [u8; 2] {
    if ip[0] >> 4 == 4 { [0x08, 0x00] } else { [0x86, 0xdd] }
}

/// An Ethernet frame around anything.
pub(super) fn ethernet(ether_type: [u8; 2], payload: &[u8]) -> Vec<u8> {
    join(&[&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], &ether_type, payload])
}

/// An Ethernet frame around an IP packet.
pub(super) fn ethernet_ip(ip: &[u8]) -> Vec<u8> {
    ethernet(ether_type(ip), ip)
}

/// What came out of a decoder.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Of a frame that held nothing.
    pub(super) fate: Option<Fate>,
    pub(super) flow: Flow,
    pub(super) tap: Tap,
    pub(super) ip_id: u16,
    pub(super) payload: Vec<u8>,
    pub(super) cut: bool,
    pub(super) tcp: Option<TcpInfo>,
    /// Type and code of the ICMP error that quotes it.
    pub(super) icmp: Option<(u8, u8)>,
}

impl From<Decoded<'_>> for Seen {
    fn from(decoded: Decoded<'_>) -> Self {
        let (packet, tcp, icmp) = match decoded {
            Decoded::Nothing(fate) => return Self { fate: Some(fate), ..Self::default() },
            Decoded::Datagram(packet) | Decoded::Sctp(packet) => (packet, None, None),
            Decoded::Segment(packet, info) => (packet, Some(info), None),
            Decoded::Icmp(quote) => (quote.packet, None, Some((quote.kind, quote.code))),
        };
        let (flow, tap, ip_id, cut) = (packet.flow, packet.tap, packet.ip_id, packet.cut);
        Self { fate: None, flow, tap, ip_id, payload: packet.payload.to_vec(), cut, tcp, icmp }
    }
}

/// A frame that was captured `at` nanoseconds.
pub(super) fn frame(link: u32, data: &[u8], original_len: usize, at: i64) -> Frame<'_> {
    let time = Timestamp::from_nanos(at);
    Frame {
        id: FrameId { file: 0, number: 1 },
        stamp: Stamp { shown: time, time, now: time },
        link,
        tap: Tap::default(),
        data,
        original_len: original_len as u32,
    }
}

/// Decodes the first bytes of a frame with a decoder of its own.
pub(super) fn see_cut(link: u32, data: &[u8], original_len: usize) -> (Seen, Vec<Anomaly>) {
    let (mut decoder, mut notes) = (Decoder::new(Limits::default()), Anomalies::default());
    let seen = decoder.decode(&frame(link, data, original_len, 0), &mut notes).into();
    (seen, notes.iter().map(|(anomaly, ..)| anomaly).collect())
}

/// The same without the short way, for comparison.
pub(super) fn see_the_long_way(link: u32, data: &[u8], original_len: usize) -> Seen {
    let (mut decoder, mut notes) = (Decoder::new(Limits::default()), Anomalies::default());
    let frame = frame(link, data, original_len, 0);
    let unseen = original_len - data.len();
    decoder.walk(frame.id, frame.stamp, frame.tap, &mut notes).frame(link, data, unseen).into()
}

/// Decodes one frame with a decoder of its own.
pub(super) fn see(link: u32, data: &[u8]) -> (Seen, Vec<Anomaly>) {
    see_cut(link, data, data.len())
}

/// The fate of a frame that holds no packet.
pub(super) fn fate(link: u32, data: &[u8]) -> Fate {
    see(link, data).0.fate.expect("holds nothing")
}

/// The flow of the built packets.
pub(super) fn flow(ip: &[u8]) -> Flow {
    let ends = match ip[0] >> 4 {
        4 => (Endpoint::new(V4.0, PORTS.0), Endpoint::new(V4.1, PORTS.1)),
        _ => (Endpoint::new(V6.0, PORTS.0), Endpoint::new(V6.1, PORTS.1)),
    };
    Flow { source: ends.0, destination: ends.1 }
}

/// UDP and TCP over IPv4 and IPv6 come out of `wrap` as they went in; cut anywhere, they come out
/// shorter and say so, or do not come out. Returns the tap.
pub(super) fn check_wrapping(link: u32, wrap: impl Fn(&[u8]) -> Vec<u8>) -> Tap {
    let (udp, tcp) = (udp(PORTS, PAYLOAD), tcp(PORTS, PAYLOAD));
    let mut tap = Tap::default();
    for ip in [ip6(6, &tcp), ip6(17, &udp), ip4(6, &tcp), ip4(17, &udp)] {
        let data = wrap(&ip);
        let (seen, notes) = see(link, &data);
        assert_eq!((seen.fate, &notes[..]), (None, &[][..]), "{data:02x?}");
        assert_eq!(String::from_utf8_lossy(&seen.payload), String::from_utf8_lossy(PAYLOAD));
        assert_eq!((seen.flow, seen.cut), (flow(&ip), false));
        assert_eq!(seen.ip_id, if ip[0] >> 4 == 4 { ID } else { 0 });
        if let Some(info) = seen.tcp {
            assert_eq!((info.sequence, info.acknowledged, info.missing), (1000, Some(2000), 0));
        }
        tap = seen.tap;
        for len in 0..data.len() {
            let (short, notes) = see_cut(link, &data[..len], data.len());
            let long = see_the_long_way(link, &data[..len], data.len());
            assert_eq!(format!("{short:?}"), format!("{long:?}"));
            assert!(notes.contains(&Anomaly::Snapped));
            let ours = short.fate.is_none() && short.flow == flow(&ip);
            if ours {
                assert!(PAYLOAD.starts_with(&short.payload));
                assert_eq!(short.cut, short.payload.len() < PAYLOAD.len(), "{len} of {}", data.len());
                let missing = short.tcp.map_or(0, |info| info.missing as usize);
                assert!(short.tcp.is_none() || missing + short.payload.len() == PAYLOAD.len());
            }
        }
    }
    tap
}
