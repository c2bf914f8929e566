//! Where all carriers meet: messages go to their shard, oddities to the ledger.

use crate::anomaly::Anomaly;
use crate::config::Config;
use crate::decode::Quote;
use crate::fate::Fate;
use crate::filter::{Filter, Protocol, Subject};
use crate::flow::{FrameId, Origin, Transport};
use crate::pick::Harvest;
use crate::shard::{Limits, shard_of, shard_of_call};
use crate::sip::{
    Framed, Message, Peek, Rejection, Scan, Start, looks_like_sip, peek_datagram, scan_datagram, scan_into,
};
use crate::stats::{Open, Tally};
use crate::stream::hep::Hep;
use crate::time::{Nanos, Stamp, Timestamp, Zero};

use super::counting::{Counting, empty_tally};
use super::crew::{Cargo, Crew};
use super::locate::{Located, Locator};
use super::opaque::Tls;

/// Tap identifiers of this stage.
const TAP_HEP: u8 = 64;
/// HEP's own time is believed within this of the frame's.
const HEP_SKEW: Nanos = Nanos::from_secs(3600);

/// Who counts messages.
enum Work {
    /// This thread, at once.
    Here(Box<Counting>),
    Crew(Crew),
    /// Nobody: frames are looked for.
    Locator(Box<Locator>),
}

/// The way to the shards, and the ledger.
pub(super) struct Sink {
    work: Work,
    /// What the stages before the shards note.
    pub(super) tally: Tally,
    /// Responses of any kind so far.
    pub(super) responses: u64,
    pub(super) tls: Tls,
    frame: FrameId,
    completed: bool,
    kept_alive: bool,
    filtered: bool,
    /// Something was picked and is not harvested.
    ticked: bool,
    /// That, if this thread picked it.
    ripe: Harvest,
    /// What the run's times are counted from: those inside HEP are of the calendar.
    pub(super) zero: Zero,
    /// For the originals of copies in HEP; `None` if it judges no packets.
    filter: Option<Filter>,
}

impl Sink {
    pub(super) fn new(config: &Config, limits: Limits) -> Self {
        let here = || Work::Here(Box::new(Counting::new(config, limits, 0, 1)));
        let crew = (config.threads > 1).then(|| Crew::start(config, limits, config.threads)).flatten();
        Self {
            work: crew.map_or_else(here, Work::Crew),
            tally: empty_tally(config),
            responses: 0,
            tls: Tls::default(),
            frame: FrameId::default(),
            completed: false,
            kept_alive: false,
            filtered: false,
            ticked: false,
            ripe: Harvest::default(),
            zero: Zero::default(),
            filter: Some(&config.filter).filter(|f| f.judges_packets()).cloned(),
        }
    }

    /// A sink that counts nothing, and looks for frames.
    pub(super) fn locating(config: &Config, locator: Locator) -> Self {
        let here = Config { threads: 1, ..config.clone() };
        Self { work: Work::Locator(Box::new(locator)), ..Self::new(&here, Limits::within(0)) }
    }

    /// Who looks for frames, if that is the job.
    #[inline]
    pub(super) fn locator(&mut self) -> Option<&mut Locator> {
        if let Work::Locator(locator) = &mut self.work { Some(locator) } else { None }
    }

    /// What was located.
    pub(super) fn located(self) -> Located {
        if let Work::Locator(locator) = self.work { locator.finish() } else { Located::default() }
    }

    /// `frame` is at work: see [`Sink::completed`].
    pub(super) fn begin(&mut self, frame: FrameId) {
        (self.frame, self.completed, self.kept_alive, self.filtered) = (frame, false, false, false);
    }

    /// Whether the frame at work brought the last byte of a message.
    pub(super) fn completed(&self) -> bool {
        self.completed
    }

    /// Whether the frame at work brought a keep-alive.
    pub(super) fn kept_alive(&self) -> bool {
        self.kept_alive
    }

    /// Whether the frame at work brought a copy in HEP that the user's filter leaves out.
    pub(super) fn filtered(&self) -> bool {
        self.filtered
    }

    /// A datagram, or a message of WebSocket or SCTP. Whether it counts as a message; `None` if it
    /// is not SIP.
    pub(super) fn datagram(&mut self, payload: &[u8], cut: bool, origin: &Origin) -> Option<bool> {
        match &mut self.work {
            Work::Here(counting) => {
                let mut scan = Scan::blank();
                scan_into(payload, cut, &mut scan);
                match &scan {
                    Scan::Message(message) => {
                        counting.message(shard_of(message), message, origin);
                        self.met(message.start, origin);
                        return Some(true);
                    }
                    Scan::Rejected(why) => self.rejected(*why, origin),
                    Scan::Partial => self.note(Anomaly::Truncated, origin),
                    Scan::NotSip => return None,
                }
            }
            Work::Locator(locator) => match &scan_datagram(payload, cut) {
                Scan::Message(message) => {
                    locator.message(message, origin);
                    self.met(message.start, origin);
                    return Some(true);
                }
                Scan::NotSip => return None,
                Scan::Rejected(_) | Scan::Partial => {}
            },
            Work::Crew(crew) => match peek_datagram(payload, cut) {
                Peek::Message { start, call_id } => {
                    crew.ship(
                        shard_of_peeked(payload, cut, call_id),
                        payload,
                        Cargo::Datagram { cut },
                        origin,
                    );
                    self.met(start, origin);
                    return Some(true);
                }
                Peek::Rejected(why) => self.rejected(why, origin),
                Peek::Partial => self.note(Anomaly::Truncated, origin),
                Peek::NotSip => return None,
            },
        }
        Some(false)
    }

    /// A user message of an association.
    pub(super) fn carried(&mut self, payload: &[u8], cut: bool, origin: &Origin) {
        if let Some(locator) = self.locator() {
            locator.carrier(Some(origin.flow));
        }
        self.datagram(payload, cut, origin);
        if let Some(locator) = self.locator() {
            locator.carrier(None);
        }
    }

    /// What a stream held.
    pub(super) fn framed(&mut self, item: &Framed<'_>, origin: &Origin) {
        match item {
            Framed::Message(message) => self.message(message, true, origin),
            Framed::Truncated(message) => self.message(message, false, origin),
            Framed::Rejected(why) => self.rejected(*why, origin),
            Framed::Keepalive => self.kept_alive |= origin.frame == self.frame,
            Framed::Resync { .. } => self.note(Anomaly::Resync, origin),
        }
    }

    /// A copy sent by HEP. `None` if an old version's two magic bytes may be chance.
    pub(super) fn hep(&mut self, found: &Hep<'_>, outer: &Origin) -> Option<Fate> {
        if looks_like_sip(&found.payload) && !self.wants(found, outer) {
            self.filtered |= outer.frame == self.frame;
            return Some(Fate::Filtered);
        }
        if found.compressed && found.cut {
            self.note(Anomaly::HepCompressed, outer);
        }
        let is_sip =
            looks_like_sip(&found.payload) && peek_datagram(&found.payload, found.cut) != Peek::NotSip;
        if !is_sip {
            return (found.version == 3).then_some(Fate::Hep);
        }
        let mut stamp = outer.stamp;
        if let Some(time) = found.time.map(|t| self.zero.since(t)) {
            if (time - stamp.shown).as_nanos().abs() <= HEP_SKEW.as_nanos() {
                stamp = Stamp { shown: time, time: stamp.time + (time - stamp.shown), now: stamp.now };
            } else {
                self.note(Anomaly::HepTime, outer);
            }
        }
        let origin = Origin {
            stamp,
            flow: found.flow.unwrap_or(outer.flow),
            tap: outer.tap.with(TAP_HEP, found.agent.map_or(0, |a| u64::from(a) + 1)),
            transport: Transport::Hep,
            ip_id: 0,
            frame: outer.frame,
        };
        let counts = self.datagram(&found.payload, found.cut, &origin) == Some(true);
        Some(if counts { Fate::Sip } else { Fate::Hep })
    }

    /// The user's filter wants the original of this copy; without addresses in it, the copy itself.
    fn wants(&self, found: &Hep<'_>, outer: &Origin) -> bool {
        let Some(filter) = &self.filter else { return true };
        let protocol = match found.protocol {
            Some(6) => Protocol::Tcp,
            Some(132) => Protocol::Sctp,
            _ => Protocol::Udp,
        };
        filter.passes(&Subject { flow: found.flow.unwrap_or(outer.flow), protocol, hep: true })
    }

    /// An ICMP error that quotes SIP: never a message, but evidence that a request found nobody.
    pub(super) fn quoted(&mut self, quote: &Quote<'_>, frame: FrameId, stamp: Stamp) {
        if !looks_like_sip(quote.packet.payload) {
            return;
        }
        let payload = quote.packet.payload;
        let Peek::Message { start, call_id } = peek_datagram(payload, true) else { return };
        self.tally.anomalies.note(Anomaly::IcmpQuote, stamp.shown, frame);
        let unreachable = if quote.reporter.is_ipv4() { 3 } else { 1 };
        if quote.kind != unreachable || !matches!(start, Start::Request { .. }) {
            return;
        }
        let shard = shard_of_peeked(payload, true, call_id);
        match &mut self.work {
            Work::Here(counting) => {
                if let Scan::Message(message) = &scan_datagram(payload, true) {
                    counting.unreachable(shard, message);
                }
            }
            Work::Locator(locator) => locator.quoted(call_id, frame),
            Work::Crew(crew) => {
                let packet = &quote.packet;
                let (tap, flow, ip_id) = (packet.tap, packet.flow, packet.ip_id);
                let origin = Origin { stamp, frame, tap, flow, transport: quote.transport, ip_id };
                crew.ship(shard, payload, Cargo::Quote, &origin);
            }
        }
    }

    /// Lets go what is over at `now`. What was picked up to the tick before this one comes back now,
    /// for then nobody waits for anybody.
    pub(super) fn tick(&mut self, now: Timestamp) -> Harvest {
        let before = self.harvest();
        match &mut self.work {
            Work::Here(counting) => self.ripe = counting.tick(now),
            Work::Crew(crew) => crew.tick(now),
            Work::Locator(_) => {}
        }
        self.ticked = true;
        before
    }

    /// What was picked up to the last tick.
    pub(super) fn harvest(&mut self) -> Harvest {
        if !std::mem::take(&mut self.ticked) {
            return Harvest::default();
        }
        let mut harvest = match &mut self.work {
            Work::Here(_) => std::mem::take(&mut self.ripe),
            Work::Crew(crew) => crew.harvest(),
            Work::Locator(_) => Harvest::default(),
        };
        harvest.sort();
        harvest
    }

    /// What was counted so far: without what is still open, and without what other threads count.
    /// If it is to be `brief`, only [figures](Tally::figures).
    pub(super) fn so_far(&self, brief: bool) -> Tally {
        let mut tally = if brief { self.tally.figures() } else { self.tally.clone() };
        if let Work::Here(counting) = &self.work {
            tally.merge(counting.so_far(brief));
        }
        tally
    }

    /// The capture ended at `end`: all that was counted, and what is `kept` open.
    pub(super) fn finish(mut self, end: Timestamp, kept: bool) -> (Tally, Vec<Open>, Tls) {
        let mut all = Vec::new();
        let mut take = |(tally, mut open): (Tally, Vec<Open>)| {
            self.tally.merge(tally);
            all.append(&mut open);
        };
        match self.work {
            Work::Here(counting) => take(counting.finish(end, kept)),
            Work::Crew(crew) => crew.finish(end, kept).for_each(take),
            Work::Locator(_) => {}
        }
        (self.tally, all, self.tls)
    }

    /// A message of a stream, whose header section has `ended` or was cut.
    fn message(&mut self, message: &Message<'_>, ended: bool, origin: &Origin) {
        let shard = shard_of(message);
        match &mut self.work {
            Work::Here(counting) => counting.message(shard, message, origin),
            Work::Locator(locator) => locator.message(message, origin),
            Work::Crew(crew) => {
                let cargo = Cargo::Head { ended, oddities: message.oddities };
                crew.ship(shard, message.head, cargo, origin);
            }
        }
        self.met(message.start, origin);
    }

    fn met(&mut self, start: Start<'_>, origin: &Origin) {
        self.completed |= origin.frame == self.frame;
        self.responses += u64::from(matches!(start, Start::Response { .. }));
    }

    fn rejected(&mut self, why: Rejection, origin: &Origin) {
        let kind = match why {
            Rejection::BadStatus => Anomaly::BadStatus,
            Rejection::BadVersion => Anomaly::BadVersion,
            Rejection::TooLong => Anomaly::TooLong,
        };
        self.note(kind, origin);
    }

    fn note(&mut self, kind: Anomaly, origin: &Origin) {
        self.tally.anomalies.note(kind, origin.stamp.shown, origin.frame);
    }
}

/// The shard of a message of which only the Call-ID was looked at; the same as that of the whole
/// message.
fn shard_of_peeked(payload: &[u8], cut: bool, call_id: Option<&[u8]>) -> usize {
    match call_id {
        Some(id) => shard_of_call(id),
        // Rare: its head decides, and has to be found.
        None => match &scan_datagram(payload, cut) {
            Scan::Message(message) => shard_of(message),
            _ => 0,
        },
    }
}
