//! Incidents made from a seed are found, timed and blamed on the right thing; steady traffic is silent.

use super::fixture::*;
use super::legs::Leg;
use super::*;
use crate::dimension::Dimension;
use crate::stats::summary::{FindingKind, Unit};

/// Steady captures that are tried; more of them on request.
const SEEDS: u64 = 60;

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

/// Between one gateway and the callers ACKs get lost: its answers are sent again.
#[test]
fn acks_that_do_not_arrive() {
    let found = run(25, 4000, 900.0, |t, r| {
        if (300.0..600.0).contains(&t.at) && t.gateway == 6 && t.code == 200 {
            t.repeated = r.share() < 0.6;
        }
    });
    blames(
        &found,
        FindingKind::ResponseRetransmission,
        Dimension::Destination,
        "10.0.4.6:5060",
        Some((300.0, 600.0)),
    );
    assert!(found[0].text.starts_with("Final response to INVITE sent again rose from"), "{}", found[0].text);
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

/// What a B2BUA passes on fails on both of its sides, and is explained by one of them.
#[test]
fn both_sides_of_a_b2bua() {
    let refuse = |from: f64, to: f64| {
        move |t: &mut Try, r: &mut Random| {
            if (from..to).contains(&t.at) && t.gateway == 7 && r.share() < 0.6 {
                t.code = 503;
            }
        }
    };
    let both = |calls: Vec<Try>| findings(&on_both_sides(&calls), 900.0);
    let timed = both(traffic(21, 3000, 900.0, refuse(300.0, 500.0)));
    blames(&timed, FindingKind::Code, Dimension::Destination, "10.0.4.7:5060", Some((300.0, 500.0)));
    assert!(timed[0].because[0].share_inside > 0.9, "{}", timed[0].text);
    let always = both(traffic(22, 3000, 900.0, refuse(0.0, 900.0)));
    blames(&always, FindingKind::Code, Dimension::Destination, "10.0.4.7:5060", None);
    let product = both(traffic(23, 3000, 900.0, |t, r| {
        if (300.0..500.0).contains(&t.at) && t.agent == 2 && r.share() < 0.6 {
            t.code = 488;
        }
    }));
    blames(&product, FindingKind::Code, Dimension::UserAgent, "phone 2.0", Some((300.0, 500.0)));
}

/// A gateway is silent, which the B2BUA before it tells its callers as 408.
#[test]
fn silence_behind_a_b2bua_comes_before_what_it_says_of_it() {
    let calls = traffic(24, 3000, 900.0, |t, _| {
        if (300.0..420.0).contains(&t.at) && t.gateway == 5 {
            (t.code, t.resent) = (0, true);
        }
    });
    let mut both = on_both_sides(&calls);
    both.iter_mut().filter(|t| t.leg == Leg::In && t.code == 0).for_each(|t| t.code = 408);
    let found = findings(&both, 900.0);
    blames(&found, FindingKind::Silence, Dimension::Destination, "10.0.4.5:5060", Some((300.0, 420.0)));
    assert!(found.iter().any(|f| f.status == StatusCode::new(408)), "that is told too");
}

/// So does a proxy, at the hop before it.
#[test]
fn silence_behind_a_proxy_comes_before_what_it_says_of_it() {
    let calls = traffic(26, 3000, 900.0, |t, _| {
        if (300.0..420.0).contains(&t.at) && t.gateway == 5 {
            (t.code, t.resent) = (0, true);
        }
    });
    let mut hops = on_both_sides(&calls);
    for t in &mut hops {
        let before = std::mem::replace(&mut t.leg, Leg::Only) == Leg::In;
        t.place = if before { Place::Reference } else { Place::Last };
        if before {
            t.gateway = 1;
            t.code = if t.code == 0 { 408 } else { t.code };
        }
    }
    let found = findings(&hops, 900.0);
    blames(&found, FindingKind::Silence, Dimension::Destination, "10.0.4.5:5060", Some((300.0, 420.0)));
    assert_eq!(found[0].unit, Unit::Tries);
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
            t.repeated = t.code == 200 && (t.at * 1e6) as u64 % 1000 < (loss * 1e3) as u64;
            t.delay_ms = (t.delay_ms as f64 * pace) as i64;
        });
        alarms.extend(found.into_iter().take(1).map(|f| format!("{seed}: {}", f.text)));
    }
    assert!(alarms.len() as u64 * 100 <= seeds, "{alarms:#?}");
}

/// Nor does steady traffic rise where people dial again what was busy, before and behind a B2BUA.
#[test]
fn redialling_is_no_rise() {
    let mut alarms = Vec::new();
    for seed in 0..SEEDS {
        let mut r = Random(seed ^ 0x1234);
        let (tries, seconds) = (300.0 * 10_f64.powf(r.share()), 120.0 * 60_f64.powf(r.share()));
        let calls = redialled(&traffic(seed, tries as usize, seconds, |_, _| ()), seed, seconds);
        let calls = if seed % 3 == 0 { on_both_sides(&calls) } else { calls };
        alarms.extend(findings(&calls, seconds).into_iter().map(|f| format!("{seed}: {}", f.text)));
    }
    assert!(alarms.is_empty(), "{alarms:#?}");
}
