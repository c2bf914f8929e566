//! What other calls do changes nothing: each test vector among strangers, and with its calls in
//! another order where their times are equal.

use std::fs;
use std::path::Path;

use crate::support::flow::{Ladder, Sent};
use crate::support::report_about;
use serde_json::Value;

/// Moments at which strangers pass, and how many then: some fall to each shard.
const MOMENTS: u64 = 60;
const STRANGERS: u64 = 80;

fn ladders() -> Vec<(String, Ladder)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut all: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    all.sort();
    all.iter().map(|p| (p.file_stem().unwrap().display().to_string(), Ladder::load(p))).collect()
}

/// A request that nobody answers, or an answer, of a call of its own. Not before the first, not
/// after the last message: the capture's span stays.
fn stranger(template: &Sent, n: u64, time: u64, request: bool) -> Sent {
    let start = if request { "FOO sip:x@y SIP/2.0" } else { "SIP/2.0 200 OK" };
    let text = format!(
        "{start}\r\nVia: SIP/2.0/UDP stranger;branch=z9hG4bK-{n}\r\nFrom: <sip:s@s>;tag={n}\r\n\
         To: <sip:x@y>\r\nCall-ID: stranger-{n}\r\nCSeq: 1 FOO\r\nContent-Length: 0\r\n\r\n"
    );
    Sent { time, bytes: text.into_bytes(), wire: Default::default(), ..template.clone() }
}

#[test]
fn strangers_change_no_call() {
    let mut wrong = Vec::new();
    for (name, ladder) in ladders() {
        let (Some(first), Some(last)) = (ladder.sent.first(), ladder.sent.last()) else { continue };
        // A capture of replies only stays one.
        let request = ladder.sent.iter().any(|s| !s.bytes.starts_with(b"SIP/2.0"));
        let (start, span) = (first.time, last.time - first.time);
        let mut among = ladder.clone();
        for n in 0..MOMENTS * STRANGERS {
            among.sent.push(stranger(first, n, start + span / MOMENTS * (n / STRANGERS), request));
        }
        among.sent.sort_by_key(|s| s.time);
        let (alone, among) =
            (report_about(&ladder, "neighbours", "alone"), report_about(&among, "neighbours", "among"));
        for part in ["invite", "register"] {
            if alone[part] != among[part] {
                wrong.push(format!("{name}: {part}: {}", difference(&alone[part], &among[part])));
            }
        }
    }
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
}

#[test]
fn equal_times_may_come_in_any_order_between_calls() {
    let mut wrong = Vec::new();
    for (name, ladder) in ladders() {
        if ladder.container.unsorted {
            continue;
        }
        let mut other = ladder.clone();
        // Within a call the order stays.
        other.sent.sort_by_key(|s| (s.time, std::cmp::Reverse(call_id(&s.bytes))));
        let (one, other) =
            (report_about(&ladder, "neighbours", "one"), report_about(&other, "neighbours", "other"));
        for part in ["messages", "requests", "responses", "failures", "invite", "register", "delays"] {
            if one[part] != other[part] {
                wrong.push(format!("{name}: {part}: {}", difference(&one[part], &other[part])));
            }
        }
    }
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
}

fn call_id(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let value = text.split_once("Call-ID: ").and_then(|(_, rest)| rest.lines().next());
    value.unwrap_or_default().to_owned()
}

/// The first path at which two reports differ.
fn difference(a: &Value, b: &Value) -> String {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            let key = x.keys().find(|k| x.get(*k) != y.get(*k));
            key.map_or_else(String::new, |k| {
                format!("{k}.{}", difference(&x[k], y.get(k).unwrap_or(&Value::Null)))
            })
        }
        _ => format!("{a} / {b}"),
    }
}
