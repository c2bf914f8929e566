//! Joins the data chunks of SCTP packets (RFC 9260) into user messages; one is one SIP message
//! (RFC 4168).
//!
//! In: the chunks of packets, in the order of capture. Out: whole user messages in the order in
//! which they become complete; that of their streams is not restored, since requests and responses
//! may overtake one another anyway. Chunks captured or sent twice are told by their number (TSN)
//! and left out. A fragment whose neighbours don't come within [`FRAGMENT_AGE`] is given as a cut
//! message if it is the first, else dropped; both are counted (`sctp_incomplete`).
//!
//! Directions are known by addresses and ports. A chunk that is sent again on another path of a
//! multi-homed association is not recognised as a repetition here, but by the message it carries.

mod chunk;
mod direction;

use self::chunk::{Chunk, Chunks};
use self::direction::Direction;
use super::table::{Class, FlowKey, Table};
use crate::anomaly::{Anomalies, Anomaly};
use crate::flow::Origin;
use crate::time::{Nanos, Timestamp};

/// Directions known at a time. Beyond that the one used least recently is forgotten, of those
/// without fragments first.
pub const MAX_DIRECTIONS: usize = 16_384;
/// Bytes of fragments that wait, per direction.
pub const MAX_HELD: usize = 256 << 10;
/// Runs of neighbouring fragments that wait, per direction.
pub const MAX_RUNS: usize = 32;
/// Bytes of fragments that wait in all directions.
pub const MAX_HELD_TOTAL: usize = 16 << 20;
/// How long a fragment waits for its neighbours.
pub const FRAGMENT_AGE: Nanos = Nanos::from_secs(30);

/// A user message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Payload protocol identifier as sent: 0 for SIP (RFC 4168 5.1), though some send others.
    pub protocol: u32,
    /// The user's bytes.
    pub bytes: &'a [u8],
    /// There was more of it that was not captured.
    pub cut: bool,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Messages that it completed.
    pub messages: u32,
    /// Fragments of it that wait.
    pub held: u32,
    /// Chunks of it that were here before.
    pub repeated: u32,
}

/// All directions.
#[derive(Debug, Default)]
pub struct Sctp {
    table: Table<FlowKey, Direction>,
    held: usize,
}

/// Where messages go, and what they are reported with.
struct Out<'a, F> {
    now: Timestamp,
    notes: &'a mut Anomalies,
    sink: &'a mut F,
}

impl Sctp {
    /// Takes the chunks of one packet (all that follows the common header); `cut` if the packet
    /// was not captured to its end. Each message goes to `sink` with the origin of the frame that
    /// completed it.
    pub fn push(
        &mut self,
        from: &Origin,
        chunks: &[u8],
        cut: bool,
        notes: &mut Anomalies,
        sink: &mut impl FnMut(&Origin, Message<'_>),
    ) -> Pushed {
        let now = from.stamp.now;
        let mut out = Out { now, notes, sink };
        self.advance_to(now, &mut out);
        let mut pushed = Pushed::default();
        let mut slot = self.table.find(&FlowKey(from.flow));
        for chunk in Chunks::new(chunks, cut) {
            let Some(chunk) = chunk else {
                out.notes.note(Anomaly::BadHeader, from.stamp.time, from.frame);
                break;
            };
            if slot.is_none() {
                self.make_room(&mut out);
                slot = Some(self.table.insert(FlowKey(from.flow), Direction::default()));
            }
            let Some((_, direction)) = slot.and_then(|slot| self.table.get_mut(slot)) else { break };
            match chunk {
                Chunk::Init { first } => direction.init(first, &mut out),
                Chunk::Data(data) => direction.data(&data, from, &mut pushed, &mut out),
            }
        }
        if let Some(slot) = slot {
            self.settle(slot);
        }
        while self.held > MAX_HELD_TOTAL
            && let Some(slot) = self.table.oldest(Class::Holding)
        {
            self.drop_fragments(slot, &mut out);
        }
        pushed
    }

    /// Whether no fragment waits: [`Sctp::advance`] has nothing to do, whatever the time.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.table.oldest(Class::Holding).is_none()
    }

    /// Gives up fragments of directions that have been silent for [`FRAGMENT_AGE`].
    /// [`Sctp::push`] does it too.
    pub fn advance(
        &mut self,
        now: Timestamp,
        notes: &mut Anomalies,
        sink: &mut impl FnMut(&Origin, Message<'_>),
    ) {
        self.advance_to(now, &mut Out { now, notes, sink });
    }

    /// Gives up all fragments and forgets everything.
    pub fn finish(
        &mut self,
        now: Timestamp,
        notes: &mut Anomalies,
        sink: &mut impl FnMut(&Origin, Message<'_>),
    ) {
        while let Some(slot) = self.table.oldest(Class::Holding) {
            self.drop_fragments(slot, &mut Out { now, notes, sink });
        }
        *self = Self::default();
    }

    /// Bytes of fragments that wait now, at most [`MAX_HELD_TOTAL`].
    pub fn held(&self) -> usize {
        self.held
    }

    fn advance_to<F: FnMut(&Origin, Message<'_>)>(&mut self, now: Timestamp, out: &mut Out<'_, F>) {
        while let Some(slot) = self.table.oldest(Class::Holding)
            && self.table.get(slot).is_some_and(|(_, direction)| direction.last + FRAGMENT_AGE <= now)
        {
            self.drop_fragments(slot, out);
        }
    }

    fn make_room<F: FnMut(&Origin, Message<'_>)>(&mut self, out: &mut Out<'_, F>) {
        while self.table.len() >= MAX_DIRECTIONS
            && let Some(slot) = self.table.oldest(Class::Idle).or_else(|| self.table.oldest(Class::Holding))
        {
            self.drop_fragments(slot, out);
            self.table.remove(slot);
        }
    }

    /// Gives up the fragments of one direction, which stays.
    fn drop_fragments<F: FnMut(&Origin, Message<'_>)>(&mut self, slot: u32, out: &mut Out<'_, F>) {
        if let Some((_, direction)) = self.table.get_mut(slot) {
            direction.give_up(out);
        }
        self.settle(slot);
    }

    /// Brings the sum and the order of use up to date.
    fn settle(&mut self, slot: u32) {
        let Some((_, direction)) = self.table.get_mut(slot) else { return };
        let held = direction.memory();
        self.held = self.held - direction.counted + held;
        direction.counted = held;
        self.table.touch(slot, if held > 0 { Class::Holding } else { Class::Idle });
    }
}

#[cfg(test)]
mod tests;
