//! The gate of `samples/ci`, as a job in CI runs it: traffic recorded twice passes, a build that refuses
//! three calls in a hundred does not, and a rule that is mistyped never passes.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const RULES: [&str; 5] = ["check", "--rules", "rules.toml", "--baseline", "baseline.json"];

/// The program's word on `arguments`, run within `samples/ci`.
fn run(arguments: &[&str]) -> Output {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/ci");
    let program = Command::new(env!("CARGO_BIN_EXE_sipstat")).args(arguments).current_dir(folder).output();
    program.expect("the program runs")
}

fn checked(more: &[&str]) -> (Option<i32>, String) {
    let output = run(&[&RULES, more].concat());
    (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
}

#[test]
fn the_same_traffic_recorded_again_passes() {
    for capture in ["before.pcap.gz", "again.pcap.gz"] {
        let (status, text) = checked(&[capture]);
        assert_eq!(status, Some(0), "{text}");
        assert!(text.ends_with("5 of 5 rules passed\n"), "{text}");
    }
}

/// `scenarios/sick.xml`: seven of two hundred calls got a 503.
#[test]
fn three_percent_of_503_fail_with_the_figure_and_the_calls() {
    let (status, text) = checked(&["regressed.pcap.gz"]);
    assert_eq!(status, Some(3), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[1],
        "FAIL  server failures: rate(5xx, INVITE) = 3.50% (7/200; 95% interval 1.71% to 7.05%): bad is \
         rate(5xx, INVITE) > 1% with 95% confidence"
    );
    let calls = lines.iter().skip(3).take_while(|l| l.starts_with("      frame ") && l.contains('@')).count();
    assert_eq!(calls, 5, "{text}");
    assert!(lines[0].starts_with("pass  whole recording"), "{text}");
    assert!(text.contains("\nFAIL  answered less than before: asr = 96.50% (193/200;"), "{text}");
    assert!(lines.last().is_some_and(|l| l.starts_with("2 of 5 rules failed")), "{text}");
}

#[test]
fn every_format_tells_the_same() {
    let (_, json) = checked(&["-f", "json", "regressed.pcap.gz"]);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let status: Vec<_> =
        json["rules"].as_array().expect("rules").iter().map(|r| r["status"].as_str()).collect();
    assert_eq!(status, ["pass", "fail", "pass", "fail", "pass"].map(Some));
    assert_eq!(json["status"], "fail");
    for (format, failed) in [("junit", "<failure "), ("github", "::error "), ("markdown", "❌ fail")] {
        let (code, text) = checked(&["-f", format, "regressed.pcap.gz"]);
        assert_eq!((code, text.matches(failed).count()), (Some(3), 2), "{format}: {text}");
    }
}

#[test]
fn a_file_for_machines_leaves_the_text_to_the_log() {
    let file = std::env::temp_dir().join(format!("sipstat-check-{}.xml", std::process::id()));
    let (status, text) = checked(&["-f", "junit", "-o", file.to_str().expect("UTF-8"), "regressed.pcap.gz"]);
    let xml = std::fs::read_to_string(&file).expect("written");
    std::fs::remove_file(file).expect("removed");
    assert_eq!(status, Some(3));
    assert!(xml.contains("<failure ") && !xml.contains("FAIL"), "{xml}");
    assert_eq!(text, checked(&["regressed.pcap.gz"]).1);
}

#[test]
fn threads_change_nothing() {
    let with = |threads: &str| {
        let conditions =
            ["--fail-if", "asr < 99%", "--fail-if", "count(5xx) > 0", "--fail-if", "max(pdd) > 1s"];
        let end = ["-f", "json", "-j", threads, "../trunk-incident.pcapng.gz"];
        run(&[&["check"], &conditions[..], &end].concat()).stdout
    };
    let one = with("1");
    assert_eq!(String::from_utf8_lossy(&one).matches("call_id").count(), 15);
    assert_eq!(one, with("2"));
    assert_eq!(one, with("7"));
}

#[test]
fn findings_are_counted() {
    let incident = ["check", "--fail-if", "findings > 0", "../trunk-incident.pcapng.gz"];
    assert_eq!(run(&incident).status.code(), Some(3));
    assert_eq!(run(&["check", "--fail-if", "findings > 0", "before.pcap.gz"]).status.code(), Some(0));
}

#[test]
fn what_is_mistyped_or_cut_off_never_passes() {
    let code = |arguments: &[&str]| run(arguments).status.code();
    assert_eq!(code(&["check", "--fail-if", "asrr < 95%", "before.pcap.gz"]), Some(2));
    assert_eq!(code(&["check", "--fail-if", "asr < 95", "before.pcap.gz"]), Some(2));
    assert_eq!(code(&["check", "--rules", "rules.toml", "before.pcap.gz"]), Some(2), "no baseline");
    assert_eq!(code(&["check", "--rules", "record.sh", "before.pcap.gz"]), Some(2), "no rules");
    assert_eq!(code(&["check", "before.pcap.gz"]), Some(2), "nothing to check");
    let strict = ["check", "--fail-if", "rate(5xx, SUBSCRIBE) > 1%", "before.pcap.gz"];
    assert_eq!(code(&strict), Some(0), "not evaluated");
    assert_eq!(code(&[&strict[..], &["--strict"]].concat()), Some(3));
    let refused = run(&["check", "--fail-if", "rate(5xx, INVTE) > 1%", "before.pcap.gz"]);
    assert_eq!(
        String::from_utf8_lossy(&refused.stderr),
        "sipstat: --fail-if: 'INVTE' at character 11: no such method; did you mean 'INVITE'?\n"
    );
}

#[test]
fn a_baseline_is_a_report_a_saved_summary_or_the_capture_itself() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("check-baseline");
    std::fs::create_dir_all(&dir).expect("a folder");
    let file = |name: &str| dir.join(name).display().to_string();
    let (report, saved) = (file("report.json"), file("saved.json"));
    assert!(run(&["-f", "json", "-o", &report, "before.pcap.gz"]).status.success());
    assert!(run(&["-q", "--save", &saved, "before.pcap.gz"]).status.success());
    let against = |base: &str, rules: &[&str]| {
        let output = run(&[&["check", "--baseline", base], rules, &["regressed.pcap.gz"]].concat());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let rules = ["--rules", "rules.toml", "--define", "lost=outcomes.timed_out / attempts"];
    let own = ["--fail-if", "base.lost > 0%", "--fail-if", "p95(pdd) > base.p95(pdd) * 10"];
    let all = [&rules[..], &own].concat();
    let expected = against(&report, &all);
    assert_eq!(expected.0, Some(3), "{expected:?}");
    for base in [saved.as_str(), "before.pcap.gz"] {
        assert_eq!(against(base, &all), expected, "{base}");
    }
    // What nothing can be held against is refused, and a mistyped rule before anything is read.
    for (base, rules, says) in [
        ("../truncated.pcap", &rules[..], "the baseline was not read whole"),
        ("rules.toml", &rules, "rules.toml"),
        ("nowhere.json", &["--fail-if", "asr < base.asrr"], "did you mean 'asr'?"),
    ] {
        let (status, out, err) = against(base, rules);
        assert!(matches!(status, Some(1 | 2)) && err.contains(says), "{base}: {status:?} {out} {err}");
    }
    let (status, _, err) = against(&saved, &["--fail-if", "asr < base.asr", "--short-call", "3s"]);
    assert!(status == Some(2) && err.contains("was counted with --short-call 6s, not with 3s"), "{err}");
}
