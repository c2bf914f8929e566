//! Every report that there is, for tests that must hold for each. A new format is a line here.

#![allow(dead_code, unreachable_pub, reason = "each test program uses its own part")]

use sipstat::report::{csv, json, markdown, ndjson, prometheus, text};
use sipstat::stats::Summary;

/// Name and text of each format.
pub fn outputs(summary: &Summary) -> Vec<(&'static str, String)> {
    let said = |write: &dyn Fn(&mut Vec<u8>) -> std::io::Result<()>| {
        let mut out = Vec::new();
        write(&mut out).expect("a vector takes all");
        String::from_utf8(out).expect("a report is UTF-8")
    };
    let text = |columns, full| said(&|out| text::write(summary, &text::Options { columns, full }, out));
    vec![
        ("text", text(80, false)),
        ("full text", text(400, true)),
        ("line", said(&|out| text::write_line(summary, out))),
        ("json", said(&|out| json::write(summary, out))),
        ("ndjson", said(&|out| ndjson::write(summary, out))),
        ("csv", said(&|out| csv::write(summary, out))),
        ("markdown", said(&|out| markdown::write(summary, out))),
        ("prometheus", said(&|out| prometheus::write(summary, out))),
    ]
}
