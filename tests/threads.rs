//! The report is the same bytes however many threads count: of every sample, of every vector as
//! datagrams and as a stream, of a busy trunk, and of traffic that overflows every table of names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::flow::{Ladder, Wrapping};
use crate::support::trunk;

/// Holds the reports about `capture` by 2, 3 and 16 threads against that by one; gives it.
fn check(capture: &Path) -> String {
    check_within(capture, "128M")
}

fn check_within(capture: &Path, memory: &str) -> String {
    let report = |threads: &str| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_sipstat"));
        program.args(["-f", "json", "-j", threads, "--memory", memory]);
        let output = program.arg(capture).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let alone = report("1");
    assert!(alone.starts_with('{'), "{}: no report", capture.display());
    for threads in ["2", "3", "16"] {
        assert!(report(threads) == alone, "{} by {threads} threads", capture.display());
    }
    alone
}

fn place(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("threads");
    fs::create_dir_all(&dir).unwrap();
    dir.join(name)
}

fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let all = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let wanted = |p: &PathBuf| endings.iter().any(|e| p.to_string_lossy().ends_with(e));
    let mut all: Vec<_> = all.filter(wanted).collect();
    all.sort();
    assert!(!all.is_empty());
    all
}

#[test]
fn samples() {
    files("samples", &[".pcap", ".pcapng", ".gz"]).iter().for_each(|sample| {
        check(sample);
    });
}

#[test]
fn vectors_as_datagrams_and_as_streams() {
    let stream = Wrapping { tcp: true, each: Some(61), ..Wrapping::default() };
    for script in files("tests/vectors", &[".flow"]) {
        for (suffix, wrapping) in [("", Wrapping::default()), ("-tcp", stream.clone())] {
            let ladder = Ladder::load(&script).wrapped(&wrapping);
            let name = script.file_stem().unwrap().display();
            let capture = place(&format!("{name}{suffix}.{}", ladder.extension()));
            fs::write(&capture, ladder.build()).unwrap();
            check(&capture);
        }
    }
}

#[test]
fn a_busy_trunk() {
    let ladder = Ladder::parse(&trunk::script(7, 4_000)).unwrap();
    let capture = place(&format!("trunk.{}", ladder.extension()));
    fs::write(&capture, ladder.build()).unwrap();
    check(&capture);
}

#[test]
fn more_names_than_any_table_has_room_for() {
    let capture = place("names.pcap");
    fs::write(&capture, names(60_000)).unwrap();
    let report = check(&capture);
    for (text, why) in [("\"(other)\"", "methods"), ("\"at_least\": true", "rows of methods")] {
        assert!(report.contains(text), "no overflow of {why}");
    }
}

#[test]
fn more_open_calls_than_there_is_memory_for() {
    let capture = place("open.pcap");
    fs::write(&capture, open_calls(20_000)).unwrap();
    let report = check_within(&capture, "1M");
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["input"]["exact"], &report["invite"]["attempts"]), (&false.into(), &20_000.into()));
    assert!(report["input"]["evicted"]["conversations"].as_u64().unwrap() > 19_000, "{}", report["input"]);
}

/// So many INVITEs, each of a call of its own and never answered.
fn open_calls(n: u32) -> Vec<u8> {
    let mut file = header();
    for n in 0..n {
        let request = format!(
            "INVITE sip:{n}@h SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK{n}\r\nFrom: <sip:a@h>;tag=f{n}\r\n\
             To: <sip:{n}@h>\r\nCall-ID: {n}\r\nCSeq: 1 INVITE\r\n\r\n"
        );
        packet(&mut file, n / 50, [10, 0, 0, 1], [10, 0, 0, 2], request.as_bytes());
    }
    file
}

fn header() -> Vec<u8> {
    [0xA1B2_C3D4_u32, 0x0004_0002, 0, 0, 65_535, 1].iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// So many requests, each with a method, a next hop and a reason of its own, each answered with a
/// phrase and a warning of its own; every third is an INVITE, so that there are attempts.
fn names(requests: u32) -> Vec<u8> {
    let mut file = header();
    for n in 0..requests {
        let method = if n % 3 == 0 { "INVITE".to_owned() } else { format!("M{n}") };
        let headers = format!(
            "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK{n}\r\nFrom: <sip:a@h>;tag=f{n}\r\nTo: <sip:{n}@h>{}\r\n\
             Call-ID: {n}\r\nCSeq: 1 {method}\r\nReason: Q{n};cause={n}\r\n",
            if n % 3 == 0 { "" } else { ";tag=t" }
        );
        let server = [10, 1 + (n >> 16) as u8, (n >> 8) as u8, n as u8];
        let request = format!("{method} sip:{n}@h SIP/2.0\r\n{headers}\r\n");
        packet(&mut file, n, [10, 0, 0, 1], server, request.as_bytes());
        let answer = format!("SIP/2.0 500 No {n}\r\n{headers}Warning: 399 h \"{n}\"\r\n\r\n");
        packet(&mut file, n, server, [10, 0, 0, 1], answer.as_bytes());
    }
    file
}

fn packet(file: &mut Vec<u8>, n: u32, from: [u8; 4], to: [u8; 4], payload: &[u8]) {
    let ip_len = (28 + payload.len()) as u16;
    for word in [n / 100, n % 100 * 10_000, u32::from(ip_len) + 14, u32::from(ip_len) + 14] {
        file.extend(word.to_le_bytes());
    }
    file.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0]);
    file.extend(ip_len.to_be_bytes());
    file.extend([0, 0, 0, 0, 64, 17, 0, 0]);
    file.extend(from.iter().chain(&to));
    file.extend([0x13, 0xC4, 0x13, 0xC4]);
    file.extend((ip_len - 20).to_be_bytes());
    file.extend([0, 0]);
    file.extend(payload);
}
