//! `--anonymize`: no output of any sample holds an address, a user, a host or a Call-ID of it.

mod laws;
#[path = "support/outputs.rs"]
mod outputs;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use laws::{samples, scratch, vectors, violations};
use sipstat::anomaly::Anomalies;
use sipstat::anonymize::Pseudonyms;
use sipstat::capture::Inputs;
use sipstat::config::Config;
use sipstat::decode::{Decoded, Decoder};
use sipstat::pipeline;
use sipstat::report::json;
use sipstat::stats::Summary;
use sipstat::stream::hep;

/// What is named alike everywhere: no secret of a capture.
const HARMLESS: [&str; 13] = [
    "anonymous",
    "localhost",
    "invalid",
    "anonymous.invalid",
    "user",
    "sip",
    "phone",
    "call",
    "null",
    "left",
    "one",
    "100",
    "0.0.0.0",
];

/// What a capture names: addresses of its packets, and in the text of its payloads users and hosts of
/// URIs, hosts of Vias, and Call-IDs. Found by searching, not by the library's SIP parser.
fn originals(capture: &Path) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let Ok(mut inputs) = Inputs::open(&[capture.to_owned()]) else { return all };
    let (mut notes, mut decoder) = (Anomalies::default(), Decoder::new(Default::default()));
    while let Some(frame) = inputs.next(&mut notes) {
        let (Decoded::Datagram(p) | Decoded::Segment(p, _) | Decoded::Sctp(p)) =
            decoder.decode(&frame, &mut notes)
        else {
            continue;
        };
        all.insert(p.flow.source.ip.to_string());
        all.insert(p.flow.destination.ip.to_string());
        in_text(&String::from_utf8_lossy(p.payload), &mut all);
        if let Some(inner) = hep::parse(p.payload) {
            in_text(&String::from_utf8_lossy(&inner.payload), &mut all);
            all.extend(
                inner.flow.iter().flat_map(|f| [f.source.ip.to_string(), f.destination.ip.to_string()]),
            );
        }
    }
    all.extend(capture.file_name().map(|name| name.to_string_lossy().into_owned()));
    all.retain(|name| name.len() > 2 && !HARMLESS.contains(&name.as_str()));
    all
}

fn in_text(payload: &str, all: &mut BTreeSet<String>) {
    let end = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '_' | '+' | '@');
    for line in payload.lines() {
        for (at, scheme) in line.match_indices("sip:") {
            let uri = &line[at + scheme.len()..];
            let uri = &uri[..uri.find(end).unwrap_or(uri.len())];
            let (user, host) = uri.rsplit_once('@').unwrap_or(("", uri));
            all.extend([user.to_owned(), host.to_owned()]);
        }
        if let Some((name, value)) = line.split_once(':') {
            match name.trim().to_ascii_lowercase().as_str() {
                "call-id" | "i" => {
                    let id = value.trim();
                    all.insert(id.to_owned());
                    all.extend(id.split('@').map(str::to_owned));
                }
                "via" | "v" => {
                    let host = value.split_whitespace().nth(1).unwrap_or_default();
                    all.insert(host.split([';', ':']).next().unwrap_or_default().to_owned());
                }
                _ => {}
            }
        }
    }
}

/// Whether `name` stands in `text` by itself, not as a part of a longer word or number.
fn names(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric();
    let joins = |c: char, next: Option<char>| c == '.' && next.is_some_and(|c| c.is_ascii_digit());
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        let mut behind = before.chars().rev();
        let mut ahead = after.chars();
        let (b, a) = (behind.next(), ahead.next());
        let left = b.is_some_and(|c| is_part(c) || joins(c, behind.next()));
        let right = a.is_some_and(|c| is_part(c) || joins(c, ahead.next()));
        !left && !right
    })
}

fn captures() -> Vec<PathBuf> {
    let folder = scratch("anonymize");
    let built = vectors().into_iter().map(|(name, bytes)| {
        let path = folder.join(format!("{name}.pcap"));
        fs::write(&path, bytes).unwrap();
        path
    });
    samples().into_iter().chain(built.step_by(4)).collect()
}

/// A run as it shows most: everything that names something.
fn summary(capture: &Path) -> Summary {
    let config = Config { threads: 1, ..Config::new([capture]) };
    pipeline::run(&config).unwrap()
}

#[test]
fn no_output_of_any_sample_names_what_the_capture_names() {
    let (mut leaks, mut searched, mut shown) = (Vec::new(), 0, 0);
    for capture in captures() {
        let secrets = originals(&capture);
        searched += secrets.len();
        let plain = summary(&capture);
        let mut pseudonyms = Pseudonyms::of_secret(b"a key that tests share").unwrap();
        let mut hidden = plain.clone();
        pseudonyms.summary(&mut hidden);
        let pairs = outputs::outputs(&hidden).into_iter().zip(outputs::outputs(&plain));
        for ((format, output), (_, open)) in pairs {
            shown += secrets.iter().filter(|s| names(&open, s)).count();
            for secret in secrets.iter().filter(|s| names(&output, s)) {
                let line = output.lines().find(|l| names(l, secret)).unwrap_or_default().trim();
                leaks.push(format!("{}, {format}: {secret} in {line:?}", capture.display()));
            }
        }
    }
    assert!(searched > 500 && shown > 500, "{searched} originals, {shown} shown without --anonymize");
    leaks.truncate(40);
    assert!(leaks.is_empty(), "\n  {}", leaks.join("\n  "));
}

#[test]
fn figures_and_laws_stay() {
    for capture in captures() {
        let plain = summary(&capture);
        let mut hidden = plain.clone();
        Pseudonyms::of_secret(b"a key that tests share").unwrap().summary(&mut hidden);
        let report = |s: &Summary| -> serde_json::Value {
            let mut out = Vec::new();
            json::write(s, &mut out).unwrap();
            serde_json::from_slice(&out).unwrap()
        };
        let (plain, hidden) = (report(&plain), report(&hidden));
        let wrong = violations(&hidden);
        assert!(wrong.is_empty(), "{}: {}", capture.display(), wrong.join("\n"));
        for path in [
            "/messages",
            "/invite/outcomes",
            "/invite/rates",
            "/delays/setup",
            "/failures/total",
            "/input/fates",
        ] {
            assert_eq!(plain.pointer(path), hidden.pointer(path), "{}: {path}", capture.display());
        }
    }
}

#[test]
fn a_key_file_gives_the_same_report_again_and_no_key_another() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/truncated.pcap");
    let key = scratch("anonymize").join("key");
    fs::write(&key, "correct horse battery staple").unwrap();
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_sipstat")).args(args).arg(&sample).output().unwrap();
        (output.stdout, String::from_utf8(output.stderr).unwrap())
    };
    let keyed = ["-f", "json", "--anonymize", "--key-file", key.to_str().unwrap()];
    let (first, error) = run(&keyed);
    assert!(!first.is_empty());
    assert_eq!(run(&keyed).0, first);
    assert_ne!(run(&keyed[..3]).0, first);
    assert_ne!(run(&keyed[..3]).0, run(&keyed[..3]).0);
    // Standard error tells of the file that was cut, by its pseudonym.
    assert!(error.contains("capture-") && !error.contains("truncated.pcap"), "{error}");
}

#[test]
fn rows_of_calls_name_nobody_either() {
    let key = scratch("anonymize").join("key-of-rows");
    fs::write(&key, "correct horse battery staple").unwrap();
    for sample in ["answered.pcap", "trunk-503.pcap", "proxied.pcap", "tcp.pcap"] {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(sample);
        let secrets = originals(&sample);
        for format in ["text", "csv", "ndjson"] {
            let output = Command::new(env!("CARGO_BIN_EXE_sipstat"))
                .args(["calls", "-f", format, "--anonymize", "--key-file"])
                .args([&key, &sample])
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(
                output.status.success() && !text.is_empty(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            let leak = secrets.iter().find(|s| names(&text, s));
            assert!(leak.is_none(), "{}, {format}: {leak:?} in {text}", sample.display());
        }
    }
}
