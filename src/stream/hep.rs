//! HEP and EEP: copies of messages that were sent to a collector, with where and when they were
//! seen.
//!
//! In: a UDP payload, or one packet of a TCP stream as [`frame`] cuts it. Out: a [`Hep`] with the
//! original addresses and payload. HEPv1 and v2 have two bytes that tell little: they are accepted
//! only if all header fields fit together, and the caller should ask for SIP in the payload.
//! HEPv3 names itself. What kind of payload it is, is not judged here.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::inflate::inflate;
use crate::flow::{Endpoint, Flow};
use crate::time::Timestamp;

/// Bytes that a compressed payload may grow to.
pub const MAX_INFLATED: usize = 256 << 10;

/// A copied packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hep<'a> {
    /// 1, 2 or 3.
    pub version: u8,
    /// Addresses and ports of the original packet, port 0 where none is given; `None` without
    /// both addresses.
    pub flow: Option<Flow>,
    /// IP protocol of the original packet: 6 TCP, 17 UDP, 132 SCTP; `None` if not given.
    pub protocol: Option<u8>,
    /// Payload type as v3 names it: 1 SIP, 5 RTCP, 100 a log …; `None` if not given.
    pub payload_type: Option<u8>,
    /// When the agent saw the original packet; `None` if not given or 0.
    pub time: Option<Timestamp>,
    /// The agent that copied it; `None` if not given.
    pub agent: Option<u32>,
    /// The original payload, inflated if it was compressed; empty if there is none.
    pub payload: Cow<'a, [u8]>,
    /// The payload is not whole: it was cut, or could not be inflated further.
    pub cut: bool,
    /// The payload was compressed.
    pub compressed: bool,
}

/// What stands at the start of some bytes of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A HEPv3 packet of so many bytes.
    Complete(usize),
    /// The start of one; more bytes are needed.
    Partial,
    /// Something else.
    Malformed,
}

/// Length of the magic and the total length before the chunks of v3.
const HEAD: usize = 6;

/// Finds the end of the HEPv3 packet that `bytes` start with. Older versions have no length and
/// can't be cut out of streams.
pub fn frame(bytes: &[u8]) -> Frame {
    let magic = bytes.get(..4).unwrap_or(bytes);
    if !(b"HEP3".starts_with(magic) || b"EEP3".starts_with(magic)) {
        return Frame::Malformed;
    }
    match bytes.get(4..HEAD).map(number) {
        None => Frame::Partial,
        Some(length) if (length as usize) < HEAD => Frame::Malformed,
        Some(length) if length as usize > bytes.len() => Frame::Partial,
        Some(length) => Frame::Complete(length as usize),
    }
}

/// Whether `bytes` may be HEP: cheap enough for every datagram.
#[inline]
pub fn may_begin(bytes: &[u8]) -> bool {
    matches!(bytes, [b'H' | b'E', b'E', b'P', b'3', ..] | [1 | 2, 16 | 28 | 40 | 52, ..])
}

/// Reads one HEP packet. `None` if it is none.
pub fn parse(bytes: &[u8]) -> Option<Hep<'_>> {
    match bytes {
        [b'H' | b'E', b'E', b'P', b'3', ..] => version3(bytes),
        [version @ 1..=2, ..] => version1or2(*version, bytes),
        _ => None,
    }
}

/// `HEP3`, total length, then chunks: vendor, type, length with these 6 bytes, value; all
/// big-endian (HEP3 network protocol specification, rev. 32).
fn version3(bytes: &[u8]) -> Option<Hep<'_>> {
    let total = bytes.get(4..HEAD).map(number)? as usize;
    let bytes = &bytes[..total.min(bytes.len())];
    let mut chunks = bytes.get(HEAD..)?;
    let mut hep = Hep {
        version: 3,
        flow: None,
        protocol: None,
        payload_type: None,
        time: None,
        agent: None,
        payload: Cow::Borrowed(&[]),
        // Chunks may be lost with the rest; payload is.
        cut: total > bytes.len(),
        compressed: false,
    };
    let (mut source, mut destination, mut ports) = (None, None, (0, 0));
    let (mut seconds, mut micros) = (0, 0);
    while let Some((head, rest)) = chunks.split_first_chunk::<6>() {
        let length = number(&head[4..]) as usize;
        let Some(size) = length.checked_sub(6) else { break };
        let (value, whole) = (rest.get(..size).unwrap_or(rest), size <= rest.len());
        chunks = rest.get(size..).unwrap_or(&[]);
        if number(&head[..2]) != 0 {
            continue;
        }
        match (number(&head[2..4]), value) {
            (15, value) => (hep.payload, hep.cut) = (value.into(), !whole),
            (16, value) => {
                let (payload, good) = inflate(value, MAX_INFLATED);
                (hep.payload, hep.cut, hep.compressed) = (payload.into(), !(whole && good), true);
            }
            _ if !whole => break,
            (2, &[protocol]) => hep.protocol = Some(protocol),
            (3 | 5, value) => source = address(value),
            (4 | 6, value) => destination = address(value),
            (7, value) => ports.0 = number(value) as u16,
            (8, value) => ports.1 = number(value) as u16,
            (9, value) => seconds = number(value),
            (10, value) => micros = number(value),
            (11, &[kind]) => hep.payload_type = Some(kind),
            (12, value) if value.len() <= 4 => hep.agent = Some(number(value)),
            _ => {}
        }
    }
    if let (Some(source), Some(destination)) = (source, destination) {
        hep.flow = Some(Flow {
            source: Endpoint::new(source, ports.0),
            destination: Endpoint::new(destination, ports.1),
        });
    }
    hep.time = time(seconds, micros);
    Some(hep)
}

/// `version, header length, family, protocol, source port, destination port`, both addresses;
/// v2 adds seconds, microseconds, agent and two bytes of padding.
fn version1or2(version: u8, bytes: &[u8]) -> Option<Hep<'_>> {
    let (&[_, length, family, protocol, ports @ ..], rest) = bytes.split_first_chunk::<8>()?;
    // AF_INET6 is 10 on Linux, 28 on FreeBSD, 30 on macOS.
    let width = match family {
        2 => 4,
        10 | 28 | 30 => 16,
        _ => return None,
    };
    let (source, rest) = rest.split_at_checked(width)?;
    let (destination, rest) = rest.split_at_checked(width)?;
    let base = 8 + 2 * width;
    // Some senders of v2 count the time, some do not.
    let fits = usize::from(length) == base || (version == 2 && usize::from(length) == base + 12);
    let flow = Flow {
        source: Endpoint::new(address(source)?, number(&ports[..2]) as u16),
        destination: Endpoint::new(address(destination)?, number(&ports[2..]) as u16),
    };
    if !fits || !matches!(protocol, 6 | 17 | 132) || flow.source.port == 0 || flow.destination.port == 0 {
        return None;
    }
    let (time, agent, payload) = match version {
        1 => (None, None, rest),
        _ => {
            let (tail, payload) = rest.split_first_chunk::<12>()?;
            let (time, agent) = tail2(tail);
            (time, Some(agent), payload)
        }
    };
    (!payload.is_empty()).then_some(Hep {
        version,
        flow: Some(flow),
        protocol: Some(protocol),
        payload_type: None,
        time,
        agent,
        payload: payload.into(),
        cut: false,
        compressed: false,
    })
}

/// Time and agent of v2: in the sender's byte order, little-endian with all common ones. Big-endian
/// if only so the microseconds are below a million.
fn tail2(tail: &[u8; 12]) -> (Option<Timestamp>, u32) {
    let [s0, s1, s2, s3, u0, u1, u2, u3, a0, a1, ..] = *tail;
    let little = u32::from_le_bytes([u0, u1, u2, u3]);
    let big = u32::from_be_bytes([u0, u1, u2, u3]);
    if little >= 1_000_000 && big < 1_000_000 {
        (time(u32::from_be_bytes([s0, s1, s2, s3]), big), u16::from_be_bytes([a0, a1]).into())
    } else {
        (time(u32::from_le_bytes([s0, s1, s2, s3]), little), u16::from_le_bytes([a0, a1]).into())
    }
}

fn time(seconds: u32, micros: u32) -> Option<Timestamp> {
    let nanos = i64::from(seconds) * 1_000_000_000 + i64::from(micros) * 1000;
    (seconds > 0).then_some(Timestamp::from_nanos(nanos))
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(v4).into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|v6| Ipv6Addr::from(v6).into())
}

/// A big-endian number; of more than four bytes the last four.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |n, &byte| n << 8 | u32::from(byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::inflate::tests::compressed;
    use super::*;

    const OPTIONS: &[u8] = b"OPTIONS sip:a@example.com SIP/2.0\r\n\r\n";

    fn chunk(vendor: u16, kind: u16, value: &[u8]) -> Vec<u8> {
        let length = (value.len() + 6) as u16;
        [&vendor.to_be_bytes(), &kind.to_be_bytes(), &length.to_be_bytes(), value].concat()
    }

    fn hep3(chunks: &[Vec<u8>]) -> Vec<u8> {
        let chunks = chunks.concat();
        [b"HEP3", &((chunks.len() + HEAD) as u16).to_be_bytes()[..], &chunks].concat()
    }

    fn usual() -> Vec<Vec<u8>> {
        vec![
            chunk(0, 1, &[2]),
            chunk(0, 2, &[17]),
            chunk(0, 3, &[192, 0, 2, 1]),
            chunk(0, 4, &[192, 0, 2, 2]),
            chunk(0, 7, &[0x13, 0xc4]),
            chunk(0, 8, &[0x13, 0xc5]),
            chunk(0, 9, &1_700_000_000u32.to_be_bytes()),
            chunk(0, 10, &250_000u32.to_be_bytes()),
            chunk(0, 11, &[1]),
            chunk(0, 12, &2001u32.to_be_bytes()),
            chunk(0, 14, b"secret"),
            chunk(5, 15, b"of a vendor"),
        ]
    }

    fn expected(version: u8) -> Hep<'static> {
        Hep {
            version,
            flow: Some(Flow {
                source: Endpoint::new([192, 0, 2, 1], 5060),
                destination: Endpoint::new([192, 0, 2, 2], 5061),
            }),
            protocol: Some(17),
            payload_type: (version == 3).then_some(1),
            time: (version > 1).then_some(Timestamp::from_nanos(1_700_000_000_250_000_000)),
            agent: (version > 1).then_some(2001),
            payload: OPTIONS.into(),
            cut: false,
            compressed: false,
        }
    }

    /// v1 or v2 with the given header length and, for v2, bytes of time, agent and padding.
    fn old(version: u8, length: u8, tail: &[u8]) -> Vec<u8> {
        let head = [version, length, 2, 17, 0x13, 0xc4, 0x13, 0xc5, 192, 0, 2, 1, 192, 0, 2, 2];
        [&head, tail, OPTIONS].concat()
    }

    #[test]
    fn version_3_gives_the_original_packet() {
        let mut chunks = usual();
        chunks.push(chunk(0, 15, OPTIONS));
        let mut bytes = hep3(&chunks);
        assert_eq!(frame(&bytes), Frame::Complete(bytes.len()));
        assert_eq!(parse(&bytes), Some(expected(3)));
        bytes.extend(b"beyond the total length");
        assert_eq!(parse(&bytes), Some(expected(3)));
        bytes[0] = b'E';
        assert_eq!(parse(&bytes), Some(expected(3)));
    }

    #[test]
    fn a_compressed_payload_is_inflated() {
        for packed in compressed(OPTIONS) {
            let bytes = hep3(&[usual(), vec![chunk(0, 16, &packed)]].concat());
            assert_eq!(parse(&bytes), Some(Hep { compressed: true, ..expected(3) }));
        }
        let hep = hep3(&[chunk(0, 16, b"\xff\xff")]);
        let hep = parse(&hep).unwrap();
        assert!(hep.compressed && hep.cut && hep.payload.is_empty());
    }

    #[test]
    fn what_is_cut_is_kept_up_to_the_cut() {
        let whole = hep3(&[usual(), vec![chunk(0, 15, OPTIONS)]].concat());
        for end in 0..whole.len() {
            let Some(hep) = parse(&whole[..end]) else {
                assert!(end < HEAD);
                continue;
            };
            assert!(hep.cut && OPTIONS.starts_with(&hep.payload), "{end}");
            assert_eq!(frame(&whole[..end]), Frame::Partial);
        }
        let payload = whole.len() - OPTIONS.len();
        assert_eq!(*parse(&whole[..payload + 5]).unwrap().payload, OPTIONS[..5]);
        let bad = hep3(&[chunk(0, 2, &[6]), vec![0, 0, 0, 15, 0, 5], chunk(0, 15, b"x")]);
        assert_eq!(parse(&bad).unwrap().protocol, Some(6));
        assert!(parse(&bad).unwrap().payload.is_empty());
    }

    #[test]
    fn version_3_over_ipv6_and_without_addresses() {
        let six = hep3(&[chunk(0, 5, &[1; 16]), chunk(0, 6, &[2; 16]), chunk(0, 15, b"x")]);
        let flow = parse(&six).unwrap().flow.unwrap();
        assert_eq!(flow.destination, Endpoint::new([2; 16], 0));
        assert_eq!(parse(&hep3(&[chunk(0, 3, &[1, 2, 3, 4])])).unwrap().flow, None);
        assert_eq!(parse(&hep3(&[chunk(0, 9, &[0; 4])])).unwrap().time, None);
    }

    #[test]
    fn versions_1_and_2_give_the_original_packet() {
        let little =
            [&1_700_000_000u32.to_le_bytes()[..], &250_000u32.to_le_bytes(), &[0xd1, 7, 0, 0]].concat();
        let big = [&1_700_000_000u32.to_be_bytes()[..], &250_000u32.to_be_bytes(), &[7, 0xd1, 0, 0]].concat();
        assert_eq!(parse(&old(1, 16, b"")), Some(expected(1)));
        for length in [16, 28] {
            assert_eq!(parse(&old(2, length, &little)), Some(expected(2)));
            assert_eq!(parse(&old(2, length, &big)), Some(expected(2)));
        }
        let six = [&[1, 40, 10, 6, 1, 1, 2, 2][..], &[1; 16], &[2; 16], OPTIONS].concat();
        assert_eq!(parse(&six).unwrap().flow.unwrap().source, Endpoint::new([1; 16], 257));
    }

    #[test]
    fn other_datagrams_are_not_mistaken_for_hep() {
        let good = old(1, 16, b"");
        for (at, byte) in [(0, 0), (0, 4), (1, 28), (2, 10), (2, 3), (3, 1)] {
            let mut bytes = good.clone();
            bytes[at] = byte;
            assert_eq!(parse(&bytes), None, "{at} {byte}");
        }
        let mut bytes = good.clone();
        bytes[4..6].fill(0);
        assert_eq!(parse(&bytes), None);
        for end in 0..=16 {
            assert_eq!(parse(&good[..end]), None);
        }
        for text in [&b""[..], b"H", b"HEP", b"HEP2...", b"INVITE sip:a SIP/2.0", b"HEP3\0"] {
            assert_eq!(parse(text), None);
        }
        assert_eq!(frame(b""), Frame::Partial);
        assert_eq!(frame(b"HEP3\0"), Frame::Partial);
        assert_eq!(frame(b"HEP3\0\x05"), Frame::Malformed);
        assert_eq!(frame(b"HELO"), Frame::Malformed);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(version in 0usize..5, bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let start = [&b"HEP3"[..], b"EEP3", b"\x01\x10\x02\x11", b"\x02\x34\x0a\x06", b""][version];
            let bytes = [start, &bytes].concat();
            if let Some(hep) = parse(&bytes) {
                prop_assert!(hep.payload.len() <= MAX_INFLATED);
            }
            if let Frame::Complete(length) = frame(&bytes) {
                prop_assert!((HEAD..=bytes.len()).contains(&length));
            }
        }
    }
}
