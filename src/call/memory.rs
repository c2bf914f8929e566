//! What is remembered across Call-IDs of a shard: tombstones, and who tags its 100s.
//!
//! A tombstone stands for a transaction that is over: a late copy of one of its messages opens
//! nothing. It holds ten minutes; the oldest give way when there are too many.
//! What a late message is, is decided here too.

use std::collections::HashSet;
use std::net::IpAddr;

use crate::flow::Origin;
use crate::hash::Secret;
use crate::sip::Message;
use crate::time::{Nanos, Timestamp};
use crate::transaction::{Bin, CallKey, Exchange, Leg, MethodKey, Names, QUIET, TIMER_B};

use super::graves::Graves;

/// Addresses remembered that put a To tag into the 100 of an initial INVITE.
const MAX_TAGGERS: usize = 1024;

/// A transaction that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// Its last message.
    pub at: Timestamp,
    /// Its final code, 0 if it had none.
    pub code: u16,
    /// The last code that came after it was over and counted, 0 for none.
    pub late_code: u16,
    /// Bits of the taps that saw it; see `Tap::bit`.
    pub taps: u16,
    /// An ACK was seen.
    pub acked: bool,
    /// Its last message was a response.
    pub replied: bool,
}

/// What a message on a T-key that is over is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// The same again, or a copy from another tap.
    Copy(Bin),
    /// A final of another code, or any response where there was no final: it counts, but decides
    /// nothing.
    OtherCode,
    /// An ACK that was not seen before.
    FirstAck,
    /// The identifiers begin something new (rule 0).
    Begins,
}

impl Tombstone {
    /// The tombstone of leg number `l` of `x`.
    pub(super) fn of(x: &Exchange, l: usize, leg: &Leg) -> Self {
        Self {
            at: leg.last,
            code: leg.code().unwrap_or(0),
            late_code: 0,
            taps: x.taps(l),
            acked: leg.acked.is_some(),
            replied: leg.ended.is_some_and(|f| f.at >= leg.last),
        }
    }

    /// What `message` is; notes it. Only a tap that saw the transaction can tell that its
    /// identifiers begin something new: a copy from another tap is a capture duplicate, however
    /// late, and so is what follows a message of its kind within `window`.
    pub(super) fn late(&mut self, message: &Message<'_>, origin: &Origin, window: Nanos) -> Late {
        let time = origin.stamp.time;
        if self.taps & origin.tap.bit() == 0 {
            return Late::Copy(Bin::CaptureDuplicate);
        }
        let quiet = time - self.at;
        let method = message.request_method().map(MethodKey::of);
        let late = match (method, message.status()) {
            (Some(MethodKey::ACK), _) if !self.acked => {
                self.acked = true;
                Late::FirstAck
            }
            (Some(MethodKey::INVITE), _) if self.acked => Late::Begins,
            (Some(method), _) if method != MethodKey::ACK && self.code == 0 && quiet >= TIMER_B => {
                Late::Begins
            }
            (Some(method), _) if method != MethodKey::ACK && self.code != 0 && quiet > QUIET => Late::Begins,
            (_, Some(s))
                if (s.is_final() || self.code == 0) && ![self.code, self.late_code].contains(&s.get()) =>
            {
                self.late_code = s.get();
                Late::OtherCode
            }
            _ if self.replied == message.status().is_some() && quiet <= window => {
                Late::Copy(Bin::CaptureDuplicate)
            }
            _ => Late::Copy(Bin::Retransmission),
        };
        // Without a final, rule (c) counts from the request, however often that is repeated.
        let replies = message.status().is_some();
        if self.code != 0 || replies {
            (self.at, self.replied) = (self.at.max(time), replies);
        }
        late
    }
}

/// One shard's memory.
#[derive(Debug, Default)]
pub struct Memory {
    /// Nothing comes any more: nothing is buried.
    closed: bool,
    graves: Graves,
    taggers: HashSet<IpAddr, Secret>,
    /// Products and domains of requests.
    pub(super) names: Names,
}

impl Memory {
    /// A memory of at most `capacity` tombstones.
    pub fn new(capacity: usize) -> Self {
        Self { graves: Graves::new(capacity), ..Self::default() }
    }

    /// One that knows the same addresses and names, and buries nothing.
    #[must_use]
    pub fn witness(&self) -> Self {
        Self { taggers: self.taggers.clone(), names: self.names.clone(), closed: true, ..Self::default() }
    }

    /// Reads or changes the tombstone of a T-key, if it still stands at `time`.
    pub(super) fn visit<R>(
        &mut self,
        call: CallKey,
        transaction: u64,
        time: Timestamp,
        visit: impl FnOnce(&mut Tombstone) -> R,
    ) -> Option<R> {
        self.graves.visit(name(call, transaction), time, visit)
    }

    /// Its identifiers have begun something new.
    pub fn forget(&mut self, call: CallKey, transaction: u64) {
        self.graves.remove(name(call, transaction));
    }

    /// Remembers a T-key that is over; `true` if another had to give way before its time.
    pub fn bury(&mut self, call: CallKey, transaction: u64, tomb: Tombstone) -> bool {
        if self.closed {
            return false;
        }
        self.graves.bury(name(call, transaction), tomb)
    }

    /// `ip` put a To tag into the 100 of an initial INVITE (RFC 3261 8.2.6.2 allows it).
    pub fn note_tagger(&mut self, ip: IpAddr) {
        if self.taggers.len() < MAX_TAGGERS {
            self.taggers.insert(ip);
        }
    }

    /// Whether `ip` is known to do so.
    pub fn is_tagger(&self, ip: IpAddr) -> bool {
        self.taggers.contains(&ip)
    }
}

fn name(call: CallKey, transaction: u64) -> u64 {
    (call as u64) ^ transaction.rotate_left(17)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tomb(s: i64) -> Tombstone {
        let at = Timestamp::from_nanos(s * 1_000_000_000);
        Tombstone { at, code: 200, late_code: 0, taps: 1, acked: false, replied: false }
    }

    fn stands(m: &mut Memory, transaction: u64, s: i64) -> bool {
        m.visit(u128::from(transaction), transaction, tomb(s).at, |_| ()).is_some()
    }

    #[test]
    fn tombstones_rest_ten_minutes() {
        let mut m = Memory::new(100);
        assert!(!m.bury(1, 1, tomb(0)));
        assert!(!m.bury(2, 2, tomb(600)));
        assert!(stands(&mut m, 1, 600) && !stands(&mut m, 1, 601), "whoever else is buried");
        assert!(!m.bury(3, 3, tomb(601)));
        assert!(!stands(&mut m, 1, 600));
    }

    #[test]
    fn the_oldest_tombstone_gives_way_and_is_counted() {
        let mut m = Memory::new(2);
        assert!(!m.bury(1, 1, tomb(0)));
        assert!(!m.bury(2, 2, tomb(1)));
        assert!(m.bury(3, 3, tomb(2)));
        assert!(!stands(&mut m, 1, 2) && stands(&mut m, 2, 2) && stands(&mut m, 3, 2));
    }
}
