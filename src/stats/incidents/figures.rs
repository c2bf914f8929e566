//! The figures that are watched, and what of each is worth telling: set here, once.

use std::collections::BTreeMap;

use super::Kind;
use super::cells::{Bucket, Cell};
use super::sample::Case;
use super::scan::{Block, Worth};
use crate::call::{Outcome, Place, Side};
use crate::registry;
use crate::transaction::MethodKey;

/// The greatest chance of a coincidence within one series; many are looked at.
pub(super) const CHANCE: f64 = 2e-4;

/// By how much the share of an end must rise of which network or platform speak.
const NETWORK: f64 = 0.01;
/// Of one of which people speak.
const PEOPLE: f64 = 0.10;

/// What rose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// This kind of end.
    End(Cell),
    /// Requests that had to be sent again.
    Resent,
    /// Finals that had to be sent again.
    Repeated,
    /// Delays of this length or more.
    Delay(u16),
    /// Attempts that were not answered.
    Unanswered,
}

impl What {
    /// It is a response code.
    pub(super) fn is_code(self) -> bool {
        matches!(self, Self::End(cell) if cell.status().is_some())
    }

    /// Figures of a family may be cause and consequence at two hops: a code is often translated.
    pub(super) fn family(self) -> u8 {
        match self {
            Self::End(_) if self.is_code() => 0,
            Self::End(_) => 1,
            Self::Resent => 2,
            Self::Delay(_) => 3,
            Self::Unanswered => 4,
            Self::Repeated => 5,
        }
    }
}

/// Requests that could be cases, and those that are.
pub(super) fn figures(what: What, b: &Bucket) -> Block {
    match what {
        What::End(cell) => (u64::from(b.begun), u64::from(b.of(cell))),
        What::Resent => (u64::from(b.begun), u64::from(b.of(Cell::RESENT))),
        What::Repeated => (u64::from(b.begun), u64::from(b.of(Cell::REPEATED))),
        What::Unanswered => {
            let over = u64::from(b.over);
            (over, over.saturating_sub(b.of(Cell::ended(Outcome::Answered)).into()))
        }
        What::Delay(limit) => b
            .cells()
            .filter_map(|(c, n)| Some((c.delay_step()?, u64::from(n))))
            .fold((0, 0), |(all, slow), (step, n)| (all + n, slow + if step >= limit { n } else { 0 })),
    }
}

/// Whether a figure speaks of network or platform.
pub(super) fn blames_the_network(what: What) -> bool {
    match what {
        What::End(cell) => match cell.outcome() {
            Some(outcome) => matches!(outcome, Outcome::ServerFailure | Outcome::TimedOut),
            None => super::blames_the_network(cell),
        },
        What::Resent | What::Repeated | What::Delay(_) => true,
        What::Unanswered => false,
    }
}

/// The ways to end by which a figure counts; none: it counts delays.
pub(super) fn ends_as(what: What) -> Vec<Cell> {
    match what {
        What::End(cell) => vec![cell],
        What::Resent => vec![Cell::RESENT],
        What::Repeated => vec![Cell::REPEATED],
        What::Unanswered => Outcome::ALL.iter().map(|o| Cell::ended(*o)).collect(),
        What::Delay(_) => Vec::new(),
    }
}

pub(super) fn is_case(what: What, c: &Case) -> bool {
    match what {
        What::End(cell) => c.cell == Some(cell),
        What::Resent => c.resent,
        What::Repeated => c.repeated,
        What::Unanswered => c.cell.is_some_and(|cell| cell != Cell::ended(Outcome::Answered)),
        What::Delay(limit) => {
            c.delay.is_some_and(|d| Cell::delay(d).delay_step().is_some_and(|step| step >= limit))
        }
    }
}

pub(super) fn is_judged(what: What, c: &Case) -> bool {
    match what {
        What::Delay(_) => c.delay.is_some(),
        What::Unanswered => c.cell.is_some(),
        What::End(_) | What::Resent | What::Repeated => true,
    }
}

/// Limits of delay: above the median, the upper quarter and the upper tenth of all.
pub(super) fn slow(totals: &BTreeMap<Cell, u64>) -> Vec<u16> {
    let delays: Vec<(u16, u64)> = totals.iter().filter_map(|(c, n)| Some((c.delay_step()?, *n))).collect();
    let all: u64 = delays.iter().map(|(_, n)| n).sum();
    let mut limits: Vec<u16> = Vec::new();
    for tenths in [5, 7, 9] {
        let mut sum = 0;
        let at = delays.iter().find(|(_, n)| {
            sum += n;
            sum * 10 >= all * tenths
        });
        if let Some((step, _)) = at
            && all > 0
            && !limits.contains(&(step + 1))
        {
            limits.push(step + 1);
        }
    }
    limits
}

/// What is worth telling of a figure, and how much one case matters.
pub(super) fn worth(what: What, kind: Kind) -> (Worth, f64) {
    let network = Worth { rise: NETWORK, times: 3.0, cases: 8, p: CHANCE };
    let refusal = Worth { rise: 0.04, times: 2.5, cases: 8, p: CHANCE };
    let people = Worth { rise: PEOPLE, times: 3.0, cases: 10, p: CHANCE };
    let invite = kind.method == MethodKey::INVITE;
    let (worth, weight) = match what {
        What::End(cell) if cell.outcome().is_some() => match cell.outcome() {
            Some(Outcome::ServerFailure | Outcome::TimedOut) => (network, 0.9),
            Some(
                Outcome::Busy
                | Outcome::NoAnswer
                | Outcome::Cancelled
                | Outcome::Declined
                | Outcome::GlobalFailure,
            ) => (people, 0.25),
            _ => (refusal, 0.5),
        },
        // Who answers changes with the hour, by itself.
        What::Unanswered => (Worth { rise: 0.25, times: 1.5, cases: 20, p: CHANCE }, 0.2),
        What::End(cell) => match cell.status() {
            None => (network, 1.0),
            Some(s) if s.class() == 5 || s.get() == 408 => (network, 1.0),
            Some(_) if !invite => (refusal, 0.7),
            Some(s) => match registry::final_side(s) {
                Some(Side::Callee | Side::Caller) => (people, 0.3),
                Some(Side::Path | Side::Server) => (network, 1.0),
                _ => (refusal, 0.6),
            },
        },
        What::Resent | What::Repeated => (Worth { rise: 0.04, times: 3.0, cases: 10, p: CHANCE }, 0.15),
        What::Delay(_) => (Worth { rise: 0.2, times: 2.0, cases: 10, p: CHANCE }, 0.4),
    };
    let of_method = match kind.method {
        MethodKey::INVITE => 1.0,
        MethodKey::REGISTER => 0.5,
        _ => 0.3,
    };
    let of_place = if kind.place == Place::Reference { 1.0 } else { 0.9 };
    (worth, weight * of_method * of_place)
}

/// Whether a figure speaks of what people do: who is busy, or does not answer, is nobody's fault.
pub(super) fn speaks_of_people(what: What, kind: Kind) -> bool {
    match what {
        What::End(_) => worth(what, kind).0.rise >= PEOPLE,
        What::Unanswered => true,
        What::Resent | What::Repeated | What::Delay(_) => false,
    }
}

/// What is worth telling though it is so throughout the capture, of some and not of others. Gateways
/// that ring later, or refuse more, than others are an ordinary sight: only what leaves no doubt.
/// `None`: nothing.
pub(super) fn standing(what: What, kind: Kind) -> Option<Worth> {
    let (usual, _) = worth(what, kind);
    let least = Worth { rise: 0.5, times: 5.0, cases: 20, p: 1e-8 };
    match what {
        _ if speaks_of_people(what, kind) => None,
        What::Delay(_) => Some(Worth { rise: 0.3, times: 2.0, ..least }),
        // 408 may be a timer that ends what rings out: some gateways have one.
        What::End(cell) if usual.rise <= NETWORK && cell.status().is_none_or(|s| s.get() != 408) => {
            Some(Worth { rise: 0.3, ..least })
        }
        _ => Some(least),
    }
}
