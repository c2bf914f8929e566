//! What the user can choose that changes figures.

use serde::{Deserialize, Serialize};

use crate::call::Attempt;
use crate::config::{Grouping, HostSide};
use crate::rename::{Rename, What};
use crate::stats::attempts::is_on;
use crate::time::Nanos;

/// What the user can choose that changes figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    /// A call this long or less is short.
    pub short_call: Nanos,
    /// Attempts that count; all of them if empty.
    pub host_sides: Vec<HostSide>,
    /// What selects the calls that count, as written; `None`: all.
    pub condition: Option<String>,
    /// What to tell traffic apart by.
    pub grouping: Grouping,
}

impl Choices {
    /// Gives new names to what the user named.
    pub(super) fn rename(&mut self, to: &mut dyn Rename) {
        let Self { short_call: _, host_sides, condition, grouping } = self;
        host_sides.iter_mut().for_each(|side| side.host = to.address(side.host));
        *condition = condition.as_ref().map(|text| to.text(What::Options, text));
        grouping.trunks.rename(to);
    }

    /// Whether `attempt` counts.
    pub(super) fn keep(&self, attempt: &Attempt) -> bool {
        self.host_sides.is_empty() || self.host_sides.iter().any(|side| is_on(side, attempt))
    }
}
