//! From what the user named to files: looks into directories for captures.
//!
//! In: paths. Out: files to read, in a fixed order, and what was passed over, each with its reason.
//! Only what is surely no capture is passed over: a file that cannot be read is kept, so that its
//! report says so.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::{OpenError, OpenReason};
use super::file::CaptureFile;

/// Enough to see what a file is.
const CAPACITY: usize = 4096;

/// What was found under the paths that the user named.
#[derive(Debug, Default)]
pub struct Found {
    /// Captures, and whatever was named itself. For [`super::Inputs::open`].
    pub files: Vec<PathBuf>,
    /// What was passed over.
    pub skipped: Vec<Skipped>,
    /// Directories that could not be read: captures may be missing.
    pub unread: Vec<OpenError>,
}

/// A path that was passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Skipped {
    /// The path.
    pub path: PathBuf,
    /// Why, for people.
    pub reason: String,
}

impl Found {
    /// Takes files as they are named, and of directories the captures in them, with `recursive` also
    /// in the directories below. Hidden entries, links to directories and what is no capture are
    /// passed over, and a file that was found before.
    pub fn look(paths: &[PathBuf], recursive: bool) -> Self {
        let mut found = Self::default();
        let mut known = HashSet::new();
        for path in paths {
            if path.is_dir() {
                found.look_into(path, recursive, &mut known);
            } else {
                found.take(path.clone(), &mut known);
            }
        }
        found
    }

    /// Whether `path` is one of the files, by whatever name.
    pub fn has(&self, path: &Path) -> bool {
        let Ok(place) = fs::canonicalize(path) else { return false };
        self.files.iter().any(|f| f.is_file() && fs::canonicalize(f).is_ok_and(|f| f == place))
    }

    fn look_into(&mut self, directory: &Path, recursive: bool, known: &mut HashSet<PathBuf>) {
        // A stack, not recursion: how deep directories nest is not ours to say.
        let mut waiting = vec![directory.to_owned()];
        while let Some(path) = waiting.pop() {
            let mut entries = match list(&path) {
                Ok(entries) => entries,
                Err(e) => {
                    self.unread.push(OpenError { path, reason: OpenReason::Io(e) });
                    continue;
                }
            };
            entries.sort();
            let mut below = Vec::new();
            for path in entries {
                match Entry::of(&path) {
                    Entry::Directory if recursive => below.push(path),
                    Entry::Directory => self.skip(path, "directory; -r looks into it"),
                    Entry::Capture => self.take(path, known),
                    Entry::Other(reason) => self.skip(path, reason),
                }
            }
            waiting.extend(below.into_iter().rev());
        }
    }

    fn take(&mut self, path: PathBuf, known: &mut HashSet<PathBuf>) {
        let identity = path.canonicalize().unwrap_or_else(|_| path.clone());
        if known.insert(identity) {
            self.files.push(path);
        } else {
            self.skip(path, "named before");
        }
    }

    fn skip(&mut self, path: PathBuf, reason: impl Into<String>) {
        self.skipped.push(Skipped { path, reason: reason.into() });
    }
}

/// What an entry of a directory is to us.
enum Entry {
    Directory,
    Capture,
    Other(String),
}

impl Entry {
    fn of(path: &Path) -> Self {
        let is_hidden = path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
        if is_hidden {
            return Self::Other("hidden".to_owned());
        }
        let (Ok(itself), Ok(target)) = (path.symlink_metadata(), path.metadata()) else {
            return Self::Capture;
        };
        if target.is_dir() && itself.is_symlink() {
            return Self::Other("link to a directory".to_owned());
        } else if target.is_dir() {
            return Self::Directory;
        } else if !target.is_file() {
            return Self::Other("no regular file".to_owned());
        }
        match CaptureFile::open(path, CAPACITY) {
            Err(reason @ (OpenReason::Empty | OpenReason::Foreign(_) | OpenReason::Unknown { .. })) => {
                Self::Other(reason.to_string())
            }
            _ => Self::Capture,
        }
    }
}

fn list(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::build::{Dir, Pcap};
    use super::*;

    /// Names below the directory, and names with reasons.
    fn look(dir: &Dir, paths: &[&str], recursive: bool) -> (Vec<String>, Vec<String>) {
        let name = |p: &Path| p.strip_prefix(dir.path()).unwrap_or(p).display().to_string();
        let paths: Vec<_> = paths.iter().map(|p| dir.path().join(p)).collect();
        let found = Found::look(&paths, recursive);
        assert!(found.unread.is_empty());
        let skipped = found.skipped.iter().map(|s| {
            let reason: Vec<_> = s.reason.split([':', ';']).take(1).collect();
            format!("{} {}", name(&s.path), reason.join(""))
        });
        (found.files.iter().map(|p| name(p)).collect(), skipped.collect())
    }

    fn tree(name: &str) -> Dir {
        let dir = Dir::new(name);
        let capture = Pcap::new().record(1_700_000_000, 0, b"x").bytes.clone();
        for file in ["b.pcap", "a.pcap", "sub/deep/d.cap", "sub/c", ".hidden.pcap"] {
            dir.file(file, &capture);
        }
        dir.file("notes.txt", b"gateway 3 was down\n");
        dir.file("fresh.pcap", b"");
        dir.file("cut.pcap", &capture[..10]);
        dir
    }

    #[test]
    fn a_directory_stands_for_the_captures_in_it() {
        let dir = tree("dir");
        let (files, skipped) = look(&dir, &[""], false);
        assert_eq!(files, ["a.pcap", "b.pcap", "cut.pcap"]);
        assert_eq!(
            skipped,
            [
                ".hidden.pcap hidden",
                "fresh.pcap empty file",
                "notes.txt not pcap or pcapng but text",
                "sub directory",
            ]
        );
    }

    #[test]
    fn recursion_reaches_the_directories_below() {
        let dir = tree("recursive");
        let (files, _) = look(&dir, &[""], true);
        assert_eq!(files, ["a.pcap", "b.pcap", "cut.pcap", "sub/c", "sub/deep/d.cap"]);
    }

    #[test]
    fn what_is_named_itself_is_kept_whatever_it_is_but_only_once() {
        let dir = tree("named");
        let (files, skipped) = look(&dir, &["notes.txt", "missing", "a.pcap", "sub/../a.pcap", "-"], false);
        assert_eq!(files, ["notes.txt", "missing", "a.pcap", "-"]);
        assert_eq!(skipped, ["sub/../a.pcap named before"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_to_directories_are_not_followed_and_links_to_files_are() {
        let dir = tree("links");
        std::os::unix::fs::symlink(dir.path(), dir.path().join("sub/loop")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("b.pcap"), dir.path().join("sub/link")).unwrap();
        let (files, skipped) = look(&dir, &["sub"], true);
        assert_eq!(files, ["sub/c", "sub/link", "sub/deep/d.cap"]);
        assert_eq!(skipped, ["sub/loop link to a directory"]);
    }
}
