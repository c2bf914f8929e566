//! UDP, TCP and SCTP headers, and the packets that ICMP errors quote.
//!
//! In: bytes from a transport header on. Out: ports, flags and payload. Lengths are taken laxly.

use etherparse::{TcpHeaderSlice, UdpHeaderSlice};

use super::ip::{self, Ends, number};
use super::layer::{Bytes, Stop};
use super::{Packet, Quote, TcpInfo};
use crate::flow::{Endpoint, Flow, Tap, Transport};

/// Source port, destination port, payload.
pub(super) type Ported<'a> = (u16, u16, Bytes<'a>);

/// A UDP header. A length of 0 (jumbogram, offload), or one that cannot be, leaves the payload as
/// long as IP says.
#[inline(always)]
pub(super) fn udp(bytes: Bytes<'_>) -> Result<Ported<'_>, Stop> {
    let udp = UdpHeaderSlice::from_slice(bytes.seen).map_err(|_| Stop::Bad)?;
    let len = usize::from(udp.length());
    let datagram = if (8..=bytes.on_wire()).contains(&len) { bytes.limit(len) } else { bytes };
    Ok((udp.source_port(), udp.destination_port(), datagram.skip(8)?))
}

/// A UDP-Lite header (RFC 3828): checksum coverage in place of the length.
pub(super) fn udp_lite(bytes: Bytes<'_>) -> Result<Ported<'_>, Stop> {
    let udp = UdpHeaderSlice::from_slice(bytes.seen).map_err(|_| Stop::Bad)?;
    Ok((udp.source_port(), udp.destination_port(), bytes.skip(8)?))
}

/// The common header of SCTP (RFC 9260 3.1); the payload is its chunks.
pub(super) fn sctp(bytes: Bytes<'_>) -> Result<Ported<'_>, Stop> {
    Ok((bytes.u16_at(0)?, bytes.u16_at(2)?, bytes.skip(12)?))
}

/// A TCP header (RFC 9293 3.1). Where the snap length cut its options, the rest of it still counts.
#[inline(always)]
pub(super) fn tcp(bytes: Bytes<'_>) -> Result<(Ported<'_>, TcpInfo), Stop> {
    let len = usize::from(bytes.seen.get(12).ok_or(Stop::Bad)? >> 4) * 4;
    let mut padded = [0; 60];
    let (seen, payload) = match bytes.seen.len() {
        20.. if bytes.seen.len() < len && len <= bytes.on_wire() => {
            padded[..bytes.seen.len()].copy_from_slice(bytes.seen);
            (&padded[..], Bytes { seen: &[][..], unseen: bytes.on_wire() - len })
        }
        _ => (bytes.seen, bytes.skip(len)?),
    };
    let tcp = TcpHeaderSlice::from_slice(seen).map_err(|_| Stop::Bad)?;
    let info = TcpInfo {
        sequence: tcp.sequence_number(),
        acknowledged: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        missing: payload.unseen.try_into().unwrap_or(u32::MAX),
    };
    Ok(((tcp.source_port(), tcp.destination_port(), payload), info))
}

/// A packet as it is passed on.
#[inline(always)]
pub(super) fn packet<'a>(ends: Ends, (source, destination, payload): Ported<'a>, tap: Tap) -> Packet<'a> {
    Packet {
        flow: Flow {
            source: Endpoint::new(ends.source, source),
            destination: Endpoint::new(ends.destination, destination),
        },
        tap,
        ip_id: ends.id,
        payload: payload.seen,
        cut: payload.unseen > 0,
    }
}

/// The UDP, TCP or SCTP packet that an ICMP error quotes (RFC 792, RFC 4443 3); `None` for other
/// messages, and for quotes too short to name ports.
pub(super) fn quote<'a>(ends: Ends, bytes: Bytes<'a>, tap: Tap) -> Option<Quote<'a>> {
    let (&[kind, code, _, _, words, length, ..], quoted) = bytes.head::<8>().ok()?;
    // RFC 4884: how much is quote and not extension, in words of 4 (ICMP: second byte) or 8.
    let (is_error, quoted_len) = match ends.source.is_ipv4() {
        true => (matches!(kind, 3 | 4 | 5 | 11 | 12), usize::from(length) * 4),
        false => (matches!(kind, 1..=4), usize::from(words) * 8),
    };
    let extended = ends.source.is_ipv4() && matches!(kind, 3 | 11 | 12) || matches!(kind, 1 | 3);
    let quoted = match quoted_len {
        1.. if extended && quoted_len <= quoted.on_wire() => quoted.limit(quoted_len),
        _ => quoted,
    };
    if !is_error {
        return None;
    }
    let header = ip::header(quoted).ok()?;
    let (mut protocol, mut inside) = (header.protocol, header.bytes);
    for _ in 0..8 {
        if header.ends.source.is_ipv6() && ip::is_extension(protocol) {
            (protocol, inside) = ip::extension(inside).ok()?;
        }
    }
    if header.fragment.is_some_and(|place| place.offset != 0) {
        return None;
    }
    let (transport, ported) = match protocol {
        number::UDP => (Transport::Udp, udp(inside).ok()?),
        number::TCP => {
            (Transport::Tcp, tcp(inside).map(|(ported, _)| ported).or_else(|_| ports(inside)).ok()?)
        }
        number::SCTP => (Transport::Sctp, sctp(inside).or_else(|_| ports(inside)).ok()?),
        _ => return None,
    };
    Some(Quote { reporter: ends.source, kind, code, transport, packet: packet(header.ends, ported, tap) })
}

/// Ports alone: ICMP need not quote more than eight bytes behind the IP header.
fn ports(bytes: Bytes<'_>) -> Result<Ported<'_>, Stop> {
    Ok((bytes.u16_at(0)?, bytes.u16_at(2)?, Bytes { seen: &[], unseen: bytes.on_wire().max(1) }))
}

#[cfg(test)]
mod tests {
    use crate::decode::build::{
        ID, PAYLOAD, PORTS, fate, flow, ip4, ip4_piece, ip6, join, see, see_cut, tcp, udp,
    };
    use crate::fate::Fate;

    #[test]
    fn udp_lengths_that_cannot_be_leave_the_payload_to_ip() {
        let longer = PAYLOAD.len() as u16 + 9;
        for len in [0, 7, longer, u16::MAX] {
            let mut datagram = udp(PORTS, PAYLOAD);
            datagram[4..6].copy_from_slice(&len.to_be_bytes());
            let (seen, _) = see(101, &ip4(17, &datagram));
            assert_eq!((&seen.payload[..], seen.cut), (PAYLOAD, false), "length {len}");
        }
    }

    #[test]
    fn a_shorter_udp_length_trims() {
        let mut datagram = udp(PORTS, PAYLOAD);
        datagram[4..6].copy_from_slice(&[0, 12]);
        assert_eq!(see(101, &ip4(17, &datagram)).0.payload, PAYLOAD[..4]);
    }

    #[test]
    fn udp_lite_carries_its_payload_whatever_it_covers() {
        let mut datagram = udp(PORTS, PAYLOAD);
        datagram[4..6].copy_from_slice(&[0, 8]);
        assert_eq!(see(101, &ip4(136, &datagram)).0.payload, PAYLOAD);
    }

    #[test]
    fn sctp_gives_its_chunks() {
        let packet = join(&[&[0x13, 0xc4, 0x13, 0xc6], &[0; 8], b"chunks"]);
        let ip = ip4(132, &packet);
        let (seen, _) = see(101, &ip);
        assert_eq!((&seen.payload[..], seen.flow), (&b"chunks"[..], flow(&ip)));
    }

    #[test]
    fn tcp_flags_and_numbers_are_read() {
        let mut segment = tcp(PORTS, b"");
        segment[13] = 0x07;
        let info = see(101, &ip4(6, &segment)).0.tcp.unwrap();
        assert_eq!((info.syn, info.fin, info.rst, info.acknowledged), (true, true, true, None));
        assert_eq!((info.sequence, info.missing), (1000, 0));
    }

    #[test]
    fn a_data_offset_that_cannot_be_is_undecodable() {
        for offset in [0x40, 0xf0] {
            let mut segment = tcp(PORTS, b"x");
            segment[12] = offset;
            assert_eq!(fate(101, &ip4(6, &segment)), Fate::Undecodable);
        }
    }

    #[test]
    fn options_cut_by_the_snap_length_leave_the_rest_of_the_header() {
        let ip = ip4(6, &tcp(PORTS, PAYLOAD));
        let (seen, _) = see_cut(101, &ip[..44], ip.len());
        assert_eq!((seen.flow, seen.payload.len(), seen.cut), (flow(&ip), 0, true));
        assert_eq!(seen.tcp.unwrap().missing as usize, PAYLOAD.len());
    }

    #[test]
    fn icmp_errors_give_the_packet_they_quote() {
        let (quoted4, quoted6) = (ip4(17, &udp(PORTS, PAYLOAD)), ip6(17, &udp(PORTS, PAYLOAD)));
        let v4 = |head: [u8; 8], quote: &[u8]| see(101, &ip4(1, &join(&[&head, quote]))).0;
        let v6 = |head: [u8; 8], quote: &[u8]| see(101, &ip6(58, &join(&[&head, quote]))).0;
        let seen = v4([3, 13, 0, 0, 0, 0, 0, 0], &quoted4);
        assert_eq!((seen.icmp, seen.flow, &seen.payload[..]), (Some((3, 13)), flow(&quoted4), PAYLOAD));
        assert_eq!(seen.ip_id, ID);
        let seen = v6([1, 4, 0, 0, 0, 0, 0, 0], &quoted6);
        assert_eq!((seen.icmp, seen.flow, &seen.payload[..]), (Some((1, 4)), flow(&quoted6), PAYLOAD));
        let short = v4([11, 0, 0, 0, 0, 0, 0, 0], &quoted4[..28]);
        assert_eq!((short.icmp, short.flow, short.payload.len()), (Some((11, 0)), flow(&quoted4), 0));
        assert!(short.cut);
        let ports_of_tcp = v4([3, 1, 0, 0, 0, 0, 0, 0], &ip4(6, &tcp(PORTS, PAYLOAD))[..28]);
        assert_eq!((ports_of_tcp.icmp, ports_of_tcp.payload.len()), (Some((3, 1)), 0));
        let extended = v4([3, 3, 0, 0, 0, 8, 0, 0], &join(&[&quoted4[..32], &[0x20, 0, 0, 0, 0, 4, 1, 1]]));
        assert_eq!(extended.payload, PAYLOAD[..4]);
    }

    #[test]
    fn icmp_without_a_quote_of_ours_is_icmp() {
        let later = ip4_piece(17, 5, ID, &udp(PORTS, PAYLOAD));
        for (kind, quote) in
            [(8, &later[..]), (3, &later), (3, &[]), (3, &later[..22]), (3, &ip4(89, b"ospfospf"))]
        {
            assert_eq!(fate(101, &ip4(1, &join(&[&[kind, 0, 0, 0, 0, 0, 0, 0], quote]))), Fate::Icmp);
        }
    }
}
