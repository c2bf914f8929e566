//! What the integration tests share: the `.flow` language, and the check of a report against it.

#![allow(dead_code, unreachable_pub, reason = "each test program uses its own part")]

pub mod expect;
pub mod flow;
