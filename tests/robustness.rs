//! Damage of every kind: cut, flipped, mutated, shuffled, thinned out. Nothing panics, the laws hold,
//! and a report never calls complete what is not.

use std::fs;
use std::path::{Path, PathBuf};

use crate::laws::{self, Outcome, number, record_ends, samples, scratch, vectors, violations};
use serde_json::Value;

/// Prefixes of each sample that are tried; `SIPSTAT_THOROUGH` asks for every one of those below 20 kB.
const PREFIXES: usize = 400;

/// A file that one test writes again and again.
struct Scratch(PathBuf);

impl Scratch {
    fn new(test: &str) -> Self {
        Self(scratch("robustness").join(test))
    }

    /// The report on `bytes`; `None` if they are no capture. Panics where a law is broken.
    fn report(&self, bytes: &[u8], what: impl Fn() -> String) -> Option<Value> {
        fs::write(&self.0, bytes).expect("the target folder can be written");
        match laws::report(&[&self.0]) {
            Outcome::Refused(why) => {
                assert!(!why.is_empty(), "{}: refused without a word", what());
                None
            }
            Outcome::Report(report) => {
                let wrong = violations(&report);
                assert!(wrong.is_empty(), "{}:\n  {}", what(), wrong.join("\n  "));
                Some(report)
            }
        }
    }
}

/// SplitMix64: the same numbers everywhere.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("a sample can be read")
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().display().to_string()
}

/// Whether there is time for everything.
fn is_thorough() -> bool {
    std::env::var_os("SIPSTAT_THOROUGH").is_some()
}

/// Where to cut a file of this length: at even strides, and around record ends.
fn cuts(length: usize, ends: &[usize]) -> Vec<usize> {
    let all = is_thorough() && length < 20_000;
    let wanted = if all { length } else { PREFIXES.min(40_000_000 / length) };
    let stride = length.div_ceil(wanted.max(1));
    let few = ends.len().div_ceil(wanted).max(1);
    let around = ends.iter().step_by(few).flat_map(|e| [e.saturating_sub(1), *e, e + 1]);
    let mut all: Vec<_> = (0..length).step_by(stride).chain(around).filter(|n| *n < length).collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[test]
fn every_prefix_of_a_sample_is_read_to_its_last_whole_record() {
    let scratch = Scratch::new("prefix");
    for sample in samples() {
        let bytes = read(&sample);
        let ends = record_ends(&bytes);
        let whole = scratch.report(&bytes, || name(&sample)).expect("a sample is a capture");
        let mut messages = 0;
        for n in cuts(bytes.len(), ends.as_deref().unwrap_or_default()) {
            let what = || format!("{} cut at byte {n}", name(&sample));
            let Some(r) = scratch.report(&bytes[..n], what) else { continue };
            if let Some(ends) = &ends {
                let records = ends.iter().filter(|e| **e <= n).count() as u64 - 1;
                assert_eq!(number(&r, "input.frames"), records, "{}", what());
                let complete = r["input"]["complete"] == true;
                assert_eq!(complete, ends.contains(&n), "{}: complete", what());
            }
            // What was seen stays seen, however much follows.
            let total = number(&r, "messages.total");
            assert!(messages <= total, "{}: {messages} messages before, {total} now", what());
            messages = total;
        }
        assert!(messages <= number(&whole, "messages.total"), "{}", name(&sample));
    }
}

#[test]
fn a_compressed_or_block_structured_prefix_is_complete_only_as_a_whole() {
    let scratch = Scratch::new("prefix-gz");
    for sample in samples() {
        let bytes = read(&sample);
        if !bytes.starts_with(&[0x1f, 0x8b]) {
            continue;
        }
        for n in cuts(bytes.len(), &[]).into_iter().step_by(40) {
            if let Some(r) = scratch.report(&bytes[..n], || format!("{} cut at byte {n}", name(&sample))) {
                assert_eq!(r["input"]["complete"], false, "{} cut at byte {n}", name(&sample));
            }
        }
    }
}

#[test]
fn flipped_bits_of_two_small_samples_break_no_law() {
    let scratch = Scratch::new("flip");
    for sample in ["busy.pcap", "registration.pcap"] {
        let mut bytes = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(sample));
        let step = if is_thorough() { 1 } else { 7 };
        for bit in (0..bytes.len() * 8).step_by(step) {
            bytes[bit / 8] ^= 1 << (bit % 8);
            scratch.report(&bytes, || format!("{sample}, bit {} of byte {}", bit % 8, bit / 8));
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

/// One small change.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut Seeded) {
    /// Values that parsers trip over.
    const ODD: [u8; 12] = [0, 1, 0x7f, 0x80, 0xff, b'\r', b'\n', b' ', b':', b'"', b';', b'<'];
    let at = random.below(bytes.len());
    let length = 1 + random.below(64);
    let end = (at + length).min(bytes.len());
    match random.below(7) {
        0 => bytes[at..end].iter_mut().for_each(|b| *b = random.next() as u8),
        1 => bytes[at] = ODD[random.below(ODD.len())],
        2 => {
            bytes.drain(at..end);
        }
        3 => {
            let copy = bytes[at..end].to_vec();
            bytes.splice(at..at, copy);
        }
        4 => {
            let from = random.below(other.len());
            let part = other[from..(from + length).min(other.len())].to_vec();
            bytes.splice(at..end, part);
        }
        5 => {
            let odd = ODD[random.below(ODD.len())];
            bytes[at..end].fill(odd);
        }
        _ => {
            let to = random.below(bytes.len());
            bytes.swap(at, to);
        }
    }
}

#[test]
fn seeded_mutations_break_no_law() {
    let scratch = Scratch::new("mutation");
    let small = samples().into_iter().map(|s| (name(&s), read(&s))).filter(|(_, b)| b.len() < 64 << 10);
    let small: Vec<_> = small.chain(vectors()).collect();
    for (i, (name, original)) in small.iter().enumerate() {
        let other = &small[(i + 7) % small.len()].1;
        let mut random = Seeded(i as u64);
        for round in 0..100 {
            let mut bytes = original.clone();
            for _ in 0..1 + random.below(8) {
                mutate(&mut bytes, other, &mut random);
                if bytes.is_empty() {
                    break;
                }
            }
            scratch.report(&bytes, || format!("{name}, seed {i}, round {round}"));
        }
    }
}

#[test]
fn garbage_is_refused_or_called_incomplete() {
    let scratch = Scratch::new("garbage");
    let pcap = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    let pcapng = [
        0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 28, 0, 0, 0,
    ];
    let heads: [&[u8]; 8] = [
        b"",
        &pcap,
        &pcapng,
        &[0x1f, 0x8b, 8, 0],
        &[0x28, 0xb5, 0x2f, 0xfd],
        b"BZh9",
        b"\xfd7zXZ\0",
        b"SIP/2.0 ",
    ];
    let mut random = Seeded(4475);
    for head in heads {
        for length in [0, 1, 7, 15, 16, 17, 100, 4096, 70_000] {
            let bodies = [
                vec![0; length],
                vec![0xff; length],
                (0..length).map(|_| random.next() as u8).collect(),
                b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n".iter().copied().cycle().take(length).collect(),
            ];
            for body in bodies {
                let what = || format!("{head:02x?} and {length} bytes");
                let Some(r) = scratch.report(&[head, &body].concat(), what) else { continue };
                assert_eq!(
                    r["input"]["complete"],
                    length == 0,
                    "{}: {:02x?}",
                    what(),
                    &body[..length.min(32)]
                );
            }
        }
    }
}

/// The records of a pcap file without its header, with their times in the file's own unit.
fn records(bytes: &[u8]) -> Vec<(u64, &[u8])> {
    let ends = record_ends(bytes).unwrap_or_default();
    let big = bytes[0] == 0xa1;
    let word = |at: usize| {
        let four = bytes[at..at + 4].try_into().expect("four bytes");
        u64::from(if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    };
    let micros = |at: usize| word(at) * 1_000_000 + word(at + 4);
    ends.windows(2).map(|w| (micros(w[0]), &bytes[w[0]..w[1]])).collect()
}

/// Samples and vectors as pcap in microseconds, with one message a frame: datagrams, no fragments.
fn plain() -> Vec<(String, Vec<u8>)> {
    let committed = samples().into_iter().map(|s| (name(&s), read(&s)));
    let scratch = Scratch::new("plain");
    committed
        .chain(vectors())
        .filter(|(_, b)| b.starts_with(&[0xd4, 0xc3, 0xb2, 0xa1]) || b.starts_with(&[0xa1, 0xb2, 0xc3, 0xd4]))
        .filter(|(name, b)| {
            let r = scratch.report(b, || name.clone()).expect("a sample is a capture");
            let udp = r["messages"]["by_transport"]["udp"].as_u64().unwrap_or_default();
            let fragments = &r["input"]["fates"]["fragment"];
            udp > 0 && udp == number(&r, "messages.total") && fragments.is_null()
        })
        .collect()
}

/// Messages as a sniffer shows them: by kind, method and code, whatever their bins.
fn sniffed(r: &Value) -> Vec<(String, u64)> {
    let row = |c: &Value| (format!("{} {}", c["method"], c["code"]), number(c, "messages"));
    let cells = laws::rows(r, "responses.by_method_and_code").iter().map(row);
    let mut all: Vec<_> = cells.chain(laws::rows(r, "requests.by_method").iter().map(row)).collect();
    all.sort();
    all
}

/// Attempts that the capture left without a word.
fn open(r: &Value) -> u64 {
    number(r, "invite.outcomes.pending.count") + number(r, "invite.outcomes.timed_out.count")
}

#[test]
fn frames_shuffled_within_five_milliseconds_lose_nothing() {
    let scratch = Scratch::new("shuffle");
    let mut random = Seeded(5);
    for (name, bytes) in plain() {
        let whole = scratch.report(&bytes, || name.clone()).expect("a capture");
        let mut all = records(&bytes);
        all.sort_by_cached_key(|(time, _)| time + random.next() % 5_000);
        let shuffled: Vec<u8> =
            bytes[..24].iter().chain(all.iter().flat_map(|(_, r)| r.iter())).copied().collect();
        let r = scratch.report(&shuffled, || format!("{name}, shuffled")).expect("a capture");
        assert_eq!(sniffed(&r), sniffed(&whole), "{name}");
        assert_eq!(number(&r, "input.frames"), number(&whole, "input.frames"), "{name}");
    }
}

#[test]
fn every_frame_that_is_missing_costs_one_message_and_one_verdict_at_most() {
    let scratch = Scratch::new("drop");
    for (name, bytes) in plain() {
        let whole = scratch.report(&bytes, || name.clone()).expect("a capture");
        let all = records(&bytes);
        for n in [2, 3, 5] {
            for first in 0..n {
                let keeps = |i: usize| i % n != first;
                let kept = all.iter().enumerate().filter(|(i, _)| keeps(*i)).map(|(_, (_, r))| *r);
                let thinned = [&bytes[..24]].into_iter().chain(kept).collect::<Vec<_>>().concat();
                let lost = (0..all.len()).filter(|i| !keeps(*i)).count() as u64;
                let what = || format!("{name} without frames {first} + {n}i");
                let r = scratch.report(&thinned, what).expect("a capture");
                let missing = number(&whole, "messages.total") - number(&r, "messages.total");
                assert!(missing <= lost, "{}: {missing} messages less, {lost} frames", what());
                assert!(open(&r) <= open(&whole) + lost, "{}: {} without a verdict", what(), open(&r));
            }
        }
    }
}

#[test]
fn what_was_answered_stays_answered_wherever_the_capture_is_cut() {
    let scratch = Scratch::new("cut");
    for (name, bytes) in plain() {
        let ends = record_ends(&bytes).unwrap_or_default();
        let mut answered = 0;
        let few = ends.len().div_ceil(PREFIXES).max(1);
        for end in ends.iter().step_by(few) {
            let what = || format!("{name} cut after byte {end}");
            let r = scratch.report(&bytes[..*end], what).expect("a capture");
            let now = number(&r, "invite.outcomes.answered.count");
            assert!(answered <= now, "{}: {answered} answered before, {now} now", what());
            answered = now;
        }
    }
}
