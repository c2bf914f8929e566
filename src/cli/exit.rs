//! The exit status: a contract with scripts.

use std::process::ExitCode;

use crate::error::{Error, ErrorKind};
use crate::stats::Summary;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Every input was read whole.
    Whole = 0,
    /// No report: nothing could be read or written.
    NoReport = 1,
    /// The command line is wrong.
    Usage = 2,
    /// A condition was breached: the tool worked, the traffic is bad.
    Breached = 3,
    /// The report was written, but input is incomplete or figures are not exact.
    Incomplete = 4,
}

impl Exit {
    /// How a run that reported `summary` ends.
    pub fn of(summary: &Summary) -> Self {
        if summary.input.complete && summary.input.exact { Self::Whole } else { Self::Incomplete }
    }

    /// The one of both that a script must hear of: 2, 1, 3, 4, 0 in this order.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let urgency = |e| match e {
            Self::Usage => 4,
            Self::NoReport => 3,
            Self::Breached => 2,
            Self::Incomplete => 1,
            Self::Whole => 0,
        };
        if urgency(other) > urgency(self) { other } else { self }
    }
}

impl From<&Error> for Exit {
    fn from(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Input | ErrorKind::Output => Self::NoReport,
            ErrorKind::Usage => Self::Usage,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_status_wins_in_any_order() {
        let order = [Exit::Usage, Exit::NoReport, Exit::Breached, Exit::Incomplete, Exit::Whole];
        assert_eq!(order.map(|e| e as u8), [2, 1, 3, 4, 0]);
        for (i, &a) in order.iter().enumerate() {
            for &b in order.iter().skip(i) {
                assert_eq!((a.and(b), b.and(a)), (a, a));
            }
        }
    }

    #[test]
    fn a_report_of_part_of_the_input_is_no_success() {
        let mut s = Summary::default();
        s.input.complete = true;
        assert_eq!(Exit::of(&s), Exit::Incomplete, "not exact");
        s.input.exact = true;
        assert_eq!(Exit::of(&s), Exit::Whole);
        s.input.complete = false;
        assert_eq!(Exit::of(&s), Exit::Incomplete);
        assert_eq!(Exit::from(&Error::input("a", "no such file")), Exit::NoReport);
        assert_eq!(Exit::from(&Error::usage("no such word")), Exit::Usage);
    }
}
