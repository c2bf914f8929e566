//! Where a report goes: standard output, or a file that is complete or not there at all.
//!
//! A file is written beside its place and renamed. What is no regular file (a pipe, a terminal,
//! `/dev/null`) is written directly. Tried before the run, so that a wrong path fails at once.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process;

use anstream::{AutoStream, ColorChoice, adapter};

use crate::config::{Color, Look};
use crate::error::Error;
use crate::report::text;

/// An open destination.
#[derive(Debug)]
pub(super) struct Output {
    target: Target,
    look: Look,
}

#[derive(Debug)]
enum Target {
    Stdout,
    Direct { file: File, path: PathBuf },
    File { path: PathBuf },
}

/// A file that is not yet in its place; removed unless it gets there.
#[derive(Debug)]
pub(super) struct Beside {
    file: File,
    temporary: Option<PathBuf>,
    path: PathBuf,
}

impl Output {
    /// Opens `path`, or standard output: for none and for `-`.
    pub(super) fn open(path: Option<&Path>, look: Look) -> Result<Self, Error> {
        let target = match path.filter(|p| *p != Path::new("-")) {
            None => Target::Stdout,
            Some(path) => open_file(path).map_err(|e| failed(path, &e))?,
        };
        Ok(Self { target, look })
    }

    /// Columns to fill.
    pub(super) fn columns(&self) -> usize {
        let terminal = || match self.target {
            Target::Stdout if io::stdout().is_terminal() => {
                terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
            }
            _ => None,
        };
        self.look.columns.or_else(terminal).unwrap_or(text::COLUMNS).max(text::COLUMNS)
    }

    /// Whether colours have to go, the name, and where to write: at once, or beside the place.
    #[allow(clippy::type_complexity)] // Two kinds of writers, named where they are used.
    pub(super) fn into_sink(self) -> Result<(bool, PathBuf, Result<Box<dyn Write>, Beside>), Error> {
        let strip = self.color() == ColorChoice::Never;
        Ok(match self.target {
            Target::Stdout => (strip, "standard output".into(), Ok(Box::new(io::stdout()))),
            Target::Direct { file, path } => (strip, path, Ok(Box::new(file))),
            Target::File { path } => {
                let beside = Beside::create(&path).map_err(|e| failed(&path, &e))?;
                (strip, path, Err(beside))
            }
        })
    }

    fn color(&self) -> ColorChoice {
        match (self.look.color, &self.target) {
            (Color::Always, _) => ColorChoice::AlwaysAnsi,
            (Color::Auto, Target::Stdout) => AutoStream::choice(&io::stdout()),
            _ => ColorChoice::Never,
        }
    }

    /// Writes `report`, whose colours stay only where they are wanted.
    pub(super) fn write_coloured(self, report: &[u8]) -> Result<(), Error> {
        match self.color() {
            ColorChoice::Never => self.write(&adapter::strip_bytes(report).into_vec()),
            _ => self.write(report),
        }
    }

    /// Writes `report` as it is, and puts a file into its place. A reader that went away
    /// (`sipstat … | head`) is no error.
    pub(super) fn write(self, report: &[u8]) -> Result<(), Error> {
        let (path, result) = match self.target {
            Target::Stdout => {
                // On a terminal of old Windows the stream translates colours; elsewhere it passes all on.
                let mut out = AutoStream::new(io::stdout().lock(), ColorChoice::Always);
                ("standard output".into(), out.write_all(report).and_then(|()| out.flush()))
            }
            Target::Direct { mut file, path } => (path, file.write_all(report)),
            Target::File { path } => {
                let written = Beside::create(&path).and_then(|beside| beside.fill(report));
                (path, written)
            }
        };
        match result {
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(failed(&path, &e)),
            _ => Ok(()),
        }
    }
}

impl Beside {
    fn create(path: &Path) -> io::Result<Self> {
        let mut name = OsString::from(".");
        name.push(path.file_name().ok_or(io::ErrorKind::IsADirectory)?);
        name.push(format!(".{}.tmp", process::id()));
        let temporary = path.with_file_name(name);
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        let beside = Self { file, temporary: Some(temporary), path: path.to_owned() };
        if let Ok(existing) = fs::metadata(path) {
            beside.file.set_permissions(existing.permissions())?;
        }
        Ok(beside)
    }

    fn fill(mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.place()
    }

    /// Puts what was written into its place.
    pub(super) fn place(mut self) -> io::Result<()> {
        if let Some(temporary) = &self.temporary {
            fs::rename(temporary, &self.path)?;
        }
        self.temporary = None;
        Ok(())
    }
}

impl Write for Beside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            let _ = fs::remove_file(temporary);
        }
    }
}

fn open_file(path: &Path) -> io::Result<Target> {
    // A link stays a link: what it points to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&path).is_ok_and(|m| !m.is_file()) {
        let file = OpenOptions::new().write(true).open(&path)?;
        return Ok(Target::Direct { file, path });
    }
    // Only tried: a file left here during the run could be taken for a capture of its directory.
    drop(Beside::create(&path)?);
    Ok(Target::File { path })
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::output(path.to_string_lossy(), format!("cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("sipstat-output-{name}-{}", process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir(&dir).unwrap();
        dir
    }

    fn names(dir: &Path) -> Vec<OsString> {
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name()).collect()
    }

    #[test]
    fn a_file_appears_whole_without_colours_and_nothing_is_left_beside_it() {
        let dir = directory("whole");
        let path = dir.join("report.txt");
        fs::write(&path, "old").unwrap();
        let out = Output::open(Some(&path), Look::default()).unwrap();
        assert_eq!(out.columns(), 80);
        assert_eq!(fs::read(&path).unwrap(), b"old", "still the old one while the run goes on");
        assert_eq!(names(&dir), ["report.txt"]);
        out.write_coloured(b"\x1b[1mnew\x1b[0m\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new\n");
        assert_eq!(names(&dir), ["report.txt"]);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_run_that_fails_leaves_nothing() {
        let dir = directory("nothing");
        drop(Output::open(Some(&dir.join("report.txt")), Look::default()).unwrap());
        assert!(names(&dir).is_empty());
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_wrong_path_fails_before_the_run() {
        let e = Output::open(Some(Path::new("/nonexistent/report.txt")), Look::default()).unwrap_err();
        assert!(e.to_string().starts_with("/nonexistent/report.txt: cannot be written: "), "{e}");
        assert!(Output::open(Some(&std::env::temp_dir()), Look::default()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_links_and_devices_are_written_directly() {
        let dir = directory("links");
        let (real, link) = (dir.join("real"), dir.join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        Output::open(Some(&link), Look::default()).unwrap().write(b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
        Output::open(Some(Path::new("/dev/null")), Look::default()).unwrap().write(b"x").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        fs::remove_dir_all(dir).unwrap();
    }
}
