//! The language from text to truth, over a scope of figures and fields made up for it.

use std::net::IpAddr;

use super::*;
use crate::stats::interval::wilson;

/// Names of a report and of a message in one.
struct Names;

const KNOWN: [(&str, Type); 12] = [
    ("asr", Type::Share),
    ("ner", Type::Share),
    ("attempts", Type::Count),
    ("answered", Type::Count),
    ("pdd", Type::Time),
    ("load", Type::Number),
    ("complete", Type::Truth),
    ("code", Type::Code),
    ("method", Type::Word(&words::METHOD)),
    ("agent", Type::Text),
    ("dst", Type::Address),
    ("host", Type::Address),
];

impl Scope for Names {
    type Item = String;

    fn name(&self, path: &Path) -> Result<(String, Type), Refused> {
        let name = path.to_string();
        match KNOWN.iter().find(|(known, _)| *known == name) {
            Some((_, kind)) => Ok((name, *kind)),
            None => Err(Refused::unknown("figure", &name, KNOWN.iter().map(|(k, _)| (*k).to_owned()))),
        }
    }

    fn call(&self, function: &str, arguments: &[Argument]) -> Result<(String, Type), Refused> {
        match (function, arguments) {
            ("rate", [Argument::Class(_)]) => Ok((format!("rate {}", arguments[0]), Type::Share)),
            ("rate", [_, other]) => Err(Refused::new(format!("no method {other}")).of_argument(1)),
            _ => Err(Refused::unknown("function", function, ["rate".to_owned()])),
        }
    }
}

/// What the names stand for; the rest is absent.
#[derive(Default)]
struct Values(Vec<(&'static str, Value<'static>)>);

impl Read<String> for Values {
    fn read<'a>(&'a self, item: &'a String) -> Value<'a> {
        self.0.iter().find(|(name, _)| name == item).map_or(Value::Absent, |(_, value)| *value)
    }

    fn any(&self, item: &String, test: &mut dyn FnMut(Value<'_>) -> Option<bool>) -> Option<bool> {
        let mut found = None;
        for (_, value) in self.0.iter().filter(|(name, _)| name == item) {
            match test(*value) {
                Some(true) => return Some(true),
                other => found = found.or(other),
            }
        }
        found
    }
}

fn values() -> Values {
    let share = |n, d| Value::from(Quantity::fraction(n, d));
    let address = |text: &str, port| Value::Address(text.parse::<IpAddr>().unwrap(), port);
    Values(vec![
        ("asr", share(90, 100)),
        ("rate 5xx", share(30, 1000)),
        ("attempts", Value::from(100)),
        ("answered", Value::from(90)),
        ("pdd", Value::Quantity(Quantity { value: 2.5e9, of: Of::Samples(40) })),
        ("complete", Value::Truth(true)),
        ("code", Value::from(503)),
        ("method", Value::from("INVITE")),
        ("agent", Value::from("Asterisk PBX 18.2")),
        ("dst", address("10.0.4.7", 5060)),
        ("host", address("10.0.4.7", 5060)),
        ("host", address("2001:db8::9", 5070)),
    ])
}

fn truth(text: &str) -> Option<bool> {
    let e = Expression::condition(text, &Names).unwrap_or_else(|p| panic!("{text}: {p}"));
    let examined = e.examine(&values(), 0).0;
    assert_eq!(e.holds(&values()), examined, "{text}: quick and slow differ");
    examined
}

#[test]
fn conditions_are_true_false_or_open() {
    for (text, expected) in [
        ("asr < 95%", Some(true)),
        ("asr<95%", Some(true)),
        ("95 % > asr", Some(true)),
        ("asr >= 90%", Some(true)),
        ("1 - asr > 5% and 100% - asr <= 10%", Some(true)),
        ("answered / attempts == 0.9", Some(true)),
        ("(attempts - answered) / attempts = 10%", Some(true)),
        ("attempts > 2 * answered", Some(false)),
        ("-pdd < 0s || asr > 99.9%", Some(true)),
        ("pdd > 2500ms", Some(false)),
        ("pdd * 2 >= 5s and pdd / 1s == 2.5", Some(true)),
        ("complete", Some(true)),
        ("not complete == true", Some(false)),
        ("complete == false", Some(false)),
        ("code >= 500 and dst in 10.0.4.0/24 and method == INVITE", Some(true)),
        ("code == 5xx && code != 4xx && !(code in 486..490)", Some(true)),
        ("code in (4xx, 503, 600..699)", Some(true)),
        ("code not in (486, 503)", Some(false)),
        ("method in (BYE, 'INVITE')", Some(true)),
        ("INVITE == method and method != 'FOO'", Some(true)),
        ("agent ~ 'asterisk' and agent ~ 'ast*18.?' and not agent ~ '1?'", Some(true)),
        ("agent == 'asterisk'", Some(false)),
        ("agent in (\"Asterisk PBX 18.2\", 'x')", Some(true)),
        ("dst == 10.0.4.7:5060 and dst != 10.0.4.7:5061", Some(true)),
        ("host == 2001:db8::9 and host in (10.0.0.0/8, ::1)", Some(true)),
        ("host == [2001:db8::9]:5070", Some(true)),
        ("host != 10.0.4.7", Some(false)),
        // What is absent is neither false nor 0, and leaves open what it could decide.
        ("ner < 95%", None),
        ("not ner < 95%", None),
        ("ner < 95% or asr < 95%", Some(true)),
        ("ner < 95% and asr > 95%", Some(false)),
        ("ner < 95% or asr > 95%", None),
        ("ner == null and asr != null", Some(true)),
        ("load + 1 > 0", None),
        ("attempts / (attempts - 100) > 1", None),
    ] {
        assert_eq!(truth(text), expected, "{text}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_the_nearest_name() {
    for (text, says) in [
        ("", "at the end: expected a figure"),
        ("asrr < 95%", "'asrr' at character 1: no such figure; did you mean 'asr'?"),
        ("asr < 95% and atempts > 3", "'atempts' at character 15: no such figure; did you mean 'attempts'?"),
        ("rat(5xx) > 2%", "'rat' at character 1: no such function; did you mean 'rate'?"),
        ("rate(5xx, INVTE) > 2%", "'INVTE' at character 11: no method INVTE"),
        ("method == INVTE", "'INVTE' at character 11: no such method; did you mean 'INVITE'?"),
        ("asr < 95", "asr is a share: write 95%"),
        ("asr > 1", "asr is a share: write 1%"),
        ("asr > 100%", "the same answer for every capture"),
        ("attempts < 0", "the same answer"),
        ("pdd > 3", "'3' at character 7: a time has a unit"),
        ("pdd > 3%", "a time is not compared with a share"),
        ("attempts > 2%", "a count is not compared with a share"),
        ("asr + 5 > 2", "do not go together"),
        ("asr", "this is a share, no condition"),
        ("not attempts", "'attempts' at character 5: this is a count, no condition"),
        ("1 < attempts < 3", "'<' at character 14: a comparison has two sides"),
        ("asr <", "at the end: expected a figure"),
        ("(asr < 95%", "'(' at character 1: is not closed"),
        ("asr < 95%)", "')' at character 10: closes nothing"),
        ("asr < 95% asr > 3%", "'asr' at character 11: expected an operator"),
        ("asr < 95kg", "units are %"),
        ("attempts < 99999999999999999", "more than 1000000000000000"),
        ("code == 9xx", "a class is 1xx to 6xx"),
        ("code > 5xx", "this is compared by ==, != or in"),
        ("code in (486, 7000)", "'7000' at character 15: expected a response code"),
        ("code == 42", "the same answer"),
        ("dst == 10.0.4.0/99", "expected an address or a network"),
        ("dst == 10.0.4.7:99999", "a port is 0 to 65535"),
        ("dst > 10.0.4.7", "compared by ==, != or in"),
        ("agent == Asterisk", "'Asterisk' at character 10: text stands in quotes"),
        ("agent ~ ast", "a pattern stands in quotes"),
        ("agent == 'ast", "the quote is not closed"),
        ("a[", "'[' is not closed"),
        ("a[]", "a key is missing"),
        ("a.", "a name is missing behind the point"),
        ("asr > null", "null is compared by == or !="),
        ("asr < 95% with confidence", "expected a confidence"),
        ("asr < 95% with 95% certainty", "expected the word 'confidence'"),
        ("asr < ner with 95% confidence", "compared with a constant"),
        ("pdd > 3s with 95% confidence", "a share with a fraction"),
        ("asr == 3% with 95% confidence", "belongs to <, <=, > or >="),
        ("asr < 95% ; ner", "';' at character 11: no part of an expression"),
    ] {
        let problem = Expression::condition(text, &Names).map(|e| e.text().to_owned()).expect_err(text);
        assert!(problem.to_string().contains(says), "{text}: {problem}");
    }
    assert!(Expression::figure("asr < 3%", &Names).is_err());
}

#[test]
fn fractions_live_through_what_keeps_them() {
    for (text, expected) in [
        ("asr", Some((90, 100))),
        ("1 - asr", Some((10, 100))),
        ("100% - asr", Some((10, 100))),
        ("(attempts - answered) / attempts", Some((10, 100))),
        ("asr * 2", None),
    ] {
        let found = Expression::figure(text, &Names).unwrap().quantity(&values()).unwrap();
        let fraction = if let Of::Fraction(n, d) = found.of { Some((n, d)) } else { None };
        assert_eq!(fraction, expected, "{text}");
        assert!(found.sample().is_some(), "{text}");
    }
}

#[test]
fn with_confidence_the_whole_interval_must_lie_beyond() {
    // 30 of 1000: 2.1 % to 4.3 %.
    for (limit, expected) in [("2%", true), ("2.2%", false), ("2.9%", false)] {
        let text = format!("rate(5xx) > {limit} with 95% confidence");
        assert_eq!(truth(&text), Some(expected), "{text}");
    }
    assert_eq!(truth("rate(5xx) < 4% with 95% confidence"), Some(false));
    assert_eq!(truth("rate(5xx) <= 5% with 99% confidence and asr > 80%"), Some(true));
    assert_eq!(truth("attempts / answered > 1 with 95% confidence"), None, "no share, no interval");
}

#[test]
fn leaves_tell_figure_limit_interval_and_why_they_are_open() {
    let e = Expression::condition("rate(5xx) > 2% and (pdd > 3s or 95% > ner)", &Names).unwrap();
    let (holds, leaves) = e.examine(&values(), 50);
    assert_eq!(holds, None);
    let figures: Vec<_> = leaves.iter().map(|l| (l.figure, l.limit_text, l.holds)).collect();
    assert_eq!(figures, [("rate(5xx)", "2%", Some(true)), ("pdd", "3s", None), ("ner", "95%", None)]);
    assert_eq!(leaves[0].interval, wilson(30, 1000, 0.95));
    assert_eq!(leaves[0].limit, Some(0.02));
    assert_eq!(leaves[1].unjudged, Some(Unjudged::TooFew { sample: 40, wanted: 50 }));
    assert_eq!(leaves[2].unjudged, Some(Unjudged::Absent));
    assert_eq!(e.items(), ["rate 5xx", "pdd", "ner"]);
}

#[test]
fn text_and_nesting_are_bounded() {
    let nested = |n: usize| format!("{}complete{}", "(".repeat(n), ")".repeat(n));
    assert!(Expression::condition(&nested(64), &Names).is_ok());
    for text in [
        nested(65),
        "!".repeat(4000),
        "-".repeat(4000),
        "x".repeat(5000),
        format!("1{} > 0", "+1".repeat(1500)),
        format!("complete{}", " or complete".repeat(400)),
        format!("a[{}", "[".repeat(3000)),
    ] {
        let found = Expression::condition(&text, &Names);
        assert!(found.is_err() || text.len() <= MAX_TEXT, "{}", &text[..20]);
    }
    let long = format!("agent ~ '{}'", "*a".repeat(1000));
    assert_eq!(truth(&long), Some(false));
}
