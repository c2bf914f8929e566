//! Where all carriers meet: messages go to their shard, oddities to the ledger.

use crate::anomaly::Anomaly;
use crate::config::Config;
use crate::decode::Quote;
use crate::fate::Fate;
use crate::filter::{Filter, Protocol, Subject};
use crate::flow::{FrameId, Origin, Transport};
use crate::shard::{Limits, SHARDS, Shard, shard_of};
use crate::sip::{Framed, Message, Oddity, Rejection, Scan, looks_like_sip, scan_datagram};
use crate::stats::{Choices, Tally};
use crate::stream::hep::Hep;
use crate::time::{Nanos, Stamp, Timestamp};

use super::opaque::Tls;

/// Tap identifiers of this stage.
const TAP_HEP: u8 = 64;
/// HEP's own time is believed within this of the frame's.
const HEP_SKEW: Nanos = Nanos::from_secs(3600);

/// Shards and ledger.
pub(super) struct Sink {
    shards: Vec<Shard>,
    pub(super) tally: Tally,
    pub(super) tls: Tls,
    frame: FrameId,
    completed: bool,
    kept_alive: bool,
    filtered: bool,
    /// For the originals of copies in HEP; `None` if it judges no packets.
    filter: Option<Filter>,
}

impl Sink {
    pub(super) fn new(config: &Config, limits: Limits) -> Self {
        let shard = |_| Shard::new(limits, config.duplicate_window);
        let choices = Choices { short_call: config.short_call, host_sides: config.host_sides.clone() };
        Self {
            shards: (0..SHARDS).map(shard).collect(),
            tally: Tally::new(choices),
            tls: Tls::default(),
            frame: FrameId::default(),
            completed: false,
            kept_alive: false,
            filtered: false,
            filter: Some(&config.filter).filter(|f| f.judges_packets()).cloned(),
        }
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

    /// What a datagram, or a message of WebSocket or SCTP, holds. `true` if it counts as a message.
    pub(super) fn scanned(&mut self, scan: &Scan<'_>, origin: &Origin) -> bool {
        match scan {
            Scan::Message(message) => {
                self.message(message, origin);
                return true;
            }
            Scan::Rejected(why) => self.rejected(*why, origin),
            Scan::Partial => self.note(Anomaly::Truncated, origin),
            Scan::NotSip => {}
        }
        false
    }

    /// What a stream held.
    pub(super) fn framed(&mut self, item: &Framed<'_>, origin: &Origin) {
        match item {
            Framed::Message(message) | Framed::Truncated(message) => self.message(message, origin),
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
        let scan = if looks_like_sip(&found.payload) {
            scan_datagram(&found.payload, found.cut)
        } else {
            Scan::NotSip
        };
        if matches!(scan, Scan::NotSip) {
            return (found.version == 3).then_some(Fate::Hep);
        }
        let mut stamp = outer.stamp;
        if let Some(time) = found.time {
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
        Some(if self.scanned(&scan, &origin) { Fate::Sip } else { Fate::Hep })
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
        let Scan::Message(message) = scan_datagram(quote.packet.payload, true) else { return };
        self.tally.anomalies.note(Anomaly::IcmpQuote, stamp.shown, frame);
        let unreachable = if quote.reporter.is_ipv4() { 3 } else { 1 };
        if quote.kind == unreachable && message.request_method().is_some() {
            self.shards[shard_of(&message)].unreachable(&message);
        }
    }

    /// The capture ended at `end`.
    pub(super) fn finish(&mut self, end: Timestamp) {
        for shard in &mut self.shards {
            shard.finish(end, &mut self.tally);
        }
    }

    fn message(&mut self, message: &Message<'_>, origin: &Origin) {
        self.completed |= origin.frame == self.frame;
        if !message.oddities.is_empty() {
            for oddity in message.oddities.iter() {
                self.note(anomaly(oddity), origin);
            }
        }
        self.shards[shard_of(message)].message(message, origin, &mut self.tally);
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

fn anomaly(oddity: Oddity) -> Anomaly {
    match oddity {
        Oddity::LenientLine => Anomaly::LenientLine,
        Oddity::LeadingBytes => Anomaly::LeadingBytes,
        Oddity::BareCr => Anomaly::BareCr,
        Oddity::BareStatusLine => Anomaly::BareStatusLine,
        Oddity::BadHeaderLine => Anomaly::BadHeaderLine,
        Oddity::DupHeader => Anomaly::DupHeader,
        Oddity::BadCseq => Anomaly::BadCseq,
        Oddity::OddMethodCase => Anomaly::OddMethodCase,
        Oddity::MethodMismatch => Anomaly::MethodMismatch,
        Oddity::ResponseToAck => Anomaly::ResponseToAck,
        Oddity::ShortBody => Anomaly::ShortBody,
        Oddity::BadContentLength => Anomaly::BadContentLength,
        Oddity::NoContentLength => Anomaly::NoContentLength,
        Oddity::TooManyHeaders => Anomaly::TooManyHeaders,
        Oddity::TooLong => Anomaly::TooLong,
        Oddity::Truncated => Anomaly::Truncated,
    }
}
