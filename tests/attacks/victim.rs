//! The process that is attacked: this test program again, which runs the library on its standard
//! input and tells what it took.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use sipstat::config::Config;
use sipstat::pipeline;
use sipstat::report::{json, text};

use crate::wire::Out;

/// Where the child writes what it found.
const ORDER: &str = "SIPSTAT_ATTACK_REPORT";

/// What became of it.
pub(crate) struct Victim {
    /// Greatest resident size.
    pub(crate) peak_mib: u64,
    /// The JSON report.
    pub(crate) report: Value,
}

impl Victim {
    pub(crate) fn frames(&self) -> u64 {
        self.report["input"]["frames"].as_u64().unwrap_or_default()
    }

    pub(crate) fn anomaly(&self, id: &str) -> u64 {
        let rows = self.report["input"]["anomalies"].as_array().into_iter().flatten();
        rows.filter(|a| a["id"] == id).filter_map(|a| a["count"].as_u64()).sum()
    }
}

/// The child's part.
pub(crate) fn obey() {
    let Some(place) = std::env::var_os(ORDER) else { return };
    let config = Config { threads: 1, ..Config::new(["-"]) };
    let summary = pipeline::run(&config).expect("an attack is a capture");
    let mut out = Vec::new();
    json::write(&summary, &mut out).expect("a vector takes all");
    for full in [false, true] {
        text::write(&summary, &text::Options { columns: 80, full }, &mut Vec::new())
            .expect("so does this one");
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or("VmHWM: 0");
    let kib: String = peak.chars().filter(char::is_ascii_digit).collect();
    fs::write(place, [kib.as_bytes(), b"\n", &out].concat()).expect("the target folder can be written");
}

fn child(mut command: Command, write: impl FnOnce(Out<'_>)) -> (PathBuf, String) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("attacks");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let place = folder.join(format!("{}-{number}", std::process::id()));
    let errors = place.with_extension("err");
    let mut child = command
        .args(["--exact", "a_child_runs_what_it_is_told", "--test-threads=1"])
        .env(ORDER, &place)
        .env("RUST_TEST_THREADS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(fs::File::create(&errors).expect("the target folder can be written"))
        .spawn()
        .expect("this program can be run again");
    let mut out = BufWriter::with_capacity(1 << 16, child.stdin.take().expect("a pipe"));
    write(&mut out);
    let _ = out.flush();
    drop(out);
    let status = child.wait().expect("a child ends");
    let errors = fs::read_to_string(errors).unwrap_or_default();
    assert!(status.success(), "{status}: {errors}");
    (place, errors)
}

/// Streams what `write` writes into a run.
pub(crate) fn run(write: impl FnOnce(Out<'_>)) -> Victim {
    let program = std::env::current_exe().expect("this program has a path");
    let (place, _) = child(Command::new(program), write);
    let text = fs::read(&place).expect("the child has reported");
    let line = text.iter().position(|b| *b == b'\n').expect("a first line");
    let kib: u64 = String::from_utf8_lossy(&text[..line]).parse().expect("a number");
    let report = serde_json::from_slice(&text[line + 1..]).expect("a report is JSON");
    let _ = fs::remove_file(place);
    Victim { peak_mib: kib.div_ceil(1024), report }
}

pub(crate) fn has_valgrind() -> bool {
    Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// Instructions that a run takes, by valgrind.
pub(crate) fn count_instructions(write: impl FnOnce(Out<'_>)) -> u64 {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(std::env::current_exe().expect("this program has a path"));
    let (_, said) = child(command, write);
    let line = said.lines().find_map(|l| l.split_once("Collected : "));
    let number = line.and_then(|(_, n)| n.trim().parse().ok());
    number.unwrap_or_else(|| panic!("valgrind counts: {said}"))
}
