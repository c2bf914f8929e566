//! The messages of one Call-ID as a ladder: hosts as columns, time downwards, the verdict at the foot.
//!
//! In: steps in order, the calls they make, and a page. Out: text. A host is one column, whatever its
//! ports, unless it talks to itself. Where the page has no room for a column a host, a list takes the
//! place of the ladder and letters that of addresses.

use crate::call::{Call, Party};
use crate::flow::Endpoint;
use crate::pick::{Kind, Step};
use crate::registry;
use crate::report::escape::{escape, fit, width};
use crate::report::style;
use crate::report::text;
use crate::report::wrap::wrap;
use crate::time::{Nanos, Timestamp};
use crate::transaction::Bin;

/// Columns for time, frame and mark.
const GUTTER: usize = 24;
/// The least distance between two hosts.
const LANE: usize = 17;

/// What a ladder looks like.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns of the page.
    pub columns: usize,
    /// Draw with letters of ASCII only.
    pub ascii: bool,
}

/// The strokes of a drawing.
struct Strokes {
    line: &'static str,
    bar: &'static str,
    left: &'static str,
    right: &'static str,
    to: &'static str,
}

impl Look {
    fn strokes(self) -> Strokes {
        if self.ascii {
            Strokes { line: "-", bar: "|", left: "<", right: ">", to: "->" }
        } else {
            Strokes { line: "─", bar: "│", left: "◀", right: "▶", to: "→" }
        }
    }
}

/// The ladder of `steps`, all of one Call-ID and in order, and what became of its `calls`.
pub fn ladder(steps: &[Step], calls: &[Call], files: &[String], look: Look) -> String {
    let hosts = Hosts::of(steps);
    let mut lines = head(steps, files, look.columns);
    lines.push(String::new());
    let lane = look.columns.saturating_sub(GUTTER + 1) / hosts.names.len().max(1);
    if lane >= LANE && hosts.names.iter().all(|h| width(h) < lane.min(40)) {
        lines.extend(drawn(steps, &hosts, lane.min(30), look));
    } else {
        lines.extend(listed(steps, &hosts, look));
    }
    lines.extend(legend(steps));
    for call in calls {
        lines.push(String::new());
        lines.extend(verdict(call, look.columns));
    }
    lines.iter().map(|l| l.trim_end().to_owned() + "\n").collect()
}

fn head(steps: &[Step], files: &[String], columns: usize) -> Vec<String> {
    let Some((first, last)) = steps.first().zip(steps.last()) else { return Vec::new() };
    let noun = if steps.len() == 1 { "message" } else { "messages" };
    let mut transports: Vec<&str> = steps.iter().map(|s| s.transport.id()).collect();
    transports.sort_unstable();
    transports.dedup();
    let mut text = format!(
        "{} UTC, {} {noun} in {}, {}",
        civil(first.shown, "%Y-%m-%d %H:%M:%S"),
        steps.len(),
        span(last.time - first.time),
        transports.join(" and ").to_uppercase(),
    );
    let mut named: Vec<u32> = steps.iter().map(|s| s.frame.file).collect();
    named.sort_unstable();
    named.dedup();
    if files.len() > 1 {
        let names: Vec<&str> =
            named.iter().filter_map(|i| files.get(*i as usize)).map(String::as_str).collect();
        text = format!("{text}; {}", names.join(", "));
    }
    let mut lines = vec![style::title(&fit(&first.call_id.to_string(), columns))];
    lines.extend(wrap(&escape(&text), columns, 0, 2));
    lines
}

/// Who takes part, in order of appearance.
struct Hosts {
    names: Vec<String>,
    /// By address and port rather than by address.
    ports: bool,
}

impl Hosts {
    fn of(steps: &[Step]) -> Self {
        let ports = steps.iter().any(|s| s.flow.source.ip == s.flow.destination.ip);
        let mut hosts = Self { names: Vec::new(), ports };
        for end in steps.iter().flat_map(|s| [s.flow.source, s.flow.destination]) {
            let name = hosts.name(end);
            if !hosts.names.contains(&name) {
                hosts.names.push(name);
            }
        }
        hosts
    }

    fn name(&self, end: Endpoint) -> String {
        if self.ports { end.to_string() } else { end.ip.to_string() }
    }

    fn place(&self, end: Endpoint) -> usize {
        let name = self.name(end);
        self.names.iter().position(|n| *n == name).unwrap_or(0)
    }
}

fn drawn(steps: &[Step], hosts: &Hosts, lane: usize, look: Look) -> Vec<String> {
    let strokes = look.strokes();
    let n = hosts.names.len();
    let post = |i: usize| lane / 2 + i * lane;
    let mut head = " ".repeat(GUTTER);
    for name in &hosts.names {
        let pad = lane.saturating_sub(width(name));
        head.extend([&" ".repeat(pad / 2), name.as_str(), &" ".repeat(pad - pad / 2)]);
    }
    let mut lines = vec![style::title(head.trim_end())];
    for step in steps {
        let (from, to) = (hosts.place(step.flow.source), hosts.place(step.flow.destination));
        let mut cells: Vec<String> = vec![" ".to_owned(); post(n.saturating_sub(1)) + 1];
        for i in 0..n {
            cells[post(i)] = strokes.bar.to_owned();
        }
        let (left, right) = (post(from.min(to)), post(from.max(to)));
        if left == right {
            let label = fit(&format!("{} {}", strokes.to, label(step)), lane.saturating_sub(2));
            put(&mut cells, left + 2, &label);
        } else {
            for cell in cells.iter_mut().take(right).skip(left + 1) {
                *cell = strokes.line.to_owned();
            }
            let label = fit(&label(step), right - left - 5);
            let free = (right - left - 1).saturating_sub(width(&label) + 2);
            put(&mut cells, left + 1 + free / 2, &format!(" {label} "));
            let (place, head) = if from < to { (right - 1, strokes.right) } else { (left + 1, strokes.left) };
            cells[place] = head.to_owned();
        }
        lines.push(shaded(step, gutter(step) + &cells.concat()));
    }
    lines
}

/// Writes `text` over `cells`, one a column; what follows a wide letter is left out.
fn put(cells: &mut Vec<String>, at: usize, text: &str) {
    let mut place = at;
    for c in text.chars() {
        let columns = width(c.encode_utf8(&mut [0; 4]));
        if columns == 0 {
            if let Some(before) = place.checked_sub(1).and_then(|p| cells.get_mut(p)) {
                before.push(c);
            }
            continue;
        }
        for i in place..place + columns {
            if i >= cells.len() {
                cells.push(String::new());
            }
            cells[i] = if i == place { c.to_string() } else { String::new() };
        }
        place += columns;
    }
}

fn listed(steps: &[Step], hosts: &Hosts, look: Look) -> Vec<String> {
    let strokes = look.strokes();
    let mut lines: Vec<String> = Vec::new();
    for (i, host) in hosts.names.iter().enumerate() {
        lines.push(format!("{:>3} = {host}", letters(i)));
    }
    lines.push(String::new());
    for step in steps {
        let ends = [step.flow.source, step.flow.destination].map(|end| letters(hosts.place(end)));
        let [from, to] = ends;
        let line = format!("{}{from:>3} {} {to:<3} {}", gutter(step), strokes.to, label(step));
        lines.push(shaded(step, fit(&line, look.columns)));
    }
    lines
}

/// `A` … `Z`, `AA` …
fn letters(i: usize) -> String {
    let letter = char::from(b'A' + (i % 26) as u8);
    if i < 26 { letter.to_string() } else { letters(i / 26 - 1) + &letter.to_string() }
}

/// Time, frame and mark.
fn gutter(step: &Step) -> String {
    let mark = match step.bin {
        Bin::First => ' ',
        Bin::Retransmission => 'R',
        Bin::CaptureDuplicate => 'D',
        Bin::HopCopy => 'h',
    };
    let line = format!("{} {:>8} {mark}", civil(step.shown, "%H:%M:%S%.3f"), step.frame.number);
    format!("{line:<GUTTER$}")
}

/// Copies stand back.
fn shaded(step: &Step, line: String) -> String {
    let line = line.trim_end().to_owned();
    match step.bin {
        Bin::Retransmission | Bin::CaptureDuplicate => style::aside(&line),
        Bin::First | Bin::HopCopy => line,
    }
}

fn legend(steps: &[Step]) -> Option<String> {
    let has = |bin| steps.iter().any(|s| s.bin == bin);
    let words: Vec<&str> = [
        (Bin::Retransmission, "R sent again"),
        (Bin::CaptureDuplicate, "D captured twice"),
        (Bin::HopCopy, "h the same on another hop"),
    ]
    .into_iter()
    .filter(|(bin, _)| has(*bin))
    .map(|(_, words)| words)
    .collect();
    (!words.is_empty()).then(|| style::aside(&format!("{}{}", " ".repeat(GUTTER - 2), words.join(", "))))
}

fn label(step: &Step) -> String {
    let mut text = match &step.kind {
        Kind::Request(method) => method.to_string(),
        Kind::Response(status, phrase) => {
            let phrase = if phrase.is_empty() {
                registry::reason(*status).unwrap_or_default().to_owned()
            } else {
                phrase.to_string()
            };
            format!("{} {phrase}", status.get())
        }
    };
    if step.sdp {
        text.push_str(" (SDP)");
    }
    let foreign = matches!(&step.kind, Kind::Response(..)) && step.cseq.bytes() != b"INVITE";
    if foreign && !step.cseq.is_empty() {
        text = format!("{text} [{}]", step.cseq);
    }
    escape(text.trim_end()).into_owned()
}

fn verdict(call: &Call, columns: usize) -> Vec<String> {
    let a = &call.attempt;
    let mut first = a.outcome.text().to_owned();
    if let Some(status) = a.status {
        first = format!("{first}, {}", registry::label(status));
    }
    let details: Vec<&str> = a.details.iter().map(|d| d.text()).collect();
    let flags = a.flags.iter().map(|f| f.text());
    let words: Vec<&str> = details.into_iter().chain(flags).collect();
    if !words.is_empty() {
        first = format!("{first} ({})", words.join("; "));
    }
    if let Some(side) = a.side {
        first = format!("{first}: {}", side.text());
    }
    let mut facts: Vec<String> = Vec::new();
    let delays = &a.delays;
    for (name, delay) in [("PDD", delays.pdd), ("setup", delays.setup), ("SRD", delays.srd)] {
        let is_new = name != "SRD" || delays.pdd.is_none();
        facts.extend(delay.filter(|d| *d >= Nanos::ZERO && is_new).map(|d| format!("{name} {}", span(d))));
    }
    if let Some(session) = &call.session {
        facts.push(match call.duration() {
            Some(d) => format!("talked {}", span(d)),
            None if session.lost => "lost sight of".to_owned(),
            None => "still up at the end".to_owned(),
        });
        facts.extend(match (session.ended, session.by) {
            (None, _) | (_, Party::Unknown) => None,
            (_, Party::Caller) => Some("hung up by caller".to_owned()),
            (_, Party::Callee) => Some("hung up by callee".to_owned()),
            (_, Party::Both) => Some("hung up by both".to_owned()),
        });
    }
    let mut lines = wrap(&escape(&first), columns, 0, 2);
    lines.iter_mut().for_each(|l| *l = style::title(l));
    if let Some(p) = a.particulars.as_deref() {
        if p.retransmissions > 0 {
            facts.push(format!("{} sent again", p.retransmissions));
        }
        facts.push(format!("{} {}", p.hops, if p.hops == 1 { "hop" } else { "hops" }));
        let tries = a.bids.len();
        facts.extend((tries > 1).then(|| format!("{tries} tries")));
        lines.extend(wrap(&facts.join(", "), columns, 2, 4));
        for (name, text) in [
            ("From", &p.from),
            ("To", &p.to),
            ("Request-URI", &p.uri),
            ("Reason", &p.reason),
            ("User-Agent", &p.user_agent),
            ("Server", &p.server),
        ] {
            if !text.is_empty() {
                lines.extend(wrap(&escape(&format!("{name}: {text}")), columns, 2, 4));
            }
        }
    }
    lines
}

fn civil(t: Timestamp, format: &str) -> String {
    let instant = jiff::Timestamp::from_nanosecond(t.as_nanos().into()).unwrap_or_default();
    instant.strftime(format).to_string()
}

fn span(span: Nanos) -> String {
    text::delay(span, 3)
}
