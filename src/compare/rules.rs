//! What the user will not have: regressions beyond a limit, codes that were not there before.
//!
//! In: `--max-regress 'asr 1%'`, `--fail-on-new-codes 5xx`. Out: a verdict for each. A name that no
//! figure has is a mistake, not a pass.

use std::fmt;
use std::str::FromStr;

use super::{Better, CONFIDENCE, Comparison, Difference, Measure};
use crate::nearest::nearest;
use crate::sip::{Method, StatusCode};

/// How much worse a figure may get: `asr 1%`, `p95(pdd) 200ms`, `503 INVITE 10% rel`, each perhaps
/// `with 95% confidence`.
#[derive(Clone, Debug, PartialEq)]
pub struct MaxRegress {
    text: String,
    figure: String,
    limit: Limit,
    /// The whole interval has to lie beyond the limit.
    confident: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    /// A difference of proportions.
    Points(f64),
    /// A part of the base's value.
    Relative(f64),
    /// A difference of delays, in nanoseconds.
    Delay(f64),
}

/// Codes or classes: `5xx`, `503`, `5xx,603`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCodes {
    text: String,
    codes: Vec<(u16, u16)>,
}

/// A rule and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The rule as the user wrote it.
    pub rule: String,
    /// Whether it was breached; `None` if there was nothing to judge.
    pub breached: Option<bool>,
    /// The values that decided, for people.
    pub why: String,
}

/// What arithmetic adds to a share: exactly one point worse is not more than one.
const ROUNDING: f64 = 1e-12;

/// What is written after `--max-regress`.
const WANTED: &str = "write a figure and a limit, such as 'asr 1%', 'p95(pdd) 200ms', 'outcomes.timed_out 10% rel' or \
                      'asr 1% with 95% confidence'";

impl FromStr for MaxRegress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || WANTED.to_owned();
        let (rest, confident) = match text.split_once(" with ") {
            None => (text, false),
            Some((rest, level)) => {
                let level = level.trim().strip_suffix("confidence").map(str::trim).ok_or_else(wrong)?;
                if level != "95%" {
                    return Err(format!("intervals are of 95% confidence, not {level}"));
                }
                (rest, true)
            }
        };
        let mut words: Vec<&str> = rest.split_whitespace().collect();
        let relative = words.last().is_some_and(|w| matches!(*w, "rel" | "relative"));
        if relative {
            words.pop();
        }
        let limit = words.pop().and_then(number).ok_or_else(wrong)?;
        let limit = match (limit, relative) {
            ((n, "%"), false) => Limit::Points(n / 100.0),
            ((n, "%"), true) => Limit::Relative(n / 100.0),
            ((n, "us" | "µs"), false) => Limit::Delay(n * 1e3),
            ((n, "ms"), false) => Limit::Delay(n * 1e6),
            ((n, "s"), false) => Limit::Delay(n * 1e9),
            _ => return Err(wrong()),
        };
        if words.is_empty() {
            return Err(wrong());
        }
        let figure = words.join(" ");
        Ok(Self { text: text.trim().to_owned(), figure, limit, confident })
    }
}

/// A number that is not negative, and its unit.
fn number(word: &str) -> Option<(f64, &str)> {
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = word.split_at(end);
    Some((number.parse().ok().filter(|n: &f64| n.is_finite())?, unit))
}

impl FromStr for NewCodes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let one = |word: &str| {
            let class =
                word.strip_suffix("xx").or(word.strip_suffix("XX")).and_then(|c| c.parse::<u16>().ok());
            match (class, word.parse().ok().and_then(StatusCode::new)) {
                (Some(class @ 2..=6), _) => Ok((class * 100, class * 100 + 99)),
                (_, Some(code)) if code.is_final() => Ok((code.get(), code.get())),
                _ => Err(format!("'{word}' is no class or code of final responses; write 5xx, or 503,603")),
            }
        };
        let codes = text.split(',').map(|word| one(word.trim())).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), codes })
    }
}

impl fmt::Display for MaxRegress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--max-regress '{}'", self.text)
    }
}

impl MaxRegress {
    /// Judges `c`; else why there is nothing to judge by: no figure of this name, or none that gets
    /// better or worse.
    pub fn judge(&self, c: &Comparison) -> Result<Verdict, String> {
        let rule = self.to_string();
        let not_evaluated = |why: String| Verdict { rule: rule.clone(), breached: None, why };
        let Some(d) = c.differences.iter().chain(&c.classes).find(|d| d.figure == self.figure) else {
            return match self.absent(c)? {
                Better::Neither => Err(self.aimless()),
                _ => Ok(not_evaluated(format!("{} occurs in neither run", self.figure))),
            };
        };
        if d.better == Better::Neither {
            return Err(self.aimless());
        }
        if matches!(self.limit, Limit::Delay(_)) != matches!(d.values[0], Measure::Delay(..))
            && !matches!(self.limit, Limit::Relative(_))
        {
            return Err(format!("{} is {}: {WANTED}", self.figure, unit_of(d)));
        }
        let ([Some(base), Some(_)], Some(worse)) = (d.values.map(Measure::value), d.worse_by(d.difference))
        else {
            return Ok(not_evaluated(format!("{} has no value in one of the runs", self.figure)));
        };
        let least = match (d.interval, d.better) {
            (Some((_, high)), Better::Higher) => Some(-high),
            (Some((low, _)), _) => Some(low),
            (None, _) => None,
        };
        let by = if self.confident { least } else { Some(worse) };
        let Some(by) = by else {
            return Ok(not_evaluated(format!("too few samples for an interval of {}", self.figure)));
        };
        let breached = match self.limit {
            Limit::Points(limit) => by > limit + ROUNDING,
            Limit::Delay(limit) => by > limit,
            Limit::Relative(limit) if base > 0.0 => by / base > limit + ROUNDING,
            Limit::Relative(_) => by > 0.0,
        };
        Ok(Verdict { rule, breached: Some(breached), why: super::text::sentence(d) })
    }

    /// What is to be said of a figure that is in neither run.
    fn absent(&self, c: &Comparison) -> Result<Better, String> {
        if let Some(better) = super::figures::absent(&self.figure) {
            return Ok(better);
        }
        let there = c.differences.iter().chain(&c.classes).map(|d| d.figure.clone());
        let methods = Method::REGISTERED.iter().map(|m| String::from_utf8_lossy(m.as_bytes()).into_owned());
        // The same code or delay of another method.
        let (open, close) = if self.figure.ends_with(')') { ('(', ")") } else { (' ', "") };
        let before = self.figure.rsplit_once(open).map(|(before, _)| before.to_owned());
        let others = methods.filter_map(|m| Some(format!("{}{open}{m}{close}", before.as_ref()?)));
        let others = others.filter(|name| super::figures::absent(name).is_some());
        let known = there.chain(super::figures::known()).chain(others);
        let error = format!("--max-regress: there is no figure '{}'", self.figure);
        Err(match nearest(&self.figure.to_lowercase(), known) {
            Some(nearest) => format!("{error}; did you mean '{nearest}'?"),
            None => format!("{error}; 'sipstat compare --full' lists them"),
        })
    }

    fn aimless(&self) -> String {
        format!("--max-regress: {} is neither better nor worse when it changes", self.figure)
    }
}

fn unit_of(d: &Difference) -> &'static str {
    if matches!(d.values[0], Measure::Delay(..)) { "a delay" } else { "a share" }
}

impl NewCodes {
    /// Judges `c`.
    pub fn judge(&self, c: &Comparison) -> Verdict {
        let fits = |status: StatusCode| self.codes.iter().any(|(a, b)| (*a..=*b).contains(&status.get()));
        let found: Vec<String> = c
            .new_codes
            .iter()
            .filter(|(status, ..)| fits(*status))
            .map(|(status, method, n)| format!("{} {method} ({n})", status.get()))
            .collect();
        let why = if found.is_empty() { "no such code is new".to_owned() } else { found.join(", ") };
        Verdict { rule: format!("--fail-on-new-codes {}", self.text), breached: Some(!found.is_empty()), why }
    }
}

/// The level that `with 95% confidence` speaks of.
const _: () = assert!(CONFIDENCE == 0.95);

#[cfg(test)]
mod tests {
    use super::*;

    fn comparison(better: Better, base: (u64, u64), now: (u64, u64)) -> Comparison {
        let values = [Measure::Share(base.0, base.1), Measure::Share(now.0, now.1)];
        let interval = crate::stats::difference::newcombe(base, now, 0.95).map(|i| (i.low, i.high));
        let difference = Some(now.0 as f64 / now.1 as f64 - base.0 as f64 / base.1 as f64);
        let d = Difference {
            figure: "asr".into(),
            better,
            values,
            difference,
            interval,
            p_value: None,
            significant: false,
            effect: None,
        };
        let run = |name: &str| super::super::Run { name: name.into(), attempts: 0, messages: 0, sound: true };
        Comparison {
            runs: [run("a"), run("b")],
            differences: vec![d],
            classes: Vec::new(),
            new_codes: vec![(StatusCode::new(503).unwrap(), "INVITE".into(), 7)],
            vanished_codes: Vec::new(),
        }
    }

    #[test]
    fn a_regression_is_judged_in_its_direction_absolute_relative_or_with_confidence() {
        use Better::{Higher, Lower};
        for (better, now, rule, expected) in [
            (Higher, 500, "asr 1%", false),
            (Higher, 490, "asr 1%", false),
            (Higher, 489, "asr 1%", true),
            (Higher, 700, "asr 1%", false),
            (Lower, 511, "asr 1%", true),
            (Lower, 489, "asr 1%", false),
            (Higher, 489, "asr 2.3% rel", false),
            (Higher, 489, "asr 2.1% rel", true),
            (Higher, 480, "asr 1% with 95% confidence", false),
            (Higher, 400, "asr 1% with 95% confidence", true),
        ] {
            let c = comparison(better, (500, 1000), (now, 1000));
            let verdict = rule.parse::<MaxRegress>().unwrap().judge(&c).unwrap();
            assert_eq!(verdict.breached, Some(expected), "{now} {rule}: {}", verdict.why);
        }
    }

    #[test]
    fn what_cannot_be_judged_is_said_and_a_wrong_name_is_a_mistake() {
        let c = comparison(Better::Higher, (500, 1000), (500, 1000));
        let judge = |rule: &str| rule.parse::<MaxRegress>().unwrap().judge(&c);
        assert_eq!(judge("502 INVITE 1%").unwrap().breached, None);
        assert_eq!(judge("ner 1%").unwrap().breached, None);
        assert!(judge("asrr 1%").unwrap_err().contains("did you mean 'asr'?"));
        assert!(judge("asr 20ms").unwrap_err().contains("a share"));
        assert_eq!(judge("5xx INVITE 1%").unwrap().breached, None);
        assert_eq!(judge("response_time(BYE) 20ms").unwrap().breached, None);
        for (rule, near) in [
            ("503 INVTE 1%", Some("503 INVITE")),
            ("p95(response_time(INVTE)) 1ms", None),
            ("response_time(BYYE) 1ms", Some("response_time(BYE)")),
            ("outcomes.timedout 1%", Some("outcomes.timed_out")),
            ("outcomes.answered 1%", None),
            ("7xx INVITE 1%", None),
            ("p95(pd) 1ms", Some("p95(pdd)")),
            ("p96(pdd) 1ms", Some("p90(pdd)")),
        ] {
            let why = judge(rule).expect_err(rule);
            let offers = near.is_none_or(|near| why.contains(&format!("did you mean '{near}'?")));
            assert!(why.contains("there is no figure") && offers, "{rule}: {why}");
        }
        assert!(judge("486 INVITE 1%").unwrap_err().contains("neither better nor worse"));
        for rule in [
            "",
            "asr",
            "1%",
            "asr one%",
            "asr 1",
            "asr -1%",
            "asr 1% with confidence",
            "asr 1% with 90% confidence",
        ] {
            assert!(rule.parse::<MaxRegress>().is_err(), "{rule}");
        }
    }

    #[test]
    fn new_codes_are_told_by_class_or_number() {
        let c = comparison(Better::Higher, (1, 2), (1, 2));
        for (rule, expected) in [("5xx", true), ("4xx,6xx", false), ("503", true), ("500,504", false)] {
            assert_eq!(rule.parse::<NewCodes>().unwrap().judge(&c).breached, Some(expected), "{rule}");
        }
        for rule in ["", "1xx", "7xx", "five", "100"] {
            assert!(rule.parse::<NewCodes>().is_err(), "{rule}");
        }
    }
}
