//! What stands before WebSocket messages: the HTTP heads of the upgrade and frame headers.

use crate::stream::inflate::beginning;

/// A frame that claims more is taken for a sign that frames don't start here.
const MAX_FRAME: u64 = 16 << 20;
/// Payload bytes looked at to tell what a message is.
pub(super) const PEEK: usize = 64;

/// A frame header (RFC 6455 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Last frame of its message.
    pub(super) fin: bool,
    /// RSV1: the message is compressed (RFC 7692 6).
    pub(super) compressed: bool,
    /// 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong.
    pub(super) opcode: u8,
    pub(super) mask: Option<[u8; 4]>,
    /// Payload bytes.
    pub(super) length: u64,
}

impl Header {
    /// Carries part of a message.
    pub(super) fn is_data(&self) -> bool {
        self.opcode < 8
    }

    /// Begins a message.
    pub(super) fn begins(&self) -> bool {
        matches!(self.opcode, 1 | 2)
    }

    /// Appends payload bytes to `out` unmasked; `offset` is their place in the payload.
    pub(super) fn unmask(&self, payload: &[u8], offset: u64, out: &mut Vec<u8>) {
        match self.mask {
            None => out.extend_from_slice(payload),
            Some(mask) => {
                let keys = mask.iter().cycle().skip((offset % 4) as usize);
                out.extend(payload.iter().zip(keys).map(|(byte, key)| byte ^ key));
            }
        }
    }
}

/// What some bytes are as a frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// A header of so many bytes.
    Complete(Header, usize),
    /// The start of one.
    Partial,
    /// None.
    Malformed,
}

/// Longest frame header.
pub(super) const MAX_HEADER: usize = 14;

/// Reads a frame header: FIN, three reserved bits, opcode; MASK, length in 7, 16 or 64 bits, of
/// which the shortest that fits; key.
pub(super) fn frame_header(bytes: &[u8]) -> Parsed {
    let Some(&first) = bytes.first() else { return Parsed::Partial };
    let (fin, compressed, opcode) = (first & 0x80 > 0, first & 0x40 > 0, first & 15);
    let known = match opcode {
        0 => !compressed,
        1 | 2 => true,
        8..=10 => fin && !compressed,
        _ => false,
    };
    if first & 0x30 > 0 || !known {
        return Parsed::Malformed;
    }
    let Some(&second) = bytes.get(1) else { return Parsed::Partial };
    let (wide, least) = match second & 0x7f {
        126 => (2, 126),
        127 => (8, 1 << 16),
        _ => (0, 0),
    };
    let Some(digits) = bytes.get(2..2 + wide) else { return Parsed::Partial };
    let length = match wide {
        0 => u64::from(second & 0x7f),
        _ => digits.iter().fold(0, |n, &byte| n << 8 | u64::from(byte)),
    };
    if length < least || length > MAX_FRAME || (opcode >= 8 && wide > 0) {
        return Parsed::Malformed;
    }
    let mut end = 2 + wide;
    let mut mask = None;
    if second & 0x80 > 0 {
        let Some(key) = bytes[end..].first_chunk() else { return Parsed::Partial };
        mask = Some(*key);
        end += 4;
    }
    Parsed::Complete(Header { fin, compressed, opcode, mask, length }, end)
}

/// Whether a frame stands here that begins a message, and the message starts as `starts_like` says.
pub(super) fn frame_starts_like(bytes: &[u8], starts_like: fn(&[u8]) -> bool) -> bool {
    let Parsed::Complete(header, end) = frame_header(bytes) else { return false };
    let payload = &bytes[end..];
    let payload = &payload[..payload.len().min(PEEK).min(header.length as usize)];
    let mut start = Vec::new();
    header.unmask(payload, 0, &mut start);
    if header.compressed {
        start = beginning(&start, PEEK);
    }
    header.begins() && starts_like(&start)
}

/// Whether the head of an upgrade request or of its answer may stand here (RFC 6455 4.1, 4.2.2).
pub(super) fn http_start(bytes: &[u8]) -> bool {
    bytes.starts_with(b"GET ") || bytes.starts_with(b"HTTP/1.1 101")
}

/// Whether an HTTP head leads to WebSocket messages that may be SIP, and if so, whether they
/// certainly are (RFC 7118 4).
pub(super) fn upgrade(head: &[u8]) -> Option<bool> {
    let (mut websocket, mut sip, mut others) = (false, false, false);
    for line in head.split(|&byte| byte == b'\n').skip(1) {
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let name = line[..colon].trim_ascii();
        let tokens = line[colon + 1..].split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
        for token in tokens {
            if name.eq_ignore_ascii_case(b"Upgrade") {
                websocket |= token.eq_ignore_ascii_case(b"websocket");
            } else if name.eq_ignore_ascii_case(b"Sec-WebSocket-Protocol") {
                let is_sip = token.eq_ignore_ascii_case(b"sip");
                (sip, others) = (sip | is_sip, others | !is_sip);
            }
        }
    }
    (websocket && (sip || !others)).then_some(sip && !others)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(opcode: u8, length: u64) -> Header {
        Header { fin: true, compressed: false, opcode, mask: None, length }
    }

    #[test]
    fn headers_of_every_width() {
        use Parsed::{Complete, Malformed, Partial};
        let long = [&[0x81, 127, 0, 0, 0, 0, 0][..], &[1, 0, 0]].concat();
        for (bytes, expected) in [
            (&[0x81, 5][..], Complete(header(1, 5), 2)),
            (&[0x82, 126, 1, 0], Complete(header(2, 256), 4)),
            (&long, Complete(header(1, 65_536), 10)),
            (&[0x01, 0x83, 1, 2, 3, 4], {
                Complete(Header { fin: false, mask: Some([1, 2, 3, 4]), ..header(1, 3) }, 6)
            }),
            (&[0xc1, 0], Complete(Header { compressed: true, ..header(1, 0) }, 2)),
            (&[0x89, 0], Complete(header(9, 0), 2)),
            (&[], Partial),
            (&[0x81], Partial),
            (&[0x81, 126, 1], Partial),
            (&[0x81, 0x85, 1, 2, 3], Partial),
            (&[0x91, 1], Malformed),
            (&[0x83, 1], Malformed),
            (&[0x09, 0], Malformed),
            (&[0xc0, 0], Malformed),
            (&[0x89, 126, 0, 200], Malformed),
            (&[0x81, 126, 0, 5], Malformed),
            (&[0x81, 127, 0x80, 0, 0, 0, 0, 1, 0, 0], Malformed),
        ] {
            assert_eq!(frame_header(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn an_upgrade_is_told_by_its_headers() {
        for (headers, expected) in [
            ("Upgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\n", Some(true)),
            ("upgrade:WebSocket\r\nsec-websocket-protocol : SIP\r\n", Some(true)),
            ("Upgrade: websocket\r\nSec-WebSocket-Protocol: mqtt, sip\r\n", Some(false)),
            ("Upgrade: websocket\r\n", Some(false)),
            ("Upgrade: websocket\r\nSec-WebSocket-Protocol: mqtt\r\n", None),
            ("Upgrade: h2c\r\nSec-WebSocket-Protocol: sip\r\n", None),
            ("Host: Upgrade: websocket\r\n", None),
        ] {
            for start in ["GET /ws HTTP/1.1", "HTTP/1.1 101 Switching Protocols"] {
                let head = format!("{start}\r\n{headers}\r\n");
                assert_eq!(upgrade(head.as_bytes()), expected, "{headers}");
            }
        }
    }
}
