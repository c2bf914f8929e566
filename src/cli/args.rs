//! The options as clap reads them, and their way into a `Config`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::calls::Wanted;
use super::check::{self, Check, CheckArgs};
use super::compare::Limits;
use super::incident::{CALLS_EXAMPLES, CallsArgs, EXTRACT_EXAMPLES, ExtractArgs, SHOW_EXAMPLES, ShowArgs};
use super::input::{InputArgs, SelectArgs, WhereArgs};
use super::values;
use crate::compare::rules::{MaxRegress, NewCodes};
use crate::config::{Color, Config, Format, Grouping, Look, Report, Sort};
use crate::report::text;
use crate::time::Nanos;
use crate::trunks::Trunks;

const EXAMPLES: &str = "\
Examples:
  sipstat trunk.pcapng                      one screen
  sipstat --full trunk.pcapng               everything
  sipstat -f json -o report.json day/       every capture of a directory, for a machine
  sipstat -f html -o report.html day/       one page with charts, to read and pass on
  sipstat -f markdown day/ >> summary.md    tables for a pull request or a job summary
  sipstat -q trunk.pcapng                   one line for an alarm
  sipstat --host-side 10.0.1.10:in sbc.pcap calls into an SBC, each counted once
  sipstat --host 10.0.4.7 --from 14:03 --to 14:08 trunk.pcapng
  sipstat check --fail-if 'asr < 95%' a.pcap a gate for CI: 'sipstat check --help'
  sipstat --where 'code == 503' trunk.pcapng only calls that met a 503; 'calls' lists them
  sipstat --where 'code == 503 and dst == 10.0.4.7' --select messages trunk.pcapng
  sipstat show 7f3a trunk.pcapng            the ladder of the call with this in its Call-ID
  sipstat --save monday.json monday.pcapng  keep what was counted
  sipstat merge monday.json tuesday.pcapng  two days in one report
  sipstat compare main.json build.pcap      what differs, and whether by more than chance
  tcpdump -U -w - port 5060 | sipstat --follow -
  sipstat explain 503                       what a code, rate or outcome means

EXPR: [src|dst] host ADDR|CIDR, [src|dst] port PORT[,PORT|-RANGE], udp, tcp, sctp, ip, ip6,
hep, joined by and, or, not and parentheses. Filters judge the innermost packet, and the
original of a copy in HEP.
TIME: 2026-03-03T14:03:20Z, 14:03:20 (UTC), or +5m after the first frame.

Exit status: 0 all read, 1 no report, 2 wrong command line, 3 a check failed, 4 report of
incomplete input.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  sipstat explain            all codes
  sipstat explain 486        a response code
  sipstat explain 4xx        a class
  sipstat explain BYE        a method, with what codes mean to it
  sipstat explain ner        a rate, a delay, an outcome or a term of the report";

/// What happened in SIP captures: responses, INVITE outcomes, rates and delays.
#[derive(Debug, Parser)]
#[command(name = "sipstat", version, after_help = EXAMPLES)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
pub(super) struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    report: ReportArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fail if a condition over the figures is true, for CI
    #[command(after_help = check::EXAMPLES)]
    Check(Box<CheckArgs>),
    /// Add up captures or saved summaries that follow one another
    #[command(after_help = MERGE_EXAMPLES)]
    Merge {
        #[command(flatten)]
        report: Box<ReportArgs>,
    },
    /// Tell what differs between two captures or saved summaries, and whether by more than chance
    #[command(after_help = COMPARE_EXAMPLES)]
    Compare {
        #[command(flatten)]
        report: Box<ReportArgs>,
        #[command(flatten)]
        limits: LimitArgs,
    },
    /// Say what a code, class, method, rate, delay or outcome means
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain {
        /// Code, class, method, rate, delay, outcome or term
        word: Option<String>,
        #[command(flatten)]
        look: LookArgs,
    },
    /// List calls, one row an attempt
    #[command(after_help = CALLS_EXAMPLES)]
    Calls(Box<CallsArgs>),
    /// Draw the ladder of one call
    #[command(after_help = SHOW_EXAMPLES)]
    Show(Box<ShowArgs>),
    /// Copy whole calls into a capture of their own
    #[command(after_help = EXTRACT_EXAMPLES)]
    Extract(Box<ExtractArgs>),
    /// Print the JSON Schema of what is written as JSON
    Schema {
        /// report (the default), check, compare, summary, interval or calls
        name: Option<String>,
    },
}

const COMPARE_EXAMPLES: &str = "\
Examples:
  sipstat compare main.json build.pcap             findings on one screen
  sipstat compare -f markdown main.json build.pcap for a pull request
  sipstat compare --max-regress 'asr 1%' --fail-on-new-codes 5xx main.json build.pcap

LIMIT: a figure and how much worse it may be: 'asr 1%' (percentage points), 'outcomes.timed_out 10% rel'
(of the base), '5xx INVITE 1%' (of finals), 'p95(pdd) 200ms'; 'with 95% confidence' asks the whole
interval to lie beyond. What has no value in one of the two is not evaluated: no pass, and a failure
with --strict.

Exit status: 0 every limit held, 3 one was breached, 2 a limit that means nothing, 1 and 4 as ever.";

/// What a comparison must not find.
#[derive(Args, Debug)]
struct LimitArgs {
    /// Fail if a figure is worse by more than LIMIT; may be repeated
    #[arg(long, value_name = "LIMIT")]
    max_regress: Vec<MaxRegress>,
    /// Fail if final codes of these classes are new
    #[arg(long, value_name = "CODE|CLASS[,…]")]
    fail_on_new_codes: Option<NewCodes>,
    /// A limit that cannot be judged fails
    #[arg(long)]
    strict: bool,
}

const MERGE_EXAMPLES: &str = "\
Examples:
  sipstat --save mon.json mon.pcapng          count a capture, keep what was counted
  sipstat merge mon.json tue.json             both days in one report
  sipstat merge -f json --save week.json day*.json

Captures and saved summaries may be mixed. They must follow one another in time and have been counted
with the same options. A call whose messages lie on both sides of a cut counts on both: the report
says how many were open at each.";

#[derive(Args, Debug)]
struct ReportArgs {
    /// text, html, markdown, json, ndjson, csv or prometheus
    #[arg(short, long, value_enum, hide_possible_values = true, value_name = "FORMAT", default_value_t = FormatArg::Text)]
    format: FormatArg,
    /// Write to FILE, complete or not at all
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Go on as CAPTURE (a file, a directory for a ring, a pipe) is written, until Ctrl-C; with
    /// --interval a line of JSON an interval
    #[arg(short = 'F', long, conflicts_with_all = ["quiet", "save", "condition"])]
    follow: bool,
    /// Save all that was counted to FILE, to be read, merged or compared like a capture
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Everything instead of one screen
    #[arg(long)]
    full: bool,
    /// One line, for alarms
    #[arg(short, long, conflicts_with_all = ["full", "format"])]
    quiet: bool,
    /// Define a figure, as in 'sipstat check --help'; may be repeated
    #[arg(long, value_name = "NAME=EXPR")]
    define: Vec<String>,
    #[command(flatten)]
    condition: WhereArgs,
    #[command(flatten)]
    select: SelectArgs,
    #[command(flatten)]
    input: InputArgs,
    /// Answered calls up to TIME are short
    #[arg(long, value_name = "TIME", default_value = "6s", value_parser = values::span)]
    short_call: Nanos,
    /// Tell traffic apart by DIM: source, destination, peer, hop, listen, trunk, direction, transport,
    /// file, interface, vlan, method, code, class, outcome, user-agent, server, from-domain, to-domain, uri-domain,
    /// prefix or cause; may be repeated
    #[arg(long, value_name = "DIM[,DIM]", value_parser = values::dimensions)]
    by: Vec<values::Dimensions>,
    /// Rows of each table of --by
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    top: u16,
    /// Rows of --by first that have most failures, most calls, or the greatest share of failures
    #[arg(long, visible_alias = "top-by", value_enum, hide_possible_values = true, value_name = "failures|calls|share", default_value_t = SortArg::Failures)]
    sort: SortArg,
    /// Digits of a number prefix
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=14))]
    prefix_length: u8,
    /// Names of trunks, and which networks are ours (TOML; see README)
    #[arg(long, value_name = "FILE", value_parser = values::trunks)]
    trunks: Option<Trunks>,
    /// What happened when, in buckets of TIME, or auto
    #[arg(long, value_name = "TIME|auto", value_parser = values::interval)]
    interval: Option<Nanos>,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Args, Clone, Copy, Debug)]
pub(super) struct LookArgs {
    /// auto (on a terminal, unless NO_COLOR is set), always or never
    #[arg(long, value_enum, hide_possible_values = true, value_name = "WHEN", default_value_t = ColorArg::Auto)]
    color: ColorArg,
    /// Columns of text [default: those of the terminal, or 80]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(text::COLUMNS as i64..=1000))]
    width: Option<u16>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArg {
    Text,
    Html,
    #[value(alias = "md")]
    Markdown,
    Json,
    #[value(alias = "jsonl")]
    Ndjson,
    Csv,
    #[value(alias = "prom")]
    Prometheus,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SortArg {
    Failures,
    Calls,
    Share,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ColorArg {
    Auto,
    Always,
    Never,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Request {
    /// A report.
    Report(Box<Config>),
    /// A verdict.
    Check(Box<Check>),
    /// Rows of calls.
    Calls(Box<Config>, Wanted),
    /// The ladder of one call.
    Show(Box<Config>, String),
    /// A capture of calls; with their media.
    Extract(Box<Config>, bool),
    /// A comparison of two runs, and what it must not find.
    Compare(Box<Config>, Limits),
    /// The JSON Schema of an output, of the report by default.
    Schema(Option<String>),
    /// An explanation; without a word, the list of codes.
    Explain(Option<String>, Look),
}

impl CommandLine {
    /// The names of the commands.
    pub(super) fn commands() -> Vec<String> {
        <Self as clap::CommandFactory>::command().get_subcommands().map(|c| c.get_name().to_owned()).collect()
    }

    /// What was asked, in the program's own types.
    pub(super) fn request(self) -> Request {
        match self.command {
            None => Request::Report(Box::new(self.report.config())),
            Some(Command::Check(args)) => Request::Check(Box::new(args.request())),
            Some(Command::Compare { report, limits }) => Request::Compare(
                Box::new(report.config()),
                Limits {
                    regress: limits.max_regress,
                    new_codes: limits.fail_on_new_codes,
                    strict: limits.strict,
                },
            ),
            Some(Command::Merge { report }) => {
                Request::Report(Box::new(Config { apart: true, ..report.config() }))
            }
            Some(Command::Explain { word, look }) => Request::Explain(word, look.into()),
            Some(Command::Calls(args)) => args.request(),
            Some(Command::Show(args)) => args.request(),
            Some(Command::Extract(args)) => args.request(),
            Some(Command::Schema { name }) => Request::Schema(name),
        }
    }
}

impl ReportArgs {
    /// The run that they ask for.
    fn config(self) -> Config {
        let r = self;
        let format = match (r.format, r.full, r.quiet) {
            (_, _, true) => Format::Line,
            (FormatArg::Html, _, _) => Format::Html,
            (FormatArg::Markdown, _, _) => Format::Markdown,
            (FormatArg::Json, _, _) => Format::Json,
            (FormatArg::Ndjson, _, _) => Format::Ndjson,
            (FormatArg::Csv, _, _) => Format::Csv,
            (FormatArg::Prometheus, _, _) => Format::Prometheus,
            (FormatArg::Text, true, _) => Format::Full,
            (FormatArg::Text, false, _) => Format::Screen,
        };
        let usual = r.input.config();
        Config {
            // What is shown meanwhile is counted where it is read.
            threads: if r.follow { 1 } else { usual.threads },
            follow: r.follow,
            save: r.save,
            short_call: r.short_call,
            condition: r.condition.selecting(&r.select),
            grouping: Grouping {
                by: r.by.into_iter().map(|d| d.0).collect(),
                top: r.top.into(),
                sort: match r.sort {
                    SortArg::Failures => Sort::Failures,
                    SortArg::Calls => Sort::Calls,
                    SortArg::Share => Sort::Share,
                },
                prefix_length: r.prefix_length.into(),
                trunks: r.trunks.unwrap_or_default(),
                // The page has a chart over time.
                interval: r.interval.or((format == Format::Html).then_some(Nanos::ZERO)),
            },
            report: Report { defined: r.define, format, output: r.output, look: r.look.into() },
            ..usual
        }
    }
}

impl From<LookArgs> for Look {
    fn from(look: LookArgs) -> Self {
        let color = match look.color {
            ColorArg::Auto => Color::Auto,
            ColorArg::Always => Color::Always,
            ColorArg::Never => Color::Never,
        };
        Self { columns: look.width.map(usize::from), color }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::config::{Secret, Side};
    use crate::dimension::Dimension;

    fn parse(line: &str) -> Result<Request, clap::Error> {
        CommandLine::try_parse_from(line.split(' ')).map(CommandLine::request)
    }

    fn config(line: &str) -> Config {
        match parse(line) {
            Ok(Request::Report(config)) => *config,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_command_is_well_formed() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn a_file_alone_is_a_usual_run() {
        assert_eq!(config("sipstat a.pcap"), Config::new(["a.pcap"]));
        assert_eq!(config("sipstat - b"), Config::new(["-", "b"]));
    }

    #[test]
    fn every_option_reaches_the_config() {
        let c = config(
            "sipstat -r -f json -o out.json --duplicate-window 20ms --short-call 1m -p 5060,5080-5090 -p 1 \
             --host 10.0.0.0/8 --read-filter udp --from +5m --to 14:05 --host-side 10.0.1.10:in \
             --host-side 10.0.1.11:5070:out -j 3 --memory 1G --color never --width 120 day",
        );
        assert_eq!(c.captures, [PathBuf::from("day")]);
        assert!(c.recursive);
        assert_eq!((c.threads, c.memory), (3, 1 << 30));
        assert_eq!((c.duplicate_window, c.short_call), (Nanos::from_millis(20), Nanos::from_secs(60)));
        assert_eq!(
            c.host_sides.iter().map(|h| (h.port, h.side)).collect::<Vec<_>>(),
            [(None, Side::In), (Some(5070), Side::Out)]
        );
        assert_eq!(
            c.filter.to_string(),
            "--port 5060,5080-5090 --port 1 --host 10.0.0.0/8 --read-filter 'udp' --from +300s --to 14:05:00"
        );
        assert_eq!(c.report.format, Format::Json);
        assert_eq!(c.report.output, Some("out.json".into()));
        assert_eq!(c.report.look, Look { columns: Some(120), color: Color::Never });
        assert_eq!(config("sipstat --anonymize a").pseudonyms, Some(Secret::Random));
        let keyed = config("sipstat --anonymize --key-file k a").pseudonyms;
        assert_eq!(keyed, Some(Secret::File("k".into())));
        assert_eq!(config("sipstat --full a").report.format, Format::Full);
        assert_eq!(config("sipstat -q a").report.format, Format::Line);
        for (name, format) in [
            ("text", Format::Screen),
            ("markdown", Format::Markdown),
            ("md", Format::Markdown),
            ("ndjson", Format::Ndjson),
            ("jsonl", Format::Ndjson),
            ("csv", Format::Csv),
            ("prometheus", Format::Prometheus),
            ("prom", Format::Prometheus),
        ] {
            assert_eq!(config(&format!("sipstat -f {name} a")).report.format, format);
        }
    }

    #[test]
    fn groups_are_asked_for_by_dimension() {
        let c = config(
            "sipstat --by dst --by user-agent,code -n 3 --sort share --prefix-length 2 --interval auto a",
        );
        let g = c.grouping;
        let by = [vec![Dimension::Destination], vec![Dimension::UserAgent, Dimension::Code]];
        assert_eq!((g.by, g.top, g.sort, g.prefix_length), (by.to_vec(), 3, Sort::Share, 2));
        assert_eq!(g.interval, Some(Nanos::ZERO));
        assert_eq!(config("sipstat --interval 1m a").grouping.interval, Some(Nanos::from_secs(60)));
    }

    #[test]
    fn explain_is_a_command_and_a_file_of_that_name_stays_in_reach() {
        assert_eq!(parse("sipstat explain").unwrap(), Request::Explain(None, Look::default()));
        assert_eq!(
            parse("sipstat explain 503").unwrap(),
            Request::Explain(Some("503".into()), Look::default())
        );
        assert_eq!(parse("sipstat schema").unwrap(), Request::Schema(None));
        assert_eq!(config("sipstat ./explain"), Config::new(["./explain"]));
        assert_eq!(config("sipstat -- explain"), Config::new(["explain"]));
    }

    #[test]
    fn what_is_wrong_is_refused_with_status_2() {
        for line in [
            "sipstat",
            "sipstat --fulll a",
            "sipstat -q --full a",
            "sipstat -q -f json a",
            "sipstat -f xml a",
            "sipstat --width 79 a",
            "sipstat -j0 a",
            "sipstat --memory 1K a",
            "sipstat --key-file k a",
            "sipstat --short-call 6 a",
            "sipstat --host-side sbc:in a",
            "sipstat -p sip a",
            "sipstat --host sbc a",
            "sipstat --read-filter prt a",
            "sipstat --from noon a",
            "sipstat --by weather a",
            "sipstat --by code,code a",
            "sipstat --interval 10ms a",
            "sipstat --prefix-length 15 a",
            "sipstat --trunks /nowhere/trunks.toml a",
            "sipstat explain 503 504",
        ] {
            assert_eq!(parse(line).map_err(|e| e.exit_code()).unwrap_err(), 2, "{line}");
        }
        for line in ["sipstat --help", "sipstat --version", "sipstat explain --help"] {
            assert_eq!(parse(line).map_err(|e| e.exit_code()).unwrap_err(), 0, "{line}");
        }
    }
}
