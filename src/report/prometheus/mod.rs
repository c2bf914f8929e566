//! The report for Prometheus: the text exposition format 0.0.4, for the textfile collector.
//!
//! Names and labels follow Prometheus' conventions: base units, `_total` on counters. What only grows
//! while one capture grows is a counter; ratios, percentiles and what is open now are gauges. A run
//! over another capture is a counter reset. Distributions are summaries without `_sum`; quantiles 0
//! and 1 are the least and greatest.

mod exposition;
mod families;

use std::io;

use self::exposition::Exposition;
use crate::stats::Summary;

/// Writes `summary` to `out`.
pub fn write(summary: &Summary, out: &mut impl io::Write) -> io::Result<()> {
    let mut e = Exposition::new(out);
    families::input(&mut e, summary)?;
    families::messages(&mut e, summary)?;
    families::invite(&mut e, &summary.invite)?;
    families::next_hops(&mut e, &summary.invite)?;
    families::sessions(&mut e, &summary.invite)?;
    families::register(&mut e, &summary.register)?;
    families::delays(&mut e, summary)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::report::{golden, sample};

    fn text(summary: &Summary) -> String {
        let mut out = Vec::new();
        write(summary, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// A strict reader of the format: name, labels, value of every sample; fails on what a scraper
    /// refuses, and on names and kinds that do not belong together.
    fn parse(text: &str) -> Vec<(String, BTreeMap<String, String>, f64)> {
        assert!(text.ends_with('\n'));
        let mut kinds: BTreeMap<String, String> = BTreeMap::new();
        let mut current = String::new();
        let mut seen = BTreeSet::new();
        let mut out = Vec::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap();
                assert!(!help.is_empty() && !kinds.contains_key(name), "{line}");
                current = name.to_owned();
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert_eq!(name, current, "HELP and TYPE stand together");
                assert!(["counter", "gauge", "summary"].contains(&kind));
                assert_eq!(name.ends_with("_total"), kind == "counter", "{name}");
                kinds.insert(name.to_owned(), kind.to_owned());
            } else {
                let (name, labels, value) = sample_line(line);
                let family =
                    name.strip_suffix("_count").filter(|f| kinds.get(*f).is_some_and(|k| k == "summary"));
                assert_eq!(family.unwrap_or(&name), current, "samples follow their family's head");
                assert!(seen.insert((name.clone(), labels.clone())), "twice: {line}");
                let is_name =
                    |n: &String| n.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit());
                assert!(is_name(&name) && labels.keys().all(is_name), "{line}");
                out.push((name, labels, value));
            }
        }
        for family in kinds.keys() {
            assert!(out.iter().any(|(n, ..)| n.starts_with(family.as_str())), "{family} has no sample");
        }
        out
    }

    fn sample_line(line: &str) -> (String, BTreeMap<String, String>, f64) {
        let (head, value) = line.rsplit_once(' ').unwrap();
        let value = value.parse().unwrap();
        let Some((name, rest)) = head.split_once('{') else {
            return (head.to_owned(), BTreeMap::new(), value);
        };
        let mut rest = rest.strip_suffix('}').unwrap();
        let mut labels = BTreeMap::new();
        while !rest.is_empty() {
            let (label, quoted) = rest.split_once("=\"").unwrap();
            let mut text = String::new();
            let mut chars = quoted.char_indices();
            let end = loop {
                match chars.next().expect("a label value ends") {
                    (_, '\\') => match chars.next().unwrap().1 {
                        'n' => text.push('\n'),
                        c @ ('\\' | '"') => text.push(c),
                        c => panic!("\\{c}"),
                    },
                    (i, '"') => break i,
                    (_, c) => text.push(c),
                }
            };
            assert!(labels.insert(label.to_owned(), text).is_none(), "{line}");
            rest = &quoted[end + 1..];
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        (name.to_owned(), labels, value)
    }

    #[test]
    fn a_trunk_as_scraped() {
        golden::check("trunk.prom", &text(&sample::trunk()));
    }

    #[test]
    fn every_report_can_be_scraped() {
        for summary in [sample::trunk(), sample::registrations(), sample::nothing(), Summary::default()] {
            assert!(!parse(&text(&summary)).is_empty());
        }
    }

    #[test]
    fn figures_carry_method_code_and_class() {
        let samples = parse(&text(&sample::trunk()));
        let value = |name: &str, labels: &[(&str, &str)]| {
            let is = |l: &BTreeMap<String, String>| {
                l.len() == labels.len() && labels.iter().all(|(k, v)| l.get(*k).is_some_and(|x| x == v))
            };
            samples.iter().find(|(n, l, _)| n == name && is(l)).map(|(.., v)| *v)
        };
        let cell = [("method", "INVITE"), ("code", "503"), ("class", "5xx")];
        assert_eq!(value("sipstat_responses_total", &cell), Some(965.0));
        assert_eq!(value("sipstat_failures_total", &cell), Some(965.0));
        assert_eq!(value("sipstat_invite_attempts_total", &[("outcome", "answered")]), Some(5850.0));
        assert_eq!(value("sipstat_invite_attempts_total", &[("outcome", "pending")]), None, "it may shrink");
        assert_eq!(value("sipstat_invite_attempts_pending", &[]), Some(30.0));
        assert_eq!(value("sipstat_delay_seconds", &[("delay", "pdd"), ("quantile", "0.5")]), Some(2.31));
        assert_eq!(value("sipstat_input_complete", &[]), Some(1.0));
    }

    #[test]
    fn foreign_text_stays_within_its_label() {
        let mut s = sample::trunk();
        let nasty = "X\"} 1\nsipstat_x 2\\\u{1b}[2J";
        s.requests[0].method = nasty.into();
        let samples = parse(&text(&s));
        let method = "X\"} 1\\nsipstat_x 2\\\\u{1b}[2J";
        assert!(samples.iter().any(|(_, l, _)| l.get("method").is_some_and(|m| m == method)));
        assert!(samples.iter().all(|(n, ..)| n != "sipstat_x"));
    }
}
