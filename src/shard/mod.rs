//! Holds what is known under each Call-ID, bounded, and lets it go in time.
//!
//! In: messages whose Call-ID falls to this shard, in order. Out: facts, to an
//! [`Observer`]. Everything that has an order or a capacity lives here, so that the result does
//! not depend on which thread runs which shard: the number of shards is a constant.

mod fork;
mod unkeyed;

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::call::{Conversation, Memory, Observer, Sleeping, Surroundings, Turns};
use crate::flow::Origin;
use crate::hash::Secret;
use crate::sip::Message;
use crate::time::{Nanos, Timestamp};
use crate::transaction::{CallKey, Keys, TIMER_B};

pub use self::fork::Fork;
use self::unkeyed::Unkeyed;

/// Shards: a constant, so that nothing visible follows from the number of threads.
pub const SHARDS: usize = 32;
/// How long a session without BYE is remembered.
const SESSION_AGE: Nanos = Nanos::from_secs(24 * 3600);

/// Bytes of an attempt with its particulars.
const PARTICULARS: u64 = 1280;
/// One in so many conversations makes room when there are too many.
const EVICTION_SHARE: usize = 64;
/// What a conversation may weigh, all together: a call that rings on two hops weighs 14, one that was
/// challenged before, some 30 (see `Exchange::weight`).
const WEIGHT: usize = 20;
/// When a conversation is first looked at: few are over before, and by then most know when they will be.
const FIRST_LOOK: Nanos = TIMER_B;
/// Conversations of a shard before its tables grow.
const AT_FIRST: usize = 128;
/// A single conversation has always room.
const LEAST_WEIGHT: usize = 512 * WEIGHT;

/// What one shard may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Call-IDs with something open or lately finished.
    pub conversations: usize,
    /// Call-IDs of which only a session is left.
    pub sessions: usize,
    /// Transactions that are over.
    pub tombstones: usize,
}

impl Limits {
    /// What fits into `memory` bytes for all shards together: eleven sixteenths for what is open or
    /// lately finished, four for sessions, one for tombstones, at what each takes with its share of
    /// the tables. Call-IDs with many transactions are fewer: see `WEIGHT`.
    pub fn within(memory: u64) -> Self {
        Self::of(memory, 0)
    }

    /// The same where the particulars of each call are wanted.
    pub fn with_particulars(memory: u64) -> Self {
        Self::of(memory, PARTICULARS)
    }

    /// `more`: bytes that each call takes beyond.
    fn of(memory: u64, more: u64) -> Self {
        let share = |sixteenths: u64, bytes: u64| {
            let n = memory / 16 * sixteenths / bytes / SHARDS as u64;
            usize::try_from(n).unwrap_or(usize::MAX).clamp(16, 1 << 24)
        };
        Self {
            conversations: share(11, CONVERSATION_BYTES + more),
            sessions: share(4, SESSION_BYTES + more),
            tombstones: share(1, TOMBSTONE_BYTES),
        }
    }
}

/// What a call that rings takes, with its share of the tables: see `tests/memory.rs`.
pub const CONVERSATION_BYTES: u64 = 1152;
/// What a call that is up takes while nothing passes.
const SESSION_BYTES: u64 = 168;
/// What a transaction that is over takes.
const TOMBSTONE_BYTES: u64 = 32;

/// The shard that a message falls to: by its Call-ID, or by its bytes if it has none.
pub fn shard_of(message: &Message<'_>) -> usize {
    match message.call_id {
        Some(id) => shard_of_call(id),
        None => xxh3_64(message.head) as usize % SHARDS,
    }
}

/// The shard of a Call-ID.
pub fn shard_of_call(id: &[u8]) -> usize {
    xxh3_128(id) as usize % SHARDS
}

/// One shard.
pub struct Shard {
    limits: Limits,
    window: Nanos,
    numbers: HashMap<CallKey, u32, Secret>,
    slots: Vec<Option<Conversation>>,
    free: Vec<u32>,
    /// When each conversation is looked at next, by its slot: no later than it may have something to
    /// close. Only entries that `queued` agrees with count.
    due: BinaryHeap<Reverse<(Timestamp, u32)>>,
    /// The entry of each slot that counts; the latest time there is: none.
    queued: Vec<Timestamp>,
    /// Conversations of which only sessions are left, oldest first.
    asleep: HashMap<CallKey, (Sleeping, u64), Secret>,
    asleep_order: VecDeque<(Timestamp, u64, CallKey)>,
    memory: Memory,
    unkeyed: Unkeyed,
    births: u64,
    born: Vec<u64>,
    /// Of all conversations in `slots`.
    weight: usize,
}

impl Shard {
    /// An empty shard. `window`: within it equal bytes are one packet captured twice.
    pub fn new(limits: Limits, window: Nanos) -> Self {
        let room = limits.conversations.min(AT_FIRST);
        Self {
            limits,
            window,
            numbers: HashMap::with_capacity_and_hasher(room, Secret::default()),
            slots: Vec::with_capacity(room),
            free: Vec::new(),
            due: BinaryHeap::with_capacity(room),
            queued: Vec::with_capacity(room),
            asleep: HashMap::default(),
            asleep_order: VecDeque::new(),
            memory: Memory::new(limits.tombstones),
            unkeyed: Unkeyed::default(),
            births: 0,
            born: Vec::with_capacity(room),
            weight: 0,
        }
    }

    /// Takes one message.
    pub fn message(&mut self, message: &Message<'_>, origin: &Origin, observer: &mut impl Observer) {
        if self.may_let_go(origin.stamp.now) {
            self.sweep(origin.stamp.now, observer);
        }
        let Some(keys) = Keys::of(message) else {
            let bin = self.unkeyed.bin(message, origin, self.window);
            observer.message(message, origin, bin, false);
            return;
        };
        let slot = match self.numbers.get(&keys.call) {
            Some(slot) => *slot,
            None => self.open(keys.call, origin.stamp.now, observer),
        };
        let mut around = Surroundings { observer, memory: &mut self.memory, window: self.window };
        if let Some(Some(conversation)) = self.slots.get_mut(slot as usize) {
            let weight = conversation.weight();
            conversation.message(&keys, message, origin, &mut around);
            self.weight = self.weight + conversation.weight() - weight;
            let (due, queued) = (conversation.due(), self.queued[slot as usize]);
            if queued == Timestamp::MAX {
                self.queue(due.min(origin.stamp.now + FIRST_LOOK), slot);
            } else if due < queued {
                self.queue(due, slot);
            }
        }
        // Few Call-IDs with many transactions each take as much as many with few.
        if self.weight > (self.limits.conversations * WEIGHT).max(LEAST_WEIGHT) {
            self.evict(origin.stamp.now, observer);
        }
    }

    /// An ICMP error quoted the start of a request.
    pub fn unreachable(&mut self, quoted: &Message<'_>) {
        let Some(keys) = Keys::of(quoted) else { return };
        if let Some(slot) = self.numbers.get(&keys.call)
            && let Some(Some(conversation)) = self.slots.get_mut(*slot as usize)
        {
            conversation.unreachable(keys.transaction);
        }
    }

    /// Closes everything: the capture ended at `end`.
    pub fn finish<O: Observer>(&mut self, end: Timestamp, observer: &mut O) {
        let window = self.window;
        self.at_end(end, observer, |conversation, _, memory, observer| {
            Fork::new(conversation, Turns::new(), memory, window).end(end, observer);
        });
    }

    /// Closes everything, as the capture ended at `end`, but for what may be told otherwise when it
    /// goes on: each of those goes to `open`.
    pub fn leave<O: Observer>(
        &mut self,
        end: Timestamp,
        observer: &mut O,
        mut open: impl FnMut(Fork<'_>, &mut O),
    ) {
        let window = self.window;
        self.at_end(end, observer, |conversation, slept, memory, observer| {
            let mut turns = slept.map_or_else(|| conversation.turns(end), |at| Turns::from_iter([at]));
            if slept.is_none() && conversation.may_be_up() {
                turns.push(forgotten(conversation.last()));
            }
            let is_open = !turns.is_empty();
            let fork = Fork::new(conversation, turns, memory, window);
            if is_open { open(fork, observer) } else { fork.end(end, observer) }
        });
    }

    /// Gives each conversation that the `end` of the capture finds to `take`, the oldest first; one that
    /// sleeps with the time from which on it is remembered no longer.
    fn at_end<O: Observer>(
        &mut self,
        end: Timestamp,
        observer: &mut O,
        mut take: impl FnMut(Conversation, Option<Timestamp>, &RefCell<Memory>, &mut O),
    ) {
        self.sweep(end, observer);
        // Nothing comes after this: what would be buried now makes no difference.
        let memory = RefCell::new(self.memory.witness());
        let mut order: Vec<(u64, usize)> = (0..self.slots.len()).map(|i| (self.born[i], i)).collect();
        order.sort_unstable();
        for (_, i) in order {
            if let Some(conversation) = self.slots[i].take() {
                take(conversation, None, &memory, observer);
            }
        }
        for (at, born, call) in std::mem::take(&mut self.asleep_order) {
            if let Some(conversation) = take_if(&mut self.asleep, call, born) {
                take(conversation, Some(forgotten(at)), &memory, observer);
            }
        }
    }

    /// Whether [`Shard::sweep`] has something to do: rarely.
    #[inline]
    fn may_let_go(&self, now: Timestamp) -> bool {
        self.due.peek().is_some_and(|Reverse((due, _))| *due < now)
            || self.asleep_order.front().is_some_and(|(at, _, _)| now >= forgotten(*at))
            || self.asleep.len() > self.limits.sessions
    }

    /// Lets go what nothing can change any more at `now`.
    pub fn sweep(&mut self, now: Timestamp, observer: &mut impl Observer) {
        while let Some(Reverse((due, slot))) = self.due.peek().copied()
            && due < now
        {
            self.due.pop();
            let i = slot as usize;
            if self.queued.get(i) != Some(&due) {
                continue;
            }
            let Some(Some(conversation)) = self.slots.get_mut(i) else { continue };
            if conversation.due() > due && !conversation.is_quiet() {
                // In its turn, and not before.
                let due = conversation.due();
                self.queue(due, slot);
                continue;
            }
            let mut around =
                Surroundings { observer: &mut *observer, memory: &mut self.memory, window: self.window };
            let weight = conversation.weight();
            conversation.settle(now, &mut around);
            self.weight = self.weight + conversation.weight() - weight;
            if conversation.is_quiet() {
                self.put_to_sleep(i);
            } else {
                // Later than now, come what may: what was just settled is not asked again at once.
                let due = conversation.due().max(now + Nanos::from_nanos(1));
                self.queue(due, slot);
            }
        }
        while let Some((at, born, call)) = self.asleep_order.front().copied()
            && (now >= forgotten(at) || self.asleep.len() > self.limits.sessions)
        {
            self.asleep_order.pop_front();
            if let Some(mut conversation) = take_if(&mut self.asleep, call, born) {
                let mut around =
                    Surroundings { observer: &mut *observer, memory: &mut self.memory, window: self.window };
                conversation.lose_sessions(&mut around);
            }
        }
    }

    fn queue(&mut self, due: Timestamp, slot: u32) {
        self.queued[slot as usize] = due;
        self.due.push(Reverse((due, slot)));
    }

    fn open(&mut self, call: CallKey, now: Timestamp, observer: &mut impl Observer) -> u32 {
        if self.numbers.len() >= self.limits.conversations {
            self.evict(now, observer);
        }
        let conversation = match self.asleep.remove(&call) {
            Some((sleeping, _)) => Conversation::wake(call, sleeping),
            None => Conversation::new(call),
        };
        self.births += 1;
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                // An eighth more at a time: twice as much would stand empty when memory is short.
                if self.slots.len() == self.slots.capacity() {
                    self.slots.reserve_exact(self.slots.len() / 8 + 8);
                }
                self.slots.push(None);
                self.born.push(0);
                self.queued.push(Timestamp::MAX);
                (self.slots.len() - 1) as u32
            }
        };
        self.slots[slot as usize] = Some(conversation);
        self.born[slot as usize] = self.births;
        self.numbers.insert(call, slot);
        slot
    }

    fn put_to_sleep(&mut self, i: usize) {
        let Some(conversation) = self.slots[i].take() else { return };
        self.weight -= conversation.weight();
        self.numbers.remove(&conversation.call());
        self.free.push(i as u32);
        self.queued[i] = Timestamp::MAX;
        let is_over = conversation.is_over();
        let (call, at, born) = (conversation.call(), conversation.last(), self.births);
        let sleeping = conversation.sleep();
        if is_over {
            return;
        }
        self.births += 1;
        self.asleep.insert(call, (sleeping, born));
        self.asleep_order.push_back((at, born, call));
        // Those that woke up left their place behind; without this a long call that is refreshed
        // each minute leaves one a minute.
        if self.asleep_order.len() > 2 * self.asleep.len() + 1024 {
            let asleep = &self.asleep;
            self.asleep_order.retain(|(_, born, call)| asleep.get(call).is_some_and(|(_, b)| b == born));
        }
    }

    /// Makes room: finished conversations first, by their last message, then open ones. A batch at
    /// a time, so that the search costs little for each.
    fn evict(&mut self, now: Timestamp, observer: &mut impl Observer) {
        let mut all: Vec<(bool, Timestamp, u64, usize)> = self
            .slots
            .iter()
            .enumerate()
            .filter_map(|(i, c)| {
                let (open, at) = c.as_ref()?.eviction_rank();
                Some((open, at, self.born[i], i))
            })
            .collect();
        let batch = (all.len() / EVICTION_SHARE).max(1);
        if all.len() > batch {
            all.select_nth_unstable(batch);
            all.truncate(batch);
        }
        all.sort_unstable();
        for (open, _, _, i) in all {
            let Some(Some(conversation)) = self.slots.get_mut(i) else { continue };
            let mut around =
                Surroundings { observer: &mut *observer, memory: &mut self.memory, window: self.window };
            let weight = conversation.weight();
            conversation.evict(now, &mut around);
            self.weight = self.weight + conversation.weight() - weight;
            observer.evicted("conversations", 1, open);
            self.put_to_sleep(i);
        }
        // Those that left before their time left their place behind.
        if self.due.len() > 2 * self.numbers.len() + 1024 {
            let queued = &self.queued;
            self.due.retain(|Reverse((due, slot))| queued.get(*slot as usize) == Some(due));
        }
    }
}

/// From when on a session without a BYE, last heard of at `last`, is remembered no longer.
fn forgotten(last: Timestamp) -> Timestamp {
    last + SESSION_AGE + Nanos::from_nanos(1)
}

fn take_if(
    asleep: &mut HashMap<CallKey, (Sleeping, u64), Secret>,
    call: CallKey,
    born: u64,
) -> Option<Conversation> {
    if asleep.get(&call)?.1 != born {
        return None;
    }
    asleep.remove(&call).map(|(sleeping, _)| Conversation::wake(call, sleeping))
}

#[cfg(test)]
mod tests;
