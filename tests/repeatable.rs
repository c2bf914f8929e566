//! Traffic recorded again gives reports that can be compared: `--relative-time` and `--no-paths` leave
//! nothing of when and where it was recorded.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::flow::Ladder;
use crate::support::trunk;
use serde_json::Value;

/// No multiple of any bucket: 1,234,567.891 s.
const LATER: u64 = 1_234_567_891_000_000;

const PLAIN: [&str; 2] = ["--relative-time", "--no-paths"];

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn folder(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("repeatable").join(name);
    fs::create_dir_all(&dir).unwrap();
    dir
}

fn put(ladder: &Ladder, dir: &Path, name: &str) -> PathBuf {
    let path = dir.join(format!("{name}.{}", ladder.extension()));
    fs::write(&path, ladder.build()).unwrap();
    path
}

fn later(ladder: &Ladder) -> Ladder {
    let mut ladder = ladder.clone();
    ladder.sent.iter_mut().for_each(|sent| sent.time += LATER);
    ladder
}

fn sipstat(args: &[&str], capture: &Path) -> (Option<i32>, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_sipstat")).args(args).arg(capture).output().unwrap();
    (run.status.code(), String::from_utf8(run.stdout).unwrap())
}

/// Every output that tells of times or captures.
const OUTPUTS: [&[&str]; 18] = [
    &[],
    &["--full", "--interval", "10s", "--by", "file"],
    &["-q"],
    &["-f", "json", "--interval", "7s", "--by", "file", "--by", "destination"],
    &["-f", "csv", "--interval", "auto"],
    &["-f", "ndjson", "--interval", "1m"],
    &["-f", "markdown", "--interval", "10s"],
    &["-f", "html"],
    &["-f", "prometheus"],
    &["check", "--fail-if", "attempts > 0 or findings > 0 or asr < 100%"],
    &["check", "-f", "json", "--fail-if", "count(5xx) >= 0", "--fail-if", "p95(pdd) > 0s"],
    &["check", "-f", "junit", "--fail-if", "count(5xx) >= 0"],
    &["check", "-f", "github", "--fail-if", "count(5xx) >= 0"],
    &["check", "-f", "markdown", "--fail-if", "count(5xx) >= 0"],
    &["calls"],
    &["calls", "--width", "200"],
    &["calls", "-f", "csv"],
    &["calls", "-f", "ndjson"],
];

/// The first line in which two texts differ.
fn difference(a: &str, b: &str) -> String {
    let line = a.lines().zip(b.lines()).find(|(x, y)| x != y);
    line.map_or("one is longer".to_owned(), |(x, y)| format!("\n  {x}\n  {y}"))
}

#[test]
fn the_same_traffic_at_another_time_in_another_file_gives_the_same_bytes() {
    let flow = |name: &str| Ladder::load(&project().join("samples").join(name));
    let ladders = [
        ("trunk", Ladder::parse(&trunk::script(1, 700)).unwrap()),
        ("hep", flow("hep-versions.flow")),
        ("taps", flow("two-taps.flow")),
        ("tunnels", flow("tunnels.flow")),
        ("torture", flow("torture.flow")),
    ];
    for (name, ladder) in ladders {
        let first = put(&ladder, &folder(name), "first");
        let again = put(&later(&ladder), &folder(&format!("{name}-again")), "and-a-longer-name");
        for output in OUTPUTS {
            let args = [output, &PLAIN].concat();
            let (a, b) = (sipstat(&args, &first), sipstat(&args, &again));
            assert!(a == b, "{name} {output:?}: {}", difference(&a.1, &b.1));
            assert!(
                !a.1.contains("first.") && !a.1.contains("repeatable"),
                "{name} {output:?}: a path\n{}",
                a.1
            );
            // The script of the page knows both scales.
            assert!(
                output.contains(&"html") || !a.1.contains(" UTC"),
                "{name} {output:?}: a time of the calendar\n{}",
                a.1
            );
        }
        // Without them it does not: the test would else prove nothing.
        assert_ne!(sipstat(&["-f", "json"], &first), sipstat(&["-f", "json"], &again), "{name}");
    }
}

#[test]
fn figures_are_those_of_the_usual_report_and_times_are_offsets() {
    let ladder = Ladder::parse(&trunk::script(3, 300)).unwrap();
    let capture = put(&ladder, &folder("figures"), "capture");
    let json = |args: &[&str]| -> Value { serde_json::from_str(&sipstat(args, &capture).1).unwrap() };
    let (usual, relative) = (json(&["-f", "json"]), json(&["-f", "json", "--relative-time"]));
    for same in ["messages", "requests", "responses", "failures", "register", "delays", "silence"] {
        assert_eq!(usual[same], relative[same], "{same}");
    }
    for same in ["attempts", "outcomes", "rates", "duration", "release", "next_hops"] {
        assert_eq!(usual["invite"][same], relative["invite"][same], "{same}");
    }
    assert_eq!(relative["input"]["first"], "+0.000000s");
    assert_eq!(usual["input"]["files"][0]["path"], relative["input"]["files"][0]["path"]);
    // What it tells is what --from and --to take.
    let at = relative["invite"]["load"]["peak_at"].as_str().unwrap();
    let window = sipstat(&["-f", "json", "--relative-time", "--from", at], &capture).1;
    let window: Value = serde_json::from_str(&window).unwrap();
    assert_eq!(window["input"]["first"].as_str().unwrap(), at);
    assert_eq!(json(&["-f", "json", "--no-paths"])["input"]["files"][0]["path"], "capture-1");
}

#[test]
fn captures_are_numbered_by_first_time_whatever_they_are_called() {
    let ladder = Ladder::parse(&trunk::script(4, 60)).unwrap();
    let said = |early: &str, late: &str, dir: &str| {
        let dir = folder(dir);
        put(&ladder, &dir, early);
        put(&later(&ladder), &dir, late);
        fs::write(dir.join(format!("{early}.txt")), "no capture").unwrap();
        sipstat(&["-f", "json", "--by", "file", "--no-paths"], &dir).1
    };
    let (one, other) = (said("a", "z", "order"), said("y", "b", "reverse"));
    assert!(one == other, "{}", difference(&one, &other));
    let json: Value = serde_json::from_str(&one).unwrap();
    let files = json["input"]["files"].as_array().unwrap();
    assert_eq!([&files[0]["path"], &files[1]["path"]], ["capture-1", "capture-2"]);
    assert!(files[0]["first"].as_str() < files[1]["first"].as_str());
    assert_eq!(json["input"]["skipped"][0]["path"], "entry-1");
    let keys: Vec<&Value> =
        json["groups"][0]["rows"].as_array().unwrap().iter().map(|r| &r["key"][0]).collect();
    assert_eq!(keys, ["capture-1", "capture-2"]);
}

#[test]
fn saved_summaries_keep_what_they_were_counted_with() {
    let dir = folder("saved");
    let ladder = Ladder::parse(&trunk::script(5, 80)).unwrap();
    let (capture, next) = (put(&ladder, &dir, "one"), put(&later(&ladder), &dir, "next"));
    let saved = |capture: &Path, name: &str| {
        let file = dir.join(name);
        let args = [&PLAIN[..], &["-q", "--save", file.to_str().unwrap()]].concat();
        assert_eq!(sipstat(&args, capture).0, Some(0));
        file
    };
    let (a, b) = (saved(&capture, "a.json"), saved(&next, "b.json"));
    let text = fs::read_to_string(&a).unwrap();
    assert!(!text.contains("one.pcap") && !text.contains("\"2026-"), "it tells when and where");
    // Read again, it gives the same report, and nobody has to say how once more.
    assert_eq!(sipstat(&["-f", "json"], &a).1, sipstat(&["-f", "json", PLAIN[0], PLAIN[1]], &capture).1);
    let run = |args: &[&str]| {
        let run = Command::new(env!("CARGO_BIN_EXE_sipstat")).args(args).output().unwrap();
        (run.status.code(), String::from_utf8_lossy(&run.stderr).into_owned())
    };
    let [a, b, capture] = [&a, &b, &capture].map(|p| p.to_str().unwrap());
    let (status, says) = run(&["merge", a, b]);
    assert!(status == Some(2) && says.contains("nothing says which came first"), "{says}");
    let usual = dir.join("usual.json");
    let usual = usual.to_str().unwrap();
    assert_eq!(run(&["-q", "--save", usual, capture]).0, Some(0));
    let (status, says) = run(&["--relative-time", usual]);
    assert!(status == Some(2) && says.contains("was counted with --relative-time off"), "{says}");
    assert_eq!(run(&["compare", PLAIN[0], a, capture]).0, Some(0));
    for command in [&["show", "c1"][..], &["extract", "--where", "code == 503", "-w", "/dev/null"]] {
        let (status, says) = run(&[command, &PLAIN[..1], &[capture]].concat());
        assert!(status == Some(2) && says.contains("as they are"), "{says}");
    }
}

#[test]
fn a_comparison_names_its_sides() {
    let ladder = Ladder::parse(&trunk::script(6, 60)).unwrap();
    let (a, b) = (put(&ladder, &folder("sides"), "a"), put(&later(&ladder), &folder("sides"), "b"));
    for format in ["text", "json", "markdown"] {
        let args = ["compare", "-f", format, PLAIN[0], PLAIN[1], a.to_str().unwrap()];
        let (status, text) = sipstat(&args, &b);
        assert_eq!(status, Some(0), "{text}");
        assert!(text.contains("base") && !text.contains("repeatable"), "{text}");
    }
}
