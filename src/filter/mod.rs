//! What the user wants left out: packets by address, port and transport, frames by time.
//!
//! In: the options as text, then packets and frames. Out: whether they stay. Applied before SIP is
//! parsed, to the innermost packet (of a copy in HEP: to the original one). Only UDP, TCP and SCTP
//! packets and ICMP errors that quote one are judged by address; other frames hold no SIP and keep
//! their fate. Times are those of frames, by the clock that orders them.
//!
//! | file | job |
//! |---|---|
//! | `endpoint` | networks and lists of ports |
//! | `expression` | the language of `--read-filter` and what it means |
//! | `parse` | from its text to an [`Expression`] |
//! | `window` | `--from`, `--to`: instants and what they are relative to |

mod endpoint;
mod expression;
mod parse;
mod window;

use std::fmt;

pub use self::endpoint::{Network, Ports};
pub use self::expression::{Expression, Protocol, Subject};
pub use self::window::{Gate, Moment, Window};

/// Everything that the user wants to keep; empty: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// One end has a port of one of these; empty: any.
    pub ports: Vec<Ports>,
    /// One end has an address in one of these; empty: any.
    pub hosts: Vec<Network>,
    /// And this holds.
    pub expression: Option<Expression>,
    /// Frames of this time. Bounds the clock, which the others do not.
    pub window: Window,
}

impl Filter {
    /// It leaves out nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// It asks for addresses, ports or transports.
    pub fn judges_packets(&self) -> bool {
        !self.ports.is_empty() || !self.hosts.is_empty() || self.expression.is_some()
    }

    /// The packet stays.
    pub fn passes(&self, packet: &Subject) -> bool {
        let ends = [packet.flow.source, packet.flow.destination];
        let port = |p: &Ports| ends.iter().any(|e| p.contains(e.port));
        let host = |n: &Network| ends.iter().any(|e| n.contains(e.ip));
        (self.ports.is_empty() || self.ports.iter().any(port))
            && (self.hosts.is_empty() || self.hosts.iter().any(host))
            && self.expression.as_ref().is_none_or(|e| e.holds(packet))
    }
}

/// As options: `--port 5060 --from +5m`.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<String> = Vec::new();
        words.extend(self.ports.iter().map(|p| format!("--port {p}")));
        words.extend(self.hosts.iter().map(|h| format!("--host {h}")));
        words.extend(self.expression.iter().map(|e| format!("--read-filter '{e}'")));
        words.extend(self.window.from.iter().map(|t| format!("--from {t}")));
        words.extend(self.window.to.iter().map(|t| format!("--to {t}")));
        f.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Endpoint, Flow};

    #[test]
    fn kinds_of_options_narrow_and_values_of_one_kind_widen() {
        let filter = Filter {
            ports: vec!["5060".parse().unwrap(), "5080-5090".parse().unwrap()],
            hosts: vec!["10.0.0.1".parse().unwrap(), "10.0.1.0/24".parse().unwrap()],
            ..Filter::default()
        };
        let passes = |a: [u8; 4], port, b: [u8; 4]| {
            let flow = Flow { source: Endpoint::new(a, port), destination: Endpoint::new(b, 9) };
            filter.passes(&Subject { flow, protocol: Protocol::Udp, hep: false })
        };
        assert!(passes([10, 0, 0, 1], 5060, [1, 1, 1, 1]));
        assert!(passes([1, 1, 1, 1], 5085, [10, 0, 1, 7]));
        assert!(!passes([10, 0, 0, 1], 5061, [1, 1, 1, 1]));
        assert!(!passes([10, 0, 0, 2], 5060, [1, 1, 1, 1]));
        assert!(filter.judges_packets() && !Filter::default().judges_packets());
        assert_eq!(filter.to_string(), "--port 5060 --port 5080-5090 --host 10.0.0.1 --host 10.0.1.0/24");
    }
}
