//! The pcap container (draft-ietf-opsawg-pcap): microseconds or nanoseconds, either byte order, and
//! Kuznetzov's variant with record headers of 24 bytes.
//!
//! In: a [`Buffer`]. Out: a [`Record`] a packet. Odd records are kept if the next one confirms them;
//! after damage the next two that agree are looked for, and what lies between is counted.
//!
//! Of `pcap-file` 2.0.0 only the file header and the raw record are used: its typed records refuse
//! harmless files (original length above the snap length, a snap length of 0) and lose the rest.

use std::marker::PhantomData;

use byteorder_slice::ByteOrder;
use pcap_file::pcap::{PcapHeader, RawPcapPacket};
use pcap_file::{Endianness, TsResolution};

use super::buffer::Buffer;
use super::container::{Container, MAX_PACKET, Record, Refusal};
use super::search::search;
use super::skim::Skim;
use super::trouble::Trouble;
use crate::anomaly::Anomaly;
use crate::flow::Interface;
use crate::time::Timestamp;

/// Link type without FCS length (bits 28–31) and the two flags below it. The bits above the low 16
/// that are left are reserved: where one is set, the link type is one that nobody knows.
const LINK_BITS: u32 = 0x03FF_FFFF;

/// Kuznetzov's magic: interface, protocol and packet type follow each record header.
const MODIFIED: u32 = 0xA1B2_CD34;

const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;

/// The longest packet of an ordinary capture (libpcap's maximum snap length): a longer one has to be
/// confirmed by the record after it.
const USUAL_MAX: u32 = 262_144;

/// Seconds that a record found after damage may lie from the last good one: a week.
const NEAR: u32 = 7 * 24 * 3600;

/// Whether a file begins as pcap does.
pub(super) fn is_magic(window: &[u8]) -> bool {
    window.first_chunk().is_some_and(|m| {
        let m = u32::from_be_bytes(*m);
        [0xA1B2_C3D4, 0xA1B2_3C4D, MODIFIED].iter().any(|&known| m == known || m.swap_bytes() == known)
    })
}

/// Reads the file header; gives the reader and the container's name.
pub(super) fn open(buffer: &mut Buffer) -> Result<(Container, String), Refusal> {
    let refusal = Refusal::CutOff { what: "pcap file header", needs: FILE_HEADER };
    if !buffer.has(FILE_HEADER) {
        return Err(refusal);
    }
    let Some(mut bytes) = buffer.window().first_chunk::<FILE_HEADER>().copied() else { return Err(refusal) };
    // pcap-file does not know Kuznetzov's magic; the rest of his header is the usual one.
    let magic = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let modified = magic == MODIFIED || magic.swap_bytes() == MODIFIED;
    if modified {
        let usual = if magic == MODIFIED { 0xA1B2_C3D4_u32 } else { 0xD4C3_B2A1 };
        bytes[..4].copy_from_slice(&usual.to_be_bytes());
    }
    let Ok((_, header)) = PcapHeader::from_slice(&bytes) else { return Err(refusal) };
    buffer.consume(FILE_HEADER);

    let name = match (modified, header.ts_resolution) {
        (true, _) => "pcap (Kuznetzov)",
        (false, TsResolution::MicroSecond) => "pcap",
        (false, TsResolution::NanoSecond) => "pcap (nanoseconds)",
    };
    let container = match header.endianness {
        Endianness::Big => Container::PcapBig(Pcap::new(&header, modified)),
        Endianness::Little => Container::PcapLittle(Pcap::new(&header, modified)),
    };
    Ok((container, name.to_owned()))
}

/// Reads the records of one file, whose integers are in the order `B`.
pub(super) struct Pcap<B> {
    link: u32,
    /// Nanoseconds in one unit of the fraction.
    unit: i64,
    /// Units in one second.
    second: u32,
    header: usize,
    /// A longer packet has to be confirmed by the record after it.
    usual_max: u32,
    /// Seconds of the first and the last good record.
    first: Option<u32>,
    last: u32,
    frames: u64,
    saw_fine: bool,
    order: PhantomData<B>,
}

/// The integers before each packet.
#[derive(Clone, Copy)]
struct Header {
    seconds: u32,
    fraction: u32,
    captured: u32,
    original: u32,
}

impl Header {
    fn read<B: ByteOrder>(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..RECORD_HEADER)?;
        let field = |i: usize| B::read_u32(&bytes[i..i + 4]);
        Some(Self { seconds: field(0), fraction: field(4), captured: field(8), original: field(12) })
    }

    #[inline]
    fn from(raw: &RawPcapPacket<'_>) -> Self {
        let RawPcapPacket { ts_sec, ts_frac, incl_len, orig_len, .. } = *raw;
        Self { seconds: ts_sec, fraction: ts_frac, captured: incl_len, original: orig_len }
    }

    /// Sixteen zeros are a hole in the file, not a packet of nothing at the start of 1970.
    fn is_blank(self) -> bool {
        self.seconds | self.fraction | self.captured | self.original == 0
    }
}

impl<B: ByteOrder> Pcap<B> {
    fn new(header: &PcapHeader, modified: bool) -> Self {
        let fine = header.ts_resolution == TsResolution::NanoSecond;
        // Snap lengths of 0 and of 4 GiB are found in the wild and mean nothing.
        let absurd = header.snaplen as usize > MAX_PACKET;
        Self {
            link: u32::from(header.datalink) & LINK_BITS,
            unit: if fine { 1 } else { 1000 },
            second: if fine { 1_000_000_000 } else { 1_000_000 },
            header: if modified { 24 } else { RECORD_HEADER },
            usual_max: if absurd { USUAL_MAX } else { header.snaplen.max(USUAL_MAX) },
            first: None,
            last: 0,
            frames: 0,
            saw_fine: false,
            order: PhantomData,
        }
    }

    /// Reads the next packet; `false` at the end, and from then on.
    #[inline]
    pub(super) fn next(&mut self, buffer: &mut Buffer, trouble: &mut Trouble, record: &mut Record) -> bool {
        loop {
            let window = buffer.window();
            // Nearly all: wholly in the window and nothing odd about it.
            if let Ok((_, raw)) = RawPcapPacket::from_slice::<B>(window) {
                let header = Header::from(&raw);
                if self.is_usual(header) && window.len() >= self.header + raw.data.len() {
                    self.accept(buffer, header, record);
                    return true;
                }
            }
            let Some(header) = self.header_at(buffer, 0) else { return self.end(buffer, trouble) };
            let is_whole =
                header.captured as usize <= MAX_PACKET && buffer.has(self.header + header.captured as usize);
            if is_whole && (self.is_usual(header) || self.is_confirmed(buffer, header, trouble)) {
                self.accept(buffer, header, record);
                return true;
            }
            if !self.recover(buffer, header, trouble) {
                return false;
            }
        }
    }

    /// Fills the record from the packet at the window's start, which is wholly there.
    #[inline(always)]
    fn accept(&mut self, buffer: &mut Buffer, h: Header, record: &mut Record) {
        self.saw_fine |= self.unit == 1 && !h.fraction.is_multiple_of(1000);
        *record = Record {
            time: Some(self.time(h)),
            link: self.link,
            interface: 0,
            name: Interface::default(),
            place: buffer.place() + self.header,
            len: h.captured as usize,
            original_len: h.original.max(h.captured),
        };
        buffer.consume(self.header + h.captured as usize);
        self.first.get_or_insert(h.seconds);
        self.last = h.seconds;
        self.frames += 1;
    }

    /// See [`Container::skim`].
    #[inline]
    pub(super) fn skim(
        &mut self,
        window: &[u8],
        skim: &mut Skim,
        mut passes: impl FnMut(u32, &[u8]) -> bool,
    ) {
        if self.header != RECORD_HEADER {
            return;
        }
        let (mut rest, before) = (window, skim.frames);
        while let Ok((next, raw)) = RawPcapPacket::from_slice::<B>(rest) {
            let (h, data) = (Header::from(&raw), &*raw.data);
            let time = self.time(h);
            let is_whole = h.captured == h.original && self.is_usual(h);
            if !is_whole || !skim.admits(time) || !passes(self.link, data) {
                break;
            }
            skim.pass(time, RECORD_HEADER + data.len());
            self.saw_fine |= self.unit == 1 && !h.fraction.is_multiple_of(1000);
            self.last = h.seconds;
            rest = next;
        }
        self.frames += skim.frames - before;
    }

    #[inline(always)]
    fn time(&self, h: Header) -> Timestamp {
        // 2^32 s and 2^32 µs are together well below 2^63 ns.
        Timestamp::from_nanos(i64::from(h.seconds) * 1_000_000_000 + i64::from(h.fraction) * self.unit)
    }

    /// Some packet's time was finer than a microsecond.
    pub(super) fn saw_fine(&self) -> bool {
        self.saw_fine
    }

    /// The header `at` bytes into the window.
    #[inline]
    fn header_at(&self, buffer: &mut Buffer, at: usize) -> Option<Header> {
        if !buffer.has(at + self.header) {
            return None;
        }
        Header::read::<B>(buffer.window().get(at..)?)
    }

    /// Nothing about it needs the next record's word.
    #[inline]
    fn is_usual(&self, h: Header) -> bool {
        h.captured <= h.original
            && h.captured <= self.usual_max
            && h.original as usize <= MAX_PACKET
            && h.fraction < self.second
            && h.original != 0
    }

    /// An odd record stands if the file ends with it or what follows may be a record of the same
    /// week. Notes what is odd.
    #[cold]
    fn is_confirmed(&mut self, buffer: &mut Buffer, h: Header, trouble: &mut Trouble) -> bool {
        let whole = self.header + h.captured as usize;
        let next = self.header_at(buffer, whole);
        let is_confirmed = !h.is_blank()
            && next.is_none_or(|n| {
                n.captured as usize <= MAX_PACKET && !n.is_blank() && n.seconds.abs_diff(h.seconds) <= NEAR
            });
        if is_confirmed && h.captured > h.original {
            trouble.note(Anomaly::BadLength, self.frames + 1);
        }
        if is_confirmed && h.fraction >= self.second {
            trouble.note(Anomaly::BadFraction, self.frames + 1);
        }
        is_confirmed
    }

    /// After a damaged record: goes to the next plausible one. `false`: there is none.
    #[cold]
    fn recover(&mut self, buffer: &mut Buffer, h: Header, trouble: &mut Trouble) -> bool {
        let (at, remain) = (buffer.offset(), buffer.window().len() as u64);
        let needs = self.header as u64 + u64::from(h.captured);
        // `next` tried to have the whole record, so the window ends where the file does.
        let is_short = h.captured as usize <= MAX_PACKET && remain < needs;
        if is_short && self.is_usual(h) && self.is_near(h) {
            buffer.consume(usize::MAX);
            trouble.cut("record", at, needs, remain, self.frames);
            return false;
        }
        let may_begin = |w: &[u8]| Header::read::<B>(w).is_some_and(|h| self.is_usual(h) && self.is_near(h));
        if search(buffer, trouble, self.header, may_begin, |b| self.fits(b)) {
            trouble.gap(at, buffer.offset() - at, self.frames);
            return true;
        }
        if is_short && !h.is_blank() {
            trouble.cut("record", at, needs, remain, self.frames);
        } else {
            trouble.gap(at, buffer.offset() - at, self.frames);
        }
        false
    }

    /// The window begins with a plausible record, and another one or the end of the file follows.
    fn fits(&self, buffer: &mut Buffer) -> bool {
        let Some(h) = self.header_at(buffer, 0) else { return false };
        let whole = self.header + h.captured as usize;
        if !self.is_usual(h) || !buffer.has(whole) {
            return false;
        }
        match self.header_at(buffer, whole) {
            Some(next) => self.is_usual(next) && next.seconds.abs_diff(h.seconds) <= NEAR,
            None => buffer.window().len() == whole,
        }
    }

    /// Within a week of the file's first or last good record; without one, after 1973.
    fn is_near(&self, h: Header) -> bool {
        match self.first {
            Some(first) => h.seconds.abs_diff(self.last) <= NEAR || h.seconds.abs_diff(first) <= NEAR,
            None => h.seconds > 100_000_000,
        }
    }

    /// Less than a record header is left: nothing, if the file is whole.
    #[cold]
    fn end(&mut self, buffer: &mut Buffer, trouble: &mut Trouble) -> bool {
        let remain = buffer.window().len() as u64;
        if remain > 0 {
            trouble.cut("record header", buffer.offset(), self.header as u64, remain, self.frames);
            buffer.consume(self.header);
        }
        false
    }
}

#[cfg(test)]
mod tests;
