//! The verdict as one JSON object, `sipstat.check/1`.

use std::io;

use serde::Serialize;

use super::verdict::{Comparison, Judged, Verdict};
use super::{Severity, say};
use crate::expr::{Of, Type, Unjudged};
use crate::report::json::{Clock, pretty};
use crate::stats::summary::SampleCall;

/// Name and version of the layout.
const SCHEMA: &str = "sipstat.check/1";

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct VerdictJson<'a> {
    #[cfg_attr(test, schemars(extend("const" = "sipstat.check/1")))]
    schema: &'static str,
    #[cfg_attr(test, schemars(extend("enum" = ["pass", "fail", "not_evaluated"])))]
    status: &'static str,
    input: InputJson<'a>,
    rules: Vec<RuleJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct InputJson<'a> {
    complete: bool,
    exact: bool,
    files: Vec<&'a str>,
}

/// What decided stands in the rule itself; all that its condition compares in `comparisons`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RuleJson<'a> {
    name: &'a str,
    condition: &'a str,
    #[cfg_attr(test, schemars(extend("enum" = ["error", "warning"])))]
    severity: &'static str,
    explanation: Option<&'a str>,
    #[cfg_attr(test, schemars(extend("enum" = ["pass", "fail", "not_evaluated"])))]
    status: &'static str,
    reason: Option<String>,
    figure: Option<&'a str>,
    value: ValueJson,
    numerator: Option<u64>,
    denominator: Option<u64>,
    #[cfg_attr(test, schemars(extend("enum" = ["ms", "share", "count", null])))]
    unit: Option<&'static str>,
    limit: Option<f64>,
    interval: Option<[f64; 2]>,
    /// What the report's findings say, where the condition asks for them.
    findings: Vec<&'a str>,
    calls: Vec<CallJson<'a>>,
    comparisons: Vec<ComparisonJson<'a>>,
}

/// A number, or true or false.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
enum ValueJson {
    Truth(bool),
    Count(u64),
    Number(Option<f64>),
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ComparisonJson<'a> {
    text: &'a str,
    figure: &'a str,
    holds: Option<bool>,
    reason: Option<String>,
    value: ValueJson,
    numerator: Option<u64>,
    denominator: Option<u64>,
    #[cfg_attr(test, schemars(extend("enum" = ["ms", "share", "count", null])))]
    unit: Option<&'static str>,
    limit: Option<f64>,
    interval: Option<[f64; 2]>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CallJson<'a> {
    call_id: &'a str,
    file: Option<&'a str>,
    frame: u64,
    time: String,
}

/// Writes `verdict` to `out`.
pub(super) fn write(verdict: &Verdict, out: &mut impl io::Write) -> io::Result<()> {
    let clock = Clock::new(verdict.files.iter().any(|f| f.nanoseconds), verdict.scale);
    let json = VerdictJson {
        schema: SCHEMA,
        status: verdict.status().id(),
        input: InputJson {
            complete: verdict.complete,
            exact: verdict.exact,
            files: verdict.files.iter().map(|f| f.path.as_str()).collect(),
        },
        rules: verdict.rules.iter().map(|rule| RuleJson::new(rule, verdict, clock)).collect(),
    };
    pretty::write(&json, out)
}

impl<'a> RuleJson<'a> {
    fn new(rule: &'a Judged, verdict: &'a Verdict, clock: Clock) -> Self {
        let comparisons: Vec<ComparisonJson<'a>> = rule.comparisons.iter().map(ComparisonJson::new).collect();
        let decisive = rule.decisive().map(ComparisonJson::new);
        let d = decisive.as_ref();
        Self {
            name: &rule.name,
            condition: &rule.condition,
            severity: match rule.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            explanation: rule.explanation.as_deref(),
            status: rule.status.id(),
            reason: rule.comparisons.iter().find_map(reason).filter(|_| rule.is_open()),
            figure: d.map(|d| d.figure),
            numerator: d.and_then(|d| d.numerator),
            denominator: d.and_then(|d| d.denominator),
            unit: d.and_then(|d| d.unit),
            limit: d.and_then(|d| d.limit),
            interval: d.and_then(|d| d.interval),
            value: decisive.map_or(ValueJson::Number(None), |d| d.value),
            findings: rule.findings.iter().map(String::as_str).collect(),
            calls: rule.calls.iter().map(|call| CallJson::new(call, verdict, clock)).collect(),
            comparisons,
        }
    }
}

impl<'a> ComparisonJson<'a> {
    fn new(c: &'a Comparison) -> Self {
        let scale = if c.kind == Type::Time { 1e-6 } else { 1.0 };
        let fraction = match c.value.map(|q| q.of) {
            Some(Of::Fraction(n, d)) => (Some(n), Some(d)),
            _ => (None, None),
        };
        Self {
            text: &c.text,
            figure: &c.figure,
            holds: c.holds,
            reason: reason(c),
            value: match c.truth {
                Some(truth) => ValueJson::Truth(truth),
                None => match c.value.filter(|_| c.kind == Type::Count) {
                    Some(q) if q.value >= 0.0 && q.value.fract() == 0.0 => ValueJson::Count(q.value as u64),
                    _ => ValueJson::Number(c.value.map(|q| q.value * scale)),
                },
            },
            numerator: fraction.0,
            denominator: fraction.1,
            unit: match c.kind {
                Type::Time => Some("ms"),
                Type::Share | Type::Percent => Some("share"),
                Type::Count => Some("count"),
                _ => None,
            },
            limit: c.limit.map(|l| l * scale),
            interval: c.interval.map(|i| [i.low, i.high]),
        }
    }
}

/// Why a comparison is open.
fn reason(c: &Comparison) -> Option<String> {
    Some(match c.unjudged? {
        Unjudged::Absent => format!("{} has no value", c.figure),
        Unjudged::TooFew { sample, wanted } => format!("{} rests on {sample}, {wanted} wanted", c.figure),
        Unjudged::NoInterval => format!("{} is no share, so it has no interval", c.figure),
    })
}

impl<'a> CallJson<'a> {
    fn new(call: &'a SampleCall, verdict: &'a Verdict, clock: Clock) -> Self {
        Self {
            call_id: &call.call_id,
            file: say::file(call, &verdict.files),
            frame: call.frame.number,
            time: clock.at(call.time),
        }
    }
}

#[cfg(test)]
mod schema {
    #[test]
    fn the_committed_schema_is_that_of_a_verdict() {
        crate::report::schema::check::<super::VerdictJson<'static>>("check", super::SCHEMA);
    }
}
