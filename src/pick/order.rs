//! The order in which calls are told, within bounds.
//!
//! In: calls as they end. Out: the same by their first message, or by a figure, as far as there is
//! room to hold them: of a sort by a figure the first ones, of a sort by time all of them, where those
//! that began first make room.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::call::Call;
use crate::flow::FrameId;
use crate::time::{Nanos, Timestamp};
use crate::transaction::CallKey;

/// Calls that are held to be put in order: some 70 MB.
pub const HELD: usize = 50_000;

/// What calls are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// First message.
    #[default]
    Start,
    /// As they end: nothing waits.
    End,
    /// Post-dial delay, longest first.
    Pdd,
    /// First INVITE to answer, longest first.
    Setup,
    /// Answer to BYE, longest first.
    Duration,
    /// Messages sent again, most first.
    Retransmissions,
}

/// Calls on their way.
#[derive(Debug)]
pub struct Order {
    by: By,
    /// Calls that are still to be told, if there is a limit.
    left: Option<u64>,
    /// So few are wanted that they can wait for the end: how many; otherwise those that began first
    /// make room.
    kept: Option<usize>,
    room: usize,
    /// Those that are next, or, of a sort by a figure, the last of them first.
    first: BinaryHeap<Reverse<Entry>>,
    last: BinaryHeap<Entry>,
    told: Option<Rank>,
    omitted: u64,
    misplaced: u64,
}

type Rank = (i64, Timestamp, FrameId, CallKey);

#[derive(Debug)]
struct Entry(Rank, Box<Call>);

impl Order {
    /// Calls by `by`, at most `limit` of them; `room` of them may wait, usually [`HELD`].
    pub fn new(by: By, limit: Option<u64>, room: usize) -> Self {
        let room = room.max(1);
        let few = limit.and_then(|n| usize::try_from(n).ok()).filter(|n| *n <= room);
        let kept = if by == By::Start { few } else { Some(few.unwrap_or(room)) };
        Self {
            by,
            left: limit,
            kept,
            room,
            first: BinaryHeap::new(),
            last: BinaryHeap::new(),
            told: None,
            omitted: 0,
            misplaced: 0,
        }
    }

    /// Takes a call; gives the one whose turn has come.
    pub fn push(&mut self, call: Call) -> Option<Call> {
        if self.by == By::End {
            return self.tell(call);
        }
        let entry = Entry(self.rank(&call), Box::new(call));
        if let Some(kept) = self.kept {
            self.last.push(entry);
            if self.last.len() > kept {
                self.last.pop();
                self.omitted += 1;
            }
            return None;
        }
        self.first.push(Reverse(entry));
        if self.first.len() <= self.room {
            return None;
        }
        let Reverse(Entry(rank, call)) = self.first.pop()?;
        self.misplaced += u64::from(self.told.is_some_and(|told| told > rank));
        self.told = Some(self.told.map_or(rank, |told| told.max(rank)));
        self.tell(*call)
    }

    /// All that waits, in order; what did not fit is counted.
    pub fn finish(&mut self) -> Vec<Call> {
        let last = std::mem::take(&mut self.last).into_sorted_vec();
        let mut first = std::mem::take(&mut self.first).into_sorted_vec();
        first.reverse();
        if let (Some(told), Some(Reverse(Entry(rank, _)))) = (self.told, first.first()) {
            self.misplaced += u64::from(told > *rank);
        }
        let all = first.into_iter().map(|Reverse(e)| e).chain(last);
        let all: Vec<Box<Call>> = all.map(|Entry(_, call)| call).collect();
        all.into_iter().filter_map(|call| self.tell(*call)).collect()
    }

    /// Calls that were left out: beyond the limit, or for lack of room.
    pub fn omitted(&self) -> u64 {
        self.omitted
    }

    /// Calls that stand after one that began later, because more calls were open than may wait.
    pub fn misplaced(&self) -> u64 {
        self.misplaced
    }

    fn tell(&mut self, call: Call) -> Option<Call> {
        match &mut self.left {
            Some(0) => {
                self.omitted += 1;
                return None;
            }
            Some(n) => *n -= 1,
            None => {}
        }
        Some(call)
    }

    fn rank(&self, call: &Call) -> Rank {
        let a = &call.attempt;
        let most = |span: Option<Nanos>| span.map_or(i64::MAX, |d| -d.as_nanos());
        let figure = match self.by {
            By::Start | By::End => 0,
            By::Pdd => most(a.delays.pdd),
            By::Setup => most(a.delays.setup),
            By::Duration => most(call.duration()),
            By::Retransmissions => -a.particulars.as_ref().map_or(0, |p| i64::from(p.retransmissions)),
        };
        (figure, a.started, a.frame, a.call)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::sample::attempt;

    /// Starts of the calls as they are told, what was omitted and what stands out of order.
    fn told(by: By, limit: Option<u64>, room: usize, calls: &[(i64, i64)]) -> (Vec<i64>, u64, u64) {
        let mut order = Order::new(by, limit, room);
        let call = |(start, pdd): &(i64, i64)| {
            let mut a = attempt();
            a.started = Timestamp::from_nanos(*start);
            a.delays.pdd = (*pdd >= 0).then(|| Nanos::from_nanos(*pdd));
            Call { attempt: a, session: None }
        };
        let mut out: Vec<Call> = calls.iter().filter_map(|c| order.push(call(c))).collect();
        out.extend(order.finish());
        let starts = out.iter().map(|c| c.attempt.started.as_nanos()).collect();
        (starts, order.omitted(), order.misplaced())
    }

    #[test]
    fn calls_come_in_order_as_far_as_there_is_room() {
        let calls = [(3, 10), (1, 30), (4, -1), (2, 20)];
        for (by, limit, room, expected) in [
            (By::End, None, 9, (vec![3, 1, 4, 2], 0, 0)),
            (By::End, Some(2), 9, (vec![3, 1], 2, 0)),
            (By::Start, None, 9, (vec![1, 2, 3, 4], 0, 0)),
            (By::Start, None, 2, (vec![1, 2, 3, 4], 0, 0)),
            (By::Start, None, 1, (vec![1, 3, 2, 4], 0, 1)),
            (By::Start, Some(3), 9, (vec![1, 2, 3], 1, 0)),
            (By::Start, Some(3), 2, (vec![1, 2, 3], 1, 0)),
            (By::Pdd, None, 9, (vec![1, 2, 3, 4], 0, 0)),
            (By::Pdd, Some(1), 9, (vec![1], 3, 0)),
            (By::Pdd, None, 3, (vec![1, 2, 3], 1, 0)),
        ] {
            assert_eq!(told(by, limit, room, &calls), expected, "{by:?} {limit:?} {room}");
        }
    }
}
