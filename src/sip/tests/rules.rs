//! What a scanner must make of header lines, line ends, lengths and leading bytes, and where it
//! stops.

use super::*;

/// A response with `headers`, which end their lines themselves.
fn with(headers: &str) -> String {
    format!("SIP/2.0 200 OK\r\n{headers}CSeq: 1 BYE\r\n\r\n")
}

fn flags(m: &Message<'_>) -> Vec<Oddity> {
    m.oddities.iter().collect()
}

#[test]
fn long_and_compact_names_fold_and_mix() {
    let text = "BYE sip:a@h SIP/2.0\r\nv: SIP/2.0/UDP h\r\n ;branch=1,\r\n\tSIP/2.0/TCP g;branch=2\r\n\
                VIA : SIP/2.0/UDP f\r\nf:\r\n <sip:a@h>;tag=x\r\nTo\t: <sip:b@h>\r\n ;tag=y\r\n\
                i: A\r\ncSEQ: 1\r\n BYE\r\nm: <sip:c@h>, <sip:d@h>\r\nc: application/sdp\r\nL: 3\r\n\r\nv=0";
    assert_eq!(
        summary(&scan_datagram(text.as_bytes(), false)),
        "BYE cseq=1 BYE id=A from=x to=y via=1*3 body=3"
    );
    let m = message(text.as_bytes());
    assert_eq!(m.contact, Some(&b"<sip:c@h>"[..]));
    assert_eq!(m.content_type, Some(&b"application/sdp"[..]));
    assert_eq!(m.vias.get(2), Some(&&b"SIP/2.0/UDP f"[..]));
}

#[test]
fn lines_end_by_crlf_or_lf_and_by_cr_with_a_flag() {
    let text = "SIP/2.0 200 OK\r\nCall-ID: a\r\n b\r\nCSeq: 1 BYE\r\n\r\nbody";
    let want = message(text.as_bytes());
    for (end, odd) in [("\r\n", &[][..]), ("\n", &[]), ("\r", &[Oddity::BareCr])] {
        let text = text.replace("\r\n", end);
        let m = message(text.as_bytes());
        assert_eq!((m.cseq, m.body, flags(&m)), (want.cseq, want.body, odd.to_vec()), "{end:?}");
        assert_eq!(m.call_id.unwrap(), format!("a{end} b").as_bytes());
    }
    // The first empty line ends the section, whichever way its neighbours end.
    for empty in ["\r\n\n", "\n\r\n", "\n\n"] {
        let text = format!("SIP/2.0 200 OK\r\nCSeq: 1 BYE{empty}Call-ID: no\r\n\r\n");
        assert_eq!(message(text.as_bytes()).call_id, None, "{empty:?}");
    }
    // A line of blanks is a fold.
    assert_eq!(
        message(b"SIP/2.0 200 OK\r\nA: b\r\n \r\ni: yes\r\ncseq: 1 BYE\r\n\r\n").call_id,
        Some(&b"yes"[..])
    );
}

#[test]
fn odd_headers_are_flagged_and_passed_over() {
    use Oddity::*;
    let cases: &[(&str, &[Oddity])] = &[
        ("", &[]),
        ("X-Unknown: ;;,,;\r\nY:\r\n", &[]),
        ("no colon\r\n", &[BadHeaderLine]),
        (": no name\r\n", &[BadHeaderLine]),
        (" fold of nothing\r\n", &[BadHeaderLine]),
        ("Call-ID: a\r\ni: b\r\n", &[DupHeader]),
        ("From: <sip:a@h>\r\nf: <sip:b@h>\r\n", &[DupHeader]),
        ("To: <sip:a@h>\r\nt: <sip:b@h>\r\n", &[DupHeader]),
        ("CSeq: 1 BYE\r\n", &[DupHeader]),
        ("Via: a\r\nVia: b\r\nContact: a\r\nContact: b\r\n", &[]),
        ("Content-Length: 0\r\nl: 00\r\n", &[]),
        ("Content-Length: 0\r\nl: 1\r\n", &[BadContentLength]),
        ("Content-Length: -999\r\n", &[BadContentLength]),
        ("Content-Length: x\r\n", &[BadContentLength]),
        ("Content-Length:\r\n", &[BadContentLength]),
        ("Content-Length: 99999999999999999999\r\n", &[BadContentLength]),
        ("Content-Length: 5\r\n", &[ShortBody]),
    ];
    for (headers, expected) in cases {
        let text = with(headers);
        assert_eq!(flags(&message(text.as_bytes())), *expected, "{headers}");
    }
}

#[test]
fn the_first_of_several_single_values_is_used() {
    let text = with(
        "i: 1\r\ni: 2\r\nf: <sip:a@h>;tag=1\r\nf: <sip:a@h>;tag=2\r\nt: a;tag=3\r\nt: a;tag=4\r\n\
                     CSeq: 9 INVITE\r\nm: <x>\r\nm: <y>\r\nExpires: 1\r\nExpires: 2\r\n",
    );
    assert_eq!(
        summary(&scan_datagram(text.as_bytes(), false)),
        "200 cseq=9 INVITE id=1 from=1 to=3 !DupHeader"
    );
    let m = message(text.as_bytes());
    assert_eq!((m.contact, m.expires), (Some(&b"<x>"[..]), Some(1)));
}

#[test]
fn cseq_and_method() {
    use Oddity::*;
    let cases: &[(&str, &str, &[Oddity])] = &[
        ("SIP/2.0 200 OK", "CSeq: 0009 INVITE\r\n", &[]),
        ("SIP/2.0 200 OK", "CSeq: 4294967296 INVITE\r\n", &[BadCseq]),
        ("SIP/2.0 200 OK", "CSeq: 1 NewMethod\r\n", &[]),
        ("SIP/2.0 200 OK", "CSeq: 1 invite\r\n", &[OddMethodCase]),
        ("SIP/2.0 200 OK", "A: b\r\n", &[BadCseq]),
        ("SIP/2.0 200 OK", "CSeq:\r\n", &[BadCseq]),
        ("SIP/2.0 200 OK", "CSeq: INVITE\r\n", &[BadCseq]),
        ("SIP/2.0 200 OK", "CSeq: 1INVITE\r\n", &[BadCseq]),
        ("SIP/2.0 200 OK", "CSeq: 5 ACK\r\n", &[ResponseToAck]),
        ("SIP/2.0 200 OK", "", &[BareStatusLine, BadCseq]),
        ("OPTIONS sip:h SIP/2.0", "CSeq: 1 INVITE\r\n", &[MethodMismatch]),
        ("ACK sip:h SIP/2.0", "CSeq: 1 ACK\r\n", &[]),
        ("invite sip:h SIP/2.0", "CSeq: 1 invite\r\n", &[OddMethodCase]),
        ("invite sip:h SIP/2.0", "CSeq: 1 INVITE\r\n", &[OddMethodCase, MethodMismatch]),
        ("BYE sip:h SIP/2.0", "A: b\r\n", &[BadCseq]),
    ];
    for (start, headers, expected) in cases {
        let text = format!("{start}\r\n{headers}\r\n");
        assert_eq!(flags(&message(text.as_bytes())), *expected, "{start} {headers}");
    }
}

#[test]
fn every_field_is_found() {
    let text = "SIP/2.0 183 Session Progress\r\nCSeq: 1 INVITE\r\nRSeq: 7\r\nExpires: 99999999999\r\n\
                Retry-After: 5 (x)\r\nReason: SIP;cause=480, Q.850;cause=19;text=\"a,b\"\r\nReason: x\r\n\
                Warning: 399 h \"a, b\", 370 h \"c\"\r\nWWW-Authenticate: Digest realm=\"a\", nonce=\"b\"\r\n\
                Proxy-Authenticate: Digest realm=\"p\"\r\nAuthorization: Digest realm=\"c\", qop=auth\r\n\
                Proxy-Authorization: Digest realm=\"d\"\r\nUser-Agent: phone\r\nServer: proxy\r\n\r\n";
    let m = message(text.as_bytes());
    let texts = |list: &[&'static [u8]]| list.to_vec();
    assert_eq!((m.rseq, m.expires, m.retry_after), (Some(7), Some(u32::MAX), Some(&b"5 (x)"[..])));
    assert_eq!(m.reasons.to_vec(), texts(&[b"SIP;cause=480", b"Q.850;cause=19;text=\"a,b\"", b"x"]));
    assert_eq!(m.warning, Some(&b"399 h \"a, b\""[..]));
    assert_eq!(m.challenges.to_vec(), texts(&[b"Digest realm=\"a\", nonce=\"b\"", b"Digest realm=\"p\""]));
    assert_eq!(m.credentials.to_vec(), texts(&[b"Digest realm=\"c\", qop=auth", b"Digest realm=\"d\""]));
    assert_eq!(m.agent, Some(&b"proxy"[..]));
    assert!(m.oddities.is_empty());
}

#[test]
fn the_agent_is_the_senders_own_header_if_there_is_one() {
    for (start, headers, expected) in [
        ("SIP/2.0 200 OK", "User-Agent: u\r\nServer: s\r\n", "s"),
        ("SIP/2.0 200 OK", "Server: s\r\nUser-Agent: u\r\n", "s"),
        ("SIP/2.0 200 OK", "User-Agent: u\r\n", "u"),
        ("BYE sip:h SIP/2.0", "Server: s\r\nUser-Agent: u\r\nUser-Agent: v\r\n", "u"),
        ("BYE sip:h SIP/2.0", "Server: s\r\n", "s"),
    ] {
        let text = format!("{start}\r\n{headers}\r\n");
        assert_eq!(message(text.as_bytes()).agent, Some(expected.as_bytes()), "{text}");
    }
}

#[test]
fn the_head_is_all_before_the_empty_line() {
    let m = message(b"\r\nSIP/2.0 200 OK\r\nCSeq: 1 BYE\r\n\r\nbody");
    assert_eq!(m.head, b"SIP/2.0 200 OK\r\nCSeq: 1 BYE\r\n");
}

#[test]
fn datagrams() {
    let m = "SIP/2.0 200 OK\r\nCSeq: 1 BYE\r\nContent-Length: 4\r\n\r\nbody";
    let cases: &[(&str, String, &str)] = &[
        ("whole", m.to_owned(), "200 cseq=1 BYE body=4"),
        ("noise after the body", format!("{m}{m}"), "200 cseq=1 BYE body=4"),
        ("no length", m.replace("Content-Length: 4\r\n", "") + "+", "200 cseq=1 BYE body=5"),
        ("body cut", m.replace("body", "bo"), "200 cseq=1 BYE body=2 !ShortBody"),
        ("leading line ends", format!("\r\n\n\0{m}"), "200 cseq=1 BYE body=4 !LeadingBytes"),
        ("64 leading bytes", format!("{}{m}", "\n".repeat(64)), "200 cseq=1 BYE body=4 !LeadingBytes"),
        ("65 leading bytes", format!("{}{m}", "\n".repeat(65)), "not SIP"),
        ("leading blank", format!(" {m}"), "not SIP"),
        ("no empty line", "SIP/2.0 200 OK\r\nCSeq: 1 BYE".to_owned(), "200 cseq=1 BYE !Truncated"),
        ("status line only", "SIP/2.0 200 OK".to_owned(), "200 !BareStatusLine !BadCseq"),
        ("status line and its end", "SIP/2.0 200 OK\r\n".to_owned(), "200 !BareStatusLine !BadCseq"),
        ("request line only", "BYE sip:h SIP/2.0\r\n".to_owned(), "BYE !BadCseq !Truncated"),
        ("code 999", m.replace("200", "999"), "BadStatus"),
        ("SIP/3.0", m.replace("2.0", "3.0"), "BadVersion"),
        ("start line above the bound", m.replace("OK", &"K".repeat(MAX_START_LINE)), "TooLong"),
        ("HTTP", m.replace("SIP/2.0", "HTTP/1.1"), "not SIP"),
        ("SSDP", "NOTIFY * HTTP/1.1\r\nHost: h\r\n\r\n".to_owned(), "not SIP"),
        ("nothing", String::new(), "not SIP"),
    ];
    for (name, text, expected) in cases {
        assert_eq!(summary(&scan_datagram(text.as_bytes(), false)), *expected, "{name}");
    }
}

#[test]
fn cut_datagrams() {
    for (text, expected) in [
        ("SIP/2.0 200 OK\r\nCSeq: 1 BYE\r\nCall-ID: ab", "200 cseq=1 BYE !Truncated"),
        // A fold may follow.
        ("SIP/2.0 200 OK\r\nCSeq: 1 BYE\r\nCall-ID: ab\r\n", "200 cseq=1 BYE !Truncated"),
        ("SIP/2.0 200 OK\r\nCSeq: 1 BYE\r\nCall-ID: ab\r\nX", "200 cseq=1 BYE id=ab !Truncated"),
        ("SIP/2.0 200 OK\r\nCSeq: 1 BYE\r\nCall-ID: ab\r\n\r", "200 cseq=1 BYE id=ab"),
        ("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=1, SIP/2.0/UDP g;bra", "200 via=1*1 !Truncated"),
        ("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=1", "200 !Truncated"),
        ("SIP/2.0 200 ", "200 !Truncated"),
        ("SIP/2.0 200", "partial"),
        ("SI", "not SIP"),
        ("INVITE sip:a@h SIP/2.0", "partial"),
        ("INVITE <tel:+1", "partial"),
        ("INVITE sip:a@h SIP/2.0\r", "INVITE !Truncated"),
        ("The sky is blue", "not SIP"),
        ("OPTIONS * RTSP/1.", "not SIP"),
    ] {
        assert_eq!(summary(&scan_datagram(text.as_bytes(), true)), expected, "{text}");
    }
    // The words of a reason are not halved either.
    let Scan::Message(m) = scan_datagram(b"SIP/2.0 200 All is w", true) else { panic!() };
    assert!(matches!(m.start, Start::Response { reason: b"", .. }));
}

#[test]
fn the_quick_test_takes_whatever_a_scan_may_take() {
    let m = "SIP/2.0 200 OK\r\n\r\n";
    let long = format!("{} sip:h SIP/2.0\r\n\r\n", "M".repeat(MAX_METHOD));
    for yes in
        [m, "sip/2.0 2", "\r\n\0\nSIP/2.0 200", "BYE sip:h SIP/2.0", "x-1 a", "GET / HTTP/1.1", "SI", &long]
    {
        assert!(looks_like_sip(yes.as_bytes()), "{yes}");
    }
    let too_long = format!("M{long}");
    let no = [
        &b""[..],
        b"\x80\x08\0\x01",
        b"\0\x01\0\0",
        b"\r\n\r\n",
        b" SIP/2.0 200",
        b"<34>x",
        b"IN/VITE sip:h",
        b"{}",
    ];
    for no in no.into_iter().chain([too_long.as_bytes()]) {
        assert!(!looks_like_sip(no), "{}", no.escape_ascii());
        assert!(matches!(scan_datagram(no, false), Scan::NotSip));
    }
}

#[test]
fn counts_and_lists_are_bounded() {
    let text = with(&format!("Via: {}\r\n", "SIP/2.0/UDP h,".repeat(40)));
    let m = message(text.as_bytes());
    assert_eq!((m.via_count, m.vias.len()), (40, MAX_LISTED_VIAS));
    let text = with(&"Via: SIP/2.0/UDP h\r\n".repeat(300));
    assert_eq!(message(text.as_bytes()).via_count, MAX_VIAS);
    let text = with(&format!("Reason: {}\r\n", "x,".repeat(40)));
    let m = message(text.as_bytes());
    assert_eq!((m.reasons.len(), flags(&m)), (MAX_LISTED_VALUES, vec![Oddity::TooManyHeaders]));
    // The line beyond the last that is read is passed over, the end is found all the same.
    let text = with(&"A: b\r\n".repeat(MAX_HEADERS - 1));
    assert_eq!(flags(&message(text.as_bytes())), []);
    let text = with(&"A: b\r\n".repeat(MAX_HEADERS)) + "body";
    assert_eq!(summary(&scan_datagram(text.as_bytes(), false)), "200 body=4 !BadCseq !TooManyHeaders");
    let text = with(&format!("i: a\r\nX: {}\r\n", "y".repeat(MAX_HEAD)));
    assert_eq!(summary(&scan_datagram(text.as_bytes(), false)), "200 id=a !TooLong");
}

#[test]
fn hostile_heads_are_read_in_linear_time() {
    // Quadratic work on any of these would take minutes.
    for (before, piece) in [
        ("X:", "\r\n "),
        ("Via: ", ","),
        ("Via: ", "\","),
        ("Via: ", "\\\""),
        ("Via: ", "<,"),
        ("From: ", "\\\""),
        ("From: ", ";"),
        ("From: \"", "\\\""),
        ("From: <sip:a@h>", ";\""),
        ("From: <sip:a@h>", ";\\\""),
        ("To: ", "\"\\\""),
        ("Reason: ", "\"\",;"),
        ("", "\r"),
        ("", "a"),
        ("", "a:"),
        ("CSeq: ", "0"),
        ("Content-Length: ", "9"),
        ("WWW-Authenticate: Digest ", "a=\"b\","),
        ("Contact: ", "\" <"),
    ] {
        let text = with(&format!("{before}{}\r\n", piece.repeat((MAX_HEAD - 100) / piece.len())));
        for _ in 0..20 {
            parse_values(&message(text.as_bytes()));
        }
    }
}
