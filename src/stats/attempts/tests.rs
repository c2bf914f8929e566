//! Numerators one by one.

use smallvec::smallvec;

use super::*;
use crate::stats::Admission;

fn attempt(outcome: Outcome, code: u16) -> Attempt {
    Attempt { outcome, status: StatusCode::new(code), ..crate::call::sample::attempt() }
}

/// Numerators of ner, ner_high, ner_q850, ser, seer, isa and isa_without_silent for one attempt.
fn counted(a: &Attempt) -> [u64; 7] {
    let mut t = AttemptTally::default();
    t.note(a, &mut Admission::default().hops);
    [t.ner, t.ner_high, t.ner_q850, t.ser, t.seer, t.isa, t.isa - t.isa_silent]
}

#[test]
fn what_counts_in_which_rate() {
    use Outcome::*;
    let rang = |a: Attempt, alerted| Attempt { alerted, ..a };
    let with = |a: Attempt, d| Attempt { details: smallvec![d], ..a };
    let cancelled = || attempt(Cancelled, 487);
    for (what, attempt, expected) in [
        ("answered", attempt(Answered, 200), [1, 1, 1, 1, 1, 0, 0]),
        ("busy", attempt(Busy, 486), [1, 1, 1, 0, 1, 0, 0]),
        ("no answer", attempt(NoAnswer, 480), [1, 1, 1, 0, 1, 0, 0]),
        ("408 after ringing", rang(attempt(NoAnswer, 408), Alerted::Ringing), [1, 1, 1, 0, 0, 1, 1]),
        ("declined", with(attempt(Declined, 603), Detail::Callee), [1, 1, 1, 0, 1, 0, 0]),
        ("607", attempt(Declined, 607), [1, 1, 1, 0, 0, 0, 0]),
        ("blocked", with(attempt(Declined, 603), Detail::NetworkBlocked), [0, 0, 0, 0, 1, 0, 0]),
        ("cancelled early", cancelled(), [0; 7]),
        ("cancelled ringing", rang(cancelled(), Alerted::Ringing), [1, 1, 1, 0, 0, 0, 0]),
        ("cancelled, in-band", rang(cancelled(), Alerted::EarlyMedia), [0, 1, 0, 0, 0, 0, 0]),
        ("elsewhere", with(rang(cancelled(), Alerted::Ringing), Detail::Elsewhere), [0; 7]),
        ("not found", attempt(NotFound, 404), [0; 7]),
        ("503", attempt(ServerFailure, 503), [0, 0, 0, 0, 0, 1, 1]),
        ("502", attempt(ServerFailure, 502), [0; 7]),
        (
            "silent",
            Attempt { status: None, ..with(attempt(TimedOut, 408), Detail::NoResponse) },
            [0, 0, 0, 0, 0, 1, 0],
        ),
        ("no final", Attempt { status: None, ..with(attempt(TimedOut, 408), Detail::NoFinal) }, [0; 7]),
        ("pending", attempt(Pending, 407), [0; 7]),
        ("cause 17", Attempt { cause: Some(17), ..attempt(ServerFailure, 500) }, [0, 0, 1, 0, 0, 1, 1]),
        ("cause 34", Attempt { cause: Some(34), ..attempt(NoAnswer, 480) }, [1, 1, 0, 0, 1, 0, 0]),
    ] {
        assert_eq!(counted(&attempt), expected, "{what}");
    }
}

#[test]
fn a_rate_of_nothing_is_undefined() {
    let mut t = AttemptTally::default();
    t.note(&attempt(Outcome::Pending, 407), &mut Admission::default().hops);
    let mut invite = Invite::default();
    t.fill(&mut invite, false);
    assert!(invite.rates.iter().all(|(_, r)| r.value().is_none()));
    t.note(&attempt(Outcome::Redirected, 302), &mut Admission::default().hops);
    t.fill(&mut invite, false);
    let rate = |kind| invite.rates.iter().find(|(k, _)| *k == kind).unwrap().1;
    assert_eq!((rate(RateKind::Asr).value(), rate(RateKind::Ser).value()), (Some(0.0), None));
}
