//! What one direction of a TCP connection carries: SIP, SIP in WebSocket, HEP, TLS, or none of
//! them.
//!
//! In: the direction's bytes in order. Out: messages, to the [`Sink`].

use crate::flow::{Flow, Origin, Transport};
use crate::sip::{Framer, looks_like_sip};
use crate::stream::tcp::{Consumer, Piece};
use crate::stream::websocket::{Item, Reader, Reading};
use crate::stream::{hep, tls, websocket};

use super::sink::Sink;

/// Bytes of a HEP packet on a stream that are kept until it is whole (its length has 16 bits).
const MAX_HEP: usize = 64 << 10;

/// The state of one direction.
#[derive(Debug, Default)]
pub(super) struct Direction {
    kind: Kind,
}

#[derive(Debug, Default)]
enum Kind {
    /// Nothing came yet.
    #[default]
    New,
    Sip(Framer),
    WebSocket(Box<Reader>, Reading),
    Hep(Vec<u8>),
    Tls {
        name: Option<String>,
        hello: bool,
        bytes: u64,
    },
}

/// What a direction carries, as far as it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carried {
    Undecided,
    Sip,
    Tls,
    Hep,
    Other,
}

impl Consumer for Direction {
    fn held(&self) -> usize {
        match &self.kind {
            Kind::New | Kind::Tls { .. } => 0,
            Kind::Sip(framer) => framer.held(),
            Kind::WebSocket(reader, _) => reader.held(),
            Kind::Hep(bytes) => bytes.len(),
        }
    }

    fn interested(&self) -> bool {
        !matches!(self.carries(), Carried::Tls | Carried::Other)
    }
}

impl Direction {
    /// Takes what comes next.
    pub(super) fn take(&mut self, piece: Piece<'_>, from: &Origin, sink: &mut Sink) {
        if let Some(locator) = sink.locator() {
            locator.carrier(Some(from.flow));
        }
        match piece {
            Piece::Start { .. } => {}
            Piece::Bytes(bytes) => self.bytes(bytes, from, sink),
            Piece::Gap(n) => self.gap(n, from, sink),
            Piece::End(_) => self.end(from, sink),
        }
        if let Some(locator) = sink.locator() {
            locator.carrier(None);
        }
    }

    /// What it carries.
    pub(super) fn carries(&self) -> Carried {
        match &self.kind {
            Kind::New => Carried::Undecided,
            Kind::Sip(framer) => match framer.is_sip() {
                Some(true) => Carried::Sip,
                Some(false) => Carried::Other,
                None => Carried::Undecided,
            },
            Kind::WebSocket(_, Reading::WebSocket) => Carried::Sip,
            Kind::WebSocket(_, Reading::Undecided) => Carried::Undecided,
            Kind::WebSocket(_, Reading::Other) => Carried::Other,
            Kind::Hep(_) => Carried::Hep,
            Kind::Tls { .. } => Carried::Tls,
        }
    }

    fn bytes(&mut self, bytes: &[u8], from: &Origin, sink: &mut Sink) {
        if matches!(self.kind, Kind::New) {
            self.kind = begin(bytes);
        }
        match &mut self.kind {
            Kind::New => {}
            Kind::Sip(framer) => framer.bytes(bytes, &mut |item| sink.framed(&item, from)),
            Kind::WebSocket(reader, reading) => {
                *reading = reader.push(bytes, &mut |item| websocket_item(item, from, sink));
            }
            Kind::Hep(held) => {
                held.extend_from_slice(bytes.get(..MAX_HEP).unwrap_or(bytes));
                if !hep_packets(held, from, sink) {
                    self.kind = Kind::Sip(Framer::default());
                }
            }
            Kind::Tls { bytes: total, .. } => *total += bytes.len() as u64,
        }
    }

    fn gap(&mut self, n: u64, from: &Origin, sink: &mut Sink) {
        match &mut self.kind {
            Kind::New => {}
            Kind::Sip(framer) => framer.gap(n, &mut |item| sink.framed(&item, from)),
            Kind::WebSocket(reader, _) => reader.gap(n, &mut |item| websocket_item(item, from, sink)),
            // Without a length the next packet cannot be found but by its magic.
            Kind::Hep(held) => held.clear(),
            Kind::Tls { .. } => {}
        }
    }

    fn end(&mut self, from: &Origin, sink: &mut Sink) {
        match std::mem::take(&mut self.kind) {
            Kind::New | Kind::Hep(_) => {}
            Kind::Sip(mut framer) => framer.end(&mut |item| sink.framed(&item, from)),
            Kind::WebSocket(mut reader, _) => reader.end(&mut |item| websocket_item(item, from, sink)),
            Kind::Tls { name, hello, bytes } => {
                let port = if hello { from.flow.destination.port } else { server_port(from.flow) };
                sink.tls.note(port, name, from.flow.destination.port == port, bytes);
            }
        }
    }
}

fn begin(bytes: &[u8]) -> Kind {
    // SIP first: the letters of a method are bytes of a possible WebSocket frame.
    if looks_like_sip(bytes) && !bytes.starts_with(b"GET ") {
        Kind::Sip(Framer::default())
    } else if tls::looks_like_tls(bytes) {
        let hello = tls::client_hello(bytes);
        let name = hello.and_then(|h| h.server_name).map(|n| String::from_utf8_lossy(n).into_owned());
        Kind::Tls { name, hello: hello.is_some(), bytes: 0 }
    } else if bytes.len() >= 6 && hep::frame(bytes) != hep::Frame::Malformed {
        Kind::Hep(Vec::new())
    } else if websocket::begins(bytes, looks_like_sip) {
        Kind::WebSocket(Box::new(Reader::new(looks_like_sip)), Reading::Undecided)
    } else {
        Kind::Sip(Framer::default())
    }
}

fn websocket_item(item: Item<'_>, from: &Origin, sink: &mut Sink) {
    match item {
        Item::Message { bytes, cut } => {
            let from = Origin { transport: Transport::Ws, ..*from };
            if looks_like_sip(bytes) {
                sink.datagram(bytes, cut, &from);
            }
        }
        Item::Unread(why) => sink.tally.anomalies.note(why, from.stamp.shown, from.frame),
    }
}

/// Takes the whole packets from the front of `held`; `false` if what follows is none.
fn hep_packets(held: &mut Vec<u8>, from: &Origin, sink: &mut Sink) -> bool {
    let mut at = 0;
    let goes_on = loop {
        match hep::frame(held.get(at..).unwrap_or_default()) {
            hep::Frame::Complete(length) => {
                if let Some(found) = held.get(at..at + length).and_then(hep::parse) {
                    sink.hep(&found, from);
                }
                at += length;
            }
            hep::Frame::Partial => break true,
            hep::Frame::Malformed => break at == held.len(),
        }
    };
    held.drain(..at.min(held.len()));
    goes_on
}

/// The server of a flow whose ClientHello was not captured: the lower port.
fn server_port(flow: Flow) -> u16 {
    flow.source.port.min(flow.destination.port)
}
