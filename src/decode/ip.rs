//! IPv4 and IPv6 headers, extension headers and the authentication header.
//!
//! In: bytes from an IP header on. Out: addresses, the protocol inside and its bytes. Lengths are
//! taken laxly: 0 means "to the end" (segmentation offload, jumbograms), too long means "cut".
//! Checksums are not verified: offload leaves them wrong in every capture made on a sender.

use std::net::IpAddr;

use etherparse::{
    IpAuthHeaderSlice, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, Ipv6RawExtHeaderSlice,
};

use super::layer::{Bytes, Stop};

/// Protocol numbers (IANA) that are followed.
pub(super) mod number {
    pub(in crate::decode) const ICMP: u8 = 1;
    pub(in crate::decode) const IPIP: u8 = 4;
    pub(in crate::decode) const TCP: u8 = 6;
    pub(in crate::decode) const UDP: u8 = 17;
    pub(in crate::decode) const IPV6: u8 = 41;
    pub(in crate::decode) const FRAGMENT: u8 = 44;
    pub(in crate::decode) const GRE: u8 = 47;
    pub(in crate::decode) const ESP: u8 = 50;
    pub(in crate::decode) const AH: u8 = 51;
    pub(in crate::decode) const ICMPV6: u8 = 58;
    pub(in crate::decode) const KA9Q_IPIP: u8 = 94;
    pub(in crate::decode) const ETHERIP: u8 = 97;
    pub(in crate::decode) const L2TPV3: u8 = 115;
    pub(in crate::decode) const SCTP: u8 = 132;
    pub(in crate::decode) const UDP_LITE: u8 = 136;
    pub(in crate::decode) const MPLS: u8 = 137;
}

/// Who sent a packet to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    /// IPv4 identification; 0 for IPv6.
    pub(super) id: u16,
}

/// A fragment's place in its datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Identification that its fragments share.
    pub(super) id: u32,
    /// Offset in bytes, a multiple of 8 below 65,536.
    pub(super) offset: usize,
    /// More fragments follow.
    pub(super) more: bool,
}

/// A packet without its fixed header (and IPv4 options).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub(super) ends: Ends,
    /// The protocol number of what `bytes` holds.
    pub(super) protocol: u8,
    /// IPv4 only; IPv6 fragments have a header of their own.
    pub(super) fragment: Option<Place>,
    pub(super) bytes: Bytes<'a>,
}

/// Reads the header that the version nibble announces, whatever the layer below called it.
pub(super) fn header(bytes: Bytes<'_>) -> Result<Header<'_>, Stop> {
    match bytes.seen.first().map(|b| b >> 4) {
        Some(4) => v4(bytes),
        Some(6) => v6(bytes),
        _ => Err(Stop::Bad),
    }
}

/// An IPv4 header.
#[inline(always)]
pub(super) fn v4(bytes: Bytes<'_>) -> Result<Header<'_>, Stop> {
    let ip = Ipv4HeaderSlice::from_slice(bytes.seen).map_err(|_| Stop::Bad)?;
    let (head, total) = (ip.slice().len(), usize::from(ip.total_len()));
    let bytes = match total {
        0 => bytes,
        _ if total < head => return Err(Stop::Bad),
        _ => bytes.limit(total),
    };
    let offset = usize::from(ip.fragments_offset().value()) * 8;
    let fragment = (offset != 0 || ip.more_fragments()).then(|| Place {
        id: ip.identification().into(),
        offset,
        more: ip.more_fragments(),
    });
    Ok(Header {
        ends: Ends {
            source: ip.source_addr().into(),
            destination: ip.destination_addr().into(),
            id: ip.identification(),
        },
        protocol: ip.protocol().0,
        fragment,
        bytes: bytes.skip(head)?,
    })
}

/// An IPv6 header.
#[inline(always)]
pub(super) fn v6(bytes: Bytes<'_>) -> Result<Header<'_>, Stop> {
    let ip = Ipv6HeaderSlice::from_slice(bytes.seen).map_err(|_| Stop::Bad)?;
    let bytes = bytes.skip(ip.slice().len())?;
    Ok(Header {
        ends: Ends { source: ip.source_addr().into(), destination: ip.destination_addr().into(), id: 0 },
        protocol: ip.next_header().0,
        fragment: None,
        bytes: match ip.payload_length() {
            0 => bytes,
            n => bytes.limit(n.into()),
        },
    })
}

/// Whether `protocol` is an IPv6 extension header in the common format (RFC 6564): hop-by-hop,
/// routing, destination options, mobility, host identity, shim6.
pub(super) fn is_extension(protocol: u8) -> bool {
    matches!(protocol, 0 | 43 | 60 | 135 | 139 | 140)
}

/// Strips one extension header: the next protocol and its bytes.
pub(super) fn extension(bytes: Bytes<'_>) -> Result<(u8, Bytes<'_>), Stop> {
    let header = Ipv6RawExtHeaderSlice::from_slice(bytes.seen).map_err(|_| Stop::Bad)?;
    Ok((header.next_header().0, bytes.skip(header.slice().len())?))
}

/// Strips an authentication header (RFC 4302): it signs, but hides nothing.
pub(super) fn authentication(bytes: Bytes<'_>) -> Result<(u8, Bytes<'_>), Stop> {
    let header = IpAuthHeaderSlice::from_slice(bytes.seen).map_err(|_| Stop::Bad)?;
    Ok((header.next_header().0, bytes.skip(header.slice().len())?))
}

/// Strips an IPv6 fragment header (RFC 8200 4.5): the next protocol, the place, the bytes.
pub(super) fn fragment(bytes: Bytes<'_>) -> Result<(u8, Place, Bytes<'_>), Stop> {
    let header = Ipv6FragmentHeaderSlice::from_slice(bytes.seen).map_err(|_| Stop::Bad)?;
    let place = Place {
        id: header.identification(),
        offset: usize::from(header.fragment_offset().value()) * 8,
        more: header.more_fragments(),
    };
    Ok((header.next_header().0, place, bytes.skip(header.slice().len())?))
}

#[cfg(test)]
mod tests {
    use crate::anomaly::Anomaly;
    use crate::decode::build::{
        PAYLOAD, PORTS, check_wrapping, ethernet, ethernet_ip, fate, ip4, ip6, join, see, see_cut, tcp, udp,
    };
    use crate::fate::Fate;

    /// Extension headers of eight bytes each, before what `packet` holds.
    fn extended(packet: &[u8], chain: &[u8]) -> Vec<u8> {
        if packet[0] >> 4 == 4 {
            return packet.to_vec();
        }
        let mut inside = packet[40..].to_vec();
        let mut next = packet[6];
        for &protocol in chain.iter().rev() {
            inside = match protocol {
                44 => join(&[&[next, 0, 0, 0, 0, 0, 0, 9], &inside]),
                51 => join(&[&[next, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1], &inside]),
                _ => join(&[&[next, 0, 1, 4, 0, 0, 0, 0], &inside]),
            };
            next = protocol;
        }
        ip6(next, &inside)
    }

    #[test]
    fn extension_headers_are_stripped_in_any_order() {
        check_wrapping(1, |ip| ethernet_ip(&extended(ip, &[0, 43, 60])));
        check_wrapping(1, |ip| ethernet_ip(&extended(ip, &[0, 44, 60, 135])));
        check_wrapping(1, |ip| ethernet_ip(&extended(ip, &[60, 51, 60])));
    }

    #[test]
    fn a_thousand_extension_headers_are_too_deep() {
        let packet = extended(&ip6(17, &udp(PORTS, PAYLOAD)), &[60; 1000]);
        let (seen, notes) = see(101, &packet);
        assert_eq!((seen.fate, &notes[..]), (Some(Fate::Undecodable), &[Anomaly::TooDeep][..]));
    }

    #[test]
    fn the_authentication_header_hides_nothing() {
        check_wrapping(1, |ip| match ip[0] >> 4 {
            4 => {
                let signed = join(&[&[ip[9], 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1], &[0xab; 12], &ip[20..]]);
                ethernet_ip(&ip4(51, &signed))
            }
            _ => ethernet_ip(ip),
        });
    }

    #[test]
    fn options_are_passed_over() {
        check_wrapping(1, |ip| match ip[0] >> 4 {
            4 => {
                let mut with = join(&[&ip[..20], &[0x94, 4, 0, 0], &ip[20..]]);
                (with[0], with[3]) = (0x46, with[3] + 4);
                ethernet_ip(&with)
            }
            _ => ethernet_ip(ip),
        });
    }

    #[test]
    fn the_version_nibble_decides_over_the_ether_type() {
        check_wrapping(1, |ip| ethernet([0x08, 0x00], ip));
        check_wrapping(1, |ip| ethernet([0x86, 0xdd], ip));
    }

    #[test]
    fn ethernet_padding_is_trimmed() {
        let frame = join(&[&ethernet_ip(&ip4(17, &udp(PORTS, b"\r\n"))), &[0; 16]]);
        assert_eq!(see(1, &frame).0.payload, b"\r\n");
    }

    #[test]
    fn a_length_of_zero_runs_to_the_end() {
        for mut ip in [ip4(6, &tcp(PORTS, PAYLOAD)), ip6(6, &tcp(PORTS, PAYLOAD))] {
            let at = if ip[0] >> 4 == 4 { 2 } else { 4 };
            ip[at..at + 2].fill(0);
            let (seen, _) = see(101, &ip);
            assert_eq!((&seen.payload[..], seen.cut), (PAYLOAD, false));
            let (seen, _) = see_cut(101, &ip, ip.len() + 7);
            assert_eq!((seen.cut, seen.tcp.unwrap().missing), (true, 7));
        }
    }

    #[test]
    fn a_length_beyond_the_capture_is_a_cut_even_if_the_record_denies_it() {
        let ip = ip4(17, &udp(PORTS, PAYLOAD));
        let (seen, notes) = see(101, &ip[..ip.len() - 5]);
        assert_eq!((&seen.payload[..], seen.cut), (&PAYLOAD[..PAYLOAD.len() - 5], true));
        assert!(notes.is_empty());
    }

    #[test]
    fn headers_that_cannot_be_are_undecodable() {
        let good = ip4(17, &udp(PORTS, PAYLOAD));
        let with = |at: usize, byte: u8| {
            let mut bad = good.clone();
            bad[at] = byte;
            bad
        };
        for bad in [with(0, 0x41), with(0, 0x95), with(3, 19), good[..19].to_vec(), vec![], vec![0x60; 39]] {
            let (seen, notes) = see(101, &bad);
            assert_eq!((seen.fate, &notes[..]), (Some(Fate::Undecodable), &[Anomaly::BadHeader][..]));
        }
    }

    #[test]
    fn other_protocols_are_named() {
        for (protocol, expected) in
            [(89, Fate::OtherIp), (1, Fate::Icmp), (50, Fate::Esp), (59, Fate::OtherIp)]
        {
            assert_eq!(fate(101, &ip4(protocol, &[0; 40])), expected);
        }
        assert_eq!(fate(101, &ip6(58, &[128, 0, 0, 0, 0, 0, 0, 0])), Fate::Icmp);
    }
}
