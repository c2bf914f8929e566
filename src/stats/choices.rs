//! What the user can choose that changes figures.

use serde::{Deserialize, Serialize};

use crate::call::Attempt;
use crate::config::{Grouping, HostSide};
use crate::rename::{Rename, What};
use crate::stats::attempts::is_on;
use crate::stats::counted::span;
use crate::time::Nanos;
use crate::trunks::Trunks;

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
    /// That selects messages, not calls: figures of calls are left out.
    #[serde(skip)]
    pub messages_only: bool,
    /// What to tell traffic apart by.
    pub grouping: Grouping,
}

impl Choices {
    /// Gives new names to what the user named.
    pub(super) fn rename(&mut self, to: &mut dyn Rename) {
        let Self { short_call: _, host_sides, condition, messages_only: _, grouping } = self;
        host_sides.iter_mut().for_each(|side| side.host = to.address(side.host));
        *condition = condition.as_ref().map(|text| to.text(What::Options, text));
        grouping.trunks.rename(to);
    }

    /// All of them by name, for people.
    pub(super) fn options(&self) -> Vec<(String, String)> {
        let Choices { short_call, host_sides, condition, grouping, messages_only: _ } = self;
        // How many rows are shown and which come first changes none of them.
        let Grouping { by, top: _, sort: _, prefix_length, trunks, interval } = grouping;
        let json = |value: serde_json::Result<String>| value.unwrap_or_default();
        let some = |is_there: bool, text: String| if is_there { text } else { "none".to_owned() };
        let by_words: Vec<String> =
            by.iter().map(|d| d.iter().map(|d| d.id()).collect::<Vec<_>>().join(",")).collect();
        let interval = match interval {
            None => "none".to_owned(),
            Some(Nanos::ZERO) => "auto".to_owned(),
            Some(interval) => span(*interval),
        };
        [
            ("--short-call", span(*short_call)),
            ("--host-side", some(!host_sides.is_empty(), json(serde_json::to_string(host_sides)))),
            ("--where", condition.clone().unwrap_or_else(|| "none".to_owned())),
            ("--by", some(!by.is_empty(), by_words.join(" and "))),
            ("--prefix-length", prefix_length.to_string()),
            ("--trunks", some(*trunks != Trunks::default(), json(serde_json::to_string(trunks)))),
            ("--interval", interval),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Whether `attempt` counts.
    pub(super) fn keep(&self, attempt: &Attempt) -> bool {
        self.host_sides.is_empty() || self.host_sides.iter().any(|side| is_on(side, attempt))
    }
}
