//! Packets as attackers write them: raw IPv4 in pcap, with whatever in them.

use std::io::Write;

/// Where an attack is written.
pub(crate) type Out<'a> = &'a mut dyn Write;

/// The reader may have given up: that is its right.
fn put(out: Out<'_>, bytes: &[u8]) {
    let _ = out.write_all(bytes);
}

/// A pcap of raw IP.
pub(crate) fn header(out: Out<'_>) {
    put(out, &pcap_header());
}

/// Its first bytes.
pub(crate) fn pcap_header() -> [u8; 24] {
    *b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\xff\xff\0\0\x65\0\0\0"
}

/// A record at so many microseconds.
pub(crate) fn record(out: Out<'_>, micros: u64, data: &[u8]) {
    stamped(out, (1_700_000_000 + micros / 1_000_000) as u32, (micros % 1_000_000) as u32, data);
}

/// A record with any stamp.
pub(crate) fn stamped(out: Out<'_>, seconds: u32, micros: u32, data: &[u8]) {
    let length = data.len() as u32;
    put(out, &[seconds, micros, length, length].map(u32::to_le_bytes).concat());
    put(out, data);
}

/// An IPv4 packet; `offset` in bytes and whether more fragments follow.
pub(crate) fn ip(
    from: u32,
    to: u32,
    protocol: u8,
    id: u16,
    offset: u16,
    more: bool,
    payload: &[u8],
) -> Vec<u8> {
    let fragment = (offset / 8) | if more { 0x2000 } else { 0 };
    [
        &[0x45, 0][..],
        &(payload.len() as u16 + 20).to_be_bytes(),
        &id.to_be_bytes(),
        &fragment.to_be_bytes(),
        &[64, protocol, 0, 0],
        &from.to_be_bytes(),
        &to.to_be_bytes(),
        payload,
    ]
    .concat()
}

pub(crate) const HERE: u32 = 0x0a00_0001;
pub(crate) const THERE: u32 = 0x0a00_0002;

/// A UDP packet between port 5060 of two addresses.
pub(crate) fn udp(from: u32, to: u32, payload: &[u8]) -> Vec<u8> {
    let head = [5060, 5060, payload.len() as u16 + 8, 0].map(u16::to_be_bytes).concat();
    ip(from, to, 17, 1, 0, false, &[&head, payload].concat())
}

/// The same over IPv6.
pub(crate) fn udp6(from: u128, to: u128, payload: &[u8]) -> Vec<u8> {
    let head = [5060, 5060, payload.len() as u16 + 8, 0].map(u16::to_be_bytes).concat();
    let length = (payload.len() as u16 + 8).to_be_bytes();
    [&[0x60, 0, 0, 0], &length[..], &[17, 64], &from.to_be_bytes(), &to.to_be_bytes(), &head, payload]
        .concat()
}

/// A ClientHello (RFC 8446 4.1.2) that asks for `server`.
pub(crate) fn client_hello(server: &[u8]) -> Vec<u8> {
    let sized = |bytes: &[u8]| [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat();
    let names = sized(&[&[0][..], &sized(server)].concat());
    let extensions = sized(&[&[0, 0][..], &sized(&names)].concat());
    let hello = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0], &extensions].concat();
    let handshake = [&[1, 0][..], &sized(&hello)].concat();
    [&[22, 3, 1][..], &sized(&handshake)].concat()
}

pub(crate) const SYN: u8 = 2;
pub(crate) const FIN: u8 = 1;
pub(crate) const ACK: u8 = 16;

/// A TCP segment from any address and port to port 5060.
pub(crate) fn tcp(from: u32, port: u16, sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let head = [
        &port.to_be_bytes()[..],
        &5060_u16.to_be_bytes(),
        &sequence.to_be_bytes(),
        &[0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0],
    ]
    .concat();
    ip(from, THERE, 6, 1, 0, false, &[&head, payload].concat())
}

/// What an attack varies in a message; the rest is usual.
pub(crate) struct Sip<'a> {
    pub(crate) start: &'a str,
    pub(crate) call: &'a str,
    pub(crate) branch: &'a str,
    pub(crate) from_tag: &'a str,
    pub(crate) to_tag: &'a str,
    pub(crate) cseq: &'a str,
    pub(crate) more: &'a str,
}

impl Default for Sip<'_> {
    fn default() -> Self {
        Self {
            start: "INVITE sip:bob@example.com SIP/2.0",
            call: "call",
            branch: "z9hG4bK-b",
            from_tag: "f",
            to_tag: "",
            cseq: "1 INVITE",
            more: "",
        }
    }
}

impl Sip<'_> {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let Self { start, call, branch, from_tag, to_tag, cseq, more } = self;
        let to_tag = if to_tag.is_empty() { String::new() } else { format!(";tag={to_tag}") };
        format!(
            "{start}\r\nVia: SIP/2.0/UDP 10.0.0.1;branch={branch}\r\nFrom: <sip:a@example.com>;tag={from_tag}\r\n\
             To: <sip:b@example.com>{to_tag}\r\nCall-ID: {call}\r\nCSeq: {cseq}\r\n{more}Content-Length: 0\r\n\r\n"
        )
        .into_bytes()
    }
}
