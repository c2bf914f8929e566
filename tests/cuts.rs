//! Each test vector cut before and after every message: captures start and end anywhere, and the
//! laws of counting hold all the same.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::expect::at;
use crate::support::flow::Ladder;
use crate::support::report_about;
use serde_json::Value;

/// Cuts of one ladder; long ladders repeat themselves.
const MAX_CUTS: usize = 40;

fn n(report: &Value, path: &str) -> i64 {
    at(report, path).and_then(Value::as_i64).unwrap_or_else(|| panic!("{path}"))
}

fn sum(report: &Value, path: &str, field: &str) -> i64 {
    let rows = at(report, path).unwrap_or_else(|| panic!("{path}"));
    let of = |v: &Value| if field.is_empty() { v.as_i64() } else { v[field].as_i64() }.unwrap();
    match rows {
        Value::Array(rows) => rows.iter().map(of).sum(),
        Value::Object(rows) => rows.values().map(of).sum(),
        _ => panic!("{path} has no rows"),
    }
}

/// The laws that any report obeys; what is broken.
fn broken(r: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut law = |holds: bool, what: String| {
        if !holds {
            wrong.push(what);
        }
    };
    let (attempts, pending) = (n(r, "invite.attempts"), n(r, "invite.outcomes.pending.count"));
    let answered = n(r, "invite.outcomes.answered.count");
    let (bids, transactions) = (n(r, "invite.bids"), n(r, "invite.transactions"));
    let outcomes = sum(r, "invite.outcomes", "count");
    law(outcomes == attempts, format!("Σ outcomes {outcomes} = attempts {attempts}"));
    let sides = sum(r, "invite.sides", "");
    law(sides == attempts - pending, format!("Σ sides {sides} = decided {}", attempts - pending));
    law(bids <= transactions && attempts <= transactions, "bids, attempts ≤ transactions".into());
    let sure = answered - n(r, "invite.flags.inferred").min(answered);
    law(bids >= sure, format!("bids {bids} ≥ answered {sure}"));
    let s = |f: &str| n(r, &format!("invite.sessions.{f}"));
    law(s("confirmed") == answered, format!("sessions {} = answered {answered}", s("confirmed")));
    law(
        s("confirmed") == s("completed") + s("failed") + s("up"),
        "confirmed = completed + failed + up".into(),
    );
    for (all, bins) in [("requests.by_method", "requests"), ("responses.by_method_and_code", "responses")] {
        let rows = at(r, all).and_then(Value::as_array).unwrap();
        for row in rows {
            let f = |k: &str| row[k].as_i64().unwrap();
            let whole = f(bins) + f("retransmissions") + f("capture_duplicates") + f("hop_copies");
            law(f("messages") == whole, format!("four bins: {row}"));
        }
    }
    let rows = sum(r, "responses.by_method_and_code", "messages") + sum(r, "requests.by_method", "messages");
    law(rows == n(r, "messages.total"), "Σ cells = messages".into());
    law(n(r, "failures.total") <= n(r, "failures.finals"), "failures ≤ finals".into());
    let registers = sum(r, "register.outcomes", "count");
    law(registers == n(r, "register.attempts"), "Σ register outcomes = attempts".into());
    law(r["input"]["exact"] == true, "nothing is evicted".into());
    law(!negative(r), "no count is negative".into());
    for (name, rate) in r["invite"]["rates"].as_object().unwrap() {
        let (part, whole) = (rate["numerator"].as_i64().unwrap(), rate["denominator"].as_i64().unwrap());
        law(part <= whole || name == "scr", format!("{name} {part}/{whole}"));
    }
    wrong
}

fn negative(v: &Value) -> bool {
    match v {
        Value::Number(n) => n.as_f64().is_some_and(|n| n < 0.0),
        Value::Array(all) => all.iter().any(negative),
        Value::Object(all) => all.values().any(negative),
        _ => false,
    }
}

fn ladders() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut all: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    all.sort();
    all
}

#[test]
fn the_laws_hold_wherever_the_capture_starts_or_ends() {
    let mut wrong = Vec::new();
    for script in ladders() {
        let whole = Ladder::load(&script);
        let name = script.file_stem().unwrap().display().to_string();
        let step = whole.sent.len().div_ceil(MAX_CUTS).max(1);
        let mut before: Option<[i64; 3]> = None;
        for cut in (0..=whole.sent.len()).step_by(step) {
            let (mut head, mut tail) = (whole.clone(), whole.clone());
            head.sent.truncate(cut);
            tail.sent.drain(..cut);
            let (head, tail) = (report_about(&head, "cuts", "head"), report_about(&tail, "cuts", "tail"));
            for (part, r) in [("first", &head), ("all but", &tail)] {
                wrong.extend(broken(r).into_iter().map(|w| format!("{name}, {part} {cut}: {w}")));
            }
            let grows = ["messages.requests", "responses.responses", "invite.attempts"].map(|p| n(&head, p));
            if let Some(before) = before
                && grows.iter().zip(before).any(|(now, before)| *now < before)
            {
                wrong.push(format!("{name}, first {cut}: {grows:?} after {before:?}"));
            }
            before = Some(grows);
        }
    }
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
}

#[test]
fn the_laws_hold_whatever_messages_were_lost_or_came_twice_or_late() {
    let mut wrong = Vec::new();
    // A fixed sequence of pseudo-random numbers (Knuth's MMIX).
    let mut state = 1_u64;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for script in ladders() {
        let whole = Ladder::load(&script);
        let name = script.file_stem().unwrap().display().to_string();
        for round in 0..6 {
            let mut ladder = whole.clone();
            ladder.sent.retain(|_| random(10) >= 3);
            for i in 0..ladder.sent.len() {
                let mut copy = ladder.sent[i].clone();
                match random(8) {
                    0 => copy.time += 1_000_000 * random(40_000),
                    1 => copy.time += 1_000_000 * random(900),
                    _ => continue,
                }
                ladder.sent.push(copy);
            }
            ladder.sent.sort_by_key(|s| s.time);
            let r = report_about(&ladder, "cuts", "lossy");
            wrong.extend(broken(&r).into_iter().map(|w| format!("{name}, round {round}: {w}")));
        }
    }
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
}
