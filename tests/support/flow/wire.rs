//! Puts messages on the wire: which packets carry them, in which order, as each tap sees them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::carrier::{AGENT, Associations, COLLECTOR, Carrier, WebSockets, hep};
use super::packet::{ACK, Direction, FIN, PSH, RST, SYN, fragments, framed, icmp, ip, tcp, udp};
use super::text::Options;
use super::{Ladder, Sent};

/// Link layers that a tap can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Ethernet,
    /// Linux cooked capture, versions 1 and 2 (`any` device).
    Sll,
    Sll2,
    /// Bare IP, version by its first nibble.
    Raw,
    /// BSD loopback: address family in the byte order of the capturing machine.
    Null,
    /// OpenBSD loopback: the same in network order.
    Loop,
    Ppp,
}

impl Link {
    pub(crate) const ALL: [Self; 7] =
        [Self::Ethernet, Self::Sll, Self::Sll2, Self::Raw, Self::Null, Self::Loop, Self::Ppp];

    pub(crate) fn named(name: &str) -> Result<Self, String> {
        Ok(match name {
            "ethernet" => Self::Ethernet,
            "sll" => Self::Sll,
            "sll2" => Self::Sll2,
            "raw" => Self::Raw,
            "null" => Self::Null,
            "loop" => Self::Loop,
            "ppp" => Self::Ppp,
            _ => return Err(format!("link {name:?}")),
        })
    }

    /// The LINKTYPE_ value of capture files.
    pub(crate) fn number(self) -> u16 {
        match self {
            Self::Ethernet => 1,
            Self::Sll => 113,
            Self::Sll2 => 276,
            Self::Raw => 101,
            Self::Null => 0,
            Self::Loop => 108,
            Self::Ppp => 9,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Transport {
    #[default]
    Udp,
    Tcp,
}

/// Where TCP segments end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Cut {
    /// One segment.
    #[default]
    Nowhere,
    /// At these offsets.
    At(Vec<usize>),
    /// After every so many bytes.
    Each(usize),
}

/// In which order the pieces of a message (segments, fragments) are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    #[default]
    Straight,
    Reversed,
    /// Numbers from 1; those not named come last.
    As(Vec<usize>),
}

/// TCP flags that end a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flag {
    Fin,
    Reset,
}

/// How a message travels.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    pub(crate) transport: Transport,
    /// What is around the message; over WebSocket the transport is TCP.
    pub(crate) carrier: Option<Carrier>,
    /// Show a TCP handshake before the first segment.
    pub(crate) handshake: bool,
    /// Initial TCP sequence number.
    pub(crate) isn: Option<u32>,
    pub(crate) cut: Cut,
    /// Keep the bytes back: the next message of the direction shares the segment.
    pub(crate) hold: bool,
    pub(crate) ipfrag: Option<usize>,
    pub(crate) order: Order,
    /// Pieces (from 1) that were sent but not captured, or sent twice.
    pub(crate) drop: Vec<usize>,
    pub(crate) dup: Vec<usize>,
    /// Nanoseconds between pieces.
    pub(crate) apart: u64,
    /// IPv4 identification; `None`: counted up per sender.
    pub(crate) ip_id: Option<u16>,
    /// Taps (by number) that see it; empty: the first.
    pub(crate) on: Vec<usize>,
    pub(crate) flag: Option<Flag>,
    /// The bytes are quoted in an ICMP error about a datagram between these two.
    pub(crate) icmp: Option<(SocketAddr, SocketAddr)>,
}

impl Default for Wire {
    fn default() -> Self {
        Self {
            transport: Transport::Udp,
            carrier: None,
            handshake: true,
            isn: None,
            cut: Cut::Nowhere,
            hold: false,
            ipfrag: None,
            order: Order::Straight,
            drop: Vec::new(),
            dup: Vec::new(),
            apart: 10_000,
            ip_id: None,
            on: Vec::new(),
            flag: None,
            icmp: None,
        }
    }
}

impl Wire {
    /// Takes the options of the wire.
    pub(crate) fn update(&mut self, o: &mut Options) -> Result<(), String> {
        if o.flag("tcp") {
            self.transport = Transport::Tcp;
        }
        self.carrier = Carrier::of(o)?.or(self.carrier);
        if let Some(Carrier::WebSocket { .. }) = self.carrier {
            self.transport = Transport::Tcp;
        }
        if o.flag("nosyn") {
            self.handshake = false;
        }
        self.isn = o.parse("isn")?.or(self.isn);
        if let Some(at) = o.numbers("cut")? {
            self.cut = Cut::At(at);
        } else if let Some(n) = o.parse("each")? {
            self.cut = Cut::Each(n);
        }
        self.hold |= o.flag("hold");
        self.ipfrag = o.parse("ipfrag")?.or(self.ipfrag);
        match o.take("order").as_deref() {
            None => {}
            Some("reversed") => self.order = Order::Reversed,
            Some(list) => {
                let numbers: Result<_, _> = list.split(',').map(str::parse).collect();
                self.order = Order::As(numbers.map_err(|_| format!("order={list}"))?);
            }
        }
        self.drop = o.numbers("drop")?.unwrap_or_default();
        self.dup = o.numbers("dup")?.unwrap_or_default();
        self.apart = o.seconds("apart")?.unwrap_or(self.apart);
        self.ip_id = o.parse("ipid")?.or(self.ip_id);
        Ok(())
    }
}

/// A frame as captured.
#[derive(Clone, Debug)]
pub(crate) struct Captured {
    pub(crate) time: u64,
    pub(crate) interface: usize,
    pub(crate) data: Vec<u8>,
}

/// All frames of a ladder, in the order of the file.
pub(crate) fn frames(ladder: &Ladder) -> Vec<Captured> {
    let mut stack = Stack::default();
    let mut out: Vec<Captured> = Vec::new();
    for sent in &ladder.sent {
        let on: &[usize] = if sent.wire.on.is_empty() { &[0] } else { &sent.wire.on };
        for (time, packet) in stack.packets(sent) {
            for tap in on.iter().map(|&t| &ladder.taps[t]) {
                let link = ladder.interfaces[tap.interface];
                let plain = || (if packet[0] >> 4 == 4 { [8, 0] } else { [0x86, 0xdd] }, packet.clone());
                let (kind, outer) = tap.tunnel.map_or_else(plain, |t| t.around(&packet, out.len()));
                let data = framed(link, &tap.vlans, kind, &outer, sent, ladder.container.big_endian);
                out.push(Captured { time: time + tap.delay, interface: tap.interface, data });
            }
        }
    }
    if !ladder.container.unsorted {
        out.sort_by_key(|c| c.time);
    }
    out
}

/// IPv4 addresses a.b.c.d become fd00::a.b.c.d.
pub(crate) fn as_ipv6(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(v4) => {
            let low = v4.to_bits();
            Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, (low >> 16) as u16, low as u16)
        }
        IpAddr::V6(v6) => v6,
    };
    SocketAddr::new(ip.into(), address.port())
}

/// What senders remember from one packet to the next.
#[derive(Default)]
struct Stack {
    /// Next TCP sequence number.
    next: BTreeMap<Direction, u32>,
    held: BTreeMap<Direction, Vec<u8>>,
    ids: BTreeMap<IpAddr, u16>,
    web_sockets: WebSockets,
    associations: Associations,
}

impl Stack {
    /// The IP packets of one message with their times.
    fn packets(&mut self, sent: &Sent) -> Vec<(u64, Vec<u8>)> {
        let sent = &self.carried(sent);
        let w = &sent.wire;
        let mut first = Vec::new();
        let mut pieces = match (w.icmp, w.transport) {
            (None, Transport::Udp) if let Some(Carrier::Sctp { chunks }) = w.carrier => {
                let packets = self.associations.packets((sent.from, sent.to), &sent.bytes, chunks);
                packets.iter().map(|p| self.ip(sent, 132, p)).collect()
            }
            (Some(quoted), _) => vec![self.ip(sent, 1, &icmp(quoted, &sent.bytes))],
            (None, Transport::Udp) => vec![self.ip(sent, 17, &udp(sent.from, sent.to, &sent.bytes))],
            (None, Transport::Tcp) => {
                first = self.handshake(sent);
                first.extend(self.upgrade(sent));
                self.segments(sent)
            }
        };
        if let Some(size) = w.ipfrag {
            pieces = pieces.iter().flat_map(|p| fragments(p, size)).collect();
        }
        let numbered = pieces.into_iter().enumerate().map(|(i, p)| (i + 1, p));
        let mut numbered: Vec<_> = numbered.filter(|(n, _)| !w.drop.contains(n)).collect();
        match &w.order {
            Order::Straight => {}
            Order::Reversed => numbered.reverse(),
            Order::As(order) => {
                numbered.sort_by_key(|(n, _)| order.iter().position(|o| o == n).unwrap_or(usize::MAX));
            }
        }
        let twice = numbered.into_iter().flat_map(|(n, p)| {
            let copies = if w.dup.contains(&n) { 2 } else { 1 };
            std::iter::repeat_n(p, copies)
        });
        let mut time = sent.time - w.apart * first.len() as u64;
        let mut out = Vec::new();
        for packet in first.into_iter().chain(twice) {
            out.push((time, packet));
            time += w.apart;
        }
        out
    }

    /// The message within its carrier, between the ends of that.
    fn carried(&mut self, sent: &Sent) -> Sent {
        let mut s = sent.clone();
        if let Some(Carrier::Hep(how)) = sent.wire.carrier
            && sent.wire.icmp.is_none()
        {
            s.bytes = hep(how, (sent.from, sent.to), sent.time, &sent.bytes);
            let end = |text: &str| text.parse().expect("an address");
            (s.from, s.to) = (end(AGENT), end(COLLECTOR));
            s.wire.transport = if how.tcp { Transport::Tcp } else { Transport::Udp };
        }
        s
    }

    /// The segments of the upgrade to WebSocket, before the connection's first message.
    fn upgrade(&mut self, sent: &Sent) -> Vec<Vec<u8>> {
        let Some(Carrier::WebSocket { deflate, .. }) = sent.wire.carrier else { return Vec::new() };
        let upgrade = self.web_sockets.upgrade((sent.from, sent.to), deflate);
        let Some([ask, agree]) = upgrade else { return Vec::new() };
        let wire = Wire { transport: Transport::Tcp, ..Wire::default() };
        let asking = Sent { bytes: ask, wire: wire.clone(), ..sent.clone() };
        let agreeing = Sent { bytes: agree, from: sent.to, to: sent.from, wire, ..sent.clone() };
        [self.segments(&asking), self.segments(&agreeing)].concat()
    }

    fn handshake(&mut self, sent: &Sent) -> Vec<Vec<u8>> {
        let (there, back) = ((sent.from, sent.to), (sent.to, sent.from));
        if self.next.contains_key(&there) {
            return Vec::new();
        }
        let (ours, theirs) = (sent.wire.isn.unwrap_or(1_000), 500_000_u32);
        self.next.insert(there, ours.wrapping_add(1));
        self.next.insert(back, theirs.wrapping_add(1));
        if !sent.wire.handshake {
            return Vec::new();
        }
        let reply = Sent { from: sent.to, to: sent.from, ..sent.clone() };
        vec![
            self.ip(sent, 6, &tcp(there, ours, 0, SYN, &[])),
            self.ip(&reply, 6, &tcp(back, theirs, ours.wrapping_add(1), SYN | ACK, &[])),
            self.ip(sent, 6, &tcp(there, ours.wrapping_add(1), theirs.wrapping_add(1), ACK, &[])),
        ]
    }

    fn segments(&mut self, sent: &Sent) -> Vec<Vec<u8>> {
        let direction = (sent.from, sent.to);
        let mut bytes = self.held.remove(&direction).unwrap_or_default();
        match sent.wire.carrier {
            Some(Carrier::WebSocket { frames, deflate }) => {
                bytes.extend(self.web_sockets.frames(direction, &sent.bytes, frames, deflate));
            }
            _ => bytes.extend(&sent.bytes),
        }
        if sent.wire.hold {
            self.held.insert(direction, bytes);
            return Vec::new();
        }
        let mut ends = match &sent.wire.cut {
            Cut::Nowhere => Vec::new(),
            Cut::At(at) => at.clone(),
            Cut::Each(n) => (1..).map(|i| i * n.max(&1)).take_while(|e| *e < bytes.len()).collect(),
        };
        ends.push(bytes.len());
        let acked = self.next.get(&(sent.to, sent.from)).copied().unwrap_or(0);
        let mut out = Vec::new();
        let mut start = 0;
        for end in ends {
            let end = end.clamp(start, bytes.len());
            let last = end == bytes.len();
            let flags = match sent.wire.flag.filter(|_| last) {
                Some(Flag::Fin) => FIN | ACK,
                Some(Flag::Reset) => RST | ACK,
                None => PSH | ACK,
            };
            let seq = self.next[&direction];
            let fin = u32::from(flags & FIN != 0);
            self.next.insert(direction, seq.wrapping_add((end - start) as u32).wrapping_add(fin));
            out.push(self.ip(sent, 6, &tcp(direction, seq, acked, flags, &bytes[start..end])));
            start = end;
        }
        out
    }

    fn ip(&mut self, sent: &Sent, protocol: u8, payload: &[u8]) -> Vec<u8> {
        let (from, to) = (sent.from.ip(), sent.to.ip());
        let id = self.ids.entry(from).or_insert(0);
        *id = id.wrapping_add(1).max(1);
        ip(from, to, protocol, sent.wire.ip_id.unwrap_or(*id), payload)
    }
}
