//! Foreign text in every place that a report quotes, in every format: nothing steers a terminal, ends a
//! line, starts a formula, or becomes markup.

mod laws;
#[path = "support/nasties.rs"]
mod nasties;
#[path = "support/outputs.rs"]
mod outputs;
mod support;

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

use nasties::{LINES, NASTIES};
use serde_json::Value;
use sipstat::anonymize::Pseudonyms;
use sipstat::config::Config;
use sipstat::pipeline;
use sipstat::report::escape::escape;
use sipstat::stats::Summary;
use support::flow::Ladder;

/// A capture whose messages hold every nasty in every place, in a file of a nasty name.
fn summary() -> Summary {
    let mut script = "host a 10.0.0.1:5060\nhost b 10.0.0.2:5060\n".to_owned();
    for i in 0..NASTIES.len() {
        let at = i as f64;
        script += &format!("call c{i}\n{at} a > b INVITE 1\n{} b > a 486 INVITE 1 ttag=t\n", at + 0.1);
        script += &format!("{} a > b ACK 1\n{} a > b OPTIONS 2\n", at + 0.2, at + 0.3);
    }
    let mut ladder = Ladder::parse(&script).unwrap();
    for (i, sent) in ladder.sent.iter_mut().enumerate() {
        let nasty = NASTIES[i / 4];
        sent.bytes = poisoned(&sent.bytes, nasty);
    }
    let folder = laws::scratch("foreign");
    let captures: Vec<PathBuf> = LINES
        .iter()
        .chain([&NASTIES[0], &NASTIES[21], &NASTIES[26]])
        .enumerate()
        .map(|(i, name)| {
            let name = [name, &b".pcap"[..]]
                .concat()
                .into_iter()
                .filter(|b| !matches!(b, b'/' | 0))
                .collect::<Vec<_>>();
            let path = folder.join(OsStr::new(&String::from_utf8_lossy(&name).into_owned()));
            let bytes = ladder.build();
            // One is cut: its trouble is told by name.
            fs::write(&path, &bytes[..bytes.len() - usize::from(i == 0)]).unwrap();
            path
        })
        .collect();
    pipeline::run(&Config { threads: 1, ..Config::new(captures) }).unwrap()
}

/// `message` with `nasty` wherever a report might quote it.
fn poisoned(message: &[u8], nasty: &[u8]) -> Vec<u8> {
    let at = message.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
    let mut lines: Vec<Vec<u8>> = message[..at].split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    lines.iter_mut().for_each(|l| {
        if l.last() == Some(&b'\r') {
            l.pop();
        }
        if l.starts_with(b"SIP/2.0 486") {
            *l = [b"SIP/2.0 486 ", nasty].concat();
        } else if l.starts_with(b"Call-ID:") {
            l.extend(nasty);
        } else if l.starts_with(b"From:") || l.starts_with(b"To:") {
            *l = [&l[..], b";x=", nasty].concat();
        }
    });
    for name in
        ["User-Agent: ", "Server: ", "Reason: SIP;cause=486;text=\"", "Warning: 399 h \"", "Subject: "]
    {
        let quote = if name.ends_with('"') { "\"" } else { "" };
        lines.push([name.as_bytes(), nasty, quote.as_bytes()].concat());
    }
    lines.push([b"Reason: ", nasty, b";cause=1"].concat());
    [&lines.join(&b"\r\n"[..]), &message[at..]].concat()
}

/// Colours are our own; everything else is visible.
fn is_visible(text: &str) -> bool {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        plain.push_str(&rest[..at]);
        let end = rest[at..].find('m').map_or(rest.len(), |e| at + e + 1);
        let colour = &rest[at..end];
        if !colour[1..].starts_with('[')
            || colour[2..].chars().any(|c| !c.is_ascii_digit() && c != ';' && c != 'm')
        {
            return false;
        }
        rest = &rest[end..];
    }
    plain.push_str(rest);
    plain.lines().all(|l| escape(l) == l)
}

/// Fields of a line of CSV (RFC 4180); `None` if it is malformed.
fn fields(line: &str) -> Option<Vec<String>> {
    let (mut all, mut rest) = (Vec::new(), line);
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (mut field, mut tail) = (String::new(), quoted);
            loop {
                let (part, after) = tail.split_once('"')?;
                field += part;
                match after.strip_prefix('"') {
                    Some(more) => {
                        field.push('"');
                        tail = more;
                    }
                    None => {
                        tail = after;
                        break;
                    }
                }
            }
            all.push(field);
            rest = tail;
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            let field = &rest[..end];
            if field.contains('"') {
                return None;
            }
            all.push(field.to_owned());
            rest = &rest[end..];
        }
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return rest.is_empty().then_some(all),
        }
    }
}

fn check_csv(text: &str) {
    let mut lines = text.lines();
    let columns = fields(lines.next().unwrap()).unwrap().len();
    for line in lines {
        let fields = fields(line).unwrap_or_else(|| panic!("malformed: {line}"));
        assert_eq!(fields.len(), columns, "{line}");
        for field in fields {
            let begins = field.trim_start().chars().next().unwrap_or(' ');
            let is_number = field.parse::<f64>().is_ok();
            assert!(is_number || !"=+-@\t\r".contains(begins), "a formula: {line}");
        }
    }
}

fn check_json(text: &str) {
    let value: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text:.200}"));
    assert!(value.is_object());
}

fn check_prometheus(text: &str) {
    for line in text.lines().filter(|l| !l.starts_with('#') && !l.is_empty()) {
        let name = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(line.len());
        assert!(line[..name].starts_with("sipstat_"), "{line}");
        let rest = &line[name..];
        let value = match rest.strip_prefix('{') {
            None => rest,
            Some(mut labels) => loop {
                let (_, value) = labels.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
                let mut escaped = false;
                let end = value.find(|c| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                });
                let after = &value[end.unwrap_or_else(|| panic!("{line}")) + 1..];
                match after.strip_prefix(',') {
                    Some(more) => labels = more,
                    None => break after.strip_prefix('}').unwrap_or_else(|| panic!("{line}")),
                }
            },
        };
        let number = value.split_whitespace().next().unwrap_or_default();
        assert!(number.parse::<f64>().is_ok(), "{line}");
    }
}

/// Outside of code spans nothing may act.
fn check_markdown(text: &str) {
    let mut columns = None;
    for line in text.lines() {
        let (mut plain, mut pipes) = (String::new(), 0);
        for (i, part) in line.split('`').enumerate() {
            // Even parts stand outside of code spans; a span's text has no backtick.
            if i % 2 == 0 {
                pipes += part.matches('|').count();
                plain.push_str(part);
            } else {
                assert!(!part.contains('|'), "a cell ends within code: {line}");
            }
        }
        assert_eq!(line.matches('`').count() % 2, 0, "{line}");
        let table = line.starts_with('|');
        if table {
            assert_eq!(*columns.get_or_insert(pipes), pipes, "another number of cells: {line}");
        } else {
            columns = None;
        }
        let harmless = plain.replace("<!-- -->", "").replace("<details>", "").replace("</details>", "");
        let harmless = harmless.replace("<summary>", "").replace("</summary>", "");
        for bad in ["<script", "<img", "<svg", "](", "javascript:"] {
            assert!(!harmless.contains(bad) || harmless.contains("\\]"), "{bad}: {line}");
        }
    }
}

/// Tags of `text` are of our own making: what others wrote stands as text.
fn check_markup(text: &str) {
    for nasty in ["<script>alert", "<img src=x", "<svg onload", "</td></tr></table></details>", "]]><x/>"] {
        assert!(!text.contains(nasty), "{nasty}");
    }
    assert!(!text.contains("href=\"http://evil") && !text.contains("src=\"http://evil"));
}

/// What holds of one format.
fn check(format: &str, text: &str) {
    // Marks that pile up are no trick where a program reads: JSON keeps what was on the wire.
    let marks = |c: &char| matches!(c, '\u{300}'..='\u{36f}');
    let shown: String = text.chars().filter(|c| !(format.ends_with("json") && marks(c))).collect();
    assert!(is_visible(&shown), "{format}: {:?}", shown.lines().find(|l| !is_visible(l)));
    match format {
        "json" => check_json(text),
        "ndjson" => text.lines().for_each(check_json),
        "csv" => check_csv(text),
        "prometheus" => check_prometheus(text),
        "markdown" => check_markdown(text),
        "html" | "junit" | "xml" => check_markup(text),
        "text" => assert!(text.lines().count() <= 50, "{}", text.lines().count()),
        _ => {}
    }
}

#[test]
fn nothing_foreign_acts_in_any_format() {
    let summary = summary();
    assert!(summary.phrases.len() > 20 && summary.warnings.len() > 20 && summary.reasons.len() > 20);
    for (format, text) in outputs::outputs(&summary) {
        check(format, &text);
    }
}

#[test]
fn pseudonyms_of_nasties_act_as_little() {
    let mut summary = summary();
    Pseudonyms::of_secret(b"a key that tests share").unwrap().summary(&mut summary);
    for (format, text) in outputs::outputs(&summary) {
        check(format, &text);
        for word in ["evil", "calc", "reboot", "HYPERLINK", "everyone"] {
            assert!(!text.contains(word), "{format} still says {word}");
        }
    }
}

#[test]
fn json_says_what_was_on_the_wire() {
    let texts = outputs::outputs(&summary());
    let (_, text) = texts.iter().find(|(format, _)| *format == "json").unwrap();
    let report: Value = serde_json::from_str(text).unwrap();
    let all = report.to_string();
    for nasty in ["=cmd|' /C calc'!A0", "<script>alert(1)</script>", "| a | b |"] {
        assert!(all.contains(nasty), "{nasty}");
    }
}
