//! The blocks of the report, each as lines.

use super::inline::{code, sentence};
use super::table::table;
use crate::registry;
use crate::report::text::defined::alone;
use crate::report::text::format::{delay, fraction, list, moment, number, part, percent, plural, span, zone};
use crate::report::text::{header as words, hops, outcomes as told};
use crate::stats::summary::{DelayStats, NextHop, RateKind};
use crate::stats::{Ratio, Summary};
use crate::time::Nanos;

/// Rows of the tables in sight, and of those that are folded away.
const SHOWN: usize = 10;
const FOLDED: usize = 40;
/// Findings in sight.
const FINDINGS: usize = 5;
/// Files, notes and wire texts that are named.
const NAMED: usize = 12;

pub(super) fn header(s: &Summary) -> Vec<String> {
    let input = &s.input;
    let state = match (input.complete, input.exact) {
        (true, true) => "complete",
        (false, _) => "**incomplete**",
        (true, false) => "**not exact**",
    };
    let mut first = vec![state.to_owned()];
    if let Some((from, to)) = input.span {
        first.push(format!("{} ({})", words::period(from, to, s.input.scale), span(to - from)));
    }
    let mut facts = vec![plural(input.frames, "frame", "frames")];
    facts.extend(words::messages(&s.messages));
    let mut out = vec![
        format!("### SIP report: {}", code(&words::name(input, 70))),
        String::new(),
        format!("{}  ", first.join(", ")),
        sentence(&facts.join("; ")),
    ];
    if let Some(filter) = &input.filter {
        out.push(format!("<br>Filter {}: {} left out", code(filter), number(words::left_out(input))));
    }
    let damaged: Vec<_> = input.files.iter().filter(|f| !f.complete || f.problem.is_some()).collect();
    if !damaged.is_empty() {
        out.push(String::new());
    }
    for file in damaged.iter().take(NAMED) {
        let problem = file.problem.as_deref().unwrap_or("not read to its end");
        out.push(format!("- {}: {}", code(&file.path), code(problem)));
    }
    if let more @ 1.. = damaged.len().saturating_sub(NAMED) {
        out.push(format!("- {} more files were not read whole", number(more as u64)));
    }
    out
}

/// What rose, and calls to look at.
pub(super) fn findings(s: &Summary) -> Vec<String> {
    let mut out = Vec::new();
    for f in s.findings.iter().take(FINDINGS) {
        let mut line = format!("- ⚠️ {}", sentence(&f.text));
        let calls: Vec<String> =
            f.calls.iter().map(|c| format!("{} frame {}", code(&c.call_id), c.frame.number)).collect();
        if !calls.is_empty() {
            let more = match f.more_calls {
                0 => String::new(),
                n => format!(", {} more", number(n)),
            };
            line.push_str(&format!("<br>{}{more}", calls.join(", ")));
        }
        out.push(line);
    }
    if let more @ 1.. = s.findings.len().saturating_sub(FINDINGS) as u64 {
        out.push(format!("- {}", plural(more, "more finding", "more findings")));
    }
    out
}

pub(super) fn outcomes(s: &Summary) -> Vec<String> {
    let i = &s.invite;
    let rows = i.outcomes.iter().filter(|o| o.count > 0);
    let rows = rows.map(|o| {
        let inside = list(&told::inside(o), 60);
        [o.outcome.text().to_owned(), number(o.count), share(percent(o.share)), inside]
    });
    if i.attempts == 0 {
        return Vec::new();
    }
    let mut out = table(["<INVITE attempts", &number(i.attempts), "share", "<of which"], rows.collect());
    let load = &i.load;
    let mut words: Vec<String> = Vec::new();
    words.extend(Some(told::sentence(i)).filter(|text| !text.is_empty()).map(|t| sentence(&t)));
    if let Some(at) = load.peak_at {
        words.push(format!(
            "Busiest second: {} attempts at {}{}",
            number(load.peak_1s),
            moment(at, s.input.scale),
            zone(s.input.scale)
        ));
    }
    if !words.is_empty() {
        out.extend([String::new(), words.join(".  \n")]);
    }
    out
}

pub(super) fn rates(s: &Summary) -> Vec<String> {
    let names = [
        ("ASR", RateKind::Asr),
        ("ABR", RateKind::Abr),
        ("NER", RateKind::Ner),
        ("NER, in-band ringing counted", RateKind::NerHigh),
        ("NER by Q.850 cause", RateKind::NerQ850),
        ("SER", RateKind::Ser),
        ("SEER", RateKind::Seer),
        ("ISA", RateKind::Isa),
        ("SCR", RateKind::Scr),
    ];
    let of = |kind| s.invite.rates.iter().find(|(k, _)| *k == kind).map(|(_, r)| *r);
    let mut rows: Vec<_> = names
        .iter()
        .filter_map(|(name, kind)| Some((name, of(*kind).filter(|r| r.denominator > 0)?)))
        .filter(|(name, r)| !name.contains("Q.850") || r.value().is_some())
        .map(|(name, r)| rate(name, &r))
        .collect();
    if s.register.attempts > 0 {
        rows.push(rate("IRA", &s.register.ira));
    }
    rows.extend(s.invite.defined.iter().map(|d| {
        let fraction = d.fraction.map_or(String::new(), |(n, of)| fraction(&Ratio::new(n, of)));
        [format!("{} = {}", code(&d.name), code(&d.definition)), alone(d), fraction]
    }));
    table(["<Rate", "value", "fraction"], rows)
}

fn rate(name: &str, r: &Ratio) -> [String; 3] {
    [name.to_owned(), share(percent(r.value())), fraction(r)]
}

pub(super) fn next_hops(s: &Summary) -> Vec<String> {
    let i = &s.invite;
    let telling = hops::telling_codes(s, usize::MAX);
    let named = i.next_hops.iter().take(SHOWN);
    let all = i.all_next_hops.iter().filter(|_| i.next_hops.len() > 1);
    let row = |h: &NextHop, name: String| {
        let codes = telling.iter().filter_map(|c| h.codes.iter().find(|(x, n)| x == c && *n > 0));
        let codes: Vec<_> = codes.map(|(c, n)| format!("{} {}", c.get(), number(*n))).collect();
        let [p50, p95] = quantiles(h.pdd.as_ref());
        let (bids, answered, silent) = (number(h.bids), number(h.answered), number(h.silent));
        [name, bids, answered, share(percent(h.abr.value())), codes.join(", "), silent, p50, p95]
    };
    let name =
        |h: &NextHop| h.address.map_or_else(|| "others".to_owned(), |a| format!("`{}`", hops::host(a)));
    let mut rows: Vec<_> = named.map(|h| row(h, name(h))).collect();
    rows.extend(all.map(|h| row(h, format!("all {}", number(i.next_hops.len() as u64)))));
    table(["<Next hop", "bids", "answered", "ABR", "<failing", "silent", "PDD p50", "p95"], rows)
}

fn quantiles(d: Option<&DelayStats>) -> [String; 2] {
    [d.map(|d| d.p50), d.map(|d| d.p95)].map(|t| t.map_or(String::new(), |t| delay(t, 2)))
}

pub(super) fn calls(s: &Summary) -> Vec<String> {
    let d = &s.invite.duration;
    if d.ended + d.still_up == 0 {
        return Vec::new();
    }
    let mut text = format!("Answered calls: {} ended, {} still up", number(d.ended), number(d.still_up));
    if s.invite.load.concurrent_peak > 0 {
        text.push_str(&format!("; peak {} at once", number(s.invite.load.concurrent_peak)));
    }
    if let Some(acd) = d.acd_s {
        text.push_str(&format!("; ACD {}", span(Nanos::from_millis((acd * 1e3) as i64))));
    }
    if d.ended > 0 {
        let limit = span(d.short_limit);
        text.push_str(&format!("; short (up to {limit}) {} ({})", number(d.short), part(d.short, d.ended)));
    }
    vec![sentence(&text)]
}

pub(super) fn register(s: &Summary) -> Vec<String> {
    let r = &s.register;
    let rows = r.outcomes.iter().filter(|o| o.count > 0);
    let rows = rows.map(|o| {
        let details: Vec<_> = o.details.iter().map(|(d, n)| format!("{} {}", d.text(), number(*n))).collect();
        [o.outcome.text().to_owned(), number(o.count), share(percent(o.share)), details.join(", ")]
    });
    table(["<REGISTER attempts", &number(r.attempts), "share", "<of which"], rows.collect())
}

pub(super) fn failures(s: &Summary) -> Vec<String> {
    let f = &s.failures;
    let rows: Vec<_> = f.by_method_and_code.iter().filter(|r| r.failures > 0).collect();
    if rows.is_empty() {
        return vec!["No failure responses.".to_owned()];
    }
    let head = format!("Failure responses ({} finals)", number(f.finals));
    let count = number(f.total);
    let mut cells: Vec<_> = rows
        .iter()
        .take(SHOWN)
        .map(|r| {
            let name = format!("{} {}", method(&r.method), registry::label(r.status));
            let meaning = registry::short(&r.method, r.status).unwrap_or_default().to_owned();
            [name, number(r.failures), share(percent(r.share)), meaning]
        })
        .collect();
    if let more @ 1.. = rows.len().saturating_sub(SHOWN) as u64 {
        let rest: u64 = rows.iter().skip(SHOWN).map(|r| r.failures).sum();
        let name = plural(more, "other cell", "other cells");
        cells.push([name, number(rest), share(part(rest, f.total)), String::new()]);
    }
    table([&format!("<{head}"), &count, "share", "<usual meaning"], cells)
}

pub(super) fn folded(s: &Summary) -> Vec<String> {
    let mut out = Vec::new();
    let cells = s.responses.by_method_and_code.iter().take(FOLDED).map(|r| {
        let c = &r.counts;
        let copies = number(c.capture_duplicates + c.hop_copies);
        let name = format!("{} {}", method(&r.method), registry::label(r.status));
        [name, number(c.first), share(percent(r.share)), number(c.retransmissions), copies]
    });
    let cells = table(["<Response", "count", "share of method", "retransmitted", "copies"], cells.collect());
    let n = number(s.responses.counts.first);
    out.extend(fold(&format!("All responses: {n}"), cells));

    let named = s.delays.iter().filter_map(|(k, d)| Some((k.id().to_owned(), d.as_ref()?)));
    let times = s.response_time.iter().take(SHOWN).map(|(m, d)| (format!("response time, {}", method(m)), d));
    let rows = named.chain(times).map(|(name, d)| {
        let [p50, p95, p99, max] = [d.p50, d.p95, d.p99, d.max].map(|t| delay(t, 3));
        [name, number(d.count), p50, p95, p99, max]
    });
    out.extend(fold("Delays", table(["<Delay", "samples", "p50", "p95", "p99", "greatest"], rows.collect())));

    let silent = s.silence.iter().filter(|r| r.unanswered > 0).take(NAMED).map(|r| {
        let to = r.destination.map_or_else(|| "others".to_owned(), |d| format!("`{}`", hops::host(d)));
        [method(&r.method), to, number(r.unanswered), number(r.requests)]
    });
    let silent = table(["<Method", "<to", "without a final", "requests"], silent.collect());
    out.extend(fold("Requests without a final response", silent));

    let phrases = s.phrases.iter().take(NAMED).map(|r| {
        let text = r.text.as_deref().map_or_else(|| "others".to_owned(), code);
        [registry::label(r.status).to_string(), text, number(r.count)]
    });
    out.extend(fold("Reason phrases seen", table(["<Code", "<phrase", "count"], phrases.collect())));
    out
}

pub(super) fn notes(s: &Summary) -> Vec<String> {
    let mut out: Vec<String> =
        s.notes.iter().take(NAMED).map(|n| format!("- Note: {}", sentence(&n.text))).collect();
    if let more @ 1.. = s.notes.len().saturating_sub(NAMED) {
        out.push(format!("- {} more notes", number(more as u64)));
    }
    out
}

fn fold(summary: &str, lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() {
        return Vec::new();
    }
    let head = [format!("<details><summary>{summary}</summary>"), String::new()];
    head.into_iter().chain(lines).chain([String::new(), "</details>".to_owned()]).collect()
}

/// The field's own methods as words, others as code.
fn method(name: &str) -> String {
    if registry::method(name).is_some() { name.to_owned() } else { code(name) }
}

/// `<0.01%` is no tag.
fn share(percent: String) -> String {
    percent.replace('<', "&lt;").replace('>', "&gt;")
}
