//! Which frames hold the messages of selected calls.
//!
//! In: packets and segments as they come, and messages as they are found in them. Out: frame numbers.
//! Of a datagram these are its frame and those of its fragments; of a message in a stream all segments
//! of its direction since the end of the message before, with the connection's handshake, what stood
//! before its first message (a WebSocket's upgrade) and its end. Where a segment holds messages of
//! several calls, they go together.

use std::collections::HashMap;
use std::sync::Arc;

use super::media::Media;
use crate::decode::{Parts, TcpInfo};
use crate::flow::{Endpoint, Flow, FrameId, Origin};
use crate::pick::Selection;
use crate::sip::Message;
use crate::transaction::call_key;

/// Connections of which segments are remembered.
const MAX_CONNECTIONS: usize = 65_536;
/// Segments of one direction that are remembered: a message of 16 MiB in the smallest usual segments.
const MAX_PENDING: usize = 32_768;
/// Frames of a handshake, and frames before the first message.
const MAX_OPENING: usize = 16;
/// After a segment out of order, so many more are kept whatever the messages say.
const DISORDER: u8 = 16;

/// A set of frames: a bit each, file by file.
#[derive(Clone, Debug, Default)]
pub(super) struct Frames(Vec<Vec<u64>>);

impl Frames {
    pub(super) fn insert(&mut self, id: FrameId) {
        let (file, word) = (id.file as usize, (id.number / 64) as usize);
        if self.0.len() <= file {
            self.0.resize_with(file + 1, Vec::new);
        }
        let Some(bits) = self.0.get_mut(file) else { return };
        if bits.len() <= word {
            bits.resize(word + 1, 0);
        }
        if let Some(bits) = bits.get_mut(word) {
            *bits |= 1 << (id.number % 64);
        }
    }

    pub(super) fn contains(&self, id: FrameId) -> bool {
        let bits = self.0.get(id.file as usize).and_then(|bits| bits.get((id.number / 64) as usize));
        bits.is_some_and(|bits| bits & (1 << (id.number % 64)) != 0)
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Located {
    pub(super) frames: Frames,
    pub(super) media: Media,
    /// Messages of selected calls.
    pub(super) messages: u64,
    /// Connections that had to be forgotten.
    pub(super) forgotten: u64,
}

/// Looks for frames.
#[derive(Debug)]
pub(super) struct Locator {
    /// `None`: every message is wanted.
    only: Option<Arc<Selection>>,
    found: Located,
    /// Fragments that are part of the packet at work.
    parts: Parts,
    /// The direction whose bytes are at work; `None` for a datagram.
    carrier: Option<Flow>,
    connections: HashMap<(Endpoint, Endpoint), Connection>,
}

#[derive(Debug, Default)]
struct Connection {
    opening: Vec<FrameId>,
    /// From the lesser end, and from the greater.
    sides: [Side; 2],
    /// It carried a message, one of a selected call.
    spoke: bool,
    wanted: bool,
}

#[derive(Debug, Default)]
struct Side {
    /// Frames with bytes since the last message.
    pending: Vec<FrameId>,
    disorder: u8,
}

impl Locator {
    pub(super) fn new(only: Option<Arc<Selection>>, with_media: bool, parts: Parts) -> Self {
        let found = Located { media: Media::new(with_media), ..Located::default() };
        Self { only, found, parts, carrier: None, connections: HashMap::new() }
    }

    pub(super) fn finish(self) -> Located {
        self.found
    }

    /// Another frame is at work.
    pub(super) fn begin(&mut self) {
        self.parts.clear();
    }

    /// Bytes of this direction are at work; `None`: a datagram.
    pub(super) fn carrier(&mut self, flow: Option<Flow>) {
        self.carrier = flow;
    }

    /// A segment of a TCP connection, or a packet of an SCTP association (`tcp` is `None`).
    pub(super) fn segment(&mut self, origin: &Origin, tcp: Option<&TcpInfo>, has_bytes: bool) {
        let (key, side) = sides(origin.flow);
        if self.connections.len() >= MAX_CONNECTIONS && !self.connections.contains_key(&key) {
            // Whatever they hold is older than what comes.
            self.found.forgotten += self.connections.len() as u64;
            self.connections.clear();
        }
        let begins = tcp.is_some_and(|t| t.syn && t.acknowledged.is_none());
        let connection = self.connections.entry(key).or_default();
        if begins && connection.spoke {
            *connection = Connection::default();
        }
        let parts = self.parts.get();
        let frames = || parts.iter().copied().chain([origin.frame]);
        if has_bytes {
            if let Some(side) = connection.sides.get_mut(side) {
                side.pending.extend(frames());
                let excess = side.pending.len().saturating_sub(MAX_PENDING);
                side.pending.drain(..excess);
            }
        } else if !connection.spoke && connection.opening.len() < MAX_OPENING {
            connection.opening.extend(frames());
        }
        if connection.wanted && tcp.is_some_and(|t| t.syn || t.fin || t.rst) {
            frames().for_each(|id| self.found.frames.insert(id));
        }
    }

    /// The segment was taken. `idle`: its direction is at a message boundary; `held`: its bytes wait.
    pub(super) fn taken(&mut self, flow: Flow, idle: bool, held: bool) {
        let (key, side) = sides(flow);
        let Some(connection) = self.connections.get_mut(&key) else { return };
        let Some(side) = connection.sides.get_mut(side) else { return };
        if held {
            side.disorder = DISORDER;
        } else {
            side.disorder = side.disorder.saturating_sub(1);
        }
        if !idle || side.disorder > 0 {
            return;
        }
        if !connection.spoke && connection.opening.len() < MAX_OPENING {
            connection.opening.extend(side.pending.iter().copied());
        }
        side.pending.clear();
    }

    /// A message was found.
    pub(super) fn message(&mut self, message: &Message<'_>, origin: &Origin) {
        let wanted = self.only.as_ref().is_none_or(|only| only.has_message(message, origin));
        if wanted {
            self.found.messages += 1;
            if let Some(call) = message.call_id.map(call_key) {
                self.found.media.message(call, message, origin);
            }
        }
        self.hit(wanted, origin);
    }

    /// An ICMP error quotes a message of this Call-ID.
    pub(super) fn quoted(&mut self, call_id: Option<&[u8]>, frame: FrameId) {
        let of = |only: &Arc<Selection>| call_id.is_some_and(|id| only.has_call(call_key(id)));
        if self.only.as_ref().is_none_or(of) {
            self.found.frames.insert(frame);
        }
    }

    fn hit(&mut self, wanted: bool, origin: &Origin) {
        let Some(flow) = self.carrier else {
            if wanted {
                self.parts
                    .get()
                    .into_iter()
                    .chain([origin.frame])
                    .for_each(|id| self.found.frames.insert(id));
            }
            return;
        };
        let (key, side) = sides(flow);
        let Some(connection) = self.connections.get_mut(&key) else { return };
        connection.spoke = true;
        let Some(side) = connection.sides.get_mut(side) else { return };
        if wanted {
            connection.wanted = true;
            let all = connection.opening.drain(..).chain(side.pending.iter().copied());
            all.chain([origin.frame]).for_each(|id| self.found.frames.insert(id));
        }
        // What follows may begin in the last of them.
        if side.disorder == 0 {
            let last = side.pending.last().copied();
            side.pending.clear();
            side.pending.extend(last);
        }
    }
}

/// The connection of `flow`, and its side.
fn sides(flow: Flow) -> ((Endpoint, Endpoint), usize) {
    let Flow { source, destination } = flow;
    if source <= destination { ((source, destination), 0) } else { ((destination, source), 1) }
}
