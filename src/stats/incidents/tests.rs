//! Incidents made from a seed are found, timed and blamed on the right thing; steady traffic is silent.

use super::*;
use crate::call::Text;
use crate::dimension::Dimension;
use crate::flow::{Endpoint, Flow, FrameId, Interface, Tap, Transport};
use crate::stats::summary::{FindingKind, Unit};
use crate::time::{Nanos, Scale};
use crate::transaction::fixture::with_message;
use crate::transaction::{About, Names};

/// 2026-03-03 14:00:00 UTC.
const START: i64 = 1_772_546_400;
/// Steady captures that are tried; more of them on request.
const SEEDS: u64 = 60;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 … 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// One try, as incidents change it.
#[derive(Clone, Debug)]
struct Try {
    /// Seconds after [`START`].
    at: f64,
    gateway: u8,
    source: u8,
    agent: u8,
    number: String,
    /// 0: silent.
    code: u16,
    resent: bool,
    delay_ms: i64,
    method: MethodKey,
    vlan: u16,
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
fn run(seed: u64, tries: usize, seconds: f64, incident: impl Fn(&mut Try, &mut Random)) -> Vec<Finding> {
    let mut random = Random(seed);
    let mut incidents = [Incidents::default(), Incidents::default()];
    let mut names = Names::default();
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
            delay_ms: (800.0 * (1.0 + random.share() * 3.0)) as i64,
            method: MethodKey::INVITE,
            vlan: 0,
        };
        incident(&mut t, &mut random);
        all.push(t);
    }
    all.sort_by(|a, b| a.at.total_cmp(&b.at));
    for (n, t) in all.iter().enumerate() {
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
        format!("User-Agent: phone {}.0", t.agent),
        format!("From: <sip:{}@a{}.example>;tag=1", t.source, t.source % 3),
        "To: <sip:b@b.example>".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let about = with_message(&lines, |m| About::of(m, names));
    let end = |a: u8, b: u8| Endpoint::new([10, 0, a, b], 5060);
    let ended = StatusCode::new(t.code).map_or(Some(Outcome::TimedOut), registry::outcome);
    incidents.attempt(ended.filter(|_| t.method == MethodKey::INVITE));
    incidents.note(&Tried {
        method: t.method,
        place: Place::Reference,
        call_id: &Text::of(format!("call{n}").as_bytes()),
        flow: Flow { source: end(1, t.source), destination: end(4, t.gateway) },
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
fn blames(
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

#[test]
fn a_gateway_that_refuses_for_a_while() {
    let found = run(1, 6000, 900.0, |t, r| {
        if (200.0..450.0).contains(&t.at) && t.gateway == 7 && r.share() < 0.8 {
            t.code = 503;
        }
    });
    blames(&found, FindingKind::Code, Dimension::Destination, "10.0.4.7:5060", Some((200.0, 450.0)));
    let f = &found[0];
    assert_eq!((f.unit, f.status.map(|s| s.get())), (Unit::Bids, Some(503)));
    assert!(f.before.value().unwrap() < 0.01 && f.during.value().unwrap() > 0.2);
    assert!(f.text.contains("503 Service Unavailable to INVITE rose from 0."), "{}", f.text);
    assert!(f.because[0].share_inside > 0.97, "{}", f.text);
}

#[test]
fn a_gateway_that_is_bad_from_the_beginning_or_to_the_end() {
    for (from, to) in [(0.0, 120.0), (700.0, 900.0)] {
        let found = run(2, 4000, 900.0, |t, r| {
            if (from..to).contains(&t.at) && t.gateway == 6 && r.share() < 0.5 {
                t.code = 500;
            }
        });
        blames(&found, FindingKind::Code, Dimension::Destination, "10.0.4.6:5060", Some((from, to)));
        assert_eq!(found[0].lasts, to == 900.0);
    }
}

#[test]
fn a_gateway_that_fails_throughout() {
    let found = run(3, 2000, 600.0, |t, r| {
        if t.gateway == 7 && r.share() < 0.5 {
            t.code = 503;
        }
    });
    blames(&found, FindingKind::Code, Dimension::Destination, "10.0.4.7:5060", None);
    assert!(found[0].text.contains("throughout the capture"), "{}", found[0].text);
}

#[test]
fn a_gateway_that_is_dead() {
    let found = run(4, 3000, 900.0, |t, _| {
        if (300.0..420.0).contains(&t.at) && t.gateway == 5 {
            (t.code, t.resent) = (0, true);
        }
    });
    blames(&found, FindingKind::Silence, Dimension::Destination, "10.0.4.5:5060", Some((300.0, 420.0)));
}

#[test]
fn one_product_one_prefix_one_caller() {
    let agent = run(5, 4000, 900.0, |t, r| {
        if (100.0..400.0).contains(&t.at) && t.agent == 2 && r.share() < 0.5 {
            t.code = 488;
        }
    });
    blames(&agent, FindingKind::Code, Dimension::UserAgent, "phone 2.0", Some((100.0, 400.0)));
    let prefix = run(6, 4000, 900.0, |t, r| {
        if (500.0..800.0).contains(&t.at) && t.number.starts_with("+4930") && r.share() < 0.7 {
            t.code = 404;
        }
    });
    blames(&prefix, FindingKind::Code, Dimension::Prefix, "+4930", Some((500.0, 800.0)));
    let caller = run(7, 4000, 900.0, |t, r| {
        if t.source == 4 && r.share() < 0.9 {
            t.code = 403;
        }
    });
    blames(&caller, FindingKind::Code, Dimension::Source, "10.0.1.4:5060", None);
}

#[test]
fn two_conditions_where_one_does_not_explain() {
    let found = run(8, 8000, 900.0, |t, r| {
        if (300.0..600.0).contains(&t.at) && t.gateway == 7 && t.agent == 1 && r.share() < 0.9 {
            t.code = 500;
        }
    });
    let mut because: Vec<_> = found[0].because.iter().map(|b| b.value.as_str()).collect();
    because.sort_unstable();
    assert_eq!(because, ["10.0.4.7:5060", "phone 1.0"], "{}", found[0].text);
}

#[test]
fn two_gateways_are_named_together() {
    let found = run(9, 4000, 900.0, |t, r| {
        if (300.0..600.0).contains(&t.at) && t.gateway != 5 && r.share() < 0.4 {
            t.code = 503;
        }
    });
    let mut because: Vec<_> = found[0].because.iter().map(|b| b.value.as_str()).collect();
    because.sort_unstable();
    assert_eq!(because, ["10.0.4.6:5060", "10.0.4.7:5060"], "{}", found[0].text);
}

#[test]
fn a_rise_that_takes_minutes() {
    let found = run(10, 6000, 900.0, |t, r| {
        let p = ((t.at - 300.0) / 300.0).clamp(0.0, 1.0) * 0.6;
        if t.gateway == 6 && r.share() < p {
            t.code = 503;
        }
    });
    let f = &found[0];
    assert_eq!(f.because.first().map(|b| b.value.as_str()), Some("10.0.4.6:5060"), "{}", f.text);
    assert!(f.timed && f.lasts, "{}", f.text);
}

#[test]
fn short_outages_that_come_again() {
    let found = run(11, 8000, 900.0, |t, _| {
        if t.at % 150.0 < 12.0 && t.gateway == 7 {
            t.code = 503;
        }
    });
    let f = &found[0];
    assert_eq!(f.because.first().map(|b| b.value.as_str()), Some("10.0.4.7:5060"), "{}", f.text);
    assert_eq!(f.windows.len(), 6, "{}", f.text);
    assert!(f.text.contains("6 times between 14:00:"), "{}", f.text);
}

#[test]
fn delays_and_retransmissions() {
    let slow = run(12, 4000, 900.0, |t, _| {
        if (300.0..600.0).contains(&t.at) && t.gateway == 5 {
            t.delay_ms += 5_000;
        }
    });
    blames(&slow, FindingKind::Delay, Dimension::Destination, "10.0.4.5:5060", Some((300.0, 600.0)));
    let always = run(13, 4000, 900.0, |t, _| {
        if t.gateway == 5 {
            t.delay_ms += 6_000;
        }
    });
    blames(&always, FindingKind::Delay, Dimension::Destination, "10.0.4.5:5060", None);
    let lossy = run(14, 4000, 900.0, |t, r| {
        if (300.0..600.0).contains(&t.at) && t.gateway == 6 {
            t.resent = r.share() < 0.4;
        }
    });
    blames(
        &lossy,
        FindingKind::Retransmission,
        Dimension::Destination,
        "10.0.4.6:5060",
        Some((300.0, 600.0)),
    );
}

#[test]
fn a_vlan_with_several_gateways_and_sources() {
    let found = run(17, 6000, 900.0, |t, r| {
        t.vlan = 100 + u16::from(t.agent % 2 == t.source % 2);
        if (300.0..600.0).contains(&t.at) && t.vlan == 101 && r.share() < 0.5 {
            t.code = 503;
        }
    });
    blames(&found, FindingKind::Code, Dimension::Vlan, "101", Some((300.0, 600.0)));
    assert!(found[0].text.contains("on VLAN 101"), "{}", found[0].text);
}

/// Thirty codes of which none stands out, from two of three gateways.
#[test]
fn what_no_single_code_tells_is_told_by_the_outcome() {
    let found = run(18, 6000, 900.0, |t, r| {
        if (300.0..600.0).contains(&t.at) && t.gateway != 5 {
            const CODES: [u16; 30] = [
                400, 402, 405, 406, 410, 413, 414, 415, 416, 421, 423, 424, 429, 433, 436, 437, 438, 439,
                440, 469, 470, 481, 482, 483, 485, 489, 493, 494, 604, 607,
            ];
            t.code = CODES[r.below(30) as usize];
        }
    });
    let all: Vec<&str> = found.iter().map(|f| f.text.as_str()).collect();
    let f = found.iter().find(|f| f.kind == FindingKind::Outcome).unwrap_or_else(|| panic!("{all:#?}"));
    assert_eq!(f.unit, Unit::Attempts);
    let mut because: Vec<_> = f.because.iter().map(|b| b.value.as_str()).collect();
    because.sort_unstable();
    assert_eq!(because, ["10.0.4.6:5060", "10.0.4.7:5060"], "{all:#?}");
    // Answered attempts fell, which the rise of what they became accounts for, or is told itself.
    assert!(found.iter().filter(|f| f.kind == FindingKind::Outcome).count() <= 2, "{all:#?}");
}

/// A challenge is no result of a bid, unless it refuses credentials.
#[test]
fn callers_whose_credentials_fail() {
    let found = run(19, 4000, 900.0, |t, r| {
        if (200.0..500.0).contains(&t.at) && t.agent == 1 && r.share() < 0.8 {
            t.code = 407;
        }
    });
    blames(&found, FindingKind::Code, Dimension::UserAgent, "phone 1.0", Some((200.0, 500.0)));
    let f = &found[0];
    assert_eq!((f.outcome, f.unit, f.status), (None, Unit::Bids, StatusCode::new(407)));
    assert!(found.iter().all(|f| f.kind != FindingKind::Outcome), "told twice");
}

/// Whatever a finding on a code says, no other says it again as an outcome.
#[test]
fn outcomes_that_follow_from_a_code_are_not_told_again() {
    for code in [503, 486, 404, 0] {
        let found = run(20, 6000, 900.0, |t, r| {
            if (200.0..450.0).contains(&t.at) && r.share() < 0.7 {
                t.code = code;
            }
        });
        let kinds: Vec<_> = found.iter().map(|f| (f.kind, f.text.as_str())).collect();
        assert!(kinds.iter().all(|(k, _)| *k != FindingKind::Outcome), "{code}: {kinds:#?}");
        assert!(!found.is_empty());
    }
}

#[test]
fn registrations_that_are_forbidden() {
    let found = run(15, 5000, 3_000.0, |t, r| {
        t.method = MethodKey::REGISTER;
        t.code = if r.share() < 0.01 { 403 } else { 200 };
        if (1_000.0..1_300.0).contains(&t.at) && t.agent == 3 {
            t.code = 403;
        }
    });
    blames(&found, FindingKind::Code, Dimension::UserAgent, "phone 3.0", Some((1_000.0, 1_300.0)));
    assert_eq!((found[0].unit, found[0].method.as_str()), (Unit::Requests, "REGISTER"));
}

#[test]
fn traffic_that_starts_ends_or_pauses_is_no_finding() {
    let found = run(16, 4000, 900.0, |t, _| {
        // A burst, a pause, and nothing after.
        t.at = match t.at {
            at if at < 300.0 => at,
            at if at < 600.0 => 300.0 + (at - 300.0) / 10.0,
            at => at - 150.0,
        };
    });
    assert_eq!(found.iter().map(|f| f.text.as_str()).collect::<Vec<_>>(), [""; 0]);
}

/// Of a hundred steady captures, one may be found fault with. SIPSTAT_SEEDS tries more of them.
#[test]
fn steady_traffic_is_silent() {
    let seeds = option_env!("SIPSTAT_SEEDS").and_then(|n| n.parse().ok()).unwrap_or(SEEDS);
    let mut alarms = Vec::new();
    for seed in 0..seeds {
        let mut r = Random(seed ^ 0xABCD);
        let tries = (30.0 * 200_f64.powf(r.share())) as usize;
        let seconds = 20.0 * 4_000_f64.powf(r.share());
        // Every mix has its own shares, delays and a share of clumsy redialling; busy drifts over the day.
        let (drift, loss, pace) = (0.1 * r.share(), 0.1 * r.share(), 0.3 + r.share());
        let extra = [486, 480, 404, 503, 408, 403, 500][r.below(7) as usize];
        let more = 0.3 * r.share();
        let found = run(seed, tries, seconds, |t, r| {
            if r.share() < more {
                t.code = extra;
            }
            if r.share() < drift * (t.at / seconds) {
                t.code = 486;
            }
            t.resent = r.share() < loss;
            t.delay_ms = (t.delay_ms as f64 * pace) as i64;
        });
        alarms.extend(found.into_iter().take(1).map(|f| format!("{seed}: {}", f.text)));
    }
    assert!(alarms.len() as u64 * 100 <= seeds, "{alarms:#?}");
}
