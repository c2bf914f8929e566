//! Extracts are what they say: captures that hold the selected calls whole, and nothing else.

mod laws;
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use laws::{samples, scratch};
use serde_json::Value;
use support::flow::{Ladder, Wrapping};
use support::trunk;

/// Runs it: status, standard output, standard error.
fn run(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sipstat")).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Rows of calls without what follows from the place in the file.
fn rows(args: &[&str]) -> Vec<Value> {
    let (_, out, err) = run(&[&["calls", "-j1", "-f", "ndjson"], args].concat());
    let row = |line: &str| {
        let mut row: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line} {err}"));
        for place in ["file", "frame", "last_frame"] {
            row.as_object_mut().unwrap().remove(place);
        }
        row
    };
    out.lines().map(row).collect()
}

/// What was judged; where other calls' segments of a connection are missing, times may differ by as long
/// as an answer takes.
fn verdicts(rows: &[Value]) -> Vec<String> {
    let one = |row: &Value| {
        ["call_id", "outcome", "details", "code", "messages", "hops", "state"]
            .map(|f| row[f].to_string())
            .join(" ")
    };
    let mut all: Vec<String> = rows.iter().map(one).collect();
    all.sort();
    all
}

/// Extracts with `args` from `capture`; the place of the result.
fn extracted(test: &str, args: &[&str], capture: &str) -> PathBuf {
    let place = scratch(test).join("extract.pcapng");
    let _ = fs::remove_file(&place);
    let (status, out, err) = run(&[&["extract", "-w", place.to_str().unwrap()], args, &[capture]].concat());
    assert!(matches!(status, 0 | 4) && out.is_empty(), "{capture}: {status} {err}");
    place
}

fn report(capture: &Path) -> Value {
    serde_json::from_str(&run(&["-f", "json", "-j1", capture.to_str().unwrap()]).1).unwrap()
}

#[test]
fn the_sip_of_a_capture_is_the_same_without_all_the_rest() {
    for capture in samples() {
        let path = capture.to_str().unwrap();
        let extract = extracted("all", &[], path);
        let (whole, part) = (report(&capture), report(&extract));
        // Not the time of calls that are up: the capture may end earlier.
        for figures in ["messages", "requests", "responses", "register", "delays"] {
            assert!(part[figures] == whole[figures], "{path}: {figures}");
        }
        assert!(part["invite"]["outcomes"] == whole["invite"]["outcomes"], "{path}");
        assert!(part["input"]["frames"].as_u64() <= whole["input"]["frames"].as_u64());
        assert!(rows(&[extract.to_str().unwrap()]) == rows(&[path]), "{path}");
    }
}

#[test]
fn selected_calls_are_there_whole_and_no_others() {
    let ladder = Ladder::parse(&trunk::script(11, 200)).unwrap();
    let stream = Wrapping { tcp: true, ..Wrapping::default() };
    for (name, wrapping) in [("udp", Wrapping::default()), ("tcp", stream)] {
        let ladder = ladder.clone().wrapped(&wrapping);
        let capture = scratch("selected").join(format!("{name}.{}", ladder.extension()));
        fs::write(&capture, ladder.build()).unwrap();
        let path = capture.to_str().unwrap();
        for condition in ["outcome == busy", "code == 487", "duration > 60s"] {
            let extract = extracted(name, &["--where", condition], path);
            let kept = rows(&[extract.to_str().unwrap()]);
            assert!(!kept.is_empty());
            let expected = rows(&["--where", condition, path]);
            if name == "udp" {
                assert!(kept == expected, "{name} {condition}");
            }
            assert_eq!(verdicts(&kept), verdicts(&expected), "{name} {condition}");
        }
    }
}

#[test]
fn one_call_of_a_sample_by_a_part_of_its_call_id() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    for (sample, id) in
        [("tcp.pcap", "1-"), ("trunk-503.pcap", "1-"), ("tunnels.pcapng", "a"), ("fragments.pcap", "a")]
    {
        let path = folder.join(sample);
        let path = path.to_str().unwrap();
        let all = rows(&[path]);
        let extract = extracted("one", &["--call-id", id], path);
        let is_meant = |row: &Value| row["call_id"].as_str().unwrap().contains(id);
        let expected: Vec<Value> = all.into_iter().filter(is_meant).collect();
        // Calls that share a segment with one of these come along.
        let mut kept = rows(&[extract.to_str().unwrap()]);
        kept.retain(is_meant);
        assert_eq!(verdicts(&kept), verdicts(&expected), "{sample}");
    }
}

#[test]
fn nothing_is_overwritten_and_a_pipe_is_told_why_not() {
    let folder = scratch("refused");
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/busy.pcap");
    let copy = folder.join("busy.pcap");
    fs::copy(&sample, &copy).unwrap();
    let (place, dir) = (copy.to_str().unwrap(), folder.to_str().unwrap());
    for (args, says) in [
        (&["extract", "-w", place, place][..], "capture to be read"),
        (&["extract", "-w", place, dir], "captures to be read"),
        (&["extract", "-w", "/dev/null", "-"], "pipe"),
        (&["extract", place], "--write"),
    ] {
        let (status, out, err) = run(args);
        assert_eq!((status, out.as_str()), (2, ""), "{args:?}: {err}");
        assert!(err.contains(says), "{args:?}: {err}");
    }
    assert_eq!(fs::read(&copy).unwrap(), fs::read(&sample).unwrap());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
}
