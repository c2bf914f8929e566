//! One run: arguments to exit status.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use clap::Parser;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::Exit;
use super::args::{CommandLine, Request};
use super::calls::calls;
use super::check;
use super::compare;
use super::extract::extract;
use super::live::Shown;
use super::output::Output;
use super::progress::Line;
use super::secret;
use super::show::show;
use crate::anonymize::Pseudonyms;
use crate::baseline::{self, Names};
use crate::config::{Config, Format, Look};
use crate::error::Error;
use crate::nearest::nearest;
use crate::pick::Condition;
use crate::pipeline;
use crate::report::escape::escape;
use crate::report::{csv, explain, html, json, markdown, ndjson, prometheus, schema, text};
use crate::stats::{Counted, Summary};
use crate::time::Nanos;
use crate::watch::{Live, Watch, Watcher};

/// How long to wait for more input before another look.
const POLL: Duration = Duration::from_millis(100);

/// Troubles with single files that are told one by one.
const TOLD: usize = 10;

/// Does what `args` (the program's name first) ask for. `analyse` reads the captures and counts.
pub fn run(
    args: impl IntoIterator<Item = OsString>,
    analyse: impl FnOnce(&Config, &mut Names<'_>, &mut Watch<'_>) -> Result<Counted, Error>,
) -> ExitCode {
    let request = match CommandLine::try_parse_from(args) {
        Ok(line) => line.request(),
        // Help and version are answers. A closed pipe is nobody's business.
        Err(e) if e.exit_code() == 0 => {
            let _ = e.print();
            return Exit::Whole.into();
        }
        // The rest quotes the command line, which a file's name may be on.
        Err(e) => {
            let text: String =
                e.render().to_string().lines().map(|l| escape(l).into_owned() + "\n").collect();
            let _ = io::stderr().write_all(text.as_bytes());
            return Exit::Usage.into();
        }
    };
    let result = match request {
        Request::Report(config) => report(&config, |config| saved(config, analyse)),
        Request::Check(request) => check::check(&request, |config| watched(config, analyse)),
        Request::Calls(config, wanted) => calls(&config, wanted),
        Request::Show(config, id) => show(&config, &id),
        Request::Extract(config, media) => extract(&config, media),
        Request::Compare(config, limits) => compare::run(&config, &limits),
        Request::Schema(name) => print_schema(name.as_deref().unwrap_or("report")),
        Request::Explain(word, look) => explanation(word.as_deref(), look),
    };
    result
        .unwrap_or_else(|e| {
            complain(&e.to_string());
            Exit::from(&e)
        })
        .into()
}

/// Runs `analyse` under the eyes of a watch; what it counts has pseudonyms, if they are wanted.
pub(super) fn watched(
    config: &Config,
    analyse: impl FnOnce(&Config, &mut Names<'_>, &mut Watch<'_>) -> Result<Counted, Error>,
) -> Result<Summary, Error> {
    let mut pseudonyms = secret::pseudonyms(config.pseudonyms.as_ref())?;
    if config.follow {
        return followed(config, pseudonyms, analyse);
    }
    let counted = watching(config, |watch| analyse(config, &mut pseudonyms.as_mut(), watch))?;
    Ok(counted.into_summary())
}

/// The figures of what was counted just now, under pseudonyms if they are wanted.
pub(super) fn finished(mut counted: Counted, pseudonyms: &mut Option<Pseudonyms>) -> Summary {
    if let Some(pseudonyms) = pseudonyms {
        // It has none of another key.
        let _ = counted.rename(pseudonyms);
    }
    counted.into_summary()
}

/// What Ctrl-C and SIGTERM set; a second one ends the program.
fn interrupted() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    // Without handlers they end the program at once, as ever.
    for signal in [SIGINT, SIGTERM] {
        let _ = flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&interrupted))
            .and_then(|_| flag::register(signal, Arc::clone(&interrupted)));
    }
    interrupted
}

/// Does `work` under the eyes of a watch: with a line of progress, if it is wanted. Ctrl-C and SIGTERM end
/// it early; a second one, should the input be silent, ends the program.
pub(super) fn watching<T>(config: &Config, work: impl FnOnce(&mut Watch<'_>) -> T) -> T {
    let interrupted = interrupted();
    let mut line = if config.report.format == Format::Line { None } else { Line::on_terminal() };
    let watcher = line.as_mut().map(|line| -> &mut dyn Watcher { line });
    let result = work(&mut Watch::new(&interrupted, watcher));
    if let Some(line) = &mut line {
        line.clear();
    }
    result
}

/// Runs `analyse` on a capture that is still being written, and shows figures meanwhile.
fn followed(
    config: &Config,
    mut pseudonyms: Option<Pseudonyms>,
    analyse: impl FnOnce(&Config, &mut Names<'_>, &mut Watch<'_>) -> Result<Counted, Error>,
) -> Result<Summary, Error> {
    let interrupted = interrupted();
    let ended = Arc::clone(&interrupted);
    let wait = Arc::new(move || {
        thread::sleep(POLL);
        !ended.load(Ordering::Relaxed)
    });
    let mut shown = Shown::new(config, pseudonyms.clone(), io::stdout().is_terminal());
    let live = shown.as_mut().map(|shown| -> &mut dyn Live { shown });
    let mut watch = Watch::new(&interrupted, None).following(wait, live);
    let summary = analyse(config, &mut pseudonyms.as_mut(), &mut watch)?.into_summary();
    if let Some(shown) = &mut shown {
        shown.finish(&summary);
    }
    Ok(summary)
}

/// Runs `analyse`; if all that was counted is to be saved, counts and saves it instead.
fn saved(
    config: &Config,
    analyse: impl FnOnce(&Config, &mut Names<'_>, &mut Watch<'_>) -> Result<Counted, Error>,
) -> Result<Summary, Error> {
    let Some(path) = &config.save else { return watched(config, analyse) };
    if config.condition.is_some() {
        return Err(Error::usage("--save keeps all calls: leave out --where"));
    }
    let mut pseudonyms = secret::pseudonyms(config.pseudonyms.as_ref())?;
    let place = Output::open(Some(path), config.report.look)?;
    let counted = watching(config, |watch| baseline::gather(config, &mut pseudonyms.as_mut(), watch))?;
    place.write(&baseline::to_json(counted.clone())?)?;
    Ok(counted.into_summary())
}

fn report(config: &Config, analyse: impl FnOnce(&Config) -> Result<Summary, Error>) -> Result<Exit, Error> {
    let rules = check::defined(&config.report.defined)?;
    readable(config)?;
    catch_misspelt_command(config)?;
    if config.follow && config.captures.len() > 1 {
        return Err(Error::usage("--follow takes one capture, one directory or -"));
    }
    let output = Output::open(config.report.output.as_deref(), config.report.look)?;
    let mut summary = analyse(config)?;
    rules.add_defined(&mut summary);
    let format = config.report.format;
    // Lines of JSON and a text for people do not go together.
    let has_lines = config.follow && config.grouping.interval.is_some_and(|i| i > Nanos::ZERO);
    if !has_lines || config.report.output.is_some() || format == Format::Ndjson {
        let mut bytes = Vec::new();
        render(&summary, format, output.columns(), &mut bytes).map_err(|e| Error::output("report", e))?;
        put(output, format, &bytes)?;
    }
    tell_what_is_missing(&summary);
    Ok(Exit::of(&summary))
}

/// Writes the report in `format`.
pub(super) fn render(summary: &Summary, format: Format, columns: usize, out: &mut Vec<u8>) -> io::Result<()> {
    let options = text::Options { columns, full: format == Format::Full };
    match format {
        Format::Screen | Format::Full => text::write(summary, &options, out),
        Format::Line => text::write_line(summary, out),
        Format::Json => json::write(summary, out),
        Format::Ndjson => ndjson::write(summary, out),
        Format::Csv => csv::write(summary, out),
        Format::Html => html::write(summary, out),
        Format::Markdown => markdown::write(summary, out),
        Format::Prometheus => prometheus::write(summary, out),
    }
}

/// Puts a report in its place; only text has colours.
pub(super) fn put(output: Output, format: Format, report: &[u8]) -> Result<(), Error> {
    match format {
        Format::Screen | Format::Full => output.write_coloured(report),
        _ => output.write(report),
    }
}

/// Nothing that shows before any capture is read speaks against `config`.
pub(super) fn readable(config: &Config) -> Result<(), Error> {
    catch_misplaced_command(config)?;
    if let Some(problem) = config.filter.window.problem() {
        return Err(Error::usage(problem));
    }
    if let Some(night) = config.filter.window.night() {
        tell(&night);
    }
    if let Some(problem) = config.condition.as_ref().and_then(Condition::problem) {
        return Err(Error::usage(problem));
    }
    spare_the_captures(config)
}

fn print_schema(name: &str) -> Result<Exit, Error> {
    let text = schema::schema(name).ok_or_else(|| {
        let known: Vec<_> = schema::SCHEMAS.iter().map(|(n, what, _)| format!("{n} ({what})")).collect();
        Error::usage(format!("no schema '{name}'")).remedy(format!("there is {}", known.join(", ")))
    })?;
    Output::open(None, Look::default())?.write(text.as_bytes())?;
    Ok(Exit::Whole)
}

fn explanation(word: Option<&str>, look: Look) -> Result<Exit, Error> {
    let output = Output::open(None, look)?;
    let text = explain::explain(word, output.columns()).map_err(|unknown| {
        let e = Error::usage(format!("explain: nothing is known of '{}'", unknown.word));
        match unknown.nearest {
            Some(nearest) => e.remedy(format!("did you mean '{nearest}'?")),
            None => e.remedy("'sipstat explain' lists the codes"),
        }
    })?;
    output.write_coloured(text.as_bytes())?;
    Ok(Exit::Whole)
}

/// `sipstat --full explain 503` reads as two captures: say so instead of looking for them.
fn catch_misplaced_command(config: &Config) -> Result<(), Error> {
    match config.captures.as_slice() {
        [first, ..] if first.as_os_str() == "explain" && !first.exists() => {
            let e = Error::usage("explain takes no options of a report");
            Err(e.remedy("write 'sipstat explain WORD'"))
        }
        [first, ..] if first.as_os_str() == "check" && !first.exists() => {
            Err(Error::usage("check comes before its options").remedy("write 'sipstat check --fail-if …'"))
        }
        [first, ..]
            if ["calls", "show", "extract"].iter().any(|c| first.as_os_str() == *c) && !first.exists() =>
        {
            let what = format!("{} stands before its options", first.display());
            Err(Error::usage(what).remedy(format!("write 'sipstat {} …'", first.display())))
        }
        _ => Ok(()),
    }
}

/// `sipstat cals trunk.pcap` reads as two captures, of which there is one.
fn catch_misspelt_command(config: &Config) -> Result<(), Error> {
    let Some(first) = config.captures.first().filter(|first| !first.exists()) else { return Ok(()) };
    let word = first.to_string_lossy().to_lowercase();
    let Some(command) = nearest(&word, CommandLine::commands().into_iter()) else { return Ok(()) };
    let e = Error::usage(format!("there is no capture and no command '{}'", first.display()));
    Err(e.remedy(format!("did you mean 'sipstat {command}'?")))
}

/// `config` names captures, which have messages.
pub(super) fn has_messages(config: &Config) -> Result<(), Error> {
    match config.captures.iter().find(|path| baseline::is_saved(path)) {
        None => Ok(()),
        Some(saved) => {
            let what = format!("{} is a saved summary: it has counts, no messages", saved.display());
            Err(Error::usage(what).remedy("name the capture that it was counted from"))
        }
    }
}

/// `config` names captures whose messages are shown or written, with their own times and names.
pub(super) fn of_messages(config: &Config) -> Result<(), Error> {
    if config.relative_time || config.no_paths {
        let e = Error::usage("ladders and extracts tell times and captures as they are");
        return Err(e.remedy("leave out --relative-time and --no-paths"));
    }
    has_messages(config)?;
    readable(config)
}

/// A report that overwrites a capture, or what stands for one, would be the last one of it: whether it
/// was named, linked to, or found in a directory.
pub(super) fn spare_the_captures(config: &Config) -> Result<(), Error> {
    if config.save.is_some() && config.save == config.report.output {
        return Err(Error::usage("--save and --output name the same file"));
    }
    for (option, output) in [("--output", &config.report.output), ("--save", &config.save)] {
        // What is not there yet is no capture, and directories need not be looked into.
        let Some(output) = output.as_ref().filter(|output| output.is_file()) else { continue };
        if pipeline::reads(config, output) {
            let what = format!("{} is a capture to be read", output.display());
            return Err(Error::usage(what).remedy(format!("choose another file for {option}")));
        }
    }
    Ok(())
}

/// What, where and how much, on standard error, where the report is not of everything.
pub(super) fn tell_what_is_missing(summary: &Summary) {
    let input = &summary.input;
    let damaged = || input.files.iter().filter(|f| !f.complete);
    for file in damaged().take(TOLD) {
        let problem = file.problem.as_deref().unwrap_or("not read to its end");
        complain(&format!("{}: {problem}", file.path));
    }
    if let more @ 1.. = damaged().count().saturating_sub(TOLD) {
        complain(&format!("{more} more files were not read whole"));
    }
    if !input.exact {
        let lost: Vec<String> =
            input.evicted.iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{n} {what}")).collect();
        complain(&format!(
            "figures are not exact: dropped for lack of room: {}; read a shorter piece of the capture",
            if lost.is_empty() { "some state".into() } else { lost.join(", ") }
        ));
    }
}

/// Something worth knowing, on standard error.
pub(super) fn tell(text: &str) {
    complain(text);
}

/// One line on standard error; there is nobody to tell if that fails.
pub(super) fn complain(text: &str) {
    let line = format!("sipstat: {}\n", escape(text));
    let _ = io::stderr().write_all(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::capture::FileReport;

    fn place(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("sipstat-run-{name}-{}", std::process::id()))
    }

    fn config(output: &Path, format: Format) -> Config {
        let mut config = Config::new(["trunk.pcap"]);
        config.report.output = Some(output.to_owned());
        config.report.format = format;
        config
    }

    fn summary(complete: bool) -> Summary {
        let mut s = Summary::default();
        s.input.complete = complete;
        s.input.exact = true;
        s.input.files = vec![FileReport { path: "trunk.pcap".into(), complete, ..FileReport::default() }];
        s
    }

    #[test]
    fn every_format_reaches_its_file_and_the_status_tells_of_missing_input() {
        for (format, begins) in [
            (Format::Screen, "trunk.pcap  complete\n0 frames; no SIP found\n"),
            (Format::Full, "trunk.pcap  complete\n"),
            (Format::Line, "trunk.pcap: complete, no SIP in 0 frames\n"),
            (Format::Json, "{\n  \"schema\": \"sipstat.report/1\","),
            (Format::Ndjson, "{\"section\":\"report\",\"schema\":\"sipstat.report/1\"}\n"),
            (Format::Csv, "section,figure,"),
            (Format::Html, "<!doctype html>\n"),
            (Format::Markdown, "### SIP report: `trunk.pcap`\n"),
            (Format::Prometheus, "# HELP sipstat_build_info "),
        ] {
            let path = place(&format!("{format:?}"));
            assert_eq!(report(&config(&path, format), |_| Ok(summary(true))), Ok(Exit::Whole));
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.starts_with(begins), "{text}");
            assert_eq!(report(&config(&path, format), |_| Ok(summary(false))), Ok(Exit::Incomplete));
            fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn no_run_without_a_place_for_its_report_and_no_report_without_a_run() {
        let never = |_: &Config| -> Result<Summary, Error> { unreachable!("must not run") };
        assert_eq!(
            report(&config(Path::new("/nonexistent/r"), Format::Json), never).map_err(|e| Exit::from(&e)),
            Err(Exit::NoReport)
        );
        let path = place("failed");
        let failing = |_: &Config| Err(Error::input("trunk.pcap", "no such file"));
        assert_eq!(
            report(&config(&path, Format::Json), failing).map_err(|e| Exit::from(&e)),
            Err(Exit::NoReport)
        );
        assert!(!path.exists());
    }

    #[test]
    fn a_capture_is_never_overwritten_by_its_report() {
        let path = place("capture");
        fs::write(&path, "a capture").unwrap();
        let mut config = config(&path, Format::Json);
        config.captures = vec![path.clone()];
        let e = report(&config, |_| Ok(summary(true))).unwrap_err();
        assert_eq!(Exit::from(&e), Exit::Usage);
        assert_eq!(fs::read_to_string(&path).unwrap(), "a capture");
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_misspelt_command_is_not_taken_for_a_file() {
        for (word, command) in
            [("cals", "calls"), ("Check", "check"), ("exract", "extract"), ("mrege", "merge")]
        {
            let e = report(&Config::new([word, "a.pcap"]), |_| Ok(summary(true))).unwrap_err();
            let text =
                format!("there is no capture and no command '{word}'; did you mean 'sipstat {command}'?");
            assert_eq!((e.to_string(), Exit::from(&e)), (text, Exit::Usage));
        }
        // Whatever looks like nothing that we know is looked for.
        let found = report(&Config::new(["trunk"]), |_| Err(Error::input("trunk", "no such file")));
        assert_eq!(found.map_err(|e| Exit::from(&e)), Err(Exit::NoReport));
    }

    #[test]
    fn explain_after_an_option_is_not_taken_for_a_file() {
        let e = report(&Config::new(["explain", "503"]), |_| Ok(summary(true))).unwrap_err();
        assert_eq!(e.to_string(), "explain takes no options of a report; write 'sipstat explain WORD'");
    }
}
