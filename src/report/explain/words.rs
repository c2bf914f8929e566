//! Which page a word leads to.

use super::term::{Term, terms};
use crate::nearest::nearest;
use crate::registry::{self, CauseInfo, ClassInfo, MethodInfo};
use crate::sip::StatusCode;

/// What a word names.
#[derive(Debug)]
pub(super) enum Word {
    /// `486`.
    Code(StatusCode),
    /// `4xx`, `client_error` is an outcome, `Client Error` as well.
    Class(&'static ClassInfo),
    /// `BYE`.
    Method(&'static MethodInfo),
    /// `cause=34`.
    Cause(&'static CauseInfo),
    /// `asr`.
    Term(&'static Term),
}

/// A word that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The word.
    pub word: String,
    /// The known word that is most like it, if any is.
    pub nearest: Option<String>,
}

/// What `word` names. Methods in capitals come first, since `ack` is a delay too; case matters no
/// further.
pub(super) fn find(word: &str) -> Result<Word, Unknown> {
    let key = fold(word);
    if let Some(status) = code(&key) {
        return Ok(Word::Code(status));
    }
    if let Some(class) = registry::classes().iter().find(|c| key == format!("{}xx", c.digit)) {
        return Ok(Word::Class(class));
    }
    if let Some(cause) = cause(&key) {
        return Ok(Word::Cause(cause));
    }
    if let Some(method) = registry::method(word) {
        return Ok(Word::Method(method));
    }
    if let Some(term) = terms().iter().find(|t| t.id == key || t.also.contains(&key.as_str())) {
        return Ok(Word::Term(term));
    }
    if let Some(method) = registry::methods().iter().find(|m| fold(m.name) == key) {
        return Ok(Word::Method(method));
    }
    if let Some(class) = registry::classes().iter().find(|c| c.id == key) {
        return Ok(Word::Class(class));
    }
    Err(Unknown { word: word.to_owned(), nearest: like(&key) })
}

/// Lower case, with `_` between words.
fn fold(word: &str) -> String {
    word.trim().to_lowercase().replace([' ', '-'], "_")
}

fn code(key: &str) -> Option<StatusCode> {
    // Not `+486`, which parses as a number too.
    key.parse().ok().filter(|_| key.bytes().all(|b| b.is_ascii_digit())).and_then(StatusCode::new)
}

/// `q850_34`, `q.850;cause=34`, `cause=34`, `cause 34`.
fn cause(key: &str) -> Option<&'static CauseInfo> {
    let rest = key.trim_start_matches("q.850").trim_start_matches("q850").trim_start_matches([';', '_']);
    let rest = rest.trim_start_matches("cause").trim_start_matches(['=', '_']);
    (rest.len() < key.len()).then_some(rest)?.parse().ok().and_then(registry::cause)
}

fn like(key: &str) -> Option<String> {
    // Three digits are meant as they stand: there is no such class.
    if key.len() == 3 && key.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let codes = registry::codes().iter().map(|c| c.status.get().to_string());
    let methods = registry::methods().iter().map(|m| m.name.to_owned());
    let words =
        terms().iter().flat_map(|t| [t.id].into_iter().chain(t.also.iter().copied())).map(str::to_owned);
    nearest(key, words.chain(methods).chain(codes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(word: &str) -> String {
        match find(word) {
            Ok(Word::Code(s)) => format!("code {}", s.get()),
            Ok(Word::Class(c)) => format!("class {}", c.digit),
            Ok(Word::Method(m)) => format!("method {}", m.name),
            Ok(Word::Cause(c)) => format!("cause {}", c.cause),
            Ok(Word::Term(t)) => format!("term {}", t.id),
            Err(Unknown { nearest, .. }) => format!("like {}", nearest.unwrap_or_default()),
        }
    }

    #[test]
    fn words_are_found_in_any_spelling() {
        for (word, page) in [
            ("503", "code 503"),
            ("431", "code 431"),
            ("4xx", "class 4"),
            ("4XX", "class 4"),
            ("BYE", "method BYE"),
            ("bye", "method BYE"),
            ("ASR", "term asr"),
            ("Answer-Seizure Ratio", "term asr"),
            ("ner high", "term ner_high"),
            ("CCR", "term ccr"),
            ("timed-out", "term timed_out"),
            ("global failure", "term global_failure"),
            ("Success", "class 2"),
            ("hop copies", "term hop_copy"),
            ("cancel", "method CANCEL"),
            ("canceled", "term cancelled"),
            ("Q.850;cause=34", "cause 34"),
            ("cause 17", "cause 17"),
            ("q850-31", "cause 31"),
        ] {
            assert_eq!(name(word), page, "{word}");
        }
    }

    #[test]
    fn typing_errors_are_met_with_the_nearest_word() {
        for (word, page) in [
            ("aser", "like asr"),
            ("bussy", "like busy"),
            ("INVTE", "like INVITE"),
            ("retransmision", "like retransmission"),
            ("5030", "like 503"),
            ("700", "like "),
            ("q850-300", "like "),
            ("completely unheard of", "like "),
            ("", "like "),
        ] {
            assert_eq!(name(word), page, "{word}");
        }
    }
}
