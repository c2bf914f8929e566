//! Recognises TLS and DTLS, so that the report can say what could not be read.
//!
//! In: the first bytes of a direction, or of a segment or datagram. Out: whether they start a
//! record, and of a ClientHello which server and which application protocols it asks for. Nothing
//! is decrypted.

/// Longest record payload: 2^14 and what encryption may add (RFC 5246 6.2.3).
const MAX_RECORD: usize = (1 << 14) + 2048;

/// What a ClientHello says in the clear. Foreign bytes, to be escaped before they are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientHello<'a> {
    /// Name of the server (RFC 6066 3); `None` if not given, or encrypted, or not captured.
    pub server_name: Option<&'a [u8]>,
    protocols: &'a [u8],
}

impl<'a> ClientHello<'a> {
    /// The application protocols offered (RFC 7301), the preferred one first; `sip/2` is
    /// registered for SIP.
    pub fn protocols(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = Reader(self.protocols);
        std::iter::from_fn(move || rest.vector(1)).take_while(|name| !name.is_empty())
    }
}

/// Whether a TLS record starts here: change_cipher_spec, alert, handshake or application data
/// (20–23), version 3.0–3.4, a possible length (RFC 8446 5.1).
pub fn looks_like_tls(bytes: &[u8]) -> bool {
    matches!(*bytes, [20..=23, 3, 0..=4, high, low, ..]
        if (1..=MAX_RECORD).contains(&usize::from(u16::from_be_bytes([high, low]))))
}

/// Whether a DTLS record starts here: a first byte of DTLS (RFC 7983 7), version 1.0 or 1.2, which
/// 1.3 claims too as long as it is not encrypted (RFC 9147 4.1), and a length that fits the
/// datagram, or would if it were not `cut`.
pub fn looks_like_dtls(datagram: &[u8], cut: bool) -> bool {
    match datagram.split_first_chunk::<13>() {
        Some((&[20..=63, 0xfe, 0xfd | 0xff, .., high, low], payload)) => {
            let most = if cut { MAX_RECORD } else { payload.len() };
            (1..=most).contains(&usize::from(u16::from_be_bytes([high, low])))
        }
        _ => false,
    }
}

/// Reads the ClientHello that a direction starts with, as far as `bytes` go. `None` if they are
/// something else.
pub fn client_hello(bytes: &[u8]) -> Option<ClientHello<'_>> {
    if !looks_like_tls(bytes) || bytes.first() != Some(&22) {
        return None;
    }
    let mut record = Reader(bytes.get(3..)?);
    let mut handshake = Reader(record.vector(2)?);
    if handshake.take(1)? != [1] {
        return None;
    }
    let mut hello = Reader(handshake.vector(3)?);
    Some(extensions(&mut hello).unwrap_or_default())
}

/// Walks to the extensions (RFC 8446 4.1.2) and through them.
fn extensions<'a>(hello: &mut Reader<'a>) -> Option<ClientHello<'a>> {
    let mut found = ClientHello::default();
    hello.take(2 + 32)?; // version, random
    hello.vector(1)?; // session
    hello.vector(2)?; // cipher suites
    hello.vector(1)?; // compression methods
    let mut extensions = Reader(hello.vector(2)?);
    while let Some(kind) = extensions.take(2) {
        let Some(value) = extensions.vector(2) else { break };
        match kind {
            [0, 0] => found.server_name = found.server_name.or_else(|| host_name(value)),
            [0, 16] => found.protocols = Reader(value).vector(2).unwrap_or_default(),
            _ => {}
        }
    }
    Some(found)
}

/// The host name in a list of names.
fn host_name(list: &[u8]) -> Option<&[u8]> {
    let mut names = Reader(Reader(list).vector(2)?);
    while let Some(kind) = names.take(1) {
        let name = names.vector(2)?;
        if kind == [0] {
            return Some(name);
        }
    }
    None
}

/// Takes bytes off the front.
#[derive(Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    /// A vector with a length of `width` bytes, as far as it was captured.
    fn vector(&mut self, width: usize) -> Option<&'a [u8]> {
        let length = self.take(width)?.iter().fold(0, |n, &byte| n << 8 | usize::from(byte));
        self.take(length.min(self.0.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `body` behind its length in `width` bytes.
    fn vector(width: usize, body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32).to_be_bytes()[4 - width..], body].concat()
    }

    fn extension(kind: u8, value: &[u8]) -> Vec<u8> {
        [&[0, kind][..], &vector(2, value)].concat()
    }

    fn hello(extensions: &[Vec<u8>]) -> Vec<u8> {
        let fixed = [&[3, 3][..], &[7; 32], &vector(1, &[9; 32]), &vector(2, &[0x13, 1]), &vector(1, &[0])];
        let body = [fixed.concat(), vector(2, &extensions.concat())].concat();
        let handshake = [&[1][..], &vector(3, &body)].concat();
        [&[22, 3, 1][..], &vector(2, &handshake)].concat()
    }

    fn usual() -> Vec<u8> {
        let name = vector(2, &[&[0][..], &vector(2, b"sip.example.com")].concat());
        let protocols = vector(2, &[vector(1, b"sip/2"), vector(1, b"h2")].concat());
        hello(&[extension(10, &[1, 2]), extension(0, &name), extension(16, &protocols)])
    }

    #[test]
    fn a_client_hello_names_server_and_protocols() {
        let bytes = usual();
        let hello = client_hello(&bytes).unwrap();
        assert_eq!(hello.server_name, Some(&b"sip.example.com"[..]));
        assert_eq!(hello.protocols().collect::<Vec<_>>(), [&b"sip/2"[..], b"h2"]);
    }

    #[test]
    fn a_hello_without_extensions_or_cut_anywhere_is_still_one() {
        assert_eq!(client_hello(&hello(&[])), Some(ClientHello::default()));
        let whole = usual();
        for end in 0..whole.len() {
            // Record header, handshake type and length.
            assert_eq!(client_hello(&whole[..end]).is_some(), end >= 9, "{end}");
        }
        let cut = client_hello(&whole[..whole.len() - 3]).unwrap();
        assert_eq!(cut.server_name, Some(&b"sip.example.com"[..]));
    }

    #[test]
    fn records_are_told_from_other_bytes() {
        for (bytes, expected) in [
            (&b"\x16\x03\x01\x02\0\x01"[..], true),
            (b"\x17\x03\x03\x40\x00", true),
            (b"\x17\x03\x03\x00\x00", false),
            (b"\x17\x03\x03\xff\xff", false),
            (b"\x16\x03\x05\0\x05", false),
            (b"\x18\x03\x01\0\x05", false),
            (b"\x16\x03\x01\0", false),
            (b"INVITE", false),
            (b"", false),
        ] {
            assert_eq!(looks_like_tls(bytes), expected, "{bytes:?}");
        }
        let mut server_hello = usual();
        server_hello[5] = 2;
        assert_eq!(client_hello(&server_hello), None);
        assert_eq!(client_hello(b"\x17\x03\x03\0\x05hello"), None);
    }

    #[test]
    fn dtls_records_fit_their_datagram() {
        let record = b"\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x03abc";
        for cut in [false, true] {
            assert!(looks_like_dtls(record, cut));
            assert_eq!(looks_like_dtls(&record[..15], cut), cut);
            assert!(!looks_like_dtls(b"\x16\x03\x01\0\0\0\0\0\0\0\0\0\x03abc", cut));
            assert!(!looks_like_dtls(b"", cut));
        }
    }
}
