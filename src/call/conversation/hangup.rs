//! Sessions: what answered attempts established, refreshed and ended by requests of the dialog.

use smallvec::SmallVec;

use crate::sip::Message;
use crate::time::{Nanos, Timestamp};
use crate::transaction::{Bin, Exchange, Keys, Leg, Step, TIMER_B};

use super::super::facts;
use super::super::legs::Legs;
use super::super::observer::{Bye, Call, Observer, Party, Session};
use super::super::session::{self, ByeSeen, OpenSession, Refresh};
use super::{Conversation, MAX_OPEN, Surroundings};

/// Answered within this and without any provisional: an announcement, a voicemail, a machine.
const INSTANT: Nanos = Nanos::from_secs(1);

impl Conversation {
    /// A BYE or its answer: who hung up, and whether it was heard. A BYE that was challenged or
    /// refused and is sent again with a higher CSeq number is the same hanging up.
    pub(super) fn bye_step(
        &mut self,
        e: usize,
        keys: &Keys,
        message: &Message<'_>,
        step: &Step,
        time: Timestamp,
    ) {
        let x = &self.exchanges[e];
        let (from, to, cseq, answered) = (x.from, x.to, x.cseq, session::answered_at(x));
        let mut early_bye = false;
        if message.request_method().is_some() && step.bin == Bin::First {
            for i in 0..self.attempts.len() {
                let a = &self.attempts[i];
                let early =
                    a.from == keys.from && !a.retired && !self.legs_of(a.id).any(|l| l.success.is_some());
                self.attempts[i].early_bye |= early;
                early_bye |= early;
            }
        }
        if let Some(bye) = self.byes.iter_mut().find(|b| b.from == from && b.to == to && !b.over) {
            if cseq > bye.latest {
                (bye.latest, bye.answered) = (cseq, None);
            }
            if cseq == bye.latest {
                bye.answered = bye.answered.or(answered);
            }
        } else if self.byes.len() < MAX_OPEN {
            let cause = message.request_method().and_then(|_| facts::cause(message));
            self.byes.push(ByeSeen {
                from,
                to,
                first: cseq,
                latest: cseq,
                at: time,
                answered,
                over: false,
                cause,
                early: early_bye,
            });
        }
    }

    /// In-dialog INVITE or UPDATE: remembers whether the last refresh worked.
    pub(super) fn refresh_step(&mut self, e: usize, message: &Message<'_>, time: Timestamp) {
        match message.status() {
            None if self.exchanges[e].to != 0
                && self.refresh.is_none_or(|r| r.started != self.exchanges[e].started) =>
            {
                self.refresh = Some(Refresh { started: self.exchanges[e].started.min(time), worked: false });
            }
            Some(status) if status.is_final() && !matches!(status.get(), 408 | 481) => {
                if let Some(r) = &mut self.refresh {
                    r.worked = true;
                }
            }
            _ => {}
        }
    }

    /// A BYE's exchange is over. One that was sent again with a higher CSeq number is not the end.
    pub(super) fn close_bye(
        &mut self,
        x: &Exchange,
        legs: &Legs<'_>,
        now: Timestamp,
        around: &mut Surroundings<'_, impl Observer>,
    ) {
        let leg = legs.references().find(|l| !l.is_open()).or_else(|| legs.references().next());
        let silent = leg.is_some_and(|l| l.is_open() && now - l.requested.unwrap_or(l.started) >= TIMER_B);
        let end = leg.and_then(|l| l.ended);
        let success = end.is_some_and(|f| f.status.is_success());
        let seen = self.byes.iter_mut().find(|b| b.from == x.from && b.to == x.to && !b.over);
        if !success && seen.as_ref().is_some_and(|bye| bye.latest > x.cseq) {
            return;
        }
        let sent = match &seen {
            Some(bye) if bye.first != x.cseq => Some(bye.at),
            _ => leg.and_then(|l| l.requested),
        };
        let delay = sent.and_then(|sent| Some(end?.at - sent)).filter(|d| *d >= Nanos::ZERO);
        around.observer.bye(&Bye { status: end.map(|f| f.status), delay, silent });
        if let Some(seen) = seen {
            seen.answered = seen.answered.or(session::answered_at(x));
            seen.over = silent || seen.answered.is_some();
        }
    }

    /// Sessions whose BYEs are over, and at the `end` of the capture all others.
    pub(super) fn close_sessions(
        &mut self,
        end: Option<Timestamp>,
        around: &mut Surroundings<'_, impl Observer>,
    ) {
        if self.exchanges.is_empty() {
            self.byes.iter_mut().for_each(|b| b.over = true);
        }
        let mut i = 0;
        while i < self.sessions.len() {
            match self.sessions[i].end(&self.byes, self.refresh, end) {
                Some(session) => {
                    around.observer.session(&session);
                    let mut gone = self.sessions.remove(i);
                    self.byes.retain(|b| !gone.has(b));
                    if let Some(attempt) = gone.call.take() {
                        around.observer.call(Call { attempt: *attempt, session: Some(session) });
                    }
                }
                None => i += 1,
            }
        }
        if self.attempts.is_empty() {
            self.close_foreign_byes(end.is_some(), around);
        }
    }

    /// BYEs that no session claims. One in a dialog that was answered here ends the far side of a
    /// B2BUA, or comes after the end; otherwise its call began before the capture.
    fn close_foreign_byes(&mut self, all: bool, around: &mut Surroundings<'_, impl Observer>) {
        let sessions = &self.sessions;
        let foreign = |b: &mut ByeSeen| (all || b.over) && !sessions.iter().any(|s| s.has(b));
        let mut over: SmallVec<[ByeSeen; 1]> = extract(&mut self.byes, foreign);
        over.sort_by_key(|b| b.at);
        for bye in over {
            if bye.early || self.tags.is_pair_confirmed(bye.from, bye.to) {
                continue;
            }
            // The other side's BYE, if it comes, ends the same call.
            self.tags.confirm(bye.from, bye.to);
            around.observer.session(&Session {
                started: None,
                ended: Some(bye.at),
                completed: bye.answered.is_some(),
                failed: bye.answered.is_none(),
                lost: false,
                instant: false,
                by: Party::Unknown,
                refresh_failed: false,
                cause: bye.cause,
            });
        }
    }
}

/// What the answer of an attempt established: the dialogs of all 2xx on reference legs, or of the
/// first further down, from the first of them on. `setup`: first INVITE of the attempt to it.
pub(super) fn session_of(
    exchanges: &[&Exchange],
    legs: &Legs<'_>,
    setup: Option<Nanos>,
) -> Option<OpenSession> {
    let first = |l: &&Leg| l.success;
    let answered = |l: &&Leg| l.success.is_some();
    let mut dialogs: SmallVec<[u64; 1]> = SmallVec::new();
    let near = legs.references().filter(answered).min_by_key(first);
    let leg = near.or_else(|| legs.downstream().filter(answered).min_by_key(first))?;
    let all = legs.references().filter(|_| near.is_some()).filter(answered);
    for tag in all.chain([leg]).flat_map(|l| &l.answerers) {
        if !dialogs.contains(tag) && dialogs.len() < MAX_OPEN {
            dialogs.push(*tag);
        }
    }
    let (started, _) = leg.success?;
    let exchange = legs.exchange_of(leg.key)?;
    let from = exchanges.get(exchange)?.from;
    let progress = legs.in_exchange(exchange).any(|l| l.progress.is_some());
    let instant = !progress && setup.is_some_and(|t| t < INSTANT);
    Some(OpenSession { from, dialogs, started, instant, call: None })
}

fn extract(byes: &mut Vec<ByeSeen>, mut which: impl FnMut(&mut ByeSeen) -> bool) -> SmallVec<[ByeSeen; 1]> {
    let mut out = SmallVec::new();
    byes.retain_mut(|bye| {
        let gone = which(bye);
        if gone {
            out.push(*bye);
        }
        !gone
    });
    out
}

/// A session that is forgotten for lack of room.
pub(super) fn lose(session: OpenSession, around: &mut Surroundings<'_, impl Observer>) {
    around.observer.evicted("sessions", 1, false);
    let lost = Session {
        started: Some(session.started),
        ended: None,
        completed: false,
        failed: false,
        lost: true,
        instant: session.instant,
        by: Party::Unknown,
        refresh_failed: false,
        cause: None,
    };
    around.observer.session(&lost);
    if let Some(attempt) = session.call {
        around.observer.call(Call { attempt: *attempt, session: Some(lost) });
    }
}
