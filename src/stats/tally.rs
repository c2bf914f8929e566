//! Takes the facts as they come and adds them up.

mod figures;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::anomaly::{Anomalies, Anomaly};
use crate::call::{
    Attempt, Bye, Call, Detail, Flag, Observer, Outcome, RegisterOutcome, Registration, RequestOver, Session,
    Tried,
};
use crate::config::Sort;
use crate::fate::Fates;
use crate::flow::{Endpoint, FrameId, Origin, Transport};
use crate::pick::{Picker, Selection};
use crate::rename::Rename;
use crate::sip::{Message, StatusCode};
use crate::stats::admission::Admission;
use crate::stats::attempts::AttemptTally;
use crate::stats::b2bua::Crossings;
use crate::stats::choices::Choices;
use crate::stats::groups::Groups;
use crate::stats::histogram::Histogram;
use crate::stats::incidents::Incidents;
use crate::stats::messages::MessageTally;
use crate::stats::names::{Methods, Table};
use crate::stats::samples::Samples;
use crate::stats::serial::pairs;
use crate::stats::sessions::SessionTally;
use crate::stats::texts::TextTally;
use crate::stats::timeline::Times;
use crate::time::{Nanos, Timestamp};
use crate::transaction::{About, Bin, MethodKey, Names};

/// All that was counted so far.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    pub(super) choices: Choices,
    /// Frames by fate, filled by the pipeline.
    pub fates: Fates,
    /// Oddities of all stages.
    pub anomalies: Anomalies,
    pub(super) messages: MessageTally,
    pub(super) texts: TextTally,
    pub(super) attempts: AttemptTally,
    pub(super) sessions: SessionTally,
    pub(super) crossings: Crossings,
    #[serde(with = "pairs")]
    pub(super) reinvites: BTreeMap<Option<StatusCode>, u64>,
    pub(super) registers: RegisterTally,
    pub(super) silence: Table<(MethodKey, Endpoint), SilenceTally>,
    #[serde(with = "pairs")]
    pub(super) requests_over: BTreeMap<MethodKey, SilenceTally>,
    #[serde(with = "pairs")]
    pub(super) response_time: BTreeMap<usize, Histogram>,
    #[serde(with = "pairs")]
    pub(super) first_reply: BTreeMap<usize, Histogram>,
    pub(super) incidents: Incidents,
    pub(super) samples: Samples,
    pub(super) groups: Groups,
    pub(super) times: Times,
    pub(super) evicted: BTreeMap<Cow<'static, str>, u64>,
    pub(super) exact: bool,
    /// Calls that were selected; `None`: all.
    #[serde(skip)]
    pub only: Option<Arc<Selection>>,
    /// Picks out what is wished for; `None` if that is nothing.
    #[serde(skip)]
    pub picker: Option<Box<Picker>>,
    /// The names that the shard at work has admitted.
    #[serde(skip)]
    admission: Box<Admission>,
}

/// REGISTER attempts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterTally {
    #[serde(with = "pairs")]
    pub(super) outcomes: BTreeMap<RegisterOutcome, u64>,
    #[serde(with = "pairs")]
    pub(super) details: BTreeMap<(RegisterOutcome, Detail), u64>,
    #[serde(with = "pairs")]
    pub(super) codes: BTreeMap<StatusCode, u64>,
    pub(super) ineffective: u64,
    pub(super) rrd: Histogram,
}

/// Requests whose time is over.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SilenceTally {
    pub(super) unanswered: u64,
    pub(super) requests: u64,
    pub(super) retransmissions: u64,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(choices: Choices) -> Self {
        Self {
            groups: Groups::new(&choices.grouping),
            times: Times::new(choices.grouping.interval),
            choices,
            fates: Fates::default(),
            anomalies: Anomalies::default(),
            messages: MessageTally::default(),
            texts: TextTally::default(),
            attempts: AttemptTally::default(),
            sessions: SessionTally::default(),
            crossings: Crossings::default(),
            reinvites: BTreeMap::new(),
            registers: RegisterTally::default(),
            silence: Table::default(),
            requests_over: BTreeMap::new(),
            response_time: BTreeMap::new(),
            first_reply: BTreeMap::new(),
            incidents: Incidents::default(),
            samples: Samples::default(),
            evicted: BTreeMap::new(),
            exact: true,
            only: None,
            picker: None,
            admission: Box::default(),
        }
    }

    /// Counts what `work` tells, for a shard that has admitted `names`.
    #[inline]
    pub fn for_shard(&mut self, names: &mut Box<Admission>, work: impl FnOnce(&mut Self)) {
        std::mem::swap(&mut self.admission, names);
        work(self);
        std::mem::swap(&mut self.admission, names);
    }

    /// A shard is done with: takes what it kept to itself.
    pub fn close(&mut self, names: &Admission) {
        self.groups.take(names.groups.clone());
    }

    /// From now on it is told what was open where captures were cut, or no longer.
    pub(super) fn set_at_cut(&mut self, at_cut: bool) {
        self.incidents.set_at_cut(at_cut);
    }

    /// Adds what `other` counted of other shards of the same input.
    pub fn merge(&mut self, other: Self) {
        self.fates.merge(&other.fates);
        self.anomalies.merge(&other.anomalies);
        let here = self.messages.merge(&other.messages);
        self.texts.merge(other.texts);
        self.attempts.merge(other.attempts);
        self.sessions.merge(other.sessions);
        self.crossings.merge(other.crossings);
        add_counts(&mut self.reinvites, other.reinvites);
        self.registers.merge(other.registers);
        self.silence.merge(other.silence, SilenceTally::add);
        for (method, theirs) in other.requests_over {
            self.requests_over.entry(method).or_default().add(theirs);
        }
        let by_row = |rows: BTreeMap<usize, Histogram>| rows.into_iter().map(|(row, h)| (here(row), h));
        add_histograms(&mut self.response_time, by_row(other.response_time));
        add_histograms(&mut self.first_reply, by_row(other.first_reply));
        self.incidents.merge(other.incidents);
        self.samples.merge(other.samples);
        self.groups.merge(other.groups);
        self.times.merge(other.times);
        add_counts(&mut self.evicted, other.evicted);
        self.exact &= other.exact;
        match (&mut self.picker, other.picker) {
            (Some(ours), Some(theirs)) => ours.merge(*theirs),
            (ours, theirs) => *ours = ours.take().or(theirs),
        }
    }

    fn keeps(&self, attempt: &Attempt) -> bool {
        self.only.as_ref().is_none_or(|only| only.has_attempt(attempt.call, attempt.frame))
            && self.choices.keep(attempt)
    }

    /// The user's choices.
    pub fn choices(&self) -> &Choices {
        &self.choices
    }

    /// How many rows of groups are shown, and which come first.
    pub(super) fn show(&mut self, top: usize, sort: Sort) {
        (self.choices.grouping.top, self.choices.grouping.sort) = (top, sort);
    }

    /// Attempts taken as initial for want of evidence.
    pub(super) fn initial_assumed(&self) -> u64 {
        self.attempts.flagged(Flag::InitialAssumed)
    }

    /// Tells each frame that is remembered to `change`: files are numbered anew when summaries merge.
    pub(super) fn renumber(&mut self, change: &mut dyn FnMut(&mut FrameId)) {
        // No `..`: who adds a field says here whether it remembers frames.
        let Self {
            choices: _,
            fates: _,
            anomalies,
            messages: _,
            texts,
            attempts: _,
            sessions: _,
            crossings: _,
            reinvites: _,
            registers: _,
            silence: _,
            requests_over: _,
            response_time: _,
            first_reply: _,
            evicted: _,
            exact: _,
            incidents,
            samples,
            groups,
            times: _,
            only: _,
            picker: _,
            admission: _,
        } = self;
        incidents.renumber(change);
        groups.renumber(change);
        samples.renumber(change);
        anomalies.renumber(change);
        texts.renumber(change);
    }

    /// Gives new names to what names somebody; tells the new key of a method.
    pub(super) fn rename(&mut self, to: &mut dyn Rename) -> impl Fn(MethodKey) -> MethodKey + use<> {
        // No `..`: who adds a field says here whether it names somebody.
        let Self {
            choices,
            fates: _,
            anomalies: _,
            messages,
            texts,
            attempts,
            sessions: _,
            crossings,
            reinvites: _,
            registers: _,
            silence,
            requests_over,
            response_time: _,
            first_reply: _,
            evicted: _,
            exact: _,
            incidents,
            samples,
            groups,
            times: _,
            only: _,
            picker: _,
            admission: _,
        } = self;
        let method = messages.methods.rename(to);
        groups.rename(&choices.grouping, to);
        choices.rename(to);
        texts.rename(to);
        attempts.rename(to);
        crossings.rename(to);
        silence.rename(|(key, at)| (method(key), to.endpoint(at)), SilenceTally::add);
        *requests_over =
            std::mem::take(requests_over).into_iter().fold(BTreeMap::new(), |mut all, (key, more)| {
                all.entry(method(key)).or_insert_with(SilenceTally::default).add(more);
                all
            });
        incidents.rename(to);
        samples.rename(to);
        method
    }

    /// The same with rows of names in the order of the names, whatever the threads and the order of
    /// adding.
    pub(super) fn in_order(self) -> Self {
        let mut sorted = Self::new(self.choices.clone());
        sorted.messages.methods = self.messages.methods.in_order();
        sorted.merge(self);
        sorted
    }
}

impl Observer for Tally {
    fn anomaly(&mut self, kind: Anomaly, time: Timestamp, frame: FrameId) {
        self.anomalies.note(kind, time, frame);
    }

    fn message(&mut self, message: &Message<'_>, origin: &Origin, bin: Bin, alive: bool) {
        if let Some(picker) = &mut self.picker {
            picker.message(message, origin, bin);
        }
        let transport: Transport = origin.transport;
        if !self.groups.is_empty() {
            let rows = &mut self.admission.groups;
            self.groups.message(message, origin, bin, alive, (&self.choices.grouping, rows));
        }
        if self.times.are_wanted() {
            self.times.message(message, origin.stamp.time, bin, alive);
        }
        let Self { admission, .. } = self;
        self.messages.note(message, transport, bin, alive, &mut admission.methods);
        if bin == Bin::First {
            self.texts.note(message, origin, admission);
            if let Some(status) = message.status() {
                self.samples.response(status, message, origin);
            }
            let to_other = || message.cseq.as_ref().is_some_and(|c| c.method != crate::sip::Method::Invite);
            if message.status().is_some_and(|s| s.get() == 408) && to_other() {
                self.anomalies.note(Anomaly::NonInvite408, origin.stamp.shown, origin.frame);
            }
        }
    }

    fn first_reply(&mut self, method: MethodKey, delay: Nanos) {
        let row = self.row(method);
        self.first_reply.entry(row).or_default().record(delay);
    }

    fn response_time(&mut self, method: MethodKey, delay: Nanos) {
        let row = self.row(method);
        self.response_time.entry(row).or_default().record(delay);
    }

    fn inner(&mut self, method: MethodKey, status: StatusCode) {
        self.messages.inner(Methods::known(method, &self.admission.methods), status);
    }

    fn request_over(&mut self, request: &RequestOver) {
        let method = Methods::known(request.method, &self.admission.methods);
        let key = (method, request.destination);
        let admitted = self.admission.silence.admit(&key);
        let all = self.requests_over.entry(method).or_default();
        for row in [all, self.silence.row(key, admitted)] {
            row.requests += 1;
            if !request.answered {
                row.unanswered += 1;
                row.retransmissions += u64::from(request.resent);
            }
        }
    }

    fn wants_about(&self) -> bool {
        !self.groups.is_empty()
    }

    fn about(&mut self, about: &About, names: &Names) {
        self.groups.about(about, names);
    }

    fn tried(&mut self, tried: &Tried<'_>) {
        self.incidents.note(tried);
        self.times.tried(tried);
        if !self.groups.is_empty() {
            self.groups.tried(tried, (&self.choices.grouping, &mut self.admission.groups));
        }
    }

    fn attempt(&mut self, attempt: &Attempt) -> bool {
        self.crossings.note(attempt);
        let kept = self.keeps(attempt);
        self.incidents.attempt(kept.then_some(attempt.outcome));
        if kept {
            self.attempts.note(attempt, &mut self.admission.hops);
            self.samples.attempt(attempt);
            self.sessions.attempts.attempted(attempt.started);
            self.groups.attempt(attempt.outcome);
            self.times.attempt(attempt);
        }
        kept
    }

    fn wants_particulars(&self) -> bool {
        self.picker.as_ref().is_some_and(|p| p.wants_calls())
    }

    fn call(&mut self, call: Call) {
        if let Some(picker) = &mut self.picker {
            picker.call(call);
        }
    }

    fn reinvite(&mut self, status: Option<StatusCode>) {
        *self.reinvites.entry(status).or_default() += 1;
    }

    fn registration(&mut self, r: &Registration) {
        let t = &mut self.registers;
        *t.outcomes.entry(r.outcome).or_default() += 1;
        if let Some(detail) = r.detail {
            *t.details.entry((r.outcome, detail)).or_default() += 1;
        }
        let failed = r.status.filter(|s| s.class() >= 3 && r.outcome != RegisterOutcome::Pending);
        if let Some(status) = failed {
            *t.codes.entry(status).or_default() += 1;
        }
        // RFC 6076 4.2: 4xx but 401, 402, 407; 5xx; 6xx; Timer F.
        let ineffective = failed.is_some_and(|s| s.class() >= 4 && !matches!(s.get(), 401 | 402 | 407));
        t.ineffective += u64::from(ineffective || r.outcome == RegisterOutcome::TimedOut);
        if let Some(rrd) = r.rrd {
            t.rrd.record(rrd);
        }
    }

    fn answered(&mut self, at: Timestamp) {
        self.sessions.answered(at);
        self.times.answered(at);
    }

    fn session(&mut self, session: &Session) {
        self.times.session(session);
        self.sessions.session(session, self.choices.short_call, &mut self.admission.releases);
    }

    fn bye(&mut self, bye: &Bye) {
        self.sessions.bye(bye);
    }

    fn evicted(&mut self, table: &str, count: u64, matters: bool) {
        match self.evicted.get_mut(table) {
            Some(all) => *all += count,
            None => {
                self.evicted.insert(table.to_owned().into(), count);
            }
        }
        self.exact &= !matters;
    }
}

/// Adds the counts of `more` by key.
pub(super) fn add_counts<K: Ord>(to: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    for (key, count) in more {
        *to.entry(key).or_default() += count;
    }
}

/// Adds the samples of `more` by key.
pub(super) fn add_histograms<K: Ord>(
    to: &mut BTreeMap<K, Histogram>,
    more: impl IntoIterator<Item = (K, Histogram)>,
) {
    for (key, samples) in more {
        to.entry(key).or_default().merge(samples);
    }
}

impl SilenceTally {
    /// Without what a row of its own tells. A saved summary may claim that the rows are more than all.
    pub(super) fn take(&mut self, row: &Self) {
        self.unanswered = self.unanswered.saturating_sub(row.unanswered);
        self.requests = self.requests.saturating_sub(row.requests);
        self.retransmissions = self.retransmissions.saturating_sub(row.retransmissions);
    }

    fn add(&mut self, other: Self) {
        self.unanswered += other.unanswered;
        self.requests += other.requests;
        self.retransmissions += other.retransmissions;
    }
}

impl RegisterTally {
    fn merge(&mut self, other: Self) {
        add_counts(&mut self.outcomes, other.outcomes);
        add_counts(&mut self.details, other.details);
        add_counts(&mut self.codes, other.codes);
        self.ineffective += other.ineffective;
        self.rrd.merge(other.rrd);
    }
}

impl Tally {
    /// The row of `method`, or the one of all that the shard at work did not admit.
    fn row(&self, method: MethodKey) -> usize {
        self.messages.methods.row(Methods::known(method, &self.admission.methods))
    }

    pub(super) fn decided(&self) -> u64 {
        self.attempts.attempts().saturating_sub(self.attempts.count(Outcome::Pending))
    }
}
