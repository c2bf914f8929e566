//! Strips link, tunnel, IP and transport headers from frames.
//!
//! In: [`crate::capture::Frame`]s. Out: UDP datagrams and TCP segments as [`Packet`]s, or the fate
//! of a frame that holds neither. IP fragments are kept until their datagram is whole.

#[cfg(test)]
mod build;
mod decoder;
mod dot11;
mod esp;
mod ether;
mod fragments;
mod ip;
mod layer;
mod link;
mod partial;
mod plain;
mod transport;
mod tunnel;
mod udp_tunnel;
mod walk;

use std::net::IpAddr;

pub use self::decoder::{Decoder, Limits};
pub use self::fragments::Parts;
pub use self::link::link_name;
pub use self::plain::datagram_of;
use crate::fate::Fate;
use crate::flow::{Flow, Tap, Transport};

/// The payload of one transport packet, with what its headers say.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Addresses and ports of the innermost packet.
    pub flow: Flow,
    /// The frame's tap, narrowed by VLAN and tunnel identifiers.
    pub tap: Tap,
    /// IPv4 identification of the innermost packet; 0 for IPv6.
    pub ip_id: u16,
    /// Transport payload, as far as it was captured.
    pub payload: &'a [u8],
    /// The payload ends before the packet did on the wire (snap length, lost fragments).
    pub cut: bool,
}

/// What a TCP header says beside ports.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpInfo {
    /// Sequence number of the first payload byte (of the SYN, if set).
    pub sequence: u32,
    /// Acknowledgement number; `None` without ACK.
    pub acknowledged: Option<u32>,
    /// SYN flag.
    pub syn: bool,
    /// FIN flag.
    pub fin: bool,
    /// RST flag.
    pub rst: bool,
    /// Payload bytes on the wire that were not captured (snap length).
    pub missing: u32,
}

/// The packet that an ICMP or ICMPv6 error quotes, as far as it does.
#[derive(Clone, Copy, Debug)]
pub struct Quote<'a> {
    /// Who reports: the sender of the ICMP message, of whose family it is.
    pub reporter: IpAddr,
    /// ICMP or ICMPv6 type (3 or 1: destination unreachable).
    pub kind: u8,
    /// ICMP or ICMPv6 code.
    pub code: u8,
    /// UDP, TCP or SCTP.
    pub transport: Transport,
    /// The quoted packet, in the direction in which it went; its payload may be empty.
    pub packet: Packet<'a>,
}

/// What one frame holds.
#[derive(Clone, Copy, Debug)]
pub enum Decoded<'a> {
    /// A UDP datagram.
    Datagram(Packet<'a>),
    /// A TCP segment.
    Segment(Packet<'a>, TcpInfo),
    /// An SCTP packet: `payload` is its chunks.
    Sctp(Packet<'a>),
    /// An ICMP error that quotes one of these: evidence, never traffic. Its fate is `Icmp`.
    Icmp(Quote<'a>),
    /// None of these.
    Nothing(Fate),
}
