//! Attacks on memory and time: captures made to fill every table, stack and buffer there is.
//!
//! Each attack is streamed into a process of its own, which tells its greatest resident size; nothing
//! is timed. What the work costs is counted in instructions by valgrind, where there is one: four
//! times the attack may cost little more than four times the work; that takes minutes, and is done with
//! `SIPSTAT_THOROUGH=1`. `SIPSTAT_ATTACKS=N` scales the number of packets: 100,000 where the size is not
//! part of the attack, enough to fill most tables; 1,000,000 takes minutes as well.

#[path = "attacks/collide.rs"]
mod collide;
#[path = "attacks/list.rs"]
mod list;
#[path = "attacks/victim.rs"]
mod victim;
#[path = "attacks/wire.rs"]
mod wire;

use list::{ATTACKS, Attack};
use victim::{Victim, count_instructions, has_valgrind, run};

/// MiB that a run may take with the usual options: 128 of state, 80 of streams, fragments and
/// buffers at their bounds, and what the program itself, its tables of names and its report need.
const MOST: u64 = 288;

/// Packets of an attack.
fn packets() -> u64 {
    std::env::var("SIPSTAT_ATTACKS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000)
}

/// Runs one attack: memory within the bound, the laws kept, nothing lost in silence.
fn survives(attack: &Attack, victim: &Victim) {
    let name = attack.name;
    println!("{name}: {} MiB at most, {} frames", victim.peak_mib, victim.frames());
    assert!(victim.peak_mib <= MOST, "{name}: {} MiB", victim.peak_mib);
    let fates = victim.report["input"]["fates"].as_object().expect("fates");
    let told: u64 = fates.values().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(told, victim.frames(), "{name}: every frame has its fate");
    (attack.expect)(victim);
}

/// What a child of [`run`] does; without its orders, nothing.
#[test]
fn a_child_runs_what_it_is_told() {
    victim::obey();
}

#[test]
fn no_attack_takes_more_memory_than_it_may() {
    let only = std::env::var("SIPSTAT_ATTACK").ok();
    for attack in ATTACKS.iter().filter(|a| only.as_deref().is_none_or(|o| o == a.name)) {
        let packets = packets() / attack.weight;
        survives(attack, &run(|out| (attack.write)(packets, out)));
    }
}

#[test]
fn four_times_the_attack_is_about_four_times_the_work() {
    if std::env::var_os("SIPSTAT_THOROUGH").is_none() {
        println!("without SIPSTAT_THOROUGH the work of attacks is not counted");
        return;
    }
    if !has_valgrind() {
        println!("no valgrind here: the work of attacks is not counted");
        return;
    }
    let only = std::env::var("SIPSTAT_ATTACK").ok();
    let rest = count_instructions(|out| wire::header(out));
    for attack in ATTACKS.iter().filter(|a| only.as_deref().is_none_or(|o| o == a.name)) {
        let n = (2_000 / attack.weight).max(8);
        let few = count_instructions(|out| (attack.write)(n, out)) - rest;
        let many = count_instructions(|out| (attack.write)(4 * n, out)) - rest;
        let factor = many as f64 / few as f64;
        println!(
            "{}: {} instructions a packet, {factor:.2} for four times as many",
            attack.name,
            many / (4 * n)
        );
        assert!(factor <= 5.5, "{}: {factor:.2} times the work for four times the packets", attack.name);
    }
}
