//! Files of rules, and reports to compare with.

use sipstat::check::{Format, Rules, write};
use sipstat::stats::Summary;

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
