//! What the capture hides and what looks odd, each in one sentence that a user understands.

use crate::anomaly::Anomaly;
use crate::call::{Flag, Outcome};
use crate::stats::number;
use crate::stats::summary::{Block, Note, RateKind, Summary};
use crate::stats::tally::Tally;
use crate::time::Nanos;

/// Hosts that calls both reach and leave: a two-way trunk, a server with phones. Named only if the
/// smaller direction is more than this share of all attempts.
const TWO_WAY_SHARE: u64 = 20;

/// Adds the notes that apply, and suppresses the rates that would mislead.
pub(super) fn add(tally: &Tally, summary: &mut Summary) {
    let mut notes = Notes(Vec::new());
    if tally.choices.messages_only {
        let text = "Single messages or transactions are selected: figures of calls and registrations, their \
                    delays and findings are left out, and failures include inner ones.";
        notes.push("messages_only", Block::Input, summary.messages.total, text.to_owned());
    } else {
        direction(summary, &mut notes);
    }
    beginnings(summary, &mut notes);
    ends(summary, &mut notes);
    hosts(tally, summary, &mut notes);
    timers(summary, &mut notes);
    clocks(tally, &mut notes);
    room(summary, &mut notes);
    notes.0.sort_by_key(|n| n.block);
    summary.notes = notes.0;
}

/// What the cuts between captures that were added up hide.
pub(super) fn add_boundaries(summary: &mut Summary) {
    let cuts = summary.boundaries.len() as u64;
    let open: u64 = summary.boundaries.iter().map(|b| b.open).sum();
    let assumed: u64 = summary.boundaries.iter().map(|b| b.initial_assumed).sum();
    if open + assumed == 0 {
        return;
    }
    let text = format!(
        "Added up over {} cut{}: at {} {} calls, registrations and requests were open, and {} attempts \
         after had no INVITE captured; what goes on across a cut counts on both sides.",
        number(cuts),
        if cuts == 1 { "" } else { "s" },
        if cuts == 1 { "it" } else { "them" },
        number(open),
        number(assumed)
    );
    summary.notes.insert(0, Note { id: "cuts", block: Block::Input, text, count: open, first: None });
}

struct Notes(Vec<Note>);

impl Notes {
    fn push(&mut self, id: &'static str, block: Block, count: u64, text: String) {
        self.0.push(Note { id, block, text, count, first: None });
    }
}

/// Section 9: replies only, requests only.
fn direction(summary: &mut Summary, notes: &mut Notes) {
    let (requests, responses) = (summary.messages.requests, summary.messages.responses);
    if requests == 0 && responses > 0 {
        let text = "No request was captured, only replies: calls that got no answer at all are invisible, so \
                    ASR and SER read too high, there are no delays, and a re-INVITE may pass for a call.";
        notes.push("replies_only", Block::Outcomes, responses, text.to_owned());
    }
    if responses == 0 && requests > 0 {
        let text = "No response was captured, only requests: every call looks timed out, so rates are not \
                    given. Capture both directions.";
        notes.push("requests_only", Block::Outcomes, requests, text.to_owned());
        summary.invite.rates.iter_mut().for_each(|(_, ratio)| ratio.suppressed = true);
        summary.register.ira.suppressed = true;
        summary.failures.rate.suppressed = true;
    }
}

fn beginnings(summary: &Summary, notes: &mut Notes) {
    let flag = |f: Flag| summary.invite.flags.iter().find(|(flag, _)| *flag == f).map_or(0, |(_, n)| *n);
    let started_before = flag(Flag::StartedBeforeCapture);
    if started_before > 0 && summary.messages.requests > 0 {
        let text = format!(
            "{} of {} attempts began before the capture, or their INVITE was not captured.",
            number(started_before),
            number(summary.invite.attempts)
        );
        notes.push("started_before_capture", Block::Outcomes, started_before, text);
    }
    let lost = flag(Flag::LostUpstream);
    if lost > 0 {
        let text = format!(
            "{} final responses did not reach the caller's side: lost or dropped on the way up.",
            number(lost)
        );
        notes.push("lost_upstream", Block::Outcomes, lost, text);
    }
    let b2bua = flag(Flag::B2buaSameCallId);
    if b2bua > 0 {
        let text =
            format!("{} attempts pass a B2BUA that keeps the Call-ID; each counts once.", number(b2bua));
        notes.push("b2bua_same_call_id", Block::Outcomes, b2bua, text);
    }
}

fn ends(summary: &Summary, notes: &mut Notes) {
    let invite = &summary.invite;
    let pending = invite.attempts - invite.decided;
    if pending * 50 > invite.attempts && summary.messages.responses > 0 {
        let answered = invite.outcomes.iter().find(|o| o.outcome == Outcome::Answered).map_or(0, |o| o.count);
        let percent = |n: u64| 100.0 * n as f64 / invite.attempts as f64;
        let text = format!(
            "{} of {} attempts were still open at the end of the capture: over all of them ASR lies \
             between {:.2}% and {:.2}%.",
            number(pending),
            number(invite.attempts),
            percent(answered),
            percent(answered + pending)
        );
        notes.push("pending_range", Block::Rates, pending, text);
    }
    let scanners = invite.rates.iter().find(|(k, _)| *k == RateKind::AsrWithoutScanners);
    if let Some((_, ratio)) = scanners
        && let Some(value) = ratio.value()
    {
        let left_out = invite.decided.saturating_sub(ratio.denominator);
        let text = format!(
            "{} attempts were challenged and never tried again, as scanners do; without them ASR is \
             {:.2}% ({}/{}).",
            number(left_out),
            100.0 * value,
            number(ratio.numerator),
            number(ratio.denominator)
        );
        notes.push("scanners", Block::Rates, left_out, text);
    }
}

fn hosts(tally: &Tally, summary: &Summary, notes: &mut Notes) {
    if !tally.choices.host_sides.is_empty() {
        let text = "Only attempts on the chosen side of a host are counted (--host-side).".to_owned();
        notes.push("host_side", Block::Outcomes, summary.invite.attempts, text);
        return;
    }
    let suspects = tally.crossings.suspects();
    if suspects.is_empty()
        && let Some(s) = tally.crossings.two_way()
        && s.arrived.min(s.left) * TWO_WAY_SHARE >= summary.invite.attempts
    {
        let text = format!(
            "Calls go both ways through {host} ({} in, {} out): rates are over both directions. For one, use \
             --host-side {host}:in (or out).",
            number(s.arrived),
            number(s.left),
            host = s.host
        );
        notes.push("both_directions", Block::Rates, s.arrived + s.left, text);
    }
    for s in suspects {
        let (arrived, left, host) = (number(s.arrived), number(s.left), s.host);
        let text = match s.other {
            None => format!(
                "{host} looks like a B2BUA: {arrived} attempts arrived there and {left} left it under other \
                 Call-IDs; figures count both sides. Use --host-side {host}:in (or out)."
            ),
            Some(other) => format!(
                "{host} and {other} look like the two sides of a B2BUA: {arrived} attempts arrived at the one \
                 and {left} left the other under other Call-IDs; figures count both sides. Use --host-side \
                 {host}:in (or {other}:out)."
            ),
        };
        notes.push("b2bua_suspected", Block::Outcomes, s.arrived, text);
    }
}

fn timers(summary: &Summary, notes: &mut Notes) {
    if let Some(t) = summary.invite.ring_timer {
        let text = format!(
            "{} of {} cancelled calls rang {:.1} s: a no-answer timer, not callers.",
            number(t.at_timer),
            number(t.cancelled),
            t.ring.as_secs_f64()
        );
        notes.push("ring_timer", Block::Outcomes, t.at_timer, text);
    }
    let d = &summary.invite.duration;
    if let (Some(acd), Some(mean)) = (d.acd_s, d.mean_of_ended_s)
        && (acd - mean).abs() > 0.05 * acd
        && d.still_up > 0
    {
        let text = format!(
            "ACD counts the time of calls still up; the {} ended calls alone lasted {:.0} s on average.",
            number(d.ended),
            mean
        );
        notes.push("acd_estimator", Block::Calls, d.still_up, text);
    }
}

fn clocks(tally: &Tally, notes: &mut Notes) {
    let count = |a| tally.anomalies.count(a);
    let negative = count(Anomaly::NegativeDelay);
    if negative > 0 {
        let text = format!(
            "{} responses were stamped before their requests: the clocks of the taps disagree, and \
             delays between them are off by as much.",
            number(negative)
        );
        notes.push("clocks_disagree", Block::Input, negative, text);
    }
    let back = count(Anomaly::TimeBack);
    if back > 0 {
        let text = format!(
            "The capture's clock was set back {back} time{}; later times were shifted for durations.",
            if back == 1 { "" } else { "s" }
        );
        notes.push("time_back", Block::Input, back, text);
    }
    let reused = count(Anomaly::IdentifierReuse);
    if reused > 0 {
        let text = format!(
            "{} used identifiers of earlier, ended ones again: counted as new (load tools, probes, \
             restarted dialers).",
            if reused == 1 { "1 request".to_owned() } else { format!("{} requests", number(reused)) }
        );
        notes.push("identifier_reuse", Block::Input, reused, text);
    }
}

fn room(summary: &Summary, notes: &mut Notes) {
    let sessions = summary.invite.sessions;
    if sessions.lost > 0 {
        let text =
            format!("{} calls were forgotten before they ended and count as up.", number(sessions.lost));
        notes.push("sessions_lost", Block::Calls, sessions.lost, text);
    }
    if summary.invite.load.peak_1s > 0
        && summary.input.span.is_some_and(|(a, b)| b - a > Nanos::from_secs(100_000))
    {
        let text = "In a capture this long, peaks are per ten seconds or more, not per second.".to_owned();
        notes.push("peak_width", Block::Outcomes, 0, text);
    }
}
