//! Rules from text to verdict, and the verdict in every format.

use super::*;
use crate::call::Outcome;
use crate::capture::FileReport;
use crate::flow::FrameId;
use crate::report::sample;
use crate::sip::StatusCode;
use crate::stats::Summary;
use crate::stats::summary::{CellCalls, SampleCall};
use crate::time::Timestamp;

fn trunk() -> Summary {
    let mut s = sample::trunk();
    let call = |n: u64, id: &str| SampleCall {
        time: Timestamp::from_nanos(1_772_546_400_000_000_000 + n as i64),
        frame: FrameId { file: 0, number: n },
        call_id: id.to_owned(),
    };
    s.input.files = vec![FileReport { path: "trunk.pcap".into(), complete: true, ..FileReport::default() }];
    s.calls.cells = vec![CellCalls {
        method: "INVITE".into(),
        status: StatusCode::new(503).unwrap(),
        calls: vec![call(7, "a@10.0.0.1"), call(12, "evil\u{1b}[31m\n::error::<b>%0A")],
    }];
    s.calls.outcomes = vec![(Outcome::Busy, vec![call(3, "b@10.0.0.1")])];
    s
}

fn judged(rules: &Rules) -> Verdict {
    rules.judge(&trunk(), false)
}

fn said(verdict: &Verdict, format: Format) -> String {
    let mut out = Vec::new();
    write(verdict, format, &mut out).unwrap();
    anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
}

const FILE: &str = "
min_sample = 10

[define]
reached = '1 - lost'
lost = 'outcomes.timed_out / invite.decided'

[[rules]]
name = 'no 503'
condition = 'count(503) > 0'
explanation = 'The carrier promises none.'

[[rules]]
condition = 'reached < 50%'

[[rules]]
name = 'slow refusals'
condition = 'p95(sdd_failed) > 3s'
severity = 'warning'

[[rules]]
name = 'busy'
condition = 'rate(486) > 1% with 95% confidence and asr < 99%'
severity = 'warning'
";

#[test]
fn a_file_of_rules_is_judged_rule_by_rule() {
    let mut rules = Rules::new(0);
    rules.read("rules.toml", FILE).unwrap();
    let verdict = judged(&rules);
    let status: Vec<_> = verdict.rules.iter().map(|r| r.status).collect();
    assert_eq!(status, [Status::Fail, Status::Pass, Status::NotEvaluated, Status::Fail]);
    assert!(verdict.is_breached());
    assert_eq!(verdict.status(), Status::Fail);
    assert_eq!(verdict.rules[1].name, "reached < 50%");
    let reached = verdict.rules[1].decisive().unwrap();
    assert!(matches!(reached.value.unwrap().of, crate::expr::Of::Fraction(..)) && reached.interval.is_some());
    let strict = rules.judge(&trunk(), true);
    assert_eq!(strict.rules[2].status, Status::Fail);
    assert!(!strict.rules[2].is_breach(), "a warning does not fail, strict or not");
}

#[test]
fn warnings_and_what_is_not_evaluated_do_not_fail_but_strictness_does() {
    let mut rules = Rules::new(1_000_000);
    rules.fail_if("asr < 99%").unwrap();
    let open = judged(&rules);
    assert_eq!((open.status(), open.is_breached()), (Status::NotEvaluated, false));
    assert!(rules.judge(&trunk(), true).is_breached());
    let mut rules = Rules::new(0);
    rules.read("rules.toml", "[[rules]]\ncondition = 'asr < 99%'\nseverity = 'warning'").unwrap();
    assert_eq!((judged(&rules).status(), judged(&rules).is_breached()), (Status::Pass, false));
}

#[test]
fn definitions_stand_in_the_report_and_may_use_one_another() {
    let mut rules = Rules::new(0);
    rules.read("rules.toml", FILE).unwrap();
    rules.define("slow=p95(pdd)").unwrap();
    let mut summary = trunk();
    rules.add_defined(&mut summary);
    let names: Vec<_> = summary.invite.defined.iter().map(|d| (d.name.as_str(), d.unit.id())).collect();
    assert_eq!(names, [("lost", "share"), ("reached", "share"), ("slow", "ms")]);
    let json = json_of(&summary);
    assert_eq!(json["invite"]["rates"]["lost"]["definition"], "outcomes.timed_out / invite.decided");
    assert_eq!(json["invite"]["rates"]["lost"]["denominator"], summary.invite.decided);
    assert!(json["invite"]["rates"]["slow"]["numerator"].is_null());
}

fn json_of(summary: &Summary) -> serde_json::Value {
    crate::report::json::value(summary).unwrap()
}

#[test]
fn a_baseline_is_an_earlier_report() {
    let mut rules = Rules::new(0);
    let earlier = json_of(&trunk()).to_string();
    rules.baseline(&earlier).unwrap();
    rules.define("mine=count(503) / attempts").unwrap();
    for (condition, expected) in [
        ("asr < base.asr", Status::Pass),
        ("asr < base.asr + 1%", Status::Fail),
        ("count(503) != base.count(503) or p95(pdd) > base.p95(pdd)", Status::Pass),
        ("base.rate(5xx, INVITE) == rate(5xx, INVITE)", Status::Fail),
        ("base.mine == mine and base.requests(INVITE) > 0", Status::Fail),
        ("base.responses.by_code[503] == responses.by_code[503]", Status::Fail),
        ("base.p95(sdd_failed) > 0s", Status::NotEvaluated),
    ] {
        let mut rules = rules.clone();
        rules.fail_if(condition).unwrap_or_else(|p| panic!("{condition}: {p}"));
        assert_eq!(judged(&rules).rules[0].status, expected, "{condition}");
    }
    let wrong = rules.fail_if("asr < base.asrr").unwrap_err().to_string();
    assert!(wrong.contains("'base.asrr' at character 7: no such figure; did you mean 'asr'?"), "{wrong}");
    for text in ["", "{}", "[1]", "{\"schema\": \"sipstat.report/2\"}"] {
        assert!(Rules::new(0).baseline(text).unwrap_err().contains("no JSON report of sipstat"), "{text}");
    }
    assert!(Rules::new(0).fail_if("asr < base.asr").unwrap_err().to_string().contains("--baseline FILE"));
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    for (text, says) in [
        (
            "[[rules]]\nname = 'x'\ncondition = 'asrr < 95%'",
            "line 3: 'asrr' at character 1: no such figure; did you mean 'asr'?",
        ),
        ("[[rules]]\nname = 'x'", "missing field `condition`"),
        ("[[rules]]\ncondition = 'asr < 3%'\nseverty = 'error'", "line 3: unknown field `severty`"),
        ("[[rules]]\ncondition = 'asr < 3%'\nseverity = 'fatal'", "line 3: unknown variant `fatal`"),
        ("[define]\nasr = 'ner'", "line 2: asr: this name is taken"),
        ("[define]\na1 = 'a2'\na2 = 'a1'", "line 2: a1: 'a2' at character 1: no such figure"),
        ("[define]\nBad = 'asr'", "a name is small letters"),
        ("[define]\nx1 = 'asr < 3%'", "a figure is a number"),
        ("rules = 3", "line 1: "),
        ("[[rules]\n", "line 1: "),
    ] {
        let error = Rules::new(0).read("rules.toml", text).expect_err(text);
        assert!(error.contains(says), "{text}: {error}");
    }
    assert!(Rules::new(0).read("rules.toml", &" ".repeat(2 << 20)).unwrap_err().contains("longer"));
    assert!(Rules::new(0).define("x").unwrap_err().contains("NAME=EXPR"));
    let many: String = (0..102).map(|i| format!("x{i} = 'asr'\n")).collect();
    assert!(
        Rules::new(0).read("rules.toml", &format!("[define]\n{many}")).unwrap_err().contains("more than 100")
    );
}

#[test]
fn text_is_one_line_a_rule_and_the_calls_of_a_breach() {
    let mut rules = Rules::new(0);
    rules.read("rules.toml", FILE).unwrap();
    rules.fail_if("input.complete == false").unwrap();
    let n = trunk().responses.by_code.iter().find(|c| c.status.get() == 503).unwrap().counts.first;
    let text = said(&judged(&rules), Format::Text);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], format!("FAIL  no 503: count(503) = {n}: bad is count(503) > 0"));
    assert_eq!(lines[1], "      The carrier promises none.");
    assert_eq!(lines[2], "      frame 7: a@10.0.0.1");
    assert!(lines[3].starts_with("      frame 12: evil\\"), "{}", lines[3]);
    assert!(lines[4].starts_with("pass  reached < 50%: reached = "), "{}", lines[4]);
    assert!(lines[5].starts_with("open  slow refusals: p95(sdd_failed) has no value"), "{}", lines[5]);
    assert!(
        lines[6].starts_with("WARN  busy: rate(486) = ") && lines[6].contains("95% interval"),
        "{}",
        lines[6]
    );
    assert_eq!(lines.last(), Some(&"1 of 5 rules failed, 1 warned, 1 not evaluated"));
}

#[test]
fn json_has_the_contracts_paths() {
    let mut rules = Rules::new(0);
    rules.read("rules.toml", FILE).unwrap();
    let json: serde_json::Value = serde_json::from_str(&said(&judged(&rules), Format::Json)).unwrap();
    assert_eq!((&json["schema"], &json["status"]), (&"sipstat.check/1".into(), &"fail".into()));
    let rule = &json["rules"][3];
    assert_eq!((&rule["name"], &rule["status"]), (&"busy".into(), &"fail".into()));
    assert_eq!(rule["limit"], 0.01);
    assert!(rule["value"].as_f64() > rule["interval"][0].as_f64());
    assert_eq!(rule["comparisons"].as_array().unwrap().len(), 2);
    assert_eq!(json["rules"][0]["calls"][0]["call_id"], "a@10.0.0.1");
    assert_eq!(json["rules"][0]["calls"][0]["frame"], 7);
    assert_eq!(json["rules"][2]["status"], "not_evaluated");
    assert_eq!(json["rules"][2]["reason"], "p95(sdd_failed) has no value");
}

#[test]
fn junit_is_one_case_a_rule_and_foreign_text_stays_text() {
    let mut rules = Rules::new(0);
    rules.read("rules.toml", FILE).unwrap();
    let xml = said(&judged(&rules), Format::Junit);
    assert!(xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"sipstat check\" tests=\"4\" failures=\"1\""), "{xml}");
    assert_eq!(xml.matches("<testcase ").count(), 4);
    assert_eq!((xml.matches("<failure ").count(), xml.matches("<skipped ").count()), (1, 1));
    assert!(!xml.contains("<b>") && !xml.contains('\u{1b}'), "{xml}");
}

#[test]
fn annotations_are_one_line_each_whatever_the_text() {
    let mut rules = Rules::new(0);
    rules.read("rules.toml", FILE).unwrap();
    let text = said(&judged(&rules), Format::Github);
    let commands: Vec<&str> = text.lines().filter(|l| l.starts_with("::")).collect();
    assert_eq!(commands.len(), 3, "{text}");
    assert!(
        commands[0].starts_with("::error file=rules.toml,line=10,title=sipstat%3A no 503::count(503) = "),
        "{}",
        commands[0]
    );
    assert!(commands[0].contains("%0Aframe 7: a@10.0.0.1%0Aframe 12: evil"), "{}", commands[0]);
    assert!(commands[0].contains("<b>%250A"), "{}", commands[0]);
    assert!(commands[1].starts_with("::notice ") && commands[2].starts_with("::warning "), "{text}");
    assert_eq!(text.lines().count(), 4);
}

#[test]
fn markdown_is_a_table_that_foreign_text_cannot_leave() {
    let mut rules = Rules::new(0);
    rules.read("rules.toml", "[[rules]]\nname = 'a|b `c` <i>'\ncondition = 'count(503) > 0'").unwrap();
    let text = said(&judged(&rules), Format::Markdown);
    assert!(text.contains("| ❌ fail | a\\|b \\`c\\` \\<i\\> | count(503) = "), "{text}");
    assert!(text.contains("- frame 7: `a@10.0.0.1`"), "{text}");
    assert!(text.lines().all(|l| !l.starts_with("::")), "{text}");
}

#[test]
fn a_thousand_rules_are_still_a_comment_and_breaches_stay_in_sight() {
    let mut rules = Rules::new(0);
    let long = "|".repeat(3_000);
    for i in 0..1_000 {
        let bad = if i % 2 == 0 { "count(503) > 0" } else { "attempts < 1" };
        let text = format!(
            "[[rules]]\nname = '{i} {long}'\ncondition = '{bad} or attempts < {}'\nexplanation = '{long}'",
            i % 2 + 1
        );
        rules.read("rules.toml", &text).unwrap();
    }
    let text = said(&judged(&rules), Format::Markdown);
    let length = text.chars().count();
    assert!(length < crate::report::markdown::COMMENT, "{length}");
    assert_eq!((text.matches("❌ fail").count(), text.matches("✅ pass").count()), (40, 0));
    assert!(text.contains("| | 960 more | | |"), "{text}");
}
