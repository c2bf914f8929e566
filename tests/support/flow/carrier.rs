//! Carriers of SIP beside UDP and TCP, as bytes: WebSocket, SCTP, HEP.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use flate2::{Compress, Compression, FlushCompress};

use super::packet::Direction;
use super::text::Options;

/// What carries each message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// Over TCP after an HTTP upgrade: masked one way, in so many frames, compressed (RFC 7692).
    WebSocket { frames: usize, deflate: bool },
    /// In so many DATA chunks, each in a packet of its own.
    Sctp { chunks: usize },
    /// A copy to a collector.
    Hep(Hep),
}

impl Carrier {
    /// `ws=FRAMES`, with `deflate`; `sctp=CHUNKS`; `hep=VERSION`, with `deflate`.
    pub(crate) fn of(o: &mut Options) -> Result<Option<Self>, String> {
        let (ws, sctp, hep) = (o.parse("ws")?, o.parse("sctp")?, o.parse("hep")?);
        let deflate = (ws.is_some() || hep.is_some()) && o.flag("deflate");
        Ok(match (ws, sctp, hep) {
            (Some(frames), ..) => Some(Self::WebSocket { frames, deflate }),
            (_, Some(chunks), _) => Some(Self::Sctp { chunks }),
            (.., Some(version)) => Some(Self::Hep(Hep { version, tcp: false, compressed: deflate })),
            _ => None,
        })
    }
}

/// How copies are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hep {
    /// 1, 2 or 3.
    pub(crate) version: u8,
    /// Over TCP (version 3 only).
    pub(crate) tcp: bool,
    /// Payload in a compressed chunk (version 3 only).
    pub(crate) compressed: bool,
}

/// What WebSocket senders remember.
#[derive(Default)]
pub(crate) struct WebSockets {
    client: BTreeMap<Direction, bool>,
    context: BTreeMap<Direction, Compress>,
}

impl WebSockets {
    /// The upgrade, if the message is the connection's first: who sends it is the client.
    pub(crate) fn upgrade(&mut self, direction: Direction, deflate: bool) -> Option<[Vec<u8>; 2]> {
        if self.client.contains_key(&direction) {
            return None;
        }
        self.client.insert(direction, true);
        self.client.insert((direction.1, direction.0), false);
        let extension = if deflate { "Sec-WebSocket-Extensions: permessage-deflate\r\n" } else { "" };
        let ask = "GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n\
                   Sec-WebSocket-Version: 13\r\n";
        let agree = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
                     Sec-WebSocket-Protocol: sip\r\n";
        Some([ask, agree].map(|head| format!("{head}{extension}\r\n").into_bytes()))
    }

    /// The frames of one message; a ping stands between fragments.
    pub(crate) fn frames(
        &mut self,
        direction: Direction,
        message: &[u8],
        frames: usize,
        deflate: bool,
    ) -> Vec<u8> {
        let masked = self.client.get(&direction) == Some(&true);
        let payload = if deflate { self.deflated(direction, message) } else { message.to_vec() };
        let pieces: Vec<&[u8]> = payload.chunks(payload.len().div_ceil(frames).max(1)).collect();
        let mut out = Vec::new();
        for (i, piece) in pieces.iter().enumerate() {
            let (first, last) = (i == 0, i + 1 == pieces.len());
            let opcode = if first { 1 } else { 0 };
            let rsv1 = if first && deflate { 0x40 } else { 0 };
            out.extend(frame(u8::from(last) << 7 | rsv1 | opcode, piece, masked));
            if !last {
                out.extend(frame(0x89, b"ping", masked));
            }
        }
        out
    }

    fn deflated(&mut self, direction: Direction, message: &[u8]) -> Vec<u8> {
        let context =
            self.context.entry(direction).or_insert_with(|| Compress::new(Compression::default(), false));
        let mut out = Vec::with_capacity(message.len() + 64);
        context.compress_vec(message, &mut out, FlushCompress::Sync).expect("room for all");
        out.truncate(out.len() - 4);
        out
    }
}

fn frame(first: u8, payload: &[u8], masked: bool) -> Vec<u8> {
    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mask = u8::from(masked) << 7;
    let mut out = vec![first];
    match u16::try_from(payload.len()) {
        Ok(n @ 0..=125) => out.push(mask | n as u8),
        Ok(n) => {
            out.push(mask | 126);
            out.extend(n.to_be_bytes());
        }
        Err(_) => panic!("a message of less than 64 KiB"),
    }
    if masked {
        out.extend(KEY);
        out.extend(payload.iter().zip(KEY.iter().cycle()).map(|(b, k)| b ^ k));
    } else {
        out.extend(payload);
    }
    out
}

/// What SCTP senders remember: next transmission and stream sequence numbers.
#[derive(Default)]
pub(crate) struct Associations(BTreeMap<Direction, (u32, u16)>);

impl Associations {
    /// The packets (common header and a DATA chunk each) of one message.
    pub(crate) fn packets(&mut self, (from, to): Direction, message: &[u8], chunks: usize) -> Vec<Vec<u8>> {
        let (tsn, ssn) = self.0.entry((from, to)).or_insert((u32::MAX - 5, 0));
        let pieces: Vec<&[u8]> = message.chunks(message.len().div_ceil(chunks).max(1)).collect();
        // One verification tag a direction.
        let tag = crc32c(format!("{from} {to}").as_bytes());
        let packet = |(i, piece): (usize, &&[u8])| {
            let flags = u8::from(i == 0) << 1 | u8::from(i + 1 == pieces.len());
            let length = (16 + piece.len()) as u16;
            let mut p = [from.port().to_be_bytes(), to.port().to_be_bytes()].concat();
            p.extend(tag.to_be_bytes());
            p.extend([0, 0, 0, 0, 0, flags]);
            p.extend(length.to_be_bytes());
            p.extend(tsn.to_be_bytes());
            *tsn = tsn.wrapping_add(1);
            p.extend([0, 0]);
            p.extend(ssn.to_be_bytes());
            p.extend([0; 4]);
            p.extend(*piece);
            p.resize(p.len().next_multiple_of(4), 0);
            let sum = crc32c(&p).to_le_bytes();
            p[8..12].copy_from_slice(&sum);
            p
        };
        let packets = pieces.iter().enumerate().map(packet).collect();
        *ssn = ssn.wrapping_add(1);
        packets
    }
}

/// RFC 9260 appendix A.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg()))
    })
}

/// Who sends copies, and to whom.
pub(crate) const AGENT: &str = "192.0.2.9:40000";
pub(crate) const COLLECTOR: &str = "192.0.2.10:9060";

/// One copy.
pub(crate) fn hep(how: Hep, (from, to): Direction, time: u64, message: &[u8]) -> Vec<u8> {
    let (seconds, micros) = ((time / 1_000_000_000) as u32, (time / 1_000 % 1_000_000) as u32);
    let octets = |address: SocketAddr| match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let v4 = from.is_ipv4();
    if how.version < 3 {
        let length = if v4 { 16 } else { 40 };
        let mut out = vec![how.version, length, if v4 { 2 } else { 10 }, 17];
        out.extend([from.port().to_be_bytes(), to.port().to_be_bytes()].concat());
        out.extend([octets(from), octets(to)].concat());
        if how.version == 2 {
            out.extend([seconds.to_le_bytes(), micros.to_le_bytes(), [0xd1, 7, 0, 0]].concat());
        }
        out.extend(message);
        return out;
    }
    let mut chunks = Vec::new();
    let mut chunk = |kind: u16, value: &[u8]| {
        chunks.extend([[0, 0], kind.to_be_bytes(), ((value.len() + 6) as u16).to_be_bytes()].concat());
        chunks.extend(value);
    };
    chunk(1, &[if v4 { 2 } else { 10 }]);
    chunk(2, &[17]);
    chunk(if v4 { 3 } else { 5 }, &octets(from));
    chunk(if v4 { 4 } else { 6 }, &octets(to));
    chunk(7, &from.port().to_be_bytes());
    chunk(8, &to.port().to_be_bytes());
    chunk(9, &seconds.to_be_bytes());
    chunk(10, &micros.to_be_bytes());
    chunk(11, &[1]);
    chunk(12, &2001_u32.to_be_bytes());
    if how.compressed {
        let mut z = Vec::with_capacity(message.len() + 64);
        Compress::new(Compression::default(), true)
            .compress_vec(message, &mut z, FlushCompress::Finish)
            .expect("room for all");
        chunk(16, &z);
    } else {
        chunk(15, message);
    }
    [b"HEP3", &((chunks.len() + 6) as u16).to_be_bytes()[..], &chunks].concat()
}
