//! How far a long run is, on a terminal: bytes, rate, time left, responses so far.
//!
//! In: [`Progress`]. Out: one line on standard error that is written over and taken away at the
//! end. The only clock of the machine in the program is here; no figure depends on it.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::report::text::number;
use crate::watch::{Progress, Watcher};

/// Shorter runs show nothing.
const AFTER: Duration = Duration::from_secs(1);
/// Time between two lines.
const STEP: Duration = Duration::from_millis(250);

/// The line.
pub(super) struct Line {
    began: Instant,
    next: Instant,
    shown: bool,
}

impl Line {
    /// A line for a run that begins now; `None` where nobody looks at it.
    pub(super) fn on_terminal() -> Option<Self> {
        let began = Instant::now();
        io::stderr().is_terminal().then(|| Self { began, next: began + AFTER, shown: false })
    }

    /// Takes it away.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            write("\r\x1b[K");
        }
    }
}

impl Watcher for Line {
    fn look(&mut self, progress: &dyn Fn() -> Progress) {
        let now = Instant::now();
        if now >= self.next {
            self.next = now + STEP;
            self.shown = true;
            write(&format!("\r{}\x1b[K", text(progress(), now - self.began)));
        }
    }
}

/// There is nobody to tell if that fails.
fn write(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

fn text(p: Progress, elapsed: Duration) -> String {
    let rate = p.bytes as f64 / elapsed.as_secs_f64().max(1e-9);
    let of = p.total.map(|n| format!(" of {}", size(n as f64))).unwrap_or_default();
    let left = p.total.filter(|_| rate > 0.0).map(|n| n.saturating_sub(p.bytes) as f64 / rate);
    let left = left.map(|s| format!(", {} left", span(s))).unwrap_or_default();
    let responses = number(p.responses);
    format!("{}{of}, {}/s{left}, {responses} responses so far", size(p.bytes as f64), size(rate))
}

fn size(bytes: f64) -> String {
    match bytes {
        b if b >= 1e9 => format!("{:.1} GB", b / 1e9),
        b if b >= 1e6 => format!("{:.0} MB", b / 1e6),
        b => format!("{:.0} kB", b / 1e3),
    }
}

fn span(seconds: f64) -> String {
    let s = seconds.ceil() as u64;
    match (s / 3600, s / 60 % 60, s % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_what_is_known() {
        let of = |bytes, total, responses| text(Progress { bytes, total, responses }, Duration::from_secs(2));
        assert_eq!(
            of(1_500_000_000, Some(6_000_000_000), 1_234_567),
            "1.5 GB of 6.0 GB, 750 MB/s, 6 s left, 1,234,567 responses so far"
        );
        assert_eq!(of(4_000_000, None, 0), "4 MB, 2 MB/s, 0 responses so far");
        assert_eq!(of(1_000_000, Some(1_000_000_000), 1).split(", ").nth(2), Some("33 min 18 s left"));
        assert_eq!(of(0, Some(10), 0), "0 kB of 0 kB, 0 kB/s, 0 responses so far");
    }
}
