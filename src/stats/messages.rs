//! Messages by method, code and bin, and what failure figures leave out.

mod saved;

use serde::{Deserialize, Serialize};

use crate::flow::Transport;
use crate::sip::{Message, Start, StatusCode};
use crate::stats::admission::Names;
use crate::stats::names::Methods;
use crate::stats::summary::{
    CellRow, ClassRow, CodeRow, FailureRow, Failures, Messages, MethodRow, ResponseMethodRow, Responses,
};
use crate::stats::{Counts, Ratio, share};
use crate::transaction::{Bin, MethodKey};

const CODES: usize = (StatusCode::MAX - StatusCode::MIN + 1) as usize;

/// Counts of one cell of method × code.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    counts: Counts,
    /// Counted finals on legs whose upstream leg ended with another code.
    inner: u64,
    /// First sightings of a code of 4xx–6xx that mean "alive".
    alive: u64,
}

/// All messages.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(into = "saved::Messages", try_from = "saved::Messages")]
pub(super) struct MessageTally {
    pub(super) methods: Methods,
    requests: Vec<Counts>,
    cells: Vec<Option<Box<[Cell; CODES]>>>,
    transports: [u64; Transport::ALL.len()],
}

impl MessageTally {
    pub(super) fn note(
        &mut self,
        message: &Message<'_>,
        transport: Transport,
        bin: Bin,
        alive: bool,
        methods: &mut Names,
    ) {
        self.transports[transport as usize] += 1;
        match message.start {
            Start::Request { method, .. } => {
                let row = self.methods.admit(Some(method), methods);
                if row >= self.requests.len() {
                    self.requests.resize(row + 1, Counts::default());
                }
                self.requests[row].note(bin);
            }
            Start::Response { status, .. } => {
                let row = self.methods.admit(message.cseq.as_ref().map(|c| c.method), methods);
                let cell = self.cell(row, status);
                cell.counts.note(bin);
                if alive && bin == Bin::First && status.class() >= 4 && !status.is_challenge() {
                    cell.alive += 1;
                }
            }
        }
    }

    pub(super) fn inner(&mut self, method: MethodKey, status: StatusCode) {
        let row = self.methods.row(method);
        let cell = self.cell(row, status);
        cell.inner += 1;
    }

    fn cell(&mut self, row: usize, status: StatusCode) -> &mut Cell {
        if row >= self.cells.len() {
            self.cells.resize(row + 1, None);
        }
        let codes = self.cells[row].get_or_insert_with(|| Box::new([Cell::default(); CODES]));
        &mut codes[usize::from(status.get() - StatusCode::MIN)]
    }

    /// Adds what `other` counted; tells which row each of its rows is here.
    pub(super) fn merge(&mut self, other: &Self) -> impl Fn(usize) -> usize + use<> {
        let here = self.methods.merge(&other.methods);
        for (row, counts) in other.requests.iter().enumerate() {
            let row = here(row);
            if row >= self.requests.len() {
                self.requests.resize(row + 1, Counts::default());
            }
            self.requests[row] += *counts;
        }
        for (row, codes) in other.cells.iter().enumerate() {
            for (i, theirs) in codes.iter().flat_map(|codes| codes.iter().enumerate()) {
                let Some(status) = StatusCode::new(StatusCode::MIN + i as u16) else { continue };
                if theirs.counts.messages() + theirs.inner > 0 {
                    let ours = self.cell(here(row), status);
                    ours.counts += theirs.counts;
                    ours.inner += theirs.inner;
                    ours.alive += theirs.alive;
                }
            }
        }
        self.transports.iter_mut().zip(other.transports).for_each(|(a, b)| *a += b);
        here
    }

    /// Rows of methods that occur, with their cells that occur.
    fn rows(&self) -> impl Iterator<Item = (usize, Vec<(StatusCode, Cell)>)> + '_ {
        self.cells.iter().enumerate().filter_map(|(row, codes)| {
            let codes = codes.as_ref()?;
            let occurring = codes.iter().enumerate().filter_map(|(i, cell)| {
                let status = StatusCode::new(StatusCode::MIN + i as u16)?;
                (cell.counts.messages() > 0).then_some((status, *cell))
            });
            Some((row, occurring.collect()))
        })
    }

    pub(super) fn messages(&self) -> Messages {
        let mut counts = Counts::default();
        let requests: u64 = self.requests.iter().map(Counts::messages).sum();
        self.requests.iter().for_each(|c| counts += *c);
        let mut responses = 0;
        for (_, cells) in self.rows() {
            for (_, cell) in cells {
                counts += cell.counts;
                responses += cell.counts.messages();
            }
        }
        let by_transport =
            Transport::ALL.into_iter().map(|t| (t, self.transports[t as usize])).filter(|(_, n)| *n > 0);
        Messages {
            total: requests + responses,
            requests,
            responses,
            by_transport: by_transport.collect(),
            counts,
        }
    }

    pub(super) fn requests(&self) -> Vec<MethodRow> {
        let mut rows: Vec<MethodRow> = self
            .requests
            .iter()
            .enumerate()
            .filter(|(_, counts)| counts.messages() > 0)
            .map(|(row, counts)| MethodRow {
                method: self.methods.name(row),
                counts: *counts,
                at_least: self.methods.at_least(row),
            })
            .collect();
        rows.sort_by(|a, b| down(&a.counts, &b.counts).then_with(|| a.method.cmp(&b.method)));
        rows
    }

    pub(super) fn responses(&self) -> Responses {
        let mut all = Responses::default();
        let mut classes = [Counts::default(); 6];
        let mut codes = vec![Counts::default(); CODES];
        let mut methods: Vec<(ResponseMethodRow, [u64; 6])> = Vec::new();
        for (row, cells) in self.rows() {
            let mut line = ResponseMethodRow {
                method: self.methods.name(row),
                at_least: self.methods.at_least(row),
                ..Default::default()
            };
            let mut by_class = [0; 6];
            for (status, cell) in &cells {
                let class = usize::from(status.class() - 1);
                all.counts += cell.counts;
                classes[class] += cell.counts;
                codes[usize::from(status.get() - StatusCode::MIN)] += cell.counts;
                line.counts += cell.counts;
                by_class[class] += cell.counts.first;
                if status.is_final() {
                    line.finals += cell.counts.first;
                    line.inner += inner(*status, cell);
                    line.failures += failures(*status, cell);
                    line.alive_by_other_code += cell.alive;
                }
                if status.is_challenge() {
                    line.challenges += cell.counts.first;
                }
            }
            let whole = cells.iter().map(|(s, c)| finals(*s, c)).sum();
            line.failure_rate = Ratio::new(line.failures, whole);
            let of_method = line.counts.first;
            all.by_method_and_code.extend(cells.iter().map(|(status, cell)| CellRow {
                method: line.method.clone(),
                status: *status,
                counts: cell.counts,
                share: share(cell.counts.first, of_method),
                at_least: line.at_least,
            }));
            if line.counts.messages() > 0 {
                methods.push((line, by_class));
            }
        }
        let total = all.counts.first;
        all.by_class = classes
            .iter()
            .enumerate()
            .filter(|(_, counts)| counts.messages() > 0)
            .map(|(i, counts)| ClassRow {
                class: i as u8 + 1,
                counts: *counts,
                share: share(counts.first, total),
            })
            .collect();
        all.by_class.sort_by(|a, b| down(&a.counts, &b.counts).then(a.class.cmp(&b.class)));
        let all_finals: u64 = codes[100..].iter().map(|c| c.first).sum();
        all.by_code = codes
            .iter()
            .enumerate()
            .filter(|(_, counts)| counts.messages() > 0)
            .filter_map(|(i, counts)| {
                let status = StatusCode::new(StatusCode::MIN + i as u16)?;
                let share_of_finals = if status.is_final() { share(counts.first, all_finals) } else { None };
                Some(CodeRow { status, counts: *counts, share: share(counts.first, total), share_of_finals })
            })
            .collect();
        all.by_code.sort_by(|a, b| down(&a.counts, &b.counts).then(a.status.cmp(&b.status)));
        all.by_method_and_code.sort_by(|a, b| {
            down(&a.counts, &b.counts).then_with(|| (&a.method, a.status).cmp(&(&b.method, b.status)))
        });
        methods.sort_by(|(a, _), (b, _)| down(&a.counts, &b.counts).then_with(|| a.method.cmp(&b.method)));
        (all.by_method, all.method_classes) = methods.into_iter().unzip();
        all
    }

    pub(super) fn failures(&self, overtaken: u64) -> Failures {
        let mut all = Failures { overtaken, ..Failures::default() };
        let mut codes: Vec<(u64, u64)> = vec![(0, 0); CODES];
        for (row, cells) in self.rows() {
            for (status, cell) in cells {
                let (failed, inner) = (failures(status, &cell), inner_failures(status, &cell));
                all.finals += finals(status, &cell);
                all.total += failed;
                all.inner += inner;
                let code = &mut codes[usize::from(status.get() - StatusCode::MIN)];
                *code = (code.0 + failed, code.1 + inner);
                if failed + inner > 0 {
                    let method = self.methods.name(row);
                    all.by_method_and_code.push(FailureRow {
                        method,
                        status,
                        failures: failed,
                        share: None,
                        inner,
                    });
                }
            }
        }
        for (i, (failed, inner)) in codes.into_iter().enumerate() {
            if failed + inner > 0
                && let Some(status) = StatusCode::new(StatusCode::MIN + i as u16)
            {
                let method = String::new();
                all.by_code.push(FailureRow { method, status, failures: failed, share: None, inner });
            }
        }
        all.rate = Ratio::new(all.total, all.finals);
        for rows in [&mut all.by_code, &mut all.by_method_and_code] {
            rows.iter_mut().for_each(|r| r.share = share(r.failures, all.total));
            rows.sort_by(|a, b| {
                (b.failures, b.inner)
                    .cmp(&(a.failures, a.inner))
                    .then_with(|| (&a.method, a.status).cmp(&(&b.method, b.status)))
            });
        }
        all
    }
}

/// The name of a method without a row of its own.
pub(super) fn method_name(method: MethodKey) -> String {
    Methods::default().name(method.index().unwrap_or(15))
}

/// Failures of a cell: 4xx to 6xx, less challenges, less those that mean "alive", less inner ones.
fn failures(status: StatusCode, cell: &Cell) -> u64 {
    if status.class() < 4 || status.is_challenge() {
        return 0;
    }
    cell.counts.first.saturating_sub(cell.alive).saturating_sub(cell.inner)
}

/// Inner finals of a cell. A challenge is left out as a challenge, whatever became of it upstream: so
/// finals less challenges less inner ones are the denominator of the failure rate.
fn inner(status: StatusCode, cell: &Cell) -> u64 {
    if status.is_challenge() { 0 } else { cell.inner }
}

fn inner_failures(status: StatusCode, cell: &Cell) -> u64 {
    if status.class() < 4 { 0 } else { inner(status, cell) }
}

/// Finals of a cell that could have failed: less challenges and inner ones.
fn finals(status: StatusCode, cell: &Cell) -> u64 {
    if status.is_provisional() || status.is_challenge() {
        0
    } else {
        cell.counts.first.saturating_sub(inner(status, cell))
    }
}

/// Most first sightings first, then most messages.
fn down(a: &Counts, b: &Counts) -> std::cmp::Ordering {
    (b.first, b.messages()).cmp(&(a.first, a.messages()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::{Scan, scan_datagram};
    use crate::stats::Admission;
    use crate::transaction::fixture::with_message;

    #[test]
    fn an_inner_challenge_is_left_out_once() {
        let mut tally = MessageTally::default();
        for code in [200, 407, 486] {
            let text = format!("SIP/2.0 {code} X\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n\r\n");
            let Scan::Message(message) = scan_datagram(text.as_bytes(), false) else { panic!("{text}") };
            tally.note(&message, Transport::Udp, Bin::First, false, &mut Admission::default().methods);
            let method = MethodKey::of(crate::sip::Method::Invite);
            if code != 200 {
                tally.inner(method, StatusCode::new(code).unwrap());
            }
        }
        let row = &tally.responses().by_method[0];
        assert_eq!((row.finals, row.challenges, row.inner, row.failures), (3, 1, 1, 0));
        assert_eq!(row.failure_rate, Ratio::new(0, 1));
    }

    fn tally(replies: &[(&str, &str, Bin, bool)]) -> MessageTally {
        let mut t = MessageTally::default();
        for (code, method, bin, alive) in replies {
            let (start, cseq) = (format!("SIP/2.0 {code} X"), format!("CSeq: 1 {method}"));
            with_message(&[&start, &cseq], |m| {
                t.note(m, Transport::Udp, *bin, *alive, &mut Admission::default().methods)
            });
        }
        t
    }

    #[test]
    fn challenges_inner_finals_and_answers_that_mean_alive_are_no_failures() {
        let mut t = tally(&[
            ("486", "INVITE", Bin::First, false),
            ("486", "INVITE", Bin::Retransmission, false),
            ("503", "INVITE", Bin::First, false),
            ("407", "INVITE", Bin::First, false),
            ("200", "INVITE", Bin::First, false),
            ("404", "OPTIONS", Bin::First, true),
            ("503", "OPTIONS", Bin::First, false),
            ("180", "INVITE", Bin::First, false),
        ]);
        t.inner(MethodKey::INVITE, StatusCode::new(503).unwrap());
        let f = t.failures(0);
        assert_eq!((f.total, f.finals, f.inner), (2, 4, 1));
        let invite = &t.responses().by_method[0];
        assert_eq!(
            (invite.method.as_str(), invite.finals, invite.challenges, invite.failures),
            ("INVITE", 4, 1, 1)
        );
    }

    #[test]
    fn every_total_is_the_sum_of_its_rows() {
        let bins = [Bin::First, Bin::Retransmission, Bin::CaptureDuplicate, Bin::HopCopy];
        let replies: Vec<_> = ["180", "200", "486"]
            .into_iter()
            .flat_map(|c| bins.map(|b| (c, if c == "180" { "INVITE" } else { "FOO" }, b, false)))
            .collect();
        let (t, all) = (tally(&replies), tally(&replies).responses());
        assert_eq!(all.counts.messages(), 12);
        assert_eq!(all.by_method_and_code.iter().map(|r| r.counts.messages()).sum::<u64>(), 12);
        assert_eq!(all.by_class.iter().map(|r| r.counts.first).sum::<u64>(), all.counts.first);
        assert_eq!((t.messages().total, t.messages().responses), (12, 12));
    }
}
