//! Traffic told apart by dimensions (`--by`).
//!
//! In: messages, tries and attempts. Out: a [`Group`] for each `--by`, its rows and what is not shown
//! added up to the whole. Each shard keeps a row for the 512 heaviest keys of a group, the rest is one
//! row: see `heavy`.

mod key;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::key::{Key, Spoken, Subject, Value, ours, peer};
use crate::call::{Outcome, Place, Tried};
use crate::config::{Grouping, Sort};
use crate::dimension::Dimension;
use crate::flow::{FrameId, Origin};
use crate::rename::Rename;
use crate::sip::{Message, Start, StatusCode};
use crate::stats::attempts::most_first;
use crate::stats::heavy::{Heavy, Rows};
use crate::stats::histogram::Histogram;
use crate::stats::serial::pairs;
use crate::stats::summary::{Group, GroupRow, Input};
use crate::stats::tally::add_counts;
use crate::stats::{Counts, Ratio};
use crate::transaction::{About, Bin, MethodKey, Names};

/// All groups.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Groups {
    tables: Vec<Rows<Key, Row>>,
    /// Of the message or attempt at work.
    #[serde(skip)]
    spoken: Spoken,
    #[serde(skip)]
    outcome: Option<Outcome>,
    /// The attempt at work has not counted yet.
    #[serde(skip)]
    waits: bool,
}

/// The rows of one shard, a list for each group.
pub(super) type ShardRows = Vec<Heavy<Key, Row>>;

/// One row.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    requests: Counts,
    responses: Counts,
    finals: u64,
    failures: u64,
    #[serde(with = "pairs")]
    codes: BTreeMap<StatusCode, u64>,
    attempts: u64,
    #[serde(with = "pairs")]
    outcomes: BTreeMap<Outcome, u64>,
    bids: u64,
    answered: u64,
    #[serde(with = "pairs")]
    bid_codes: BTreeMap<StatusCode, u64>,
    silent: u64,
    resent: u64,
    pdd: Histogram,
}

impl Groups {
    /// For the groups of `choices`.
    pub(super) fn new(choices: &Grouping) -> Self {
        Self { tables: choices.by.iter().map(|_| Rows::default()).collect(), ..Self::default() }
    }

    /// Nobody asked for any.
    pub(super) fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// What the request says that the next message or try belongs to.
    pub(super) fn about(&mut self, about: &About, names: &Names) {
        self.spoken = Spoken::of(about, names);
    }

    /// One message.
    pub(super) fn message(
        &mut self,
        message: &Message<'_>,
        origin: &Origin,
        bin: Bin,
        alive: bool,
        (choices, rows): (&Grouping, &mut ShardRows),
    ) {
        let mut spoken = std::mem::take(&mut self.spoken);
        let subject = Subject::message(message, origin, &mut spoken);
        self.count(&subject, (choices, rows), |row| match message.start {
            Start::Request { .. } => row.requests.note(bin),
            Start::Response { status, .. } => {
                row.responses.note(bin);
                if bin == Bin::First && status.is_final() && !status.is_challenge() {
                    row.finals += 1;
                    if status.class() >= 4 && !alive {
                        row.failures += 1;
                        *row.codes.entry(status).or_default() += 1;
                    }
                }
            }
        });
    }

    /// An attempt, whose tries follow.
    pub(super) fn attempt(&mut self, outcome: Outcome) {
        (self.outcome, self.waits) = (Some(outcome), true);
    }

    /// One try: a bid, and the first one of an attempt its attempt.
    pub(super) fn tried(&mut self, tried: &Tried<'_>, at: (&Grouping, &mut ShardRows)) {
        if tried.method != MethodKey::INVITE || tried.place != Place::Reference {
            return;
        }
        let spoken = Spoken::of(&tried.about, tried.names);
        let (outcome, first) = (self.outcome, std::mem::take(&mut self.waits));
        let subject = Subject::tried(tried, outcome, &spoken);
        self.count(&subject, at, |row| {
            if first && let Some(outcome) = outcome {
                row.attempts += 1;
                *row.outcomes.entry(outcome).or_default() += 1;
            }
            if !tried.over {
                return;
            }
            row.bids += 1;
            row.silent += u64::from(!tried.replied);
            row.resent += u64::from(tried.resent);
            match tried.status {
                Some(s) if s.is_success() => row.answered += 1,
                Some(s) => *row.bid_codes.entry(s).or_default() += 1,
                None => {}
            }
            if let Some(pdd) = tried.delay {
                row.pdd.record(pdd);
            }
        });
    }

    fn count(
        &self,
        subject: &Subject<'_>,
        (choices, rows): (&Grouping, &mut ShardRows),
        note: impl Fn(&mut Row),
    ) {
        rows.resize_with(choices.by.len(), Heavy::default);
        for (heavy, dimensions) in rows.iter_mut().zip(&choices.by) {
            heavy.event(subject.key(dimensions, choices), &note, Row::add);
        }
    }

    /// Adds the rows of a shard.
    pub(super) fn take(&mut self, rows: ShardRows) {
        self.add(rows.into_iter().map(Rows::from));
    }

    fn add(&mut self, tables: impl IntoIterator<Item = Rows<Key, Row>>) {
        for (i, theirs) in tables.into_iter().enumerate() {
            match self.tables.get_mut(i) {
                Some(ours) => ours.merge(theirs, Row::add),
                None => self.tables.push(theirs),
            }
        }
    }

    /// Gives new names to what the `choices` tell apart.
    pub(super) fn rename(&mut self, choices: &Grouping, to: &mut dyn Rename) {
        for (table, dimensions) in self.tables.iter_mut().zip(&choices.by) {
            *table = std::mem::take(table).rekeyed(
                |mut key| {
                    key.iter_mut().zip(dimensions).for_each(|(value, d)| value.rename(*d, to));
                    key
                },
                Row::add,
            );
        }
    }

    /// Adds what `other` counted of the same groups.
    pub(super) fn merge(&mut self, other: Self) {
        self.add(other.tables);
    }

    /// Tells each file that is remembered to `change`: files are numbered anew when summaries merge.
    pub(super) fn renumber(&mut self, change: &mut dyn FnMut(&mut FrameId)) {
        for table in &mut self.tables {
            let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
            for file in table.iter().flat_map(|(key, _)| key).filter_map(Value::file) {
                let mut frame = FrameId { file, number: 0 };
                change(&mut frame);
                numbers.insert(file, frame.file);
            }
            let renumbered = |mut key: Key| {
                key.iter_mut().for_each(|value| value.renumber(&numbers));
                key
            };
            *table = std::mem::take(table).rekeyed(renumbered, Row::add);
        }
    }

    /// The finished groups.
    pub(super) fn finish(&self, choices: &Grouping, input: &Input) -> Vec<Group> {
        self.tables.iter().zip(&choices.by).map(|(t, by)| finish(t, by, choices, input)).collect()
    }
}

fn finish(table: &Rows<Key, Row>, by: &[Dimension], choices: &Grouping, input: &Input) -> Group {
    let mut ends = BTreeMap::new();
    for (key, row) in table.iter() {
        for value in key {
            if let Value::Ends(a, b) = value {
                *ends.entry((*a, *b)).or_default() += row.value.weight();
            }
        }
    }
    let ours = ours(&ends);
    let name = |value: &Value| match value {
        Value::None => None,
        Value::Text(text) => Some(text.to_string()),
        Value::File(n) => input.files.get(*n as usize).map(|f| f.path.clone()),
        Value::Ends(a, b) => Some(peer(*a, *b, &ours).to_string()),
    };
    let mut rows: BTreeMap<Vec<Option<String>>, (Row, u64)> = BTreeMap::new();
    let mut all = table.other.clone();
    for (key, held) in table.iter() {
        all.add(held.value.clone());
        let (row, missed) = rows.entry(key.iter().map(name).collect()).or_default();
        row.add(held.value.clone());
        *missed += held.missed;
    }
    let keys = rows.len() as u64;
    let mut rows: Vec<_> = rows.into_iter().collect();
    let rank = |row: &Row| match choices.sort {
        Sort::Failures => (row.failed() as f64, row.weight()),
        Sort::Calls => (row.bids as f64, row.weight()),
        Sort::Share => (Ratio::new(row.failed(), row.judged()).value().unwrap_or(0.0), row.failed()),
    };
    rows.sort_by(|(a, (x, _)), (b, (y, _))| {
        let ((x, more), (y, less)) = (rank(x), rank(y));
        y.total_cmp(&x).then(less.cmp(&more)).then_with(|| a.cmp(b))
    });
    let mut other = table.other.clone();
    let rest = rows.split_off(choices.top.min(rows.len()));
    let some = table.floor > 0 || !rest.is_empty();
    rest.into_iter().for_each(|(_, (row, _))| other.add(row));
    Group {
        dimensions: by.to_vec(),
        rows: rows.into_iter().map(|(key, (row, missed))| row.finish(key, missed)).collect(),
        other: some.then(|| other.finish(Vec::new(), 0)),
        all: all.finish(Vec::new(), 0),
        keys,
        at_least: table.floor > 0,
    }
}

impl Row {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.responses += other.responses;
        self.finals += other.finals;
        self.failures += other.failures;
        add_counts(&mut self.codes, other.codes);
        self.attempts += other.attempts;
        add_counts(&mut self.outcomes, other.outcomes);
        self.bids += other.bids;
        self.answered += other.answered;
        add_counts(&mut self.bid_codes, other.bid_codes);
        self.silent += other.silent;
        self.resent += other.resent;
        self.pdd.merge(other.pdd);
    }

    /// Messages and bids.
    fn weight(&self) -> u64 {
        self.requests.messages() + self.responses.messages() + self.bids
    }

    /// What failed: responses, and bids without any.
    fn failed(&self) -> u64 {
        self.failures + self.silent
    }

    /// What could have failed.
    fn judged(&self) -> u64 {
        self.finals + self.silent
    }

    fn finish(&self, key: Vec<Option<String>>, missed: u64) -> GroupRow {
        GroupRow {
            key,
            requests: self.requests,
            responses: self.responses,
            finals: self.finals,
            failures: self.failures,
            codes: most_first(&self.codes),
            attempts: self.attempts,
            outcomes: self.outcomes.iter().map(|(o, n)| (*o, *n)).collect(),
            bids: self.bids,
            answered: self.answered,
            abr: Ratio::new(self.answered, self.bids),
            bid_codes: most_first(&self.bid_codes),
            silent: self.silent,
            resent: self.resent,
            pdd: self.pdd.stats(),
            missed,
        }
    }
}
