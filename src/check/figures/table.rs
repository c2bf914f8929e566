//! The list of figures: paths as patterns, and what stands there.

use std::sync::OnceLock;

use crate::expr::Type;

const TABLE: &str = include_str!("figures.txt");

/// A path of the report, as a pattern.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) parts: Vec<Part>,
    pub(super) kind: Kind,
}

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// This name.
    Name(&'static str),
    /// A key of an object whose keys are data: one of a set.
    Of(&'static str),
    /// The row of a list that has these fields: the field's name, the set that its value is of.
    Row(Vec<(&'static str, &'static str)>),
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Truth,
    Count,
    Number,
    Seconds,
    Milliseconds,
    /// `{value, numerator, denominator}`
    Rate,
    /// A share; its numerator stands beside it, its denominator somewhere.
    Share {
        numerator: &'static str,
        denominator: &'static str,
    },
    /// A distribution: count and percentiles.
    Delay,
    /// A list: how many rows.
    Rows,
    /// An object that stands for one field of it.
    Its(&'static str),
}

impl Kind {
    /// What its value is; `None` for what has many values.
    pub(super) fn of_value(self) -> Option<Type> {
        Some(match self {
            Self::Truth => Type::Truth,
            Self::Count | Self::Rows | Self::Its(_) => Type::Count,
            Self::Number => Type::Number,
            Self::Seconds | Self::Milliseconds => Type::Time,
            Self::Rate | Self::Share { .. } => Type::Share,
            Self::Delay => return None,
        })
    }
}

/// All patterns, with those of rates' and delays' fields.
pub(super) fn patterns() -> &'static [Pattern] {
    static PATTERNS: OnceLock<Vec<Pattern>> = OnceLock::new();
    PATTERNS.get_or_init(|| TABLE.lines().filter_map(pattern).flat_map(with_fields).collect())
}

fn pattern(line: &'static str) -> Option<Pattern> {
    let mut words = line.split_whitespace();
    let parts = parts(words.next()?)?;
    let kind = match words.next()? {
        "truth" => Kind::Truth,
        "count" => Kind::Count,
        "number" => Kind::Number,
        "seconds" => Kind::Seconds,
        "milliseconds" => Kind::Milliseconds,
        "rate" => Kind::Rate,
        "share" => Kind::Share { numerator: words.next()?, denominator: words.next()? },
        "delay" => Kind::Delay,
        "rows" => Kind::Rows,
        "self" => Kind::Its(words.next()?),
        _ => return None,
    };
    Some(Pattern { parts, kind })
}

fn parts(path: &'static str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    for part in path.split('.') {
        let (name, row) = part.split_once('[').map_or((part, None), |(n, r)| (n, r.strip_suffix(']')));
        match name.strip_prefix('{').and_then(|n| n.strip_suffix('}')) {
            Some(set) => parts.push(Part::Of(set)),
            None => parts.push(Part::Name(name)),
        }
        if let Some(row) = row {
            let field = |f: &'static str| f.split_once('=').unwrap_or((f, f));
            parts.push(Part::Row(row.split(',').map(field).collect()));
        }
    }
    Some(parts)
}

/// The pattern, and those of the numbers within it.
fn with_fields(whole: Pattern) -> Vec<Pattern> {
    const PERCENTILES: [&str; 6] = ["min_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms"];
    let field = |name, kind| {
        let mut parts = whole.parts.clone();
        parts.push(Part::Name(name));
        Pattern { parts, kind }
    };
    let more: Vec<Pattern> = match whole.kind {
        Kind::Rate => {
            let counts = ["numerator", "denominator"].map(|n| field(n, Kind::Count));
            counts.into_iter().chain([field("value", Kind::Rate)]).collect()
        }
        Kind::Delay => {
            let times = PERCENTILES.iter().map(|p| field(p, Kind::Milliseconds));
            times.chain([field("count", Kind::Count)]).collect()
        }
        _ => Vec::new(),
    };
    [whole].into_iter().chain(more).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_understood() {
        for line in TABLE.lines() {
            assert!(pattern(line).is_some(), "{line}");
        }
    }
}
