//! Extracts are what they say: captures that hold the selected calls whole, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::laws::{samples, scratch, vectors};
use crate::support::flow::{Ladder, Wrapping};
use crate::support::trunk;
use serde_json::Value;

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

/// A capture that ends in silence: what follows the last message of the selected calls is not copied, but
/// how long it lasted is known.
#[test]
fn what_was_silent_until_the_end_is_judged_as_in_the_original() {
    for (name, bytes) in vectors() {
        let capture = scratch("silent").join(format!("{name}.capture"));
        fs::write(&capture, bytes).unwrap();
        let extract = extracted(&format!("silent-{name}"), &[], capture.to_str().unwrap());
        let (whole, part) = (report(&capture), report(&extract));
        for figures in ["outcomes", "bids", "sessions", "duration"] {
            assert_eq!(part["invite"][figures], whole["invite"][figures], "{name}: {figures}");
        }
        assert_eq!(rows(&[extract.to_str().unwrap()]), rows(&[capture.to_str().unwrap()]), "{name}");
    }
}

/// Messages and transactions by themselves: each in the bin that it has in the whole capture.
#[test]
fn single_messages_and_transactions_are_selected_from_reports_and_captures() {
    let trunk = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/trunk-incident.pcapng.gz");
    let trunk = trunk.to_str().unwrap();
    let json = |args: &[&str]| -> Value {
        serde_json::from_str(&run(&[&["-f", "json", "-j1", trunk], args].concat()).1).unwrap()
    };
    let whole = json(&["--by", "destination,method,code"]);
    let cell = |report: &Value, method: &str, code: u64| -> Value {
        let rows = report["responses"]["by_method_and_code"].as_array().unwrap();
        rows.iter().find(|r| r["method"] == method && r["code"] == code).cloned().unwrap_or_default()
    };
    let condition = "code == 503 and dst == 10.0.4.7 and method == INVITE";
    let messages = json(&["--where", condition, "--select", "messages"]);
    let rows = whole["groups"][0]["rows"].as_array().unwrap();
    let key = serde_json::json!(["10.0.4.7", "INVITE", "503"]);
    let row = rows.iter().find(|r| r["key"] == key).expect("the gateway's 503 to INVITE");
    for count in ["messages", "responses", "retransmissions"] {
        assert_eq!(cell(&messages, "INVITE", 503)[count], row[count], "{count}");
        assert_eq!(messages["responses"][count], row[count], "nothing else: {count}");
    }
    assert_eq!((&messages["messages"]["requests"], &messages["invite"]["attempts"]), (&0.into(), &0.into()));
    assert!(messages["findings"].as_array().unwrap().is_empty());
    assert!(messages["notes"].as_array().unwrap().iter().any(|n| n["id"] == "messages_only"));
    // Each of their transactions has one INVITE, one ACK, one 503, and what was sent again.
    let transactions = json(&["--where", condition, "--select", "transactions"]);
    let n = row["responses"].as_u64().unwrap();
    let requests = |method: &str| {
        let rows = transactions["requests"]["by_method"].as_array().unwrap();
        rows.iter().find(|r| r["method"] == method).map_or(0, |r| r["requests"].as_u64().unwrap())
    };
    assert_eq!((requests("INVITE"), requests("ACK"), requests("BYE")), (n, n, 0));
    assert_eq!(cell(&transactions, "INVITE", 503)["responses"], n);
    assert_eq!(cell(&transactions, "INVITE", 200), Value::Null);
    // How long answers took is of transactions, of which both ends are there.
    assert_eq!(transactions["delays"]["response_time"]["INVITE"]["count"], n);
    assert_eq!(messages["delays"]["response_time"], serde_json::json!({}));
    for (select, report) in [("messages", &messages), ("transactions", &transactions)] {
        let extract = extracted(select, &["--where", condition, "--select", select], trunk);
        assert_eq!(self::report(&extract)["messages"]["total"], report["messages"]["total"], "{select}");
    }
    let (status, _, err) = run(&["--where", "outcome == busy", "--select", "messages", trunk]);
    assert!(status == 2 && err.contains("--select"), "{err}");
}

/// Real captures: all SIP of one is in its extract, and some of its calls are judged there as in it.
#[test]
fn extracts_of_recorded_captures_are_judged_as_the_captures() {
    let Some(root) = std::env::var_os("SIPSTAT_CORPUS") else {
        eprintln!("SIPSTAT_CORPUS is not set: no real capture was extracted from");
        return;
    };
    let manifest = fs::read_to_string(Path::new(&root).join("MANIFEST.tsv")).unwrap();
    for file in manifest.lines().skip(1).filter_map(|line| line.split('\t').next()) {
        let path = Path::new(&root).join(file);
        let path = path.to_str().unwrap();
        let all = rows(&[path]);
        if all.is_empty() {
            continue;
        }
        let extract = extracted("corpus", &[], path);
        let odd = report(&extract)["input"]["anomalies"].as_array().unwrap().clone();
        // A lone frame of another year is known by its neighbours, which are not copied.
        if odd.iter().any(|a| a["id"] == "time_jump") {
            continue;
        }
        assert_eq!(rows(&[extract.to_str().unwrap()]), all, "{path}");
        for call in all.iter().step_by(all.len().div_ceil(3)) {
            let id = call["call_id"].as_str().unwrap();
            if id.contains('\u{fffd}') {
                continue;
            }
            let of = |rows: Vec<Value>| {
                verdicts(&rows.into_iter().filter(|r| r["call_id"] == id).collect::<Vec<_>>())
            };
            let extract = extracted("corpus", &[&format!("--call-id={id}")], path);
            assert_eq!(of(rows(&[extract.to_str().unwrap()])), of(all.clone()), "{path} {id}");
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
        (&["extract", "-w", place, dir], "capture to be read"),
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

#[test]
fn a_condition_that_nothing_fits_leaves_a_capture_of_nothing_and_says_so() {
    let out = scratch("extract-nothing").join("none.pcapng");
    let sample = "samples/trunk-503.pcap";
    let args = ["extract", "--where", "code == 699", "-w", out.to_str().unwrap(), sample];
    let (status, _, err) = run(&args);
    assert_eq!(status, 0, "{err}");
    assert!(err.contains("no message fits --where"), "{err}");
    assert_eq!(report(&out)["messages"]["total"], 0);
}
