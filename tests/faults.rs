//! What breaks outside of captures: files that change while they are read, places that cannot be
//! written, pipes that close, signals. The report is complete or absent, and the status tells which.
#![cfg(unix)]

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::laws;
use crate::support::conversations;
use crate::support::flow::Ladder;
use serde_json::Value;
use sipstat::anomaly::Anomalies;
use sipstat::capture::Inputs;

/// Everything that writes to standard output, or with `-o` to a file.
const OUTPUTS: [&[&str]; 19] = [
    &[],
    &["--full"],
    &["-q"],
    &["-f", "json"],
    &["-f", "ndjson"],
    &["-f", "csv"],
    &["-f", "markdown"],
    &["-f", "html"],
    &["-f", "prometheus"],
    &["calls"],
    &["calls", "-f", "csv"],
    &["calls", "-f", "ndjson", "--sort", "end"],
    &["check", "--fail-if", "asr < 1%"],
    &["check", "-f", "json", "--fail-if", "asr < 1%"],
    &["check", "-f", "junit", "--fail-if", "asr < 1%"],
    &["check", "-f", "github", "--fail-if", "asr < 1%"],
    &["check", "-f", "markdown", "--fail-if", "asr < 1%"],
    &["merge"],
    &["merge", "-f", "json"],
];

fn sipstat() -> Command {
    Command::new(env!("CARGO_BIN_EXE_sipstat"))
}

fn place(test: &str) -> PathBuf {
    let dir = laws::scratch("faults").join(test);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir
}

/// A capture of some length: more than any buffer.
fn capture() -> Vec<u8> {
    Ladder::parse(&conversations::script(3, 400)).unwrap().build()
}

fn answered() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/answered.pcap")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

/// The frames left after `change` was made once `first` frames were read; the file's own report.
fn changed_while_read(name: &str, first: u64, change: impl FnOnce(&Path, &[u8])) -> (u64, bool, u64) {
    let path = place(name).join("x.pcap");
    let bytes = capture();
    fs::write(&path, &bytes).unwrap();
    let (mut inputs, mut notes) = (Inputs::open(std::slice::from_ref(&path)).unwrap(), Anomalies::default());
    let mut frames = 0;
    while frames < first && inputs.next(&mut notes).is_some() {
        frames += 1;
    }
    change(&path, &bytes);
    while inputs.next(&mut notes).is_some() {
        frames += 1;
    }
    let report = inputs.reports().remove(0);
    assert_eq!((report.frames, report.complete), (frames, report.problem.is_none()));
    let whole = laws::record_ends(&bytes).unwrap().len() as u64 - 1;
    (frames, report.complete, whole)
}

#[test]
fn a_file_that_grows_while_it_is_read_is_read_on_or_called_incomplete() {
    let append = |path: &Path, more: &[u8]| {
        OpenOptions::new().append(true).open(path).unwrap().write_all(more).unwrap();
    };
    let (frames, complete, whole) = changed_while_read("grows", 10, |path, bytes| append(path, &bytes[24..]));
    assert!(complete && (frames == whole || frames == 2 * whole), "{frames} of {whole}");
    // By half a record: what was there is kept, the half is told or not yet seen.
    let (frames, complete, whole) =
        changed_while_read("grows-half", 10, |path, bytes| append(path, &bytes[24..50]));
    assert_eq!(frames, whole);
    assert!(!complete || frames == whole);
}

#[test]
fn a_file_that_shrinks_while_it_is_read_keeps_what_was_read() {
    for keep in [0, 24, 1_000] {
        let (frames, complete, whole) = changed_while_read("shrinks", 10, |path, _| {
            OpenOptions::new().write(true).open(path).unwrap().set_len(keep).unwrap();
        });
        assert!((10..=whole).contains(&frames));
        assert_eq!(complete, frames == whole, "cut to {keep}: {frames} of {whole}");
    }
}

#[test]
fn a_file_that_is_replaced_while_it_is_read_is_read_as_it_was() {
    let (frames, complete, whole) = changed_while_read("replaced", 10, |path, _| {
        let other = path.with_extension("new");
        fs::write(&other, b"something else").unwrap();
        fs::rename(other, path).unwrap();
    });
    assert_eq!((frames, complete), (whole, true));
    let (frames, complete, whole) =
        changed_while_read("removed", 10, |path, _| fs::remove_file(path).unwrap());
    assert_eq!((frames, complete), (whole, true));
}

#[test]
fn a_file_that_is_overwritten_while_it_is_read_breaks_nothing() {
    for filler in [0_u8, 0xff, b'S'] {
        let (frames, _, _) = changed_while_read("overwritten", 10, |path, bytes| {
            fs::write(path, vec![filler; bytes.len()]).unwrap();
        });
        assert!(frames >= 10);
    }
}

#[test]
fn a_full_disk_is_told_and_leaves_no_half_report() {
    for format in OUTPUTS {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = sipstat().args(format).arg(answered()).stdout(full).output().unwrap();
        assert_eq!(code(&output), 1, "{format:?}");
        assert_eq!(text(&output.stderr).lines().count(), 1, "{}", text(&output.stderr));
        let output = sipstat().args(format).args(["-o", "/dev/full"]).arg(answered()).output().unwrap();
        assert_eq!((code(&output), output.stdout.len()), (1, 0), "{format:?}");
        assert!(text(&output.stderr).contains("/dev/full: cannot be written: "), "{}", text(&output.stderr));
    }
}

/// A file size limit stands for a disk that fills up while a regular file is written.
#[test]
fn a_disk_that_fills_up_leaves_the_old_report_and_nothing_beside_it() {
    let dir = place("fills");
    let out = dir.join("report.json");
    fs::write(&out, "the old one").unwrap();
    let script = format!(
        "trap '' XFSZ; ulimit -f 1; exec {} -f json -o {} {}",
        env!("CARGO_BIN_EXE_sipstat"),
        out.display(),
        answered().display()
    );
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert_eq!(code(&output), 1, "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(&out).unwrap(), "the old one");
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "nothing is left beside it");
}

/// A directory was not looked into, and `compare` looked nowhere: the report took the capture's place.
#[test]
fn a_capture_is_never_written_to_whatever_leads_to_it() {
    let dir = place("spared");
    let (capture, link) = (dir.join("day/a.pcap"), dir.join("link"));
    fs::create_dir_all(dir.join("day/below")).unwrap();
    fs::copy(answered(), &capture).unwrap();
    fs::copy(answered(), dir.join("day/below/b.pcap")).unwrap();
    std::os::unix::fs::symlink(&capture, &link).unwrap();
    let commands: [&[&str]; 9] = [
        &["-o", "OUT", "IN"],
        &["-f", "json", "-o", "OUT", "IN"],
        &["--save", "OUT", "IN"],
        &["calls", "-o", "OUT", "IN"],
        &["check", "-o", "OUT", "--fail-if", "asr < 1%", "IN"],
        &["extract", "-w", "OUT", "IN"],
        &["merge", "-o", "OUT", "IN"],
        &["merge", "--save", "OUT", "IN"],
        &["compare", "-o", "OUT", "IN", "BELOW"],
    ];
    let (day, below) = (dir.join("day"), dir.join("day/below"));
    for command in commands {
        for output in [&capture, &link] {
            for input in [&capture, &link, &day] {
                let args = command.iter().map(|arg| match *arg {
                    "OUT" => output.as_os_str(),
                    "IN" => input.as_os_str(),
                    "BELOW" => below.as_os_str(),
                    arg => arg.as_ref(),
                });
                let ran = sipstat().args(args).output().unwrap();
                let (error, what) = (text(&ran.stderr), format!("{command:?} {output:?} {input:?}"));
                assert_eq!((code(&ran), ran.stdout.len()), (2, 0), "{what}: {error}");
                assert!(error.contains("is a capture to be read; choose another file"), "{what}: {error}");
                assert_eq!(fs::read(&capture).unwrap(), fs::read(answered()).unwrap(), "{what}");
            }
        }
    }
    // Below is a capture only with -r; without, its place is one like another.
    let deep = sipstat().args(["-r", "-o"]).arg(below.join("b.pcap")).arg(&day).output().unwrap();
    assert_eq!(code(&deep), 2, "{}", text(&deep.stderr));
    assert_eq!(fs::read(below.join("b.pcap")).unwrap(), fs::read(answered()).unwrap());
    // What stands in a directory of captures and is none may be written anew.
    for _ in 0..2 {
        let ran = sipstat().args(["-f", "prometheus", "-o"]).arg(day.join("sip.prom")).arg(&day).output();
        assert_eq!(code(&ran.unwrap()), 0);
    }
}

#[test]
fn a_place_that_may_not_be_written_is_told_before_the_run() {
    let dir = place("forbidden");
    for place in ["/proc/nothing/report", "/sys/kernel/report", dir.to_str().unwrap()] {
        let output = sipstat().args(["-o", place]).arg(answered()).output().unwrap();
        assert_eq!((code(&output), output.stdout.len()), (1, 0), "{place}");
        let error = text(&output.stderr);
        assert!(error.contains("cannot be written: ") && error.lines().count() == 1, "{error}");
    }
}

#[test]
fn an_input_that_may_not_be_read_is_told_and_the_others_count() {
    let dir = place("unreadable");
    let secret = dir.join("secret.pcap");
    fs::copy(answered(), &secret).unwrap();
    fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    if File::open(&secret).is_ok() {
        // Root reads everything; a directory cannot be read as a file by anybody.
        eprintln!("run by root: permissions of inputs cannot be tried");
        return;
    }
    let output = sipstat().args(["-f", "json"]).args([&secret, &answered()]).output().unwrap();
    assert_eq!(code(&output), 4);
    assert!(text(&output.stderr).contains("secret.pcap: "), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["messages"]["total"].as_u64() > Some(0));
}

#[test]
fn a_closed_pipe_ends_every_output_quietly() {
    let more: [&[&str]; 6] = [
        &["show", "-"],
        &["show", "a"],
        &["explain"],
        &["schema"],
        &["extract", "-w", "-"],
        &["compare", "-f", "json", concat!(env!("CARGO_MANIFEST_DIR"), "/samples/answered.pcap")],
    ];
    for args in OUTPUTS.iter().chain(&more) {
        let mut command = sipstat();
        command.args(*args);
        if !matches!(args.first(), Some(&"explain" | &"schema")) {
            command.arg(answered());
        }
        // The reader is gone before anything is written.
        let mut ends = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
        let closed = Stdio::from(ends.stdin.take().unwrap());
        ends.wait().unwrap();
        let output = command.stdout(closed).stderr(Stdio::piped()).output().unwrap();
        let error = text(&output.stderr);
        let is_ours = |l: &str| !l.contains("messages in") && !l.contains("Call-ID");
        assert!(!error.lines().any(is_ours) && !error.contains("panicked"), "{args:?}: {error}");
        // A question that has several answers is a wrong command line, pipe or not.
        assert!(
            matches!(output.status.code(), Some(0)) || args[0] == "show",
            "{args:?}: {:?}",
            output.status
        );
    }
}

#[test]
fn what_is_saved_or_extracted_is_there_whole_or_not_at_all() {
    for args in [
        &["--save", "/dev/full"][..],
        &["extract", "-w", "/dev/full"],
        &["calls", "-f", "csv", "-o", "/dev/full"],
    ] {
        let output = sipstat().args(args).arg(answered()).output().unwrap();
        assert_eq!(code(&output), 1, "{args:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains("cannot be written: "), "{args:?}: {}", text(&output.stderr));
    }
    let dir = place("whole-or-not");
    for (option, name) in [("--save", "saved.json"), ("-o", "report.html")] {
        let out = dir.join(name);
        let output =
            sipstat().args(["-f", "html", option]).arg(&out).arg(dir.join("missing.pcap")).output().unwrap();
        assert_eq!((code(&output), out.exists()), (1, false), "{}", text(&output.stderr));
    }
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
}

#[test]
fn killed_while_rows_are_written_it_leaves_the_old_file() {
    let dir = place("killed");
    let out = dir.join("calls.csv");
    fs::write(&out, "the old ones").unwrap();
    let mut child = sipstat()
        .args(["calls", "-f", "csv", "--sort", "end", "-o", out.to_str().unwrap(), "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes = capture();
    input.write_all(&bytes).unwrap();
    // More than a pipe holds: most of it has been read.
    (0..3).for_each(|_| input.write_all(&bytes[24..]).unwrap());
    kill(&child, "-KILL");
    child.wait().unwrap();
    assert_eq!(fs::read_to_string(&out).unwrap(), "the old ones");
    // What was being written is beside it, hidden: no run takes it for a capture.
    for entry in fs::read_dir(&dir).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "calls.csv" || name.starts_with(".calls.csv."), "{name}");
    }
}

#[test]
fn bad_files_among_good_ones_are_told_and_the_others_count() {
    let dir = place("bad-files");
    let whole = sipstat().args(["-f", "json"]).arg(answered()).output().unwrap();
    let messages = |output: &Output| {
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (report["messages"]["total"].as_u64(), report["input"]["complete"] == true)
    };
    fs::write(dir.join("empty.pcap"), b"").unwrap();
    fs::write(dir.join("garbage.pcap"), [0xA5; 5_000]).unwrap();
    fs::write(dir.join("cut.pcap"), &fs::read(answered()).unwrap()[..30]).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.join("dangling.pcap")).unwrap();
    let bad: Vec<PathBuf> = ["empty", "garbage", "cut", "dangling", "missing"]
        .iter()
        .map(|n| dir.join(format!("{n}.pcap")))
        .collect();
    for (i, path) in bad.iter().enumerate() {
        let output = sipstat().args(["-f", "json"]).args([&answered(), path]).output().unwrap();
        assert_eq!(messages(&output), (messages(&whole).0, false), "{}", path.display());
        assert_eq!(code(&output), 4, "{}", text(&output.stderr));
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(text(&output.stderr).contains(name) || i == 0, "{name}: {}", text(&output.stderr));
    }
    let output = sipstat().args(["-f", "json"]).args(&bad).arg(answered()).output().unwrap();
    assert_eq!((messages(&output).0, code(&output)), (messages(&whole).0, 4));
}

#[test]
fn standard_output_by_its_name_is_written_directly() {
    let output = sipstat().args(["-f", "json", "-o", "/dev/stdout"]).arg(answered()).output().unwrap();
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok());
}

#[test]
fn what_is_no_regular_file_is_written_directly() {
    let dir = place("fifo");
    let fifo = dir.join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let reader = std::thread::spawn({
        let fifo = fifo.clone();
        move || fs::read_to_string(fifo).unwrap()
    });
    let output = sipstat().args(["-f", "json", "-o"]).arg(&fifo).arg(answered()).output().unwrap();
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let report: Value = serde_json::from_str(&reader.join().unwrap()).unwrap();
    assert_eq!(report["schema"], "sipstat.report/1");
    assert!(!fs::metadata(&fifo).unwrap().is_file(), "it is still a pipe");
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
}

#[test]
fn standard_input_that_ends_anywhere_is_counted_up_to_there() {
    let bytes = fs::read(answered()).unwrap();
    let ends = laws::record_ends(&bytes).unwrap();
    for cut in [24, 30, ends[1] - 1, ends[1], ends[3] + 7, bytes.len() - 1] {
        let mut child = piped();
        child.stdin.take().unwrap().write_all(&bytes[..cut]).unwrap();
        let output = child.wait_with_output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let whole = ends.contains(&cut);
        assert_eq!(report["input"]["complete"], whole, "cut at {cut}");
        assert_eq!(code(&output), if whole { 0 } else { 4 }, "cut at {cut}");
        assert_eq!(report["input"]["frames"], ends.iter().filter(|e| **e <= cut).count() as u64 - 1);
    }
}

/// A run on a pipe that stays open.
fn piped() -> Child {
    sipstat()
        .args(["-f", "json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn kill(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn asked_to_end_it_reports_what_was_read_and_says_that_it_is_not_all() {
    let bytes = fs::read(answered()).unwrap();
    for signal in ["-INT", "-TERM"] {
        let mut child = piped();
        let mut input = child.stdin.take().unwrap();
        input.write_all(&bytes[..24]).unwrap();
        // More than a pipe holds: when it is written, most of it has been read.
        (0..400).for_each(|_| input.write_all(&bytes[24..]).unwrap());
        kill(&child, signal);
        // It ends at the next frame; the pipe may close while this is written.
        let _ = input.write_all(&bytes[24..]);
        let output = child.wait_with_output().unwrap();
        drop(input);
        assert_eq!(code(&output), 4, "{signal}: {}", text(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["input"]["complete"], false, "{signal}");
        assert!(report["messages"]["total"].as_u64() > Some(100), "{signal}");
    }
}

#[test]
fn asked_twice_a_run_on_a_silent_pipe_ends_without_a_report() {
    for (signal, status) in [("-INT", 130), ("-TERM", 143)] {
        let mut child = piped();
        let mut input = child.stdin.take().unwrap();
        input.write_all(&fs::read(answered()).unwrap()).unwrap();
        // The handlers are there once the input is being read: it takes its first bytes after them.
        while fs::read_to_string(format!("/proc/{}/status", child.id())).is_ok_and(|s| !catches(&s)) {
            std::thread::yield_now();
        }
        kill(&child, signal);
        while child.try_wait().unwrap().is_none() {
            kill(&child, signal);
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let output = child.wait_with_output().unwrap();
        drop(input);
        assert_eq!((code(&output), output.stdout.len()), (status, 0), "{signal}");
    }
}

/// Whether a process catches SIGINT and SIGTERM, by its `SigCgt` line.
fn catches(status: &str) -> bool {
    let line = status.lines().find_map(|l| l.strip_prefix("SigCgt:"));
    let mask = line.and_then(|l| u64::from_str_radix(l.trim(), 16).ok()).unwrap_or(0);
    mask >> 1 & 1 == 1 && mask >> 14 & 1 == 1
}
