//! Captures that are still being written: a file that grows, is replaced or cut to nothing
//! (rotation), or a directory into which a ring is written, one file after another.
//!
//! In: one path. Out: sources that end where their file is finished, in the order in which the files
//! were written. How long to wait, and when to stop, is the caller's: this has no clock.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::buffer::Source;

/// Waits a moment for more input; `false`: nobody wants any more.
pub type Wait = Arc<dyn Fn() -> bool + Send + Sync>;

/// Files that are remembered as read; those that are gone are forgotten first.
const REMEMBERED: usize = 4096;

/// Where the next capture comes from.
pub struct Follow {
    place: Place,
    wait: Wait,
}

/// What is followed; shared with the source that is read.
#[derive(Clone)]
struct Place {
    path: PathBuf,
    is_directory: bool,
    /// What was read so far of each file, the current one's included.
    read: Arc<Mutex<BTreeMap<PathBuf, Seen>>>,
}

/// One file as it was when it was last read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    identity: u64,
    length: u64,
    /// When it was last written to, in nanoseconds of the file system's clock.
    written: i128,
}

impl Follow {
    /// Follows `path`: `-` is standard input, which ends by itself.
    pub fn new(path: &Path, wait: Wait) -> Self {
        let read = Arc::default();
        Self { place: Place { path: path.to_owned(), is_directory: path.is_dir(), read }, wait }
    }

    /// The next capture, when there is one; `None` if nobody waits for it any more.
    pub(super) fn next(&mut self) -> Option<(PathBuf, io::Result<Source>)> {
        if self.place.path.as_os_str() == "-" {
            let is_first = self.place.note(Path::new("-"), Seen::nothing());
            return is_first.then(|| ("-".into(), Ok(Box::new(io::stdin()) as Source)));
        }
        loop {
            if let Some(path) = self.place.next() {
                return Some((path.clone(), self.open(&path)));
            }
            if !(self.wait)() {
                return None;
            }
        }
    }

    fn open(&self, path: &Path) -> io::Result<Source> {
        let file = File::open(path);
        // A file that cannot be opened is not tried again.
        let about = file.as_ref().map_or_else(|_| fs::metadata(path), File::metadata);
        self.place.note(path, about.map_or(Seen::nothing(), |a| Seen { length: 0, ..Seen::of(&a) }));
        let tail = Tail {
            file: file?,
            path: path.to_owned(),
            length: 0,
            place: self.place.clone(),
            wait: Arc::clone(&self.wait),
        };
        Ok(Box::new(tail))
    }
}

impl Place {
    /// The file that was written first of those that were not read.
    fn next(&self) -> Option<PathBuf> {
        let mut waiting: Vec<_> =
            self.files().into_iter().filter(|(path, seen)| self.is_new(path, *seen)).collect();
        waiting.sort_by(|(a, x), (b, y)| (x.written, a).cmp(&(y.written, b)));
        waiting.into_iter().next().map(|(path, _)| path)
    }

    fn files(&self) -> Vec<(PathBuf, Seen)> {
        let about = |path: PathBuf| {
            let about = fs::metadata(&path).ok().filter(|a| !a.is_dir())?;
            Some((path, Seen::of(&about)))
        };
        if !self.is_directory {
            return about(self.path.clone()).into_iter().collect();
        }
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let shown = entries.filter(|e| !e.file_name().to_string_lossy().starts_with('.'));
        shown.filter_map(|e| about(e.path())).collect()
    }

    /// Never read, another file of that name, or written anew from its beginning.
    fn is_new(&self, path: &Path, now: Seen) -> bool {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.get(path).is_none_or(|then| then.identity != now.identity || now.length < then.length)
    }

    /// Remembers what was read; `true` if nothing of that name was.
    fn note(&self, path: &Path, seen: Seen) -> bool {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = read.insert(path.to_owned(), seen).is_none();
        if read.len() > REMEMBERED {
            read.retain(|path, _| path.exists());
            while read.len() > REMEMBERED {
                read.pop_first();
            }
        }
        is_first
    }
}

impl Seen {
    fn of(about: &Metadata) -> Self {
        let written = about.modified().ok().and_then(|t| jiff::Timestamp::try_from(t).ok());
        let written = written.map_or(0, jiff::Timestamp::as_nanosecond);
        Self { identity: identity(about), length: about.len(), written }
    }

    fn nothing() -> Self {
        Self { identity: 0, length: 0, written: 0 }
    }
}

/// What stays the same while a file is renamed.
#[cfg(unix)]
fn identity(about: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(about)
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> u64 {
    0
}

/// A file that ends only when another takes its place.
struct Tail {
    file: File,
    path: PathBuf,
    length: u64,
    place: Place,
    wait: Wait,
}

impl Tail {
    /// Nothing more will be written to it: another file waits, or it was cut.
    fn is_finished(&self) -> bool {
        let is_cut = self.file.metadata().is_ok_and(|a| a.len() < self.length);
        is_cut || self.place.next().is_some()
    }
}

impl Read for Tail {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut is_finished = false;
        loop {
            match self.file.read(out) {
                Ok(0) if out.is_empty() => return Ok(0),
                Ok(0) if is_finished => return Ok(0),
                // What was written between the last look and the end is read before it ends.
                Ok(0) if self.is_finished() => is_finished = true,
                Ok(0) if (self.wait)() => {}
                Ok(0) => return Ok(0),
                Ok(n) => {
                    self.length += n as u64;
                    if let Ok(about) = self.file.metadata() {
                        self.place.note(&self.path, Seen { length: self.length, ..Seen::of(&about) });
                    }
                    return Ok(n);
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::build::Dir;
    use super::*;

    /// Waits by doing the next of these to the files, then no more.
    fn script(steps: Vec<Box<dyn Fn() + Send + Sync>>) -> Wait {
        let at = AtomicUsize::new(0);
        Arc::new(move || steps.get(at.fetch_add(1, Ordering::Relaxed)).map(|step| step()).is_some())
    }

    /// All that comes, each file's text with its name.
    fn read(follow: &mut Follow) -> Vec<String> {
        let mut out = Vec::new();
        while let Some((path, source)) = follow.next() {
            let mut text = String::new();
            source.unwrap().read_to_string(&mut text).unwrap();
            out.push(format!("{} {text}", path.file_name().unwrap().to_string_lossy()));
        }
        out
    }

    fn append(path: &Path, text: &str) {
        let mut file = File::options().create(true).append(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn a_file_that_grows_is_read_as_it_grows_and_through_its_rotation() {
        let dir = Dir::new("follow-grow");
        let path = dir.file("a", b"one ");
        let [p, q, r, s] = [path.clone(), path.clone(), path.clone(), path.clone()];
        let wait = script(vec![
            Box::new(move || append(&p, "two ")),
            Box::new(|| {}),
            Box::new(move || {
                append(&q, "three");
                fs::rename(&q, q.with_extension("old")).unwrap();
            }),
            Box::new(move || append(&r, "new ")),
            Box::new(move || append(&s, "more")),
        ]);
        assert_eq!(read(&mut Follow::new(&path, wait)), ["a one two three", "a new more"]);
    }

    #[test]
    fn a_ring_is_read_file_by_file_and_each_once() {
        let dir = Dir::new("follow-ring");
        let first = dir.file("r_2", b"first ");
        let place = first.parent().unwrap().to_owned();
        let at = |n: u64| std::time::UNIX_EPOCH + std::time::Duration::from_secs(n);
        File::options().append(true).open(&first).unwrap().set_modified(at(5)).unwrap();
        let older = dir.file("r_9", b"older");
        File::options().append(true).open(&older).unwrap().set_modified(at(4)).unwrap();
        let [a, b] = [first.clone(), place.join("r_3")];
        let c = b.clone();
        let wait = script(vec![
            Box::new(move || {
                append(&a, "end");
                append(&b, "next ");
            }),
            Box::new(move || append(&c, "last")),
        ]);
        assert_eq!(read(&mut Follow::new(&place, wait)), ["r_9 older", "r_2 first end", "r_3 next last"]);
    }

    #[test]
    fn a_file_that_is_written_anew_from_its_beginning_is_another_one() {
        let dir = Dir::new("follow-cut");
        let path = dir.file("a", b"long enough");
        let p = path.clone();
        let wait = script(vec![Box::new(move || fs::write(&p, "new").unwrap())]);
        assert_eq!(read(&mut Follow::new(&path, wait)), ["a long enough", "a new"]);
    }
}
