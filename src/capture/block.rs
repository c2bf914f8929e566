//! Blocks of pcapng: their heads, which block may stand where, and the packets in them.
//!
//! In: bytes. Out: [`Head`]s and [`Packet`]s in the byte order of their section. Stateless: what an
//! interface number means is the section's business.

use byteorder_slice::{BigEndian, ByteOrder, LittleEndian};

use super::container::MAX_PACKET;

pub(super) const SECTION: u32 = 0x0A0D_0D0A;
pub(super) const INTERFACE: u32 = 1;
pub(super) const OLD_PACKET: u32 = 2;
pub(super) const SIMPLE_PACKET: u32 = 3;
pub(super) const STATISTICS: u32 = 5;
pub(super) const ENHANCED_PACKET: u32 = 6;

/// Type and length, and the length again at the end.
pub(super) const FRAMING: usize = 12;

/// The longest block that is read: the longest packet and 1 MiB of options.
pub(super) const MAX_BLOCK: usize = MAX_PACKET + (1 << 20);

/// The first 12 bytes of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Block type.
    pub(super) kind: u32,
    /// Whole length, framing included.
    pub(super) len: usize,
    /// Order of its integers: of a section header its own, else the one it was read with.
    pub(super) is_big: bool,
}

impl Head {
    /// Reads it; `None` if less than 12 bytes are left, or if a section header has no byte order.
    #[inline]
    pub(super) fn read<B: ByteOrder>(window: &[u8], is_big: bool) -> Option<Self> {
        let head = window.first_chunk::<FRAMING>()?;
        let kind = B::read_u32(&head[..4]);
        if kind == SECTION {
            let is_big = section_order(head)?;
            let len = order_u32(is_big, &head[4..8]);
            return Some(Self { kind, len: len as usize, is_big });
        }
        Some(Self { kind, len: B::read_u32(&head[4..8]) as usize, is_big })
    }

    /// Its length is one that a block can have.
    #[inline]
    pub(super) fn is_sane(self) -> bool {
        self.len >= FRAMING && self.len <= MAX_BLOCK && self.len.is_multiple_of(4)
    }

    /// It may be the head of a block that is worth finding again after damage.
    pub(super) fn is_plausible(self) -> bool {
        let least = match self.kind {
            SECTION => 28,
            INTERFACE => 20,
            OLD_PACKET | ENHANCED_PACKET => 32,
            SIMPLE_PACKET => 16,
            4..=10 | 0x0BAD | 0x4000_0BAD => FRAMING,
            _ => return false,
        };
        self.is_sane() && self.len >= least
    }
}

impl Head {
    /// The whole `block` agrees with it: the length at its tail, and that of the packet in it.
    pub(super) fn agrees(self, block: &[u8]) -> bool {
        let tail = self.len.checked_sub(4).and_then(|at| block.get(at..)).unwrap_or_default();
        let is_packet = matches!(self.kind, OLD_PACKET | ENHANCED_PACKET);
        order_u32(self.is_big, tail) as usize == self.len
            && (!is_packet || Packet::room_for_options(self, block).is_some())
    }
}

/// The order of a section: `Some(true)` is big-endian, `None` no section at all.
pub(super) fn section_order(head: &[u8]) -> Option<bool> {
    match head.get(8..12)? {
        [0x1A, 0x2B, 0x3C, 0x4D] => Some(true),
        [0x4D, 0x3C, 0x2B, 0x1A] => Some(false),
        _ => None,
    }
}

/// An integer in an order that is known only at run time; 0 if `bytes` is too short.
pub(super) fn order_u32(is_big: bool, bytes: &[u8]) -> u32 {
    match bytes.get(..4) {
        Some(b) if is_big => BigEndian::read_u32(b),
        Some(b) => LittleEndian::read_u32(b),
        None => 0,
    }
}

/// The value of the first option `code` among `options` (pcapng 3.5).
pub(super) fn option<B: ByteOrder>(mut options: &[u8], code: u16) -> Option<&[u8]> {
    while let Some((head, tail)) = options.split_at_checked(4) {
        let (this, len) = (B::read_u16(&head[..2]), usize::from(B::read_u16(&head[2..])));
        match this {
            0 => return None,
            _ if this == code => return tail.get(..len),
            _ => options = tail.get(len.next_multiple_of(4)..)?,
        }
    }
    None
}

/// Number of its interface, and `isb_endtime` in the units of that interface's clock, of an Interface
/// Statistics Block (pcapng 4.6); `None` if it does not tell when capturing ended.
pub(super) fn end_of_capture<B: ByteOrder>(body: &[u8]) -> Option<(u32, u64)> {
    const END_TIME: u16 = 3;
    let time: &[u8; 8] = option::<B>(body.get(12..)?, END_TIME)?.try_into().ok()?;
    let ticks = u64::from(B::read_u32(&time[..4])) << 32 | u64::from(B::read_u32(&time[4..]));
    Some((B::read_u32(&body[..4]), ticks))
}

/// A packet as its block has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    /// Number of its interface in the section.
    pub(super) interface: u32,
    /// In units of the interface's clock; `None` in simple packet blocks.
    pub(super) ticks: Option<u64>,
    /// Bytes of the body before the data.
    pub(super) before: usize,
    /// Captured bytes.
    pub(super) captured: usize,
    /// Bytes on the wire, as claimed.
    pub(super) original: u32,
}

impl Packet {
    /// An Enhanced Packet Block (pcapng 4.3), or the Packet Block that it replaced (appendix A),
    /// whose interface number has 16 bits and shares its word with a drop count. `None` if the body
    /// is shorter than the packet.
    #[inline]
    pub(super) fn enhanced<B: ByteOrder>(body: &[u8], is_old: bool) -> Option<Self> {
        let head = body.first_chunk::<20>()?;
        let word = |i: usize| B::read_u32(&head[i..i + 4]);
        let captured = word(12) as usize;
        if captured > body.len() - 20 || captured > MAX_PACKET {
            return None;
        }
        Some(Self {
            interface: if is_old { u32::from(B::read_u16(&head[..2])) } else { word(0) },
            ticks: Some(u64::from(word(4)) << 32 | u64::from(word(8))),
            before: 20,
            captured,
            original: word(16),
        })
    }

    /// A Simple Packet Block (pcapng 4.4): of interface 0, without time, and as long as the snap
    /// length and the original length allow. Where the body's length contradicts the snap length,
    /// the body is right.
    pub(super) fn simple<B: ByteOrder>(body: &[u8], snaplen: u32) -> Option<Self> {
        let (head, data) = body.split_at_checked(4)?;
        let original = B::read_u32(head);
        let limit = if snaplen == 0 { original } else { original.min(snaplen) } as usize;
        let is_padded = limit.checked_next_multiple_of(4) == Some(data.len());
        let captured = if is_padded { limit } else { data.len().min(original as usize) };
        (captured <= MAX_PACKET).then_some(Self { interface: 0, ticks: None, before: 4, captured, original })
    }

    /// The options after the packet, in bytes, if the lengths of an (enhanced) packet block leave
    /// room for any; `None` too where `window` does not reach as far as the captured length.
    pub(super) fn room_for_options(head: Head, window: &[u8]) -> Option<usize> {
        if !head.is_plausible() || !matches!(head.kind, OLD_PACKET | ENHANCED_PACKET) {
            return None;
        }
        let captured = order_u32(head.is_big, window.get(20..24)?) as usize;
        (head.len - 32).checked_sub(captured.checked_next_multiple_of(4)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_packets_are_as_long_as_snap_and_original_length_allow() {
        for (snaplen, original, body, captured) in [
            (0, 5, 8, Some(5)),
            (65535, 5, 8, Some(5)),
            (33, 100, 36, Some(33)),
            (33, 100, 100, Some(100)),
            (96, 400, 400, Some(400)),
            (0, 100, 36, Some(36)),
            (0, u32::MAX, 0, Some(0)),
        ] {
            let block = [&u32::to_le_bytes(original)[..], &vec![7; body]].concat();
            let packet = Packet::simple::<LittleEndian>(&block, snaplen);
            assert_eq!(packet.map(|p| p.captured), captured, "{snaplen} {original} {body}");
        }
        assert_eq!(Packet::simple::<LittleEndian>(&[1, 2, 3], 0), None);
    }

    #[test]
    fn a_packet_longer_than_its_block_is_none() {
        let mut body = [0; 24];
        for (captured, fits) in [(0, true), (4, true), (5, false), (u32::MAX, false)] {
            body[12..16].copy_from_slice(&u32::to_be_bytes(captured));
            assert_eq!(Packet::enhanced::<BigEndian>(&body, false).is_some(), fits, "{captured}");
        }
        assert_eq!(Packet::enhanced::<BigEndian>(&body[..19], false), None);
    }

    #[test]
    fn heads_are_plausible_by_type_and_length() {
        for (kind, len, plausible) in [
            (ENHANCED_PACKET, 32, true),
            (ENHANCED_PACKET, 28, false),
            (ENHANCED_PACKET, 34, false),
            (ENHANCED_PACKET, MAX_BLOCK + 4, false),
            (0, 32, false),
            (0x0BAD, 12, true),
            (0x4711_4711, 32, false),
        ] {
            assert_eq!(Head { kind, len, is_big: false }.is_plausible(), plausible, "{kind:#x} {len}");
        }
    }

    #[test]
    fn a_section_header_brings_its_own_byte_order() {
        let head = [0x0A, 0x0D, 0x0D, 0x0A, 0, 0, 0, 28, 0x1A, 0x2B, 0x3C, 0x4D];
        let expected = Some(Head { kind: SECTION, len: 28, is_big: true });
        assert_eq!(Head::read::<LittleEndian>(&head, false), expected);
        assert_eq!(Head::read::<BigEndian>(&head, true), expected);
        assert_eq!(Head::read::<BigEndian>(&[0x0A, 0x0D, 0x0D, 0x0A, 0, 0, 0, 28, 0, 0, 0, 0], true), None);
    }
}
