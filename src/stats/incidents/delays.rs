//! Medians of the delays of kept requests.

use super::explain::Condition;
use super::sample::Case;
use super::study::{Study, View};
use crate::time::Nanos;

impl Study<'_> {
    /// Median delays outside and within the windows, of what `because` describes.
    pub(super) fn medians(
        &self,
        because: &[Condition],
        view: &View,
        in_window: &impl Fn(&Case) -> bool,
    ) -> Option<(Nanos, Nanos)> {
        let of = |i: usize, c: &Case| (view.holds(c) && self.table.meets(i, because)).then(|| in_window(c));
        let (inside, outside) = self.split_delays(of);
        Some((median(outside)?, median(inside)?))
    }

    /// Delays of those of which `of` says yes, and no.
    pub(super) fn split_delays(
        &self,
        of: impl Fn(usize, &Case) -> Option<bool>,
    ) -> (Vec<Weighed>, Vec<Weighed>) {
        let (mut yes, mut no) = (Vec::new(), Vec::new());
        for (i, (c, n)) in self.table.cases.iter().enumerate() {
            match (c.delay, of(i, c)) {
                (Some(delay), Some(true)) => yes.push((delay, *n)),
                (Some(delay), Some(false)) => no.push((delay, *n)),
                _ => {}
            }
        }
        (yes, no)
    }
}

type Weighed = (Nanos, f64);

/// The weighted median; `None` of nothing.
pub(super) fn median(mut delays: Vec<Weighed>) -> Option<Nanos> {
    delays.sort_by_key(|(d, _)| *d);
    let half = delays.iter().map(|(_, n)| n).sum::<f64>() / 2.0;
    let mut sum = 0.0;
    for (delay, n) in &delays {
        sum += n;
        if sum >= half {
            return Some(*delay);
        }
    }
    None
}

/// Whether `during` is so many times `before`, and so many milliseconds more.
pub(super) fn is_slower(before: Nanos, during: Nanos, times: f64, by_ms: i64) -> bool {
    let more = during - before;
    more >= Nanos::from_millis(by_ms) && during.as_nanos() as f64 >= times * before.as_nanos() as f64
}
