//! `--by`, `--interval` and `--trunks`: rows add up to the whole, whatever the threads, and everything
//! beyond a table's room is in its other row.

use std::fs;
use std::path::{Path, PathBuf};

use sipstat::config::{Config, Grouping, Sort};
use sipstat::dimension::Dimension;
use sipstat::pick::Condition;
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

/// Requests over UDP, each with the domain of its caller, ten milliseconds apart.
fn requests(name: &str, domains: impl Iterator<Item = String>) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("groups");
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join(name);
    let mut bytes = Vec::new();
    for n in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 101] {
        bytes.extend(n.to_le_bytes());
    }
    for (n, domain) in (0_u32..).zip(domains) {
        let sip = format!(
            "OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK{n}\r\nCall-ID: {n}\r\n\
             From: <sip:a@{domain}>;tag=1\r\nTo: <sip:h>\r\nCSeq: 1 OPTIONS\r\n\r\n"
        );
        let packet = udp(sip.as_bytes());
        let length = packet.len() as u32;
        for n in [1_772_546_400 + n / 100, n % 100 * 10_000, length, length] {
            bytes.extend(n.to_le_bytes());
        }
        bytes.extend(packet);
    }
    fs::write(&path, bytes).unwrap();
    path
}

/// An IPv4 packet with a datagram from 10.0.0.1 to 10.0.0.2.
fn udp(payload: &[u8]) -> Vec<u8> {
    let (udp, ip) = (8 + payload.len() as u16, 28 + payload.len() as u16);
    let mut packet = vec![0x45, 0];
    packet.extend(ip.to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    packet.extend([5060_u16, 5060, udp, 0].iter().flat_map(|n| n.to_be_bytes()));
    packet.extend(payload);
    packet
}

/// Forty thousand names of domains are more than get rows: the others are one row, and it is said. Those
/// that come often have rows though they come late.
#[test]
fn keys_without_room_are_in_the_other_row_and_heavy_ones_have_rows_however_late() {
    let heavy = |n: u32| (n > 30_000 && n % 20 < 3).then(|| format!("late{}.example", n % 20));
    let domains = (0..40_000).map(|n| heavy(n).unwrap_or_else(|| format!("d{n}.example")));
    let path = requests("domains.pcap", domains);
    let run = |threads| {
        let grouping = Grouping { top: 5, sort: Sort::Calls, ..by(&[&[Dimension::FromDomain]]) };
        run(&path, grouping, threads)
    };
    let s = run(2);
    let g = &s.groups[0];
    assert_eq!(sum(g), figures(&g.all));
    assert_eq!(g.all.requests.first, 40_000);
    assert!(g.at_least && g.rows.iter().all(GroupRow::at_least));
    assert!(g.keys > 10 && g.keys < 20_000);
    let mut first: Vec<&str> = g.rows[..3].iter().filter_map(|r| r.key[0].as_deref()).collect();
    first.sort_unstable();
    assert_eq!(first, ["late0.example", "late1.example", "late2.example"]);
    for row in &g.rows[..3] {
        let truth = (30_001..40_000).filter(|n| n % 20 < 3 && row.key[0] == heavy(*n)).count() as u64;
        let seen = row.requests.messages();
        assert!(seen <= truth && truth <= seen + row.missed, "{seen} {} {truth}", row.missed);
        assert!(seen * 10 >= truth * 9, "{seen} of {truth}");
    }
    assert_eq!(format!("{:?}", run(5).groups), format!("{:?}", s.groups), "whatever the threads");
}

/// Two interfaces, with names, and three VLANs.
#[test]
fn interfaces_and_vlans_tell_traffic_apart_in_groups_and_conditions() {
    let block = |kind: u32, body: &[u8]| {
        let length = 12 + body.len().next_multiple_of(4) as u32;
        let mut all = [kind.to_le_bytes(), length.to_le_bytes()].concat();
        all.extend(body);
        all.resize(length as usize - 4, 0);
        all.extend(length.to_le_bytes());
        all
    };
    let section = [0x1a2b_3c4d_u32.to_le_bytes(), [1, 0, 0, 0], [0xff; 4], [0xff; 4]].concat();
    let mut bytes = block(0x0a0d_0d0a, &section);
    for name in [b"eth0", b"eth1"] {
        let head = [[1, 0, 0, 0], [0; 4], [2, 0, 4, 0]].concat();
        bytes.extend(block(1, &[&head[..], name, &[0; 4]].concat()));
    }
    for n in 0..12_u32 {
        let sip = format!(
            "OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK{n}\r\nCall-ID: {n}\r\n\
             From: <sip:a@h>;tag=1\r\nTo: <sip:h>\r\nCSeq: 1 OPTIONS\r\n\r\n"
        );
        let vlan = [10, 20, 20][n as usize % 3];
        let tags = [&[0; 12][..], &[0x81, 0, 0, 99, 0x81, 0, 0, vlan, 8, 0], &udp(sip.as_bytes())].concat();
        let length = (tags.len() as u32).to_le_bytes();
        let time = 1_772_546_400_000_000_u64 + u64::from(n) * 1000;
        let (high, low) = ((time >> 32) as u32, time as u32);
        let head = [(n % 2).to_le_bytes(), high.to_le_bytes(), low.to_le_bytes(), length, length].concat();
        bytes.extend(block(6, &[head, tags].concat()));
    }
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("groups");
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join("vlans.pcapng");
    fs::write(&path, bytes).unwrap();
    let s = run(&path, by(&[&[Dimension::Vlan], &[Dimension::Interface, Dimension::Vlan]]), 1);
    let rows = |g: usize| {
        let row = |r: &GroupRow| {
            let key: Vec<&str> = r.key.iter().map(|k| k.as_deref().unwrap_or("-")).collect();
            (key.join(" "), r.requests.first)
        };
        let mut rows: Vec<_> = s.groups[g].rows.iter().map(row).collect();
        rows.sort();
        rows
    };
    assert_eq!(rows(0), [("10".into(), 4), ("20".into(), 8)], "the inner tag");
    let expected = [("eth0 10", 2), ("eth0 20", 4), ("eth1 10", 2), ("eth1 20", 4)];
    assert_eq!(rows(1), expected.map(|(k, n)| (k.to_owned(), n)));
    for (condition, expected) in [
        ("vlan == 20 and interface == 'eth1'", 4),
        ("vlan in (10, 30)", 4),
        ("interface ~ 'ETH*' and file ~ 'vlans'", 12),
        ("vlan == 99 or file == 'other.pcap'", 0),
    ] {
        let condition = Some(Condition::new(condition).unwrap());
        let s = pipeline::run(&Config { condition, ..Config::new([&path]) }).unwrap();
        assert_eq!(s.messages.total, expected);
    }
}
