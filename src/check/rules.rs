//! Conditions, definitions, and files of them.
//!
//! A file of rules is TOML:
//!
//! ```toml
//! min_sample = 100                 # for all rules that say nothing else
//!
//! [define]
//! contract_ner = '(outcomes.answered + outcomes.busy + outcomes.no_answer) / invite.decided'
//!
//! [[rules]]
//! name = 'network effectiveness'
//! condition = 'contract_ner < 92%' # what is bad: if it is true, the rule fails
//! min_sample = 500
//! severity = 'error'               # or 'warning', which does not fail
//! explanation = 'The contract with the carrier, annex 3.'
//! ```

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde_json::Value as Json;
use toml::Spanned;

use super::figures::{Figure, Figures, Reported};
use super::verdict::{Judged, Verdict};
use crate::expr::{Expression, Of, Quantity, Type};
use crate::nearest::nearest;
use crate::report::json::{self, SCHEMA};
use crate::stats::Summary;
use crate::stats::summary::{Defined, DefinedUnit};

/// Bytes of a file of rules, at most.
const MAX_FILE: usize = 1 << 20;
/// Rules, at most.
const MAX_RULES: usize = 1000;
/// Definitions, at most.
const MAX_DEFINED: usize = 100;
/// Letters of the name of a definition, at most.
const MAX_NAME: usize = 40;

/// How bad a breach is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The check fails.
    #[default]
    Error,
    /// It is told, and the check passes.
    Warning,
}

/// One condition.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What it is called; the condition itself where nobody named it.
    pub name: String,
    /// What is bad.
    pub condition: Expression<Figure>,
    /// Figures that rest on fewer are not judged.
    pub min_sample: u64,
    /// How bad.
    pub severity: Severity,
    /// Why there is this rule.
    pub explanation: Option<String>,
    /// The file that it stands in, and the line of its condition; `None` on the command line.
    pub place: Option<(String, usize)>,
}

/// All conditions and definitions of a run.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    figures: Figures,
    definitions: Vec<(String, Expression<Figure>)>,
    rules: Vec<Rule>,
    /// For rules that say nothing else.
    min_sample: u64,
    /// An earlier report.
    base: Option<Json>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    min_sample: Option<u64>,
    #[serde(default)]
    define: BTreeMap<String, Spanned<String>>,
    #[serde(default, alias = "rule")]
    rules: Vec<FileRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRule {
    #[serde(default)]
    name: Option<String>,
    #[serde(alias = "fail_if")]
    condition: Spanned<String>,
    #[serde(default)]
    min_sample: Option<u64>,
    #[serde(default)]
    severity: Severity,
    #[serde(default)]
    explanation: Option<String>,
}

impl Rules {
    /// No rules; figures of rules that say nothing else must rest on `min_sample`.
    pub fn new(min_sample: u64) -> Self {
        Self { min_sample, ..Self::default() }
    }

    /// There is nothing to judge.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// There will be something to compare with; before any rule that names it.
    pub fn expect_baseline(&mut self) {
        self.figures.add_base();
    }

    /// The report to compare with.
    pub fn baseline(&mut self, report: &str) -> Result<(), String> {
        let wanted = "no JSON report of sipstat; 'sipstat -f json -o FILE' writes one";
        let json: Json = serde_json::from_str(report).map_err(|e| format!("{wanted}: {e}"))?;
        if json.get("schema").and_then(Json::as_str) != Some(SCHEMA) {
            return Err(wanted.into());
        }
        self.base = Some(json);
        self.expect_baseline();
        Ok(())
    }

    /// The run to compare with.
    pub fn baseline_of(&mut self, summary: &Summary) {
        self.expect_baseline();
        self.base = json::value(summary).ok();
    }

    /// Adds a definition, written `NAME=EXPR`.
    pub fn define(&mut self, definition: &str) -> Result<(), String> {
        let (name, text) =
            definition.split_once('=').ok_or("expected NAME=EXPR, as in ner2='1 - failures.rate'")?;
        self.define_as(name.trim(), text.trim()).map_err(|e| format!("{}: {e}", name.trim()))
    }

    /// Adds a condition that is its own name.
    pub fn fail_if(&mut self, text: &str) -> Result<(), String> {
        let condition = Expression::condition(text, &self.figures).map_err(|p| p.to_string())?;
        self.add(Rule {
            name: text.trim().to_owned(),
            condition,
            min_sample: self.min_sample,
            severity: Severity::Error,
            explanation: None,
            place: None,
        })
    }

    /// Adds a rule, which must be told from the others: reports of tests join what has one name.
    fn add(&mut self, rule: Rule) -> Result<(), String> {
        if rule.name.trim().is_empty() {
            return Err("a rule's name is empty".into());
        }
        if self.rules.iter().any(|other| other.name == rule.name) {
            return Err(format!("there is another rule called '{}'", rule.name));
        }
        self.rules.push(rule);
        Ok(())
    }

    /// Adds what a file holds, which the user calls `name`.
    pub fn read(&mut self, name: &str, text: &str) -> Result<(), String> {
        if text.len() > MAX_FILE {
            return Err(format!("longer than {MAX_FILE} bytes"));
        }
        let file: File = toml::from_str(text).map_err(|e| at(text, e.span(), &with_nearest(e.message())))?;
        self.define_all(text, file.define)?;
        let min_sample = file.min_sample.unwrap_or(self.min_sample);
        for rule in file.rules {
            if self.rules.len() >= MAX_RULES {
                return Err(format!("more than {MAX_RULES} rules"));
            }
            let condition = Expression::condition(rule.condition.as_ref(), &self.figures)
                .map_err(|p| at(text, Some(rule.condition.span()), &p.to_string()))?;
            let span = rule.condition.span();
            let added = self.add(Rule {
                name: rule.name.unwrap_or_else(|| rule.condition.as_ref().trim().to_owned()),
                condition,
                min_sample: rule.min_sample.unwrap_or(min_sample),
                severity: rule.severity,
                explanation: rule.explanation,
                place: Some((name.to_owned(), line(text, span.start))),
            });
            added.map_err(|why| at(text, Some(span), &why))?;
        }
        Ok(())
    }

    /// Definitions of a table have no order: one may use another, not itself.
    fn define_all(&mut self, file: &str, table: BTreeMap<String, Spanned<String>>) -> Result<(), String> {
        let mut open: Vec<(String, Spanned<String>)> = table.into_iter().collect();
        loop {
            let (before, mut wrong) = (open.len(), None);
            open.retain(|(name, text)| match self.define_as(name, text.as_ref()) {
                Ok(()) => false,
                Err(why) => {
                    wrong.get_or_insert_with(|| at(file, Some(text.span()), &format!("{name}: {why}")));
                    true
                }
            });
            match wrong {
                None => return Ok(()),
                Some(wrong) if open.len() == before => return Err(wrong),
                Some(_) => {}
            }
        }
    }

    fn define_as(&mut self, name: &str, text: &str) -> Result<(), String> {
        let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !is_name || name.len() > MAX_NAME {
            return Err(format!("a name is small letters, digits and _, at most {MAX_NAME}"));
        }
        if self.figures.knows(name) {
            return Err("this name is taken".into());
        }
        if self.definitions.len() >= MAX_DEFINED {
            return Err(format!("more than {MAX_DEFINED} definitions"));
        }
        let expression = Expression::figure(text, &self.figures).map_err(|p| p.to_string())?;
        self.figures.define(name, expression.clone());
        self.definitions.push((name.to_owned(), expression));
        Ok(())
    }

    /// Puts the user's figures into the report.
    pub fn add_defined(&self, summary: &mut Summary) {
        if self.definitions.is_empty() {
            return;
        }
        let reported = Reported::new(summary);
        let defined = self.definitions.iter().map(|(name, e)| defined(name, e, &reported)).collect();
        summary.invite.defined = defined;
    }

    /// What comes of the rules. `strict`: what cannot be judged fails.
    pub fn judge(&self, summary: &Summary, strict: bool) -> Verdict {
        let reported = Reported::new(summary).beside(self.base.as_ref());
        Verdict {
            rules: self.rules.iter().map(|rule| Judged::new(rule, &reported, strict)).collect(),
            files: summary.input.files.clone(),
            scale: summary.input.scale,
            complete: summary.input.complete,
            exact: summary.input.exact,
        }
    }
}

fn defined(name: &str, expression: &Expression<Figure>, reported: &Reported<'_>) -> Defined {
    let found = expression.quantity(reported);
    let fraction = match found {
        Some(Quantity { of: Of::Fraction(n, d), .. }) => Some((n, d)),
        _ => None,
    };
    let unit = match expression.kind() {
        Type::Time => DefinedUnit::Milliseconds,
        Type::Share | Type::Percent => DefinedUnit::Share,
        // A count over a count is a share unless it shows that it is none.
        Type::Quotient if fraction.is_none_or(|(n, d)| n <= d) => DefinedUnit::Share,
        _ => DefinedUnit::Number,
    };
    let scale = if unit == DefinedUnit::Milliseconds { 1e-6 } else { 1.0 };
    Defined {
        name: name.to_owned(),
        definition: expression.text().to_owned(),
        value: found.map(|q| q.value * scale),
        fraction,
        unit,
    }
}

/// What serde says of an unknown key or word, with the nearest known one: it quotes them all.
fn with_nearest(why: &str) -> String {
    let is_unknown = why.starts_with("unknown field") || why.starts_with("unknown variant");
    let mut quoted = why.split('`').skip(1).step_by(2).filter(|_| is_unknown);
    let near = quoted.next().and_then(|written| nearest(written, quoted.map(str::to_owned)));
    near.map_or_else(|| why.to_owned(), |near| format!("{why}; did you mean '{near}'?"))
}

/// A complaint with its line.
fn at(text: &str, span: Option<Range<usize>>, why: &str) -> String {
    let why = why.lines().collect::<Vec<_>>().join(" ");
    match span {
        Some(span) => format!("line {}: {why}", line(text, span.start)),
        None => why,
    }
}

/// The line that a byte stands in, the first one being 1.
fn line(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|b| *b == b'\n').count() + 1
}
