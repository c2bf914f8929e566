//! How a run tells how far it is, and hears that it shall stop.
//!
//! In: what the pipeline has read. Out: whether it goes on. Who shows it, and by which clock, is
//! not the pipeline's business.

use std::sync::atomic::{AtomicBool, Ordering};

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

/// Watches one run.
pub struct Watch<'a> {
    interrupted: &'a AtomicBool,
    watcher: Option<&'a mut dyn Watcher>,
    frames: u64,
}

impl<'a> Watch<'a> {
    /// A watch by `watcher`, if any, over a run that ends early once `interrupted` is set.
    pub fn new(interrupted: &'a AtomicBool, watcher: Option<&'a mut dyn Watcher>) -> Self {
        Self { interrupted, watcher, frames: 0 }
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
