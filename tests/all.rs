//! The integration tests in one program: what they share is built once. `cargo test --test all NAME::` runs
//! those of the file `NAME.rs`. Programs of their own are `attacks.rs`, which measures its own memory, and
//! `memory.rs`, which counts what is asked of the allocator.

mod anonymize;
mod bounds;
mod calls;
mod check;
mod cli;
mod compare;
mod conditions;
mod conservation;
mod corpus;
mod cuts;
mod differential;
mod extract;
mod faults;
mod filters;
mod foreign;
mod fuzz;
mod groups;
mod html;
mod input;
mod junit;
mod layering;
mod merge;
mod neighbours;
mod readme;
mod regressions;
mod repeatable;
mod reports;
mod robustness;
mod samples;
mod schemas;
mod supply;
mod taps;
mod threads;
mod vectors;
mod world;
mod wrapping;

// What several of them use.
#[path = "../fuzz/src/doors/mod.rs"]
mod doors;
#[path = "support/everything.rs"]
mod everything;
mod laws;
#[path = "support/nasties.rs"]
mod nasties;
#[path = "support/outputs.rs"]
mod outputs;
mod seeds;
mod support;
#[path = "support/wellformed.rs"]
mod wellformed;
