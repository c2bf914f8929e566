//! How a run tells how far it is, and hears that it shall stop.
//!
//! In: what the pipeline has read. Out: whether it goes on. Who shows it, and by which clock, is
//! not the pipeline's business.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::stats::Counted;
use crate::time::Timestamp;

/// Frames between two looks of a watcher.
const EVERY: u64 = 1024;

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read, uncompressed.
    pub bytes: u64,
    /// Bytes there are; `None` where that is not known (a pipe, a compressed capture).
    pub total: Option<u64>,
    /// SIP responses met, copies included.
    pub responses: u64,
}

/// A look at the run that is on.
pub trait Watcher {
    /// `progress` tells how far it is; asking costs something.
    fn look(&mut self, progress: &dyn Fn() -> Progress);
}

/// Figures that are shown while a run goes on.
pub trait Live {
    /// A frame of the time `now` is next: the time up to which figures are wanted before it.
    fn due(&mut self, now: Timestamp) -> Option<Timestamp>;
    /// `counted` is what was read, up to `at`; the next frame is of the time `now`.
    fn show(&mut self, at: Timestamp, now: Timestamp, counted: Counted);
}

/// Waits a moment for more input; `false`: nobody wants any more.
pub type Wait = Arc<dyn Fn() -> bool + Send + Sync>;

/// Watches one run.
pub struct Watch<'a> {
    interrupted: &'a AtomicBool,
    watcher: Option<&'a mut dyn Watcher>,
    frames: u64,
    live: Option<&'a mut dyn Live>,
    wait: Option<Wait>,
}

impl<'a> Watch<'a> {
    /// A watch by `watcher`, if any, over a run that ends early once `interrupted` is set.
    pub fn new(interrupted: &'a AtomicBool, watcher: Option<&'a mut dyn Watcher>) -> Self {
        Self { interrupted, watcher, frames: 0, live: None, wait: None }
    }

    /// The run shall follow captures that are still being written: `wait` is asked where they end,
    /// `live` shows figures meanwhile.
    #[must_use]
    pub fn following(mut self, wait: Wait, live: Option<&'a mut dyn Live>) -> Self {
        (self.wait, self.live) = (Some(wait), live);
        self
    }

    /// How to wait for more input, if the run shall follow it.
    pub fn wait(&self) -> Option<Wait> {
        self.wait.clone()
    }

    /// To be asked before each frame, of the time `now`: shows what `counted` gives, if it is time.
    #[inline]
    pub fn show(&mut self, now: Timestamp, counted: impl FnOnce(Timestamp) -> Counted) {
        if let Some(live) = &mut self.live
            && let Some(at) = live.due(now)
        {
            live.show(at, now, counted(at));
        }
    }

    /// To be asked after each frame, or after so many: whether the run goes on.
    #[inline]
    pub fn goes_on(&mut self, frames: u64, progress: impl Fn() -> Progress) -> bool {
        if let Some(watcher) = &mut self.watcher {
            self.frames += frames;
            if self.frames >= EVERY {
                self.frames = 0;
                watcher.look(&progress);
            }
        }
        !self.interrupted.load(Ordering::Relaxed)
    }
}
