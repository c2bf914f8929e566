//! What the benches share: seeded traffic, and a clock.

#![allow(dead_code, unreachable_pub, reason = "each bench uses its own part")]

pub mod clock;
pub mod traffic;
