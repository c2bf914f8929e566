//! What a run shall do: validated, complete, and free of the command line's types.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::dimension::Dimension;
use crate::filter::Filter;
use crate::pick::{Condition, Selection, Wish};
use crate::time::{Nanos, Scale};
use crate::trunks::Trunks;

/// Copies of one message within this time are copies of the capture, if their bytes are the same.
/// SIP itself never repeats a message before T1 = 500 ms (RFC 3261 17.1.1.2).
pub const DUPLICATE_WINDOW: Nanos = Nanos::from_millis(100);

/// Answered calls of this length or less are short.
pub const SHORT_CALL: Nanos = Nanos::from_secs(6);

/// Memory for the state of calls, in bytes: 80,000 Call-IDs with something open or over for less
/// than half a minute, 200,000 calls that are up, 260,000 transactions that are over.
pub const MEMORY: u64 = 128 << 20;

/// What to read, how to count, and how to report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Captures as the user named them, directories among them; at least one. `-` is standard input.
    pub captures: Vec<PathBuf>,
    /// Where to save all that was counted; `None` for nowhere.
    pub save: Option<PathBuf>,
    /// Every capture named, or directory of them, is a run of its own; they are added up.
    pub apart: bool,
    /// Read directories below directories as well.
    pub recursive: bool,
    /// What to leave out before SIP is looked for.
    pub filter: Filter,
    /// Copies of the same bytes on one hop within it are capture duplicates; positive.
    pub duplicate_window: Nanos,
    /// The greatest length of a short call; positive.
    pub short_call: Nanos,
    /// Keep only attempts whose reference leg ends or begins at one of these; empty: keep all.
    pub host_sides: Vec<HostSide>,
    /// Bytes for the state of calls; the oldest finished ones give way beyond.
    pub memory: u64,
    /// Threads that count, beside the one that reads; up to 1: none. The report is the same.
    pub threads: usize,
    /// Names of persons, machines and places give way to pseudonyms; `None`: they stay.
    pub pseudonyms: Option<Secret>,
    /// Times are told as time after the first frame, and counted from it: buckets begin there.
    pub relative_time: bool,
    /// Captures are numbered, not named.
    pub no_paths: bool,
    /// What the calls must fulfil that figures and rows are about; `None`: all.
    pub condition: Option<Condition>,
    /// The calls that do, once a run has found them; `None`: all.
    pub only: Option<Arc<Selection>>,
    /// What to pick out beside the figures.
    pub pick: Wish,
    /// What to tell traffic apart by.
    pub grouping: Grouping,
    /// Wait for more where the input ends: one capture that grows, a ring of them, or a pipe.
    pub follow: bool,
    /// The report.
    pub report: Report,
}

impl Config {
    /// What times are told from.
    pub fn scale(&self) -> Scale {
        if self.relative_time { Scale::Relative } else { Scale::Utc }
    }

    /// The usual run over `captures`.
    pub fn new(captures: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        Self {
            captures: captures.into_iter().map(Into::into).collect(),
            save: None,
            apart: false,
            recursive: false,
            filter: Filter::default(),
            duplicate_window: DUPLICATE_WINDOW,
            short_call: SHORT_CALL,
            host_sides: Vec::new(),
            memory: MEMORY,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            pseudonyms: None,
            relative_time: false,
            no_paths: false,
            condition: None,
            only: None,
            pick: Wish::default(),
            grouping: Grouping::default(),
            follow: false,
            report: Report::default(),
        }
    }
}

/// What to tell traffic apart by, beside what is always told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grouping {
    /// Dimensions of each group.
    pub by: Vec<Vec<Dimension>>,
    /// Rows shown of each group.
    pub top: usize,
    /// Which rows come first.
    pub sort: Sort,
    /// Digits of a number prefix, 1–14.
    pub prefix_length: usize,
    /// The names of trunks.
    pub trunks: Trunks,
    /// Length of the timeline's buckets, zero for one that fits the capture; `None`: no timeline.
    pub interval: Option<Nanos>,
}

impl Default for Grouping {
    fn default() -> Self {
        Self {
            by: Vec::new(),
            top: 10,
            sort: Sort::default(),
            prefix_length: 5,
            trunks: Trunks::default(),
            interval: None,
        }
    }
}

/// Which rows of a group come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// Those with most failures, silent bids among them.
    #[default]
    Failures,
    /// Those with most bids, then messages.
    Calls,
    /// Those with the greatest share of failures.
    Share,
}

/// One side of a host that passes calls on under new Call-IDs (a B2BUA).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSide {
    /// Its address.
    pub host: IpAddr,
    /// Its port; `None` for any.
    pub port: Option<u16>,
    /// Which side.
    pub side: Side,
}

/// Into a host or out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Attempts whose reference leg ends at the host.
    In,
    /// Attempts whose reference leg begins at the host.
    Out,
}

/// How the report looks and where it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Figures that the user defines, each `NAME=EXPR`.
    pub defined: Vec<String>,
    /// Which format.
    pub format: Format,
    /// The file to write; `None` for standard output.
    pub output: Option<PathBuf>,
    /// Columns and colour of text.
    pub look: Look,
}

/// Where the key of pseudonyms comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// Made up for this run: nobody can repeat the pseudonyms.
    Random,
    /// The bytes of a file: runs that share it share their pseudonyms.
    File(PathBuf),
}

/// The formats of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One screen for people.
    #[default]
    Screen,
    /// Everything for people.
    Full,
    /// One line for alarms.
    Line,
    /// `sipstat.report/1`.
    Json,
    /// The same, a row a line.
    Ndjson,
    /// One figure a row.
    Csv,
    /// For a pull request or a job summary.
    Markdown,
    /// One page that stands alone.
    Html,
    /// For Prometheus' textfile collector.
    Prometheus,
}

/// How text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Columns; `None` for those of the terminal, 80 without one.
    pub columns: Option<usize>,
    /// Colour.
    pub color: Color,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}
