//! What calls take: bytes of a call that is open, of a million of them within the budget, and how
//! often a steady load asks for memory. Counted, not estimated.

use std::alloc::System;
use std::fmt::Write as _;
use std::net::Ipv4Addr;

use sipstat::flow::{Endpoint, Flow, FrameId, Origin, Tap, Transport};
use sipstat::shard::{CONVERSATION_BYTES, Limits, SHARDS, Shard, shard_of};
use sipstat::sip::{Scan, scan_datagram};
use sipstat::stats::{Choices, Summary, Tally};
use sipstat::time::{Nanos, Stamp, Timestamp};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// All shards, and what they told.
struct Calls {
    shards: Vec<Shard>,
    tally: Tally,
    text: String,
    frame: u64,
}

/// A step of a call: milliseconds after its beginning, start line, CSeq, To tag, and whether the
/// caller sends it.
type Step = (i64, &'static str, &'static str, bool, bool);

const RINGS: [Step; 3] = [
    (0, "INVITE sip:b@10.0.0.2 SIP/2.0", "1 INVITE", false, true),
    (10, "SIP/2.0 100 Trying", "1 INVITE", false, false),
    (90, "SIP/2.0 180 Ringing", "1 INVITE", true, false),
];
const ANSWERED: [Step; 4] = [
    (2_000, "SIP/2.0 200 OK", "1 INVITE", true, false),
    (2_010, "ACK sip:b@10.0.0.2 SIP/2.0", "1 ACK", true, true),
    (9_000, "BYE sip:b@10.0.0.2 SIP/2.0", "2 BYE", true, true),
    (9_010, "SIP/2.0 200 OK", "2 BYE", true, false),
];

impl Calls {
    fn within(limits: Limits) -> Self {
        let choices = Choices {
            short_call: Nanos::from_secs(6),
            host_sides: Vec::new(),
            grouping: Default::default(),
            condition: None,
            messages_only: false,
        };
        let shards = (0..SHARDS).map(|_| Shard::new(limits, Nanos::from_millis(100))).collect();
        Self { shards, tally: Tally::new(choices), text: String::new(), frame: 0 }
    }

    /// Call number `n`, begun `at` milliseconds after the epoch, takes `step`.
    fn step(&mut self, n: u64, at: i64, (after, start, cseq, tagged, from_caller): Step) {
        self.text.clear();
        let (tag, branch) = (if tagged { ";tag=b" } else { "" }, &cseq[..1]);
        write!(
            self.text,
            "{start}\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK{n:x}-{branch}{tag_}\r\n\
             From: <sip:a@10.0.0.1>;tag=a{n:x}\r\nTo: <sip:{n:010}@10.0.0.2>{tag}\r\n\
             Call-ID: {n:016x}@10.0.0.1\r\nCSeq: {cseq}\r\n\r\n",
            tag_ = if cseq.ends_with("ACK") { "ack" } else { "" },
        )
        .unwrap();
        let Scan::Message(message) = scan_datagram(self.text.as_bytes(), false) else {
            panic!("{}", self.text)
        };
        let [caller, callee] = [1, 2].map(|last| Endpoint::new(Ipv4Addr::new(10, 0, 0, last), 5060));
        let flow = Flow { source: caller, destination: callee };
        let time = Timestamp::from_nanos(0) + Nanos::from_millis(at + after);
        self.frame += 1;
        let origin = Origin {
            stamp: Stamp { shown: time, time, now: time },
            frame: FrameId { file: 0, number: self.frame },
            tap: Tap::default(),
            flow: if from_caller { flow } else { flow.reversed() },
            transport: Transport::Udp,
            ip_id: 0,
        };
        self.shards[shard_of(&message)].message(&message, &origin, &mut self.tally);
    }

    fn finish(mut self, at: i64) -> Summary {
        let end = Timestamp::from_nanos(0) + Nanos::from_millis(at);
        self.shards.iter_mut().for_each(|s| s.finish(end, &mut self.tally));
        self.tally.finish(Default::default())
    }
}

/// Bytes that were asked for and not given back while `region` was watched.
fn held(region: &Region<'_, System>) -> u64 {
    let change = region.change();
    change.bytes_allocated.saturating_sub(change.bytes_deallocated) as u64
}

// One test: the counts are of the whole program.
#[test]
fn calls_take_what_the_limits_say() {
    a_call_that_rings();
    more_open_calls_than_the_budget_holds();
    a_steady_load();
}

fn a_call_that_rings() {
    let region = Region::new(COUNTING);
    let mut calls = Calls::within(Limits::within(128 << 20));
    let empty = held(&region);
    // As many as make tables of two to the n that are neither full nor just grown.
    let n = 48_000;
    (0..n).for_each(|call| RINGS.iter().for_each(|step| calls.step(call, call as i64 / 100, *step)));
    let each = (held(&region) - empty) / n;
    println!("a call that rings: {each} bytes; shards and tombstones before any call: {empty}");
    assert!(each <= CONVERSATION_BYTES, "{each}");
    let summary = calls.finish(10_000);
    assert!(summary.input.exact && summary.invite.attempts == n);
}

/// Calls that all ring, within 8 MB. Beyond that there are the counts, names and samples of the
/// report, which are bounded for themselves: twice as many calls take the same room.
fn more_open_calls_than_the_budget_holds() {
    let budget = 8 << 20;
    let once = most_for(40_000, budget);
    let twice = most_for(80_000, budget);
    println!("open calls within {budget} bytes: {once} bytes for 40,000, {twice} for twice as many");
    assert!(once <= budget + (8 << 20) && twice <= once + once / 10, "{once} {twice}");
}

/// The most bytes that `n` open calls took at any time.
fn most_for(n: u64, budget: u64) -> u64 {
    let region = Region::new(COUNTING);
    let limits = Limits::within(budget);
    let mut calls = Calls::within(limits);
    let mut most = 0;
    for call in 0..n {
        RINGS.iter().for_each(|step| calls.step(call, call as i64 / 100, *step));
        most = most.max(held(&region));
    }
    let summary = calls.finish(10_000);
    let pending = summary.invite.attempts - summary.invite.decided;
    assert_eq!((summary.invite.attempts, pending, summary.input.exact), (n, n, false));
    let evicted = summary.input.evicted.iter().find(|(table, _)| *table == "attempts").map(|(_, n)| *n);
    assert!(evicted.is_some_and(|e| e + (limits.conversations * SHARDS) as u64 >= n), "{evicted:?}");
    most
}

/// A hundred calls a second, each of them over after nine: once the first have been forgotten, nothing
/// more is held, and a call asks for little: its Call-ID, and what samples of calls keep.
fn a_steady_load() {
    let mut calls = Calls::within(Limits::within(128 << 20));
    let steps = || RINGS.iter().chain(&ANSWERED);
    let mut due: Vec<(i64, u64, usize)> =
        (0..9_000).flat_map(|n| steps().enumerate().map(move |(i, s)| (n as i64 * 10 + s.0, n, i))).collect();
    due.sort_unstable();
    let mut region = Region::new(COUNTING);
    let mut messages = 0_u64;
    for (at, n, i) in due {
        if at < 70_000 {
            region = Region::new(COUNTING);
            messages = 0;
        }
        let step = *steps().nth(i).unwrap();
        calls.step(n, at - step.0, step);
        messages += 1;
    }
    let change = region.change();
    let asked = change.allocations + change.reallocations;
    println!("a steady load: asked {asked} times for {messages} messages, {} bytes more held", held(&region));
    assert!(messages > 10_000 && asked as u64 <= messages * 5 / 2, "{asked} for {messages}");
    assert!(held(&region) < 1 << 20, "{}", held(&region));
}
