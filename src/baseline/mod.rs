//! Saved summaries: wherever a capture can be named, a saved summary can.
//!
//! In: captures and saved summaries. Out: all that was counted, to be reported or saved again.
//! Captures are one run together; every saved summary is one, and they are added up.

mod audit;
mod file;

use crate::anonymize::{OtherKey, Pseudonyms};
use crate::config::{Config, Grouping};
use crate::error::Error;
use crate::pipeline;
use crate::stats::Counted;
use crate::watch::Watch;

pub use self::file::{MAX_BYTES, is_saved, parse, read, to_json};

/// Reads all input and counts it, for a report. Fails if nothing can be read at all, or if saved summaries
/// cannot be added up.
pub fn run(config: &Config, names: &mut Names<'_>, watch: &mut Watch<'_>) -> Result<Counted, Error> {
    if !config.apart && !config.captures.iter().any(|path| is_saved(path)) {
        return named(pipeline::settle(config, watch)?, names);
    }
    gather(config, names, watch)
}

/// Reads all input and counts it, so that it can be saved: what is open stays open.
pub fn gather(config: &Config, names: &mut Names<'_>, watch: &mut Watch<'_>) -> Result<Counted, Error> {
    if config.condition.is_some() {
        let e = Error::usage("--where needs messages, and saved summaries are counts");
        return Err(e.remedy("select from one capture, without merge and --save"));
    }
    if config.follow {
        return Err(Error::usage("--follow takes captures: a saved summary does not grow"));
    }
    let mut counted = if config.apart { merge(config, names, watch) } else { count(config, names, watch) }?;
    let (asked, usual) = (&config.grouping, Grouping::default());
    if (asked.top, asked.sort) != (usual.top, usual.sort) {
        counted.show(asked.top, asked.sort);
    }
    if config.no_paths {
        counted.forget_paths();
    }
    Ok(counted)
}

/// Pseudonyms for what is read; `None`: names stay.
pub type Names<'a> = Option<&'a mut Pseudonyms>;

/// `counted` under pseudonyms, if they are wanted. Each part gets them before it is added to others: all
/// have those of one key then.
fn named(counted: Counted, names: &mut Names<'_>) -> Result<Counted, Error> {
    let Some(names) = names else { return Ok(counted) };
    let name = counted.name();
    names.counted(counted).map_err(|OtherKey| {
        let e = Error::usage(format!("{name} has pseudonyms of another key"));
        e.remedy("leave out --anonymize, or name that key")
    })
}

/// All captures together are one run.
fn count(config: &Config, names: &mut Names<'_>, watch: &mut Watch<'_>) -> Result<Counted, Error> {
    let (saved, captures): (Vec<_>, Vec<_>) = config.captures.iter().cloned().partition(|p| is_saved(p));
    let mut all = saved.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    if captures.is_empty() {
        contradiction(config, &all)?;
    } else {
        all.push(pipeline::count(&Config { captures, ..config.clone() }, watch)?);
    }
    add(all, names)
}

/// Every capture, or directory of them, is a run of its own.
fn merge(config: &Config, names: &mut Names<'_>, watch: &mut Watch<'_>) -> Result<Counted, Error> {
    let mut all = Vec::new();
    for path in &config.captures {
        let one = if is_saved(path) {
            read(path)?
        } else {
            pipeline::count(&Config { captures: vec![path.clone()], ..config.clone() }, watch)?
        };
        all.push(one);
    }
    if config.captures.iter().all(|path| is_saved(path)) {
        contradiction(config, &all)?;
    }
    add(all, names)
}

fn add(all: Vec<Counted>, names: &mut Names<'_>) -> Result<Counted, Error> {
    let all = all.into_iter().map(|one| named(one, names)).collect::<Result<Vec<_>, _>>()?;
    let sum = Counted::merge(all).map_err(Error::usage)?;
    sum.ok_or_else(|| Error::usage("nothing is named that could be read"))
}

/// What was counted in one way cannot be counted again in another: an option that asks for it is a
/// mistake, one that has its usual value asks for nothing.
fn contradiction(config: &Config, saved: &[Counted]) -> Result<(), Error> {
    let asked = pipeline::nothing(config).options();
    let usual = pipeline::nothing(&Config::new(config.captures.clone())).options();
    for counted in saved {
        let all = asked.iter().zip(&usual).zip(counted.options());
        for ((asked, usual), was) in all {
            if asked != usual && *asked != was {
                let what =
                    format!("{} was counted with {} {}, not with {}", counted.name(), was.0, was.1, asked.1);
                return Err(Error::usage(what).remedy("count the capture again and save that"));
            }
        }
    }
    Ok(())
}
