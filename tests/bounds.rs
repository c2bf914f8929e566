//! Tables that are full: nothing is lost silently, every attempt keeps one outcome, and the work
//! stays linear.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sipstat::config::Config;
use std::sync::atomic::AtomicBool;

use crate::support::flow::Ladder;
use sipstat::pipeline::run_within;
use sipstat::shard::Limits;
use sipstat::stats::Summary;
use sipstat::watch::Watch;

const ROOMY: Limits = Limits { conversations: 4096, sessions: 4096, tombstones: 4096 };

fn capture(name: &str, script: &str) -> PathBuf {
    let ladder = Ladder::parse(script).unwrap();
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bounds");
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join(format!("{name}.{}", ladder.extension()));
    fs::write(&path, ladder.build()).unwrap();
    path
}

fn summary(path: PathBuf, limits: Limits) -> Summary {
    run_within(&Config::new([path]), limits, &mut Watch::new(&AtomicBool::new(false), None)).unwrap()
}

/// Every attempt has one outcome, and messages fall into four bins.
fn laws_hold(s: &Summary) {
    let outcomes: u64 = s.invite.outcomes.iter().map(|o| o.count).sum();
    assert_eq!(outcomes, s.invite.attempts);
    let pending = s.invite.attempts - s.invite.decided;
    assert_eq!(s.invite.sides.iter().map(|(_, n)| n).sum::<u64>() + pending, s.invite.attempts);
    assert_eq!(s.messages.total, s.messages.counts.messages());
}

fn evicted(s: &Summary, table: &str) -> u64 {
    s.input.evicted.iter().find(|(t, _)| *t == table).map_or(0, |(_, n)| *n)
}

const HOSTS: &str = "host a 10.0.0.1:5060\nhost b 10.0.0.2:5060\n";

#[test]
fn more_calls_than_room_end_pending_once_each() {
    // All of them ring before the first is answered, so that most are evicted while open; the
    // answers come to tombstones.
    let script = format!(
        "{HOSTS}repeat 2000 every 0.001\n0.0 a > b INVITE 1 call=c{{n}}\n0.5 b > a 180 INVITE 1 call=c{{n}}\nend\n\
         repeat 2000 every 0.001\n10.0 b > a 200 INVITE 1 call=c{{n}}\n10.1 a > b ACK 1 call=c{{n}}\nend\n"
    );
    let path = capture("calls", &script);
    let all = summary(path.clone(), ROOMY);
    laws_hold(&all);
    assert!(all.input.exact && all.invite.attempts == 2000 && all.invite.decided == 2000);
    let few = summary(path, Limits { conversations: 4, sessions: 4, ..ROOMY });
    laws_hold(&few);
    assert_eq!(few.invite.attempts, 2000, "a late answer begins nothing");
    assert!(!few.input.exact);
    let pending = few.invite.attempts - few.invite.decided;
    assert!(pending > 1500, "{pending}");
    assert_eq!(evicted(&few, "attempts"), pending);
    assert_eq!(few.messages.counts, all.messages.counts);
}

#[test]
fn finished_calls_make_room_without_harm() {
    let script = format!(
        "{HOSTS}repeat 2000 every 0.01\n0.0 a > b INVITE 1 call=c{{n}}\n0.001 b > a 200 INVITE 1 call=c{{n}}\n\
         0.002 a > b ACK 1 call=c{{n}}\nend\n\
         repeat 2000 every 0.01\n60.0 a > b BYE 2 call=c{{n}}\n60.001 b > a 200 BYE 2 call=c{{n}}\nend\n"
    );
    let path = capture("finished", &script);
    let s = summary(path.clone(), Limits { conversations: 8, ..ROOMY });
    laws_hold(&s);
    assert_eq!((s.invite.attempts, s.invite.decided), (2000, 2000));
    assert!(s.input.exact, "{:?}", s.input.evicted);
    assert_eq!(s.invite.sessions.completed, 2000, "sessions are kept apart");
    let s = summary(path, Limits { conversations: 8, sessions: 8, ..ROOMY });
    laws_hold(&s);
    assert!(s.input.exact, "a session that leaves early is counted, and that is all");
    assert_eq!(s.invite.sessions.lost, evicted(&s, "sessions"));
    assert!(s.invite.sessions.lost > 1000, "{}", s.invite.sessions.lost);
    assert_eq!(s.invite.sessions.confirmed, 2000);
}

#[test]
fn more_legs_tags_and_exchanges_than_are_kept() {
    let mut script = HOSTS.to_string();
    for n in 0..40 {
        writeln!(script, "host g{n} 10.0.9.{}:5060\n1.{n:03} a > g{n} INVITE 1", n + 1).unwrap();
    }
    for n in 0..40 {
        writeln!(script, "2.{n:03} g{n} > a 486 INVITE 1 ttag=g{n}").unwrap();
    }
    let s = summary(capture("legs", &script), ROOMY);
    laws_hold(&s);
    assert!(!s.input.exact);
    assert_eq!((s.invite.attempts, s.messages.total, evicted(&s, "legs")), (1, 80, 16));

    let mut script = format!("{HOSTS}0.0 a > b INVITE 1\n");
    for n in 0..300 {
        writeln!(script, "1.{n:03} b > a 180 INVITE 1 ttag=x{n}").unwrap();
    }
    let s = summary(capture("tags", &script), ROOMY);
    laws_hold(&s);
    assert!(!s.input.exact);
    assert_eq!(s.responses.counts.first, 300);

    let mut script = HOSTS.to_string();
    for n in 0..1500 {
        writeln!(script, "call k{n} id=same ftag=k{n}\n0.{n:04} a > b INVITE 1 call=k{n} via=a/v{n}")
            .unwrap();
    }
    let s = summary(capture("exchanges", &script), ROOMY);
    laws_hold(&s);
    assert_eq!(s.invite.attempts, 1500);
    assert!(!s.input.exact && evicted(&s, "exchanges") == 1500 - 512);
}
