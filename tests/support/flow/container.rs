//! Writes frames as pcap or pcapng, in either byte order and resolution.

use super::gzip::gzip;
use super::wire::{Captured, Link};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Pcap,
    Pcapng,
}

/// The file around the frames.
#[derive(Clone, Debug, Default)]
pub(crate) struct Container {
    /// `None`: pcap for one interface, else pcapng.
    pub(crate) format: Option<Format>,
    pub(crate) nanoseconds: bool,
    pub(crate) big_endian: bool,
    /// Snap length: bytes of each frame that are kept.
    pub(crate) snap: Option<usize>,
    /// The file ends after this many bytes; negative: so many bytes before its end.
    pub(crate) cut: Option<i64>,
    /// Frames in the order of the script, not of time.
    pub(crate) unsorted: bool,
    /// Compressed with gzip.
    pub(crate) gzip: bool,
}

impl Container {
    pub(crate) fn format_for(&self, interfaces: usize) -> Format {
        self.format.unwrap_or(if interfaces > 1 { Format::Pcapng } else { Format::Pcap })
    }
}

/// The bytes of the file.
///
/// # Panics
/// When a pcap file is to hold several interfaces.
pub(crate) fn write(container: &Container, interfaces: &[Link], frames: &[Captured]) -> Vec<u8> {
    let mut file = Output { bytes: Vec::new(), big_endian: container.big_endian };
    match container.format_for(interfaces.len()) {
        Format::Pcap => {
            assert!(interfaces.iter().all(|l| *l == interfaces[0]), "pcap has one link type");
            pcap(&mut file, container, interfaces[0], frames);
        }
        Format::Pcapng => pcapng(&mut file, container, interfaces, frames),
    }
    let mut bytes = file.bytes;
    if let Some(cut) = container.cut {
        let len = bytes.len();
        let keep = usize::try_from(cut).unwrap_or_else(|_| len.saturating_sub(cut.unsigned_abs() as usize));
        bytes.truncate(keep);
    }
    if container.gzip { gzip(&bytes) } else { bytes }
}

fn pcap(file: &mut Output, c: &Container, link: Link, frames: &[Captured]) {
    let (magic, unit) = if c.nanoseconds { (0xa1b2_3c4d, 1) } else { (0xa1b2_c3d4, 1_000) };
    file.u32(magic);
    file.u16(2);
    file.u16(4);
    file.u32(0);
    file.u32(0);
    file.u32(c.snap.unwrap_or(262_144) as u32);
    file.u32(u32::from(link.number()));
    for frame in frames {
        let kept = kept(frame, c);
        file.u32((frame.time / 1_000_000_000) as u32);
        file.u32((frame.time % 1_000_000_000 / unit) as u32);
        file.u32(kept.len() as u32);
        file.u32(frame.data.len() as u32);
        file.bytes.extend(kept);
    }
}

fn pcapng(file: &mut Output, c: &Container, interfaces: &[Link], frames: &[Captured]) {
    file.block(0x0a0d_0d0a, |b| {
        b.u32(0x1a2b_3c4d);
        b.u16(1);
        b.u16(0);
        b.bytes.extend([0xff; 8]);
    });
    for link in interfaces {
        file.block(1, |b| {
            b.u16(link.number());
            b.u16(0);
            b.u32(c.snap.unwrap_or(0) as u32);
            b.u16(9); // if_tsresol
            b.u16(1);
            b.bytes.extend([if c.nanoseconds { 9 } else { 6 }, 0, 0, 0]);
            b.u32(0); // end of options
        });
    }
    for frame in frames {
        let kept = kept(frame, c);
        let time = if c.nanoseconds { frame.time } else { frame.time / 1_000 };
        file.block(6, |b| {
            b.u32(frame.interface as u32);
            b.u32((time >> 32) as u32);
            b.u32(time as u32);
            b.u32(kept.len() as u32);
            b.u32(frame.data.len() as u32);
            b.bytes.extend(kept);
            b.pad();
        });
    }
}

fn kept<'a>(frame: &'a Captured, c: &Container) -> &'a [u8] {
    &frame.data[..frame.data.len().min(c.snap.unwrap_or(usize::MAX))]
}

struct Output {
    bytes: Vec<u8>,
    big_endian: bool,
}

impl Output {
    fn u16(&mut self, n: u16) {
        self.bytes.extend(if self.big_endian { n.to_be_bytes() } else { n.to_le_bytes() });
    }

    fn u32(&mut self, n: u32) {
        self.bytes.extend(if self.big_endian { n.to_be_bytes() } else { n.to_le_bytes() });
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    /// A pcapng block: type, length, what `body` writes, length again.
    fn block(&mut self, kind: u32, body: impl FnOnce(&mut Self)) {
        let mut inner = Self { bytes: Vec::new(), big_endian: self.big_endian };
        body(&mut inner);
        let length = inner.bytes.len() as u32 + 12;
        self.u32(kind);
        self.u32(length);
        self.bytes.extend(inner.bytes);
        self.u32(length);
    }
}
