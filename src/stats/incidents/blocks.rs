//! Buckets of time joined to blocks, and windows of blocks told by buckets.

use super::scan::{Block, MAX_BLOCKS, likelihood};

/// Where blocks of about as many requests each begin, among so many buckets: neighbours with few are
/// joined.
pub(super) fn blocks(buckets: std::ops::Range<usize>, series: &[Block]) -> Vec<usize> {
    let begun: u64 = series[buckets.clone()].iter().map(|b| b.0).sum();
    let size = begun.div_ceil(MAX_BLOCKS as u64).max(1);
    let mut edges = vec![buckets.start];
    let mut filled = 0;
    for i in buckets.clone() {
        filled += series[i].0;
        if filled >= size {
            edges.push(i + 1);
            filled = 0;
        }
    }
    if edges.last() != Some(&buckets.end) {
        edges.push(buckets.end);
    }
    edges
}

/// Sums of requests and of cases before each bucket, and of all.
pub(super) fn sums(series: &[Block]) -> Vec<Block> {
    let mut sums = vec![(0, 0)];
    for (n, k) in series {
        let last = sums.last().copied().unwrap_or_default();
        sums.push((last.0 + n, last.1 + k));
    }
    sums
}

/// The window of buckets around blocks `from` to `to` whose edges fit best.
pub(super) fn refine(sums: &[Block], edges: &[usize], from: usize, to: usize) -> (usize, usize) {
    let all = sums.last().copied().unwrap_or_default();
    let gain = |s: usize, e: usize| {
        let (n, k) = (sums[e].0 - sums[s].0, sums[e].1 - sums[s].1);
        likelihood(n, k) + likelihood(all.0 - n, all.1 - k)
    };
    let edge = |i: usize| edges.get(i).or(edges.last()).copied().unwrap_or(0);
    let (mut start, mut end) = (edge(from), edge(to));
    for _ in 0..2 {
        let starts = edge(from.saturating_sub(1))..edge(from + 1).min(end);
        start = best(starts, |s| gain(s, end)).unwrap_or(start);
        let ends = edge(to - 1).max(start) + 1..edge(to + 1) + 1;
        end = best(ends.rev(), |e| gain(start, e)).unwrap_or(end);
    }
    (start, end)
}

/// The argument for which `of` is greatest, the first of several.
fn best(range: impl Iterator<Item = usize>, of: impl Fn(usize) -> f64) -> Option<usize> {
    let mut found: Option<(f64, usize)> = None;
    for i in range {
        let value = of(i);
        if found.is_none_or(|(most, _)| value > most) {
            found = Some((value, i));
        }
    }
    found.map(|(_, i)| i)
}
