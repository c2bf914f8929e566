//! Fifteen minutes of a trunk with an incident at one of three gateways.

use super::cuts::fill_responses;
use super::{START, code, counts, delay, gateway, silence};
use crate::anomaly::Anomaly;
use crate::call::{Alerted, Detail, Flag, Outcome, Side};
use crate::capture::FileReport;
use crate::fate::Fate;
use crate::flow::{FrameId, Transport};
use crate::stats::summary::*;
use crate::stats::{Counts, Ratio, Summary, share};
use crate::time::Nanos;

/// Fifteen minutes of a trunk with an incident at one of three gateways.
pub(crate) fn trunk() -> Summary {
    let end = START + Nanos::from_secs(900);
    let mut s = Summary {
        input: Input {
            complete: true,
            exact: true,
            files: vec![FileReport {
                path: "trunk-1400.pcapng".into(),
                format: "pcapng".into(),
                frames: 4_012_306,
                bytes: 902_331_004,
                first: Some(START),
                last: Some(end),
                complete: true,
                ..FileReport::default()
            }],
            frames: 4_012_306,
            fates: vec![
                (Fate::Sip, 69_088),
                (Fate::Keepalive, 1_204),
                (Fate::Rtp, 3_940_911),
                (Fate::OtherUdp, 1_103),
            ],
            anomalies: vec![
                (Anomaly::LateFinal, 3, FrameId { file: 0, number: 99_120 }),
                (Anomaly::NonInvite408, 3, FrameId { file: 0, number: 120_004 }),
            ],
            span: Some((START, end)),
            ..Input::default()
        },
        requests: trunk_requests(),
        failures: Failures { overtaken: 572, ..Failures::default() },
        invite: trunk_invite(),
        delays: trunk_delays(),
        response_time: vec![("INVITE".into(), delay(10_516, [18, 4_100, 9_800, 15_200, 31_900, 178_004]))],
        first_reply: vec![("INVITE".into(), delay(10_518, [1, 12, 40, 88, 510, 3_200]))],
        silence: trunk_silence(),
        reasons: vec![
            reason("487 INVITE", "Q.850", Some(16), None, 611),
            reason("503 INVITE", "Q.850", Some(34), Some("No circuit/channel available"), 388),
            reason("CANCEL", "SIP", Some(200), Some("Call completed elsewhere"), 12),
        ],
        phrases: vec![
            phrase(503, Some("No gateways \u{1b}[31mavailable\u{1b}[0m"), 388),
            phrase(503, Some("Maximum calls reached"), 71),
            phrase(480, None, 9),
        ],
        warnings: vec![phrase(488, Some("305 sbc1 \"Incompatible media format\""), 21)],
        retry_after: vec![RetryAfterRow { status: code(503), count: 61, min_s: 5, max_s: 30 }],
        ..Summary::default()
    };
    fill_responses(&mut s, &trunk_cells());
    s.messages = Messages {
        total: 69_088,
        requests: 29_529,
        responses: 39_559,
        by_transport: vec![(Transport::Udp, 69_088)],
        counts: Counts { first: 68_295, retransmissions: 793, ..Counts::default() },
    };
    s
}

fn trunk_cells() -> Vec<(&'static str, u16, u64, u64)> {
    vec![
        ("INVITE", 100, 11_061, 0),
        ("INVITE", 180, 6_712, 0),
        ("INVITE", 183, 3_585, 0),
        ("INVITE", 200, 6_393, 181),
        ("INVITE", 302, 12, 0),
        ("INVITE", 480, 975, 0),
        ("INVITE", 503, 965, 61),
        ("INVITE", 487, 931, 59),
        ("INVITE", 486, 850, 0),
        ("INVITE", 408, 383, 0),
        ("INVITE", 404, 321, 0),
        ("INVITE", 603, 99, 0),
        ("INVITE", 403, 50, 0),
        ("INVITE", 484, 23, 0),
        ("INVITE", 488, 21, 0),
        ("INVITE", 500, 12, 0),
        ("INVITE", 600, 8, 0),
        ("INVITE", 410, 6, 0),
        ("INVITE", 502, 6, 0),
        ("INVITE", 400, 3, 0),
        ("INVITE", 481, 1, 0),
        ("BYE", 200, 5_067, 0),
        ("BYE", 481, 9, 0),
        ("BYE", 408, 3, 0),
        ("CANCEL", 200, 907, 0),
        ("OPTIONS", 200, 853, 0),
        ("CANCEL", 481, 2, 0),
    ]
}

fn trunk_requests() -> Vec<MethodRow> {
    let row = |method: &str, first, again| MethodRow {
        method: method.into(),
        counts: counts(first, again, 0, 0),
        at_least: false,
    };
    vec![
        row("INVITE", 11_115, 318),
        row("ACK", 11_056, 0),
        row("BYE", 5_101, 154),
        row("CANCEL", 909, 0),
        row("OPTIONS", 856, 20),
    ]
}

fn trunk_invite() -> Invite {
    let rates = [
        (RateKind::Asr, 5_850, 9_970),
        (RateKind::Abr, 5_850, 10_542),
        (RateKind::Ner, 8_726, 9_970),
        (RateKind::NerHigh, 8_945, 9_970),
        (RateKind::Ser, 5_850, 9_958),
        (RateKind::Seer, 7_782, 9_958),
        (RateKind::Isa, 812, 9_970),
        (RateKind::IsaWithoutSilent, 788, 9_970),
        (RateKind::Scr, 5_076, 9_218),
        (RateKind::Cleared, 5_076, 5_098),
    ];
    let sides = [
        (Side::Callee, 8_945),
        (Side::Caller, 134),
        (Side::Number, 362),
        (Side::Account, 50),
        (Side::Request, 4),
        (Side::Media, 21),
        (Side::Path, 442),
        (Side::Server, 12),
    ];
    let hop = |last, bids, answered, n503, silent, again, ms: [i64; 6]| NextHop {
        address: (last != 0).then(|| gateway(last)),
        bids,
        answered,
        abr: Ratio::new(answered, bids),
        silent,
        retransmissions: again,
        codes: match last {
            0 => vec![
                (code(480), 975),
                (code(503), n503),
                (code(487), 931),
                (code(486), 850),
                (code(408), 383),
                (code(404), 321),
            ],
            _ => vec![(code(503), n503), (code(480), 325), (code(487), 310)],
        },
        pdd: Some(delay(answered + 400, ms)),
    };
    Invite {
        transactions: 10_572,
        attempts: 10_000,
        bids: 10_542,
        decided: 9_970,
        reinvites: 543,
        reinvites_by_code: vec![(Some(code(200)), 543)],
        outcomes: Outcome::ALL.iter().map(|&o| trunk_outcome(o)).collect(),
        flags: Flag::ALL.iter().map(|&f| (f, if f == Flag::AnsweredNoAck { 3 } else { 0 })).collect(),
        sides: sides.to_vec(),
        intermediate: vec![IntermediateRow {
            status: code(503),
            count: 572,
            followed_by: vec![(Outcome::Answered, 341), (Outcome::Busy, 231)],
        }],
        rates: rates.iter().map(|&(k, n, d)| (k, Ratio::new(n, d))).collect(),
        sessions: Sessions { confirmed: 5_850, completed: 5_076, failed: 22, up: 752, lost: 0 },
        duration: Duration {
            acd_s: Some(116.4),
            answered_s: 593_407.0,
            ended: 5_098,
            still_up: 752,
            mean_of_ended_s: Some(112.9),
            short: 187,
            short_limit: Nanos::from_secs(6),
            instant: 12,
        },
        release: Release {
            by_caller: 3_204,
            by_callee: 1_894,
            bye_2xx: 5_067,
            bye_481: 9,
            bye_other: 3,
            bye_none: 22,
            dropped: 4,
            ..Release::default()
        },
        load: Load {
            attempts_per_s: Some(11.11),
            peak_1s: 19,
            peak_at: Some(START + Nanos::from_secs(362)),
            concurrent_peak: 846,
            concurrent_at: Some(START + Nanos::from_secs(611)),
            lower_bound: true,
        },
        next_hops: vec![
            hop(5, 3_613, 2_208, 6, 2, 12, [610, 2_200, 4_400, 5_600, 8_000, 11_000]),
            hop(6, 3_602, 2_201, 4, 3, 18, [590, 2_300, 4_500, 5_700, 8_100, 12_100]),
            hop(7, 3_327, 1_441, 955, 19, 288, [630, 2_400, 4_700, 6_100, 9_600, 14_800]),
        ],
        all_next_hops: Some(hop(0, 10_542, 5_850, 965, 24, 318, [590, 2_300, 4_500, 5_800, 9_000, 14_800])),
        after_ringing: vec![(code(480), 402), (code(408), 366)],
        ..Invite::default()
    }
}

fn trunk_outcome(outcome: Outcome) -> OutcomeRow {
    type List<T> = &'static [(T, u64)];
    let (codes, details, alerted): (List<u16>, List<Detail>, List<Alerted>) = match outcome {
        Outcome::Answered => (&[(200, 5_850)], &[], &[]),
        Outcome::Busy => (&[(486, 850), (600, 8)], &[], &[(Alerted::Ringing, 12), (Alerted::None, 846)]),
        Outcome::NoAnswer => (&[(480, 975), (408, 366), (487, 21)], &[], &[(Alerted::Ringing, 1_362)]),
        Outcome::Cancelled => (
            &[(487, 910)],
            &[(Detail::Cancel, 910)],
            &[(Alerted::Ringing, 557), (Alerted::EarlyMedia, 219), (Alerted::None, 134)],
        ),
        Outcome::Declined => (&[(603, 99)], &[(Detail::Callee, 99)], &[(Alerted::Ringing, 99)]),
        Outcome::NotFound => {
            (&[(404, 321), (484, 23), (410, 6)], &[(Detail::NoRoute, 31)], &[(Alerted::None, 350)])
        }
        Outcome::Forbidden => (&[(403, 50)], &[], &[(Alerted::None, 50)]),
        Outcome::Redirected => (&[(302, 12)], &[], &[(Alerted::None, 12)]),
        Outcome::ClientError => {
            (&[(488, 21), (400, 3), (481, 1)], &[(Detail::MediaRefused, 21)], &[(Alerted::None, 25)])
        }
        Outcome::ServerFailure => (&[(503, 393), (500, 12), (502, 6)], &[], &[(Alerted::None, 411)]),
        Outcome::TimedOut => (
            &[(408, 17)],
            &[(Detail::NoResponse, 24), (Detail::Received408, 17), (Detail::NoFinal, 2)],
            &[(Alerted::None, 43)],
        ),
        Outcome::Pending => (&[], &[(Detail::Open, 30)], &[(Alerted::None, 30)]),
        Outcome::AuthFailed | Outcome::GlobalFailure => (&[], &[], &[]),
    };
    let count = match outcome {
        Outcome::TimedOut => 43,
        Outcome::Pending => 30,
        _ => codes.iter().map(|(_, n)| n).sum(),
    };
    OutcomeRow {
        outcome,
        count,
        share: share(count, 10_000),
        details: details.to_vec(),
        alerted: alerted.to_vec(),
        codes: codes.iter().map(|&(c, n)| (code(c), n)).collect(),
    }
}

fn trunk_delays() -> Vec<(DelayKind, Option<DelayStats>)> {
    let of = |kind| match kind {
        DelayKind::Pdd => Some(delay(7_890, [590, 2_310, 4_520, 5_840, 9_020, 14_800])),
        DelayKind::SrdOk => Some(delay(5_850, [210, 1_900, 4_000, 5_100, 8_700, 14_800])),
        DelayKind::SrdFailed => Some(delay(4_078, [9, 2_600, 5_300, 6_900, 32_000, 32_000])),
        DelayKind::Setup => Some(delay(5_850, [900, 9_100, 19_000, 25_500, 48_000, 178_004])),
        DelayKind::Ring => Some(delay(5_790, [4, 6_800, 16_000, 22_000, 45_000, 171_000])),
        DelayKind::Ack => Some(delay(5_847, [1, 22, 61, 90, 480, 3_900])),
        DelayKind::Sdd => Some(delay(5_067, [1, 14, 40, 66, 510, 4_100])),
        DelayKind::Sdt => Some(delay(5_076, [700, 88_000, 260_000, 360_000, 690_000, 880_000])),
        _ => None,
    };
    DelayKind::ALL.iter().map(|&k| (k, of(k))).collect()
}

fn trunk_silence() -> Vec<SilenceRow> {
    vec![
        silence("INVITE", 7, 20, 3_346, 114),
        silence("INVITE", 6, 4, 3_612, 18),
        silence("INVITE", 5, 2, 3_614, 12),
        silence("BYE", 7, 22, 1_400, 154),
        silence("OPTIONS", 7, 3, 290, 20),
    ]
}

fn reason(carried_by: &str, protocol: &str, cause: Option<u32>, text: Option<&str>, count: u64) -> ReasonRow {
    ReasonRow {
        carried_by: carried_by.into(),
        protocol: protocol.into(),
        cause,
        location: None,
        text: text.map(str::to_owned),
        count,
    }
}

fn phrase(status: u16, text: Option<&str>, count: u64) -> PhraseRow {
    PhraseRow { status: code(status), text: text.map(str::to_owned), count }
}
