//! Strips link, tunnel, IP and transport headers from frames.
//!
//! In: [`crate::capture::Frame`]s. Out: UDP datagrams and TCP segments as [`Packet`]s, or the fate
//! of a frame that holds neither. IP fragments are kept until their datagram is whole.

use crate::fate::Fate;
use crate::flow::{Flow, Tap};

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

/// What one frame holds.
#[derive(Clone, Copy, Debug)]
pub enum Decoded<'a> {
    /// A UDP datagram.
    Datagram(Packet<'a>),
    /// A TCP segment.
    Segment(Packet<'a>, TcpInfo),
    /// An SCTP packet: `payload` is its chunks.
    Sctp(Packet<'a>),
    /// None of these.
    Nothing(Fate),
}
