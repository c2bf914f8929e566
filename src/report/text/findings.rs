//! What rose, when, where, and which calls: the findings.

use super::format::{clock, minute, number, plural};
use crate::report::escape::{escape, width};
use crate::report::style;
use crate::report::wrap::wrap;
use crate::stats::Summary;
use crate::stats::summary::{Chart, Finding, SampleCall};
use crate::time::Timestamp;

/// Findings on screen one.
pub(super) const FEW: usize = 3;

/// The block: `most` findings, the first of them with chart and calls, the others too if `full`.
pub(super) fn lines(s: &Summary, columns: usize, most: usize, full: bool) -> Vec<String> {
    let mut out = Vec::new();
    for (i, finding) in s.findings.iter().take(most).enumerate() {
        out.extend(sentence(finding, columns));
        if i == 0 || full {
            out.extend(chart(finding, s, columns));
            out.extend(calls(finding, s, columns));
        }
    }
    let more = s.findings.len().saturating_sub(most);
    if more > 0 && most > 0 {
        let text = format!("{} more: --full", plural(more as u64, "finding", "findings"));
        out.push(style::aside(&format!("  {text}")));
    }
    out
}

fn sentence(f: &Finding, columns: usize) -> Vec<String> {
    let mut lines = wrap(&f.text, columns, 2, 2);
    if let Some(first) = lines.first_mut()
        && let Some(rest) = first.get(2..)
    {
        *first = format!("{} {rest}", style::warning("!"));
    }
    lines
}

/// `  14:00 ▁▁▃██▁ 14:15   peak 119 in 30 s at 14:04:30`.
fn chart(f: &Finding, s: &Summary, columns: usize) -> Vec<String> {
    let c = &f.chart;
    if !f.timed || c.counts.len() < 3 {
        return Vec::new();
    }
    let (first, last) = s.input.span.unwrap_or((c.start, c.start));
    let bars = spark(&c.counts, &c.of);
    let scale = s.input.scale;
    // As far as the chart tells times apart.
    let end = if c.interval.as_nanos() >= 10_000_000_000 { minute } else { clock };
    let line = format!("  {} {bars} {}", end(first, scale), end(last, scale));
    let peak = peak(c).map(|(n, at)| {
        format!("   peak {} in {} at {}", number(n), super::format::span(c.interval), clock(at, scale))
    });
    let whole = format!("{line}{}", peak.clone().unwrap_or_default());
    vec![if width(&whole) <= columns { whole } else { line }]
}

/// Shares as bars: what happened in a bucket over how much was there; buckets of little are low.
pub(super) fn spark(counts: &[u64], of: &[u64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let share = |(n, of): (&u64, &u64)| if *of == 0 { 0.0 } else { *n as f64 / *of as f64 };
    let busy = of.iter().copied().max().unwrap_or(0) / 8;
    let most = counts.iter().zip(of).filter(|(_, of)| **of >= busy).map(share).fold(0.0, f64::max);
    let bar = |pair: (&u64, &u64)| {
        if *pair.1 == 0 {
            return ' ';
        }
        let height = if most > 0.0 { (share(pair) / most * 7.0).round() } else { 0.0 };
        BARS.get((height as usize).min(7)).copied().unwrap_or('█')
    };
    counts.iter().zip(of).map(bar).collect()
}

fn peak(c: &Chart) -> Option<(u64, Timestamp)> {
    let (i, n) = c.counts.iter().enumerate().max_by_key(|(i, n)| (**n, std::cmp::Reverse(*i)))?;
    let at = c.start + crate::time::Nanos::from_nanos(c.interval.as_nanos().saturating_mul(i as i64));
    (*n > 0).then_some((*n, at))
}

/// `  9f31c0a2@10.0.1.10 frame 812044, 947 more`: as many as fit on a line.
fn calls(f: &Finding, s: &Summary, columns: usize) -> Vec<String> {
    let call = |c: &SampleCall| {
        let file = match s.input.files.len() {
            0 | 1 => String::new(),
            _ => s
                .input
                .files
                .get(c.frame.file as usize)
                .map(|f| format!(" of {}", escape(f.path.rsplit('/').next().unwrap_or(&f.path))))
                .unwrap_or_default(),
        };
        format!("{} frame {}{file}", escape(&c.call_id), c.frame.number)
    };
    let mut shown = Vec::new();
    for c in &f.calls {
        let mut next: Vec<String> = shown.clone();
        next.push(call(c));
        let more = f.more_calls + (f.calls.len() - next.len()) as u64;
        let line = with_more(&next, more);
        if width(&line) > columns && !shown.is_empty() {
            break;
        }
        shown = next;
    }
    if shown.is_empty() {
        return Vec::new();
    }
    let more = f.more_calls + (f.calls.len() - shown.len()) as u64;
    wrap(&with_more(&shown, more), columns, 2, 4).iter().map(|l| style::aside(l)).collect()
}

fn with_more(shown: &[String], more: u64) -> String {
    let rest = if more == 0 { String::new() } else { format!(", {} more", number(more)) };
    format!("  {}{rest}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spark_shows_shares_and_gaps() {
        assert_eq!(spark(&[0, 1, 8, 0, 4], &[10, 10, 10, 0, 10]), "▁▂█ ▅");
        // One of one is no peak where others are many.
        assert_eq!(spark(&[1, 0, 5], &[1, 90, 90]), "█▁█");
        assert_eq!(spark(&[], &[]), "");
    }
}
