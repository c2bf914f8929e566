//! Frames and fragments.

use std::net::IpAddr;

use sipstat::anomaly::Anomalies;
use sipstat::decode::{Decoded, Decoder};

use super::{frame, pieces, within};

/// A frame of any link type; the payload lies within the frame, and the same frame is read alike again.
pub fn decode(data: &[u8]) {
    let Some((link, bytes)) = data.split_at_checked(2) else { return };
    let link = u32::from(u16::from_le_bytes([link[0], link[1]]));
    let first = decode_once(bytes, link);
    assert_eq!(first, decode_once(bytes, link));
}

fn decode_once(bytes: &[u8], link: u32) -> Option<(IpAddr, u16, usize)> {
    let mut notes = Anomalies::default();
    let mut decoder = Decoder::new(Default::default());
    match decoder.decode(&frame(bytes, link, 1), &mut notes) {
        Decoded::Datagram(p) | Decoded::Segment(p, _) | Decoded::Sctp(p) => {
            assert!(p.payload.len() <= bytes.len());
            // Fragments that complete one another within one frame are put together elsewhere.
            assert!(within(p.payload, bytes) || p.payload.len() < bytes.len());
            Some((p.flow.source.ip, p.flow.source.port, p.payload.len()))
        }
        Decoded::Icmp(q) => Some((q.reporter, u16::from(q.kind), q.packet.payload.len())),
        Decoded::Nothing(_) => None,
    }
}

/// Raw IP packets of one decoder; each takes its length from the byte before it.
pub fn fragments(data: &[u8]) {
    let (mut notes, mut decoder) = (Anomalies::default(), Decoder::new(Default::default()));
    let mut read = 0;
    for (number, packet) in pieces(data).enumerate() {
        read += packet.len();
        if let Decoded::Datagram(p) = decoder.decode(&frame(packet, 101, number as u64 + 1), &mut notes) {
            // Nothing is made up: but for the 64 KiB that IP allows, bytes come from packets.
            assert!(p.payload.len() <= 65_535 + read);
        }
    }
    decoder.finish(&mut notes, |_, _, _| {});
}
