//! The gate: conditions over the figures of a report, and what came of them.
//!
//! In: conditions of the command line and of files of rules, figures that the user defined, a finished
//! [`Summary`](crate::stats::Summary). Out: a [`Verdict`], which the formats below write down. All
//! expressions are checked before any capture is read. A condition says what is *bad*: if it is true, its
//! rule fails. What cannot be judged (a value that is absent, too small a sample) is no pass: it is
//! `not_evaluated`, and fails if the user is strict.
//!
//! | file | job |
//! |---|---|
//! | `figures/` | the names that conditions may use |
//! | `rules` | conditions, definitions, files of rules |
//! | `verdict` | what came of the rules |
//! | `text`, `json`, `junit`, `github`, `markdown` | the verdict in one format each |

mod figures;
mod github;
mod json;
mod junit;
mod markdown;
mod rules;
mod say;
mod text;
mod verdict;

use std::io;

pub use self::figures::{Figure, Figures, Reported};
pub use self::rules::{Rule, Rules, Severity};
pub use self::verdict::{Comparison, Judged, Status, Verdict};

/// The formats of a verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// `sipstat.check/1`.
    Json,
    /// JUnit XML: a test case a rule.
    Junit,
    /// Workflow commands of GitHub Actions.
    Github,
    /// A table for a pull request or a job summary.
    Markdown,
}

/// Writes `verdict` to `out`.
pub fn write(verdict: &Verdict, format: Format, out: &mut impl io::Write) -> io::Result<()> {
    match format {
        Format::Text => text::write(verdict, out),
        Format::Json => json::write(verdict, out),
        Format::Junit => junit::write(verdict, out),
        Format::Github => github::write(verdict, out),
        Format::Markdown => markdown::write(verdict, out),
    }
}

#[cfg(test)]
mod tests;
