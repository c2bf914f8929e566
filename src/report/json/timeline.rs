//! What happened when, in JSON: `timeline{}`.

use serde::Serialize;

use super::responses::no;
use super::value::{Clock, Delay, Keyed, Rate};
use crate::call::Outcome;
use crate::stats::Ratio;
use crate::stats::summary::{TimeBucket, Timeline};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct TimelineJson<'a> {
    interval_s: f64,
    #[serde(skip_serializing_if = "no")]
    widened: bool,
    buckets: Vec<BucketJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct BucketJson<'a> {
    start: String,
    requests: u64,
    responses: u64,
    retransmissions: u64,
    finals: u64,
    failures: u64,
    failure_rate: Rate,
    codes: Vec<CellJson<'a>>,
    attempts: u64,
    attempts_per_s: Option<f64>,
    outcomes: Keyed<&'static str, u64>,
    asr: Rate,
    bids: u64,
    answered: u64,
    abr: Rate,
    unanswered: u64,
    calls_up: u64,
    pdd: Option<Delay>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CellJson<'a> {
    method: &'a str,
    code: u16,
    count: u64,
}

impl<'a> TimelineJson<'a> {
    pub(super) fn new(t: &'a Timeline, clock: Clock) -> Self {
        let interval_s = t.interval.as_secs_f64();
        Self {
            interval_s,
            widened: t.widened,
            buckets: t.buckets.iter().map(|b| BucketJson::new(b, interval_s, clock)).collect(),
        }
    }
}

impl<'a> BucketJson<'a> {
    fn new(b: &'a TimeBucket, interval_s: f64, clock: Clock) -> Self {
        let decided = b.attempts.saturating_sub(b.outcome(Outcome::Pending));
        Self {
            start: clock.at(b.start),
            requests: b.requests,
            responses: b.responses,
            retransmissions: b.retransmissions,
            finals: b.finals,
            failures: b.failures,
            failure_rate: Ratio::new(b.failures, b.finals).into(),
            codes: b
                .codes
                .iter()
                .map(|(method, status, count)| CellJson { method, code: status.get(), count: *count })
                .collect(),
            attempts: b.attempts,
            attempts_per_s: (interval_s > 0.0).then(|| b.attempts as f64 / interval_s),
            outcomes: b.outcomes.iter().map(|(o, n)| (o.id(), *n)).collect(),
            asr: Ratio::new(b.outcome(Outcome::Answered), decided).into(),
            bids: b.bids,
            answered: b.answered,
            abr: Ratio::new(b.answered, b.bids).into(),
            unanswered: b.unanswered,
            calls_up: b.calls_up,
            pdd: b.pdd.as_ref().map(Delay::from),
        }
    }
}
