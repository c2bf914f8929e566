//! The text report: one screen for a person in a hurry, everything with `full`.
//!
//! The order of screen one is fixed: file, findings, outcomes, rates, next hops, answered calls,
//! failures; registrations and other methods take the place of the middle four where there are no
//! calls. At most [`SCREEN`] lines; blocks with nothing to say are absent, notes stand under the block they
//! concern. Never a failure rate of INVITE: busy, no answer and cancelled are 4xx, and a healthy trunk
//! would show 42 %.

mod bar;
mod calls;
pub(in crate::report) mod defined;
mod failures;
mod findings;
pub(in crate::report) mod format;
mod full;
mod groups;
pub(in crate::report) mod header;
pub(in crate::report) mod hops;
mod next;
mod nosip;
mod notes;
pub(in crate::report) mod outcomes;
mod quiet;
pub(in crate::report) mod rates;
mod register;
mod services;
mod table;
mod timeline;

pub(in crate::report) use format::delay;
pub(crate) use format::number;
pub use quiet::write_line;

use std::io;

use crate::stats::Summary;
use crate::stats::summary::Block;

/// Lines of screen one, at most.
pub const SCREEN: usize = 50;

/// Columns where the output is no terminal, and at least.
pub const COLUMNS: usize = 80;

/// What a reader asked for.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Columns to fill, [`COLUMNS`] at least.
    pub columns: usize,
    /// Everything instead of one screen.
    pub full: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { columns: COLUMNS, full: false }
    }
}

/// Writes `summary` to `out`, in colour: strip it where `out` is no terminal.
pub fn write(summary: &Summary, options: &Options, out: &mut impl io::Write) -> io::Result<()> {
    let columns = options.columns.max(COLUMNS);
    let mut sections = if options.full {
        let mut all = screen(summary, columns, Room::ALL);
        all.extend(full::sections(summary, columns).into_iter().map(Section::plain));
        all
    } else {
        fitting(summary, columns)
    };
    // Asked for: they come on top of the screen.
    sections.extend(groups::sections(summary, columns).into_iter().map(Section::plain));
    if let Some(t) = &summary.timeline {
        sections.push(Section::plain(timeline::lines(t, summary.input.scale, columns)));
        if options.full {
            sections.push(Section::plain(timeline::table(t, summary.input.scale, columns)));
        }
    }
    sections.push(Section { tight: true, ..Section::plain(next::lines(summary, options, columns)) });
    sections.retain(|s| !s.lines.is_empty() || !s.notes.is_empty());
    for (i, section) in sections.iter().enumerate() {
        if i > 0 && !section.tight {
            writeln!(out)?;
        }
        for line in section.lines.iter().chain(section.notes.iter().flatten()) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// One block of the report.
#[derive(Clone, Debug, Default)]
struct Section {
    lines: Vec<String>,
    notes: Vec<Vec<String>>,
    /// No blank line before it.
    tight: bool,
}

impl Section {
    fn plain(lines: Vec<String>) -> Self {
        Self { lines, ..Self::default() }
    }

    fn height(&self) -> usize {
        let notes: usize = self.notes.iter().map(Vec::len).sum();
        let all = self.lines.len() + notes;
        all + usize::from(all > 0 && !self.tight)
    }
}

/// How many rows the blocks of screen one may take, where they have a choice.
#[derive(Clone, Copy, Debug)]
struct Room {
    files: usize,
    findings: usize,
    hops: usize,
    cells: usize,
    /// Whether there is room for what most readers can do without.
    extras: bool,
}

impl Room {
    const ALL: Self =
        Self { files: usize::MAX, findings: usize::MAX, hops: usize::MAX, cells: usize::MAX, extras: true };
    /// From plenty to least.
    const SCREENS: [Self; 5] = [
        Self { files: 6, findings: findings::FEW, hops: 5, cells: 4, extras: true },
        Self { files: 3, findings: 3, hops: 5, cells: 3, extras: true },
        Self { files: 2, findings: 3, hops: 5, cells: 2, extras: false },
        Self { files: 2, findings: 2, hops: 3, cells: 3, extras: true },
        Self { files: 1, findings: 1, hops: 1, cells: 1, extras: false },
    ];
}

/// Screen one within its lines: fewer rows rather than fewer notes, for notes say what the figures hide; where
/// even few rows leave no room for all notes, the first ones.
fn fitting(summary: &Summary, columns: usize) -> Vec<Section> {
    // One blank line fewer than sections, and one line more for what to do next.
    let height = |sections: &[Section]| sections.iter().map(Section::height).sum::<usize>();
    let screens = Room::SCREENS.map(|room| screen(summary, columns, room));
    if let Some(whole) = screens.iter().find(|s| height(s) <= SCREEN) {
        return whole.clone();
    }
    let [_, _, _, mut sections, least] = screens;
    let mut notes = take_notes(&mut sections);
    if height(&sections) > SCREEN {
        sections = least;
        notes = take_notes(&mut sections);
    }
    let mut left = SCREEN.saturating_sub(height(&sections));
    let mut dropped = 0;
    for (section, notes) in sections.iter_mut().zip(notes) {
        for note in notes {
            // A line stays free for the count of what is left out.
            if note.len() < left {
                left -= note.len();
                section.notes.push(note);
            } else {
                dropped += 1;
            }
        }
    }
    sections.push(Section { tight: true, ..Section::plain(notes::more(dropped)) });
    sections
}

/// The notes of every section, which are taken out of them.
fn take_notes(sections: &mut [Section]) -> Vec<Vec<Vec<String>>> {
    sections.iter_mut().map(|s| std::mem::take(&mut s.notes)).collect()
}

/// The blocks of screen one, in order.
fn screen(s: &Summary, columns: usize, room: Room) -> Vec<Section> {
    let with = |block, lines| Section { lines, notes: notes::of(s, block, columns), tight: false };
    let mut all = vec![with(Block::Input, header::lines(s, columns, room.files))];
    if s.messages.total == 0 {
        let notes = Block::ALL.iter().filter(|b| **b != Block::Input).flat_map(|b| notes::of(s, *b, columns));
        all.push(Section { lines: nosip::lines(s, columns), notes: notes.collect(), tight: false });
        return all;
    }
    let every = room.findings == usize::MAX;
    all.push(Section::plain(findings::lines(s, columns, room.findings, every)));
    if s.invite.attempts > 0 {
        all.push(with(Block::Outcomes, outcomes::lines(&s.invite, s.input.scale, columns)));
        all.push(with(Block::Rates, rates::lines(s, columns, room.extras)));
        all.push(Section { tight: true, ..Section::plain(defined::lines(s, columns)) });
        all.push(with(Block::NextHops, hops::lines(s, columns, room.hops)));
        all.push(with(Block::Calls, calls::lines(&s.invite, columns)));
        let line = if room.extras { register::line(s, columns) } else { Vec::new() };
        all.push(with(Block::Register, line));
    } else {
        all.push(with(Block::Register, register::lines(s, columns)));
        all.push(with(Block::Outcomes, services::lines(s, columns)));
        all.push(Section::plain(defined::lines(s, columns)));
        for block in [Block::Rates, Block::NextHops, Block::Calls] {
            all.push(with(block, Vec::new()));
        }
    }
    all.push(with(Block::Failures, failures::lines(s, columns, room.cells)));
    all
}

#[cfg(test)]
mod tests;
