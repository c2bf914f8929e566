//! A comparison for a pull request or a job summary: findings first, the rest folded away.

use std::io;

use super::rules::Verdict;
use super::text::{difference, is_told, measure, probability};
use super::{Change, Comparison, Difference};
use crate::stats::number;

/// Rows of the part that is folded away: a comment has 65,536 characters.
const MOST: usize = 200;

/// Writes `c` and what became of the rules.
pub fn write(c: &Comparison, verdicts: &[Verdict], out: &mut impl io::Write) -> io::Result<()> {
    let all = c.differences.iter().filter(|d| d.significant).count();
    let findings: Vec<&Difference> =
        c.differences.iter().filter(|d| d.significant && !is_told(d, c)).collect();
    let breached = verdicts.iter().filter(|v| v.breached == Some(true)).count();
    let word = match breached {
        0 if verdicts.is_empty() => "",
        0 => ": limits held",
        _ => ": **limits breached**",
    };
    writeln!(out, "### SIP: {} against {}{word}\n", text(&c.runs[1].name), text(&c.runs[0].name))?;
    for v in verdicts {
        let mark = match v.breached {
            Some(true) => "❌ breached",
            Some(false) => "✅ held",
            None => "➖ not evaluated",
        };
        writeln!(out, "- {mark}: {}: {}", text(&v.rule), text(&v.why))?;
    }
    if !verdicts.is_empty() {
        writeln!(out)?;
    }
    writeln!(
        out,
        "{} of {} figures differ by more than chance; {} and {} INVITE attempts.\n",
        all,
        c.differences.len(),
        number(c.runs[0].attempts),
        number(c.runs[1].attempts)
    )?;
    table(&findings, out)?;
    for (what, codes) in [("New codes", &c.new_codes), ("Vanished codes", &c.vanished_codes)] {
        if !codes.is_empty() {
            let all: Vec<String> =
                codes.iter().take(MOST).map(|(s, m, n)| text(&format!("{} {m} ({n})", s.get()))).collect();
            writeln!(out, "{what}: {}\n", all.join(", "))?;
        }
    }
    let rest: Vec<&Difference> = c.differences.iter().filter(|d| !d.significant).take(MOST).collect();
    if !rest.is_empty() {
        writeln!(out, "<details><summary>No more than chance</summary>\n")?;
        table(&rest, out)?;
        writeln!(out, "</details>")?;
    }
    Ok(())
}

fn table(rows: &[&Difference], out: &mut impl io::Write) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "| figure | base | now | difference [95%] | p | |\n|---|---:|---:|---:|---:|---|")?;
    for d in rows {
        let [base, now] = d.values.map(measure);
        let change = match d.change() {
            Change::Same => "",
            other => other.id(),
        };
        let p = d.p_value.map_or(String::new(), probability).replace('<', "&lt;");
        writeln!(out, "| {} | {base} | {now} | {} | {p} | {change} |", text(&d.figure), difference(d))?;
    }
    writeln!(out)
}

/// Foreign text as a code span that no text can leave.
fn text(foreign: &str) -> String {
    let plain = |c: char| if c.is_control() || c == '`' || c == '|' { '.' } else { c };
    format!("`{}`", foreign.chars().map(plain).collect::<String>())
}
