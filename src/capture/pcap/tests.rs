//! pcap, record by record, whole and damaged.

use super::super::build::{self, Pcap, read};
use super::*;

const T: u32 = 1_700_000_000;

/// Three packets, `one`, `second` and `third one`.
fn three(mut pcap: build::Pcap) -> Vec<u8> {
    pcap.record(T, 1, b"one").record(T, 2, b"second").record(T + 1, 3, b"third one").bytes.clone()
}

#[test]
fn every_magic_and_byte_order_is_read() {
    for (magic, big, unit, format) in [
        (0xA1B2_C3D4, false, 1000, "pcap"),
        (0xA1B2_C3D4, true, 1000, "pcap"),
        (0xA1B2_3C4D, false, 1, "pcap (nanoseconds)"),
        (0xA1B2_3C4D, true, 1, "pcap (nanoseconds)"),
        (0xA1B2_CD34, false, 1000, "pcap (Kuznetzov)"),
        (0xA1B2_CD34, true, 1000, "pcap (Kuznetzov)"),
    ] {
        let r = read(&three(Pcap::with(magic, big, 65_535, 113))).unwrap();
        assert_eq!(r.texts(), ["one", "second", "third one"]);
        let second = i64::from(T) * 1_000_000_000 + 2 * unit;
        assert_eq!((r.rows[1].shown, r.rows[1].time, r.rows[1].link), (second, second, 113));
        assert_eq!((r.report.format.as_str(), r.report.complete), (format, true));
        assert_eq!((r.report.nanoseconds, r.odd.is_empty()), (unit == 1, true));
        assert_eq!(r.report.last.map(crate::time::Timestamp::as_nanos), Some(r.rows[2].shown));
    }
}

#[test]
fn fcs_bits_are_no_part_of_the_link_type() {
    let r = read(&three(Pcap::with(0xA1B2_C3D4, false, 65_535, 0x1400_0001))).unwrap();
    assert_eq!(r.rows[0].link, 1);
}

#[test]
fn every_link_type_keeps_its_number() {
    for link in (0..400).chain([0xFFFF, 0x10_0001, 0x03FF_FFFF]) {
        let r = read(&Pcap::with(0xA1B2_C3D4, true, 65_535, link).record(T, 0, b"x").bytes).unwrap();
        assert_eq!(r.rows[0].link, link);
    }
}

#[test]
fn snap_lengths_do_not_matter() {
    for snaplen in [0, 1, 5, u32::MAX] {
        let r = read(&three(Pcap::with(0xA1B2_C3D4, false, snaplen, 1))).unwrap();
        assert_eq!((r.rows.len(), r.report.complete, r.odd.len()), (3, true, 0), "{snaplen}");
    }
    let long = vec![b'x'; 300_000];
    let r = read(&Pcap::new().record(T, 0, &long).record(T, 0, b"next").bytes).unwrap();
    assert_eq!((r.rows[0].data.len(), r.rows[1].data.len(), r.report.complete), (300_000, 4, true));
}

#[test]
fn cut_packets_keep_their_original_length() {
    let r = read(&Pcap::new().claim(T, 0, [4, 900], b"abcd").bytes).unwrap();
    assert_eq!((r.rows[0].original_len, r.rows[0].data.len(), r.odd.len()), (900, 4, 0));
}

#[test]
fn odd_records_that_the_next_one_confirms_are_kept() {
    let mut p = Pcap::new();
    p.record(T, 0, b"one").claim(T, 0, [4, 2], b"long").record(T, 2_500_000, b"late").record(
        T + 3,
        0,
        b"end",
    );
    let r = read(&p.bytes).unwrap();
    assert_eq!(r.texts(), ["one", "long", "late", "end"]);
    assert_eq!(r.rows[1].original_len, 4);
    assert_eq!(r.rows[2].shown, (i64::from(T) * 1000 + 2500) * 1_000_000);
    assert_eq!(r.odd, [(Anomaly::BadLength, 1, 2), (Anomaly::BadFraction, 1, 3)]);
    assert!(r.report.complete);
}

#[test]
fn only_a_header_is_a_whole_capture_of_nothing() {
    let r = read(&Pcap::new().bytes).unwrap();
    assert_eq!((r.rows.len(), r.report.complete, r.report.first), (0, true, None));
}

#[test]
fn a_damaged_length_costs_its_record_and_no_more() {
    let whole = three(Pcap::new());
    // The second record stands at 24 + 16 + 3.
    for (byte, value, text) in [(43 + 11, 0x41, "one third one"), (43 + 10, 1, "one third one")] {
        let mut bytes = whole.clone();
        bytes[byte] = value;
        let r = read(&bytes).unwrap();
        assert_eq!(r.texts().join(" "), text);
        assert_eq!((r.lost, r.kinds()), (22, vec![Anomaly::CorruptRecord]));
        assert_eq!(
            r.report.problem.as_deref(),
            Some(
                "22 bytes in 1 place hold no plausible record and were skipped, first at byte 43 after frame 1"
            )
        );
    }
}

#[test]
fn bytes_between_records_are_counted_exactly() {
    for (rubbish, frames) in
        [(&b"x"[..], 3), (&[0; 1000], 3), (&[0xFF; 70_000], 3), (b"\0\0\0\0\x01\0\0\0", 3)]
    {
        let mut p = Pcap::new();
        p.record(T, 1, b"one");
        p.bytes.extend_from_slice(rubbish);
        p.record(T, 2, b"second").record(T, 3, b"third");
        let r = read(&p.bytes).unwrap();
        assert_eq!((r.rows.len(), r.lost), (frames, rubbish.len() as u64), "{} bytes", rubbish.len());
        assert_eq!(r.kinds(), [Anomaly::CorruptRecord]);
        assert!(!r.report.complete);
    }
}

#[test]
fn a_hole_of_zeros_holds_no_packets() {
    let mut bytes = three(Pcap::new());
    bytes.extend_from_slice(&[0; 4096]);
    let r = read(&bytes).unwrap();
    assert_eq!((r.rows.len(), r.lost, r.report.complete), (3, 4096, false));
    let mut bytes = Pcap::new().bytes;
    bytes.extend_from_slice(&[0; 4096]);
    assert_eq!(read(&bytes).unwrap().lost, 4096);
}

#[test]
fn a_record_beyond_the_limit_is_damage() {
    let len = MAX_PACKET + 1;
    let mut p = Pcap::new();
    p.record(T, 0, b"one").record(T, 0, &vec![0xEE; len]).record(T, 0, b"two").record(T, 0, b"three");
    let r = read(&p.bytes).unwrap();
    assert_eq!((r.texts().join(" ").as_str(), r.lost), ("one two three", len as u64 + 16));
}

#[test]
fn every_cut_leaves_a_prefix_and_is_reported_unless_between_records() {
    for whole in [three(Pcap::new()), three(Pcap::with(0xA1B2_CD34, true, 65_535, 1))] {
        let header = if whole[0] == 0xA1 && whole[2] == 0xCD { 24 } else { 16 };
        let all = read(&whole).unwrap();
        let ends = [24, 24 + header + 3, 24 + 2 * header + 9, 24 + 3 * header + 18];
        for cut in 0..=whole.len() {
            let Ok(r) = read(&whole[..cut]) else {
                assert!(cut < 24, "{cut}");
                continue;
            };
            let frames = ends.iter().filter(|e| **e <= cut).count() - 1;
            assert_eq!(r.rows, all.rows[..frames], "{cut}");
            let is_whole = ends.contains(&cut);
            assert_eq!((r.report.complete, r.report.problem.is_none()), (is_whole, is_whole), "{cut}");
            assert_eq!(r.lost as usize, cut - ends[frames], "{cut}");
            let kinds = if is_whole { vec![] } else { vec![Anomaly::TruncatedFile] };
            assert_eq!(r.kinds(), kinds, "{cut}");
        }
    }
}

#[test]
fn a_cut_says_where_and_what_is_missing() {
    let bytes = three(Pcap::new());
    let r = read(&bytes[..50]).unwrap();
    assert_eq!(
        r.report.problem.as_deref(),
        Some("cut off at byte 43: record header needs 16 bytes, 7 remain")
    );
    let r = read(&bytes[..60]).unwrap();
    assert_eq!(r.report.problem.as_deref(), Some("cut off at byte 43: record needs 22 bytes, 17 remain"));
}

#[test]
fn every_flipped_bit_leaves_every_byte_accounted_for() {
    let mut p = Pcap::new();
    for i in 0..6 {
        p.record(T + i, i * 1000, format!("packet number {i}").as_bytes());
    }
    for bit in 0..p.bytes.len() * 8 {
        let mut bytes = p.bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(r) = read(&bytes) else {
            assert!(bit < 32, "only the magic makes it no capture");
            continue;
        };
        let header = if r.report.format.contains("Kuznetzov") { 24 } else { 16 };
        let kept: usize = r.rows.iter().map(|r| header + r.data.len()).sum();
        assert_eq!(24 + kept + r.lost as usize, bytes.len(), "bit {bit}");
        assert_eq!(r.report.complete, r.lost == 0, "bit {bit}");
        if bit >= 24 * 8 {
            assert!(r.rows.len() >= 5, "bit {bit} costs more than its record: {:?}", r.texts());
        }
    }
}
