//! JUnit XML as Jenkins and GitLab read it, against `junit.xsd` and its own counts.
//!
//! Needs xmllint (Debian: libxml2-utils): `SIPSTAT_XMLLINT` names it, or it is found on the path. Where
//! there is none, the tests say so and check the counts alone; with `CI` set they fail then, unless
//! `SIPSTAT_XMLLINT=none`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::laws::samples;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// The validator; `None` where there is none, which is said aloud.
fn xmllint() -> Option<PathBuf> {
    if let Some(named) = env::var_os("SIPSTAT_XMLLINT").map(PathBuf::from) {
        return (named != Path::new("none")).then_some(named).or_else(|| skipped("SIPSTAT_XMLLINT=none"));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|dir| dir.join("xmllint")).find(|p| p.is_file());
    assert!(
        found.is_some() || env::var_os("CI").is_none(),
        "CI without xmllint (libxml2-utils): SIPSTAT_XMLLINT=none accepts that"
    );
    found.or_else(|| skipped("no xmllint on the path"))
}

fn skipped(why: &str) -> Option<PathBuf> {
    eprintln!("JUnit XML is NOT VALIDATED: {why}");
    None
}

/// What xmllint has against `xml`; nothing without it.
fn complaint(xml: &str) -> Option<String> {
    let schema = Path::new(FOLDER).join("tests/junit.xsd");
    let mut run = Command::new(xmllint()?);
    run.args(["--noout", "--nonet", "--schema"]).arg(schema).arg("-");
    let mut run = run.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    run.stdin.take().unwrap().write_all(xml.as_bytes()).unwrap();
    let done = run.wait_with_output().unwrap();
    (!done.status.success()).then(|| String::from_utf8_lossy(&done.stderr).into_owned())
}

fn check(arguments: &[&str], capture: &Path) -> (Option<i32>, String) {
    let mut run = Command::new(env!("CARGO_BIN_EXE_sipstat"));
    let run = run.args(["check", "-f", "junit"]).args(arguments).arg(capture).output().unwrap();
    (run.status.code(), String::from_utf8(run.stdout).unwrap())
}

/// The value of an attribute of the first element of that name.
fn attribute(xml: &str, element: &str, name: &str) -> u64 {
    let (_, rest) = xml.split_once(&format!("<{element} ")).expect("an element");
    let (tag, _) = rest.split_once('>').expect("its end");
    let (_, value) = tag.split_once(&format!(" {name}=\"")).expect("an attribute");
    value.split('"').next().unwrap().parse().unwrap()
}

/// Valid, and its counts are those of its cases.
fn sound(xml: &str, what: &str) {
    if let Some(complaint) = complaint(xml) {
        panic!("{what}: {complaint}\n{xml}");
    }
    let count = |element: &str| xml.matches(&format!("<{element}")).count() as u64;
    for element in ["testsuites", "testsuite"] {
        assert_eq!(attribute(xml, element, "tests"), count("testcase "), "{what}\n{xml}");
        assert_eq!(attribute(xml, element, "failures"), count("failure "), "{what}\n{xml}");
        assert_eq!(attribute(xml, element, "skipped"), count("skipped "), "{what}\n{xml}");
        assert_eq!(attribute(xml, element, "errors"), 0);
    }
}

/// Names and explanations that would be markup, and one that would be no XML at all.
const NASTY: &str = r#"
[[rules]]
name = '<b>&amp;]]>"'
condition = 'count(5xx) >= 0'
explanation = "a < b & c ]]> \u0007 \uFFFE \n second line"

[[rules]]
name = "tab\tand line\nend"
condition = 'rate(5xx, SUBSCRIBE) > 1%'

[[rules]]
condition = 'attempts >= 0'
severity = 'warning'
"#;

#[test]
fn every_sample_with_every_kind_of_result_is_valid() {
    let rules = [
        ["--fail-if", "attempts >= 0"],
        ["--fail-if", "attempts > 100000"],
        ["--fail-if", "count(5xx) > 0"],
        ["--fail-if", "p95(pdd) > 1ms"],
        ["--fail-if", "rate(5xx, SUBSCRIBE) > 1%"],
    ];
    for capture in samples() {
        let (_, xml) = check(&rules.concat(), &capture);
        sound(&xml, &capture.display().to_string());
        let (status, strict) = check(&[&rules.concat()[..], &["--strict"]].concat(), &capture);
        sound(&strict, &capture.display().to_string());
        assert_eq!(status, Some(3));
        assert!(strict.matches("<failure ").count() > 1 && !strict.contains("<skipped"), "{strict}");
    }
}

#[test]
fn the_gate_s_regression_fails_its_cases_with_figures_and_calls() {
    let ci = Path::new(FOLDER).join("samples/ci");
    let file = |name: &str| ci.join(name).display().to_string();
    let (rules, base) = (file("rules.toml"), file("baseline.json"));
    let (status, xml) = check(&["--rules", &rules, "--baseline", &base], &ci.join("regressed.pcap.gz"));
    assert_eq!(status, Some(3));
    sound(&xml, "the regression");
    let case = xml.split("<testcase ").find(|c| c.starts_with("name=\"server failures\"")).expect("a case");
    assert!(case.contains("classname=\"sipstat.check\" time=\"0\""), "{case}");
    assert!(case.contains("<failure message=\"rate(5xx, INVITE) = 3.50% (7/200;"), "{case}");
    assert!(case.contains("type=\"breach\"") && case.contains("frame 98: 29-7615@127.0.0.1"), "{case}");
    assert!(xml.contains("<system-out>p95(setup) = 232 ms"), "{xml}");
}

#[test]
fn no_name_and_no_text_makes_it_invalid() {
    let rules = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nasty.toml");
    fs::write(&rules, NASTY).unwrap();
    let capture = Path::new(FOLDER).join("samples/torture.pcap");
    let (_, xml) = check(&["--rules", rules.to_str().unwrap()], &capture);
    sound(&xml, "nasty rules");
    assert!(xml.contains("&lt;b&gt;&amp;amp;]]&gt;&quot;"), "{xml}");
}

#[test]
fn the_schema_refuses_what_is_wrong() {
    let (_, xml) = check(&["--fail-if", "attempts >= 0"], &Path::new(FOLDER).join("samples/answered.pcap"));
    sound(&xml, "as it is");
    for (from, to) in [
        ("<failure message=", "<failure note="),
        ("tests=\"1\"", "tests=\"one\""),
        ("classname=\"sipstat.check\" ", ""),
        ("</failure>", "</failure><failure message=\"\" type=\"\"/>"),
        ("<testcase ", "<testcase file=\"x\" "),
    ] {
        assert!(xml.contains(from), "{from}: {xml}");
        if xmllint().is_some() {
            assert!(complaint(&xml.replacen(from, to, 1)).is_some(), "{from} to {to} is taken");
        }
    }
}
