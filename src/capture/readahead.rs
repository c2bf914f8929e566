//! Reads ahead on a thread of its own, so that unpacking and analysing share the work.
//!
//! In: a source. Out: the same bytes, then the same error. The first megabyte is read in place: most
//! files are opened only to see when they begin. A constant number of chunks goes round, so memory
//! is bounded and the thread waits when nobody reads. Dropping the reader ends the thread.

use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::buffer::Source;

/// Chunks that go round.
pub(super) const CHUNKS: usize = 4;
const CHUNK: usize = 256 << 10;
/// Bytes read in place before a thread is worth it.
const IN_PLACE: usize = 1 << 20;

/// A chunk on its way from the thread: bytes, how many count, and what came after them.
struct Chunk {
    bytes: Vec<u8>,
    len: usize,
    end: Option<io::Result<()>>,
}

/// A source that is read by a thread once it proves long.
pub(super) struct ReadAhead {
    state: State,
}

enum State {
    InPlace { source: Source, left: usize },
    Thread { full: Receiver<Chunk>, empty: SyncSender<Vec<u8>>, chunk: Chunk, at: usize },
    Over,
}

impl ReadAhead {
    pub(super) fn new(source: Source) -> Self {
        Self { state: State::InPlace { source, left: IN_PLACE } }
    }
}

impl Read for ReadAhead {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match &mut self.state {
                State::InPlace { source, left } if *left > 0 => {
                    let n = source.read(out)?;
                    *left = left.saturating_sub(n);
                    return Ok(n);
                }
                State::InPlace { .. } => {
                    if let State::InPlace { source, .. } = std::mem::replace(&mut self.state, State::Over) {
                        self.state = start(source)?;
                    }
                }
                State::Thread { full, empty, chunk, at } => {
                    if *at < chunk.len {
                        let rest = chunk.bytes.get(*at..chunk.len).unwrap_or_default();
                        let n = rest.len().min(out.len());
                        if let (Some(to), Some(from)) = (out.get_mut(..n), rest.get(..n)) {
                            to.copy_from_slice(from);
                        }
                        *at += n;
                        return Ok(n);
                    }
                    if let Some(end) = chunk.end.take() {
                        self.state = State::Over;
                        return end.map(|()| 0);
                    }
                    // The thread may be gone already; what it left is still in the queue.
                    let _ = empty.send(std::mem::take(&mut chunk.bytes));
                    match full.recv() {
                        Ok(next) => (*chunk, *at) = (next, 0),
                        Err(_) => {
                            self.state = State::Over;
                            return Err(io::Error::other("the decompressor failed"));
                        }
                    }
                }
                State::Over => return Ok(0),
            }
        }
    }
}

/// Moves the source to a thread.
fn start(mut source: Source) -> io::Result<State> {
    let (to_reader, full) = sync_channel::<Chunk>(CHUNKS);
    let (empty, from_reader) = sync_channel::<Vec<u8>>(CHUNKS);
    for _ in 1..CHUNKS {
        let _ = empty.send(vec![0; CHUNK]);
    }
    thread::Builder::new().name("unpack".to_owned()).spawn(move || {
        while let Ok(mut bytes) = from_reader.recv() {
            bytes.resize(CHUNK, 0);
            let (mut len, mut end) = (0, None);
            while len < bytes.len() && end.is_none() {
                match source.read(bytes.get_mut(len..).unwrap_or_default()) {
                    Ok(0) => end = Some(Ok(())),
                    Ok(n) => len += n,
                    Err(e) if e.kind() == ErrorKind::Interrupted => {}
                    Err(e) => end = Some(Err(e)),
                }
            }
            let is_last = end.is_some();
            if to_reader.send(Chunk { bytes, len, end }).is_err() || is_last {
                return;
            }
        }
    })?;
    let chunk = Chunk { bytes: vec![0; CHUNK], len: 0, end: None };
    Ok(State::Thread { full, empty, chunk, at: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts up, and fails after `len` bytes if `fails`.
    struct Count {
        at: usize,
        len: usize,
        fails: bool,
    }

    impl Read for Count {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if self.at == self.len && self.fails {
                return Err(io::Error::other("broken"));
            }
            let n = out.len().min(10_007).min(self.len - self.at);
            for (i, byte) in out[..n].iter_mut().enumerate() {
                *byte = ((self.at + i) % 251) as u8;
            }
            self.at += n;
            Ok(n)
        }
    }

    #[test]
    fn the_bytes_and_the_error_arrive_in_order() {
        for len in [0, 5, IN_PLACE, IN_PLACE + 1, 8 * CHUNK, 9 * CHUNK + 77] {
            for fails in [false, true] {
                let mut out = Vec::new();
                let mut reader = ReadAhead::new(Box::new(Count { at: 0, len, fails }));
                let result = reader.read_to_end(&mut out);
                assert_eq!((out.len(), result.is_err()), (len, fails));
                assert!(out.iter().enumerate().all(|(i, b)| *b == (i % 251) as u8));
                assert_eq!(reader.read(&mut [0; 9]).unwrap_or(0), 0);
            }
        }
    }

    #[test]
    fn a_reader_that_goes_away_ends_the_thread() {
        let mut reader = ReadAhead::new(Box::new(io::repeat(7)));
        let mut some = vec![0; 2 * IN_PLACE];
        reader.read_exact(&mut some).unwrap();
        drop(reader);
    }

    #[test]
    fn a_thread_that_panics_is_an_error() {
        struct Panics(usize);
        impl Read for Panics {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                self.0 += out.len();
                assert!(self.0 <= 2 * IN_PLACE, "as the test wants it");
                Ok(out.len())
            }
        }
        let result = ReadAhead::new(Box::new(Panics(0))).read_to_end(&mut Vec::new());
        assert_eq!(result.unwrap_err().to_string(), "the decompressor failed");
    }
}
