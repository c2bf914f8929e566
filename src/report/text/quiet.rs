//! One line for alarms and logs.

use std::io;

use super::COLUMNS;
use super::defined;
use super::format::{fraction, number, percent, plural};
use super::header;
use super::rates;
use crate::call::Side;
use crate::stats::summary::RateKind;
use crate::stats::{Ratio, Summary};

/// Writes what an alarm needs to `out`, on one line without colour.
pub fn write_line(summary: &Summary, out: &mut impl io::Write) -> io::Result<()> {
    writeln!(out, "{}", line(summary))
}

fn line(s: &Summary) -> String {
    let mut parts = vec![match (s.input.complete, s.input.exact) {
        (true, true) => "complete".to_owned(),
        (false, _) => "incomplete".into(),
        (true, false) => "not exact".into(),
    }];
    if s.messages.total == 0 {
        parts.push(format!("no SIP in {}", plural(s.input.frames, "frame", "frames")));
        if let out @ 1.. = header::left_out(&s.input) {
            parts.push(format!("{} left out by the filter", number(out)));
        }
    }
    if s.invite.attempts > 0 {
        parts.extend(calls(s));
    }
    if s.register.attempts > 0 {
        let r = &s.register;
        parts.push(format!("{} REGISTER attempts", number(r.attempts)));
        parts.push(format!("IRA {} ({})", percent(r.ira.value()), fraction(&r.ira)));
    }
    if s.invite.attempts + s.register.attempts == 0 && s.messages.total > 0 {
        parts.push(format!("{} SIP messages", number(s.messages.total)));
        parts.push(format!(
            "{} failure responses of {} finals",
            number(s.failures.total),
            number(s.failures.finals)
        ));
    }
    parts.extend(defined::parts(s));
    format!("{}: {}", header::name(&s.input, COLUMNS), parts.join(", "))
}

fn calls(s: &Summary) -> Vec<String> {
    let i = &s.invite;
    let mut out = vec![format!("{} INVITE attempts", number(i.attempts))];
    let rate = |kind| i.rates.iter().find(|(k, _)| *k == kind).map(|(_, r)| *r);
    if let Some(r) = rate(RateKind::Asr) {
        out.push(format!("ASR {} ({})", percent(r.value()), fraction(&r)));
    }
    if let Some(low) = rate(RateKind::Ner) {
        let high = rate(RateKind::NerHigh).filter(|high| *high != low && high.value().is_some());
        let to = high.map_or(String::new(), |r| format!(" to {} ({})", percent(r.value()), fraction(&r)));
        out.push(format!("NER {} ({}){to}", percent(low.value()), fraction(&low)));
    }
    let path: u64 =
        i.sides.iter().filter(|(s, _)| matches!(s, Side::Path | Side::Server)).map(|(_, n)| n).sum();
    let path = Ratio::new(path, i.decided);
    out.push(format!("network or platform {} ({})", percent(path.value()), fraction(&path)));
    out.push(rates::pdd(s, 3));
    out
}
