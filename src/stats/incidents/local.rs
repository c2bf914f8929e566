//! What rose in a part of the traffic only: the requests to one gateway, of one product, to one prefix.
//!
//! Where a code is common anyway, all of it hardly moves when a few numbers begin to get nothing else;
//! and a gateway of few calls can be dead for minutes before anybody sees it in the sum. So the parts
//! are looked at one by one, those with most cases first, and each look is paid for: the chance of a
//! coincidence is multiplied by their number.

use super::explain::Table;
use super::figures::{What, is_case, is_judged};
use super::scan::{Block, Worth, is_worth};
use super::study::{Rise, Study, View};

/// Parts that are looked at in one dimension.
const PARTS: usize = 24;
/// How much less telling a part may be and still be named, if its dimension comes first.
const ABOUT_AS_TELLING: f64 = 0.9;

/// A part of the traffic: a value of a dimension, by their numbers in the [`Table`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) column: usize,
    pub(super) id: u32,
}

/// The part in which `what` rises most tellingly, one of so many figures looked at.
pub(super) fn rise(study: &Study<'_>, what: What, view: &View, worth: Worth, looks: f64) -> Option<Rise> {
    // Half as many again: what fails on both sides of a B2BUA is one case and counts twice.
    let worth = Worth { cases: worth.cases + worth.cases / 2, ..worth };
    let parts = parts(&study.table, what, view, worth.cases);
    let looks = looks * parts.len().max(1) as f64;
    let worth = Worth { p: worth.p / parts.len().max(1) as f64, ..worth };
    // Shares are those of all requests, not of the kept ones: judged at the end.
    let any = Worth { rise: worth.rise.min(0.01), times: worth.times.min(2.0), ..worth };
    let mut best: Option<(f64, usize, Rise)> = None;
    for part in parts {
        let (kept, all) = series(study, what, view, part);
        let Some(rise) = study.rise(view, kept, any, looks) else { continue };
        let (inside, outside) = halves(&all, &rise.inside);
        if !is_worth(inside, outside, worth) {
            continue;
        }
        let telling = -rise.p.max(f64::MIN_POSITIVE).ln();
        let length = study.table.prefix_length(part.column);
        let beaten = best.as_ref().is_some_and(|(most, longest, _)| {
            // Of prefixes that describe the same, the longest says most.
            telling < if length > *longest { most * ABOUT_AS_TELLING } else { most / ABOUT_AS_TELLING }
        });
        if !beaten {
            best = Some((telling, length, Rise { series: all, part: Some(part), ..rise }));
        }
    }
    best.map(|(_, _, rise)| rise)
}

/// Parts with enough cases, in order of dimensions, those with most cases first.
fn parts(table: &Table<'_>, what: What, view: &View, enough: u64) -> Vec<Part> {
    let mut parts = Vec::new();
    for column in (0..table.columns()).filter(|c| !table.is_of_response(*c)) {
        let mut counts: Vec<(u64, u32)> = Vec::new();
        for (i, (c, _)) in table.cases.iter().enumerate() {
            if !view.holds(c) || !is_case(what, c) {
                continue;
            }
            for id in table.ids(column, i) {
                let at = id as usize;
                if counts.len() <= at {
                    counts.extend((counts.len()..=at).map(|id| (0, id as u32)));
                }
                counts[at].0 += 1;
            }
        }
        counts.retain(|(n, _)| *n >= enough);
        counts.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let of_many = |(_, id): &(u64, u32)| {
            table.is_of_many(column, *id, |i| view.holds(table.cases[i].0) && is_case(what, table.cases[i].0))
        };
        parts
            .extend(counts.iter().take(PARTS).filter(|c| of_many(c)).map(|(_, id)| Part { column, id: *id }));
    }
    parts
}

/// Requests and cases of a part in each bucket: those that are kept, and all that they stand for.
fn series(study: &Study<'_>, what: What, view: &View, part: Part) -> (Vec<Block>, Vec<Block>) {
    let mut kept = vec![(0, 0); study.buckets.len()];
    let mut sums = vec![(0.0, 0.0); study.buckets.len()];
    let mut bucket = 0;
    // They come in order of time, as the buckets do.
    for (i, (c, n)) in study.table.cases.iter().enumerate() {
        while study.buckets.get(bucket + 1).is_some_and(|(at, _)| *at <= c.at) {
            bucket += 1;
        }
        if view.holds(c) && is_judged(what, c) && study.table.ids(part.column, i).any(|id| id == part.id) {
            let case = is_case(what, c);
            kept[bucket] = (kept[bucket].0 + 1, kept[bucket].1 + u64::from(case));
            sums[bucket] = (sums[bucket].0 + n, sums[bucket].1 + if case { *n } else { 0.0 });
        }
    }
    // Rounded so that the sums are right.
    let (mut n, mut k) = (0.0_f64, 0.0_f64);
    let mut whole = |add: &(f64, f64)| {
        let before = (n.round(), k.round());
        (n, k) = (n + add.0, k + add.1);
        ((n.round() - before.0) as u64, (k.round() - before.1) as u64)
    };
    let all = sums.iter().map(&mut whole).collect();
    (kept, all)
}

/// Sums inside and outside of ranges of buckets.
fn halves(series: &[Block], inside: &[(usize, usize)]) -> (Block, Block) {
    let mut halves = ((0, 0), (0, 0));
    for (i, (n, k)) in series.iter().enumerate() {
        let within = inside.iter().any(|(from, to)| (*from..*to).contains(&i));
        let half: &mut Block = if within { &mut halves.0 } else { &mut halves.1 };
        *half = (half.0 + n, half.1 + k);
    }
    halves
}
