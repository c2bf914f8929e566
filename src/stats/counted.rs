//! All that one run counted, or several together: what is settled, and what is still open.
//!
//! In: a tally, what the reader knows, and what was open at the end. Out: a [`Summary`]; or the whole
//! of it as JSON, to be read again and added to others. [`Counted::merge`] adds up captures that
//! follow one another: the clock goes to the greatest, what is open gets its verdict when its
//! deadline has passed, and what is still open stays so.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::capture::FileReport;
use crate::config::Sort;
use crate::flow::FrameId;
use crate::rename::Rename;
use crate::stats::admission::Admission;
use crate::stats::finish::{Distribution, End};
use crate::stats::notes;
use crate::stats::open::Open;
use crate::stats::serial::Hex;
use crate::stats::summary::{Boundary, Summary, TlsRow};
use crate::stats::tally::Tally;
use crate::time::{Nanos, Scale, Timestamp};

/// Name and version of the layout of a saved summary.
pub const SUMMARY_SCHEMA: &str = "sipstat.summary/1";

/// All that was counted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Counted {
    #[cfg_attr(test, schemars(extend("const" = "sipstat.summary/1")))]
    schema: String,
    /// What was counted has new names, of those that this tells apart; `None`: its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    renamed: Option<Hex>,
    /// Copies within it were taken for capture duplicates.
    duplicate_window: Nanos,
    /// One a run, by time.
    parts: Vec<Part>,
    end: End,
    /// What is settled: the program's own, which no other reader can count on.
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    tally: Tally,
    /// What is not: likewise.
    #[cfg_attr(test, schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>"))]
    open: Vec<Open>,
}

/// What one run covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Part {
    /// First and last frame within the filter's times.
    first: Timestamp,
    last: Timestamp,
    /// What was open at its end.
    open: u64,
    /// Attempts taken as initial for want of evidence.
    initial_assumed: u64,
}

/// Why summaries cannot be added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeError {
    /// They were counted in different ways: what, and how in either.
    Options {
        /// A file of each.
        files: [String; 2],
        /// The option.
        option: String,
        /// Its value in each.
        values: [String; 2],
    },
    /// Times are told from the first frame of each: nothing says which came first.
    Relative([String; 2]),
    /// The same capture is in both.
    Twice([String; 2]),
    /// Their times overlap; until when the first lasts, and when the second begins.
    Overlap {
        /// A file of each.
        files: [String; 2],
        /// The end of the first.
        last: Timestamp,
        /// The beginning of the second.
        first: Timestamp,
    },
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |t: &Timestamp| jiff::Timestamp::from_nanosecond(t.as_nanos().into()).unwrap_or_default();
        match self {
            Self::Options { files: [a, b], option, values: [x, y] } => {
                write!(
                    f,
                    "{a} and {b} were counted in different ways: {option} is {x} in the one, {y} in the other"
                )
            }
            Self::Relative([a, b]) => {
                write!(f, "{a} and {b} were counted with --relative-time: nothing says which came first")
            }
            Self::Twice([a, b]) if a == b => write!(f, "{a} is named twice"),
            Self::Twice([a, b]) => write!(f, "{a} and {b} are the same capture"),
            Self::Overlap { files: [a, b], last, first } => write!(
                f,
                "{a} and {b} overlap in time: the first lasts until {}, the second begins at {}",
                at(last),
                at(first)
            ),
        }
    }
}

impl std::error::Error for MergeError {}

impl Counted {
    /// What one run counted: `open` is what `tally` does not hold yet.
    pub fn new(duplicate_window: Nanos, tally: Tally, end: End, open: Vec<Open>) -> Self {
        let assumed = |open: &[Open]| open.iter().filter(|o| o.is_assumed()).count() as u64;
        let parts = end.span().map(|(first, last)| Part {
            first,
            last,
            open: open.len() as u64,
            initial_assumed: tally.initial_assumed() + assumed(&open),
        });
        let schema = SUMMARY_SCHEMA.to_owned();
        Self { schema, renamed: None, duplicate_window, parts: parts.into_iter().collect(), end, tally, open }
    }

    /// The finished figures.
    pub fn into_summary(self) -> Summary {
        self.into_figures().0
    }

    /// The finished figures, and the distributions of all delays.
    pub fn into_figures(self) -> (Summary, Vec<Distribution>) {
        let Self { parts, end, mut tally, open, .. } = self;
        let clock = end.end.unwrap_or_default();
        let mut names = Names::default();
        for entry in &open {
            names.tell(&mut tally, entry.shard, entry.adds(clock));
        }
        names.close(&mut tally);
        let distributions = tally.distributions();
        let mut summary = tally.finish(end);
        let cuts = parts.iter().zip(parts.iter().skip(1));
        let boundary = |(before, after): (&Part, &Part)| Boundary {
            last: before.last,
            first: after.first,
            open: before.open,
            initial_assumed: after.initial_assumed,
        };
        summary.boundaries = cuts.map(boundary).collect();
        notes::add_boundaries(&mut summary);
        (summary, distributions)
    }

    /// Gives new names to what names somebody. Those that it was given before stay; if they are of another
    /// kind, that is refused, with what tells them apart.
    pub fn rename(&mut self, to: &mut dyn Rename) -> Result<(), u64> {
        match self.renamed.replace(Hex(to.mark())) {
            None => {}
            before if before == self.renamed => return Ok(()),
            before => {
                self.renamed = before;
                return Err(before.map_or(0, |Hex(mark)| mark));
            }
        }
        self.end.rename(to);
        let method = self.tally.rename(to);
        self.open.iter_mut().for_each(|open| open.rename(to, &method));
        Ok(())
    }

    /// The same, ready to be written: in one order, whatever the threads and the order of adding.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.tally = self.tally.in_order();
        self.open.sort_by_cached_key(|open| serde_json::to_string(open).unwrap_or_default());
        self
    }

    /// Whether two were counted in the same way.
    pub fn comparable(a: &Self, b: &Self) -> Result<(), MergeError> {
        let (ours, theirs) = (a.options(), b.options());
        match ours.into_iter().zip(theirs).find(|(x, y)| x != y) {
            None => Ok(()),
            Some(((option, x), (_, y))) => {
                Err(MergeError::Options { files: [a.name(), b.name()], option, values: [x, y] })
            }
        }
    }

    /// How many rows of groups are shown, and which come first: all of them are kept.
    pub fn show(&mut self, top: usize, sort: Sort) {
        self.tally.show(top, sort);
    }

    /// Captures are numbered from here on.
    pub fn forget_paths(&mut self) {
        self.end.forget_paths();
    }

    /// Adds up what was counted of captures that follow one another, in any order.
    pub fn merge(counted: Vec<Self>) -> Result<Option<Self>, MergeError> {
        check(&counted)?;
        let mut all = counted.into_iter();
        let Some(mut sum) = all.next() else { return Ok(None) };
        let mut files: Vec<(FileReport, usize, u32)> = Vec::new();
        let mut rest: Vec<Self> = all.collect();
        for (i, c) in std::iter::once(&mut sum).chain(&mut rest).enumerate() {
            files.extend(std::mem::take(&mut c.end.files).into_iter().zip(0..).map(|(f, n)| (f, i, n)));
        }
        files.sort_by(|(a, ..), (b, ..)| order(a).cmp(&order(b)));
        let place = |i: usize| {
            let files = &files;
            move |frame: &mut FrameId| {
                let now = files.iter().position(|(_, owner, n)| (*owner, *n) == (i, frame.file));
                // Of a file that is not listed, which no run writes.
                frame.file = now.and_then(|n| u32::try_from(n).ok()).unwrap_or(u32::MAX);
            }
        };
        sum.renumber(&mut place(0));
        for (mut c, i) in rest.into_iter().zip(1..) {
            c.renumber(&mut place(i));
            sum.tally.merge(c.tally);
            sum.open.append(&mut c.open);
            sum.parts.append(&mut c.parts);
            sum.end.add(c.end);
        }
        sum.parts.sort();
        sum.end.files = files.into_iter().map(|(file, ..)| file).collect();
        let clock = sum.end.end.unwrap_or_default();
        let mut names = Names::default();
        sum.tally.set_at_cut(true);
        for entry in std::mem::take(&mut sum.open) {
            let shard = entry.shard;
            match entry.advance(clock) {
                Ok(open) => sum.open.push(open),
                Err(adds) => names.tell(&mut sum.tally, shard, &adds),
            }
        }
        names.close(&mut sum.tally);
        sum.tally.set_at_cut(false);
        Ok(Some(sum))
    }

    fn renumber(&mut self, change: &mut dyn FnMut(&mut FrameId)) {
        self.tally.renumber(change);
        self.open.iter_mut().for_each(|open| open.renumber(change));
    }

    /// A file of it, for messages.
    pub fn name(&self) -> String {
        match self.end.files.as_slice() {
            [] => "an empty summary".to_owned(),
            [one] => one.path.clone(),
            [one, rest @ ..] => format!("{} (and {} more)", one.path, rest.len()),
        }
    }

    /// The options that change figures, by name, with their values.
    pub fn options(&self) -> Vec<(String, String)> {
        let mut options = vec![
            ("--duplicate-window".to_owned(), span(self.duplicate_window)),
            ("the filter".to_owned(), self.end.filter.clone().unwrap_or_else(|| "none".to_owned())),
        ];
        let relative = if self.end.scale.is_utc() { "off" } else { "on" };
        options.push(("--relative-time".to_owned(), relative.to_owned()));
        let renamed = |Hex(mark)| format!("with key {mark:016x}");
        options.push(("--anonymize".to_owned(), self.renamed.map_or_else(|| "no".to_owned(), renamed)));
        options.extend(self.tally.choices().options());
        options
    }
}

/// A span as people write it.
pub(super) fn span(span: Nanos) -> String {
    match span.as_nanos() {
        n if n % 1_000_000_000 == 0 => format!("{}s", n / 1_000_000_000),
        n if n % 1_000_000 == 0 => format!("{}ms", n / 1_000_000),
        n => format!("{n}ns"),
    }
}

/// Files by first time and path, those without frames last: the order of the reader.
fn order(file: &FileReport) -> (bool, Option<Timestamp>, &str) {
    (file.first.is_none(), file.first, &file.path)
}

/// Whether they can be added up.
fn check(counted: &[Counted]) -> Result<(), MergeError> {
    for pair in counted.windows(2) {
        let [a, b] = pair else { continue };
        Counted::comparable(a, b)?;
    }
    if let [a, b, ..] = counted
        && a.end.scale == Scale::Relative
    {
        return Err(MergeError::Relative([a.name(), b.name()]));
    }
    let mut files: Vec<&FileReport> =
        counted.iter().flat_map(|c| &c.end.files).filter(|f| f.frames > 0).collect();
    let identity = |f: &FileReport| (f.first, f.last, f.frames, f.bytes, f.fingerprint);
    files.sort_by(|a, b| (identity(a), &a.path).cmp(&(identity(b), &b.path)));
    for pair in files.windows(2) {
        if let [a, b] = pair
            && identity(a) == identity(b)
        {
            return Err(MergeError::Twice([a.path.clone(), b.path.clone()]));
        }
    }
    let mut parts: Vec<(Part, &Counted)> =
        counted.iter().flat_map(|c| c.parts.iter().map(move |p| (*p, c))).collect();
    parts.sort_by_key(|(part, _)| *part);
    for pair in parts.windows(2) {
        if let [(a, x), (b, y)] = pair
            && b.first < a.last
        {
            let files = [x.name(), y.name()];
            return Err(MergeError::Overlap { files, last: a.last, first: b.first });
        }
    }
    Ok(())
}

/// Names that the shards admitted, for what is told after their time.
#[derive(Default)]
struct Names(BTreeMap<u8, Box<Admission>>);

impl Names {
    fn tell(&mut self, tally: &mut Tally, shard: u8, events: &[crate::call::Event]) {
        let names = self.0.entry(shard).or_default();
        tally.for_shard(names, |tally| events.iter().for_each(|event| event.tell(tally)));
    }

    fn close(self, tally: &mut Tally) {
        self.0.into_values().for_each(|names| tally.close(&names));
    }
}

impl End {
    /// Adds what the reader knew of other captures, but for the files.
    fn add(&mut self, other: Self) {
        self.end = self.end.max(other.end);
        self.skipped.extend(other.skipped);
        self.skipped.sort_by(|a, b| a.path.cmp(&b.path));
        self.skipped.dedup();
        for (link, frames) in other.unknown_links {
            match self.unknown_links.iter_mut().find(|(l, _)| *l == link) {
                Some((_, all)) => *all += frames,
                None => self.unknown_links.push((link, frames)),
            }
        }
        self.unknown_links.sort_unstable();
        for row in other.tls {
            let same = |r: &&mut TlsRow| (r.port, &r.server_name) == (row.port, &row.server_name);
            match self.tls.iter_mut().find(same) {
                Some(all) => (all.flows, all.bytes) = (all.flows + row.flows, all.bytes + row.bytes),
                None => self.tls.push(row),
            }
        }
        self.tls.sort_by(|a, b| {
            b.bytes.cmp(&a.bytes).then_with(|| (a.port, &a.server_name).cmp(&(b.port, &b.server_name)))
        });
        for (table, count) in other.evicted {
            match self.evicted.iter_mut().find(|(t, _)| *t == table) {
                Some((_, all)) => *all += count,
                None => self.evicted.push((table, count)),
            }
        }
        self.window = match (self.window, other.window) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            _ => None,
        };
        self.interrupted |= other.interrupted;
    }
}
