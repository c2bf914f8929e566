//! Times a piece of work and prints what it does a second.
//!
//! `cargo bench` takes the best of several rounds; `cargo test --benches` runs each piece once, to
//! see that it still gives what it should.

use std::time::{Duration, Instant};

/// Whether this is a measurement, and not a test.
pub fn is_bench() -> bool {
    std::env::args().any(|a| a == "--bench")
}

/// Rounds of each piece.
const ROUNDS: u32 = 5;

/// Runs `work` over `bytes` that hold `messages` of `unit`; prints the best round. `work` asserts its
/// own result.
pub fn time(name: &str, bytes: u64, messages: u64, unit: &str, mut work: impl FnMut()) {
    let rounds = if is_bench() { ROUNDS } else { 1 };
    let best = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .min()
        .unwrap_or(Duration::ZERO);
    if is_bench() {
        let seconds = best.as_secs_f64().max(1e-9);
        let (mb, k) = (bytes as f64 / 1e6 / seconds, messages as f64 / 1e3 / seconds);
        println!("{name:<28} {:>9.2} ms  {mb:>8.0} MB/s  {k:>9.0} k {unit}/s", seconds * 1e3);
    } else {
        println!("{name}: ok");
    }
}
