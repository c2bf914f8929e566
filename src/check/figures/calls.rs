//! Which calls show a figure.

use super::Figure;
use super::function::{Cells, Function};
use super::path::Place;
use crate::call::Outcome;
use crate::stats::Summary;
use crate::stats::summary::SampleCall;

/// Calls that are shown of a figure.
const SHOWN: usize = 5;
/// Findings that are named.
const FINDINGS: usize = 3;

/// What the first findings say, if one of `figures` is about them.
pub(super) fn findings(summary: &Summary, figures: &[&Figure]) -> Vec<String> {
    if !figures.iter().any(|figure| asks_for_findings(figure)) {
        return Vec::new();
    }
    let mut texts: Vec<String> = summary.findings.iter().take(FINDINGS).map(|f| f.text.clone()).collect();
    if let more @ 1.. = summary.findings.len().saturating_sub(FINDINGS) {
        texts.push(format!("{more} more findings: see the report"));
    }
    texts
}

fn asks_for_findings(figure: &Figure) -> bool {
    match figure {
        Figure::At(place) => place.names().first().is_some_and(|name| name == "findings"),
        Figure::Defined(expression) => expression.items().iter().any(|figure| asks_for_findings(figure)),
        Figure::Made(_) | Figure::Base(_) => false,
    }
}

/// Calls that show one of `figures`: of a rate those that lower it, of a delay the slowest.
pub(super) fn calls(summary: &Summary, figures: &[&Figure]) -> Vec<SampleCall> {
    if let [only] = figures {
        return of(summary, only);
    }
    first(figures.iter().flat_map(|f| of(summary, f)).collect())
}

fn of(summary: &Summary, figure: &Figure) -> Vec<SampleCall> {
    match figure {
        Figure::Made(Function::Rate(cells) | Function::Count(cells) | Function::Failures(cells)) => {
            shown(summary, cells)
        }
        Figure::Made(Function::Requests(_)) => Vec::new(),
        Figure::Made(Function::Percentile(place, ..)) | Figure::At(place) => at(summary, place),
        Figure::Base(_) => Vec::new(),
        Figure::Defined(expression) => calls(summary, &expression.items()),
    }
}

fn at(summary: &Summary, place: &Place) -> Vec<SampleCall> {
    let names = place.names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match names.as_slice() {
        ["responses" | "failures", ..] => {
            let number = |field| place.key(field).and_then(serde_json::Value::as_u64).map(|n| n as u16);
            let method = place.key("method").and_then(|m| m.as_str()).map(str::to_owned);
            let codes = match (number("code"), number("class")) {
                (Some(code), _) => (code, code),
                (None, Some(class)) => (class * 100, class * 100 + 99),
                (None, None) => (400, 699),
            };
            shown(summary, &Cells::of(codes, method))
        }
        ["invite", "outcomes", outcome, ..] => {
            let found = Outcome::ALL.iter().find(|o| o.id() == *outcome);
            found.map_or(Vec::new(), |o| summary.calls.outcome(*o).to_vec())
        }
        // In the order of the findings, not of time: the most important one's first.
        ["findings", ..] => {
            summary.findings.iter().flat_map(|f| f.calls.iter().cloned()).take(SHOWN).collect()
        }
        ["invite", "rates", rate, ..] => lowering(summary, rate),
        ["delays", delay, ..] => {
            let found = summary.calls.slowest.iter().find(|(kind, _)| kind.id() == *delay);
            found.map_or(Vec::new(), |(_, calls)| calls.clone())
        }
        _ => Vec::new(),
    }
}

/// Attempts of the outcomes that speak against a rate (of ISA: that make it up).
fn lowering(summary: &Summary, rate: &str) -> Vec<SampleCall> {
    use Outcome::{
        Answered, Busy, Cancelled, Declined, NoAnswer, Pending, Redirected, ServerFailure, TimedOut,
    };
    let against = |o: Outcome| match rate {
        "ner" | "ner_high" | "ner_q850" => {
            !matches!(o, Answered | Busy | NoAnswer | Declined | Cancelled | Pending)
        }
        "seer" => !matches!(o, Answered | Busy | NoAnswer | Declined | Redirected | Pending),
        "ser" => !matches!(o, Answered | Redirected | Pending),
        "isa" | "isa_without_silent" => matches!(o, ServerFailure | TimedOut),
        _ => !matches!(o, Answered | Pending),
    };
    let lists = summary.calls.outcomes.iter().filter(|(o, _)| against(*o));
    first(lists.flat_map(|(_, calls)| calls.iter().cloned()).collect())
}

fn shown(summary: &Summary, cells: &Cells) -> Vec<SampleCall> {
    let lists = summary.calls.cells.iter().filter(|c| cells.has(&c.method, c.status));
    first(lists.flat_map(|c| c.calls.iter().cloned()).collect())
}

/// The first ones, each Call-ID once.
fn first(mut calls: Vec<SampleCall>) -> Vec<SampleCall> {
    calls.sort();
    let mut kept: Vec<SampleCall> = Vec::new();
    for call in calls {
        if kept.len() < SHOWN && kept.iter().all(|k| k.call_id != call.call_id) {
            kept.push(call);
        }
    }
    kept
}
