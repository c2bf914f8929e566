//! The stages behind the decoder: from a packet to what it carries.
//!
//! In: decoded packets, in order. Out: messages, to the [`Sink`], and each frame's fate.

use crate::anomaly::Anomalies;
use crate::decode::{Decoded, Packet, TcpInfo};
use crate::fate::Fate;
use crate::filter::{Filter, Protocol, Subject};
use crate::flow::{Flow, FrameId, Origin, Transport};
use crate::sip::{Other, classify_other, looks_like_sip};
use crate::stream::hep;
use crate::stream::sctp::Sctp;
use crate::stream::tcp::{Consumer, HOLE_AGE, Pushed, Streams};
use crate::time::{Stamp, Timestamp};

use super::direction::{Carried, Direction};
use super::sink::Sink;

/// The stages behind the decoder.
pub(super) struct Network {
    pub(super) streams: Streams<Direction>,
    pub(super) sctp: Sctp,
    pub(super) sink: Sink,
    /// `None` if it judges no packets.
    pub(super) filter: Option<Filter>,
    pub(super) notes: Anomalies,
    /// The clock at the frame before.
    pub(super) clock: Timestamp,
}

impl Network {
    /// What a decoded packet holds, and its frame's fate.
    pub(super) fn packet(&mut self, decoded: &Decoded<'_>, frame: FrameId, stamp: Stamp) -> Fate {
        if self.filter.is_some() && !self.passes(decoded) {
            return Fate::Filtered;
        }
        match decoded {
            Decoded::Datagram(p) => self.datagram(p, &origin(p, frame, stamp, Transport::Udp)),
            Decoded::Segment(p, tcp) => self.segment(p, tcp, &origin(p, frame, stamp, Transport::Tcp)),
            Decoded::Sctp(p) => self.sctp(p, &origin(p, frame, stamp, Transport::Sctp)),
            Decoded::Icmp(quote) => {
                self.sink.quoted(quote, frame, stamp);
                Fate::Icmp
            }
            Decoded::Nothing(fate) => *fate,
        }
    }

    /// The user's filter wants this packet. What may be HEP passes: the [`Sink`] judges the copy in it.
    fn passes(&self, decoded: &Decoded<'_>) -> bool {
        let Some(filter) = &self.filter else { return true };
        let wanted = |flow: Flow, protocol| filter.passes(&Subject { flow, protocol, hep: false });
        match decoded {
            Decoded::Datagram(p) => wanted(p.flow, Protocol::Udp) || is_hep(p.payload),
            Decoded::Segment(p, _) => {
                let carries = self.streams.consumer(p.flow).map(Direction::carries);
                wanted(p.flow, Protocol::Tcp)
                    || carries == Some(Carried::Hep)
                    || hep::frame(p.payload) != hep::Frame::Malformed && p.payload.len() >= 6
            }
            Decoded::Sctp(p) => wanted(p.flow, Protocol::Sctp),
            Decoded::Icmp(quote) => {
                let protocol = match quote.transport {
                    Transport::Tcp | Transport::Ws => Protocol::Tcp,
                    Transport::Sctp => Protocol::Sctp,
                    Transport::Udp | Transport::Hep => Protocol::Udp,
                };
                wanted(quote.packet.flow, protocol)
            }
            Decoded::Nothing(_) => true,
        }
    }

    fn datagram(&mut self, p: &Packet<'_>, origin: &Origin) -> Fate {
        if looks_like_sip(p.payload)
            && let Some(counts) = self.sink.datagram(p.payload, p.cut, origin)
        {
            return if counts { Fate::Sip } else { Fate::OtherUdp };
        }
        if hep::may_begin(p.payload)
            && let Some(found) = hep::parse(p.payload)
            && let Some(fate) = self.sink.hep(&found, origin)
        {
            return fate;
        }
        match classify_other(p.payload) {
            Other::Keepalive => Fate::Keepalive,
            Other::Stun => Fate::Stun,
            Other::Rtp => Fate::Rtp,
            Other::Tls => Fate::Tls,
            Other::Sigcomp => Fate::Sigcomp,
            Other::Unknown => Fate::OtherUdp,
        }
    }

    fn segment(&mut self, p: &Packet<'_>, tcp: &TcpInfo, origin: &Origin) -> Fate {
        let Self { streams, sink, notes, .. } = self;
        sink.begin(origin.frame);
        if let Some(locator) = sink.locator() {
            locator.segment(origin, Some(tcp), !p.payload.is_empty());
        }
        let pushed =
            streams.push(origin, tcp, p.payload, notes, &mut |direction: &mut Direction, from, piece| {
                direction.take(piece, from, sink);
            });
        if let Some(locator) = sink.locator() {
            let idle = streams.consumer(origin.flow).is_none_or(|d| d.held() == 0);
            locator.taken(origin.flow, idle, pushed == Pushed::Held);
        }
        if sink.completed() {
            return Fate::Sip;
        }
        if sink.filtered() {
            return Fate::Filtered;
        }
        if pushed == Pushed::Control {
            return Fate::TcpControl;
        }
        match streams.consumer(origin.flow).map(Direction::carries) {
            Some(Carried::Sip)
                if sink.kept_alive() || p.payload.iter().all(|b| matches!(b, b'\r' | b'\n')) =>
            {
                Fate::Keepalive
            }
            Some(Carried::Sip | Carried::Undecided) => Fate::Stream,
            Some(Carried::Tls) => Fate::Tls,
            Some(Carried::Hep) => Fate::Hep,
            Some(Carried::Other) | None => Fate::OtherTcp,
        }
    }

    fn sctp(&mut self, p: &Packet<'_>, origin: &Origin) -> Fate {
        let Self { sctp, sink, notes, .. } = self;
        sink.begin(origin.frame);
        if let Some(locator) = sink.locator() {
            locator.segment(origin, None, true);
        }
        let pushed = sctp.push(origin, p.payload, p.cut, notes, &mut |from, message| {
            if looks_like_sip(message.bytes) {
                sink.carried(message.bytes, message.cut, from);
            }
        });
        if let Some(locator) = sink.locator() {
            locator.taken(origin.flow, pushed.held == 0, false);
        }
        if sink.completed() {
            Fate::Sip
        } else if pushed.held > 0 {
            Fate::Stream
        } else {
            Fate::OtherSctp
        }
    }

    /// Holes and fragments of streams whose time has come.
    pub(super) fn advance(&mut self, now: Timestamp) {
        let Self { streams, sctp, sink, notes, clock, .. } = self;
        // The clock may have gone on by minutes since they were due: what waited is no later for it.
        let before = std::mem::replace(clock, now);
        streams.advance(now, notes, &mut |direction: &mut Direction, from, piece| {
            let then = now.min(before.max(from.stamp.time + HOLE_AGE));
            let from = Origin { stamp: Stamp { now: then, ..from.stamp }, ..*from };
            direction.take(piece, &from, sink);
        });
        sctp.advance(now, notes, &mut |from, message| {
            sink.carried(message.bytes, message.cut, from);
        });
    }

    pub(super) fn finish(&mut self, now: Timestamp) {
        let Self { streams, sctp, sink, notes, .. } = self;
        streams.finish(now, notes, &mut |direction: &mut Direction, from, piece| {
            direction.take(piece, from, sink);
        });
        sctp.finish(now, notes, &mut |from, message| {
            sink.carried(message.bytes, message.cut, from);
        });
    }
}

/// HEP beyond doubt: v1 and v2 have two magic bytes only, so SIP must be inside.
fn is_hep(payload: &[u8]) -> bool {
    hep::may_begin(payload)
        && hep::parse(payload).is_some_and(|found| found.version == 3 || looks_like_sip(&found.payload))
}

fn origin(p: &Packet<'_>, frame: FrameId, stamp: Stamp, transport: Transport) -> Origin {
    Origin { stamp, frame, tap: p.tap, flow: p.flow, transport, ip_id: p.ip_id }
}
