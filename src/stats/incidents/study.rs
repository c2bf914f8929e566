//! One kind of tries under study: which figures rose, when, and what explains them.

use super::ages;
use super::cells::Bucket;
use super::draft::Draft;
use super::explain::{Condition, Role, Table, weigh};
use super::figures::{
    CHANCE, What, blames_the_network, ends_as, figures, is_case, is_judged, standing, worth,
};
use super::local::{self, Part};
use super::sample::Case;
use super::scan::{Block, MAX_BLOCKS, Worth, scan};
use super::{Kind, Population};
use crate::stats::Ratio;
use crate::stats::summary::{Consequence, SampleCall};
use crate::time::{Nanos, Timestamp};
use crate::transaction::MethodKey;

/// Calls shown of a finding.
const CALLS: usize = 3;
/// Cases that are compared with fewer others than this in their window are compared with all others.
const FEW_OTHERS: f64 = 10.0;

/// One kind of tries under study.
pub(super) struct Study<'a> {
    pub(super) kind: Kind,
    pub(super) population: &'a Population,
    pub(super) buckets: Vec<(Timestamp, &'a Bucket)>,
    pub(super) table: Table<'a>,
    /// First and last time of the capture.
    pub(super) span: (Timestamp, Timestamp),
    /// Times when nothing began, though it should have: the last bucket before, the first one after.
    pub(super) pauses: &'a [(Timestamp, Timestamp)],
}

/// What of a capture a figure can be judged by: requests that were old enough.
pub(super) struct View {
    from: Timestamp,
    until: Timestamp,
    /// The buckets within.
    buckets: std::ops::Range<usize>,
    /// Those before a pause of the capture are left out: nobody saw how they ended.
    left_out: Vec<(Timestamp, Timestamp)>,
}

impl View {
    pub(super) fn holds(&self, c: &Case) -> bool {
        self.from <= c.at && c.at < self.until && !self.leaves_out(c.at)
    }

    fn leaves_out(&self, at: Timestamp) -> bool {
        self.left_out.iter().any(|(from, until)| *from <= at && at < *until)
    }
}

/// What rose, and when.
#[derive(Clone)]
pub(super) struct Rise {
    /// Requests and cases in each bucket; none outside of the view.
    pub(super) series: Vec<Block>,
    /// Ranges of buckets.
    pub(super) inside: Vec<(usize, usize)>,
    /// It reaches the end of the view.
    pub(super) lasts: bool,
    /// The chance that steady traffic shows as much anywhere.
    pub(super) p: f64,
    /// In a part of the traffic only.
    pub(super) part: Option<Part>,
}

impl Study<'_> {
    /// What there is to tell of `what`, which is one of so many figures looked at.
    pub(super) fn draft(&self, what: What, looks: f64) -> Option<Draft> {
        let (worth, weight) = worth(what, self.kind);
        let series: Vec<Block> = self.buckets.iter().map(|(_, b)| figures(what, b)).collect();
        let total: u64 = series.iter().map(|b| b.1).sum();
        if total < worth.cases {
            return None;
        }
        let view = self.view(what);
        let worth = Worth { p: CHANCE / looks, ..worth };
        let all = self.rise(&view, &self.within(&view, &series), worth, looks);
        let all = all.and_then(|rise| self.timed(what, &view, &rise, &series, total));
        let timed = match all {
            Some(draft) if !draft.because.is_empty() => Some(draft),
            // What all traffic does not show, or not why, a part of it may.
            all => {
                let part = local::rise(self, what, &view, worth, looks);
                let part = part.filter(|part| all.as_ref().is_none_or(|all| part.p < all.p));
                part.and_then(|rise| self.timed(what, &view, &rise, &series, total)).or(all)
            }
        };
        let mut draft = match timed {
            Some(draft) => draft,
            None => self.throughout(what, &view, &series, total)?,
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

    fn view(&self, what: What) -> View {
        let (from, until) = ages::judged(self.kind, self.population, &ends_as(what), self.span);
        let width = self.population.cells.width();
        let first = self.buckets.partition_point(|(at, _)| *at < from);
        let end = self.buckets.partition_point(|(at, _)| *at + width <= until).max(first);
        let edge = |i: usize| self.buckets.get(i).map_or(Timestamp::MAX, |(at, _)| *at);
        let age = self.span.1 - until;
        let left_out = self.pauses.iter().map(|(last, next)| (*last + width - age, *next)).collect();
        View { from: edge(first), until: edge(end), buckets: first..end, left_out }
    }

    /// `series` within `view`, nothing outside.
    fn within(&self, view: &View, series: &[Block]) -> Vec<Block> {
        let holds = |i: usize| view.buckets.contains(&i) && !view.leaves_out(self.buckets[i].0);
        let block = |(i, b): (usize, &Block)| if holds(i) { *b } else { (0, 0) };
        series.iter().enumerate().map(block).collect()
    }

    /// Where in time `series` rises.
    pub(super) fn rise(&self, view: &View, series: &[Block], worth: Worth, looks: f64) -> Option<Rise> {
        let edges = blocks(view.buckets.clone(), series);
        let sums = sums(series);
        let block = |w: &[usize]| (sums[w[1]].0 - sums[w[0]].0, sums[w[1]].1 - sums[w[0]].1);
        let windows = scan(&edges.windows(2).map(block).collect::<Vec<Block>>(), worth);
        if windows.is_empty() {
            return None;
        }
        let inside: Vec<(usize, usize)> =
            windows.iter().map(|w| refine(&sums, &edges, w.from, w.to)).collect();
        let p = windows.iter().map(|w| w.p).fold(1.0, f64::min) * looks;
        if is_the_rest(&sums, &view.buckets, &inside) {
            return None;
        }
        let last = edges.len().checked_sub(2).and_then(|i| edges.get(i)).copied().unwrap_or(0);
        let lasts = inside.last().is_some_and(|(_, to)| *to > last);
        Some(Rise { series: series.to_vec(), inside, lasts, p, part: None })
    }

    /// What rose for a time.
    fn timed(&self, what: What, view: &View, rise: &Rise, series: &[Block], total: u64) -> Option<Draft> {
        let inside = &rise.inside;
        let within = |i: usize| inside.iter().any(|(from, to)| (*from..*to).contains(&i));
        let ratio = |keep: bool| {
            let kept = rise.series.iter().enumerate().filter(|(i, _)| within(*i) == keep);
            let (n, k) = kept.fold((0, 0), |sum, (_, b)| (sum.0 + b.0, sum.1 + b.1));
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
                (false, true, false) if !others_within && view.holds(c) => Role::Other,
                _ => Role::Aside,
            };
            self.table.cases.iter().map(|(c, _)| of(c)).collect()
        };
        let mut roles = role(true);
        let others_within = weigh(&self.table.cases, &roles).1 >= FEW_OTHERS;
        if !others_within {
            roles = role(false);
        }
        let because = match &rise.part {
            None => self.table.explain(&roles),
            Some(part) => vec![self.table.condition(part.column, part.id, &roles, rise.p)],
        };
        if rise.part.is_none() && self.is_other_traffic(what, view, &because, &in_window) {
            return None;
        }
        let delay = match what {
            What::Delay(_) => Some(self.medians(&because, view, &in_window)?),
            _ => None,
        };
        if delay.is_some_and(|(before, during)| !is_slower(before, during, 1.5, 100)) {
            return None;
        }
        let mut draft = self.base(what, series, &roles, because, total);
        draft.lasts = rise.lasts || self.may_last(what, view, &draft.because, &windows);
        draft.local = rise.part.is_some();
        draft.windows = windows.iter().map(|w| self.to_the_second(what, *w)).collect();
        draft.before = ratio(false);
        draft.during = ratio(true);
        draft.p = rise.p.min(1.0);
        draft.delay = delay;
        draft.others_within = others_within;
        let share = if draft.local { 1.0 } else { draft.shares.0 };
        let cases = draft.during.numerator as f64 * share;
        draft.more_calls = (cases.round() as u64).saturating_sub(draft.calls.len() as u64);
        Some(draft)
    }

    /// Whether too few requests followed the last window to show that it was over.
    fn may_last(
        &self,
        what: What,
        view: &View,
        because: &[Condition],
        windows: &[(Timestamp, Timestamp)],
    ) -> bool {
        let Some((from, until)) = windows.last() else { return false };
        let (mut cases, mut all, mut after) = (0.0, 0.0, 0.0);
        for (i, (c, n)) in self.table.cases.iter().enumerate() {
            if !view.holds(c) || !is_judged(what, c) || c.at < *from || !self.table.meets(i, because) {
                continue;
            }
            if c.at >= *until {
                after += n;
            } else {
                (cases, all) = (cases + if is_case(what, c) { *n } else { 0.0 }, all + n);
            }
        }
        // As many good ones in a row by chance, while it goes on.
        all > 0.0 && (1.0 - cases / all).powf(after) > 0.05
    }

    /// Whether what `because` describes is no worse within the windows than it always is, or was not there
    /// at other times: there was more of it, and that is all.
    fn is_other_traffic(
        &self,
        what: What,
        view: &View,
        because: &[Condition],
        in_window: &impl Fn(&Case) -> bool,
    ) -> bool {
        if because.is_empty() {
            return false;
        }
        let (mut inside, mut outside) = ((0.0, 0.0), (0.0, 0.0));
        for (i, (c, n)) in self.table.cases.iter().enumerate() {
            if view.holds(c) && is_judged(what, c) && self.table.meets(i, because) {
                let half: &mut (f64, f64) = if in_window(c) { &mut inside } else { &mut outside };
                *half = (half.0 + n, half.1 + if is_case(what, c) { *n } else { 0.0 });
            }
        }
        let share = |(n, k): (f64, f64)| if n > 0.0 { k / n } else { 0.0 };
        if outside.0 >= FEW_OTHERS {
            return share(outside) >= 0.6 * share(inside);
        }
        // Somebody who begins to call numbers that do not exist, and stops, is no fault of the network.
        !blames_the_network(what) && outside.0 < 0.05 * inside.0
    }

    /// What is so throughout the capture, but only for some, and so bad that nobody would have it so.
    fn throughout(&self, what: What, view: &View, series: &[Block], total: u64) -> Option<Draft> {
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
        let because = self.table.explain(&roles);
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
                let meets: Vec<bool> =
                    (0..roles.len()).map(|i| self.table.meets(i, &draft.because)).collect();
                let (slow, rest) = self.split_delays(|i, _| Some(meets[i]));
                let both = (median(rest)?, median(slow)?);
                if !is_slower(both.0, both.1, 3.0, 2_500) {
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
            local: false,
            consequence: ends.map(|(retried, ended)| Consequence { retried: *retried, ended: *ended }),
            calls,
            more_calls: 0,
            series: self.buckets.iter().zip(series).map(|((at, _), (n, k))| (*at, *k, *n)).collect(),
            width: self.population.cells.width(),
            weight: 0.0,
        }
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
    fn medians(
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

/// Whether ranges are what lies around an incident: most of the traffic, in pieces. Where everybody gets
/// 503, fewer are busy; that they are busy again afterwards is no news.
fn is_the_rest(sums: &[Block], view: &std::ops::Range<usize>, inside: &[(usize, usize)]) -> bool {
    let held: u64 = inside.iter().map(|(from, to)| sums[*to].0 - sums[*from].0).sum();
    inside.len() > 1 && 2 * held > sums[view.end].0 - sums[view.start].0
}

/// Sums of requests and of cases before each bucket, and of all.
fn sums(series: &[Block]) -> Vec<Block> {
    let mut sums = vec![(0, 0)];
    for (n, k) in series {
        let last = sums.last().copied().unwrap_or_default();
        sums.push((last.0 + n, last.1 + k));
    }
    sums
}

/// The window of buckets around blocks `from` to `to` whose edges fit best.
fn refine(sums: &[Block], edges: &[usize], from: usize, to: usize) -> (usize, usize) {
    let all = sums.last().copied().unwrap_or_default();
    let term = |n: u64, k: u64| if k == 0 { 0.0 } else { k as f64 * (k as f64 / n as f64).ln() };
    let both = |n: u64, k: u64| term(n, k) + term(n, n.saturating_sub(k));
    let gain = |s: usize, e: usize| {
        let (n, k) = (sums[e].0 - sums[s].0, sums[e].1 - sums[s].1);
        both(n, k) + both(all.0 - n, all.1 - k)
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

/// Where blocks of about as many requests each begin, among so many buckets: neighbours with few are
/// joined.
fn blocks(buckets: std::ops::Range<usize>, series: &[Block]) -> Vec<usize> {
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
