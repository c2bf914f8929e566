//! A small SIP world: phones, forking and hunting proxies, gateways that ring, refuse or stay silent,
//! and a network that loses packets, with the timers of RFC 3261 17.
//!
//! In: a seed. Out: what passed the tap, and what the callers say became of their calls. Nothing
//! here uses the library under test: that the two agree says that it is right, not that it is
//! consistent.

mod layer;
mod message;
mod roles;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};

use self::layer::{Client, Server};
use self::message::{Host, Message};
use self::roles::{Call, Fork};
use super::conversations::Random;
use super::flow::{Ladder, Sent, Wire};

/// Microseconds.
const MS: u64 = 1000;
/// When all is over, and a last packet passes.
const END: u64 = 1000 * 1000 * MS;

/// What happens next, where.
#[derive(Clone, Debug)]
enum Event {
    Arrive { at: Host, from: Host, message: Message },
    Repeat { client: usize },
    GiveUp { client: usize, cancelled: bool },
    RepeatFinal { server: usize },
    Answer { server: usize, code: u16 },
    Dial { call: usize },
    Cancel { call: usize },
    HangUp { call: usize, tag: u32, to: Host },
}

/// A packet at the tap.
struct Passed {
    at: u64,
    from: Host,
    to: Host,
    message: Message,
}

/// All of it, and how far it has come.
pub(crate) struct World {
    random: Random,
    now: u64,
    /// By time, then in the order in which they were planned.
    events: BTreeMap<(u64, u64), Event>,
    planned: u64,
    hosts: Vec<SocketAddr>,
    /// The first host that is a proxy, and the first that is a gateway.
    proxies: Host,
    gateways: Host,
    /// Per cent of packets that get lost behind the tap.
    loss: usize,
    /// Milliseconds to the next host, half as much again at most.
    latency: u64,
    branches: u32,
    clients: Vec<Client>,
    client_of: BTreeMap<(Host, u32, &'static str), usize>,
    servers: Vec<Server>,
    server_of: BTreeMap<(Host, Host, u32, &'static str), usize>,
    forks: Vec<Fork>,
    calls: Vec<Call>,
    passed: Vec<Passed>,
}

/// What the callers saw.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Truth {
    /// Attempts by outcome.
    pub(crate) outcomes: BTreeMap<String, u64>,
    /// Tries at a next hop, without those that were repeated with credentials.
    pub(crate) bids: u64,
    /// Messages that were sent again on their hop.
    pub(crate) retransmissions: u64,
}

impl World {
    /// A world in which `calls` calls were made within two minutes, when all is over.
    pub(crate) fn new(seed: u64, calls: usize) -> Self {
        let mut random = Random(seed);
        let (callers, proxies, gateways) = (1 + random.below(4), 1 + random.below(2), 2 + random.below(3));
        let host = |net: u8| move |n: usize| SocketAddr::from((Ipv4Addr::new(10, net, 0, n as u8 + 1), 5060));
        let mut world = Self {
            now: 0,
            events: BTreeMap::new(),
            planned: 0,
            hosts: (0..callers)
                .map(host(1))
                .chain((0..proxies).map(host(2)))
                .chain((0..gateways).map(host(3)))
                .collect(),
            proxies: callers,
            gateways: callers + proxies,
            loss: [0, 0, 1, 5][random.below(4)],
            latency: [2, 20, 100][random.below(3)],
            branches: 0,
            clients: Vec::new(),
            client_of: BTreeMap::new(),
            servers: Vec::new(),
            server_of: BTreeMap::new(),
            forks: Vec::new(),
            calls: Vec::new(),
            passed: Vec::new(),
            random,
        };
        for call in 0..calls {
            world.plan_call();
            let at = world.random.below(120_000) as u64;
            world.after(at * MS, Event::Dial { call });
        }
        while let Some(((at, _), event)) = world.events.pop_first() {
            world.now = at;
            world.happen(event);
        }
        world
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive { at, message, .. } if message.code.is_some() => self.responded(at, message),
            Event::Arrive { at, from, message } => self.requested(at, from, message),
            Event::Repeat { client } => self.repeat(client),
            Event::GiveUp { client, cancelled } => self.give_up(client, cancelled),
            Event::RepeatFinal { server } => self.repeat_final(server),
            Event::Answer { server, code } => self.answer(server, code),
            Event::Dial { call } => self.dial(call),
            Event::Cancel { call } => self.cancel_call(call),
            Event::HangUp { call, tag, to } => self.hang_up(call, tag, to),
        }
    }

    fn after(&mut self, micros: u64, event: Event) {
        self.planned += 1;
        self.events.insert((self.now + micros, self.planned), event);
    }

    fn send(&mut self, from: Host, to: Host, message: Message) {
        self.passed.push(Passed { at: self.now, from, to, message: message.clone() });
        let latency = self.latency * MS / 2 + self.random.below((self.latency * MS) as usize) as u64;
        if !self.random.chance(self.loss) {
            self.after(latency, Event::Arrive { at: to, from, message });
        }
    }

    /// Whether a packet passes between a caller and its next hop.
    fn is_outer(&self, from: Host, to: Host) -> bool {
        from < self.proxies || to < self.proxies
    }

    fn branch(&mut self, at: Host) -> (Host, u32) {
        self.branches += 1;
        (at, self.branches)
    }

    /// The packets as a ladder with the taps that `script` describes; `on` says which of them see a
    /// packet, by whether it is between a caller and its next hop.
    pub(crate) fn ladder(&self, script: &str, on: impl Fn(bool) -> Vec<usize>) -> Ladder {
        let mut ladder = Ladder::parse(script).expect("taps only");
        let start = 1_772_546_400_000_000_000;
        for p in &self.passed {
            let outer = self.is_outer(p.from, p.to);
            ladder.sent.push(Sent {
                time: start + p.at * 1000,
                from: self.hosts[p.from],
                to: self.hosts[p.to],
                bytes: p.message.text(&self.hosts).into_bytes(),
                wire: Wire { on: on(outer), ..Wire::default() },
            });
        }
        let last = format!(
            "OPTIONS sip:end@world.example SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bK-end\r\n\
             From: <sip:e@world.example>;tag=e\r\nTo: <sip:e@world.example>\r\nCall-ID: end\r\n\
             CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
            self.hosts[0]
        );
        let wire = Wire { on: vec![0], ..Wire::default() };
        let (from, to) = (self.hosts[0], self.hosts[self.gateways]);
        ladder.sent.push(Sent { time: start + END * 1000, from, to, bytes: last.into_bytes(), wire });
        ladder
    }

    /// What the callers saw; what rang, and what was sent again, on their own hops only, or on all.
    pub(crate) fn truth(&self, outer: bool) -> Truth {
        let mut truth = Truth::default();
        let passed = || self.passed.iter().filter(|p| !outer || self.is_outer(p.from, p.to));
        for (number, call) in self.calls.iter().enumerate() {
            let alerts =
                |m: &Message| m.call == number && m.cseq == call.cseq && matches!(m.code, Some(180 | 183));
            let alerted = passed().any(|p| alerts(&p.message));
            *truth.outcomes.entry(call.outcome(alerted).to_owned()).or_default() += 1;
            truth.bids += call.bids;
        }
        let mut seen = BTreeSet::new();
        for Passed { from, to, message: m, .. } in passed() {
            // A 3xx-6xx on one transaction is the same again whatever its tag, as is a 100.
            let tag = m.tag.filter(|_| m.code.is_some_and(|c| c > 100 && c < 300) && m.method == "INVITE");
            let copy = !seen.insert((*from, *to, m.vias[0], m.method, m.code, tag));
            truth.retransmissions += u64::from(copy);
        }
        truth
    }
}
