//! Every output that there is, for tests that must hold for each. A new format is a line here.

#![allow(dead_code, reason = "fuzz targets use a part of it")]

use std::io;

use sipstat::call::Call;
use sipstat::check::{self, Rules};
use sipstat::compare::{self, Comparison, rules::Verdict};
use sipstat::pick::Step;
use sipstat::report::ladder::{Look, ladder};
use sipstat::report::live::{self, Pulse};
use sipstat::report::rows::{self, Rows};
use sipstat::report::{csv, html, json, markdown, ndjson, prometheus, text};
use sipstat::stats::Summary;
use sipstat::time::Scale;

/// A format as `wellformed` knows it, and a text in it.
pub(crate) type Output = (&'static str, String);

fn said(write: &dyn Fn(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("a vector takes all");
    String::from_utf8(out).expect("an output is UTF-8")
}

/// Reports of a run.
pub(crate) fn outputs(summary: &Summary) -> Vec<Output> {
    let text = |columns, full| said(&|out| text::write(summary, &text::Options { columns, full }, out));
    // Tables that were asked for have no bound.
    let screen = if summary.groups.is_empty() { "screen" } else { "full text" };
    let mut all = vec![
        (screen, text(80, false)),
        ("full text", text(400, true)),
        ("line", said(&|out| text::write_line(summary, out))),
        ("json", said(&|out| json::write(summary, out))),
        ("ndjson", said(&|out| ndjson::write(summary, out))),
        ("csv", said(&|out| csv::write(summary, out))),
        ("markdown", said(&|out| markdown::write(summary, out))),
        ("prometheus", said(&|out| prometheus::write(summary, out))),
        ("html", said(&|out| html::write(summary, out))),
    ];
    all.extend(live(summary));
    all.extend(verdicts(summary));
    all
}

/// What `--follow` shows of it: a line of an interval, and a screen.
fn live(summary: &Summary) -> [Output; 2] {
    let at = summary.input.span.map_or_else(Default::default, |(_, last)| last);
    let (before, now) = (Pulse::default(), Pulse::of(summary, at));
    let screen = said(&|out| live::screen(&before, &now, summary, 80, 40, out)).replace("\r\n", "\n");
    [("ndjson", said(&|out| live::line(&before, &now, at, true, out))), ("screen", screen)]
}

/// Verdicts on it: rules that fail, that pass, and that cannot be judged.
fn verdicts(summary: &Summary) -> Vec<Output> {
    let mut rules = Rules::new(0);
    for rule in
        ["attempts > 0", "asr < 50%", "failures.total > 1000000", "p95(pdd) > 1us", "input.complete == false"]
    {
        rules.fail_if(rule).expect("a rule");
    }
    let formats = [
        ("full text", check::Format::Text),
        ("json", check::Format::Json),
        ("junit", check::Format::Junit),
        ("github", check::Format::Github),
        ("markdown", check::Format::Markdown),
    ];
    let verdict = rules.judge(summary, true);
    formats.map(|(name, format)| (name, said(&|out| check::write(&verdict, format, out)))).into()
}

/// Comparisons of two runs.
pub(crate) fn compared(c: &Comparison, verdicts: &[Verdict]) -> Vec<Output> {
    vec![
        ("full text", said(&|out| compare::text::write(c, verdicts, false, out))),
        ("full text", said(&|out| compare::text::write(c, verdicts, true, out))),
        ("json", said(&|out| compare::json::write(c, verdicts, out))),
        ("markdown", said(&|out| compare::markdown::write(c, verdicts, out))),
    ]
}

/// Rows of calls in `files`, in each format.
pub(crate) fn listed(calls: &[Call], files: &[String]) -> Vec<Output> {
    let formats =
        [("table", rows::Format::Table), ("csv", rows::Format::Csv), ("ndjson", rows::Format::Ndjson)];
    let text = |format| {
        let mut rows = Rows::new(format, 200, files, Scale::Utc);
        let mut text = rows.head();
        calls.iter().for_each(|call| text.push_str(&rows.row(call)));
        text + &rows.foot(3)
    };
    formats.map(|(name, format)| (name, text(format))).into()
}

/// The ladder of one Call-ID, wide and narrow.
pub(crate) fn drawn(steps: &[Step], calls: &[Call], files: &[String]) -> Vec<Output> {
    let looks = [(200, false), (80, true), (40, false)];
    looks.map(|(columns, ascii)| ("ladder", ladder(steps, calls, files, Look { columns, ascii }))).into()
}
