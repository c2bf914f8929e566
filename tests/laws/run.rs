//! Runs the library over captures and gives its JSON report.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sipstat::config::Config;
use sipstat::pipeline;

use crate::support::flow::Ladder;

/// What a run gave.
pub(crate) enum Outcome {
    /// A report.
    Report(Value),
    /// No input could be read, and why.
    Refused(String),
}

/// The JSON report on `captures`, byte for byte, by one thread: others give the same.
///
/// # Errors
/// When no input can be read.
pub(crate) fn json(captures: &[&Path]) -> Result<Vec<u8>, String> {
    json_by(&Config { threads: 1, ..Config::new(captures) })
}

/// The JSON report of any run.
///
/// # Errors
/// When no input can be read.
pub(crate) fn json_by(config: &Config) -> Result<Vec<u8>, String> {
    let summary = pipeline::run(config).map_err(|e| e.to_string())?;
    let mut out = Vec::new();
    sipstat::report::json::write(&summary, &mut out).expect("a vector takes all");
    Ok(out)
}

/// The report on `captures`.
pub(crate) fn report(captures: &[&Path]) -> Outcome {
    match json(captures) {
        Ok(bytes) => Outcome::Report(serde_json::from_slice(&bytes).expect("a report is JSON")),
        Err(why) => Outcome::Refused(why),
    }
}

/// Every committed capture, sorted.
pub(crate) fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let is_capture =
        |p: &PathBuf| [".pcap", ".pcapng", ".gz"].iter().any(|e| p.to_string_lossy().ends_with(e));
    let mut all: Vec<_> = fs::read_dir(folder)
        .expect("the samples are part of the project")
        .map(|e| e.expect("a folder can be read").path())
        .filter(is_capture)
        .collect();
    all.sort();
    assert!(all.len() >= 20, "samples are missing");
    all
}

/// Every test vector as a capture: its name and its bytes, sorted.
pub(crate) fn vectors() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut all: Vec<_> = fs::read_dir(folder)
        .expect("the vectors are part of the project")
        .map(|e| e.expect("a folder can be read").path())
        .filter(|p| p.extension().is_some_and(|e| e == "flow"))
        .map(|p| (p.file_stem().unwrap_or_default().display().to_string(), Ladder::load(&p).build()))
        .collect();
    all.sort();
    assert!(all.len() >= 50, "vectors are missing");
    all
}

/// A folder of its own for the captures that a test makes.
pub(crate) fn scratch(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

/// Where the records of a pcap file end, the file header first; `None` for other containers.
pub(crate) fn record_ends(file: &[u8]) -> Option<Vec<usize>> {
    let big = match file.get(..4)? {
        [0xa1, 0xb2, 0xc3, 0xd4] | [0xa1, 0xb2, 0x3c, 0x4d] => true,
        [0xd4, 0xc3, 0xb2, 0xa1] | [0x4d, 0x3c, 0xb2, 0xa1] => false,
        _ => return None,
    };
    let mut ends = vec![24];
    while let Some(length) = ends.last().and_then(|at| file.get(at + 8..at + 12)?.try_into().ok()) {
        let length = if big { u32::from_be_bytes(length) } else { u32::from_le_bytes(length) };
        let end = ends.last()? + 16 + length as usize;
        if end > file.len() {
            break;
        }
        ends.push(end);
    }
    Some(ends)
}
