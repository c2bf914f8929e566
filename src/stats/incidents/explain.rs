//! What requests that failed have in common, and others have not.
//!
//! In: kept requests, and which of them are cases. Out: the fewest conditions that describe most cases
//! and few others: values of one dimension (one, or few that are alternatives), and perhaps of a
//! second one that narrows them further. Nothing where nothing explains.

use std::borrow::Cow;

use super::column::Column;
use super::sample::{Case, Dictionary, Word};
use crate::dimension::Dimension;
use crate::flow::Endpoint;
use crate::transaction::Digits;

/// Share of the cases that conditions must describe.
const COVERED: f64 = 0.6;
/// By how much the share among cases must exceed that among others.
const TELLING: f64 = 0.2;
/// What a second dimension must add.
const WORTH_A_SECOND: f64 = 0.06;
/// What a further value of the same dimension must add.
const WORTH_A_VALUE: f64 = 0.08;
/// Alternatives of one dimension at most.
const MAX_VALUES: usize = 4;
/// What a dimension may explain less than another one and still be named, if it comes first in
/// [`COLUMNS`].
const ABOUT_AS_WELL: f64 = 0.015;
/// What a `Server` must explain better: where nobody answered there is none, so it is rarer among others.
const SERVER_BETTER: f64 = 0.1;
/// What conditions on one side of a B2BUA may explain less than others on both.
const OF_ONE_SIDE: f64 = 0.1;
/// What a longer prefix may explain less than a shorter one.
const AS_WELL: f64 = 0.005;
/// The greatest chance of a coincidence, over all conditions looked at.
const CHANCE: f64 = 1e-4;
/// Numbers that must share a prefix to be a range of numbers, and not one that is called again and again.
const SEVERAL: usize = 3;
/// Lengths of number prefixes.
const PREFIXES: std::ops::RangeInclusive<usize> = 2..=9;

/// The dimensions, most useful first: where two describe the same, the first one is named.
const COLUMNS: [Dimension; 13] = [
    Dimension::Trunk,
    Dimension::Destination,
    Dimension::Source,
    Dimension::UserAgent,
    Dimension::UriDomain,
    Dimension::ToDomain,
    Dimension::FromDomain,
    Dimension::Prefix,
    Dimension::Transport,
    Dimension::Vlan,
    Dimension::Interface,
    Dimension::Peer,
    Dimension::Server,
];

/// What one request is to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// What shall be explained.
    Case,
    /// What it is compared with.
    Other,
    /// Neither.
    Aside,
}

/// One condition: the value of a dimension.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    pub(super) dimension: Dimension,
    pub(super) value: String,
    pub(super) share_inside: f64,
    pub(super) share_outside: f64,
    pub(super) p: f64,
    column: usize,
    id: u32,
}

/// Kept requests in columns.
pub(super) struct Table<'a> {
    pub(super) cases: Vec<(&'a Case, f64)>,
    columns: Vec<Column>,
}

impl<'a> Table<'a> {
    /// `trunk` names the trunk of a request.
    pub(super) fn new(
        cases: Vec<(&'a Case, f64)>,
        words: &Dictionary,
        trunk: impl Fn(&Case) -> Option<String>,
    ) -> Self {
        let mut columns = Vec::new();
        for dimension in COLUMNS {
            if dimension == Dimension::Prefix {
                for length in PREFIXES {
                    columns.push(Column::new(
                        dimension,
                        &cases,
                        |c| {
                            let digits = Digits::unpacked(c.digits);
                            let short = c.digits >> (64 - 4 * length) << 1 | c.digits & 1;
                            digits.reach(length).then_some((u128::from(short), length))
                        },
                        |c| Digits::unpacked(c.digits).prefix(length).unwrap_or_default(),
                    ));
                }
                continue;
            }
            let word = |n: usize| {
                (
                    move |c: &Case| (c.words[n] != 0).then(|| (u128::from(c.words[n]), 0)),
                    move |c: &Case| text(words, c.words[n]),
                )
            };
            let end = |e: Endpoint| {
                let ip = match e.ip {
                    std::net::IpAddr::V4(ip) => u128::from(u32::from(ip)),
                    std::net::IpAddr::V6(ip) => u128::from(ip),
                };
                Some((ip, usize::from(e.port)))
            };
            columns.push(match dimension {
                Dimension::Trunk => {
                    let names: Vec<Option<String>> = cases.iter().map(|(c, _)| trunk(c)).collect();
                    if names.iter().all(Option::is_none) {
                        continue;
                    }
                    Column::named(dimension, names)
                }
                Dimension::Destination => Column::new(
                    dimension,
                    &cases,
                    |c| end(c.flow.destination),
                    |c| c.flow.destination.to_string(),
                ),
                Dimension::Source => {
                    Column::new(dimension, &cases, |c| end(sender(c)), |c| sender(c).to_string())
                }
                Dimension::Peer => Column::peers(&cases),
                Dimension::Transport => Column::new(
                    dimension,
                    &cases,
                    |c| Some((c.transport as u128, 0)),
                    |c| c.transport.id().to_owned(),
                ),
                Dimension::Vlan => Column::named(
                    dimension,
                    cases.iter().map(|(c, _)| c.tap.vlan().map(|id| id.to_string())).collect(),
                ),
                Dimension::Interface => Column::named(
                    dimension,
                    cases.iter().map(|(c, _)| c.tap.interface().map(Cow::into_owned)).collect(),
                ),
                Dimension::UserAgent => {
                    let (key, name) = word(0);
                    Column::new(dimension, &cases, key, name)
                }
                Dimension::Server => {
                    let (key, name) = word(1);
                    Column::new(dimension, &cases, key, name)
                }
                Dimension::FromDomain => {
                    let (key, name) = word(2);
                    Column::new(dimension, &cases, key, name)
                }
                Dimension::ToDomain => {
                    let (key, name) = word(3);
                    Column::new(dimension, &cases, key, name)
                }
                _ => {
                    let (key, name) = word(4);
                    Column::new(dimension, &cases, key, name)
                }
            });
        }
        Self { cases, columns }
    }

    /// What explains the cases among `roles`.
    pub(super) fn explain(&self, roles: &[Role]) -> Vec<Condition> {
        let first = self.best(roles, &[]);
        let Some((score, mut conditions)) = first else { return Vec::new() };
        let narrowed: Vec<Role> = roles
            .iter()
            .enumerate()
            .map(|(i, r)| if self.meets(i, &conditions) { *r } else { Role::Aside })
            .collect();
        // A second condition is judged by what both together describe, of all cases.
        let whole = weigh(&self.cases, roles);
        if let Some((_, more)) = self.best(&narrowed, &conditions)
            && more.len() == 1
        {
            let mut both = conditions.clone();
            both.extend(more.iter().cloned());
            let (a, b) = self.shares(roles, &both, whole);
            if a >= COVERED && a - b >= score + WORTH_A_SECOND {
                for c in &more {
                    let (inside, outside) = self.shares(roles, std::slice::from_ref(c), whole);
                    conditions.push(Condition { share_inside: inside, share_outside: outside, ..c.clone() });
                }
            }
        }
        conditions
    }

    /// Whether request number `i` meets `conditions`: alternatives within a dimension, all dimensions.
    pub(super) fn meets(&self, i: usize, conditions: &[Condition]) -> bool {
        conditions.iter().all(|c| {
            conditions.iter().filter(|d| d.column == c.column).any(|d| self.columns[d.column].has(i, d.id))
        })
    }

    /// Shares of cases and of others that meet `conditions`.
    pub(super) fn shares(&self, roles: &[Role], conditions: &[Condition], whole: (f64, f64)) -> (f64, f64) {
        let mut met = (0.0, 0.0);
        for (i, (_, n)) in self.cases.iter().enumerate() {
            match roles[i] {
                Role::Case if self.meets(i, conditions) => met.0 += n,
                Role::Other if self.meets(i, conditions) => met.1 += n,
                _ => {}
            }
        }
        (share(met.0, whole.0), share(met.1, whole.1))
    }

    /// How many columns there are.
    pub(super) fn columns(&self) -> usize {
        self.columns.len()
    }

    /// The numbers of the values that request number `i` has in `column`.
    pub(super) fn ids(&self, column: usize, i: usize) -> impl Iterator<Item = u32> + '_ {
        self.columns.get(column).into_iter().flat_map(move |c| c.of(i))
    }

    /// Whether `column` says something of the response: what got none has no value in it.
    pub(super) fn is_of_response(&self, column: usize) -> bool {
        self.columns.get(column).is_some_and(|c| c.dimension == Dimension::Server)
    }

    /// Whether all requests have the same value of `column`: it is no part of the traffic.
    pub(super) fn is_of_all(&self, column: usize) -> bool {
        self.columns.get(column).is_some_and(|c| c.values.len() == 1 && c.ids.iter().all(|id| *id == 0))
    }

    /// Digits that `column` tells numbers apart by; 0 if it is not about numbers.
    pub(super) fn prefix_length(&self, column: usize) -> usize {
        let is_prefix = |c: &&Column| c.dimension == Dimension::Prefix;
        let before = self.columns.iter().take(column + 1).filter(is_prefix).count();
        if self.columns.get(column).as_ref().is_some_and(is_prefix) {
            PREFIXES.start() + before - 1
        } else {
            0
        }
    }

    /// Several of `rows` have value `id` of `column`. Only of prefixes one can be in doubt: a prefix of one
    /// number is no range, and a number called again and again, or seen on both sides of a B2BUA, is one
    /// case.
    pub(super) fn is_of_many(&self, column: usize, id: u32, mut rows: impl Iterator<Item = usize>) -> bool {
        if self.prefix_length(column) == 0 {
            return true;
        }
        let mut numbers: Vec<u64> = Vec::with_capacity(SEVERAL);
        rows.any(|row| {
            let digits = self.cases[row].0.digits;
            if self.columns[column].has(row, id) && !numbers.contains(&digits) {
                numbers.push(digits);
            }
            numbers.len() == SEVERAL
        })
    }

    /// Value `id` of `column` as a condition, with its shares among `roles`.
    pub(super) fn condition(&self, column: usize, id: u32, roles: &[Role], p: f64) -> Condition {
        let c = &self.columns[column];
        let value = c.values.get(id as usize).cloned().unwrap_or_default();
        let condition =
            Condition { dimension: c.dimension, value, share_inside: 0.0, share_outside: 0.0, p, column, id };
        let whole = weigh(&self.cases, roles);
        let (share_inside, share_outside) = self.shares(roles, std::slice::from_ref(&condition), whole);
        Condition { share_inside, share_outside, ..condition }
    }

    /// The dimension that tells cases from others best, with its values; how well.
    fn best(&self, roles: &[Role], besides: &[Condition]) -> Option<(f64, Vec<Condition>)> {
        let (cases, others) = weigh(&self.cases, roles);
        let counted = roles.iter().fold((0_u64, 0_u64), |(a, b), r| match r {
            Role::Case => (a + 1, b),
            Role::Other => (a, b + 1),
            Role::Aside => (a, b),
        });
        if counted.0 < 3 || counted.1 < 3 {
            return None;
        }
        let mut best: Option<(f64, Vec<Condition>)> = None;
        for (column, c) in self.columns.iter().enumerate() {
            if besides.iter().any(|b| same_thing(b.dimension, c.dimension)) {
                continue;
            }
            let mut rows = vec![(0.0, 0.0, 0_u64, 0_u64); c.values.len()];
            for (i, (_, n)) in self.cases.iter().enumerate() {
                for id in c.of(i) {
                    let Some(row) = rows.get_mut(id as usize) else { continue };
                    match roles[i] {
                        Role::Case => (row.0, row.2) = (row.0 + n, row.2 + 1),
                        Role::Other => (row.1, row.3) = (row.1 + n, row.3 + 1),
                        Role::Aside => {}
                    }
                }
            }
            let mut values: Vec<(f64, f64, u32)> = rows
                .iter()
                .enumerate()
                .map(|(id, r)| (share(r.0, cases), share(r.1, others), id as u32))
                .filter(|(a, b, _)| *a > 2.0 * b || a - b > WORTH_A_VALUE)
                .collect();
            values.sort_by(|x, y| (y.0 - y.1).total_cmp(&(x.0 - x.1)).then(x.2.cmp(&y.2)));
            let mut taken: Vec<(f64, f64, u32)> = Vec::new();
            let (mut a, mut b) = (0.0, 0.0);
            let of_cases = || (0..roles.len()).filter(|row| roles[*row] == Role::Case);
            let of_many = |v: &(f64, f64, u32)| self.is_of_many(column, v.2, of_cases());
            // Two peers have a request in common: their shares do not add up.
            let most = if c.also.is_empty() { MAX_VALUES } else { 1 };
            for v in values.into_iter().filter(of_many).take(most) {
                if !taken.is_empty() && v.0 - v.1 < WORTH_A_VALUE {
                    break;
                }
                (a, b) = (a + v.0, b + v.1);
                taken.push(v);
            }
            // Few conditions are better than many.
            let score = a - b - 0.02 * taken.len().saturating_sub(1) as f64;
            if taken.is_empty() || a < COVERED || score < TELLING || a < 1.5 * b {
                continue;
            }
            let (mut k, mut m) = (0, 0);
            for (_, _, id) in &taken {
                let row = rows[*id as usize];
                (k, m) = (k + row.2, m + row.3);
            }
            // Each dimension pays for its own values: thousands of prefixes are no reason to doubt one of
            // five gateways.
            let looked_at = (self.columns.len() * c.values.len()) as f64;
            let p = (coincidence(k, counted.0, m, counted.1) * looked_at.max(1.0)).min(1.0);
            let beaten = best.as_ref().is_some_and(|(most, by)| {
                // Of prefixes that describe the same, the longest says most.
                let longer = c.dimension == Dimension::Prefix
                    && by.first().is_some_and(|b| b.dimension == Dimension::Prefix);
                let better = if c.dimension == Dimension::Server { SERVER_BETTER } else { ABOUT_AS_WELL };
                score <= if longer { most - AS_WELL } else { most + better }
            });
            if p > CHANCE || beaten {
                continue;
            }
            let condition = |(inside, outside, id): &(f64, f64, u32)| Condition {
                dimension: c.dimension,
                value: c.values[*id as usize].clone(),
                share_inside: *inside,
                share_outside: *outside,
                p,
                column,
                id: *id,
            };
            best = Some((score, taken.iter().map(condition).collect()));
        }
        best
    }
}

/// Whether `these` conditions, which hold on one side of a B2BUA, are named rather than `those`. A number is
/// the same on both sides, a gateway has only its own: it comes first if it explains that about as well.
pub(super) fn comes_before(these: &[Condition], those: &[Condition]) -> bool {
    let telling = |conditions: &[Condition]| -> f64 {
        let first = conditions.first().map(|c| c.dimension);
        let of_first = conditions.iter().filter(|c| Some(c.dimension) == first);
        of_first.map(|c| c.share_inside - c.share_outside).sum()
    };
    match (these.first(), those.first()) {
        (Some(this), Some(that)) => {
            this.column < that.column && telling(these) >= telling(those) - OF_ONE_SIDE
        }
        (this, _) => this.is_some(),
    }
}

/// Who sent it; the port of a connection's client is a mere number.
pub(super) fn sender(c: &Case) -> Endpoint {
    use crate::flow::Transport;
    let port = if matches!(c.transport, Transport::Tcp | Transport::Ws) { 0 } else { c.flow.source.port };
    Endpoint { port, ..c.flow.source }
}

fn text(words: &Dictionary, word: Word) -> String {
    words.text(word).unwrap_or_default().to_owned()
}

/// Weights of cases and of others.
pub(super) fn weigh(cases: &[(&Case, f64)], roles: &[Role]) -> (f64, f64) {
    cases.iter().zip(roles).fold((0.0, 0.0), |(a, b), ((_, n), role)| match role {
        Role::Case => (a + n, b),
        Role::Other => (a, b + n),
        Role::Aside => (a, b),
    })
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Two names for one thing are no two conditions.
fn same_thing(a: Dimension, b: Dimension) -> bool {
    use Dimension::{Destination, Peer, Prefix, Server, Source, ToDomain, Trunk, UriDomain};
    let group = |d| match d {
        Trunk | Destination | Peer | Server | UriDomain => 1,
        ToDomain => 2,
        Source => 3,
        Prefix => 4,
        _ => 5 + d as u8,
    };
    group(a) == group(b)
}

/// A bound on the chance that `k` of `cases` and `m` of `others` have something, if it had nothing to
/// do with being a case (G-test by Chernoff's bound).
fn coincidence(k: u64, cases: u64, m: u64, others: u64) -> f64 {
    let term = |part: u64, whole: u64| {
        if part == 0 || whole == 0 { 0.0 } else { part as f64 * (part as f64 / whole as f64).ln() }
    };
    let both = |part: u64, whole: u64| term(part, whole) + term(whole - part, whole);
    let gain = both(k, cases) + both(m, others) - both(k + m, cases + others);
    (-gain.max(0.0)).exp()
}
