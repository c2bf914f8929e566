//! The clock of one file: from the times that its packets carry to times that can be ordered.
//!
//! In: raw times of one file's packets, in the file's order. Out: times for order, deadlines and
//! durations, and the file's clock, which never goes back. Printed times stay raw.
//!
//! 1. The file's clock is the greatest time so far.
//! 2. A packet more than 5 s earlier: that interface's clock was set back. It and all later packets
//!    of the interface are shifted by the difference. (An interface, because several interfaces of
//!    one file may have clocks of their own, TAI and UTC say: shifting all of the file at every turn
//!    would make time run away. In a file of one interface the two are the same.)
//! 3. A packet more than an hour ahead whose successor is more than an hour earlier than it is an
//!    outlier and takes the file's clock. A successor that is later still does not make it one: in a
//!    quiet capture hours pass between packets. The last packet has no successor and stands if it is
//!    at most a day ahead.
//! 4. A packet more than an hour *earlier* whose successor is back within an hour of the file's clock
//!    is an outlier too (tools write time 0 where they know none), else rule 2 would shift the rest
//!    of the file by decades.
//! 5. Before the first packet there is no clock: if that packet is more than an hour ahead of its
//!    successor, it takes the successor's time.
//! 6. A packet without time takes the file's clock; as the first one its successor's time, or else
//!    the epoch.

use super::container::Record;
use crate::anomaly::Anomaly;
use crate::time::{Nanos, Timestamp};

/// Packets may be this much earlier than the file's clock: several queues, several processors.
const BACK: Nanos = Nanos::from_secs(5);
const EARLY: Nanos = Nanos::from_secs(-5);
/// Beyond this the next packet decides whether to believe a time.
const FAR: Nanos = Nanos::from_secs(3600);
/// How far ahead the last packet of a file may be.
const FAR_LAST: Nanos = Nanos::from_secs(24 * 3600);

/// The clock of one file.
pub(super) struct Clock {
    /// The earliest instant there is, before the first packet.
    greatest: Timestamp,
    /// By interface; empty until one is set back. As long as the list of interfaces at most.
    shifts: Vec<Nanos>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { greatest: Timestamp::MIN, shifts: Vec::new() }
    }
}

impl Clock {
    /// The greatest time so far; the earliest instant there is, before the first packet.
    #[inline]
    pub(super) fn greatest(&self) -> Timestamp {
        self.greatest
    }

    /// The time of a packet that is neither far ahead nor early: nearly all of them. `None`: ask
    /// [`Self::settle`], with the packet's successor.
    #[inline]
    pub(super) fn follow(&mut self, record: &Record) -> Option<Timestamp> {
        let Some(time) = self.shifted(record) else {
            return (self.greatest > Timestamp::MIN).then_some(self.greatest);
        };
        if !is_ordinary(time, self.greatest) {
            return None;
        }
        self.greatest = self.greatest.max(time);
        Some(time)
    }

    /// Whether times are taken as they stand: no interface's clock was ever set back.
    pub(super) fn is_unshifted(&self) -> bool {
        self.shifts.is_empty()
    }

    /// Goes on to `time`, that of an ordinary packet.
    pub(super) fn go_on(&mut self, time: Timestamp) {
        self.greatest = self.greatest.max(time);
    }

    /// The time of a packet that [`Self::follow`] gave back, and what is odd about it.
    pub(super) fn settle(
        &mut self,
        record: &Record,
        successor: Option<&Record>,
    ) -> (Timestamp, Option<Anomaly>) {
        let next = successor.and_then(|s| self.shifted(s));
        let greatest = Some(self.greatest).filter(|g| *g > Timestamp::MIN);
        let (time, odd) = match (greatest, self.shifted(record)) {
            (None, None) => (next.unwrap_or_default(), None),
            (None, Some(time)) => match next {
                Some(next) if time - next > FAR => (next, Some(Anomaly::TimeJump)),
                _ => (time, None),
            },
            (Some(greatest), None) => (greatest, None),
            (Some(greatest), Some(time)) if time < greatest => {
                let is_lone = greatest - time > FAR && next.is_some_and(|n| is_near(n, greatest));
                if is_lone {
                    (greatest, Some(Anomaly::TimeJump))
                } else if greatest - time > BACK {
                    self.shift(record.interface, greatest - time);
                    (greatest, Some(Anomaly::TimeBack))
                } else {
                    (time, None)
                }
            }
            (Some(greatest), Some(time)) => {
                let is_lone = match next {
                    Some(next) => time - next > FAR,
                    None => time - greatest > FAR_LAST,
                };
                if time - greatest > FAR && is_lone {
                    (greatest, Some(Anomaly::TimeJump))
                } else {
                    (time, None)
                }
            }
        };
        self.greatest = self.greatest.max(time);
        (time, odd)
    }

    #[inline]
    fn shifted(&self, record: &Record) -> Option<Timestamp> {
        let raw = record.time?;
        // Nearly always the list is empty, and the branch foreseen.
        Some(match self.shifts.get(record.interface as usize) {
            Some(&shift) => raw + shift,
            None => raw,
        })
    }

    fn shift(&mut self, interface: u32, by: Nanos) {
        let i = interface as usize;
        if self.shifts.len() <= i {
            self.shifts.resize(i + 1, Nanos::ZERO);
        }
        if let Some(shift) = self.shifts.get_mut(i) {
            *shift = *shift + by;
        }
    }
}

/// Neither far ahead of the clock nor early; never before the first packet.
#[inline(always)]
pub(super) fn is_ordinary(time: Timestamp, clock: Timestamp) -> bool {
    let ahead = time - clock;
    ahead <= FAR && ahead >= EARLY
}

fn is_near(a: Timestamp, b: Timestamp) -> bool {
    a.max(b) - a.min(b) <= FAR
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Interface;

    /// Seconds of each packet's time as the clock gives it, with `<` after a shift and `!` after an
    /// outlier. `None`: a packet without time.
    fn check(raw: &[(u32, Option<i64>)], expected: &str) {
        let records: Vec<_> = raw
            .iter()
            .map(|&(interface, s)| Record {
                time: s.map(|s| Timestamp::from_nanos(s * 1_000_000_000)),
                link: 1,
                interface,
                name: Interface::default(),
                place: 0,
                len: 0,
                original_len: 0,
            })
            .collect();
        let mut clock = Clock::default();
        let mut seen = Vec::new();
        for (i, record) in records.iter().enumerate() {
            let before = clock.greatest();
            let (time, odd) = match clock.follow(record) {
                Some(time) => (time, None),
                None => clock.settle(record, records.get(i + 1)),
            };
            assert!(clock.greatest() >= before && clock.greatest() >= time, "the clock goes back");
            let mark = match odd {
                Some(Anomaly::TimeBack) => "<",
                Some(Anomaly::TimeJump) => "!",
                _ => "",
            };
            seen.push(format!("{}{mark}", time.as_nanos() / 1_000_000_000));
        }
        assert_eq!(seen.join(" "), expected, "{raw:?}");
    }

    fn one(raw: &[i64], expected: &str) {
        check(&raw.iter().map(|&s| (0, Some(s))).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_few_seconds_out_of_order_are_left_alone() {
        one(&[100, 101, 97, 96, 102], "100 101 97 96 102");
    }

    #[test]
    fn a_clock_set_back_goes_on_from_where_it_was() {
        one(&[100, 101, 90, 91, 92, 110], "100 101 101< 102 103 121");
        one(&[100, 90, 91, 80, 81], "100 100< 101 101< 102");
    }

    #[test]
    fn a_clock_set_back_by_hours_goes_on_as_well() {
        one(&[10_000, 10_001, 2_801, 2_802, 2_803], "10000 10001 10001< 10002 10003");
    }

    #[test]
    fn a_frame_an_hour_ahead_of_its_neighbours_takes_the_clock() {
        one(&[100, 101, 9_000_000, 102, 103], "100 101 101! 102 103");
    }

    #[test]
    fn a_pause_of_hours_is_a_pause() {
        one(&[100, 7_300, 7_301], "100 7300 7301");
        one(&[0, 7_200, 14_400, 21_600], "0 7200 14400 21600");
    }

    #[test]
    fn a_frame_with_time_zero_does_not_shift_the_rest() {
        one(
            &[1_700_000_000, 1_700_000_001, 0, 1_700_000_002],
            "1700000000 1700000001 1700000001! 1700000002",
        );
    }

    #[test]
    fn the_first_frame_is_judged_by_the_second() {
        one(&[9_000_000, 100, 101], "100! 100 101");
        one(&[0, 9_000_000, 9_000_001], "0 9000000 9000001");
        one(&[9_000_000], "9000000");
    }

    #[test]
    fn the_last_frame_stands_if_it_is_less_than_a_day_ahead() {
        one(&[100, 80_000], "100 80000");
        one(&[100, 90_000], "100 100!");
    }

    #[test]
    fn a_frame_without_time_takes_the_clock() {
        let (a, b, no) = (Some(100), Some(200), None);
        check(&[(0, a), (0, no), (0, b), (0, no)], "100 100 200 200");
        check(&[(0, no), (0, a)], "100 100");
        check(&[(0, no), (0, no)], "0 0");
    }

    #[test]
    fn interfaces_whose_clocks_disagree_do_not_make_time_run_away() {
        let raw: Vec<_> = (0..6).map(|i| (i % 2, Some(i64::from(100 + i / 2 - 37 * (i % 2))))).collect();
        check(&raw, "100 100< 101 101 102 102");
        let raw: Vec<_> = (0..6).map(|i| (i % 2, Some(i64::from(100 + i / 2 + 37 * (i % 2))))).collect();
        check(&raw, "100 137 137< 138 138 139");
    }
}
