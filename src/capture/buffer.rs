//! The window on an input's bytes that containers parse.
//!
//! In: anything that reads. Out: a slice of what has not been consumed yet, as long as asked for,
//! up to [`MAX_NEED`]. `read()` into one buffer is several times faster than a memory map, and works
//! for pipes. Knows nothing of records.

use std::io::{self, ErrorKind, Read};

/// Where bytes come from: a file, a pipe, a decompressor.
pub(super) type Source = Box<dyn Read + Send>;

/// Capacity for the usual few files: a read stays in the second-level cache.
pub(super) const CAPACITY: usize = 256 << 10;

/// The longest slice that can be asked for: the longest record (16 MiB), its headers and options.
pub(super) const MAX_NEED: usize = (17 << 20) + 4096;

/// Bytes of one input between the last one consumed and the last one read.
pub(super) struct Buffer {
    /// `None` once it has ended or failed: a file that fits in the buffer holds no descriptor.
    source: Option<Source>,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    error: Option<io::Error>,
}

impl Buffer {
    /// An empty window on `source`; `capacity` is grown where a record needs it.
    pub(super) fn new(source: Source, capacity: usize) -> Self {
        Self {
            source: Some(source),
            bytes: vec![0; capacity.max(64)],
            start: 0,
            end: 0,
            offset: 0,
            error: None,
        }
    }

    /// What was read and not consumed.
    #[inline]
    pub(super) fn window(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Makes the window at least `need` bytes long; `false` if the input ends before.
    #[inline]
    pub(super) fn has(&mut self, need: usize) -> bool {
        self.end - self.start >= need || self.fill(need)
    }

    /// Reads as much as there is room for. An input that fits is at its end then, and let go.
    pub(super) fn top_up(&mut self) {
        while self.end < self.bytes.len() && self.source.is_some() {
            self.read_once();
        }
    }

    /// Moves the window's start on by `n` bytes, at most to its end.
    #[inline]
    pub(super) fn consume(&mut self, n: usize) {
        let n = n.min(self.end - self.start);
        self.start += n;
        self.offset += n as u64;
    }

    /// A name for the window's first byte, good for [`Self::slice`] until the next [`Self::has`].
    #[inline]
    pub(super) fn place(&self) -> usize {
        self.start
    }

    /// `len` bytes from a place on, consumed or not.
    #[inline]
    pub(super) fn slice(&self, place: usize, len: usize) -> &[u8] {
        self.bytes.get(place..place.saturating_add(len)).unwrap_or_default()
    }

    /// Bytes of the input before the window.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes read so far.
    pub(super) fn total(&self) -> u64 {
        self.offset + (self.end - self.start) as u64
    }

    /// Why reading stopped before the end of the input.
    pub(super) fn error(&self) -> Option<&io::Error> {
        self.error.as_ref()
    }

    /// A descriptor or a decompressor is held.
    pub(super) fn is_live(&self) -> bool {
        self.source.is_some()
    }

    /// Ends the input here: the window is consumed, nothing more is read.
    pub(super) fn close(&mut self) {
        self.source = None;
        self.consume(usize::MAX);
    }

    /// The input again from the window's start, for a decompressor to read.
    pub(super) fn into_source(self) -> Source {
        let rest = io::Cursor::new(self.window().to_vec());
        match self.source {
            Some(source) => Box::new(rest.chain(source)),
            None => Box::new(rest),
        }
    }

    #[cold]
    fn fill(&mut self, need: usize) -> bool {
        if self.source.is_none() || need > MAX_NEED {
            return false;
        }
        // Room for twice the need, so that a search that asks for much at every byte moves each
        // byte a bounded number of times.
        if need > self.bytes.len() / 2 {
            self.bytes.resize(need * 2, 0);
        }
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < need {
            if self.source.is_none() {
                return false;
            }
            self.read_once();
        }
        true
    }

    fn read_once(&mut self) {
        let Some(source) = &mut self.source else { return };
        match source.read(self.bytes.get_mut(self.end..).unwrap_or_default()) {
            Ok(0) => self.source = None,
            Ok(n) => self.end = (self.end + n).min(self.bytes.len()),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => (self.error, self.source) = (Some(e), None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out `step` bytes a read, with an interruption before each; fails after `fails_at`.
    struct Slow {
        bytes: Vec<u8>,
        at: usize,
        step: usize,
        fails_at: usize,
        interrupt: bool,
    }

    impl Read for Slow {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.interrupt = !self.interrupt;
            if self.interrupt {
                return Err(ErrorKind::Interrupted.into());
            }
            if self.at >= self.fails_at {
                return Err(io::Error::other("disk on fire"));
            }
            let n = self.step.min(out.len()).min(self.bytes.len() - self.at);
            out[..n].copy_from_slice(&self.bytes[self.at..self.at + n]);
            self.at += n;
            Ok(n)
        }
    }

    fn slow(len: usize, step: usize, fails_at: usize) -> Buffer {
        let bytes = (0..len).map(|i| (i * 7) as u8).collect();
        Buffer::new(Box::new(Slow { bytes, at: 0, step, fails_at, interrupt: false }), 64)
    }

    #[test]
    fn short_and_interrupted_reads_give_the_same_bytes() {
        for step in [1, 3, 64, 1000] {
            let mut b = slow(1000, step, usize::MAX);
            let mut all = Vec::new();
            while b.has(17) {
                all.extend_from_slice(&b.window()[..17]);
                b.consume(17);
            }
            all.extend_from_slice(b.window());
            assert_eq!(all, (0..1000).map(|i| (i * 7) as u8).collect::<Vec<_>>());
            assert_eq!((b.total(), b.is_live()), (1000, false));
        }
    }

    #[test]
    fn it_grows_for_a_long_record_but_not_without_bound() {
        let mut b = slow(5000, 4096, usize::MAX);
        b.consume(3);
        assert!(b.has(4000));
        assert!(!b.has(MAX_NEED + 1));
        assert!(b.bytes.len() <= 2 * MAX_NEED);
    }

    #[test]
    fn an_input_that_fits_is_let_go_when_topped_up() {
        let mut b = slow(63, 10, usize::MAX);
        b.top_up();
        assert_eq!((b.window().len(), b.is_live()), (63, false));
        let mut b = slow(65, 10, usize::MAX);
        b.top_up();
        assert_eq!((b.window().len(), b.is_live()), (64, true));
        assert!(b.has(65) && !b.has(66));
    }

    #[test]
    fn an_error_ends_the_input_after_what_was_read() {
        let mut b = slow(100, 10, 30);
        assert!(b.has(30) && !b.has(31));
        assert_eq!(b.window().len(), 30);
        assert_eq!(b.error().map(ToString::to_string).as_deref(), Some("disk on fire"));
    }

    #[test]
    fn a_place_stays_good_after_its_bytes_were_consumed() {
        let mut b = slow(100, 100, usize::MAX);
        assert!(b.has(20));
        let place = b.place();
        let bytes = b.window()[..20].to_vec();
        b.consume(20);
        assert_eq!(b.slice(place, 20), bytes);
        assert_eq!(b.offset(), 20);
    }

    #[test]
    fn a_source_can_be_taken_back_whole() {
        let mut b = slow(100, 10, usize::MAX);
        assert!(b.has(4));
        let mut again = Buffer::new(b.into_source(), 64);
        assert!(again.has(100) && !again.has(101));
    }
}
