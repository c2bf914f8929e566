//! What is so throughout a capture, but only for some.

use super::delays::{is_slower, median};
use super::draft::Draft;
use super::explain::{Role, weigh};
use super::figures::{What, is_case, is_judged, standing};
use super::scan::Block;
use super::study::{Study, View};
use crate::stats::Ratio;

impl Study<'_> {
    /// What is so throughout the capture, but only for some, and so bad that nobody would have it so.
    pub(super) fn throughout(&self, what: What, view: &View, series: &[Block], total: u64) -> Option<Draft> {
        let standing = standing(what, self.kind)?;
        if total < standing.cases {
            return None;
        }
        let roles: Vec<Role> = self
            .table
            .cases
            .iter()
            .map(|(c, _)| match (is_case(what, c), is_judged(what, c)) {
                _ if !view.holds(c) => Role::Aside,
                (true, _) => Role::Case,
                (false, true) => Role::Other,
                _ => Role::Aside,
            })
            .collect();
        let (because, roles) = self.explain(roles);
        if because.is_empty() {
            return None;
        }
        let p = because.iter().map(|c| c.p).fold(0.0, f64::max);
        if p > standing.p {
            return None;
        }
        let draft = self.base(what, series, &roles, because, total);
        let (cases, others) = weigh(&self.table.cases, &roles);
        let (a, b) = draft.shares;
        let round = |x: f64| x.round() as u64;
        let during = Ratio::new(round(cases * a), round(cases * a + others * b));
        let before =
            Ratio::new(round(cases * (1.0 - a)), round(cases * (1.0 - a)) + round(others * (1.0 - b)));
        let (high, low) = (during.value()?, before.value().unwrap_or(0.0));
        if high - low < standing.rise || high < standing.times * low {
            return None;
        }
        let delay = match what {
            What::Delay(_) => {
                let meets = |i: usize| self.table.meets(i, &draft.because);
                let (slow, rest) = self.split_delays(|i, _| (roles[i] != Role::Aside).then(|| meets(i)));
                let both = (median(rest)?, median(slow)?);
                if !is_slower(both.0, both.1, 3.0, 2_500) {
                    return None;
                }
                Some(both)
            }
            _ => None,
        };
        Some(Draft { before, during, p, delay, ..draft })
    }
}
