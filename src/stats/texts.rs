//! Reasons beyond the code: `Reason`, `Warning`, `Retry-After` and the wire's own phrases.
//!
//! All of it is foreign text, bounded in number and length; first sightings only.

use std::collections::BTreeMap;

use crate::registry;
use crate::sip::{Message, Reason, Start, StatusCode, Warning, retry_after_seconds, unquote};
use crate::stats::names::Table;
use crate::stats::summary::{PhraseRow, ReasonRow, RetryAfterRow};

/// Rows of each table.
const MAX_ROWS: usize = 256;
/// Bytes of a text that are kept.
const MAX_TEXT: usize = 120;

/// Carried by (a method, or code and method), protocol, cause, location.
type ReasonKey = (String, String, Option<u32>, Option<String>);

#[derive(Clone, Debug, Default)]
struct ReasonTally {
    count: u64,
    text: Option<String>,
}

/// All texts.
#[derive(Clone, Debug)]
pub(super) struct TextTally {
    reasons: Table<ReasonKey, ReasonTally>,
    phrases: Table<(StatusCode, String), u64>,
    warnings: Table<(StatusCode, String), u64>,
    retry_after: BTreeMap<StatusCode, (u64, u32, u32)>,
}

impl Default for TextTally {
    fn default() -> Self {
        Self {
            reasons: Table::new(MAX_ROWS),
            phrases: Table::new(MAX_ROWS),
            warnings: Table::new(MAX_ROWS),
            retry_after: BTreeMap::new(),
        }
    }
}

impl TextTally {
    pub(super) fn note(&mut self, message: &Message<'_>) {
        for reason in message.reasons.iter().filter_map(|v| Reason::parse(v)) {
            let key = (carrier(message), text(reason.protocol), reason.cause, reason.location.map(text));
            let row = self.reasons.row(key);
            row.count += 1;
            if row.text.is_none() {
                row.text = reason.text.map(|t| text(&unquote(t)));
            }
        }
        let Start::Response { status, reason } = message.start else { return };
        if registry::reason(status).is_none_or(|phrase| phrase.as_bytes() != reason) && !reason.is_empty() {
            *self.phrases.row((status, text(reason))) += 1;
        }
        if let Some(warning) = message.warning.and_then(Warning::parse) {
            let words = format!("{:03} {}", warning.code, text(warning.text));
            *self.warnings.row((status, words)) += 1;
        }
        if let Some(seconds) = message.retry_after.and_then(retry_after_seconds) {
            let row = self.retry_after.entry(status).or_insert((0, seconds, seconds));
            *row = (row.0 + 1, row.1.min(seconds), row.2.max(seconds));
        }
    }

    pub(super) fn reasons(&self) -> Vec<ReasonRow> {
        let mut rows: Vec<ReasonRow> = self
            .reasons
            .iter()
            .map(|((carried_by, protocol, cause, location), t)| ReasonRow {
                carried_by: carried_by.clone(),
                protocol: protocol.clone(),
                cause: *cause,
                location: location.clone(),
                text: t.text.clone(),
                count: t.count,
            })
            .collect();
        rows.sort_by(|a, b| {
            b.count.cmp(&a.count).then_with(|| {
                (&a.carried_by, &a.protocol, a.cause, &a.location).cmp(&(
                    &b.carried_by,
                    &b.protocol,
                    b.cause,
                    &b.location,
                ))
            })
        });
        if self.reasons.refused > 0 {
            rows.push(ReasonRow {
                carried_by: "(other)".to_owned(),
                protocol: String::new(),
                cause: None,
                location: None,
                text: None,
                count: self.reasons.other.count,
            });
        }
        rows
    }

    pub(super) fn phrases(&self) -> Vec<PhraseRow> {
        rows(&self.phrases)
    }

    pub(super) fn warnings(&self) -> Vec<PhraseRow> {
        rows(&self.warnings)
    }

    pub(super) fn retry_after(&self) -> Vec<RetryAfterRow> {
        let row = |(status, (count, min_s, max_s)): (&StatusCode, &(u64, u32, u32))| RetryAfterRow {
            status: *status,
            count: *count,
            min_s: *min_s,
            max_s: *max_s,
        };
        self.retry_after.iter().map(row).collect()
    }
}

fn rows(table: &Table<(StatusCode, String), u64>) -> Vec<PhraseRow> {
    let mut rows: Vec<PhraseRow> = table
        .iter()
        .map(|((status, text), count)| PhraseRow { status: *status, text: Some(text.clone()), count: *count })
        .collect();
    rows.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| (a.status, &a.text).cmp(&(b.status, &b.text))));
    if table.refused > 0
        && let Some(status) = rows.first().map(|r| r.status)
    {
        rows.push(PhraseRow { status, text: None, count: table.other });
    }
    rows
}

/// What carried a reason: `486 INVITE`, or `BYE`.
fn carrier(message: &Message<'_>) -> String {
    match message.start {
        Start::Request { method, .. } => text(method.as_bytes()),
        Start::Response { status, .. } => {
            let method =
                message.cseq.as_ref().map_or_else(|| "(unknown)".to_owned(), |c| text(c.method.as_bytes()));
            format!("{} {method}", status.get())
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..MAX_TEXT).unwrap_or(bytes)).into_owned()
}
