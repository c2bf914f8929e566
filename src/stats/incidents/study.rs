//! One kind of tries under study: which figures rose, when, and what explains them.

use super::ages;
use super::blocks::{blocks, refine, sums};
use super::cells::Bucket;
use super::delays::is_slower;
use super::draft::Draft;
use super::explain::{Condition, Role, Table, comes_before, weigh};
use super::figures::{
    CHANCE, What, blames_the_network, ends_as, figures, is_case, is_judged, speaks_of_people, worth,
};
use super::legs::{Leg, most};
use super::local::{self, Part};
use super::lumps::Spread;
use super::sample::Case;
use super::scan::{Block, Window, Worth, scan};
use super::{Kind, Population};
use crate::stats::Ratio;
use crate::stats::summary::{Consequence, SampleCall};
use crate::time::{Nanos, Timestamp};
use crate::transaction::MethodKey;

/// Calls shown of a finding.
const CALLS: usize = 3;
/// The greatest chance of a coincidence when facts are counted instead of cases. How many facts there are
/// is an estimate; that windows overlap, and Chernoff's bound, leave a margin of more than this.
const DOUBT: f64 = 1e-3;
/// Share of the traffic that is no time in which people behaved otherwise, but how they behave.
const MOST: f64 = 0.8;
/// Share of the traffic that is what lies around an incident, if it is in pieces. Where everybody gets 503,
/// fewer are busy; that they are busy again afterwards is no news.
const REST: f64 = 0.5;
/// Cases that are compared with fewer others than this in their window are compared with all others.
const FEW_OTHERS: f64 = 10.0;

/// One kind of tries under study.
pub(super) struct Study<'a> {
    pub(super) kind: Kind,
    pub(super) population: &'a Population,
    pub(super) buckets: Vec<(Timestamp, &'a Bucket)>,
    pub(super) table: Table<'a>,
    /// What each request of `table` is to a B2BUA; empty if there is none.
    pub(super) legs: Vec<Leg>,
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
    /// What it was found by.
    windows: Vec<Window>,
    /// Series that were looked at.
    looks: f64,
}

impl Rise {
    /// The same rise, told of `part`, all of whose requests are in `series`.
    pub(super) fn in_part(self, part: Part, series: Vec<Block>) -> Self {
        Self { series, part: Some(part), ..self }
    }

    /// Share of all requests that are within the windows.
    fn share_of_traffic(&self) -> f64 {
        let sum = |blocks: &[Block]| blocks.iter().map(|b| b.0).sum::<u64>();
        let held: u64 = self.inside.iter().map(|(from, to)| sum(&self.series[*from..*to])).sum();
        held as f64 / sum(&self.series).max(1) as f64
    }
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
        let spread = Spread::of(self, what, &view);
        let all = self.rise(&view, &self.within(&view, &series), worth, looks);
        let all = all.and_then(|rise| self.by_fact(what, &view, rise, spread));
        let all = all.and_then(|rise| self.timed(what, &view, &rise, &series, total));
        let timed = match all {
            Some(draft) if !draft.because.is_empty() => Some(draft),
            // What all traffic does not show, or not why, a part of it may.
            all => {
                let part = local::rise(self, what, &view, worth, looks, spread);
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
        let last = edges.len().checked_sub(2).and_then(|i| edges.get(i)).copied().unwrap_or(0);
        let lasts = inside.last().is_some_and(|(_, to)| *to > last);
        let p = least(&windows, 1.0) * looks;
        Some(Rise { series: series.to_vec(), inside, lasts, p, part: None, windows, looks })
    }

    /// `rise`, judged by facts rather than by cases; `None` if that leaves doubts.
    pub(super) fn by_fact(&self, what: What, view: &View, mut rise: Rise, spread: Spread) -> Option<Rise> {
        let share = rise.share_of_traffic();
        let is_usual = speaks_of_people(what, self.kind) && share > MOST;
        if is_usual || (rise.inside.len() > 1 && share > REST) {
            return None;
        }
        let spans = self.spans(&rise.inside);
        let concerned = |i: usize| match rise.part {
            Some(part) => self.table.ids(part.column, i).any(|id| id == part.id),
            None => true,
        };
        let cases = self.table.cases.iter().enumerate().filter(|(i, (c, _))| {
            view.holds(c) && is_case(what, c) && falls_in(&spans, c.at) && concerned(*i)
        });
        rise.p = least(&rise.windows, spread.times(cases.map(|(_, (c, _))| *c))) * rise.looks;
        (rise.p <= DOUBT).then_some(rise)
    }

    /// Ranges of buckets as times.
    fn spans(&self, ranges: &[(usize, usize)]) -> Vec<(Timestamp, Timestamp)> {
        let width = self.population.cells.width();
        ranges.iter().map(|(from, to)| (self.buckets[*from].0, self.buckets[to - 1].0 + width)).collect()
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
        let windows = self.spans(inside);
        let in_window = |c: &Case| falls_in(&windows, c.at);
        let (roles, others_within) = self.roles(what, view, &in_window);
        let (because, roles) = match &rise.part {
            None => self.explain(roles),
            Some(part) => (vec![self.table.condition(part.column, part.id, &roles, rise.p)], roles),
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
        Some(draft)
    }

    /// Cases within the windows, and what they are compared with; whether that is within the windows too.
    fn roles(&self, what: What, view: &View, in_window: &impl Fn(&Case) -> bool) -> (Vec<Role>, bool) {
        let role = |others_within: bool| -> Vec<Role> {
            let of = |c: &Case| match (is_case(what, c), is_judged(what, c), in_window(c)) {
                (true, _, true) => Role::Case,
                (false, true, true) => Role::Other,
                (false, true, false) if !others_within && view.holds(c) => Role::Other,
                _ => Role::Aside,
            };
            self.table.cases.iter().map(|(c, _)| of(c)).collect()
        };
        let roles = role(true);
        if weigh(&self.table.cases, &roles).1 >= FEW_OTHERS { (roles, true) } else { (role(false), false) }
    }

    /// What explains the cases among `roles`, or those on one side of a B2BUA; and the roles that it was
    /// found by.
    pub(super) fn explain(&self, roles: Vec<Role>) -> (Vec<Condition>, Vec<Role>) {
        let mut best = (self.table.explain(&roles), roles.clone());
        let sides: &[Leg] = if self.legs.is_empty() { &[] } else { &[Leg::Out, Leg::In] };
        for side in sides {
            let of_side = |(role, leg): (&Role, &Leg)| if leg == side { *role } else { Role::Aside };
            let roles: Vec<Role> = roles.iter().zip(&self.legs).map(of_side).collect();
            let because = self.table.explain(&roles);
            if comes_before(&because, &best.0) {
                best = (because, roles);
            }
        }
        best
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

    /// What a draft has of its cases; when, and how much, is added by whoever knows.
    pub(super) fn base(
        &self,
        what: What,
        series: &[Block],
        roles: &[Role],
        because: Vec<Condition>,
        total: u64,
    ) -> Draft {
        let whole = weigh(&self.table.cases, roles);
        let shares = if because.is_empty() { (1.0, 1.0) } else { self.table.shares(roles, &because, whole) };
        let concerned: Vec<usize> =
            (0..roles.len()).filter(|i| roles[*i] == Role::Case && self.table.meets(*i, &because)).collect();
        let call = |i: &usize| {
            let (c, _) = self.table.cases[*i];
            SampleCall { time: c.at, frame: c.frame, call_id: c.call_id.to_string() }
        };
        let calls: Vec<SampleCall> = concerned.iter().take(CALLS).map(call).collect();
        let cases: f64 = concerned.iter().map(|i| self.table.cases[*i].1).sum();
        let more_calls = (cases.round() as u64).saturating_sub(calls.len() as u64);
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
            leg: most(&self.legs, &concerned),
            consequence: ends.map(|(retried, ended)| Consequence { retried: *retried, ended: *ended }),
            calls,
            more_calls,
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
}

/// The chance of the most telling of `windows`, if each fact counts so many `times`.
fn least(windows: &[Window], times: f64) -> f64 {
    windows.iter().map(|w| w.p(times)).fold(1.0, f64::min)
}

fn falls_in(spans: &[(Timestamp, Timestamp)], at: Timestamp) -> bool {
    spans.iter().any(|(from, to)| *from <= at && at < *to)
}
