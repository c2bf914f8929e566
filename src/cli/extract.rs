//! `sipstat extract`: whole calls into a capture of their own.

use std::io::{self, BufWriter, IsTerminal, Write};

use super::Exit;
use super::output::{Beside, Output};
use super::run::{in_clear, tell, tell_what_is_missing, watching};
use crate::config::Config;
use crate::error::Error;
use crate::pick::Select;
use crate::pipeline::{self, Extracted};
use crate::stats::{Summary, number};

/// Copies the calls that `config` selects to where it says; with `media`, their media, too.
pub(super) fn extract(config: &Config, media: bool) -> Result<Exit, Error> {
    in_clear(config)?;
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
            let mut out = BufWriter::new(direct);
            let extracted = run(&mut out)?;
            out.flush().map_err(|e| failed(&path, &e))?;
            extracted
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
    tell(&format!("{of}{} messages in {} frames{media}", number(messages), number(frames)));
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
