//! Whatever is cut off a message, what is left of it is not another message: each field of the
//! rest is the whole message's, or absent.

use proptest::prelude::*;

use super::*;

/// A message whose values fold, list, quote and nest.
const RICH: &str = "INVITE sip:a@h;x=y SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKabc,\r\n \
    SIP/2.0/TCP g:5060 ;branch=z9hG4bKdef\r\nv: SIP/2.0/TLS\r\n f;branch=1\r\nMax-Forwards: 70\r\n\
    From: \"A \\\"<,;\" <sip:a;tag=no@h>;x=y;tag=from1\r\nt: <sip:b@h>\r\n ;tag=to22\r\nCall-ID: id\r\n \
    more\r\nCSeq: 0012\r\n INVITE\r\nContact: \"x, y\" <sip:c@h>;expires=60, <sip:d@h>\r\nRSeq: 123\r\n\
    Expires: 3600\r\nRetry-After: 18 (s)\r\nReason: SIP;cause=480;text=\"a,b\", Q.850;cause=19\r\n\
    Warning: 399 h \"a, b\"\r\nAuthorization: Digest realm=\"a\", nonce=\"b\"\r\n\
    Proxy-Authenticate: Digest realm=\"p\",\r\n stale=true\r\nUser-Agent: phone 1.2\r\n\
    Content-Type: application/sdp\r\nContent-Length: 12\r\n\r\nv=0\r\no=- 1 1\n";

fn is_part<T: PartialEq>(part: Option<T>, whole: Option<T>) -> bool {
    part.is_none() || part == whole
}

/// Whether each field of `part` is that of `whole`, or absent.
fn assert_part_of(part: &Message<'_>, whole: &Message<'_>) {
    match (part.start, whole.start) {
        (Start::Response { status, reason }, Start::Response { status: whole, reason: all }) => {
            assert_eq!(status, whole);
            assert!(reason.is_empty() || reason == all);
        }
        (part, whole) => assert_eq!(part, whole),
    }
    assert!(is_part(part.call_id, whole.call_id));
    assert!(is_part(part.cseq, whole.cseq));
    assert!(is_part(part.from, whole.from));
    assert!(is_part(part.to, whole.to));
    assert!(is_part(part.contact, whole.contact));
    assert!(is_part(part.rseq, whole.rseq));
    assert!(is_part(part.expires, whole.expires));
    assert!(is_part(part.retry_after, whole.retry_after));
    assert!(is_part(part.warning, whole.warning));
    assert!(is_part(part.content_type, whole.content_type));
    assert!(is_part(part.content_length, whole.content_length));
    assert!(whole.vias.starts_with(&part.vias) && part.via_count <= whole.via_count);
    assert!(whole.reasons.starts_with(&part.reasons));
    assert!(whole.credentials.starts_with(&part.credentials));
    assert!(whole.challenges.starts_with(&part.challenges));
    assert!(whole.head.starts_with(part.head) && whole.body.starts_with(part.body));
}

/// Whether a look at the beginning tells what the whole scan does.
fn assert_peek_agrees(part: &[u8]) {
    for cut in [true, false] {
        let expected = match scan_datagram(part, cut) {
            Scan::Message(Message { start, call_id, .. }) => Peek::Message { start, call_id },
            Scan::Rejected(why) => Peek::Rejected(why),
            Scan::Partial => Peek::Partial,
            Scan::NotSip => Peek::NotSip,
        };
        assert_eq!(peek_datagram(part, cut), expected, "{}", part.escape_ascii());
    }
}

/// Whether the message of a stream is the same when read again from its head alone.
fn assert_rereads(m: &Message<'_>, ended: bool) {
    let bytes = [m.head, if ended { b"\r\n" } else { b"" }].concat();
    let again = reread(&bytes, ended, m.oddities).unwrap();
    let without_body = Message { body: &[], ..m.clone() };
    assert_eq!(format!("{again:?}"), format!("{without_body:?}"));
}

fn check_all_prefixes(text: &str) {
    let whole = message(text.as_bytes());
    for n in 0..text.len() {
        let part = &text.as_bytes()[..n];
        if let Scan::Message(m) = scan_datagram(part, true) {
            assert_part_of(&m, &whole);
        }
        assert_peek_agrees(part);
        classify_other(part);
        let mut messages = 0;
        let mut framer = Framer::default();
        let mut sink = |item: Framed<'_>| {
            let ended = matches!(item, Framed::Message(_));
            if let Framed::Message(m) | Framed::Truncated(m) = item {
                messages += 1;
                assert_part_of(&m, &whole);
                assert_rereads(&m, ended);
            }
        };
        framer.bytes(part, &mut sink);
        framer.end(&mut sink);
        let first_line = text.find('\r').unwrap();
        assert_eq!(messages, usize::from(n > first_line), "{}", part.escape_ascii());
    }
}

#[test]
fn no_prefix_is_another_message() {
    check_all_prefixes(RICH);
    check_all_prefixes(&RICH.replace("INVITE sip:a@h;x=y SIP/2.0", "SIP/2.0 200 All is well"));
}

#[test]
fn no_tail_and_no_hole_panics() {
    for n in 0..RICH.len() {
        scan_datagram(&RICH.as_bytes()[n..], true);
        let mut hole = RICH.as_bytes().to_vec();
        hole.remove(n);
        scan_datagram(&hole, false);
    }
}

proptest! {
    /// Bytes changed at random are read without panic, and their prefixes are parts of them.
    #[test]
    fn damage_is_survived(changes in prop::collection::vec((0..RICH.len(), prop::sample::select(b"\r\n \t\"<>,;:=\\\0a\xff".to_vec())), 0..6), n in 0..RICH.len()) {
        let mut text = RICH.as_bytes().to_vec();
        for (at, b) in changes {
            text[at] = b;
        }
        let whole = scan_datagram(&text, false);
        let part = scan_datagram(&text[..n], true);
        match (&part, &whole) {
            (Scan::Message(part), Scan::Message(whole)) => assert_part_of(part, whole),
            (Scan::Message(part), whole) => prop_assert!(false, "{part:?} of {whole:?}"),
            _ => {}
        }
        if matches!(whole, Scan::Message(_)) {
            prop_assert!(looks_like_sip(&text));
        }
        if let Scan::Message(m) = whole {
            parse_values(&m);
        }
    }
}
