//! One direction of an SCTP association: which chunks were here, and which fragments wait.

use std::collections::VecDeque;

use super::chunk::{Data, Group};
use super::{FRAGMENT_AGE, MAX_HELD, MAX_RUNS, Message, Out, Pushed};
use crate::anomaly::Anomaly;
use crate::flow::Origin;
use crate::time::Timestamp;

/// Chunk numbers that are remembered one by one.
const WINDOW: u32 = 1024;
/// How far a number may lie from the highest and still belong to the same association.
const REACH: u32 = 1 << 16;

/// What is known of a direction.
#[derive(Debug, Default)]
pub(super) struct Direction {
    /// Last use.
    pub(super) last: Timestamp,
    /// Its part in the sum of all directions.
    pub(super) counted: usize,
    /// First number of the association, if its INIT was seen.
    first: Option<u32>,
    seen: Option<Seen>,
    /// The one that grew least recently first.
    runs: Vec<Run>,
}

/// Which of the latest chunk numbers were here.
#[derive(Debug)]
struct Seen {
    highest: u32,
    /// A bit for each number, in the place of its remainder.
    bits: [u64; (WINDOW / 64) as usize],
}

/// Neighbouring fragments of one message.
#[derive(Debug)]
struct Run {
    group: Group,
    /// Place of the first.
    place: u32,
    pieces: VecDeque<Piece>,
    begins: bool,
    ends: bool,
    protocol: u32,
    /// Memory of the pieces.
    memory: usize,
    /// Frame of the fragment that came last.
    from: Origin,
}

#[derive(Debug)]
struct Piece {
    bytes: Box<[u8]>,
    /// Its end was not captured.
    cut: bool,
}

impl Direction {
    /// Memory of what waits.
    pub(super) fn memory(&self) -> usize {
        self.runs.iter().map(|run| run.memory + size_of::<Run>()).sum()
    }

    /// The association starts with chunk number `first`.
    pub(super) fn init<F: FnMut(&Origin, Message<'_>)>(&mut self, first: u32, out: &mut Out<'_, F>) {
        if self.first != Some(first) {
            self.give_up(out);
            self.seen = None;
            self.first = Some(first);
        }
    }

    /// A chunk of user data.
    pub(super) fn data<F: FnMut(&Origin, Message<'_>)>(
        &mut self,
        data: &Data<'_>,
        from: &Origin,
        pushed: &mut Pushed,
        out: &mut Out<'_, F>,
    ) {
        self.last = out.now;
        while self.runs.first().is_some_and(|run| run.from.stamp.now + FRAGMENT_AGE <= out.now) {
            self.give_up_oldest(out);
        }
        if self.seen.as_ref().is_some_and(|seen| !seen.reaches(data.number)) {
            // Another association, whose INIT was not captured.
            self.give_up(out);
            self.seen = None;
        }
        if !self.seen.get_or_insert_with(|| Seen::before(data.number)).is_new(data.number) {
            out.notes.note(Anomaly::SctpRepeat, from.stamp.time, from.frame);
            pushed.repeated += 1;
            return;
        }
        if data.begins && data.ends {
            (out.sink)(from, Message { protocol: data.protocol, bytes: data.bytes, cut: data.cut });
            pushed.messages += 1;
            return;
        }
        let run = self.join(data, from);
        if run.begins && run.ends {
            let (bytes, cut) = run.bytes();
            (out.sink)(from, Message { protocol: run.protocol, bytes: &bytes, cut });
            pushed.messages += 1;
            return;
        }
        pushed.held += 1;
        self.runs.push(run);
        while self.runs.len() > MAX_RUNS || self.memory() > MAX_HELD {
            self.give_up_oldest(out);
        }
    }

    /// Gives up all that waits.
    pub(super) fn give_up<F: FnMut(&Origin, Message<'_>)>(&mut self, out: &mut Out<'_, F>) {
        while !self.runs.is_empty() {
            self.give_up_oldest(out);
        }
    }

    fn give_up_oldest<F: FnMut(&Origin, Message<'_>)>(&mut self, out: &mut Out<'_, F>) {
        let run = self.runs.remove(0);
        let mut from = run.from;
        out.notes.note(Anomaly::SctpIncomplete, from.stamp.time, from.frame);
        if run.begins {
            from.stamp.now = out.now;
            (out.sink)(&from, Message { protocol: run.protocol, bytes: &run.bytes().0, cut: true });
        }
    }

    /// The run that a fragment makes with its neighbours, which no longer wait.
    fn join(&mut self, data: &Data<'_>, from: &Origin) -> Run {
        let mut run = Run::new(data, from);
        let mut take = |fits: &dyn Fn(&Run) -> bool| {
            let i = self.runs.iter().position(|other| other.group == data.group && fits(other))?;
            Some(self.runs.remove(i))
        };
        if !data.begins
            && let Some(before) = take(&|other| !other.ends && other.after() == data.place)
        {
            run = before.followed_by(run);
        }
        if !data.ends
            && let Some(after) = take(&|other| !other.begins && other.place == data.place.wrapping_add(1))
        {
            run = run.followed_by(after);
        }
        run.from = *from;
        run
    }
}

impl Seen {
    fn before(number: u32) -> Self {
        Self { highest: number.wrapping_sub(1), bits: [0; (WINDOW / 64) as usize] }
    }

    fn reaches(&self, number: u32) -> bool {
        (number.wrapping_sub(self.highest) as i32).unsigned_abs() <= REACH
    }

    /// Whether `number` was not here before; it is from now on.
    fn is_new(&mut self, number: u32) -> bool {
        let ahead = number.wrapping_sub(self.highest) as i32;
        if ahead <= -(WINDOW as i32) {
            return false;
        }
        if ahead >= WINDOW as i32 {
            self.bits.fill(0);
        } else {
            for passed in 1..=ahead.max(0) as u32 {
                let (word, bit) = Self::bit(self.highest.wrapping_add(passed));
                self.bits[word] &= !bit;
            }
        }
        if ahead > 0 {
            self.highest = number;
        }
        let (word, bit) = Self::bit(number);
        let new = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        new
    }

    /// The word and the bit in it that stand for a number within the window.
    fn bit(number: u32) -> (usize, u64) {
        let n = number % WINDOW;
        ((n / 64) as usize, 1 << (n % 64))
    }
}

impl Run {
    fn new(data: &Data<'_>, from: &Origin) -> Self {
        let piece = Piece { bytes: data.bytes.into(), cut: data.cut };
        Self {
            group: data.group,
            place: data.place,
            memory: data.bytes.len() + size_of::<Piece>(),
            pieces: [piece].into(),
            begins: data.begins,
            ends: data.ends,
            protocol: data.protocol,
            from: *from,
        }
    }

    /// The place after its last.
    fn after(&self) -> u32 {
        self.place.wrapping_add(self.pieces.len() as u32)
    }

    fn followed_by(mut self, mut next: Self) -> Self {
        let memory = self.memory + next.memory;
        // The shorter list is moved, or many short ones would move a long one again and again.
        let pieces = if self.pieces.len() >= next.pieces.len() {
            self.pieces.append(&mut next.pieces);
            self.pieces
        } else {
            for piece in self.pieces.into_iter().rev() {
                next.pieces.push_front(piece);
            }
            next.pieces
        };
        Self { pieces, memory, ends: next.ends, ..self }
    }

    /// What is known from the first byte on, and whether there is more.
    fn bytes(&self) -> (Vec<u8>, bool) {
        let mut bytes = Vec::new();
        for piece in &self.pieces {
            bytes.extend_from_slice(&piece.bytes);
            if piece.cut {
                return (bytes, true);
            }
        }
        (bytes, false)
    }
}
