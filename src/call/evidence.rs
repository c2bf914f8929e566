//! Initial or in-dialog? Rules D1 to D6, for one Call-ID.
//!
//! The To tag of a request decides. Where only replies were captured, what else passed under the
//! Call-ID has to tell; the memory of that is here, bounded.

use smallvec::SmallVec;

use crate::sip::{Message, StatusCode};
use crate::transaction::{Exchange, Keys, MethodKey};

/// To tags, dialogs and tag pairs kept of one Call-ID, each.
const MAX_TAGS: usize = 32;

/// The tags seen under one Call-ID.
#[derive(Clone, Debug, Default)]
pub(super) struct Tags {
    /// Dialogs confirmed by a 2xx to INVITE.
    confirmed: SmallVec<[(u64, u64); 1]>,
    to_tags: SmallVec<[u64; 2]>,
    /// Both tags of in-dialog requests, and of responses to them.
    pairs: SmallVec<[(u64, u64); 1]>,
}

impl Tags {
    /// What sessions that are up still tell.
    pub(super) fn of_sessions(dialogs: impl Iterator<Item = (u64, u64)>) -> Self {
        let mut tags = Self::default();
        for (from, to) in dialogs {
            tags.confirm(from, to);
            push(&mut tags.to_tags, to);
        }
        tags
    }

    /// Dialogs known.
    pub(super) fn dialogs(&self) -> usize {
        self.confirmed.len()
    }

    /// There is, or was, a dialog of these tags.
    pub(super) fn confirm(&mut self, from: u64, to: u64) {
        push(&mut self.confirmed, ordered(from, to));
    }

    /// Whether [`Tags::confirm`] was told of these tags, in either order.
    pub(super) fn is_pair_confirmed(&self, from: u64, to: u64) -> bool {
        self.confirmed.contains(&ordered(from, to))
    }

    /// Learns from `message`. Call it after [`Tags::judge_reply`].
    pub(super) fn learn(&mut self, keys: &Keys, message: &Message<'_>) {
        let (from, to) = (keys.from, keys.to);
        if to == 0 {
            return;
        }
        match message.status() {
            Some(status) => {
                push(&mut self.to_tags, to);
                if keys.method == MethodKey::INVITE && status.is_success() {
                    self.confirm(from, to);
                }
                if tells_of_dialog(keys.method) && !status.is_challenge() {
                    push(&mut self.pairs, ordered(from, to));
                }
            }
            None if !matches!(keys.method, MethodKey::ACK | MethodKey::CANCEL | MethodKey::INVITE) => {
                push(&mut self.pairs, ordered(from, to));
            }
            None => {}
        }
    }

    /// Notes what a response to an INVITE tells while its request is unknown.
    pub(super) fn judge_reply(&self, exchange: &mut Exchange, keys: &Keys, status: StatusCode) {
        let code = status.get();
        let evidence = &mut exchange.evidence;
        if matches!(code, 180..=183 | 300..=399 | 404 | 480 | 486 | 603) {
            evidence.initial_code = true;
        }
        if keys.to == 0 {
            return;
        }
        if code == 100 {
            evidence.tagged_trying.get_or_insert(keys.to);
        }
        if evidence.in_dialog.is_none() {
            let pair = ordered(keys.from, keys.to);
            evidence.in_dialog = Some(
                self.confirmed.contains(&pair)
                    || self.to_tags.contains(&keys.from)
                    || self.pairs.contains(&pair),
            );
        }
    }

    /// Whether `message` of exchange `x` is a final to an out-of-dialog OPTIONS that means "alive".
    pub(super) fn is_alive_answer(&self, x: &Exchange, keys: &Keys, message: &Message<'_>) -> bool {
        let is_alive = |s: StatusCode| s.is_final() && !matches!(s.get(), 408 | 500 | 502 | 503 | 504);
        x.method == MethodKey::OPTIONS
            && message.status().is_some_and(is_alive)
            && if x.requested { x.to == 0 } else { !self.is_pair_confirmed(keys.from, keys.to) }
    }
}

/// D2 to D6 for an INVITE without a captured request. `tags_trying`: its answerer is known to put
/// To tags into the 100 of initial INVITEs.
pub(super) fn is_in_dialog(exchange: &Exchange, tags_trying: bool) -> bool {
    let evidence = exchange.evidence;
    let by_trying = evidence
        .tagged_trying
        .is_some_and(|tag| !evidence.initial_code && !tags_trying && exchange.tags.iter().all(|t| *t == tag));
    by_trying || evidence.in_dialog == Some(true)
}

/// D5: methods whose responses carry the tags of a dialog.
fn tells_of_dialog(method: MethodKey) -> bool {
    // BYE, OPTIONS, PRACK, NOTIFY, INFO, REFER, MESSAGE, UPDATE by their index.
    matches!(method.index(), Some(2 | 5 | 6 | 8 | 10 | 11 | 12 | 13))
}

fn ordered(a: u64, b: u64) -> (u64, u64) {
    (a.min(b), a.max(b))
}

fn push<T: PartialEq, const N: usize>(list: &mut SmallVec<[T; N]>, item: T)
where
    [T; N]: smallvec::Array<Item = T>,
{
    if list.len() < MAX_TAGS && !list.contains(&item) {
        list.push(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::fixture::{ms, with_message};

    /// Replies of one Call-ID in order: code, CSeq number and method, From tag, To tag. Whether the
    /// last INVITE among them is in a dialog.
    fn in_dialog(replies: &[(u16, &str, &str, &str)], tags_trying: bool) -> bool {
        let mut tags = Tags::default();
        let mut exchanges: Vec<Exchange> = Vec::new();
        for (code, cseq, from, to) in replies {
            let to = if to.is_empty() { "To: <sip:b@h>".into() } else { format!("To: <sip:b@h>;tag={to}") };
            let (start, cseq) = (format!("SIP/2.0 {code} X"), format!("CSeq: {cseq}"));
            let from = format!("From: <sip:a@h>;tag={from}");
            let lines = [&start, "Via: SIP/2.0/UDP h;branch=z9hG4bK1", &cseq, &from, &to, "Call-ID: c"];
            with_message(&lines, |m| {
                let keys = Keys::of(m).unwrap();
                if keys.method == MethodKey::INVITE {
                    let at = exchanges.iter().position(|x| x.matches(&keys, false)).unwrap_or_else(|| {
                        exchanges.push(Exchange::new(&keys, m, ms(0)));
                        exchanges.len() - 1
                    });
                    tags.judge_reply(&mut exchanges[at], &keys, m.status().unwrap());
                    if keys.to != 0 {
                        exchanges[at].tags.push(keys.to);
                    }
                }
                tags.learn(&keys, m);
            });
        }
        is_in_dialog(exchanges.last().unwrap(), tags_trying)
    }

    #[test]
    fn replies_alone_tell_a_dialog() {
        for (what, replies, tags_trying, expected) in [
            ("D2", vec![(100, "1 INVITE", "f", "t"), (200, "1 INVITE", "f", "t")], false, true),
            (
                "D2, but it tags any 100",
                vec![(100, "1 INVITE", "f", "t"), (200, "1 INVITE", "f", "t")],
                true,
                false,
            ),
            ("D2, another tag", vec![(100, "1 INVITE", "f", "t"), (200, "1 INVITE", "f", "u")], false, false),
            ("D2, it rang", vec![(100, "1 INVITE", "f", "t"), (180, "1 INVITE", "f", "t")], false, false),
            ("D3", vec![(200, "1 INVITE", "f", "t"), (200, "2 INVITE", "f", "t")], false, true),
            (
                "D3, the other way round",
                vec![(200, "1 INVITE", "f", "t"), (200, "9 INVITE", "t", "f")],
                false,
                true,
            ),
            ("D4", vec![(180, "1 INVITE", "f", "t"), (200, "9 INVITE", "t", "x")], false, true),
            ("D5", vec![(200, "3 INFO", "f", "t"), (200, "4 INVITE", "f", "t")], false, true),
            (
                "D5, a challenge",
                vec![(401, "3 MESSAGE", "f", "t"), (200, "4 INVITE", "f", "t")],
                false,
                false,
            ),
            ("D6", vec![(100, "1 INVITE", "f", ""), (200, "1 INVITE", "f", "t")], false, false),
        ] {
            assert_eq!(in_dialog(&replies, tags_trying), expected, "{what}");
        }
    }
}
