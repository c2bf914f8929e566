//! Derives the cuts of `responses` and `failures` from cells, as the engine does it, but for cells without
//! inner finals.

use std::cmp::Reverse;

use super::{code, counts};
use crate::stats::summary::*;
use crate::stats::{Counts, Ratio, Summary, share};

/// Fills both from cells of method, code, first sightings and retransmissions.
pub(super) fn fill_responses(s: &mut Summary, cells: &[(&str, u16, u64, u64)]) {
    let sum = |keep: &dyn Fn(&str, u16) -> bool| {
        cells.iter().filter(|(m, c, ..)| keep(m, *c)).fold(
            Counts::default(),
            |mut all, &(_, _, first, again)| {
                all += counts(first, again, 0, 0);
                all
            },
        )
    };
    let alive = |m: &str, c: u16| m == "OPTIONS" && !matches!(c, 408 | 500 | 502 | 503 | 504);
    let fails = |m: &str, c: u16| c >= 400 && c != 401 && c != 407 && !alive(m, c);
    let tried = |c: u16| c >= 200 && c != 401 && c != 407;
    let r = &mut s.responses;
    r.counts = sum(&|_, _| true);
    let finals = sum(&|_, c| c >= 200).first;
    r.by_class = (1..=6)
        .map(|class| (class, sum(&|_, c| c / 100 == u16::from(class))))
        .filter(|(_, n)| n.messages() > 0)
        .map(|(class, counts)| ClassRow { class, counts, share: share(counts.first, r.counts.first) })
        .collect();
    let sorted = |keys: &mut dyn Iterator<Item = u16>| {
        let mut keys: Vec<_> = keys.collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    };
    let all_codes = sorted(&mut cells.iter().map(|c| c.1));
    r.by_code = all_codes
        .iter()
        .map(|&c| {
            let n = sum(&|_, x| x == c);
            let share_of_finals = (c >= 200).then(|| share(n.first, finals)).flatten();
            CodeRow { status: code(c), counts: n, share: share(n.first, r.counts.first), share_of_finals }
        })
        .collect();
    r.by_code.sort_by_key(|x| (Reverse(x.counts.first), x.status));
    let mut methods: Vec<&str> = cells.iter().map(|c| c.0).collect();
    methods.dedup();
    methods.sort_by_key(|m| Reverse(sum(&|x, _| x == *m).first));
    methods.dedup();
    for m in methods {
        let failures = sum(&|x, c| x == m && fails(m, c)).first;
        r.by_method.push(ResponseMethodRow {
            method: m.into(),
            counts: sum(&|x, _| x == m),
            finals: sum(&|x, c| x == m && c >= 200).first,
            challenges: sum(&|x, c| x == m && (c == 401 || c == 407)).first,
            failures,
            failure_rate: Ratio::new(failures, sum(&|x, c| x == m && tried(c)).first),
            alive_by_other_code: sum(&|x, c| x == m && c >= 400 && alive(m, c)).first,
            ..ResponseMethodRow::default()
        });
        r.method_classes
            .push(std::array::from_fn(|i| sum(&|x, c| x == m && usize::from(c) / 100 == i + 1).first));
    }
    r.by_method_and_code = cells
        .iter()
        .map(|&(m, c, first, again)| CellRow {
            method: m.into(),
            status: code(c),
            counts: counts(first, again, 0, 0),
            share: share(first, sum(&|x, _| x == m).first),
            at_least: false,
        })
        .collect();
    r.by_method_and_code.sort_by_key(|x| (Reverse(x.counts.first), x.method.clone(), x.status));

    let f = &mut s.failures;
    f.total = sum(&|m, c| fails(m, c)).first;
    f.finals = sum(&|_, c| tried(c)).first;
    f.rate = Ratio::new(f.total, f.finals);
    let row = |method: &str, c: u16, failures: u64| FailureRow {
        method: method.into(),
        status: code(c),
        failures,
        share: share(failures, f.total),
        inner: 0,
    };
    f.by_method_and_code =
        cells.iter().filter(|(m, c, ..)| fails(m, *c)).map(|&(m, c, first, _)| row(m, c, first)).collect();
    f.by_method_and_code.sort_by_key(|x| (Reverse(x.failures), x.method.clone(), x.status));
    f.by_code = all_codes
        .iter()
        .map(|&c| row("", c, sum(&|m, x| x == c && fails(m, x)).first))
        .filter(|x| x.failures > 0)
        .collect();
    f.by_code.sort_by_key(|x| Reverse(x.failures));
}
