//! A comparison for people, at 80 columns or more.

use std::fmt::Write as _;
use std::io;

use super::rules::Verdict;
use super::{Change, Comparison, Difference, FALSE_FINDINGS, Measure};
use crate::report::escape::escape;
use crate::stats::number;

/// Columns of the parts of a row.
const FIGURE: usize = 19;
const VALUE: usize = 18;

/// Writes `c` and what became of the rules. `full`: every figure, not the findings alone.
pub fn write(c: &Comparison, verdicts: &[Verdict], full: bool, out: &mut impl io::Write) -> io::Result<()> {
    for (what, run) in ["base", "now "].iter().zip(&c.runs) {
        let unsound = if run.sound { "" } else { ", incomplete or not exact" };
        writeln!(
            out,
            "{what}  {}  {} messages, {} INVITE attempts{unsound}",
            escape(&run.name),
            number(run.messages),
            number(run.attempts)
        )?;
    }
    let findings = c.differences.iter().filter(|d| d.significant).count();
    writeln!(
        out,
        "\n{} of {} figures differ by more than chance (Benjamini-Hochberg, {:.0}%)",
        if findings == 0 { "None".to_owned() } else { number(findings as u64) },
        number(c.differences.len() as u64),
        100.0 * FALSE_FINDINGS
    )?;
    let rows: Vec<&Difference> =
        c.differences.iter().filter(|d| full || d.significant && !is_told(d, c)).collect();
    if !rows.is_empty() {
        writeln!(out, "\n  {:<FIGURE$}{:>VALUE$}{:>VALUE$}  difference [95%]", "figure", "base", "now")?;
    }
    for d in rows {
        let [base, now] = d.values.map(measure);
        let mark = match d.change() {
            Change::Worse => '!',
            Change::Better => '+',
            Change::Changed => '~',
            Change::Same => ' ',
        };
        // A long name pushes the rest to the next line rather than out of its column.
        let name = escape(&d.figure);
        if name.chars().count() >= FIGURE {
            writeln!(out, "{mark} {name}")?;
            write!(out, "  {:FIGURE$}", "")?;
        } else {
            write!(out, "{mark} {name:<FIGURE$}")?;
        }
        writeln!(out, "{base:>VALUE$}{now:>VALUE$}  {}", difference(d))?;
    }
    if findings > 0 {
        writeln!(out, "  ! worse, + better, ~ changed")?;
    }
    for (what, codes) in [("New codes", &c.new_codes), ("Vanished codes", &c.vanished_codes)] {
        if !codes.is_empty() {
            let all = codes.iter().map(|(s, m, n)| format!("{} {} ({})", s.get(), escape(m), number(*n)));
            write_list(what, all, full, out)?;
        }
    }
    if !full && findings < c.differences.len() {
        writeln!(
            out,
            "\nNo more than chance: {} figures; --full lists them.",
            number((c.differences.len() - findings) as u64)
        )?;
    }
    for v in verdicts {
        let word = match v.breached {
            Some(true) => "BREACHED",
            Some(false) => "held",
            None => "not evaluated",
        };
        writeln!(out, "\n{word}: {}\n  {}", escape(&v.rule), escape(&v.why))?;
    }
    Ok(())
}

/// Codes that are listed on a screen.
const LISTED: usize = 12;

fn write_list(
    what: &str,
    all: impl Iterator<Item = String>,
    full: bool,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let all: Vec<String> = all.collect();
    let shown = if full { all.len() } else { all.len().min(LISTED) };
    let mut line = format!("{what}:");
    writeln!(out)?;
    for (i, item) in all.iter().take(shown).enumerate() {
        let comma = if i + 1 < all.len() { "," } else { "" };
        if line.chars().count() + item.chars().count() + 2 > 80 {
            writeln!(out, "{line}")?;
            line = "  ".to_owned();
        }
        let _ = write!(line, " {item}{comma}");
    }
    if shown < all.len() {
        let _ = write!(line, " {} more", all.len() - shown);
    }
    writeln!(out, "{line}")
}

/// A value with what it is of.
pub(super) fn measure(m: Measure) -> String {
    match m {
        Measure::Share(part, whole) => match m.value() {
            Some(v) => format!("{:.2}% ({})", 100.0 * v, fraction(part, whole)),
            None => "n/a".to_owned(),
        },
        Measure::Delay(None, _) => "n/a".to_owned(),
        Measure::Delay(Some(delay), n) => format!("{} (n {})", span(delay.as_nanos() as f64), short(n)),
    }
}

fn fraction(part: u64, whole: u64) -> String {
    format!("{}/{}", short(part), short(whole))
}

/// A count in a few characters.
fn short(n: u64) -> String {
    match n {
        0..=9_999 => n.to_string(),
        10_000..=9_999_999 => format!("{}k", n / 1_000),
        _ => format!("{}M", n / 1_000_000),
    }
}

/// The difference and its interval.
pub(super) fn difference(d: &Difference) -> String {
    let Some(difference) = d.difference else { return "n/a".to_owned() };
    let ends = d.interval.map_or([difference; 2], |(low, high)| [low, high]);
    let greatest = ends.iter().fold(difference.abs(), |all, end| all.max(end.abs()));
    let (scale, unit) = match (d.values[0], greatest) {
        (Measure::Share(..), _) => (100.0, ""),
        (_, n) if n >= 1e9 => (1e-9, "s"),
        (_, n) if n >= 1e6 => (1e-6, "ms"),
        _ => (1e-3, "us"),
    };
    let text = |v: f64| {
        let v = v * scale;
        // No "-0.00".
        let v = if v.abs() < 0.005 { 0.0 } else { v };
        let digits = if v.abs() >= 9.995 { usize::from(v.abs() < 99.95 && unit.is_empty()) } else { 2 };
        format!("{v:.digits$}")
    };
    let sign = if difference >= 0.0 { "+" } else { "" };
    match d.interval {
        Some((low, high)) => format!("{sign}{}{unit} [{}, {}]", text(difference), text(low), text(high)),
        None => format!("{sign}{}{unit}", text(difference)),
    }
}

/// The median of a distribution whose own row tells it.
pub(super) fn is_told(d: &Difference, c: &Comparison) -> bool {
    let Some(of) = d.figure.strip_prefix("p50(").and_then(|f| f.strip_suffix(')')) else { return false };
    c.differences.iter().any(|other| other.significant && other.figure == of)
}

/// A delay in the unit that suits it.
fn span(nanos: f64) -> String {
    match nanos {
        n if n >= 1e11 => format!("{:.0}s", n / 1e9),
        n if n >= 1e9 => format!("{:.2}s", n / 1e9),
        n if n >= 1e7 => format!("{:.0}ms", n / 1e6),
        n if n >= 1e6 => format!("{:.1}ms", n / 1e6),
        n => format!("{:.0}us", n / 1e3),
    }
}

/// One difference as a sentence.
pub(super) fn sentence(d: &Difference) -> String {
    let [base, now] = d.values.map(measure);
    let p = d.p_value.map_or(String::new(), |p| format!(", p {}", probability(p)));
    format!("{}: {base} -> {now}, {}{p}", d.figure, difference(d))
}

/// A p-value.
pub(super) fn probability(p: f64) -> String {
    if p < 0.0001 { "< 0.0001".to_owned() } else { format!("{p:.4}") }
}
