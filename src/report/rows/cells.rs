//! The fields of a call as machines get them: names, and values of a few kinds.
//!
//! Names, order and units are a contract; new fields come at the end.

use crate::call::{Call, Party, Session, Text};
use crate::flow::Endpoint;
use crate::report::json::Clock;
use crate::time::{Nanos, Scale, Timestamp};

/// A value.
pub(super) enum Cell {
    /// Nothing is known.
    Absent,
    /// Text of others.
    Foreign(String),
    /// A word of ours.
    Word(&'static str),
    /// Words of ours.
    Words(Vec<&'static str>),
    /// A count, a code.
    Number(u64),
    /// Milliseconds.
    Span(Nanos),
    /// An instant.
    Time(Timestamp),
}

/// Names, in order.
pub(super) const NAMES: [&str; 36] = [
    "start",
    "call_id",
    "from",
    "to",
    "request_uri",
    "source",
    "destination",
    "transport",
    "outcome",
    "details",
    "code",
    "phrase",
    "reason",
    "cause",
    "side",
    "pdd_ms",
    "setup_ms",
    "duration_ms",
    "hung_up_by",
    "messages",
    "retransmissions",
    "capture_duplicates",
    "hop_copies",
    "hops",
    "bids",
    "file",
    "frame",
    "last_frame",
    "end",
    "user_agent",
    "server",
    "alerted",
    "flags",
    "srd_ms",
    "ring_ms",
    "state",
];

/// The values of `call`, in the order of [`NAMES`].
pub(super) fn cells(call: &Call, files: &[String]) -> [Cell; 36] {
    let a = &call.attempt;
    let none = Default::default();
    let p = a.particulars.as_deref().unwrap_or(&none);
    let file = files.get(a.frame.file as usize);
    [
        Cell::Time(a.started),
        text(&a.call_id),
        text(&p.from),
        text(&p.to),
        text(&p.uri),
        end(a.flow.source),
        end(a.flow.destination),
        p.transport.map_or(Cell::Absent, |t| Cell::Word(t.id())),
        Cell::Word(a.outcome.id()),
        Cell::Words(a.details.iter().map(|d| d.id()).collect()),
        a.status.map_or(Cell::Absent, |s| Cell::Number(s.get().into())),
        text(&p.phrase),
        text(&p.reason),
        a.cause.map_or(Cell::Absent, |c| Cell::Number(c.into())),
        a.side.map_or(Cell::Absent, |s| Cell::Word(s.id())),
        span(a.delays.pdd),
        span(a.delays.setup),
        span(call.duration()),
        call.session.as_ref().map_or(Cell::Absent, hung_up_by),
        Cell::Number(p.messages.into()),
        Cell::Number(p.retransmissions.into()),
        Cell::Number(p.capture_duplicates.into()),
        Cell::Number(p.hop_copies.into()),
        Cell::Number(p.hops.into()),
        Cell::Number(a.bids.len() as u64),
        file.map_or(Cell::Absent, |name| Cell::Foreign(name.clone())),
        Cell::Number(a.frame.number),
        Cell::Number(p.last_frame.number),
        Cell::Time(p.last),
        text(&p.user_agent),
        text(&p.server),
        Cell::Word(a.alerted.id()),
        Cell::Words(a.flags.iter().map(|f| f.id()).collect()),
        span(a.delays.srd),
        span(a.delays.ring),
        call.session.as_ref().map_or(Cell::Absent, |s| Cell::Word(state(s))),
    ]
}

/// What became of the session: `ended`, `up` at the end of the capture, `unanswered` BYE, `lost` sight of.
pub(super) fn state(session: &Session) -> &'static str {
    match session {
        Session { lost: true, .. } => "lost",
        Session { failed: true, .. } => "bye_unanswered",
        Session { ended: Some(_), .. } => "ended",
        _ => "up",
    }
}

fn hung_up_by(session: &Session) -> Cell {
    match (session.ended, session.by) {
        (None, _) | (_, Party::Unknown) => Cell::Absent,
        (_, Party::Caller) => Cell::Word("caller"),
        (_, Party::Callee) => Cell::Word("callee"),
        (_, Party::Both) => Cell::Word("both"),
    }
}

fn text(text: &Text) -> Cell {
    if text.is_empty() { Cell::Absent } else { Cell::Foreign(text.to_string()) }
}

fn end(endpoint: Endpoint) -> Cell {
    Cell::Foreign(endpoint.to_string())
}

/// What is less than nothing was measured by clocks that disagree.
fn span(span: Option<Nanos>) -> Cell {
    span.filter(|d| *d >= Nanos::ZERO).map_or(Cell::Absent, Cell::Span)
}

/// As in the report: six digits, nine where it is finer.
pub(super) fn instant(t: Timestamp, scale: Scale) -> String {
    Clock::new(t.as_nanos() % 1_000 != 0, scale).at(t)
}

/// Milliseconds as digits, without zeros that say nothing.
pub(super) fn millis(span: Nanos) -> String {
    let (whole, rest) = (span.as_nanos() / 1_000_000, span.as_nanos() % 1_000_000);
    if rest == 0 {
        return whole.to_string();
    }
    format!("{whole}.{rest:06}").trim_end_matches('0').to_owned()
}

/// What the values of a field are, unless absent: for readers of rows.
#[cfg(test)]
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Words,
    Count,
    Milliseconds,
    Instant,
}

/// The kinds of [`NAMES`].
#[cfg(test)]
pub(super) fn kind(name: &str) -> Kind {
    match name {
        "start" | "end" => Kind::Instant,
        "details" | "flags" => Kind::Words,
        "code" | "cause" | "frame" | "last_frame" | "hops" | "bids" | "messages" | "retransmissions"
        | "capture_duplicates" | "hop_copies" => Kind::Count,
        _ if name.ends_with("_ms") => Kind::Milliseconds,
        _ => Kind::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_instants_keep_their_digits() {
        for (nanos, text) in [(0, "0"), (2_310_000_000, "2310"), (1_500_000, "1.5"), (42, "0.000042")] {
            assert_eq!(millis(Nanos::from_nanos(nanos)), text);
        }
        for (nanos, text) in [
            (1_772_546_600_000_000_000, "2026-03-03T14:03:20.000000Z"),
            (1_772_546_600_000_000_001, "2026-03-03T14:03:20.000000001Z"),
        ] {
            assert_eq!(instant(Timestamp::from_nanos(nanos), Scale::Utc), text);
        }
    }
}
