//! Writes frames as a pcapng capture, each as it was captured.
//!
//! In: [`Frame`]s. Out: one section (draft-ietf-opsawg-pcapng 4) with an interface for each tap and
//! link type of the input, of the same name, times in nanoseconds. At its end stands when the
//! original capture ended, as interface statistics: what is silent after the last frame was silent.
//!
//! `pcap-file` 2.0.0 writes every time as nanoseconds, whatever the interface says: so the interfaces
//! say nanoseconds.

use core::time::Duration;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};

use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::interface_statistics::{InterfaceStatisticsBlock, InterfaceStatisticsOption};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness};

use super::{Frame, NO_LINK};
use crate::flow::Tap;
use crate::time::{Nanos, Timestamp};

/// `if_tsresol`: ten to the minus nine.
const NANOSECONDS: u8 = 9;

/// A capture being written.
pub struct Writer<W: Write> {
    out: PcapNgWriter<W>,
    interfaces: HashMap<(Tap, u32), u32>,
    /// Frames written.
    frames: u64,
    /// Time and shown time of the latest one.
    latest: Option<(Timestamp, Timestamp)>,
}

impl<W: Write> Writer<W> {
    /// Begins a capture.
    pub fn new(out: W) -> io::Result<Self> {
        let program = concat!("sipstat ", env!("CARGO_PKG_VERSION"));
        let section = SectionHeaderBlock {
            endianness: Endianness::Little,
            options: vec![SectionHeaderOption::UserApplication(Cow::Borrowed(program))],
            ..SectionHeaderBlock::default()
        };
        let out = PcapNgWriter::with_section_header(out, section).map_err(failed)?;
        Ok(Self { out, interfaces: HashMap::new(), frames: 0, latest: None })
    }

    /// Adds `frame`. One of an interface that its capture never described is left out: `false`.
    pub fn write(&mut self, frame: &Frame<'_>) -> io::Result<bool> {
        if frame.link == NO_LINK {
            return Ok(false);
        }
        let next = self.interfaces.len() as u32;
        let interface_id = match self.interfaces.get(&(frame.tap, frame.link)) {
            Some(id) => *id,
            None => {
                let name = frame.tap.interface().map(InterfaceDescriptionOption::IfName);
                let resolution = InterfaceDescriptionOption::IfTsResol(NANOSECONDS);
                let block = InterfaceDescriptionBlock {
                    linktype: DataLink::from(frame.link),
                    snaplen: 0,
                    options: name.into_iter().chain([resolution]).collect(),
                };
                self.out.write_pcapng_block(block).map_err(failed)?;
                self.interfaces.insert((frame.tap, frame.link), next);
                next
            }
        };
        let block = EnhancedPacketBlock {
            interface_id,
            timestamp: since_1970(frame.stamp.shown),
            original_len: frame.original_len,
            data: Cow::Borrowed(frame.data),
            options: Vec::new(),
        };
        self.out.write_pcapng_block(block).map_err(failed)?;
        self.frames += 1;
        self.latest = self.latest.max(Some((frame.stamp.time, frame.stamp.shown)));
        Ok(true)
    }

    /// Frames written so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Ends the capture. `end`: when the original one ended, by its clock.
    pub fn finish(mut self, end: Option<Timestamp>) -> io::Result<()> {
        if let (Some(end), Some((time, shown))) = (end, self.latest) {
            // Printed times are raw: the end is as far from the last of them as by the clock. Unlike
            // those of packets, `pcap-file` writes the two words of these times the wrong way round.
            let end = since_1970(shown + (end - time).max(Nanos::ZERO));
            let words = u64::try_from(end.as_nanos()).unwrap_or(u64::MAX).rotate_left(32);
            let block = InterfaceStatisticsBlock {
                interface_id: 0,
                timestamp: words,
                options: vec![InterfaceStatisticsOption::IsbEndTime(words)],
            };
            self.out.write_pcapng_block(block).map_err(failed)?;
        }
        self.out.into_inner().flush()
    }
}

/// Times before 1970 cannot be written.
fn since_1970(t: Timestamp) -> Duration {
    Duration::from_nanos(u64::try_from(t.as_nanos()).unwrap_or(0))
}

fn failed(error: pcap_file::PcapError) -> io::Error {
    match error {
        pcap_file::PcapError::IoError(e) => e,
        other => io::Error::other(other.to_string()),
    }
}
