//! The `.flow` language: a readable message ladder that builds a capture byte for byte.
//!
//! Input: a script. Output: the bytes of a pcap or pcapng file, the messages in it, and what a
//! report about it must say. It is an independent statement of what is on the wire, so nothing
//! here uses the library under test. The same script gives the same bytes, everywhere.
//!
//! ```text
//! # a challenged call counts once                 a comment
//! host a 10.0.0.1:5060                            sends and receives; default Via is this address
//! host nat 192.0.2.1:1024 via=10.0.0.1:5060       an address that writes another one in its Via
//! 0.000  a > b  INVITE 1                          seconds, from > to, method, CSeq number
//! 0.020  b > a  407 INVITE 1 ttag=t0              code, CSeq method and number; ttag: its To tag
//! 0.021  a > b  ACK 1                             branch, Via and To tag follow from what was seen
//! +0.010 a > b  INVITE 2 auth=407  +X-Any: value  "+": after the line above; "+Name: value": header
//! 0.600  again                                    the message above once more, byte for byte
//! expect invite.attempts 1                        path of the JSON report and its value
//! expect responses.by_code[code=407].responses 1  lists by the row's own keys
//! ```
//!
//! *Statements*: `host`, `call NAME [id= ftag= from= to=]` (later lines belong to it; made at the
//! first use; `{call}@example.com`, `f-{call}`, users 1001 and 1002 by default), `tap NAME [link=
//! vlan=10,20 delay= tunnel=vxlan same=TAP]` (where packets are captured; `same` shares the interface), `with
//! …` (options for all later lines; alone: none), `file [pcap|pcapng] [ns] [be] [snap= cut=
//! gzip unsorted]`, `start EPOCH_SECONDS`, `fixed` (means this only in this wrapping), `repeat N
//! every T` … `end` (with `{n}`, `{2*n+1}` in the lines), `expect`.
//!
//! *Options of a message*: `call=`, `branch=x` (`z9hG4bK-x`; `branch=!x`: exactly x), `fwd` (a
//! proxy passes on what it received: its Via on top), `via=host/branch,…` or `via=none`, `ttag=`,
//! `ftag=` (`-`: none), `reversed` (sent by the callee), `from=` `to=` (users), `uri=`, `reason=`,
//! `auth=401|407`, `realm=`, `stale`, `sdp`, `type=` and `|` lines (the body), `frag="SIP/2.0 …"`
//! (sipfrag body), `hidden` (happened, but was not captured), `as=LABEL` for `again LABEL`.
//! A `+Name: value` replaces a default header of that name; an empty value removes it.
//!
//! *Other things on the wire*: `text` (the `|` lines are the message, each ending in CR LF, `|-`
//! lines do not; escapes `\r \n \t \0 \\ \xHH`), `hex 0d0a`, `fin`, `rst`, `icmp LABEL` (type 3
//! code 3, quoting that message).
//!
//! *Options of the wire*: `tcp`, `nosyn` (the handshake was missed), `isn=`, `cut=5,9` (segments
//! end there), `each=7` (segments of 7), `hold` (the next message shares the segment), `ipfrag=576`
//! (IP payload of each fragment), `order=2,1` or `order=reversed`, `drop=2`, `dup=2` (pieces),
//! `apart=SECONDS` (between pieces, 10 µs), `ipid=`, `on=TAP,…`, `ws=FRAMES`, `sctp=CHUNKS`,
//! `hep=VERSION` (a copy to a collector; of `again`: beside the original), `deflate` (the last but SCTP).

mod carrier;
mod container;
mod fields;
mod gzip;
mod message;
mod packet;
mod script;
mod text;
mod tunnel;
mod wire;

use std::net::SocketAddr;
use std::path::Path;

pub(crate) use carrier::{Carrier, Hep};
pub(crate) use container::{Container, Format};
pub(crate) use tunnel::Tunnel;
pub(crate) use wire::{Cut, Link, Order, Transport, Wire};

/// A parsed script: what is sent, how it is captured, what a report must say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ladder {
    /// What was sent, in the order of time (of the script, if `container.unsorted`).
    pub(crate) sent: Vec<Sent>,
    /// Points of capture; at least one.
    pub(crate) taps: Vec<Tap>,
    /// Link type of each interface, by number.
    pub(crate) interfaces: Vec<Link>,
    /// The file around it.
    pub(crate) container: Container,
    /// `expect` lines in order.
    pub(crate) expectations: Vec<Expectation>,
    /// The meaning depends on the wrapping: do not re-wrap.
    pub(crate) fixed: bool,
}

/// One message, or another thing on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// Nanoseconds since the epoch.
    pub(crate) time: u64,
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
    pub(crate) wire: Wire,
}

/// A point where packets are captured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tap {
    pub(crate) name: String,
    /// Index in `Ladder::interfaces`.
    pub(crate) interface: usize,
    /// VLAN identifiers, outermost first.
    pub(crate) vlans: Vec<u16>,
    /// Around every packet, within Ethernet.
    pub(crate) tunnel: Option<Tunnel>,
    /// Nanoseconds by which its times are late.
    pub(crate) delay: u64,
}

/// What a report must say: a path in the JSON, and a value as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expectation {
    pub(crate) line: usize,
    pub(crate) path: String,
    pub(crate) value: String,
}

/// Other clothes for the same messages; `None` leaves what the script says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wrapping {
    pub(crate) link: Option<Link>,
    /// VLAN identifiers of every tap, outermost first.
    pub(crate) vlans: Option<Vec<u16>>,
    /// IPv4 addresses a.b.c.d become fd00::a.b.c.d (in the packets, not in the messages).
    pub(crate) ipv6: bool,
    pub(crate) tunnel: Option<Tunnel>,
    pub(crate) tcp: bool,
    pub(crate) carrier: Option<Carrier>,
    /// Port of all ends, in the packets.
    pub(crate) port: Option<u16>,
    /// All pieces of a message at its own time.
    pub(crate) at_once: bool,
    /// TCP segments of this many bytes.
    pub(crate) each: Option<usize>,
    /// IP fragments with this much payload (a multiple of 8).
    pub(crate) ipfrag: Option<usize>,
    /// The pieces of each message in this order.
    pub(crate) order: Option<Order>,
    pub(crate) format: Option<Format>,
    pub(crate) nanoseconds: Option<bool>,
    pub(crate) big_endian: Option<bool>,
}

impl Ladder {
    /// Parses a script; the error names the line.
    pub(crate) fn parse(script: &str) -> Result<Self, String> {
        script::parse(script)
    }

    /// Reads and parses a file.
    ///
    /// # Panics
    /// With file and line where there is none, or it is wrong.
    pub(crate) fn load(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Self::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// The capture file.
    pub(crate) fn build(&self) -> Vec<u8> {
        let frames = wire::frames(self);
        container::write(&self.container, &self.interfaces, &frames)
    }

    /// The capture file with the same messages in other clothes.
    pub(crate) fn build_with(&self, wrapping: &Wrapping) -> Vec<u8> {
        self.wrapped(wrapping).build()
    }

    /// The usual ending of the capture file's name.
    pub(crate) fn extension(&self) -> &'static str {
        match (self.container.format_for(self.interfaces.len()), self.container.gzip) {
            (Format::Pcap, false) => "pcap",
            (Format::Pcap, true) => "pcap.gz",
            (Format::Pcapng, false) => "pcapng",
            (Format::Pcapng, true) => "pcapng.gz",
        }
    }

    /// What one tap sees, as a ladder of its own.
    pub(crate) fn at_tap(&self, tap: usize) -> Self {
        let mut l = self.clone();
        l.sent.retain(|s| s.wire.on.contains(&tap) || (tap == 0 && s.wire.on.is_empty()));
        l.sent.iter_mut().for_each(|s| s.wire.on.clear());
        l.interfaces = vec![self.interfaces[self.taps[tap].interface]];
        l.taps = vec![Tap { interface: 0, ..self.taps[tap].clone() }];
        l
    }

    /// The same messages in other clothes.
    pub(crate) fn wrapped(&self, w: &Wrapping) -> Self {
        let mut l = self.clone();
        if let Some(link) = w.link {
            l.interfaces.iter_mut().for_each(|i| *i = link);
        }
        if let Some(vlans) = &w.vlans {
            l.taps.iter_mut().for_each(|t| t.vlans.clone_from(vlans));
        }
        if let Some(tunnel) = w.tunnel {
            l.taps.iter_mut().for_each(|t| t.tunnel = Some(tunnel));
        }
        for s in &mut l.sent {
            if let Some(port) = w.port {
                s.from.set_port(port);
                s.to.set_port(port);
            }
            if w.at_once {
                s.wire.apart = 0;
            }
            if let Some(carrier) = w.carrier {
                s.wire.carrier = Some(carrier);
                if matches!(carrier, Carrier::WebSocket { .. }) {
                    s.wire.transport = Transport::Tcp;
                }
            }
            if w.ipv6 {
                (s.from, s.to) = (wire::as_ipv6(s.from), wire::as_ipv6(s.to));
            }
            if w.tcp && s.wire.transport == Transport::Udp {
                s.wire.transport = Transport::Tcp;
            }
            if let Some(n) = w.each {
                s.wire.cut = Cut::Each(n);
            }
            if let Some(order) = &w.order {
                s.wire.order = order.clone();
            }
            s.wire.ipfrag = w.ipfrag.or(s.wire.ipfrag);
        }
        l.container.format = w.format.or(l.container.format);
        l.container.nanoseconds = w.nanoseconds.unwrap_or(l.container.nanoseconds);
        l.container.big_endian = w.big_endian.unwrap_or(l.container.big_endian);
        l
    }
}
