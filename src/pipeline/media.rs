//! Where the media of selected calls pass, as their session descriptions say.
//!
//! In: messages of calls. Out: addresses with the time in which they belong to a call (RFC 4566 5.7,
//! 5.14; RTCP on the next port, or where RFC 3605 puts it).

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use crate::flow::{Endpoint, Flow, Origin};
use crate::sip::{Message, Method};
use crate::time::{Nanos, Timestamp};
use crate::transaction::CallKey;

/// Addresses kept; further ones are counted.
const MAX_ADDRESSES: usize = 262_144;
/// Media may run before their description, by taps' clocks, and after the BYE.
const MARGIN: Nanos = Nanos::from_secs(2);

/// Addresses and times.
#[derive(Clone, Debug, Default)]
pub(super) struct Media {
    wanted: bool,
    /// Of each address the calls that named it, and when first.
    named: HashMap<Endpoint, Vec<(CallKey, Timestamp)>>,
    /// When calls were over, and whether by a BYE; else by a final that is no 2xx, of an INVITE that may
    /// be tried again.
    over: HashMap<CallKey, (Timestamp, bool)>,
    /// Calls that were answered: a later failure is one of a re-INVITE.
    answered: HashSet<CallKey>,
    addresses: usize,
    /// Addresses that found no room.
    pub(super) refused: u64,
}

impl Media {
    pub(super) fn new(wanted: bool) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// Whether any address is known.
    pub(super) fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// Takes a message of a selected call.
    pub(super) fn message(&mut self, call: CallKey, message: &Message<'_>, origin: &Origin) {
        if !self.wanted {
            return;
        }
        let time = origin.stamp.time;
        self.ends(call, message, time);
        if !message.content_type.is_some_and(crate::sip::may_hold_sdp) {
            return;
        }
        for address in addresses(message.body) {
            let calls = self.named.entry(address).or_default();
            if calls.iter().any(|(c, _)| *c == call) {
                continue;
            }
            if self.addresses >= MAX_ADDRESSES {
                self.refused += 1;
                continue;
            }
            self.addresses += 1;
            calls.push((call, time));
        }
    }

    /// Notes whether the call is over with this message, or goes on.
    fn ends(&mut self, call: CallKey, message: &Message<'_>, time: Timestamp) {
        let of_invite = message.cseq.as_ref().is_some_and(|c| c.method == Method::Invite);
        match (message.request_method(), message.status()) {
            (Some(Method::Bye), _) => {
                let over = self.over.entry(call).or_insert((time, true));
                if !over.1 {
                    *over = (time, true);
                }
            }
            (Some(Method::Invite), _) => self.goes_on(call),
            (None, Some(s)) if of_invite && s.is_success() => {
                self.answered.insert(call);
                self.goes_on(call);
            }
            (None, Some(s)) if of_invite && s.class() >= 3 && !self.answered.contains(&call) => {
                self.over.entry(call).or_insert((time, false));
            }
            _ => {}
        }
    }

    fn goes_on(&mut self, call: CallKey) {
        if self.over.get(&call).is_some_and(|(_, by_bye)| !by_bye) {
            self.over.remove(&call);
        }
    }

    /// Whether a packet between these ends at `time` is media of a selected call.
    pub(super) fn holds(&self, flow: Flow, time: Timestamp) -> bool {
        [flow.destination, flow.source].iter().filter_map(|end| self.named.get(end)).flatten().any(
            |(call, since)| {
                let until = self.over.get(call).map_or(Timestamp::MAX, |(over, _)| *over + MARGIN);
                *since - MARGIN <= time && time <= until
            },
        )
    }
}

/// Addresses at which a session description expects media, RTCP included.
fn addresses(body: &[u8]) -> Vec<Endpoint> {
    let mut session: Option<IpAddr> = None;
    /// One `m=` section.
    struct Section {
        ip: Option<IpAddr>,
        port: u16,
        rtcp: Option<(u16, Option<IpAddr>)>,
    }
    let mut sections: Vec<Section> = Vec::new();
    for line in body.split(|b| *b == b'\n') {
        let Ok(line) = std::str::from_utf8(line) else { continue };
        let line = line.trim_end();
        if let Some(c) = line.strip_prefix("c=IN ") {
            let ip = c.split_whitespace().nth(1).and_then(|a| a.split('/').next()?.parse().ok());
            match sections.last_mut() {
                Some(section) => section.ip = ip.or(section.ip),
                None => session = ip.or(session),
            }
        } else if let Some(m) = line.strip_prefix("m=") {
            let port = m.split_whitespace().nth(1).and_then(|p| p.split('/').next()?.parse().ok());
            sections.push(Section { ip: None, port: port.unwrap_or(0), rtcp: None });
        } else if let (Some(rtcp), Some(section)) = (line.strip_prefix("a=rtcp:"), sections.last_mut()) {
            let mut words = rtcp.split_whitespace();
            let port = words.next().and_then(|p| p.parse().ok());
            section.rtcp = port.map(|port| (port, words.nth(2).and_then(|ip| ip.parse().ok())));
        }
    }
    let mut all = Vec::new();
    for Section { ip, port, rtcp } in sections {
        let Some(ip) = ip.or(session).filter(|_| port != 0) else { continue };
        all.push(Endpoint { ip, port });
        let (rtcp_port, rtcp_ip) = rtcp.unwrap_or((port.saturating_add(1), None));
        all.push(Endpoint { ip: rtcp_ip.unwrap_or(ip), port: rtcp_port });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::fixture::{origin, with_message};

    const SDP: &str = "v=0\r\nc=IN IP6 2001:db8::1\r\nm=audio 4000 RTP/AVP 8\r\n";

    /// Takes a message of call 1 at `s` seconds.
    fn take(media: &mut Media, s: i64, start: &str, cseq: &str, with_sdp: bool) {
        let cseq = format!("CSeq: {cseq}");
        let mut lines = vec![start, "Call-ID: a", &cseq];
        if with_sdp {
            lines.push("Content-Type: application/sdp");
        }
        with_message(&lines, |m| {
            let body = if with_sdp { SDP.as_bytes() } else { b"" };
            let message = Message { body, ..m.clone() };
            let mut origin = origin("10.0.0.1:5060", "10.0.0.2:5060", 1, 0, 0);
            origin.stamp.time = Timestamp::from_nanos(s * 1_000_000_000);
            media.message(1, &message, &origin);
        });
    }

    #[test]
    fn media_are_those_of_the_call_from_its_offer_to_its_end() {
        let end: Endpoint = "[2001:db8::1]:4000"
            .parse::<std::net::SocketAddr>()
            .map(|a| Endpoint::new(a.ip(), a.port()))
            .unwrap();
        let holds = |media: &Media, s: i64| {
            media.holds(
                Flow { source: Endpoint::default(), destination: end },
                Timestamp::from_nanos(s * 1_000_000_000),
            )
        };
        // Busy after early media: who gets the port next is another call.
        let mut media = Media::new(true);
        take(&mut media, 100, "INVITE sip:b SIP/2.0", "1 INVITE", true);
        take(&mut media, 110, "SIP/2.0 486 Busy Here", "1 INVITE", false);
        assert_eq!([90, 99, 105, 111, 120].map(|s| holds(&media, s)), [false, true, true, true, false]);
        // Tried again, answered; a re-INVITE that fails ends nothing, the BYE does.
        take(&mut media, 120, "INVITE sip:b SIP/2.0", "2 INVITE", true);
        take(&mut media, 125, "SIP/2.0 200 OK", "2 INVITE", false);
        take(&mut media, 200, "SIP/2.0 488 Not Acceptable Here", "3 INVITE", false);
        assert!(holds(&media, 115) && holds(&media, 900));
        take(&mut media, 300, "BYE sip:b SIP/2.0", "4 BYE", false);
        assert_eq!([299, 301, 303].map(|s| holds(&media, s)), [true, true, false]);
    }

    #[test]
    fn descriptions_name_addresses() {
        for (body, expected) in [
            (
                "v=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 4000 RTP/AVP 8\r\nm=video 0 RTP/AVP 96\r\n",
                &["10.0.0.1:4000", "10.0.0.1:4001"][..],
            ),
            (
                "c=IN IP4 10.0.0.1\nm=audio 4000 RTP/AVP 8\nc=IN IP6 2001:db8::1\na=rtcp:5000\nm=audio 6000/2 RTP/AVP 8\na=rtcp:7 IN IP4 10.0.0.9\n",
                &["[2001:db8::1]:4000", "[2001:db8::1]:5000", "10.0.0.1:6000", "10.0.0.9:7"],
            ),
            ("m=audio 4000 RTP/AVP 8\n", &[]),
            ("c=IN IP4 host\nm=audio x\n\u{0}", &[]),
            ("", &[]),
        ] {
            let all: Vec<String> = addresses(body.as_bytes()).iter().map(|e| e.to_string()).collect();
            assert_eq!(all, expected, "{body}");
        }
    }
}
