//! What is done with a message once its shard is known.
//!
//! In: messages, each with its shard. Out: a [`Tally`]. One [`Counting`] holds all shards, or each
//! of several holds its share of them: the same is counted either way.

use std::sync::Arc;

use crate::anomaly::Anomaly;
use crate::config::Config;
use crate::flow::Origin;
use crate::pick::{Condition, Harvest, Picker, Select, Selection, Wish};
use crate::shard::{Limits, SHARDS, Shard};
use crate::sip::{Message, Oddity};
use crate::stats::{Admission, Choices, MessagesOnly, Open, Recorder, Tally};
use crate::time::Timestamp;

/// Shards, and what they told.
pub(super) struct Counting {
    /// Shard number `n` is the `n / parts`th.
    shards: Vec<(Shard, Box<Admission>)>,
    parts: usize,
    part: usize,
    tally: Tally,
    /// The calls that count; `None`: all.
    only: Option<Arc<Selection>>,
}

impl Counting {
    /// Part number `part` of `parts`.
    pub(super) fn new(config: &Config, limits: Limits, part: usize, parts: usize) -> Self {
        let shard = |_| (Shard::new(limits, config.duplicate_window), Box::default());
        let mut tally = empty_tally(config);
        tally.only = config.only.clone();
        tally.picker = (config.pick != Wish::default())
            .then(|| Box::new(Picker::new(config.pick.clone(), config.condition.clone())));
        Self {
            shards: (part..SHARDS).step_by(parts).map(shard).collect(),
            parts,
            part,
            tally,
            only: config.only.clone(),
        }
    }

    /// Counts `message`, which falls to shard `number`.
    pub(super) fn message(&mut self, number: usize, message: &Message<'_>, origin: &Origin) {
        let wanted = self.only.as_ref().is_none_or(|only| only.has_message(message, origin));
        let select = self.only.as_ref().map_or(Select::Calls, |only| only.select());
        let (judges_all, transactions) = (select != Select::Calls, select == Select::Transactions);
        if !wanted && !judges_all {
            return;
        }
        if wanted && !message.oddities.is_empty() {
            for oddity in message.oddities.iter() {
                self.tally.anomalies.note(anomaly(oddity), origin.stamp.shown, origin.frame);
            }
        }
        if let Some((shard, names)) = self.shards.get_mut(number / self.parts) {
            self.tally.for_shard(names, |tally| match judges_all {
                false => shard.message(message, origin, tally),
                true => shard.message(message, origin, &mut MessagesOnly { tally, wanted, transactions }),
            });
        }
    }

    /// An ICMP error quoted `message`, a request.
    pub(super) fn unreachable(&mut self, number: usize, message: &Message<'_>) {
        if let Some((shard, _)) = self.shards.get_mut(number / self.parts) {
            shard.unreachable(message);
        }
    }

    /// Lets go what is over at `now`, and gives what was picked since the last time.
    pub(super) fn tick(&mut self, now: Timestamp) -> Harvest {
        for (shard, names) in &mut self.shards {
            self.tally.for_shard(names, |tally| shard.sweep(now, tally));
        }
        self.tally.picker.as_mut().map(|p| p.harvest()).unwrap_or_default()
    }

    /// What was counted so far: without what is still open; if it is to be `brief`, only
    /// [figures](Tally::figures).
    pub(super) fn so_far(&self, brief: bool) -> Tally {
        if brief {
            return self.tally.figures();
        }
        let mut tally = self.tally.clone();
        self.shards.iter().for_each(|(_, names)| tally.close(names));
        tally
    }

    /// The capture ended at `end`: all that was counted, and apart from it what may be told otherwise
    /// when the capture goes on, if it is to be `kept` open.
    pub(super) fn finish(self, end: Timestamp, kept: bool) -> (Tally, Vec<Open>) {
        let Self { shards, parts, part, mut tally, only } = self;
        let choices = tally.choices().clone();
        let mut open = Vec::new();
        for ((mut shard, mut names), number) in shards.into_iter().zip((part..).step_by(parts)) {
            tally.for_shard(&mut names, |tally| {
                if only.as_ref().is_some_and(|only| only.select() != Select::Calls) {
                    return shard
                        .finish(end, &mut MessagesOnly { tally, wanted: false, transactions: false });
                }
                if !kept {
                    return shard.finish(end, tally);
                }
                shard.leave(end, tally, |fork, tally| {
                    let at = |clock, recorder: &mut Recorder<'_>| fork.at(clock, recorder);
                    open.extend(Open::of(number, end, fork.turns(), &choices, at, tally));
                });
            });
            tally.close(&names);
        }
        (tally, open)
    }
}

/// Nothing counted yet.
pub(super) fn empty_tally(config: &Config) -> Tally {
    Tally::new(Choices {
        short_call: config.short_call,
        host_sides: config.host_sides.clone(),
        condition: config.only.as_ref().and(config.condition.as_ref()).map(Condition::options),
        messages_only: config.only.as_ref().is_some_and(|only| only.select() != Select::Calls),
        grouping: config.grouping.clone(),
    })
}

fn anomaly(oddity: Oddity) -> Anomaly {
    match oddity {
        Oddity::LenientLine => Anomaly::LenientLine,
        Oddity::LeadingBytes => Anomaly::LeadingBytes,
        Oddity::BareCr => Anomaly::BareCr,
        Oddity::BareStatusLine => Anomaly::BareStatusLine,
        Oddity::BadHeaderLine => Anomaly::BadHeaderLine,
        Oddity::DupHeader => Anomaly::DupHeader,
        Oddity::BadCseq => Anomaly::BadCseq,
        Oddity::OddMethodCase => Anomaly::OddMethodCase,
        Oddity::MethodMismatch => Anomaly::MethodMismatch,
        Oddity::ResponseToAck => Anomaly::ResponseToAck,
        Oddity::ShortBody => Anomaly::ShortBody,
        Oddity::BadContentLength => Anomaly::BadContentLength,
        Oddity::NoContentLength => Anomaly::NoContentLength,
        Oddity::TooManyHeaders => Anomaly::TooManyHeaders,
        Oddity::TooLong => Anomaly::TooLong,
        Oddity::Truncated => Anomaly::Truncated,
    }
}
