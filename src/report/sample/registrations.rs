//! An access network: registrations, keep-alives, no calls; the capture was cut off.

use super::cuts::fill_responses;
use super::{START, code, counts, delay, silence};
use crate::call::{Detail, RegisterOutcome};
use crate::capture::FileReport;
use crate::fate::Fate;
use crate::flow::{FrameId, Transport};
use crate::stats::summary::*;
use crate::stats::{Ratio, Summary, share};
use crate::time::Nanos;

/// An access network: registrations, keep-alives, no calls; the capture was cut off.
pub(crate) fn registrations() -> Summary {
    let end = START + Nanos::from_secs(3_725);
    let mut s = Summary {
        input: Input {
            complete: false,
            exact: true,
            files: vec![
                FileReport {
                    path: "edge-01.pcap".into(),
                    format: "pcap".into(),
                    frames: 40_000,
                    bytes: 31_000_000,
                    first: Some(START),
                    last: Some(START + Nanos::from_secs(1_800)),
                    complete: true,
                    ..FileReport::default()
                },
                FileReport {
                    path: "edge-02.pcap".into(),
                    format: "pcap".into(),
                    frames: 21_007,
                    bytes: 16_100_000,
                    first: Some(START + Nanos::from_secs(1_800)),
                    last: Some(end),
                    complete: false,
                    problem: Some("cut off within frame 21008 at byte 16100000: 118 bytes are missing".into()),
                    ..FileReport::default()
                },
            ],
            frames: 61_007,
            fates: vec![(Fate::Sip, 20_030), (Fate::Stun, 40_977)],
            span: Some((START, end)),
            ..Input::default()
        },
        requests: vec![
            MethodRow { method: "REGISTER".into(), counts: counts(6_010, 30, 0, 0), at_least: false },
            MethodRow { method: "OPTIONS".into(), counts: counts(4_000, 0, 0, 0), at_least: false },
        ],
        register: Register {
            attempts: 3_050,
            outcomes: RegisterOutcome::ALL.iter().map(|&o| register_row(o, 3_050)).collect(),
            codes: vec![(code(401), 40), (code(403), 25), (code(503), 8)],
            ira: Ratio::new(45, 3_040),
        },
        delays: DelayKind::ALL
            .iter()
            .map(|&k| (k, (k == DelayKind::Rrd).then(|| delay(2_955, [4, 31, 80, 120, 640, 2_100]))))
            .collect(),
        response_time: vec![
            ("REGISTER".into(), delay(5_998, [2, 14, 40, 61, 300, 2_050])),
            ("OPTIONS".into(), delay(3_992, [1, 3, 5, 7, 20, 90])),
        ],
        silence: vec![
            silence("REGISTER", 9, 12, 3_010, 30),
            SilenceRow { destination: None, ..silence("OPTIONS", 0, 8, 4_000, 0) },
        ],
        notes: vec![Note {
            id: "auth_loop",
            block: Block::Register,
            text: "One phone (alice@example.org) sent wrong credentials 31 times; without it 9 registrations failed \
                   to authenticate"
                .into(),
            count: 31,
            first: Some(FrameId { file: 1, number: 77 }),
        }],
        ..Summary::default()
    };
    fill_responses(
        &mut s,
        &[
            ("REGISTER", 200, 2_960, 0),
            ("REGISTER", 401, 3_005, 0),
            ("REGISTER", 403, 25, 0),
            ("REGISTER", 503, 8, 0),
            ("OPTIONS", 200, 3_940, 0),
            ("OPTIONS", 404, 52, 0),
        ],
    );
    s.messages = Messages {
        total: 20_030,
        requests: 10_040,
        responses: 9_990,
        by_transport: vec![(Transport::Udp, 19_000), (Transport::Tcp, 1_030)],
        counts: counts(20_000, 30, 0, 0),
    };
    s
}

fn register_row(outcome: RegisterOutcome, attempts: u64) -> RegisterRow {
    let (count, details) = match outcome {
        RegisterOutcome::Registered => (2_955, vec![]),
        RegisterOutcome::Removed => (5, vec![]),
        RegisterOutcome::AuthFailed => (40, vec![(Detail::CredentialsRejected, 31), (Detail::NotRetried, 9)]),
        RegisterOutcome::Refused => (25, vec![]),
        RegisterOutcome::ServerFailure => (8, vec![]),
        RegisterOutcome::TimedOut => (12, vec![]),
        RegisterOutcome::Pending => (5, vec![]),
        RegisterOutcome::Queried => (0, vec![]),
    };
    RegisterRow { outcome, count, share: share(count, attempts), details }
}
