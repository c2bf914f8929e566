//! `sipstat compare` as a gate: captures in, an exit status out.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::flow::Ladder;
use support::trunk;

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
