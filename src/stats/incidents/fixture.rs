//! Traffic of a trunk made from a seed, and what is found of it: for tests.

use super::legs::Leg;
use super::*;
use crate::call::Text;
use crate::dimension::Dimension;
use crate::flow::{Endpoint, Flow, FrameId, Interface, Tap, Transport};
use crate::stats::summary::FindingKind;
use crate::time::{Nanos, Scale};
use crate::transaction::fixture::with_message;
use crate::transaction::{About, Names};

/// 2026-03-03 14:00:00 UTC.
pub(super) const START: i64 = 1_772_546_400;
/// SplitMix64.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 … 1.
    pub(super) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// One try, as incidents change it.
#[derive(Clone, Debug)]
pub(super) struct Try {
    /// Seconds after [`START`].
    pub(super) at: f64,
    pub(super) gateway: u8,
    pub(super) source: u8,
    pub(super) agent: u8,
    pub(super) number: String,
    /// 0: silent.
    pub(super) code: u16,
    pub(super) resent: bool,
    pub(super) repeated: bool,
    pub(super) delay_ms: i64,
    pub(super) method: MethodKey,
    pub(super) vlan: u16,
    pub(super) leg: Leg,
    pub(super) place: Place,
}

/// Shares of results on an ordinary trunk, in thousandths.
const MIX: [(u16, u64); 12] = [
    (200, 600),
    (486, 88),
    (480, 98),
    (487, 92),
    (408, 40),
    (603, 10),
    (404, 33),
    (484, 3),
    (403, 5),
    (488, 3),
    (500, 2),
    (503, 3),
];
const PREFIXES: [&str; 5] = ["+4930", "+4989", "+3314", "+1212", "0049301"];

/// `tries` of a trunk over `seconds`, Poisson arrivals whose rate follows the day, changed by `incident`.
pub(super) fn run(
    seed: u64,
    tries: usize,
    seconds: f64,
    incident: impl Fn(&mut Try, &mut Random),
) -> Vec<Finding> {
    findings(&traffic(seed, tries, seconds, incident), seconds)
}

pub(super) fn traffic(
    seed: u64,
    tries: usize,
    seconds: f64,
    incident: impl Fn(&mut Try, &mut Random),
) -> Vec<Try> {
    let mut random = Random(seed);
    let mut all: Vec<Try> = Vec::new();
    while all.len() < tries {
        let at = random.share() * seconds;
        // Volume rises and falls threefold: no finding.
        if random.share() > 0.65 + 0.35 * (at / seconds * std::f64::consts::TAU).sin() {
            continue;
        }
        let mut result = random.below(MIX.iter().map(|m| m.1).sum());
        let code = MIX.iter().find(|(_, share)| {
            let here = result < *share;
            result = result.saturating_sub(*share);
            here
        });
        let prefix = PREFIXES[random.below(5) as usize];
        let mut t = Try {
            at,
            gateway: 5 + random.below(3) as u8,
            source: 1 + random.below(9) as u8,
            agent: random.below(4) as u8,
            number: format!("{prefix}{:06}", random.below(1_000_000)),
            code: code.map_or(200, |m| m.0),
            resent: random.share() < 0.01,
            repeated: false,
            delay_ms: (800.0 * (1.0 + random.share() * 3.0)) as i64,
            method: MethodKey::INVITE,
            vlan: 0,
            leg: Leg::Only,
            place: Place::Reference,
        };
        incident(&mut t, &mut random);
        all.push(t);
    }
    all.sort_by(|a, b| a.at.total_cmp(&b.at));
    all
}

/// The same calls on both sides of a B2BUA.
pub(super) fn on_both_sides(calls: &[Try]) -> Vec<Try> {
    let sides =
        |t: &Try| [Try { leg: Leg::In, ..t.clone() }, Try { leg: Leg::Out, at: t.at + 0.03, ..t.clone() }];
    let mut all: Vec<Try> = calls.iter().flat_map(sides).collect();
    all.sort_by(|a, b| a.at.total_cmp(&b.at));
    all
}

/// Calls of which those that reach nobody are tried again within the minute, by half of the people, and
/// nearly always in vain.
pub(super) fn redialled(calls: &[Try], seed: u64, seconds: f64) -> Vec<Try> {
    let mut random = Random(seed);
    let mut all = Vec::new();
    for t in calls {
        let mut at = t.at;
        let mut again = matches!(t.code, 486 | 480 | 404 | 403 | 408 | 503);
        all.push(t.clone());
        for _ in 0..8 {
            again &= random.share() < 0.5;
            at += 3.0 + 50.0 * random.share();
            if again && at < seconds {
                let code = if random.share() < 0.95 { t.code } else { 200 };
                all.push(Try { at, code, ..t.clone() });
            }
        }
    }
    all.sort_by(|a, b| a.at.total_cmp(&b.at));
    all
}

pub(super) fn findings(tries: &[Try], seconds: f64) -> Vec<Finding> {
    let mut incidents = [Incidents::default(), Incidents::default()];
    let mut names = Names::default();
    for (n, t) in tries.iter().enumerate() {
        note(&mut incidents[n % 2], t, n, &mut names);
    }
    let [mut whole, other] = incidents;
    whole.merge(other);
    let at = |s: f64| Timestamp::from_nanos(START * 1_000_000_000 + (s * 1e9) as i64);
    whole.findings(Some((at(0.0), at(seconds))), Scale::Utc, &Trunks::default())
}

fn note(incidents: &mut Incidents, t: &Try, n: usize, names: &mut Names) {
    let lines = [
        format!("INVITE sip:{}@gw.example SIP/2.0", t.number),
        if t.leg == Leg::Out {
            "User-Agent: B2BUA".to_owned()
        } else {
            format!("User-Agent: phone {}.0", t.agent)
        },
        format!("From: <sip:{}@a{}.example>;tag=1", t.source, t.source % 3),
        "To: <sip:b@b.example>".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let about = with_message(&lines, |m| About::of(m, names));
    let end = |a: u8, b: u8| Endpoint::new([10, 0, a, b], 5060);
    let b2bua = end(2, 1);
    let ended = StatusCode::new(t.code).map_or(Some(Outcome::TimedOut), registry::outcome);
    incidents.attempt(ended.filter(|_| t.method == MethodKey::INVITE));
    incidents.note(&Tried {
        method: t.method,
        place: t.place,
        call_id: &Text::of(format!("call{n}").as_bytes()),
        flow: Flow {
            source: if t.leg == Leg::Out { b2bua } else { end(1, t.source) },
            destination: if t.leg == Leg::In { b2bua } else { end(4, t.gateway) },
        },
        transport: Transport::Udp,
        tap: Tap::default().on_interface(Interface::named(b"eth0")).on_vlan(t.vlan),
        started: Timestamp::from_nanos(START * 1_000_000_000 + (t.at * 1e9) as i64),
        frame: FrameId { file: 0, number: n as u64 + 1 },
        requested: true,
        over: true,
        status: StatusCode::new(t.code),
        ended: (t.code != 0)
            .then(|| Timestamp::from_nanos(START * 1_000_000_000 + (t.at * 1e9) as i64 + 100_000_000)),
        replied: t.code != 0,
        refused: matches!(t.code, 401 | 407),
        resent: u32::from(t.resent),
        repeated: t.repeated,
        delay: (t.code == 200).then(|| Nanos::from_millis(t.delay_ms)),
        cancelled: false,
        retried: false,
        cause: None,
        server: Default::default(),
        about,
        names,
    });
}

/// The first finding of an incident names `dimension` and `value`, and (if `window` is given) its time
/// within ten seconds.
#[track_caller]
pub(super) fn blames(
    found: &[Finding],
    kind: FindingKind,
    dimension: Dimension,
    value: &str,
    window: Option<(f64, f64)>,
) {
    let Some(f) = found.first() else { panic!("nothing found") };
    let because: Vec<_> = f.because.iter().map(|b| (b.dimension, b.value.as_str())).collect();
    assert_eq!((f.kind, because), (kind, vec![(dimension, value)]), "{}", f.text);
    assert_eq!(f.timed, window.is_some(), "{}", f.text);
    if let Some((from, to)) = window {
        let seconds = |t: Timestamp| (t.as_nanos() - START * 1_000_000_000) as f64 / 1e9;
        let (start, end) = (seconds(f.start), seconds(f.end));
        assert!((start - from).abs() <= 10.0 && (end - to).abs() <= 10.0, "{start} {end}: {}", f.text);
    }
    assert!(f.confidence > 0.999 && !f.calls.is_empty(), "{}", f.text);
}
