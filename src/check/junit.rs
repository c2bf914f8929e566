//! The verdict as JUnit XML: a suite of the check, a test case a rule. GitLab, Jenkins and GitHub's
//! report actions read it.
//!
//! A breach is a `failure`, what was not evaluated is `skipped`, a warning is said on `system-out` of a
//! case that passes. The shape is that of the xunit plugin's `junit-10.xsd`, which Jenkins applies.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::say;
use super::verdict::{Judged, Status, Verdict};
use crate::report::escape::escape;

const SUITE: &str = "sipstat check";

/// Writes `verdict` to `out`.
pub(super) fn write(verdict: &Verdict, out: &mut impl io::Write) -> io::Result<()> {
    let mut writer = Writer::new_with_indent(&mut *out, b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let tests = verdict.rules.len().to_string();
    let failures = verdict.rules.iter().filter(|r| r.is_breach()).count().to_string();
    let skipped = verdict.count(Status::NotEvaluated).to_string();
    let totals = [
        ("tests", tests.as_str()),
        ("failures", failures.as_str()),
        ("errors", "0"),
        ("skipped", skipped.as_str()),
        ("time", "0"),
    ];
    let suites = writer.create_element("testsuites").with_attribute(("name", SUITE));
    suites.with_attributes(totals).write_inner_content(|w| {
        let suite = w.create_element("testsuite").with_attribute(("name", SUITE)).with_attributes(totals);
        suite.write_inner_content(|w| verdict.rules.iter().try_for_each(|rule| case(rule, verdict, w)))?;
        Ok(())
    })?;
    writeln!(out)
}

fn case<W: io::Write>(rule: &Judged, verdict: &Verdict, writer: &mut Writer<W>) -> io::Result<()> {
    let name = escape(&rule.name);
    let case = writer.create_element("testcase").with_attributes([
        ("name", name.as_ref()),
        ("classname", "sipstat.check"),
        ("time", "0"),
    ]);
    let message = match say::limit(rule) {
        Some(limit) => format!("{}: {limit}", say::figures(rule)),
        None => say::figures(rule),
    };
    let body = body(rule, verdict, &message);
    match rule.status {
        Status::Fail if rule.is_breach() => case.write_inner_content(|w| {
            let failure = w.create_element("failure");
            let failure = failure.with_attributes([("message", message.as_str()), ("type", "breach")]);
            failure.write_text_content(BytesText::new(&body))?;
            Ok(())
        }),
        Status::NotEvaluated => case.write_inner_content(|w| {
            w.create_element("skipped").with_attribute(("message", message.as_str())).write_empty()?;
            Ok(())
        }),
        _ => case.write_inner_content(|w| {
            let said = if rule.status == Status::Fail { format!("warning: {body}") } else { body.clone() };
            w.create_element("system-out").write_text_content(BytesText::new(&said))?;
            Ok(())
        }),
    }?;
    Ok(())
}

/// The message, the explanation and the calls, one line each.
fn body(rule: &Judged, verdict: &Verdict, message: &str) -> String {
    let mut lines = vec![message.to_owned()];
    if rule.status == Status::Fail {
        lines.extend(rule.because().map(|why| escape(why).into_owned()));
    }
    let call = |c| format!("{}: {}", say::frame(c, &verdict.files), escape(&c.call_id));
    lines.extend(rule.calls.iter().map(call));
    lines.join("\n")
}
