//! The commands that lead from a figure to its calls, as clap reads them: `calls`, `show`, `extract`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{LookArgs, Request};
use super::calls::Wanted;
use super::input::{HowArgs, InputArgs, SelectArgs, WhereArgs};
use crate::config::{Config, Report};
use crate::pick::{By, Condition, Needle, Wish};
use crate::report::rows::Format;

pub(super) const CALLS_EXAMPLES: &str = "\
Examples:
  sipstat calls trunk.pcap                               every attempt, by its first message
  sipstat calls --where 'code == 503' trunk.pcap         those that met a 503 somewhere
  sipstat calls --where 'outcome == timed_out' -f csv -o silent.csv day/
  sipstat calls --where 'pdd > 8s and dst in 10.0.4.0/24' --sort pdd -n 20 trunk.pcap
  tcpdump -U -w - port 5060 | sipstat calls --sort end -f ndjson -

COND compares fields by ==, !=, <, <=, >, >=, in (a network, a range, a list), ~ (a part, or a
glob with * and ?), joined by and, or, not. Asked of each message, whose call is then selected:
method, code (also code == 5xx), src, dst (the ends of the request, also of a response to it),
peer (either of them), src.port, dst.port, sender, receiver (the ends of the message itself),
transport, vlan, interface, file, call_id, from, from.user, from.host (the same of to and uri),
user_agent, server, phrase, reason, cause (Q.850). With one of these in it, asked of each attempt
instead, whose code is that of the deciding final and whose texts are those of its first INVITE:
outcome, detail, alerted, side, hung_up_by, pdd, srd, setup, ring, duration, messages,
retransmissions, capture_duplicates, hop_copies, hops, bids.

CSV and NDJSON have more fields than the table. Times are UTC, durations milliseconds.";

pub(super) const SHOW_EXAMPLES: &str = "\
Examples:
  sipstat show 7f3a-1@10.0.0.1 trunk.pcap
  sipstat show 7f3a trunk.pcap                           any part that only one Call-ID has

The same message on a second hop is marked h, a retransmission R, a packet captured twice D.";

pub(super) const EXTRACT_EXAMPLES: &str = "\
Examples:
  sipstat extract --where 'code == 503' -w 503.pcapng trunk.pcap
  sipstat extract --call-id 7f3a --media -w one.pcapng day/    signalling, RTP and RTCP of one call
  sipstat extract --where 'code == 503' --select transactions -w 503.pcapng trunk.pcap
  sipstat extract -w sip.pcapng big.pcap                       all SIP, nothing else

All frames of a call, as captured: every hop and copy, fragments, TCP segments with their
handshake, tunnels. A segment that holds messages of several calls brings them along. Media are
found by SDP in datagrams. When the original capture ended stands at the end, so that sipstat
judges what was silent as in the original. Captures are read up to three times: a pipe cannot be. COND: see
'sipstat calls --help'.";

#[derive(Args, Debug)]
pub(super) struct CallsArgs {
    /// table for people, csv or ndjson for machines
    #[arg(short, long, value_enum, hide_possible_values = true, value_name = "FORMAT", default_value_t = FormatArg::Table)]
    format: FormatArg,
    /// Write to FILE, complete or not at all
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// start, end (as calls end: nothing waits), pdd, setup, duration or retransmissions (greatest first)
    #[arg(long, value_enum, hide_possible_values = true, value_name = "KEY", default_value_t = SortArg::Start)]
    sort: SortArg,
    /// So many rows at most
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<u64>,
    #[command(flatten)]
    condition: WhereArgs,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Args, Debug)]
pub(super) struct ShowArgs {
    /// Call-ID, or a part that no other has
    #[arg(value_name = "CALL-ID")]
    id: String,
    /// Captures (pcap, pcapng) or directories of them; `-` is standard input
    #[arg(required = true, value_name = "CAPTURE")]
    captures: Vec<PathBuf>,
    #[command(flatten)]
    how: HowArgs,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Args, Debug)]
pub(super) struct ExtractArgs {
    /// Write to FILE, complete or not at all; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    write: PathBuf,
    /// Only calls whose Call-ID contains TEXT; may be repeated
    #[arg(long, value_name = "TEXT")]
    call_id: Vec<String>,
    /// RTP and RTCP, too, as session descriptions name their addresses
    #[arg(long)]
    media: bool,
    #[command(flatten)]
    condition: WhereArgs,
    #[command(flatten)]
    select: SelectArgs,
    #[command(flatten)]
    input: InputArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArg {
    #[value(alias = "text")]
    Table,
    Csv,
    #[value(alias = "jsonl")]
    Ndjson,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SortArg {
    Start,
    End,
    Pdd,
    Setup,
    Duration,
    Retransmissions,
}

impl CallsArgs {
    pub(super) fn request(self) -> Request {
        let format = match self.format {
            FormatArg::Table => Format::Table,
            FormatArg::Csv => Format::Csv,
            FormatArg::Ndjson => Format::Ndjson,
        };
        let by = match self.sort {
            SortArg::Start => By::Start,
            SortArg::End => By::End,
            SortArg::Pdd => By::Pdd,
            SortArg::Setup => By::Setup,
            SortArg::Duration => By::Duration,
            SortArg::Retransmissions => By::Retransmissions,
        };
        let config = Config {
            condition: self.condition.condition,
            pick: Wish { calls: true, ..Wish::default() },
            report: Report { output: self.output, look: self.look.into(), ..Report::default() },
            ..self.input.config()
        };
        Request::Calls(Box::new(config), Wanted { format, by, limit: self.limit })
    }
}

impl ExtractArgs {
    pub(super) fn request(self) -> Request {
        let config = Config {
            condition: Condition::any_of(&self.call_id, self.condition.selecting(&self.select)),
            report: Report { output: Some(self.write), ..Report::default() },
            ..self.input.config()
        };
        Request::Extract(Box::new(config), self.media)
    }
}

impl ShowArgs {
    pub(super) fn request(self) -> Request {
        let needle = Some(Needle::new(&self.id));
        let config = Config {
            pick: Wish { calls: true, needle, ..Wish::default() },
            report: Report { look: self.look.into(), ..Report::default() },
            ..self.how.config(self.captures)
        };
        Request::Show(Box::new(config), self.id)
    }
}
