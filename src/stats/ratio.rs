//! Rates as fractions: numerator and denominator always travel together.

/// `numerator / denominator`, never shown without both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ratio {
    /// Events that count.
    pub numerator: u64,
    /// Events that could have counted.
    pub denominator: u64,
    /// The capture cannot support the value (requests only, say): the fraction stands, a note
    /// says why, and [`Ratio::value`] is `None`.
    pub suppressed: bool,
}

impl Ratio {
    /// The fraction `numerator / denominator`.
    pub fn new(numerator: u64, denominator: u64) -> Self {
        Self { numerator, denominator, suppressed: false }
    }

    /// 0 to 1; `None` where the denominator is 0 (RFC 6076 section 4: undefined) or the value is
    /// suppressed.
    pub fn value(&self) -> Option<f64> {
        (self.denominator > 0 && !self.suppressed).then(|| self.numerator as f64 / self.denominator as f64)
    }
}

/// `part / whole` as a share; `None` when the whole is 0.
pub fn share(part: u64, whole: u64) -> Option<f64> {
    Ratio::new(part, whole).value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_divided_by_nothing_is_no_number() {
        assert_eq!(Ratio::new(0, 0).value(), None);
        assert_eq!(Ratio::new(3, 4).value(), Some(0.75));
        assert_eq!(Ratio { suppressed: true, ..Ratio::new(3, 4) }.value(), None);
    }
}
