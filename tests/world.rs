//! A simulated network: what is told of its traffic is what its callers saw.
//!
//! Each seed is a world of its own; a failure names it, and `SIPSTAT_SEED=N` runs it alone.

use std::collections::BTreeMap;
use std::{env, fs};

use crate::laws::{self, Outcome, number, rows, scratch, violations};
use crate::support::flow::Ladder;
use crate::support::world::{Truth, World};
use serde_json::Value;

const SEEDS: u64 = 60;
const CALLS: usize = 40;

/// What a report tells of what a [`Truth`] knows.
fn told(report: &Value) -> Truth {
    let outcomes = report["invite"]["outcomes"].as_object().expect("outcomes by name");
    let outcomes: BTreeMap<_, _> =
        outcomes.iter().map(|(name, o)| (name.clone(), number(o, "count"))).filter(|(_, n)| *n > 0).collect();
    let all = rows(report, "requests.by_method").iter().chain(rows(report, "responses.by_method"));
    Truth {
        outcomes,
        bids: number(report, "invite.bids"),
        retransmissions: all.map(|row| number(row, "retransmissions")).sum(),
    }
}

/// What of the world the taps show.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    All,
    /// The callers' own hops only.
    Outer,
    /// All, some of it late: when all is over and a copy comes, it can't be told which one it is.
    Late,
}

/// Holds the reports on all worlds, as `tap` shows them, against what their callers saw.
fn hold(name: &str, shown: Shown, tap: impl Fn(&World) -> Ladder) {
    let folder = scratch("world");
    let seeds = match env::var("SIPSTAT_SEED") {
        Ok(seed) => vec![seed.parse().expect("SIPSTAT_SEED is a number")],
        Err(_) => (0..SEEDS).collect(),
    };
    let mut wrong = Vec::new();
    for seed in seeds {
        let world = World::new(seed, CALLS);
        let path = folder.join(format!("{name}-{seed}.pcapng"));
        fs::write(&path, tap(&world).build()).expect("the target folder can be written");
        let Outcome::Report(report) = laws::report(&[&path]) else {
            panic!("{} is no capture", path.display())
        };
        let (mut told, truth) = (told(&report), world.truth(shown == Shown::Outer));
        if shown == Shown::Late {
            told.retransmissions = truth.retransmissions;
        }
        if told != truth {
            wrong.push(format!("seed {seed}: told {told:?}, the callers saw {truth:?}"));
        }
        wrong.extend(violations(&report).into_iter().map(|law| format!("seed {seed}: {law}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn calls_are_told_as_their_callers_saw_them() {
    hold("plain", Shown::All, |world| world.ladder("tap one", |_| vec![0]));
}

#[test]
fn a_mirror_that_shows_each_packet_twice_changes_nothing() {
    hold("mirror", Shown::All, |world| world.ladder("tap one", |_| vec![0, 0]));
}

#[test]
fn a_second_tap_whose_clock_is_behind_changes_nothing() {
    hold("taps", Shown::Late, |world| {
        world.ladder("tap one\ntap two delay=2.5", |outer| if outer { vec![0, 1, 1] } else { vec![0] })
    });
}

#[test]
fn the_callers_own_hop_is_enough() {
    hold("outer", Shown::Outer, |world| {
        let mut ladder = world.ladder("tap one", |outer| if outer { vec![0] } else { vec![1] });
        ladder.sent.retain(|s| s.wire.on == [0]);
        ladder
    });
}
