//! Answered calls: how many, how long, who hung up.

use super::format::{fraction, number, part, percent, span};
use crate::call::Flag;
use crate::report::style;
use crate::report::wrap::{flow, wrap};
use crate::stats::summary::{Invite, RateKind};
use crate::time::Nanos;

/// The block: nothing without answered calls.
pub(super) fn lines(i: &Invite, columns: usize) -> Vec<String> {
    let d = &i.duration;
    if d.ended + d.still_up == 0 {
        return Vec::new();
    }
    let mut head = format!("Answered calls: {} ended, {} still up", number(d.ended), number(d.still_up));
    if i.load.concurrent_peak > 0 {
        let bound = if i.load.lower_bound { " (lower bound)" } else { "" };
        head.push_str(&format!("; peak {} at once{bound}", number(i.load.concurrent_peak)));
    }
    let mut out: Vec<String> = wrap(&head, columns, 0, 2);
    if let Some(first) = out.first_mut() {
        *first = style::title(first);
    }

    let mut length = Vec::new();
    if let Some(acd) = d.acd_s {
        length.push(format!("ACD {}", seconds(acd)));
        // Where many calls are still up, a note says what the ended ones alone would give.
        if d.mean_of_ended_s.is_some_and(|mean| (mean - acd).abs() > 0.05 * acd) {
            length.push(format!("{} in all", span(Nanos::from_secs(d.answered_s as i64))));
        }
    }
    if d.ended > 0 {
        length.push(format!(
            "short (up to {}) {} of {} ({})",
            span(d.short_limit),
            number(d.short),
            number(d.ended),
            part(d.short, d.ended)
        ));
    }
    let no_ack = i.flags.iter().find(|(f, _)| *f == Flag::AnsweredNoAck).map_or(0, |(_, n)| *n);
    push(&mut length, "without ACK", no_ack);
    out.extend(flow(&length, columns, 2, 4));

    let r = &i.release;
    let mut end = Vec::new();
    let by =
        [("caller", r.by_caller), ("callee", r.by_callee), ("both", r.by_both), ("unknown", r.by_unknown)];
    let by: Vec<String> =
        by.iter().filter(|(_, n)| *n > 0).map(|(who, n)| format!("by {who} {}", number(*n))).collect();
    if !by.is_empty() {
        end.push(format!("hung up {}", by.join(", ")));
    }
    push(&mut end, "BYE without response", r.bye_none);
    push(&mut end, "dropped", r.dropped);
    push(&mut end, "after a failed refresh", r.refresh_failed);
    let cleared = i.rates.iter().find(|(k, _)| *k == RateKind::Cleared).map(|(_, ratio)| ratio);
    if let Some(c) = cleared.filter(|c| c.denominator > 0) {
        end.push(format!("cleared {} ({})", percent(c.value()), fraction(c)));
    }
    out.extend(flow(&end, columns, 2, 4));
    out
}

fn push(list: &mut Vec<String>, label: &str, n: u64) {
    if n > 0 {
        list.push(format!("{label} {}", number(n)));
    }
}

fn seconds(s: f64) -> String {
    // Beyond a minute fractions of a second say nothing; `as` saturates.
    span(if s < 60.0 { Nanos::from_millis((s * 1e3) as i64) } else { Nanos::from_secs(s.round() as i64) })
}
