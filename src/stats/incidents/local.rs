//! What rose in a part of the traffic only: the requests to one gateway, of one product, to one prefix.
//!
//! Where a code is common anyway, all of it hardly moves when a few numbers begin to get nothing else;
//! and a gateway of few calls can be dead for minutes before anybody sees it in the sum. So the parts
//! are looked at one by one, those with most cases first, and each look is paid for: the chance of a
//! coincidence is multiplied by their number.

use super::explain::Table;
use super::figures::{What, is_case, is_judged};
use super::lumps::Spread;
use super::scan::{Block, Worth, is_worth};
use super::study::{Rise, Study, View};

/// Parts that are looked at in one dimension.
const PARTS: usize = 24;
/// Parts whose rise is remembered, for others with the same requests.
const REMEMBERED: usize = 32;
/// How much less telling a part may be and still be named, if its dimension comes first.
const ABOUT_AS_TELLING: f64 = 0.9;

/// A part of the traffic: a value of a dimension, by their numbers in the [`Table`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) column: usize,
    pub(super) id: u32,
}

/// A kept request that a figure can be judged by.
struct Judged {
    /// Its number in the [`Table`].
    row: usize,
    bucket: usize,
    /// How many requests it stands for.
    stands_for: f64,
    is_case: bool,
}

/// The part in which `what` rises most tellingly, one of so many figures looked at.
pub(super) fn rise(
    study: &Study<'_>,
    what: What,
    view: &View,
    worth: Worth,
    looks: f64,
    spread: Spread,
) -> Option<Rise> {
    // Half as many again: what fails on both sides of a B2BUA is one case and counts twice.
    let worth = Worth { cases: worth.cases + worth.cases / 2, ..worth };
    let judged = judged(study, what, view);
    let parts = parts(&study.table, &judged, worth.cases);
    let looks = looks * parts.len().max(1) as f64;
    let worth = Worth { p: worth.p / parts.len().max(1) as f64, ..worth };
    // Shares are those of all requests, not of the kept ones: judged at the end.
    let any = Worth { rise: worth.rise.min(0.01), times: worth.times.min(2.0), ..worth };
    let mut best: Option<(f64, usize, Rise)> = None;
    // Where there is one gateway, one domain and one product, three parts are one.
    let mut known: Vec<(Vec<Block>, Option<Rise>)> = Vec::new();
    for (part, held) in with_requests(&study.table, &judged, &parts) {
        let (kept, all) = series(study.buckets.len(), &held);
        let again = known.iter().find(|(series, _)| *series == kept).map(|(_, rise)| rise.clone());
        let rise = again.unwrap_or_else(|| {
            let rise = study.rise(view, &kept, any, looks);
            if known.len() == REMEMBERED {
                known.remove(0);
            }
            known.push((kept, rise.clone()));
            rise
        });
        let Some(rise) = rise else { continue };
        let (inside, outside) = halves(&all, &rise.inside);
        if !is_worth(inside, outside, worth) {
            continue;
        }
        let rise = rise.in_part(part, all);
        let Some(rise) = study.by_fact(what, view, rise, spread) else { continue };
        let telling = -rise.p.max(f64::MIN_POSITIVE).ln();
        let length = study.table.prefix_length(part.column);
        let beaten = best.as_ref().is_some_and(|(most, longest, _)| {
            // Of prefixes that describe the same, the longest says most.
            telling < if length > *longest { most * ABOUT_AS_TELLING } else { most / ABOUT_AS_TELLING }
        });
        if !beaten {
            best = Some((telling, length, rise));
        }
    }
    best.map(|(_, _, rise)| rise)
}

/// Those that `what` can be judged by, in order of time.
fn judged(study: &Study<'_>, what: What, view: &View) -> Vec<Judged> {
    let mut judged = Vec::new();
    let mut bucket = 0;
    // They come in order of time, as the buckets do.
    for (row, (c, n)) in study.table.cases.iter().enumerate() {
        while study.buckets.get(bucket + 1).is_some_and(|(at, _)| *at <= c.at) {
            bucket += 1;
        }
        if view.holds(c) && is_judged(what, c) {
            judged.push(Judged { row, bucket, stands_for: *n, is_case: is_case(what, c) });
        }
    }
    judged
}

/// Parts with enough cases, in order of dimensions, those with most cases first.
fn parts(table: &Table<'_>, judged: &[Judged], enough: u64) -> Vec<Part> {
    let cases = || judged.iter().filter(|j| j.is_case).map(|j| j.row);
    let mut parts = Vec::new();
    for column in (0..table.columns()).filter(|c| !table.is_of_response(*c) && !table.is_of_all(*c)) {
        let mut counts: Vec<(u64, u32)> = Vec::new();
        for id in cases().flat_map(|row| table.ids(column, row)) {
            let at = id as usize;
            if counts.len() <= at {
                counts.extend((counts.len()..=at).map(|id| (0, id as u32)));
            }
            counts[at].0 += 1;
        }
        counts.retain(|(n, _)| *n >= enough);
        counts.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let most = counts.iter().take(PARTS).map(|(_, id)| *id);
        parts.extend(most.filter(|id| table.is_of_many(column, *id, cases())).map(|id| Part { column, id }));
    }
    parts
}

/// Each part with what is judged of it. Those of one dimension are found in one pass over all requests.
fn with_requests<'a>(
    table: &'a Table<'_>,
    judged: &'a [Judged],
    parts: &'a [Part],
) -> impl Iterator<Item = (Part, Vec<&'a Judged>)> {
    parts.chunk_by(|a, b| a.column == b.column).flat_map(move |parts| {
        let mut held: Vec<(Part, Vec<&Judged>)> = parts.iter().map(|part| (*part, Vec::new())).collect();
        let ids = parts.iter().map(|part| part.id as usize + 1).max().unwrap_or(0);
        let mut places = vec![None; ids];
        for (place, part) in parts.iter().enumerate() {
            places[part.id as usize] = Some(place);
        }
        let Some(column) = parts.first().map(|part| part.column) else { return held };
        for request in judged {
            for id in table.ids(column, request.row) {
                if let Some(Some(place)) = places.get(id as usize) {
                    held[*place].1.push(request);
                }
            }
        }
        held
    })
}

/// Requests and cases of a part in each of so many buckets: those that are kept, and all that they stand
/// for.
fn series(buckets: usize, held: &[&Judged]) -> (Vec<Block>, Vec<Block>) {
    let mut kept = vec![(0, 0); buckets];
    let mut sums = vec![(0.0, 0.0); buckets];
    for j in held {
        let (n, case) = (j.stands_for, j.is_case);
        kept[j.bucket] = (kept[j.bucket].0 + 1, kept[j.bucket].1 + u64::from(case));
        sums[j.bucket] = (sums[j.bucket].0 + n, sums[j.bucket].1 + if case { n } else { 0.0 });
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
