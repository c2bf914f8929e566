//! Replays the saved inputs of the fuzz targets through the same functions, on any compiler; and
//! checks that each door has all that belongs to it.
//!
//! `SIPSTAT_FUZZ_CORPUS=DIR` writes what fuzzing starts from into `DIR/DOOR/`: pieces of the samples
//! and test vectors, or of the captures that `SIPSTAT_FUZZ_FROM` names.

use std::fs;
use std::path::{Path, PathBuf};

use crate::doors::DOORS;
use crate::laws;
use crate::seeds;

fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

/// The files of a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    let mut all: Vec<_> = entries.filter(|p| p.is_file()).collect();
    all.sort();
    all
}

#[test]
fn every_door_has_its_target_and_its_saved_inputs() {
    let manifest = fs::read_to_string(place("Cargo.toml")).unwrap();
    let count = manifest.matches("[[bin]]").count();
    assert_eq!(count, DOORS.len(), "a [[bin]] in fuzz/Cargo.toml for each door");
    for (door, _) in DOORS {
        assert!(
            manifest.contains(&format!("name = \"{door}\"\npath = \"fuzz_targets/{door}.rs\"")),
            "{door}"
        );
        let target = fs::read_to_string(place("fuzz_targets").join(format!("{door}.rs"))).unwrap_or_default();
        assert!(target.contains(&format!("sipstat_fuzz::doors::{door}(data)")), "fuzz_targets/{door}.rs");
        assert!(!files(&place("seeds").join(door)).is_empty(), "fuzz/seeds/{door} is empty");
    }
}

#[test]
fn saved_inputs_stay_small() {
    let bytes = |p: PathBuf| fs::metadata(p).unwrap().len();
    let all = DOORS.iter().flat_map(|(door, _)| files(&place("seeds").join(door)));
    let sizes: Vec<u64> = all.map(bytes).collect();
    assert!(sizes.iter().sum::<u64>() < 600 << 10, "{} bytes in {}", sizes.iter().sum::<u64>(), sizes.len());
}

#[test]
fn saved_inputs_break_nothing() {
    for (door, enter) in DOORS {
        for path in files(&place("seeds").join(door)) {
            let input = fs::read(&path).unwrap();
            let broken = std::panic::catch_unwind(|| enter(&input)).is_err();
            assert!(!broken, "{}: see the panic above", path.display());
        }
    }
}

#[test]
fn empty_and_tiny_inputs_break_nothing() {
    for (_, enter) in DOORS {
        enter(b"");
        for byte in 0..=255 {
            enter(&[byte]);
            enter(&[byte; 3]);
        }
    }
}

#[test]
fn pieces_of_samples_and_vectors_break_nothing() {
    let folder = std::env::var_os("SIPSTAT_FUZZ_CORPUS").map(PathBuf::from);
    let captures = match std::env::var_os("SIPSTAT_FUZZ_FROM") {
        Some(from) => files(Path::new(&from)),
        None => laws::samples(),
    };
    let vectors = laws::scratch("fuzz-vectors");
    let built = laws::vectors().into_iter().map(|(name, bytes)| {
        let path = vectors.join(name);
        fs::write(&path, bytes).unwrap();
        path
    });
    // Vectors differ in what happens, not in bytes: a tenth of them shows each form.
    let own = std::env::var_os("SIPSTAT_FUZZ_FROM").is_none();
    for capture in captures.into_iter().chain(built.step_by(10).filter(|_| own)) {
        for (door, input) in seeds::of(&capture) {
            match &folder {
                Some(folder) => seeds::save(&folder.join(door), &input),
                None => DOORS.iter().find(|(name, _)| *name == door).expect("a door").1(&input),
            }
        }
    }
}
