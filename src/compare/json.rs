//! A comparison as one JSON object, `sipstat.compare/1`.

use std::io;

use serde::Serialize;

use super::rules::Verdict;
use super::{CONFIDENCE, Comparison, Difference, FALSE_FINDINGS, Measure, Run};
use crate::report::json::pretty;
use crate::sip::StatusCode;

/// Name and version of the layout.
pub const SCHEMA: &str = "sipstat.compare/1";

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CompareJson<'a> {
    #[cfg_attr(test, schemars(extend("const" = "sipstat.compare/1")))]
    schema: &'static str,
    base: RunJson<'a>,
    now: RunJson<'a>,
    confidence: f64,
    false_findings: f64,
    differences: Vec<DifferenceJson<'a>>,
    new_codes: Vec<CodeJson<'a>>,
    vanished_codes: Vec<CodeJson<'a>>,
    rules: Vec<RuleJson<'a>>,
    #[cfg_attr(test, schemars(extend("enum" = ["pass", "fail"])))]
    status: &'static str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RunJson<'a> {
    name: &'a str,
    messages: u64,
    attempts: u64,
    sound: bool,
}

/// Shares are 0 to 1, delays milliseconds.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DifferenceJson<'a> {
    figure: &'a str,
    #[cfg_attr(test, schemars(extend("enum" = ["share", "ms"])))]
    unit: &'static str,
    base: MeasureJson,
    now: MeasureJson,
    difference: Option<f64>,
    interval: Option<[f64; 2]>,
    p_value: Option<f64>,
    significant: bool,
    #[cfg_attr(test, schemars(extend("enum" = ["worse", "better", "changed", "same"])))]
    change: &'static str,
    effect: Option<f64>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
enum MeasureJson {
    Share { value: Option<f64>, numerator: u64, denominator: u64 },
    Delay { value: Option<f64>, count: u64 },
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CodeJson<'a> {
    code: u16,
    method: &'a str,
    responses: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RuleJson<'a> {
    rule: &'a str,
    #[cfg_attr(test, schemars(extend("enum" = ["pass", "fail", "not_evaluated"])))]
    status: &'static str,
    why: &'a str,
}

/// Writes `c` and what became of the rules.
pub fn write(c: &Comparison, verdicts: &[Verdict], out: &mut impl io::Write) -> io::Result<()> {
    let run = |r: &'_ Run| -> (u64, u64, bool) { (r.messages, r.attempts, r.sound) };
    let run_json = |i: usize| {
        let r = &c.runs[i];
        let (messages, attempts, sound) = run(r);
        RunJson { name: &r.name, messages, attempts, sound }
    };
    let breached = verdicts.iter().any(|v| v.breached == Some(true));
    let all = CompareJson {
        schema: SCHEMA,
        base: run_json(0),
        now: run_json(1),
        confidence: CONFIDENCE,
        false_findings: FALSE_FINDINGS,
        differences: c.differences.iter().map(DifferenceJson::new).collect(),
        new_codes: c.new_codes.iter().map(CodeJson::new).collect(),
        vanished_codes: c.vanished_codes.iter().map(CodeJson::new).collect(),
        rules: verdicts.iter().map(RuleJson::new).collect(),
        status: if breached { "fail" } else { "pass" },
    };
    pretty::write(&all, out)
}

impl<'a> DifferenceJson<'a> {
    fn new(d: &'a Difference) -> Self {
        let is_delay = matches!(d.values[0], Measure::Delay(..));
        let scale = if is_delay { 1e-6 } else { 1.0 };
        let measure = |m: Measure| match m {
            Measure::Share(numerator, denominator) => {
                MeasureJson::Share { value: m.value(), numerator, denominator }
            }
            Measure::Delay(_, count) => MeasureJson::Delay { value: m.value().map(|v| v * scale), count },
        };
        let [base, now] = d.values.map(measure);
        Self {
            figure: &d.figure,
            unit: if is_delay { "ms" } else { "share" },
            base,
            now,
            difference: d.difference.map(|v| v * scale),
            interval: d.interval.map(|(low, high)| [low * scale, high * scale]),
            p_value: d.p_value,
            significant: d.significant,
            change: d.change().id(),
            effect: d.effect,
        }
    }
}

impl<'a> CodeJson<'a> {
    fn new((code, method, responses): &'a (StatusCode, String, u64)) -> Self {
        Self { code: code.get(), method, responses: *responses }
    }
}

impl<'a> RuleJson<'a> {
    fn new(v: &'a Verdict) -> Self {
        let status = match v.breached {
            Some(true) => "fail",
            Some(false) => "pass",
            None => "not_evaluated",
        };
        Self { rule: &v.rule, status, why: &v.why }
    }
}

#[cfg(test)]
mod schema {
    #[test]
    fn the_committed_schema_is_that_of_a_comparison() {
        crate::report::schema::check::<super::CompareJson<'static>>("compare", super::SCHEMA);
    }
}
