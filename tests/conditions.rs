//! Conditions as somebody writes them who mistypes, or means ill: none that means nothing passes, and
//! what cannot be told is neither true nor false.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;
use sipstat::check::{Format, Rules, Status, write};
use sipstat::config::Config;
use sipstat::pipeline;
use sipstat::stats::Summary;

static TRUNK: LazyLock<Summary> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/trunk-incident.pcapng.gz");
    pipeline::run(&Config::new([path])).expect("a report")
});

fn judged(condition: &str) -> Status {
    let mut rules = Rules::new(0);
    rules.fail_if(condition).unwrap_or_else(|why| panic!("{condition}: {why}"));
    rules.judge(&TRUNK, false).rules[0].status
}

fn refused(condition: &str) -> String {
    match Rules::new(0).fail_if(condition) {
        Err(why) => why,
        Ok(()) => panic!("{condition} is taken"),
    }
}

fn json(rules: &Rules) -> Value {
    let mut out = Vec::new();
    write(&rules.judge(&TRUNK, false), Format::Json, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn what_means_nothing_is_refused_with_what_may_be_meant() {
    for (condition, says) in [
        // Without a unit nobody knows what is meant.
        ("asr < 95", "asr is a share: write 95%"),
        ("asr < 0.95", "asr is a share: write 95%, or 0.95% if that is meant"),
        ("rate(5xx) > 2", "rate(5xx) is a share: write 2%"),
        ("p95(pdd) > 3", "a time has a unit: us, ms, s, min or h"),
        ("p95(pdd) > 300m", "units are %, us, ms, s, min, h"),
        ("delays.pdd.p95_ms > 3000", "a time has a unit"),
        // Of another kind.
        ("p95(pdd) > 3%", "a time is not compared with a share"),
        ("attempts > 10%", "a count is not compared with a share"),
        ("attempts > 5s", "a count is not compared with a time"),
        ("input.complete == 1", "true or false is not compared with a number"),
        ("input.complete == 'false'", "true or false is not compared with text"),
        ("input.complete > false", "compared by == or !="),
        ("'asr' < 95%", "text is not compared with a share"),
        ("asr ~ '9*'", "has no pattern"),
        ("attempts > 5 with 95% confidence", "belongs to a share with a fraction"),
        ("p95(pdd) > 3s with 95% confidence", "belongs to a share with a fraction"),
        ("asr == 95% with 95% confidence", "belongs to <, <=, > or >="),
        // The same for every capture.
        ("asr > 100%", "the same answer for every capture"),
        ("asr < 0%", "the same answer for every capture"),
        ("attempts < 0", "the same answer for every capture"),
        ("true", "the same answer for every capture"),
        ("false", "the same answer for every capture"),
        ("not false", "the same answer for every capture"),
        ("1 > 2", "the same answer for every capture"),
        ("503 > 3", "the same answer for every capture"),
        ("5s > 3s", "the same answer for every capture"),
        ("2 * 3 == 7", "the same answer for every capture"),
        ("asr < asr", "the same answer for every capture"),
        ("count(503) > count( 503 )", "the same answer for every capture"),
        ("asr < 95% and false", "the same answer for every capture"),
        ("asr < 95% or true", "the same answer for every capture"),
        ("asr < 95% or 1 > 2", "the same answer for every capture"),
        // Names.
        ("asrr < 95%", "did you mean 'asr'?"),
        ("ASR < 95%", "did you mean 'asr'?"),
        ("asr < 95% or asrr < 1%", "'asrr' at character 14: no such figure; did you mean 'asr'?"),
        ("outcomes.timedout > 0", "did you mean 'timed_out'?"),
        ("outcomes.timed_out.counts > 0", "did you mean 'count'?"),
        ("input.fates.sipp > 0", "did you mean 'sip'?"),
        ("outcomes > 0", "no figure by itself; behind it may stand answered"),
        ("p95(response_time) > 1s", "behind it may stand a method"),
        ("findings.total > 0", "nothing stands behind it"),
        ("notes[nonsense] > 0", "no such note"),
        ("p95 > 3s", "p95 takes a delay: p95(pdd)"),
        ("count > 3", "count takes a code or class"),
        ("p96(pdd) > 3s", "no such function; did you mean 'p90'?"),
        ("abs(asr) > 1%", "no such function"),
        ("base.asr < 95%", "there is no baseline: give --baseline FILE"),
        ("code == 503", "no such figure"),
        // Arguments.
        ("count() > 0", "count takes a code or class"),
        ("count(503) ", "a count, no condition"),
        ("count(99) > 0", "100 to 699"),
        ("count(700) > 0", "100 to 699"),
        ("count(5x) > 0", "classes are 1xx to 6xx"),
        ("count(0xx) > 0", "a class is 1xx to 6xx"),
        ("count(INVITE) > 1", "count takes a code or class"),
        ("count(503, INVTE) > 0", "did you mean 'INVITE'?"),
        ("rate(5xx, invite) > 2%", "did you mean 'INVITE'?"),
        ("rate(503, INVITE, BYE) > 1%", "rate takes a code or class"),
        ("rate(1xx) > 1%", "a rate is of finals"),
        ("rate(401) > 1%", "401 is a challenge"),
        ("failures(2xx) > 0", "failures are 4xx to 6xx"),
        ("requests(503) > 1", "expected a method"),
        ("p95(asr) > 3s", "asr is no delay"),
        ("p95(pdd, pdd) > 3s", "'pdd' at character"),
        ("responses.by_code[5033] > 0", "100 to 699"),
        ("responses.by_code[] > 0", "a key is missing"),
        ("responses.by_code[503 > 0", "is not closed"),
        ("responses.by_method_and_code[INVITE] > 0", "a row of it is [method,code]"),
        // Signs.
        ("", "expected a figure"),
        ("   ", "expected a figure"),
        ("asr", "a share, no condition"),
        ("not asr", "a share, no condition"),
        ("asr 95%", "expected an operator"),
        ("asr < ", "expected a figure"),
        ("< 95%", "expected a figure"),
        ("asr < 95%%", "no part of an expression"),
        ("asr << 95%", "expected a figure"),
        ("asr = = 95%", "expected a figure"),
        ("asr <= 95,5%", "expected an operator"),
        ("asr < 95% < 3", "a comparison has two sides; join two with 'and'"),
        ("90% < asr < 95%", "a comparison has two sides; join two with 'and'"),
        ("asr < 95% and", "expected a figure"),
        ("and", "expected a figure"),
        ("(asr < 95%", "is not closed"),
        ("asr < 95%)", "closes nothing"),
        ("asr < 95%; true", "no part of an expression"),
        ("asr < 95% # comment", "no part of an expression"),
        ("asr < 95%\u{0}", "no part of an expression"),
        ("asr < 95% ☎", "no part of an expression"),
        ("asr. < 1%", "a name is missing"),
        (".asr < 1%", "no part of an expression"),
        ("attempts ^ 2 > 1", "no part of an expression"),
        ("attempts > 1e3", "units are"),
        ("attempts > 9999999999999999", ""),
        ("asr < 95% with 200% confidence", "at least 50% and below 100%"),
        ("asr < 95% with 95 confidence", "at least 50% and below 100%"),
        ("asr < 95% with 95% confidense", "expected the word 'confidence'"),
    ] {
        let why = refused(condition);
        assert!(why.contains(says), "{condition}: {why}");
    }
    let deep = format!("{}asr < 95%{}", "(".repeat(100), ")".repeat(100));
    assert!(refused(&deep).contains("nested more than"));
    let long = format!("asr < 95%{}", " or asr < 95%".repeat(2_000));
    assert!(refused(&long).contains("longer than"));
}

/// Conditions that mean something, for what follows.
const SOUND: [&str; 26] = [
    "asr < 95%",
    "ner < 99% with 95% confidence",
    "rate(5xx, INVITE) > 2%",
    "count(503) > 0",
    "failures(4xx, BYE) > 3",
    "requests(REGISTER) > 10",
    "p95(pdd) > 3s",
    "max(response_time.BYE) > 500ms",
    "p99(delays.setup) > 1min",
    "outcomes.timed_out > 0",
    "invite.outcomes.busy.share > 20%",
    "invite.rates.seer.numerator < 5",
    "responses.by_code[503].share > 1%",
    "responses.by_method_and_code[INVITE,503].retransmissions > 4",
    "failures.by_code[480].inner > 0",
    "invite.duration.short > 10",
    "input.complete == false",
    "not input.exact",
    "input.fates.undecodable > 0",
    "messages.by_transport.tcp > 0",
    "invite.load.attempts_per_s > 5",
    "invite.release.bye_final.481 > 0",
    "attempts < 100 and decided > 3 or findings > 0",
    "outcomes.server_failure / attempts > 1%",
    "notes[ring_timer] > 0",
    "register.outcomes.registered < 3",
];

/// A letter lost, doubled, or changed places with the next: what remains means what it says, or is refused.
#[test]
fn a_letter_mistyped_in_a_name_is_never_another_condition_that_passes() {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_uppercase() || c == '_';
    let (mut tried, mut taken) = (0, Vec::new());
    for sound in SOUND {
        Rules::new(0).fail_if(sound).unwrap_or_else(|why| panic!("{sound}: {why}"));
        let letters: Vec<char> = sound.chars().collect();
        for (i, letter) in letters.iter().enumerate().filter(|(_, c)| is_word(**c)) {
            let mut lost = letters.clone();
            lost.remove(i);
            let mut doubled = letters.clone();
            doubled.insert(i, *letter);
            let mut swapped = letters.clone();
            if let Some(next) = letters.get(i + 1).filter(|n| is_word(**n) && *n != letter) {
                swapped[i + 1] = *letter;
                swapped[i] = *next;
            }
            for wrong in [lost, doubled, swapped].iter().filter(|w| **w != letters) {
                let wrong: String = wrong.iter().collect();
                tried += 1;
                if Rules::new(0).fail_if(&wrong).is_ok() {
                    taken.push(wrong);
                }
            }
        }
    }
    // Other names and units that there are: 'ser' for 'seer', '500s' for '500ms'.
    let known = ["invite.rates.ser.numerator < 5", "max(response_time.BYE) > 500s", "p95(pdd) > 3ss"];
    taken.retain(|t| !known.contains(&t.as_str()));
    assert!(taken.is_empty() && tried > 800, "of {tried} taken:\n  {}", taken.join("\n  "));
}

#[test]
fn conditions_hold_as_arithmetic_and_logic_say() {
    use Status::{Fail, NotEvaluated, Pass};
    for (condition, expected) in [
        ("attempts == 1000", Fail),
        ("attempts != 1000", Pass),
        ("attempts = 1000", Fail),
        ("1000 <= attempts", Fail),
        ("not attempts == 1000", Pass),
        ("not (attempts < 1000)", Fail),
        ("!(attempts < 1000)", Fail),
        // 'and' binds closer than 'or', 'not' closer than both, '*' than '+'.
        ("attempts > 0 or attempts > 0 and attempts < 1", Fail),
        ("(attempts > 0 or attempts > 0) and attempts < 1", Pass),
        ("not attempts < 1 and attempts < 1", Pass),
        ("attempts + 2 * 3 == 1006", Fail),
        ("(attempts + 2) * 3 == 3006", Fail),
        ("attempts - 1 - 1 == 998", Fail),
        ("attempts / 10 / 10 == 10", Fail),
        ("-attempts < -999", Fail),
        ("attempts in (1, 1000)", Fail),
        ("attempts not in 1..999", Fail),
        ("attempts in 1..999", Pass),
        // Shares of shares and counts.
        ("outcomes.timed_out / attempts > 1%", Fail),
        ("outcomes.timed_out / attempts > 1.2%", Pass),
        ("100% - asr > 41%", Fail),
        ("1 - asr > 41%", Fail),
        ("p95(pdd) > 2 * p50(pdd)", Pass),
        ("p95(pdd) > 2900ms and p95(pdd) < 0.05min", Fail),
        ("count(503) == responses.by_code[503]", Fail),
        ("count(5xx, INVITE) == count(503, INVITE) + count(500, INVITE)", Fail),
        ("count(4xx) + count(5xx) + count(6xx) >= failures.total", Fail),
        ("rate(503, INVITE) > 4% with 95% confidence", Fail),
        ("rate(503, INVITE) > 7% with 95% confidence", Pass),
        // Nothing is divided by nothing, and nothing is known of what did not occur.
        ("attempts / requests(PUBLISH) > 1", NotEvaluated),
        ("attempts / requests(PUBLISH) <= 1", NotEvaluated),
        ("outcomes.timed_out / register.attempts > 1%", NotEvaluated),
        ("ira > 1%", NotEvaluated),
        ("not (ira > 1%)", NotEvaluated),
        ("p95(rrd) > 1s", NotEvaluated),
        ("p95(response_time.PUBLISH) > 1s", NotEvaluated),
        ("rate(5xx, SUBSCRIBE) > 1%", NotEvaluated),
        ("invite.next_hops['192.0.2.1:5060'].bids > 3", NotEvaluated),
        // Unless it cannot matter.
        ("ira > 1% or attempts > 0", Fail),
        ("ira > 1% and attempts > 0", NotEvaluated),
        ("ira > 1% and attempts < 1", Pass),
        ("ira == null", Fail),
        ("ira != null", Pass),
        // What did not occur and is counted is 0.
        ("count(599) == 0", Fail),
        ("responses.by_code[599].share == 0", Fail),
        ("requests(PUBLISH) > 0", Pass),
        ("outcomes.auth_failed > 0", Pass),
        ("input.anomalies[resync] > 0", Pass),
    ] {
        assert_eq!(judged(condition), expected, "{condition}");
    }
}

/// A few calls say little: the interval is wide, and neither side of it is a breach.
#[test]
fn a_confidence_asks_for_enough_calls_whichever_way() {
    let of = |answered: u64, attempts: u64| {
        let mut s = Summary::default();
        let rate = (sipstat::stats::summary::RateKind::Asr, sipstat::stats::Ratio::new(answered, attempts));
        s.invite.rates = vec![rate];
        s
    };
    for (answered, attempts, condition, expected) in [
        (9, 10, "asr < 95% with 95% confidence", Status::Pass),
        (9, 10, "asr < 95%", Status::Fail),
        (900, 1_000, "asr < 95% with 95% confidence", Status::Fail),
        (900, 1_000, "asr < 95% with 99.9% confidence", Status::Fail),
        (940, 1_000, "asr < 95% with 95% confidence", Status::Pass),
        (1, 3, "asr > 2% with 95% confidence", Status::Fail),
        (1, 20, "asr > 2% with 95% confidence", Status::Pass),
        (0, 0, "asr > 2% with 95% confidence", Status::NotEvaluated),
    ] {
        let mut rules = Rules::new(0);
        rules.fail_if(condition).unwrap();
        let verdict = rules.judge(&of(answered, attempts), false);
        assert_eq!(verdict.rules[0].status, expected, "{answered} of {attempts}: {condition}");
    }
}

#[test]
fn a_breach_of_any_kind_shows_calls() {
    let conditions = [
        "p95(pdd) > 1s",
        "delays.pdd.p99_ms > 1s",
        "count(503) > 0",
        "responses.by_code[503] > 0",
        "responses.by_method_and_code[INVITE,503].share > 0%",
        "failures.rate > 1%",
        "failures.by_code[480] > 3",
        "rate(5xx, INVITE) > 1%",
        "outcomes.timed_out > 0",
        "outcomes.busy / attempts > 1%",
        "asr < 99%",
        "ner < 99%",
        "lost > 1%",
        "attempts > 0 and count(486) > 0",
    ];
    let mut rules = Rules::new(0);
    rules.define("lost=outcomes.timed_out / attempts").unwrap();
    conditions.iter().for_each(|c| rules.fail_if(c).unwrap());
    let all = json(&rules);
    for (rule, condition) in all["rules"].as_array().unwrap().iter().zip(conditions) {
        assert_eq!(rule["status"], "fail", "{condition}");
        let calls = rule["calls"].as_array().unwrap();
        let mut ids: Vec<&str> = calls.iter().map(|c| c["call_id"].as_str().unwrap()).collect();
        assert!((1..=5).contains(&ids.len()), "{condition}: {ids:?}");
        assert!(calls.iter().all(|c| c["frame"].as_u64() > Some(0)), "{condition}");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), calls.len(), "{condition}: the same call twice");
    }
}

/// Of a delay the slowest are shown: those of `sipstat calls --sort pdd`.
#[test]
fn a_delay_shows_its_slowest_calls() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/trunk-incident.pcapng.gz");
    let rows = std::process::Command::new(env!("CARGO_BIN_EXE_sipstat"))
        .args(["calls", "--sort", "pdd", "-n", "5", "-f", "ndjson"])
        .arg(sample)
        .output()
        .unwrap();
    let rows = String::from_utf8(rows.stdout).unwrap();
    let id =
        |line: &str| serde_json::from_str::<Value>(line).unwrap()["call_id"].as_str().unwrap().to_owned();
    let mut slowest: Vec<String> = rows.lines().map(id).collect();
    let mut rules = Rules::new(0);
    rules.fail_if("p95(pdd) > 1s").unwrap();
    let all = json(&rules);
    let calls = all["rules"][0]["calls"].as_array().unwrap();
    let mut shown: Vec<String> = calls.iter().map(|c| c["call_id"].as_str().unwrap().to_owned()).collect();
    slowest.sort_unstable();
    shown.sort_unstable();
    assert_eq!(shown, slowest);
}

#[test]
fn files_of_rules_are_read_to_the_letter() {
    for (text, says) in [
        ("[[rules]]\nconditon = 'asr < 95%'", "line 2: unknown field `conditon`"),
        ("[[rules]]\nconditon = 'asr < 95%'", "did you mean 'condition'?"),
        ("[[rulez]]\ncondition = 'asr < 95%'", "did you mean 'rule'?"),
        ("min_smaple = 3", "did you mean 'min_sample'?"),
        ("[[rules]]\ncondition = 'asr < 95%'\nseverity = 'eror'", "did you mean 'error'?"),
        ("[[rules]]\ncondition = 'asr < 95%'\nmin_sample = -1", "line 3"),
        ("[[rules]]\ncondition = 'asr < 95%'\nmin_sample = '5'", "line 3"),
        ("[[rules]]\nname = 'x'", "missing field `condition`"),
        ("[[rules]]\n\n\ncondition = 'asrr < 95%'", "line 4: 'asrr' at character 1"),
        ("[[rules]]\nname = ' '\ncondition = 'asr < 95%'", "a rule's name is empty"),
        (
            "[[rules]]\nname = 'x'\ncondition = 'asr < 95%'\n[[rules]]\nname = 'x'\ncondition = 'asr < 9%'",
            "line 6: there is another rule called 'x'",
        ),
        ("[[rules]]\ncondition = 'asr < 95%'\ncondition = 'asr < 9%'", "duplicate key"),
        ("[define]\nasr = '1 - failures.rate'", "this name is taken"),
        ("[define]\na = 'b'\nb = 'a'", "no such figure"),
        ("[define]\nA = 'asr'", "a name is small letters"),
        ("[define]\nmine = 'asr < 95%'", "a figure is a number"),
        ("rules = 3", "line 1"),
        ("not toml", "line 1"),
    ] {
        let why = Rules::new(0).read("rules.toml", text).expect_err(text);
        assert!(why.contains(says), "{text}: {why}");
    }
    // Empty is no mistake of the file's, but there is nothing to check: 'sipstat check' refuses that.
    let mut rules = Rules::new(0);
    rules.read("rules.toml", "# nothing yet\n").unwrap();
    assert!(rules.is_empty());
}

#[test]
fn samples_severity_and_strictness() {
    let file = "min_sample = 2000\n\
                [[rules]]\nname = 'few'\ncondition = 'asr < 99%'\n\
                [[rules]]\nname = 'enough'\ncondition = 'asr < 99%'\nmin_sample = 10\n\
                [[rules]]\nname = 'warned'\ncondition = 'asr < 99%'\nmin_sample = 10\nseverity = 'warning'\n\
                [[rules]]\nname = 'counted'\ncondition = 'attempts > 0'\n";
    let mut rules = Rules::new(50);
    rules.read("rules.toml", file).unwrap();
    rules.fail_if("rate(5xx, BYE) > 1%").unwrap();
    let statuses = |strict: bool| -> Vec<(Status, bool)> {
        rules.judge(&TRUNK, strict).rules.iter().map(|r| (r.status, r.is_breach())).collect()
    };
    use Status::{Fail, NotEvaluated, Pass};
    let usual = statuses(false);
    assert_eq!(usual[..3], [(NotEvaluated, false), (Fail, true), (Fail, false)]);
    assert_eq!(usual[3], (Fail, true), "a count rests on nothing smaller");
    assert_eq!(usual[4], (Pass, false));
    assert_eq!(statuses(true)[..3], [(Fail, true), (Fail, true), (Fail, false)]);
}
