//! From a path as written to a place in the report, and what is read there.

use serde_json::Value as Json;

use super::keys::{Key, key, members};
use super::table::{Kind, Part, Pattern, patterns};
use crate::expr::{Of, Path, Quantity, Refused, Segment, Value};
use crate::nearest::nearest;

/// What a path may begin with instead of the whole: each is tried before the last word of it is unknown.
const BEGINNINGS: [&[&str]; 5] =
    [&[], &["invite"], &["invite", "rates"], &["register", "rates"], &["delays"]];

/// Names that are shorter than their path.
const SHORT: [(&str, &[&str]); 3] = [
    ("acd", &["invite", "duration", "acd_s"]),
    ("failure_rate", &["failures", "rate"]),
    ("complete", &["input", "complete"]),
];

/// A figure's place in the report.
#[derive(Clone, Debug)]
pub struct Place {
    steps: Vec<Step>,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
enum Step {
    /// A field; absent where it is missing.
    Field(String),
    /// A key of an object whose keys are data; 0 where it is missing.
    Of(Key),
    /// A row of a list.
    Row(Vec<(&'static str, Key)>),
}

/// The place that `path` means.
pub(super) fn place(path: &Path) -> Result<Place, Refused> {
    let short = path.word().and_then(|w| SHORT.iter().find(|(name, _)| *name == w));
    let whole = |names: &[&str]| names.iter().map(|n| Segment::Name((*n).to_owned())).collect::<Vec<_>>();
    if let Some((_, names)) = short {
        return found(&whole(names)).map_err(|m| m.refused());
    }
    let mut nearest: Option<Missed> = None;
    for beginning in BEGINNINGS {
        let segments: Vec<Segment> =
            whole(beginning).into_iter().chain(path.segments.iter().cloned()).collect();
        match found(&segments) {
            Ok(place) => return Ok(place),
            Err(missed) => {
                // How much of what was written was understood.
                let missed = Missed { depth: missed.depth.saturating_sub(beginning.len()), ..missed };
                if nearest.as_ref().is_none_or(|n| n.depth < missed.depth) {
                    nearest = Some(missed);
                }
            }
        }
    }
    let missed = nearest.unwrap_or_default();
    if missed.depth == 0 {
        let written = path.segments.first().map_or(String::new(), word_of);
        return Err(Refused::unknown("figure", &written, first_words()));
    }
    Err(missed.refused())
}

/// How far a path was understood, and what was wrong then.
#[derive(Clone, Debug, Default)]
struct Missed {
    depth: usize,
    why: Option<Refused>,
    written: String,
    known: Vec<String>,
}

impl Missed {
    fn refused(self) -> Refused {
        if let Some(why) = self.why {
            return why;
        }
        if self.written.is_empty() {
            let known = self.known.join(", ");
            return Refused::new(format!("no figure by itself; behind it may stand {known}"));
        }
        let near = nearest(&self.written.to_lowercase(), self.known.iter().cloned());
        Refused::new(match near {
            Some(near) => format!("no figure '{}' there; did you mean '{near}'?", self.written),
            None if self.known.is_empty() => format!("nothing stands behind it, no '{}'", self.written),
            None => format!("no figure '{}' there; known: {}", self.written, self.known.join(", ")),
        })
    }
}

/// Words that a path may begin with.
fn first_words() -> Vec<String> {
    let mut all: Vec<String> = BEGINNINGS.iter().flat_map(|b| following(b)).collect();
    all.extend(SHORT.iter().map(|(name, _)| (*name).to_owned()));
    all.sort();
    all.dedup();
    all
}

/// What can stand behind `names`.
fn following(names: &[&str]) -> Vec<String> {
    let fits =
        |p: &&Pattern| names.iter().zip(&p.parts).all(|(n, part)| matches!(part, Part::Name(m) if m == n));
    let mut all: Vec<String> = Vec::new();
    for part in patterns().iter().filter(fits).filter_map(|p| p.parts.get(names.len())) {
        match part {
            Part::Name(name) => all.push((*name).to_owned()),
            Part::Of(set) => all.extend(members(set).into_iter().flatten().map(str::to_owned)),
            Part::Row(_) => {}
        }
    }
    all.sort();
    all.dedup();
    all
}

/// The place of a whole path: the pattern that fits best tells what is wrong if none fits.
fn found(segments: &[Segment]) -> Result<Place, Missed> {
    let mut best = Missed::default();
    for pattern in patterns() {
        match fit(pattern, segments) {
            Ok(place) => return Ok(place),
            Err(missed) if missed.depth > best.depth => best = missed,
            Err(missed) if missed.depth == best.depth => {
                best.why = best.why.or(missed.why);
                best.known.extend(missed.known);
                best.written = missed.written;
            }
            Err(_) => {}
        }
    }
    best.known.sort();
    best.known.dedup();
    Err(best)
}

fn fit(pattern: &Pattern, segments: &[Segment]) -> Result<Place, Missed> {
    let mut steps = Vec::new();
    for (depth, part) in pattern.parts.iter().enumerate() {
        let segment = segments.get(depth);
        let written = segment.map_or(String::new(), word_of);
        let known = match part {
            Part::Name(name) => vec![(*name).to_owned()],
            Part::Of(set) => match members(set) {
                Some(all) => all.into_iter().map(str::to_owned).collect(),
                None => vec![format!("a {set}")],
            },
            Part::Row(fields) => {
                vec![format!("[{}]", fields.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(","))]
            }
        };
        let missed = |why| Missed { depth, why, written: written.clone(), known: known.clone() };
        let step = match (part, segment) {
            (_, None) => Err(missed(None)),
            (Part::Name(name), Some(Segment::Name(word))) if name == word => Ok(Step::Field(word.clone())),
            (Part::Name(_), _) => Err(missed(None)),
            (Part::Of(set), Some(segment)) => match one_word(segment) {
                // A name that stands there itself is no key.
                Some(word) => match key(set, word) {
                    Ok(key) => Ok(Step::Of(key)),
                    Err(why) if *set == "method" => Err(missed(Some(why))),
                    Err(_) => Err(missed(None)),
                },
                None => Err(missed(None)),
            },
            (Part::Row(fields), Some(segment)) => row(fields, segment).map_err(|why| missed(Some(why))),
        };
        steps.push(step?);
    }
    match segments.get(pattern.parts.len()) {
        Some(more) => {
            Err(Missed { depth: pattern.parts.len(), why: None, written: word_of(more), known: Vec::new() })
        }
        None => {
            // A rate is read whole, so that `asr.value` keeps its fraction.
            if pattern.kind == Kind::Rate && pattern.parts.last() == Some(&Part::Name("value")) {
                steps.pop();
            }
            Ok(Place { steps, kind: pattern.kind })
        }
    }
}

fn row(fields: &[(&'static str, &'static str)], segment: &Segment) -> Result<Step, Refused> {
    let words: Vec<&str> = match segment {
        Segment::Key(words) => words.iter().map(String::as_str).collect(),
        Segment::Name(word) => vec![word],
    };
    if words.len() != fields.len() {
        let wanted: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        return Err(Refused::new(format!("a row of it is [{}]", wanted.join(","))));
    }
    let keys: Result<Vec<_>, Refused> =
        fields.iter().zip(words).map(|((name, set), word)| Ok((*name, key(set, word)?))).collect();
    keys.map(Step::Row)
}

fn word_of(segment: &Segment) -> String {
    match segment {
        Segment::Name(name) => name.clone(),
        Segment::Key(keys) => format!("[{}]", keys.join(",")),
    }
}

fn one_word(segment: &Segment) -> Option<&str> {
    match segment {
        Segment::Name(name) => Some(name),
        Segment::Key(keys) => match keys.as_slice() {
            [only] => Some(only),
            _ => None,
        },
    }
}

/// What was found on the way.
enum Found<'j> {
    There(&'j Json),
    /// Nothing of it occurred.
    Zero,
    /// Nobody knows.
    Absent,
}

impl Place {
    /// The value there.
    pub(super) fn read<'a>(&self, report: &'a Json) -> Value<'a> {
        let found = self.walk(report);
        let number = |unit: f64| match &found {
            Found::There(json) => {
                json.as_f64().map(|n| (n * unit).round()).filter(|n| n.is_finite()).map(Quantity::new)
            }
            Found::Zero | Found::Absent => None,
        };
        match self.kind {
            Kind::Truth => match found {
                Found::There(Json::Bool(t)) => Value::Truth(*t),
                _ => Value::Absent,
            },
            Kind::Count => count(&found).map_or(Value::Absent, Value::from),
            Kind::Its(field) => match found {
                Found::There(json) => {
                    json.get(field).and_then(Json::as_u64).map_or(Value::Absent, Value::from)
                }
                Found::Zero => Value::from(0),
                Found::Absent => Value::Absent,
            },
            Kind::Rows => match found {
                Found::There(Json::Array(rows)) => Value::from(rows.len() as u64),
                _ => Value::Absent,
            },
            Kind::Number => match found {
                Found::There(json) => json.as_f64().map(Quantity::new).into(),
                _ => Value::Absent,
            },
            Kind::Seconds => number(1e9).into(),
            Kind::Milliseconds => {
                // A percentile rests on as many as were measured.
                let samples = self.sibling("count").and_then(|p| count(&p.walk(report)));
                let of = samples.map_or(Of::Itself, Of::Samples);
                number(1e6).map(|q| Quantity { of, ..q }).into()
            }
            Kind::Rate => rate(&found).into(),
            Kind::Share { numerator, denominator } => self.share(report, numerator, denominator).into(),
            Kind::Delay => Value::Absent,
        }
    }

    /// A percentile of the delay that stands here.
    pub(super) fn percentile(&self, field: &str) -> Place {
        let mut steps = self.steps.clone();
        steps.push(Step::Field(field.to_owned()));
        Place { steps, kind: Kind::Milliseconds }
    }

    /// Names and keys of the path, without beginnings that were left out.
    pub(super) fn names(&self) -> Vec<String> {
        let text = |j: &Json| j.as_str().map_or_else(|| j.to_string(), str::to_owned);
        let mut names = Vec::new();
        for step in &self.steps {
            match step {
                Step::Field(name) => names.push(name.clone()),
                Step::Of(key) => names.push(text(&key.value)),
                Step::Row(keys) => names.extend(keys.iter().map(|(_, key)| text(&key.value))),
            }
        }
        names
    }

    /// The value of a key of the path that is called `field`.
    pub(super) fn key(&self, field: &str) -> Option<&Json> {
        self.steps.iter().find_map(|step| match step {
            Step::Row(keys) => keys.iter().find(|(name, _)| *name == field).map(|(_, key)| &key.value),
            _ => None,
        })
    }

    fn walk<'j>(&self, report: &'j Json) -> Found<'j> {
        let (mut at, mut zero) = (report, false);
        for step in &self.steps {
            let next = match step {
                Step::Field(name) => at.get(name),
                Step::Of(key) => {
                    zero = key.closed;
                    key.value.as_str().and_then(|k| at.get(k))
                }
                Step::Row(keys) => {
                    zero = keys.iter().all(|(_, key)| key.closed);
                    let is_it = |row: &&Json| keys.iter().all(|(f, key)| row.get(f) == Some(&key.value));
                    at.as_array().and_then(|rows| rows.iter().find(is_it))
                }
            };
            match next {
                Some(Json::Null) | None if zero => return Found::Zero,
                Some(Json::Null) | None => return Found::Absent,
                Some(found) => at = found,
            }
        }
        Found::There(at)
    }

    /// The field `name` beside this one.
    fn sibling(&self, name: &str) -> Option<Place> {
        let mut steps = self.steps.clone();
        steps.pop()?;
        steps.push(Step::Field(name.to_owned()));
        Some(Place { steps, kind: Kind::Count })
    }

    fn share(&self, report: &Json, numerator: &str, denominator: &str) -> Option<Quantity> {
        let part = count(&self.sibling(numerator)?.walk(report))?;
        let whole = match denominator {
            "finals" => report
                .pointer("/responses/by_method")?
                .as_array()?
                .iter()
                .filter_map(|row| row.get("finals")?.as_u64())
                .sum(),
            "method" => {
                let rows = report.pointer("/responses/by_method")?.as_array()?;
                let row = rows.iter().find(|row| row.get("method") == self.key("method"))?;
                row.get("responses")?.as_u64()?
            }
            path => report.pointer(&format!("/{}", path.replace('.', "/")))?.as_u64()?,
        };
        Quantity::fraction(part, whole)
    }
}

fn count(found: &Found<'_>) -> Option<u64> {
    match found {
        Found::There(json) => json.as_u64(),
        Found::Zero => Some(0),
        Found::Absent => None,
    }
}

/// `{value, numerator, denominator}`; null is absent, whatever its fraction.
fn rate(found: &Found<'_>) -> Option<Quantity> {
    let Found::There(json) = found else { return None };
    let json: &Json = json;
    json.get("value")?.as_f64()?;
    Quantity::fraction(json.get("numerator")?.as_u64()?, json.get("denominator")?.as_u64()?)
}
