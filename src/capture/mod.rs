//! Reads captures of any container into frames, in order of capture time.
//!
//! In: files. Out: [`Frame`]s with corrected clocks, and a [`FileReport`] a file. Knows nothing of
//! what the frames hold.

use crate::flow::{FrameId, Tap};
use crate::time::{Stamp, Timestamp};

/// One captured frame, borrowed from the reader's buffer.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// File and number.
    pub id: FrameId,
    /// Its three clock readings.
    pub stamp: Stamp,
    /// Link type (`LINKTYPE_…` of the pcap registry), without FCS bits.
    pub link: u32,
    /// Input (files that follow one another are one) and interface.
    pub tap: Tap,
    /// The captured bytes, from the link header on.
    pub data: &'a [u8],
    /// Bytes on the wire; `data` is shorter where the snap length cut it.
    pub original_len: u32,
}

/// What can be said of one input file.
#[derive(Clone, Debug, Default)]
pub struct FileReport {
    /// As the user named it, or as found in a directory.
    pub path: String,
    /// Container, for people: `pcap`, `pcap (nanoseconds)`, `pcapng` …
    pub format: String,
    /// Frames read.
    pub frames: u64,
    /// Bytes read, uncompressed.
    pub bytes: u64,
    /// Shown time of the earliest frame; `None` without frames.
    pub first: Option<Timestamp>,
    /// Shown time of the latest frame.
    pub last: Option<Timestamp>,
    /// Some frame's time is finer than a microsecond.
    pub nanoseconds: bool,
    /// Every byte was read and understood as records of the container.
    pub complete: bool,
    /// What went wrong, with the offset and what to do; `None` if nothing did.
    pub problem: Option<String>,
}
