//! Streams, event by event, and what a framer says of them.

use proptest::prelude::*;

use super::*;
use crate::sip::Start;

/// What happens to a stream.
#[derive(Clone, Debug)]
enum Event {
    Bytes(Vec<u8>),
    Gap(u64),
    End,
}

fn bytes(s: impl AsRef<[u8]>) -> Event {
    Event::Bytes(s.as_ref().to_vec())
}

/// What a framer says, one word an item: `INVITE#call-id`, `200#call-id`, `cut`, flags after `!`.
fn words(events: &[Event]) -> Vec<String> {
    let mut said = Vec::new();
    let mut framer = Framer::default();
    for event in events {
        let mut sink = |item: Framed<'_>| said.push(word(&item));
        match event {
            Event::Bytes(b) => framer.bytes(b, &mut sink),
            Event::Gap(n) => framer.gap(*n, &mut sink),
            Event::End => framer.end(&mut sink),
        }
        assert!(framer.held() <= 2 * (MAX_HEAD + 1));
    }
    said
}

fn word(item: &Framed<'_>) -> String {
    match item {
        Framed::Message(m) => message_word(m),
        Framed::Truncated(m) => format!("cut {}", message_word(m)),
        Framed::Rejected(why) => format!("{why:?}"),
        Framed::Keepalive => "keepalive".to_owned(),
        Framed::Resync { skipped } => format!("skipped {skipped}"),
    }
}

fn message_word(m: &Message<'_>) -> String {
    let start = match m.start {
        Start::Request { method, .. } => String::from_utf8_lossy(method.as_bytes()).into_owned(),
        Start::Response { status, .. } => status.get().to_string(),
    };
    let call_id = String::from_utf8_lossy(m.call_id.unwrap_or(b"?"));
    let flags: String = m.oddities.iter().map(|o| format!(" !{o:?}")).collect();
    format!("{start}#{call_id}{flags}")
}

fn check(events: &[Event], expected: &[&str]) {
    assert_eq!(words(events), expected, "{events:?}");
}

/// A message with all that a search wants to see.
fn sip(start: &str, call_id: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{start}\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nCSeq: 1 BYE\r\nCall-ID: {call_id}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

fn bye(call_id: &str) -> String {
    sip("BYE sip:a@h SIP/2.0", call_id, "")
}

fn ok(call_id: &str, body: &str) -> String {
    sip("SIP/2.0 200 OK", call_id, body)
}

#[test]
fn several_messages_in_one_segment_and_one_over_many() {
    let all = format!("{}{}\r\n\r\n{}", bye("a"), ok("b", "v=0\r\n"), bye("c"));
    check(&[bytes(&all)], &["BYE#a", "200#b", "BYE#c"]);
    for n in 0..=all.len() {
        let (one, two) = all.as_bytes().split_at(n);
        let mut said = words(&[bytes(one), bytes(two)]);
        said.retain(|w| w != "keepalive");
        assert_eq!(said, ["BYE#a", "200#b", "BYE#c"], "cut at {n}");
    }
}

#[test]
fn a_message_is_reported_with_its_last_byte() {
    let (head, tail) = (ok("a", "v=0"), ok("b", "v=0"));
    let (most, last) = head.split_at(head.len() - 1);
    check(&[bytes(most)], &[]);
    check(&[bytes(most), bytes(last)], &["200#a"]);
    check(&[bytes(most), bytes(last.to_owned() + &tail)], &["200#a", "200#b"]);
}

#[test]
fn a_body_is_given_if_it_came_with_its_head() {
    let mut bodies = Vec::new();
    let mut framer = Framer::default();
    let all = ok("a", "v=0");
    let mut sink = |item: Framed<'_>| match item {
        Framed::Message(m) => bodies.push((m.body.to_vec(), m.content_length)),
        other => panic!("{other:?}"),
    };
    framer.bytes(all.as_bytes(), &mut sink);
    framer.bytes(&all.as_bytes()[..all.len() - 1], &mut sink);
    framer.bytes(b"0", &mut sink);
    assert_eq!(bodies, [(b"v=0".to_vec(), Some(3)), (vec![], Some(3))]);
    assert_eq!(framer.held(), 0);
}

#[test]
fn line_ends_between_messages_are_ignored_and_alone_they_are_keepalives() {
    check(&[bytes("\r\n\r\n"), bytes(bye("a")), bytes("\r\n")], &["keepalive", "BYE#a", "keepalive"]);
    check(&[bytes(format!("\r\n\r\n{}\n\n{}", bye("a"), bye("b")))], &["BYE#a", "BYE#b"]);
}

#[test]
fn content_length_decides_where_the_next_message_is() {
    let with = |length: &str| bye("a").replace("Content-Length: 0\r\n", length);
    let (b, c) = (bye("b"), bye("c"));
    for (length, between, expected) in [
        ("", "", &["BYE#a !NoContentLength", "BYE#b", "BYE#c"][..]),
        ("", "body\r\n", &["BYE#a !NoContentLength", "skipped 6", "BYE#b", "BYE#c"]),
        ("l: -1\r\n", "", &["BYE#a !BadContentLength", "BYE#b", "BYE#c"]),
        ("l: 1\r\nl: 2\r\n", "x\r\n", &["BYE#a !BadContentLength", "skipped 3", "BYE#b", "BYE#c"]),
        ("l: 16777217\r\n", "", &["BYE#a !BadContentLength", "BYE#b", "BYE#c"]),
        // Too small, too large.
        ("l: 2\r\n", "abcd\r\n", &["BYE#a", "skipped 4", "BYE#b", "BYE#c"]),
        ("l: 9\r\n", "", &["BYE#a", &format!("skipped {}", b.len() - 9), "BYE#c"]),
    ] {
        check(&[bytes(format!("{}{between}{b}{c}", with(length)))], expected);
    }
}

#[test]
fn a_rejected_message_is_dropped_whole() {
    for (start, why) in
        [("SIP/2.0 999 No", "BadStatus"), ("BYE a SIP/7.0", "BadVersion"), ("SIP/2.0", "BadStatus")]
    {
        let all = format!("{}{}", sip(start, "a", &ok("quoted", "")), bye("b"));
        check(&[bytes(&all)], &[why, "BYE#b"]);
        for n in 1..all.len() {
            check(&[bytes(&all[..n]), bytes(&all[n..]), Event::End], &[why, "BYE#b"]);
        }
    }
    // Without a length there is nothing to drop it by.
    check(
        &[bytes("SIP/2.0 999 No\r\nA: b\r\n\r\nbody\r\n"), bytes(bye("b"))],
        &["BadStatus", "skipped 6", "BYE#b"],
    );
}

#[test]
fn a_gap_or_the_end_within_a_head_truncates_it() {
    let a = bye("a");
    let call_id = a.find("Call-ID").unwrap();
    let b = bye("b");
    check(&[bytes(&a[..call_id + 9]), Event::Gap(9), bytes(&b)], &["cut BYE#? !Truncated", "BYE#b"]);
    check(&[bytes(&a[..call_id + 14]), Event::End], &["cut BYE#a !Truncated"]);
    check(&[bytes("BYE sip:a@h SIP/2."), Event::Gap(9), bytes(&b)], &["skipped 18", "BYE#b"]);
    check(&[bytes("BYE sip:a@h SIP/2.0\r"), Event::End], &["cut BYE#? !Truncated"]);
    // The LF of the empty line is all that is missing.
    check(&[bytes(a.strip_suffix('\n').unwrap()), Event::End], &["BYE#a"]);
    check(&[bytes(a.strip_suffix('\n').unwrap()), Event::Gap(1), bytes(&b)], &["BYE#a", "BYE#b"]);
}

#[test]
fn a_gap_within_a_body_does_no_harm() {
    let (a, b) = (ok("a", "0123456789"), bye("b"));
    let head = a.len() - 10;
    check(&[bytes(&a[..head]), Event::Gap(4), bytes(&a[head + 4..]), bytes(&b)], &["200#a", "BYE#b"]);
    check(&[bytes(&a[..head + 4]), Event::Gap(6), bytes(&b)], &["200#a", "BYE#b"]);
    check(
        &[bytes(&a[..head + 4]), Event::Gap(99), bytes("tail\r\n"), bytes(&b)],
        &["200#a", "skipped 6", "BYE#b"],
    );
    check(&[bytes(&a[..head + 4]), Event::End], &["200#a !ShortBody"]);
    check(&[bytes(&a), Event::Gap(0), bytes(&b)], &["200#a", "BYE#b"]);
}

#[test]
fn a_stream_picked_up_in_the_middle_finds_its_step() {
    let (a, b) = (bye("a"), bye("b"));
    check(&[bytes(&a)], &["BYE#a"]);
    for n in 1..a.len() {
        let said = words(&[bytes(&a[n..]), bytes(&b)]);
        assert_eq!(said.last().unwrap(), "BYE#b", "picked up at {n}");
    }
    // A quoted start line is overtaken by the real one, or has no transaction to show.
    let frag = "SIP/2.0 200 Quoted\r\n";
    let headers = "SIP/2.0 200 Quoted\r\nCSeq: 1 BYE\r\nCall-ID: q\r\n\r\n";
    check(&[bytes(format!("x\r\n{frag}{b}"))], &["skipped 23", "BYE#b"]);
    check(&[bytes(format!("x\r\n{headers}{b}"))], &["skipped 50", "BYE#b"]);
    check(&[Event::Gap(1), bytes(&b)], &["BYE#b"]);
    check(&[Event::Gap(1), bytes(&b[..b.len() - 2]), Event::End], &["cut BYE#b !Truncated"]);
    check(&[Event::Gap(1), bytes(&b[..b.len() - 24]), Event::End], &[]);
}

#[test]
fn streams_of_something_else_cost_no_memory_and_say_nothing() {
    let binary: Vec<u8> = (0..1_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let http = "GET / HTTP/1.1\r\nHost: h\r\n\r\n".repeat(1000) + "INVITE";
    for (stream, most) in [
        (&b"\x16\x03\x01\x02\x00\x01"[..], 0),
        (b"SSH-2.0-OpenSSH\r\n", 0),
        (&binary, MAX_START_LINE),
        (&[b'A'; 1 << 20], 0),
        (&[&b"POST "[..], &[b'A'; 1 << 20]].concat(), 0),
        (&[&b"SIP/3.0 "[..], &[b'A'; 1 << 20]].concat(), 0),
        (http.as_bytes(), 2 * MAX_START_LINE),
    ] {
        let mut framer = Framer::default();
        for segment in stream.chunks(1460) {
            framer.bytes(segment, &mut |item| panic!("{item:?}"));
            assert!(framer.held() <= 2 * MAX_START_LINE);
        }
        assert_eq!(framer.is_sip(), Some(false), "{}", stream[..stream.len().min(20)].escape_ascii());
        assert!(framer.held() <= most);
        framer.end(&mut |item| panic!("{item:?}"));
        assert_eq!(framer.is_sip(), Some(false));
    }
}

#[test]
fn whether_it_is_sip_shows_with_the_first_line() {
    let mut framer = Framer::default();
    for (piece, expected) in [
        ("", None),
        ("\r\n", None),
        ("BYE sip:a@h SIP", None),
        ("/2.0\r\n", Some(true)),
        ("\r\n\x16", Some(true)),
    ] {
        framer.bytes(piece.as_bytes(), &mut |_| {});
        assert_eq!(framer.is_sip(), expected, "{piece:?}");
    }
}

#[test]
fn a_head_without_end_is_read_up_to_the_bound() {
    let a = bye("a");
    let (start, rest) = a.split_once("\r\n").unwrap();
    let all = format!("{start}\r\n{}{}{}", &rest[..rest.len() - 2], "X: y\r\n".repeat(20_000), bye("b"));
    let after = all.len() - bye("b").len() - (MAX_HEAD + 1);
    let expected =
        ["cut BYE#a !TooManyHeaders !TooLong".to_owned(), format!("skipped {after}"), "BYE#b".to_owned()];
    assert_eq!(words(&[bytes(&all)]), expected);
    for size in [1, 7, 1460] {
        let segments: Vec<_> = all.as_bytes().chunks(size).map(bytes).collect();
        assert_eq!(words(&segments), expected, "segments of {size}");
    }
}

#[test]
fn a_start_line_above_the_bound_is_none() {
    let all = format!("BYE sip:{}@h SIP/2.0\r\n\r\n{}", "a".repeat(MAX_START_LINE), bye("b"));
    for size in [all.len(), 1000, 1] {
        let segments: Vec<_> = all.as_bytes().chunks(size).map(bytes).collect();
        assert_eq!(words(&segments).last().unwrap(), "BYE#b");
    }
}

/// Pieces of streams, whole messages and damage.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let text = |s: &str| s.as_bytes().to_vec();
    prop_oneof![
        4 => "[a-c]".prop_map(|id| bye(&id).into_bytes()),
        4 => ("[a-c]", "[a\r\n]{0,9}").prop_map(|(id, body)| ok(&id, &body).into_bytes()),
        1 => "[a-c]".prop_map(|id| ok(&id, &bye("q")).into_bytes()),
        1 => "[a-c]".prop_map(|id| bye(&id).replace("\r\n", "\n").into_bytes()),
        1 => "[a-c]".prop_map(|id| bye(&id).replace("\r\n", "\r").into_bytes()),
        1 => "[a-c]".prop_map(|id| bye(&id).replace("Content-Length: 0\r\n", "").into_bytes()),
        1 => Just(sip("SIP/2.0 999 No", "n", "body").into_bytes()),
        6 => prop::sample::select(vec![
            "\r\n", "\r", "\n", "\r\n\r\n", "A: b\r\n", "BYE", " ", "x", "SIP/2.0 200 Q\r\n", "\rSIP/2.0 200\r",
            "BYE sip:h SIP/2.0\n", " SIP/2.0", "SIP/3.0 1\n", "v: SIP/2.0/UDP h\n", "i: d\ncseq: 1 BYE\n", "l: 3\n", "SIP/2.0 0",
        ])
        .prop_map(text),
        1 => ("[a-c]", 0_usize..120).prop_map(|(id, n)| {
            let all = bye(&id).into_bytes();
            all[..n.min(all.len())].to_vec()
        }),
    ]
}

proptest! {
    /// However a stream is cut into segments, the same messages, skips and rejections come out.
    #[test]
    fn segments_do_not_matter(pieces in prop::collection::vec(piece(), 0..12), cuts in prop::collection::vec(1_usize..200, 0..20)) {
        let all = pieces.concat();
        let mut segments = Vec::new();
        let mut rest = &all[..];
        for cut in cuts {
            let (one, two) = rest.split_at(cut.min(rest.len()));
            segments.push(bytes(one));
            rest = two;
        }
        segments.extend([bytes(rest), Event::End]);
        let [whole, cut, single] = [
            vec![bytes(&all), Event::End],
            segments,
            all.chunks(1).map(bytes).chain([Event::End]).collect(),
        ]
        .map(|events| {
            let mut said = words(&events);
            said.retain(|w| w != "keepalive");
            said
        });
        prop_assert_eq!(&cut, &whole);
        prop_assert_eq!(&single, &whole);
    }

    /// Nothing panics, and little is held, whatever comes.
    #[test]
    fn anything_is_survived(events in prop::collection::vec(
        prop_oneof![piece().prop_map(Event::Bytes), any::<Vec<u8>>().prop_map(Event::Bytes), (0..99_u64).prop_map(Event::Gap), Just(Event::End)],
        0..20,
    )) {
        words(&events);
    }
}
