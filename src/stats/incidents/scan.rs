//! Where in time something was more frequent than in the rest of the capture.
//!
//! In: blocks in order of time, each with requests and cases among them. Out: windows of blocks, each
//! with the chance that steady traffic shows as much anywhere.
//!
//! Method: a scan statistic (Kulldorff 1997). Of all windows the one is taken whose likelihood ratio
//! of "one share within, another one outside" against "the same share everywhere" is greatest; then it
//! is left out and the rest is searched again. By Chernoff's bound a window chosen in advance shows a
//! ratio of e^x with a chance of at most e^-x; as many windows are looked at, that is multiplied by
//! their number. Where cases are few, windows that begin with one and end with another are fewer: of
//! the cases but the first one, so many lie within such a window with a chance that is bounded alike.
//! Real traffic is lumpier than that: the exponent is divided by the dispersion of the
//! other blocks (median of squared deviations over pieces of the window's size), so that a share that
//! drifts, or phones that redial, do not count as news.

use super::blocks::sums;

/// Blocks that a scan looks at.
pub(super) const MAX_BLOCKS: usize = 240;
/// Windows found at most.
const MAX_WINDOWS: usize = 24;

/// What is worth telling.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worth {
    /// By so much the share must rise.
    pub(super) rise: f64,
    /// To so many times what it is outside.
    pub(super) times: f64,
    /// Cases within, at least.
    pub(super) cases: u64,
    /// The greatest chance of a coincidence.
    pub(super) p: f64,
}

/// A window of blocks, with its figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    /// First block.
    pub(super) from: usize,
    /// Block after the last.
    pub(super) to: usize,
    /// The log-likelihood ratio, and the windows that were looked at.
    of_blocks: (f64, f64),
    /// The same of windows that begin with a given case, which is left out.
    of_cases: (f64, f64),
    /// How many times more the share varies outside than chance alone would have it.
    dispersion: f64,
}

impl Window {
    /// The chance that steady traffic shows as much, if each fact counts so many `times` (1: once). What
    /// counts several times also makes shares vary: the greater of both tells.
    pub(super) fn p(&self, times: f64) -> f64 {
        let chance = |(gain, looks): (f64, f64)| looks * (-gain / self.dispersion.max(times)).exp();
        chance(self.of_blocks).min(chance(self.of_cases)).min(1.0)
    }

    /// From `from` to `to`, as telling as the more telling of both.
    fn around(self, other: Self, from: usize, to: usize) -> Self {
        let most = if other.p(1.0) < self.p(1.0) { other } else { self };
        Self { from, to, ..most }
    }
}

/// One block: requests, and cases among them.
pub(super) type Block = (u64, u64);

/// The windows of `blocks`, in order of time.
pub(super) fn scan(blocks: &[Block], worth: Worth) -> Vec<Window> {
    let mut found: Vec<Window> =
        search(blocks, worth).iter().flat_map(|w| split(*w, blocks, worth)).collect();
    found.sort_by_key(|w| w.from);
    join(found, blocks, worth)
}

/// One window after the other, each left out of the search for the next.
fn search(blocks: &[Block], worth: Worth) -> Vec<Window> {
    let mut found: Vec<Window> = Vec::new();
    let mut left: Vec<Block> = blocks.to_vec();
    while found.len() < MAX_WINDOWS {
        let Some(window) = best(&left, worth) else { break };
        left[window.from..window.to].fill((0, 0));
        found.push(window);
    }
    found
}

/// Short windows with quiet between them look like a long one: where they hold nearly all of its cases,
/// they take its place.
fn split(window: Window, blocks: &[Block], worth: Worth) -> Vec<Window> {
    let within = &blocks[window.from..window.to];
    let cases = |blocks: &[Block]| blocks.iter().map(|b| b.1).sum::<u64>();
    // That something happened is known; now only when.
    let parts = search(within, Worth { cases: worth.cases.min(5), p: 1e-2, ..worth });
    let held: u64 = parts.iter().map(|w| cases(&within[w.from..w.to])).sum();
    if parts.len() < 2 || held * 5 < cases(within) * 4 {
        return vec![window];
    }
    let whole = |w: &Window| Window { from: window.from + w.from, to: window.from + w.to, ..window };
    parts.iter().map(whole).collect()
}

/// The most telling window of `blocks`; `None` if none is worth telling.
fn best(blocks: &[Block], worth: Worth) -> Option<Window> {
    let sums = sums(blocks);
    let (n, k) = sums.last().copied().unwrap_or_default();
    if k < worth.cases {
        return None;
    }
    let mut best: Option<(f64, usize, usize)> = None;
    for from in 0..blocks.len() {
        // A window begins and ends with a case: anything else only waters it down.
        if blocks[from].1 == 0 {
            continue;
        }
        for to in from + 1..=blocks.len() {
            if blocks[to - 1].1 == 0 {
                continue;
            }
            let (n_in, k_in) = (sums[to].0 - sums[from].0, sums[to].1 - sums[from].1);
            if k_in < worth.cases || !is_worth((n_in, k_in), (n - n_in, k - k_in), worth) {
                continue;
            }
            let gain = likelihood(n_in, k_in) + likelihood(n - n_in, k - k_in) - likelihood(n, k);
            if best.is_none_or(|(most, _, _)| gain > most) {
                best = Some((gain, from, to));
            }
        }
    }
    let (gain, from, to) = best?;
    let (n_in, k_in) = (sums[to].0 - sums[from].0, sums[to].1 - sums[from].1);
    let gain_of_cases =
        likelihood(n_in - 1, k_in - 1) + likelihood(n - n_in, k - k_in) - likelihood(n - 1, k - 1);
    let pairs = |n: usize| n as f64 * (n as f64 + 1.0) / 2.0;
    let window = Window {
        from,
        to,
        of_blocks: (gain, pairs(blocks.len())),
        of_cases: (gain_of_cases, pairs(k as usize)),
        dispersion: dispersion(blocks, from, to),
    };
    (window.p(1.0) <= worth.p).then_some(window)
}

/// The share rises enough to be told.
pub(super) fn is_worth(inside: Block, outside: Block, worth: Worth) -> bool {
    let share = |(n, k): Block| if n == 0 { 0.0 } else { k as f64 / n as f64 };
    let (a, b) = (share(inside), share(outside));
    outside.0 > 0 && a - b >= worth.rise && a >= worth.times * b
}

/// The greatest log-likelihood of `k` cases in `n`.
pub(super) fn likelihood(n: u64, k: u64) -> f64 {
    let term = |part: u64| if part == 0 { 0.0 } else { part as f64 * (part as f64 / n as f64).ln() };
    term(k) + term(n.saturating_sub(k))
}

/// How many times more the share varies outside of the window than chance alone would have it, between
/// pieces of the window's size; 1 at least. Medians throughout: other windows of the kind must not
/// pass for variation.
fn dispersion(blocks: &[Block], from: usize, to: usize) -> f64 {
    let outside = || blocks.iter().enumerate().filter(|(i, _)| !(from..to).contains(i)).map(|(_, b)| *b);
    let n: u64 = outside().map(|b| b.0).sum();
    let inside: u64 = blocks[from..to].iter().map(|b| b.0).sum();
    let size = inside.clamp(1, (n / 12).max(1)).max(n / 40);
    let mut pieces: Vec<(f64, f64)> = Vec::new();
    let mut piece = (0, 0);
    for (more, cases) in outside() {
        piece = (piece.0 + more, piece.1 + cases);
        if piece.0 >= size {
            pieces.push((piece.0 as f64, piece.1 as f64));
            piece = (0, 0);
        }
    }
    if pieces.len() < 5 {
        return 1.0;
    }
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    };
    let share = middle(pieces.iter().map(|(n, k)| k / n).collect());
    let square = |(n, k): &(f64, f64)| (k - n * share).powi(2) / (n * share * (1.0 - share)).max(0.5);
    // The median of chi-square with one degree of freedom; of few pieces it varies by itself.
    let by_itself = 1.0 + 2.0 / (pieces.len() as f64).sqrt();
    (middle(pieces.iter().map(square).collect()) / 0.4549 / by_itself).max(1.0)
}

/// Neighbours with little between them are one.
fn join(found: Vec<Window>, blocks: &[Block], worth: Worth) -> Vec<Window> {
    let sum = |from: usize, to: usize| {
        blocks[from..to].iter().fold((0, 0), |(n, k), (more, cases)| (n + more, k + cases))
    };
    let all = sum(0, blocks.len());
    let mut joined: Vec<Window> = Vec::new();
    for w in found {
        if let Some(last) = joined.last_mut() {
            // What was found later may lie around what was found, and left out, before.
            if w.from < last.to {
                *last = last.around(w, last.from, last.to.max(w.to));
                continue;
            }
            let (gap, both) = (sum(last.to, w.from), sum(last.from, w.to));
            let small = gap.0 * 4 <= both.0;
            if small && is_worth(both, (all.0 - both.0, all.1 - both.1), worth) {
                *last = last.around(w, last.from, w.to);
                continue;
            }
        }
        joined.push(w);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORTH: Worth = Worth { rise: 0.02, times: 2.5, cases: 5, p: 1e-4 };

    #[test]
    fn a_rise_is_found_from_its_first_block_to_its_last() {
        let blocks: Vec<Block> =
            (0..200).map(|i| (20, if (80..110).contains(&i) { 7 } else { u64::from(i % 9 == 0) })).collect();
        let found = scan(&blocks, WORTH);
        assert_eq!(found.iter().map(|w| (w.from, w.to)).collect::<Vec<_>>(), [(80, 110)]);
        assert!(found[0].p(1.0) < 1e-20);
        assert!(found[0].p(1e6) > 0.5);
    }

    #[test]
    fn short_outages_are_found_one_by_one() {
        let blocks: Vec<Block> = (0..200).map(|i| (10, if i % 40 < 3 { 9 } else { 0 })).collect();
        let found = scan(&blocks, WORTH);
        assert_eq!(
            found.iter().map(|w| (w.from, w.to)).collect::<Vec<_>>(),
            [0, 40, 80, 120, 160].map(|i| (i, i + 3))
        );
    }

    #[test]
    fn a_peak_within_a_rise_is_one_window() {
        // The peak is found first, then the rise around it.
        let cases = |i: u64| match i {
            100..106 => 40,
            60..160 => 6,
            _ => 0,
        };
        let blocks: Vec<Block> = (0..240).map(|i| (40, cases(i))).collect();
        let found = scan(&blocks, WORTH);
        assert_eq!(found.iter().map(|w| (w.from, w.to)).collect::<Vec<_>>(), [(60, 160)]);
    }

    #[test]
    fn few_cases_close_together_are_a_window() {
        // All ten within a fifth of the capture: 10 · 0.2⁹ by chance.
        let blocks: Vec<Block> =
            (0..190).map(|i| (2, u64::from((80..118).contains(&i) && i % 4 == 0))).collect();
        let found = scan(&blocks, WORTH);
        assert_eq!(found.iter().map(|w| (w.from, w.to)).collect::<Vec<_>>(), [(80, 117)]);
        // Ten in half of it are nothing.
        let half: Vec<Block> =
            (0..190).map(|i| (2, u64::from((50..150).contains(&i) && i % 10 == 0))).collect();
        assert_eq!(scan(&half, WORTH), []);
    }

    #[test]
    fn what_is_steady_or_slowly_drifts_is_no_window() {
        let steady: Vec<Block> = (0..200).map(|i| (20, 2 + i * 7 % 3)).collect();
        assert_eq!(scan(&steady, WORTH), []);
        let drifting: Vec<Block> = (0..200).map(|i| (30, 2 + i / 40)).collect();
        assert_eq!(scan(&drifting, Worth { rise: 0.1, ..WORTH }), []);
        assert_eq!(scan(&[], WORTH), []);
        assert_eq!(scan(&[(3, 3)], WORTH), []);
    }
}
