//! Inputs found, merged and refused.

use super::super::build::{Dir, Pcap};
use super::*;
use crate::anomaly::Anomaly;

const T: u32 = 1_700_000_000;

/// A pcap with a packet at each of these seconds, whose data are `name` and the second.
fn pcap(name: &str, seconds: &[u32]) -> Vec<u8> {
    let mut p = Pcap::new();
    for s in seconds {
        p.record(T + s, 0, format!("{name}{s}").as_bytes());
    }
    p.bytes
}

/// All frames as `text/file`, their taps, and what was reported.
struct All {
    seen: Vec<String>,
    taps: Vec<Tap>,
    reports: Vec<FileReport>,
    notes: Anomalies,
}

impl All {
    fn read(paths: &[PathBuf]) -> Self {
        let mut inputs = Inputs::open(paths).expect("a capture");
        let (mut seen, mut taps, mut notes) = (Vec::new(), Vec::new(), Anomalies::default());
        let mut now = Timestamp::MIN;
        while let Some(frame) = inputs.next(&mut notes) {
            assert!(frame.stamp.now >= now && frame.stamp.now >= frame.stamp.time, "now goes back");
            now = frame.stamp.now;
            seen.push(format!("{}/{}", String::from_utf8_lossy(frame.data), frame.id.file));
            taps.push(frame.tap);
        }
        assert!(inputs.next(&mut notes).is_none());
        assert_eq!(inputs.now(), (!seen.is_empty()).then_some(now));
        Self { seen, taps, reports: inputs.reports(), notes }
    }

    fn seen(&self) -> String {
        self.seen.join(" ")
    }

    /// The numbers of the different taps, in the order of files.
    fn taps_of_files(&self) -> Vec<usize> {
        let mut known: Vec<Tap> = Vec::new();
        let mut of_files = vec![0; self.reports.len()];
        for (text, tap) in self.seen.iter().zip(&self.taps) {
            let file: usize = text.rsplit('/').next().unwrap().parse().unwrap();
            let number = known.iter().position(|k| k == tap).unwrap_or(known.len());
            if number == known.len() {
                known.push(*tap);
            }
            of_files[file] = number;
        }
        of_files
    }
}

#[test]
fn files_are_merged_by_clock_then_by_place_in_the_sorted_list() {
    let dir = Dir::new("merge");
    let b = dir.file("b", &pcap("b", &[1, 3, 5, 5, 9]));
    let a = dir.file("a", &pcap("a", &[2, 3, 4, 5, 8]));
    for paths in [[a.clone(), b.clone()], [b, a]] {
        let all = All::read(&paths);
        assert_eq!(all.seen(), "b1/0 a2/1 b3/0 a3/1 a4/1 b5/0 b5/0 a5/1 a8/1 b9/0");
        assert_eq!(all.taps_of_files(), [0, 1]);
        assert!(all.reports.iter().all(|r| r.complete && r.frames == 5));
    }
}

#[test]
fn dealt_out_to_several_files_a_capture_is_read_in_its_own_order() {
    let dir = Dir::new("dealt");
    let (mut state, mut second, mut whole) = (1_u32, 0, Vec::new());
    for _ in 0..500 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        second += (state >> 20) % 3;
        whole.push((second, (state >> 28) as usize % 5));
    }
    let names = ["a", "b", "c", "d", "e"];
    let paths: Vec<_> = (0..names.len())
        .map(|i| {
            // The first second of each file is its place, so that the list is sorted.
            let own = whole.iter().filter(|w| w.1 == i).map(|w| w.0 + 10);
            dir.file(names[i], &pcap(names[i], &[i as u32].into_iter().chain(own).collect::<Vec<_>>()))
        })
        .collect();
    whole.sort();
    let first = (0..names.len()).map(|i| format!("{}{i}/{i}", names[i]));
    let rest = whole.iter().map(|(s, i)| format!("{}{}/{i}", names[*i], s + 10));
    assert_eq!(All::read(&paths).seen, first.chain(rest).collect::<Vec<_>>());
}

#[test]
fn a_frame_out_of_order_keeps_its_place_in_its_file() {
    let dir = Dir::new("order");
    let paths = [dir.file("a", &pcap("a", &[1, 6, 4, 7])), dir.file("b", &pcap("b", &[2, 5, 8]))];
    assert_eq!(All::read(&paths).seen(), "a1/0 b2/1 b5/1 a6/0 a4/0 a7/0 b8/1");
}

#[test]
fn a_ring_is_one_input_and_overlapping_files_are_not() {
    let dir = Dir::new("ring");
    let ring: Vec<_> = [("r_3", [7, 9]), ("r_1", [1, 3]), ("r_2", [3, 6])]
        .iter()
        .map(|(name, seconds)| dir.file(name, &pcap("r", seconds)))
        .collect();
    let all = All::read(&ring);
    assert_eq!(all.seen(), "r1/0 r3/0 r3/1 r6/1 r7/2 r9/2");
    assert_eq!(all.taps_of_files(), [0, 0, 0]);
    let more = [&ring[..], &[dir.file("x", &pcap("x", &[2, 8]))]].concat();
    assert_eq!(All::read(&more).taps_of_files(), [0, 1, 0, 0]);
}

#[test]
fn thousands_of_files_are_read_with_few_of_them_open() {
    let dir = Dir::new("many");
    let count = 3 * KEPT_OPEN as u32;
    let paths: Vec<_> = (0..count)
        .map(|i| {
            let seconds: Vec<u32> = (i * 10..i * 10 + 10).collect();
            dir.file(&format!("ring_{i:04}"), &pcap("p", &seconds))
        })
        .collect();
    let backwards: Vec<_> = paths.iter().rev().cloned().collect();
    let mut inputs = Inputs::open(&backwards).expect("captures");
    let mut notes = Anomalies::default();
    let mut seconds = 0..count * 10;
    while let Some(frame) = inputs.next(&mut notes) {
        assert_eq!(frame.data, format!("p{}", seconds.next().unwrap()).as_bytes());
        let open = inputs.files.iter().filter(|i| matches!(i.state, State::Open(_))).count();
        assert_eq!(open, 0, "only the current one is open");
    }
    assert!(seconds.next().is_none() && inputs.reports().iter().all(|r| r.complete));
}

#[test]
fn a_bad_file_is_reported_and_the_others_are_read() {
    let dir = Dir::new("bad");
    let cut = pcap("c", &[1, 2]);
    let paths = [
        dir.file("empty", b""),
        dir.file("cut", &cut[..cut.len() - 1]),
        dir.file("snoop", b"snoop\0\0\0\0\0\0\x02"),
        dir.path().join("missing"),
        dir.file("good", &pcap("g", &[3])),
    ];
    let all = All::read(&paths);
    assert_eq!(all.seen(), "c1/0 g3/1");
    let names: Vec<_> = all.reports.iter().map(|r| r.path.rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["cut", "good", "empty", "missing", "snoop"]);
    assert_eq!(
        all.reports.iter().map(|r| r.complete).collect::<Vec<_>>(),
        [false, true, false, false, false]
    );
    assert!(all.reports[4].problem.as_ref().unwrap().contains("editcap -F pcap IN OUT"));
    assert_eq!(all.notes.iter().map(|n| n.0).collect::<Vec<_>>(), [Anomaly::TruncatedFile]);
}

#[test]
fn no_capture_at_all_is_an_error_with_every_reason() {
    let dir = Dir::new("none");
    let errors = Inputs::open(&[dir.file("empty", b""), dir.path().to_owned()]).err().unwrap();
    assert!(matches!(errors[0].reason, OpenReason::Empty));
    assert!(matches!(errors[1].reason, OpenReason::Directory));
}

#[test]
fn damage_before_the_first_frame_is_counted_once() {
    let dir = Dir::new("damage");
    let mut damaged = Pcap::new().bytes;
    damaged.extend_from_slice(&[0xFF; 100]);
    damaged.extend_from_slice(&pcap("d", &[5, 6])[24..]);
    let mut paths = vec![dir.file("damaged", &damaged)];
    // Enough files for it to be closed after a look.
    paths.extend((0..KEPT_OPEN as u32).map(|i| dir.file(&format!("p{i}"), &pcap("p", &[100 + i]))));
    let all = All::read(&paths);
    assert_eq!(all.notes.iter().map(|n| (n.0, n.1)).collect::<Vec<_>>(), [(Anomaly::CorruptRecord, 1)]);
    assert_eq!(all.seen.len(), 2 + KEPT_OPEN);
}

#[test]
fn a_file_that_was_removed_after_the_look_is_reported() {
    let dir = Dir::new("removed");
    let paths: Vec<_> =
        (0..=KEPT_OPEN as u32).map(|i| dir.file(&format!("p{i:02}"), &pcap("p", &[i]))).collect();
    let mut inputs = Inputs::open(&paths).expect("captures");
    std::fs::remove_file(&paths[7]).unwrap();
    let mut frames = 0;
    while inputs.next(&mut Anomalies::default()).is_some() {
        frames += 1;
    }
    assert_eq!(frames, KEPT_OPEN);
    assert!(inputs.reports()[7].problem.as_ref().unwrap().starts_with("cannot be opened"));
}

#[test]
fn captures_beyond_the_bound_of_open_ones_are_reported() {
    let dir = Dir::new("overlap");
    let long = vec![b'x'; CAPACITY_OF_MANY / 2];
    let beyond = 3;
    let paths: Vec<_> = (0..(FEW + MAX_OPEN + beyond) as u32)
        .map(|i| {
            let bytes = Pcap::new().record(T + i, 0, &long).record(T + 1000 + i, 0, &long).bytes.clone();
            dir.file(&format!("p{i:03}"), &bytes)
        })
        .collect();
    let mut inputs = Inputs::open(&paths).expect("captures");
    while inputs.next(&mut Anomalies::default()).is_some() {}
    let reports = inputs.reports();
    let bad: Vec<_> = reports.iter().filter(|r| !r.complete).collect();
    assert_eq!(bad.len(), beyond);
    assert!(bad.iter().all(|r| r.problem.as_ref().unwrap().contains("merge some first: mergecap")));
    assert_eq!(reports.iter().map(|r| r.frames).sum::<u64>(), 2 * (FEW + MAX_OPEN) as u64);
}

#[test]
fn a_frame_far_ahead_is_handed_out_with_its_own_bytes() {
    let dir = Dir::new("ahead");
    let all = All::read(&[dir.file("a", &pcap("a", &[1, 2, 900_000, 3, 4]))]);
    assert_eq!(all.seen(), "a1/0 a2/0 a900000/0 a3/0 a4/0");
    assert_eq!(all.notes.count(Anomaly::TimeJump), 1);
    let last = all.reports[0].last.map(|t| t.as_nanos() / 1_000_000_000 - i64::from(T));
    assert_eq!(last, Some(4), "an outlier is not the end of the file");
}
