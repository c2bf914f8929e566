//! The pcapng container (draft-ietf-opsawg-pcapng): sections of either byte order, any interfaces,
//! enhanced, simple and obsolete packet blocks.
//!
//! In: a [`Buffer`]. Out: a [`Record`] a packet. Blocks of other types are passed over in silence,
//! malformed ones with a word; after damage the next block is looked for whose lengths at head and
//! tail agree and which another one follows, and what lies between is counted.
//!
//! Of `pcap-file` 2.0.0 only the raw block is used. Its typed blocks lose the rest of a file for one
//! odd option, and read every time as nanoseconds.

use byteorder_slice::{BigEndian, ByteOrder, LittleEndian};
use pcap_file::pcapng::RawBlock;

use super::NO_LINK;
use super::block::{self, FRAMING, Head, Packet};
use super::buffer::Buffer;
use super::container::{BARREN, Record, Refusal};
use super::interface::{Interface, Interfaces};
use super::search::search;
use super::skim::Skim;
use super::trouble::Trouble;
use crate::anomaly::Anomaly;
use crate::flow;
use crate::time::Timestamp;

/// Code of `shb_userappl`, which names the program that wrote a section.
const USER_APPLICATION: u16 = 4;
/// How this program names itself there.
const OWN: &[u8] = b"sipstat ";
/// The shortest section header block.
const LEAST_SECTION: usize = 28;

/// Whether a file begins as pcapng does.
pub(super) fn is_magic(window: &[u8]) -> bool {
    window.starts_with(&block::SECTION.to_be_bytes())
}

/// Reads the blocks of one file.
pub(super) struct Pcapng {
    is_big: bool,
    interfaces: Interfaces,
    frames: u64,
    saw_fine: bool,
    /// Where the last packet ended.
    fruitful: u64,
    /// The section was written by this program.
    is_own: bool,
    /// When capturing ended, as such a section has it.
    until: Option<Timestamp>,
}

/// What reading blocks in one byte order came to.
enum Step {
    Packet,
    /// A section begins, which may have the other byte order.
    Section,
    End,
}

impl Pcapng {
    /// Makes sure that the file begins with a section, and leaves that to be read.
    pub(super) fn open(buffer: &mut Buffer) -> Result<Self, Refusal> {
        let is_long_enough = buffer.has(LEAST_SECTION);
        let order = block::section_order(buffer.window());
        if order.is_none() && buffer.window().len() >= FRAMING {
            return Err(Refusal::NotACapture);
        }
        match order {
            Some(is_big) if is_long_enough => Ok(Self {
                is_big,
                interfaces: Interfaces::default(),
                frames: 0,
                saw_fine: false,
                fruitful: 0,
                is_own: false,
                until: None,
            }),
            _ => Err(Refusal::CutOff { what: "pcapng section header", needs: LEAST_SECTION }),
        }
    }

    /// Reads the next packet; `false` at the end, and from then on.
    #[inline]
    pub(super) fn next(&mut self, buffer: &mut Buffer, trouble: &mut Trouble, record: &mut Record) -> bool {
        loop {
            let step = if self.is_big {
                self.step::<BigEndian>(buffer, trouble, record)
            } else {
                self.step::<LittleEndian>(buffer, trouble, record)
            };
            match step {
                Step::Packet => return true,
                Step::Section => {}
                Step::End => return false,
            }
        }
    }

    /// See [`super::container::Container::skim`].
    #[inline]
    pub(super) fn skim(&mut self, window: &[u8], skim: &mut Skim, passes: impl FnMut(u32, &[u8]) -> bool) {
        let before = skim.frames;
        if self.is_big {
            self.skim_blocks::<BigEndian>(window, skim, passes);
        } else {
            self.skim_blocks::<LittleEndian>(window, skim, passes);
        }
        if skim.frames > before {
            self.frames += skim.frames - before;
            self.fruitful = skim.offset + skim.bytes as u64;
        }
    }

    #[inline]
    fn skim_blocks<B: ByteOrder>(
        &mut self,
        window: &[u8],
        skim: &mut Skim,
        mut passes: impl FnMut(u32, &[u8]) -> bool,
    ) {
        let mut rest = window;
        while let Some(head) = Head::read::<B>(rest, self.is_big)
            && head.kind == block::ENHANCED_PACKET
            && head.is_sane()
            && let Ok((next, raw)) = RawBlock::from_slice::<B>(rest)
            && let Some(packet) = Packet::enhanced::<B>(&raw.body, false)
            && packet.captured == packet.original as usize
            && let (Some(interface), Some(ticks)) = (self.interfaces.get(packet.interface), packet.ticks)
        {
            let time = interface.time(ticks);
            let data = raw.body.get(packet.before..packet.before + packet.captured).unwrap_or_default();
            if !skim.admits(time) || !passes(interface.link, data) {
                return;
            }
            skim.pass(time, head.len);
            self.saw_fine |= interface.is_fine() && time.as_nanos() % 1000 != 0;
            rest = next;
        }
    }

    /// Some packet's time was finer than a microsecond.
    pub(super) fn saw_fine(&self) -> bool {
        self.saw_fine
    }

    /// When capturing ended, raw, as the interface statistics of a section of this program have it;
    /// `None` where none says so. Those of others say when packets came that may have been cut away
    /// since: whoever cuts a capture to pieces leaves them as they are.
    pub(super) fn until(&self) -> Option<Timestamp> {
        self.until
    }

    #[inline]
    fn step<B: ByteOrder>(
        &mut self,
        buffer: &mut Buffer,
        trouble: &mut Trouble,
        record: &mut Record,
    ) -> Step {
        loop {
            if !buffer.has(FRAMING) {
                return self.end(buffer, trouble);
            }
            let head = Head::read::<B>(buffer.window(), self.is_big);
            let whole = match head {
                Some(head) if head.is_sane() && buffer.has(head.len) => {
                    RawBlock::from_slice::<B>(buffer.window()).ok().map(|(_, raw)| (head, raw))
                }
                _ => None,
            };
            let Some((head, raw)) = whole else {
                if self.recover(buffer, head, trouble) {
                    return Step::Section;
                }
                return Step::End;
            };
            let (at, kind) = (buffer.offset(), head.kind);
            let packet = match kind {
                block::ENHANCED_PACKET => Packet::enhanced::<B>(&raw.body, false),
                block::OLD_PACKET => Packet::enhanced::<B>(&raw.body, true),
                block::SIMPLE_PACKET => {
                    let snaplen = self.interfaces.get(0).map_or(0, |i| i.snaplen);
                    Packet::simple::<B>(&raw.body, snaplen)
                }
                block::INTERFACE => {
                    self.interfaces.add(Interface::read::<B>(&raw.body), at, self.frames, trouble);
                    self.pass(buffer, head.len, trouble);
                    continue;
                }
                block::SECTION => {
                    let version =
                        raw.body.get(4..6).map(|v| if head.is_big { [v[0], v[1]] } else { [v[1], v[0]] });
                    if version != Some([0, 1]) || head.len < LEAST_SECTION {
                        trouble.bad_block(at, self.frames);
                    }
                    self.is_big = head.is_big;
                    self.interfaces.clear();
                    let options = raw.body.get(16..).unwrap_or_default();
                    let author =
                        if head.is_big { block::option::<BigEndian> } else { block::option::<LittleEndian> };
                    self.is_own = author(options, USER_APPLICATION).is_some_and(|a| a.starts_with(OWN));
                    self.pass(buffer, head.len, trouble);
                    return Step::Section;
                }
                block::STATISTICS if self.is_own => {
                    let end = block::end_of_capture::<B>(&raw.body);
                    let end = end.and_then(|(i, ticks)| Some(self.interfaces.get(i)?.time(ticks)));
                    self.until = self.until.max(end);
                    self.pass(buffer, head.len, trouble);
                    continue;
                }
                _ => {
                    self.pass(buffer, head.len, trouble);
                    continue;
                }
            };
            if let Some(packet) = packet {
                *record = self.record(packet, buffer.place() + 8, at, head.len, trouble);
                buffer.consume(head.len);
                return Step::Packet;
            }
            trouble.bad_block(at, self.frames);
            self.pass(buffer, head.len, trouble);
        }
    }

    /// Passes over a block without a packet, and gives up a file that goes on and on without one.
    fn pass(&self, buffer: &mut Buffer, len: usize, trouble: &mut Trouble) {
        buffer.consume(len);
        let at = buffer.offset();
        if at.saturating_sub(self.fruitful) > BARREN {
            trouble.stop(format!("no packet in the {BARREN} bytes before byte {at}: given up there"));
            buffer.close();
        }
    }

    #[inline]
    fn record(&mut self, packet: Packet, place: usize, at: u64, len: usize, trouble: &mut Trouble) -> Record {
        self.frames += 1;
        self.fruitful = at + len as u64;
        let (captured, original) = (packet.captured as u32, packet.original);
        if original < captured {
            trouble.note(Anomaly::BadLength, self.frames);
        }
        let interface = self.interfaces.get(packet.interface);
        if interface.is_none() {
            trouble.stranger(at, self.frames);
        }
        // Without the interface nobody knows how its clock counts.
        let time = interface.and_then(|i| Some(i.time(packet.ticks?)));
        if interface.is_some_and(Interface::is_fine) && time.is_some_and(|t| t.as_nanos() % 1000 != 0) {
            self.saw_fine = true;
        }
        Record {
            time,
            link: interface.map_or(NO_LINK, |i| i.link),
            interface: packet.interface,
            name: interface.map_or(flow::Interface::default(), |i| i.name),
            place: place + packet.before,
            len: packet.captured,
            original_len: original.max(captured),
        }
    }

    /// After a block whose framing is wrong: goes to the next plausible one. `false`: there is none.
    #[cold]
    fn recover(&mut self, buffer: &mut Buffer, head: Option<Head>, trouble: &mut Trouble) -> bool {
        let (at, remain) = (buffer.offset(), buffer.window().len() as u64);
        let head = head.filter(|h| h.is_sane());
        // `step` tried to have the whole block, so the window ends where the file does.
        let short = head.filter(|h| remain < h.len as u64);
        if let Some(h) = short
            && Packet::room_for_options(h, buffer.window()) == Some(0)
        {
            buffer.consume(usize::MAX);
            trouble.cut("block", at, h.len as u64, remain, self.frames);
            return false;
        }
        // Where only the length at the tail is wrong an interface is kept, or the next one would take
        // its number.
        let interface = head.filter(|h| h.kind == block::INTERFACE && short.is_none()).and_then(|h| {
            let body = buffer.window().get(8..h.len - 4)?;
            let read = if h.is_big { Interface::read::<BigEndian> } else { Interface::read::<LittleEndian> };
            Some((at + h.len as u64, read(body)))
        });
        let may_begin = |w: &[u8]| Self::head(self.is_big, w).is_some();
        let is_found = search(buffer, trouble, FRAMING, may_begin, |b| self.fits(b));
        if let Some((_, read)) = interface.filter(|i| i.0 == buffer.offset()) {
            self.interfaces.add(read, at, self.frames, trouble);
        }
        match short {
            Some(h) if !is_found => trouble.cut("block", at, h.len as u64, remain, self.frames),
            _ => {
                trouble.note(Anomaly::BadBlock, self.frames);
                trouble.gap(at, buffer.offset() - at, self.frames);
            }
        }
        is_found
    }

    /// The head of a plausible block.
    fn head(is_big: bool, window: &[u8]) -> Option<Head> {
        let head = if is_big {
            Head::read::<BigEndian>(window, true)
        } else {
            Head::read::<LittleEndian>(window, false)
        };
        head.filter(|h| h.is_plausible())
    }

    /// The window begins with a plausible block whose lengths agree, and the head of another one or
    /// the end of the file follows.
    fn fits(&self, buffer: &mut Buffer) -> bool {
        let Some(head) = Self::head(self.is_big, buffer.window()) else { return false };
        if !buffer.has(head.len) || !head.agrees(buffer.window().get(..head.len).unwrap_or_default()) {
            return false;
        }
        if !buffer.has(head.len + FRAMING) {
            return buffer.window().len() == head.len;
        }
        Self::head(head.is_big, buffer.window().get(head.len..).unwrap_or_default()).is_some()
    }

    /// Less than a block's framing is left: nothing, if the file is whole.
    #[cold]
    fn end(&mut self, buffer: &mut Buffer, trouble: &mut Trouble) -> Step {
        let remain = buffer.window().len() as u64;
        if remain > 0 {
            trouble.cut("block header", buffer.offset(), FRAMING as u64, remain, self.frames);
            buffer.consume(FRAMING);
        }
        Step::End
    }
}

#[cfg(test)]
mod tests {
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
}
