//! Cuts captures into inputs for the fuzz targets: what a door takes, out of what was recorded.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use sipstat::anomaly::Anomalies;
use sipstat::capture::Inputs;
use sipstat::decode::{Decoded, Decoder};
use sipstat::sip::looks_like_sip;
use sipstat::stream::hep;

/// Inputs of more bytes teach a fuzzer little.
const LONGEST: usize = 64 << 10;
/// Frames of one capture that are cut up.
const FRAMES: usize = 40;
/// Frames of one capture that are traffic.
const TRAFFIC: usize = 30;

const OPTIONS: [&str; 12] = [
    "host 10.0.0.1 and port 5060",
    "not (src host 10.0.0.0/8 or dst port 5060-5080) and udp",
    "tcp or sctp or hep or ip6 or ip",
    "host 2001:db8::/32",
    "port 5060,5080",
    "10.0.0.0/8",
    "2001:db8::1/64",
    "5060,5080-5090",
    "2026-03-03T14:03:20Z",
    "2026-03-03 14:03:20.123456789",
    "14:03",
    "+5m",
];

/// Door and input, for all that `capture` holds.
pub(crate) fn of(capture: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let mut out: Vec<_> = OPTIONS.iter().map(|text| ("options", text.as_bytes().to_vec())).collect();
    file(&fs::read(capture).unwrap_or_default(), &mut out);
    let Ok(mut inputs) = Inputs::open(&[PathBuf::from(capture)]) else { return out };
    let (mut notes, mut decoder) = (Anomalies::default(), Decoder::new(Default::default()));
    let (mut traffic, mut fragments, mut last) = (Vec::new(), Vec::new(), None);
    let mut number = 0;
    while let Some(frame) = inputs.next(&mut notes) {
        number += 1;
        if number > FRAMES {
            break;
        }
        out.push(("decode", [&(frame.link as u16).to_le_bytes(), frame.data].concat()));
        if let Some(ip) = frame.data.get(14..)
            && frame.link == 1
            && ip.len() < 256
        {
            fragments.push(ip.len() as u8);
            fragments.extend(ip);
        }
        let step = last.map_or(0, |l| {
            [1, 20, 100, 500, 4_000, 33_000].partition_point(|ms| (frame.stamp.time - l) >= millis(*ms))
        });
        last = Some(frame.stamp.time);
        let (payload, carrier, forth) = match decoder.decode(&frame, &mut notes) {
            Decoded::Datagram(p) => {
                datagram(p.payload, &mut out);
                (p.payload, 0, p.flow.source < p.flow.destination)
            }
            Decoded::Segment(p, _) if !p.payload.is_empty() => {
                let sized = [&[40], p.payload].concat();
                out.push(("framing", sized.clone()));
                out.push(("websocket", sized));
                out.push(("tls", p.payload.to_vec()));
                (p.payload, 1, p.flow.source < p.flow.destination)
            }
            Decoded::Sctp(p) => {
                out.push(("sctp", p.payload.to_vec()));
                continue;
            }
            _ => continue,
        };
        if number <= TRAFFIC {
            traffic.push(carrier | u8::from(forth) << 2 | (step as u8) << 5);
            traffic.extend((payload.len() as u16).to_le_bytes());
            traffic.extend(payload);
        }
    }
    out.push(("reports", [&[1, 14, 18], &traffic[..]].concat()));
    out.push(("calls", traffic.clone()));
    out.push(("traffic", traffic));
    out.push(("fragments", fragments));
    out.push(("tcp", (0..300_u32).map(|i| ((i * 7919) >> 3) as u8).collect()));
    out.retain(|(_, input)| input.len() <= LONGEST && !input.is_empty());
    out
}

fn millis(n: i64) -> sipstat::time::Nanos {
    sipstat::time::Nanos::from_millis(n)
}

fn file(bytes: &[u8], out: &mut Vec<(&'static str, Vec<u8>)>) {
    match bytes.get(..4) {
        Some([0xd4, 0xc3, 0xb2, 0xa1]) => out.push(("pcap", [&[0], &bytes[4..]].concat())),
        Some([0xa1, 0xb2, 0xc3, 0xd4]) => out.push(("pcap", [&[1], &bytes[4..]].concat())),
        Some([0x0a, 0x0d, 0x0d, 0x0a]) => out.push(("pcapng", bytes.to_vec())),
        _ => out.push(("compressed", [&[5], bytes].concat())),
    }
    out.push(("compressed", [&[6], bytes.get(8..).unwrap_or_default()].concat()));
    out.push(("whole", bytes.to_vec()));
}

fn datagram(payload: &[u8], out: &mut Vec<(&'static str, Vec<u8>)>) {
    if hep::may_begin(payload) {
        out.push(("hep", payload.to_vec()));
    }
    if !looks_like_sip(payload) {
        return out.push(("tls", payload.to_vec()));
    }
    out.push(("datagram", payload.to_vec()));
    out.push(("framing", [&[7], payload].concat()));
    for line in payload.split(|b| *b == b'\n') {
        if let Some(colon) = line.iter().position(|b| *b == b':') {
            out.push(("headers", line[colon + 1..].trim_ascii().to_vec()));
        }
    }
}

/// Writes `input` under a name that follows from its bytes.
pub(crate) fn save(folder: &Path, input: &[u8]) {
    let mut hash = DefaultHasher::new();
    input.hash(&mut hash);
    fs::create_dir_all(folder).expect("the folder can be made");
    fs::write(folder.join(format!("{:016x}", hash.finish())), input).expect("the folder can be written");
}
