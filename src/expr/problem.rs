//! What is wrong with an expression, and where.

use std::fmt;

use crate::nearest::nearest;

/// An expression that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The part that is wrong, as written; empty at the end.
    pub part: String,
    /// The character it begins at, the first one being 1.
    pub place: usize,
    /// Why.
    pub why: String,
}

impl Problem {
    pub(super) fn new(text: &str, start: usize, end: usize, why: impl Into<String>) -> Self {
        let before = text.get(..start).unwrap_or(text);
        let part: String = text.get(start..end).unwrap_or("").chars().take(60).collect();
        Self { part: part.trim().to_owned(), place: before.chars().count() + 1, why: why.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part.as_str() {
            "" => write!(f, "at the end: {}", self.why),
            part => write!(f, "'{part}' at character {}: {}", self.place, self.why),
        }
    }
}

impl std::error::Error for Problem {}

/// Why a scope does not know a name or a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which argument of a call is to blame; `None` for the name itself.
    pub argument: Option<usize>,
    /// Why, with the nearest known name.
    pub why: String,
}

impl Refused {
    /// For a reason.
    pub fn new(why: impl Into<String>) -> Self {
        Self { argument: None, why: why.into() }
    }

    /// `word` is no `what`; the most similar of `known` is offered.
    pub fn unknown(what: &str, word: &str, known: impl IntoIterator<Item = String>) -> Self {
        Self::new(match nearest(&word.to_lowercase(), known.into_iter()) {
            Some(near) => format!("no such {what}; did you mean '{near}'?"),
            None => format!("no such {what}"),
        })
    }

    /// It is argument `index` that is wrong, the first one being 0.
    #[must_use]
    pub fn of_argument(mut self, index: usize) -> Self {
        self.argument = Some(index);
        self
    }
}
