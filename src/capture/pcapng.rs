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
mod tests;
