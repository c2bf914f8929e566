//! What rose, in JSON: `findings[]`.

use serde::Serialize;

use super::input::FrameJson;
use super::value::{Clock, Rate, ms};
use crate::stats::Summary;
use crate::stats::summary::{Because, Chart, Finding, SampleCall};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct FindingJson<'a> {
    id: &'a str,
    kind: &'static str,
    what: &'a str,
    method: &'a str,
    code: Option<u16>,
    outcome: Option<&'static str>,
    unit: &'static str,
    timed: bool,
    start: String,
    end: String,
    lasts: bool,
    windows: Vec<WindowJson>,
    before: Rate,
    during: Rate,
    delay: Option<DelayJson>,
    total: u64,
    confidence: f64,
    text: &'a str,
    because: Vec<BecauseJson<'a>>,
    consequence: Option<ConsequenceJson>,
    calls: Vec<CallJson<'a>>,
    more_calls: u64,
    chart: ChartJson<'a>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WindowJson {
    start: String,
    end: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DelayJson {
    before_ms: f64,
    during_ms: f64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct BecauseJson<'a> {
    dimension: &'static str,
    value: &'a str,
    share_inside: f64,
    share_outside: f64,
    lift: Option<f64>,
    p: f64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ConsequenceJson {
    retried: u64,
    ended: u64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CallJson<'a> {
    call_id: &'a str,
    #[serde(flatten)]
    frame: FrameJson<'a>,
    time: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ChartJson<'a> {
    start: String,
    interval_s: f64,
    counts: &'a [u64],
    of: &'a [u64],
}

impl<'a> FindingJson<'a> {
    pub(super) fn new(f: &'a Finding, s: &'a Summary, clock: Clock) -> Self {
        Self {
            id: &f.id,
            kind: f.kind.id(),
            what: &f.what,
            method: &f.method,
            code: f.status.map(|s| s.get()),
            outcome: f.outcome.map(|o| o.id()),
            unit: f.unit.id(),
            timed: f.timed,
            start: clock.at(f.start),
            end: clock.at(f.end),
            lasts: f.lasts,
            windows: f
                .windows
                .iter()
                .map(|(start, end)| WindowJson { start: clock.at(*start), end: clock.at(*end) })
                .collect(),
            before: f.before.into(),
            during: f.during.into(),
            delay: f.delay.map(|(before, during)| DelayJson { before_ms: ms(before), during_ms: ms(during) }),
            total: f.total,
            confidence: f.confidence,
            text: &f.text,
            because: f.because.iter().map(BecauseJson::new).collect(),
            consequence: f.consequence.map(|c| ConsequenceJson { retried: c.retried, ended: c.ended }),
            calls: f.calls.iter().map(|c| CallJson::new(c, s, clock)).collect(),
            more_calls: f.more_calls,
            chart: ChartJson::new(&f.chart, clock),
        }
    }
}

impl<'a> BecauseJson<'a> {
    fn new(b: &'a Because) -> Self {
        Self {
            dimension: b.dimension.id(),
            value: &b.value,
            share_inside: b.share_inside,
            share_outside: b.share_outside,
            lift: b.lift,
            p: b.p,
        }
    }
}

impl<'a> CallJson<'a> {
    fn new(c: &'a SampleCall, s: &'a Summary, clock: Clock) -> Self {
        Self { call_id: &c.call_id, frame: FrameJson::new(&s.input, c.frame), time: clock.at(c.time) }
    }
}

impl<'a> ChartJson<'a> {
    fn new(c: &'a Chart, clock: Clock) -> Self {
        Self { start: clock.at(c.start), interval_s: c.interval.as_secs_f64(), counts: &c.counts, of: &c.of }
    }
}
