//! The whole run over seeded captures: SIP alone, SIP among RTP, RTP alone.
//!
//! `cargo bench --bench whole -- --write sip|mixed|rtp FILE [--messages N]` writes one of the captures of
//! `compare.sh`, to standard output if FILE is `-`, and exits.

mod support;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use sipstat::call::Outcome;
use sipstat::config::Config;
use sipstat::pipeline;
use support::clock::{argument, is_bench, time};
use support::traffic::{Plan, Written, write};

/// SIP alone.
const SIP: Plan = Plan { messages: 400_000, rtp: 0, sip: true, rate: 100 };
/// One packet in ten is SIP.
const MIXED: Plan = Plan { messages: 100_000, rtp: 9, sip: true, rate: 100 };
/// The RTP of twice as many calls.
const RTP: Plan = Plan { messages: 200_000, rtp: 9, sip: false, rate: 100 };

fn create(plan: Plan, path: &Path) -> Written {
    let file: Box<dyn Write> = match path.to_str() {
        Some("-") => Box::new(std::io::stdout()),
        _ => Box::new(File::create(path).expect("the capture can be written")),
    };
    let mut file = BufWriter::with_capacity(1 << 18, file);
    let written = write(plan, &mut file).expect("the capture can be written");
    file.flush().expect("the capture can be written");
    written
}

fn whole(name: &str, plan: Plan) {
    let messages = if is_bench() { plan.messages } else { 2_000 };
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.pcap"));
    let written = create(Plan { messages, ..plan }, &path);
    for threads in [1, 2] {
        run(name, threads, &path, written);
    }
}

fn run(name: &str, threads: usize, path: &Path, written: Written) {
    let config = Config { threads, ..Config::new([path]) };
    let name = format!("{name}, {threads} thread{}", if threads == 1 { "" } else { "s" });
    time(&name, written.bytes, written.frames, "frames", || {
        let summary = pipeline::run(&config).expect("a capture");
        let count = |o| summary.invite.outcomes.iter().find(|r| r.outcome == o).map_or(0, |r| r.count);
        assert_eq!(summary.input.frames, written.frames);
        assert_eq!(summary.messages.total, written.messages);
        assert_eq!(summary.messages.counts.first, written.messages);
        assert_eq!(summary.invite.attempts, written.attempts);
        assert_eq!((count(Outcome::Answered), count(Outcome::Busy)), (written.answered, written.busy));
        assert!(summary.input.complete && summary.input.exact);
    });
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|a| a == "--write") {
        let (kind, path) = (arguments[at + 1].as_str(), Path::new(&arguments[at + 2]));
        let plan = match kind {
            "sip" => SIP,
            "mixed" => MIXED,
            _ => RTP,
        };
        let messages = argument("--messages").unwrap_or(plan.messages);
        let written = create(Plan { messages, ..plan }, path);
        eprintln!("{}: {written:?}", path.display());
        return;
    }
    whole("SIP", SIP);
    whole("nine in ten RTP", MIXED);
    whole("RTP alone", RTP);
}
