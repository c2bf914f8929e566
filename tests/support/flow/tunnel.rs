//! Tunnels around packets, as bytes: an independent statement of the headers that the library strips.
//!
//! Input: an IP packet, or what it carries. Output: the outer packet or frame content.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::packet::{be16, ip, udp};

/// What a tap sees around each packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tunnel {
    /// Labels; with an Ethernet pseudowire inside, with or without its control word.
    Mpls(u8),
    MplsPseudowire {
        control_word: bool,
    },
    /// PPPoE session.
    Pppoe,
    /// GRE with these flag bits (checksum 8, key 2, sequence 1) around IP, or Ethernet (TEB).
    Gre {
        flags: u8,
        teb: bool,
    },
    /// ERSPAN type 1, 2 or 3.
    Erspan(u8),
    /// In IPv4 or IPv6, whatever is inside: IP in IP, 6in4, 4in6.
    InIpv4,
    InIpv6,
    Vxlan,
    VxlanGpe,
    Geneve {
        options: bool,
    },
    /// GTP-U, with sequence number and extension header.
    GtpU {
        extended: bool,
    },
    /// L2TPv3 over IP, with a cookie of so many bytes.
    L2tpV3 {
        cookie: usize,
    },
    /// ESP with NULL encryption around the transport header, with an integrity check of so many bytes.
    EspNull {
        check: usize,
    },
}

impl Tunnel {
    pub(crate) const ALL: [Self; 34] = [
        Self::Mpls(1),
        Self::Mpls(3),
        Self::MplsPseudowire { control_word: false },
        Self::MplsPseudowire { control_word: true },
        Self::Pppoe,
        Self::Gre { flags: 0, teb: false },
        Self::Gre { flags: 1, teb: false },
        Self::Gre { flags: 2, teb: false },
        Self::Gre { flags: 3, teb: false },
        Self::Gre { flags: 8, teb: false },
        Self::Gre { flags: 9, teb: false },
        Self::Gre { flags: 10, teb: false },
        Self::Gre { flags: 11, teb: false },
        Self::Gre { flags: 0, teb: true },
        Self::Gre { flags: 2, teb: true },
        Self::Gre { flags: 11, teb: true },
        Self::Erspan(1),
        Self::Erspan(2),
        Self::Erspan(3),
        Self::InIpv4,
        Self::InIpv6,
        Self::Vxlan,
        Self::VxlanGpe,
        Self::Geneve { options: false },
        Self::Geneve { options: true },
        Self::GtpU { extended: false },
        Self::GtpU { extended: true },
        Self::L2tpV3 { cookie: 0 },
        Self::L2tpV3 { cookie: 4 },
        Self::L2tpV3 { cookie: 8 },
        Self::EspNull { check: 0 },
        Self::EspNull { check: 12 },
        Self::EspNull { check: 16 },
        Self::Mpls(2),
    ];

    /// The tunnel of this name in scripts.
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        Ok(match name {
            "mpls" => Self::Mpls(2),
            "mpls-ethernet" => Self::MplsPseudowire { control_word: true },
            "pppoe" => Self::Pppoe,
            "gre" => Self::Gre { flags: 2, teb: false },
            "gretap" => Self::Gre { flags: 0, teb: true },
            "erspan1" => Self::Erspan(1),
            "erspan2" => Self::Erspan(2),
            "erspan3" => Self::Erspan(3),
            "in-ipv4" => Self::InIpv4,
            "in-ipv6" => Self::InIpv6,
            "vxlan" => Self::Vxlan,
            "vxlan-gpe" => Self::VxlanGpe,
            "geneve" => Self::Geneve { options: true },
            "gtp" => Self::GtpU { extended: true },
            "l2tpv3" => Self::L2tpV3 { cookie: 4 },
            "esp-null" => Self::EspNull { check: 12 },
            _ => return Err(format!("tunnel {name:?}")),
        })
    }

    /// The packet in this tunnel: its EtherType, and what follows that. `number` counts the packets.
    pub(crate) fn around(self, packet: &[u8], number: usize) -> ([u8; 2], Vec<u8>) {
        let version = packet[0] >> 4;
        let ether_type = if version == 4 { [8, 0] } else { [0x86, 0xdd] };
        let frame = |macs: [u8; 12]| [&macs[..], &ether_type, packet].concat();
        let ethernet = || frame([2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8]);
        let outer =
            |payload: (u8, Vec<u8>)| ([8, 0], ip(END[0], END[1], payload.0, number as u16, &payload.1));
        let over_udp = |port: u16, payload: Vec<u8>| {
            let ends = [SocketAddr::new(END[0], 49_152), SocketAddr::new(END[1], port)];
            outer((17, udp(ends[0], ends[1], &payload)))
        };
        match self {
            Self::Mpls(depth) => ([0x88, 0x47], [&labels(depth)[..], packet].concat()),
            Self::MplsPseudowire { control_word } => {
                let word: &[u8] = if control_word { &[0; 4] } else { &[] };
                // Nothing in the packet tells whether there is a control word (RFC 4448 4.6: the ends agree
                // on it). tshark guesses that there is none where both addresses are of known makers, as
                // those for documentation (RFC 9542) are; frames of local ones it misreads either way.
                let inside = frame([0, 0, 0x5e, 0, 0x53, 9, 0, 0, 0x5e, 0, 0x53, 8]);
                ([0x88, 0x47], [&labels(2)[..], word, &inside].concat())
            }
            Self::Pppoe => {
                let protocol = [0, if version == 4 { 0x21 } else { 0x57 }];
                let head = [&[0x11, 0, 0, 7][..], &be16(packet.len() + 2), &protocol].concat();
                ([0x88, 0x64], [&head[..], packet].concat())
            }
            Self::Gre { flags, teb: false } => outer((47, gre(flags, ether_type, number, packet))),
            Self::Gre { flags, teb: true } => outer((47, gre(flags, [0x65, 0x58], number, &ethernet()))),
            Self::Erspan(1) => outer((47, gre(0, [0x88, 0xbe], number, &ethernet()))),
            Self::Erspan(2) => {
                let inside = [&[0x10, 7, 0, 42, 0, 0, 0, 1][..], &ethernet()].concat();
                outer((47, gre(1, [0x88, 0xbe], number, &inside)))
            }
            Self::Erspan(_) => {
                let inside = [&[0x20, 7, 0, 42, 1, 2, 3, 4, 0, 0, 0, 0][..], &ethernet()].concat();
                outer((47, gre(1, [0x22, 0xeb], number, &inside)))
            }
            Self::InIpv4 => outer((if version == 4 { 4 } else { 41 }, packet.to_vec())),
            Self::InIpv6 => {
                let [from, to] =
                    [1, 2].map(|n| IpAddr::from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n]));
                ([0x86, 0xdd], ip(from, to, if version == 4 { 4 } else { 41 }, 0, packet))
            }
            Self::Vxlan => over_udp(4789, [&[8, 0, 0, 0, 0, 0, 42, 0][..], &ethernet()].concat()),
            Self::VxlanGpe => {
                let next = if version == 4 { 1 } else { 2 };
                over_udp(4790, [&[0x0c, 0, 0, next, 0, 0, 42, 0][..], packet].concat())
            }
            Self::Geneve { options } => {
                let (length, options): (u8, &[u8]) =
                    if options { (2, &[1, 2, 3, 1, 0xde, 0xad, 0xbe, 0xef]) } else { (0, &[]) };
                let head = [&[length, 0, 0x65, 0x58, 0, 0, 42, 0][..], options].concat();
                over_udp(6081, [&head[..], &ethernet()].concat())
            }
            Self::GtpU { extended } => {
                // Sequence number, no N-PDU number, a PDU session container (TS 38.415), then nothing.
                let fields: &[u8] = if extended { &[0, 1, 0, 0x85, 1, 0x10, 9, 0] } else { &[] };
                let flags = if extended { 0x36 } else { 0x30 };
                let head =
                    [&[flags, 0xff][..], &be16(fields.len() + packet.len()), &[0, 0, 0, 9], fields].concat();
                over_udp(2152, [&head[..], packet].concat())
            }
            Self::L2tpV3 { cookie } => {
                outer((115, [&[0, 0, 0, 5][..], &[0xc0; 8][..cookie], &ethernet()].concat()))
            }
            Self::EspNull { check } => esp_null(packet, check, ether_type),
        }
    }
}

/// The ends of outer packets.
const END: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2))];

fn labels(depth: u8) -> Vec<u8> {
    (1..=depth).flat_map(|n| [0, n, 0x10 | u8::from(n == depth), 64]).collect()
}

fn gre(flags: u8, protocol: [u8; 2], number: usize, inside: &[u8]) -> Vec<u8> {
    let mut g = vec![flags << 4, 0, protocol[0], protocol[1]];
    for (bit, field) in [(8, [0; 4]), (2, [0, 0, 0, 7]), (1, (number as u32).to_be_bytes())] {
        if flags & bit != 0 {
            g.extend(field);
        }
    }
    g.extend(inside);
    g
}

/// ESP in transport mode: the IP header of the packet stays. Fragments stay as they are.
fn esp_null(packet: &[u8], check: usize, ether_type: [u8; 2]) -> ([u8; 2], Vec<u8>) {
    let v4 = packet[0] >> 4 == 4;
    let (next, content) = if v4 { (packet[9], &packet[20..]) } else { (packet[6], &packet[40..]) };
    let pad = (content.len() + 2).next_multiple_of(4) - content.len() - 2;
    let padding: Vec<u8> = (1..=pad as u8).collect();
    let esp =
        [&[0xca, 0xfe, 0, 1, 0, 0, 0, 9][..], content, &padding, &[pad as u8, next], &[0xa5; 16][..check]]
            .concat();
    let address = |at: usize, n: usize| -> IpAddr {
        let bytes = &packet[at..at + n];
        <[u8; 4]>::try_from(bytes)
            .map_or_else(|_| IpAddr::from(<[u8; 16]>::try_from(bytes).expect("sixteen bytes")), IpAddr::from)
    };
    let (from, to) = if v4 { (address(12, 4), address(16, 4)) } else { (address(8, 16), address(24, 16)) };
    let id = if v4 { u16::from_be_bytes([packet[4], packet[5]]) } else { 0 };
    (ether_type, ip(from, to, 50, id, &esp))
}
