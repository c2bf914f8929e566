//! Why a file is no input: where, what was found, and what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::FileReport;
use super::foreign::Foreign;

/// A file that cannot be read as a capture. Its report has the same words.
#[derive(Debug)]
pub struct OpenError {
    /// The file, as it was named.
    pub path: PathBuf,
    /// Why.
    pub reason: OpenReason,
}

impl OpenError {
    /// The report of a file that cannot be read.
    pub(super) fn report(&self) -> FileReport {
        FileReport {
            path: self.path.display().to_string(),
            format: "unknown".to_owned(),
            problem: Some(self.reason.to_string()),
            ..FileReport::default()
        }
    }
}

/// Why a file cannot be read as a capture.
#[derive(Debug)]
pub enum OpenReason {
    /// The system refused.
    Io(io::Error),
    /// The file could be opened, and its first bytes could not be read or unpacked.
    Unreadable(String),
    /// There is not one byte in it.
    Empty,
    /// It is a directory.
    Directory,
    /// It ends within the header of its container.
    CutOff {
        /// Which header.
        what: &'static str,
        /// Its length in bytes.
        needs: usize,
        /// Bytes in the file.
        found: usize,
    },
    /// It is of a format that is not read.
    Foreign(Foreign),
    /// It is compressed twice.
    Nested {
        /// Outer and inner compression.
        both: [&'static str; 2],
    },
    /// It is of no format that has a name.
    Unknown {
        /// Its first bytes, eight at most.
        first: Vec<u8>,
    },
    /// Too many captures that cover the same time are open already.
    TooMany {
        /// How many can be.
        limit: usize,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}

impl fmt::Display for OpenReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(e) => write!(f, "cannot be opened: {e}"),
            Self::Unreadable(why) => write!(f, "cannot be read: {why}"),
            Self::Empty => f.write_str("empty file: 0 bytes, not even a capture's header"),
            Self::Directory => f.write_str("is a directory, not a capture"),
            Self::CutOff { what, needs, found } => {
                write!(f, "cut off at byte 0: {what} needs {needs} bytes, {found} remain")
            }
            Self::Foreign(Foreign { name, advice }) => {
                write!(f, "not pcap or pcapng but {name}; {advice}")
            }
            Self::Nested { both: [outer, inner] } => {
                write!(f, "{inner} inside {outer}: unpack one of them first")
            }
            Self::Unknown { first } => {
                f.write_str("not a capture: pcap or pcapng expected, found")?;
                first.iter().try_for_each(|b| write!(f, " {b:02x}"))
            }
            Self::TooMany { limit } => write!(
                f,
                "not read: {limit} captures that overlap in time are open already; merge some first: mergecap -w OUT IN…"
            ),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            OpenReason::Io(e) => Some(e),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_where_what_was_found_and_what_to_do() {
        for (reason, text) in [
            (OpenReason::Empty, "a.pcap: empty file: 0 bytes, not even a capture's header"),
            (
                OpenReason::Foreign(Foreign::find(b"GMBU").unwrap()),
                "a.pcap: not pcap or pcapng but a Microsoft NetMon 2 capture; convert it: editcap -F pcap IN OUT",
            ),
            (
                OpenReason::CutOff { what: "pcap file header", needs: 24, found: 7 },
                "a.pcap: cut off at byte 0: pcap file header needs 24 bytes, 7 remain",
            ),
            (
                OpenReason::Unknown { first: vec![0x7f, 0x45] },
                "a.pcap: not a capture: pcap or pcapng expected, found 7f 45",
            ),
        ] {
            assert_eq!(OpenError { path: "a.pcap".into(), reason }.to_string(), text);
        }
    }
}
