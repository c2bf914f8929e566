//! What `--full` adds behind screen one: every table of the summary that a person may want to read.

mod calls;
mod delays;
mod ledger;
mod responses;
mod wire;

use super::register;
use crate::stats::Summary;

/// The blocks, in order; those with nothing to say are empty.
pub(super) fn sections(s: &Summary, columns: usize) -> Vec<Vec<String>> {
    let mut all = vec![
        responses::by_class_and_code(s, columns),
        responses::methods_by_class(s, columns),
        responses::methods(s, columns),
        responses::requests(s, columns),
    ];
    all.extend(calls::sections(&s.invite, columns));
    if s.invite.attempts > 0 {
        all.push(register::lines(s, columns));
    }
    all.push(delays::lines(s, columns));
    all.extend(wire::sections(s, columns));
    all.extend(ledger::sections(&s.input, columns));
    all
}
