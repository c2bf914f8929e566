//! The tree that is evaluated: names are items, literals are values, types fit.

use super::ast::{Arithmetic, Comparison, Span};
use super::types::Type;
use super::value::Value;
use crate::filter::Network;

#[derive(Clone, Debug)]
pub(super) enum Node<I> {
    Item(I),
    Constant(Constant),
    Negate(Box<Node<I>>),
    Arithmetic(Arithmetic, Box<Node<I>>, Box<Node<I>>),
    Test(Box<Test<I>>),
    Not(Box<Node<I>>),
    And(Box<[Node<I>]>),
    Or(Box<[Node<I>]>),
}

/// A comparison: the leaf of a condition.
#[derive(Clone, Debug)]
pub(super) struct Test<I> {
    pub(super) left: Node<I>,
    pub(super) by: By<I>,
    /// The whole of it, its left and its right side, as written.
    pub(super) spans: [Span; 3],
    /// `!=`: the contrary.
    pub(super) negated: bool,
    /// Of the left side.
    pub(super) kind: Type,
}

/// What the left side is compared with, and how.
#[derive(Clone, Debug)]
pub(super) enum By<I> {
    /// With another number, perhaps as a whole interval.
    Order(Comparison, Node<I>, Option<f64>),
    /// With another value, for equality.
    Equal(Node<I>),
    /// With each of these.
    Among(Box<[Match]>),
    /// With a pattern, in small letters.
    Like(Pattern),
    /// With nothing: the value is absent.
    Absent,
    /// It is a truth itself.
    True,
}

#[derive(Clone, Debug)]
pub(super) enum Constant {
    Number(f64),
    Truth(bool),
    Text(Box<[u8]>),
}

/// A value after `in`, or a literal that is more than one value.
#[derive(Clone, Debug)]
pub(super) enum Match {
    Range(f64, f64),
    Text(Box<[u8]>),
    Network(Network, Option<u16>),
}

/// What text is searched for, in small letters.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    Part(Box<[u8]>),
    /// The pieces between `*`; `?` is any byte.
    Glob(Box<[u8]>),
}

impl Constant {
    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Self::Number(n) => Value::Quantity(super::Quantity::new(*n)),
            Self::Truth(t) => Value::Truth(*t),
            Self::Text(t) => Value::Text(t),
        }
    }
}

impl<I> Node<I> {
    /// All items, in the order of the text.
    pub(super) fn items<'n>(&'n self, to: &mut Vec<&'n I>) {
        match self {
            Self::Item(item) => to.push(item),
            Self::Constant(_) => {}
            Self::Negate(inner) | Self::Not(inner) => inner.items(to),
            Self::Arithmetic(_, a, b) => {
                a.items(to);
                b.items(to);
            }
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|p| p.items(to)),
            Self::Test(test) => {
                test.left.items(to);
                if let By::Order(_, right, _) | By::Equal(right) = &test.by {
                    right.items(to);
                }
            }
        }
    }
}

impl Match {
    pub(super) fn holds(&self, value: Value<'_>) -> bool {
        match (self, value) {
            (Self::Range(low, high), Value::Quantity(q)) => (*low..=*high).contains(&q.value),
            (Self::Text(text), Value::Text(other)) => **text == *other,
            (Self::Network(network, port), Value::Address(ip, at)) => {
                network.contains(ip) && port.is_none_or(|p| p == at)
            }
            _ => false,
        }
    }
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        let small: Box<[u8]> = text.to_ascii_lowercase().into_bytes().into();
        if text.contains(['*', '?']) { Self::Glob(small) } else { Self::Part(small) }
    }

    pub(super) fn holds(&self, text: &[u8]) -> bool {
        match self {
            Self::Part(part) if part.is_empty() => true,
            Self::Part(part) => text.windows(part.len()).any(|w| w.eq_ignore_ascii_case(part)),
            Self::Glob(pattern) => glob(pattern, text),
        }
    }
}

/// `*` is any bytes, `?` is one. At most pattern × text steps: one place to go back to is enough.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(want) if *want == b'?' || want.eq_ignore_ascii_case(letter) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|b| *b == b'*'))
}
