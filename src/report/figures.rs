//! The report taken apart: one figure each, with what it is a figure of.
//!
//! In: the report as `sipstat.report/1`. Out: [`Figure`]s, in its order, none left out: what a new
//! list or rate of the report adds comes by itself. Nothing is computed; a class is its code's
//! first digit.

use serde_json::{Map, Value};

/// Objects of the report whose keys are data, by the last part of their path: what the keys are, and
/// what a number in them counts.
const KEYED: [(&str, Keys, &str); 16] = [
    ("fates", Keys::Key, "frames"),
    ("unknown_links", Keys::Key, "frames"),
    ("evicted", Keys::Key, "items"),
    ("by_transport", Keys::Key, "messages"),
    ("outcomes", Keys::Key, "attempts"),
    ("flags", Keys::Key, "attempts"),
    ("sides", Keys::Key, "attempts"),
    ("rates", Keys::Key, "rate"),
    ("details", Keys::Detail, "attempts"),
    ("alerted", Keys::Detail, "attempts"),
    ("followed_by", Keys::Key, "attempts"),
    ("delays", Keys::Key, "delay"),
    ("response_time", Keys::Method, "delay"),
    ("first_reply", Keys::Method, "delay"),
    ("by", Keys::Key, "calls"),
    ("bye_final", Keys::Key, "calls"),
];

/// Texts of a row that are figures of it, not part of its name.
const TEXTS: [&str; 4] = ["format", "first", "last", "problem"];
/// Fields of a row that its code or cause tells: the registered phrase, its name, its side.
const TOLD: [&str; 4] = ["reason", "name", "registered", "side"];
/// Numbers of a row that are part of its name.
const NUMBERS: [&str; 4] = ["port", "cause", "class", "code"];
/// The list in which `inner` and `outer` are codes, not counts.
const TRANSLATED: &str = "invite.translated";
/// Lists whose texts are figures: the name of a row is its identifier.
const SENTENCES: [&str; 2] = ["notes", "findings"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keys {
    Key,
    Detail,
    Method,
}

/// One figure of the report.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Figure {
    /// The path of what it belongs to: `responses.by_method_and_code`.
    pub(super) section: String,
    /// Its own name: `responses`.
    pub(super) figure: String,
    /// What it is a figure of.
    pub(super) of: Of,
    /// A number, a truth value, a text; null where it is absent.
    pub(super) value: Value,
    /// Numerator and denominator of a rate.
    pub(super) fraction: Option<(Value, Value)>,
    /// `count`, `ratio`, `ms`, `s`, `per_s`, `bytes`, `boolean`, `text`.
    pub(super) unit: &'static str,
}

/// What a figure is a figure of. Empty is not applicable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Of {
    /// Start of a time bucket.
    pub(super) time: String,
    /// The method.
    pub(super) method: String,
    /// The status code.
    pub(super) code: String,
    /// Its class: `5xx`.
    pub(super) class: String,
    /// The first name of the row: an outcome, a rate, an address, a file …
    pub(super) key: String,
    /// The others.
    pub(super) detail: String,
}

/// Every figure of `report`.
pub(super) fn figures(report: &Value) -> Vec<Figure> {
    let mut out = Vec::new();
    object(report, "", &Of::default(), &mut out);
    out
}

/// The objects whose keys are data; `None` for others. `path` is dotted.
pub(super) fn is_keyed(path: &str) -> bool {
    keys(path).is_some()
}

fn keys(path: &str) -> Option<(Keys, &'static str)> {
    let last = path.rsplit('.').next().unwrap_or_default();
    KEYED.iter().find(|(name, ..)| *name == last).map(|(_, keys, counts)| (*keys, *counts))
}

/// Numerator and denominator, if `value` is a rate.
pub(super) fn fraction(value: &Value) -> Option<(&Value, &Value)> {
    let Value::Object(fields) = value else { return None };
    (fields.contains_key("value")).then(|| Some((fields.get("numerator")?, fields.get("denominator")?)))?
}

/// `section.name`, or `name` at the top.
pub(super) fn join(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

fn object(value: &Value, section: &str, of: &Of, out: &mut Vec<Figure>) {
    let Value::Object(fields) = value else { return };
    if let Some((kind, counts)) = keys(section) {
        for (key, value) in fields {
            // Of delays, `response_time` and `first_reply` are objects of their own.
            if is_keyed(key) && !matches!(value, Value::Number(_)) {
                object(value, &join(section, key), of, out);
            } else if !value.is_null() {
                keyed(value, section, counts, &of.keyed(kind, key), out);
            }
        }
        return;
    }
    // A block that does not apply is null at the top.
    for (name, value) in fields.iter().filter(|(_, v)| !(section.is_empty() && v.is_null())) {
        field(name, value, section, of, out);
    }
}

fn keyed(value: &Value, section: &str, counts: &str, of: &Of, out: &mut Vec<Figure>) {
    match value {
        Value::Object(_) if fraction(value).is_some() => field(counts, value, section, of, out),
        Value::Object(fields) => fields.iter().for_each(|(n, v)| field(n, v, section, of, out)),
        other => field(counts, other, section, of, out),
    }
}

fn field(name: &str, value: &Value, section: &str, of: &Of, out: &mut Vec<Figure>) {
    if let (Some((numerator, denominator)), Value::Object(fields)) = (fraction(value), value) {
        out.push(Figure {
            section: section.to_owned(),
            figure: name.to_owned(),
            of: of.clone(),
            value: fields.get("value").cloned().unwrap_or_default(),
            fraction: Some((numerator.clone(), denominator.clone())),
            unit: match fields.get("unit").and_then(Value::as_str) {
                // What the user defined says itself what it is.
                Some("ms") => "ms",
                Some("number") => "count",
                _ => "ratio",
            },
        });
        return;
    }
    let path = join(section, name);
    match value {
        Value::Object(_) => object(value, &path, of, out),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| match item {
            Value::Object(_) => row(item, &path, of, out),
            // One of a series: told by its place.
            leaf => {
                let mut of = of.clone();
                of.add(&i.to_string());
                field("value", leaf, &path, &of, out);
            }
        }),
        leaf => out.push(Figure {
            section: section.to_owned(),
            figure: name.to_owned(),
            of: of.clone(),
            value: leaf.clone(),
            fraction: None,
            unit: unit(name, leaf),
        }),
    }
}

/// A row of a list: its names first, then its figures.
fn row(item: &Value, section: &str, of: &Of, out: &mut Vec<Figure>) {
    let Value::Object(fields) = item else { return };
    let is_name = |name: &str, value: &Value| names(section, name, value);
    let of = of.row(fields.iter().filter(|(n, v)| is_name(n, v)));
    for (name, value) in fields.iter().filter(|(n, v)| !is_name(n, v) && !TOLD.contains(&n.as_str())) {
        field(name, value, section, &of, out);
    }
}

/// Whether a field of a row is part of the row's name.
fn names(section: &str, name: &str, value: &Value) -> bool {
    match value {
        Value::String(_) if SENTENCES.contains(&section) => matches!(name, "id" | "kind" | "method"),
        Value::String(_) => !TEXTS.contains(&name) && !TOLD.contains(&name),
        Value::Number(_) => NUMBERS.contains(&name) || section == TRANSLATED && name != "count",
        Value::Null => matches!(name, "code" | "text" | "cause" | "location" | "destination" | "address"),
        Value::Array(items) => !items.is_empty() && items.iter().all(|i| i.is_string() || i.is_null()),
        _ => false,
    }
}

impl Of {
    fn keyed(&self, kind: Keys, key: &str) -> Self {
        let mut of = self.clone();
        match kind {
            Keys::Method => of.method = key.to_owned(),
            Keys::Detail if of.key.is_empty() => of.key = key.to_owned(),
            Keys::Detail => of.add(key),
            Keys::Key => of.add(key),
        }
        of
    }

    fn row<'a>(&self, names: impl Iterator<Item = (&'a String, &'a Value)>) -> Self {
        let mut of = self.clone();
        for (name, value) in names {
            let text = plain(value);
            match name.as_str() {
                "method" => of.method = text,
                "code" | "outer" => {
                    of.class = text.get(..1).map_or(String::new(), |digit| format!("{digit}xx"));
                    of.code = text;
                }
                "class" => of.class = format!("{text}xx"),
                // An identifier that says the same as the class.
                "id" if !of.class.is_empty() => {}
                "start" => of.time = text,
                _ if !text.is_empty() => of.add(&text),
                _ => {}
            }
        }
        of
    }

    fn add(&mut self, text: &str) {
        let place = if self.key.is_empty() { &mut self.key } else { &mut self.detail };
        if !place.is_empty() {
            place.push_str("; ");
        }
        place.push_str(text);
    }
}

/// A value as plain text: empty for null, parts joined.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn unit(name: &str, value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "boolean",
        Value::String(_) => "text",
        _ if name.ends_with("_ms") => "ms",
        _ if name.ends_with("per_s") => "per_s",
        _ if name.ends_with("_s") => "s",
        _ if name == "bytes" => "bytes",
        _ if name.contains("share") || name == "lift" => "ratio",
        _ if name == "first" || name == "last" || name.ends_with("_at") || name == "problem" => "text",
        _ => "count",
    }
}

/// Every figure-like leaf of a report: for tests that nothing is lost.
#[cfg(test)]
pub(super) fn numbers(value: &Value) -> usize {
    match value {
        Value::Number(_) => 1,
        Value::Array(items) => items.iter().map(numbers).sum(),
        Value::Object(fields) => fields.values().map(numbers).sum(),
        _ => 0,
    }
}

/// Fields of an object.
pub(super) type Fields<'a> = Vec<(&'a String, &'a Value)>;

/// The fields of an object that stand on one line, and those that need lines of their own.
pub(super) fn split(fields: &Map<String, Value>) -> (Fields<'_>, Fields<'_>) {
    let is_flat = |value: &Value| match value {
        Value::Object(_) => fraction(value).is_some(),
        Value::Array(items) => !items.is_empty() && !items.iter().any(Value::is_object),
        _ => true,
    };
    fields.iter().partition(|(_, value)| is_flat(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `section figure [time|method|code|class|key|detail] value fraction unit`, empty ones as a dot.
    fn lines(report: &Value) -> Vec<String> {
        let dot = |text: &str| if text.is_empty() { ".".to_owned() } else { text.to_owned() };
        figures(report)
            .iter()
            .map(|f| {
                let of = &f.of;
                let of = [&of.time, &of.method, &of.code, &of.class, &of.key, &of.detail].map(|t| dot(t));
                let fraction = f.fraction.as_ref().map_or(String::new(), |(n, d)| format!(" {n}/{d}"));
                let (of, value) = (of.join("|"), dot(&plain(&f.value)));
                format!("{} {} {of} {value}{fraction} {}", dot(&f.section), f.figure, f.unit)
            })
            .collect()
    }

    #[test]
    fn each_figure_says_what_it_is_of() {
        let report = json!({
            "schema": "s",
            "responses": {"by_method_and_code": [{"method": "INVITE", "code": 503, "reason": "x", "responses": 7}],
                          "by_method": [{"method": "BYE", "inner": 3}]},
            "invite": {
                "outcomes": {"busy": {"count": 2, "share": 0.5, "details": {"other": 1}, "codes": [{"code": 486, "count": 2}]}},
                "rates": {"asr": {"value": null, "numerator": 0, "denominator": 0}},
                "translated": [{"inner": 503, "outer": 500, "count": 31}],
            },
            "delays": {"pdd": {"p50_ms": 1.5}, "ack": null, "first_reply": {"BYE": {"count": 3}}},
            "timeline": {"interval_s": 10, "buckets": [{"start": "T", "failures": 4}]},
            "groups": [{"dimensions": ["dst", "code"], "rows": [{"key": ["a", "b"], "responses": 1}]}],
        });
        assert_eq!(
            lines(&report),
            [
                ". schema .|.|.|.|.|. s text",
                "responses.by_method_and_code responses .|INVITE|503|5xx|.|. 7 count",
                "responses.by_method inner .|BYE|.|.|.|. 3 count",
                "invite.outcomes count .|.|.|.|busy|. 2 count",
                "invite.outcomes share .|.|.|.|busy|. 0.5 ratio",
                "invite.outcomes.details attempts .|.|.|.|busy|other 1 count",
                "invite.outcomes.codes count .|.|486|4xx|busy|. 2 count",
                "invite.rates rate .|.|.|.|asr|. . 0/0 ratio",
                "invite.translated count .|.|500|5xx|503|. 31 count",
                "delays p50_ms .|.|.|.|pdd|. 1.5 ms",
                "delays.first_reply count .|BYE|.|.|.|. 3 count",
                "timeline interval_s .|.|.|.|.|. 10 s",
                "timeline.buckets failures T|.|.|.|.|. 4 count",
                "groups.rows responses .|.|.|.|dst, code|a, b 1 count",
            ]
        );
    }
}
