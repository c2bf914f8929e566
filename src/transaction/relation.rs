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
