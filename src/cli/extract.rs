//! `sipstat extract`: whole calls into a capture of their own.

use std::cell::Cell;
use std::io::{self, BufWriter, IsTerminal, Write};

use super::Exit;
use super::output::{Beside, Output};
use super::run::{of_messages, tell, tell_what_is_missing, watching};
use crate::config::Config;
use crate::error::Error;
use crate::pick::Select;
use crate::pipeline::{self, Extracted};
use crate::stats::{Summary, number};

/// Copies the calls that `config` selects to where it says; with `media`, their media, too.
pub(super) fn extract(config: &Config, media: bool) -> Result<Exit, Error> {
    if config.pseudonyms.is_some() {
        let e =
            Error::usage("--anonymize cannot hide what is in packets, and extract copies them as they are");
        return Err(e.remedy("pass on 'sipstat show --anonymize' or a report instead, or leave it out"));
    }
    of_messages(config)?;
    let to_stdout = config.report.output.as_ref().is_none_or(|p| p.as_os_str() == "-");
    if to_stdout && io::stdout().is_terminal() {
        return Err(Error::usage("a capture is nothing for a terminal").remedy("name a file with -w"));
    }
    let output = Output::open(config.report.output.as_deref(), config.report.look)?;
    let failed = |path: &std::path::Path, e: &io::Error| {
        Error::output(path.to_string_lossy(), format!("cannot be written: {e}"))
    };
    let run = |out: &mut dyn Write| -> Result<Extracted, Error> {
        watching(config, |watch| pipeline::extract(config, media, watch, out))
    };
    let extracted = match output.into_sink()? {
        (_, path, Ok(direct)) => {
            let gone = Cell::new(false);
            let mut out = BufWriter::new(Noticed { out: direct, gone: &gone });
            let extracted = run(&mut out);
            let flushed = out.flush();
            drop(out.into_parts());
            // A reader that went away (`sipstat extract -w - … | head`) is no error.
            if gone.get() {
                return Ok(Exit::Whole);
            }
            flushed.map_err(|e| failed(&path, &e))?;
            extracted?
        }
        (_, path, Err(beside)) => {
            let mut out = BufWriter::new(beside);
            let extracted = run(&mut out)?;
            if extracted.interrupted {
                return Err(Error::output(path.to_string_lossy(), "interrupted: nothing was written"));
            }
            let written = out.into_inner().map_err(io::IntoInnerError::into_error).and_then(Beside::place);
            written.map_err(|e| failed(&path, &e))?;
            extracted
        }
    };
    Ok(told(extracted))
}

/// A writer that notices when its reader has gone away.
struct Noticed<'a> {
    out: Box<dyn Write>,
    gone: &'a Cell<bool>,
}

impl Noticed<'_> {
    fn notice<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::BrokenPipe) {
            self.gone.set(true);
        }
        result
    }
}

impl Write for Noticed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.out.write(bytes);
        self.notice(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.out.flush();
        self.notice(result)
    }
}

/// Says what was written, and what is missing of it.
fn told(extracted: Extracted) -> Exit {
    let Extracted { selected, messages, frames, media, forgotten, refused, files, .. } = extracted;
    let of = match selected {
        None => "all calls: ".to_owned(),
        Some((Select::Calls, 1)) => "1 Call-ID: ".to_owned(),
        Some((Select::Calls, n)) => format!("{} Call-IDs: ", number(n)),
        Some((Select::Transactions, 1)) => "1 transaction: ".to_owned(),
        Some((Select::Transactions, n)) => format!("{} transactions: ", number(n)),
        Some((Select::Messages, _)) => String::new(),
    };
    let media = if media > 0 { format!(", {} of them media", number(media)) } else { String::new() };
    // No failure: the input was read whole, and the capture that was written says the same.
    let nothing = if selected.is_some() && messages == 0 { "no message fits --where: " } else { "" };
    tell(&format!("{nothing}{of}{} messages in {} frames{media}", number(messages), number(frames)));
    let mut summary = Summary::default();
    summary.input.complete = files.iter().all(|f| f.complete);
    summary.input.exact = forgotten == 0 && refused == 0;
    summary.input.files = files;
    summary.input.evicted = [("connections", forgotten), ("media addresses", refused)]
        .into_iter()
        .map(|(name, n)| (name.into(), n))
        .collect();
    tell_what_is_missing(&summary);
    Exit::of(&summary)
}
