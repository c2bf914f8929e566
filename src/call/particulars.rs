//! What people need to find a call again: who called whom, with what, and which frames it took.
//!
//! In: the messages of an attempt and of its session, one at a time. Out: [`Particulars`]. Gathered
//! only for an observer that wants them: a kilobyte for each call that is open.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::flow::{Endpoint, FrameId, Origin, Tap, Transport};
use crate::rename::{Rename, What};
use crate::sip::{Message, Method, Start, StatusCode};
use crate::time::Timestamp;
use crate::transaction::{Bin, Leg};

use super::Text;

/// Finals of different codes whose words are kept.
const MAX_FINALS: usize = 4;

/// Facts of one attempt beyond its verdict, as the first message that tells them has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Particulars {
    /// `From` of the first INVITE (or else of its first response), as written.
    pub from: Text,
    /// `To`, likewise.
    pub to: Text,
    /// Request-URI of the first INVITE; empty if it was not captured.
    pub uri: Text,
    /// `User-Agent` of the first INVITE; empty if it has none.
    pub user_agent: Text,
    /// `Server` of the final that decided, or else of the first response that names one.
    pub server: Text,
    /// Reason phrase of the final that decided, in the wire's own words.
    pub phrase: Text,
    /// First `Reason` (RFC 3326) of the final that decided; without one, of a CANCEL or BYE.
    pub reason: Text,
    /// What carried the first message.
    pub transport: Option<Transport>,
    /// Where that was captured.
    pub tap: Tap,
    /// Last message, that of the BYE's answer if the call was answered, and its frame.
    pub last: Timestamp,
    /// See [`Particulars::last`].
    pub last_frame: FrameId,
    /// Messages as captured, those of the dialog included: the sum of all bins.
    pub messages: u32,
    /// Of these, retransmissions.
    pub retransmissions: u32,
    /// Of these, capture duplicates.
    pub capture_duplicates: u32,
    /// Of these, copies on other hops.
    pub hop_copies: u32,
    /// Pairs of addresses between which its INVITEs passed.
    pub hops: u32,
}

impl Particulars {
    /// Gives new names to what names somebody.
    pub(super) fn rename(&mut self, to: &mut dyn Rename) {
        let texts = [
            (&mut self.from, What::NameAddr),
            (&mut self.to, What::NameAddr),
            (&mut self.uri, What::Uri),
            (&mut self.user_agent, What::Product),
            (&mut self.server, What::Product),
            (&mut self.phrase, What::Words),
            (&mut self.reason, What::Reason),
        ];
        texts.into_iter().for_each(|(text, what)| *text = text.renamed(what, to));
    }
}

/// Particulars in the making.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathering {
    known: Particulars,
    finals: SmallVec<[Words; 1]>,
    /// Of a CANCEL or BYE.
    reason: Text,
}

/// What a final says in its own words.
#[derive(Clone, Debug)]
struct Words {
    status: StatusCode,
    phrase: Text,
    reason: Text,
    server: Text,
}

impl Gathering {
    /// Takes one message of the call.
    pub(super) fn note(&mut self, message: &Message<'_>, origin: &Origin, bin: Bin) {
        let p = &mut self.known;
        p.count(origin, bin);
        if p.transport.is_none() {
            (p.transport, p.tap) = (Some(origin.transport), origin.tap);
        }
        let of_invite = message.cseq.as_ref().is_some_and(|c| c.method == Method::Invite);
        match message.start {
            Start::Request { method: Method::Invite, uri } if p.uri.is_empty() => {
                p.uri = Text::of(uri);
                p.user_agent = message.agent.map(Text::of).unwrap_or_default();
                p.ends(message);
            }
            Start::Request { method: Method::Bye | Method::Cancel, .. } if self.reason.is_empty() => {
                self.reason = reason(message);
            }
            Start::Response { status, reason: phrase } if of_invite => {
                if p.from.is_empty() {
                    p.ends(message);
                }
                if p.server.is_empty() {
                    p.server = message.agent.map(Text::of).unwrap_or_default();
                }
                let is_new = status.is_final() && self.finals.iter().all(|w| w.status != status);
                if is_new && self.finals.len() < MAX_FINALS {
                    let server = message.agent.map(Text::of).unwrap_or_default();
                    let (phrase, reason) = (Text::of(phrase), reason(message));
                    self.finals.push(Words { status, phrase, reason, server });
                }
            }
            _ => {}
        }
    }

    /// Adds what was gathered earlier, before it was known to be of this call.
    pub(super) fn absorb(&mut self, earlier: Self) {
        let Self { known, finals, reason } = earlier;
        let now = std::mem::replace(&mut self.known, known);
        let p = &mut self.known;
        for (ours, theirs) in [
            (&mut p.from, now.from),
            (&mut p.to, now.to),
            (&mut p.uri, now.uri),
            (&mut p.user_agent, now.user_agent),
            (&mut p.server, now.server),
            (&mut self.reason, reason),
        ] {
            if ours.is_empty() {
                *ours = theirs;
            }
        }
        if (now.last, now.last_frame) > (p.last, p.last_frame) {
            (p.last, p.last_frame) = (now.last, now.last_frame);
        }
        p.messages = p.messages.saturating_add(now.messages);
        p.retransmissions = p.retransmissions.saturating_add(now.retransmissions);
        p.capture_duplicates = p.capture_duplicates.saturating_add(now.capture_duplicates);
        p.hop_copies = p.hop_copies.saturating_add(now.hop_copies);
        for words in finals {
            if self.finals.len() < MAX_FINALS && self.finals.iter().all(|w| w.status != words.status) {
                self.finals.push(words);
            }
        }
    }

    /// The particulars of an attempt that `status` decided, over `legs`.
    pub(super) fn finish(mut self, status: Option<StatusCode>, legs: &[&Leg]) -> Particulars {
        let words = status.and_then(|s| self.finals.iter().position(|w| w.status == s));
        let p = &mut self.known;
        p.reason = self.reason;
        if let Some(i) = words {
            let words = self.finals.swap_remove(i);
            p.phrase = words.phrase;
            if !words.server.is_empty() {
                p.server = words.server;
            }
            if !words.reason.is_empty() {
                p.reason = words.reason;
            }
        }
        p.hops = hops(legs);
        self.known
    }
}

impl Particulars {
    /// Takes a message that came after the verdict: of the dialog, or late.
    pub(super) fn note_later(&mut self, message: &Message<'_>, origin: &Origin, bin: Bin) {
        self.count(origin, bin);
        let hangs_up = matches!(message.start, Start::Request { method: Method::Bye, .. });
        if hangs_up && self.reason.is_empty() {
            self.reason = reason(message);
        }
    }

    fn count(&mut self, origin: &Origin, bin: Bin) {
        let here = (origin.stamp.time, origin.frame);
        if self.messages == 0 || here > (self.last, self.last_frame) {
            (self.last, self.last_frame) = here;
        }
        self.messages = self.messages.saturating_add(1);
        let bin = match bin {
            Bin::First => return,
            Bin::Retransmission => &mut self.retransmissions,
            Bin::CaptureDuplicate => &mut self.capture_duplicates,
            Bin::HopCopy => &mut self.hop_copies,
        };
        *bin = bin.saturating_add(1);
    }

    fn ends(&mut self, message: &Message<'_>) {
        let value =
            |end: &Option<crate::sip::NameAddr<'_>>| end.map(|e| Text::of(e.value)).unwrap_or_default();
        self.from = value(&message.from);
        self.to = value(&message.to);
    }
}

fn reason(message: &Message<'_>) -> Text {
    message.reasons.first().map(|r| Text::of(r)).unwrap_or_default()
}

/// Different pairs of ends among the legs, in either direction.
fn hops(legs: &[&Leg]) -> u32 {
    let mut pairs: SmallVec<[(Endpoint, Endpoint); 4]> = legs
        .iter()
        .map(|l| (l.flow.source.min(l.flow.destination), l.flow.source.max(l.flow.destination)))
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs.len() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::fixture::{leg, ms, origin, with_message};

    const A: &str = "10.0.0.1:5060";
    const S: &str = "10.0.0.2:5060";
    const B: &str = "10.0.0.3:5060";

    /// Notes messages as start line, CSeq method and further header lines, in frames from 1 on.
    fn gathered(messages: &[(&str, &str, &[&str], Bin)]) -> Gathering {
        let mut gathering = Gathering::default();
        for ((start, method, headers, bin), n) in messages.iter().zip(1..) {
            let cseq = format!("CSeq: 1 {method}");
            let mut lines = vec![*start, "Via: SIP/2.0/UDP h", &cseq, "Call-ID: c", "To: B <sip:b@h>"];
            lines.extend(*headers);
            with_message(&lines, |m| gathering.note(m, &origin(A, S, n, 0, 0), *bin));
        }
        gathering
    }

    #[test]
    fn the_first_invite_and_the_deciding_final_tell() {
        let from: &[&str] = &["From: \"A\" <sip:a@h>;tag=1", "User-Agent: phone/1"];
        let busy: &[&str] = &["Server: gw/2", "Reason: Q.850;cause=17"];
        let messages = [
            ("INVITE sip:1@s SIP/2.0", "INVITE", from, Bin::First),
            ("INVITE sip:1@s SIP/2.0", "INVITE", from, Bin::Retransmission),
            ("INVITE sip:1@b SIP/2.0", "INVITE", &["User-Agent: other"][..], Bin::HopCopy),
            ("SIP/2.0 100 Trying", "INVITE", &["Server: proxy"][..], Bin::First),
            ("SIP/2.0 503 Later", "INVITE", &["Reason: SIP;cause=503"][..], Bin::First),
            ("SIP/2.0 486 Am Apparat", "INVITE", busy, Bin::First),
        ];
        let p = gathered(&messages).finish(
            StatusCode::new(486),
            &[&leg(A, S, &[(1, 1)], 0), &leg(S, B, &[(2, 1)], 1), &leg(S, A, &[(3, 1)], 2)],
        );
        let texts = [&p.from, &p.to, &p.uri, &p.user_agent, &p.server, &p.phrase, &p.reason];
        assert_eq!(
            texts.map(Text::to_string),
            [
                "\"A\" <sip:a@h>;tag=1",
                "B <sip:b@h>",
                "sip:1@s",
                "phone/1",
                "gw/2",
                "Am Apparat",
                "Q.850;cause=17"
            ]
        );
        assert_eq!((p.messages, p.retransmissions, p.hop_copies, p.hops), (6, 1, 1, 2));
        assert_eq!((p.last, p.last_frame.number, p.transport), (ms(6), 6, Some(Transport::Udp)));
    }

    #[test]
    fn what_hung_up_gives_the_reason_and_what_came_earlier_is_not_lost() {
        let bye: &[&str] = &["Reason: Q.850;cause=16"];
        let mut now = gathered(&[("BYE sip:b@h SIP/2.0", "BYE", bye, Bin::First)]);
        now.absorb(gathered(&[("SIP/2.0 200 Fine", "INVITE", &["From: <sip:a@h>;tag=1"], Bin::First)]));
        let p = now.finish(StatusCode::new(200), &[]);
        assert_eq!(
            [p.from, p.phrase, p.reason].map(|t| t.to_string()),
            ["<sip:a@h>;tag=1", "Fine", "Q.850;cause=16"]
        );
        assert_eq!((p.messages, p.hops), (2, 0));
    }
}
