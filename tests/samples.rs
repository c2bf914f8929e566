//! The builder of captures says what it should, every built sample is what its script builds, and
//! a report about each sample says what is known about it.
//!
//! `SIPSTAT_BLESS=1` writes the built samples anew.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::expect::{report, unmet};
use crate::support::flow::{Format, Ladder, Link, Order, Wrapping};
use crate::support::trunk;

/// The messages of a script as text, in order.
fn messages(script: &str) -> Vec<String> {
    let ladder = Ladder::parse(script).unwrap();
    ladder.sent.iter().map(|s| String::from_utf8_lossy(&s.bytes).replace("\r\n", "\n")).collect()
}

const HOSTS: &str = "host a 10.0.0.1:5060\nhost p 10.0.0.2:5060\nhost b 10.0.0.3:5060\n";

#[test]
fn a_request_has_what_rfc_3261_8_1_1_asks_for() {
    let script = format!("{HOSTS}0 a > b INVITE 1 +Subject: hello");
    assert_eq!(
        messages(&script),
        ["INVITE sip:1002@10.0.0.3:5060 SIP/2.0\n\
          Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-c1-1-INVITE-a-b\n\
          Max-Forwards: 70\n\
          From: <sip:1001@example.com>;tag=f-c1\n\
          To: <sip:1002@example.com>\n\
          Call-ID: c1@example.com\n\
          CSeq: 1 INVITE\n\
          Contact: <sip:1001@10.0.0.1:5060>\n\
          Subject: hello\n\
          Content-Length: 0\n\n"]
    );
}

/// The Via lines and the To line of the last message.
fn vias_and_to(lines: &str) -> Vec<String> {
    let all = messages(&format!("{HOSTS}{lines}"));
    let wanted = |l: &&str| l.starts_with("Via") || l.starts_with("To");
    all.last().unwrap().lines().filter(wanted).map(|l| l.replace("SIP/2.0/UDP 10.0.0.", "")).collect()
}

#[test]
fn vias_and_tags_follow_from_what_was_sent_before() {
    let (proxied, own) = ("Via: 2:5060;branch=z9hG4bK-x", "Via: 1:5060;branch=z9hG4bK-c1-1-INVITE-a-p");
    let to = |tag: &str| format!("To: <sip:1002@example.com>{tag}");
    let there = "0 a > p INVITE 1\n0 p > b INVITE 1 fwd branch=x\n";
    let cases = [
        ("", vec![proxied.to_string(), own.into(), to("")]),
        ("0 b > p 180 INVITE 1\n", vec![proxied.into(), own.into(), to(";tag=t1")]),
        ("0 b > p 486 INVITE 1 ttag=q\n0 p > b ACK 1\n", vec![proxied.into(), to(";tag=q")]),
        ("0 p > b CANCEL 1\n", vec![proxied.into(), to("")]),
        ("0 p > a 100 INVITE 1\n", vec![own.into(), to("")]),
        (
            "0 p > a 200 INVITE 1 ttag=q\n0 a > p ACK 1\n",
            vec!["Via: 1:5060;branch=z9hG4bK-c1-1-ACK-a-p".into(), to(";tag=q")],
        ),
    ];
    for (then, expected) in cases {
        assert_eq!(vias_and_to(&format!("{there}{then}")), expected, "after {then:?}");
    }
}

#[test]
fn repeats_number_their_lines_and_shift_their_times() {
    let ladder = Ladder::parse(&format!(
        "{HOSTS}repeat 3 every 2.5\n  1 a > b OPTIONS {{2*n+1}} branch=b{{n}}\nend\n"
    ))
    .unwrap();
    let start = ladder.sent[0].time;
    let seen: Vec<_> = ladder.sent.iter().map(|s| (s.time - start) / 1_000_000).collect();
    assert_eq!(seen, [0, 2500, 5000]);
    assert!(String::from_utf8_lossy(&ladder.sent[2].bytes).contains("CSeq: 7 OPTIONS"));
}

#[test]
fn a_wrong_line_is_named() {
    for (line, error) in [
        ("0 a > z INVITE 1", "line 4: no host \"z\""),
        ("0 a > b INVITE 1 colour=red", "line 4: unknown option \"colour\""),
        ("repeat 2 every 1", "line 4: repeat without end"),
        ("banana", "line 4: unknown word \"banana\""),
    ] {
        assert_eq!(Ladder::parse(&format!("{HOSTS}{line}")).unwrap_err(), error);
    }
}

#[test]
fn a_frame_is_ethernet_ip_and_udp_with_right_checksums() {
    let ladder = Ladder::parse(&format!("{HOSTS}0 a > b hex 0d0a\n")).unwrap();
    let file = ladder.build();
    let hex: String = file[40..].iter().map(|b| format!("{b:02x}")).collect();
    let ip = "4500001e00010000401166cb0a0000010a000003";
    assert_eq!(hex, format!("02000a00000302000a0000010800{ip}13c413c4000ab7440d0a"));
}

#[test]
fn wrappings_change_the_file_and_not_the_messages() {
    let script = format!("{HOSTS}0 a > b INVITE 1 sdp\n1 b > a 200 INVITE 1 sdp\n");
    let ladder = Ladder::parse(&script).unwrap();
    let plain = ladder.build();
    let wrappings = [
        Wrapping { link: Some(Link::Sll2), ..Wrapping::default() },
        Wrapping { vlans: Some(vec![7]), ..Wrapping::default() },
        Wrapping { ipv6: true, ..Wrapping::default() },
        Wrapping { tcp: true, each: Some(10), ..Wrapping::default() },
        Wrapping { ipfrag: Some(64), order: Some(Order::Reversed), ..Wrapping::default() },
        Wrapping { format: Some(Format::Pcapng), ..Wrapping::default() },
        Wrapping { big_endian: Some(true), nanoseconds: Some(true), ..Wrapping::default() },
    ];
    for w in wrappings {
        assert_ne!(ladder.build_with(&w), plain, "{w:?}");
        assert_eq!(ladder.build_with(&w), ladder.build_with(&w), "{w:?}");
    }
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

/// Files of the folder whose names end so, sorted.
fn ending(endings: &[&str]) -> Vec<PathBuf> {
    let mut all: Vec<_> = fs::read_dir(samples()).unwrap().map(|e| e.unwrap().path()).collect();
    all.retain(|p| endings.iter().any(|e| p.to_string_lossy().ends_with(e)));
    all.sort();
    all
}

/// Every built sample: its path and its script.
fn built() -> Vec<(PathBuf, Ladder)> {
    let trunk = Ladder::parse(&trunk::script(20_260_303, 1_000)).unwrap();
    let mut all = vec![(samples().join("trunk-incident.pcapng.gz"), trunk)];
    for script in ending(&[".flow"]) {
        let ladder = Ladder::load(&script);
        all.push((script.with_extension(ladder.extension()), ladder));
    }
    all
}

#[test]
fn every_built_sample_is_what_its_script_builds() {
    for (capture, ladder) in built() {
        let bytes = ladder.build();
        if std::env::var_os("SIPSTAT_BLESS").is_some() {
            fs::write(&capture, &bytes).unwrap();
        }
        let committed = fs::read(&capture).unwrap_or_default();
        assert!(committed == bytes, "{} differs; SIPSTAT_BLESS=1 writes it anew", capture.display());
    }
}

#[test]
fn every_sample_is_described_and_every_description_has_its_sample() {
    let readme = fs::read_to_string(samples().join("README.md")).unwrap();
    let named: Vec<&str> =
        readme.lines().filter_map(|l| l.strip_prefix("| `")?.split_once('`')).map(|(name, _)| name).collect();
    for capture in ending(&[".pcap", ".pcapng", ".pcap.gz", ".pcapng.gz"]) {
        let name = capture.file_name().unwrap().to_string_lossy().into_owned();
        assert!(named.contains(&name.as_str()), "README.md does not describe {name}");
    }
    for name in named {
        assert!(samples().join(name).exists(), "README.md describes {name}, which is not there");
    }
}

#[test]
fn reports_about_built_samples_say_what_their_scripts_expect() {
    let mut wrong = Vec::new();
    for (capture, ladder) in built() {
        assert!(!ladder.expectations.is_empty(), "{} expects nothing", capture.display());
        let unmet = unmet(&report(&capture), &ladder.expectations);
        wrong.extend(unmet.iter().map(|u| format!("{}: {u}", capture.file_name().unwrap().display())));
    }
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
}

#[test]
fn reports_about_recorded_samples_say_what_their_scenarios_did() {
    let mut wrong = Vec::new();
    for script in ending(&[".expect"]) {
        let plain = script.with_extension("pcap");
        let capture = if plain.exists() { plain } else { script.with_extension("pcap.gz") };
        let unmet = unmet(&report(&capture), &Ladder::load(&script).expectations);
        wrong.extend(unmet.iter().map(|u| format!("{}: {u}", script.file_name().unwrap().display())));
    }
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
}

/// One of two gateways was disturbed from the thirtieth to the sixtieth second: that is the first finding,
/// to the second but for the bucket's edge.
#[test]
fn the_first_finding_of_recorded_incidents_is_their_cause() {
    for (name, kind) in [("gateway-refuses", "code"), ("gateway-slow", "delay")] {
        let report = report(&samples().join(format!("{name}.pcap.gz")));
        let found = report["findings"].as_array().unwrap();
        let first = found.first().unwrap_or_else(|| panic!("{name}: nothing found"));
        assert_eq!(first["kind"], kind, "{first:#}");
        let because = &first["because"][0];
        assert_eq!(
            (&because["dimension"], &because["value"]),
            (&"destination".into(), &"127.0.0.4:5060".into())
        );
        let second = |path: &serde_json::Value| {
            let time: jiff::Timestamp = path.as_str().unwrap().parse().unwrap();
            time.as_millisecond() as f64 / 1000.0
        };
        let begin = second(&report["input"]["files"][0]["first"]);
        for (edge, at) in [("start", 30.0), ("end", 60.0)] {
            let found = second(&first[edge]) - begin;
            assert!((found - at).abs() <= 2.0, "{name}: {edge} {found} s");
        }
    }
}
