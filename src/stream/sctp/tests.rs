//! SCTP directions built from chunks.

use proptest::prelude::*;

use super::*;
use crate::flow::{Endpoint, Flow, FrameId, Tap, Transport};
use crate::time::Stamp;

const B: u8 = 2;
const E: u8 = 1;

fn chunk(number: u32, flags: u8, text: &[u8]) -> Vec<u8> {
    let length = (16 + text.len()) as u16;
    let head = [&[0, flags][..], &length.to_be_bytes(), &number.to_be_bytes(), &[0; 8]].concat();
    let padding = vec![0; text.len().next_multiple_of(4) - text.len()];
    [&head[..], text, &padding].concat()
}

fn init(number: u32) -> Vec<u8> {
    [&[1, 0, 0, 20][..], &[0; 12], &number.to_be_bytes()].concat()
}

#[derive(Default)]
struct Rig {
    sctp: Sctp,
    notes: Anomalies,
    log: Vec<String>,
    now: Timestamp,
    frame: u64,
}

impl Rig {
    fn push(&mut self, from: u16, chunks: &[u8], cut: bool) -> Pushed {
        self.frame += 1;
        let origin = Origin {
            stamp: Stamp { shown: self.now, time: self.now, now: self.now },
            frame: FrameId { file: 0, number: self.frame },
            tap: Tap::default(),
            flow: Flow { source: Endpoint::new([10, 0, 0, 1], from), ..Flow::default() },
            transport: Transport::Sctp,
            ip_id: 0,
        };
        let log = &mut self.log;
        let pushed = self.sctp.push(&origin, chunks, cut, &mut self.notes, &mut |from, message| {
            let more = if message.cut { "…" } else { "" };
            log.push(format!("{}={}{more}", from.frame.number, String::from_utf8_lossy(message.bytes)));
        });
        assert!(self.sctp.held() <= MAX_HELD_TOTAL);
        assert!(self.sctp.table.len() <= MAX_DIRECTIONS);
        pushed
    }

    fn finish(&mut self) {
        let log = &mut self.log;
        self.sctp.finish(self.now, &mut self.notes, &mut |from, message| {
            let more = if message.cut { "…" } else { "" };
            log.push(format!("{}={}{more}", from.frame.number, String::from_utf8_lossy(message.bytes)));
        });
        assert_eq!(self.sctp.held(), 0);
    }
}

/// One packet each of `chunks`: number (from `base`), flags, text.
fn check(packets: &[&[(u32, u8, &str)]], expected: &str, anomalies: &[(Anomaly, u64)]) {
    for base in [0, 77, u32::MAX - 1, u32::MAX - 3] {
        let mut rig = Rig::default();
        for packet in packets {
            let chunks =
                packet.iter().map(|(n, flags, text)| chunk(base.wrapping_add(*n), *flags, text.as_bytes()));
            rig.push(1, &chunks.collect::<Vec<_>>().concat(), false);
        }
        rig.finish();
        assert_eq!(rig.log.join(" "), expected, "{packets:?} from {base}");
        let noted: Vec<_> = rig.notes.iter().map(|(kind, count, _)| (kind, count)).collect();
        assert_eq!(noted, anomalies, "{packets:?} from {base}");
    }
}

const REPEAT: Anomaly = Anomaly::SctpRepeat;
const INCOMPLETE: Anomaly = Anomaly::SctpIncomplete;

#[test]
fn several_messages_come_in_a_packet() {
    check(&[&[(1, B | E, "ab"), (2, B | E, "cde")], &[(3, B | E, "f")]], "1=ab 1=cde 2=f", &[]);
}

#[test]
fn fragments_are_joined_in_any_order() {
    check(&[&[(1, B, "a")], &[(2, 0, "b")], &[(3, E, "c")]], "3=abc", &[]);
    check(&[&[(3, E, "c")], &[(1, B, "a")], &[(2, 0, "b")]], "3=abc", &[]);
    check(&[&[(2, 0, "b")], &[(3, E, "c")], &[(1, B, "a")]], "3=abc", &[]);
    check(&[&[(1, B, "a")], &[(3, B | E, "x")], &[(2, E, "b")]], "2=x 3=ab", &[]);
    check(&[&[(1, B, "a"), (2, E, "b"), (3, B, "c"), (4, E, "d")]], "1=ab 1=cd", &[]);
    check(&[&[(2, E, "b")], &[(3, B, "c")], &[(4, E, "d"), (1, B, "a")]], "3=cd 3=ab", &[]);
}

#[test]
fn chunks_seen_again_are_left_out() {
    check(&[&[(1, B | E, "ab")], &[(1, B | E, "ab")]], "1=ab", &[(REPEAT, 1)]);
    check(&[&[(1, B, "a")], &[(1, B, "x")], &[(2, E, "b")]], "3=ab", &[(REPEAT, 1)]);
    check(&[&[(9, B | E, "i")], &[(8, B | E, "h")], &[(8, B | E, "h")]], "1=i 2=h", &[(REPEAT, 1)]);
    let far = [(1, B | E, "a"), (2000, B | E, "b"), (1, B | E, "a"), (1999, B | E, "c")];
    check(&[&far], "1=a 1=b 1=c", &[(REPEAT, 1)]);
    check(&[&[(1, B | E, "a"), (500_000, B | E, "b"), (1, B | E, "a")]], "1=a 1=b 1=a", &[]);
}

#[test]
fn a_message_that_is_never_complete_is_cut_or_dropped() {
    check(&[&[(1, B, "ab"), (2, 0, "c")]], "1=abc…", &[(INCOMPLETE, 1)]);
    check(&[&[(2, 0, "c"), (3, E, "d")]], "", &[(INCOMPLETE, 1)]);
    let mut rig = Rig::default();
    rig.push(1, &chunk(1, B, b"a"), false);
    rig.now = Timestamp::default() + FRAGMENT_AGE;
    rig.push(2, &[], false);
    assert_eq!((rig.log.join(" "), rig.sctp.held()), ("1=a…".to_owned(), 0));
}

#[test]
fn a_new_association_starts_with_its_init() {
    let mut rig = Rig::default();
    for packet in
        [&init(5), &chunk(5, B | E, b"a"), &init(5), &chunk(5, B | E, b"a"), &init(6), &chunk(5, B | E, b"b")]
    {
        rig.push(1, packet, false);
    }
    assert_eq!(rig.log.join(" "), "2=a 6=b");
}

#[test]
fn cut_packets_give_cut_messages() {
    let mut rig = Rig::default();
    let whole = chunk(1, B | E, b"abcdefgh");
    assert_eq!(rig.push(1, &whole[..20], true), Pushed { messages: 1, ..Pushed::default() });
    let parts = [chunk(2, B, b"abcdefgh"), chunk(3, E, b"ijkl")];
    assert_eq!(rig.push(1, &parts[0][..19], true), Pushed { held: 1, ..Pushed::default() });
    rig.push(1, &parts[1], false);
    assert_eq!(rig.log.join(" "), "1=abcd… 3=abc…");
    assert_eq!(rig.notes.iter().count(), 0);
    rig.push(1, &whole[..3], false);
    assert_eq!(rig.notes.count(Anomaly::BadHeader), 1);
}

#[test]
fn tables_are_bounded() {
    let mut rig = Rig::default();
    // Fragments without neighbours.
    for i in 0..1000 {
        rig.push(1, &chunk(2 * i, 0, b"x"), false);
    }
    assert_eq!(rig.notes.count(INCOMPLETE), 1000 - MAX_RUNS as u64);
    // One endless message.
    let mut rig = Rig::default();
    for i in 0..100 {
        rig.push(1, &chunk(i, if i == 0 { B } else { 0 }, &[b'x'; 10_000]), false);
        assert!(rig.sctp.held() <= MAX_HELD);
    }
    // Many directions that hold something.
    let mut rig = Rig::default();
    for i in 0..1000 {
        rig.push(i, &chunk(1, B, &[b'x'; 60_000]), false);
    }
    assert_eq!(rig.log.len() as u64, rig.notes.count(INCOMPLETE));
    assert!(rig.log.len() > 500);
    // Many directions.
    let mut rig = Rig::default();
    for i in 0..=MAX_DIRECTIONS as u16 {
        rig.push(i, &chunk(1, B | E, b"x"), false);
    }
    assert_eq!(rig.sctp.table.len(), MAX_DIRECTIONS);
}

proptest! {
    /// Messages cut into fragments come out whole, once each, whatever the order and repetition.
    #[test]
    fn messages_survive_any_order_of_their_fragments(
        base in any::<u32>(),
        sizes in prop::collection::vec(1u32..5, 1..12),
        repeats in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        seed in any::<u64>(),
    ) {
        let (mut packets, mut expected, mut number) = (Vec::new(), Vec::new(), base);
        for (i, &size) in sizes.iter().enumerate() {
            let piece = vec![b'a' + i as u8; 3];
            for part in 0..size {
                let flags = if part == 0 { B } else { 0 } | if part + 1 == size { E } else { 0 };
                packets.push(chunk(number, flags, &piece));
                number = number.wrapping_add(1);
            }
            expected.push(String::from_utf8(piece.repeat(size as usize)).unwrap());
        }
        let again: Vec<_> = repeats.iter().map(|i| i.get(&packets).clone()).collect();
        packets.extend(again);
        // Any order at all, as the seed has it.
        packets.sort_by_key(|packet| packet.iter().fold(seed, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)));
        let mut rig = Rig::default();
        for packet in &packets {
            rig.push(1, packet, false);
        }
        let mut out: Vec<_> = rig.log.iter().map(|e| e.split_once('=').unwrap().1.to_owned()).collect();
        out.sort();
        prop_assert_eq!(out, expected);
        prop_assert_eq!(rig.sctp.held(), 0);
        prop_assert_eq!(rig.notes.count(REPEAT), repeats.len() as u64);
    }

    #[test]
    fn any_bytes_are_survived(packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 0..20), cut: bool) {
        let mut rig = Rig::default();
        for packet in &packets {
            rig.push(1, packet, cut);
        }
        rig.finish();
    }
}
