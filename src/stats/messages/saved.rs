//! Messages by method, code and bin as a saved summary holds them: what occurred, sparse.

use serde::{Deserialize, Serialize};

use super::{Cell, MessageTally};
use crate::flow::Transport;
use crate::sip::StatusCode;
use crate::stats::Counts;
use crate::stats::names::Methods;
use crate::stats::serial::by_name;
use crate::transaction::MethodKey;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Messages {
    /// Methods that are not registered, by row from the sixteenth on.
    methods: Vec<(MethodKey, String)>,
    refused: bool,
    /// By row.
    requests: Vec<(usize, Counts)>,
    /// By row and code.
    responses: Vec<(usize, Vec<Code>)>,
    #[serde(
        serialize_with = "by_name::write::<Transport, _, _>",
        deserialize_with = "by_name::read::<Transport, _, _, _>"
    )]
    transports: Vec<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    code: StatusCode,
    counts: Counts,
    inner: u64,
    alive: u64,
}

impl From<MessageTally> for Messages {
    fn from(t: MessageTally) -> Self {
        let codes = |cells: &[Cell]| {
            let numbered = (StatusCode::MIN..=StatusCode::MAX).filter_map(StatusCode::new).zip(cells);
            let occurring = numbered.filter(|(_, c)| c.counts.messages() + c.inner + c.alive > 0);
            let row = |(code, c): (StatusCode, &Cell)| Code {
                code,
                counts: c.counts,
                inner: c.inner,
                alive: c.alive,
            };
            occurring.map(row).collect()
        };
        let rows = t.cells.iter().enumerate();
        Self {
            responses: rows.filter_map(|(row, c)| Some((row, codes(c.as_ref()?.as_slice())))).collect(),
            requests: t.requests.iter().copied().enumerate().filter(|(_, c)| c.messages() > 0).collect(),
            refused: t.methods.refused(),
            methods: t.methods.named().to_vec(),
            transports: t.transports.to_vec(),
        }
    }
}

impl TryFrom<Messages> for MessageTally {
    type Error = &'static str;

    fn try_from(saved: Messages) -> Result<Self, Self::Error> {
        const NO_ROW: &str = "messages of a method that is not named";
        let names = saved.methods.len();
        if saved.methods.iter().any(|(key, _)| key.index().is_some() || *key == MethodKey::OTHER) {
            return Err("a registered method among the others");
        }
        let methods = Methods::of(saved.methods, saved.refused);
        if methods.named().len() != names {
            return Err("a method twice, or more of them than are kept");
        }
        let rows = methods.rows();
        let transports = saved.transports.try_into().map_err(|_| "other transports")?;
        let mut tally = Self { methods, transports, ..Self::default() };
        for (row, counts) in saved.requests {
            if row >= rows {
                return Err(NO_ROW);
            }
            if row >= tally.requests.len() {
                tally.requests.resize(row + 1, Counts::default());
            }
            if let Some(all) = tally.requests.get_mut(row) {
                *all += counts;
            }
        }
        for (row, codes) in saved.responses {
            if row >= rows {
                return Err(NO_ROW);
            }
            for code in codes {
                *tally.cell(row, code.code) =
                    Cell { counts: code.counts, inner: code.inner, alive: code.alive };
            }
        }
        Ok(tally)
    }
}
