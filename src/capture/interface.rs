//! Interfaces of a pcapng section: link type, snap length, and how their clock counts.
//!
//! In: the body of an Interface Description Block. Out: an [`Interface`] among [`Interfaces`]. Options that make no sense
//! are ignored, because losing one must not lose the packets.

use byteorder_slice::ByteOrder;

use super::NO_LINK;
use super::trouble::Trouble;
use crate::anomaly::Anomaly;
use crate::flow;
use crate::time::Timestamp;

/// Interfaces kept a section: 2 MiB of them.
pub(super) const MAX_INTERFACES: usize = 65_536;

/// The interfaces of a section, by number.
#[derive(Default)]
pub(super) struct Interfaces {
    list: Vec<Interface>,
    is_over_told: bool,
}

impl Interfaces {
    /// Describes the next one, as read at `at` after `frames` frames; it is not kept beyond the bound.
    pub(super) fn add(
        &mut self,
        read: Option<(Interface, bool)>,
        at: u64,
        frames: u64,
        trouble: &mut Trouble,
    ) {
        let (mut interface, is_odd) = read.unwrap_or_else(|| (Interface::unreadable(), true));
        if interface.name == flow::Interface::default() {
            interface.name = flow::Interface::numbered(self.list.len() as u32);
        }
        if is_odd {
            trouble.bad_block(at, frames);
        }
        if self.list.len() < MAX_INTERFACES {
            self.list.push(interface);
            return;
        }
        trouble.note(Anomaly::TooManyInterfaces, frames);
        if !std::mem::replace(&mut self.is_over_told, true) {
            trouble.stop(format!(
                "more than {MAX_INTERFACES} interfaces in a section, from byte {at} on: not kept"
            ));
        }
    }

    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&Interface> {
        self.list.get(number as usize)
    }

    /// A new section describes its own.
    pub(super) fn clear(&mut self) {
        self.list.clear();
    }
}

/// One interface.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interface {
    /// `LINKTYPE_…`.
    pub(super) link: u32,
    /// Longest captured packet; 0: no limit.
    pub(super) snaplen: u32,
    /// `if_name`, else `if_description`; of one that has neither, once it is in the list, its number.
    pub(super) name: flow::Interface,
    /// Nanoseconds in one tick, where that is a whole number and nothing is added; else 0.
    simple: i64,
    /// As `if_tsresol` has it: 10^-n, with the high bit 2^-n.
    resolution: u8,
    /// `if_tsoffset`: seconds added to every time.
    offset: i64,
}

impl Interface {
    /// Stands in for one that cannot be read, because the next one must not take its number.
    fn unreadable() -> Self {
        let name = flow::Interface::default();
        Self { link: NO_LINK, snaplen: 0, name, simple: 1000, resolution: 6, offset: 0 }
    }

    /// Reads the body of its block; `None` if that is too short. The flag: an option claims more
    /// than its block holds, so that options may have been missed.
    ///
    /// pcapng 4.2: `LinkType(16) Reserved(16) SnapLen(32) Options`.
    pub(super) fn read<B: ByteOrder>(body: &[u8]) -> Option<(Self, bool)> {
        let link = u32::from(B::read_u16(body.get(..2)?));
        let snaplen = B::read_u32(body.get(4..8)?);
        let (mut resolution, mut offset) = (6, 0);
        let (mut name, mut description) = (flow::Interface::default(), &[][..]);
        let mut rest = body.get(8..)?;
        let mut is_odd = false;
        // pcapng 3.5: `Code(16) Length(16) Value, padded to 32 bits`; opt_endofopt (0) is last, and
        // often left out.
        while let Some((head, tail)) = rest.split_at_checked(4) {
            let (code, len) = (B::read_u16(&head[..2]), usize::from(B::read_u16(&head[2..])));
            if code == 0 {
                break;
            }
            let Some(value) = tail.get(..len) else {
                is_odd = true;
                break;
            };
            match (code, value) {
                (2, value) => name = flow::Interface::named(value),
                (3, value) => description = value,
                (9, [n]) => resolution = *n,
                (14, value) if len == 8 => offset = B::read_i64(value),
                _ => {}
            }
            rest = tail.get(len.next_multiple_of(4)..).unwrap_or_default();
        }
        let simple = match resolution {
            0..=9 if offset == 0 => 10_i64.pow(9 - u32::from(resolution)),
            _ => 0,
        };
        if name == flow::Interface::default() {
            name = flow::Interface::named(description);
        }
        Some((Self { link, snaplen, name, simple, resolution, offset }, is_odd))
    }

    /// The instant of a packet that was captured `ticks` after the epoch.
    #[inline]
    pub(super) fn time(&self, ticks: u64) -> Timestamp {
        match i64::try_from(ticks).ok().and_then(|t| t.checked_mul(self.simple)) {
            Some(nanos) if self.simple != 0 => Timestamp::from_nanos(nanos),
            _ => self.odd_time(ticks),
        }
    }

    #[cold]
    fn odd_time(&self, ticks: u64) -> Timestamp {
        let ticks = i128::from(ticks);
        let exponent = u32::from(self.resolution & 0x7F);
        let nanos = match (self.resolution & 0x80 != 0, exponent) {
            // 94 bits at most before the shift.
            (true, n) => (ticks * 1_000_000_000) >> n,
            (false, n @ 0..=9) => ticks * 10_i128.pow(9 - n),
            (false, n) => 10_i128.checked_pow(n - 9).map_or(0, |unit| ticks / unit),
        };
        Timestamp::from_wide_nanos(nanos + i128::from(self.offset) * 1_000_000_000)
    }

    /// Times may be finer than a microsecond.
    #[inline]
    pub(super) fn is_fine(&self) -> bool {
        !matches!(self.resolution, 0..=6 | 0x80)
    }
}

#[cfg(test)]
mod tests {
    use byteorder_slice::{BigEndian, LittleEndian};

    use super::*;

    fn read(options: &[u8]) -> (Interface, bool) {
        let body = [&[1, 0, 0, 0, 96, 0, 0, 0], options].concat();
        Interface::read::<LittleEndian>(&body).unwrap()
    }

    fn nanos(options: &[u8], ticks: u64) -> i64 {
        read(options).0.time(ticks).as_nanos()
    }

    #[test]
    fn every_resolution_counts_in_nanoseconds() {
        for (resolution, ticks, expected) in [
            (6, 1_500_000, 1_500_000_000),
            (0, 3, 3_000_000_000),
            (3, 1_500, 1_500_000_000),
            (9, 1_500_000_001, 1_500_000_001),
            (12, 1_500_000_000_999, 1_500_000_000),
            (127, u64::MAX, 0),
            (0x80, 3, 3_000_000_000),
            (0x80 | 20, 3 << 19, 1_500_000_000),
            (0x80 | 127, u64::MAX, 0),
            (0, u64::MAX, i64::MAX),
            (0x80, u64::MAX, i64::MAX),
        ] {
            assert_eq!(nanos(&[9, 0, 1, 0, resolution, 0, 0, 0], ticks), expected, "{resolution:#x}");
        }
        assert_eq!(nanos(&[], 7), 7_000, "microseconds where nothing is said");
    }

    #[test]
    fn the_offset_is_added_in_seconds_and_may_be_absurd() {
        let offset = |s: i64| [&[14, 0, 8, 0][..], &s.to_le_bytes()].concat();
        assert_eq!(nanos(&offset(10), 5), 10_000_005_000);
        assert_eq!(nanos(&offset(-10), 5), -9_999_995_000);
        assert_eq!(nanos(&offset(i64::MAX), 5), i64::MAX);
        assert_eq!(nanos(&offset(Timestamp::MIN.as_nanos()), u64::MAX), Timestamp::MIN.as_nanos());
    }

    #[test]
    fn odd_options_are_survived() {
        for (options, is_odd, why) in [
            (&[9, 0, 1, 0, 9, 0, 0, 0][..], false, "no end of options"),
            (&[9, 0, 1, 0, 9], false, "no padding"),
            (&[9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 3, 0, 0, 0], false, "more after the end"),
            (&[11, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0], false, "an empty filter"),
            (&[2, 0, 3, 0, 0xFF, 0xFE, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0], false, "a name that is no UTF-8"),
            (&[9, 0, 1, 0, 9, 0, 0, 0, 9, 0, 2, 0, 3, 3, 0, 0], false, "a resolution of two bytes"),
            (&[9, 0, 1, 0, 9, 0, 0, 0, 2, 0, 99, 0, 1, 2, 3, 4], true, "longer than its block"),
            (&[9, 0, 1, 0, 9, 0, 0, 0, 2, 0], false, "half an option header"),
        ] {
            let (interface, odd) = read(options);
            assert_eq!((interface.time(5).as_nanos(), odd), (5, is_odd), "{why}");
            assert_eq!((interface.link, interface.snaplen), (1, 96));
        }
        assert!(Interface::read::<BigEndian>(&[0, 1, 0, 0, 0, 0, 0]).is_none());
    }

    #[test]
    fn an_interface_that_cannot_be_read_keeps_its_number() {
        let (mut interfaces, mut trouble) = (Interfaces::default(), Trouble::default());
        interfaces.add(None, 28, 0, &mut trouble);
        interfaces.add(Some(read(&[])), 44, 0, &mut trouble);
        assert_eq!([0, 1, 2].map(|n| interfaces.get(n).map(|i| i.link)), [Some(NO_LINK), Some(1), None]);
        assert_eq!(trouble.problem().as_deref(), Some("1 malformed block, first at byte 28 after frame 0"));
    }

    #[test]
    fn fine_is_what_microseconds_cannot_say() {
        for (resolution, fine) in [(6, false), (0, false), (7, true), (9, true), (0x80, false), (0x81, true)]
        {
            assert_eq!(read(&[9, 0, 1, 0, resolution, 0, 0, 0]).0.is_fine(), fine, "{resolution:#x}");
        }
    }
}
