//! The same conversations in every wrapping give the same report, but for the ledger.
//!
//! Random conversations from a seed, in every tunnel, carrier, compression and container that the
//! builder of captures knows.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use crate::support::conversations;
use crate::support::expect::report;
use crate::support::flow::{Carrier, Format, Hep, Ladder, Link, Order, Tunnel, Wrapping};
use serde_json::Value;

/// Enough for every kind of conversation.
const CONVERSATIONS: usize = 25;

fn ladder(seed: u64) -> Ladder {
    let usual = Wrapping { at_once: true, ..Wrapping::default() };
    Ladder::parse(&conversations::script(seed, CONVERSATIONS)).unwrap().wrapped(&usual)
}

fn write(name: &str, bytes: &[u8]) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wrapping");
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// What must not depend on the wrapping.
fn figures(mut report: Value) -> Value {
    report.as_object_mut().unwrap().remove("input");
    report["messages"].as_object_mut().unwrap().remove("by_transport");
    without_frames(&mut report);
    report
}

/// Frames have other numbers in other wrappings.
fn without_frames(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(without_frames),
        Value::Object(map) => {
            map.retain(|key, _| key != "frame" && key != "file");
            map.values_mut().for_each(without_frames);
        }
        _ => {}
    }
}

/// The paths at which two reports differ.
fn differences(a: &Value, b: &Value, path: &str, out: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) if x.keys().eq(y.keys()) => {
            x.iter().for_each(|(k, v)| differences(v, &y[k], &format!("{path}.{k}"), out));
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            let pairs = x.iter().zip(y).enumerate();
            pairs.for_each(|(i, (v, w))| differences(v, w, &format!("{path}[{i}]"), out));
        }
        _ if a != b => out.push(format!("{path}: {a} became {b}")),
        _ => {}
    }
}

/// Holds reports about the conversations of two seeds in each wrapping against the plain ones.
fn check(name: &str, wrappings: &[Wrapping]) {
    let mut wrong = Vec::new();
    for seed in [1, 2] {
        let ladder = ladder(seed);
        let plain = figures(report(&write(&format!("{name}-{seed}.pcap"), &ladder.build())));
        for (i, wrapping) in wrappings.iter().enumerate() {
            let wrapped = ladder.wrapped(wrapping);
            let path = write(&format!("{name}-{seed}-{i}.{}", wrapped.extension()), &wrapped.build());
            let mut found = Vec::new();
            differences(&plain, &figures(report(&path)), "", &mut found);
            if let Some(first) = found.first() {
                wrong.push(format!("{}: {} differences, {first}: {wrapping:?}", path.display(), found.len()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
}

fn carried(carrier: Carrier) -> Wrapping {
    Wrapping { carrier: Some(carrier), ..Wrapping::default() }
}

#[test]
fn tunnels_do_not_matter() {
    let in_tunnel = |tunnel| Wrapping { tunnel: Some(tunnel), ..Wrapping::default() };
    check("tunnel", &Tunnel::ALL.map(in_tunnel));
}

#[test]
fn what_is_in_tunnels_does_not_matter() {
    let some = [
        Tunnel::Vxlan,
        Tunnel::Gre { flags: 11, teb: true },
        Tunnel::InIpv6,
        Tunnel::GtpU { extended: true },
    ];
    for (name, base) in [
        ("fragments", Wrapping { ipfrag: Some(200), order: Some(Order::Reversed), ..Wrapping::default() }),
        ("tcp", Wrapping { tcp: true, each: Some(97), ..Wrapping::default() }),
        ("sctp", carried(Carrier::Sctp { chunks: 3 })),
        ("ws", carried(Carrier::WebSocket { frames: 2, deflate: true })),
        ("tagged", Wrapping { vlans: Some(vec![5, 6]), ..Wrapping::default() }),
        ("sll2", Wrapping { link: Some(Link::Sll2), ..Wrapping::default() }),
    ] {
        check(&format!("tunnel-{name}"), &some.map(|t| Wrapping { tunnel: Some(t), ..base.clone() }));
    }
}

#[test]
fn segments_and_fragments_do_not_matter() {
    let reversed = || Some(Order::Reversed);
    check(
        "pieces",
        &[
            Wrapping { tcp: true, ..Wrapping::default() },
            Wrapping { tcp: true, each: Some(11), ..Wrapping::default() },
            Wrapping { tcp: true, each: Some(50), order: reversed(), ..Wrapping::default() },
            Wrapping { ipfrag: Some(64), ..Wrapping::default() },
            Wrapping { ipfrag: Some(64), order: reversed(), ..Wrapping::default() },
            Wrapping { tcp: true, ipfrag: Some(64), order: reversed(), ..Wrapping::default() },
        ],
    );
}

#[test]
fn web_sockets_do_not_matter() {
    let web = |frames, deflate| carried(Carrier::WebSocket { frames, deflate });
    let mut all = vec![web(1, false), web(3, false), web(1, true), web(3, true)];
    all.push(Wrapping { each: Some(13), ..web(3, true) });
    all.push(Wrapping { each: Some(40), order: Some(Order::Reversed), ..web(2, false) });
    check("ws", &all);
}

#[test]
fn sctp_does_not_matter() {
    let sctp = |chunks| carried(Carrier::Sctp { chunks });
    check("sctp", &[sctp(1), sctp(4), Wrapping { order: Some(Order::Reversed), ..sctp(5) }]);
}

fn hep(version: u8, tcp: bool, compressed: bool) -> Wrapping {
    carried(Carrier::Hep(Hep { version, tcp, compressed }))
}

#[test]
fn copies_to_a_collector_mean_what_the_originals_mean() {
    check(
        "hep",
        &[
            hep(1, false, false),
            hep(2, false, false),
            hep(3, false, false),
            hep(3, false, true),
            hep(3, true, false),
            Wrapping { each: Some(100), ..hep(3, true, true) },
            Wrapping { ipfrag: Some(256), ..hep(3, false, false) },
            Wrapping { tunnel: Some(Tunnel::Vxlan), ..hep(3, false, false) },
        ],
    );
}

#[test]
fn copies_beside_the_originals_are_capture_duplicates() {
    for wrapping in [hep(1, false, false), hep(2, false, false), hep(3, false, true), hep(3, true, false)] {
        let mut both = ladder(3);
        let plain = report(&write("beside-plain.pcap", &both.build()));
        let copies = both.wrapped(&wrapping).sent;
        both.sent = both.sent.iter().zip(&copies).flat_map(|(a, b)| [a.clone(), b.clone()]).collect();
        let seen = report(&write("beside.pcap", &both.build()));
        let (total, twice) = (&plain["messages"]["total"], &seen["messages"]["capture_duplicates"]);
        assert_eq!(twice, total, "{wrapping:?}");
        for figure in ["outcomes", "attempts", "bids", "sessions", "rates"] {
            assert_eq!(seen["invite"][figure], plain["invite"][figure], "{figure}: {wrapping:?}");
        }
        assert_eq!(seen["responses"]["responses"], plain["responses"]["responses"], "{wrapping:?}");
        assert_eq!(
            seen["responses"]["retransmissions"], plain["responses"]["retransmissions"],
            "{wrapping:?}"
        );
        assert_eq!(seen["failures"]["total"], plain["failures"]["total"], "{wrapping:?}");
    }
}

#[test]
fn sip_on_the_ports_of_tunnels_and_collectors_is_sip() {
    let plain = report(&write("ports.pcap", &ladder(1).build()));
    for port in [4789, 4790, 8472, 2152, 6081, 9060, 4500, 1701, 3544, 6635, 4754, 37008, 443, 53] {
        let on = Wrapping { port: Some(port), ..Wrapping::default() };
        for wrapping in [on.clone(), Wrapping { tcp: true, ..on.clone() }, Wrapping { ipv6: true, ..on }] {
            let seen = report(&write(&format!("ports-{port}.pcap"), &ladder(1).build_with(&wrapping)));
            assert_eq!(seen["messages"]["total"], plain["messages"]["total"], "{wrapping:?}");
            assert_eq!(seen["invite"]["outcomes"], plain["invite"]["outcomes"], "{wrapping:?}");
        }
    }
}

#[test]
fn containers_do_not_matter() {
    check(
        "container",
        &[
            Wrapping { format: Some(Format::Pcapng), ..Wrapping::default() },
            Wrapping { nanoseconds: Some(true), big_endian: Some(true), ..Wrapping::default() },
            Wrapping { format: Some(Format::Pcapng), big_endian: Some(true), ..Wrapping::default() },
        ],
    );
}

/// Compressed by each method, in one member and in several.
fn compressed(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let gzip = |part: &[u8]| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        out.write_all(part).unwrap();
        out.finish().unwrap()
    };
    let bzip2 = |part: &[u8]| {
        let mut out = Vec::new();
        bzip2::read::BzEncoder::new(part, bzip2::Compression::default()).read_to_end(&mut out).unwrap();
        out
    };
    let xz = |part: &[u8]| {
        let mut out = Vec::new();
        liblzma::read::XzEncoder::new(part, 6).read_to_end(&mut out).unwrap();
        out
    };
    let lz4 = |part: &[u8]| {
        let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
        out.write_all(part).unwrap();
        out.finish().unwrap()
    };
    let zstd = |part: &[u8]| zstd::encode_all(Cursor::new(part), 3).unwrap();
    type Method<'a> = (&'static str, &'a dyn Fn(&[u8]) -> Vec<u8>);
    let methods: [Method<'_>; 5] =
        [("gz", &gzip), ("bz2", &bzip2), ("xz", &xz), ("lz4", &lz4), ("zst", &zstd)];
    let (head, tail) = bytes.split_at(bytes.len() / 3);
    let both = |(name, f): Method<'_>| [(name, f(bytes)), (name, [f(head), f(tail)].concat())];
    methods.into_iter().flat_map(both).collect()
}

#[test]
fn compression_does_not_matter_whatever_the_name() {
    let bytes = ladder(1).build();
    let plain = figures(report(&write("compressed.pcap", &bytes)));
    for (i, (method, packed)) in compressed(&bytes).into_iter().enumerate() {
        for name in [format!("compressed-{i}.pcap.{method}"), format!("compressed-{i}")] {
            let seen = report(&write(&name, &packed));
            assert_eq!(seen["input"]["complete"], true, "{name}");
            assert_eq!(figures(seen), plain, "{name}");
        }
    }
}
