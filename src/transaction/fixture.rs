//! Legs and messages for unit tests.

use std::net::SocketAddr;

use super::key::ViaKey;
use super::{Final, Leg};
use crate::flow::{Endpoint, Flow, FrameId, Origin, Tap, Transport};
use crate::sip::{Message, Scan, StatusCode, scan_datagram};
use crate::time::{Nanos, Stamp, Timestamp};

/// Milliseconds after the epoch.
pub(crate) fn ms(n: i64) -> Timestamp {
    Timestamp::from_nanos(0) + Nanos::from_millis(n)
}

pub(crate) fn end(address: &str) -> Endpoint {
    let address: SocketAddr = address.parse().unwrap();
    Endpoint::new(address.ip(), address.port())
}

pub(crate) fn flow(from: &str, to: &str) -> Flow {
    Flow { source: end(from), destination: end(to) }
}

/// A requested leg; each Via is (sent-by, branch), top first.
pub(crate) fn leg(from: &str, to: &str, vias: &[(u64, u64)], start: i64) -> Leg {
    let via = |(sent_by, branch): &(u64, u64)| ViaKey { sent_by: *sent_by, value: sent_by * 1000 + branch };
    Leg {
        key: vias.first().map_or(0, |v| v.0 * 1000 + v.1),
        vias: vias.iter().map(via).collect(),
        by_request: true,
        depth: vias.len() as u16,
        flow: flow(from, to),
        started: ms(start),
        order: start as u32,
        last: ms(start),
        requested: Some(ms(start)),
        frame: FrameId::default(),
        tap: Tap::default(),
        transport: Transport::Udp,
        resent: 0,
        final_repeated: false,
        answerers: Default::default(),
        replied: None,
        progress: None,
        progressed: false,
        ringing: None,
        early_media: None,
        ended: None,
        server: Default::default(),
        success: None,
        acked: None,
        cancelled: None,
        credentials: false,
        realms: Default::default(),
        rejected: false,
        expires: None,
        reliable_repeated: false,
    }
}

/// The leg with a final of `code` at `at`.
pub(crate) fn ended(mut leg: Leg, code: u16, at: i64) -> Leg {
    leg.replied = leg.replied.or(Some(ms(at)));
    leg.last = ms(at);
    leg.ended = Some(Final {
        status: StatusCode::new(code).unwrap(),
        at: ms(at),
        counted: true,
        cause: None,
        location: Default::default(),
        network_blocked: false,
    });
    if (200..300).contains(&code) {
        leg.success = Some((ms(at), ms(at)));
    }
    leg
}

/// Reads `lines`, each without its CRLF, and hands the message on.
pub(crate) fn with_message<R>(lines: &[&str], then: impl FnOnce(&Message<'_>) -> R) -> R {
    let text = lines.join("\r\n") + "\r\n\r\n";
    match scan_datagram(text.as_bytes(), false) {
        Scan::Message(message) => then(&message),
        _ => panic!("no message: {lines:?}"),
    }
}

/// A message at `at` between two hosts, seen by tap number `tap`.
pub(crate) fn origin(from: &str, to: &str, at: i64, tap: u64, ip_id: u16) -> Origin {
    Origin {
        stamp: Stamp { shown: ms(at), time: ms(at), now: ms(at) },
        frame: FrameId { file: 0, number: at as u64 },
        tap: Tap::default().with(1, tap),
        flow: flow(from, to),
        transport: Transport::Udp,
        ip_id,
    }
}
