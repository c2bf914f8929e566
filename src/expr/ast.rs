//! The tree of an expression as it was written: no names are known yet, no types.

use std::fmt;

use crate::filter::Network;

/// Where in the text: bytes, the end excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A name with dots and keys: `responses.by_code[503].share`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// At least one, the first a name.
    pub segments: Vec<Segment>,
}

/// A part of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// `.name`
    Name(String),
    /// `[key]` or `[key, key]`
    Key(Vec<String>),
}

impl Path {
    /// The name, if it is one word.
    pub fn word(&self) -> Option<&str> {
        match self.segments.as_slice() {
            [Segment::Name(name)] => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, segment) in self.segments.iter().enumerate() {
            match segment {
                Segment::Name(name) if i == 0 => f.write_str(name)?,
                Segment::Name(name) => write!(f, ".{name}")?,
                Segment::Key(keys) => write!(f, "[{}]", keys.join(","))?,
            }
        }
        Ok(())
    }
}

/// What stands between the parentheses of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// `503`
    Number(u64),
    /// `5xx`
    Class(u8),
    /// `INVITE`, `response_time.BYE`
    Name(Path),
    /// `'in quotes'`
    Text(String),
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(n) => n.fmt(f),
            Self::Class(c) => write!(f, "{c}xx"),
            Self::Name(p) => p.fmt(f),
            Self::Text(t) => t.fmt(f),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Plus,
    Minus,
    Times,
    Over,
}

/// The unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// None.
    Plain,
    /// `%`: the value is already a share.
    Share,
    /// A time: the value is in nanoseconds.
    Time,
}

#[derive(Clone, Debug)]
pub(super) struct Ast {
    pub(super) span: Span,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Number(f64, Unit),
    Class(u8),
    Address(Network, Option<u16>),
    Text(String),
    Truth(bool),
    Null,
    Name(Path),
    Call(String, Vec<(Argument, Span)>),
    Negate(Box<Ast>),
    Arithmetic(Arithmetic, Box<Ast>, Box<Ast>),
    Compare(Comparison, Box<Ast>, Box<Ast>, Option<f64>),
    Among(Box<Ast>, Vec<Member>),
    Like(Box<Ast>, Box<Ast>),
    Not(Box<Ast>),
    And(Vec<Ast>),
    Or(Vec<Ast>),
}

/// A value after `in`.
#[derive(Clone, Debug)]
pub(super) enum Member {
    Single(Ast),
    Range(Ast, Ast),
}
