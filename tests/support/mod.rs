//! What the integration tests share: the `.flow` language, the check of a report against it, and a
//! generator of trunk traffic.

#![allow(dead_code, unreachable_pub, reason = "each test program uses its own part")]

pub mod expect;
pub mod flow;
pub mod trunk;
