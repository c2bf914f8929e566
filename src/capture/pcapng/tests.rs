//! pcapng, block by block, whole and damaged.

use super::super::build::{Pcapng as Build, read};
use super::super::container::MAX_PACKET;
use super::super::interface::MAX_INTERFACES;
use super::*;

/// Microseconds.
const T: u64 = 1_700_000_000_000_000;

/// Three packets of 44, 44 and 48 bytes after 48 bytes of section header and interface.
fn three(big: bool) -> Vec<u8> {
    let mut p = Build::new(big);
    p.interface(1, 65_535, &[]);
    p.packet(0, T, b"packet-one")
        .packet(0, T + 1, b"packet-two")
        .packet(0, T + 2, b"packet three!")
        .bytes
        .clone()
}

#[test]
fn sections_of_either_order_have_interfaces_of_their_own() {
    let mut p = Build::new(false);
    let ms = p.resolution(3);
    p.interface(1, 0, &[]).interface(113, 0, &ms).packet(1, T / 1000, b"ms").packet(0, T, b"us");
    p.section(true);
    let ns = p.resolution(9);
    p.interface(101, 0, &ns).packet(0, T * 1000 + 7, b"ns").old_packet(0, T * 1000 + 8, b"old");
    let r = read(&p.bytes).unwrap();
    assert_eq!(r.texts(), ["ms", "us", "ns", "old"]);
    let seen: Vec<_> = r.rows.iter().map(|r| (r.link, r.interface, r.shown - T as i64 * 1000)).collect();
    assert_eq!(seen, [(113, 1, 0), (1, 0, 0), (101, 0, 7), (101, 0, 8)]);
    assert!(r.report.complete && r.report.nanoseconds && r.odd.is_empty(), "{:?}", r.report);
}

#[test]
fn simple_packets_take_the_clock_and_leave_the_padding() {
    let mut p = Build::new(false);
    p.interface(1, 33, &[]).packet(0, T, b"timed").simple(100, &[b'x'; 33]).simple(5, b"whole");
    let r = read(&p.bytes).unwrap();
    let seen: Vec<_> = r.rows.iter().map(|r| (r.data.len(), r.original_len, r.shown)).collect();
    let t = T as i64 * 1000;
    assert_eq!(seen, [(5, 5, t), (33, 100, t), (5, 5, t)]);
    assert!(r.report.complete && r.odd.is_empty());
}

#[test]
fn blocks_without_packets_are_passed_over() {
    let mut p = Build::new(true);
    p.interface(1, 0, &[]);
    for kind in [4, 5, 7, 9, 10, 0x0BAD, 0x4000_0BAD, 0x8123_4567, 0x0000_0BAE] {
        p.block(kind, b"whatever it is").block(kind, b"");
    }
    p.packet(0, T, b"data");
    let r = read(&p.bytes).unwrap();
    assert_eq!((r.texts().join(" ").as_str(), r.report.complete, r.odd.len()), ("data", true, 0));
}

#[test]
fn only_a_section_header_is_a_whole_capture_of_nothing() {
    let r = read(&Build::new(true).bytes).unwrap();
    assert_eq!((r.rows.len(), r.report.complete, r.report.format.as_str()), (0, true, "pcapng"));
}

#[test]
fn a_packet_of_no_interface_is_counted_and_not_decoded() {
    let mut p = Build::new(false);
    p.simple(4, b"none").interface(1, 0, &[]).packet(0, T, b"good").packet(1, T, b"lost");
    let r = read(&p.bytes).unwrap();
    assert_eq!(r.rows.iter().map(|r| r.link).collect::<Vec<_>>(), [NO_LINK, 1, NO_LINK]);
    assert_eq!(r.odd, [(Anomaly::UnknownInterface, 2, 1)]);
    let text = "2 frames of an interface that was never described, first at byte 28, frame 1";
    assert_eq!(r.report.problem.as_deref(), Some(text));
    assert_eq!(r.rows[2].time, T as i64 * 1000, "it takes the file's clock");
}

#[test]
fn interfaces_beyond_the_bound_are_not_kept() {
    let mut p = Build::new(false);
    for _ in 0..MAX_INTERFACES + 2 {
        p.interface(1, 0, &[]);
    }
    let last = MAX_INTERFACES as u32 - 1;
    p.packet(last, T, b"kept").packet(last + 1, T, b"not");
    let r = read(&p.bytes).unwrap();
    assert_eq!(r.rows.iter().map(|r| r.link).collect::<Vec<_>>(), [1, NO_LINK]);
    assert_eq!(r.odd, [(Anomaly::UnknownInterface, 1, 2), (Anomaly::TooManyInterfaces, 2, 0)]);
    assert!(!r.report.complete);
}

#[test]
fn lengths_that_contradict_each_other_are_noted() {
    let mut p = Build::new(false);
    p.interface(1, 0, &[])
        .claim(0, T, [4, 2], b"long")
        .claim(0, T, [400, 400], b"short")
        .packet(0, T, b"next");
    let r = read(&p.bytes).unwrap();
    assert_eq!(r.texts(), ["long", "next"]);
    assert_eq!(r.rows[0].original_len, 4);
    assert_eq!(r.odd, [(Anomaly::BadBlock, 1, 1), (Anomaly::BadLength, 1, 1)]);
    let text = "1 malformed block, first at byte 84 after frame 1";
    assert_eq!(r.report.problem.as_deref(), Some(text));
}

#[test]
fn damaged_framing_costs_its_block_and_no_more() {
    for big in [false, true] {
        // The second packet's block is bytes 92 to 136.
        for (at, why) in [(96, "head"), (97, "head"), (132, "tail"), (133, "tail"), (135, "tail")] {
            let mut bytes = three(big);
            bytes[at] ^= 0x10;
            let r = read(&bytes).unwrap();
            assert_eq!(r.texts(), ["packet-one", "packet three!"], "{why} {at}");
            assert_eq!((r.lost, r.report.complete), (44, false), "{why} {at}");
            assert_eq!(r.kinds(), [Anomaly::CorruptRecord, Anomaly::BadBlock]);
        }
    }
}

#[test]
fn an_interface_whose_tail_is_damaged_is_kept() {
    let mut bytes = three(true);
    bytes[46] ^= 1;
    let r = read(&bytes).unwrap();
    assert_eq!(r.rows.iter().map(|r| r.link).collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!((r.lost, r.kinds()), (20, vec![Anomaly::CorruptRecord, Anomaly::BadBlock]));
}

#[test]
fn bytes_between_blocks_are_counted_exactly() {
    for rubbish in [&b"x"[..], &[0; 1000], &[0xFF; 70_000], &[1, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0]] {
        let mut p = Build::new(false);
        p.interface(1, 0, &[]).packet(0, T, b"one");
        p.bytes.extend_from_slice(rubbish);
        p.packet(0, T, b"two").packet(0, T, b"three");
        let r = read(&p.bytes).unwrap();
        assert_eq!((r.texts().join(" ").as_str(), r.lost), ("one two three", rubbish.len() as u64));
    }
}

#[test]
fn a_section_after_damage_brings_its_own_order() {
    let mut p = Build::new(false);
    p.bytes.extend_from_slice(b"rubbish");
    p.section(true).interface(1, 0, &[]).packet(0, T, b"big");
    let r = read(&p.bytes).unwrap();
    assert_eq!((r.texts().join(" ").as_str(), r.lost), ("big", 7));
}

#[test]
fn a_block_beyond_the_limit_is_damage() {
    let mut p = Build::new(false);
    p.interface(1, 0, &[]).packet(0, T, &vec![0xEE; MAX_PACKET + (2 << 20)]);
    let lost = p.bytes.len() as u64 - 48;
    p.packet(0, T, b"next").packet(0, T, b"last");
    let r = read(&p.bytes).unwrap();
    assert_eq!((r.texts().join(" ").as_str(), r.lost), ("next last", lost));
}

#[test]
fn every_cut_leaves_a_prefix_and_is_reported_unless_between_blocks() {
    for whole in [three(false), three(true)] {
        let all = read(&whole).unwrap();
        let ends = [28, 48, 92, 136, 184];
        assert_eq!((whole.len(), all.rows.len()), (184, 3));
        for cut in 0..=whole.len() {
            let Ok(r) = read(&whole[..cut]) else {
                assert!(cut < 28, "{cut}");
                continue;
            };
            let good = ends.iter().rfind(|e| **e <= cut).unwrap();
            assert_eq!(
                r.rows,
                all.rows[..ends.iter().filter(|e| **e <= cut).count().saturating_sub(2)],
                "{cut}"
            );
            assert_eq!((r.report.complete, r.lost as usize), (*good == cut, cut - good), "{cut}");
            let kinds = if *good == cut { vec![] } else { vec![Anomaly::TruncatedFile] };
            assert_eq!(r.kinds(), kinds, "{cut}");
        }
    }
}

#[test]
fn every_flipped_bit_is_survived_and_costs_at_most_a_block() {
    for whole in [three(false), three(true)] {
        let all = read(&whole).unwrap().rows;
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let Ok(r) = read(&bytes) else {
                assert!(bit < 12 * 8, "only type and magic of the section make it no capture: {bit}");
                continue;
            };
            assert_eq!(r.report.complete, r.report.problem.is_none());
            // A block whose type was changed is a block of another type, and passed over.
            let kept = all.iter().filter(|row| r.rows.iter().any(|x| x.data == row.data)).count();
            assert!(kept >= 2, "bit {bit}: {:?} {:?}", r.texts(), r.report.problem);
            // Exactly the block that the bit is in, or nothing.
            let block =
                [0..28, 28..48, 48..92, 92..136, 136..184].into_iter().find(|b| b.contains(&(bit / 8)));
            let len = block.map_or(0, |b| b.len() as u64);
            assert!(r.lost == 0 || r.lost == len, "bit {bit}: {:?}", r.report.problem);
        }
    }
}

#[test]
fn an_unknown_version_is_read_and_reported() {
    let mut bytes = three(false);
    bytes[12] = 9;
    let r = read(&bytes).unwrap();
    assert_eq!((r.rows.len(), r.report.complete, r.kinds()), (3, false, vec![Anomaly::BadBlock]));
}
