//! `--by`, `--interval` and `--trunks`: rows add up to the whole, whatever the threads, and everything
//! beyond a table's room is in its other row.

use std::fs;
use std::path::{Path, PathBuf};

use sipstat::config::{Config, Grouping, Sort};
use sipstat::dimension::Dimension;
use sipstat::pipeline;
use sipstat::report::json;
use sipstat::stats::Summary;
use sipstat::stats::summary::{Group, GroupRow};
use sipstat::time::Nanos;
use sipstat::trunks::Trunks;

const TRUNK: &str = "samples/trunk-incident.pcapng.gz";

fn run(capture: impl Into<PathBuf>, grouping: Grouping, threads: usize) -> Summary {
    pipeline::run(&Config { grouping, threads, ..Config::new([capture.into()]) }).unwrap()
}

fn by(list: &[&[Dimension]]) -> Grouping {
    Grouping { by: list.iter().map(|d| d.to_vec()).collect(), ..Grouping::default() }
}

/// What is counted in a row.
fn figures(r: &GroupRow) -> [u64; 11] {
    [
        r.requests.messages(),
        r.responses.messages(),
        r.responses.first,
        r.finals,
        r.failures,
        r.attempts,
        r.bids,
        r.answered,
        r.silent,
        r.resent,
        r.pdd.map_or(0, |d| d.count),
    ]
}

fn sum(g: &Group) -> [u64; 11] {
    let mut all = [0; 11];
    for row in g.rows.iter().chain(&g.other) {
        all.iter_mut().zip(figures(row)).for_each(|(a, b)| *a += b);
    }
    all
}

#[test]
fn rows_and_the_other_row_add_up_to_the_whole_by_every_dimension() {
    let each: Vec<Vec<Dimension>> = Dimension::ALL
        .iter()
        .map(|d| vec![*d])
        .chain([vec![Dimension::Destination, Dimension::Code], vec![Dimension::Peer, Dimension::Transport]])
        .collect();
    for capture in [TRUNK, "samples/proxied.pcap", "samples/registration.pcap", "samples/hep.pcap"] {
        for top in [0, 2, 1000] {
            let s = run(capture, Grouping { by: each.clone(), top, ..Grouping::default() }, 1);
            for g in &s.groups {
                let name = format!("{capture} {:?} {top}", g.dimensions);
                assert_eq!(sum(g), figures(&g.all), "{name}");
                assert_eq!(g.all.bids, s.invite.bids, "{name}");
                assert_eq!(g.all.attempts, s.invite.attempts, "{name}");
                assert_eq!(g.all.responses, s.responses.counts, "{name}");
                assert_eq!(g.all.requests.messages(), s.messages.requests, "{name}");
                assert_eq!(g.all.failures, s.failures.total + s.failures.inner, "{name}");
                assert!(g.rows.len() <= top && !g.at_least, "{name}");
            }
        }
    }
}

#[test]
fn destinations_are_next_hops_and_the_peer_is_the_end_that_is_not_ours() {
    let s = run(TRUNK, by(&[&[Dimension::Destination], &[Dimension::Peer], &[Dimension::Hop]]), 1);
    for hop in &s.invite.next_hops {
        let ip = hop.address.unwrap().ip.to_string();
        for g in &s.groups[..2] {
            let row = g.rows.iter().find(|r| r.key == [Some(ip.clone())]).unwrap();
            assert_eq!((row.bids, row.answered, row.silent), (hop.bids, hop.answered, hop.silent));
            assert_eq!((row.pdd, &row.bid_codes), (hop.pdd, &hop.codes));
        }
    }
    let peers: Vec<_> = s.groups[1].rows.iter().map(|r| r.key[0].clone().unwrap()).collect();
    assert_eq!((peers.len(), peers.contains(&"10.0.1.10".to_owned())), (3, false));
    assert!(s.groups[2].rows.iter().any(|r| r.key == [Some("10.0.1.10 > 10.0.4.7".into())]));
    // Most failures first.
    assert_eq!(s.groups[0].rows[0].key, [Some("10.0.4.7".into())]);
}

#[test]
fn trunks_have_names_in_groups_and_findings() {
    let trunks = Trunks::parse(
        "local = [\"10.0.1.0/24\"]\n[[trunk]]\nname = \"carrier b\"\naddresses = [\"10.0.4.7\"]\n\
         [[trunk]]\nname = \"carrier a\"\naddresses = [\"10.0.4.0/29\"]\n",
    )
    .unwrap();
    let grouping = Grouping {
        trunks,
        sort: Sort::Calls,
        ..by(&[&[Dimension::Trunk], &[Dimension::Direction], &[Dimension::Peer]])
    };
    let s = run(TRUNK, grouping, 2);
    let row = |g: usize, key: &str| s.groups[g].rows.iter().find(|r| r.key == [Some(key.into())]).unwrap();
    assert_eq!(row(0, "carrier a").bids + row(0, "carrier b").bids, s.invite.bids);
    assert_eq!(row(0, "carrier b").bids, row(2, "10.0.4.7").bids);
    assert_eq!(row(1, "outbound").bids, s.invite.bids);
    let because = &s.findings[0].because[0];
    assert_eq!((because.dimension, because.value.as_str()), (Dimension::Trunk, "carrier b"));
}

#[test]
fn the_same_for_any_number_of_threads() {
    let text = |threads| {
        let grouping = Grouping {
            interval: Some(Nanos::from_secs(10)),
            ..by(&[&[Dimension::Code, Dimension::Destination], &[Dimension::FromDomain], &[Dimension::Peer]])
        };
        let mut out = Vec::new();
        json::write(&run(TRUNK, grouping, threads), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let one = text(1);
    assert!(one.contains("\"interval_s\": 10.0"));
    for threads in [2, 5] {
        assert!(text(threads) == one, "{threads} threads");
    }
}

#[test]
fn the_timeline_adds_up_to_the_capture() {
    for interval in [Nanos::ZERO, Nanos::from_secs(7)] {
        let s = run(TRUNK, Grouping { interval: Some(interval), ..Grouping::default() }, 2);
        let t = s.timeline.unwrap();
        let sum = |of: fn(&sipstat::stats::summary::TimeBucket) -> u64| t.buckets.iter().map(of).sum::<u64>();
        assert_eq!(sum(|b| b.requests) + sum(|b| b.responses), s.messages.counts.first);
        assert_eq!(sum(|b| b.retransmissions), s.messages.counts.retransmissions);
        assert_eq!((sum(|b| b.attempts), sum(|b| b.bids)), (s.invite.attempts, s.invite.bids));
        assert_eq!(sum(|b| b.failures), s.failures.total + s.failures.inner);
        let up: Vec<u64> = t.buckets.iter().map(|b| b.calls_up).collect();
        assert_eq!(up.last(), Some(&s.invite.sessions.up));
        assert!(up.iter().max() <= Some(&s.invite.load.concurrent_peak));
        assert!(t.buckets.windows(2).all(|w| w[1].start - w[0].start == t.interval));
    }
}

/// Twenty thousand names of domains are more than get rows: the others are one row, and it is said.
#[test]
fn keys_without_room_are_in_the_other_row_and_the_rest_say_at_least() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("groups");
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join("domains.pcap");
    let mut bytes = Vec::new();
    for n in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 101] {
        bytes.extend(n.to_le_bytes());
    }
    for n in 0..20_000_u32 {
        let sip = format!(
            "OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK{n}\r\nCall-ID: {n}\r\n\
             From: <sip:a@d{n}.example>;tag=1\r\nTo: <sip:h>\r\nCSeq: 1 OPTIONS\r\n\r\n"
        );
        let (udp, ip) = (8 + sip.len() as u16, 28 + sip.len() as u16);
        let mut packet = vec![0x45, 0];
        packet.extend(ip.to_be_bytes());
        packet.extend([0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        packet.extend([5060_u16, 5060, udp, 0].iter().flat_map(|n| n.to_be_bytes()));
        packet.extend(sip.as_bytes());
        let length = packet.len() as u32;
        for n in [1_772_546_400 + n / 100, n % 100 * 10_000, length, length] {
            bytes.extend(n.to_le_bytes());
        }
        bytes.extend(packet);
    }
    fs::write(&path, bytes).unwrap();
    let s = run(path, by(&[&[Dimension::FromDomain]]), 2);
    let g = &s.groups[0];
    assert_eq!(sum(g), figures(&g.all));
    assert_eq!(g.all.requests.first, 20_000);
    assert!(g.at_least && g.rows.iter().all(GroupRow::at_least));
    assert!(g.keys > 10 && g.keys < 20_000);
}
