//! Saved summaries: files that anyone may have written.

use sipstat::baseline::{parse, to_json};
use sipstat::report::{csv, json, markdown, ndjson, prometheus, text};
use sipstat::stats::Counted;

/// Any bytes as a saved summary: what is understood gives every report, comes back the same when it is
/// saved again, and is never added to itself.
pub fn summary(data: &[u8]) {
    let Ok(counted) = parse(data) else { return };
    let saved = to_json(counted.clone()).expect("what was read can be written");
    let again = parse(&saved).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&saved)));
    assert_eq!(saved, to_json(again.clone()).expect("what was read can be written"));
    // Twice the same is refused; where nothing was captured there is nothing to refuse.
    if let Ok(Some(sum)) = Counted::merge(vec![counted.clone(), again]) {
        let _ = sum.into_summary();
    }
    let summary = counted.into_summary();
    let mut out = Vec::new();
    for full in [false, true] {
        text::write(&summary, &text::Options { columns: 80, full }, &mut out).expect("to memory");
    }
    text::write_line(&summary, &mut out).expect("to memory");
    json::write(&summary, &mut out).expect("to memory");
    ndjson::write(&summary, &mut out).expect("to memory");
    csv::write(&summary, &mut out).expect("to memory");
    markdown::write(&summary, &mut out).expect("to memory");
    prometheus::write(&summary, &mut out).expect("to memory");
}
