//! A run that goes on where its input ends, and its figures meanwhile.

use super::Run;
use crate::capture::{FileReport, Follow, Inputs};
use crate::config::Config;
use crate::stats::{Counted, End};
use crate::time::{Nanos, Timestamp};
use crate::watch::Watch;

/// The capture to follow, if one shall be followed.
pub(super) fn follow(config: &Config, watch: &Watch<'_>) -> Option<Inputs> {
    let (wait, path) = watch.wait().zip(config.captures.first())?;
    Some(Inputs::follow(Follow::new(path, wait)))
}

impl Run {
    /// The figures up to `at`, while the run goes on: attempts that are open are not in them.
    pub(super) fn so_far(&self, config: &Config, at: Timestamp) -> Counted {
        // Lines of intervals have figures alone, and are many.
        let brief =
            config.grouping.interval.is_some_and(|i| i > Nanos::ZERO) && config.report.output.is_none();
        let mut tally = self.network.sink.so_far(brief);
        tally.anomalies.merge(&self.notes);
        tally.anomalies.merge(&self.network.notes);
        let path = config.captures.first().map_or(String::new(), |p| p.display().to_string());
        let frames = tally.fates.total();
        let file = FileReport { path, frames, complete: true, ..FileReport::default() };
        let end = Some(at);
        let mut end =
            End { files: vec![file], end, goes_on: true, brief, scale: config.scale(), ..End::default() };
        if config.no_paths {
            end.forget_paths();
        }
        Counted::new(config.duplicate_window, tally, end, Vec::new())
    }
}
