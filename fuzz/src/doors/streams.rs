//! What puts bytes in order or unwraps them: TCP, SCTP, WebSocket, HEP, and the start of TLS.

use sipstat::anomaly::Anomalies;
use sipstat::decode::TcpInfo;
use sipstat::flow::{Origin, Transport};
use sipstat::sip::looks_like_sip;
use sipstat::stream::sctp::{MAX_HELD_TOTAL, Sctp};
use sipstat::stream::tcp::{Consumer, Piece, Streams};
use sipstat::stream::websocket::{Item, Reader, Reading};
use sipstat::stream::{hep, tls};

use super::{origin, stamp, within};

/// Keeps what a direction was given.
#[derive(Default)]
struct Given(Vec<Option<u8>>);

impl Consumer for Given {
    fn held(&self) -> usize {
        1
    }
}

/// Segments of one known stream, in any order, again and again, with holes: what is delivered between
/// gaps is what the stream has there.
pub fn tcp(data: &[u8]) {
    let byte = |at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8;
    let (mut streams, mut notes) = (Streams::<Given>::default(), Anomalies::default());
    let start = u32::MAX - 500;
    let mut sink = |given: &mut Given, _: &Origin, piece: Piece<'_>| match piece {
        Piece::Bytes(bytes) => given.0.extend(bytes.iter().copied().map(Some)),
        Piece::Gap(n) => given.0.extend(std::iter::repeat_n(None, n.min(1 << 16) as usize)),
        Piece::Start { .. } => given.0.clear(),
        Piece::End(_) => {
            for (i, b) in given.0.iter().enumerate() {
                assert!(b.is_none_or(|b| b == byte(i as u32)), "byte {i} of {}", given.0.len());
            }
        }
    };
    let info =
        |sequence, syn, fin| TcpInfo { sequence, acknowledged: None, syn, fin, rst: false, missing: 0 };
    let from = |number| origin(5060, 5061, Transport::Tcp, number);
    streams.push(&from(1), &info(start.wrapping_sub(1), true, false), b"", &mut notes, &mut sink);
    let mut sent = 0;
    for (i, segment) in data.chunks_exact(3).enumerate() {
        let at = u32::from(u16::from_le_bytes([segment[0], segment[1]])) % 4096;
        let payload: Vec<u8> = (at..at + u32::from(segment[2])).map(byte).collect();
        sent += payload.len();
        let from = from(i as u64 + 2);
        streams.push(&from, &info(start.wrapping_add(at), false, false), &payload, &mut notes, &mut sink);
        assert!(streams.held() <= 4096 + 2 * sent + (1 << 16), "{} held of {sent}", streams.held());
    }
    streams.finish(stamp(1 << 20).now, &mut notes, &mut sink);
    assert_eq!(streams.held(), 0, "what has ended holds nothing");
}

/// Any bytes after the handshake of a WebSocket, or without one. Where segments end changes nothing, as
/// long as the frames can be followed.
pub fn websocket(data: &[u8]) {
    const HANDSHAKE: &[u8] = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sip\r\n\r\n";
    let Some((size, frames)) = data.split_first() else { return };
    // What starts a direction is judged by its first bytes, so they come at once.
    let said = |start: &[u8], frames: &[u8], size: usize| {
        let (mut reader, mut said, mut followed) = (Reader::new(looks_like_sip), Vec::new(), 0);
        let mut sink = |item: Item<'_>| {
            if let Item::Message { bytes, .. } = item {
                said.push(bytes.to_vec());
            }
        };
        let mut lost = false;
        for chunk in [start].into_iter().filter(|s| !s.is_empty()).chain(frames.chunks(size)) {
            lost |= reader.push(chunk, &mut sink) == Reading::Other;
            followed += if lost { 0 } else { chunk.len() };
            assert!(reader.held() <= 20 << 20);
        }
        reader.end(&mut sink);
        (said, followed)
    };
    let size = usize::from(*size).max(1);
    said(b"", frames, size);
    let (_, followed) = said(HANDSHAKE, frames, 1);
    let frames = &frames[..followed - HANDSHAKE.len()];
    assert_eq!(said(HANDSHAKE, frames, size), said(HANDSHAKE, frames, frames.len().max(1)));
}

/// Any HEP packet: the payload is not longer than what it came from, unless it was inflated.
pub fn hep(data: &[u8]) {
    if let hep::Frame::Complete(n) = hep::frame(data) {
        assert!((6..=data.len()).contains(&n));
    }
    if let Some(found) = hep::parse(data) {
        assert!(hep::may_begin(data), "what is read as HEP may begin like it");
        assert!(found.compressed || within(&found.payload, data));
        assert!(found.payload.len() <= data.len().max(hep::MAX_INFLATED));
    }
}

/// Any chunks, packet by packet.
pub fn sctp(data: &[u8]) {
    let (mut sctp, mut notes, mut given) = (Sctp::default(), Anomalies::default(), 0);
    for (i, packet) in data.chunks(200).enumerate() {
        let from = origin(5060, 5060, Transport::Sctp, i as u64 + 1);
        sctp.push(&from, packet, false, &mut notes, &mut |_, message| given += message.bytes.len());
        assert!(sctp.held() <= MAX_HELD_TOTAL);
    }
    sctp.finish(stamp(1 << 20).now, &mut notes, &mut |_, message| given += message.bytes.len());
    assert!(given <= data.len(), "{given} bytes out of {}", data.len());
}

/// Any start of a TLS direction or DTLS datagram.
pub fn tls(data: &[u8]) {
    tls::looks_like_dtls(data, false);
    if let Some(hello) = tls::client_hello(data) {
        assert!(tls::looks_like_tls(data));
        assert!(hello.server_name.is_none_or(|n| within(n, data)));
        assert!(hello.protocols().all(|p| within(p, data)));
        assert!(hello.protocols().count() <= data.len());
    }
}
