//! The small languages of the command line: filters, networks, ports and times.

use std::net::IpAddr;

use sipstat::filter::{Expression, Moment, Network, Ports, Protocol, Subject};
use sipstat::flow::{Endpoint, Flow};

/// Any text as each of them: what is understood is printed so that it is understood again, alike.
pub fn options(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(expression) = text.parse::<Expression>() {
        let printed = expression.to_string();
        let again: Expression = printed.parse().unwrap_or_else(|e| panic!("{text:?} as {printed:?}: {e}"));
        let at = |last, port| Endpoint::new(IpAddr::from([10, 0, 0, last]), port);
        for protocol in [Protocol::Udp, Protocol::Tcp, Protocol::Sctp] {
            for (from, to, hep) in [(1, 2, false), (2, 1, true)] {
                let flow = Flow { source: at(from, 5060), destination: at(to, 5080) };
                let subject = Subject { flow, protocol, hep };
                assert_eq!(expression.holds(&subject), again.holds(&subject), "{text:?} as {printed:?}");
            }
        }
    }
    if let Ok(network) = text.parse::<Network>() {
        assert_eq!(network.to_string().parse().ok(), Some(network));
    }
    if let Ok(ports) = text.parse::<Ports>() {
        assert_eq!(ports.to_string().parse().ok(), Some(ports));
    }
    let _ = text.parse::<Moment>();
}
