//! Status codes: three digits, 100 to 699 (RFC 3261 7.2).

use serde::{Deserialize, Serialize};

/// A response's status code, 100–699.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u16", try_from = "u16")]
pub struct StatusCode(u16);

impl From<StatusCode> for u16 {
    fn from(status: StatusCode) -> Self {
        status.0
    }
}

impl TryFrom<u16> for StatusCode {
    type Error = &'static str;
    fn try_from(n: u16) -> Result<Self, Self::Error> {
        Self::new(n).ok_or("a status code is 100 to 699")
    }
}

impl StatusCode {
    /// The smallest code.
    pub const MIN: u16 = 100;
    /// The greatest code.
    pub const MAX: u16 = 699;

    /// The code `n`; `None` outside 100–699.
    pub const fn new(n: u16) -> Option<Self> {
        if n >= Self::MIN && n <= Self::MAX { Some(Self(n)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The class, 1–6: the first digit.
    pub const fn class(self) -> u8 {
        (self.0 / 100) as u8
    }

    /// 100–199 (RFC 3261 7.2).
    pub const fn is_provisional(self) -> bool {
        self.0 < 200
    }

    /// 200–699.
    pub const fn is_final(self) -> bool {
        self.0 >= 200
    }

    /// 200–299.
    pub const fn is_success(self) -> bool {
        self.class() == 2
    }

    /// 401 and 407: asks for credentials (RFC 3261 22).
    pub const fn is_challenge(self) -> bool {
        matches!(self.0, 401 | 407)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_classes_exist() {
        assert_eq!(StatusCode::new(99), None);
        assert_eq!(StatusCode::new(700), None);
        let s = StatusCode::new(699).unwrap();
        assert_eq!((s.class(), s.is_final(), s.is_success()), (6, true, false));
        assert!(StatusCode::new(199).unwrap().is_provisional());
    }
}
