//! Registrations in JSON.

use serde::Serialize;

use super::invite::{CountJson, count};
use super::value::{Keyed, Rate};
use crate::stats::summary::{Register, RegisterRow};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct RegisterJson<'a> {
    attempts: u64,
    outcomes: Keyed<&'a str, RegisterOutcomeJson<'a>>,
    codes: Vec<CountJson>,
    rates: RegisterRates,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RegisterOutcomeJson<'a> {
    count: u64,
    share: Option<f64>,
    details: Keyed<&'a str, u64>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RegisterRates {
    ira: Rate,
}

impl<'a> RegisterJson<'a> {
    pub(super) fn new(r: &'a Register) -> Self {
        Self {
            attempts: r.attempts,
            outcomes: r.outcomes.iter().map(|o| (o.outcome.id(), RegisterOutcomeJson::new(o))).collect(),
            codes: r.codes.iter().map(count).collect(),
            rates: RegisterRates { ira: r.ira.into() },
        }
    }
}

impl<'a> RegisterOutcomeJson<'a> {
    fn new(r: &'a RegisterRow) -> Self {
        Self {
            count: r.count,
            share: r.share,
            details: r.details.iter().map(|(d, n)| (d.id(), *n)).collect(),
        }
    }
}
