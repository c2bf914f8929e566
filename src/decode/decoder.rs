//! The decoder: frames in, packets out, and fragments that wait in between.

use super::fragments::{Bounds, Fragments, Parts};
use super::layer::Bytes;
use super::walk::Walk;
use super::{Decoded, plain};
use crate::anomaly::{Anomalies, Anomaly};
use crate::capture::Frame;
use crate::flow::{FrameId, Tap};
use crate::time::{Nanos, Stamp, Timestamp};

/// Fragmented tunnels in fragmented tunnels that are put together within one frame.
const FRAGMENTED_LEVELS: usize = 4;

/// What decoding may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Headers stripped from one frame, transport not counted: a plain frame has three (link type,
    /// Ethernet, IP), a tag one more, a tunnel up to three more. Frames without tunnels need no leave.
    pub headers: u8,
    /// Fragmented datagrams held.
    pub datagrams: usize,
    /// Bytes held for them.
    pub bytes: usize,
    /// Capture time for which a datagram waits for its rest, from its first fragment on.
    pub hold: Nanos,
}

impl Default for Limits {
    fn default() -> Self {
        Self { headers: 32, datagrams: 4_096, bytes: 16 << 20, hold: Nanos::from_secs(30) }
    }
}

/// Strips headers from frames. Holds fragments, and nothing else, from one frame to the next.
///
/// For each frame: [`expired`](Self::expired) first, which costs next to nothing, then
/// [`decode`](Self::decode); [`finish`](Self::finish) after the last.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    fragments: Fragments,
    whole: [Vec<u8>; FRAGMENTED_LEVELS],
}

impl Decoder {
    /// A decoder that holds no fragments yet.
    pub fn new(limits: Limits) -> Self {
        let Limits { datagrams, bytes, hold, .. } = limits;
        Self {
            limits,
            fragments: Fragments::new(Bounds { datagrams, bytes, hold }),
            whole: Default::default(),
        }
    }

    /// Whether no fragment waits: [`expired`](Self::expired) has nothing to give.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.fragments.is_empty()
    }

    /// From now on the frames are noted that brought fragments of what is handed over.
    pub fn note_parts(&mut self) -> Parts {
        self.fragments.parts.get_or_insert_default().clone()
    }

    /// What `frame` holds. The payload borrows from the frame, or from the decoder if this frame's
    /// fragment completed a datagram.
    #[inline]
    pub fn decode<'a>(&'a mut self, frame: &Frame<'a>, notes: &mut Anomalies) -> Decoded<'a> {
        let unseen = (frame.original_len as usize).saturating_sub(frame.data.len());
        if unseen > 0 {
            notes.note(Anomaly::Snapped, frame.stamp.time, frame.id);
        }
        let bytes = Bytes { seen: frame.data, unseen };
        plain::plain(frame.link, bytes, frame.tap, || {
            self.walk(frame.id, frame.stamp, frame.tap, notes).frame(frame.link, frame.data, unseen)
        })
    }

    /// Hands over what there is of datagrams whose other fragments never came by `now`
    /// ([`Stamp::now`]), from their first byte up to the first gap: `cut`, with the frame that brought
    /// the last fragment and its times. Also those that the last frame drove out for lack of room.
    /// Their frames have had their fate ([`crate::fate::Fate::Fragment`]).
    #[inline]
    pub fn expired(
        &mut self,
        now: Timestamp,
        notes: &mut Anomalies,
        mut take: impl FnMut(Decoded<'_>, FrameId, Stamp),
    ) {
        if self.fragments.is_empty() {
            return;
        }
        while let Some(part) = self.fragments.leaving(now, notes) {
            let (frame, stamp, tap) = (part.frame, part.stamp, part.key.tap);
            match self.walk(frame, stamp, tap, notes).rest(part) {
                Decoded::Nothing(_) => {}
                decoded => take(decoded, frame, stamp),
            }
        }
    }

    /// The same for all that still waits, at the end of the input.
    pub fn finish(&mut self, notes: &mut Anomalies, take: impl FnMut(Decoded<'_>, FrameId, Stamp)) {
        self.expired(Timestamp::MAX, notes, take);
    }

    pub(super) fn walk<'a, 'd>(
        &'a mut self,
        frame: FrameId,
        stamp: Stamp,
        tap: Tap,
        notes: &'d mut Anomalies,
    ) -> Walk<'a, 'd>
    where
        'a: 'd,
    {
        Walk {
            fragments: &mut self.fragments,
            whole: self.whole.iter_mut(),
            notes,
            frame,
            stamp,
            tap,
            headers: self.limits.headers,
            outer: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::build::{
        ID, PAYLOAD, PORTS, Seen, ethernet, ethernet_ip, flow, frame, ip4, ip4_piece, ip6, join, tcp, udp,
    };
    use crate::fate::Fate;

    const MORE: u16 = 0x2000;

    struct Bench(Decoder, Anomalies);

    impl Bench {
        fn new() -> Self {
            Self(Decoder::new(Limits::default()), Anomalies::default())
        }

        fn see(&mut self, data: &[u8], seconds: i64) -> Seen {
            let frame = frame(1, data, data.len(), seconds * 1_000_000_000);
            self.0.decode(&frame, &mut self.1).into()
        }

        fn expired(&mut self, seconds: i64) -> Vec<Seen> {
            let mut seen = Vec::new();
            let now = Timestamp::from_nanos(seconds * 1_000_000_000);
            self.0.expired(now, &mut self.1, |decoded, _, _| seen.push(decoded.into()));
            seen
        }
    }

    /// Fragments of an IP packet's content of `size` bytes each, a multiple of eight.
    fn pieces(ip: &[u8], size: usize) -> Vec<Vec<u8>> {
        let head = if ip[0] >> 4 == 4 { 20 } else { 40 };
        let count = ip[head..].chunks(size).count();
        let piece = |(i, chunk): (usize, &[u8])| {
            let more = i + 1 < count;
            let offset = (i * size) as u16;
            if head == 20 {
                ip4_piece(ip[9], (offset / 8) | if more { MORE } else { 0 }, ID, chunk)
            } else {
                let place = (offset | u16::from(more)).to_be_bytes();
                ip6(44, &join(&[&[ip[6], 0], &place, &[0, 0, 0, 9], chunk]))
            }
        };
        ip[head..].chunks(size).enumerate().map(piece).collect()
    }

    #[test]
    fn the_frame_that_completes_gets_the_datagram() {
        for ip in [ip4(17, &udp(PORTS, PAYLOAD)), ip6(17, &udp(PORTS, PAYLOAD))] {
            let pieces = pieces(&ip, 16);
            for first in 0..pieces.len() {
                let mut bench = Bench::new();
                for i in 1..pieces.len() {
                    let piece = &pieces[(first + i) % pieces.len()];
                    assert_eq!(bench.see(&ethernet_ip(piece), 0).fate, Some(Fate::Fragment));
                }
                let seen = bench.see(&ethernet_ip(&pieces[first]), 0);
                assert_eq!((&seen.payload[..], seen.flow, seen.cut), (PAYLOAD, flow(&ip), false));
                assert_eq!(seen.ip_id, if ip[0] >> 4 == 4 { ID } else { 0 });
                assert_eq!(bench.1.iter().count(), 0);
            }
        }
    }

    #[test]
    fn fragments_of_two_taps_make_two_datagrams() {
        let mut bench = Bench::new();
        let mut taps = Vec::new();
        for piece in pieces(&ip4(17, &udp(PORTS, PAYLOAD)), 32) {
            let tagged = ethernet([0x81, 0], &join(&[&[0, 7, 8, 0], &piece]));
            for data in [ethernet_ip(&piece), tagged] {
                let seen = bench.see(&data, 0);
                taps.extend(seen.fate.is_none().then_some(seen.tap));
            }
        }
        assert_eq!(taps.len(), 2);
        assert_ne!(taps[0], taps[1]);
    }

    #[test]
    fn what_never_completes_is_handed_over_cut() {
        let datagram = pieces(&ip4(17, &udp(PORTS, PAYLOAD)), 32);
        let segment = pieces(&ip6(6, &tcp(PORTS, PAYLOAD)), 40);
        let mut bench = Bench::new();
        bench.see(&ethernet_ip(&datagram[0]), 0);
        bench.see(&ethernet_ip(&segment[0]), 1);
        assert!(bench.expired(29).is_empty());
        let seen = bench.expired(30);
        assert_eq!((seen.len(), &seen[0].payload[..], seen[0].cut), (1, &PAYLOAD[..24], true));
        let mut last = Vec::new();
        bench.0.finish(&mut bench.1, |decoded, frame, stamp| last.push((Seen::from(decoded), frame, stamp)));
        assert_eq!((last.len(), &last[0].0.payload[..], last[0].0.cut), (1, &PAYLOAD[..8], true));
        assert!(last[0].0.tcp.is_some_and(|info| info.missing > 0));
        assert_eq!((last[0].1.number, last[0].2.time.as_nanos()), (1, 1_000_000_000));
        assert_eq!(bench.1.count(Anomaly::FragmentsIncomplete), 2);
    }

    #[test]
    fn what_has_no_beginning_or_no_ports_is_only_counted() {
        let mut bench = Bench::new();
        for (id, piece) in
            [ip4_piece(17, 9, 1, &[1; 8]), ip4_piece(17, MORE, 2, &[]), ip4_piece(17, MORE, 3, &[1; 4])]
                .iter()
                .enumerate()
        {
            assert_eq!(bench.see(&ethernet_ip(piece), 0).fate, Some(Fate::Fragment), "{id}");
        }
        assert!(bench.expired(31).is_empty());
        assert_eq!(
            bench.1.iter().map(|(anomaly, n, _)| (anomaly, n)).collect::<Vec<_>>(),
            [(Anomaly::FragmentsIncomplete, 2)]
        );
    }

    #[test]
    fn fragments_in_fragmented_tunnels_are_put_together_level_by_level() {
        let mut frames = pieces(&ip4(17, &udp(PORTS, PAYLOAD)), 32);
        for _ in 0..FRAGMENTED_LEVELS - 1 {
            frames = frames.iter().flat_map(|inner| pieces(&ip6(4, inner), 32)).collect();
        }
        let mut bench = Bench::new();
        let seen: Vec<_> = frames.iter().map(|ip| bench.see(&ethernet_ip(ip), 0)).collect();
        let (last, earlier) = seen.split_last().unwrap();
        assert!(earlier.iter().all(|s| s.fate == Some(Fate::Fragment)));
        assert_eq!((&last.payload[..], last.fate), (PAYLOAD, None));
    }

    #[test]
    fn inner_fragments_of_what_expires_expire_too() {
        let inner = pieces(&ip4(17, &udp(PORTS, PAYLOAD)), 32);
        let outer = pieces(&ip6(4, &join(&[&inner[0], &[0; 8]])), 56);
        let mut bench = Bench::new();
        bench.see(&ethernet_ip(&outer[0]), 0);
        let seen = bench.expired(31);
        assert_eq!((seen.len(), &seen[0].payload[..], seen[0].cut), (1, &PAYLOAD[..24], true));
    }

    #[test]
    fn a_thousand_packets_in_one_another_are_too_deep() {
        let mut ip = ip4(17, &udp(PORTS, PAYLOAD));
        for depth in 1..1000 {
            ip = ip4(4, &ip);
            let mut bench = Bench::new();
            let seen = bench.see(&ethernet_ip(&ip), 0);
            assert_eq!(seen.fate.is_some(), depth >= 30, "{depth}");
            assert_eq!(bench.1.count(Anomaly::TooDeep), u64::from(depth >= 30));
        }
    }

    #[test]
    fn a_snapped_frame_is_counted_once_whatever_it_holds() {
        let data = ethernet_ip(&ip4(17, &udp(PORTS, PAYLOAD)));
        let mut bench = Bench::new();
        for len in [10, data.len() - 1, data.len()] {
            bench.0.decode(&frame(1, &data[..len], data.len(), 0), &mut bench.1);
        }
        assert_eq!((bench.1.count(Anomaly::Snapped), bench.1.count(Anomaly::BadHeader)), (2, 1));
    }
}
