//! The page as text; what a browser makes of it is for `tests/html.rs`.

use sha2::{Digest, Sha256};

use super::*;
use crate::call::Outcome;
use crate::dimension::Dimension;
use crate::flow::FrameId;
use crate::report::sample;
use crate::stats::summary::{
    Because, Chart, Consequence, Finding, FindingKind, Group, GroupRow, SampleCall, TimeBucket, Timeline,
    Unit,
};
use crate::stats::{Counts, Ratio};
use crate::time::Nanos;

/// The trunk with its finding, its buckets and its gateways, as the engine tells them.
pub(in crate::report) fn incident() -> Summary {
    let mut s = sample::trunk();
    let (start, end) = s.input.span.unwrap();
    let status = s.failures.by_code[1].status;
    let busy = s.failures.by_code[3].status;
    let at = |i: i64| start + Nanos::from_secs(30 * i);
    let failing = |i: i64| if (7..15).contains(&i) { 90 + 7 * (i as u64 % 5) } else { i as u64 % 2 };
    let bucket = |i: i64| TimeBucket {
        start: at(i),
        requests: 900,
        responses: 1_300 + failing(i),
        retransmissions: 20 + i as u64 % 7,
        finals: 590,
        failures: 120 + failing(i),
        codes: vec![("INVITE".into(), status, failing(i)), ("INVITE".into(), busy, 25 + i as u64 % 4)],
        attempts: 333,
        outcomes: vec![(Outcome::Answered, 200)],
        bids: 350,
        answered: 200,
        unanswered: 1,
        calls_up: 700 + 4 * i as u64,
        pdd: s.invite.all_next_hops.as_ref().and_then(|h| h.pdd),
    };
    let buckets: Vec<_> = (0..30).map(bucket).collect();
    s.timeline = Some(Timeline { interval: Nanos::from_secs(30), widened: false, buckets });
    let row = |name: &str, failures| GroupRow {
        key: vec![Some(name.to_owned()), None],
        responses: Counts { first: 4_000, ..Counts::default() },
        finals: 3_000,
        failures,
        codes: vec![(status, failures)],
        bids: 3_300,
        abr: Ratio::new(1_441, 3_300),
        ..GroupRow::default()
    };
    let rows = vec![row("10.0.4.7:5060", 955), row("10.0.4.6:5060", 4)];
    let dimensions = vec![Dimension::Destination, Dimension::UserAgent];
    s.groups = vec![Group { dimensions, rows, all: row("", 959), keys: 2, ..Group::default() }];
    s.findings = vec![Finding {
        id: "503-invite-20260303T140320Z".into(),
        kind: FindingKind::Code,
        what: "503 Service Unavailable to INVITE".into(),
        method: "INVITE".into(),
        status: Some(status),
        outcome: None,
        unit: Unit::Bids,
        timed: true,
        start: start + Nanos::from_secs(200),
        end: start + Nanos::from_secs(450),
        lasts: false,
        windows: vec![(start + Nanos::from_secs(200), start + Nanos::from_secs(450))],
        before: Ratio::new(16, 7_200),
        during: Ratio::new(949, 3_342),
        delay: None,
        total: 965,
        confidence: 0.9999,
        because: vec![Because {
            dimension: Dimension::Destination,
            value: "10.0.4.7:5060".into(),
            share_inside: 0.997,
            share_outside: 0.014,
            lift: Some(71.2),
            p: 1e-9,
        }],
        consequence: Some(Consequence { retried: 572, ended: 393 }),
        calls: vec![SampleCall {
            time: at(7),
            frame: FrameId { file: 0, number: 812_044 },
            call_id: "9f31c0a2@10.0.1.10".into(),
        }],
        more_calls: 947,
        chart: Chart {
            start,
            interval: Nanos::from_secs(30),
            counts: (0..30).map(failing).collect(),
            of: vec![350; 30],
        },
        text:
            "503 Service Unavailable to INVITE rose from 0.22% to 28.40% of bids; 99.7% of it from 10.0.4.7 \
               (1.4% of other bids). 572 were retried at another next hop, 393 ended the call."
                .into(),
    }];
    assert!(end > start);
    s
}

fn page(summary: &Summary) -> String {
    let mut out = Vec::new();
    write(summary, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// RFC 4648 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().chain([0; 2].iter()).take(3).fold(0_usize, |all, b| all << 8 | usize::from(*b));
        let letters = (0..4).map(|i| char::from(LETTERS[bits >> (18 - 6 * i) & 63]));
        out.extend(letters.take(chunk.len() + 1).chain(std::iter::repeat_n('=', 3 - chunk.len())));
    }
    out
}

#[test]
fn the_policy_allows_this_style_and_this_script() {
    for (text, hash) in [(STYLE, hashes::STYLE), (SCRIPT, hashes::SCRIPT)] {
        assert_eq!(hash, format!("sha256-{}", base64(&Sha256::digest(text))));
    }
    assert!(!STYLE.contains("</") && !SCRIPT.contains("</script") && !SCRIPT.contains("<!--"));
}

#[test]
fn the_page_stands_alone() {
    let page = page(&sample::trunk());
    let without_data = page.split("<script type=\"application/json\"").next().unwrap();
    for link in ["http:", "https:", "src=", "url(", "@import", " style=", " onclick"] {
        assert!(!without_data.contains(link), "{link}");
    }
    assert!(!SCRIPT.contains("fetch") && !SCRIPT.contains("innerHTML") && !SCRIPT.contains("eval"));
}

#[test]
fn nothing_foreign_becomes_markup_and_the_data_is_the_report() {
    let mut s = sample::trunk();
    let nasty = "</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>\"'&\u{2028}";
    s.input.files[0].path = nasty.into();
    s.phrases[0].text = Some(nasty.into());
    s.requests[0].method = nasty.into();
    s.responses.by_method[0].method = nasty.into();
    s.responses.by_method_and_code[0].method = nasty.into();
    s.failures.by_method_and_code[0].method = nasty.into();
    s.response_time[0].0 = nasty.into();
    s.reasons[0].text = Some(nasty.into());
    let page = page(&s);
    assert_eq!(page.matches("<script").count(), 2, "ours");
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains("<img") && !page.replace(SCRIPT, "").contains("<!--"));
    let data = page.split("id=\"report\">").nth(1).unwrap().split("</script>").next().unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data, json::value(&s).unwrap());
}

/// Each element is closed where it was opened.
#[test]
fn elements_are_nested() {
    for summary in [incident(), sample::registrations(), sample::nothing(), Summary::default()] {
        let page = page(&summary);
        let page = page.replace(SCRIPT, "").replace(STYLE, "");
        let mut open: Vec<&str> = Vec::new();
        for tag in page.split('<').skip(1).filter_map(|t| t.split(['>', ' ', '\n']).next()) {
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name), "{open:?}"),
                None if matches!(tag, "meta" | "!doctype") => {}
                None => open.push(tag),
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}

/// `SIPSTAT_PAGE=FILE` writes it, to be looked at.
#[test]
fn an_incident_as_a_page() {
    let text = page(&incident());
    if let Some(file) = std::env::var_os("SIPSTAT_PAGE") {
        std::fs::write(file, &text).unwrap();
    }
    for said in ["rose from 0.22%", "9f31c0a2@10.0.1.10", "id=\"timeline\"", "By destination and ", "812044"]
    {
        assert!(text.contains(said), "{said}");
    }
}
