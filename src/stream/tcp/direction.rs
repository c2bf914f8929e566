//! One direction of one TCP connection: which sequence number comes next, and what waits for it.
//!
//! In: the segments of one sender, and how far the other side acknowledges. Out: [`Piece`]s.
//! Sequence numbers are 32-bit circular (RFC 9293 3.4): every comparison is a signed difference.

use super::held::Held;
use super::{Consumer, End, MAX_HELD_BYTES, MAX_HELD_SEGMENTS, Mark, Piece, Pushed};
use crate::anomaly::{Anomalies, Anomaly};
use crate::flow::{Flow, Origin};
use crate::time::{Nanos, Timestamp};

/// How far a sequence number may lie from the one expected and still belong to the same
/// connection: a sender has at most one receive window outstanding, and systems grant less than
/// this. Farther segments are another connection's, whose SYN was not captured.
const REACH: u32 = 16 << 20;

/// How long a hole may stay open. A sender that repeats after 1 s and doubles (RFC 6298) has tried
/// three times by then.
pub const HOLE_AGE: Nanos = Nanos::from_secs(10);

/// How long a hole may stay open once the other side has acknowledged its bytes, so that only the
/// capture lacks them: time for taps and capture queues that mix up the order.
pub const ACKED_AGE: Nanos = Nanos::from_secs(1);

/// Where the pieces of one direction go.
pub(super) struct Out<'a, F> {
    pub(super) flow: Flow,
    pub(super) now: Timestamp,
    pub(super) notes: &'a mut Anomalies,
    pub(super) sink: &'a mut F,
}

/// One direction, with what its consumer keeps for it.
#[derive(Debug)]
pub(super) struct Direction<S> {
    pub(super) consumer: S,
    /// Sequence number of the next byte to deliver.
    next: u32,
    /// Bytes passed since the start, delivered or given up.
    passed: u64,
    /// Sequence number of the SYN; `None` when picked up in the middle.
    syn: Option<u32>,
    /// Sequence number of a FIN that lies ahead.
    fin: Option<(u32, Mark)>,
    /// What was given up last: its first sequence number and length.
    skipped: (u32, u32),
    /// Acknowledged beyond `next`: up to here, and since when.
    acked: Option<(u32, Timestamp)>,
    /// Arrival of the last bytes that came in their turn.
    progress: Timestamp,
    held: Held,
    /// Frame of the last bytes delivered.
    last: Mark,
    ended: bool,
    /// When the hole that is open now is to be given up, as the table of connections knows it.
    pub(super) queued: Option<Timestamp>,
}

impl<S: Consumer> Direction<S> {
    /// A direction whose next byte has number `next`; `syn` is the number of its SYN.
    pub(super) fn start<F>(next: u32, syn: Option<u32>, mark: Mark, out: &mut Out<'_, F>) -> Self
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        let mut direction = Self {
            consumer: S::default(),
            next,
            passed: 0,
            syn,
            fin: None,
            skipped: (next, 0),
            acked: None,
            progress: out.now,
            held: Held::default(),
            last: mark,
            ended: false,
            queued: None,
        };
        direction.emit(mark, Piece::Start { midstream: syn.is_none() }, out);
        direction
    }

    /// Bytes it holds, those of its consumer included.
    pub(super) fn memory(&self) -> usize {
        self.held.memory() + self.consumer.held()
    }

    /// Whether a SYN with this number started it: then another copy of it tells nothing new.
    pub(super) fn started_by(&mut self, syn: u32) -> bool {
        // A SYN that was captured after the first bytes it announced.
        let first = u64::from(syn.wrapping_add(1));
        let start = u64::from(self.next).wrapping_sub(self.passed) & u64::from(u32::MAX);
        if self.syn.is_none() && first == start && self.passed <= u64::from(REACH) {
            self.syn = Some(syn);
        }
        self.syn == Some(syn)
    }

    /// Nothing but a SYN was seen of it.
    pub(super) fn is_untouched(&self) -> bool {
        self.syn.is_some() && self.passed == 0 && self.held.len() == 0 && !self.ended
    }

    /// Whether `sequence` is a number its sender may use now.
    pub(super) fn reaches(&self, sequence: u32) -> bool {
        (sequence.wrapping_sub(self.next) as i32).unsigned_abs() <= REACH
    }

    /// A segment: `data`, then `missing` bytes that were not captured.
    pub(super) fn data<F>(
        &mut self,
        mut sequence: u32,
        mut data: &[u8],
        missing: u32,
        mark: Mark,
        out: &mut Out<'_, F>,
    ) -> Pushed
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        let mut missing = missing.min(REACH);
        let length = (data.len() as u32).saturating_add(missing);
        let ahead = sequence.wrapping_sub(self.next) as i32;
        if length == 0 {
            return Pushed::Control;
        }
        if !self.reaches(sequence) {
            self.restart(sequence, mark, out);
        } else if ahead < 0 {
            let known = ahead.unsigned_abs();
            if known >= length {
                return self.old(sequence, length, mark, out);
            }
            self.note(Anomaly::StreamRepeat, mark, out);
            missing -= known.saturating_sub(data.len() as u32);
            data = data.get(known as usize..).unwrap_or(&[]);
            sequence = self.next;
        }
        if self.ended {
            self.restart(sequence, mark, out);
        }
        if !self.consumer.interested() {
            self.skip_to(sequence, out);
        }
        let end = sequence.wrapping_add(data.len() as u32).wrapping_add(missing);
        // A sender that goes on after its FIN has not sent one.
        self.fin = self.fin.filter(|(fin, _)| end.wrapping_sub(*fin) as i32 <= 0);

        let first = self.held.first().map(|first| first.sequence);
        if sequence == self.next && first.is_none_or(|first| end.wrapping_sub(first) as i32 <= 0) {
            self.deliver(data, missing, mark, out);
            self.progressed(out);
            self.release(Some(mark), out);
            return Pushed::Delivered;
        }
        if !self.held.insert(self.next, sequence, data, missing, mark) {
            self.note(Anomaly::StreamRepeat, mark, out);
            return Pushed::Repeated;
        }
        if sequence == self.next {
            self.progressed(out);
            self.release(Some(mark), out);
            return Pushed::Delivered;
        }
        self.note(Anomaly::StreamReordered, mark, out);
        while self.held.len() > MAX_HELD_SEGMENTS || self.held.bytes() > MAX_HELD_BYTES {
            self.give_up(out);
        }
        if self.held.len() == 0 { Pushed::Delivered } else { Pushed::Held }
    }

    /// A FIN with number `at`.
    pub(super) fn fin<F>(&mut self, at: u32, mark: Mark, out: &mut Out<'_, F>)
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        let beyond = self.held.end().is_some_and(|end| end.wrapping_sub(at) as i32 > 0);
        if !self.ended && !beyond && self.reaches(at) && at.wrapping_sub(self.next) as i32 >= 0 {
            // The first copy tells since when it waits.
            self.fin = self.fin.filter(|(fin, _)| *fin == at).or(Some((at, mark)));
            self.finish_at_fin(out);
        }
    }

    /// The other side has received everything before `number`.
    pub(super) fn acknowledged(&mut self, number: u32, now: Timestamp) {
        let ahead = number.wrapping_sub(self.next) as i32;
        if ahead > 0 && self.reaches(number) && !self.ended {
            let (known, since) = self.acked.unwrap_or((self.next, now));
            if number.wrapping_sub(known) as i32 > 0 {
                self.acked = Some((number, since));
            }
        }
    }

    /// When the hole before what waits is to be given up; `None` if nothing waits.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        let (target, mark) = self.waiting()?;
        let aged = mark.stamp.now.max(self.progress) + HOLE_AGE;
        let acked = self.acked.filter(|(acked, _)| acked.wrapping_sub(target) as i32 >= 0);
        Some(acked.map_or(aged, |(_, since)| aged.min(since + ACKED_AGE)))
    }

    /// Gives up the holes whose time has come, and all of them if nobody wants the bytes.
    pub(super) fn settle<F>(&mut self, out: &mut Out<'_, F>)
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        while self.deadline().is_some_and(|due| due <= out.now || !self.consumer.interested()) {
            self.give_up(out);
        }
    }

    /// Ends the direction: what waits is delivered, with its gaps.
    pub(super) fn end<F>(&mut self, why: End, out: &mut Out<'_, F>)
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        while !self.ended && self.waiting().is_some() {
            self.give_up(out);
        }
        if !self.ended {
            self.ended = true;
            self.acked = None;
            self.emit(self.last, Piece::End(why), out);
            self.consumer = S::default();
        }
    }

    /// Begins anew in the middle of another connection between the same ports, or of this one if
    /// what seemed its end was not.
    fn restart<F>(&mut self, sequence: u32, mark: Mark, out: &mut Out<'_, F>)
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        self.end(End::Replaced, out);
        let queued = self.queued;
        *self = Self { queued, ..Self::start(sequence, None, mark, out) };
    }

    /// What the open hole ends at, and the frame that brought it.
    fn waiting(&self) -> Option<(u32, Mark)> {
        self.held.first().map(|s| (s.sequence, s.mark)).or(self.fin)
    }

    /// A segment without a byte that is new.
    fn old<F>(&mut self, sequence: u32, length: u32, mark: Mark, out: &mut Out<'_, F>) -> Pushed {
        let before_start = u64::from(self.next.wrapping_sub(sequence)) > self.passed;
        let (from, count) = self.skipped;
        let offset = sequence.wrapping_sub(from);
        if before_start || (offset < count && length <= count - offset) {
            self.note(Anomaly::StreamReordered, mark, out);
            return Pushed::Late;
        }
        self.note(Anomaly::StreamRepeat, mark, out);
        Pushed::Repeated
    }

    /// Declares the bytes up to what waits lost, and delivers what waits.
    fn give_up<F>(&mut self, out: &mut Out<'_, F>)
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        if let Some((target, mark)) = self.waiting() {
            self.note(Anomaly::StreamGap, mark, out);
            self.skip_to(target, out);
            self.release(None, out);
        }
    }

    fn skip_to<F>(&mut self, target: u32, out: &mut Out<'_, F>)
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        let count = target.wrapping_sub(self.next);
        if count > 0 {
            self.skipped = (self.next, count);
            self.advance(count);
            self.emit(self.last, Piece::Gap(count.into()), out);
        }
    }

    /// Delivers what is held from `next` on. The bytes are there as of the latest frame needed:
    /// `filler`, which closed the hole, or their own.
    fn release<F>(&mut self, filler: Option<Mark>, out: &mut Out<'_, F>)
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        let mut latest = filler;
        while let Some(segment) = self.held.take(self.next) {
            let mark = latest.map_or(segment.mark, |mark| mark.later(segment.mark));
            latest = Some(mark);
            self.deliver(&segment.data, segment.missing, mark, out);
        }
        self.finish_at_fin(out);
    }

    fn finish_at_fin<F>(&mut self, out: &mut Out<'_, F>)
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        if self.fin.is_some_and(|(fin, _)| fin == self.next) {
            self.fin = None;
            self.end(End::Fin, out);
            // The FIN itself takes a number.
            self.advance(1);
        }
    }

    fn deliver<F>(&mut self, data: &[u8], missing: u32, mark: Mark, out: &mut Out<'_, F>)
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        if !data.is_empty() {
            self.advance(data.len() as u32);
            self.last = mark;
            self.emit(mark, Piece::Bytes(data), out);
        }
        if missing > 0 {
            self.advance(missing);
            self.emit(self.last, Piece::Gap(missing.into()), out);
        }
    }

    fn progressed<F>(&mut self, out: &Out<'_, F>) {
        self.progress = out.now;
        if let Some((_, since)) = &mut self.acked {
            *since = out.now;
        }
    }

    fn advance(&mut self, count: u32) {
        self.next = self.next.wrapping_add(count);
        self.passed = self.passed.saturating_add(count.into());
        self.acked = self.acked.filter(|(acked, _)| acked.wrapping_sub(self.next) as i32 > 0);
    }

    /// Oddities of a direction that nobody reads explain no figure.
    fn note<F>(&self, kind: Anomaly, mark: Mark, out: &mut Out<'_, F>) {
        if self.consumer.interested() {
            out.notes.note(kind, mark.stamp.time, mark.frame);
        }
    }

    fn emit<F>(&mut self, mark: Mark, piece: Piece<'_>, out: &mut Out<'_, F>)
    where
        F: FnMut(&mut S, &Origin, Piece<'_>),
    {
        (out.sink)(&mut self.consumer, &mark.origin(out.flow, out.now), piece);
    }
}
