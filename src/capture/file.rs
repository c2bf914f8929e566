//! One capture file: its bytes, container, clock and report.
//!
//! In: a path. Out: packets with times that can be ordered, one at a time, and what can be said of
//! the file at its end. Knows nothing of other files.

use std::fs::File;
use std::io;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use super::FileReport;
use super::buffer::{Buffer, Source};
use super::clock::Clock;
use super::compressed::{self, Compression};
use super::container::{Container, Record, Refusal};
use super::error::OpenReason;
use super::foreign::{self, Foreign};
use super::skim::Skim;
use super::trouble::Trouble;
use crate::anomaly::Anomaly;
use crate::time::{Nanos, Timestamp};

/// Bytes by which captures are told apart, beside their size and times.
const FINGERPRINT: usize = 4096;

/// A capture being read.
pub(super) struct CaptureFile {
    buffer: Buffer,
    container: Container,
    clock: Clock,
    /// Anomalies of the head (and, rarely, of the packet after it), and damage.
    pub(super) trouble: Trouble,
    head: Head,
    /// The packet after the head, where it had to be read to judge the head's time; the flag: that
    /// is so, and there is one.
    ahead: (Record, Option<bool>),
    /// The head's bytes in that case: the buffer has moved on.
    aside: Vec<u8>,
    report: FileReport,
    /// Time and shown time of the earliest and the latest frame handed out.
    earliest: (Timestamp, Timestamp),
    latest: (Timestamp, Timestamp),
    /// Frames handed out.
    frames: u64,
    ended: bool,
}

/// The packet that is next to be handed out.
#[derive(Clone, Copy, Default)]
pub(super) struct Head {
    pub(super) record: Record,
    /// From 1.
    pub(super) number: u64,
    /// As printed.
    pub(super) shown: Timestamp,
    /// For order.
    pub(super) time: Timestamp,
    is_outlier: bool,
    /// Its successor had to be read, so its bytes were put aside.
    is_settled: bool,
}

impl CaptureFile {
    /// Opens the capture at `path` (`-`: standard input) and reads its header. `capacity` is that of
    /// the buffer.
    pub(super) fn open(path: &Path, capacity: usize) -> Result<Self, OpenReason> {
        if path.as_os_str() == "-" {
            return Self::read(Box::new(io::stdin()), capacity, "-".to_owned());
        }
        let file = File::open(path).map_err(OpenReason::Io)?;
        let about = file.metadata().map_err(OpenReason::Io)?;
        if about.is_dir() {
            return Err(OpenReason::Directory);
        }
        // A small file gets a small buffer, with room to find its end, and is closed at once.
        let fits = usize::try_from(about.len()).ok().filter(|len| about.is_file() && *len < capacity);
        let mut buffer = Buffer::new(Box::new(file), fits.map_or(capacity, |len| len + 1));
        if fits.is_some() {
            buffer.top_up();
        }
        Self::of(buffer, capacity, path.display().to_string())
    }

    /// Reads the header of a capture from any source.
    pub(super) fn read(source: Source, capacity: usize, path: String) -> Result<Self, OpenReason> {
        Self::of(Buffer::new(source, capacity), capacity, path)
    }

    fn of(mut buffer: Buffer, capacity: usize, path: String) -> Result<Self, OpenReason> {
        buffer.has(compressed::LOOKS_AT);
        let compression = Compression::find(buffer.window());
        if let Some(compression) = compression {
            buffer = Buffer::new(compression.unpack(buffer.into_source()), capacity.max(1 << 14));
            buffer.has(compressed::LOOKS_AT);
        }
        let fingerprint = fingerprint(&mut buffer);
        let (container, mut format) = match Container::open(&mut buffer) {
            Ok(open) => open,
            Err(refusal) => return Err(refuse(refusal, &mut buffer, compression)),
        };
        if let Some(compression) = compression {
            format = format!("{format}, {}", compression.name());
        }
        Ok(Self {
            buffer,
            container,
            clock: Clock::default(),
            trouble: Trouble::default(),
            head: Head::default(),
            ahead: (Record::default(), None),
            aside: Vec::new(),
            report: FileReport { path, format, fingerprint, ..FileReport::default() },
            earliest: (Timestamp::MAX, Timestamp::MAX),
            latest: (Timestamp::MIN, Timestamp::MIN),
            frames: 0,
            ended: false,
        })
    }

    /// Makes the next packet the head; `false` at the end of the file.
    #[inline]
    pub(super) fn advance(&mut self) -> bool {
        let head = &mut self.head;
        let is_there = match self.ahead.1 {
            None => self.container.next(&mut self.buffer, &mut self.trouble, &mut head.record),
            Some(is_there) => {
                (head.record, self.ahead.1) = (self.ahead.0, None);
                is_there
            }
        };
        if !is_there {
            return self.end();
        }
        head.number += 1;
        match self.clock.follow(&head.record) {
            Some(time) => {
                head.shown = head.record.time.unwrap_or(time);
                head.time = time;
                head.is_settled = false;
            }
            None => self.settle(),
        }
        true
    }

    /// Passes over packets behind the head, which was handed out, for as long as nothing is odd about
    /// them, it is the file's turn (up to `until`) and `passes` says so of their link type and bytes.
    /// How many; no more than are in the buffer. They count as handed out.
    #[inline]
    pub(super) fn skim(&mut self, until: Timestamp, passes: impl FnMut(u32, &[u8]) -> bool) -> u64 {
        if self.ahead.1.is_some() || self.trouble.is_waiting() || !self.clock.is_unshifted() {
            return 0;
        }
        let mut skim = Skim::new(self.clock.greatest(), until, self.buffer.offset());
        self.container.skim(self.buffer.window(), &mut skim, passes);
        let Skim { frames, bytes, earliest, latest, clock, .. } = skim;
        self.buffer.consume(bytes);
        self.clock.go_on(clock);
        self.head.number += frames;
        self.frames += frames;
        // Times of ordinary packets are shown as they stand.
        if latest > self.latest.0 {
            self.latest = (latest, latest);
        }
        if earliest < self.earliest.0 {
            self.earliest = (earliest, earliest);
        }
        frames
    }

    /// The head, once [`Self::advance`] said that there is one.
    #[inline]
    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    /// The head's captured bytes.
    #[inline]
    pub(super) fn data(&self) -> &[u8] {
        if self.head.is_settled {
            return &self.aside;
        }
        self.buffer.slice(self.head.record.place, self.head.record.len)
    }

    /// The greatest time so far, the head's included.
    #[inline]
    pub(super) fn clock(&self) -> Timestamp {
        self.clock.greatest()
    }

    /// When capturing ended, for order: never before the latest frame.
    pub(super) fn until(&self) -> Timestamp {
        let (time, shown) = self.latest;
        let beyond = self.container.until().map_or(Nanos::ZERO, |until| until - shown);
        self.clock.greatest().max(time + beyond.max(Nanos::ZERO))
    }

    /// Counts the head as handed out.
    #[inline]
    pub(super) fn hand_out(&mut self) {
        let Head { shown, time, is_outlier, is_settled, .. } = self.head;
        self.frames += 1;
        // When an outlier was really captured is not known.
        if is_settled && is_outlier {
            return;
        }
        if time > self.latest.0 {
            self.latest = (time, shown);
        }
        if time < self.earliest.0 {
            self.earliest = (time, shown);
        }
    }

    /// [`Self::advance`] found no more packets.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// A descriptor or a decompressor is held.
    pub(super) fn is_live(&self) -> bool {
        self.buffer.is_live()
    }

    /// What can be said of the file so far; `complete` only at its end.
    pub(super) fn report(&self) -> FileReport {
        let problem = self.trouble.problem();
        let shown = |(time, shown): (Timestamp, Timestamp)| (self.earliest.0 <= time).then_some(shown);
        FileReport {
            frames: self.frames,
            bytes: self.buffer.total(),
            first: shown(self.earliest).filter(|_| self.latest.0 >= self.earliest.0),
            last: shown(self.latest),
            nanoseconds: self.container.saw_fine(),
            complete: self.ended && problem.is_none(),
            problem,
            ..self.report.clone()
        }
    }

    /// Gives a time to a head that needs its successor for it.
    #[cold]
    fn settle(&mut self) {
        let Head { record, number, .. } = self.head;
        self.aside.clear();
        self.aside.extend_from_slice(self.buffer.slice(record.place, record.len));
        let is_there = self.container.next(&mut self.buffer, &mut self.trouble, &mut self.ahead.0);
        self.ahead.1 = Some(is_there);
        let (time, odd) = self.clock.settle(&record, is_there.then_some(&self.ahead.0));
        if let Some(kind) = odd {
            self.trouble.note(kind, number);
        }
        let is_outlier = odd == Some(Anomaly::TimeJump);
        let shown = record.time.unwrap_or(time);
        self.head = Head { record, number, shown, time, is_outlier, is_settled: true };
    }

    #[cold]
    fn end(&mut self) -> bool {
        if self.ended {
            return false;
        }
        self.ended = true;
        if let Some(error) = self.buffer.error() {
            let (at, is_cut) = (self.buffer.total(), error.kind() == io::ErrorKind::UnexpectedEof);
            self.trouble.stop(format!("reading ended at byte {at}: {error}"));
            if is_cut && !self.trouble.is_cut() {
                self.trouble.note(Anomaly::TruncatedFile, self.head.number);
            }
        }
        false
    }
}

/// A hash of the first bytes, uncompressed.
fn fingerprint(buffer: &mut Buffer) -> u64 {
    buffer.has(FINGERPRINT);
    let window = buffer.window();
    xxh3_64(window.get(..FINGERPRINT).unwrap_or(window))
}

/// Says what a file is instead of a capture.
fn refuse(refusal: Refusal, buffer: &mut Buffer, outer: Option<Compression>) -> OpenReason {
    buffer.has(foreign::LOOKS_AT);
    let window = buffer.window();
    if let Some(error) = buffer.error() {
        return OpenReason::Unreadable(error.to_string());
    }
    match refusal {
        _ if window.is_empty() => OpenReason::Empty,
        Refusal::CutOff { what, needs } => OpenReason::CutOff { what, needs, found: window.len() },
        Refusal::NotACapture => {
            if let (Some(outer), Some(inner)) = (outer, Compression::find(window)) {
                return OpenReason::Nested { both: [outer.name(), inner.name()] };
            }
            match Foreign::find(window) {
                Some(foreign) => OpenReason::Foreign(foreign),
                None => OpenReason::Unknown { first: window.iter().take(8).copied().collect() },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::build::{Pcap, read};
    use std::io::Read;

    use super::super::compressed::pack;
    use super::*;
    use crate::anomaly::Anomalies;

    /// Of several blocks in every compression.
    fn capture() -> Vec<u8> {
        let mut p = Pcap::new();
        for i in 0..10_000_u32 {
            let noise = u64::from(i).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            p.record(1_700_000_000 + i, i, format!("packet {i} {noise:x}").as_bytes());
        }
        p.bytes
    }

    #[test]
    fn a_capture_is_the_same_in_every_compression() {
        let plain = read(&capture()).unwrap();
        for kind in Compression::ALL {
            let r = unpacked(&pack(kind, &capture()));
            assert_eq!((r.0, r.1.frames, r.1.complete), (plain.texts(), 10_000, true), "{kind:?}");
            assert_eq!(r.1.format, format!("pcap, {}", kind.name()));
            assert_eq!(r.1.bytes, capture().len() as u64, "uncompressed");
        }
    }

    #[test]
    fn a_cut_compressed_capture_keeps_what_was_read() {
        for kind in Compression::ALL {
            let packed = pack(kind, &capture());
            let (texts, report, notes) = unpacked(&packed[..packed.len() - 3]);
            assert!(read(&capture()).unwrap().texts().starts_with(&texts), "{kind:?}");
            assert!(texts.len() > 1000, "{kind:?}");
            let expected = format!("the {} data is cut off after byte {}", kind.name(), packed.len() - 3);
            assert!(report.problem.as_ref().is_some_and(|p| p.contains(&expected)), "{kind:?} {report:?}");
            assert_eq!(notes.count(Anomaly::TruncatedFile), 1, "{kind:?}");
        }
    }

    /// Hands out a byte a read and, in the end, an error.
    struct Drip(io::Cursor<Vec<u8>>, bool);

    impl Read for Drip {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = out.len().min(1);
            match self.0.read(&mut out[..n])? {
                0 if self.1 => Err(io::Error::other("cable pulled")),
                n => Ok(n),
            }
        }
    }

    #[test]
    fn a_pipe_that_drips_gives_the_same_frames() {
        for compressed in [capture(), pack(Compression::Gzip, &capture())] {
            let source = Box::new(Drip(io::Cursor::new(compressed), false));
            let (texts, report, _) = drain(CaptureFile::read(source, 64, String::new()).ok().unwrap());
            assert_eq!((texts, report.complete), (read(&capture()).unwrap().texts(), true));
        }
    }

    #[test]
    fn an_error_while_reading_ends_the_file_and_is_its_problem() {
        let whole = capture();
        let third = whole.len() / 3 + 1;
        let source = Box::new(Drip(io::Cursor::new(whole[..third].to_vec()), true));
        let (texts, report, _) = drain(CaptureFile::read(source, 64, String::new()).ok().unwrap());
        assert!(texts.len() > 3000 && !report.complete);
        let expected = format!("reading ended at byte {third}: cable pulled; cut off at byte ");
        assert!(report.problem.as_ref().unwrap().starts_with(&expected), "{report:?}");
    }

    #[test]
    fn compression_inside_compression_is_named() {
        let packed = pack(Compression::Zstd, &pack(Compression::Gzip, &capture()));
        let error = CaptureFile::read(Box::new(io::Cursor::new(packed)), 64, String::new()).err();
        assert!(matches!(error, Some(OpenReason::Nested { both: ["zstd", "gzip"] })));
    }

    #[test]
    fn zeros_without_end_end_in_a_clear_line() {
        let zeros = io::Cursor::new(Pcap::new().bytes).chain(io::repeat(0));
        let mut file = CaptureFile::read(Box::new(zeros), 1 << 18, String::new()).ok().unwrap();
        assert!(!file.advance());
        let problem = file.report().problem.unwrap();
        assert!(
            problem.contains("no record in the 1073741824 bytes from byte 24 on: given up there"),
            "{problem}"
        );
        let error = CaptureFile::read(Box::new(io::repeat(0)), 64, String::new()).err();
        assert!(matches!(error, Some(OpenReason::Unknown { .. })));
    }

    #[test]
    fn every_short_file_is_an_error_or_a_report_but_never_a_panic() {
        for bytes in
            [&b""[..], b"\xd4", b"\xd4\xc3\xb2\xa1", b"\x0a\x0d\x0d\x0a", b"\x1f\x8b\x08", b"BZh", b"\0"]
        {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
    }

    fn unpacked(packed: &[u8]) -> (Vec<String>, FileReport, Anomalies) {
        let file = CaptureFile::read(Box::new(io::Cursor::new(packed.to_vec())), 64, String::new());
        drain(file.unwrap_or_else(|e| panic!("{:?}: {e}", Compression::find(packed))))
    }

    fn drain(mut file: CaptureFile) -> (Vec<String>, FileReport, Anomalies) {
        let (mut texts, mut notes) = (Vec::new(), Anomalies::default());
        while file.advance() {
            texts.push(String::from_utf8_lossy(file.data()).into_owned());
            file.hand_out();
        }
        file.trouble.tell(&mut notes, file.clock(), 0);
        (texts, file.report(), notes)
    }
}
