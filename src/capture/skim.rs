//! Passing over packets of which nothing is wanted but that they were there.
//!
//! In: the clock of a file, and the times of packets at the start of its buffer. Out: whether a
//! packet may be passed over, and what those that were leave behind. Only packets about which nothing
//! is odd are passed over; the first that is ends it, and is read the usual way.

use super::clock::is_ordinary;
use crate::time::Timestamp;

/// Packets that were passed over.
pub(super) struct Skim {
    /// How many.
    pub(super) frames: u64,
    /// Bytes of the input before the window.
    pub(super) offset: u64,
    /// Bytes of the window that they take.
    pub(super) bytes: usize,
    /// Time of the earliest and the latest of them; meaningless without any.
    pub(super) earliest: Timestamp,
    pub(super) latest: Timestamp,
    /// The file's clock, and how far it may go.
    pub(super) clock: Timestamp,
    until: Timestamp,
}

impl Skim {
    /// None yet, of a file whose clock is `clock` and whose turn it is up to `until`; the window is
    /// `offset` bytes behind its start.
    pub(super) fn new(clock: Timestamp, until: Timestamp, offset: u64) -> Self {
        let (earliest, latest) = (Timestamp::MAX, Timestamp::MIN);
        Self { frames: 0, offset, bytes: 0, earliest, latest, clock, until }
    }

    /// Whether a packet of this time may be passed over.
    #[inline(always)]
    pub(super) fn admits(&self, time: Timestamp) -> bool {
        is_ordinary(time, self.clock) && time <= self.until
    }

    /// Passes over one that was admitted and takes `bytes`.
    #[inline(always)]
    pub(super) fn pass(&mut self, time: Timestamp, bytes: usize) {
        self.frames += 1;
        self.bytes += bytes;
        self.earliest = self.earliest.min(time);
        self.latest = self.latest.max(time);
        self.clock = self.clock.max(time);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::super::Inputs;
    use super::super::build::{Dir, Pcap, Pcapng};
    use crate::anomaly::Anomalies;

    const T: u32 = 1_700_000_000;

    /// Seconds since the packet before, microseconds, and whether it may be passed over.
    type Packet = (i32, u32, bool);

    fn packets() -> impl Strategy<Value = Vec<Packet>> {
        let step = prop_oneof![8 => -1..3_i32, 1 => Just(-30), 1 => Just(5_000), 1 => Just(-5_000)];
        prop::collection::vec((step, 0..1_000_000_u32, prop::bool::weighted(0.8)), 1..30)
    }

    fn capture(kind: u8, packets: &[Packet]) -> Vec<u8> {
        let mut seconds = T;
        let mut pcap = match kind {
            0 => Pcap::new(),
            1 => Pcap::with(0xA1B2_3C4D, true, 65_535, 1),
            _ => Pcap::with(0xA1B2_CD34, false, 65_535, 1),
        };
        let mut pcapng = Pcapng::new(kind == 4);
        let nanos = pcapng.resolution(9);
        pcapng.interface(1, 0, &[]).interface(1, 0, &nanos);
        for (i, (step, micros, passes)) in packets.iter().enumerate() {
            seconds = seconds.wrapping_add_signed(*step);
            let (data, len) = ([u8::from(*passes); 20], 20 + u32::from(i % 7 == 3));
            pcap.claim(seconds, *micros, [20, len], &data);
            let ticks = u64::from(seconds) * 1_000_000 + u64::from(*micros);
            let interface = i as u32 % 2;
            pcapng.claim(interface, ticks * [1, 1000][i % 2], [20, len], &data);
        }
        if kind < 3 { pcap.bytes } else { pcapng.bytes }
    }

    /// What is left of each frame that was handed out, what is said of the files, and the clock.
    fn read(paths: &[PathBuf], skims: bool) -> (BTreeMap<(u32, u64), String>, String, u64) {
        let mut inputs = Inputs::open(paths).expect("captures");
        let (mut notes, mut frames, mut passed) = (Anomalies::default(), BTreeMap::new(), 0);
        loop {
            if skims {
                passed += inputs.skim(|link, data| link == 1 && data[0] == 1);
            }
            let Some(frame) = inputs.next(&mut notes) else { break };
            frames.insert((frame.id.file, frame.id.number), format!("{frame:?}"));
        }
        let odd: Vec<_> = notes.iter().collect();
        (frames, format!("{:?} {:?} {odd:?}", inputs.now(), inputs.reports()), passed)
    }

    proptest! {
        /// Frames of several files that overlap, with clocks that jump: those that are left, and all
        /// that is said in the end, are the same.
        #[test]
        fn passing_over_frames_changes_nothing_but_that_they_are_not_handed_out(
            files in prop::collection::vec((0_u8..5, packets()), 1..4),
        ) {
            let dir = Dir::new("skim");
            let paths: Vec<_> = files
                .iter()
                .enumerate()
                .map(|(i, (kind, packets))| dir.file(&format!("{i}"), &capture(*kind, packets)))
                .collect();
            let (all, end, _) = read(&paths, false);
            let (some, same_end, passed) = read(&paths, true);
            prop_assert_eq!(some.len() as u64 + passed, all.len() as u64);
            prop_assert!(some.iter().all(|(id, frame)| all.get(id) == Some(frame)));
            prop_assert_eq!(end, same_end);
        }
    }

    #[test]
    fn ordinary_packets_are_passed_over_in_any_container() {
        let dir = Dir::new("skims");
        let packets: Vec<Packet> = (0..21).map(|n| (1, n, true)).collect();
        for (kind, expected) in [(0, 16), (1, 16), (2, 0), (3, 16), (4, 16)] {
            let path = dir.file(&format!("{kind}"), &capture(kind, &packets));
            // The first packet sets the clock, by the word of the second; three were cut by a snap length.
            let (_, _, passed) = read(&[path], true);
            assert_eq!(passed, expected, "{kind}");
        }
    }
}
