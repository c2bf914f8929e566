//! What must hold whatever the input: one function a fuzz target, each with its invariants inside.
//!
//! `cargo +nightly fuzz run whole samples` starts from the samples (or with a stable compiler and
//! `RUSTC_BOOTSTRAP=1`). A finding becomes a test in `tests/regressions.rs`.

use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;

use sipstat::anomaly::Anomalies;
use sipstat::capture::{Frame, Inputs};
use sipstat::config::Config;
use sipstat::decode::{Decoded, Decoder, TcpInfo};
use sipstat::expr::{Argument, Expression, Path, Quantity, Read, Refused, Scope, Type, Value, words};
use sipstat::flow::{Endpoint, Flow, FrameId, Origin, Tap, Transport};
use sipstat::pipeline;
use sipstat::sip::{Framed, Framer, Scan, looks_like_sip, scan_datagram};
use sipstat::stream::hep;
use sipstat::stream::sctp::Sctp;
use sipstat::stream::tcp::{Consumer, Piece, Streams};
use sipstat::stream::websocket::{Item, Reader};
use sipstat::time::{Nanos, Stamp, Timestamp};

/// The input as a file: captures are read from files.
fn file(parts: &[&[u8]]) -> PathBuf {
    let path = std::env::temp_dir().join(format!("sipstat-fuzz-{}", std::process::id()));
    fs::write(&path, parts.concat()).expect("the temporary folder can be written");
    path
}

/// Frames are numbered without a gap, the clock never goes back, and the report has their number.
fn read(parts: &[&[u8]]) {
    let Ok(mut inputs) = Inputs::open(&[file(parts)]) else { return };
    let (mut notes, mut number, mut now) = (Anomalies::default(), 0, Timestamp::from_nanos(i64::MIN));
    while let Some(frame) = inputs.next(&mut notes) {
        number += 1;
        assert_eq!(frame.id.number, number);
        assert!(now <= frame.stamp.now && frame.stamp.time <= frame.stamp.now);
        now = frame.stamp.now;
    }
    let reports = inputs.reports();
    assert_eq!(reports.iter().map(|r| r.frames).sum::<u64>(), number);
    assert!(reports.iter().all(|r| r.complete == r.problem.is_none()));
}

/// A pcap file with any rest.
pub fn pcap(data: &[u8]) {
    let magics: [&[u8]; 4] =
        [b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\x34\xcd\xb2\xa1"];
    let Some((first, rest)) = data.split_first() else { return };
    read(&[magics[usize::from(first % 4)], rest]);
}

/// A pcapng file with any rest.
pub fn pcapng(data: &[u8]) {
    read(&[
        b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x1c\0\0\0",
        data,
    ]);
}

fn stamp(millis: i64) -> Stamp {
    let time = Timestamp::from_nanos(Nanos::from_millis(millis).as_nanos());
    Stamp { shown: time, time, now: time }
}

/// A frame of any link type; the payload lies within the frame.
pub fn decode(data: &[u8]) {
    let Some((link, bytes)) = data.split_at_checked(2) else { return };
    let link = u32::from(u16::from_le_bytes([link[0], link[1]]));
    let mut notes = Anomalies::default();
    let mut decoder = Decoder::new(Default::default());
    let decoded = decoder.decode(&frame(bytes, link, 1), &mut notes);
    if let Decoded::Datagram(p) | Decoded::Segment(p, _) | Decoded::Sctp(p) = decoded {
        assert!(p.payload.len() <= bytes.len());
    }
}

fn frame(data: &[u8], link: u32, number: u64) -> Frame<'_> {
    Frame {
        id: FrameId { file: 0, number },
        stamp: stamp(number as i64),
        link,
        tap: Tap::default(),
        data,
        original_len: data.len() as u32,
    }
}

/// Raw IP packets of one decoder; each takes its length from the byte before it.
pub fn fragments(data: &[u8]) {
    let (mut notes, mut decoder) = (Anomalies::default(), Decoder::new(Default::default()));
    let (mut rest, mut number, mut read) = (data, 0, 0);
    while let Some((length, tail)) = rest.split_first() {
        let (packet, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        (rest, number, read) = (tail, number + 1, read + packet.len());
        if let Decoded::Datagram(p) = decoder.decode(&frame(packet, 101, number), &mut notes) {
            // Nothing is made up: but for the 64 KiB that IP allows, bytes come from packets.
            assert!(p.payload.len() <= 65_535 + read);
        }
    }
    decoder.finish(&mut notes, |_, _, _| {});
}

fn origin(from: u16, to: u16, transport: Transport, number: u64) -> Origin {
    let at = |port| Endpoint::new(IpAddr::from([10, 0, 0, 1]), port);
    Origin {
        stamp: stamp(number as i64),
        frame: FrameId { file: 0, number },
        tap: Tap::default(),
        flow: Flow { source: at(from), destination: at(to) },
        transport,
        ip_id: 0,
    }
}

/// Keeps what a direction was given.
#[derive(Default)]
struct Given(Vec<Option<u8>>);

impl Consumer for Given {
    fn held(&self) -> usize {
        1
    }
}

/// Segments of one known stream, in any order, again and again, with holes: what is delivered between
/// gaps is what the stream has there.
pub fn tcp(data: &[u8]) {
    let byte = |at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8;
    let (mut streams, mut notes) = (Streams::<Given>::default(), Anomalies::default());
    let start = u32::MAX - 500;
    let mut sink = |given: &mut Given, _: &Origin, piece: Piece<'_>| match piece {
        Piece::Bytes(bytes) => given.0.extend(bytes.iter().copied().map(Some)),
        Piece::Gap(n) => given.0.extend(std::iter::repeat_n(None, n.min(1 << 16) as usize)),
        Piece::Start { .. } => given.0.clear(),
        Piece::End(_) => {
            for (i, b) in given.0.iter().enumerate() {
                assert!(b.is_none_or(|b| b == byte(i as u32)), "byte {i} of {}", given.0.len());
            }
        }
    };
    let info =
        |sequence, syn, fin| TcpInfo { sequence, acknowledged: None, syn, fin, rst: false, missing: 0 };
    let from = |number| origin(5060, 5061, Transport::Tcp, number);
    streams.push(&from(1), &info(start.wrapping_sub(1), true, false), b"", &mut notes, &mut sink);
    for (i, segment) in data.chunks_exact(3).enumerate() {
        let at = u32::from(u16::from_le_bytes([segment[0], segment[1]])) % 4096;
        let payload: Vec<u8> = (at..at + u32::from(segment[2])).map(byte).collect();
        let from = from(i as u64 + 2);
        streams.push(&from, &info(start.wrapping_add(at), false, false), &payload, &mut notes, &mut sink);
    }
    streams.finish(stamp(1 << 20).now, &mut notes, &mut sink);
}

/// Any bytes of a WebSocket direction, cut anywhere.
pub fn websocket(data: &[u8]) {
    let mut reader = Reader::new(looks_like_sip);
    let mut given = 0;
    let mut sink = |item: Item<'_>| {
        if let Item::Message { bytes, .. } = item {
            given += bytes.len();
        }
    };
    for chunk in data.chunks(7) {
        reader.push(chunk, &mut sink);
    }
    reader.end(&mut sink);
    assert!(reader.held() <= 64 << 20);
    let _ = given;
}

/// Any HEP packet: the payload is not longer than what it came from, unless it was inflated.
pub fn hep(data: &[u8]) {
    let _ = hep::frame(data);
    if let Some(found) = hep::parse(data) {
        assert!(found.compressed || found.payload.len() <= data.len());
    }
}

/// Any chunks, packet by packet.
pub fn sctp(data: &[u8]) {
    let (mut sctp, mut notes, mut given) = (Sctp::default(), Anomalies::default(), 0);
    for (i, packet) in data.chunks(200).enumerate() {
        let from = origin(5060, 5060, Transport::Sctp, i as u64 + 1);
        sctp.push(&from, packet, false, &mut notes, &mut |_, message| given += message.bytes.len());
    }
    sctp.finish(stamp(1 << 20).now, &mut notes, &mut |_, message| given += message.bytes.len());
    assert!(given <= data.len(), "{given} bytes out of {}", data.len());
}

/// Any datagram: what is a message begins like one.
pub fn datagram(data: &[u8]) {
    for cut in [false, true] {
        if let Scan::Message(_) = scan_datagram(data, cut) {
            assert!(looks_like_sip(data));
        }
    }
}

/// Any stream: where segments end changes nothing.
pub fn framing(data: &[u8]) {
    let Some((size, stream)) = data.split_first() else { return };
    let said = |size: usize| {
        let (mut framer, mut said) = (Framer::default(), Vec::new());
        let mut sink = |item: Framed<'_>| {
            if let Framed::Message(m) = item {
                said.push((m.call_id.map(<[u8]>::to_vec), m.head.to_vec()));
            }
        };
        stream.chunks(size).for_each(|segment| framer.bytes(segment, &mut sink));
        framer.end(&mut sink);
        said
    };
    assert_eq!(said(usize::from(*size).max(1)), said(stream.len().max(1)));
}

/// Names of every type, told by their first letter; values that an item has or lacks by its length.
struct Names;

impl Scope for Names {
    type Item = String;

    fn name(&self, path: &Path) -> Result<(String, Type), Refused> {
        let name = path.to_string();
        let kind = match name.bytes().next() {
            Some(b'a') => Type::Share,
            Some(b'b') => Type::Truth,
            Some(b'c') => Type::Count,
            Some(b'd') => Type::Address,
            Some(b'e') => Type::Code,
            Some(b'n') => Type::Number,
            Some(b'm') => Type::Word(&words::METHOD),
            Some(b'o') => Type::Word(&words::OUTCOME),
            Some(b't') => Type::Time,
            Some(b'x') => Type::Text,
            _ => return Err(Refused::unknown("name", &name, ["asr".to_owned()])),
        };
        Ok((name, kind))
    }

    fn call(&self, function: &str, arguments: &[Argument]) -> Result<(String, Type), Refused> {
        let _ = Refused::new("").of_argument(arguments.len());
        self.name(&Path { segments: vec![sipstat::expr::Segment::Name(function.to_owned())] })
    }
}

impl Read<String> for Names {
    fn read<'a>(&'a self, item: &'a String) -> Value<'a> {
        match (item.len() % 4, item.bytes().next()) {
            (0, _) => Value::Absent,
            (n, Some(b'a')) => Quantity::fraction(n as u64, 4).into(),
            (n, Some(b'b')) => Value::Truth(n == 1),
            (_, Some(b'd')) => Value::Address(IpAddr::from([10, 0, 0, 1]), 5060),
            (_, Some(b'm' | b'o' | b'x')) => Value::from(item.as_str()),
            (n, _) => Value::from(n as u64 * 100),
        }
    }
}

/// Any expression: what is understood has one truth, however it is asked for.
pub fn expression(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Expression::condition(text, &Names) {
        Ok(e) => assert_eq!(e.holds(&Names), e.examine(&Names, 0).0),
        Err(problem) => assert!(!problem.why.is_empty() && problem.place <= text.chars().count() + 1),
    }
    if let Ok(e) = Expression::figure(text, &Names) {
        assert!(e.quantity(&Names).is_none_or(|q| q.value.is_finite()));
    }
}

/// Any file: the laws that a summary can show.
pub fn whole(data: &[u8]) {
    let config = Config { threads: 1, ..Config::new([file(&[data])]) };
    let Ok(summary) = pipeline::run(&config) else { return };
    let (input, invite, messages) = (&summary.input, &summary.invite, &summary.messages);
    assert_eq!(input.frames, input.fates.iter().map(|(_, n)| n).sum::<u64>());
    assert_eq!(messages.total, messages.counts.messages());
    assert_eq!(messages.total, messages.by_transport.iter().map(|(_, n)| n).sum::<u64>());
    assert_eq!(messages.responses, summary.responses.counts.messages());
    let cells = summary.responses.by_method_and_code.iter().map(|c| c.counts.messages());
    assert_eq!(messages.responses, cells.sum::<u64>());
    assert_eq!(invite.attempts, invite.outcomes.iter().map(|o| o.count).sum::<u64>());
    assert_eq!(invite.decided, invite.sides.iter().map(|(_, n)| n).sum::<u64>());
}
