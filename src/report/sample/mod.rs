//! Summaries for the tests of all formats: the incident of the README's picture, registrations, and a
//! capture without SIP. Their sums add up, as those of a real run do.

mod cuts;
mod registrations;
mod trunk;

pub(crate) use registrations::registrations;
pub(crate) use trunk::trunk;

use crate::capture::FileReport;
use crate::fate::Fate;
use crate::flow::Endpoint;
use crate::sip::StatusCode;
use crate::stats::summary::*;
use crate::stats::{Counts, Summary};
use crate::time::{Nanos, Timestamp};

/// 2026-03-03 14:00:00 UTC.
const START: Timestamp = Timestamp::from_nanos(1_772_546_400_000_000_000);

/// A capture without SIP in clear.
pub(crate) fn nothing() -> Summary {
    Summary {
        input: Input {
            complete: true,
            exact: true,
            files: vec![FileReport {
                path: "media only.pcap".into(),
                format: "pcap".into(),
                frames: 1_000,
                first: Some(START),
                last: Some(START + Nanos::from_millis(9_750)),
                complete: true,
                ..FileReport::default()
            }],
            frames: 1_000,
            fates: vec![(Fate::Rtp, 910), (Fate::Tls, 61), (Fate::TcpControl, 20), (Fate::NotIp, 9)],
            span: Some((START, START + Nanos::from_millis(9_750))),
            tls: vec![TlsRow {
                port: 5061,
                server_name: Some("sip.example.org".into()),
                flows: 3,
                bytes: 48_200,
            }],
            ..Input::default()
        },
        ..Summary::default()
    }
}

pub(crate) fn code(n: u16) -> StatusCode {
    StatusCode::new(n).unwrap()
}

fn counts(first: u64, retransmissions: u64, capture_duplicates: u64, hop_copies: u64) -> Counts {
    Counts { first, retransmissions, capture_duplicates, hop_copies }
}

/// Milliseconds.
fn delay(count: u64, [min, p50, p90, p95, p99, max]: [i64; 6]) -> DelayStats {
    let ms = Nanos::from_millis;
    DelayStats { count, min: ms(min), p50: ms(p50), p90: ms(p90), p95: ms(p95), p99: ms(p99), max: ms(max) }
}

fn gateway(last: u8) -> Endpoint {
    Endpoint::new([10, 0, 4, last], 5060)
}

fn silence(method: &str, last: u8, unanswered: u64, requests: u64, retransmissions: u64) -> SilenceRow {
    let destination = Some(gateway(last));
    SilenceRow { method: method.into(), destination, unanswered, requests, retransmissions }
}
