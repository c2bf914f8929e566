//! Whole runs: of any file, and of any traffic in a sound file.

use std::fs;
use std::path::Path;

use sipstat::config::Config;
use sipstat::pipeline;
use sipstat::report::{escape, json, text};

use super::file;
use crate::laws;

/// Any file: the laws hold, and what is written is fit for a terminal.
pub fn whole(data: &[u8]) {
    let path = file(&[data]);
    run(&path, 1);
}

/// Packets of any content between a few hosts, as UDP, TCP, SCTP or HEP: the laws hold, and two
/// threads count what one counts.
pub fn traffic(data: &[u8]) {
    let path = file(&[&written(data)]);
    assert!(run(&path, 1) == run(&path, 2), "two threads count otherwise than one");
}

/// The JSON report.
fn run(path: &Path, threads: usize) -> Option<Vec<u8>> {
    let config = Config { threads, memory: 4 << 20, ..Config::new([path]) };
    let summary = pipeline::run(&config).ok()?;
    let mut out = Vec::new();
    json::write(&summary, &mut out).expect("a vector takes all");
    if threads == 1 {
        let report = serde_json::from_slice(&out).expect("a report is JSON");
        let wrong = laws::violations(&report);
        assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
        for full in [false, true] {
            let mut text = Vec::new();
            let options = text::Options { columns: text::COLUMNS, full };
            text::write(&summary, &options, &mut text).expect("a vector takes all");
            shows_nothing_that_steers(&text);
        }
        let mut line = Vec::new();
        text::write_line(&summary, &mut line).expect("a vector takes all");
        shows_nothing_that_steers(&line);
    }
    let _ = fs::metadata(path);
    Some(out)
}

/// Text of UTF-8, whose only controls are line ends and its own colours.
fn shows_nothing_that_steers(text: &[u8]) {
    let text = std::str::from_utf8(text).expect("a report is UTF-8");
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        let (shown, colour) = rest.split_at(at);
        assert_eq!(escape::escape(&shown.replace('\n', "")), shown.replace('\n', ""));
        let end = colour.find('m').expect("a colour ends");
        assert!(
            colour[1..end].bytes().all(|b| b == b'[' || b == b';' || b.is_ascii_digit()),
            "{colour:.20?}"
        );
        rest = &colour[end + 1..];
    }
    assert_eq!(escape::escape(&rest.replace('\n', "")), rest.replace('\n', ""));
}

/// A pcap of raw IP. Each packet: a byte of what carries it (2 bits), its direction and hosts
/// (3 bits), and the time since the last (3 bits); two bytes of length; the payload.
pub(super) fn written(data: &[u8]) -> Vec<u8> {
    const STEPS: [u64; 8] = [100, 1_000, 20_000, 99_000, 500_000, 4_000_000, 33_000_000, 200_000_000];
    let mut out = b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\x65\0\0\0".to_vec();
    let (mut rest, mut micros, mut sent, mut id) = (data, 1_700_000_000_000_000_u64, [1_u32; 8], 0_u16);
    while let [kind, low, high, tail @ ..] = rest {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(tail.len()).min(20_000);
        let (payload, tail) = tail.split_at(length);
        rest = tail;
        micros += STEPS[usize::from(kind >> 5)];
        id = id.wrapping_add(1);
        let way = usize::from(kind >> 2 & 7);
        let packet = ip(*kind & 3, way, id, &mut sent[way], payload);
        out.extend(((micros / 1_000_000) as u32).to_le_bytes());
        out.extend(((micros % 1_000_000) as u32).to_le_bytes());
        out.extend([packet.len() as u32; 2].map(u32::to_le_bytes).concat());
        out.extend(packet);
    }
    out
}

/// An IPv4 packet of UDP, TCP, SCTP (one whole data chunk), or HEPv3 in UDP.
fn ip(carrier: u8, way: usize, id: u16, sent: &mut u32, payload: &[u8]) -> Vec<u8> {
    // Four hosts in a row: each way leads from one to the next, or back.
    let (a, b) = (way as u8 / 2, way as u8 / 2 + 1);
    let (from, to) = if way.is_multiple_of(2) { (a, b) } else { (b, a) };
    let ports = [5060_u16.to_be_bytes(), 5060_u16.to_be_bytes()].concat();
    let number = *sent;
    let (protocol, transport) = match carrier {
        0 => (17, [&ports[..], &(payload.len() as u16 + 8).to_be_bytes(), &[0, 0], payload].concat()),
        1 => {
            *sent = sent.wrapping_add(payload.len() as u32);
            (
                6,
                [
                    &ports[..],
                    &number.to_be_bytes(),
                    &[0, 0, 0, 0, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0],
                    payload,
                ]
                .concat(),
            )
        }
        2 => {
            *sent = sent.wrapping_add(1);
            let chunk = (payload.len() as u16 + 16).to_be_bytes();
            let head = [&ports[..], &[0; 8], &[0, 3], &chunk, &number.to_be_bytes(), &[0; 8]].concat();
            (132, [&head[..], payload].concat())
        }
        _ => {
            let chunk = |kind: u8, value: &[u8]| {
                [&[0, 0, 0, kind], &(value.len() as u16 + 6).to_be_bytes()[..], value].concat()
            };
            let chunks = [
                chunk(1, &[2]),
                chunk(2, &[17]),
                chunk(3, &[10, 0, 0, from]),
                chunk(4, &[10, 0, 0, to]),
                chunk(7, &ports[..2]),
                chunk(8, &ports[2..]),
                chunk(11, &[1]),
                chunk(15, payload),
            ]
            .concat();
            let hep = [b"HEP3", &(chunks.len() as u16 + 6).to_be_bytes()[..], &chunks].concat();
            let port = 9060_u16.to_be_bytes();
            (17, [&port[..], &port, &(hep.len() as u16 + 8).to_be_bytes(), &[0, 0], &hep].concat())
        }
    };
    let total = (transport.len() as u16 + 20).to_be_bytes();
    let id = id.to_be_bytes();
    [&[0x45, 0], &total[..], &id, &[0, 0, 64, protocol, 0, 0, 10, 0, 0, from, 10, 0, 0, to], &transport]
        .concat()
}
