//! What the integration tests share: the `.flow` language, the check of a report against it, and
//! generators of trunk traffic and of random conversations.

#![allow(dead_code, unreachable_pub, reason = "each test program uses its own part")]

pub mod conversations;
pub mod expect;
pub mod flow;
pub mod trunk;
