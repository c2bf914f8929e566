//! The language of `--read-filter` and what it means.
//!
//! ```text
//! expression = all *( ("or" / "||") all )
//! all        = one *( ["and" / "&&"] one )              side by side means "and"
//! one        = ("not" / "!") one / "(" expression ")" / test
//! test       = [ends] ["host" / "net"] NETWORK          10.0.0.1, 10.0.0.0/8, 2001:db8::/32
//!            / [ends] "port" PORTS                      5060, 5060,5080-5090
//!            / "udp" / "tcp" / "sctp"                   what carries it (WebSocket, TLS: tcp)
//!            / "ip" / "ip6"                             family of its addresses
//!            / "hep"                                    a copy sent in HEP
//! ends       = "src" / "dst"                            without: one of both
//! ```

use std::fmt;
use std::str::FromStr;

use super::endpoint::{Network, Ports};
use super::parse;
use crate::flow::{Endpoint, Flow};

/// What a filter judges: the innermost packet, or the original one of a copy in HEP.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// Its ends.
    pub flow: Flow,
    /// Its transport.
    pub protocol: Protocol,
    /// It came as a copy in HEP.
    pub hep: bool,
}

/// Transports that have ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// SCTP.
    Sctp,
}

/// A parsed expression, with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    text: String,
    rule: Rule,
}

/// A node of it. Nesting is bounded by the parser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Any(Vec<Rule>),
    All(Vec<Rule>),
    Not(Box<Rule>),
    Host(Ends, Network),
    Port(Ends, Ports),
    Protocol(Protocol),
    /// IPv4, or else IPv6.
    Version4(bool),
    Hep,
}

/// Which ends of a packet are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    Source,
    Destination,
    Either,
}

impl Expression {
    /// It is true of this packet.
    pub fn holds(&self, packet: &Subject) -> bool {
        self.rule.holds(packet)
    }
}

impl FromStr for Expression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self { text: text.trim().to_owned(), rule: parse::rule(text)? })
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Rule {
    fn holds(&self, packet: &Subject) -> bool {
        match self {
            Self::Any(rules) => rules.iter().any(|r| r.holds(packet)),
            Self::All(rules) => rules.iter().all(|r| r.holds(packet)),
            Self::Not(rule) => !rule.holds(packet),
            Self::Host(ends, network) => ends.any(packet.flow, |e| network.contains(e.ip)),
            Self::Port(ends, ports) => ends.any(packet.flow, |e| ports.contains(e.port)),
            Self::Protocol(protocol) => packet.protocol == *protocol,
            Self::Version4(is_4) => packet.flow.source.ip.is_ipv4() == *is_4,
            Self::Hep => packet.hep,
        }
    }
}

impl Ends {
    fn any(self, flow: Flow, test: impl Fn(Endpoint) -> bool) -> bool {
        match self {
            Self::Source => test(flow.source),
            Self::Destination => test(flow.destination),
            Self::Either => test(flow.source) || test(flow.destination),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_mean_what_tcpdump_users_expect() {
        // From 10.0.0.1:5060 to 192.0.2.2:5080, UDP.
        for (text, expected) in [
            ("host 10.0.0.1", true),
            ("10.0.0.1", true),
            ("src host 10.0.0.1", true),
            ("dst host 10.0.0.1", false),
            ("dst 192.0.2.0/24", true),
            ("net 10.0.0.0/8 and port 5080", true),
            ("src port 5080", false),
            ("dst port 5070-5090", true),
            ("port 5061,5060", true),
            ("udp port 5060", true),
            ("tcp port 5060", false),
            ("tcp or udp", true),
            ("sctp || tcp", false),
            ("ip && !ip6", true),
            ("not udp", false),
            ("not not udp", true),
            ("! ( tcp or port 5061 )", true),
            ("!(udp)", false),
            // "and" binds closer than "or", "not" closer than both.
            ("udp or tcp and port 1", true),
            ("(udp or tcp) and port 1", false),
            ("not tcp and udp", true),
            ("not (tcp and udp)", true),
            ("UDP AND Port 5060", true),
            ("hep", false),
            ("host 2001:db8::1", false),
        ] {
            let flow = Flow {
                source: Endpoint::new([10, 0, 0, 1], 5060),
                destination: Endpoint::new([192, 0, 2, 2], 5080),
            };
            let expression: Expression = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            let packet = Subject { flow, protocol: Protocol::Udp, hep: false };
            assert_eq!(expression.holds(&packet), expected, "{text}");
        }
    }
}
