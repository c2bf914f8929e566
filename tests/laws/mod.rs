//! The conservation laws, and runs to hold them against.

mod book;
mod run;

pub(crate) use book::{number, rows, violations};
pub(crate) use run::{Outcome, json, json_by, record_ends, report, samples, scratch, vectors};
