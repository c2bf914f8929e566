//! The program as scripts and shells see it: messages, exit status, closed pipes.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn sipstat(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sipstat"));
    command.args(args).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command
}

/// Runs it: status, standard output, standard error.
fn run(args: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = sipstat(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[test]
fn help_and_version_are_answers() {
    let (status, out, err) = run(&["--version"]);
    assert_eq!(
        (status, out.as_str(), err.as_str()),
        (0, concat!("sipstat ", env!("CARGO_PKG_VERSION"), "\n"), "")
    );
    let (status, out, _) = run(&["--help"]);
    assert_eq!(status, 0);
    assert!(out.contains("Examples:") && out.lines().all(|l| l.chars().count() <= 100), "{out}");
}

#[test]
fn a_wrong_command_line_is_status_2_and_tells_what_is_right() {
    for (args, says) in [
        (&["--fulll", "a.pcap"][..], "--full"),
        (&[][..], "CAPTURE"),
        (&["--short-call", "6", "a.pcap"][..], "ms, s, m or h"),
        (&["explain", "bussy"][..], "did you mean 'busy'?"),
        (&["--full", "explain", "503"][..], "sipstat explain WORD"),
    ] {
        let (status, out, err) = run(args);
        assert_eq!((status, out.as_str()), (2, ""), "{args:?}: {err}");
        assert!(err.contains(says), "{args:?}: {err}");
    }
}

#[test]
fn explain_is_plain_in_a_pipe_and_coloured_on_demand() {
    let (status, out, err) = run(&["explain", "486"]);
    assert_eq!((status, err.as_str()), (0, ""));
    assert!(out.starts_with("486 Busy Here  (RFC 3261, Client Error)\n"), "{out}");
    let (_, out, _) = run(&["explain", "486", "--color", "always"]);
    assert!(out.starts_with("\u{1b}[1m486 Busy Here"), "{out}");
}

#[test]
fn messages_show_nothing_that_steers_a_terminal() {
    let (status, _, err) = run(&["explain", "x\u{1b}[2J\ny"]);
    assert_eq!(status, 2);
    assert_eq!(err.lines().count(), 1);
    assert!(err.contains("x\\u{1b}[2J\\ny"), "{err}");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let mut child = sipstat(&["explain"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
}

/// Lines follow from the capture alone and add up to the report, however slowly it is written.
#[cfg(unix)]
#[test]
fn a_capture_that_grows_is_followed_line_by_line_until_ctrl_c() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let capture = fs::read(samples.join("trunk-503.pcap")).unwrap();
    let path = std::env::temp_dir().join(format!("sipstat-follow-{}.pcap", std::process::id()));
    let (first, rest) = capture.split_at(capture.len() / 2);
    fs::write(&path, first).unwrap();
    let text = path.to_str().unwrap();
    let mut program = sipstat(&["--follow", "--interval", "1s", "-f", "ndjson", text]);
    let program = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(rest).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert!(Command::new("kill").args(["-INT", &program.id().to_string()]).status().unwrap().success());
    let output = program.wait_with_output().unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
    let all: Vec<serde_json::Value> =
        output.stdout.split(|b| *b == b'\n').filter_map(|l| serde_json::from_slice(l).ok()).collect();
    let lines: Vec<_> = all.iter().filter(|l| l["section"] == "interval").collect();
    let total = |name: &str| lines.iter().map(|l| l[name].as_u64().unwrap()).sum::<u64>();
    let of = |section: &str, name: &str| {
        all.iter().find(|l| l["section"] == section).unwrap()[name].as_u64().unwrap()
    };
    assert!(lines.len() > 2, "{lines:?}");
    assert_eq!((total("frames"), total("responses")), (of("input", "frames"), of("responses", "responses")));
    assert_eq!(total("attempts"), of("invite", "decided"));
}

/// Runs on a pipe that stays open, so that only the signal can end the run.
#[cfg(unix)]
#[test]
fn ctrl_c_prints_the_report_of_what_was_read_and_says_that_it_is_not_all() {
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/answered.pcap");
    let capture = fs::read(capture).unwrap();
    let (header, records) = capture.split_at(24);
    let mut program = Command::new(env!("CARGO_BIN_EXE_sipstat"))
        .args(["-f", "json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = program.stdin.take().unwrap();
    input.write_all(header).unwrap();
    // More than a pipe holds: when it is written, most of it has been read.
    (0..400).for_each(|_| input.write_all(records).unwrap());
    let kill = Command::new("kill").args(["-INT", &program.id().to_string()]).status().unwrap();
    assert!(kill.success());
    // It ends at the next frame; the pipe may close while this is written.
    let _ = input.write_all(records);
    let output = program.wait_with_output().unwrap();
    drop(input);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(report["input"]["complete"], false);
    assert!(report["messages"]["total"].as_u64().unwrap() > 100);
}
