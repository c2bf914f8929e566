//! Calls to look at, of cells, outcomes and delays.

use super::{DelayKind, SampleCall};
use crate::call::Outcome;
use crate::sip::StatusCode;

/// Calls to look at: up to five of each, the first by time and frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// By method and code of the response, sorted. Methods that nobody registered are together.
    pub cells: Vec<CellCalls>,
    /// By outcome of the attempt; only those that occurred.
    pub outcomes: Vec<(Outcome, Vec<SampleCall>)>,
    /// Attempts with the greatest delay, greatest first.
    pub slowest: Vec<(DelayKind, Vec<SampleCall>)>,
}

/// Calls that show one response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellCalls {
    /// As in [`MethodRow`](super::MethodRow).
    pub method: String,
    /// The code.
    pub status: StatusCode,
    /// The calls; frame and time are those of the response.
    pub calls: Vec<SampleCall>,
}

impl Calls {
    /// The calls that show `status` to `method`.
    pub fn cell(&self, method: &str, status: StatusCode) -> &[SampleCall] {
        let found = self.cells.iter().find(|c| c.method == method && c.status == status);
        found.map_or(&[], |c| &c.calls)
    }

    /// The calls that ended so.
    pub fn outcome(&self, outcome: Outcome) -> &[SampleCall] {
        self.outcomes.iter().find(|(o, _)| *o == outcome).map_or(&[], |(_, calls)| calls)
    }
}
