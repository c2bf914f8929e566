//! Inflates compressed payloads within bounds; the only file that uses `flate2`.
//!
//! In: a whole compressed payload, or one message of a compressed series. Out: its bytes, as far as
//! they could be read and fit.

use std::io::Read;

use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use flate2::{Decompress, FlushDecompress, Status};

/// Inflates `bytes`, which are gzip, zlib or bare deflate, to at most `max` bytes. The second
/// value says whether that was all, without an error.
pub(super) fn inflate(bytes: &[u8], max: usize) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let mut read = |decoder: &mut dyn Read| decoder.take(max as u64 + 1).read_to_end(&mut out).is_ok();
    let good = match *bytes {
        [0x1f, 0x8b, ..] => read(&mut GzDecoder::new(bytes)),
        // RFC 1950 2.2: method 8, and a multiple of 31.
        [cmf, flg, ..] if cmf & 15 == 8 && u16::from_be_bytes([cmf, flg]) % 31 == 0 => {
            read(&mut ZlibDecoder::new(bytes))
        }
        _ => read(&mut DeflateDecoder::new(bytes)),
    };
    let fits = out.len() <= max;
    out.truncate(max);
    (out, good && fits)
}

/// The first bytes of a bare deflate stream of which the start is known, at most `max`.
pub(super) fn beginning(bytes: &[u8], max: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(max);
    // Damaged or not, what came out counts.
    let _ = Decompress::new(false).decompress_vec(bytes, &mut out, FlushDecompress::Sync);
    out
}

/// Inflates messages that are compressed one by one but may refer to earlier ones (RFC 7692
/// 7.2.2).
#[derive(Debug)]
pub(super) struct Inflater(Decompress);

impl Inflater {
    /// Memory that one takes: a window of 32 KiB and tables.
    pub(super) const MEMORY: usize = 48 << 10;

    /// One that has seen no message yet.
    pub(super) fn new() -> Self {
        Self(Decompress::new(false))
    }

    /// The next message, whose compressed bytes are `bytes`, of at most `max` bytes. `None` if it
    /// is damaged, refers to messages that were not seen, or is longer; then this inflater is of
    /// no more use.
    pub(super) fn message(&mut self, bytes: &[u8], max: usize) -> Option<Vec<u8>> {
        // The sender cuts these four bytes off (RFC 7692 7.2.1).
        const TAIL: &[u8] = &[0, 0, 0xff, 0xff];
        let mut out = Vec::new();
        for mut input in [bytes, TAIL] {
            loop {
                if out.len() == out.capacity() {
                    out.reserve((2 * out.len()).max(4 << 10));
                }
                let (read, written) = (self.0.total_in(), out.len());
                let status = self.0.decompress_vec(input, &mut out, FlushDecompress::Sync).ok()?;
                input = &input[(self.0.total_in() - read) as usize..];
                if status == Status::StreamEnd {
                    // A final block: the next message starts a stream of its own.
                    self.0.reset(false);
                    return (out.len() <= max).then_some(out);
                }
                if out.len() > max {
                    return None;
                }
                let full = out.len() == out.capacity();
                let stuck = self.0.total_in() == read && out.len() == written;
                if !full && (input.is_empty() || stuck) {
                    break;
                }
            }
        }
        Some(out)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use flate2::write::{GzEncoder, ZlibEncoder};
    use flate2::{Compress, Compression, FlushCompress};

    use super::*;

    /// `bytes` as gzip, zlib and bare deflate.
    pub(in crate::stream) fn compressed(bytes: &[u8]) -> [Vec<u8>; 3] {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(bytes).unwrap();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(bytes).unwrap();
        let zlib = zlib.finish().unwrap();
        let bare = zlib[2..zlib.len() - 4].to_vec();
        [gzip.finish().unwrap(), zlib, bare]
    }

    /// Messages as permessage-deflate sends them, each with the context of those before it.
    pub(in crate::stream) fn series(messages: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut deflate = Compress::new(Compression::default(), false);
        let one = |message: &&[u8]| {
            if message.is_empty() {
                // RFC 7692 7.2.3.6.
                return vec![0];
            }
            let mut out = Vec::with_capacity(message.len() + 100);
            deflate.compress_vec(message, &mut out, FlushCompress::Sync).unwrap();
            assert_eq!(out.split_off(out.len() - 4), [0, 0, 0xff, 0xff]);
            out
        };
        messages.iter().map(one).collect()
    }

    #[test]
    fn every_format_is_inflated_up_to_the_bound() {
        let text = b"SIP/2.0 200 OK\r\n".repeat(100);
        for packed in compressed(&text) {
            assert_eq!(inflate(&packed, 1600), (text.clone(), true));
            assert_eq!(inflate(&packed, 1599), (text[..1599].to_vec(), false));
            let (part, good) = inflate(&packed[..packed.len() / 2], 1600);
            assert!(text.starts_with(&part) && !good);
        }
        assert_eq!(inflate(b"\xff\xff\xff", 100), (vec![], false));
        assert!(!inflate(b"", 100).1);
    }

    #[test]
    fn messages_may_refer_to_earlier_ones() {
        let long: Vec<u8> = (0..50_000u32).flat_map(|i| (i * i).to_be_bytes()).collect();
        let messages: &[&[u8]] = &[b"OPTIONS sip:a", b"OPTIONS sip:a", b"", &long, b"OPTIONS sip:b"];
        let packed = series(messages);
        assert!(packed[1].len() < packed[0].len());
        assert_eq!(beginning(&packed[0], 7), b"OPTIONS");
        assert_eq!(beginning(&packed[0][..8], 100), b"OPTIONS"[..7]);
        let mut inflater = Inflater::new();
        for (message, packed) in messages.iter().zip(&packed) {
            assert_eq!(inflater.message(packed, 1 << 20).as_deref(), Some(*message));
        }
        assert_eq!(Inflater::new().message(&packed[1], 1 << 20), None);
        assert_eq!(Inflater::new().message(&packed[3], 1000), None);
        assert_eq!(Inflater::new().message(b"\xff\xff", 1000), None);
    }

    #[test]
    fn a_bomb_is_not_inflated_beyond_the_bound() {
        let packed = series(&[&vec![0; 10 << 20]]);
        assert!(packed[0].len() < 100_000);
        assert_eq!(Inflater::new().message(&packed[0], 1 << 20), None);
    }
}
