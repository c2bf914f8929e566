//! Random conversations in random wrappings and random spellings, ours against tshark's word.
//!
//! A capture of dozens of conversations follows from one seed, which a failure names; run it alone
//! with `SIPSTAT_SEED=N`, or others from `SIPSTAT_SEEDS_FROM=N` on. tshark counts messages on the wire: our `messages`, all four bins together.
//! The same conversations copied in HEP, which tshark does not know, must give the same counts.
//! `SIPSTAT_THOROUGH` tries ten times as many. Without tshark nothing is compared, which is said aloud.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::laws::{self, Outcome, number, rows, violations};
use crate::support::conversations::{self, Random};
use crate::support::flow::{Carrier, Format, Hep, Ladder, Link, Order, Sent, Tunnel, Wrapping};
use serde_json::Value;

/// Captures.
const SEEDS: u64 = 50;
/// Conversations of each: 3,000 in all.
const CONVERSATIONS: usize = 60;

/// Tunnels in which tshark 4.0 finds no SIP with its usual preferences, and why.
const NOT_BY_TSHARK: [(&str, &str); 2] = [
    ("Esp", "looks into ESP without encryption only if esp.enable_null_encryption_decode_heuristic is set"),
    ("L2tpV3", "learns cookie and pseudowire from control messages, of which these captures have none"),
];

/// What a sniffer counts.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    /// Frames that completed a message.
    frames: u64,
    /// Requests by the method of their request line.
    requests: BTreeMap<String, u64>,
    /// Responses by method of the CSeq and code.
    responses: BTreeMap<(String, u64), u64>,
}

/// What tshark sees; `None` where it can't be run.
fn by_tshark(capture: &Path) -> Option<Seen> {
    let output = Command::new("tshark")
        .args(["-n", "-r"])
        .arg(capture)
        .args(["-o", "tcp.reassemble_out_of_order:TRUE", "-Y", "sip && !icmp && !icmpv6", "-T", "fields"])
        .args(["-E", "separator=;", "-E", "occurrence=a", "-E", "aggregator=,"])
        .args(["-e", "frame.number", "-e", "sip.Method", "-e", "sip.Status-Code", "-e", "sip.CSeq.method"])
        .output()
        .ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut seen = Seen::default();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let mut columns = line.split(';').skip(1).map(|c| c.split(',').filter(|v| !v.is_empty()));
        let (methods, codes, mut cseqs) =
            (columns.next()?, columns.next()?, columns.next()?.collect::<Vec<_>>());
        let mut methods = methods.peekable();
        let mut codes = codes.peekable();
        // Pieces of a message on a stream are "SIP continuation" to tshark; the last one has the fields.
        seen.frames += u64::from(methods.peek().is_some() || codes.peek().is_some());
        for method in methods {
            *seen.requests.entry(method.to_owned()).or_default() += 1;
            // A request's CSeq names its method; what is left belongs to the responses of the frame.
            if let Some(at) = cseqs.iter().position(|c| *c == method) {
                cseqs.remove(at);
            }
        }
        for (code, method) in codes.zip(cseqs) {
            let code = code.parse().expect("a code is a number");
            *seen.responses.entry((method.to_owned(), code)).or_default() += 1;
        }
    }
    Some(seen)
}

fn by_us(report: &Value) -> Seen {
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let cells = rows(report, "responses.by_method_and_code").iter();
    let requests = rows(report, "requests.by_method").iter();
    Seen {
        frames: report["input"]["fates"]["sip"].as_u64().unwrap_or_default(),
        requests: requests.map(|r| (text(r, "method"), number(r, "messages"))).collect(),
        responses: cells.map(|r| ((text(r, "method"), number(r, "code")), number(r, "messages"))).collect(),
    }
}

/// What `seed` says.
fn said(seed: u64) -> Ladder {
    let usual = Wrapping { at_once: true, ..Wrapping::default() };
    let mut ladder = Ladder::parse(&conversations::script(seed, CONVERSATIONS)).unwrap().wrapped(&usual);
    ladder.sent.iter_mut().for_each(|sent| spell(sent, seed));
    ladder
}

/// It in a wrapping, as a capture.
fn capture(seed: u64, said: &Ladder, wrapping: &Wrapping) -> PathBuf {
    let wrapped = said.wrapped(wrapping);
    let path = laws::scratch("differential").join(format!("{seed}.{}", wrapped.extension()));
    fs::write(&path, wrapped.build()).unwrap();
    path
}

/// Copies to a collector, which tshark does not look into: they say what the originals do.
fn copied(seed: u64) -> Wrapping {
    let version = 1 + (seed % 3) as u8;
    let (tcp, compressed) = (version == 3 && seed.is_multiple_of(2), version == 3 && seed % 4 < 2);
    Wrapping { carrier: Some(Carrier::Hep(Hep { version, tcp, compressed })), ..Wrapping::default() }
}

/// Our figures, without a law broken.
fn counted(seed: u64, path: &Path) -> Seen {
    let report = match laws::report(&[path]) {
        Outcome::Report(report) => report,
        Outcome::Refused(why) => panic!("seed {seed}: {why}"),
    };
    let broken = violations(&report);
    assert!(broken.is_empty(), "seed {seed}: {}", broken.join("\n"));
    by_us(&report)
}

/// The seeds that are asked for.
fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let count = if std::env::var_os("SIPSTAT_THOROUGH").is_some() { SEEDS * 10 } else { SEEDS };
    match (number("SIPSTAT_SEED"), number("SIPSTAT_SEEDS_FROM")) {
        (Some(one), _) => one..one + 1,
        (None, from) => from.unwrap_or(0)..from.unwrap_or(0) + count,
    }
}

/// Tunnel, carrier, pieces and container.
fn wrapping(random: &mut Random) -> Wrapping {
    let mut w = Wrapping::default();
    if random.chance(50) {
        let tunnel = Tunnel::ALL[random.below(Tunnel::ALL.len())];
        let named = format!("{tunnel:?}");
        w.tunnel = Some(tunnel).filter(|_| NOT_BY_TSHARK.iter().all(|(name, _)| !named.starts_with(name)));
    }
    if random.chance(30) {
        let link = Link::ALL[random.below(Link::ALL.len())];
        // Labels and PPPoE are named by an EtherType, for which the others have no room.
        let has_ip_outside =
            !matches!(w.tunnel, Some(Tunnel::Mpls(_) | Tunnel::MplsPseudowire { .. } | Tunnel::Pppoe));
        w.link =
            Some(link).filter(|l| has_ip_outside || matches!(l, Link::Ethernet | Link::Sll | Link::Sll2));
    }
    if random.chance(20) {
        w.vlans = Some(vec![5, 6][..1 + random.below(2)].to_vec());
    }
    w.ipv6 = random.chance(30);
    match random.below(6) {
        0 => w.tcp = true,
        1 => w.carrier = Some(Carrier::Sctp { chunks: 1 + random.below(3) }),
        // On port 5060 tshark takes the handshake for SIP.
        2 => {
            w.carrier = Some(Carrier::WebSocket { frames: 1 + random.below(3), deflate: false });
            w.port = Some(80);
        }
        _ => {}
    }
    if random.chance(40) && w.tcp {
        w.each = Some([11, 50, 97, 400][random.below(4)]);
        w.order = Some(Order::Reversed).filter(|_| random.chance(30));
    } else if random.chance(30) {
        w.ipfrag = Some([64, 200, 576][random.below(3)]);
        // Of chunks of SCTP in fragments that come backwards tshark loses some.
        let is_sctp = matches!(w.carrier, Some(Carrier::Sctp { .. }));
        w.order = Some(Order::Reversed).filter(|_| random.chance(50) && !is_sctp);
    }
    w.format = Some(Format::Pcapng).filter(|_| random.chance(40));
    w.big_endian = Some(random.chance(30));
    w.nanoseconds = Some(random.chance(30));
    w
}

/// Header names that have a compact form.
const COMPACT: [(&str, &str); 6] =
    [("Via", "v"), ("From", "f"), ("To", "t"), ("Call-ID", "i"), ("Contact", "m"), ("Content-Length", "l")];

/// Another spelling of the same message, which follows from its bytes: copies stay copies.
fn spell(sent: &mut Sent, seed: u64) {
    let Ok(text) = String::from_utf8(sent.bytes.clone()) else { return };
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return };
    let mut random = Random(text.bytes().fold(seed, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)));
    let mut lines: Vec<String> = head.split("\r\n").map(str::to_owned).collect();
    for line in lines.iter_mut().skip(1) {
        let Some((name, value)) = line.split_once(": ") else { continue };
        let compact = COMPACT.iter().find(|(long, _)| *long == name).map_or(name, |(_, short)| short);
        let name = match random.below(5) {
            0 => compact.to_owned(),
            1 => name.to_uppercase(),
            2 => name.to_lowercase(),
            _ => name.to_owned(),
        };
        let between = [": ", ":", ":  ", ":\r\n ", ":\t"][random.below(5)];
        *line = format!("{name}{between}{}", value.trim());
    }
    if random.chance(30) {
        let extra = [
            "Subject: SIP/2.0 200 OK",
            "X-Noise: a,b;c=\"d\"",
            "Supported: timer",
            "Date: Sat, 13 Nov 2010 23:29:00 GMT",
        ];
        let at = 1 + random.below(lines.len());
        // Not between a folded line and its start: every line here is whole.
        lines.insert(at.min(lines.len()), extra[random.below(extra.len())].to_owned());
    }
    if random.chance(30) && lines.len() > 3 {
        let last = lines.len() - 1;
        lines.swap(last, 2.min(last));
    }
    sent.bytes = format!("{}\r\n\r\n{body}", lines.join("\r\n")).into_bytes();
}

#[test]
fn random_conversations_count_as_tshark_counts_them() {
    let mut wrong = Vec::new();
    for seed in seeds() {
        let (said, wrapping) = (said(seed), wrapping(&mut Random(seed ^ 0x5151_7575)));
        let path = capture(seed, &said, &wrapping);
        let Some(theirs) = by_tshark(&path) else {
            eprintln!("no tshark here: captures of random conversations were not compared");
            return;
        };
        let ours = counted(seed, &path);
        // On a stream one frame may end several messages.
        let mut in_hep = counted(seed, &capture(seed, &said, &copied(seed)));
        in_hep.frames = theirs.frames;
        let before = wrong.len();
        for (how, ours) in [(format!("{wrapping:?}"), ours), (format!("{:?}", copied(seed).carrier), in_hep)]
        {
            if ours != theirs {
                wrong.push(format!("seed {seed}, {how}:\n    ours   {ours:?}\n    theirs {theirs:?}"));
            }
        }
        if wrong.len() == before {
            let _ = fs::remove_file(path);
        }
    }
    assert!(wrong.is_empty(), "{} captures differ:\n  {}", wrong.len(), wrong.join("\n  "));
}
