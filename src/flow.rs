//! Who spoke to whom, on which carrier, and where it was seen.
//!
//! Small values that every stage passes on unchanged: a frame's place in the input, the two ends
//! of a packet, its transport, and the tap at which it was captured.

mod tap;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::de::{Deserializer, Error};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::time::Stamp;

pub use self::tap::{Interface, Tap};

/// One end of a packet: address and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// IPv4 or IPv6 address.
    pub ip: IpAddr,
    /// UDP, TCP or SCTP port.
    pub port: u16,
}

impl Endpoint {
    /// The end at `ip`, port `port`.
    pub fn new(ip: impl Into<IpAddr>, port: u16) -> Self {
        Self { ip: ip.into(), port }
    }

    fn number(self) -> u64 {
        match self.ip {
            IpAddr::V4(ip) => u64::from(u32::from(ip)) << 16 | u64::from(self.port),
            IpAddr::V6(ip) => {
                let wide = u128::from(ip);
                fold((wide >> 64) as u64, wide as u64 ^ 1 << 63).wrapping_add(u64::from(self.port) << 48)
            }
        }
    }
}

impl Hash for Endpoint {
    /// As one number: the derived way feeds a hasher in six pieces.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let ip = match self.ip {
            IpAddr::V4(ip) => u128::from(u32::from(ip)),
            IpAddr::V6(ip) => u128::from(ip),
        };
        state.write_u128(ip ^ u128::from(self.port) << 48);
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        let address: SocketAddr = text.parse().map_err(D::Error::custom)?;
        Ok(Self { ip: address.ip(), port: address.port() })
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self::new(Ipv4Addr::UNSPECIFIED, 0)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SocketAddr::new(self.ip, self.port).fmt(f)
    }
}

/// The two ends of a packet, in the direction in which it went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Flow {
    /// Sender.
    pub source: Endpoint,
    /// Receiver.
    pub destination: Endpoint,
}

impl Flow {
    /// The same two ends, the other way round.
    pub fn reversed(self) -> Self {
        Self { source: self.destination, destination: self.source }
    }

    /// Both ends as one number that tells flows and their directions apart, to be compared in place
    /// of five times as many bytes.
    pub fn key(self) -> u64 {
        fold(self.source.number(), self.destination.number().rotate_left(32) ^ 0xE703_7ED1_A0B4_28DB)
    }
}

/// Two numbers as one: the halves of their product are mixed well together.
fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a ^ 0xA076_1D64_78BD_642F) * u128::from(b);
    (wide >> 64) as u64 ^ wide as u64
}

/// What carried a message on the wire, as captured (not as its Via claims).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// A UDP datagram.
    Udp,
    /// A TCP stream.
    Tcp,
    /// A WebSocket message (RFC 7118).
    Ws,
    /// An SCTP user message (RFC 4168).
    Sctp,
    /// A copy sent to a collector in HEP/EEP.
    Hep,
}

impl Transport {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 5] = [Self::Udp, Self::Tcp, Self::Ws, Self::Sctp, Self::Hep];

    /// The name in reports.
    pub fn id(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Ws => "ws",
            Self::Sctp => "sctp",
            Self::Hep => "hep",
        }
    }
}

named!(Transport, &Transport::ALL);

/// A frame's place in the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FrameId {
    /// Index in `input.files`.
    pub file: u32,
    /// Number in that file, from 1, as Wireshark numbers them.
    pub number: u64,
}

/// Where a message came from: everything about it that is not in its own bytes.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// Capture times of the frame that brought its last byte.
    pub stamp: Stamp,
    /// That frame.
    pub frame: FrameId,
    /// Where it was captured.
    pub tap: Tap,
    /// Sender and receiver (of the innermost packet; of the original packet in HEP).
    pub flow: Flow,
    /// What carried it.
    pub transport: Transport,
    /// IPv4 identification of the packet that brought its last byte; 0 where there is none or the
    /// sender left it 0.
    pub ip_id: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_are_told_by_their_numbers() {
        let ips: [IpAddr; 5] =
            ["10.0.0.1", "10.0.0.2", "::1", "::a00:1", "fe80::1"].map(|ip| ip.parse().unwrap());
        let ends = ips.into_iter().flat_map(|ip| [0, 5060, 5061].map(|port| Endpoint::new(ip, port)));
        let ends: Vec<_> = ends.collect();
        let flows = || ends.iter().flat_map(|s| ends.iter().map(|d| Flow { source: *s, destination: *d }));
        let keys: std::collections::HashSet<u64> = flows().map(Flow::key).collect();
        assert_eq!(keys.len(), flows().count());
    }
}
