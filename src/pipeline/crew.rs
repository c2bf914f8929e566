//! The threads that count, each with its share of the shards.
//!
//! In: the bytes of messages with their shard, in order. Out: one tally a thread. Bytes are copied
//! into batches and scanned by the thread that counts them: the scan is most of the work. Batches
//! go round; queues are short, so that a reader that is ahead waits.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use super::counting::Counting;
use crate::config::Config;
use crate::flow::Origin;
use crate::pick::Harvest;
use crate::shard::{Limits, SHARDS};
use crate::sip::{Oddities, Scan, reread, scan_datagram, scan_into};
use crate::stats::{Open, Tally};
use crate::time::Timestamp;

/// A batch goes off with so many bytes, or so many messages.
const BATCH_BYTES: usize = 128 << 10;
const BATCH_MESSAGES: usize = 512;
/// Batches that wait for one thread.
const QUEUE: usize = 4;

/// Threads at work.
pub(super) struct Crew(Vec<Worker>);

struct Worker {
    filling: Batch,
    jobs: SyncSender<Job>,
    /// Batches that are done with.
    empty: Receiver<Batch>,
    /// What was picked, once for each tick.
    harvests: Receiver<Harvest>,
    thread: JoinHandle<(Tally, Vec<Open>)>,
}

enum Job {
    Count(Batch),
    Tick(Timestamp),
    Finish { end: Timestamp, kept: bool },
}

/// Messages of one thread, in order.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    messages: Vec<Shipped>,
}

struct Shipped {
    /// Where its bytes end; they begin where those of the one before end.
    end: usize,
    shard: usize,
    cargo: Cargo,
    origin: Origin,
}

/// What the bytes are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cargo {
    /// A datagram that holds a message.
    Datagram { cut: bool },
    /// The head of a message of a stream; CRLF is added to one that has `ended`.
    Head { ended: bool, oddities: Oddities },
    /// A request as an ICMP error quotes it.
    Quote,
}

impl Crew {
    /// `threads` of them, at least one and no more than there are shards; `None` if the system
    /// refuses to start them.
    pub(super) fn start(config: &Config, limits: Limits, threads: usize) -> Option<Self> {
        let threads = threads.clamp(1, SHARDS);
        let workers = (0..threads).map(|n| Worker::start(Counting::new(config, limits, n, threads)));
        workers.collect::<Option<_>>().map(Self)
    }

    /// Sends a message to its shard.
    pub(super) fn ship(&mut self, shard: usize, bytes: &[u8], cargo: Cargo, origin: &Origin) {
        let n = shard % self.0.len().max(1);
        let Some(worker) = self.0.get_mut(n) else { return };
        let batch = &mut worker.filling;
        batch.bytes.extend_from_slice(bytes);
        if let Cargo::Head { ended: true, .. } = cargo {
            batch.bytes.extend_from_slice(b"\r\n");
        }
        batch.messages.push(Shipped { end: batch.bytes.len(), shard, cargo, origin: *origin });
        if batch.bytes.len() >= BATCH_BYTES || batch.messages.len() >= BATCH_MESSAGES {
            worker.send();
        }
    }

    /// Asks each thread for what it picked up to here; see [`Crew::harvest`].
    pub(super) fn tick(&mut self, now: Timestamp) {
        for worker in &mut self.0 {
            worker.send();
            // One that is gone has panicked: `finish` tells.
            let _ = worker.jobs.send(Job::Tick(now));
        }
    }

    /// What all threads picked up to the earliest tick that was not harvested yet: waits for it.
    pub(super) fn harvest(&mut self) -> Harvest {
        let mut all = Harvest::default();
        for picked in self.0.iter().filter_map(|worker| worker.harvests.recv().ok()) {
            all.merge(picked);
        }
        all
    }

    /// The capture ended at `end`: what each thread counted, and what is `kept` open.
    pub(super) fn finish(mut self, end: Timestamp, kept: bool) -> impl Iterator<Item = (Tally, Vec<Open>)> {
        for worker in &mut self.0 {
            worker.send();
            // One that is gone has panicked: joining it tells.
            let _ = worker.jobs.send(Job::Finish { end, kept });
        }
        self.0.into_iter().map(|worker| worker.thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

impl Worker {
    fn start(counting: Counting) -> Option<Self> {
        let (jobs, inbox) = sync_channel(QUEUE);
        let (done, empty) = channel();
        let (picked, harvests) = channel();
        let work = move || count(counting, &inbox, &done, &picked);
        let thread = thread::Builder::new().name("sipstat-count".to_owned()).spawn(work).ok()?;
        Some(Self { filling: Batch::default(), jobs, empty, harvests, thread })
    }

    fn send(&mut self) {
        let next = self.empty.try_recv().unwrap_or_default();
        let batch = std::mem::replace(&mut self.filling, next);
        // One that is gone has panicked: `finish` tells.
        let _ = self.jobs.send(Job::Count(batch));
    }
}

/// A thread's life.
fn count(
    mut counting: Counting,
    inbox: &Receiver<Job>,
    done: &Sender<Batch>,
    picked: &Sender<Harvest>,
) -> (Tally, Vec<Open>) {
    let mut last = (Timestamp::default(), false);
    while let Ok(job) = inbox.recv() {
        match job {
            Job::Count(mut batch) => {
                count_batch(&mut counting, &batch);
                batch.messages.clear();
                batch.bytes.clear();
                // A message as long as a stream may bring it is rare: its room is not kept.
                batch.bytes.shrink_to(2 * BATCH_BYTES);
                let _ = done.send(batch);
            }
            Job::Tick(now) => {
                let _ = picked.send(counting.tick(now));
            }
            Job::Finish { end, kept } => {
                last = (end, kept);
                break;
            }
        }
    }
    counting.finish(last.0, last.1)
}

fn count_batch(counting: &mut Counting, batch: &Batch) {
    let mut from = 0;
    for Shipped { end, shard, cargo, origin } in &batch.messages {
        let bytes = batch.bytes.get(from..*end).unwrap_or_default();
        from = *end;
        match *cargo {
            Cargo::Datagram { cut } => {
                let mut scan = Scan::blank();
                scan_into(bytes, cut, &mut scan);
                if let Scan::Message(message) = &scan {
                    counting.message(*shard, message, origin);
                }
            }
            Cargo::Head { ended, oddities } => {
                if let Some(message) = &reread(bytes, ended, oddities) {
                    counting.message(*shard, message, origin);
                }
            }
            Cargo::Quote => {
                if let Scan::Message(message) = &scan_datagram(bytes, true) {
                    counting.unreachable(*shard, message);
                }
            }
        }
    }
}
