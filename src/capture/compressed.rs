//! Compressed captures: gzip, zstd, lz4, xz and bzip2, told by their first bytes whatever the name.
//!
//! In: a source of compressed bytes. Out: a source of the bytes inside, of all members one after
//! another, unpacked on a thread of its own once there is much of it. What is cut off, damaged or
//! no member ends the source with an error that says so, after everything before it.
//!
//! Bounds: 128 MiB of window in zstd, 96 MiB of memory in xz, 8 MiB blocks in lz4, and a queue of
//! [`CHUNKS`] chunks. How much comes out is bounded by [`super::container::BARREN`], where it is no
//! packets.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use super::buffer::Source;
use super::readahead::ReadAhead;

/// Bytes that tell a compression.
pub(super) const LOOKS_AT: usize = 16;

/// zstd's own default: what `zstd -d` accepts without `--long`.
const ZSTD_WINDOW_LOG: u32 = 27;
/// `xz -9` needs 65 MiB.
const XZ_MEMORY: u64 = 96 << 20;

/// A way to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Zstd,
    Lz4,
    Xz,
    Bzip2,
}

impl Compression {
    /// All of them.
    pub(super) const ALL: [Self; 5] = [Self::Gzip, Self::Zstd, Self::Lz4, Self::Xz, Self::Bzip2];

    /// The compression of a file that begins like this.
    pub(super) fn find(window: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|c| window.starts_with(c.magic()))
    }

    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
        }
    }

    /// The bytes inside `source`.
    pub(super) fn unpack(self, source: Source) -> Source {
        let input = Input { source: BufReader::with_capacity(64 << 10, source), taken: 0, is_over: false };
        Box::new(ReadAhead::new(Box::new(Members { kind: self, state: State::Between(input) })))
    }

    fn magic(self) -> &'static [u8] {
        match self {
            Self::Gzip => &[0x1F, 0x8B, 8],
            Self::Zstd => &[0x28, 0xB5, 0x2F, 0xFD],
            Self::Lz4 => &[0x04, 0x22, 0x4D, 0x18],
            Self::Xz => &[0xFD, b'7', b'z', b'X', b'Z', 0],
            Self::Bzip2 => b"BZh",
        }
    }
}

/// The bytes of `file`, those inside if it is compressed.
pub fn unpacked(mut file: File) -> io::Result<Box<dyn Read + Send>> {
    let mut head = Vec::with_capacity(LOOKS_AT);
    (&mut file).take(LOOKS_AT as u64).read_to_end(&mut head)?;
    let compression = Compression::find(&head);
    let whole: Source = Box::new(io::Cursor::new(head).chain(file));
    Ok(match compression {
        Some(compression) => compression.unpack(whole),
        None => whole,
    })
}

/// Compressed bytes, counted.
struct Input {
    source: BufReader<Source>,
    taken: u64,
    /// A decompressor asked for more than there is.
    is_over: bool,
}

impl Read for Input {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(out)?;
        self.taken += n as u64;
        self.is_over |= n == 0 && !out.is_empty();
        Ok(n)
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let bytes = self.source.fill_buf()?;
        self.is_over |= bytes.is_empty();
        Ok(bytes)
    }

    fn consume(&mut self, n: usize) {
        self.taken += n as u64;
        self.source.consume(n);
    }
}

/// The members of a compressed file, one after another.
struct Members {
    kind: Compression,
    state: State,
}

enum State {
    /// Before a member, or at the end.
    Between(Input),
    Within(Member),
    Over,
}

enum Member {
    Gzip(Box<flate2::bufread::GzDecoder<Input>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, Input>>),
    Lz4(Box<lz4_flex::frame::FrameDecoder<Input>>),
    Xz(Box<liblzma::bufread::XzDecoder<Input>>),
    Bzip2(Box<bzip2::bufread::BzDecoder<Input>>),
}

impl Member {
    fn begin(kind: Compression, input: Input) -> io::Result<Self> {
        Ok(match kind {
            Compression::Gzip => Self::Gzip(Box::new(flate2::bufread::GzDecoder::new(input))),
            Compression::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?.single_frame();
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Self::Zstd(Box::new(decoder))
            }
            Compression::Lz4 => Self::Lz4(Box::new(lz4_flex::frame::FrameDecoder::new(input))),
            Compression::Xz => {
                let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, 0)?;
                Self::Xz(Box::new(liblzma::bufread::XzDecoder::new_stream(input, stream)))
            }
            Compression::Bzip2 => Self::Bzip2(Box::new(bzip2::bufread::BzDecoder::new(input))),
        })
    }

    fn input(&self) -> &Input {
        match self {
            Self::Gzip(d) => d.get_ref(),
            Self::Zstd(d) => d.get_ref(),
            Self::Lz4(d) => d.get_ref(),
            Self::Xz(d) => d.get_ref(),
            Self::Bzip2(d) => d.get_ref(),
        }
    }

    fn into_input(self) -> Input {
        match self {
            Self::Gzip(d) => d.into_inner(),
            Self::Zstd(d) => d.finish(),
            Self::Lz4(d) => d.into_inner(),
            Self::Xz(d) => d.into_inner(),
            Self::Bzip2(d) => d.into_inner(),
        }
    }
}

impl Read for Member {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(d) => d.read(out),
            Self::Zstd(d) => d.read(out),
            // Alone of the five it takes the end of the file for the end of a frame.
            Self::Lz4(d) => match d.read(out)? {
                0 if d.get_ref().is_over && !out.is_empty() => Err(ErrorKind::UnexpectedEof.into()),
                n => Ok(n),
            },
            Self::Xz(d) => d.read(out),
            Self::Bzip2(d) => d.read(out),
        }
    }
}

impl Read for Members {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Between(mut input) => {
                    if input.taken > 0 && !self.goes_on(&mut input)? {
                        return Ok(0);
                    }
                    self.state = State::Within(Member::begin(self.kind, input)?);
                }
                State::Within(mut member) => match member.read(out) {
                    Ok(0) if !out.is_empty() => self.state = State::Between(member.into_input()),
                    Err(e) if e.kind() != ErrorKind::Interrupted => {
                        return Err(self.explain(&e, member.input()));
                    }
                    result => {
                        self.state = State::Within(member);
                        return result;
                    }
                },
                State::Over => return Ok(0),
            }
        }
    }
}

impl Members {
    /// Whether another member follows; an error if something else does.
    fn goes_on(&self, input: &mut Input) -> io::Result<bool> {
        let (name, magic) = (self.kind.name(), self.kind.magic());
        loop {
            let at = input.taken;
            let rest = input.fill_buf()?;
            let zeros = rest.iter().take_while(|b| **b == 0).count();
            let shown = rest.len().min(magic.len());
            if rest.is_empty() {
                return Ok(false);
            } else if rest.get(..shown) == magic.get(..shown) {
                return Ok(true);
            } else if self.kind == Compression::Xz && zeros > 0 {
                // Stream padding (xz file format, 2.2).
                input.consume(zeros);
            } else {
                return Err(io::Error::new(
                    ErrorKind::InvalidData,
                    format!("the {name} data ends at byte {at} of the file, what follows is something else"),
                ));
            }
        }
    }

    /// An error in our words, with its place.
    fn explain(&self, error: &io::Error, input: &Input) -> io::Error {
        let (name, at) = (self.kind.name(), input.taken);
        if error.kind() == ErrorKind::UnexpectedEof {
            let why = format!("the {name} data is cut off after byte {at} of the file");
            return io::Error::new(ErrorKind::UnexpectedEof, why);
        }
        io::Error::new(
            error.kind(),
            format!("the {name} data is damaged before byte {at} of the file: {error}"),
        )
    }
}

/// One member, for tests.
#[cfg(test)]
pub(super) fn pack(kind: Compression, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut out = Vec::new();
    match kind {
        Compression::Gzip => {
            let mut e = flate2::write::GzEncoder::new(&mut out, flate2::Compression::fast());
            e.write_all(bytes).unwrap();
            e.finish().unwrap();
        }
        Compression::Zstd => out = zstd::encode_all(bytes, 1).unwrap(),
        Compression::Lz4 => {
            let mut e = lz4_flex::frame::FrameEncoder::new(&mut out);
            e.write_all(bytes).unwrap();
            e.finish().unwrap();
        }
        Compression::Xz => {
            let mut e = liblzma::write::XzEncoder::new(&mut out, 1);
            e.write_all(bytes).unwrap();
            e.finish().unwrap();
        }
        Compression::Bzip2 => {
            let mut e = bzip2::write::BzEncoder::new(&mut out, bzip2::Compression::fast());
            e.write_all(bytes).unwrap();
            e.finish().unwrap();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpack(bytes: &[u8]) -> (Vec<u8>, Option<io::Error>) {
        let kind = Compression::find(bytes).expect("a compression");
        let mut out = Vec::new();
        let mut source = kind.unpack(Box::new(io::Cursor::new(bytes.to_vec())));
        let error = source.read_to_end(&mut out).err();
        (out, error)
    }

    fn some_bytes(len: usize) -> Vec<u8> {
        (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 27) as u8).collect()
    }

    #[test]
    fn members_are_read_one_after_another() {
        for kind in Compression::ALL {
            // Much more than the queue holds, so that the thread has to wait.
            let (a, b) = (some_bytes(3_000_000), some_bytes(1000));
            let packed = [pack(kind, &a), pack(kind, &[]), pack(kind, &b)].concat();
            let (out, error) = unpack(&packed);
            assert!(error.is_none(), "{kind:?} {error:?}");
            assert!(out == [a, b].concat(), "{kind:?}");
        }
    }

    #[test]
    fn every_cut_is_reported_after_what_was_read() {
        for kind in Compression::ALL {
            let whole = some_bytes(5000);
            let packed = pack(kind, &whole);
            for cut in kind.magic().len()..packed.len() {
                let (out, error) = unpack(&packed[..cut]);
                let error = error.unwrap_or_else(|| panic!("{kind:?} cut at {cut} went unnoticed"));
                assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{kind:?} {cut} {error}");
                assert!(whole.starts_with(&out), "{kind:?} {cut}");
            }
        }
    }

    #[test]
    fn what_follows_the_last_member_is_named() {
        for kind in Compression::ALL {
            let mut packed = pack(kind, &some_bytes(100));
            let end = packed.len();
            packed.extend_from_slice(b"rubbish");
            let (out, error) = unpack(&packed);
            let text = error.map(|e| e.to_string()).unwrap_or_default();
            let expected = format!("the {} data ends at byte {end} of the file", kind.name());
            assert!(text.starts_with(&expected), "{text}");
            assert_eq!(out, some_bytes(100));
        }
    }

    #[test]
    fn padding_between_xz_streams_is_allowed() {
        let one = pack(Compression::Xz, b"one");
        let (out, error) = unpack(&[&one[..], &[0; 8], &one, &[0; 4]].concat());
        assert_eq!((&out[..], error.is_none()), (&b"oneone"[..], true));
    }

    #[test]
    fn flipped_bits_end_in_an_error_or_in_bytes_but_never_in_a_panic() {
        for kind in Compression::ALL {
            let packed = pack(kind, &some_bytes(300));
            for bit in 0..packed.len() * 8 {
                let mut damaged = packed.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                if Compression::find(&damaged).is_some() {
                    unpack(&damaged);
                }
            }
        }
    }

    #[test]
    fn windows_that_would_take_too_much_memory_are_refused() {
        // A zstd frame header with a window of 2 GiB.
        let (_, error) = unpack(&[0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xA8, 0x01, 0x00, 0x00]);
        assert!(error.is_some());
    }
}
