//! What differs between two runs, and whether that is more than chance.
//!
//! In: two runs, each as all that it counted. Out: a [`Comparison`]: every figure of both with its
//! difference, interval, probability and size; codes that are new or gone; and the verdict on what
//! the user will not have ([`rules`]). Written by [`text`], [`markdown`] and [`json`].

mod figures;
pub mod json;
pub mod markdown;
pub mod rules;
#[cfg(test)]
mod tests;
pub mod text;

use crate::sip::StatusCode;
use crate::stats::difference::{
    benjamini_hochberg, cohens_h, mann_whitney, newcombe, proportions_test, quantile, quantile_difference,
};
use crate::stats::{Counted, Distribution, Summary};
use crate::time::Nanos;

use self::figures::{Figures, Value};

pub use self::figures::Better;

/// The level of all intervals.
pub const CONFIDENCE: f64 = 0.95;
/// The share of the findings that may be false. Under a steady load that is the chance of any finding:
/// at 5 % a gate that runs each night would cry wolf every third week.
pub const FALSE_FINDINGS: f64 = 0.01;

/// Two runs beside one another.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What was read: the base and the run to be judged.
    pub runs: [Run; 2],
    /// All figures: findings first, what matters most before the rest.
    pub differences: Vec<Difference>,
    /// Failing classes by method (`5xx INVITE`), the sums of figures: limits may name them.
    pub classes: Vec<Difference>,
    /// Final codes by method that only the second run has: code, method, responses.
    pub new_codes: Vec<(StatusCode, String, u64)>,
    /// Those that only the first has.
    pub vanished_codes: Vec<(StatusCode, String, u64)>,
}

/// One run.
#[derive(Clone, Debug)]
pub struct Run {
    /// As the user named it.
    pub name: String,
    /// INVITE attempts.
    pub attempts: u64,
    /// Messages.
    pub messages: u64,
    /// Everything was read and nothing dropped.
    pub sound: bool,
}

/// One figure of both runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Its name: `asr`, `outcomes.busy`, `503 INVITE`, `p95(pdd)`.
    pub figure: String,
    /// Which way is worse.
    pub better: Better,
    /// Its value in each.
    pub values: [Measure; 2],
    /// The second less the first: a proportion, or nanoseconds; `None` without both.
    pub difference: Option<f64>,
    /// Where that lies, with [`CONFIDENCE`].
    pub interval: Option<(f64, f64)>,
    /// How likely so much would be by chance.
    pub p_value: Option<f64>,
    /// More than chance, with so many figures looked at (see [`FALSE_FINDINGS`]).
    pub significant: bool,
    /// Cohen's h of proportions, Cliff's delta of distributions.
    pub effect: Option<f64>,
}

/// A figure's value in one run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// So many of so many.
    Share(u64, u64),
    /// A delay of so many samples; `None` without any.
    Delay(Option<Nanos>, u64),
}

impl Measure {
    /// The share, or the delay in nanoseconds.
    pub fn value(self) -> Option<f64> {
        match self {
            Self::Share(part, whole) => (whole > 0).then(|| part as f64 / whole as f64),
            Self::Delay(delay, _) => delay.map(|d| d.as_nanos() as f64),
        }
    }
}

/// What became of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// For the worse.
    Worse,
    /// For the better.
    Better,
    /// Neither good nor bad.
    Changed,
    /// No more than chance.
    Same,
}

impl Change {
    /// The name in machine output.
    pub fn id(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Better => "better",
            Self::Changed => "changed",
            Self::Same => "same",
        }
    }
}

impl Difference {
    /// What became of it.
    pub fn change(&self) -> Change {
        match (self.significant, self.worse_by(self.difference)) {
            (false, _) => Change::Same,
            (true, None) => Change::Changed,
            (true, Some(by)) if by > 0.0 => Change::Worse,
            (true, Some(_)) => Change::Better,
        }
    }

    /// A difference as so much for the worse; `None` if the figure is neither good nor bad.
    fn worse_by(&self, difference: Option<f64>) -> Option<f64> {
        match self.better {
            Better::Higher => difference.map(|d| -d),
            Better::Lower => difference,
            Better::Neither => None,
        }
    }

    fn of(figure: &figures::Figure, values: [&Value; 2]) -> Self {
        let mut d = Self {
            figure: figure.name.clone(),
            better: figure.better,
            values: values.map(|v| v.measure(figure)),
            difference: None,
            interval: None,
            p_value: None,
            significant: false,
            effect: None,
        };
        let [x, y] = d.values.map(Measure::value);
        d.difference = x.zip(y).map(|(x, y)| y - x);
        match (values, figure.quantile) {
            ([Value::Share(a), Value::Share(b)], _) => {
                d.interval = newcombe(*a, *b, CONFIDENCE).map(|i| (i.low, i.high));
                d.p_value = proportions_test(*a, *b);
                d.effect = cohens_h(*a, *b);
            }
            ([Value::Bins(a), Value::Bins(b)], Some(q)) => {
                if let Some((i, p)) = quantile_difference(a, b, q, CONFIDENCE) {
                    (d.interval, d.p_value) = (Some((i.low, i.high)), Some(p));
                }
            }
            ([Value::Bins(a), Value::Bins(b)], None) => {
                if let Some((p, delta)) = mann_whitney(a, b) {
                    (d.p_value, d.effect) = (Some(p), Some(delta));
                    let medians = quantile_difference(a, b, 0.5, CONFIDENCE);
                    d.interval = medians.map(|(i, _)| (i.low, i.high));
                }
            }
            _ => {}
        }
        d
    }
}

impl Value {
    fn measure(&self, figure: &figures::Figure) -> Measure {
        match self {
            Self::Share((part, whole)) => Measure::Share(*part, *whole),
            Self::Bins(bins) => {
                let delay = quantile(bins, figure.quantile.unwrap_or(0.5));
                Measure::Delay(delay, bins.iter().map(|(_, n)| n).sum())
            }
        }
    }
}

/// Compares two runs, which the user named so.
pub fn compare(base: (String, Counted), now: (String, Counted)) -> Comparison {
    of_figures([base.0, now.0], base.1.into_figures(), now.1.into_figures())
}

/// Finished figures with the distributions of their delays.
type Finished = (Summary, Vec<Distribution>);

fn of_figures([base_name, now_name]: [String; 2], a: Finished, b: Finished) -> Comparison {
    let run = |name: String, s: &Summary| Run {
        name,
        attempts: s.invite.attempts,
        messages: s.messages.total,
        sound: s.input.complete && s.input.exact,
    };
    let runs = [run(base_name, &a.0), run(now_name, &b.0)];
    let [new_codes, vanished_codes] = [codes(&b.0, &a.0), codes(&a.0, &b.0)];
    let (x, y) = (Figures::of(&a.0, a.1), Figures::of(&b.0, b.1));
    let differ = |figures: &[figures::Figure]| -> Vec<Difference> {
        figures.iter().map(|f| Difference::of(f, [&x.value(f), &y.value(f)])).collect()
    };
    let classes = differ(&Figures::classes(&x, &y));
    let mut differences = differ(&Figures::all(&x, &y));
    // Nothing on either side: no figure.
    let is_there = |m: &Measure| m.value().is_some();
    differences.retain(|d| d.values.iter().any(is_there));
    let p: Vec<Option<f64>> = differences.iter().map(|d| d.p_value).collect();
    let found = benjamini_hochberg(&p, FALSE_FINDINGS);
    differences.iter_mut().zip(found).for_each(|(d, found)| d.significant = found);
    let rank = |d: &Difference| match d.change() {
        Change::Worse => 0,
        Change::Changed => 1,
        Change::Better => 2,
        Change::Same => 3,
    };
    let size = |d: &Difference| d.effect.map_or(0.0, f64::abs);
    differences.sort_by(|a, b| {
        let by_effect = if a.significant { size(b).total_cmp(&size(a)) } else { std::cmp::Ordering::Equal };
        let p = |d: &Difference| d.p_value.unwrap_or(2.0);
        rank(a)
            .cmp(&rank(b))
            .then(by_effect)
            .then(p(a).total_cmp(&p(b)))
            .then_with(|| a.figure.cmp(&b.figure))
    });
    Comparison { runs, differences, classes, new_codes, vanished_codes }
}

/// Final codes by method of `here` that `there` has not, most first.
fn codes(here: &Summary, there: &Summary) -> Vec<(StatusCode, String, u64)> {
    let known = |status, method: &str| {
        let mut rows = there.responses.by_method_and_code.iter();
        rows.any(|r| r.status == status && r.method == method && r.counts.first > 0)
    };
    let rows = here.responses.by_method_and_code.iter().filter(|r| r.status.is_final() && r.counts.first > 0);
    rows.filter(|r| !known(r.status, &r.method))
        .map(|r| (r.status, r.method.clone(), r.counts.first))
        .collect()
}
