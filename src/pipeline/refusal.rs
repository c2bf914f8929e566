//! Why there is nothing to report: no capture was found, or none can be read.

use crate::capture::{Found, OpenError, Skipped};
use crate::config::Config;
use crate::error::Error;

/// None of the inputs is a capture: the first reason, and how many there are.
pub(super) fn unreadable(errors: &[OpenError]) -> Error {
    let Some(first) = errors.first() else { return Error::usage("no capture is named") };
    let error = Error::input(first.path.display().to_string(), &first.reason);
    match errors.len() {
        1 => error,
        n => error.remedy(format!("none of the {n} inputs could be read")),
    }
}

/// Directories without a capture in them.
pub(super) fn nothing_found(found: &Found, config: &Config) -> Error {
    if let Some(e) = found.unread.first() {
        return Error::input(e.path.display().to_string(), &e.reason);
    }
    let place = config.captures.first().map_or(String::new(), |p| p.display().to_string());
    // What is hidden was hardly meant.
    let is_meant = |s: &&Skipped| s.reason != "hidden";
    let error = match found.skipped.iter().find(is_meant).or(found.skipped.first()) {
        None => Error::input(place, "no capture in it: empty"),
        Some(Skipped { path, reason }) => {
            let n = found.skipped.len();
            let entries = if n == 1 { "entry" } else { "entries" };
            let what =
                format!("no capture in it: {n} {entries} passed over, such as {} ({reason})", path.display());
            Error::input(place, what)
        }
    };
    if config.recursive { error } else { error.remedy("-r looks into directories below") }
}
