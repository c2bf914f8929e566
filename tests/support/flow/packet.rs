//! Headers and checksums: UDP, TCP, ICMP, IPv4, IPv6, fragments and link layers, as bytes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::Sent;
use super::wire::Link;

/// Sender and receiver.
pub(crate) type Direction = (SocketAddr, SocketAddr);

/// TCP flags.
pub(crate) const FIN: u8 = 1;
pub(crate) const SYN: u8 = 2;
pub(crate) const RST: u8 = 4;
pub(crate) const PSH: u8 = 8;
pub(crate) const ACK: u8 = 16;

pub(crate) fn ip(from: IpAddr, to: IpAddr, protocol: u8, id: u16, payload: &[u8]) -> Vec<u8> {
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => ipv4(from, to, protocol, [id, 0], payload),
        _ => {
            let mut p = vec![0x60, 0, 0, 0];
            p.extend(be16(payload.len()));
            let protocol = if protocol == 1 { 58 } else { protocol };
            p.extend([protocol, 64]);
            p.extend(octets(from));
            p.extend(octets(to));
            p.extend(payload);
            p
        }
    }
}

/// `id` is the identification, then flags and fragment offset.
fn ipv4(from: Ipv4Addr, to: Ipv4Addr, protocol: u8, id: [u16; 2], payload: &[u8]) -> Vec<u8> {
    let mut p = vec![0x45, 0];
    p.extend(be16(20 + payload.len()));
    p.extend(id.iter().flat_map(|w| w.to_be_bytes()));
    p.extend([64, protocol, 0, 0]);
    p.extend(from.octets());
    p.extend(to.octets());
    let sum = checksum(&p);
    p[10..12].copy_from_slice(&sum.to_be_bytes());
    p.extend(payload);
    p
}

/// Cuts a packet into fragments with `size` bytes of payload (rounded down to a multiple of 8).
pub(crate) fn fragments(packet: &[u8], size: usize) -> Vec<Vec<u8>> {
    let size = (size / 8 * 8).max(8);
    let v4 = packet[0] >> 4 == 4;
    let payload = &packet[if v4 { 20 } else { 40 }..];
    if payload.len() <= size {
        return vec![packet.to_vec()];
    }
    let count = payload.len().div_ceil(size);
    let cut = |(i, part): (usize, &[u8])| {
        let (offset, more) = (i * size / 8, u16::from(i + 1 < count));
        if v4 {
            let id = u16::from_be_bytes([packet[4], packet[5]]);
            let address =
                |at: usize| Ipv4Addr::new(packet[at], packet[at + 1], packet[at + 2], packet[at + 3]);
            return ipv4(address(12), address(16), packet[9], [id, more << 13 | offset as u16], part);
        }
        let mut p = packet[..40].to_vec();
        p[4..6].copy_from_slice(&be16(8 + part.len()));
        p[6] = 44;
        p.extend([packet[6], 0]);
        p.extend(((offset as u16) << 3 | more).to_be_bytes());
        // The identification must differ between datagrams: their own checksum does.
        p.extend([0x51, 0x50, payload[6], payload[7]]);
        p.extend(part);
        p
    };
    payload.chunks(size).enumerate().map(cut).collect()
}

pub(crate) fn udp(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Vec<u8> {
    let mut u =
        [from.port().to_be_bytes(), to.port().to_be_bytes(), be16(8 + payload.len()), [0, 0]].concat();
    u.extend(payload);
    let sum = transport_checksum(from, to, 17, &u);
    u[6..8].copy_from_slice(&(if sum == 0 { 0xffff } else { sum }).to_be_bytes());
    u
}

pub(crate) fn tcp((from, to): Direction, seq: u32, ack: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut t = [from.port().to_be_bytes(), to.port().to_be_bytes()].concat();
    t.extend(seq.to_be_bytes());
    t.extend(ack.to_be_bytes());
    t.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    t.extend(payload);
    let sum = transport_checksum(from, to, 6, &t);
    t[16..18].copy_from_slice(&sum.to_be_bytes());
    t
}

/// Port unreachable, quoting the whole datagram.
pub(crate) fn icmp((from, to): Direction, payload: &[u8]) -> Vec<u8> {
    let v6 = from.is_ipv6();
    let mut i = if v6 { vec![1, 4, 0, 0, 0, 0, 0, 0] } else { vec![3, 3, 0, 0, 0, 0, 0, 0] };
    i.extend(ip(from.ip(), to.ip(), 17, 0, &udp(from, to, payload)));
    let sum = if v6 { transport_checksum(to, from, 58, &i) } else { checksum(&i) };
    i[2..4].copy_from_slice(&sum.to_be_bytes());
    i
}

/// `ether_type`: what the packet is, an IP packet or what a tunnel puts there.
pub(crate) fn framed(
    link: Link,
    vlans: &[u16],
    ether_type: [u8; 2],
    packet: &[u8],
    sent: &Sent,
    big_endian: bool,
) -> Vec<u8> {
    let v4 = ether_type == [8, 0];
    let mut types: Vec<[u8; 2]> = Vec::new();
    for (i, vlan) in vlans.iter().enumerate() {
        types.push(if i + 1 < vlans.len() { [0x88, 0xa8] } else { [0x81, 0] });
        types.push(vlan.to_be_bytes());
    }
    types.push(ether_type);
    let family: u32 = if v4 { 2 } else { 30 };
    let header = match link {
        Link::Ethernet => [&mac(sent.to.ip())[..], &mac(sent.from.ip()), &types.concat()].concat(),
        Link::Sll => [&[0, 0, 0, 1, 0, 6][..], &mac(sent.from.ip()), &[0, 0], &types.concat()].concat(),
        Link::Sll2 => [
            &types[0][..],
            &[0, 0, 0, 0, 0, 1, 0, 1, 0, 6],
            &mac(sent.from.ip()),
            &[0, 0],
            &types[1..].concat(),
        ]
        .concat(),
        Link::Raw => Vec::new(),
        Link::Null if big_endian => family.to_be_bytes().to_vec(),
        Link::Null => family.to_le_bytes().to_vec(),
        Link::Loop => family.to_be_bytes().to_vec(),
        Link::Ppp => vec![0xff, 3, 0, if v4 { 0x21 } else { 0x57 }],
    };
    [&header[..], packet].concat()
}

/// A locally administered address with the IP address's last four bytes.
fn mac(ip: IpAddr) -> [u8; 6] {
    let o = octets(ip);
    let n = o.len();
    [2, 0, o[n - 4], o[n - 3], o[n - 2], o[n - 1]]
}

fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

pub(crate) fn be16(n: usize) -> [u8; 2] {
    u16::try_from(n).expect("a packet of less than 64 KiB").to_be_bytes()
}

fn transport_checksum(from: SocketAddr, to: SocketAddr, protocol: u8, segment: &[u8]) -> u16 {
    let mut pseudo = octets(from.ip());
    pseudo.extend(octets(to.ip()));
    pseudo.extend([0, protocol]);
    pseudo.extend(be16(segment.len()));
    pseudo.extend(segment);
    checksum(&pseudo)
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|c| u32::from(c[0]) << 8 | c.get(1).map_or(0, |b| u32::from(*b)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
