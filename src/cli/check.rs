//! `sipstat check`: conditions, and the exit status that tells whether one was breached.
//!
//! Everything the user wrote is checked before any capture is read.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::Exit;
use super::args::LookArgs;
use super::input::InputArgs;
use super::output::Output;
use super::run::{readable, tell_what_is_missing, watching};
use super::values;
use crate::baseline::{self, is_saved};
use crate::check::{Format, Rules, write};
use crate::config::{Config, Report};
use crate::error::Error;
use crate::stats::Summary;
use crate::time::Nanos;

pub(super) const EXAMPLES: &str = "\
Examples:
  sipstat check --fail-if 'asr < 95%' trunk.pcap
  sipstat check --fail-if 'rate(5xx, INVITE) > 2% with 95% confidence' --min-sample 100 day/
  sipstat check --rules sip.toml -f junit -o report.xml trunk.pcap
  sipstat check --baseline last.json --fail-if 'asr < base.asr - 1%' trunk.pcap
  sipstat check --define 'reached=1 - outcomes.timed_out / invite.decided' \\
      --fail-if 'reached < 99%' trunk.pcap

EXPR says what is bad, over any figure of the JSON report, by path or short name:
  figures    asr, outcomes.timed_out, responses.by_code[503].share, input.complete
  functions  rate(5xx, INVITE) of finals less challenges, count(503),
             failures(5xx), requests(INVITE), and p50, p90, p95, p99, min, max of
             a delay: p95(pdd), max(response_time.BYE)
  operators  == != < <= > >= in and or not + - * / ( ) true false null
  units      %, us, ms, s, min, h
  intervals  rate(5xx) > 2% with 95% confidence: all of the interval is beyond
What has no value or too small a sample is not evaluated: no pass, and a failure
with --strict.

FILE of rules (TOML): [[rules]] with condition and, if wanted, name, min_sample,
severity ('error' or 'warning') and explanation; [define] with NAME = 'EXPR';
min_sample for all.

Exit status: 0 no rule failed, 1 no verdict, 2 wrong command line or rules,
3 a rule failed, 4 none failed, but the input is incomplete.";

#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    /// Fail if EXPR is true of the report; may be repeated
    #[arg(long, value_name = "EXPR")]
    fail_if: Vec<String>,
    /// Rules and definitions from FILE; may be repeated
    #[arg(long, value_name = "FILE")]
    rules: Vec<PathBuf>,
    /// What to compare with: an earlier report (JSON), a saved summary or a capture, whose figures EXPR
    /// may name as base.asr, base.p95(pdd)
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Define a figure; may be repeated
    #[arg(long, value_name = "NAME=EXPR")]
    define: Vec<String>,
    /// Do not judge figures that rest on fewer than N
    #[arg(long, value_name = "N", default_value_t = 0)]
    min_sample: u64,
    /// What cannot be judged fails
    #[arg(long)]
    strict: bool,
    /// text for people, json for machines, junit, github (annotations), markdown
    #[arg(short, long, value_enum, hide_possible_values = true, value_name = "FORMAT", default_value_t = FormatArg::Text)]
    format: FormatArg,
    /// Write to FILE, complete or not at all; the log still gets the text
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    input: InputArgs,
    /// Answered calls up to TIME are short
    #[arg(long, value_name = "TIME", default_value = "6s", value_parser = values::span)]
    short_call: Nanos,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArg {
    Text,
    Json,
    Junit,
    Github,
    Markdown,
}

/// Bytes of a file of rules, at most.
const MAX_RULES: u64 = 1 << 20;
/// Bytes of a report, at most.
const MAX_REPORT: u64 = 64 << 20;

/// A run, and the conditions for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    /// What to read and how to count.
    pub(super) config: Config,
    fail_if: Vec<String>,
    rules: Vec<PathBuf>,
    baseline: Option<PathBuf>,
    min_sample: u64,
    strict: bool,
    format: Format,
}

impl CheckArgs {
    pub(super) fn request(self) -> Check {
        let report =
            Report { defined: self.define, output: self.output, look: self.look.into(), ..Report::default() };
        Check {
            config: Config { short_call: self.short_call, report, ..self.input.config() },
            fail_if: self.fail_if,
            rules: self.rules,
            baseline: self.baseline,
            min_sample: self.min_sample,
            strict: self.strict,
            format: match self.format {
                FormatArg::Text => Format::Text,
                FormatArg::Json => Format::Json,
                FormatArg::Junit => Format::Junit,
                FormatArg::Github => Format::Github,
                FormatArg::Markdown => Format::Markdown,
            },
        }
    }
}

/// Judges what `analyse` counts.
pub(super) fn check(
    check: &Check,
    analyse: impl FnOnce(&Config) -> Result<Summary, Error>,
) -> Result<Exit, Error> {
    let mut rules = rules(check)?;
    readable(&check.config)?;
    let report = &check.config.report;
    let output = Output::open(report.output.as_deref(), report.look)?;
    if let Some(path) = &check.baseline {
        baseline(&mut rules, path, &check.config)?;
    }
    let summary = analyse(&check.config)?;
    let verdict = rules.judge(&summary, check.strict);
    let mut bytes = Vec::new();
    write(&verdict, check.format, &mut bytes).map_err(|e| Error::output("verdict", e))?;
    match check.format {
        Format::Text => output.write_coloured(&bytes)?,
        _ => output.write(&bytes)?,
    }
    if check.format != Format::Text && report.output.as_deref().is_some_and(|path| path != Path::new("-")) {
        // The log of a job says why it failed, whatever reads the file.
        let mut text = Vec::new();
        write(&verdict, Format::Text, &mut text).map_err(|e| Error::output("verdict", e))?;
        Output::open(None, report.look)?.write_coloured(&text)?;
    }
    tell_what_is_missing(&summary);
    let exit = if verdict.is_breached() { Exit::Breached } else { Exit::Whole };
    Ok(exit.and(Exit::of(&summary)))
}

/// All rules; at least one.
fn rules(check: &Check) -> Result<Rules, Error> {
    let mut rules = Rules::new(check.min_sample);
    if check.baseline.is_some() {
        rules.expect_baseline();
    }
    define(&mut rules, &check.config.report.defined)?;
    for path in &check.rules {
        let name = path.display();
        let text = text_of(path, MAX_RULES)?;
        rules.read(&name.to_string(), &text).map_err(|e| Error::usage(format!("{name}: {e}")))?;
    }
    for condition in &check.fail_if {
        rules.fail_if(condition).map_err(|e| Error::usage(format!("--fail-if: {e}")))?;
    }
    if rules.is_empty() {
        let e = Error::usage("no rule to check");
        return Err(e.remedy("give --fail-if 'EXPR' or --rules FILE"));
    }
    Ok(rules)
}

/// Reads what figures called `base.…` are of: a report, or whatever a report can be made of.
fn baseline(rules: &mut Rules, path: &Path, config: &Config) -> Result<(), Error> {
    if is_object(path) && !is_saved(path) {
        let text = text_of(path, MAX_REPORT)?;
        return rules.baseline(&text).map_err(|e| Error::usage(format!("{}: {e}", path.display())));
    }
    let of_base = Config { captures: vec![path.to_owned()], ..config.clone() };
    // Of a baseline only figures are told.
    let summary = watching(&of_base, |watch| baseline::run(&of_base, &mut None, watch))?.into_summary();
    if !(summary.input.complete && summary.input.exact) {
        let what = format!("{}: the baseline was not read whole", path.display());
        return Err(Error::usage(what).remedy("record it again: nothing can be held against it"));
    }
    rules.baseline_of(&summary);
    Ok(())
}

/// Whether a file begins like an object of JSON, which no capture does.
fn is_object(path: &Path) -> bool {
    let mut head = [0; 64];
    let read = File::open(path).and_then(|mut file| file.read(&mut head));
    let head = read.ok().and_then(|n| head.get(..n)).unwrap_or_default();
    head.trim_ascii_start().first() == Some(&b'{')
}

/// Definitions of the command line, and no rules.
pub(super) fn defined(definitions: &[String]) -> Result<Rules, Error> {
    let mut rules = Rules::default();
    define(&mut rules, definitions)?;
    Ok(rules)
}

fn define(rules: &mut Rules, definitions: &[String]) -> Result<(), Error> {
    for definition in definitions {
        rules.define(definition).map_err(|e| Error::usage(format!("--define: {e}")))?;
    }
    Ok(())
}

/// A file of rules that is missing is a wrong command line: nothing was judged.
fn text_of(path: &Path, most: u64) -> Result<String, Error> {
    let wrong = |e: &dyn std::fmt::Display| Error::usage(format!("{}: {e}", path.display()));
    let mut text = String::new();
    let file = File::open(path).map_err(|e| wrong(&e))?;
    file.take(most + 1).read_to_string(&mut text).map_err(|e| wrong(&e))?;
    if text.len() as u64 > most { Err(wrong(&format!("longer than {most} bytes"))) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fail_if: &[&str], defined: &[&str]) -> Check {
        let mut config = Config::new(["trunk.pcap"]);
        config.report.defined = defined.iter().map(|d| (*d).to_owned()).collect();
        Check {
            config,
            fail_if: fail_if.iter().map(|c| (*c).to_owned()).collect(),
            rules: Vec::new(),
            baseline: None,
            min_sample: 0,
            strict: false,
            format: Format::Text,
        }
    }

    #[test]
    fn what_is_mistyped_is_refused_before_anything_is_read() {
        for (request, says) in [
            (
                of(&["asrr < 95%"], &[]),
                "--fail-if: 'asrr' at character 1: no such figure; did you mean 'asr'?",
            ),
            (of(&["mine < 95%"], &["mine=asr +"]), "--define: mine: at the end: expected a figure"),
            (
                of(&["asr < base.asr"], &[]),
                "'base.asr' at character 7: there is no baseline: give --baseline FILE",
            ),
            (of(&[], &["mine=asr"]), "no rule to check; give --fail-if 'EXPR' or --rules FILE"),
            (Check { rules: vec!["/nonexistent.toml".into()], ..of(&[], &[]) }, "/nonexistent.toml: "),
        ] {
            let never = |_: &Config| -> Result<Summary, Error> { unreachable!("must not run") };
            let e = check(&request, never).unwrap_err();
            assert_eq!(Exit::from(&e), Exit::Usage);
            assert!(e.to_string().contains(says), "{e}");
        }
    }

    #[test]
    fn a_breach_is_more_urgent_than_incomplete_input() {
        let path = std::env::temp_dir().join(format!("sipstat-check-{}", std::process::id()));
        for (condition, complete, expected) in [
            ("attempts > 0", true, Exit::Whole),
            ("attempts > 0", false, Exit::Incomplete),
            ("attempts == 0", true, Exit::Breached),
            ("attempts == 0", false, Exit::Breached),
        ] {
            let mut request = of(&[condition], &[]);
            request.config.report.output = Some(path.clone());
            let mut summary = Summary::default();
            (summary.input.complete, summary.input.exact) = (complete, true);
            assert_eq!(check(&request, |_| Ok(summary)), Ok(expected), "{condition} {complete}");
        }
        let _ = std::fs::remove_file(path);
    }
}
