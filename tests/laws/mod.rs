//! The conservation laws, and runs to hold them against.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test program uses its own part")]

mod book;
mod run;

pub use book::{number, rows, violations};
pub use run::{Outcome, json, json_by, record_ends, report, samples, scratch, vectors};
