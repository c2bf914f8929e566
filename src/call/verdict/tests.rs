//! One leg, one final: the table of outcomes; deadlines; who decides among several legs.

use super::*;
use crate::transaction::fixture::{ended, leg, ms, with_message};
use crate::transaction::{Keys, Location};

const A: &str = "10.0.0.1:5060";
const S: &str = "10.0.0.2:5060";
const B: &str = "10.0.0.3:5060";

/// The attempt of one INVITE with these legs at `end`, in milliseconds.
fn attempt(legs: &[Leg], end: i64) -> Attempt {
    let lines =
        ["INVITE sip:b@h SIP/2.0", "Via: SIP/2.0/UDP h", "CSeq: 1 INVITE", "Call-ID: c", "From: <sip:a@h>"];
    let mut x = with_message(&lines, |m| Exchange::new(&Keys::of(m).unwrap(), m, ms(0)));
    x.legs = legs.iter().cloned().collect();
    let mut case = Case {
        exchanges: smallvec::smallvec![&x],
        b2bua: false,
        assumed: false,
        elsewhere: false,
        early_bye: false,
        prack_answered: false,
        unreachable: false,
        evicted: false,
        called: None,
        call: (0, Text::default()),
        gathered: None,
        end: ms(end),
    };
    case.judge(&Legs::of(&case.exchanges))
}

fn first() -> Leg {
    leg(A, S, &[(1, 1)], 0)
}

fn rang(mut leg: Leg, at: i64) -> Leg {
    leg.replied = Some(ms(at));
    leg.progress = Some((ms(at), ms(at)));
    leg.progressed = true;
    leg.ringing = Some(ms(at));
    leg
}

#[test]
fn a_code_has_one_outcome() {
    use Outcome::*;
    for (codes, outcome) in [
        (&[200, 202, 299][..], Answered),
        (&[486, 600], Busy),
        (&[480], NoAnswer),
        (&[487], Cancelled),
        (&[603, 607], Declined),
        (&[404, 410, 484, 485, 604], NotFound),
        (&[402, 403, 428, 433, 436, 437, 438, 470, 608], Forbidden),
        (&[401, 407], AuthFailed),
        (&[300, 302, 399], Redirected),
        (&[400, 405, 488, 491, 499], ClientError),
        (&[500, 503, 580, 599], ServerFailure),
        (&[606, 650, 699], GlobalFailure),
        (&[408], TimedOut),
    ] {
        for code in codes {
            let a = attempt(&[ended(first(), *code, 100)], 100_000);
            assert_eq!(a.outcome, outcome, "{code}");
            assert_eq!(a.side.is_some(), outcome != Pending);
        }
    }
    assert_eq!(attempt(&[ended(rang(first(), 50), 408, 100)], 100_000).outcome, NoAnswer);
}

#[test]
fn evidence_moves_the_side() {
    let with = |code, cause, location| {
        let mut leg = ended(first(), code, 100);
        if let Some(f) = &mut leg.ended {
            (f.cause, f.location) = (cause, location);
        }
        attempt(&[leg], 100_000).side.unwrap()
    };
    for (code, cause, side) in [
        (404, None, Side::Number),
        (404, Some(3), Side::Path),
        (480, None, Side::Callee),
        (480, Some(34), Side::Path),
        (408, Some(19), Side::Callee),
        (699, None, Side::Callee),
        (499, None, Side::Request),
        (599, None, Side::Path),
    ] {
        assert_eq!(with(code, cause, Location::None), side, "{code} {cause:?}");
    }
}

#[test]
fn silence_becomes_a_verdict_at_its_deadline() {
    let mut cancelled = rang(first(), 1_000);
    cancelled.cancelled = Some(ms(9_000));
    let mut trying = first();
    trying.replied = Some(ms(20_000));
    for (what, leg, deadline, outcome) in [
        ("Timer B", first(), 32_000, Outcome::TimedOut),
        ("Timer C from the last 101-199", rang(first(), 60_000), 240_000, Outcome::TimedOut),
        ("100 does not reset it", trying, 180_000, Outcome::TimedOut),
        ("64*T1 after CANCEL", cancelled, 41_000, Outcome::Cancelled),
    ] {
        assert_eq!(attempt(std::slice::from_ref(&leg), deadline - 1).outcome, Outcome::Pending, "{what}");
        assert_eq!(attempt(&[leg], deadline).outcome, outcome, "{what}");
    }
}

#[test]
fn a_challenge_stays_open_for_32_seconds() {
    let challenged = ended(first(), 407, 1_000);
    let a = attempt(std::slice::from_ref(&challenged), 32_999);
    assert_eq!((a.outcome, a.details.as_slice()), (Outcome::Pending, &[Detail::ChallengeOpen][..]));
    let a = attempt(std::slice::from_ref(&challenged), 33_000);
    assert_eq!((a.outcome, a.details.as_slice()), (Outcome::AuthFailed, &[Detail::NotRetried][..]));
    let with_credentials = Leg { credentials: true, ..challenged };
    let a = attempt(&[with_credentials], 1_001);
    assert_eq!((a.outcome, a.details.as_slice()), (Outcome::AuthFailed, &[Detail::CredentialsRejected][..]));
}

#[test]
fn legs_further_down_decide_where_the_reference_leg_is_silent() {
    let below = |code, at| ended(leg(S, B, &[(2, 1), (1, 1)], 1), code, at);
    let a = attempt(&[first(), below(404, 100)], 1_000_000);
    assert_eq!(
        (a.outcome, a.flags.as_slice()),
        (Outcome::NotFound, &[Flag::Inferred, Flag::LostUpstream][..])
    );
    let a = attempt(&[first(), below(200, 100)], 1_000);
    assert_eq!((a.outcome, a.flags.as_slice(), a.bids.len()), (Outcome::Answered, &[Flag::Inferred][..], 1));
    let a = attempt(&[ended(first(), 500, 110), below(503, 100)], 1_000);
    assert_eq!((a.outcome, a.transactions), (Outcome::ServerFailure, 1));
    assert_eq!(a.translated.iter().map(|(i, o)| (i.get(), o.get())).collect::<Vec<_>>(), [(503, 500)]);
}
