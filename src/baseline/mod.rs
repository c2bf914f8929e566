//! Saved summaries: wherever a capture can be named, a saved summary can.
//!
//! In: captures and saved summaries. Out: a [`Summary`], or all that was counted, to be saved again.
//! Captures are one run together; every saved summary is one, and they are added up.

mod audit;
mod file;

use crate::config::{Config, Grouping};
use crate::error::Error;
use crate::pipeline;
use crate::stats::{Counted, Summary};
use crate::watch::Watch;

pub use self::file::{MAX_BYTES, is_saved, parse, read, to_json};

/// Reads all input and sums it up. Fails if nothing can be read at all, or if saved summaries cannot
/// be added up.
pub fn run(config: &Config, watch: &mut Watch<'_>) -> Result<Summary, Error> {
    if !config.apart && !config.captures.iter().any(|path| is_saved(path)) {
        return pipeline::run_watched(config, watch);
    }
    gather(config, watch).map(Counted::into_summary)
}

/// Reads all input and counts it, so that it can be saved.
pub fn gather(config: &Config, watch: &mut Watch<'_>) -> Result<Counted, Error> {
    if config.condition.is_some() {
        let e = Error::usage("--where needs messages, and saved summaries are counts");
        return Err(e.remedy("select from one capture, without merge and --save"));
    }
    if config.follow {
        return Err(Error::usage("--follow takes captures: a saved summary does not grow"));
    }
    let mut counted = if config.apart { merge(config, watch) } else { count(config, watch) }?;
    let (asked, usual) = (&config.grouping, Grouping::default());
    if (asked.top, asked.sort) != (usual.top, usual.sort) {
        counted.show(asked.top, asked.sort);
    }
    if config.no_paths {
        counted.forget_paths();
    }
    Ok(counted)
}

/// All captures together are one run.
fn count(config: &Config, watch: &mut Watch<'_>) -> Result<Counted, Error> {
    let (saved, captures): (Vec<_>, Vec<_>) = config.captures.iter().cloned().partition(|p| is_saved(p));
    let mut all = saved.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    if captures.is_empty() {
        contradiction(config, &all)?;
    } else {
        all.push(pipeline::count(&Config { captures, ..config.clone() }, watch)?);
    }
    add(all)
}

/// Every capture, or directory of them, is a run of its own.
fn merge(config: &Config, watch: &mut Watch<'_>) -> Result<Counted, Error> {
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
    add(all)
}

fn add(all: Vec<Counted>) -> Result<Counted, Error> {
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
