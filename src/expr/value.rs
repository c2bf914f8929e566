//! What names give when they are read.

use std::net::IpAddr;

/// A value that an item has; copied, never owned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// It has none: comparisons with it are neither true nor false.
    Absent,
    /// True or false.
    Truth(bool),
    /// A number of any kind.
    Quantity(Quantity),
    /// Text, a word or bytes of the wire.
    Text(&'a [u8]),
    /// An address with its port; 0 where there is none.
    Address(IpAddr, u16),
}

/// A number, and what it rests on. Shares are 0 to 1, times in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// The number.
    pub value: f64,
    /// What it was made of.
    pub of: Of,
}

/// What a number rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Itself: a count, a constant.
    Itself,
    /// So many of so many.
    Fraction(u64, u64),
    /// So many samples.
    Samples(u64),
}

impl Quantity {
    /// A number that rests on nothing else.
    pub fn new(value: f64) -> Self {
        Self { value, of: Of::Itself }
    }

    /// A fraction; `None` over 0.
    pub fn fraction(numerator: u64, denominator: u64) -> Option<Self> {
        let value = numerator as f64 / denominator as f64;
        (denominator > 0).then_some(Self { value, of: Of::Fraction(numerator, denominator) })
    }

    /// How many things it was made of; `None` where that is no question.
    pub fn sample(&self) -> Option<u64> {
        match self.of {
            Of::Itself => None,
            Of::Fraction(_, all) | Of::Samples(all) => Some(all),
        }
    }

    /// The same number that rests on less: the smaller of both samples.
    pub(super) fn resting(value: f64, a: &Self, b: &Self) -> Option<Self> {
        let of = match (a.sample(), b.sample()) {
            (None, None) => Of::Itself,
            (Some(n), None) | (None, Some(n)) => Of::Samples(n),
            (Some(n), Some(m)) => Of::Samples(n.min(m)),
        };
        value.is_finite().then_some(Self { value, of })
    }
}

impl From<u64> for Value<'_> {
    fn from(count: u64) -> Self {
        Self::Quantity(Quantity::new(count as f64))
    }
}

impl From<Option<Quantity>> for Value<'_> {
    fn from(quantity: Option<Quantity>) -> Self {
        quantity.map_or(Self::Absent, Self::Quantity)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.as_bytes())
    }
}

/// Gives the values of items `I`: of a report, of a message.
pub trait Read<I> {
    /// The value of `item`.
    fn read<'a>(&'a self, item: &'a I) -> Value<'a>;

    /// Whether one of the values of `item` passes `test`. An item with several values (either end of a
    /// packet) overrides it; `None` where there is no value.
    #[inline]
    fn any(&self, item: &I, test: &mut dyn FnMut(Value<'_>) -> Option<bool>) -> Option<bool> {
        test(self.read(item))
    }
}
