//! Which leg lies behind which: rules U1 to U3.
//!
//! A proxy adds a Via, so the list of a leg behind it names the leg before it (U1). Between a
//! B2BUA's or topology-hiding proxy's two sides nothing is named: there the addresses tell (U2),
//! or, failing that, that one side began while the other was open (U3). Legs that share a sent-by
//! and are not named by one another are siblings: forks and hunts.

use super::leg::Leg;

/// Whether `b` is downstream of `a`: further from the caller. Never true both ways.
pub fn is_downstream(b: &Leg, a: &Leg) -> bool {
    if lists(b, a) {
        return true;
    }
    if lists(a, b) || shares_sent_by(a, b) {
        return false;
    }
    match (goes_on(a, b), goes_on(b, a)) {
        (true, false) => true,
        (false, true) => false,
        (true, true) => a.began() < b.began(),
        // U3.
        (false, false) => !same_source(a, b) && a.began() < b.began() && a.was_open_at(b.started),
    }
}

/// Whether one of the two is downstream of the other.
pub fn is_related(a: &Leg, b: &Leg) -> bool {
    is_downstream(a, b) || is_downstream(b, a)
}

/// U1: `a`'s top Via is among those of `b` below `b`'s top.
pub fn lists(b: &Leg, a: &Leg) -> bool {
    a.vias.first().is_some_and(|top| b.vias.iter().skip(1).any(|v| v == top))
}

fn shares_sent_by(a: &Leg, b: &Leg) -> bool {
    a.vias.iter().any(|x| b.vias.iter().any(|y| x.sent_by == y.sent_by))
}

/// Both were sent by one host that is not also where one of them went: its second try, or another
/// call of a scanner that keeps its Call-ID, is not caused by its first.
fn same_source(a: &Leg, b: &Leg) -> bool {
    a.flow.source.ip == b.flow.source.ip && !shared_host(a) && !shared_host(b)
}

fn shared_host(leg: &Leg) -> bool {
    leg.flow.source.ip == leg.flow.destination.ip
}

/// U2: `a`'s request went where `b`'s came from. On one shared host the port tells them apart.
fn goes_on(a: &Leg, b: &Leg) -> bool {
    if shared_host(a) || shared_host(b) {
        a.flow.destination == b.flow.source
    } else {
        a.flow.destination.ip == b.flow.source.ip
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::fixture::{ended, leg};

    const A: &str = "10.0.0.1:5060";
    const S: &str = "10.0.0.2:5060";
    const B: &str = "10.0.0.3:5060";

    #[test]
    fn what_lies_behind_what() {
        let a = leg(A, S, &[(1, 1)], 0);
        let cases = [
            ("U1: a proxy adds its Via", a.clone(), leg(S, B, &[(2, 1), (1, 1)], 1), true),
            ("U1 holds whatever the clocks say", a.clone(), leg(S, B, &[(2, 1), (1, 1)], -700), true),
            (
                "a fork's branches are siblings",
                leg(S, B, &[(2, 1), (1, 1)], 0),
                leg(S, A, &[(2, 2), (1, 1)], 1),
                false,
            ),
            ("a failover is a sibling", a.clone(), leg(A, B, &[(1, 2)], 1), false),
            ("U2: it comes from where the other went", a.clone(), leg(S, B, &[(2, 1)], 1), true),
            ("U2 holds after the other has ended", ended(a.clone(), 486, 5), leg(S, B, &[(2, 1)], 9), true),
            ("U3: it began while the other was open", a.clone(), leg("10.0.7.7:1", B, &[(2, 1)], 1), true),
            ("U3: not after it", ended(a.clone(), 486, 5), leg("10.0.7.7:1", B, &[(2, 1)], 5), false),
            ("U3: not from the same source", a.clone(), leg("10.0.0.1:9", B, &[(2, 1)], 1), false),
            ("one host, the port tells", leg("10.0.0.2:9", S, &[(1, 1)], 0), leg(S, B, &[(2, 1)], 1), true),
        ];
        for (what, a, b, expected) in cases {
            assert_eq!(is_downstream(&b, &a), expected, "{what}");
            assert!(!is_downstream(&a, &b), "{what}: never the other way round");
            assert_eq!(is_related(&a, &b), expected, "{what}");
        }
    }
}
