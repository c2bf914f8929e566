//! What answered INVITEs established, until a BYE ends it.
//!
//! A session is remembered by its tags and its start alone; a long call costs a few dozen bytes.

use smallvec::SmallVec;

use crate::time::{Nanos, Timestamp};
use crate::transaction::{Exchange, TIMER_B};

use super::observer::{Attempt, Party, Protocol, Session};

/// A BYE this soon after a failed session refresh follows from it.
const AFTER_REFRESH: Nanos = Nanos::from_secs(40);

/// A session that has not ended.
#[derive(Clone, Debug)]
pub(super) struct OpenSession {
    /// The attempt's From tag.
    pub(super) from: u64,
    /// To tags of its dialogs; empty if the 2xx carried none.
    pub(super) dialogs: SmallVec<[u64; 1]>,
    /// First 2xx on the reference leg.
    pub(super) started: Timestamp,
    /// See [`Session::instant`].
    pub(super) instant: bool,
    /// The attempt that established it, for who wants to be told of it again.
    pub(super) call: Option<Box<Attempt>>,
}

/// A BYE that was seen, until its session takes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ByeSeen {
    pub(super) from: u64,
    pub(super) to: u64,
    /// CSeq numbers of the first BYE and of the last: a challenged one is sent again.
    pub(super) first: u64,
    pub(super) latest: u64,
    /// When it was first sent.
    pub(super) at: Timestamp,
    /// When the last got its first final.
    pub(super) answered: Option<Timestamp>,
    /// Its transaction is over.
    pub(super) over: bool,
    pub(super) cause: Option<(Protocol, u32)>,
    /// It gave up a call that was not answered yet.
    pub(super) early: bool,
}

impl ByeSeen {
    /// The other side's tag, in a dialog of the side with this `tag`; `None` if it is another's.
    pub(super) fn other_than(&self, tag: u64) -> Option<u64> {
        if self.from == tag { Some(self.to) } else { (self.to == tag).then_some(self.from) }
    }
}

/// The last in-dialog INVITE or UPDATE: a session refresh, perhaps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refresh {
    pub(super) started: Timestamp,
    /// It got a final other than 408 and 481.
    pub(super) worked: bool,
}

impl OpenSession {
    /// Whether the BYE with these tags ends one of its dialogs.
    pub(super) fn has(&self, bye: &ByeSeen) -> bool {
        let theirs = |tag| self.dialogs.is_empty() || self.dialogs.contains(&tag);
        bye.other_than(self.from).is_some_and(theirs)
    }

    /// The session's end, if every dialog has had a BYE whose transaction is over; or, at the
    /// `end` of the capture, what is known by then.
    pub(super) fn end(
        &self,
        byes: &[ByeSeen],
        refresh: Option<Refresh>,
        end: Option<Timestamp>,
    ) -> Option<Session> {
        let ours: SmallVec<[&ByeSeen; 2]> = byes.iter().filter(|b| self.has(b)).collect();
        let first = ours.iter().min_by_key(|b| b.at).copied();
        let dialogs = self.dialogs.len().max(1);
        let hung_up = |tag: u64| ours.iter().any(|b| b.over && (b.from == tag || b.to == tag));
        let closed = if self.dialogs.is_empty() {
            ours.iter().any(|b| b.over)
        } else {
            self.dialogs.iter().filter(|tag| hung_up(**tag)).count() == dialogs
        };
        if !closed && end.is_none() {
            return None;
        }
        let mut session = Session {
            started: Some(self.started),
            ended: None,
            completed: false,
            failed: false,
            lost: false,
            instant: self.instant,
            by: Party::Unknown,
            refresh_failed: false,
            cause: None,
        };
        if let (true, Some(first)) = (closed, first) {
            session.ended = Some(self.ended(&ours, first));
            session.completed = ours.iter().all(|b| b.answered.is_some() || self.crossed(b, &ours));
            session.failed = !session.completed;
            session.by = self.party(first, &ours);
            session.cause = first.cause;
            session.refresh_failed = refresh
                .is_some_and(|r| !r.worked && first.at >= r.started && first.at - r.started <= AFTER_REFRESH);
        }
        Some(session)
    }

    /// The first BYE of the dialog that was hung up last; `first` is the first of all. The other
    /// side's BYE in the same dialog, however late, ends nothing any more.
    fn ended(&self, byes: &[&ByeSeen], first: &ByeSeen) -> Timestamp {
        let of = |tag: u64| byes.iter().filter(move |b| b.from == tag || b.to == tag).map(|b| b.at).min();
        self.dialogs.iter().filter_map(|tag| of(*tag)).fold(first.at, Timestamp::max)
    }

    /// A BYE without answer whose dialog another BYE ended properly is no failure.
    fn crossed(&self, bye: &ByeSeen, all: &[&ByeSeen]) -> bool {
        all.iter().any(|b| b.answered.is_some() && b.from == bye.to && b.to == bye.from)
    }

    fn party(&self, first: &ByeSeen, all: &[&ByeSeen]) -> Party {
        let until = first.answered.unwrap_or(first.at + TIMER_B);
        let crossing = all.iter().any(|b| b.from != first.from && b.from == first.to && b.at <= until);
        match (crossing, first.from == self.from) {
            (true, _) => Party::Both,
            (false, true) => Party::Caller,
            (false, false) => Party::Callee,
        }
    }
}

/// When a BYE's exchange got its first final.
pub(super) fn answered_at(exchange: &Exchange) -> Option<Timestamp> {
    exchange.legs.iter().filter_map(|l| l.ended.map(|f| f.at)).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::fixture::ms;

    fn bye(from: u64, to: u64, at: i64, answered: Option<i64>) -> ByeSeen {
        let answered = answered.map(ms);
        ByeSeen { from, to, first: 2, latest: 2, at: ms(at), answered, over: true, cause: None, early: false }
    }

    fn session(dialogs: &[u64]) -> OpenSession {
        OpenSession { from: 1, dialogs: dialogs.into(), started: ms(0), instant: false, call: None }
    }

    #[test]
    fn sessions_end_with_their_last_dialog() {
        let one = session(&[2]);
        let two = session(&[2, 3]);
        for (what, session, byes, expected) in [
            ("the caller", &one, vec![bye(1, 2, 10, Some(11))], Some((Party::Caller, true, 10))),
            ("the callee", &one, vec![bye(2, 1, 10, Some(11))], Some((Party::Callee, true, 10))),
            ("both", &one, vec![bye(2, 1, 10, Some(12)), bye(1, 2, 11, None)], Some((Party::Both, true, 10))),
            (
                "the callee, the caller half a minute later",
                &one,
                vec![bye(2, 1, 10, Some(12)), bye(1, 2, 30_010, Some(30_012))],
                Some((Party::Callee, true, 10)),
            ),
            ("a silent one", &one, vec![bye(1, 2, 10, None)], Some((Party::Caller, false, 10))),
            ("another dialog's", &one, vec![bye(1, 9, 10, Some(11))], None),
            ("one of two", &two, vec![bye(1, 2, 10, Some(11))], None),
            (
                "both of two",
                &two,
                vec![bye(1, 3, 5, Some(6)), bye(1, 2, 10, Some(11))],
                Some((Party::Caller, true, 10)),
            ),
        ] {
            let ended = session.end(&byes, None, None).map(|s| (s.by, s.completed, s.ended));
            assert_eq!(ended, expected.map(|(by, ok, at)| (by, ok, Some(ms(at)))), "{what}");
        }
        let up = one.end(&[], None, Some(ms(99))).unwrap();
        assert_eq!((up.ended, up.completed, up.failed), (None, false, false));
    }

    #[test]
    fn a_bye_soon_after_a_failed_refresh_follows_from_it() {
        for (worked, at, expected) in [(false, 50_000, true), (false, 50_001, false), (true, 20_000, false)] {
            let refresh = Some(Refresh { started: ms(10_000), worked });
            let ended = session(&[2]).end(&[bye(1, 2, at, Some(at))], refresh, None).unwrap();
            assert_eq!(ended.refresh_failed, expected, "{worked} {at}");
        }
    }
}
