//! What was read: file, span, complete or what is missing; frames, messages, copies.

use super::format::{clock, day, moment, number, part, plural, span, zone};
use crate::fate::Fate;
use crate::report::escape::{escape, width};
use crate::report::style;
use crate::report::wrap::{flow, wrap};
use crate::stats::Summary;
use crate::stats::summary::{Input, Messages};
use crate::time::{Scale, Timestamp};

/// Ports on which SIP over TLS is usual (5061 and its neighbours).
const SIPS_PORTS: std::ops::RangeInclusive<u16> = 5060..=5091;

/// The block; at most `files` damaged files are named.
pub(super) fn lines(s: &Summary, columns: usize, files: usize) -> Vec<String> {
    let mut out = first(&s.input, columns);
    let mut facts = vec![plural(s.input.frames, "frame", "frames")];
    facts.extend(messages(&s.messages));
    out.extend(flow(&facts, columns, 0, 2));
    out.extend(filtered(&s.input, columns));
    out.extend(missing(&s.input, columns, files));
    if s.messages.total > 0 {
        out.extend(unreadable(&s.input, columns));
    }
    out
}

/// `trunk.pcap  2026-03-03 14:00:00 to 14:15:00 UTC (15 min)  complete`, on two lines if need be.
fn first(input: &Input, columns: usize) -> Vec<String> {
    let name = name(input, columns);
    let mut rest = Vec::new();
    if let Some((from, to)) = input.span {
        rest.push(format!("{} ({})", period(from, to, input.scale), span(to - from)));
    }
    let whole = input.complete && input.exact;
    let state = match (input.complete, input.exact) {
        (true, true) => "complete",
        (false, _) => "incomplete",
        (true, false) => "not exact",
    };
    rest.push(if whole { state.into() } else { style::warning(state) });
    let used =
        2 + rest.iter().map(|r| width(&anstream::adapter::strip_str(r).to_string()) + 2).sum::<usize>();
    let rest = rest.join("  ");
    if width(&name) + used - 2 <= columns {
        vec![format!("{}  {rest}", style::title(&name))]
    } else {
        vec![style::title(&name), format!("  {rest}")]
    }
}

/// The file, or the first and how many more.
pub(in crate::report) fn name(input: &Input, columns: usize) -> String {
    let more = input.files.len().saturating_sub(1) as u64;
    let tail =
        if more == 0 { String::new() } else { format!(" and {}", plural(more, "more file", "more files")) };
    let path = input.files.first().map_or("(no file)", |f| &f.path);
    // The end of a path says more than its beginning.
    let path = escape(path);
    let room = columns.saturating_sub(width(&tail) + 1);
    let mut shown: &str = &path;
    while width(shown) > room {
        let Some((i, _)) = shown.char_indices().nth(1) else { break };
        shown = shown.get(i..).unwrap_or_default();
    }
    let cut = if shown.len() < path.len() { "…" } else { "" };
    format!("{cut}{shown}{tail}")
}

/// `2026-03-03 14:00:00 to 14:15:00 UTC`.
pub(in crate::report) fn period(from: Timestamp, to: Timestamp, scale: Scale) -> String {
    let is_one_day = day(from, scale) == day(to, scale);
    let end = if is_one_day { clock(to, scale) } else { moment(to, scale) };
    format!("{} to {end}{}", moment(from, scale), zone(scale))
}

/// How many messages, what carried them, and how many are copies.
pub(in crate::report) fn messages(m: &Messages) -> Vec<String> {
    if m.total == 0 {
        return vec!["no SIP found".into()];
    }
    let carriers: Vec<String> = match m.by_transport.as_slice() {
        [(only, _)] => vec![only.id().to_uppercase()],
        many => many.iter().map(|(t, n)| format!("{} {}", t.id().to_uppercase(), number(*n))).collect(),
    };
    let share = |n: u64| format!("{} ({})", number(n), part(n, m.total));
    let hops = if m.counts.hop_copies == 0 { "one hop" } else { "several hops" };
    let mut out =
        vec![format!("{}, {}, {hops}", plural(m.total, "SIP message", "SIP messages"), carriers.join(", "))];
    let c = &m.counts;
    let again = [
        ("hop copies", c.hop_copies),
        ("captured twice", c.capture_duplicates),
        ("retransmitted", c.retransmissions),
    ];
    for (what, n) in again {
        if n > 0 {
            out.push(format!("{what} {}", share(n)));
        }
    }
    out
}

/// What the user left out.
fn filtered(input: &Input, columns: usize) -> Vec<String> {
    let Some(filter) = &input.filter else { return Vec::new() };
    let out = left_out(input);
    // A condition selects calls, whose frames were all looked at.
    let text = match out {
        0 if filter.contains("--where ") => format!("Filter {filter}"),
        out => format!("Filter {filter}: {} left out", plural(out, "frame", "frames")),
    };
    wrap(&text, columns, 2, 4)
}

/// Frames that the user's filter left out.
pub(in crate::report) fn left_out(input: &Input) -> u64 {
    input.fates.iter().filter(|(fate, _)| *fate == Fate::Filtered).map(|(_, n)| n).sum()
}

/// What is missing, in plain words.
fn missing(input: &Input, columns: usize, files: usize) -> Vec<String> {
    let mut out = Vec::new();
    let damaged: Vec<_> = input.files.iter().filter(|f| !f.complete || f.problem.is_some()).collect();
    for file in damaged.iter().take(files) {
        let problem = file.problem.as_deref().unwrap_or("not read to its end");
        out.extend(wrap(&format!("{}: {problem}", file.path), columns, 2, 4));
    }
    if let more @ 1.. = damaged.len().saturating_sub(files) as u64 {
        out.push(format!("  {} not read whole", plural(more, "more file was", "more files were")));
    }
    if !input.exact {
        let tables: Vec<String> = input
            .evicted
            .iter()
            .filter(|(_, n)| *n > 0)
            .map(|(t, n)| format!("{t} {}", number(*n)))
            .collect();
        let what = if tables.is_empty() { "some state".into() } else { tables.join(", ") };
        out.extend(wrap(&format!("Not exact: dropped for lack of room: {what}"), columns, 2, 4));
    }
    out
}

/// TLS where SIP is usual: what nobody can read here.
fn unreadable(input: &Input, columns: usize) -> Vec<String> {
    let rows = input.tls.iter().filter(|t| SIPS_PORTS.contains(&t.port));
    let flows = rows.clone().fold(0_u64, |sum, t| sum.saturating_add(t.flows));
    if flows == 0 {
        return Vec::new();
    }
    let mut ports: Vec<u16> = rows.map(|t| t.port).collect();
    ports.sort_unstable();
    ports.dedup();
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    let text =
        format!("Not readable: {} to port {}", plural(flows, "TLS flow", "TLS flows"), ports.join(", "));
    wrap(&text, columns, 2, 4)
}
