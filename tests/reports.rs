//! Every sample in every format against its snapshot in `tests/expected`, and the README's example.
//!
//! `SIPSTAT_BLESS=1` writes the snapshots anew: read each difference before it is committed. Reports
//! are made inside `samples`, so that they name files without a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::laws::{self, samples};
use serde_json::Value;

/// Formats by the ending of their snapshots.
const FORMATS: [(&str, &[&str]); 7] = [
    ("txt", &[]),
    ("full.txt", &["--full"]),
    ("json", &["--format", "json"]),
    ("ndjson", &["--format", "ndjson"]),
    ("csv", &["--format", "csv"]),
    ("md", &["--format", "markdown"]),
    ("prom", &["--format", "prometheus"]),
];

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program in `folder`, where no terminal and no setting changes what it prints.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_sipstat"));
    program.current_dir(folder).args(arguments).env_remove("COLUMNS").env_remove("CLICOLOR_FORCE");
    program.output().expect("the program was built with these tests")
}

fn report(capture: &Path, options: &[&str]) -> (String, Output) {
    let name = capture.file_name().expect("a sample has a name").to_str().expect("a plain one");
    let output = run(&project().join("samples"), &[options, &[name]].concat());
    (String::from_utf8(output.stdout.clone()).expect("a report is UTF-8"), output)
}

/// What a person sees of a file's name.
fn name(capture: &Path) -> String {
    capture.file_name().unwrap_or_default().display().to_string()
}

fn snapshot(capture: &Path, ending: &str) -> PathBuf {
    project().join("tests/expected").join(format!("{}.{ending}", name(capture)))
}

/// The first line that differs, for a message one can act on.
fn difference(expected: &str, actual: &str) -> String {
    let (mut e, mut a) = (expected.lines(), actual.lines());
    for line in 1.. {
        match (e.next(), a.next()) {
            (None, None) => break,
            (x, y) if x == y => {}
            (x, y) => return format!("line {line}: expected {x:?}, got {y:?}"),
        }
    }
    "line ends".into()
}

#[test]
fn every_sample_in_every_format_is_as_it_was_read_and_accepted() {
    let mut wrong = Vec::new();
    for capture in samples() {
        for (ending, options) in FORMATS {
            let (text, _) = report(&capture, options);
            let path = snapshot(&capture, ending);
            if std::env::var_os("SIPSTAT_BLESS").is_some() {
                fs::create_dir_all(path.parent().expect("a folder")).expect("snapshots can be written");
                fs::write(&path, &text).expect("snapshots can be written");
            }
            let expected = fs::read_to_string(&path).unwrap_or_default();
            if expected != text {
                wrong.push(format!("{}.{ending}: {}", name(&capture), difference(&expected, &text)));
            }
        }
    }
    assert!(wrong.is_empty(), "SIPSTAT_BLESS=1 writes them anew\n  {}", wrong.join("\n  "));
}

#[test]
fn every_snapshot_is_of_a_sample() {
    let known: Vec<_> =
        samples().iter().flat_map(|c| FORMATS.map(|(ending, _)| snapshot(c, ending))).collect();
    for entry in fs::read_dir(project().join("tests/expected")).expect("the snapshots are committed") {
        let path = entry.expect("a folder can be read").path();
        assert!(known.contains(&path), "{} is a snapshot of nothing", path.display());
    }
}

#[test]
fn the_exit_status_says_whether_everything_was_read() {
    for capture in samples() {
        let (text, output) = report(&capture, &["--format", "json"]);
        let json: Value = serde_json::from_str(&text).expect("a report is JSON");
        let whole = json["input"]["complete"] == true && json["input"]["exact"] == true;
        assert_eq!(output.status.code(), Some(if whole { 0 } else { 4 }), "{}", name(&capture));
        assert_eq!(output.stderr.is_empty(), whole, "{}: standard error", name(&capture));
    }
}

/// Digits are grouped in text: `6,134`.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let first = digits.len() % 3;
    let groups = digits.as_bytes()[first..].chunks(3).map(|c| String::from_utf8_lossy(c).into_owned());
    let head = (first > 0).then(|| digits[..first].to_owned());
    head.into_iter().chain(groups).collect::<Vec<_>>().join(",")
}

#[test]
fn text_and_json_agree_on_the_headline_figures() {
    for capture in samples() {
        let json: Value =
            serde_json::from_str(&report(&capture, &["-f", "json"]).0).expect("a report is JSON");
        let n = |path: &str| laws::number(&json, path);
        let mut says = vec![format!("{} frame", grouped(n("input.frames")))];
        says.push(match n("messages.total") {
            0 => "no SIP found".to_owned(),
            total => format!("{} SIP message", grouped(total)),
        });
        if n("invite.attempts") > 0 {
            says.push(format!("INVITE attempts {}", grouped(n("invite.attempts"))));
            says.push(format!("Of {} decided", grouped(n("invite.decided"))));
            let (asr, of) = (n("invite.rates.asr.numerator"), n("invite.rates.asr.denominator"));
            says.push(format!("{}/{}", grouped(asr), grouped(of)));
        }
        if n("failures.total") > 0 {
            let (failures, finals) = (grouped(n("failures.total")), grouped(n("failures.finals")));
            says.push(format!("Failure responses: {failures} of {finals} final"));
        }
        for options in [&[] as &[&str], &["--full"]] {
            let text = report(&capture, options).0;
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            for said in &says {
                assert!(text.contains(said), "{} {options:?} does not say {said:?}", name(&capture));
            }
        }
    }
}

#[test]
fn screen_one_fits_a_screen_and_no_line_is_wider_than_it() {
    for capture in samples() {
        let text = report(&capture, &[]).0;
        assert!(text.lines().count() <= 50, "{}: {} lines", name(&capture), text.lines().count());
        let width = text.lines().map(|l| l.chars().count()).max().unwrap_or(0);
        assert!(width <= 80, "{}: {width} columns", name(&capture));
        assert!(!text.contains('\u{1b}'), "{}: colour in a pipe", name(&capture));
    }
}

/// Every `$ sipstat …` of the README, with what stands below it.
#[test]
fn the_examples_of_the_readme_are_what_the_program_prints() {
    let readme = fs::read_to_string(project().join("README.md")).expect("a README");
    let blocks: Vec<&str> =
        readme.split("```console\n").skip(1).filter_map(|b| b.split("\n```").next()).collect();
    assert!(!blocks.is_empty(), "the README shows no example");
    for block in blocks {
        let (command, printed) = block.split_once('\n').expect("a command and what it prints");
        let arguments = command.strip_prefix("$ sipstat ").expect("examples are of sipstat").split(' ');
        let output = run(project(), &arguments.collect::<Vec<_>>());
        let actual = String::from_utf8_lossy(&output.stdout);
        let diff = difference(printed, actual.trim_end());
        assert!(actual.trim_end() == printed, "{command}: {diff}");
    }
}
