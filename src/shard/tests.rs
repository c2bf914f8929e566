//! What a shard still holds, seen from inside.

use super::*;
use crate::call::Recorder;
use crate::transaction::fixture::{ms, origin, with_message};

/// A call that is refused, and what comes long after: seconds, start line, CSeq.
const BUSY: [(i64, &str, &str); 3] = [
    (0, "INVITE sip:b@h SIP/2.0", "1 INVITE"),
    (1, "SIP/2.0 486 Busy Here", "1 INVITE"),
    (2, "ACK sip:b@h SIP/2.0", "1 ACK"),
];

fn told(shard: &mut Shard, steps: &[(i64, &str, &str)]) {
    let mut observer = nobody();
    for (at, start, cseq) in steps {
        let cseq = format!("CSeq: {cseq}");
        let via = "Via: SIP/2.0/UDP h;branch=z9hG4bK1";
        let lines = [start, via, "From: <sip:a@h>;tag=a", "To: <sip:b@h>;tag=b", "Call-ID: c", &cseq];
        let (from, to) = ("10.0.0.1:5060", "10.0.0.2:5060");
        with_message(&lines, |m| shard.message(m, &origin(from, to, at * 1000, 1, 0), &mut observer));
    }
}

fn nobody() -> Recorder<'static> {
    Recorder { events: Vec::new(), calls: Vec::new(), particulars: false, keeps: &|_| true }
}

fn empty_shard() -> Shard {
    Shard::new(Limits { conversations: 9, sessions: 9, tombstones: 9 }, Nanos::from_millis(100))
}

#[test]
fn a_message_that_comes_when_all_is_over_is_not_kept() {
    let mut shard = empty_shard();
    told(&mut shard, &BUSY);
    assert_eq!(shard.numbers.len(), 1);
    told(&mut shard, &[(60, "SIP/2.0 486 Busy Here", "1 INVITE")]);
    assert_eq!(shard.numbers.len(), 1);
    shard.sweep(ms(100_000), &mut nobody());
    assert_eq!((shard.numbers.len(), shard.due.len()), (0, 0));
}

#[test]
fn a_conversation_stands_in_line_once() {
    let mut shard = empty_shard();
    told(&mut shard, &BUSY);
    // Looked at 32 s after its beginning; its final would have it looked at a second later.
    assert_eq!((shard.due.len(), shard.queued[0]), (1, ms(32_000)));
    let ping = [(33, "SIP/2.0 100 Trying", "1 INVITE")];
    told(&mut shard, &ping);
    assert_eq!((shard.due.len(), shard.queued[0]), (1, ms(33_000)));
}
