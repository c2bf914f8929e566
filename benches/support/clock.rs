//! Times a piece of work and prints what it does a second.
//!
//! `cargo bench` takes the best of several rounds; `cargo test --benches` runs each piece once, to
//! see that it still gives what it should. `--list` names the pieces and what each handles, `--only
//! NAME --rounds N` runs one of them so often and says nothing: for tools that count instructions.

use std::str::FromStr;
use std::time::{Duration, Instant};

/// Whether this is a measurement, and not a test.
pub fn is_bench() -> bool {
    std::env::args().any(|a| a == "--bench")
}

/// What stands behind `name` on the command line.
pub fn argument<T: FromStr>(name: &str) -> Option<T> {
    std::env::args().skip_while(|a| a != name).nth(1).and_then(|value| value.parse().ok())
}

/// Rounds of each piece.
const ROUNDS: u32 = 5;

/// Runs `work` over `bytes` that hold `count` of `unit`; prints the best round. `work` asserts its
/// own result.
pub fn time(name: &str, bytes: u64, count: u64, unit: &str, mut work: impl FnMut()) {
    if std::env::args().any(|a| a == "--list") {
        println!("{name}\t{count}\t{unit}");
        return;
    }
    if let Some(only) = argument::<String>("--only") {
        if only == name {
            (0..argument("--rounds").unwrap_or(1_u32)).for_each(|_| work());
        }
        return;
    }
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
        let (mb, k) = (bytes as f64 / 1e6 / seconds, count as f64 / 1e3 / seconds);
        println!("{name:<28} {:>9.2} ms  {mb:>8.0} MB/s  {k:>9.0} k {unit}/s", seconds * 1e3);
    } else {
        println!("{name}: ok");
    }
}
