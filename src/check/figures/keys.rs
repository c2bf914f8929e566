//! What may stand between brackets, or as a key of an object whose keys are data.
//!
//! A closed set refuses what is mistyped, and what did not occur is 0. Of an open one (addresses, files)
//! nobody knows all: what did not occur is absent.

use std::net::{IpAddr, SocketAddr};

use serde_json::Value as Json;

use crate::anomaly::Anomaly;
use crate::call::{Alerted, Detail, Flag, Outcome, RegisterOutcome, Side};
use crate::expr::{Refused, words};
use crate::fate::Fate;
use crate::sip::StatusCode;
use crate::stats::summary::{DelayKind, RateKind};

/// A value of a key, as the report writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) value: Json,
    /// One of a closed set: its row is missing when nothing of it occurred.
    pub(super) closed: bool,
}

/// `word` as a key of `set`.
pub(super) fn key(set: &str, word: &str) -> Result<Key, Refused> {
    let closed = |text: String| Ok(Key { value: Json::String(text), closed: true });
    let number = |n: u16| Ok(Key { value: Json::from(n), closed: true });
    match set {
        "code" => match word.parse().ok().and_then(StatusCode::new) {
            Some(code) => number(code.get()),
            None => Err(Refused::new(format!("'{word}' is no response code: 100 to 699"))),
        },
        "class" => match word.strip_suffix("xx").unwrap_or(word).parse() {
            Ok(class @ 1..=6) => number(class),
            _ => Err(Refused::new(format!("'{word}' is no class: 1xx to 6xx"))),
        },
        "method" => match (words::METHOD.canonical)(word) {
            Some(method) => closed(method),
            // Between quotes or brackets others may be meant; letters that nearly fit are not.
            None if is_private(word) => Ok(Key { value: Json::from(word), closed: false }),
            None => Err(Refused::unknown("method", word, (words::METHOD.known)())),
        },
        "address" | "destination" => match word.parse::<SocketAddr>() {
            Ok(_) => Ok(Key { value: Json::from(word), closed: false }),
            Err(_) if word.parse::<IpAddr>().is_ok() => {
                Err(Refused::new(format!("'{word}' lacks a port: write {word}:5060")))
            }
            Err(_) => Err(Refused::new(format!("'{word}' is no address with a port"))),
        },
        _ => match members(set) {
            None => Ok(Key { value: Json::from(word), closed: false }),
            Some(all) if all.contains(&word) => closed(word.to_owned()),
            Some(all) => {
                Err(Refused::unknown(&set.replace('_', " "), word, all.iter().map(|m| (*m).to_owned())))
            }
        },
    }
}

/// Identifiers of notes; what is not noted counts 0.
const NOTES: [&str; 18] = [
    "replies_only",
    "messages_only",
    "requests_only",
    "started_before_capture",
    "lost_upstream",
    "pending_range",
    "scanners",
    "host_side",
    "both_directions",
    "ring_timer",
    "acd_estimator",
    "clocks_disagree",
    "time_back",
    "identifier_reuse",
    "sessions_lost",
    "peak_width",
    "b2bua_same_call_id",
    "b2bua_suspected",
];

/// A token that is like no registered method.
fn is_private(word: &str) -> bool {
    let unknown = Refused::unknown("method", word, (words::METHOD.known)());
    !unknown.why.contains("did you mean") && !word.is_empty()
}

/// All members of a closed set of words; `None` for an open one.
pub(super) fn members(set: &str) -> Option<Vec<&'static str>> {
    Some(match set {
        "rate" => RateKind::INVITE.iter().map(|r| r.id()).collect(),
        "delay" => DelayKind::ALL.iter().map(|d| d.id()).collect(),
        "outcome" => Outcome::ALL.iter().map(|o| o.id()).collect(),
        "register_outcome" => RegisterOutcome::ALL.iter().map(|o| o.id()).collect(),
        "detail" => Detail::ALL.iter().map(|d| d.id()).collect(),
        "alerted" => Alerted::ALL.iter().map(|a| a.id()).collect(),
        "flag" => Flag::ALL.iter().map(|f| f.id()).collect(),
        "side" => Side::ALL.iter().map(|s| s.id()).collect(),
        "fate" => Fate::ALL.iter().map(|f| f.id()).collect(),
        "anomaly" => Anomaly::ALL.iter().map(|a| a.id()).collect(),
        "note" => NOTES.to_vec(),
        "transport" => crate::flow::Transport::ALL.iter().map(|t| t.id()).collect(),
        _ => return None,
    })
}
