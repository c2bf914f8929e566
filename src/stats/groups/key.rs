//! Under which key a message, a bid or an attempt counts.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::call::{Outcome, Tried};
use crate::config::Grouping;
use crate::dimension::Dimension;
use crate::flow::{Endpoint, Flow, FrameId, Origin, Tap, Transport};
use crate::rename::{Rename, What};
use crate::sip::{Message, Reason, Start, StatusCode, Uri};
use crate::transaction::{About, Digits, MethodKey, Name, Names};
use crate::trunks::Trunks;

/// What [`Names`] call those that found no room.
const OTHER: &str = "(other)";
/// Bytes of a text that are kept.
const MAX_TEXT: usize = 120;

/// One value for each dimension of a group.
pub(in crate::stats) type Key = SmallVec<[Value; 2]>;

/// The value of a dimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(in crate::stats) enum Value {
    /// The traffic says nothing of it.
    None,
    /// A text.
    Text(Box<str>),
    /// The number of a file.
    File(u32),
    /// Two ends, of which one will turn out to be the peer.
    Ends(IpAddr, IpAddr),
}

impl Value {
    /// The number of a file.
    pub(super) fn file(&self) -> Option<u32> {
        if let Self::File(n) = self { Some(*n) } else { None }
    }

    /// Files have new numbers.
    pub(super) fn renumber(&mut self, numbers: &BTreeMap<u32, u32>) {
        if let Self::File(n) = self {
            *n = numbers.get(n).copied().unwrap_or(u32::MAX);
        }
    }

    /// Gives it a new name, as a value of `dimension`.
    pub(super) fn rename(&mut self, dimension: Dimension, to: &mut dyn Rename) {
        match self {
            Self::Text(text) => *text = to.text(What::Of(dimension), text).into(),
            Self::Ends(a, b) => (*a, *b) = (to.address(*a), to.address(*b)),
            Self::None | Self::File(_) => {}
        }
    }
}

/// What headers say of the request that a message belongs to.
#[derive(Clone, Debug, Default)]
pub(super) struct Spoken {
    user_agent: Option<Box<str>>,
    from: Option<Box<str>>,
    to: Option<Box<str>>,
    uri: Option<Box<str>>,
    digits: Digits,
}

impl Spoken {
    pub(super) fn of(about: &About, names: &Names) -> Self {
        let text = |name: Name| names.text(name).map(|(t, _)| t.into());
        Self {
            user_agent: text(about.user_agent),
            from: text(about.from_domain),
            to: text(about.to_domain),
            uri: text(about.uri_domain),
            digits: about.number,
        }
    }
}

/// Everything that a key can be made of.
pub(super) struct Subject<'a> {
    /// From the sender of the request to its receiver.
    flow: Flow,
    transport: Transport,
    frame: FrameId,
    tap: Tap,
    method: Option<Box<str>>,
    status: Option<StatusCode>,
    outcome: Option<Outcome>,
    server: Option<Box<str>>,
    cause: Option<Box<str>>,
    spoken: &'a Spoken,
}

impl<'a> Subject<'a> {
    /// A message. `spoken`: of its request.
    pub(super) fn message(message: &Message<'_>, origin: &Origin, spoken: &'a mut Spoken) -> Self {
        let host = |uri: &[u8]| {
            Uri::parse(uri).and_then(|u| u.host).map(|h| text(h).to_ascii_lowercase().into_boxed_str())
        };
        let end = |e: &Option<crate::sip::NameAddr<'_>>| e.as_ref().and_then(|e| host(e.uri));
        // A name that found no room in its shard stands in every message of the transaction.
        let known = |name: Option<Box<str>>| name.filter(|n| **n != *OTHER);
        spoken.from = known(spoken.from.take()).or_else(|| end(&message.from));
        spoken.to = known(spoken.to.take()).or_else(|| end(&message.to));
        let agent = message.agent.map(text);
        let method = message.cseq.as_ref().map(|c| text(c.method.as_bytes()));
        let (flow, method, status, server) = match message.start {
            Start::Request { uri, method } => {
                spoken.user_agent = spoken.user_agent.take().or(agent);
                spoken.uri = spoken.uri.take().or_else(|| host(uri));
                (origin.flow, Some(text(method.as_bytes())), None, None)
            }
            Start::Response { status, .. } => (origin.flow.reversed(), method, Some(status), agent),
        };
        let cause = status.and_then(|_| message.reasons.iter().find_map(|r| cause(r)));
        Self {
            flow,
            transport: origin.transport,
            frame: origin.frame,
            tap: origin.tap,
            method,
            status,
            outcome: None,
            server,
            cause,
            spoken,
        }
    }

    /// A try of an INVITE, of an attempt with `outcome`.
    pub(super) fn tried(tried: &Tried<'_>, outcome: Option<Outcome>, spoken: &'a Spoken) -> Self {
        Self {
            flow: tried.flow,
            transport: tried.transport,
            frame: tried.frame,
            tap: tried.tap,
            method: (tried.method == MethodKey::INVITE).then(|| "INVITE".into()),
            status: tried.status,
            outcome,
            server: tried.names.text(tried.server).map(|(t, _)| t.into()),
            cause: tried.cause.map(|n| format!("Q.850 {n}").into()),
            spoken,
        }
    }

    /// Its key.
    pub(super) fn key(&self, dimensions: &[Dimension], choices: &Grouping) -> Key {
        dimensions.iter().map(|d| self.value(*d, choices)).collect()
    }

    fn value(&self, dimension: Dimension, choices: &Grouping) -> Value {
        let Flow { source, destination } = self.flow;
        let some = |text: String| Value::Text(text.into());
        let maybe = |text: &Option<Box<str>>| text.clone().map_or(Value::None, Value::Text);
        let trunks: &Trunks = &choices.trunks;
        match dimension {
            Dimension::Source => some(end(self.sender())),
            Dimension::Destination => some(end(destination)),
            Dimension::Hop => some(format!("{} > {}", source.ip, destination.ip)),
            Dimension::Listen => some(format!("{} {destination}", self.transport.id())),
            Dimension::Peer => match (trunks.is_local(source.ip), trunks.is_local(destination.ip)) {
                (true, false) => some(destination.ip.to_string()),
                (false, true) => some(source.ip.to_string()),
                _ => Value::Ends(source.ip, destination.ip),
            },
            Dimension::Trunk => {
                let domains = [&self.spoken.uri, &self.spoken.to, &self.spoken.from].map(|d| d.as_deref());
                trunks.name(self.flow, domains).map_or(Value::None, |n| Value::Text(n.into()))
            }
            Dimension::Direction => match (trunks.is_local(source.ip), trunks.is_local(destination.ip)) {
                (true, false) => some("outbound".into()),
                (false, true) => some("inbound".into()),
                (true, true) => some("internal".into()),
                (false, false) => Value::None,
            },
            Dimension::Transport => some(self.transport.id().into()),
            Dimension::File => Value::File(self.frame.file),
            Dimension::Interface => self.tap.interface().map_or(Value::None, |i| some(i.into_owned())),
            Dimension::Vlan => self.tap.vlan().map_or(Value::None, |id| some(id.to_string())),
            Dimension::Method => maybe(&self.method),
            Dimension::Code => self.status.map_or(Value::None, |s| some(s.get().to_string())),
            Dimension::Class => self.status.map_or(Value::None, |s| some(format!("{}xx", s.class()))),
            Dimension::Outcome => self.outcome.map_or(Value::None, |o| some(o.id().into())),
            Dimension::UserAgent => maybe(&self.spoken.user_agent),
            Dimension::Server => maybe(&self.server),
            Dimension::FromDomain => maybe(&self.spoken.from),
            Dimension::ToDomain => maybe(&self.spoken.to),
            Dimension::UriDomain => maybe(&self.spoken.uri),
            Dimension::Prefix => {
                let digits = self.spoken.digits;
                digits.prefix(choices.prefix_length).map_or(Value::None, some)
            }
            Dimension::Cause => maybe(&self.cause),
        }
    }

    /// The port of a connection's client is a mere number.
    fn sender(&self) -> Endpoint {
        let port = match self.transport {
            Transport::Tcp | Transport::Ws => 0,
            _ => self.flow.source.port,
        };
        Endpoint { port, ..self.flow.source }
    }
}

/// The addresses that most of `ends` have in common, fewest first: ours. Weights are messages and bids.
pub(super) fn ours(ends: &BTreeMap<(IpAddr, IpAddr), u64>) -> Vec<IpAddr> {
    let mut left = ends.clone();
    let mut found = Vec::new();
    while !left.is_empty() {
        let mut weights: BTreeMap<IpAddr, (u64, u64)> = BTreeMap::new();
        for ((a, b), n) in &left {
            for ip in [a, b] {
                let sum = weights.entry(*ip).or_default();
                *sum = (sum.0 + 1, sum.1 + n);
            }
        }
        let most = weights.into_iter().max_by_key(|(ip, w)| (*w, std::cmp::Reverse(*ip)));
        // One hop alone does not tell whose it is.
        let Some((ip, (hops, _))) = most else { break };
        if hops < 2 {
            break;
        }
        left.retain(|(a, b), _| *a != ip && *b != ip);
        found.push(ip);
    }
    found
}

/// The end of two that is not ours: the receiver if that does not tell.
pub(super) fn peer(a: IpAddr, b: IpAddr, ours: &[IpAddr]) -> IpAddr {
    match (ours.contains(&a), ours.contains(&b)) {
        (false, true) => a,
        _ => b,
    }
}

/// Address and port, without a port that does not matter.
fn end(e: Endpoint) -> String {
    if matches!(e.port, 0 | 5060) { e.ip.to_string() } else { e.to_string() }
}

fn text(bytes: &[u8]) -> Box<str> {
    String::from_utf8_lossy(bytes.get(..MAX_TEXT).unwrap_or(bytes)).into()
}

fn cause(value: &[u8]) -> Option<Box<str>> {
    let reason = Reason::parse(value)?;
    Some(format!("{} {}", text(reason.protocol), reason.cause?).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peer_is_the_end_that_few_hops_have() {
        let ip = |n: u8| IpAddr::from([10, 0, 0, n]);
        let ends: BTreeMap<_, _> =
            [((ip(1), ip(2)), 5), ((ip(1), ip(3)), 9), ((ip(4), ip(1)), 1)].into_iter().collect();
        let us = ours(&ends);
        assert_eq!(us, [ip(1)]);
        assert_eq!(ends.keys().map(|(a, b)| peer(*a, *b, &us)).collect::<Vec<_>>(), [ip(2), ip(3), ip(4)]);
        // One hop: the receiver.
        assert!(ours(&[((ip(1), ip(2)), 5)].into_iter().collect()).is_empty());
        assert_eq!(peer(ip(1), ip(2), &[]), ip(2));
    }
}
