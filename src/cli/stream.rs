//! Output that grows: rows go out as they come, a file gets to its place whole.
//!
//! A reader that went away (`sipstat calls … | head`) ends the run, and is no error.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use super::output::{Beside, Output};
use crate::error::Error;

/// An open destination that takes one piece after the other.
pub(super) struct Stream {
    sink: Sink,
    strip: bool,
    path: PathBuf,
    failed: Option<io::Error>,
}

enum Sink {
    Direct(BufWriter<Box<dyn Write>>),
    File(BufWriter<Beside>),
}

impl Stream {
    /// Writes to where `output` leads.
    pub(super) fn open(output: Output) -> Result<Self, Error> {
        let (strip, path, sink) = output.into_sink()?;
        let sink = match sink {
            Ok(direct) => Sink::Direct(BufWriter::new(direct)),
            Err(beside) => Sink::File(BufWriter::new(beside)),
        };
        Ok(Self { sink, strip, path, failed: None })
    }

    /// Writes `text`; `false` once there is nobody to read it.
    pub(super) fn write(&mut self, text: &str) -> bool {
        if self.failed.is_some() {
            return false;
        }
        let stripped =
            if self.strip { anstream::adapter::strip_str(text).to_string() } else { String::new() };
        let text = if self.strip { &stripped } else { text };
        let result = match &mut self.sink {
            Sink::Direct(out) => out.write_all(text.as_bytes()),
            Sink::File(out) => out.write_all(text.as_bytes()),
        };
        self.failed = result.err();
        self.failed.is_none()
    }

    /// What was written goes out now; `false` once there is nobody to read it.
    pub(super) fn flush(&mut self) -> bool {
        if self.failed.is_none()
            && let Sink::Direct(out) = &mut self.sink
        {
            self.failed = out.flush().err();
        }
        self.failed.is_none()
    }

    /// Puts a file into its place.
    pub(super) fn finish(self) -> Result<(), Error> {
        let Self { sink, path, failed, .. } = self;
        let result = match (failed, sink) {
            (Some(e), _) => Err(e),
            (None, Sink::Direct(mut out)) => out.flush(),
            (None, Sink::File(out)) => {
                out.into_inner().map_err(io::IntoInnerError::into_error).and_then(Beside::place)
            }
        };
        match result {
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
                Err(Error::output(path.to_string_lossy(), format!("cannot be written: {e}")))
            }
            _ => Ok(()),
        }
    }
}
