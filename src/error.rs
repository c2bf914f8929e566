//! What stops a run, in one line: where, what, and what to do.
//!
//! Damage inside a capture is no error: it is counted, and the report says so. An error means that
//! there is no report.

use std::fmt;

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    file: Option<String>,
    place: Option<String>,
    what: String,
    remedy: Option<String>,
}

/// Whose fault it is; decides the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Nothing could be read.
    Input,
    /// The report could not be written.
    Output,
    /// The command line asks for something impossible.
    Usage,
}

impl Error {
    /// `file` could not be read.
    pub fn input(file: impl Into<String>, what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Input, what).of(file)
    }

    /// `file` could not be written.
    pub fn output(file: impl Into<String>, what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Output, what).of(file)
    }

    /// The command line is wrong in a way that only its meaning shows.
    pub fn usage(what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Usage, what)
    }

    /// Where in the file: `frame 1042`, `offset 24`.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.place = Some(place.to_string());
        self
    }

    /// What the user can do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl fmt::Display) -> Self {
        self.remedy = Some(remedy.to_string());
        self
    }

    /// Whose fault it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    fn new(kind: ErrorKind, what: impl fmt::Display) -> Self {
        Self { kind, file: None, place: None, what: what.to_string(), remedy: None }
    }

    fn of(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.file, &self.place].into_iter().flatten() {
            write!(f, "{part}: ")?;
        }
        f.write_str(&self.what)?;
        match &self.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_where_what_and_what_to_do() {
        let e = Error::input("trunk.pcap", "record needs 214 bytes, 180 remain")
            .at("frame 1042")
            .remedy("copy the file again");
        assert_eq!(
            e.to_string(),
            "trunk.pcap: frame 1042: record needs 214 bytes, 180 remain; copy the file again"
        );
        assert_eq!(Error::usage("no such code").to_string(), "no such code");
    }
}
