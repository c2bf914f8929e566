//! `--anonymize`: no output of any sample holds an address, a user, a host or a Call-ID of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::everything::Run;
use crate::laws::{samples, scratch, vectors, violations};
use sipstat::anomaly::Anomalies;
use sipstat::anonymize::Pseudonyms;
use sipstat::baseline;
use sipstat::capture::Inputs;
use sipstat::decode::{Decoded, Decoder};
use sipstat::report::json;
use sipstat::stats::Summary;
use sipstat::stream::hep;

/// What is named alike everywhere, or a word of our own pages: no secret of a capture.
const HARMLESS: [&str; 16] = [
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
    "trunk",
    "fixed",
    "whole",
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
    samples().into_iter().chain(built.step_by(8)).collect()
}

fn key() -> Pseudonyms {
    Pseudonyms::of_secret(b"a key that tests share").unwrap()
}

#[test]
fn no_output_of_any_sample_names_what_the_capture_names() {
    let (mut leaks, mut searched, mut shown) = (Vec::new(), 0, 0);
    for capture in captures() {
        let mut secrets = originals(&capture);
        searched += secrets.len();
        // A number becomes another of its length, which may be one of the capture: no two become one.
        let new: BTreeSet<String> = secrets.iter().filter_map(|s| key().number(s)).collect();
        secrets.retain(|s| !new.contains(s));
        let plain = Run::of(&[&capture]);
        let open = plain.outputs();
        let pairs = plain.hidden(&mut key()).outputs().into_iter().zip(open);
        for ((format, output), (_, open)) in pairs {
            if format == "json" {
                shown += secrets.iter().filter(|s| names(&open, s)).count();
            }
            // Frames and counts have short numbers, too, and a page has prose of ours.
            let is_all = |s: &str, of: fn(&u8) -> bool| s.bytes().all(|b| of(&b));
            let ours = |s: &&String| match format {
                "ladder" | "saved" => s.len() < 5 && is_all(s, u8::is_ascii_digit),
                "html" => s.len() < 8 && is_all(s, u8::is_ascii_lowercase),
                _ => false,
            };
            for secret in secrets.iter().filter(|s| !ours(s) && names(&output, s)) {
                let line = output.lines().find(|l| names(l, secret)).unwrap_or_default().trim();
                leaks.push(format!("{}, {format}: {secret} in {line:?}", capture.display()));
            }
        }
    }
    assert!(searched > 500 && shown > 300, "{searched} originals, {shown} shown without --anonymize");
    leaks.truncate(40);
    assert!(leaks.is_empty(), "\n  {}", leaks.join("\n  "));
}

#[test]
fn figures_and_laws_stay() {
    for capture in captures() {
        let plain = Run::of(&[&capture]);
        let (plain, hidden) = (plain.summary(), plain.hidden(&mut key()).summary());
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
            "/timeline",
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

/// Values under `names`, wherever they stand.
fn values<'a>(value: &'a serde_json::Value, names: &[&str], found: &mut BTreeSet<&'a str>) {
    match value {
        serde_json::Value::Object(all) => {
            for (name, value) in all {
                found.extend(value.as_str().filter(|_| names.contains(&name.as_str())));
                values(value, names, found);
            }
        }
        serde_json::Value::Array(all) => all.iter().for_each(|value| values(value, names, found)),
        _ => {}
    }
}

#[test]
fn a_saved_summary_has_no_hash_that_could_be_guessed_from() {
    let mut hashes = 0;
    for capture in captures() {
        let plain = Run::of(&[&capture]);
        let [open, hidden] = [plain.counted.clone(), plain.hidden(&mut key()).counted].map(|counted| {
            serde_json::from_slice::<serde_json::Value>(&baseline::to_json(counted).unwrap()).unwrap()
        });
        let of = |saved| {
            let mut found = BTreeSet::new();
            values(saved, &["fingerprint", "call", "called", "digits", "number"], &mut found);
            found.remove("0000000000000000");
            found
        };
        let (before, after) = (of(&open), of(&hidden));
        hashes += before.len();
        assert_eq!(before.intersection(&after).count(), 0, "{}", capture.display());
        let numbers = |saved: &serde_json::Value| saved.pointer("/tally/crossings/numbers").cloned();
        assert!(numbers(&open).is_some_and(|n| n == serde_json::json!([]) || Some(n) != numbers(&hidden)));
        // Of what was replaced the old hash is gone; products stay as they are.
        let words = |saved: &serde_json::Value| -> BTreeSet<(String, String)> {
            let words = saved.pointer("/tally/incidents/words").and_then(serde_json::Value::as_array);
            words.into_iter().flatten().map(|w| (w[1].to_string(), w[0].to_string())).collect()
        };
        let (open, hidden) = (words(&open), words(&hidden));
        for (hash, text) in open.difference(&hidden) {
            assert!(hidden.iter().all(|(h, t)| h != hash && t != text), "{}: {text}", capture.display());
        }
    }
    assert!(hashes > 100, "{hashes}");
}

fn sample(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name).display().to_string()
}

fn sipstat(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sipstat")).args(args).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap() + std::str::from_utf8(&output.stderr).unwrap()
}

/// The path of a key, the same for the same name.
fn key_file(name: &str) -> String {
    let path = scratch("anonymize").join(name);
    fs::write(&path, format!("a key of thirty-two bytes: {name}")).unwrap();
    path.display().to_string()
}

#[test]
fn a_saved_summary_tells_what_a_report_would_have_told() {
    let key = key_file("of-saved");
    let keyed = ["--anonymize", "--key-file", &key];
    for name in ["answered.pcap", "trunk-503.pcap", "proxied.pcap", "trunk-incident.pcapng.gz"] {
        let capture = sample(name);
        let saved = scratch("anonymize").join(format!("{name}.saved.json")).display().to_string();
        let plain = ["-f", "json", "--by", "destination", "--by", "prefix,user-agent"];
        let at_once = sipstat(&[&plain[..], &keyed, &[&capture]].concat());
        let output = sipstat(&[&plain[2..], &keyed, &["--save", &saved, &capture]].concat());
        assert!(output.status.success(), "{}", said(&output));
        let later = sipstat(&["-f", "json", &saved]);
        assert!(at_once.stdout == later.stdout, "{name}");
        // Asked for again with the same key, nothing is replaced twice.
        assert!(sipstat(&[&["-f", "json"], &keyed[..], &[&saved]].concat()).stdout == at_once.stdout);
    }
}

#[test]
fn what_has_pseudonyms_is_added_to_what_has_the_same_only() {
    let (key, other) = (key_file("of-merge"), key_file("other"));
    let place = |name: &str| scratch("anonymize").join(name).display().to_string();
    let (hidden, foreign, open) = (place("hidden.json"), place("foreign.json"), place("open.json"));
    let [first, second] = [sample("answered.pcap"), sample("trunk-503.pcap")];
    let save = |args: &[&str], saved: &str, capture: &str| {
        let output = sipstat(&[args, &["--save", saved, capture]].concat());
        assert!(output.status.success(), "{}", said(&output));
    };
    save(&["--anonymize", "--key-file", &key], &hidden, &first);
    save(&["--anonymize", "--key-file", &other], &foreign, &second);
    save(&[], &open, &second);
    for (args, says) in [
        (vec!["merge", &hidden, &open], "--anonymize is "),
        (vec!["merge", &hidden, &second], "--anonymize is "),
        (vec!["merge", &hidden, &foreign], "--anonymize is with key "),
        (vec!["compare", &hidden, &open], "--anonymize is "),
        (vec!["merge", "--anonymize", "--key-file", &other, &hidden, &open], "has pseudonyms of another key"),
        (vec!["--anonymize", &hidden], "has pseudonyms of another key"),
    ] {
        let output = sipstat(&args);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}: {}", said(&output));
        assert!(said(&output).contains(says), "{args:?}: {}", said(&output));
    }
    // With its key, what has none yet gets them before it is added.
    for more in [&open, &second] {
        let output = sipstat(&["merge", "--full", "--anonymize", "--key-file", &key, &hidden, more]);
        assert!(output.status.success(), "{}", said(&output));
        let leak = originals(Path::new(&second)).into_iter().find(|name| names(&said(&output), name));
        assert_eq!(leak, None);
    }
}

#[test]
fn every_command_names_nobody_or_refuses() {
    let key = key_file("of-commands");
    let keyed = ["--anonymize", "--key-file", &key];
    let name = "trunk-503.pcap";
    let capture = sample(name);
    let secrets = originals(Path::new(&capture));
    let call = secrets.iter().find(|s| s.contains('@')).expect("a Call-ID").clone();
    let commands: &[&[&str]] = &[
        &["calls"],
        &["calls", "-f", "csv"],
        &["calls", "-f", "ndjson"],
        &["show", &call],
        &["show", "@"],
        &["check", "--fail-if", "asr > 1%", "--fail-if", "count(503) > 0"],
        &["check", "-f", "junit", "--fail-if", "count(503) > 0"],
        &["check", "-f", "github", "--fail-if", "count(503) > 0"],
        &["-f", "html"],
        &["--full", "--host", "10.0.0.0/8", "--by", "hop", "--by", "prefix,trunk"],
        &["--full", "--where", "to.user ~ '*' or from.host == '10.0.0.1'"],
        &["-F", "--interval", "1s"],
    ];
    for command in commands {
        // What was given is not told back.
        let given: Vec<&String> =
            secrets.iter().filter(|s| command.iter().any(|c| c.contains(s.as_str()))).collect();
        let output = match command.first() {
            Some(&"-F") => followed(&[command, &keyed[..], &["-"]].concat(), &capture),
            _ => sipstat(&[command, &keyed[..], &[capture.as_str()]].concat()),
        };
        assert!(!output.stdout.is_empty() || command.contains(&"@"), "{command:?}: {}", said(&output));
        let text = said(&output);
        let told = |s: &&String| names(&text, s) && !(command[0] == "show" && given.contains(s));
        assert_eq!(secrets.iter().find(told), None, "{command:?}: {text}");
    }
    for format in ["text", "json", "markdown"] {
        let compared = sipstat(
            &[&["compare", "-f", format], &keyed[..], &[&capture, &sample("answered.pcap")]].concat(),
        );
        assert!(compared.status.success(), "{}", said(&compared));
        for name in [name, "answered.pcap", "samples"] {
            assert!(!said(&compared).contains(name), "{format}: {}", said(&compared));
        }
    }
    let out = scratch("anonymize").join("extract.pcapng");
    let output = sipstat(&[&["extract", "-w", out.to_str().unwrap()], &keyed[..], &[&capture]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("packets") && said(&output).contains("show --anonymize"),
        "{}",
        said(&output)
    );
    assert!(!out.exists());
}

/// A run that follows a pipe until it closes.
fn followed(args: &[&str], capture: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sipstat"))
        .args(args)
        .stdin(fs::File::open(capture).unwrap())
        .output()
        .unwrap()
}

#[test]
fn keys_that_are_none_are_refused_in_words() {
    let place = scratch("anonymize");
    let [empty, short, blank] = ["empty", "short", "blank"].map(|name| place.join(name));
    fs::write(&empty, "").unwrap();
    fs::write(&short, "fifteen bytes..").unwrap();
    fs::write(&blank, " ".repeat(100)).unwrap();
    let missing = place.join("missing");
    for (path, says) in [
        (&empty, "a key has 16 bytes or more"),
        (&short, "a key has 16 bytes or more"),
        (&blank, "a key has 16 bytes or more"),
        (&missing, "the key cannot be read: "),
        (&place, "the key cannot be read: "),
    ] {
        for command in [&[][..], &["calls"], &["show", "x"], &["check", "--fail-if", "asr < 1%"]] {
            let args =
                [command, &["--anonymize", "--key-file", path.to_str().unwrap(), &sample("answered.pcap")]];
            let output = sipstat(&args.concat());
            assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{}", said(&output));
            assert!(said(&output).contains(says), "{}", said(&output));
        }
    }
    let output = sipstat(&["--key-file", short.to_str().unwrap(), &sample("answered.pcap")]);
    assert_eq!(output.status.code(), Some(2), "a key without --anonymize: {}", said(&output));
}
