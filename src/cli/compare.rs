//! `sipstat compare`: two runs, what differs, and the exit status for a gate.

use super::Exit;
use super::output::Output;
use super::run::{complain, spare_the_captures, watching};
use super::secret;
use crate::baseline;
use crate::compare::rules::{MaxRegress, NewCodes, Verdict};
use crate::compare::{self, Comparison};
use crate::config::{Config, Format};
use crate::error::Error;
use crate::stats::Counted;

/// What a comparison must not find.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Limits {
    /// How much worse figures may be.
    pub(super) regress: Vec<MaxRegress>,
    /// Codes that must not be new.
    pub(super) new_codes: Option<NewCodes>,
    /// What cannot be judged fails.
    pub(super) strict: bool,
}

/// Compares the two that `config` names.
pub(super) fn run(config: &Config, limits: &Limits) -> Result<Exit, Error> {
    let [base, now] = config.captures.as_slice() else {
        let n = config.captures.len();
        return Err(Error::usage(format!("compare takes two, a base and what is to be judged, not {n}"))
            .remedy("several captures are one as a directory, or after 'sipstat merge --save'"));
    };
    if config.save.is_some() {
        return Err(Error::usage("compare saves nothing").remedy("'sipstat --save FILE CAPTURE' does"));
    }
    if config.condition.is_some() {
        return Err(Error::usage("compare looks at all calls: leave out --where"));
    }
    if !matches!(config.report.format, Format::Screen | Format::Full | Format::Json | Format::Markdown) {
        return Err(Error::usage("compare writes text, markdown or json"));
    }
    if let Some(problem) = config.filter.window.problem() {
        return Err(Error::usage(problem));
    }
    spare_the_captures(config)?;
    let mut pseudonyms = secret::pseudonyms(config.pseudonyms.as_ref())?;
    let output = Output::open(config.report.output.as_deref(), config.report.look)?;
    let mut count = |path: &std::path::Path, role: &str| -> Result<(String, Counted), Error> {
        let one = Config { captures: vec![path.to_owned()], ..config.clone() };
        let counted = watching(&one, |watch| baseline::gather(&one, &mut pseudonyms.as_mut(), watch))?;
        let name = if config.no_paths { role.to_owned() } else { path.display().to_string() };
        Ok((pseudonyms.as_mut().map_or(name.clone(), |p| p.path(&name)), counted))
    };
    let (base, now) = (count(base, "base")?, count(now, "now")?);
    Counted::comparable(&base.1, &now.1).map_err(Error::usage)?;
    let comparison = compare::compare(base, now);
    let verdicts = judge(&comparison, limits)?;
    let mut bytes = Vec::new();
    let written = match config.report.format {
        Format::Json => compare::json::write(&comparison, &verdicts, &mut bytes),
        Format::Markdown => compare::markdown::write(&comparison, &verdicts, &mut bytes),
        format => compare::text::write(&comparison, &verdicts, format == Format::Full, &mut bytes),
    };
    written.map_err(|e| Error::output("comparison", e))?;
    output.write(&bytes)?;
    let mut exit = Exit::Whole;
    for run in comparison.runs.iter().filter(|r| !r.sound) {
        complain(&format!("{}: not read whole, or figures are not exact", run.name));
        exit = exit.and(Exit::Incomplete);
    }
    for v in &verdicts {
        match v.breached {
            Some(true) => exit = exit.and(Exit::Breached),
            Some(false) => {}
            None => complain(&format!("{} was not evaluated: {}", v.rule, v.why)),
        }
    }
    Ok(exit)
}

/// What became of the limits; an error if one of them means nothing.
fn judge(comparison: &Comparison, limits: &Limits) -> Result<Vec<Verdict>, Error> {
    let mut verdicts: Vec<Verdict> = Vec::new();
    for limit in &limits.regress {
        verdicts.push(limit.judge(comparison).map_err(Error::usage)?);
    }
    verdicts.extend(limits.new_codes.iter().map(|codes| codes.judge(comparison)));
    if limits.strict {
        verdicts.iter_mut().for_each(|v| v.breached = v.breached.or(Some(true)));
    }
    Ok(verdicts)
}
