//! Whatever is written as JSON is what `sipstat schema` says: no field more, none less.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::laws::samples;
use crate::support::flow::Ladder;
use crate::support::trunk;
use jsonschema::Validator;
use serde_json::Value;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sipstat(args: &[&str]) -> (Option<i32>, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_sipstat")).args(args).output().unwrap();
    (run.status.code(), String::from_utf8(run.stdout).unwrap())
}

/// The schema that the program prints, in which objects hold no more than they say.
fn schema(name: &str) -> Validator {
    let (status, text) = sipstat(&["schema", name]);
    assert_eq!(status, Some(0));
    let mut schema: Value = serde_json::from_str(&text).expect("a schema is JSON");
    close(&mut schema);
    jsonschema::validator_for(&schema).expect("a schema")
}

fn close(schema: &mut Value) {
    if let Value::Object(fields) = schema {
        if fields.contains_key("properties") && !fields.contains_key("additionalProperties") {
            fields.insert("additionalProperties".into(), false.into());
        }
        fields.values_mut().for_each(close);
    } else if let Value::Array(items) = schema {
        items.iter_mut().for_each(close);
    }
}

#[track_caller]
fn holds(schema: &Validator, what: &str, text: &str) {
    let json: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{what}: {e}: {text}"));
    let wrong: Vec<_> = schema.iter_errors(&json).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(wrong.is_empty(), "{what}: {wrong:#?}");
}

/// A trunk with an incident, so that there is something of everything.
fn incident() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemas");
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join("incident.pcapng.gz");
    fs::write(&path, Ladder::parse(&trunk::script(1, 700)).unwrap().build()).unwrap();
    path
}

#[test]
fn reports() {
    let schema = schema("report");
    for capture in samples() {
        let name = capture.file_name().unwrap().display().to_string();
        let snapshot = project().join("tests/expected").join(format!("{name}.json"));
        holds(&schema, &name, &fs::read_to_string(snapshot).expect("a snapshot"));
        let full = ["-f", "json", "--interval", "10s", "--by", "destination", "--by", "user-agent,code"];
        let more = ["--define", "mine=1 - failures.rate", "--relative-time", "--no-paths"];
        let (_, text) = sipstat(&[&full[..], &more, &[capture.to_str().unwrap()]].concat());
        holds(&schema, &name, &text);
    }
    for expected in ["trunk.json", "registrations.json"] {
        let text = fs::read_to_string(project().join("src/report/expected").join(expected)).unwrap();
        holds(&schema, expected, &text);
    }
    let committed = fs::read_to_string(project().join("samples/ci/baseline.json")).unwrap();
    holds(&schema, "samples/ci/baseline.json", &committed);
}

#[test]
fn verdicts() {
    let schema = schema("check");
    let conditions = [
        "count(503) > 0",
        "asr < 99% with 95% confidence",
        "p95(pdd) > 10ms",
        "rate(5xx, SUBSCRIBE) > 1%",
        "input.complete",
        "invite.load.attempts_per_s > 0.5",
        "not (attempts > 1 and (asr < 1% or findings > 0))",
    ];
    let rules: Vec<&str> = conditions.iter().flat_map(|c| ["--fail-if", *c]).collect();
    for capture in samples().into_iter().chain([incident()]) {
        let capture = capture.to_str().unwrap();
        let args = [&["check", "-f", "json"], &rules[..], &[capture]].concat();
        holds(&schema, capture, &sipstat(&args).1);
    }
}

#[test]
fn comparisons() {
    let schema = schema("compare");
    let base = incident();
    for capture in samples() {
        let (base, now) = (base.to_str().unwrap(), capture.to_str().unwrap());
        let limits = ["--max-regress", "asr 1%", "--fail-on-new-codes", "5xx"];
        let args = [&["compare", "-f", "json"], &limits[..], &[base, now]].concat();
        holds(&schema, now, &sipstat(&args).1);
    }
}

#[test]
fn saved_summaries() {
    let schema = schema("summary");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemas-saved.json");
    for capture in samples().into_iter().chain([incident()]) {
        let (file, capture) = (file.to_str().unwrap(), capture.to_str().unwrap());
        for more in [&[][..], &["--relative-time", "--interval", "10s", "--by", "peer"]] {
            sipstat(&[&["-q", "--save", file], more, &[capture]].concat());
            holds(&schema, capture, &fs::read_to_string(file).unwrap());
        }
    }
}

#[test]
fn rows_of_calls() {
    let schema = schema("calls");
    let mut rows = 0;
    for capture in samples().into_iter().chain([incident()]) {
        let capture = capture.to_str().unwrap();
        for line in sipstat(&["calls", "-f", "ndjson", capture]).1.lines() {
            holds(&schema, capture, line);
            rows += 1;
        }
    }
    assert!(rows > 1_000, "{rows}");
}

#[test]
fn lines_of_intervals() {
    let schema = schema("interval");
    let file = incident();
    // A pipe ends; a file would be waited for.
    let capture = fs::File::open(file).unwrap();
    let args = ["--follow", "--interval", "10s", "-"];
    let run = Command::new(env!("CARGO_BIN_EXE_sipstat")).args(args).stdin(capture).output().unwrap();
    let text = String::from_utf8(run.stdout).unwrap();
    assert!(text.lines().count() > 20, "{text}");
    text.lines().for_each(|line| holds(&schema, "a line", line));
}

#[test]
fn a_schema_that_does_not_exist_is_refused_with_those_that_do() {
    let run = Command::new(env!("CARGO_BIN_EXE_sipstat")).args(["schema", "reprot"]).output().unwrap();
    let says = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(2));
    for name in ["report", "check", "compare", "summary", "interval", "calls"] {
        assert!(says.contains(name), "{says}");
    }
    // Without a name it is the report's.
    assert_eq!(sipstat(&["schema"]).1, sipstat(&["schema", "report"]).1);
}
