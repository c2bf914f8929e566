//! Lines of the text exposition format: heads of families, samples, escaped labels.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::report::escape::escape;

/// What a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Summary,
}

/// Labels of a sample: names are ours, values may be foreign.
pub(super) type Labels<'a> = &'a [(&'a str, &'a str)];

/// Where the lines go.
pub(super) struct Exposition<'a, W> {
    out: &'a mut W,
}

impl<'a, W: Write> Exposition<'a, W> {
    pub(super) fn new(out: &'a mut W) -> Self {
        Self { out }
    }

    /// A family and all its samples; nothing without samples.
    pub(super) fn family<L: AsRef<[(&'static str, String)]>>(
        &mut self,
        name: &str,
        kind: Kind,
        help: &str,
        samples: impl IntoIterator<Item = (L, f64)>,
    ) -> io::Result<()> {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_some() {
            self.head(name, kind, help)?;
        }
        for (labels, value) in samples {
            let labels: Vec<(&str, &str)> = labels.as_ref().iter().map(|(n, v)| (*n, v.as_str())).collect();
            self.sample(name, &labels, value)?;
        }
        Ok(())
    }

    /// A family with a single sample.
    pub(super) fn single(&mut self, name: &str, kind: Kind, help: &str, value: f64) -> io::Result<()> {
        self.head(name, kind, help)?;
        self.sample(name, &[], value)
    }

    /// The head of a family whose samples follow.
    pub(super) fn head(&mut self, name: &str, kind: Kind, help: &str) -> io::Result<()> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Summary => "summary",
        };
        writeln!(self.out, "# HELP {name} {help}\n# TYPE {name} {kind}")
    }

    /// One sample. Whole numbers are written without a point: `f64` has room for them up to 2^53.
    pub(super) fn sample(&mut self, name: &str, labels: Labels<'_>, value: f64) -> io::Result<()> {
        let mut text = String::new();
        for (label, value) in labels {
            let gap = if text.is_empty() { "" } else { "," };
            let _ = write!(text, "{gap}{label}=\"{}\"", quoted(value));
        }
        match text.as_str() {
            "" => writeln!(self.out, "{name} {value}"),
            labels => writeln!(self.out, "{name}{{{labels}}} {value}"),
        }
    }
}

fn quoted(text: &str) -> String {
    escape(text).replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
