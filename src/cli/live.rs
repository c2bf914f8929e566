//! What `--follow` shows while the run goes on: a screen that is written over, a line of JSON an
//! interval, or a report file written anew.
//!
//! In: the summary of what was read so far, at times that the frames bring. Lines of intervals
//! follow from the capture alone: the same capture gives the same lines. The screen and the file
//! follow the machine's clock, so that catching up costs little.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::output::Output;
use crate::anonymize::Pseudonyms;
use crate::config::{Config, Format, Look};
use crate::report::live::{self, Pulse};
use crate::stats::{Counted, Summary};
use crate::time::{Nanos, Timestamp};
use crate::watch::Live;

/// Time between two screens, or two versions of a report file.
const STEP: Duration = Duration::from_secs(1);
/// A screen or file is not made anew before so many times as long as the last one took have passed: of a
/// capture of weeks it takes longer, and must not keep the reader from reading.
const REST: u32 = 9;
/// What counts as recent on the screen.
const RECENT: Nanos = Nanos::from_secs(60);

/// What is shown.
pub(super) struct Shown {
    what: What,
    next: Instant,
    /// When figures were asked for.
    asked: Instant,
    pseudonyms: Option<Pseudonyms>,
    /// The state at some times of the last minute, oldest first; of intervals the last one only.
    pulses: Vec<Pulse>,
}

enum What {
    Screen { look: Look },
    Lines { interval: Nanos, until: Option<Timestamp>, from: Option<Timestamp> },
    File { format: Format, path: PathBuf, look: Look },
}

impl Shown {
    /// What `config` asks for; `None` where nobody would see it.
    pub(super) fn new(config: &Config, pseudonyms: Option<Pseudonyms>, is_terminal: bool) -> Option<Self> {
        let report = &config.report;
        let interval = config.grouping.interval.filter(|i| *i > Nanos::ZERO && report.format != Format::Html);
        let what = match (interval, &report.output) {
            (Some(interval), _) => What::Lines { interval, until: None, from: None },
            (None, Some(path)) => What::File { format: report.format, path: path.clone(), look: report.look },
            (None, None) if is_terminal && report.format == Format::Screen => {
                What::Screen { look: report.look }
            }
            _ => return None,
        };
        let now = Instant::now();
        Some(Self { what, next: now + STEP, asked: now, pseudonyms, pulses: Vec::new() })
    }

    /// The run is over: the rest of the last interval.
    pub(super) fn finish(&mut self, summary: &Summary) {
        match &mut self.what {
            What::Lines { from, .. } => {
                if let (Some(from), Some((_, last))) = (*from, summary.input.span) {
                    self.line(from, last, summary, true);
                }
            }
            What::Screen { .. } => print(b"\x1b[H\x1b[2J"),
            What::File { .. } => {}
        }
    }

    fn line(&mut self, from: Timestamp, to: Timestamp, summary: &Summary, is_last: bool) {
        let now = Pulse::of(summary, to);
        let before = self.pulses.pop().unwrap_or_default();
        if is_last || !now.is_same_as(&before) {
            let mut out = Vec::new();
            if live::line(&before, &now, from, is_last, &mut out).is_ok() {
                print(&out);
            }
        }
        self.pulses.push(now);
    }
}

impl Live for Shown {
    fn due(&mut self, now: Timestamp) -> Option<Timestamp> {
        if let What::Lines { interval, until, from } = &mut self.what {
            let end = *until.get_or_insert_with(|| after(now, *interval));
            from.get_or_insert(end - *interval);
            return (now >= end).then_some(end);
        }
        self.asked = Instant::now();
        (self.asked >= self.next).then_some(now)
    }

    fn show(&mut self, at: Timestamp, now: Timestamp, counted: Counted) {
        let summary = &super::run::finished(counted, &mut self.pseudonyms);
        match &mut self.what {
            What::Lines { interval, until, from } => {
                let began = from.unwrap_or(at);
                let next = after(now, *interval);
                (*from, *until) = (Some(next - *interval), Some(next));
                self.line(began, at, summary, false);
            }
            What::File { format, path, look } => {
                let mut bytes = Vec::new();
                // A version that cannot be written now may be later; the last one's failure is told.
                if super::run::render(summary, *format, 80, &mut bytes).is_ok() {
                    let _ =
                        Output::open(Some(path), *look).and_then(|out| super::run::put(out, *format, &bytes));
                }
            }
            What::Screen { look } => {
                let (columns, rows) = terminal(*look);
                let pulse = Pulse::of(summary, at);
                let old = self.pulses.iter().filter(|p| p.at + RECENT <= at).count();
                self.pulses.drain(..old.saturating_sub(1));
                let mut out = Vec::new();
                let before = self.pulses.first().cloned().unwrap_or_default();
                if live::screen(&before, &pulse, summary, columns, rows, &mut out).is_ok() {
                    print(b"\x1b[H\x1b[2J");
                    print(&out);
                }
                self.pulses.push(pulse);
            }
        }
        self.next = Instant::now() + STEP.max(self.asked.elapsed() * REST);
    }
}

/// The end of the interval that `now` is in, aligned to the epoch.
fn after(now: Timestamp, interval: Nanos) -> Timestamp {
    let length = interval.as_nanos().max(1);
    let index = now.as_nanos().div_euclid(length).saturating_add(1);
    Timestamp::from_nanos(index.saturating_mul(length))
}

fn terminal(look: Look) -> (usize, usize) {
    let size = terminal_size::terminal_size();
    let columns = look.columns.or(size.map(|(w, _)| usize::from(w.0))).unwrap_or(80);
    (columns, size.map_or(24, |(_, h)| usize::from(h.0)))
}

/// A reader that went away is told by the next write of the report.
fn print(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}
