//! What a value is, and which values go together.

use std::fmt;

/// The type of a name, a call or a part of an expression.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// True or false.
    Truth,
    /// A number of things.
    Count,
    /// A number without a unit: a quotient of times, a product, calls per second.
    Number,
    /// A share with numerator and denominator: `asr`.
    Share,
    /// A share or a difference of shares whose fraction is not known: `95%`, `asr - ner`.
    Percent,
    /// A count over a count: with a fraction, and no share if it is above 1.
    Quotient,
    /// A span of time.
    Time,
    /// A response code.
    Code,
    /// Text of the wire or of the user.
    Text,
    /// One of a list of words: a method, an outcome.
    Word(&'static Words),
    /// An IP address, with a port where the figure has one.
    Address,
    /// A number as written, without a unit.
    Plain,
    /// `null`
    Null,
}

/// A list of words that stand for themselves where such a word is expected.
pub struct Words {
    /// One of them: `method`.
    pub what: &'static str,
    /// How values spell the word; `None` if there is no such word.
    pub canonical: fn(&str) -> Option<String>,
    /// Other ones can occur; they are written as text.
    pub open: bool,
    /// All of them, for advice.
    pub known: fn() -> Vec<String>,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}

impl PartialEq for Type {
    fn eq(&self, other: &Self) -> bool {
        let word = |t: &Self| if let Self::Word(words) = t { words.what } else { "" };
        std::mem::discriminant(self) == std::mem::discriminant(other) && word(self) == word(other)
    }
}

impl Type {
    /// A number of any kind.
    pub fn is_quantity(self) -> bool {
        self.is_pure() || self.is_ratio() || matches!(self, Self::Time)
    }

    /// It carries a fraction, so that it has an interval.
    pub fn has_fraction(self) -> bool {
        matches!(self, Self::Share | Self::Quotient)
    }

    /// A share of any kind.
    pub fn is_ratio(self) -> bool {
        matches!(self, Self::Share | Self::Percent | Self::Quotient)
    }

    pub(super) fn is_pure(self) -> bool {
        matches!(self, Self::Count | Self::Number | Self::Plain | Self::Code | Self::Quotient)
    }

    /// "a share", "an address".
    pub fn with_article(self) -> &'static str {
        match self {
            Self::Truth => "true or false",
            Self::Count => "a count",
            Self::Number | Self::Plain => "a number",
            Self::Share | Self::Percent => "a share",
            Self::Quotient => "a quotient",
            Self::Time => "a time",
            Self::Code => "a response code",
            Self::Text => "text",
            Self::Word(words) => words.what,
            Self::Address => "an address",
            Self::Null => "null",
        }
    }
}
