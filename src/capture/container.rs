//! The containers, told by their first bytes, behind one door.
//!
//! In: a [`Buffer`] at the start of a file. Out: [`Record`]s: packets as the container has them, with
//! raw clocks. What is damaged is passed over and told to [`Trouble`].

use byteorder_slice::{BigEndian, LittleEndian};

use super::buffer::Buffer;
use super::pcap::{self, Pcap};
use super::pcapng::{self, Pcapng};
use super::skim::Skim;
use super::trouble::Trouble;
use crate::flow::Interface;
use crate::time::Timestamp;

/// The longest packet that is read; a longer one is taken for damage.
pub(super) const MAX_PACKET: usize = 16 << 20;

/// Bytes without any frame after which a file is given up: no capture has so much of anything else,
/// and a few kilobytes of compressed zeros have no end.
pub(super) const BARREN: u64 = 1 << 30;

/// One packet of a container.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Record {
    /// As the container has it; `None` where it has none.
    pub(super) time: Option<Timestamp>,
    /// `LINKTYPE_…`, or [`super::NO_LINK`].
    pub(super) link: u32,
    /// Number of the interface in its section.
    pub(super) interface: u32,
    /// What it is called.
    pub(super) name: Interface,
    /// Where the captured bytes are, for [`Buffer::slice`].
    pub(super) place: usize,
    /// How many were captured.
    pub(super) len: usize,
    /// How many were on the wire, never less than `len`.
    pub(super) original_len: u32,
}

/// A reader of one container; byte order and header length are settled once a file, not a record.
pub(super) enum Container {
    PcapLittle(Pcap<LittleEndian>),
    PcapBig(Pcap<BigEndian>),
    Pcapng(Box<Pcapng>),
}

/// Why no container can be read.
pub(super) enum Refusal {
    /// The first bytes are of no container.
    NotACapture,
    /// The first bytes are those of a `what`, whose header `needs` bytes.
    CutOff { what: &'static str, needs: usize },
}

impl Container {
    /// Reads the file's header. The buffer is not consumed if it is refused.
    pub(super) fn open(buffer: &mut Buffer) -> Result<(Self, String), Refusal> {
        buffer.has(4);
        if pcap::is_magic(buffer.window()) {
            return pcap::open(buffer);
        }
        if pcapng::is_magic(buffer.window()) {
            let reader = Pcapng::open(buffer)?;
            return Ok((Self::Pcapng(Box::new(reader)), "pcapng".to_owned()));
        }
        Err(Refusal::NotACapture)
    }

    /// Reads the next packet into `record`, in place because a copy would show in the time a frame
    /// takes; `false` at the end, and from then on.
    #[inline]
    pub(super) fn next(&mut self, buffer: &mut Buffer, trouble: &mut Trouble, record: &mut Record) -> bool {
        match self {
            Self::PcapLittle(reader) => reader.next(buffer, trouble, record),
            Self::PcapBig(reader) => reader.next(buffer, trouble, record),
            Self::Pcapng(reader) => reader.next(buffer, trouble, record),
        }
    }

    /// Passes over packets at the start of `window` for as long as nothing is odd about them and
    /// `passes` says so of their link type and bytes. The window is the caller's to consume.
    #[inline]
    pub(super) fn skim(&mut self, window: &[u8], skim: &mut Skim, passes: impl FnMut(u32, &[u8]) -> bool) {
        match self {
            Self::PcapLittle(reader) => reader.skim(window, skim, passes),
            Self::PcapBig(reader) => reader.skim(window, skim, passes),
            Self::Pcapng(reader) => reader.skim(window, skim, passes),
        }
    }

    /// When capturing ended, raw; see [`Pcapng::until`].
    pub(super) fn until(&self) -> Option<Timestamp> {
        match self {
            Self::PcapLittle(_) | Self::PcapBig(_) => None,
            Self::Pcapng(reader) => reader.until(),
        }
    }

    /// Some packet's time was finer than a microsecond.
    pub(super) fn saw_fine(&self) -> bool {
        match self {
            Self::PcapLittle(reader) => reader.saw_fine(),
            Self::PcapBig(reader) => reader.saw_fine(),
            Self::Pcapng(reader) => reader.saw_fine(),
        }
    }
}
