//! The bytes a frame still holds below some header, and what kind of header comes next.
//!
//! The values that the peeling functions of this folder take and give: each takes [`Bytes`] and
//! says which [`Layer`] lies inside, or why there is none ([`Stop`]).

use std::net::IpAddr;

use crate::fate::Fate;

/// The header that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// What a link type of the pcap registry says.
    Link(u32),
    /// An Ethernet header.
    Ethernet,
    /// What this EtherType says (other than IP and lengths).
    Type(u16),
    /// An IEEE 802.2 header.
    Llc,
    /// An IEEE 802.11 header.
    Dot11,
    /// A PPP protocol field, with or without address and control.
    Ppp,
    /// An MPLS label stack.
    Mpls,
    /// An IPv4 or IPv6 header, by its version nibble.
    Ip,
}

/// Why a frame holds nothing further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Understood, and none of ours.
    Fate(Fate),
    /// A header that is cut or contradicts itself.
    Bad,
    /// More headers than are followed.
    TooDeep,
    /// A link type that is not decoded.
    UnknownLink,
}

/// The next header and the bytes from it on, or the end.
pub(super) type Inside<'a> = Result<(Layer, Bytes<'a>), Stop>;

/// Bytes from some header to the end of what encloses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bytes<'a> {
    /// Those captured.
    pub(super) seen: &'a [u8],
    /// How many more there were on the wire, as far as headers tell.
    pub(super) unseen: usize,
}

impl<'a> Bytes<'a> {
    /// Bytes captured to their end.
    pub(super) fn whole(seen: &'a [u8]) -> Self {
        Self { seen, unseen: 0 }
    }

    /// Length on the wire.
    pub(super) fn on_wire(self) -> usize {
        self.seen.len().saturating_add(self.unseen)
    }

    /// What follows the first `n` bytes, which must have been captured.
    #[inline(always)]
    pub(super) fn skip(self, n: usize) -> Result<Self, Stop> {
        match self.seen.get(n..) {
            Some(seen) => Ok(Self { seen, unseen: self.unseen }),
            None => Err(Stop::Bad),
        }
    }

    /// The first `N` bytes, and the rest.
    #[inline(always)]
    pub(super) fn head<const N: usize>(self) -> Result<(&'a [u8; N], Self), Stop> {
        match self.seen.split_first_chunk() {
            Some((head, seen)) => Ok((head, Self { seen, unseen: self.unseen })),
            None => Err(Stop::Bad),
        }
    }

    /// The first `len` bytes, as a length field claims: what follows is padding, what lacks was
    /// not captured.
    #[inline(always)]
    pub(super) fn limit(self, len: usize) -> Self {
        let seen = self.seen.get(..len).unwrap_or(self.seen);
        Self { seen, unseen: len - seen.len() }
    }

    /// Big-endian number at `at`.
    pub(super) fn u16_at(self, at: usize) -> Result<u16, Stop> {
        Ok(u16::from_be_bytes(*self.skip(at)?.head()?.0))
    }

    /// The length on the wire of the IP packet that stands here, if its header agrees with what is
    /// here. Used where only a guess tells what a tunnel carries.
    pub(super) fn ip_len(self) -> Option<usize> {
        let (len, least) = match *self.seen {
            [0x45..=0x4f, _, 0, 0, ..] => (self.on_wire(), 20),
            [first @ 0x45..=0x4f, _, a, b, ..] => {
                (u16::from_be_bytes([a, b]).into(), usize::from(first & 15) * 4)
            }
            [0x60..=0x6f, _, _, _, a, b, ..] => (usize::from(u16::from_be_bytes([a, b])) + 40, 40),
            _ => return None,
        };
        ((least..=self.on_wire()).contains(&len) && self.seen.len() >= least).then_some(len)
    }

    /// Whether an IP packet stands here.
    pub(super) fn looks_like_ip(self) -> bool {
        self.ip_len().is_some()
    }

    /// Whether an Ethernet header stands here, followed by something well known.
    pub(super) fn looks_like_ethernet(self) -> bool {
        let mut at = 12;
        for _ in 0..4 {
            let (Ok(kind), Ok(rest)) = (self.u16_at(at), self.skip(at + 2)) else { return false };
            match kind {
                0x0800 | 0x86dd => return rest.looks_like_ip(),
                0x8100 | 0x88a8 | 0x9100 | 0x9200 => at += 4,
                0x0806 | 0x8847 | 0x8848 | 0x8863 | 0x8864 | 0x88cc => return true,
                _ => return false,
            }
        }
        false
    }
}

/// What narrows a tap, kept apart by number (see [`crate::flow::Tap::with`]); other stages use
/// numbers outside 0x20..0x40, [`crate::flow::Tap::on_vlan`] 0x20.
///
/// In the tap is what names a segment or an observer: VLAN, VNI, I-SID, GRE key, ERSPAN session and
/// source, interface, and the mere presence of a tunnel, since a packet and its tunnelled copy are
/// two views of it. Left out is what changes in mid-call or with the direction (MPLS labels, TEIDs,
/// PPPoE and L2TP sessions, SPIs): a retransmission after a handover must stay on its tap.
pub(super) mod kind {
    pub(in crate::decode) const INTERFACE: u8 = 0x21;
    pub(in crate::decode) const OUTGOING: u8 = 0x22;
    pub(in crate::decode) const MPLS: u8 = 0x23;
    pub(in crate::decode) const PPPOE: u8 = 0x24;
    pub(in crate::decode) const SERVICE: u8 = 0x25;
    pub(in crate::decode) const IP: u8 = 0x26;
    pub(in crate::decode) const GRE: u8 = 0x27;
    pub(in crate::decode) const ERSPAN: u8 = 0x28;
    pub(in crate::decode) const VNI: u8 = 0x29;
    pub(in crate::decode) const GTP: u8 = 0x2a;
    pub(in crate::decode) const L2TP: u8 = 0x2b;
    pub(in crate::decode) const TEREDO: u8 = 0x2c;
    pub(in crate::decode) const TZSP: u8 = 0x2d;
    pub(in crate::decode) const ESP: u8 = 0x2e;
}

/// An address as an identifier for a tap.
pub(super) fn address_id(ip: IpAddr) -> u64 {
    match ip {
        IpAddr::V4(v4) => u64::from(v4.to_bits()),
        IpAddr::V6(v6) => (v6.to_bits() >> 64) as u64 ^ (v6.to_bits() as u64).rotate_left(17),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_field_trims_padding_or_tells_what_was_not_captured() {
        let b = Bytes { seen: &[1, 2, 3], unseen: 9 };
        assert_eq!(b.limit(2), Bytes { seen: &[1, 2], unseen: 0 });
        assert_eq!(b.limit(5), Bytes { seen: &[1, 2, 3], unseen: 2 });
        assert_eq!(b.limit(0), Bytes { seen: &[], unseen: 0 });
        assert_eq!(b.skip(1), Ok(Bytes { seen: &[2, 3], unseen: 9 }));
        assert_eq!(b.skip(4), Err(Stop::Bad));
        assert_eq!(b.u16_at(1), Ok(0x0203));
        assert_eq!(b.u16_at(2), Err(Stop::Bad));
    }
}
