//! `--port`, `--host`, `--read-filter`, `--from`, `--to` as the program applies them.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::support::expect::at;
use crate::support::flow::{Carrier, Hep, Ladder, Tunnel, Wrapping};
use serde_json::Value;

/// Three calls to two gateways: busy at once, silent for 32 s, busy at minute one over TCP.
const SCRIPT: &str = "\
host a 10.0.0.1:5060
host b 10.0.1.2:5060
host c 10.0.2.3:5080
host d 10.0.0.1:40000
call busy
0.0   a > b  INVITE 1
0.1   b > a  486 INVITE 1
0.2   a > b  ACK 1
call silent
1.0   a > c  INVITE 1
call tcp
with tcp
60.0  d > b  INVITE 1
60.1  b > d  486 INVITE 1
60.2  d > b  ACK 1
";

fn capture(name: &str, script: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("filters");
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join(format!("{name}.pcap"));
    fs::write(&path, Ladder::parse(script).unwrap().build()).unwrap();
    path
}

fn run(capture: &PathBuf, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sipstat")).args(args).arg(capture).output().unwrap()
}

fn report(capture: &PathBuf, args: &[&str]) -> Value {
    let output = run(capture, &[args, &["-f", "json"]].concat());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn number(report: &Value, path: &str) -> u64 {
    at(report, path).and_then(Value::as_u64).unwrap_or(0)
}

#[test]
fn packets_are_chosen_by_port_host_and_expression() {
    let capture = capture("three-calls", SCRIPT);
    for (args, messages, filtered) in [
        (&[][..], 7, 0),
        (&["-p", "5060"], 6 + 1, 0),
        (&["-p", "5080"], 1, 9),
        (&["-p", "5000-5059,5080", "-p", "40000"], 4, 3),
        (&["--host", "10.0.2.3"], 1, 9),
        (&["--host", "10.0.1.0/24"], 6, 1),
        (&["--host", "10.0.1.0/24", "-p", "40000"], 3, 4),
        (&["--read-filter", "tcp"], 3, 4),
        (&["--read-filter", "not tcp"], 4, 6),
        (&["--read-filter", "udp and (dst port 5080 or src host 10.0.1.2)"], 2, 8),
        (&["--read-filter", "ip6"], 0, 10),
    ] {
        let r = report(&capture, args);
        assert_eq!(number(&r, "messages.total"), messages, "{args:?}");
        assert_eq!(number(&r, "input.fates.filtered"), filtered, "{args:?}");
        assert_eq!(number(&r, "input.frames"), 10, "{args:?}");
    }
}

#[test]
fn the_innermost_packet_is_judged_and_the_original_of_a_copy_in_hep() {
    let ladder = Ladder::parse(SCRIPT).unwrap();
    let hep = |version, tcp| {
        let carrier = Some(Carrier::Hep(Hep { version, tcp, compressed: false }));
        Wrapping { carrier, ..Wrapping::default() }
    };
    let vxlan = Wrapping { tunnel: Some(Tunnel::Vxlan), ..Wrapping::default() };
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("filters");
    fs::create_dir_all(&dir).unwrap();
    for (name, wrapping) in
        [("vxlan", vxlan), ("hep1", hep(1, false)), ("hep3", hep(3, false)), ("hep3tcp", hep(3, true))]
    {
        let path = dir.join(format!("{name}.pcap"));
        fs::write(&path, ladder.build_with(&wrapping)).unwrap();
        for (args, messages) in [
            (["--host", "10.0.2.3"], 1),
            (["--host", "10.0.1.0/24"], 6),
            (["-p", "5080"], 1),
            // Tunnel's ends; agent and collector.
            (["--host", "192.0.2.0/24"], 0),
            (["-p", "4789,9060"], 0),
            (["--read-filter", "hep"], if name == "vxlan" { 0 } else { 7 }),
        ] {
            let r = report(&path, &args);
            assert_eq!(number(&r, "messages.total"), messages, "{name} {args:?}");
        }
    }
}

#[test]
fn times_bound_the_clock_and_other_filters_do_not() {
    let capture = capture("clock", SCRIPT);
    let outcome =
        |args: &[&str], id: &str| number(&report(&capture, args), &format!("invite.outcomes.{id}.count"));
    // Timer B runs out 33 s after the start: known if the capture goes on, unless it is cut before.
    assert_eq!(outcome(&["-p", "5080"], "timed_out"), 1);
    assert_eq!(outcome(&["-p", "5080", "--to", "+34s"], "timed_out"), 1);
    assert_eq!(outcome(&["-p", "5080", "--to", "+32s"], "pending"), 1);
    assert_eq!(outcome(&["-p", "5080", "--to", "+32s"], "timed_out"), 0);
}

#[test]
fn windows_side_by_side_share_no_frame() {
    let capture = capture("windows", SCRIPT);
    for (first, second) in [
        (["--to", "+100ms"], ["--from", "+100ms"]),
        (["--to", "14:00:01"], ["--from", "14:00:01"]),
        (["--to", "2026-03-03T14:00:30Z"], ["--from", "2026-03-03 14:00:30"]),
    ] {
        let (a, b) = (report(&capture, &first), report(&capture, &second));
        let sum = |path| number(&a, path) + number(&b, path);
        assert_eq!((sum("messages.total"), sum("input.fates.filtered")), (7, 10), "{first:?}");
    }
    let r = report(&capture, &["--from", "14:00:30", "--to", "14:02"]);
    assert_eq!(at(&r, "input.first").unwrap(), "2026-03-03T14:00:30.000000Z");
    assert_eq!(at(&r, "input.last").unwrap(), "2026-03-03T14:01:00.200000Z");
    assert_eq!(at(&r, "input.filter").unwrap(), "--from 14:00:30 --to 14:02:00");
}

#[test]
fn a_filter_that_leaves_nothing_says_so() {
    let capture = capture("nothing", SCRIPT);
    for args in [&["-p", "5061"][..], &["--from", "+1h"], &["--host", "2001:db8::/32"]] {
        let output = run(&capture, args);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(text.contains("no SIP found: 10 frames left out by the filter --"), "{text}");
        let line = run(&capture, &[args, &["-q"]].concat());
        let line = String::from_utf8(line.stdout).unwrap();
        assert!(line.contains("no SIP in 10 frames, 10 left out by the filter"), "{line}");
    }
}

#[test]
fn a_wrong_filter_is_status_2_and_told_in_a_line() {
    let capture = capture("wrong", SCRIPT);
    for (args, says) in [
        (&["--read-filter", "udp and prot 5060"][..], "did you mean 'port'?"),
        (&["--read-filter", "(udp"], "'(' at character 1 is not closed"),
        (&["-p", "sip"], "expected ports"),
        (&["--host", "sbc.example.com"], "expected an address"),
        (&["--from", "yesterday"], "14:03:20 (UTC)"),
        (&["--from", "+2m", "--to", "+1m"], "--from is not before --to"),
    ] {
        let output = run(&capture, args);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}");
        assert!(error.contains(says), "{args:?}: {error}");
    }
}
