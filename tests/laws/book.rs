//! The conservation laws of `lib.rs`, held against a JSON report.
//!
//! In: captures, or a finished report. Out: one line for each law that is broken. The laws use
//! nothing but the report, so they hold for whoever reads it.

#![allow(dead_code, reason = "fuzz targets use a part of it")]

// The fuzz targets use this file as well.
#[path = "tables.rs"]
mod tables;

use std::fmt::Display;

use serde_json::{Map, Value};

/// One line for each law that `report` breaks.
pub(crate) fn violations(report: &Value) -> Vec<String> {
    let mut book = Book::default();
    frames_have_one_fate_each(report, &mut book);
    tables::rows_are_their_bins(report, "", &mut book);
    tables::totals_are_their_rows(report, &mut book);
    tables::lists_are_sorted(report, &mut book);
    failures_are_finals(report, &mut book);
    attempts_have_one_outcome_each(report, &mut book);
    sessions_end_once(report, &mut book);
    fractions_are_fractions(report, "", &mut book);
    delays_rise(&report["delays"], "delays", &mut book);
    book.0
}

/// Broken laws.
#[derive(Default)]
pub(crate) struct Book(Vec<String>);

impl Book {
    fn equal(&mut self, law: impl Display, left: u64, right: u64) {
        self.holds(left == right, || format!("{law}: {left} != {right}"));
    }

    fn at_most(&mut self, law: impl Display, left: u64, right: u64) {
        self.holds(left <= right, || format!("{law}: {left} > {right}"));
    }

    fn holds(&mut self, law: bool, text: impl FnOnce() -> String) {
        if !law {
            self.0.push(text());
        }
    }
}

/// The number at a path `a.b.c`.
///
/// # Panics
/// When there is none: the paths are a contract.
pub(crate) fn number(report: &Value, path: &str) -> u64 {
    let found = report.pointer(&format!("/{}", path.replace('.', "/"))).and_then(Value::as_u64);
    found.unwrap_or_else(|| panic!("no number at {path}"))
}

/// The rows of the list at a path.
///
/// # Panics
/// When there is none.
pub(crate) fn rows<'a>(report: &'a Value, path: &str) -> &'a [Value] {
    let found = report.pointer(&format!("/{}", path.replace('.', "/"))).and_then(Value::as_array);
    found.unwrap_or_else(|| panic!("no list at {path}"))
}

fn object<'a>(report: &'a Value, path: &str) -> &'a Map<String, Value> {
    let found = report.pointer(&format!("/{}", path.replace('.', "/"))).and_then(Value::as_object);
    found.unwrap_or_else(|| panic!("no object at {path}"))
}

/// Σ of the numbers of an object.
fn sum(object: &Map<String, Value>) -> u64 {
    object.values().filter_map(Value::as_u64).sum()
}

/// Σ of one column.
fn column(rows: &[Value], name: &str) -> u64 {
    rows.iter().map(|r| r[name].as_u64().unwrap_or_else(|| panic!("no {name} in {r}"))).sum()
}

fn frames_have_one_fate_each(r: &Value, book: &mut Book) {
    let frames = number(r, "input.frames");
    book.equal("frames = Σ fates", frames, sum(object(r, "input.fates")));
    book.equal("frames = Σ files", frames, column(rows(r, "input.files"), "frames"));
    let whole = rows(r, "input.files").iter().all(|f| f["complete"] == true);
    book.holds(r["input"]["complete"] == whole, || "complete = every file is".into());
    for f in rows(r, "input.files") {
        book.holds((f["complete"] == true) == f["problem"].is_null(), || {
            format!("a problem, or complete: {f}")
        });
    }
}

fn failures_are_finals(r: &Value, book: &mut Book) {
    let methods = rows(r, "responses.by_method");
    let (total, finals) = (number(r, "failures.total"), number(r, "failures.finals"));
    book.equal("failures = Σ methods", total, column(methods, "failures"));
    for table in ["failures.by_code", "failures.by_method_and_code"] {
        book.equal(format_args!("failures.total = Σ {table}"), total, column(rows(r, table), "failures"));
        book.equal(
            format_args!("failures.inner = Σ {table}"),
            number(r, "failures.inner"),
            column(rows(r, table), "inner"),
        );
    }
    book.equal("failures.rate = total …", total, number(r, "failures.rate.numerator"));
    book.equal("… over finals", finals, number(r, "failures.rate.denominator"));
    let of_methods: u64 = methods.iter().map(|m| number(m, "failure_rate.denominator")).sum();
    book.equal("failures.finals = Σ methods", finals, of_methods);
    for m in methods {
        let name = &m["method"];
        book.equal(
            format_args!("{name}: failure_rate"),
            number(m, "failures"),
            number(m, "failure_rate.numerator"),
        );
        let counted = number(m, "finals") - number(m, "challenges") - number(m, "inner");
        book.equal(
            format_args!("{name}: finals less challenges and inner"),
            counted,
            number(m, "failure_rate.denominator"),
        );
        book.at_most(
            format_args!("{name}: finals are responses"),
            number(m, "finals"),
            number(m, "responses"),
        );
    }
}

fn attempts_have_one_outcome_each(r: &Value, book: &mut Book) {
    let attempts = number(r, "invite.attempts");
    let outcomes = object(r, "invite.outcomes");
    let count = |id: &str| number(r, &format!("invite.outcomes.{id}.count"));
    book.equal("attempts = Σ outcomes", attempts, outcomes.values().map(|o| number(o, "count")).sum());
    let decided = attempts - count("pending");
    book.equal("decided = attempts less pending", decided, number(r, "invite.decided"));
    book.equal("Σ sides = decided", decided, sum(object(r, "invite.sides")));
    for (id, o) in outcomes {
        let all = number(o, "count");
        if id != "answered" {
            book.equal(format_args!("{id}: Σ alerted"), all, sum(object(o, "alerted")));
        }
        let exclusive = ["auth_failed", "cancelled", "timed_out", "pending"];
        if exclusive.contains(&id.as_str()) {
            let beside = ["media_refused", "prack_failed", "network_blocked", "no_route", "icmp_unreachable"];
            let details = object(o, "details").iter().filter(|(d, _)| !beside.contains(&d.as_str()));
            book.equal(
                format_args!("{id}: Σ details"),
                all,
                details.map(|(_, n)| n.as_u64().unwrap_or_default()).sum(),
            );
        }
        book.at_most(format_args!("{id}: Σ codes"), column(rows(o, "codes"), "count"), all);
    }
    for (rate, denominator) in [
        ("asr", decided),
        ("ner", decided),
        ("isa", decided),
        ("ser", decided - count("redirected")),
        ("seer", decided - count("redirected")),
        ("abr", number(r, "invite.bids")),
    ] {
        book.equal(
            format_args!("{rate}: denominator"),
            number(r, &format!("invite.rates.{rate}.denominator")),
            denominator,
        );
    }
    let inferred = number(r, "invite.flags.inferred");
    book.at_most(
        "answered bids",
        number(r, "invite.rates.abr.numerator"),
        number(r, "invite.bids") + inferred,
    );
    book.equal("asr: answered", number(r, "invite.rates.asr.numerator"), count("answered"));
    book.equal("bids = Σ next hops", number(r, "invite.bids"), column(rows(r, "invite.next_hops"), "bids"));
    book.equal(
        "reinvites = Σ codes",
        number(r, "invite.reinvites"),
        column(rows(r, "invite.reinvites_by_code"), "count"),
    );
    for row in rows(r, "invite.intermediate") {
        book.equal("intermediate = Σ followed_by", number(row, "count"), sum(object(row, "followed_by")));
    }
    let registers = object(r, "register.outcomes").values().map(|o| number(o, "count")).sum();
    book.equal("registrations = Σ outcomes", number(r, "register.attempts"), registers);
}

fn sessions_end_once(r: &Value, book: &mut Book) {
    let n = |key: &str| number(r, &format!("invite.sessions.{key}"));
    book.equal("confirmed = completed + failed + up", n("confirmed"), n("completed") + n("failed") + n("up"));
    book.at_most("lost sessions are up", n("lost"), n("up"));
}

/// Every `{value, numerator, denominator}`, and every share.
fn fractions_are_fractions(v: &Value, path: &str, book: &mut Book) {
    match v {
        Value::Object(o) => {
            if let (Some(value), Some(n), Some(d)) =
                (o.get("value"), o.get("numerator"), o.get("denominator"))
            {
                let (n, d) = (n.as_u64().unwrap_or_default(), d.as_u64().unwrap_or_default());
                // A bid counts once its reference leg is over; an answer may be inferred before that.
                book.holds(n <= d || path.ends_with("abr"), || format!("{path}: {n} of {d}"));
                let right = match value.as_f64() {
                    None => true,
                    Some(x) => d > 0 && (x - n as f64 / d as f64).abs() < 1e-12,
                };
                book.holds(right, || format!("{path}: {value} is not {n}/{d}"));
            }
            for (key, inner) in o {
                if key.starts_with("share")
                    && let Some(x) = inner.as_f64()
                {
                    book.holds((0.0..=1.0).contains(&x), || format!("{path}.{key}: {x}"));
                }
                fractions_are_fractions(inner, &format!("{path}.{key}"), book);
            }
        }
        Value::Array(all) => {
            for (i, inner) in all.iter().enumerate() {
                fractions_are_fractions(inner, &format!("{path}[{i}]"), book);
            }
        }
        _ => {}
    }
}

/// Every delay: at least one sample, percentiles in order.
fn delays_rise(v: &Value, path: &str, book: &mut Book) {
    let Value::Object(o) = v else { return };
    if o.contains_key("p50_ms") {
        let ms = |key: &str| o[key].as_f64().unwrap_or(f64::NAN);
        let keys = ["min_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms"];
        book.holds(keys.windows(2).all(|w| ms(w[0]) <= ms(w[1])), || format!("{path} falls: {v}"));
        book.holds(o["count"].as_u64() > Some(0), || format!("{path} has no samples"));
        return;
    }
    for (key, inner) in o {
        delays_rise(inner, &format!("{path}.{key}"), book);
    }
}
