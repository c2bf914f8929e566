//! Puts the segments of TCP connections back into streams.
//!
//! In: segments in the order of capture, of any number of connections. Out: for each direction a
//! [`Piece`] at a time: its start, its bytes in order and once each, what was not captured of it,
//! and its end. Bytes borrow from the packet unless they came before their turn. Each direction
//! carries the state of whoever reads it, a [`Consumer`], about which nothing else is known here.
//!
//! Rules:
//! * Of two copies of a byte the first to arrive counts, whatever the second says; so the copies
//!   of a mirror port, keep-alive probes and retransmissions vanish here.
//! * Without a SYN a direction starts at the first payload seen. Segments that turn up later
//!   although they lie before it are dropped and counted (`stream_reordered`): waiting for them
//!   would delay and copy the start of every such stream, for the sake of frames that the capture
//!   mixed up within its first milliseconds.
//! * Bytes behind a hole wait. The hole is given up, and the reader told how long it is, when the
//!   other side has acknowledged it for [`ACKED_AGE`], after [`HOLE_AGE`], when more than
//!   [`MAX_HELD_BYTES`] or [`MAX_HELD_SEGMENTS`] wait, and at the end. What waited keeps the time
//!   of its own frame; what waited for a hole that was filled has the time of the frame that
//!   filled it.
//! * A SYN with a number of its own, or a segment too far from what is expected, is another
//!   connection between the same ports: the old one ends, a new one starts.
//! * RST ends both directions, FIN its own. Bytes that come even so start the direction again: a
//!   forged RST costs a message at most.
//!
//! Connections are found by addresses and ports alone, so one that was captured half by one
//! interface and half by another is whole. Where a firewall rewrites sequence numbers and was
//! captured on both sides, the two views disturb one another.

mod direction;
mod held;

use std::collections::BTreeSet;

pub use self::direction::{ACKED_AGE, HOLE_AGE};
use self::direction::{Direction, Out};
use super::table::{Class, FlowKey, Table};
use crate::anomaly::{Anomalies, Anomaly};
use crate::decode::TcpInfo;
use crate::flow::{Flow, FrameId, Origin, Tap, Transport};
use crate::time::{Stamp, Timestamp};

/// Connections known at a time. Beyond that the one that was used least recently is forgotten, of
/// those that hold nothing first.
pub const MAX_CONNECTIONS: usize = 32_768;
/// Payload bytes that wait behind a hole, per direction.
pub const MAX_HELD_BYTES: usize = 256 << 10;
/// Segments that wait behind a hole, per direction.
pub const MAX_HELD_SEGMENTS: usize = 64;
/// Bytes that all directions and their consumers hold together. Beyond that the connection that
/// was used least recently is dropped, of those that hold something.
pub const MAX_HELD_TOTAL: usize = 32 << 20;

/// Reads one direction.
pub trait Consumer: Default {
    /// Bytes of memory it holds; 0 only if forgetting its state now would lose nothing, as at a
    /// message boundary.
    fn held(&self) -> usize;

    /// Whether it still looks for something in this direction. If not, bytes still come in order,
    /// but nothing waits for a hole to be filled, and oddities are not counted.
    fn interested(&self) -> bool {
        true
    }
}

/// What a consumer gets.
///
/// The [`Origin`] beside it names the direction, and for bytes the frame that brought them (see
/// the module's rules); for [`Piece::Gap`] and [`Piece::End`] that of the bytes before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// The direction begins; its consumer is new.
    Start {
        /// The SYN was not captured: the first bytes may lie anywhere in a message.
        midstream: bool,
    },
    /// The next bytes.
    Bytes(&'a [u8]),
    /// So many bytes were not captured. At least 1.
    Gap(u64),
    /// Nothing more comes. The consumer is dropped afterwards.
    End(End),
}

/// Why a direction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// FIN: all of it was seen.
    Fin,
    /// RST.
    Reset,
    /// Another connection uses its ports.
    Replaced,
    /// No room (see [`MAX_CONNECTIONS`], [`MAX_HELD_TOTAL`]).
    Evicted,
    /// The input ends.
    Input,
}

/// What became of a segment's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// There is none.
    Control,
    /// Some of it was new, and delivered.
    Delivered,
    /// It waits behind a hole.
    Held,
    /// It was here before.
    Repeated,
    /// It came after its place was given up, or lies before the start: dropped.
    Late,
}

/// All connections.
#[derive(Debug)]
pub struct Streams<S> {
    table: Table<FlowKey, Connection<S>>,
    /// Open holes by the time at which they are given up: slot and side.
    holes: BTreeSet<(Timestamp, u32, usize)>,
    held: usize,
    born: u64,
}

/// Both directions between two endpoints; first the one whose source is the lesser endpoint.
#[derive(Debug)]
struct Connection<S> {
    sides: [Option<Direction<S>>; 2],
    /// Memory of both sides, as counted in the total.
    held: usize,
    /// Connections made before it.
    born: u64,
}

/// An [`Origin`] without what all segments of a direction share.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    stamp: Stamp,
    frame: FrameId,
    tap: Tap,
    ip_id: u16,
}

impl<S: Consumer> Default for Streams<S> {
    fn default() -> Self {
        Self { table: Table::default(), holes: BTreeSet::new(), held: 0, born: 0 }
    }
}

impl<S: Consumer> Streams<S> {
    /// Takes a segment; `from` is its own origin. What becomes deliverable goes to `sink`.
    pub fn push(
        &mut self,
        from: &Origin,
        tcp: &TcpInfo,
        payload: &[u8],
        notes: &mut Anomalies,
        sink: &mut impl FnMut(&mut S, &Origin, Piece<'_>),
    ) -> Pushed {
        self.advance(from.stamp.now, notes, sink);
        let (key, side) = canonical(from.flow);
        // What an RST carries explains it, and is no part of the stream (RFC 9293 3.5.3).
        let brings = !tcp.rst && (tcp.syn || !payload.is_empty() || tcp.missing > 0);
        let slot = match self.table.find(&key) {
            Some(slot) => slot,
            None if brings => self.open(key, from, notes, sink),
            None => return Pushed::Control,
        };
        let Some((_, connection)) = self.table.get_mut(slot) else { return Pushed::Control };
        let mut out = Out { flow: from.flow, now: from.stamp.now, notes, sink };
        let pushed = connection.segment(side, tcp, payload, Mark::of(from), &mut out);
        self.settle(slot, from.stamp.now, notes, sink);
        while self.held > MAX_HELD_TOTAL
            && let Some(slot) = self.table.oldest(Class::Holding)
        {
            self.evict(slot, from, notes, sink);
        }
        pushed
    }

    /// Whether no hole is open: [`Streams::advance`] has nothing to do, whatever the time.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.holes.is_empty()
    }

    /// Gives up the holes whose time has come. [`Streams::push`] does it too; call it where TCP
    /// may stay silent while the capture's clock goes on.
    pub fn advance(
        &mut self,
        now: Timestamp,
        notes: &mut Anomalies,
        sink: &mut impl FnMut(&mut S, &Origin, Piece<'_>),
    ) {
        while self.holes.first().is_some_and(|&(due, ..)| due <= now)
            && let Some((_, slot, _)) = self.holes.pop_first()
        {
            self.settle(slot, now, notes, sink);
        }
    }

    /// Ends all directions, in the order in which their connections appeared, and forgets them.
    pub fn finish(
        &mut self,
        now: Timestamp,
        notes: &mut Anomalies,
        sink: &mut impl FnMut(&mut S, &Origin, Piece<'_>),
    ) {
        let born = |&slot: &u32| self.table.get(slot).map(|(_, connection)| connection.born);
        let mut slots: Vec<u32> = self.table.slots().collect();
        slots.sort_by_key(born);
        for slot in slots {
            self.close(slot, End::Input, now, notes, sink);
        }
    }

    /// The consumer of `flow`; `None` if that direction is not known.
    pub fn consumer(&self, flow: Flow) -> Option<&S> {
        let (key, side) = canonical(flow);
        let (_, connection) = self.table.get(self.table.find(&key)?)?;
        Some(&connection.sides[side].as_ref()?.consumer)
    }

    /// Bytes of payload and consumers that are held now, at most [`MAX_HELD_TOTAL`].
    pub fn held(&self) -> usize {
        self.held
    }

    /// Connections known now, at most [`MAX_CONNECTIONS`].
    pub fn connections(&self) -> usize {
        self.table.len()
    }

    /// Makes room for a connection, and it.
    fn open<F>(&mut self, key: FlowKey, from: &Origin, notes: &mut Anomalies, sink: &mut F) -> u32
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        while self.table.len() >= MAX_CONNECTIONS
            && let Some(slot) = self.table.oldest(Class::Idle).or_else(|| self.table.oldest(Class::Holding))
        {
            self.evict(slot, from, notes, sink);
        }
        self.born += 1;
        self.table.insert(key, Connection { sides: [None, None], held: 0, born: self.born })
    }

    fn evict<F>(&mut self, slot: u32, from: &Origin, notes: &mut Anomalies, sink: &mut F)
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        if self.table.get(slot).is_some_and(|(_, connection)| connection.held > 0) {
            notes.note(Anomaly::StreamEvicted, from.stamp.time, from.frame);
        }
        self.close(slot, End::Evicted, from.stamp.now, notes, sink);
    }

    fn close<F>(&mut self, slot: u32, why: End, now: Timestamp, notes: &mut Anomalies, sink: &mut F)
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        let Some((key, connection)) = self.table.remove(slot) else { return };
        self.held -= connection.held;
        for (side, direction) in connection.sides.into_iter().enumerate() {
            let Some(mut direction) = direction else { continue };
            if let Some(due) = direction.queued {
                self.holes.remove(&(due, slot, side));
            }
            direction.end(why, &mut Out { flow: facing(key, side), now, notes, sink });
        }
    }

    /// Gives up what is due in a connection, and brings deadlines, sums and order up to date.
    fn settle<F>(&mut self, slot: u32, now: Timestamp, notes: &mut Anomalies, sink: &mut F)
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        let Some((key, connection)) = self.table.get_mut(slot) else { return };
        let mut held = 0;
        for (side, direction) in connection.sides.iter_mut().enumerate() {
            let Some(direction) = direction else { continue };
            direction.settle(&mut Out { flow: facing(key, side), now, notes, sink });
            held += direction.memory();
            let due = direction.deadline();
            if due != direction.queued {
                if let Some(old) = direction.queued {
                    self.holes.remove(&(old, slot, side));
                }
                self.holes.extend(due.map(|due| (due, slot, side)));
                direction.queued = due;
            }
        }
        self.held = self.held - connection.held + held;
        connection.held = held;
        self.table.touch(slot, if held == 0 { Class::Idle } else { Class::Holding });
    }
}

impl<S: Consumer> Connection<S> {
    /// A segment of the direction `side`.
    fn segment<F>(
        &mut self,
        side: usize,
        tcp: &TcpInfo,
        payload: &[u8],
        mark: Mark,
        out: &mut Out<'_, F>,
    ) -> Pushed
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        if tcp.rst {
            self.reset(side, tcp, out);
            return Pushed::Control;
        }
        if tcp.syn {
            self.synchronize(side, tcp, mark, out);
        }
        let first = tcp.sequence.wrapping_add(tcp.syn.into());
        let [a, b] = &mut self.sides;
        let (own, other) = if side == 0 { (a, b) } else { (b, a) };
        let mut pushed = Pushed::Control;
        if !payload.is_empty() || tcp.missing > 0 {
            let own = own.get_or_insert_with(|| Direction::start(first, None, mark, out));
            pushed = own.data(first, payload, tcp.missing, mark, out);
        }
        if tcp.fin
            && let Some(own) = own
        {
            let length = (payload.len() as u32).wrapping_add(tcp.missing);
            own.fin(first.wrapping_add(length), mark, out);
        }
        if let (Some(number), Some(other)) = (tcp.acknowledged, other) {
            other.acknowledged(number, out.now);
        }
        pushed
    }

    /// A SYN: the start of a connection, unless it is a copy of the one known.
    fn synchronize<F>(&mut self, side: usize, tcp: &TcpInfo, mark: Mark, out: &mut Out<'_, F>)
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        if self.sides[side].as_mut().is_some_and(|own| own.started_by(tcp.sequence)) {
            return;
        }
        // What is known of the other side belongs to an earlier connection, unless this is the
        // answer to its SYN, or the SYN whose answer was captured first.
        let keep = self.sides[1 - side].as_ref().is_none_or(|other| match tcp.acknowledged {
            Some(number) => other.reaches(number),
            None => self.sides[side].is_none() && other.is_untouched(),
        });
        self.end(side, End::Replaced, out);
        if !keep {
            self.end(1 - side, End::Replaced, &mut out.reversed());
        }
        let queued = self.sides[side].as_ref().and_then(|own| own.queued);
        let mut own = Direction::start(tcp.sequence.wrapping_add(1), Some(tcp.sequence), mark, out);
        own.queued = queued;
        self.sides[side] = Some(own);
    }

    /// An RST, believed if its numbers belong to this connection.
    fn reset<F>(&mut self, side: usize, tcp: &TcpInfo, out: &mut Out<'_, F>)
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        let [own, other] = [side, 1 - side].map(|side| self.sides[side].as_ref());
        let known = match (own, other, tcp.acknowledged) {
            (Some(own), ..) => own.reaches(tcp.sequence),
            (None, Some(other), Some(number)) => other.reaches(number),
            _ => false,
        };
        if known {
            self.end(side, End::Reset, out);
            self.end(1 - side, End::Reset, &mut out.reversed());
        }
    }

    fn end<F>(&mut self, side: usize, why: End, out: &mut Out<'_, F>)
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        if let Some(direction) = &mut self.sides[side] {
            direction.end(why, out);
        }
    }
}

impl<F> Out<'_, F> {
    /// For the other direction of the same connection.
    fn reversed(&mut self) -> Out<'_, F> {
        Out { flow: self.flow.reversed(), now: self.now, notes: self.notes, sink: self.sink }
    }
}

impl Mark {
    fn of(from: &Origin) -> Self {
        Self { stamp: from.stamp, frame: from.frame, tap: from.tap, ip_id: from.ip_id }
    }

    /// The origin of bytes that this frame brought and that are delivered at `now`.
    fn origin(self, flow: Flow, now: Timestamp) -> Origin {
        let Self { stamp, frame, tap, ip_id } = self;
        Origin { stamp: Stamp { now, ..stamp }, frame, tap, flow, transport: Transport::Tcp, ip_id }
    }

    /// The one that was captured later.
    fn later(self, other: Self) -> Self {
        if (other.stamp.time, other.frame) > (self.stamp.time, self.frame) { other } else { self }
    }
}

/// The key of a flow's connection, and which of its two sides the flow is.
fn canonical(flow: Flow) -> (FlowKey, usize) {
    if flow.source <= flow.destination { (FlowKey(flow), 0) } else { (FlowKey(flow.reversed()), 1) }
}

/// The flow of a side of the connection `key`.
fn facing(FlowKey(flow): FlowKey, side: usize) -> Flow {
    if side == 0 { flow } else { flow.reversed() }
}

#[cfg(test)]
mod tests;
