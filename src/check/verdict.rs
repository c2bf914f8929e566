//! What came of the rules.

use super::figures::{Figure, Reported};
use super::rules::{Rule, Severity};
use crate::capture::FileReport;
use crate::expr::{Leaf, Quantity, Type, Unjudged};
use crate::stats::interval::Interval;
use crate::stats::summary::SampleCall;
use crate::time::Scale;

/// What came of all rules.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// In the order of the command line.
    pub rules: Vec<Judged>,
    /// What was read.
    pub files: Vec<FileReport>,
    /// What its times are told from.
    pub scale: Scale,
    /// Every input byte was read.
    pub complete: bool,
    /// Nothing that figures depend on was dropped.
    pub exact: bool,
}

/// What came of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Its condition is not true.
    Pass,
    /// Its condition is true; or could not be judged, and the user is strict.
    Fail,
    /// Its condition could not be judged.
    NotEvaluated,
}

impl Status {
    /// The name in machine output.
    pub fn id(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotEvaluated => "not_evaluated",
        }
    }
}

/// A rule and what came of it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What it is called.
    pub name: String,
    /// Its condition as written.
    pub condition: String,
    /// What came of it.
    pub status: Status,
    /// Its truth could not be told.
    open: bool,
    /// How bad a breach is.
    pub severity: Severity,
    /// The file that the rule stands in, and its line; `None` on the command line.
    pub place: Option<(String, usize)>,
    /// Why there is this rule.
    pub explanation: Option<String>,
    /// The comparison that decided; the first one where none did.
    pub decisive: usize,
    /// All comparisons of the condition.
    pub comparisons: Vec<Comparison>,
    /// What the report's findings say, where the condition asks for them.
    pub findings: Vec<String>,
    /// Calls that show the breach, at most five.
    pub calls: Vec<SampleCall>,
}

/// A comparison of a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// As written.
    pub text: String,
    /// What is asked for, as written.
    pub figure: String,
    /// What it is compared with, as written; the figure again where it is compared with nothing.
    pub limit_text: String,
    /// What kind of figure it is.
    pub kind: Type,
    /// The figure, if it is a number that is there.
    pub value: Option<Quantity>,
    /// The figure, if it is true or false.
    pub truth: Option<bool>,
    /// What it is compared with, if that is a number.
    pub limit: Option<f64>,
    /// Of a fraction that is a share.
    pub interval: Option<Interval>,
    /// The confidence of that interval.
    pub level: f64,
    /// Whether it is true.
    pub holds: Option<bool>,
    /// Why that is open.
    pub unjudged: Option<Unjudged>,
}

impl Verdict {
    /// Some rule failed that is no warning.
    pub fn is_breached(&self) -> bool {
        self.rules.iter().any(Judged::is_breach)
    }

    /// What came of all rules together.
    pub fn status(&self) -> Status {
        let any = |status| self.rules.iter().any(|r| r.status == status);
        match self.is_breached() {
            true => Status::Fail,
            false if any(Status::Pass) || any(Status::Fail) || self.rules.is_empty() => Status::Pass,
            false => Status::NotEvaluated,
        }
    }

    /// How many rules came to `status`.
    pub fn count(&self, status: Status) -> usize {
        self.rules.iter().filter(|r| r.status == status).count()
    }
}

impl Judged {
    pub(super) fn new(rule: &Rule, reported: &Reported<'_>, strict: bool) -> Self {
        let (holds, leaves) = rule.condition.examine(reported, rule.min_sample);
        let status = match holds {
            Some(true) => Status::Fail,
            Some(false) => Status::Pass,
            None if strict => Status::Fail,
            None => Status::NotEvaluated,
        };
        // What decided: a comparison that is true for a breach, one that is open for an open condition.
        let wanted = if holds == Some(true) { Some(true) } else { None };
        let decisive = match holds {
            Some(false) => 0,
            _ => leaves.iter().position(|leaf| leaf.holds == wanted).unwrap_or(0),
        };
        let shown = if holds == Some(true) { showing(&leaves) } else { Vec::new() };
        Self {
            name: rule.name.clone(),
            condition: rule.condition.text().trim().to_owned(),
            status,
            open: holds.is_none(),
            severity: rule.severity,
            place: rule.place.clone(),
            explanation: rule.explanation.clone(),
            decisive,
            comparisons: leaves.iter().map(Comparison::from).collect(),
            findings: reported.findings(&shown),
            calls: reported.calls(&shown),
        }
    }

    /// Why there is this rule, and what it found: a line each.
    pub(super) fn because(&self) -> impl Iterator<Item = &str> {
        self.explanation.as_deref().into_iter().chain(self.findings.iter().map(String::as_str))
    }

    /// It makes the check fail.
    pub fn is_breach(&self) -> bool {
        self.status == Status::Fail && self.severity == Severity::Error
    }

    /// It could not be judged; it failed nevertheless if the user is strict.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The comparison that decided.
    pub fn decisive(&self) -> Option<&Comparison> {
        self.comparisons.get(self.decisive)
    }
}

/// Figures that show what is true; of a denied condition, all that it asks for.
fn showing<'a>(leaves: &[Leaf<'a, Figure>]) -> Vec<&'a Figure> {
    let holding = || leaves.iter().filter(|leaf| leaf.holds == Some(true));
    if holding().next().is_some() {
        holding().flat_map(|leaf| leaf.items.iter().copied()).collect()
    } else {
        leaves.iter().flat_map(|leaf| leaf.items.iter().copied()).collect()
    }
}

impl From<&Leaf<'_, Figure>> for Comparison {
    fn from(leaf: &Leaf<'_, Figure>) -> Self {
        Self {
            text: leaf.text.to_owned(),
            figure: leaf.figure.to_owned(),
            limit_text: leaf.limit_text.to_owned(),
            kind: leaf.kind,
            value: leaf.value,
            truth: leaf.truth,
            limit: leaf.limit,
            interval: leaf.interval,
            level: leaf.level,
            holds: leaf.holds,
            unjudged: leaf.unjudged,
        }
    }
}
