//! Reasons beyond the code: `Reason`, `Warning`, `Retry-After` and the wire's own phrases.
//!
//! All of it is foreign text, bounded in number and length; first sightings only.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::flow::{FrameId, Origin};
use crate::registry;
use crate::rename::{Rename, What};
use crate::sip::{Message, Reason, Start, StatusCode, Warning, retry_after_seconds, unquote};
use crate::stats::admission::Admission;
use crate::stats::names::Table;
use crate::stats::serial::pairs;
use crate::stats::summary::{PhraseRow, ReasonRow, RetryAfterRow};
use crate::time::Timestamp;

/// Rows of each table that are told; the rest is added up.
const MAX_ROWS: usize = 256;
/// Bytes of a text that are kept.
const MAX_TEXT: usize = 120;

/// Carried by (a method, or code and method), protocol, cause, location.
type ReasonKey = (String, String, Option<u32>, Option<String>);

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReasonTally {
    count: u64,
    /// The first text that came with it, and when.
    text: Option<(Timestamp, FrameId, String)>,
}

impl ReasonTally {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.text = [self.text.take(), other.text].into_iter().flatten().min();
    }
}

/// All texts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextTally {
    reasons: Table<ReasonKey, ReasonTally>,
    phrases: Table<(StatusCode, String), u64>,
    warnings: Table<(StatusCode, String), u64>,
    #[serde(with = "pairs")]
    retry_after: BTreeMap<StatusCode, (u64, u32, u32)>,
}

impl TextTally {
    pub(super) fn note(&mut self, message: &Message<'_>, origin: &Origin, names: &mut Admission) {
        for reason in message.reasons.iter().filter_map(|v| Reason::parse(v)) {
            let key = (carrier(message), text(reason.protocol), reason.cause, reason.location.map(text));
            let admitted = names.reasons.admit(&key);
            let row = self.reasons.row(key, admitted);
            row.count += 1;
            let (time, frame) = (origin.stamp.shown, origin.frame);
            if let Some(words) = reason.text
                && row.text.as_ref().is_none_or(|(t, f, _)| (time, frame) < (*t, *f))
            {
                row.text = Some((time, frame, text(&unquote(words))));
            }
        }
        let Start::Response { status, reason } = message.start else { return };
        if registry::reason(status).is_none_or(|phrase| phrase.as_bytes() != reason) && !reason.is_empty() {
            let key = (status, text(reason));
            let admitted = names.phrases.admit(&key);
            *self.phrases.row(key, admitted) += 1;
        }
        if let Some(warning) = message.warning.and_then(Warning::parse) {
            let words = format!("{:03} {}", warning.code, text(warning.text));
            let key = (status, words);
            let admitted = names.warnings.admit(&key);
            *self.warnings.row(key, admitted) += 1;
        }
        if let Some(seconds) = message.retry_after.and_then(retry_after_seconds) {
            let row = self.retry_after.entry(status).or_insert((0, seconds, seconds));
            *row = (row.0 + 1, row.1.min(seconds), row.2.max(seconds));
        }
    }

    /// Adds what `other` counted.
    pub(super) fn merge(&mut self, other: Self) {
        self.reasons.merge(other.reasons, ReasonTally::add);
        self.phrases.merge(other.phrases, |a, b| *a += b);
        self.warnings.merge(other.warnings, |a, b| *a += b);
        for (status, (count, min, max)) in other.retry_after {
            let row = self.retry_after.entry(status).or_insert((0, min, max));
            *row = (row.0 + count, row.1.min(min), row.2.max(max));
        }
    }

    /// Gives new names to what names somebody.
    pub(super) fn rename(&mut self, to: &mut dyn Rename) {
        let Self { reasons, phrases, warnings, retry_after: _ } = self;
        let reason = |(carrier, protocol, cause, location): ReasonKey| {
            let location = location.map(|l| to.text(What::Words, &l));
            (to.text(What::Method, &carrier), to.text(What::Words, &protocol), cause, location)
        };
        reasons.rename(reason, ReasonTally::add);
        let texts = reasons.values_mut().filter_map(|row| row.text.as_mut());
        texts.for_each(|(_, _, words)| *words = to.text(What::Words, words));
        let add = |a: &mut u64, b: u64| *a += b;
        phrases.rename(|(status, words)| (status, to.text(What::Words, &words)), add);
        // The code, which is a number of SIP (RFC 3261 20.43), and the warner's words.
        let mut warning = |text: String| match text.split_once(' ') {
            Some((code, words)) => format!("{code} {}", to.text(What::Words, words)),
            None => text,
        };
        warnings.rename(|(status, text)| (status, warning(text)), add);
    }

    /// Tells each frame that is remembered to `change`.
    pub(super) fn renumber(&mut self, change: &mut dyn FnMut(&mut FrameId)) {
        let texts = self.reasons.values_mut().filter_map(|row| row.text.as_mut());
        texts.for_each(|(_, frame, _)| change(frame));
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
                text: t.text.as_ref().map(|(_, _, words)| words.clone()),
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
        let rest: u64 = rows.iter().skip(MAX_ROWS).map(|r| r.count).sum();
        rows.truncate(MAX_ROWS);
        if self.reasons.refused + rest > 0 {
            rows.push(ReasonRow {
                carried_by: "(other)".to_owned(),
                protocol: String::new(),
                cause: None,
                location: None,
                text: None,
                count: self.reasons.other.count + rest,
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
    let rest: u64 = rows.iter().skip(MAX_ROWS).map(|r| r.count).sum();
    rows.truncate(MAX_ROWS);
    if table.refused + rest > 0
        && let Some(status) = rows.first().map(|r| r.status)
    {
        rows.push(PhraseRow { status, text: None, count: table.other + rest });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Flow, FrameId, Tap, Transport};
    use crate::stats::admission::TEXTS;
    use crate::time::Stamp;
    use crate::transaction::fixture::with_message;

    fn origin() -> Origin {
        Origin {
            stamp: Stamp::default(),
            frame: FrameId { file: 0, number: 1 },
            tap: Tap::default(),
            flow: Flow::default(),
            transport: Transport::Udp,
            ip_id: 0,
        }
    }

    #[test]
    fn own_words_reasons_and_waits_are_kept_with_their_code() {
        let (mut t, mut names) = (TextTally::default(), Admission::default());
        for _ in 0..2 {
            let lines = [
                "SIP/2.0 503 No Trunk",
                "CSeq: 1 INVITE",
                "Reason: Q.850;cause=34;text=\"full\"",
                "Retry-After: 5",
            ];
            with_message(&lines, |m| t.note(m, &origin(), &mut names));
        }
        with_message(&["SIP/2.0 503 Service Unavailable", "CSeq: 1 INVITE", "Retry-After: 9"], |m| {
            t.note(m, &origin(), &mut names)
        });
        with_message(&["BYE sip:a@h SIP/2.0", "CSeq: 2 BYE", "Reason: SIP;cause=408"], |m| {
            t.note(m, &origin(), &mut names)
        });
        let phrases = t.phrases();
        assert_eq!((phrases.len(), phrases[0].text.as_deref(), phrases[0].count), (1, Some("No Trunk"), 2));
        let reasons = t.reasons();
        assert_eq!(
            (reasons[0].carried_by.as_str(), reasons[0].cause, reasons[0].count),
            ("503 INVITE", Some(34), 2)
        );
        assert_eq!((reasons[0].text.as_deref(), reasons[1].carried_by.as_str()), (Some("full"), "BYE"));
        let waits = t.retry_after();
        assert_eq!((waits[0].count, waits[0].min_s, waits[0].max_s), (3, 5, 9));
    }

    #[test]
    fn texts_beyond_the_table_are_counted_together() {
        let (mut t, mut names) = (TextTally::default(), Admission::default());
        for n in 0..TEXTS + 3 {
            let start = format!("SIP/2.0 500 words {n}");
            with_message(&[&start, "CSeq: 1 INVITE"], |m| t.note(m, &origin(), &mut names));
        }
        let rows = t.phrases();
        assert_eq!(
            (rows.len(), rows.last().unwrap().text.as_deref(), rows.last().unwrap().count),
            (TEXTS + 1, None, 3)
        );
    }
}
