//! A small gzip writer (RFC 1951, 1952): one block of fixed Huffman codes, the latest match wins.
//!
//! Samples must be the same bytes whatever compressor is installed, so it is our own.

/// Longest and shortest match, and how far back it may lie.
const LONGEST: usize = 258;
const SHORTEST: usize = 4;
const WINDOW: usize = 32_768;

/// The bytes as one gzip member without name and time.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Bits { bytes: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], held: 0, count: 0 };
    out.put(0b011, 3); // the last block, of fixed codes
    let mut latest = vec![usize::MAX; 1 << 16];
    let mut at = 0;
    while at < bytes.len() {
        let found = candidate(bytes, at, &mut latest).map(|from| (from, common(bytes, from, at)));
        let length = match found {
            Some((from, length)) if length >= SHORTEST => {
                out.matched(length, at - from);
                length
            }
            _ => {
                out.symbol(u16::from(bytes[at]));
                1
            }
        };
        for skipped in at + 1..at + length {
            candidate(bytes, skipped, &mut latest);
        }
        at += length;
    }
    out.symbol(256);
    out.put(0, 7); // fills the last byte
    out.bytes.extend(crc32(bytes).to_le_bytes());
    out.bytes.extend((bytes.len() as u32).to_le_bytes());
    out.bytes
}

/// Where the four bytes at `at` were last seen, if they may have been; remembers `at`.
fn candidate(bytes: &[u8], at: usize, latest: &mut [usize]) -> Option<usize> {
    let four = u32::from_le_bytes(bytes.get(at..at + SHORTEST)?.try_into().ok()?);
    let slot = (four.wrapping_mul(0x9E37_79B1) >> 16) as usize;
    let from = std::mem::replace(&mut latest[slot], at);
    (from != usize::MAX && at - from <= WINDOW).then_some(from)
}

fn common(bytes: &[u8], from: usize, at: usize) -> usize {
    let pairs = bytes[from..].iter().zip(&bytes[at..]).take(LONGEST);
    pairs.take_while(|(a, b)| a == b).count()
}

struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    /// Appends the low `width` bits of `value`, lowest first.
    fn put(&mut self, value: u32, width: u32) {
        self.held |= value << self.count;
        self.count += width;
        while self.count >= 8 {
            self.bytes.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// A Huffman code goes highest bit first.
    fn code(&mut self, code: u32, width: u32) {
        self.put(code.reverse_bits() >> (32 - width), width);
    }

    /// A literal, the end (256) or a length (from 257), RFC 1951 3.2.6.
    fn symbol(&mut self, symbol: u16) {
        let s = u32::from(symbol);
        match symbol {
            0..144 => self.code(0x30 + s, 8),
            144..256 => self.code(0x190 + s - 144, 9),
            256..280 => self.code(s - 256, 7),
            _ => self.code(0xc0 + s - 280, 8),
        }
    }

    /// RFC 1951 3.2.5: codes for ranges of lengths and distances, then bits within the range.
    fn matched(&mut self, length: usize, distance: usize) {
        if length == LONGEST {
            self.symbol(285);
        } else {
            let (code, value, width) = ranged(length as u32 - 3, 2);
            self.symbol(257 + code as u16);
            self.put(value, width);
        }
        let (code, value, width) = ranged(distance as u32 - 1, 1);
        self.code(code, 5);
        self.put(value, width);
    }
}

/// Ranges double in size every 2^`per` codes: the code, and value and number of the extra bits.
fn ranged(n: u32, per: u32) -> (u32, u32, u32) {
    let magnitude = 31 - (n | 1).leading_zeros();
    if magnitude <= per {
        return (n, 0, 0);
    }
    let width = magnitude - per;
    ((width << per) + (n >> width), n & ((1 << width) - 1), width)
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, b: &u8| {
        (0..8).fold(crc ^ u32::from(*b), |c, _| if c & 1 == 1 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 })
    };
    !bytes.iter().fold(!0, step)
}
