//! Tiny captures for tests, byte by byte, and what is read of them. Test code only.

use std::io::Cursor;

use super::file::CaptureFile;
use super::{FileReport, OpenReason};
use crate::anomaly::{Anomalies, Anomaly};

/// A pcap file under construction.
#[derive(Clone)]
pub struct Pcap {
    big: bool,
    modified: bool,
    /// The file so far.
    pub bytes: Vec<u8>,
}

impl Default for Pcap {
    fn default() -> Self {
        Self::new()
    }
}

impl Pcap {
    /// Of Ethernet, in microseconds, little-endian.
    pub fn new() -> Self {
        Self::with(0xA1B2_C3D4, false, 65_535, 1)
    }

    /// With any magic, order, snap length and link type word.
    pub fn with(magic: u32, big: bool, snaplen: u32, link: u32) -> Self {
        let mut pcap = Self { big, modified: magic == 0xA1B2_CD34, bytes: Vec::new() };
        let version = if big { 0x0002_0004 } else { 0x0004_0002 };
        pcap.words(&[magic, version, 0, 0, snaplen, link]);
        pcap
    }

    /// Adds a whole packet; `fraction` in the file's unit.
    pub fn record(&mut self, seconds: u32, fraction: u32, data: &[u8]) -> &mut Self {
        let len = data.len() as u32;
        self.claim(seconds, fraction, [len, len], data)
    }

    /// Adds a packet that claims any captured and original length.
    pub fn claim(&mut self, seconds: u32, fraction: u32, lengths: [u32; 2], data: &[u8]) -> &mut Self {
        self.words(&[seconds, fraction, lengths[0], lengths[1]]);
        if self.modified {
            self.words(&[7, 0x0800]);
        }
        self.bytes.extend_from_slice(data);
        self
    }

    fn words(&mut self, words: &[u32]) {
        words.iter().for_each(|w| self.bytes.extend(order(self.big, *w)));
    }
}

/// A pcapng file under construction.
#[derive(Clone)]
pub struct Pcapng {
    big: bool,
    /// The file so far.
    pub bytes: Vec<u8>,
}

impl Pcapng {
    /// With a section header.
    pub fn new(big: bool) -> Self {
        let mut pcapng = Self { big, bytes: Vec::new() };
        pcapng.section(big);
        pcapng
    }

    /// Begins a section.
    pub fn section(&mut self, big: bool) -> &mut Self {
        self.big = big;
        let version = if big { 0x0001_0000 } else { 0x0000_0001 };
        self.block(0x0A0D_0D0A, &self.body(&[0x1A2B_3C4D, version, u32::MAX, u32::MAX], &[]))
    }

    /// Describes an interface; `options` are bytes.
    pub fn interface(&mut self, link: u16, snaplen: u32, options: &[u8]) -> &mut Self {
        let link = if self.big { u32::from(link) << 16 } else { link.into() };
        self.block(1, &self.body(&[link, snaplen], options))
    }

    /// An `if_tsresol` option.
    pub fn resolution(&self, n: u8) -> Vec<u8> {
        self.body(&[if self.big { 0x0009_0001 } else { 0x0001_0009 }], &[n, 0, 0, 0])
    }

    /// Adds an enhanced packet block.
    pub fn packet(&mut self, interface: u32, ticks: u64, data: &[u8]) -> &mut Self {
        let len = data.len() as u32;
        self.claim(interface, ticks, [len, len], data)
    }

    /// Adds an enhanced packet block that claims any captured and original length.
    pub fn claim(&mut self, interface: u32, ticks: u64, lengths: [u32; 2], data: &[u8]) -> &mut Self {
        let words = [interface, (ticks >> 32) as u32, ticks as u32, lengths[0], lengths[1]];
        self.block(6, &self.body(&words, data))
    }

    /// Adds an obsolete packet block.
    pub fn old_packet(&mut self, interface: u16, ticks: u64, data: &[u8]) -> &mut Self {
        let first =
            if self.big { u32::from(interface) << 16 | 0x77 } else { 0x77 << 16 | u32::from(interface) };
        let len = data.len() as u32;
        self.block(2, &self.body(&[first, (ticks >> 32) as u32, ticks as u32, len, len], data))
    }

    /// Adds a simple packet block.
    pub fn simple(&mut self, original: u32, data: &[u8]) -> &mut Self {
        self.block(3, &self.body(&[original], data))
    }

    /// Adds any block, padded.
    pub fn block(&mut self, kind: u32, body: &[u8]) -> &mut Self {
        let padding = body.len().next_multiple_of(4) - body.len();
        let len = (12 + body.len() + padding) as u32;
        self.bytes.extend(order(self.big, kind));
        self.bytes.extend(order(self.big, len));
        self.bytes.extend_from_slice(body);
        self.bytes.extend(vec![0; padding]);
        self.bytes.extend(order(self.big, len));
        self
    }

    fn body(&self, words: &[u32], rest: &[u8]) -> Vec<u8> {
        words.iter().flat_map(|w| order(self.big, *w)).chain(rest.iter().copied()).collect()
    }
}

fn order(big: bool, word: u32) -> [u8; 4] {
    if big { word.to_be_bytes() } else { word.to_le_bytes() }
}

/// One frame of a [`Reading`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Nanoseconds, as printed.
    pub shown: i64,
    /// Nanoseconds, for order.
    pub time: i64,
    /// Link type.
    pub link: u32,
    /// Interface in its section.
    pub interface: u32,
    /// Captured bytes.
    pub data: Vec<u8>,
    /// Bytes on the wire.
    pub original_len: u32,
}

/// All that one file gives.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Its frames.
    pub rows: Vec<Row>,
    /// Its report.
    pub report: FileReport,
    /// Anomalies: kind, how many, number of the first frame.
    pub odd: Vec<(Anomaly, u64, u64)>,
    /// Bytes of gaps and of a cut-off tail.
    pub lost: u64,
}

impl Reading {
    /// The frames' bytes, as text.
    pub fn texts(&self) -> Vec<String> {
        self.rows.iter().map(|r| String::from_utf8_lossy(&r.data).into_owned()).collect()
    }

    /// The anomalies' kinds.
    pub fn kinds(&self) -> Vec<Anomaly> {
        self.odd.iter().map(|o| o.0).collect()
    }
}

/// Reads a file from memory to its end.
pub fn read(bytes: &[u8]) -> Result<Reading, OpenReason> {
    let mut file = CaptureFile::read(Box::new(Cursor::new(bytes.to_vec())), 64, "test".to_owned())?;
    let (mut rows, mut notes) = (Vec::new(), Anomalies::default());
    while file.advance() {
        let head = *file.head();
        file.trouble.tell(&mut notes, head.time, 0);
        rows.push(Row {
            shown: head.shown.as_nanos(),
            time: head.time.as_nanos(),
            link: head.record.link,
            interface: head.record.interface,
            data: file.data().to_vec(),
            original_len: head.record.original_len,
        });
        file.hand_out();
        assert!(rows.len() <= bytes.len() + 1, "frames without bytes");
    }
    file.trouble.tell(&mut notes, file.clock(), 0);
    assert!(!file.advance(), "more after the end");
    let report = file.report();
    assert_eq!(report.bytes, bytes.len() as u64, "every byte is read");
    assert_eq!(report.frames, rows.len() as u64);
    let odd = notes.iter().map(|(kind, count, id)| (kind, count, id.number)).collect();
    Ok(Reading { rows, report, odd, lost: file.trouble.lost() })
}

/// A directory that is removed in the end.
pub struct Dir(std::path::PathBuf);

impl Dir {
    /// A new one; `name` is that of the test.
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sipstat-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a directory for the test");
        Self(path)
    }

    /// Its path.
    pub fn path(&self) -> &std::path::Path {
        &self.0
    }

    /// Writes a file into it, and gives its path.
    pub fn file(&self, name: &str, bytes: &[u8]) -> std::path::PathBuf {
        let path = self.0.join(name);
        let parent = path.parent().expect("a file is in a directory");
        std::fs::create_dir_all(parent).expect("a directory for the file");
        std::fs::write(&path, bytes).expect("a file for the test");
        path
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
