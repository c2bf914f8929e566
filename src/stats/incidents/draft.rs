//! From counts to findings: which figures rose, when, and what explains them.
//!
//! What is worth telling is set here, once, for every kind of figure.

use std::collections::BTreeMap;

use super::cells::{Bucket, Cell};
use super::explain::{Condition, Role, Table, weigh};
use super::figures::{CHANCE, What, figures, is_case, is_judged, slow, worth};
use super::sample::{Case, Dictionary};
use super::scan::{Block, MAX_BLOCKS, Worth, scan};
use super::{Kind, Population, outcomes};
use crate::call::Outcome;
use crate::stats::Ratio;
use crate::stats::summary::{Consequence, SampleCall};
use crate::time::{Nanos, Timestamp};
use crate::transaction::MethodKey;
use crate::trunks::Trunks;

/// Fewer requests of a kind than this are not judged.
const ENOUGH: u64 = 20;
/// Calls shown of a finding.
const CALLS: usize = 3;
/// Cases that are compared with fewer others than this in their window are compared with all others.
const FEW_OTHERS: f64 = 10.0;

/// A finding before it is put in words.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) kind: Kind,
    pub(super) what: What,
    /// Windows of time, none of them empty; none at all: throughout the capture.
    pub(super) windows: Vec<(Timestamp, Timestamp)>,
    /// The last window reaches the end of what was captured.
    pub(super) lasts: bool,
    pub(super) before: Ratio,
    pub(super) during: Ratio,
    pub(super) delay: Option<(Nanos, Nanos)>,
    pub(super) total: u64,
    pub(super) p: f64,
    pub(super) because: Vec<Condition>,
    /// Shares of cases and of others that meet all of `because`.
    pub(super) shares: (f64, f64),
    /// What the cases were compared with was within the windows.
    pub(super) others_within: bool,
    pub(super) consequence: Option<Consequence>,
    pub(super) calls: Vec<SampleCall>,
    pub(super) more_calls: u64,
    /// Start of each bucket, cases and requests in it.
    pub(super) series: Vec<(Timestamp, u64, u64)>,
    pub(super) width: Nanos,
    /// How much it matters.
    weight: f64,
}

/// What is worth telling of the tries of one kind.
pub(super) fn drafts(kind: Kind, population: &Population, words: &Dictionary, trunks: &Trunks) -> Vec<Draft> {
    let buckets: Vec<(Timestamp, &Bucket)> = population.cells.iter().collect();
    let begun: u64 = buckets.iter().map(|(_, b)| u64::from(b.begun)).sum();
    if begun < ENOUGH {
        return Vec::new();
    }
    let table = Table::new(population.sample.cases(), words, |c| {
        let domains = [c.words[4], c.words[3], c.words[2]].map(|w| words.text(w));
        trunks.name(c.flow, domains).map(str::to_owned)
    });
    let study = Study { kind, population, blocks: blocks(&buckets, begun), buckets, table };
    let mut totals: BTreeMap<Cell, u64> = BTreeMap::new();
    for (_, bucket) in &study.buckets {
        bucket.cells().for_each(|(cell, n)| *totals.entry(cell).or_default() += u64::from(n));
    }
    let good = [Cell::RESENT, Cell::ended(Outcome::Answered)];
    let ends = totals.iter().filter(|(c, _)| c.delay_step().is_none() && !good.contains(c));
    let mut whats: Vec<What> = ends.map(|(c, _)| What::End(*c)).collect();
    whats.push(if kind.attempts { What::Unanswered } else { What::Resent });
    let looks = whats.len() as f64 + 3.0;
    let mut found: Vec<Draft> = whats.iter().filter_map(|w| study.draft(*w, looks)).collect();
    let delays = slow(&totals).into_iter().filter_map(|step| study.draft(What::Delay(step), looks));
    // One word on delay: the limit that tells most.
    found.extend(delays.max_by(|a, b| a.weight.total_cmp(&b.weight)));
    found
}

/// The most important first; of what tells the same, one.
pub(super) fn sort(drafts: &mut Vec<Draft>) {
    drafts.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.kind.cmp(&b.kind)));
    let mut kept: Vec<Draft> = Vec::new();
    for draft in drafts.drain(..) {
        if !kept.iter().any(|k| k.says_it_all(&draft)) {
            kept.push(draft);
        }
    }
    *drafts = outcomes::fold(kept);
}

impl Draft {
    /// Whoever knows this finding learns nothing from `other`.
    fn says_it_all(&self, other: &Self) -> bool {
        if self.kind.method != other.kind.method || !self.overlaps(other) {
            return false;
        }
        // The same seen at another hop.
        let hops = self.kind.place != other.kind.place && self.what == other.what;
        // Where nobody answers, everything is sent again.
        let silence = self.what == What::End(Cell::SILENT) && other.what == What::Resent;
        hops || silence
    }

    /// How much it matters.
    pub(super) fn weight(&self) -> f64 {
        self.weight
    }

    pub(super) fn overlaps(&self, other: &Self) -> bool {
        if self.windows.is_empty() || other.windows.is_empty() {
            return true;
        }
        self.windows.iter().any(|a| other.windows.iter().any(|b| a.0 < b.1 && b.0 < a.1))
    }
}

/// One kind of tries under study.
struct Study<'a> {
    kind: Kind,
    population: &'a Population,
    buckets: Vec<(Timestamp, &'a Bucket)>,
    /// Where each block of buckets begins, and the end.
    blocks: Vec<usize>,
    table: Table<'a>,
}

impl Study<'_> {
    fn draft(&self, what: What, looks: f64) -> Option<Draft> {
        let (worth, weight) = worth(what, self.kind);
        let series: Vec<Block> = self.buckets.iter().map(|(_, b)| figures(what, b)).collect();
        let total: u64 = series.iter().map(|b| b.1).sum();
        if total < worth.cases {
            return None;
        }
        let sum =
            |from: usize, to: usize| series[from..to].iter().fold((0, 0), |(n, k), b| (n + b.0, k + b.1));
        let blocks: Vec<Block> = self.blocks.windows(2).map(|w| sum(w[0], w[1])).collect();
        let windows = scan(&blocks, Worth { p: CHANCE / looks, ..worth });
        let (inside, p): (Vec<(usize, usize)>, f64) = if windows.is_empty() {
            (Vec::new(), 0.0)
        } else {
            let ranges = windows.iter().map(|w| self.refine(&series, w.from, w.to)).collect();
            (ranges, windows.iter().map(|w| w.p).fold(1.0, f64::min) * looks)
        };
        let timed = if inside.is_empty() { None } else { self.timed(what, &series, &inside, p, total) };
        let mut draft = match timed {
            Some(draft) => draft,
            None => self.throughout(what, &series, total, worth)?,
        };
        let excess = draft.during.numerator as f64
            - draft.during.denominator as f64 * draft.before.value().unwrap_or(0.0);
        let explained = if draft.because.is_empty() { 0.7 } else { 1.0 };
        draft.weight = weight * excess * explained;
        if what == What::Unanswered {
            // It is told the other way round: what fell.
            let answered = |r: Ratio| Ratio::new(r.denominator.saturating_sub(r.numerator), r.denominator);
            (draft.before, draft.during) = (answered(draft.before), answered(draft.during));
        }
        Some(draft)
    }

    /// What rose for a time.
    fn timed(
        &self,
        what: What,
        series: &[Block],
        inside: &[(usize, usize)],
        p: f64,
        total: u64,
    ) -> Option<Draft> {
        let within = |i: usize| inside.iter().any(|(from, to)| (*from..*to).contains(&i));
        let ratio = |keep: &dyn Fn(usize) -> bool| {
            let (mut k, mut n) = (0, 0);
            for (i, (_, bucket)) in self.buckets.iter().enumerate().filter(|(i, _)| keep(*i)) {
                k += series[i].1;
                n += if matches!(what, What::Delay(_)) { series[i].0 } else { u64::from(bucket.over) };
            }
            Ratio::new(k, n)
        };
        let width = self.population.cells.width();
        let windows: Vec<(Timestamp, Timestamp)> =
            inside.iter().map(|(from, to)| (self.buckets[*from].0, self.buckets[to - 1].0 + width)).collect();
        let in_window = |c: &Case| windows.iter().any(|(from, to)| *from <= c.at && c.at < *to);
        let role = |others_within: bool| -> Vec<Role> {
            let of = |c: &Case| match (is_case(what, c), is_judged(what, c), in_window(c)) {
                (true, _, true) => Role::Case,
                (false, true, true) => Role::Other,
                (false, true, false) if !others_within => Role::Other,
                _ => Role::Aside,
            };
            self.table.cases.iter().map(|(c, _)| of(c)).collect()
        };
        let mut roles = role(true);
        let others_within = weigh(&self.table.cases, &roles).1 >= FEW_OTHERS;
        if !others_within {
            roles = role(false);
        }
        let because = self.table.explain(&roles);
        let delay = match what {
            What::Delay(_) => Some(self.medians(&because, &in_window)?),
            _ => None,
        };
        if delay.is_some_and(|(before, during)| !is_slower(before, during, 1.5, 100)) {
            return None;
        }
        let mut draft = self.base(what, series, &roles, because, total);
        let last = self.blocks.len().checked_sub(2).and_then(|i| self.blocks.get(i)).copied().unwrap_or(0);
        draft.lasts = inside.last().is_some_and(|(_, to)| *to > last);
        draft.windows = windows.iter().map(|w| self.to_the_second(what, *w)).collect();
        draft.before = ratio(&|i| !within(i));
        draft.during = ratio(&within);
        draft.p = p.min(1.0);
        draft.delay = delay;
        draft.others_within = others_within;
        let cases = draft.during.numerator as f64 * draft.shares.0;
        draft.more_calls = (cases.round() as u64).saturating_sub(draft.calls.len() as u64);
        Some(draft)
    }

    /// What is so throughout the capture, but only for some.
    fn throughout(&self, what: What, series: &[Block], total: u64, worth: Worth) -> Option<Draft> {
        if total < worth.cases.max(10) {
            return None;
        }
        let roles: Vec<Role> = self
            .table
            .cases
            .iter()
            .map(|(c, _)| match (is_case(what, c), is_judged(what, c)) {
                (true, _) => Role::Case,
                (false, true) => Role::Other,
                _ => Role::Aside,
            })
            .collect();
        let because = self.table.explain(&roles);
        if because.is_empty() {
            return None;
        }
        let p = because.iter().map(|c| c.p).fold(0.0, f64::max);
        let draft = self.base(what, series, &roles, because, total);
        let (cases, others) = weigh(&self.table.cases, &roles);
        let (a, b) = draft.shares;
        let round = |x: f64| x.round() as u64;
        let during = Ratio::new(round(cases * a), round(cases * a + others * b));
        let before =
            Ratio::new(round(cases * (1.0 - a)), round(cases * (1.0 - a)) + round(others * (1.0 - b)));
        let (high, low) = (during.value()?, before.value().unwrap_or(0.0));
        let (rise, times) = match what {
            What::Delay(_) => (0.3, 2.0),
            _ if worth.rise <= 0.011 => (0.05, 3.0),
            _ => (worth.rise * 5.0, worth.times.max(3.0)),
        };
        if high - low < rise || high < times * low {
            return None;
        }
        let delay = match what {
            What::Delay(_) => {
                let meets: Vec<bool> =
                    (0..roles.len()).map(|i| self.table.meets(i, &draft.because)).collect();
                let (slow, rest) = self.split_delays(|i, _| Some(meets[i]));
                let both = (median(rest)?, median(slow)?);
                if !is_slower(both.0, both.1, 2.0, 200) {
                    return None;
                }
                Some(both)
            }
            _ => None,
        };
        let cases = round(cases * a);
        let more_calls = cases.saturating_sub(draft.calls.len() as u64);
        Some(Draft { before, during, p, delay, more_calls, ..draft })
    }

    fn base(
        &self,
        what: What,
        series: &[Block],
        roles: &[Role],
        because: Vec<Condition>,
        total: u64,
    ) -> Draft {
        let whole = weigh(&self.table.cases, roles);
        let shares = if because.is_empty() { (1.0, 1.0) } else { self.table.shares(roles, &because, whole) };
        let concerned = self
            .table
            .cases
            .iter()
            .enumerate()
            .filter(|(i, _)| roles[*i] == Role::Case && self.table.meets(*i, &because))
            .take(CALLS);
        let calls = concerned
            .map(|(_, (c, _))| SampleCall { time: c.at, frame: c.frame, call_id: c.call_id.to_string() })
            .collect();
        let ends = match what {
            What::End(cell) if self.kind.method == MethodKey::INVITE => self.population.ends.get(&cell),
            _ => None,
        };
        Draft {
            kind: self.kind,
            what,
            windows: Vec::new(),
            lasts: false,
            before: Ratio::default(),
            during: Ratio::default(),
            delay: None,
            total,
            p: 1.0,
            because,
            shares,
            others_within: false,
            consequence: ends.map(|(retried, ended)| Consequence { retried: *retried, ended: *ended }),
            calls,
            more_calls: 0,
            series: self.buckets.iter().zip(series).map(|((at, _), (n, k))| (*at, *k, *n)).collect(),
            width: self.population.cells.width(),
            weight: 0.0,
        }
    }

    /// The window of buckets around blocks `from` to `to` whose edges fit best.
    fn refine(&self, series: &[Block], from: usize, to: usize) -> (usize, usize) {
        let mut sums = vec![(0_u64, 0_u64)];
        for (n, k) in series {
            let last = sums.last().copied().unwrap_or_default();
            sums.push((last.0 + n, last.1 + k));
        }
        let all = sums.last().copied().unwrap_or_default();
        let term = |n: u64, k: u64| if k == 0 { 0.0 } else { k as f64 * (k as f64 / n as f64).ln() };
        let both = |n: u64, k: u64| term(n, k) + term(n, n.saturating_sub(k));
        let gain = |s: usize, e: usize| {
            let (n, k) = (sums[e].0 - sums[s].0, sums[e].1 - sums[s].1);
            both(n, k) + both(all.0 - n, all.1 - k)
        };
        let edge = |i: usize| self.blocks.get(i).copied().unwrap_or(series.len());
        let (mut start, mut end) = (edge(from), edge(to));
        for _ in 0..2 {
            let starts = edge(from.saturating_sub(1))..edge(from + 1).min(end);
            start = best(starts, |s| gain(s, end)).unwrap_or(start);
            let ends = edge(to - 1).max(start) + 1..edge((to + 1).min(self.blocks.len() - 1)) + 1;
            end = best(ends.clone().rev(), |e| gain(start, e)).unwrap_or(end);
        }
        (start, end)
    }

    /// Wide buckets say little of when: the cases that were kept say more.
    fn to_the_second(&self, what: What, (from, to): (Timestamp, Timestamp)) -> (Timestamp, Timestamp) {
        let second = Nanos::from_secs(1);
        let width = to - from;
        if self.population.cells.width() <= second || width <= second {
            return (from, to);
        }
        let mut times = self
            .table
            .cases
            .iter()
            .filter(|(c, _)| is_case(what, c) && from <= c.at && c.at < to)
            .map(|(c, _)| c.at);
        let floor = |t: Timestamp| {
            Timestamp::from_nanos(t.as_nanos().div_euclid(1_000_000_000).saturating_mul(1_000_000_000))
        };
        let Some(first) = times.next() else { return (from, to) };
        let last = times.next_back().unwrap_or(first);
        (floor(first), floor(last) + second)
    }

    /// Median delays outside and within the windows, of what `because` describes.
    fn medians(&self, because: &[Condition], in_window: &impl Fn(&Case) -> bool) -> Option<(Nanos, Nanos)> {
        let of = |i: usize, c: &Case| self.table.meets(i, because).then(|| in_window(c));
        let (inside, outside) = self.split_delays(of);
        Some((median(outside)?, median(inside)?))
    }

    /// Delays of those of which `of` says yes, and no.
    fn split_delays(&self, of: impl Fn(usize, &Case) -> Option<bool>) -> (Vec<Weighed>, Vec<Weighed>) {
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

fn median(mut delays: Vec<Weighed>) -> Option<Nanos> {
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

fn is_slower(before: Nanos, during: Nanos, times: f64, by_ms: i64) -> bool {
    let more = during - before;
    more >= Nanos::from_millis(by_ms) && during.as_nanos() as f64 >= times * before.as_nanos() as f64
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

/// Where blocks of about as many requests each begin: neighbours with few are joined.
fn blocks(buckets: &[(Timestamp, &Bucket)], begun: u64) -> Vec<usize> {
    let size = begun.div_ceil(MAX_BLOCKS as u64).max(1);
    let mut edges = vec![0];
    let mut filled = 0;
    for (i, (_, b)) in buckets.iter().enumerate() {
        filled += u64::from(b.begun);
        if filled >= size {
            edges.push(i + 1);
            filled = 0;
        }
    }
    if edges.last() != Some(&buckets.len()) {
        edges.push(buckets.len());
    }
    edges
}
