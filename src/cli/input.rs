//! The options that every command which reads captures has: what to read, what to leave out, how to
//! count.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::values;
use crate::config::{Config, HostSide, Secret};
use crate::filter::{Expression, Filter, Moment, Network, Ports, Window};
use crate::pick::{Condition, Select};
use crate::time::Nanos;

#[derive(Args, Debug)]
pub(super) struct InputArgs {
    /// Captures (pcap, pcapng), directories of them, or saved summaries; `-` is standard input
    #[arg(required = true, value_name = "CAPTURE")]
    captures: Vec<PathBuf>,
    #[command(flatten)]
    how: HowArgs,
}

/// Which calls.
#[derive(Args, Debug)]
pub(super) struct WhereArgs {
    /// Only calls that COND is true of, or with a message that it is true of; see 'calls --help'
    #[arg(long = "where", value_name = "COND", value_parser = values::condition)]
    pub(super) condition: Option<Condition>,
}

/// How much of what a condition finds.
#[derive(Args, Debug)]
pub(super) struct SelectArgs {
    /// What --where keeps of a message that COND is true of: its whole call, its transaction, or the
    /// message alone; of the latter two figures on messages only
    #[arg(long, value_enum, hide_possible_values = true, value_name = "calls|transactions|messages", requires = "condition", default_value_t = SelectArg::Calls)]
    select: SelectArg,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SelectArg {
    Calls,
    Transactions,
    Messages,
}

impl WhereArgs {
    /// The condition, with what it selects.
    pub(super) fn selecting(self, args: &SelectArgs) -> Option<Condition> {
        let select = match args.select {
            SelectArg::Calls => Select::Calls,
            SelectArg::Transactions => Select::Transactions,
            SelectArg::Messages => Select::Messages,
        };
        self.condition.map(|c| c.selecting(select))
    }
}

/// All but the captures, for commands that take something else before them.
#[derive(Args, Debug)]
pub(super) struct HowArgs {
    /// Read directories below directories as well
    #[arg(short, long)]
    recursive: bool,
    /// Only packets to or from these ports; may be repeated
    #[arg(short, long, value_name = "PORT[,PORT|-RANGE]")]
    port: Vec<Ports>,
    /// Only packets to or from this address or network; may be repeated
    #[arg(long, value_name = "ADDR|CIDR")]
    host: Vec<Network>,
    /// Only packets that EXPR is true of
    #[arg(long, value_name = "EXPR")]
    read_filter: Option<Expression>,
    /// Only frames from TIME on
    #[arg(long, value_name = "TIME")]
    from: Option<Moment>,
    /// Only frames before TIME; the capture counts as ended there
    #[arg(long, value_name = "TIME")]
    to: Option<Moment>,
    /// The same bytes again within TIME were captured twice
    #[arg(long, value_name = "TIME", default_value = "100ms", value_parser = values::span)]
    duplicate_window: Nanos,
    /// Count only attempts into or out of HOST (a B2BUA); may be repeated
    #[arg(long, value_name = "HOST:in|out", value_parser = values::host_side)]
    host_side: Vec<HostSide>,
    /// Threads that count, beside the one that reads; 1 for none [default: one for each core]
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Memory for the state of calls; with more calls open at once, figures are not exact
    #[arg(long, value_name = "SIZE", default_value = "128M", value_parser = values::size)]
    memory: u64,
    /// Tell times as time after the first frame: reports of traffic recorded again can be compared
    #[arg(long)]
    relative_time: bool,
    /// Number captures instead of naming them: capture-1, capture-2 by first time
    #[arg(long)]
    no_paths: bool,
    /// Put pseudonyms for addresses, numbers, users, hosts, Call-IDs and paths in all that is written
    #[arg(long)]
    anonymize: bool,
    /// The key of the pseudonyms, 16 bytes or more; without it they are of this run alone
    #[arg(long, value_name = "FILE", requires = "anonymize")]
    key_file: Option<PathBuf>,
}

impl InputArgs {
    /// A run over these captures, otherwise as usual.
    pub(super) fn config(self) -> Config {
        self.how.config(self.captures)
    }
}

impl HowArgs {
    /// A run over `captures`, otherwise as usual.
    pub(super) fn config(self, captures: Vec<PathBuf>) -> Config {
        let usual = Config::new(captures);
        Config {
            recursive: self.recursive,
            filter: Filter {
                ports: self.port,
                hosts: self.host,
                expression: self.read_filter,
                window: Window { from: self.from, to: self.to },
            },
            duplicate_window: self.duplicate_window,
            host_sides: self.host_side,
            memory: self.memory,
            pseudonyms: self.anonymize.then(|| self.key_file.map_or(Secret::Random, Secret::File)),
            relative_time: self.relative_time,
            no_paths: self.no_paths,
            threads: self.threads.map_or(usual.threads, usize::from),
            ..usual
        }
    }
}
