//! Lets a tally hear of messages alone, and of those that are wanted.
//!
//! In: what an observer hears. Out: messages, and what was lost for lack of room. Where single messages
//! or transactions are selected, calls are judged as in the whole capture, so that each message falls in
//! the bin that it has there; but figures on calls would be of calls that nobody selected, and are
//! left out. How long answers took is told of transactions: both ends of it are there.

use crate::anomaly::Anomaly;
use crate::call::{Attempt, Bye, Observer, Registration, RequestOver, Session, Tried};
use crate::flow::{FrameId, Origin};
use crate::sip::{Message, StatusCode};
use crate::stats::tally::Tally;
use crate::time::{Nanos, Timestamp};
use crate::transaction::{About, Bin, MethodKey, Names};

/// A tally that hears of messages only.
pub struct MessagesOnly<'a> {
    /// Who counts.
    pub tally: &'a mut Tally,
    /// Whether the message at work is wanted.
    pub wanted: bool,
    /// Its transaction is wanted with it: how long an answer took is of both.
    pub transactions: bool,
}

impl Observer for MessagesOnly<'_> {
    fn anomaly(&mut self, kind: Anomaly, time: Timestamp, frame: FrameId) {
        if self.wanted {
            self.tally.anomaly(kind, time, frame);
        }
    }

    fn message(&mut self, message: &Message<'_>, origin: &Origin, bin: Bin, alive: bool) {
        if self.wanted {
            self.tally.message(message, origin, bin, alive);
        }
    }

    fn wants_about(&self) -> bool {
        self.wanted && self.tally.wants_about()
    }

    fn about(&mut self, about: &About, names: &Names) {
        self.tally.about(about, names);
    }

    fn evicted(&mut self, table: &str, count: u64, matters: bool) {
        self.tally.evicted(table, count, matters);
    }

    fn attempt(&mut self, _: &Attempt) -> bool {
        false
    }

    fn first_reply(&mut self, method: MethodKey, delay: Nanos) {
        if self.wanted && self.transactions {
            self.tally.first_reply(method, delay);
        }
    }

    fn response_time(&mut self, method: MethodKey, delay: Nanos) {
        if self.wanted && self.transactions {
            self.tally.response_time(method, delay);
        }
    }

    fn inner(&mut self, _: MethodKey, _: StatusCode) {}
    fn request_over(&mut self, _: &RequestOver) {}
    fn tried(&mut self, _: &Tried<'_>) {}
    fn reinvite(&mut self, _: Option<StatusCode>) {}
    fn registration(&mut self, _: &Registration) {}
    fn answered(&mut self, _: Timestamp) {}
    fn session(&mut self, _: &Session) {}
    fn bye(&mut self, _: &Bye) {}
}
