//! Rule 0, and what a leg's final is.

use super::*;
use crate::transaction::fixture::{origin, with_message};

const A: &str = "10.0.0.1:5060";
const B: &str = "10.0.0.2:5060";

/// Messages of one transaction: milliseconds, tap, start line.
struct Play(Exchange);

impl Play {
    fn new(method: &str) -> Self {
        let start = format!("{method} sip:b@h SIP/2.0");
        Self(with_message(&lines(&start, method), |m| {
            let keys = Keys::of(m).unwrap();
            let mut x = Exchange::new(&keys, m, origin(A, B, 0, 1, 0).stamp.time);
            x.admit(&keys, m, &origin(A, B, 0, 1, 0), 0);
            x
        }))
    }

    fn take(&mut self, at: i64, tap: u64, start: &str, method: &str) -> Step {
        let (from, to) = if start.starts_with("SIP") { (B, A) } else { (A, B) };
        with_message(&lines(start, method), |m| {
            let keys = Keys::of(m).unwrap();
            self.0.record(0, &keys, m, &origin(from, to, at, tap, 0), Nanos::from_millis(100))
        })
    }

    fn reopens(&self, at: i64, tap: u64, method: &str) -> bool {
        let start = format!("{method} sip:b@h SIP/2.0");
        with_message(&lines(&start, method), |m| self.0.reopens(0, m, &origin(A, B, at, tap, 0), || None))
    }
}

fn lines<'a>(start: &'a str, method: &str) -> [&'a str; 6] {
    let cseq = match method {
        "INVITE" => "CSeq: 1 INVITE",
        "ACK" => "CSeq: 1 ACK",
        _ => "CSeq: 1 OPTIONS",
    };
    [
        start,
        "Via: SIP/2.0/UDP h;branch=z9hG4bK1",
        cseq,
        "Call-ID: c",
        "From: <sip:a@h>;tag=f",
        "To: <sip:b@h>",
    ]
}

#[test]
fn a_transaction_key_ends() {
    let mut invite = Play::new("INVITE");
    invite.take(0, 1, "INVITE sip:b@h SIP/2.0", "INVITE");
    assert!(!invite.reopens(31_999, 1, "INVITE") && invite.reopens(32_000, 1, "INVITE"), "(c)");
    invite.take(500, 1, "SIP/2.0 486 Busy", "INVITE");
    assert!(!invite.reopens(9_500, 1, "INVITE") && invite.reopens(9_501, 1, "INVITE"), "(b)");
    invite.take(600, 1, "ACK sip:b@h SIP/2.0", "ACK");
    assert!(!invite.reopens(1_600, 1, "INVITE") && invite.reopens(1_601, 1, "INVITE"), "(a)");
    assert!(!invite.reopens(99_000, 2, "INVITE"), "a tap that did not see it shows a late copy");
    assert!(!invite.reopens(99_000, 1, "ACK"), "ACK begins nothing");
    invite.take(99_000, 2, "INVITE sip:b@h SIP/2.0", "INVITE");
    assert!(!invite.reopens(99_001, 2, "INVITE"), "a tap that shows each packet twice, late");
    assert!(invite.reopens(99_500, 2, "INVITE"), "(a) on the late tap");
}

#[test]
fn a_2xx_takes_the_place_of_another_final() {
    let mut x = Play::new("INVITE");
    x.take(0, 1, "INVITE sip:b@h SIP/2.0", "INVITE");
    let first = x.take(100, 1, "SIP/2.0 408 Timeout", "INVITE");
    assert!(first.first_final.is_some() && !first.late_final);
    let other = x.take(150, 1, "SIP/2.0 487 Terminated", "INVITE");
    assert!(other.late_final && other.displaced.is_none());
    assert_eq!(x.0.legs[0].code(), Some(408));
    let ok = x.take(200, 1, "SIP/2.0 200 OK", "INVITE");
    assert!(ok.late_final && ok.displaced.map(|s| s.get()) == Some(408));
    let again = x.take(700, 1, "SIP/2.0 200 OK", "INVITE");
    assert_eq!((again.bin, again.late_final), (Bin::Retransmission, false));
    assert_eq!(x.0.legs[0].code(), Some(200));
}

#[test]
fn legs_beyond_the_table_are_refused() {
    let mut x = Play::new("OPTIONS");
    with_message(&lines("OPTIONS sip:b@h SIP/2.0", "OPTIONS"), |m| {
        let keys = Keys::of(m).unwrap();
        for n in 1..MAX_LEGS as u32 {
            assert!(x.0.admit(&keys, m, &origin(A, B, 0, 1, 0), n).is_some());
        }
        assert!(x.0.admit(&keys, m, &origin(A, B, 0, 1, 0), 99).is_none());
    });
}

#[test]
fn a_transaction_takes_few_bytes() {
    assert_eq!((size_of::<Leg>(), size_of::<Exchange>()), (304, 640));
}
