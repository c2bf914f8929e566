//! The program as scripts and shells see it: messages, exit status, closed pipes.

use std::io::Read;
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
