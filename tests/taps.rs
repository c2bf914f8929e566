//! The same messages at two taps whose clocks disagree: copies, never new messages.
//!
//! Random conversations seen by a second tap, early or late by up to a second, in the same file and
//! in a file of its own.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::conversations;
use crate::support::expect::{at, report_of};
use crate::support::flow::{Ladder, Tap};
use serde_json::{Value, json};

/// How late each of the two taps is, in milliseconds.
const CLOCKS: [(u64, u64); 9] =
    [(0, 0), (0, 1), (0, 60), (60, 0), (0, 300), (300, 0), (0, 999), (999, 0), (0, 700)];

/// What a tap sees, by hop and whether it is a request.
type Sees = fn(u16, bool) -> bool;

/// Conversations with two taps.
fn ladder(seed: u64, clocks: (u64, u64), sees: [Sees; 2], with_ids: bool) -> Ladder {
    let mut l = Ladder::parse(&conversations::script(seed, 40)).unwrap();
    let tap = |name: &str, interface, delay: u64| Tap {
        name: name.into(),
        interface,
        delay: delay * 1_000_000,
        ..Tap::default()
    };
    l.taps = vec![tap("one", 0, clocks.0), tap("two", 1, clocks.1)];
    l.interfaces = vec![l.interfaces[0]; 2];
    for s in &mut l.sent {
        // The hop to or from the proxy (10.0.0.2) by the caller (10.0.0.1) is hop 1, all else 2.
        let has = |host: &str| [s.from, s.to].iter().any(|e| e.ip().to_string() == host);
        let hop = if has("10.0.0.1") { 1 } else { 2 };
        s.wire.on = (0..2).filter(|t| sees[*t](hop, !s.bytes.starts_with(b"SIP"))).collect();
        s.wire.ip_id = if with_ids { s.wire.ip_id } else { Some(0) };
    }
    l.sent.retain(|s| !s.wire.on.is_empty());
    l
}

/// The report about one file with both taps, or about two files with one each.
fn report(name: &str, ladder: &Ladder, apart: bool) -> Value {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("taps");
    fs::create_dir_all(&dir).unwrap();
    let write = |suffix: &str, l: &Ladder| {
        let path = dir.join(format!("{name}{suffix}.{}", l.extension()));
        fs::write(&path, l.build()).unwrap();
        path
    };
    let files = if apart {
        vec![write("-left", &ladder.at_tap(0)), write("-right", &ladder.at_tap(1))]
    } else {
        vec![write("", ladder)]
    };
    report_of(&files.iter().map(|f| f.as_path() as &Path).collect::<Vec<_>>())
}

/// Everything that must not depend on who watches: without copies, times and delays.
fn figures(report: &Value) -> Value {
    let rows = |path: &str, keys: &[&str]| -> Vec<Value> {
        let list = at(report, path).and_then(Value::as_array).cloned().unwrap_or_default();
        let mut rows: Vec<Value> =
            list.iter().map(|r| keys.iter().map(|k| r[*k].clone()).collect::<Value>()).collect();
        rows.sort_by_key(Value::to_string);
        rows
    };
    let rates = ["asr", "ner", "ner_high", "ser", "seer", "isa", "scr", "cleared"]
        .map(|rate| report["invite"]["rates"][rate].clone());
    json!({
        "requests": rows("requests.by_method", &["method", "requests", "retransmissions", "hop_copies"]),
        "responses": rows("responses.by_method_and_code",
            &["method", "code", "responses", "retransmissions", "hop_copies"]),
        "failures": [report["failures"]["total"], report["failures"]["finals"], report["failures"]["inner"],
            report["failures"]["overtaken"]],
        "attempts": [report["invite"]["attempts"], report["invite"]["reinvites"],
            report["invite"]["transactions"]],
        "bids": [report["invite"]["bids"], report["invite"]["rates"]["abr"]],
        "outcomes": report["invite"]["outcomes"],
        "sides": report["invite"]["sides"],
        "rates": rates,
        "sessions": report["invite"]["sessions"],
        "register": report["register"]["outcomes"],
    })
}

fn differences(a: &Value, b: &Value) -> Vec<String> {
    let (a, b) = (figures(a), figures(b));
    let keys = a.as_object().unwrap().keys();
    keys.filter(|k| a[*k] != b[*k]).map(|k| format!("{k}:\n    {}\n    {}", a[k], b[k])).collect()
}

/// Two taps with any clocks give what one tap that sees everything gives, but for figures named
/// `but`.
fn check(name: &str, sees: [Sees; 2], copies: fn(u64) -> u64, but: &str) {
    let mut wrong = Vec::new();
    for seed in 1..=2 {
        for with_ids in [true, false] {
            let name = format!("{name}-{seed}-{with_ids}");
            let once = report(&name, &ladder(seed, (0, 0), [|_, _| true, |_, _| false], with_ids), false);
            let total = once["messages"]["total"].as_u64().unwrap();
            for clocks in CLOCKS {
                for apart in [false, true] {
                    let both = report(&name, &ladder(seed, clocks, sees, with_ids), apart);
                    let context = format!("{name} {clocks:?} apart: {apart}");
                    let found = both["messages"]["capture_duplicates"].as_u64().unwrap();
                    if found != copies(total) {
                        wrong.push(format!("{context}: {found} duplicates of {total} messages"));
                    }
                    let differences = differences(&once, &both)
                        .into_iter()
                        .filter(|d| !d.starts_with(but) || but.is_empty());
                    wrong.extend(differences.map(|d| format!("{context}: {d}")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong[..wrong.len().min(12)].join("\n"));
}

#[test]
fn a_second_tap_of_the_same_hops_adds_capture_duplicates_only() {
    check("same", [|_, _| true, |_, _| true], |total| total, "");
}

#[test]
fn a_tap_on_either_side_of_the_proxy_is_as_good_as_one_on_both() {
    check("sides", [|hop, _| hop == 1, |hop, _| hop == 2], |_| 0, "");
}

#[test]
fn a_tap_for_each_direction_is_as_good_as_one_for_both() {
    // A retry that is stamped before the challenge it answers passes for a bid of its own.
    check("directions", [|_, is_request| is_request, |_, is_request| !is_request], |_| 0, "bids");
}

#[test]
fn responses_before_their_requests_are_told_as_clocks_that_disagree() {
    for (clocks, told) in [((0, 0), false), ((999, 0), true)] {
        let sees: [Sees; 2] = [|_, is_request| is_request, |_, is_request| !is_request];
        let r = report("told", &ladder(1, clocks, sees, true), true);
        let notes = r["notes"].as_array().unwrap();
        assert_eq!(notes.iter().any(|n| n["id"] == "clocks_disagree"), told, "{clocks:?}");
    }
}
