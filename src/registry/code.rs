//! Response codes: phrase, origin, meaning, whom they speak of, and what they make of an INVITE.

use std::sync::OnceLock;

use super::class::{ClassInfo, classes};
use super::tsv;
use crate::call::{Outcome, Side};
use crate::sip::StatusCode;

const TABLE: &str = include_str!("codes.tsv");

/// What is known of one response code.
#[derive(Clone, Copy, Debug)]
pub struct CodeInfo {
    /// The code.
    pub status: StatusCode,
    /// Its phrase where it is defined: the IANA registry, or RFC 2543 for three obsolete codes.
    /// `None` for vendors' codes.
    pub phrase: Option<&'static str>,
    /// The document that defines it, or the software that sends it.
    pub reference: &'static str,
    /// Whether the IANA registry holds it.
    pub registered: bool,
    /// Whom it speaks of; `None` for 1xx, 2xx and 491 (glare), which blame nobody.
    pub side: Option<Side>,
    /// The outcome of an INVITE attempt that ends with it, without further evidence; `None` for 1xx.
    pub outcome: Option<Outcome>,
    /// When the outcome is another one, or never occurs.
    pub outcome_note: Option<&'static str>,
    /// Whether the request may be sent again.
    pub retry: Retry,
    /// The rule behind `retry`.
    pub retry_basis: Option<&'static str>,
    /// The Q.850 cause that a gateway makes of it (RFC 3398 8.2.6.1).
    pub q850: Option<&'static str>,
    /// Meaning for tables, at most 28 columns.
    pub short: &'static str,
    /// Meaning in sentences.
    pub meaning: &'static str,
    /// What to look at when it is frequent.
    pub look: Option<&'static str>,
}

/// Whether a request that got a code may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Nothing to repeat.
    NotApplicable,
    /// At the addresses in Contact.
    Redirect,
    /// Only if changed as the response asks.
    Modified,
    /// No.
    No,
    /// The same, some time later.
    Later,
    /// At another server or by another way.
    Elsewhere,
    /// At another server at once, or later at the same one.
    ElsewhereOrLater,
    /// Later, if `Retry-After` says when.
    IfRetryAfter,
    /// The standards do not say.
    Unspecified,
}

impl Retry {
    /// The answer in words.
    pub fn text(self) -> &'static str {
        match self {
            Self::NotApplicable => "nothing to repeat",
            Self::Redirect => "yes, at the addresses in Contact",
            Self::Modified => "yes, changed as the response asks",
            Self::No => "no",
            Self::Later => "yes, later",
            Self::Elsewhere => "yes, by another way",
            Self::ElsewhereOrLater => "yes, at another server at once, or later (Retry-After)",
            Self::IfRetryAfter => "only if Retry-After says when",
            Self::Unspecified => "the standards do not say",
        }
    }

    fn from_id(id: &str) -> Option<Self> {
        Some(match id {
            "n/a" => Self::NotApplicable,
            "redirect" => Self::Redirect,
            "modified" => Self::Modified,
            "no" => Self::No,
            "later" => Self::Later,
            "elsewhere" => Self::Elsewhere,
            "elsewhere+later" => Self::ElsewhereOrLater,
            "later-if-Retry-After" => Self::IfRetryAfter,
            "unspecified" => Self::Unspecified,
            _ => return None,
        })
    }
}

/// All known codes, ascending: those of the registry, three obsolete ones of RFC 2543, and a few that
/// common servers send without registration.
pub fn codes() -> &'static [CodeInfo] {
    static CODES: OnceLock<Vec<CodeInfo>> = OnceLock::new();
    CODES.get_or_init(|| tsv::rows(TABLE, row))
}

/// What is known of `status`.
pub fn code(status: StatusCode) -> Option<&'static CodeInfo> {
    // Asked of every response: one look into a small table, not eight into a wide one.
    static PLACES: OnceLock<Vec<u8>> = OnceLock::new();
    let places = PLACES.get_or_init(|| {
        let mut places = vec![u8::MAX; usize::from(StatusCode::MAX - StatusCode::MIN) + 1];
        for (i, info) in codes().iter().enumerate() {
            places[usize::from(info.status.get() - StatusCode::MIN)] = u8::try_from(i).unwrap_or(u8::MAX);
        }
        places
    });
    match *places.get(usize::from(status.get() - StatusCode::MIN))? {
        u8::MAX => None,
        i => codes().get(usize::from(i)),
    }
}

/// The registered reason phrase; `None` if the code is not registered.
pub fn reason(status: StatusCode) -> Option<&'static str> {
    code(status).filter(|c| c.registered).and_then(|c| c.phrase)
}

/// Whether IANA's registry holds the code.
pub fn registered(status: StatusCode) -> bool {
    code(status).is_some_and(|c| c.registered)
}

/// The code as reports print it: `486 Busy Here`, `431 (unregistered, Client Error)`.
pub fn label(status: StatusCode) -> String {
    match reason(status) {
        Some(phrase) => format!("{} {phrase}", status.get()),
        None => format!("{} (unregistered, {})", status.get(), class(status).name),
    }
}

/// The class of `status`.
pub fn class(status: StatusCode) -> &'static ClassInfo {
    let [provisional, success, redirection, client, server, global] = classes();
    match status.class() {
        1 => provisional,
        2 => success,
        3 => redirection,
        4 => client,
        5 => server,
        _ => global,
    }
}

/// Whom the code speaks of: as in [`CodeInfo::side`], unknown codes by their class.
pub fn side(status: StatusCode) -> Option<Side> {
    code(status).map_or_else(|| class_side(status), |c| c.side)
}

/// Whom the code speaks of when an INVITE attempt ends with it, before any evidence beside the code;
/// `None` for 1xx only.
pub fn final_side(status: StatusCode) -> Option<Side> {
    side(status).or_else(|| class_side(status)).or(status.is_success().then_some(Side::Callee))
}

/// The outcome of an INVITE attempt that ends with `status`, before any evidence beside the code;
/// unknown codes count as the x00 of their class (RFC 3261 8.1.3.2). `None` for 1xx only.
pub fn outcome(status: StatusCode) -> Option<Outcome> {
    match code(status) {
        Some(c) => c.outcome,
        None => match status.class() {
            1 => None,
            2 => Some(Outcome::Answered),
            3 => Some(Outcome::Redirected),
            4 => Some(Outcome::ClientError),
            5 => Some(Outcome::ServerFailure),
            _ => Some(Outcome::GlobalFailure),
        },
    }
}

fn class_side(status: StatusCode) -> Option<Side> {
    match status.class() {
        3 => Some(Side::Number),
        4 => Some(Side::Request),
        5 => Some(Side::Path),
        6 => Some(Side::Callee),
        _ => None,
    }
}

fn row(cells: [&'static str; 13]) -> Option<CodeInfo> {
    let [
        code,
        phrase,
        reference,
        registered,
        side,
        outcome,
        outcome_note,
        retry,
        retry_basis,
        q850,
        short,
        meaning,
        look,
    ] = cells;
    Some(CodeInfo {
        status: StatusCode::new(code.parse().ok()?)?,
        phrase: tsv::some(phrase),
        reference,
        registered: registered == "yes",
        side: named(side, Side::ALL, Side::id)?,
        outcome: named(outcome, Outcome::ALL, Outcome::id)?,
        outcome_note: tsv::some(outcome_note),
        retry: Retry::from_id(retry)?,
        retry_basis: tsv::some(retry_basis),
        q850: tsv::some(q850),
        short,
        meaning,
        look: tsv::some(look),
    })
}

/// The member of `all` called `cell`: `None` if nobody is, `Some(None)` for `-`.
fn named<T: Copy>(cell: &'static str, all: &[T], id: impl Fn(T) -> &'static str) -> Option<Option<T>> {
    match tsv::some(cell) {
        None => Some(None),
        Some(name) => all.iter().copied().find(|&x| id(x) == name).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(n: u16) -> StatusCode {
        StatusCode::new(n).unwrap()
    }

    #[test]
    fn every_row_is_understood_and_in_order() {
        assert_eq!(codes().len(), tsv::count(TABLE));
        assert!(codes().is_sorted_by(|a, b| a.status < b.status));
        assert_eq!(codes().iter().filter(|c| c.registered).count(), 75, "IANA, 2026");
        assert!(codes().iter().all(|c| c.registered <= c.phrase.is_some()), "registered codes have phrases");
    }

    #[test]
    fn phrases_are_the_registry_s_and_unregistered_codes_have_none() {
        for (n, label_) in [
            (486, "486 Busy Here"),
            (504, "504 Server Time-out"),
            (202, "202 Accepted"),
            (431, "431 (unregistered, Client Error)"),
            (409, "409 (unregistered, Client Error)"),
            (477, "477 (unregistered, Client Error)"),
            (650, "650 (unregistered, Global Failure)"),
            (150, "150 (unregistered, Provisional)"),
        ] {
            assert_eq!(label(s(n)), label_);
        }
        assert_eq!((reason(s(303)), code(s(303)).unwrap().phrase), (None, Some("See Other")));
    }

    #[test]
    fn every_code_has_an_outcome_and_a_side_by_table_or_by_class() {
        for n in StatusCode::MIN..=StatusCode::MAX {
            assert_eq!(outcome(s(n)).is_none(), n < 200, "{n}");
            assert_eq!(final_side(s(n)).is_none(), n < 200, "{n}");
            assert_eq!(u16::from(class(s(n)).digit), n / 100);
        }
        for (n, o, side_) in [
            (299, Outcome::Answered, Side::Callee),
            (399, Outcome::Redirected, Side::Number),
            (431, Outcome::ClientError, Side::Request),
            (477, Outcome::ClientError, Side::Path),
            (491, Outcome::ClientError, Side::Request),
            (599, Outcome::ServerFailure, Side::Path),
            (500, Outcome::ServerFailure, Side::Server),
            (503, Outcome::ServerFailure, Side::Path),
            (606, Outcome::GlobalFailure, Side::Media),
            (699, Outcome::GlobalFailure, Side::Callee),
            (408, Outcome::TimedOut, Side::Path),
            (487, Outcome::Cancelled, Side::Caller),
            (608, Outcome::Forbidden, Side::Account),
        ] {
            assert_eq!((outcome(s(n)), final_side(s(n))), (Some(o), Some(side_)), "{n}");
        }
        assert_eq!((side(s(200)), side(s(491)), side(s(180))), (None, None, None));
    }

    #[test]
    fn outcomes_hold_the_codes_that_the_vocabulary_names() {
        let with =
            |o| codes().iter().filter(|c| c.outcome == Some(o)).map(|c| c.status.get()).collect::<Vec<_>>();
        assert_eq!(with(Outcome::Busy), [486, 600]);
        assert_eq!(with(Outcome::NotFound), [404, 410, 484, 485, 604]);
        assert_eq!(with(Outcome::Forbidden), [402, 403, 428, 433, 436, 437, 438, 470, 608]);
        assert_eq!(with(Outcome::Declined), [603, 607]);
        assert_eq!(with(Outcome::AuthFailed), [401, 407]);
        assert_eq!(with(Outcome::NoAnswer), [480]);
    }
}
