//! Figures that the user defined, each with its fraction and its definition.

use super::format::{delay, number, percent};
use crate::report::escape::{escape, width};
use crate::report::wrap::wrap;
use crate::stats::Summary;
use crate::stats::summary::{Defined, DefinedUnit};
use crate::time::Nanos;

/// The block; empty where nothing was defined.
pub(super) fn lines(s: &Summary, columns: usize) -> Vec<String> {
    let defined = &s.invite.defined;
    let widest = defined.iter().map(|d| width(&escape(&d.name))).max().unwrap_or(0);
    let mut out = Vec::new();
    for d in defined {
        let line = format!("  {:widest$}  {}", escape(&d.name), value(d));
        let definition = format!("= {}", d.definition.trim());
        if width(&line) + 2 + width(&escape(&definition)) <= columns {
            out.push(format!("{line}  {}", escape(&definition)));
        } else {
            out.push(line);
            out.extend(wrap(&definition, columns, 4, 6));
        }
    }
    out
}

/// `contract_ner 93.10% (931/1,000)`, for one line.
pub(super) fn parts(s: &Summary) -> impl Iterator<Item = String> {
    s.invite.defined.iter().map(|d| format!("{} {}", escape(&d.name), in_line(d)))
}

fn value(d: &Defined) -> String {
    let fraction = d.fraction.map(|(n, of)| format!("  {}/{}", number(n), number(of)));
    format!("{:>7}{}", alone(d), fraction.unwrap_or_default())
}

fn in_line(d: &Defined) -> String {
    match d.fraction {
        Some((n, of)) => format!("{} ({}/{})", alone(d), number(n), number(of)),
        None => alone(d),
    }
}

/// The value with its unit.
pub(in crate::report) fn alone(d: &Defined) -> String {
    match (d.value, d.unit) {
        (None, _) => "n/a".into(),
        (value, DefinedUnit::Share) => percent(value),
        (Some(ms), DefinedUnit::Milliseconds) => delay(Nanos::from_nanos((ms * 1e6) as i64), 3),
        (Some(n), DefinedUnit::Number) if n.fract() == 0.0 && (0.0..1e15).contains(&n) => number(n as u64),
        (Some(n), DefinedUnit::Number) => format!("{n:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_comes_with_fraction_and_definition() {
        let mut s = Summary::default();
        let of = |name: &str, value, fraction, unit| Defined {
            name: name.into(),
            definition: "outcomes.answered / invite.decided".into(),
            value,
            fraction,
            unit,
        };
        s.invite.defined = vec![
            of("reached", Some(0.931), Some((931, 1000)), DefinedUnit::Share),
            of("slow", Some(2310.0), None, DefinedUnit::Milliseconds),
            of("n", None, None, DefinedUnit::Number),
        ];
        let expected = [
            "  reached   93.10%  931/1,000  = outcomes.answered / invite.decided",
            "  slow      2.31 s  = outcomes.answered / invite.decided",
            "  n            n/a  = outcomes.answered / invite.decided",
        ];
        assert_eq!(lines(&s, 80), expected);
        assert_eq!(
            lines(&s, 40)[..2],
            ["  reached   93.10%  931/1,000", "    = outcomes.answered / invite.decided"]
        );
        assert_eq!(parts(&s).next().unwrap(), "reached 93.10% (931/1,000)");
    }
}
