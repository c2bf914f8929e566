//! Which files are one input for the tap: those that follow one another without overlap.
//!
//! In: where files begin and end, in the order of their first frames. Out: a chain a file; files of
//! one chain were captured at one place, as far as anyone can tell, like those of a ring. Two files
//! that overlap in time are never of one chain.

use std::path::Path;

use super::{TAP_INPUT, TAP_INTERFACE};
use crate::flow::{Interface, Tap};
use crate::time::Timestamp;

/// The chains so far; at most as many as there are files.
#[derive(Default)]
pub(super) struct Taps {
    chains: Vec<Chain>,
}

struct Chain {
    /// The last time of its last file; `None` while that is being read.
    ended: Option<Timestamp>,
    /// That file's path without its digits.
    pattern: String,
}

impl Taps {
    /// The chain of a file whose first frame is of `first`: of those that have ended by then, one
    /// whose last file was named alike, else the one that ended last, else a new one.
    pub(super) fn join(&mut self, first: Timestamp, path: &Path) -> usize {
        let pattern = pattern(path);
        let free = |(i, chain): (usize, &Chain)| {
            let ended = chain.ended.filter(|e| *e <= first)?;
            Some((chain.pattern == pattern, ended, std::cmp::Reverse(i)))
        };
        let best = self.chains.iter().enumerate().filter_map(free).max();
        let index = best.map_or(self.chains.len(), |(.., std::cmp::Reverse(i))| i);
        let chain = Chain { ended: None, pattern };
        match self.chains.get_mut(index) {
            Some(old) => *old = chain,
            None => self.chains.push(chain),
        }
        index
    }

    /// The file that a chain goes on with has ended, its last time being `last`.
    pub(super) fn leave(&mut self, chain: usize, last: Timestamp) {
        if let Some(chain) = self.chains.get_mut(chain) {
            chain.ended = Some(last);
        }
    }

    /// The tap of a chain.
    pub(super) fn tap(chain: usize) -> Tap {
        Tap::default().with(TAP_INPUT, chain as u64)
    }

    /// The tap of an interface of a chain, by its number and name.
    pub(super) fn of_interface(tap: Tap, interface: u32, name: Interface) -> Tap {
        tap.with(TAP_INTERFACE, interface.into()).on_interface(name)
    }
}

/// The path with `#` for each run of digits: the same for the files of a ring.
fn pattern(path: &Path) -> String {
    let mut out = String::new();
    for c in path.to_string_lossy().chars() {
        match c {
            '0'..='9' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chains of files given as `name first last`, read one after another or side by side.
    fn check(files: &[(&str, i64, i64)], expected: &[usize]) {
        let mut taps = Taps::default();
        let mut open: Vec<(i64, usize)> = Vec::new();
        let mut chains = Vec::new();
        for &(name, first, last) in files {
            open.retain(|&(last, chain)| {
                if last <= first {
                    taps.leave(chain, Timestamp::from_nanos(last));
                }
                last > first
            });
            let chain = taps.join(Timestamp::from_nanos(first), Path::new(name));
            open.push((last, chain));
            chains.push(chain);
        }
        assert_eq!(chains, expected, "{files:?}");
    }

    #[test]
    fn files_that_follow_one_another_are_one_chain() {
        check(&[("r_1.pcap", 0, 9), ("r_2.pcap", 9, 20), ("r_3.pcap", 21, 30)], &[0, 0, 0]);
        check(&[("morning", 0, 9), ("evening", 100, 200)], &[0, 0]);
    }

    #[test]
    fn files_that_overlap_are_not() {
        check(&[("a_1", 0, 9), ("a_2", 8, 20)], &[0, 1]);
    }

    #[test]
    fn rings_side_by_side_stay_apart_by_their_names() {
        check(
            &[
                ("a_1", 0, 9),
                ("b_1", 1, 10),
                ("b_2", 11, 20),
                ("a_2", 12, 21),
                ("a_3", 22, 30),
                ("b_3", 23, 31),
            ],
            &[0, 1, 1, 0, 0, 1],
        );
    }
}
