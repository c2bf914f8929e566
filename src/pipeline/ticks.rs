//! When what was picked is asked for: by the capture's clock, or after many frames.

use crate::time::{Nanos, Timestamp};

/// Capture time between two ticks.
const EVERY: Nanos = Nanos::from_secs(10);
/// Frames between two ticks, at most: where the clock stands still, what waits is bounded even so.
const MOST_FRAMES: u32 = 1 << 16;

/// The next tick.
#[derive(Debug)]
pub(super) struct Ticks {
    wanted: bool,
    next: Option<Timestamp>,
    frames: u32,
}

impl Ticks {
    /// Ticks from the first frame on; none at all unless they are `wanted`.
    pub(super) fn new(wanted: bool) -> Self {
        Self { wanted, next: None, frames: 0 }
    }

    /// To be asked after each frame: whether a tick is due at `now`.
    #[inline]
    pub(super) fn is_due(&mut self, now: Timestamp) -> bool {
        self.wanted && self.is_over(now)
    }

    fn is_over(&mut self, now: Timestamp) -> bool {
        self.frames += 1;
        let next = *self.next.get_or_insert(now + EVERY);
        let due = now >= next || self.frames == MOST_FRAMES;
        if due {
            (self.next, self.frames) = (Some(now + EVERY), 0);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_follow_the_clock_and_the_frames() {
        let at = |s| Timestamp::from_nanos(s * 1_000_000_000);
        let mut ticks = Ticks::new(true);
        let due: Vec<i64> = [0, 5, 10, 11, 19, 45, 46].into_iter().filter(|s| ticks.is_due(at(*s))).collect();
        assert_eq!(due, [10, 45]);
        assert_eq!((1..200_000).filter(|_| ticks.is_due(at(46))).count(), 3);
        assert!(!Ticks::new(false).is_due(at(99)));
    }
}
