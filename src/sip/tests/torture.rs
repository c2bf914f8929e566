//! The messages of RFC 4475 that matter for framing, counting and keys, in words of our own; named
//! as there.

use super::*;

/// A message of `start`, the usual headers with those of `changed` in place of their namesakes,
/// and a body. A header without value is left out.
fn build(start: &str, changed: &[&str], body: &str) -> String {
    let usual = [
        "Via: SIP/2.0/UDP h;branch=z9hG4bKt",
        "To: <sip:callee@example.net>",
        "From: <sip:caller@example.net>;tag=f1",
        "Call-ID: c1",
        "CSeq: 8 INVITE",
    ];
    let name = |header: &str| header.split(':').next().unwrap_or_default().to_owned();
    let kept = usual.iter().filter(|u| !changed.iter().any(|c| name(c) == name(u)));
    let given = changed.iter().filter(|c| !c.ends_with(':'));
    let lines: String = kept.chain(given).map(|line| format!("{line}\r\n")).collect();
    format!("{start}\r\n{lines}\r\n{body}")
}

#[test]
fn responses() {
    let cases: &[(&str, String, &str)] = &[
        (
            "unreason",
            build(
                "SIP/2.0 200 = 2**3 * 5**2 \u{434}\u{432}\u{435}\u{441}\u{442}\u{438}",
                &["To: <sip:b@h>;tag=t1"],
                "",
            ),
            "200 cseq=8 INVITE id=c1 from=f1 to=t1 via=z9hG4bKt*1",
        ),
        ("noreason", build("SIP/2.0 100 ", &[], ""), "100 cseq=8 INVITE id=c1 from=f1 via=z9hG4bKt*1"),
        (
            "scalarlg",
            build(
                "SIP/2.0 503 Service Unavailable",
                &["CSeq: 9292394834772304023312 OPTIONS", "Retry-After: 949302838503028349304023988"],
                "",
            ),
            "503 cseq=9292394834772304023312 OPTIONS id=c1 from=f1 via=z9hG4bKt*1 !BadCseq",
        ),
        ("bigcode", build("SIP/2.0 4294967301 better not break the receiver", &[], ""), "BadStatus"),
        (
            "bcast",
            build(
                "SIP/2.0 200 OK",
                &[
                    "Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bKa",
                    "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bKb",
                ],
                "",
            ),
            "200 cseq=8 INVITE id=c1 from=f1 via=z9hG4bKa*2",
        ),
    ];
    for (name, text, expected) in cases {
        assert_eq!(summary(&scan_datagram(text.as_bytes(), false)), *expected, "{name}");
    }
}

#[test]
fn requests() {
    const INVITE: &str = "INVITE sip:callee@example.net SIP/2.0";
    const USUAL: &str = "cseq=8 INVITE id=c1 from=f1 via=z9hG4bKt*1";
    let usual = |flags: &str| format!("INVITE {USUAL}{flags}");
    let strange = "!odd-Method0123456789_*+`.%really'~";
    let request = |method: &str, changed: &[&str]| {
        let cseq = format!("CSeq: 8 {method}");
        let changed: Vec<&str> = changed.iter().copied().chain([cseq.as_str()]).collect();
        build(&format!("{method} sip:callee@example.net SIP/2.0"), &changed, "")
    };
    let of = |method: &str| format!("{method} cseq=8 {method} id=c1 from=f1 via=z9hG4bKt*1");
    let twice = request("REGISTER", &["Content-Length: 0"]);
    let cases: &[(&str, String, String)] = &[
        (
            "wsinv",
            "INVITE sip:b@example.net;unknown SIP/2.0\r\nTO :\r\n sip:b@example.net ;   tag    = 19\r\n\
             from   : \"J \\\\\\\"\"   <sip:a@example.net>\r\n  ;\r\n  tag = 98\r\nMaX-fOrWaRdS: 0068\r\n\
             Call-ID: ws\r\nContent-Length   : 3\r\ncseq: 0009\r\n  INVITE\r\nVia  : SIP  /   2.0\r\n /UDP\r\n    \
             192.0.2.2;branch=390\r\ns :\r\nNew:   value\r\n continued\r\nOdd: ;;,,;;,;\r\n\
             v:  SIP  / 2.0  / TCP     h.example.net   ;\r\n  branch  =   z9hG4bK9  ,\r\n SIP  /    2.0   / UDP  \
             192.168.255.111   ; branch=\r\n z9hG4bK3\r\nm:\"Quoted \\\"\\\"\" <sip:a@example.net> ; new =\r\n      \
             value ;\r\n  second ; q = 0.33\r\n\r\nv=0"
                .to_owned(),
            "INVITE cseq=9 INVITE id=ws from=98 to=19 via=390*3 body=3".to_owned(),
        ),
        ("intmeth", request(strange, &[]), of(strange)),
        ("esc02", request("RE%47IST%45R", &[]), of("RE%47IST%45R")),
        (
            "longreq",
            build(
                &format!("INVITE sip:{}@example.net SIP/2.0", "long".repeat(500)),
                &[&format!("Via: {}", ["SIP/2.0/TCP h"; 34].join(", ")), &format!("F: <sip:a@h>;tag={}", "1".repeat(200)), "From:"],
                "",
            ),
            format!("INVITE cseq=8 INVITE id=c1 from={} via=-*34", "1".repeat(200)),
        ),
        ("dblreq", format!("{twice}{twice}"), of("REGISTER")),
        ("clerr", build(INVITE, &["Content-Length: 9999"], "v=0"), usual(" body=3 !ShortBody")),
        ("ncl", build(INVITE, &["Content-Length: -999"], "v=0"), usual(" body=3 !BadContentLength")),
        ("mcl01", build(INVITE, &["Content-Length: 13", "Content-Length: 5"], "v=0"), usual(" body=3 !BadContentLength")),
        (
            "scalar02",
            build("REGISTER sip:h SIP/2.0", &["CSeq: 36893488147419103232 REGISTER", "Expires: 10000000000000000"], ""),
            "REGISTER cseq=36893488147419103232 REGISTER id=c1 from=f1 via=z9hG4bKt*1 !BadCseq".to_owned(),
        ),
        ("lwsstart", build("INVITE  sip:callee@example.net  SIP/2.0", &[], ""), usual(" !LenientLine")),
        ("trws", build("INVITE sip:callee@example.net SIP/2.0  ", &[], ""), usual(" !LenientLine")),
        ("ltgtruri", build("INVITE <sip:callee@example.net> SIP/2.0", &[], ""), usual(" !LenientLine")),
        ("lwsruri", build("INVITE sip:callee@example.net; lr SIP/2.0", &[], ""), usual(" !LenientLine")),
        ("badvers", build("INVITE sip:callee@example.net SIP/7.0", &[], ""), "BadVersion".to_owned()),
        ("mismatch01", build("OPTIONS sip:h SIP/2.0", &[], ""), format!("OPTIONS {USUAL} !MethodMismatch")),
        ("mismatch02", build("NEWMETHOD sip:h SIP/2.0", &[], ""), format!("NEWMETHOD {USUAL} !MethodMismatch")),
        (
            "badbranch",
            build(INVITE, &["Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK"], ""),
            "INVITE cseq=8 INVITE id=c1 from=f1 via=z9hG4bK*1".to_owned(),
        ),
        (
            "multi01",
            build(INVITE, &["CSeq: 5 INVITE", "Call-ID: c1", "CSeq: 59 INVITE", "Call-ID: c2"], ""),
            "INVITE cseq=5 INVITE id=c1 from=f1 via=z9hG4bKt*1 !DupHeader".to_owned(),
        ),
        (
            "insuf",
            build(INVITE, &["Call-ID:", "From:", "To:"], ""),
            "INVITE cseq=8 INVITE via=z9hG4bKt*1".to_owned(),
        ),
        (
            "inv2543",
            build(INVITE, &["Via: SIP/2.0/UDP gw.example.net", "From: <sip:+1-555@gw;user=phone>"], "v=0"),
            "INVITE cseq=8 INVITE id=c1 via=-*1 body=3".to_owned(),
        ),
        ("zeromf", request("OPTIONS", &["Max-Forwards: 0"]), of("OPTIONS")),
        (
            "mpart01",
            request("MESSAGE", &["Content-Type: multipart/mixed;boundary=x", "Content-Length: 13"]) + "--x\r\n\0\r\n\r\nSIP/",
            format!("{} body=13", of("MESSAGE")),
        ),
        ("quotbal", build(INVITE, &["To: \"Mr. J. User <sip:j.user@example.net>"], ""), usual("")),
        ("badaspec", build(INVITE, &["To: \"W\" < sip:w@example.net >"], ""), usual("")),
        ("baddn", build(INVITE, &["To: W, X. Y <sip:w@example.net>"], ""), usual("")),
        (
            "badinv01",
            build(INVITE, &["Via: SIP/2.0/UDP 192.0.2.15;;,;,,", "Contact: \"Joe\" <sip:joe@h>;;;;"], ""),
            "INVITE cseq=8 INVITE id=c1 from=f1 via=-*2".to_owned(),
        ),
    ];
    for (name, text, expected) in cases {
        assert_eq!(summary(&scan_datagram(text.as_bytes(), false)), *expected, "{name}");
    }
}

#[test]
fn names_addresses_and_branches_of_the_strange_ones() {
    let uri = |to: &str| NameAddr::parse(to.as_bytes()).uri.escape_ascii().to_string();
    assert_eq!(uri("\"Mr. J. User <sip:j.user@example.net>"), "sip:j.user@example.net");
    assert_eq!(uri("\"W\" < sip:w@example.net >"), "sip:w@example.net");
    assert_eq!(uri("W, X. Y <sip:w@example.net>"), "sip:w@example.net");
    assert!(!Via::parse(b"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK").unwrap().has_cookie());
    assert!(!Via::parse(b"SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw").unwrap().has_cookie());
}
