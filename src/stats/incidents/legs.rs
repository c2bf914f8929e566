//! Calls that were captured on both sides of a B2BUA: which request is the way in, and which the way out.
//!
//! Both sides count (nothing in RFC 3261 ties them), but what explains a failure may stand on one side
//! only: the gateway on the way out, the caller's product on the way in. Half of the cases then speak
//! against it. Where nothing explains all cases, those of one side are looked at by themselves.

use super::sample::Case;
use crate::stats::b2bua::SOON;

/// Requests to a number that are compared with one: however many there are, work stays bounded.
const NEXT: usize = 64;
/// Share of the requests that must have another side: a number that is called all the time meets calls to
/// itself everywhere.
const ENOUGH: f64 = 0.3;

/// What a request is to a B2BUA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leg {
    /// It goes to one, and on under another Call-ID.
    In,
    /// It comes from one.
    Out,
    /// No other side of it was captured.
    Only,
}

/// The leg of each of `cases`, which are in order of time; empty if there is no B2BUA.
pub(super) fn legs(cases: &[(&Case, f64)]) -> Vec<Leg> {
    let mut rows: Vec<usize> = (0..cases.len()).filter(|i| cases[*i].0.digits != 0).collect();
    rows.sort_by_key(|i| (cases[*i].0.digits, cases[*i].0.at));
    let mut legs = vec![Leg::Only; cases.len()];
    let mut pairs = 0;
    for same in rows.chunk_by(|a, b| cases[*a].0.digits == cases[*b].0.digits) {
        for (place, first) in same.iter().enumerate() {
            let (a, _) = cases[*first];
            let next =
                same[place + 1..].iter().take(NEXT).take_while(|i| cases[**i].0.at - a.at <= SOON).find(
                    |i| {
                        let (b, _) = cases[**i];
                        legs[**i] == Leg::Only
                            && b.flow.source.ip != a.flow.source.ip
                            && b.flow.destination.ip != a.flow.destination.ip
                            && b.call_id != a.call_id
                    },
                );
            if let Some(next) = next.filter(|_| legs[*first] == Leg::Only) {
                (legs[*first], legs[*next]) = (Leg::In, Leg::Out);
                pairs += 1;
            }
        }
    }
    if f64::from(2 * pairs) < ENOUGH * cases.len() as f64 {
        legs.clear();
    }
    legs
}

/// The leg that nearly all of `rows` are.
pub(super) fn most(legs: &[Leg], rows: &[usize]) -> Leg {
    let are = |leg: Leg| rows.iter().filter(|i| legs.get(**i) == Some(&leg)).count();
    [Leg::In, Leg::Out].into_iter().find(|leg| 5 * are(*leg) > 4 * rows.len()).unwrap_or(Leg::Only)
}
