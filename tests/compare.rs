//! `sipstat compare` as a gate: captures in, an exit status out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;

use crate::support::flow::Ladder;
use crate::support::trunk;
use sipstat::baseline::gather;
use sipstat::config::Config;
use sipstat::filter::{Filter, Window};
use sipstat::watch::Watch;

fn capture(name: &str, seed: u64, attempts: usize) -> String {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compare");
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join(name);
    fs::write(&path, Ladder::parse(&trunk::script(seed, attempts)).unwrap().build()).unwrap();
    path.display().to_string()
}

fn sample(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name).display().to_string()
}

fn compare(args: &[&str]) -> (Option<i32>, String, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_sipstat")).arg("compare").args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (run.status.code(), text(run.stdout), text(run.stderr))
}

#[test]
fn two_recordings_of_the_same_traffic_pass() {
    let (a, b) = (capture("a.pcapng.gz", 1, 400), capture("b.pcapng.gz", 2, 400));
    let (status, out, _) = compare(&[&a, &b, "--fail-on-new-codes", "6xx"]);
    assert!(status == Some(0) && out.contains("None of "), "{out}");
}

#[test]
fn a_capture_and_its_saved_summary_are_the_same() {
    let capture = sample("trunk-incident.pcapng.gz");
    let saved = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compare-saved.json").display().to_string();
    let save = ["-q", "--save", &saved, &capture];
    assert!(Command::new(env!("CARGO_BIN_EXE_sipstat")).args(save).output().unwrap().status.success());
    let (status, out, _) = compare(&["--max-regress", "asr 0%", &saved, &capture]);
    assert!(
        status == Some(0) && out.contains("None of ") && out.contains("held: --max-regress 'asr 0%'"),
        "{out}"
    );
}

#[test]
fn a_breach_is_status_3_and_what_means_nothing_status_2() {
    let (a, b) = (sample("answered.pcap"), sample("trunk-503.pcap"));
    for (args, status, says) in [
        (&["--fail-on-new-codes", "5xx"][..], 3, "BREACHED: --fail-on-new-codes 5xx"),
        (&["--max-regress", "asr 1%"], 3, "BREACHED: --max-regress 'asr 1%'"),
        (&["--max-regress", "asr 1% with 95% confidence"], 0, "held"),
        (&["--max-regress", "5xx INVITE 1%"], 3, "BREACHED: --max-regress '5xx INVITE 1%'"),
        (&["--max-regress", "6xx INVITE 1%"], 0, "not evaluated"),
        (&["--max-regress", "6xx INVITE 1%", "--strict"], 3, "BREACHED: --max-regress '6xx INVITE 1%'"),
        (&["--max-regress", "ira 1%"], 0, "not evaluated"),
        (&["--max-regress", "503 INVTE 1%"], 2, "did you mean '503 INVITE'?"),
        (&["--fail-on-new-codes", "4xx,5xx"], 3, "503 INVITE (12)"),
        (&["--fail-on-new-codes", "503"], 3, "BREACHED"),
        (&["--fail-on-new-codes", "4xx,6xx"], 0, "no such code is new"),
        (&["--max-regress", "asrr 1%"], 2, "did you mean 'asr'?"),
        (&["--max-regress", "asr"], 2, "write a figure and a limit"),
        (&["--max-regress", "486 INVITE 1%"], 2, "neither better nor worse"),
        (&["--fail-on-new-codes", "1xx"], 2, "no class or code of final responses"),
        (&["--short-call", "3s", "--save", "x"], 2, "compare saves nothing"),
        (&["-f", "csv"], 2, "text, markdown or json"),
        (&["extra.pcap"], 2, "compare takes two"),
    ] {
        let all: Vec<&str> = args.iter().copied().chain([a.as_str(), b.as_str()]).collect();
        let (code, out, err) = compare(&all);
        assert!(
            code == Some(status) && (out.contains(says) || err.contains(says)),
            "{args:?}: {code:?} {out} {err}"
        );
    }
}

fn run(args: &[&str]) -> (Option<i32>, String) {
    let (status, out, err) = compare(args);
    (status, out + &err)
}

#[test]
fn a_capture_against_itself_has_no_regression_of_any_figure() {
    let capture =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compare-itself.json").display().to_string();
    let save = ["-q", "--save", &capture, &sample("trunk-incident.pcapng.gz")];
    assert!(Command::new(env!("CARGO_BIN_EXE_sipstat")).args(save).output().unwrap().status.success());
    let json = |args: &[&str]| -> serde_json::Value {
        serde_json::from_str(&compare(&[args, &["-f", "json", &capture, &capture]].concat()).1).unwrap()
    };
    let all = json(&[]);
    let differences = all["differences"].as_array().unwrap();
    assert!(differences.len() > 50 && differences.iter().all(|d| d["significant"] == false));
    for d in differences {
        let figure = d["figure"].as_str().unwrap();
        let limit = if d["unit"] == "ms" { "0ms" } else { "0%" };
        let limits = [limit, "0% rel"].map(|limit| format!("{figure} {limit}"));
        let args = ["--max-regress", &limits[0], "--max-regress", &limits[1], &capture, &capture];
        let (status, says) = run(&args);
        let aimless = says.contains("neither better nor worse");
        assert!(status == Some(0) || aimless && status == Some(2), "{figure}: {says}");
    }
}

#[test]
fn what_nobody_called_is_not_evaluated() {
    let (empty, trunk) = (sample("pings.pcap"), sample("trunk-503.pcap"));
    for (base, now) in [(&empty, &trunk), (&trunk, &empty), (&empty, &empty)] {
        let limits = ["--max-regress", "asr 1%", "--max-regress", "p95(pdd) 10ms"];
        let (status, says) = run(&[&limits[..], &[base, now]].concat());
        assert_eq!(status, Some(0), "{says}");
        assert_eq!(says.matches("was not evaluated").count(), 2, "{says}");
        assert_eq!(run(&[&limits[..], &["--strict", base, now]].concat()).0, Some(3));
    }
}

/// Halves of the steady part of captures, calls that were up at the cut included; `SIPSTAT_THOROUGH=1`
/// takes a hundred.
#[test]
fn halves_of_a_steady_capture_yield_a_finding_in_one_of_twenty_at_most() {
    let seeds: u64 = if std::env::var_os("SIPSTAT_THOROUGH").is_some() { 100 } else { 20 };
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compare-halves");
    fs::create_dir_all(&dir).unwrap();
    let mut loud = Vec::new();
    for seed in 0..seeds {
        let path = dir.join("capture.pcapng.gz");
        fs::write(&path, Ladder::parse(&trunk::script(1_000 + seed, 900)).unwrap().build()).unwrap();
        let half = |from: &str, to: &str| {
            let window = Window { from: Some(from.parse().unwrap()), to: Some(to.parse().unwrap()) };
            let filter = Filter { window, ..Filter::default() };
            let config = Config { filter, threads: 1, ..Config::new([&path]) };
            gather(&config, &mut None, &mut Watch::new(&AtomicBool::new(false), None)).unwrap()
        };
        // After the incident.
        let halves = [half("+460s", "+670s"), half("+670s", "+880s")];
        let [a, b] = halves.map(|half| ("half".to_owned(), half));
        let found = sipstat::compare::compare(a, b);
        let significant: Vec<_> =
            found.differences.iter().filter(|d| d.significant).map(|d| &d.figure).collect();
        if !significant.is_empty() {
            loud.push(format!("{seed}: {significant:?}"));
        }
    }
    assert!(loud.len() as u64 <= seeds / 20, "{} of {seeds}:\n  {}", loud.len(), loud.join("\n  "));
}
