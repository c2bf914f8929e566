//! What must hold of each output format, whatever stands in it: it can be read by who reads such a
//! format, and nothing foreign acts in it. Used on samples, on the list of nasties, and by the fuzzer.

#![allow(dead_code, reason = "fuzz targets use a part of it")]

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;
use sipstat::report::escape::escape;

/// Panics unless `text` is well-formed in `format`, as `outputs` names it.
pub(crate) fn check(format: &str, text: &str) {
    // Marks that pile up are no trick where a program reads: JSON keeps what was on the wire.
    let marks = |c: &char| matches!(c, '\u{300}'..='\u{36f}');
    let machine = format.ends_with("json") || format == "html";
    if format == "saved" {
        return check_json(text);
    }
    let shown: String = text.chars().filter(|c| !(machine && marks(c))).collect();
    assert!(is_visible(&shown), "{format}: {:?}", shown.lines().find(|l| !is_visible(l)));
    match format {
        "line" | "ladder" | "table" | "full text" => {}
        "screen" => assert!(text.lines().count() <= 50, "{} lines on one screen", text.lines().count()),
        "json" => check_json(text),
        "ndjson" => text.lines().for_each(check_json),
        "csv" => check_csv(text),
        "prometheus" => check_prometheus(text),
        "markdown" => check_markdown(text),
        "html" => check_html(text),
        "junit" => check_xml(text),
        "github" => check_github(text),
        other => panic!("nobody knows what {other} must be like"),
    }
}

/// Colours are our own; everything else is visible.
pub(crate) fn is_visible(text: &str) -> bool {
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
                assert!(!part.replace("\\|", "").contains('|'), "a cell ends within code: {line}");
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

/// XML as a strict reader takes it, whose text is of ours.
fn check_xml(text: &str) {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let (mut open, mut elements) = (0_i64, 0);
    loop {
        match reader.read_event().unwrap_or_else(|e| panic!("{e}: {text:.300}")) {
            Event::Eof => break,
            Event::Start(tag) => {
                (open, elements) = (open + 1, elements + 1);
                for attribute in tag.attributes() {
                    attribute.unwrap_or_else(|e| panic!("{e}: {text:.300}"));
                }
            }
            Event::End(_) => open -= 1,
            Event::Empty(_) => elements += 1,
            Event::Comment(_) | Event::CData(_) | Event::PI(_) => {
                panic!("we write no such thing: {text:.300}")
            }
            _ => {}
        }
    }
    assert!(open == 0 && elements > 0, "{open} elements are open: {text:.300}");
}

/// A page of ours: beside style, script and data it is XML but for `<meta>`, and loads nothing.
fn check_html(text: &str) {
    let mut rest = text.strip_prefix("<!doctype html>").expect("a page says what it is");
    let mut plain = String::new();
    while let Some(at) = ["<style>", "<script", "<meta "].iter().filter_map(|t| rest.find(t)).min() {
        let (before, tag) = rest.split_at(at);
        plain.push_str(before);
        let end = if tag.starts_with("<meta") {
            ">"
        } else if tag.starts_with("<style") {
            "</style>"
        } else {
            "</script>"
        };
        let length = tag.find(end).unwrap_or_else(|| panic!("{end} is missing: {tag:.100}")) + end.len();
        if let Some(data) = tag[..length].strip_prefix("<script type=\"application/json\" id=\"report\">") {
            check_json(data.strip_suffix(end).unwrap_or_default());
        }
        rest = &tag[length..];
    }
    plain.push_str(rest);
    check_xml(&plain);
    for (at, _) in plain.match_indices(['=']) {
        let name = plain[..at].rsplit([' ', '"', '<', '>']).next().unwrap_or_default();
        let value = &plain[at + 1..];
        let inside = plain[..at].rfind('<') > plain[..at].rfind('>');
        assert!(!inside || !name.starts_with("on"), "{name}{value:.40}");
        assert!(!inside || !matches!(name, "href" | "src") || value.starts_with("\"#"), "{name}={value:.40}");
    }
}

/// Workflow commands: a line begins with `::` only if it is one of ours.
fn check_github(text: &str) {
    for line in text.lines().filter(|l| l.trim_start().starts_with("::")) {
        let ours = ["::error title=sipstat%3A ", "::warning title=sipstat%3A ", "::notice title=sipstat%3A "];
        assert!(ours.iter().any(|o| line.starts_with(o)), "{line}");
        let (_, text) = line[2..].split_once("::").unwrap_or_else(|| panic!("{line}"));
        assert!(!text.is_empty(), "{line}");
    }
}
