//! All input files as one sequence of frames.
//!
//! In: paths. Out: [`Frame`]s, merged by each file's clock, then by its place in the list sorted by
//! first time and path; and a [`FileReport`] a file. A bad file does not stop the others.
//!
//! A file waits closed until its first frame's turn, so that thousands of files of a ring need no
//! more descriptors and buffers than one. Files that fit in their buffer hold no descriptor at all.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};

use super::buffer::CAPACITY;
use super::container::Record;
use super::error::{OpenError, OpenReason};
use super::file::CaptureFile;
use super::follow::Follow;
use super::taps::Taps;
use super::{FileReport, Frame};
use crate::anomaly::Anomalies;
use crate::flow::{FrameId, Interface, Tap};
use crate::time::{Nanos, Stamp, Timestamp};

/// Descriptors that may be held at once, by captures that overlap in time.
pub const MAX_OPEN: usize = 200;
/// Captures that may be read at once: those that fit in a buffer hold no descriptor.
const MAX_SMALL: usize = 4096;

/// Up to this many files get the usual buffer.
const FEW: usize = 16;
/// The buffer of each of many files.
const CAPACITY_OF_MANY: usize = 64 << 10;
/// Enough to see when a capture begins.
const CAPACITY_OF_A_LOOK: usize = 16 << 10;
/// More files than this are closed again after a look.
const KEPT_OPEN: usize = 64;

/// Files of a followed ring that get a report of their own; later ones share the last.
const MAX_FOLLOWED: usize = 1000;

/// A turn: a file's clock with its next frame, and its place in the list.
type Turn = (Timestamp, usize);

/// The input: captures, merged by time.
pub struct Inputs {
    /// In the order of the reports.
    files: Vec<Input>,
    /// Every file that has frames left, but for the current one.
    turns: BinaryHeap<Reverse<Turn>>,
    /// The file that the last frame came from.
    current: Option<Box<CaptureFile>>,
    index: usize,
    /// The current file goes on up to this time, which is before the next one's turn.
    until: Timestamp,
    /// The current file's input, and that with the last interface.
    tap: Tap,
    interface_tap: (u32, Interface, Tap),
    taps: Taps,
    now: Timestamp,
    /// When capturing ended, of files that were read to their end.
    ended: Timestamp,
    /// Where more files come from.
    follow: Option<Follow>,
    /// Frames, bytes and number of the files that had the last place before the one that has it now.
    earlier: (u64, u64, u64),
}

/// One file.
struct Input {
    path: PathBuf,
    state: State,
    /// Its input at the tap, once its first frame was handed out.
    chain: Option<usize>,
}

enum State {
    /// Looked at and closed again.
    Closed,
    /// Its head is ready.
    Open(Box<CaptureFile>),
    /// It is [`Inputs::current`].
    Current,
    Done(FileReport),
}

impl Inputs {
    /// Opens captures; `-` is standard input. What is no capture becomes a report with its problem;
    /// if nothing else is left, the reasons are the error.
    pub fn open(paths: &[PathBuf]) -> Result<Self, Vec<OpenError>> {
        let is_many = paths.len() > KEPT_OPEN;
        let capacity = match paths.len() {
            0..=FEW => CAPACITY,
            _ if is_many => CAPACITY_OF_A_LOOK,
            _ => CAPACITY_OF_MANY,
        };
        let mut errors = Vec::new();
        let mut found: Vec<(Option<Timestamp>, Input)> = Vec::new();
        for path in paths {
            let (first, state) = match look(path, capacity) {
                Ok(file) => {
                    let first = (!file.has_ended()).then(|| file.clock());
                    let state = if is_many && first.is_some() && is_regular(path) {
                        State::Closed
                    } else {
                        State::Open(file)
                    };
                    (first, state)
                }
                Err(error) => {
                    let report = error.report();
                    errors.push(error);
                    (None, State::Done(report))
                }
            };
            found.push((first, Input { path: path.clone(), state, chain: None }));
        }
        if errors.len() == paths.len() {
            return Err(errors);
        }
        // Files without frames come last.
        found.sort_by(|(a, x), (b, y)| (a.is_none(), a, &x.path).cmp(&(b.is_none(), b, &y.path)));
        let turns: BinaryHeap<_> = found
            .iter()
            .enumerate()
            .map(|(i, (first, _))| Reverse((first.unwrap_or(Timestamp::MAX), i)))
            .collect();
        Ok(Self { turns, files: found.into_iter().map(|(_, input)| input).collect(), ..Self::none() })
    }

    /// Captures that are still being written, one after another, as `follow` finds them.
    pub fn follow(follow: Follow) -> Self {
        Self { follow: Some(follow), ..Self::none() }
    }

    fn none() -> Self {
        Self {
            files: Vec::new(),
            turns: BinaryHeap::new(),
            current: None,
            index: 0,
            until: Timestamp::MIN,
            tap: Tap::default(),
            interface_tap: (0, Interface::default(), Tap::default()),
            taps: Taps::default(),
            now: Timestamp::MIN,
            ended: Timestamp::MIN,
            follow: None,
            earlier: (0, 0, 0),
        }
    }

    /// Whether another run can read `path` once more: it is no pipe.
    pub fn can_be_read_again(path: &Path) -> bool {
        is_regular(path)
    }

    /// The next frame of all; `None` at the end. What was tolerated goes to `notes`.
    #[inline]
    pub fn next<'a>(&'a mut self, notes: &mut Anomalies) -> Option<Frame<'a>> {
        let goes_on = match &mut self.current {
            Some(file) => file.advance() && file.clock() <= self.until,
            None => false,
        };
        if !goes_on {
            while !self.select(notes) {
                if !self.extend() {
                    return None;
                }
            }
        }
        let file = self.current.as_mut()?;
        let id = FrameId { file: self.index as u32, number: file.head().number };
        let time = file.head().time;
        self.now = self.now.max(time);
        if file.trouble.is_waiting() {
            file.trouble.tell(notes, time, id.file);
        }
        file.hand_out();
        let head = file.head();
        let Record { interface, name, .. } = head.record;
        if (self.interface_tap.0, self.interface_tap.1) != (interface, name) {
            self.interface_tap = (interface, name, Taps::of_interface(self.tap, interface, name));
        }
        Some(Frame {
            id,
            stamp: Stamp { shown: head.shown, time, now: self.now },
            link: head.record.link,
            tap: self.interface_tap.2,
            data: file.data(),
            original_len: head.record.original_len,
        })
    }

    /// Passes over frames after the last one for as long as `passes` says so of their link type and
    /// captured bytes, and of frames that are whole and about whose times nothing is odd. How many:
    /// they are counted, and move the clock on, as if [`Self::next`] had handed them out. 0 says
    /// nothing of the next frame.
    #[inline]
    pub fn skim(&mut self, passes: impl FnMut(u32, &[u8]) -> bool) -> u64 {
        let Some(file) = &mut self.current else { return 0 };
        let frames = file.skim(self.until, passes);
        if frames > 0 {
            self.now = self.now.max(file.clock());
        }
        frames
    }

    /// Bytes read so far, uncompressed, and bytes on disk; the latter `None` where they are no
    /// measure of the former: pipes, compressed captures.
    pub fn progress(&self) -> (u64, Option<u64>) {
        let reports = self.reports();
        let size = |input: &Input| {
            let about = std::fs::metadata(&input.path).ok()?;
            about.is_file().then_some(about.len())
        };
        let compressed = reports.iter().any(|r| r.format.contains(", "));
        let total = self.files.iter().map(size).sum::<Option<u64>>().filter(|_| !compressed);
        (reports.iter().map(|r| r.bytes).sum(), total)
    }

    /// The greatest time of any frame so far; `None` before the first.
    pub fn now(&self) -> Option<Timestamp> {
        (self.now > Timestamp::MIN).then_some(self.now)
    }

    /// The greatest time of any frame so far, or the end of the capture where a file that was read to
    /// its end tells a later one; `None` before the first frame.
    pub fn end(&self) -> Option<Timestamp> {
        self.now().map(|now| now.max(self.ended))
    }

    /// What can be said of each file so far, in the order of [`FrameId::file`]. Complete only after
    /// [`Self::next`] has returned `None`.
    pub fn reports(&self) -> Vec<FileReport> {
        let report = |input: &Input| match &input.state {
            State::Done(report) => report.clone(),
            State::Open(file) => file.report(),
            State::Current => self.current.as_ref().map(|f| f.report()).unwrap_or_default(),
            State::Closed => FileReport { path: input.path.display().to_string(), ..FileReport::default() },
        };
        let mut all: Vec<_> = self.files.iter().map(report).collect();
        if let (Some(last), (frames, bytes, files @ 1..)) = (all.last_mut(), self.earlier) {
            last.path.push_str(&format!(" and {files} files before it"));
            (last.frames, last.bytes) = (last.frames + frames, last.bytes + bytes);
        }
        all
    }

    /// Waits for one more file to follow; `false` if there will be none.
    #[cold]
    fn extend(&mut self) -> bool {
        let Some((path, source)) = self.follow.as_mut().and_then(Follow::next) else { return false };
        let opened = source.map_err(OpenReason::Io);
        let name = path.display().to_string();
        let file = opened.and_then(|source| CaptureFile::read(source, CAPACITY, name));
        let (state, turn) = match file {
            Ok(mut file) => {
                file.advance();
                let turn = file.clock();
                (State::Open(Box::new(file)), Some(turn))
            }
            Err(reason) => (State::Done(OpenError { path: path.clone(), reason }.report()), None),
        };
        if self.files.len() >= MAX_FOLLOWED
            && let Some(Input { state: State::Done(report), .. }) = self.files.pop()
        {
            let (frames, bytes, files) = &mut self.earlier;
            (*frames, *bytes, *files) = (*frames + report.frames, *bytes + report.bytes, *files + 1);
        }
        let index = self.files.len();
        self.files.push(Input { path, state, chain: None });
        self.turns.extend(turn.map(|t| Reverse((t, index))));
        true
    }

    /// Makes the file whose turn it is the current one; `false` if no file has frames left.
    #[cold]
    fn select(&mut self, notes: &mut Anomalies) -> bool {
        if let Some(file) = self.current.take() {
            self.put_back(self.index, file, notes);
        }
        while let Some(Reverse((turn, index))) = self.turns.pop() {
            let Some(file) = self.take(index) else { continue };
            let next = self.turns.peek().map_or((Timestamp::MAX, usize::MAX), |r| r.0);
            // A file that was closed after a look may have been written to since.
            let is_late = file.clock() > turn && (file.clock(), index) > next;
            if file.has_ended() || is_late {
                self.put_back(index, file, notes);
                continue;
            }
            if let Some(input) = self.files.get_mut(index) {
                let first = file.head().time;
                let chain = *input.chain.get_or_insert_with(|| self.taps.join(first, &input.path));
                self.tap = Taps::tap(chain);
            }
            let Record { interface, name, .. } = file.head().record;
            self.interface_tap = (interface, name, Taps::of_interface(self.tap, interface, name));
            // At the same time the earlier place in the list goes first.
            let until = if index < next.1 { next.0 } else { next.0 - Nanos::from_nanos(1) };
            (self.current, self.index, self.until) = (Some(file), index, until);
            return true;
        }
        false
    }

    /// Puts a file back in the queue, or ends it.
    fn put_back(&mut self, index: usize, mut file: Box<CaptureFile>, notes: &mut Anomalies) {
        let Some(input) = self.files.get_mut(index) else { return };
        if !file.has_ended() {
            self.turns.push(Reverse((file.clock(), index)));
            input.state = State::Open(file);
            return;
        }
        let clock = file.clock();
        self.ended = self.ended.max(file.until());
        file.trouble.tell(notes, clock, index as u32);
        if let Some(chain) = input.chain {
            self.taps.leave(chain, clock);
        }
        input.state = State::Done(file.report());
    }

    /// Takes a file out of the list to read from it, opening it if need be.
    fn take(&mut self, index: usize) -> Option<Box<CaptureFile>> {
        let is_closed = matches!(self.files.get(index)?.state, State::Closed);
        let capacity = if is_closed { self.room_for_one_more() } else { None };
        let input = self.files.get_mut(index)?;
        let opened = match (std::mem::replace(&mut input.state, State::Current), capacity) {
            (State::Open(file), _) => Ok(file),
            (State::Closed, Some(capacity)) => look(&input.path, capacity),
            (State::Closed, None) => {
                let reason = OpenReason::TooMany { limit: MAX_OPEN };
                Err(OpenError { path: input.path.clone(), reason })
            }
            (other, _) => {
                input.state = other;
                return None;
            }
        };
        match opened {
            Ok(file) => Some(file),
            Err(error) => {
                input.state = State::Done(error.report());
                None
            }
        }
    }

    /// The buffer for another capture, if one more can be open.
    fn room_for_one_more(&self) -> Option<usize> {
        let open = self.files.iter().filter_map(|i| match &i.state {
            State::Open(file) => Some(file.is_live()),
            _ => None,
        });
        let (all, live) = open.fold((0, 0), |(all, live), is_live| (all + 1, live + usize::from(is_live)));
        let has_room = live < MAX_OPEN && all < MAX_SMALL;
        has_room.then_some(if all < FEW { CAPACITY } else { CAPACITY_OF_MANY })
    }
}

/// Opens a capture and reads up to its first frame.
fn look(path: &Path, capacity: usize) -> Result<Box<CaptureFile>, OpenError> {
    let opened = CaptureFile::open(path, capacity);
    let mut file = opened.map_err(|reason| OpenError { path: path.to_owned(), reason })?;
    file.advance();
    Ok(Box::new(file))
}

/// It can be closed and opened again.
fn is_regular(path: &Path) -> bool {
    path.as_os_str() != "-" && path.metadata().is_ok_and(|m| m.is_file())
}

#[cfg(test)]
mod tests;
