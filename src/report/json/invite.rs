//! INVITE attempts in JSON.

use serde::Serialize;

use super::value::{Clock, Delay, Keyed, Rate, ms};
use crate::registry;
use crate::sip::StatusCode;
use crate::stats::Ratio;
use crate::stats::summary::{
    Defined, Duration, IntermediateRow, Invite, Load, NextHop, OutcomeRow, RateKind, Release, RingTimer,
    Sessions,
};

/// A rate of the contract, or a figure that the user defined.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
enum RateJson<'a> {
    Known(Rate),
    Defined(DefinedJson<'a>),
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DefinedJson<'a> {
    value: Option<f64>,
    numerator: Option<u64>,
    denominator: Option<u64>,
    unit: &'static str,
    definition: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct InviteJson<'a> {
    transactions: u64,
    attempts: u64,
    decided: u64,
    bids: u64,
    reinvites: u64,
    reinvites_by_code: Vec<CountJson>,
    outcomes: Keyed<&'a str, OutcomeJson<'a>>,
    flags: Keyed<&'a str, u64>,
    sides: Keyed<&'a str, u64>,
    rates: Keyed<&'a str, RateJson<'a>>,
    intermediate: Vec<IntermediateJson<'a>>,
    translated: Vec<TranslatedJson>,
    after_ringing: Vec<CountJson>,
    sessions: SessionsJson,
    duration: DurationJson,
    release: ReleaseJson<'a>,
    load: LoadJson,
    next_hops: Vec<NextHopJson>,
    all_next_hops: Option<NextHopJson>,
    ring_timer: Option<RingTimerJson>,
}

/// A code (`null`: no final response) and how often.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CountJson {
    code: Option<u16>,
    count: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct OutcomeJson<'a> {
    count: u64,
    share: Option<f64>,
    details: Keyed<&'a str, u64>,
    alerted: Keyed<&'a str, u64>,
    codes: Vec<CountJson>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct IntermediateJson<'a> {
    code: u16,
    reason: Option<&'static str>,
    count: u64,
    followed_by: Keyed<&'a str, u64>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct TranslatedJson {
    inner: u16,
    outer: u16,
    count: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SessionsJson {
    confirmed: u64,
    completed: u64,
    failed: u64,
    up: u64,
    lost: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DurationJson {
    acd_s: Option<f64>,
    answered_s: f64,
    ended: u64,
    still_up: u64,
    mean_of_ended_s: Option<f64>,
    short: u64,
    short_limit_ms: f64,
    instant: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ReleaseJson<'a> {
    by: By,
    reasons: Vec<ReasonJson<'a>>,
    bye_final: ByeFinal,
    dropped: u64,
    refresh_failed: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct By {
    caller: u64,
    callee: u64,
    both: u64,
    unknown: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ReasonJson<'a> {
    by: &'a str,
    protocol: &'a str,
    cause: Option<u32>,
    name: Option<&'static str>,
    count: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ByeFinal {
    #[serde(rename = "2xx")]
    success: u64,
    #[serde(rename = "481")]
    no_such_call: u64,
    other: u64,
    none: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LoadJson {
    attempts_per_s: Option<f64>,
    peak_1s: u64,
    peak_at: Option<String>,
    concurrent_peak: u64,
    concurrent_at: Option<String>,
    lower_bound: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct NextHopJson {
    address: Option<String>,
    bids: u64,
    answered: u64,
    abr: Rate,
    silent: u64,
    retransmissions: u64,
    codes: Vec<CountJson>,
    pdd: Option<Delay>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RingTimerJson {
    cancelled: u64,
    at_timer: u64,
    ring_ms: f64,
}

/// The cause's name where the protocol is Q.850.
pub(super) fn cause_name(protocol: &str, cause: Option<u32>) -> Option<&'static str> {
    let q850 = protocol.eq_ignore_ascii_case("Q.850");
    cause.filter(|_| q850).and_then(registry::cause).map(|c| c.name)
}

pub(super) fn count((status, count): &(StatusCode, u64)) -> CountJson {
    CountJson { code: Some(status.get()), count: *count }
}

impl<'a> InviteJson<'a> {
    pub(super) fn new(i: &'a Invite, clock: Clock) -> Self {
        let rate = |kind| i.rates.iter().find(|(k, _)| *k == kind).map_or(Ratio::default(), |(_, r)| *r);
        Self {
            transactions: i.transactions,
            attempts: i.attempts,
            decided: i.decided,
            bids: i.bids,
            reinvites: i.reinvites,
            reinvites_by_code: i
                .reinvites_by_code
                .iter()
                .map(|(s, count)| CountJson { code: s.map(StatusCode::get), count: *count })
                .collect(),
            outcomes: i.outcomes.iter().map(|o| (o.outcome.id(), OutcomeJson::new(o))).collect(),
            flags: i.flags.iter().map(|(f, n)| (f.id(), *n)).collect(),
            sides: i.sides.iter().map(|(s, n)| (s.id(), *n)).collect(),
            // Present whether or not they apply.
            rates: RateKind::INVITE
                .iter()
                .map(|k| (k.id(), RateJson::Known(rate(*k).into())))
                .chain(i.defined.iter().map(|d| (d.name.as_str(), RateJson::Defined(d.into()))))
                .collect(),
            intermediate: i.intermediate.iter().map(IntermediateJson::new).collect(),
            translated: i
                .translated
                .iter()
                .map(|(inner, outer, count)| TranslatedJson {
                    inner: inner.get(),
                    outer: outer.get(),
                    count: *count,
                })
                .collect(),
            after_ringing: i.after_ringing.iter().map(count).collect(),
            sessions: i.sessions.into(),
            duration: i.duration.into(),
            release: ReleaseJson::new(&i.release),
            load: LoadJson::new(&i.load, clock),
            next_hops: i.next_hops.iter().map(NextHopJson::new).collect(),
            all_next_hops: i.all_next_hops.as_ref().map(NextHopJson::new),
            ring_timer: i.ring_timer.map(Into::into),
        }
    }
}

impl<'a> OutcomeJson<'a> {
    fn new(o: &'a OutcomeRow) -> Self {
        Self {
            count: o.count,
            share: o.share,
            details: o.details.iter().map(|(d, n)| (d.id(), *n)).collect(),
            alerted: o.alerted.iter().map(|(a, n)| (a.id(), *n)).collect(),
            codes: o.codes.iter().map(count).collect(),
        }
    }
}

impl<'a> IntermediateJson<'a> {
    fn new(r: &'a IntermediateRow) -> Self {
        Self {
            code: r.status.get(),
            reason: registry::reason(r.status),
            count: r.count,
            followed_by: r.followed_by.iter().map(|(o, n)| (o.id(), *n)).collect(),
        }
    }
}

impl From<Sessions> for SessionsJson {
    fn from(s: Sessions) -> Self {
        Self { confirmed: s.confirmed, completed: s.completed, failed: s.failed, up: s.up, lost: s.lost }
    }
}

impl From<Duration> for DurationJson {
    fn from(d: Duration) -> Self {
        Self {
            acd_s: d.acd_s,
            answered_s: d.answered_s,
            ended: d.ended,
            still_up: d.still_up,
            mean_of_ended_s: d.mean_of_ended_s,
            short: d.short,
            short_limit_ms: ms(d.short_limit),
            instant: d.instant,
        }
    }
}

impl<'a> ReleaseJson<'a> {
    fn new(r: &'a Release) -> Self {
        Self {
            by: By { caller: r.by_caller, callee: r.by_callee, both: r.by_both, unknown: r.by_unknown },
            reasons: r
                .reasons
                .iter()
                .map(|x| ReasonJson {
                    by: x.by,
                    protocol: &x.protocol,
                    cause: x.cause,
                    name: cause_name(&x.protocol, x.cause),
                    count: x.count,
                })
                .collect(),
            bye_final: ByeFinal {
                success: r.bye_2xx,
                no_such_call: r.bye_481,
                other: r.bye_other,
                none: r.bye_none,
            },
            dropped: r.dropped,
            refresh_failed: r.refresh_failed,
        }
    }
}

impl LoadJson {
    fn new(l: &Load, clock: Clock) -> Self {
        Self {
            attempts_per_s: l.attempts_per_s,
            peak_1s: l.peak_1s,
            peak_at: l.peak_at.map(|t| clock.at(t)),
            concurrent_peak: l.concurrent_peak,
            concurrent_at: l.concurrent_at.map(|t| clock.at(t)),
            lower_bound: l.lower_bound,
        }
    }
}

impl NextHopJson {
    fn new(h: &NextHop) -> Self {
        Self {
            address: h.address.map(|a| a.to_string()),
            bids: h.bids,
            answered: h.answered,
            abr: h.abr.into(),
            silent: h.silent,
            retransmissions: h.retransmissions,
            codes: h.codes.iter().map(count).collect(),
            pdd: h.pdd.as_ref().map(Delay::from),
        }
    }
}

impl<'a> From<&'a Defined> for DefinedJson<'a> {
    fn from(d: &'a Defined) -> Self {
        Self {
            value: d.value,
            numerator: d.fraction.map(|(n, _)| n),
            denominator: d.fraction.map(|(_, n)| n),
            unit: d.unit.id(),
            definition: &d.definition,
        }
    }
}

impl From<RingTimer> for RingTimerJson {
    fn from(t: RingTimer) -> Self {
        Self { cancelled: t.cancelled, at_timer: t.at_timer, ring_ms: ms(t.ring) }
    }
}
