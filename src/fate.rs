//! What became of each frame: exactly one fate, so that the sum is the number of frames.

use serde::{Deserialize, Serialize};

macro_rules! fates {
    ($($(#[$doc:meta])* $variant:ident = $id:literal;)*) => {
        /// The fate of one frame.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fate { $($(#[$doc])* $variant,)* }

        impl Fate {
            /// All fates, in the order of reports.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in machine output.
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }
        }
    };
}

fates! {
    /// Brought (the last byte of) at least one SIP message.
    Sip = "sip";
    /// A segment of a stream that carries SIP, without the end of a message.
    Stream = "stream";
    /// CR/LF, NULs or a few bytes that keep a flow open (RFC 5626 4.4.1 and habit).
    Keepalive = "keepalive";
    /// STUN, or TURN channel data (RFC 7983).
    Stun = "stun";
    /// Looks like RTP or RTCP (RFC 7983).
    Rtp = "rtp";
    /// TLS or DTLS: opaque.
    Tls = "tls";
    /// SigComp (RFC 3320): not decoded.
    Sigcomp = "sigcomp";
    /// HEP that holds no SIP.
    Hep = "hep";
    /// IPsec ESP or AH-protected content: encrypted.
    Esp = "esp";
    /// UDP of another kind.
    OtherUdp = "other_udp";
    /// TCP of another kind.
    OtherTcp = "other_tcp";
    /// SCTP of another kind.
    OtherSctp = "other_sctp";
    /// TCP without payload.
    TcpControl = "tcp_control";
    /// A fragment that did not complete its datagram.
    Fragment = "fragment";
    /// ICMP or ICMPv6, whatever it quotes.
    Icmp = "icmp";
    /// IP with another protocol inside.
    OtherIp = "other_ip";
    /// A link-layer frame without IP (ARP, LLDP, spanning tree …).
    NotIp = "not_ip";
    /// Of a link type that is not decoded.
    UnknownLink = "unknown_link";
    /// Headers cut or contradictory.
    Undecodable = "undecodable";
    /// Left out by the user's filter.
    Filtered = "filtered";
}

named!(Fate);

/// Frames by fate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(Fate, u64)>", into = "Vec<(Fate, u64)>")]
pub struct Fates(Vec<u64>);

impl From<Fates> for Vec<(Fate, u64)> {
    fn from(all: Fates) -> Self {
        all.iter().collect()
    }
}

impl From<Vec<(Fate, u64)>> for Fates {
    fn from(rows: Vec<(Fate, u64)>) -> Self {
        let mut all = Self::default();
        for (fate, n) in rows {
            let count = &mut all.0[fate as usize];
            *count = count.saturating_add(n);
        }
        all
    }
}

impl Default for Fates {
    fn default() -> Self {
        Self(vec![0; Fate::ALL.len()])
    }
}

impl Fates {
    /// Counts one frame.
    pub fn note(&mut self, fate: Fate) {
        self.0[fate as usize] += 1;
    }

    /// Counts `n` frames.
    pub fn add(&mut self, fate: Fate, n: u64) {
        self.0[fate as usize] += n;
    }

    /// Frames of one fate.
    pub fn count(&self, fate: Fate) -> u64 {
        self.0[fate as usize]
    }

    /// All frames.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Those that occurred.
    pub fn iter(&self) -> impl Iterator<Item = (Fate, u64)> + '_ {
        Fate::ALL.iter().map(|&f| (f, self.count(f))).filter(|(_, n)| *n > 0)
    }

    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a += b;
        }
    }
}
