//! The attacks, each with what a report on it must say.

use std::io::Write;

use crate::collide;
use crate::victim::Victim;
use crate::wire::{
    ACK, FIN, HERE, Out, SYN, Sip, THERE, client_hello, header, ip, pcap_header, record, stamped, tcp, udp,
    udp6,
};

/// One way to hurt.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// Each of its packets stands for so many: it is as much work.
    pub(crate) weight: u64,
    /// Writes so many packets.
    pub(crate) write: fn(u64, Out<'_>),
    /// What must have been noticed.
    pub(crate) expect: fn(&Victim),
}

/// Nothing in particular.
fn anything(_: &Victim) {}

fn inexact(v: &Victim) {
    assert_eq!(v.report["input"]["exact"], false, "what was dropped is told");
}

fn at_least_messages(v: &Victim, n: u64) {
    let total = v.report["messages"]["total"].as_u64().unwrap_or_default();
    assert!(total >= n, "{total} messages");
}

/// A number per packet, as text.
fn each(n: u64, out: Out<'_>, mut message: impl FnMut(u64, &str) -> Vec<u8>) {
    header(out);
    for i in 0..n {
        let packet = message(i, &format!("{i:x}"));
        record(out, i * 10, &packet);
    }
}

macro_rules! attacks {
    ($($name:ident / $weight:literal: $write:expr, $expect:expr;)*) => {
        /// All of them.
        pub(crate) const ATTACKS: &[Attack] = &[$(Attack {
            name: stringify!($name),
            weight: $weight,
            write: $write,
            expect: $expect,
        }),*];
    };
}

fn say(sip: &Sip<'_>) -> Vec<u8> {
    udp(HERE, THERE, &sip.bytes())
}

attacks! {
    half_fragments / 1: |n, out| each(n, out, |i, _| {
        ip(HERE + (i >> 16) as u32, THERE, 17, i as u16, 0, true, &[b'x'; 64])
    }), |v| assert!(v.report["input"]["fates"]["fragment"].as_u64() > Some(0));

    last_fragments_of_64_kib / 1: |n, out| each(n, out, |i, _| {
        ip(HERE + (i >> 16) as u32, THERE, 17, i as u16, 65_000, false, &[b'x'; 64])
    }), anything;

    flows_without_a_message / 1: |n, out| each(n, out, |i, _| {
        let payload = b"INVITE sip:b@example.com SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nX: ";
        tcp(HERE + (i / 60_000) as u32, 1024 + (i % 60_000) as u16, 1, ACK, payload)
    }), |v| at_least_messages(v, 1);

    flows_that_open_and_close / 1: |n, out| each(n, out, |i, _| {
        let flags = if i % 2 == 0 { SYN } else { FIN | ACK };
        tcp(HERE + (i / 120_000) as u32, 1024 + (i / 2 % 60_000) as u16, 1, flags, b"")
    }), anything;

    holes_in_every_flow / 1: |n, out| each(n, out, |i, _| {
        // A thousand flows at a time, each with ever more holes, from far behind to far ahead.
        let (flow, segment) = (i % 1_000, i / 1_000);
        let at = 10_000_u32.wrapping_add((segment as u32).wrapping_mul(1_400).wrapping_mul(7) % 60_000);
        tcp(HERE, 1024 + flow as u16, at, ACK, &[b'y'; 200])
    }), anything;

    segments_backwards / 1: |n, out| each(n, out, |i, _| {
        tcp(HERE, 1024, u32::MAX - (i as u32 * 100), ACK, &[b'z'; 120])
    }), anything;

    segments_that_overlap / 1: |n, out| each(n, out, |i, _| {
        tcp(HERE, 1024 + (i % 16) as u16, 5 + (i as u32).wrapping_mul(2_654_435_761) % 4_096, ACK, &[i as u8; 900])
    }), anything;

    one_byte_a_segment / 1: |n, out| each(n, out, |i, _| {
        tcp(HERE, 1024, i as u32, ACK, if i % 3 == 0 { b"\r" } else { b"x" })
    }), anything;

    call_ids / 1: |n, out| each(n, out, |_, x| say(&Sip { call: x, ..Sip::default() })),
        |v| { inexact(v); at_least_messages(v, 1) };

    call_ids_answered / 1: |n, out| each(n, out, |i, _| {
        let x = format!("{:x}", i / 2);
        let start = if i % 2 == 0 { Sip::default().start } else { "SIP/2.0 200 OK" };
        say(&Sip { start, call: &x, to_tag: if i % 2 == 0 { "" } else { "t" }, ..Sip::default() })
    }), |v| at_least_messages(v, 1);

    call_ids_of_one_shard / 40: |n, out| {
        header(out);
        let mine = (0_u64..).map(|i| format!("{i:x}")).filter(|x| sipstat::shard::shard_of_call(x.as_bytes()) == 7);
        for (i, x) in mine.take(n as usize).enumerate() {
            record(out, i as u64 * 10, &say(&Sip { call: &x, ..Sip::default() }));
        }
    }, anything;

    branches / 1: |n, out| each(n, out, |_, x| {
        say(&Sip { branch: &format!("z9hG4bK{x}"), ..Sip::default() })
    }), inexact;

    from_tags / 1: |n, out| each(n, out, |_, x| {
        say(&Sip { from_tag: x, branch: &format!("z9hG4bK{x}"), ..Sip::default() })
    }), inexact;

    to_tags / 1: |n, out| each(n, out, |i, x| match i {
        0 => say(&Sip::default()),
        _ => say(&Sip { start: "SIP/2.0 180 Ringing", to_tag: x, ..Sip::default() }),
    }), inexact;

    cseqs / 1: |n, out| each(n, out, |_, x| {
        let number = u32::from_str_radix(x, 16).unwrap_or(0);
        say(&Sip { cseq: &format!("{number} INVITE"), branch: &format!("z9hG4bK{x}"), ..Sip::default() })
    }), inexact;

    many_calls_with_many_branches / 1: |n, out| each(n, out, |i, x| {
        let call = format!("{}", i % (n / 50).max(1));
        say(&Sip { call: &call, branch: &format!("z9hG4bK{x}"), cseq: &format!("{} INVITE", 1 + i * 50 / n.max(1)), ..Sip::default() })
    }), |v| at_least_messages(v, 1);

    many_calls_with_many_tags / 1: |n, out| each(n, out, |i, x| {
        let call = format!("{}", i % (n / 50).max(1));
        let start = if i * 50 / n.max(1) == 0 { Sip::default().start } else { "SIP/2.0 183 Progress" };
        let tag = if start.starts_with("SIP") { x } else { "" };
        say(&Sip { start, call: &call, to_tag: tag, ..Sip::default() })
    }), |v| at_least_messages(v, 1);

    methods / 1: |n, out| each(n, out, |_, x| {
        let (start, cseq) = (format!("M{x} sip:b@example.com SIP/2.0"), format!("1 M{x}"));
        say(&Sip { start: &start, cseq: &cseq, call: x, ..Sip::default() })
    }), |v| at_least_messages(v, 1);

    reason_phrases / 1: |n, out| each(n, out, |_, x| {
        say(&Sip { start: &format!("SIP/2.0 486 {x} {}", "long ".repeat(20)), call: x, ..Sip::default() })
    }), |v| at_least_messages(v, 1);

    reasons_and_warnings / 1: |n, out| each(n, out, |_, x| {
        let more = format!("Reason: P{x};cause=1;text=\"{x}\"\r\nWarning: 399 h \"{x}\"\r\n");
        say(&Sip { start: "SIP/2.0 503 Service Unavailable", call: x, more: &more, ..Sip::default() })
    }), |v| at_least_messages(v, 1);

    user_agents / 1: |n, out| each(n, out, |_, x| {
        say(&Sip { call: x, more: &format!("User-Agent: {x} {}\r\n", "phone".repeat(30)), ..Sip::default() })
    }), |v| at_least_messages(v, 1);

    phrases_of_one_hash / 1: |n, out| {
        let mut phrases = collide::phrases();
        each(n, out, |_, x| {
            let start = format!("SIP/2.0 486 {}", phrases.next().unwrap_or_default());
            say(&Sip { start: &start, call: x, ..Sip::default() })
        })
    }, |v| {
        at_least_messages(v, 1);
        let rows = v.report["phrases"].as_array().map_or(0, Vec::len);
        assert!((2..=257).contains(&rows), "{rows} phrases are told");
    };

    hosts_of_one_network / 1: |n, out| each(n, out, |i, x| {
        let host = collide::PREFIX | u128::from(i);
        let sip = Sip { call: x, ..Sip::default() }.bytes();
        udp6(host, collide::PREFIX | u128::from(i + 1), &sip)
    }), |v| at_least_messages(v, 1);

    call_ids_of_one_bucket / 40: |n, out| {
        header(out);
        for (i, x) in collide::call_ids().take(n as usize).enumerate() {
            record(out, i as u64 * 10, &say(&Sip { call: &x, ..Sip::default() }));
        }
    }, anything;

    peers / 1: |n, out| each(n, out, |i, x| {
        udp(0x0b00_0000 + i as u32, 0x0c00_0000 + i as u32, &Sip { call: x, ..Sip::default() }.bytes())
    }), |v| at_least_messages(v, 1);

    pings_of_many_peers / 1: |n, out| each(n, out, |i, x| {
        let sip = Sip { start: "OPTIONS sip:b SIP/2.0", cseq: "1 OPTIONS", call: x, ..Sip::default() };
        udp(0x0b00_0000 + i as u32, THERE, &sip.bytes())
    }), |v| at_least_messages(v, 1);

    registrations / 1: |n, out| each(n, out, |i, x| {
        let sip = Sip { start: "REGISTER sip:b SIP/2.0", cseq: "1 REGISTER", call: x, ..Sip::default() };
        udp(0x0b00_0000 + i as u32, THERE, &sip.bytes())
    }), |v| at_least_messages(v, 1);

    heads_of_folds / 400: |n, out| each(n, out, |_, x| {
        say(&Sip { call: x, more: &format!("Subject: a{}\r\n", "\r\n ".repeat(20_000)), ..Sip::default() })
    }), |v| at_least_messages(v, 1);

    vias_of_folds / 400: |n, out| each(n, out, |_, x| {
        say(&Sip { call: x, more: &format!("Via: SIP{}/2.0/UDP h\r\n", "\r\n ".repeat(20_000)), ..Sip::default() })
    }), |v| at_least_messages(v, 1);

    heads_of_commas / 400: |n, out| each(n, out, |_, x| {
        say(&Sip { call: x, more: &format!("Via: {}\r\nReason: {}\r\n", ",".repeat(30_000), ",".repeat(30_000)), ..Sip::default() })
    }), |v| at_least_messages(v, 1);

    heads_of_quotes / 400: |n, out| each(n, out, |_, x| {
        let more = format!("Via: {}\r\nReason: {}\r\nContact: {}\r\n", "\"".repeat(20_001), "\"\\".repeat(10_000), "<\"".repeat(9_000));
        say(&Sip { call: x, more: &more, ..Sip::default() })
    }), |v| at_least_messages(v, 1);

    tags_of_quotes / 400: |n, out| each(n, out, |_, x| {
        let tag = format!("f;{}", "a=\"b;".repeat(11_000));
        say(&Sip { call: x, from_tag: &tag, ..Sip::default() })
    }), |v| at_least_messages(v, 1);

    brackets / 400: |n, out| each(n, out, |_, x| {
        say(&Sip { call: x, more: &format!("Contact: {}\r\n", "<;,".repeat(20_000)), ..Sip::default() })
    }), |v| at_least_messages(v, 1);

    ten_thousand_headers / 400: |n, out| each(n, out, |_, x| {
        say(&Sip { call: x, more: &"a:b\r\n".repeat(10_000), ..Sip::default() })
    }), |v| assert!(v.anomaly("too_many_headers") > 0);

    heads_that_never_end / 40: |n, out| each(n, out, |i, _| {
        let payload = if i == 0 { b"INVITE sip:b SIP/2.0\r\n".to_vec() } else { b"X: y\r\n".repeat(230) };
        let sequence = if i == 0 { 1 } else { 23 + (i as u32 - 1) * 1_380 };
        tcp(HERE, 1024, sequence, ACK, &payload)
    }), anything;

    bodies_of_2_to_the_63 / 1: |n, out| each(n, out, |i, x| {
        let more = "Content-Length: 9223372036854775808\r\n";
        match i % 2 {
            0 => say(&Sip { call: x, more, ..Sip::default() }),
            _ => tcp(HERE, 1024, 1 + i as u32 * 500, ACK, &Sip { call: x, more, ..Sip::default() }.bytes()),
        }
    }), |v| at_least_messages(v, 1);

    interface_blocks / 1: |n, out| {
        let mut put = |bytes: &[u8]| { let _ = out.write_all(bytes); };
        put(b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x1c\0\0\0");
        // Sixty bytes each, so a million of them are 60 MB.
        let mut block = b"\x01\0\0\0\x3c\0\0\0\x65\0\0\0\xff\xff\0\0\x02\0\x20\0".to_vec();
        block.extend([b'n'; 32]);
        block.extend(b"\0\0\0\0\x3c\0\0\0");
        (0..n).for_each(|_| put(&block));
    }, anything;

    tunnels_a_thousand_deep / 400: |n, out| {
        let tower = (0..1_000).fold(say(&Sip::default()), |inner, _| ip(HERE, THERE, 4, 1, 0, false, &inner));
        each(n, out, |_, _| tower.clone());
    }, anything;

    gre_a_thousand_deep / 400: |n, out| {
        let tower = (0..1_000).fold(say(&Sip::default()), |inner, _| {
            ip(HERE, THERE, 47, 1, 0, false, &[&[0, 0, 8, 0], &inner[..]].concat())
        });
        each(n, out, |_, _| tower.clone());
    }, anything;

    fragments_of_tunnels_in_fragments / 40: |n, out| each(n, out, |i, _| {
        let inner = ip(HERE, THERE, 17, i as u16, 0, true, &[b'x'; 600]);
        let outer = ip(HERE + 1, THERE, 4, (i / 2) as u16, 0, true, &inner[..600]);
        match i % 2 {
            0 => outer,
            _ => ip(HERE + 1, THERE, 4, (i / 2) as u16, 600, false, &inner[600..]),
        }
    }), anything;

    websocket_bombs / 400: |n, out| {
        let bomb = deflated(4 << 20);
        let hello = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\n\
            Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
        header(out);
        for i in 0..n {
            let frame = [&[0xc1, 126][..], &(bomb.len() as u16).to_be_bytes(), &bomb].concat();
            let port = 1024 + (i % 60_000) as u16;
            record(out, i * 20, &tcp(HERE, port, 1, ACK, hello));
            record(out, i * 20 + 10, &tcp(HERE, port, 1 + hello.len() as u32, ACK, &frame));
        }
    }, anything;

    hep_bombs / 400: |n, out| {
        let bomb = deflated(16 << 20);
        each(n, out, |_, _| {
            let chunk = [&[0, 0, 0, 16][..], &(bomb.len() as u16 + 6).to_be_bytes(), &bomb].concat();
            let hep = [b"HEP3", &(chunk.len() as u16 + 6).to_be_bytes()[..], &chunk].concat();
            udp(HERE, THERE, &hep)
        });
    }, anything;

    gzip_bombs / 4_000: |n, out| {
        let zeros = gzipped(&vec![0; 4 << 20]);
        let _ = out.write_all(&gzipped(&pcap_header()));
        (0..n).for_each(|_| { let _ = out.write_all(&zeros); });
    }, |v| assert_eq!(v.report["input"]["complete"], false);

    zstd_with_the_widest_window / 1: |n, out| {
        let mut zstd = zstd::Encoder::new(out, 1).expect("an encoder");
        zstd.set_parameter(zstd::zstd_safe::CParameter::WindowLog(27)).expect("a window");
        zstd.set_parameter(zstd::zstd_safe::CParameter::EnableLongDistanceMatching(true)).expect("a mode");
        header(&mut zstd);
        for i in 0..n {
            record(&mut zstd, i * 10, &say(&Sip { call: &format!("{i:x}"), more: "User-Agent: the same\r\n", ..Sip::default() }));
        }
        let _ = zstd.finish();
    }, |v| at_least_messages(v, 1);

    sctp_messages_that_never_end / 1: |n, out| each(n, out, |i, _| {
        // A first fragment on another association, stream and number each time.
        let (port, tsn) = (1024 + (i % 60_000) as u16, i as u32 * 7);
        let chunk = [&[0, 2, 0, 80][..], &tsn.to_be_bytes(), &(i as u16).to_be_bytes(), &[0; 6], b"INVITE sip:b@example.com SIP/2.0\r\nVia: SIP/2.0/SCTP h;branch=z9"].concat();
        let chunk = &chunk[..80.min(chunk.len())];
        ip(HERE + (i / 60_000) as u32, THERE, 132, 1, 0, false, &[&port.to_be_bytes()[..], &5060_u16.to_be_bytes(), &[0; 8], chunk].concat())
    }), anything;

    tls_server_names / 1: |n, out| each(n, out, |i, x| {
        tcp(HERE + (i / 60_000) as u32, 1024 + (i % 60_000) as u16, 1, ACK, &client_hello(x.as_bytes()))
    }), |v| {
        let rows = v.report["input"]["tls"].as_array().map_or(0, Vec::len);
        assert!((1..=257).contains(&rows), "{rows} servers are told");
    };

    centuries_to_and_fro / 1: |n, out| {
        header(out);
        for i in 0..n {
            let seconds = match i % 4 { 0 => 0, 1 => u32::MAX, 2 => 1_700_000_000, _ => i as u32 };
            stamped(out, seconds, (i % 1_000_000) as u32, &say(&Sip { call: &format!("{i:x}"), ..Sip::default() }));
        }
    }, |v| at_least_messages(v, 1);

    time_stands_still / 1: |n, out| {
        header(out);
        for i in 0..n {
            let call = format!("{:x}", i % 1_000);
            let start = if i % 2 == 0 { Sip::default().start } else { "SIP/2.0 486 Busy Here" };
            stamped(out, 1_700_000_000, 0, &say(&Sip { start, call: &call, branch: &format!("z9hG4bK{i}"), ..Sip::default() }));
        }
    }, |v| at_least_messages(v, 1);

    time_runs_backwards / 1: |n, out| {
        header(out);
        for i in 0..n {
            stamped(out, 1_700_000_000 - i as u32, 0, &say(&Sip { call: &format!("{i:x}"), ..Sip::default() }));
        }
    }, |v| at_least_messages(v, 1);

    a_century_of_seconds / 1: |n, out| {
        header(out);
        for i in 0..n {
            stamped(out, (i * 4_000) as u32, 0, &say(&Sip { call: &format!("{i:x}"), ..Sip::default() }));
        }
    }, |v| at_least_messages(v, 1);
}

/// As one member.
fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gz.write_all(bytes).expect("a vector takes all");
    gz.finish().expect("a vector takes all")
}

/// So many zeros, as a raw deflate stream without its end.
fn deflated(zeros: usize) -> Vec<u8> {
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    let block = vec![0; 1 << 20];
    (0..zeros >> 20).for_each(|_| deflate.write_all(&block).expect("a vector takes all"));
    deflate.flush().expect("a vector takes all");
    let mut bytes = deflate.finish().expect("a vector takes all");
    bytes.truncate(60_000);
    bytes
}
