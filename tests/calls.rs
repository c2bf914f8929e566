//! From figures to calls: rows, selections and ladders agree with the report, whatever the threads.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::laws::{samples, scratch};
use crate::support::flow::Ladder;
use crate::support::trunk;
use serde_json::Value;

/// Runs it: status, standard output, standard error.
fn run(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sipstat")).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&run(args).1).unwrap_or_default()
}

fn rows(args: &[&str]) -> Vec<Value> {
    let (_, out, err) = run(&[&["calls", "-f", "ndjson"], args].concat());
    out.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{args:?}: {e}: {err}"))).collect()
}

/// How many rows there are of each outcome.
fn outcomes(rows: &[Value]) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for row in rows {
        *all.entry(row["outcome"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    all
}

/// The outcomes of a report that are not 0.
fn reported(report: &Value) -> BTreeMap<String, u64> {
    let Some(all) = report["invite"]["outcomes"].as_object() else { return BTreeMap::new() };
    let count = |o: &Value| o["count"].as_u64().unwrap();
    all.iter().map(|(k, v)| (k.clone(), count(v))).filter(|(_, n)| *n > 0).collect()
}

fn busy_trunk(test: &str) -> PathBuf {
    let ladder = Ladder::parse(&trunk::script(7, 500)).unwrap();
    let capture = scratch(test).join(format!("trunk.{}", ladder.extension()));
    fs::write(&capture, ladder.build()).unwrap();
    capture
}

/// Captures of `SIPSTAT_CORPUS`, if it is set.
fn corpus() -> Vec<PathBuf> {
    let Some(root) = env::var_os("SIPSTAT_CORPUS") else { return Vec::new() };
    let is_capture = |p: &PathBuf| {
        ["pcap", "pcapng", "cap"].iter().any(|e| p.extension().is_some_and(|x| x == *e))
            && p.metadata().is_ok_and(|m| m.len() < 4 << 20)
    };
    let mut folders = vec![PathBuf::from(root)];
    let mut all = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
            if entry.is_dir() { folders.push(entry) } else { all.extend(Some(entry).filter(is_capture)) }
        }
    }
    all.sort();
    all
}

#[test]
fn every_attempt_of_the_report_has_one_row() {
    let mut calls = 0;
    for capture in samples().into_iter().chain([busy_trunk("rows")]).chain(corpus()) {
        let path = capture.to_str().unwrap();
        let (rows, report) = (rows(&[path]), json(&["-f", "json", path]));
        assert_eq!(outcomes(&rows), reported(&report), "{path}");
        calls += rows.len();
        let mut last = "";
        for row in &rows {
            let start = row["start"].as_str().unwrap();
            assert!(start.get(..26) >= last.get(..26), "{path}: {row} out of order");
            last = start;
        }
    }
    assert!(calls > 1_000);
}

#[test]
fn rows_are_the_same_bytes_by_any_number_of_threads() {
    let trunk = busy_trunk("threads");
    let incident = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/trunk-incident.pcapng.gz");
    for capture in [trunk, incident] {
        let path = capture.to_str().unwrap();
        for args in [
            &["--sort", "start", "-f", "csv"][..],
            &["--sort", "end", "-f", "ndjson"],
            &["--sort", "pdd", "-n", "50", "-f", "csv"],
            &["--where", "code == 503", "-f", "table", "--width", "200"],
            &["--memory", "1M", "-f", "csv"],
        ] {
            let by = |threads| run(&[&["calls", "-j", threads], args, &[path]].concat()).1;
            let one = by("1");
            assert!(one.lines().count() > 10, "{args:?}");
            assert!(one == by("2") && one == by("7"), "{path} {args:?}");
        }
    }
}

#[test]
fn a_selection_is_judged_as_in_all_of_the_capture() {
    let capture = busy_trunk("where");
    let path = capture.to_str().unwrap();
    let all = rows(&[path]);
    for condition in [
        "outcome == busy",
        "code == 486",
        "method == BYE and code == 200",
        "pdd > 2s and outcome == answered",
        "not (src in 10.0.0.0/8)",
        "retransmissions > 0",
        "call_id ~ '*1*' and code == 4xx",
        "duration < 10s or outcome == cancelled",
    ] {
        let selected = rows(&["--where", condition, path]);
        assert!(selected.iter().all(|row| all.contains(row)), "{condition}: another verdict");
        let report = json(&["-f", "json", "--where", condition, path]);
        assert_eq!(outcomes(&selected), reported(&report), "{condition}");
        let laws = &report["messages"];
        let sum = laws["requests"].as_u64().unwrap() + laws["responses"].as_u64().unwrap();
        assert_eq!(laws["total"].as_u64().unwrap(), sum);
    }
    // Both halves are the whole.
    let half = |not: &str| rows(&["--where", &format!("{not}(outcome == answered)"), path]).len();
    assert_eq!(half("") + half("not "), all.len());
}

#[test]
fn a_condition_that_cannot_be_is_refused_with_the_place() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/busy.pcap");
    let sample = sample.to_str().unwrap();
    for (args, status, says) in [
        (&["calls", "--where", "outcom == busy", sample][..], 2, "did you mean 'outcome'"),
        (&["calls", "--where", "code >", sample], 2, "at the end"),
        (&["--where", "code == 200", "-"], 2, "pipe"),
        (&["show", "no-such-call", sample], 1, "no Call-ID"),
        (&["--full", "calls", sample], 2, "sipstat calls"),
    ] {
        let (code, out, err) = run(args);
        assert_eq!((code, out.as_str()), (status, ""), "{args:?}: {err}");
        assert!(err.contains(says), "{args:?}: {err}");
    }
}

#[test]
fn a_ladder_shows_every_message_and_the_verdict() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let sample = folder.join("proxied.pcap");
    let (status, out, err) = run(&["show", "1-prox", sample.to_str().unwrap()]);
    assert_eq!((status, err.as_str()), (0, ""));
    assert!(out.lines().all(|l| l.chars().count() <= 80), "{out}");
    assert_eq!(out.lines().filter(|l| l.starts_with("15:03:2")).count(), 13, "{out}");
    for part in ["─ INVITE (SDP) ─▶│", "│◀─ 180 Ringing ──│", "Answered, 200 OK", "hung up by caller, 2 hops"]
    {
        assert!(out.contains(part), "{part}: {out}");
    }
    let incident = folder.join("trunk-incident.pcapng.gz");
    let (status, _, err) = run(&["show", "c1", incident.to_str().unwrap()]);
    assert_eq!(status, 2);
    assert!(err.contains("c10@10.0.1.10") && err.contains("name more of it"), "{err}");
    // One Call-ID is the beginning of others: in full it is meant.
    let (status, out, _) = run(&["show", "c1@10.0.1.10", incident.to_str().unwrap()]);
    assert_eq!((status, out.lines().next()), (0, Some("c1@10.0.1.10")));
}

/// The columns that lead on stand on every page, and no line is broken by the terminal.
#[test]
fn tables_fit_the_page_and_keep_the_next_hop() {
    for sample in samples() {
        let sample = sample.to_str().unwrap();
        for width in [60, 80, 120, 200] {
            let (_, out, _) = run(&["calls", "-n", "8", "--width", &width.to_string(), sample]);
            let Some(head) = out.lines().find(|l| l.starts_with("Start ")) else { continue };
            let named = |column: &str| head.contains(column);
            assert!(["Outcome", "Call-ID"].iter().all(|c| named(c)), "{sample} {width}: {head}");
            assert!(width < 80 || named("Next hop"), "{sample} {width}: {head}");
            let long = out.lines().find(|l| l.chars().count() > width);
            assert_eq!(long, None, "{sample} {width}");
        }
    }
}
