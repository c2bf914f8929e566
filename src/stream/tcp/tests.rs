//! Streams from built segments: tables of the rules, random conversations against a model, bounds.

use proptest::prelude::*;

use super::*;
use crate::flow::Endpoint;

/// Holds as much as its bytes say: `{` bytes until a `}`; loses interest at `#`.
#[derive(Debug, Default)]
struct Reader {
    held: usize,
    bored: bool,
}

impl Consumer for Reader {
    fn held(&self) -> usize {
        self.held
    }
    fn interested(&self) -> bool {
        !self.bored
    }
}

/// Feeds segments and writes down what comes out.
#[derive(Default)]
struct Rig {
    streams: Streams<Reader>,
    notes: Anomalies,
    log: Vec<String>,
    frames: u64,
    now: Timestamp,
}

fn origin(flow: Flow, now: Timestamp, number: u64) -> Origin {
    Origin {
        stamp: Stamp { shown: now, time: now, now },
        frame: FrameId { file: 0, number },
        tap: Tap::default(),
        flow,
        transport: Transport::Tcp,
        ip_id: 0,
    }
}

/// A speaks to B, from port 5060 of the greater address.
fn flow(side: char) -> Flow {
    let ab =
        Flow { source: Endpoint::new([10, 0, 0, 2], 5060), destination: Endpoint::new([10, 0, 0, 1], 5060) };
    if side == 'A' { ab } else { ab.reversed() }
}

fn read(log: &mut Vec<String>, reader: &mut Reader, from: &Origin, piece: Piece<'_>) {
    let side = if from.flow == flow('A') { 'A' } else { 'B' };
    let frame = from.frame.number;
    if let Piece::Bytes(bytes) = piece {
        for &byte in bytes {
            match byte {
                b'{' => reader.held = 1,
                b'}' => reader.held = 0,
                b'#' => reader.bored = true,
                _ if reader.held > 0 => reader.held += 1,
                _ => {}
            }
        }
    }
    log.push(match piece {
        Piece::Start { midstream: false } => format!("{side}["),
        Piece::Start { midstream: true } => format!("{side}~"),
        Piece::Bytes(bytes) => format!("{side}{frame}={}", String::from_utf8_lossy(bytes)),
        Piece::Gap(bytes) => format!("{side}+{bytes}"),
        Piece::End(why) => format!("{side}]{}", format!("{why:?}").to_lowercase()),
    });
}

impl Rig {
    fn push(&mut self, flow: Flow, tcp: TcpInfo, payload: &[u8]) -> Pushed {
        self.frames += 1;
        let from = origin(flow, self.now, self.frames);
        let log = &mut self.log;
        let mut sink = |reader: &mut Reader, from: &Origin, piece: Piece<'_>| read(log, reader, from, piece);
        self.streams.push(&from, &tcp, payload, &mut self.notes, &mut sink)
    }

    fn finish(&mut self) {
        let log = &mut self.log;
        self.streams.finish(self.now, &mut self.notes, &mut |r, from, piece| read(log, r, from, piece));
        assert_eq!((self.streams.held(), self.streams.connections()), (0, 0));
    }

    /// Segments as `<side><sequence>[SFR][=bytes][?missing][^acknowledged][@milliseconds]`, the
    /// sequence numbers counted from `base`.
    fn script(&mut self, base: u32, segments: &str) -> Vec<Pushed> {
        let one = |word: &str| {
            let number = |mark: char| {
                let digits = word.split_once(mark)?.1;
                let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
                digits[..end].parse::<u32>().ok()
            };
            let side = word.chars().next().unwrap();
            let end = word.find(['=', '?', '^', '@']).unwrap_or(word.len());
            let data = word.split_once('=').map_or("", |(_, d)| d.split(['?', '^', '@']).next().unwrap());
            let tcp = TcpInfo {
                sequence: base.wrapping_add(number(side).unwrap()),
                acknowledged: number('^').map(|n| base.wrapping_add(n)),
                syn: word[..end].contains('S'),
                fin: word[..end].contains('F'),
                rst: word[..end].contains('R'),
                missing: number('?').unwrap_or(0),
            };
            (side, tcp, data.to_owned(), number('@'))
        };
        let mut fates = Vec::new();
        for (side, tcp, data, time) in segments.split_whitespace().map(one) {
            self.now = time.map_or(self.now, |ms| Timestamp::from_nanos(i64::from(ms) * 1_000_000));
            fates.push(self.push(flow(side), tcp, data.as_bytes()));
        }
        fates
    }
}

/// Pushes the segments, at several places of the number circle, and compares what comes out
/// before and at the end of the input, and which anomalies were counted.
fn check(segments: &str, expected: &str, anomalies: &[(Anomaly, u64)]) {
    for base in [0, 5000, u32::MAX - 101, u32::MAX - 104, i32::MAX as u32 - 103] {
        let mut rig = Rig::default();
        rig.script(base, segments);
        rig.finish();
        let ends = ["A]input", "B]input"];
        let log: Vec<_> = rig.log.iter().map(String::as_str).filter(|e| !ends.contains(e)).collect();
        assert_eq!(log.join(" "), expected, "{segments} from {base}");
        let noted: Vec<_> = rig.notes.iter().map(|(kind, count, _)| (kind, count)).collect();
        assert_eq!(noted, anomalies, "{segments} from {base}");
    }
}

const GAP: Anomaly = Anomaly::StreamGap;
const REPEAT: Anomaly = Anomaly::StreamRepeat;
const REORDERED: Anomaly = Anomaly::StreamReordered;

#[test]
fn bytes_come_in_order_and_once() {
    check("A100S B100S^101 A101=ab A103=cd B101=xy", "A[ B[ A3=ab A4=cd B5=xy", &[]);
    check("A100S A103=cd A101=ab A105=e", "A[ A3=ab A3=cd A4=e", &[(REORDERED, 1)]);
    check("A100S A105=e A103=cd A101=ab", "A[ A4=ab A4=cd A4=e", &[(REORDERED, 2)]);
    check("A100S A101=ab A101=ab A103=cd", "A[ A2=ab A4=cd", &[(REPEAT, 1)]);
    check("A100S A101=ab A101=xyc A103=yzd", "A[ A2=ab A3=c A4=zd", &[(REPEAT, 2)]);
    check("A100S A103=cd A103=xy A101=ab", "A[ A4=ab A4=cd", &[(REPEAT, 1), (REORDERED, 1)]);
    check("A100S A103=c A101=wxyz", "A[ A3=wx A3=c A3=z", &[(REORDERED, 1)]);
}

#[test]
fn data_may_ride_on_the_syn_and_probes_repeat_what_was_there() {
    check("A100S=ab A103=c", "A[ A1=ab A2=c", &[]);
    check("A100S A101=ab A102=x A103=c", "A[ A2=ab A4=c", &[(REPEAT, 1)]);
    check("A100S A101=ab A103 A102 A103=c A103=cd", "A[ A2=ab A5=c A6=d", &[(REPEAT, 1)]);
}

#[test]
fn without_a_syn_a_direction_starts_at_its_first_bytes() {
    check("A150 A150F A103=cd A105=e", "A~ A3=cd A4=e", &[]);
    check("A103=cd A101=ab A105=e", "A~ A1=cd A3=e", &[(REORDERED, 1)]);
    check("A103=cd A101=abc A105=e", "A~ A1=cd A3=e", &[(REORDERED, 1)]);
    check("A101=ab A100S A103=cd", "A~ A1=ab A3=cd", &[]);
}

#[test]
fn a_direction_ends_with_its_fin_once_all_before_it_is_there() {
    check("A100S A101F=ab A101F=ab", "A[ A2=ab A]fin", &[(REPEAT, 1)]);
    check("A100S A103F A101=ab A103F", "A[ A3=ab A]fin", &[]);
    check("A100S A103F=c A101=ab", "A[ A3=ab A3=c A]fin", &[(REORDERED, 1)]);
    check("A100S A101=a A102F B101=x", "A[ A2=a A]fin B~ B4=x", &[]);
    check("A100S A101F A102=more", "A[ A]fin A~ A3=more", &[]);
    check("A100S A103F A101=abc A104=d", "A[ A3=abc A4=d", &[]);
    check("A100S A101=ab A105F", "A[ A2=ab A+2 A]fin", &[(GAP, 1)]);
}

#[test]
fn an_rst_ends_both_directions_if_its_numbers_fit() {
    check("A100S B100S^101 A101=ab A103R B101=x", "A[ B[ A3=ab A]reset B]reset B~ B5=x", &[]);
    check("A100S B0R^101", "A[ A]reset", &[]);
    check("A100S A101=ab A50000000R A103=cd B0R", "A[ A2=ab A4=cd", &[]);
    check("A100S A101=ab A103R=sorry A103=cd", "A[ A2=ab A]reset A~ A4=cd", &[]);
    check("A100S A101=ab A105=ef A107R", "A[ A2=ab A+2 A3=ef A]reset", &[(GAP, 1), (REORDERED, 1)]);
}

#[test]
fn used_ports_carry_a_new_connection() {
    check("A100S A101=ab A900S A901=cd", "A[ A2=ab A]replaced A[ A4=cd", &[]);
    check(
        "A100S B100S^101 A101=ab B101=x A900S B800S^901 B801=y A901=c",
        "A[ B[ A3=ab B4=x A]replaced B]replaced A[ B[ B7=y A8=c",
        &[],
    );
    check("A100S A100S A101=ab A100S A103=c", "A[ A3=ab A5=c", &[]);
    check("B100S^101 A100S A101=ab B101=x", "B[ A[ A3=ab B4=x", &[]);
    check("A101=ab A90000000=cd A90000002=e", "A~ A1=ab A]replaced A~ A2=cd A3=e", &[]);
    check("A90000000=ab A101=cd A103=e", "A~ A1=ab A]replaced A~ A2=cd A3=e", &[]);
}

#[test]
fn a_hole_is_given_up_when_it_is_old() {
    check(
        "A101=ab A105=ef A107=g@9999 A109=i@10000",
        "A~ A1=ab A+2 A2=ef A3=g A+1 A4=i",
        &[(GAP, 2), (REORDERED, 3)],
    );
    check("A101=ab A105=ef A103=cd@9999", "A~ A1=ab A3=cd A3=ef", &[(REORDERED, 1)]);
    check("A101=ab A105=ef A103=cd@10000", "A~ A1=ab A+2 A2=ef", &[(GAP, 1), (REORDERED, 2)]);
    check("A101=ab A105=ef B1=x@10000", "A~ A1=ab A+2 A2=ef B~ B3=x", &[(GAP, 1), (REORDERED, 1)]);
    // Bytes that come in their turn show that the sender is still at it.
    check("A101=ab A107=g A103=cd@9000 A105=ef@18000", "A~ A1=ab A3=cd A4=ef A4=g", &[(REORDERED, 1)]);
}

#[test]
fn a_hole_is_given_up_soon_when_the_other_side_has_its_bytes() {
    check(
        "A101=ab A105=ef B1=x^107@100 B2=y@1100",
        "A~ A1=ab B~ B3=x A+2 A2=ef B4=y",
        &[(GAP, 1), (REORDERED, 1)],
    );
    check("A101=ab A105=ef B1=x^107@100 A103=cd@1000", "A~ A1=ab B~ B3=x A4=cd A4=ef", &[(REORDERED, 1)]);
    check("A101=ab A105=ef B1=x^104@100 A103=cd@1200", "A~ A1=ab B~ B3=x A4=cd A4=ef", &[(REORDERED, 1)]);
    check("A101=ab B1=x^105@0 A105=ef@9000", "A~ A1=ab B~ B2=x A+2 A3=ef", &[(GAP, 1), (REORDERED, 1)]);
    check("A101=ab B1=x^103 A103=cd", "A~ A1=ab B~ B2=x A3=cd", &[]);
}

#[test]
fn what_the_snap_length_cut_is_a_gap() {
    check("A101=ab?3 A106=c", "A~ A1=ab A+3 A2=c", &[]);
    check("A100S A106=c A101=ab?3", "A[ A3=ab A+3 A3=c", &[(REORDERED, 1)]);
    check("A100S A103=cd?2 A107=e A101=ab", "A[ A4=ab A4=cd A+2 A4=e", &[(REORDERED, 2)]);
    check("A101=ab?3 A101=abcdefg", "A~ A1=ab A+3 A2=fg", &[(REPEAT, 1)]);
    check("A101?5 A106=f", "A~ A+5 A2=f", &[]);
}

#[test]
fn what_waited_keeps_its_own_time_unless_its_hole_was_filled() {
    let mut rig = Rig::default();
    rig.script(0, "A101=ab A105=ef A109=i A107=gh A111=k");
    // Frames 3 and 5 are released by the end of the input; 3 was completed by 4.
    rig.finish();
    assert_eq!(rig.log.join(" "), "A~ A1=ab A+2 A2=ef A4=gh A4=i A+1 A5=k A]input");
}

#[test]
fn nothing_waits_for_a_reader_without_interest() {
    check("A101=# A105=ef A103=cd A107=g", "A~ A1=# A+3 A2=ef A4=g", &[]);
    check("A101=a A105=e A102=# A106=f", "A~ A1=a A3=# A+2 A2=e A4=f", &[(REORDERED, 1)]);
}

#[test]
fn the_fate_of_each_segment_is_told() {
    use Pushed::{Control, Delivered, Held, Late, Repeated};
    let fates = Rig::default().script(7, "A100S A101=ab A101=ab A105=ef A105=ef A103=cd A1R A107F");
    assert_eq!(fates, [Control, Delivered, Repeated, Held, Repeated, Delivered, Control, Control]);
    let fates = Rig::default().script(7, "A101=ab A105=ef B1=x@10000 A103=c A104=d A50=a A103=cde");
    assert_eq!(fates, [Delivered, Held, Delivered, Late, Late, Late, Repeated]);
}

#[test]
fn a_full_hole_table_gives_up_the_first_hole() {
    let mut rig = Rig::default();
    rig.script(0, "A100=a");
    for i in 1..=MAX_HELD_SEGMENTS as u32 {
        assert_eq!(rig.script(0, &format!("A{}=x", 100 + 2 * i)), [Pushed::Held]);
    }
    assert_eq!(rig.log.len(), 2);
    rig.script(0, "A9000=y");
    assert_eq!(rig.log[2..], ["A+1", "A2=x"]);
    let big = vec![b'z'; MAX_HELD_BYTES];
    rig.push(flow('A'), TcpInfo { sequence: 20_000, ..TcpInfo::default() }, &big);
    assert_eq!(rig.notes.count(GAP), 1 + MAX_HELD_SEGMENTS as u64);
}

/// A flow of its own for each number.
fn numbered(i: u32) -> Flow {
    let mut flow = flow('A');
    flow.source = Endpoint::new(i.to_be_bytes(), 1);
    flow
}

#[test]
fn the_number_of_connections_is_bounded_and_those_that_hold_nothing_go_first() {
    let mut rig = Rig::default();
    rig.script(0, "A101={half");
    for i in 0..2 * MAX_CONNECTIONS as u32 {
        rig.push(numbered(i), TcpInfo { syn: true, ..TcpInfo::default() }, b"");
        assert!(rig.streams.connections() <= MAX_CONNECTIONS);
    }
    assert_eq!(rig.notes.count(Anomaly::StreamEvicted), 0);
    rig.log.clear();
    rig.script(0, "A106=whole}");
    assert_eq!(rig.log.pop().unwrap().split_once('=').unwrap().1, "whole}");
    for i in 0..2 * MAX_CONNECTIONS as u32 {
        rig.push(numbered(i), TcpInfo { sequence: 1, ..TcpInfo::default() }, b"{");
        assert!(rig.streams.connections() <= MAX_CONNECTIONS);
    }
    // All hold something: each new one costs the oldest.
    let evicted = rig.notes.count(Anomaly::StreamEvicted);
    assert_eq!(evicted, MAX_CONNECTIONS as u64);
    assert!(rig.streams.consumer(numbered(0)).is_none());
    assert!(rig.streams.consumer(numbered(2 * MAX_CONNECTIONS as u32 - 1)).is_some());
}

#[test]
fn what_all_hold_together_is_bounded() {
    let mut rig = Rig::default();
    let segment = vec![b'x'; 65_000];
    for i in 0..1000 {
        for (sequence, payload) in [(1, &b"a"[..]), (100, &segment)] {
            rig.push(numbered(i), TcpInfo { sequence, ..TcpInfo::default() }, payload);
            assert!(rig.streams.held() <= MAX_HELD_TOTAL);
        }
    }
    assert!(rig.streams.held() > MAX_HELD_TOTAL - 66_000);
    let kept = rig.streams.connections() as u64;
    assert_eq!(rig.notes.count(Anomaly::StreamEvicted), 1000 - kept);
    rig.finish();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Any cutting, order, repetition and overlap of a stream, with copies that differ, gives each
    /// byte once, of the copy that came first.
    #[test]
    fn a_stream_survives_any_order_of_its_segments(
        base in prop_oneof![Just(0u32), Just(u32::MAX - 200), any::<u32>()],
        length in 1usize..600,
        cuts in prop::collection::vec((0usize..600, 1usize..80, any::<u16>()), 0..60),
    ) {
        // The random segments, then the whole in pieces so that no hole stays; a byte's value
        // tells which segment it is from.
        let whole = (0..length).step_by(50).map(|at| (at, 50, u16::MAX));
        let segments = cuts.into_iter().chain(whole).filter(|&(at, ..)| at < length);
        let mut rig = Rig::default();
        rig.push(flow('A'), TcpInfo { sequence: base, syn: true, ..TcpInfo::default() }, b"");
        let mut model: Vec<Option<u8>> = vec![None; length];
        for (i, (at, count, _)) in segments.enumerate() {
            let payload = vec![b'a' + (i % 26) as u8; count.min(length - at)];
            for (byte, new) in model[at..].iter_mut().zip(&payload) {
                byte.get_or_insert(*new);
            }
            let sequence = base.wrapping_add(1).wrapping_add(at as u32);
            rig.push(flow('A'), TcpInfo { sequence, ..TcpInfo::default() }, &payload);
            prop_assert!(rig.streams.consumer(flow('A')).is_some());
        }
        let out: String = rig.log.iter().filter_map(|e| Some(e.split_once('=')?.1)).collect();
        let model: Vec<u8> = model.into_iter().flatten().collect();
        prop_assert_eq!(out.as_bytes(), &model);
        prop_assert_eq!(rig.streams.held(), 0);
        prop_assert!(rig.streams.holes.is_empty());
    }

    /// Whatever comes, each start has one end, sums hold, and nothing stays behind.
    #[test]
    fn any_segments_leave_the_tables_consistent(
        segments in prop::collection::vec(
            (any::<bool>(), 0u32..3, prop_oneof![0u32..300, any::<u32>()], 0u8..64, 0usize..40, 0u32..20_000), 0..80),
    ) {
        let mut rig = Rig::default();
        for (side, connection, sequence, flags, length, time) in segments {
            rig.now = rig.now.max(Timestamp::from_nanos(i64::from(time) * 1_000_000));
            let flow = numbered(connection);
            let tcp = TcpInfo {
                sequence,
                acknowledged: (flags & 1 > 0).then_some(sequence / 2),
                syn: flags & 14 == 14,
                fin: flags & 0x12 == 0x12,
                rst: flags & 0x2c == 0x2c,
                missing: if flags & 0x30 == 0x30 { sequence } else { 0 },
            };
            rig.push(if side { flow } else { flow.reversed() }, tcp, &vec![b'{' + 2 * (flags & 1); length]);
            let Streams { table, held, holes, .. } = &rig.streams;
            let connections = || table.slots().filter_map(|slot| table.get(slot));
            let directions = || connections().flat_map(|(_, c)| c.sides.iter().flatten());
            prop_assert_eq!(*held, directions().map(Direction::memory).sum::<usize>());
            prop_assert_eq!(holes.len(), directions().filter(|d| d.deadline().is_some()).count());
            prop_assert!(holes.iter().all(|&(due, ..)| due > rig.now));
        }
        rig.finish();
        prop_assert!(rig.streams.holes.is_empty());
        let count = |marks: &[char]| rig.log.iter().filter(|e| e[1..].starts_with(marks)).count();
        prop_assert_eq!(count(&['[', '~']), count(&[']']));
    }
}
