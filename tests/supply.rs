//! What this program is made of, from `cargo metadata`: sources, licences, duplicates, and a reason for
//! each crate. The part of `cargo deny` (`.ci/deny.toml`) that needs no network and no tool.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

const MANIFEST: &str = include_str!("../Cargo.toml");
const DENY: &str = include_str!("../.ci/deny.toml");

/// Crates of which the program itself holds two versions, and why.
const TWICE: &[(&str, &str)] =
    &[("syn", "macros of pcap-file are of the first generation; at build time only")];

/// Crates beyond which somebody should ask why: what the program itself is linked from.
const MOST: usize = 105;

/// The packages that the program is built from, without what only tests need.
fn packages() -> Vec<Value> {
    let run = Command::new(env!("CARGO"))
        // Crates of other platforms may not be at hand yet.
        .args(["metadata", "--format-version=1", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let all: Value = serde_json::from_slice(&run.stdout).expect("metadata is JSON");
    let nodes: BTreeMap<&str, &Value> = list(&all["resolve"]["nodes"]).map(|n| (text(&n["id"]), n)).collect();
    let mut wanted = BTreeSet::new();
    let mut next = vec![text(&all["resolve"]["root"])];
    while let Some(id) = next.pop() {
        if !wanted.insert(id) {
            continue;
        }
        for d in list(&nodes[id]["deps"]) {
            // Of the usual kind or for building, on this platform or another.
            if list(&d["dep_kinds"]).any(|k| k["kind"] != "dev") {
                next.push(text(&d["pkg"]));
            }
        }
    }
    list(&all["packages"]).filter(|p| wanted.contains(text(&p["id"]))).cloned().collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn name(package: &Value) -> &str {
    text(&package["name"])
}

#[test]
fn every_crate_comes_from_the_registry() {
    for p in packages().iter().filter(|p| name(p) != "sipstat") {
        assert!(
            text(&p["source"]).starts_with("registry+https://github.com/rust-lang/crates.io-index"),
            "{}",
            name(p)
        );
    }
}

/// An SPDX expression: one of its alternatives has only licences that are allowed.
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let flat = expression.replace(['(', ')'], " ").replace('/', " OR ");
    let any = |all: &str| all.split(" OR ").any(|one| allowed.contains(&one.trim()));
    // "A AND (B OR C)" has ANDs outermost in all expressions that there are.
    flat.split(" AND ").all(any)
}

#[test]
fn every_licence_is_permissive() {
    let (_, list) = DENY.split_once("allow = [").expect("a list of licences");
    let allowed: Vec<&str> =
        list.split(']').next().unwrap_or_default().split('"').skip(1).step_by(2).collect();
    assert!(
        allowed.len() > 5
            && is_allowed("MIT OR GPL-2.0", &allowed)
            && !is_allowed("MIT AND GPL-2.0", &allowed)
    );
    for p in packages() {
        let licence = text(&p["license"]);
        assert!(is_allowed(licence, &allowed), "{}: {licence:?}", name(&p));
    }
}

#[test]
fn no_crate_is_there_twice_without_a_reason() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for p in packages() {
        versions.entry(name(&p).to_owned()).or_default().insert(text(&p["version"]).to_owned());
    }
    // The parts of Windows' own interface come in many versions, and are linked on Windows only.
    let twice = versions.iter().filter(|(n, v)| v.len() > 1 && !n.starts_with("windows"));
    for (crate_name, all) in twice {
        assert!(TWICE.iter().any(|(known, _)| known == crate_name), "{crate_name}: {all:?}");
    }
    let count = versions.keys().filter(|n| !n.starts_with("windows")).count();
    assert!(count <= MOST, "{count} crates");
    println!("{count} crates");
}

#[test]
fn every_dependency_says_what_it_is_for() {
    let (_, rest) = MANIFEST.split_once("[dependencies]\n").expect("dependencies");
    let (normal, rest) = rest.split_once("[dev-dependencies]\n").expect("dependencies of tests");
    let dev = rest.split("\n[").next().unwrap_or_default();
    for section in [normal, dev] {
        let mut reason = false;
        for line in section.lines() {
            match line {
                l if l.starts_with('#') => reason = true,
                "" => reason = false,
                // One reason may stand for crates that belong together.
                l => assert!(reason, "no reason above: {l}"),
            }
        }
    }
}

#[test]
fn versions_are_locked_for_the_fuzzer_as_well() {
    let lock = |text: &str| -> BTreeMap<String, String> {
        let blocks = text.split("[[package]]").skip(1);
        let field = |block: &str, key: &str| {
            let line = block.lines().find_map(|l| l.strip_prefix(&format!("{key} = \"")));
            line.map(|l| l.trim_end_matches('"').to_owned()).unwrap_or_default()
        };
        blocks.map(|b| (field(b, "name"), field(b, "version"))).collect()
    };
    let (ours, fuzz) = (lock(include_str!("../Cargo.lock")), lock(include_str!("../fuzz/Cargo.lock")));
    for name in ["pcap-file", "etherparse", "flate2", "zstd", "liblzma", "bzip2", "lz4_flex", "memchr"] {
        assert_eq!(ours.get(name), fuzz.get(name), "{name}: the fuzzer tries another version");
    }
}
