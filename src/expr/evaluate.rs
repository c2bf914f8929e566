//! What the tree makes of a reader's values: truth in three values, numbers, and the leaves behind them.

use super::ast::{Arithmetic, Comparison, Span};
use super::tree::{By, Node, Test};
use super::types::Type;
use super::value::{Of, Quantity, Read, Value};
use crate::stats::interval::{self, Interval};

/// A comparison of a condition, and what it came to.
#[derive(Clone, Debug)]
pub struct Leaf<'e, I> {
    /// The comparison as written.
    pub text: &'e str,
    /// The side that is asked for, as written.
    pub figure: &'e str,
    /// The side it is compared with, as written.
    pub limit_text: &'e str,
    /// What kind the figure is.
    pub kind: Type,
    /// The figure, if it is a number that is there.
    pub value: Option<Quantity>,
    /// The figure, if it is true or false.
    pub truth: Option<bool>,
    /// What it is compared with, if that is a number.
    pub limit: Option<f64>,
    /// The interval of a fraction: at the comparison's own confidence, or 95 %.
    pub interval: Option<Interval>,
    /// The confidence of that interval.
    pub level: f64,
    /// What it came to.
    pub holds: Option<bool>,
    /// Why it did not come to anything.
    pub unjudged: Option<Unjudged>,
    /// The items of the figure.
    pub items: Vec<&'e I>,
}

/// Why a comparison is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unjudged {
    /// A value is missing.
    Absent,
    /// The figure rests on fewer things than were asked for.
    TooFew {
        /// So many there are.
        sample: u64,
        /// So many were asked for.
        wanted: u64,
    },
    /// The fraction is no share, so that it has no interval.
    NoInterval,
}

/// The level of intervals that are shown beside a fraction.
const SHOWN_LEVEL: f64 = 0.95;

/// The truth of a condition.
#[inline]
pub(super) fn truth<I, R: Read<I> + ?Sized>(node: &Node<I>, reader: &R) -> Option<bool> {
    walk(node, false, &mut |test| judge(test, reader))
}

/// The truth of a condition with all its leaves.
pub(super) fn examine<'e, I, R: Read<I> + ?Sized>(
    text: &'e str,
    node: &'e Node<I>,
    reader: &R,
    min_sample: u64,
) -> (Option<bool>, Vec<Leaf<'e, I>>) {
    let mut leaves = Vec::new();
    let holds = walk(node, true, &mut |test| {
        let leaf = leaf(text, test, reader, min_sample);
        let holds = leaf.holds;
        leaves.push(leaf);
        holds
    });
    (holds, leaves)
}

/// Joins what the leaves say: an open part leaves the whole open unless another one decides it.
fn walk<'e, I, F: FnMut(&'e Test<I>) -> Option<bool>>(
    node: &'e Node<I>,
    all: bool,
    leaf: &mut F,
) -> Option<bool> {
    match node {
        Node::Test(test) => leaf(test),
        Node::Not(inner) => walk(inner, all, leaf).map(|t| !t),
        Node::And(parts) => joined(parts, false, all, leaf),
        Node::Or(parts) => joined(parts, true, all, leaf),
        Node::Constant(c) => match c.value() {
            Value::Truth(t) => Some(t),
            _ => None,
        },
        Node::Item(_) | Node::Negate(_) | Node::Arithmetic(..) => None,
    }
}

fn joined<'e, I, F: FnMut(&'e Test<I>) -> Option<bool>>(
    parts: &'e [Node<I>],
    deciding: bool,
    all: bool,
    leaf: &mut F,
) -> Option<bool> {
    let mut whole = Some(!deciding);
    for part in parts {
        match walk(part, all, leaf) {
            Some(t) if t == deciding => {
                whole = Some(deciding);
                if !all {
                    return whole;
                }
            }
            None if whole != Some(deciding) => whole = None,
            _ => {}
        }
    }
    whole
}

/// A comparison, as fast as can be.
#[inline]
fn judge<I, R: Read<I> + ?Sized>(test: &Test<I>, reader: &R) -> Option<bool> {
    let holds = match &test.by {
        By::Order(by, right, None) => {
            let limit = quantity(right, reader)?.value;
            any(&test.left, reader, &mut |value| match value {
                Value::Quantity(q) => Some(ordered(*by, q.value, limit)),
                _ => None,
            })
        }
        By::Order(by, right, Some(level)) => {
            let (value, limit) = (quantity(&test.left, reader)?, quantity(right, reader)?);
            Some(beyond(*by, interval_of(&value, *level)?, limit.value))
        }
        By::Equal(right) => {
            let right = plain(right, reader);
            any(&test.left, reader, &mut |value| equal(value, right))
        }
        By::Among(set) => any(&test.left, reader, &mut |value| match value {
            Value::Absent => None,
            value => Some(set.iter().any(|m| m.holds(value))),
        }),
        By::Like(pattern) => any(&test.left, reader, &mut |value| match value {
            Value::Text(text) => Some(pattern.holds(text)),
            _ => None,
        }),
        By::Absent => Some(
            any(&test.left, reader, &mut |value| match value {
                Value::Absent => None,
                _ => Some(true),
            })
            .is_none(),
        ),
        By::True => match plain(&test.left, reader) {
            Value::Truth(t) => Some(t),
            _ => None,
        },
    };
    holds.map(|t| t != test.negated)
}

fn leaf<'e, I, R: Read<I> + ?Sized>(
    text: &'e str,
    test: &'e Test<I>,
    reader: &R,
    min_sample: u64,
) -> Leaf<'e, I> {
    let part = |span: Span| text.get(span.start..span.end).unwrap_or("").trim();
    let mut items = Vec::new();
    test.left.items(&mut items);
    let [whole, left, right] = test.spans;
    let value = quantity(&test.left, reader);
    let (limit, level) = match &test.by {
        By::Order(_, right, level) => (quantity(right, reader), *level),
        _ => (None, None),
    };
    let level_shown = level.unwrap_or(SHOWN_LEVEL);
    let mut leaf = Leaf {
        text: part(whole),
        figure: part(left),
        limit_text: part(right),
        kind: test.kind,
        value,
        truth: match (test.kind, plain(&test.left, reader)) {
            (Type::Truth, Value::Truth(t)) => Some(t),
            _ => None,
        },
        limit: limit.map(|l| l.value),
        level: level_shown,
        interval: value.and_then(|v| interval_of(&v, level_shown)),
        holds: judge(test, reader),
        unjudged: None,
        items,
    };
    // A rate over 0 has no value, and is too small a sample all the more.
    let sample = [value, limit].iter().flatten().filter_map(Quantity::sample).min();
    leaf.unjudged = match (sample, leaf.holds) {
        (Some(sample), _) if sample < min_sample => Some(Unjudged::TooFew { sample, wanted: min_sample }),
        (_, None) if level.is_some() && value.is_some() => Some(Unjudged::NoInterval),
        (_, None) => Some(Unjudged::Absent),
        _ => None,
    };
    if leaf.unjudged.is_some() {
        leaf.holds = None;
    }
    leaf
}

/// The interval of a fraction that is a share.
fn interval_of(value: &Quantity, level: f64) -> Option<Interval> {
    match value.of {
        Of::Fraction(n, d) => interval::wilson(n, d, level),
        _ => None,
    }
}

/// The whole interval lies there.
fn beyond(by: Comparison, interval: Interval, limit: f64) -> bool {
    match by {
        Comparison::More | Comparison::AtLeast => ordered(by, interval.low, limit),
        Comparison::Less | Comparison::AtMost => ordered(by, interval.high, limit),
        Comparison::Equal | Comparison::Unequal => false,
    }
}

fn ordered(by: Comparison, a: f64, b: f64) -> bool {
    match by {
        Comparison::Equal => a == b,
        Comparison::Unequal => a != b,
        Comparison::Less => a < b,
        Comparison::AtMost => a <= b,
        Comparison::More => a > b,
        Comparison::AtLeast => a >= b,
    }
}

fn equal(a: Value<'_>, b: Value<'_>) -> Option<bool> {
    match (a, b) {
        (Value::Truth(a), Value::Truth(b)) => Some(a == b),
        (Value::Text(a), Value::Text(b)) => Some(a == b),
        (Value::Address(a, p), Value::Address(b, q)) => Some(a == b && p == q),
        _ => None,
    }
}

/// Whether one of the values of `node` passes.
#[inline]
fn any<I, R: Read<I> + ?Sized>(
    node: &Node<I>,
    reader: &R,
    test: &mut dyn FnMut(Value<'_>) -> Option<bool>,
) -> Option<bool> {
    match node {
        Node::Item(item) => reader.any(item, test),
        other => test(plain(other, reader)),
    }
}

/// The one value of `node`.
fn plain<'a, I, R: Read<I> + ?Sized>(node: &'a Node<I>, reader: &'a R) -> Value<'a> {
    match node {
        Node::Item(item) => reader.read(item),
        Node::Constant(c) => c.value(),
        Node::Negate(_) | Node::Arithmetic(..) => quantity(node, reader).into(),
        Node::Test(_) | Node::Not(_) | Node::And(_) | Node::Or(_) => {
            truth(node, reader).map_or(Value::Absent, Value::Truth)
        }
    }
}

/// The number of `node`.
pub(super) fn quantity<I, R: Read<I> + ?Sized>(node: &Node<I>, reader: &R) -> Option<Quantity> {
    match node {
        Node::Item(item) => match reader.read(item) {
            Value::Quantity(q) => Some(q),
            _ => None,
        },
        Node::Constant(c) => match c.value() {
            Value::Quantity(q) => Some(q),
            _ => None,
        },
        Node::Negate(inner) => {
            let q = quantity(inner, reader)?;
            Quantity::resting(-q.value, &q, &q)
        }
        Node::Arithmetic(sign, a, b) => calculated(*sign, quantity(a, reader)?, quantity(b, reader)?),
        _ => None,
    }
}

/// Keeps the fraction where there is one: a count over a count, and what a share lacks to 1.
fn calculated(sign: Arithmetic, a: Quantity, b: Quantity) -> Option<Quantity> {
    let whole = |q: &Quantity| {
        (q.of == Of::Itself && q.value >= 0.0 && q.value.fract() == 0.0).then_some(q.value as u64)
    };
    match sign {
        Arithmetic::Plus => Quantity::resting(a.value + b.value, &a, &b),
        Arithmetic::Minus => match (whole(&a), b.of) {
            (Some(1), Of::Fraction(n, d)) if n <= d => Quantity::fraction(d - n, d),
            _ => Quantity::resting(a.value - b.value, &a, &b),
        },
        Arithmetic::Times => Quantity::resting(a.value * b.value, &a, &b),
        Arithmetic::Over => match (whole(&a), whole(&b)) {
            (Some(n), Some(d)) => Quantity::fraction(n, d),
            _ => Quantity::resting(a.value / b.value, &a, &b),
        },
    }
}

/// A number that needs no reader.
pub(super) fn constant<I>(node: &Node<I>) -> Option<f64> {
    struct Nothing;
    impl<I> Read<I> for Nothing {
        fn read<'a>(&'a self, _: &'a I) -> Value<'a> {
            Value::Absent
        }
    }
    quantity(node, &Nothing).map(|q| q.value)
}
