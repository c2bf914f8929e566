//! Answered calls: how long, who hung up, and how many at once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::call::{Bye, Party, Protocol, Session};
use crate::stats::admission::Names;
use crate::stats::histogram::Histogram;
use crate::stats::serial::{pairs, wide};
use crate::stats::series::Series;
use crate::stats::summary::{DelayKind, Duration, Load, Release, ReleaseReason, Sessions};
use crate::stats::tally::{add_counts, add_histograms};
use crate::time::{Nanos, Timestamp};

/// All sessions and BYEs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionTally {
    sessions: Sessions,
    #[serde(with = "wide")]
    started_sum: i128,
    open: u64,
    #[serde(with = "wide")]
    answered_ns: i128,
    ended: u64,
    #[serde(with = "wide")]
    ended_ns: i128,
    short: u64,
    instant: u64,
    before_capture: u64,
    by: [u64; 4],
    #[serde(with = "pairs")]
    reasons: BTreeMap<(Party, Protocol, u32), u64>,
    reasons_refused: u64,
    bye_2xx: u64,
    bye_481: u64,
    bye_other: u64,
    bye_none: u64,
    dropped: u64,
    refresh_failed: u64,
    /// Attempts by second.
    pub(super) attempts: Series,
    /// Calls by tenth of a second.
    calls: Series,
    pub(super) delays: BTreeMap<DelayKind, Histogram>,
}

impl Default for SessionTally {
    fn default() -> Self {
        Self {
            sessions: Sessions::default(),
            started_sum: 0,
            open: 0,
            answered_ns: 0,
            ended: 0,
            ended_ns: 0,
            short: 0,
            instant: 0,
            before_capture: 0,
            by: [0; 4],
            reasons: BTreeMap::new(),
            reasons_refused: 0,
            bye_2xx: 0,
            bye_481: 0,
            bye_other: 0,
            bye_none: 0,
            dropped: 0,
            refresh_failed: 0,
            attempts: Series::of_seconds(),
            calls: Series::of_tenths(),
            delays: BTreeMap::new(),
        }
    }
}

impl SessionTally {
    pub(super) fn answered(&mut self, at: Timestamp) {
        self.calls.answered(at);
    }

    pub(super) fn session(&mut self, s: &Session, short: Nanos, releases: &mut Names) {
        self.instant += u64::from(s.instant);
        let Some(started) = s.started else {
            // Its beginning was not captured: up since the first frame.
            self.before_capture += 1;
            if let Some(at) = s.ended {
                self.calls.ended(at);
            }
            self.release(s, releases);
            return;
        };
        self.sessions.confirmed += 1;
        let Some(ended) = s.ended else {
            self.sessions.up += 1;
            self.sessions.lost += u64::from(s.lost);
            self.open += 1;
            self.started_sum += i128::from(started.as_nanos());
            return;
        };
        self.sessions.completed += u64::from(s.completed);
        self.sessions.failed += u64::from(s.failed);
        let length = (ended - started).max(Nanos::ZERO);
        self.ended += 1;
        self.ended_ns += i128::from(length.as_nanos());
        self.answered_ns += i128::from(length.as_nanos());
        self.short += u64::from(length <= short);
        self.calls.ended(ended);
        let (kind, sample) = if s.completed {
            (DelayKind::Sdt, length)
        } else {
            (DelayKind::SdtFailed, length + Nanos::from_secs(32))
        };
        self.delays.entry(kind).or_default().record(sample);
        self.release(s, releases);
    }

    fn release(&mut self, s: &Session, releases: &mut Names) {
        self.by[s.by as usize] += 1;
        self.refresh_failed += u64::from(s.refresh_failed);
        if let Some((protocol, cause)) = s.cause {
            let key = (s.by, protocol, cause);
            if releases.admit(&key) {
                *self.reasons.entry(key).or_default() += 1;
            } else {
                self.reasons_refused += 1;
            }
            self.dropped += u64::from(match protocol {
                Protocol::Q850 => !matches!(cause, 16 | 31),
                Protocol::Sip => cause >= 400,
            });
        }
    }

    pub(super) fn bye(&mut self, bye: &Bye) {
        match bye.status.map(|s| s.get()) {
            Some(200..=299) => self.bye_2xx += 1,
            Some(481) => self.bye_481 += 1,
            Some(_) => self.bye_other += 1,
            None if bye.silent => self.bye_none += 1,
            None => {}
        }
        if let (Some(status), Some(delay)) = (bye.status, bye.delay) {
            let kind = if status.is_success() { DelayKind::Sdd } else { DelayKind::SddFailed };
            self.delays.entry(kind).or_default().record(delay);
        }
    }

    /// Adds what `other` counted.
    pub(super) fn merge(&mut self, other: Self) {
        let (ours, theirs) = (&mut self.sessions, other.sessions);
        ours.confirmed += theirs.confirmed;
        ours.completed += theirs.completed;
        ours.failed += theirs.failed;
        ours.up += theirs.up;
        ours.lost += theirs.lost;
        self.started_sum += other.started_sum;
        self.answered_ns += other.answered_ns;
        self.ended_ns += other.ended_ns;
        for (a, b) in [
            (&mut self.open, other.open),
            (&mut self.ended, other.ended),
            (&mut self.short, other.short),
            (&mut self.instant, other.instant),
            (&mut self.before_capture, other.before_capture),
            (&mut self.reasons_refused, other.reasons_refused),
            (&mut self.bye_2xx, other.bye_2xx),
            (&mut self.bye_481, other.bye_481),
            (&mut self.bye_other, other.bye_other),
            (&mut self.bye_none, other.bye_none),
            (&mut self.dropped, other.dropped),
            (&mut self.refresh_failed, other.refresh_failed),
        ] {
            *a += b;
        }
        self.by.iter_mut().zip(other.by).for_each(|(a, b)| *a += b);
        add_counts(&mut self.reasons, other.reasons);
        self.attempts.merge(other.attempts);
        self.calls.merge(other.calls);
        add_histograms(&mut self.delays, other.delays);
    }

    pub(super) fn sessions(&self) -> Sessions {
        self.sessions
    }

    /// Calls up while the run goes on: answered ones less ended ones, those that began before included.
    pub(super) fn up_now(&self) -> u64 {
        self.calls.balance(self.before_capture)
    }

    /// The counts that a line of an interval tells, without anything that grows: see [`Tally::figures`].
    ///
    /// [`Tally::figures`]: crate::stats::Tally::figures
    pub(super) fn figures(&self) -> Self {
        Self {
            sessions: self.sessions,
            ended: self.ended,
            // Who began before is up; so is whoever is up now.
            before_capture: self.up_now(),
            ..Self::default()
        }
    }

    pub(super) fn ended(&self) -> u64 {
        self.ended
    }

    /// Reasons that found no room.
    pub(super) fn refused(&self) -> u64 {
        self.reasons_refused
    }

    pub(super) fn duration(&self, end: Timestamp, short_limit: Nanos) -> Duration {
        let open_ns = i128::from(self.open) * i128::from(end.as_nanos()) - self.started_sum;
        let answered_s = (self.answered_ns + open_ns.max(0)) as f64 / 1e9;
        let per_ended = |s: f64| (self.ended > 0).then(|| s / self.ended as f64);
        Duration {
            acd_s: per_ended(answered_s),
            answered_s,
            ended: self.ended,
            still_up: self.open,
            mean_of_ended_s: per_ended(self.ended_ns as f64 / 1e9),
            short: self.short,
            short_limit,
            instant: self.instant,
        }
    }

    pub(super) fn release_figures(&self) -> Release {
        let mut reasons: Vec<ReleaseReason> = self
            .reasons
            .iter()
            .map(|((by, protocol, cause), count)| ReleaseReason {
                by: match by {
                    Party::Caller => "caller",
                    Party::Callee => "callee",
                    Party::Both => "both",
                    Party::Unknown => "unknown",
                },
                protocol: match protocol {
                    Protocol::Q850 => "Q.850".to_owned(),
                    Protocol::Sip => "SIP".to_owned(),
                },
                cause: Some(*cause),
                count: *count,
            })
            .collect();
        reasons.sort_by(|a, b| {
            b.count
                .cmp(&a.count)
                .then_with(|| (a.by, &a.protocol, a.cause).cmp(&(b.by, &b.protocol, b.cause)))
        });
        Release {
            by_caller: self.by[Party::Caller as usize],
            by_callee: self.by[Party::Callee as usize],
            by_both: self.by[Party::Both as usize],
            by_unknown: self.by[Party::Unknown as usize],
            reasons,
            bye_2xx: self.bye_2xx,
            bye_481: self.bye_481,
            bye_other: self.bye_other,
            bye_none: self.bye_none,
            dropped: self.dropped,
            refresh_failed: self.refresh_failed,
        }
    }

    pub(super) fn load(&self, attempts: u64, span: Nanos) -> Load {
        let busiest = self.attempts.busiest();
        let concurrent = self.calls.most_concurrent(self.before_capture);
        let seconds = span.as_secs_f64();
        Load {
            // Over less than a second a rate per second says nothing.
            attempts_per_s: (seconds >= 1.0 && attempts > 0).then(|| attempts as f64 / seconds),
            peak_1s: busiest.map_or(0, |(_, n)| n),
            peak_at: busiest.map(|(at, _)| at),
            concurrent_peak: concurrent.map_or(0, |(_, n)| n),
            concurrent_at: concurrent.map(|(at, _)| at),
            lower_bound: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Admission;

    fn s(n: i64) -> Timestamp {
        Timestamp::from_nanos(n * 1_000_000_000)
    }

    fn call(started: Option<i64>, ended: Option<i64>) -> Session {
        Session {
            started: started.map(s),
            ended: ended.map(s),
            completed: ended.is_some(),
            failed: false,
            lost: false,
            instant: false,
            by: Party::Caller,
            refresh_failed: false,
            cause: None,
        }
    }

    #[test]
    fn acd_is_the_estimator_for_cut_off_observation() {
        let mut t = SessionTally::default();
        for c in [call(Some(0), Some(100)), call(Some(10), Some(16)), call(Some(50), None)] {
            t.answered(c.started.unwrap());
            t.session(&c, Nanos::from_secs(6), &mut Admission::default().releases);
        }
        let d = t.duration(s(150), Nanos::from_secs(6));
        assert_eq!((d.answered_s, d.ended, d.still_up, d.short), (206.0, 2, 1, 1));
        assert_eq!((d.acd_s, d.mean_of_ended_s), (Some(103.0), Some(53.0)));
        assert_eq!(SessionTally::default().duration(s(9), Nanos::ZERO).acd_s, None);
    }

    #[test]
    fn a_call_whose_start_was_not_seen_is_up_since_the_beginning() {
        let mut t = SessionTally::default();
        t.answered(s(5));
        t.session(&call(Some(5), Some(9)), Nanos::ZERO, &mut Admission::default().releases);
        t.session(&call(None, Some(7)), Nanos::ZERO, &mut Admission::default().releases);
        assert_eq!(t.load(1, Nanos::from_secs(10)).concurrent_peak, 2);
        assert_eq!((t.sessions().confirmed, t.ended()), (1, 1));
    }

    #[test]
    fn abnormal_causes_are_drops() {
        let mut t = SessionTally::default();
        for (protocol, cause) in [
            (Protocol::Q850, 16),
            (Protocol::Q850, 31),
            (Protocol::Q850, 41),
            (Protocol::Sip, 200),
            (Protocol::Sip, 503),
        ] {
            t.session(
                &Session { cause: Some((protocol, cause)), ..call(Some(0), Some(1)) },
                Nanos::ZERO,
                &mut Admission::default().releases,
            );
        }
        assert_eq!(t.release_figures().dropped, 2);
    }
}
