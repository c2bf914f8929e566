//! WebSocket directions built from frames, in pieces of every size.

use proptest::prelude::*;

use super::*;
use crate::stream::inflate::tests::series;

const GET: &[u8] =
    b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\n\r\n";
const OPEN: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

fn is_sip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"SIP/2.0")
}

/// A frame of first byte `first`, masked if `key` is given.
fn frame(first: u8, key: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let mask = if key.is_some() { 0x80 } else { 0 };
    let mut out = match payload.len() {
        n @ 0..126 => vec![first, mask | n as u8],
        n @ 126..65_536 => vec![first, mask | 126, (n >> 8) as u8, n as u8],
        n => [&[first, mask | 127][..], &(n as u64).to_be_bytes()].concat(),
    };
    out.extend(key.iter().flatten());
    let keys = key.unwrap_or_default();
    out.extend(payload.iter().zip(keys.iter().cycle()).map(|(byte, key)| byte ^ key));
    out
}

#[derive(Default)]
struct Log(Vec<String>);

impl Log {
    fn note(&mut self, item: Item<'_>) {
        self.0.push(match item {
            Item::Message { bytes, cut } if bytes.len() < 40 => {
                format!("{}{}", String::from_utf8_lossy(bytes), if cut { "…" } else { "" })
            }
            Item::Message { bytes, cut } => format!("{} bytes, {cut}", bytes.len()),
            Item::Unread(why) => why.id().to_owned(),
        });
    }
}

/// Reads `parts` with a gap of 10 bytes before each but the first, in pieces of several sizes.
fn check(parts: &[Vec<u8>], expected: &[&str]) {
    for size in [1, 2, 7, 1400, usize::MAX] {
        let (mut reader, mut log) = (Reader::new(is_sip), Log::default());
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                reader.gap(10, &mut |item| log.note(item));
            }
            // The start of a frame or of HTTP is recognised if it comes in one piece.
            let (start, rest) = part.split_at(part.len().min(40));
            for piece in [start].into_iter().chain(rest.chunks(size)) {
                reader.push(piece, &mut |item| log.note(item));
            }
        }
        reader.end(&mut |item| log.note(item));
        assert_eq!(log.0, expected, "in pieces of {size}");
        assert_eq!(reader.held(), 0);
    }
}

const KEY: Option<[u8; 4]> = Some([1, 2, 3, 4]);

#[test]
fn messages_follow_an_upgrade_masked_or_not() {
    let texts =
        |start: &[u8], key| [start, &frame(0x81, key, b"SIP/2.0 200"), &frame(0x82, key, b"\r\n")].concat();
    check(&[texts(GET, KEY)], &["SIP/2.0 200", "\r\n"]);
    check(&[texts(OPEN, None)], &["SIP/2.0 200", "\r\n"]);
    let other = [OPEN, &frame(0x81, None, b"{\"json\": 1}"), &frame(0x81, None, b"SIP/2.0 ?")].concat();
    check(&[other], &["SIP/2.0 ?"]);
    let json = [b'j'; 100];
    check(&[[OPEN, &frame(0x81, KEY, &json), &frame(0x81, KEY, b"SIP/2.0 1")].concat()], &["SIP/2.0 1"]);
    check(&[[OPEN, &frame(0x81, None, &json), &[0xff; 9]].concat()], &[]);
    let long = frame(0x81, KEY, &[b'x'; 70_000]);
    check(&[[GET, &long, &frame(0x81, KEY, b"ok")].concat()], &["70000 bytes, false", "ok"]);
}

#[test]
fn frames_are_joined_and_control_frames_may_come_between() {
    let frames = [
        GET,
        &frame(0x01, KEY, b"SIP/"),
        &frame(0x89, KEY, b"ping"),
        &frame(0x00, KEY, b"2.0 "),
        &frame(0x80, KEY, b"180"),
        &frame(0x8a, None, b""),
        &frame(0x81, KEY, b"next"),
        &frame(0x88, KEY, &[3, 232]),
        b"whatever comes after close",
    ];
    check(&[frames.concat()], &["SIP/2.0 180", "next"]);
}

#[test]
fn without_the_upgrade_a_frame_is_known_by_its_message() {
    let sip = frame(0x81, KEY, b"SIP/2.0 200 OK, and no more");
    let next = [&frame(0x81, KEY, b"any")[..], &sip].concat();
    let both = [sip, next].concat();
    check(&[both], &["SIP/2.0 200 OK, and no more", "any", "SIP/2.0 200 OK, and no more"]);
    check(&[frame(0x81, KEY, b"GET / HTTP/1.1")], &[]);
    check(&[b"\x81\x0bSIP/2.0 100".to_vec()], &["SIP/2.0 100"]);
    assert!(begins(b"\x81\x0bSIP/2.0", is_sip) && begins(b"GET /", is_sip));
    assert!(!begins(b"\x8b\x0bSIP/2.0", is_sip) && !begins(b"SIP/2.0 200", is_sip) && !begins(b"", is_sip));
}

#[test]
fn gaps_cut_messages() {
    let half = frame(0x81, KEY, b"SIP/2.0 200 OK and then")[..20].to_vec();
    let rest = [&b"xyz"[..], &frame(0x81, KEY, b"next")].concat();
    // 9 of 23 payload bytes are missing at the end: the gap of 10 takes one of the next frame.
    check(
        &[[GET, &half].concat(), frame(0x81, KEY, b"SIP/2.0 486")],
        &["SIP/2.0 200 OK…", "resync", "SIP/2.0 486"],
    );
    let half = frame(0x81, KEY, b"SIP/2.0 200 OK and then xyz")[..20].to_vec();
    check(&[[GET, &half].concat(), rest], &["SIP/2.0 200 OK…", "next"]);
    let half = [GET, &frame(0x01, KEY, b"SIP/2.0 2")].concat();
    check(std::slice::from_ref(&half), &["SIP/2.0 2…"]);
    check(&[[&half[..], &frame(0x81, KEY, b"new")].concat()], &["SIP/2.0 2…", "new"]);
    check(&[[GET, &frame(0x80, KEY, b"tail"), &frame(0x81, KEY, b"new")].concat()], &["resync", "new"]);
}

#[test]
fn damage_is_told_once_and_reading_goes_on_where_a_frame_stands() {
    let damaged = [GET, &frame(0x81, KEY, b"one"), &[0xff; 60]].concat();
    check(&[damaged, frame(0x81, None, b"SIP/2.0 200")], &["one", "resync", "SIP/2.0 200"]);
    check(&[[GET, &vec![b'x'; 2 * MAX_HEAD]].concat()], &["resync"]);
    check(&[[b"GET /", &vec![b'x'; 2 * MAX_HEAD][..]].concat()], &[]);
}

#[test]
fn compressed_messages_are_inflated_with_the_context_of_earlier_ones() {
    let texts: [&[u8]; 3] = [b"SIP/2.0 200 OK same same", b"SIP/2.0 200 OK same same", b"SIP/2.0 200 OK"];
    let [first, second, third] = series(&texts).try_into().unwrap();
    let frames = |messages: &[&[u8]]| messages.iter().flat_map(|m| frame(0xc1, KEY, m)).collect::<Vec<_>>();
    let all = frames(&[&first, &second, &third]);
    let names = ["SIP/2.0 200 OK same same", "SIP/2.0 200 OK same same", "SIP/2.0 200 OK"];
    check(&[[GET, &all].concat()], &names);
    check(&[all], &names);
    let mid = [GET, &frames(&[&second, &first])].concat();
    check(&[mid], &["ws_compressed", names[0]]);
    let (a, b) = first.split_at(5);
    check(&[[GET, &frame(0x41, KEY, a), &frame(0x80, KEY, b)].concat()], &names[..1]);
}

#[test]
fn what_is_held_is_bounded() {
    let (mut reader, mut items) = (Reader::new(is_sip), 0);
    reader.push(GET, &mut |_| {});
    let part = frame(0x00, KEY, &[b'x'; 60_000]);
    let mut stream = frame(0x01, KEY, b"SIP/2.0 ");
    for _ in 0..100 {
        stream.extend(&part);
    }
    for piece in stream.chunks(1000) {
        reader.push(piece, &mut |_| items += 1);
        assert!(reader.held() <= MAX_MESSAGE + 1000);
    }
    let mut last = Log::default();
    reader.push(&frame(0x80, KEY, b"end"), &mut |item| last.note(item));
    assert_eq!((items, last.0, reader.held()), (0, vec!["too_long".to_owned()], 0));
}

proptest! {
    /// After an upgrade any bytes, frames or not, read the same whatever pieces they come in.
    #[test]
    fn pieces_do_not_matter_and_nothing_panics(
        parts in prop::collection::vec((any::<u8>(), any::<bool>(), prop::collection::vec(any::<u8>(), 0..200)), 0..8),
        size in 1usize..50,
    ) {
        let frames = parts.iter().flat_map(|(first, mask, payload)| frame(*first, KEY.filter(|_| *mask), payload));
        let stream: Vec<u8> = frames.collect();
        let read = |size: usize| {
            let (mut reader, mut log) = (Reader::new(|_| false), Log::default());
            for piece in [GET].into_iter().chain(stream.chunks(size)) {
                reader.push(piece, &mut |item| log.note(item));
            }
            reader.gap(size as u64, &mut |_| {});
            reader.end(&mut |_| {});
            log.0
        };
        prop_assert_eq!(read(size), read(usize::MAX));
    }
}
