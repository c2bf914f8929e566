//! Files of rules, reports to compare with, and the rules of the command line.

use sipstat::check::{Format, Rules, write};
use sipstat::stats::Summary;

use crate::{outputs, wellformed};

/// Any file of rules, and behind a NUL any baseline: what is understood is judged and written in every
/// format, and a breach is one in all of them.
pub fn rules(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (file, base) = text.split_once('\0').unwrap_or((text, ""));
    let mut rules = Rules::new(0);
    let _ = rules.baseline(base);
    if rules.read("rules.toml", file).is_err() {
        return;
    }
    let mut summary = Summary::default();
    rules.add_defined(&mut summary);
    for strict in [false, true] {
        let verdict = rules.judge(&summary, strict);
        assert_eq!(verdict.rules.len(), rules.rules().len());
        for format in [Format::Text, Format::Json, Format::Junit, Format::Github, Format::Markdown] {
            let mut out = Vec::new();
            write(&verdict, format, &mut out).expect("memory can be written");
            let out = String::from_utf8(out).expect("UTF-8");
            let lines = out.lines().filter(|l| l.starts_with("::error ")).count();
            assert!(format != Format::Github || (lines > 0) == verdict.is_breached());
        }
    }
}

/// Any lines of `--define` and `--fail-if` (those with `=` before any other sign, and all others): what is
/// understood is judged, and each definition is a figure of the report.
pub fn define(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (mut rules, mut defined) = (Rules::new(0), 0);
    for line in text.lines() {
        let is_definition = line.split_once('=').is_some_and(|(name, _)| {
            name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b' '))
        });
        if is_definition {
            match rules.define(line) {
                Ok(()) => defined += 1,
                Err(why) => assert!(!why.is_empty()),
            }
        } else if let Err(why) = rules.fail_if(line) {
            assert!(!why.is_empty());
        }
    }
    if defined == 0 && rules.is_empty() {
        return;
    }
    let mut summary = Summary::default();
    (summary.invite.attempts, summary.invite.decided, summary.messages.total) = (7, 5, 40);
    rules.add_defined(&mut summary);
    assert_eq!(summary.invite.defined.len(), defined);
    assert!(summary.invite.defined.iter().all(|d| d.value.is_none_or(f64::is_finite)));
    assert!(rules.judge(&summary, false).rules.len() == rules.rules().len());
    for (format, text) in outputs::outputs(&summary) {
        wellformed::check(format, &text);
    }
}
