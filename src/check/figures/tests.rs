//! Every figure of the report is in reach, and what is mistyped is not.

use serde_json::Value as Json;

use super::*;
use crate::expr::{Expression, Of, Quantity};
use crate::report::sample;

fn ask(text: &str) -> Option<Quantity> {
    let summary = sample::trunk();
    let e = Expression::figure(text, &Figures::default()).unwrap_or_else(|p| panic!("{text}: {p}"));
    e.quantity(&Reported::new(&summary))
}

fn refused(text: &str) -> String {
    Expression::figure(text, &Figures::default()).expect_err(text).to_string()
}

/// What conditions do not ask for: names of rows, times, texts, what stands in lists of free keys.
fn is_left_out(path: &str) -> bool {
    const LISTS: [&str; 13] = [
        "input.tls",
        "input.skipped",
        "input.evicted",
        "input.unknown_links",
        "invite.release.reasons",
        "reasons",
        "phrases",
        "warnings",
        "groups",
        "timeline",
        "findings",
        "input.files",
        "input.columns",
    ];
    const FIELDS: [&str; 7] = ["code", "class", "registered", "cause", "frame", "port", "schema"];
    LISTS
        .iter()
        .any(|list| path.strip_prefix(list).is_some_and(|r| r.is_empty() || r.starts_with(['.', '['])))
        || FIELDS.iter().any(|f| path.ends_with(&format!(".{f}")))
        || path.contains("ring_timer")
        // Made up for the pictures.
        || path.starts_with("notes[auth_loop]")
        || path.contains(".calls[")
}

/// Paths of all numbers and truths, rows named by their keys.
fn leaves(json: &Json, path: &str, out: &mut Vec<String>) {
    match json {
        Json::Object(fields) => {
            for (key, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                leaves(value, &format!("{path}{dot}{key}"), out);
            }
        }
        Json::Array(rows) => {
            for row in rows {
                let key = |f: &&str| {
                    row.get(f)
                        .and_then(|v| v.as_str().map(str::to_owned).or(v.as_u64().map(|n| n.to_string())))
                };
                let names: &[&str] = match path {
                    "silence" => &["method", "destination"],
                    "invite.translated" => &["inner", "outer"],
                    _ => &["id", "method", "class", "code", "address", "path"],
                };
                let names: Vec<&&str> =
                    if path.ends_with("by_class") { vec![&"class"] } else { names.iter().collect() };
                let keys: Option<Vec<String>> = match names.iter().filter_map(|f| key(f)).collect::<Vec<_>>()
                {
                    k if k.is_empty() || (path == "silence" && k.len() < 2) => None,
                    k => Some(k),
                };
                if let Some(keys) = keys {
                    leaves(row, &format!("{path}[{}]", keys.join(",")), out);
                }
            }
        }
        Json::Number(_) | Json::Bool(_) => out.push(path.to_owned()),
        Json::Null | Json::String(_) => {}
    }
}

#[test]
fn every_number_of_the_report_has_its_path() {
    for summary in [sample::trunk(), sample::registrations()] {
        let reported = Reported::new(&summary);
        let mut paths = Vec::new();
        leaves(&reported.json, "", &mut paths);
        assert!(paths.len() > 200);
        for path in paths.iter().filter(|p| !is_left_out(p)) {
            let (item, _) = Figures::default()
                .name(&parsed(path))
                .unwrap_or_else(|r| panic!("{path}: {}; add it to figures.txt", r.why));
            assert!(
                reported.read(&item) != Value::Absent
                    || path.ends_with("numerator")
                    || path.ends_with("value"),
                "{path}"
            );
        }
    }
}

/// A path of [`leaves`] as the parser would read it.
fn parsed(path: &str) -> Path {
    let mut segments = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (part, more) = match rest.strip_prefix('[') {
            Some(inner) => inner.split_once(']').map_or((inner, ""), |(k, m)| (k, m)),
            None => {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                rest.split_at(end)
            }
        };
        segments.push(match rest.starts_with('[') {
            true => Segment::Key(part.split(',').map(str::to_owned).collect()),
            false => Segment::Name(part.to_owned()),
        });
        rest = more.strip_prefix('.').unwrap_or(more);
    }
    Path { segments }
}

#[test]
fn short_names_paths_and_functions_are_the_figures_of_the_report() {
    for (text, same) in [
        ("asr", "invite.rates.asr"),
        ("ira", "register.rates.ira"),
        ("outcomes.timed_out", "invite.outcomes.timed_out.count"),
        ("attempts", "invite.attempts"),
        ("responses.by_code[503]", "count(503)"),
        ("responses.by_method_and_code[INVITE, 503].responses", "count(503, INVITE)"),
        ("responses.by_class[5xx].responses", "count(5xx)"),
        ("failures.by_method_and_code['INVITE' 503]", "failures(503, INVITE)"),
        ("requests.by_method[INVITE]", "requests(INVITE)"),
        ("pdd.p95_ms", "p95(pdd)"),
        ("delays.response_time.INVITE.max_ms", "max(response_time, INVITE)"),
        ("acd", "invite.duration.acd_s"),
        ("failure_rate", "failures.rate"),
        ("asr.numerator", "outcomes.answered"),
    ] {
        let found = ask(text);
        assert!(found.is_some_and(|q| q.value > 0.0) || text == "ira", "{text}: {found:?}");
        assert_eq!(found.map(|q| q.value), ask(same).map(|q| q.value), "{text}");
    }
}

#[test]
fn shares_and_rates_keep_their_fractions() {
    let summary = sample::trunk();
    let invite = summary.responses.by_method.iter().find(|m| m.method == "INVITE").unwrap();
    let of_code =
        |code: u16| summary.responses.by_code.iter().find(|c| c.status.get() == code).unwrap().counts.first;
    let finals: u64 = summary.responses.by_method.iter().map(|m| m.finals).sum();
    for (text, n, d) in [
        (
            "rate(503, INVITE)",
            ask("count(503, INVITE)").unwrap().value as u64,
            invite.finals - invite.challenges,
        ),
        ("responses.by_code[503].share", of_code(503), summary.responses.counts.first),
        ("responses.by_code[503].share_of_finals", of_code(503), finals),
        ("outcomes.busy.share", ask("outcomes.busy").unwrap().value as u64, summary.invite.attempts),
        ("responses.by_code[699].share", 0, summary.responses.counts.first),
    ] {
        assert_eq!(ask(text).map(|q| q.of), Some(Of::Fraction(n, d)), "{text}");
    }
    let pdd = ask("p95(pdd)").unwrap();
    assert!(matches!(pdd.of, Of::Samples(n) if n > 0), "{pdd:?}");
}

#[test]
fn what_did_not_occur_is_0_and_what_nobody_can_know_is_absent() {
    for text in
        ["count(699)", "responses.by_code[699]", "outcomes.global_failure.details.open", "notes[scanners]"]
    {
        assert_eq!(ask(text).map(|q| q.value), Some(0.0), "{text}");
    }
    for text in
        ["invite.next_hops[192.0.2.99:5060].bids", "input.files['nowhere.pcap'].frames", "p95(sdd_failed)"]
    {
        assert_eq!(ask(text), None, "{text}");
    }
}

#[test]
fn what_is_mistyped_is_refused_with_the_nearest_name() {
    for (text, says) in [
        ("asrr", "did you mean 'asr'?"),
        ("outcomes.timedout", "did you mean 'timed_out'?"),
        ("invite.outcomes.answerd.count", "did you mean 'answered'?"),
        ("input.complet", "did you mean 'complete'?"),
        ("responses.by_cod[503]", "did you mean 'by_code'?"),
        ("responses.by_code[5033]", "'5033' is no response code"),
        ("responses.by_method[INVTE].failures", "did you mean 'INVITE'?"),
        ("responses.by_method_and_code[503]", "a row of it is [method,code]"),
        ("invite.next_hops[10.0.4.7].bids", "lacks a port"),
        ("rate(5xx, INVTE)", "'INVTE' at character 11: no such method; did you mean 'INVITE'?"),
        ("rate(1xx)", "a rate is of finals"),
        ("rate(407)", "407 is a challenge"),
        ("count(5033)", "5033 is no response code"),
        ("count(INVITE)", "count takes a code or class"),
        ("p95(asr)", "asr is no delay"),
        ("p95(pdf)", "did you mean 'pdd'?"),
        ("p59(pdd)", "no such function; did you mean 'p50'?"),
        ("pdd", "a delay has many values: write p95(pdd)"),
        ("notes[scaners]", "did you mean 'scanners'?"),
        ("responses", "no figure by itself"),
    ] {
        let problem = refused(text);
        assert!(problem.contains(says), "{text}: {problem}");
    }
}

#[test]
fn calls_are_those_that_speak_against_a_figure() {
    use crate::call::Outcome;
    use crate::flow::FrameId;
    use crate::sip::StatusCode;
    use crate::stats::summary::{CellCalls, DelayKind};
    use crate::time::Timestamp;

    let call = |n: i64| SampleCall {
        time: Timestamp::from_nanos(n),
        frame: FrameId { file: 0, number: n as u64 },
        call_id: format!("c{n}"),
    };
    let mut s = Summary::default();
    let cell = |method: &str, code, calls| CellCalls {
        method: method.into(),
        status: StatusCode::new(code).unwrap(),
        calls,
    };
    s.calls.cells = vec![
        cell("BYE", 481, vec![call(3)]),
        cell("INVITE", 503, vec![call(2), call(5)]),
        cell("INVITE", 500, vec![call(1), call(2), call(6), call(7), call(8)]),
    ];
    s.calls.outcomes = vec![
        (Outcome::Answered, vec![call(1)]),
        (Outcome::Busy, vec![call(4)]),
        (Outcome::TimedOut, vec![call(2)]),
    ];
    s.calls.slowest = vec![(DelayKind::Pdd, vec![call(9), call(1)])];
    for (text, expected) in [
        ("count(503)", vec![2, 5]),
        ("rate(5xx, INVITE)", vec![1, 2, 5, 6, 7]),
        ("responses.by_method[BYE].failure_rate", vec![3]),
        ("failures.by_code[481]", vec![3]),
        ("asr", vec![2, 4]),
        ("ner", vec![2]),
        ("outcomes.busy", vec![4]),
        ("p95(pdd)", vec![9, 1]),
        ("attempts", vec![]),
        ("count(503) + count(481)", vec![2, 3, 5]),
    ] {
        let e = Expression::figure(text, &Figures::default()).unwrap();
        let calls = Reported::new(&s).calls(&e.items());
        assert_eq!(calls.iter().map(|c| c.frame.number).collect::<Vec<_>>(), expected, "{text}");
    }
}

/// `keys::NOTES` is what `stats` notes.
#[test]
fn identifiers_of_notes_are_known() {
    let source = include_str!("../../stats/notes.rs");
    for (at, _) in source.match_indices("notes.push(\"") {
        let id = source[at + "notes.push(\"".len()..].split('"').next().unwrap();
        assert!(keys::members("note").unwrap().contains(&id), "{id}: add it to NOTES");
    }
}
