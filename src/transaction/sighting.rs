//! The five questions: which bin a message falls into.
//!
//! A *sighting* is one message's identity on one hop, with how often each tap saw it. Whether a
//! message is the same as an earlier one on the same leg, or on another leg of the same exchange,
//! is asked here and nowhere else.

use smallvec::SmallVec;

use crate::flow::Tap;
use crate::time::{Nanos, Timestamp};

use super::Bin;
use super::leg::Leg;
use super::relation::{is_downstream, is_related};

/// (code, To tag) or request records kept in one exchange.
pub(super) const MAX_SIGHTINGS: usize = 64;
/// Taps told apart in one sighting; a further one is taken for the last.
const MAX_TAPS: usize = 8;

/// What a message is, within its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// Status code; 0 for a request.
    pub(super) code: u16,
    /// For requests the method's number; for responses To tag and RSeq folded, 0 where hop-by-hop
    /// answers leave the tag out.
    pub(super) detail: u64,
    /// On one leg the To tag does not matter: 3xx–6xx, and finals to anything but INVITE.
    pub(super) any_tag: bool,
    /// A response with a To tag that counts: distinct addresses then mean another hop.
    pub(super) tagged: bool,
}

/// One message as it passed a tap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    /// Its ends as a number: only ever compared. See [`Flow::key`].
    pub(super) flow: u64,
    /// The tap.
    pub(super) tap: Tap,
    /// When.
    pub(super) time: Timestamp,
    /// Hash of its start line and header section.
    pub(super) head: u64,
    /// IPv4 identification, 0 for none.
    pub(super) ip_id: u16,
}

/// One identity on one hop, as one tap saw it.
///
/// An identity on a leg between two ends has one of these for each tap, the first of them in the
/// order of [`Sightings`]; all of them carry the detail of the first. Every response costs one, so
/// they are as small as can be.
#[derive(Clone, Copy, Debug)]
struct Sighting {
    detail: u64,
    flow: u64,
    tap: Tap,
    /// When the last copy came, its bytes as a hash, and its IPv4 identification.
    time: Timestamp,
    head: u64,
    copies: u32,
    ip_id: u16,
    /// Ten bits of code, five of leg number, and one for the first tap that saw the identity on its
    /// hop.
    place: u16,
}

/// All sightings of one exchange. An INVITE that is answered has four: itself, 100, 180 and 200.
#[derive(Clone, Debug, Default)]
pub(super) struct Sightings(SmallVec<[Sighting; 4]>);

/// Bit of [`Sighting::place`]; the bits of the leg lie above it, those of the code above them.
const FIRST: u16 = 1;
const LEG: u16 = 0x3E;
const CODE: u16 = !(FIRST | LEG);

/// The answer for one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The bin.
    pub(super) bin: Bin,
    /// The table was full: counted as a first sighting, and not remembered.
    pub(super) refused: bool,
}

/// How often an identity was seen on a leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Copies {
    /// By the tap that is asked about.
    pub(super) here: u32,
    /// By the tap that saw it most.
    pub(super) most: u32,
    /// When the tap that is asked about last saw it; `None` if it did not.
    pub(super) last: Option<Timestamp>,
}

impl Sightings {
    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Which bin `pass` of `identity` on leg number `leg` falls into; remembers it.
    ///
    /// `legs` are all legs of the exchange, `window` the time within which equal bytes are one
    /// packet captured twice.
    pub(super) fn note(
        &mut self,
        identity: Identity,
        leg: usize,
        pass: Pass,
        legs: &[Leg],
        window: Nanos,
    ) -> Answer {
        if let Some(first) = self.0.iter().find(|s| s.is(&identity, leg) && s.flow == pass.flow) {
            let known = Identity { detail: first.detail, ..identity };
            return Answer { bin: self.again(known, leg, pass, window), refused: false };
        }
        let bin = self.first_on_hop(identity, leg, pass.flow, legs);
        let refused = self.0.len() >= MAX_SIGHTINGS
            && self.0.iter().filter(|s| s.place & FIRST != 0).count() >= MAX_SIGHTINGS;
        if !refused {
            let mut new = Sighting::new(identity, leg, pass);
            (new.copies, new.place) = (1, new.place | FIRST);
            self.0.push(new);
        }
        Answer { bin, refused }
    }

    /// Questions 1 to 3: the hop has not shown this identity before.
    fn first_on_hop(&self, identity: Identity, leg: usize, flow: u64, legs: &[Leg]) -> Bin {
        // The same transaction between other addresses: NAT, a balancer, a container's bridge.
        if self.0.iter().any(|s| s.is(&identity, leg)) {
            return Bin::HopCopy;
        }
        let (mut known, mut same_ends) = (false, false);
        let place = place(identity.code, leg);
        for s in self.0.iter().filter(|s| (s.place ^ place) & CODE == 0 && (s.place ^ place) & LEG != 0) {
            let same = s.detail == identity.detail;
            let (Some(ours), Some(theirs)) = (legs.get(leg), legs.get(s.leg())) else { continue };
            if same && is_related(ours, theirs) {
                return Bin::HopCopy;
            }
            // RFC 3261 16.7: a proxy SHOULD keep the To tag of the final it passes on.
            if identity.code >= 300 && is_downstream(theirs, ours) {
                return Bin::HopCopy;
            }
            known |= same;
            same_ends |= same && s.flow == flow;
        }
        if known && identity.tagged && !same_ends { Bin::HopCopy } else { Bin::First }
    }

    /// Questions 4 and 5: the hop has shown this identity before.
    fn again(&mut self, identity: Identity, leg: usize, pass: Pass, window: Nanos) -> Bin {
        let ours = |s: &Sighting| s.is(&identity, leg) && s.flow == pass.flow;
        let elsewhere = self.0.iter().filter(|s| ours(s) && s.tap != pass.tap);
        let most_elsewhere = elsewhere.map(|s| s.copies).max();
        let Some(at) =
            self.0.iter().position(|s| ours(s) && s.tap == pass.tap).or_else(|| self.last_tap(ours))
        else {
            self.0.push(Sighting { copies: 1, ..Sighting::new(identity, leg, pass) });
            return Bin::CaptureDuplicate;
        };
        let seen = &mut self.0[at];
        let before = *seen;
        (seen.time, seen.head, seen.ip_id) = (pass.time, pass.head, pass.ip_id);
        let same_packet = if before.ip_id != 0 && pass.ip_id != 0 {
            before.ip_id == pass.ip_id
        } else {
            before.head == pass.head && pass.time - before.time <= window && before.time - pass.time <= window
        };
        if same_packet {
            // A copy of the packet, not of the message: the tap has seen the message no oftener.
            return Bin::CaptureDuplicate;
        }
        seen.copies = seen.copies.saturating_add(1);
        if most_elsewhere.is_some_and(|most| seen.copies <= most) {
            Bin::CaptureDuplicate
        } else {
            Bin::Retransmission
        }
    }

    /// The last of the taps of one identity on one hop, if no further one is told apart.
    fn last_tap(&self, ours: impl Fn(&Sighting) -> bool) -> Option<usize> {
        let mut taps = self.0.iter().enumerate().filter(|(_, s)| ours(s)).map(|(i, _)| i);
        taps.nth(MAX_TAPS - 1)
    }

    /// How often and when the tap saw `identity` on leg `leg`, and how often any other did.
    pub(super) fn copies(&self, identity: Identity, leg: usize, tap: Tap) -> Copies {
        let all = self.0.iter().filter(|s| s.is(&identity, leg));
        all.fold(Copies::default(), |mut copies, seen| {
            copies.most = copies.most.max(seen.copies);
            if seen.tap == tap {
                copies.here = copies.here.max(seen.copies);
                copies.last = copies.last.max(Some(seen.time));
            }
            copies
        })
    }

    /// Bits of the taps that saw leg `leg`; see [`Tap::bit`].
    pub(super) fn taps(&self, leg: usize) -> u16 {
        let all = self.0.iter().filter(|s| s.leg() == leg);
        all.fold(0, |bits, seen| bits | seen.tap.bit())
    }
}

impl Sighting {
    fn new(identity: Identity, leg: usize, pass: Pass) -> Self {
        Self {
            detail: identity.detail,
            flow: pass.flow,
            tap: pass.tap,
            time: pass.time,
            head: pass.head,
            copies: 0,
            ip_id: pass.ip_id,
            place: place(identity.code, leg),
        }
    }

    /// Whether it is `identity` on leg number `leg`. Whether the To tag matters follows from the
    /// code and the exchange's method, so it is the same for both.
    fn is(&self, identity: &Identity, leg: usize) -> bool {
        (self.place ^ place(identity.code, leg)) & !FIRST == 0
            && (identity.any_tag || self.detail == identity.detail)
    }

    fn leg(&self) -> usize {
        usize::from((self.place & LEG) >> 1)
    }
}

/// Codes go to 699, and no more than 32 legs are kept.
fn place(code: u16, leg: usize) -> u16 {
    code << 6 | (leg as u16) << 1 & LEG
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::fixture::{flow, leg, ms};

    const A: &str = "10.0.0.1:5060";
    const S: &str = "10.0.0.2:5060";
    const B: &str = "10.0.0.3:5060";

    fn identity(code: u16, tag: u64) -> Identity {
        Identity { code, detail: tag, any_tag: code >= 300, tagged: tag != 0 }
    }

    /// (milliseconds, tap, IP identification, bytes) of copies on one hop, and their bins.
    fn bins(copies: &[(i64, u64, u16, u64)]) -> Vec<Bin> {
        let (mut seen, legs) = (Sightings::default(), [leg(A, S, &[(1, 1)], 0)]);
        let note = |&(at, tap, ip_id, head): &(i64, u64, u16, u64)| {
            let pass =
                Pass { flow: flow(S, A).key(), tap: Tap::default().with(1, tap), time: ms(at), head, ip_id };
            seen.note(identity(486, 7), 0, pass, &legs, Nanos::from_millis(100)).bin
        };
        copies.iter().map(note).collect()
    }

    #[test]
    fn copies_on_one_hop() {
        use Bin::{CaptureDuplicate as D, First as F, Retransmission as R};
        for (what, copies, expected) in [
            ("other identification: sent again", vec![(0, 1, 5, 9), (1, 1, 6, 9)], vec![F, R]),
            ("the same: captured again, however late", vec![(0, 1, 5, 9), (900, 1, 5, 9)], vec![F, D]),
            (
                "without one the window tells",
                vec![(0, 1, 0, 9), (100, 1, 6, 9), (201, 1, 0, 9)],
                vec![F, D, R],
            ),
            ("other bytes were sent again", vec![(0, 1, 0, 9), (1, 1, 0, 8)], vec![F, R]),
            (
                "another tap",
                vec![(0, 1, 5, 9), (700, 2, 5, 9), (500, 1, 6, 9), (1200, 2, 6, 9)],
                vec![F, D, R, D],
            ),
            (
                "the tap that saw most tells",
                vec![(0, 1, 0, 9), (0, 2, 0, 9), (500, 2, 0, 9), (500, 1, 0, 9)],
                vec![F, D, R, D],
            ),
            (
                "a mirrored tap beside another",
                vec![(0, 1, 5, 9), (0, 1, 5, 9), (0, 2, 5, 9), (500, 2, 6, 9)],
                vec![F, D, D, R],
            ),
        ] {
            assert_eq!(bins(&copies), expected, "{what}");
        }
    }

    #[test]
    fn copies_on_other_hops() {
        let legs = [
            leg(A, S, &[(1, 1)], 0),
            leg(S, B, &[(2, 1), (1, 1)], 1),
            leg(S, B, &[(2, 2), (1, 1)], 2),
            leg(S, A, &[(2, 3), (1, 1)], 3),
        ];
        let second = |first: (u16, u64, usize, (&str, &str)), then: (u16, u64, usize, (&str, &str))| {
            let mut seen = Sightings::default();
            let mut note = |(code, tag, leg, (from, to)): (u16, u64, usize, (&str, &str))| {
                let pass =
                    Pass { flow: flow(from, to).key(), tap: Tap::default(), time: ms(0), head: 0, ip_id: 0 };
                seen.note(identity(code, tag), leg, pass, &legs, Nanos::ZERO).bin
            };
            note(first);
            note(then)
        };
        for (what, first, then, expected) in [
            ("upstream of it", (180, 7, 1, (B, S)), (180, 7, 0, (S, A)), Bin::HopCopy),
            ("upstream, a tag of its own", (486, 7, 1, (B, S)), (486, 8, 0, (S, A)), Bin::HopCopy),
            ("upstream, but a provisional", (180, 7, 1, (B, S)), (180, 8, 0, (S, A)), Bin::First),
            ("other addresses, the same T-key", (180, 7, 1, (B, S)), (180, 7, 1, (B, A)), Bin::HopCopy),
            ("a sibling between the same addresses", (200, 7, 1, (B, S)), (200, 7, 2, (B, S)), Bin::First),
            ("a sibling elsewhere with the same tag", (200, 7, 1, (B, S)), (200, 7, 3, (A, S)), Bin::HopCopy),
            ("a sibling elsewhere without tag", (200, 0, 1, (B, S)), (200, 0, 3, (A, S)), Bin::First),
        ] {
            assert_eq!(second(first, then), expected, "{what}");
        }
    }

    #[test]
    fn a_sighting_takes_less_than_a_cache_line() {
        assert_eq!(size_of::<Sighting>(), 48);
    }

    #[test]
    fn a_full_table_counts_on_and_says_so() {
        let (mut seen, legs) = (Sightings::default(), [leg(A, S, &[(1, 1)], 0)]);
        for tag in 0..MAX_SIGHTINGS as u64 + 2 {
            let pass = Pass { flow: flow(S, A).key(), tap: Tap::default(), time: ms(0), head: 0, ip_id: 0 };
            let answer = seen.note(identity(180, tag + 1), 0, pass, &legs, Nanos::ZERO);
            assert_eq!(answer, Answer { bin: Bin::First, refused: tag >= MAX_SIGHTINGS as u64 });
        }
    }
}
