//! Reads captures of any container into frames, in order of capture time.
//!
//! In: files. Out: [`Frame`]s with corrected clocks, and a [`FileReport`] a file. Knows nothing of
//! what the frames hold.
//!
//! | file | job |
//! |---|---|
//! | `inputs` | merge files by time; the door |
//! | `paths` | turn what the user named into files: directories, what is no capture |
//! | `taps` | tell which files are one input |
//! | `file` | one file: bytes, container, clock, report |
//! | `clock` | from raw times to times that can be ordered |
//! | `container`, `pcap`, `pcapng`, `block`, `interface` | from bytes to packets |
//! | `skim` | pass over packets of which only their number is wanted |
//! | `search` | find the next plausible record after damage |
//! | `trouble` | account for what was damaged, byte by byte |
//! | `buffer`, `compressed`, `readahead` | from files, pipes and compressed data to bytes |
//! | `writer` | write frames as pcapng |
//! | `foreign`, `error` | say what a file is if it is no capture |

mod block;
mod buffer;
#[cfg(test)]
pub mod build;
mod clock;
mod compressed;
mod container;
mod error;
mod file;
mod follow;
mod foreign;
mod inputs;
mod interface;
mod paths;
mod pcap;
mod pcapng;
mod readahead;
mod search;
mod skim;
mod taps;
mod trouble;
mod writer;

pub use compressed::unpacked;
pub use error::{OpenError, OpenReason};
pub use follow::{Follow, Wait};
pub use foreign::Foreign;
pub use inputs::{Inputs, MAX_OPEN};
pub use paths::{Found, Skipped};
pub use writer::Writer;

use serde::{Deserialize, Serialize};

use crate::flow::{FrameId, Tap};
use crate::time::{Stamp, Timestamp};

/// Link type of a frame whose interface was never described: none of the registry, not decoded.
pub const NO_LINK: u32 = u32::MAX;

/// Kind of a [`Tap`]'s identifier: the input, that is a file or files that follow one another.
pub const TAP_INPUT: u8 = 1;

/// Kind of a [`Tap`]'s identifier: the interface, numbered in its section. 0 in pcap.
pub const TAP_INTERFACE: u8 = 2;

/// One captured frame, borrowed from the reader's buffer.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// File and number.
    pub id: FrameId,
    /// Its three clock readings.
    pub stamp: Stamp,
    /// Link type (`LINKTYPE_…` of the pcap registry), without FCS bits; or [`NO_LINK`].
    pub link: u32,
    /// Input (files that follow one another are one) and interface.
    pub tap: Tap,
    /// The captured bytes, from the link header on.
    pub data: &'a [u8],
    /// Bytes on the wire; `data` is shorter where the snap length cut it.
    pub original_len: u32,
}

/// What can be said of one input file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FileReport {
    /// As the user named it, or as found in a directory.
    pub path: String,
    /// Container, for people: `pcap`, `pcap (nanoseconds)`, `pcapng` …
    pub format: String,
    /// Frames read.
    pub frames: u64,
    /// Bytes read, uncompressed.
    pub bytes: u64,
    /// A hash of its first bytes, uncompressed: with its size and times it tells captures apart.
    #[serde(with = "crate::named::hex")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub fingerprint: u64,
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
