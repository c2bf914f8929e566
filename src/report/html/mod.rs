//! The report as one page that stands alone: no network, readable on paper, in the dark and without
//! script.
//!
//! Every table is written here; script adds sorting, the brush over time and the filters linked to
//! it. The page holds the JSON report as well, and draws its charts from that. Its policy
//! (`Content-Security-Policy`) allows this one style and this one script by their hashes, and nothing
//! else. Built from aggregates: its size does not grow with the calls.

mod calls;
mod chart;
mod findings;
mod groups;
mod hashes;
mod ledger;
mod markup;
mod messages;
mod outcomes;
mod table;
mod terms;
mod time;
mod top;

use std::io;

use self::markup::{Markup, el, none};
use super::json;
use crate::report::text::header;
use crate::stats::Summary;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Writes `summary` to `out`.
pub fn write(summary: &Summary, out: &mut impl io::Write) -> io::Result<()> {
    let data = data(summary)?;
    let title = format!("SIP report: {}", header::name(&summary.input, 80));
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hashes::STYLE,
        hashes::SCRIPT
    );
    let head = [
        Markup::own("<meta charset=\"utf-8\">\n"),
        Markup::safe(format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n")),
        Markup::own("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"),
        Markup::own("<meta name=\"color-scheme\" content=\"light dark\">\n"),
        Markup::own("<meta name=\"referrer\" content=\"no-referrer\">\n"),
        el("title", &[], title),
        Markup::safe(format!("\n<style>{STYLE}</style>\n")),
    ];
    let body = [
        Markup::own("<a class=\"skip\" href=\"#main\">Skip to the figures</a>\n"),
        top::header(summary),
        el("main", &[("id", "main")], sections(summary)),
        Markup::safe(format!("<script type=\"application/json\" id=\"report\">{data}</script>\n")),
        Markup::safe(format!("<script>{SCRIPT}</script>\n")),
    ];
    let page = [el("head", &[], head), Markup::own("\n"), el("body", &[], body)];
    writeln!(out, "<!doctype html>\n{}", el("html", &[("lang", "en")], page).as_str())
}

fn sections(s: &Summary) -> Markup {
    if s.messages.total == 0 {
        return [top::nothing(), ledger::section(s)].into();
    }
    let calls = s.invite.attempts > 0;
    [
        findings::section(s),
        if calls { outcomes::section(s) } else { none() },
        time::section(s),
        calls::next_hops(s),
        groups::section(s),
        messages::section(s),
        calls::sessions(s),
        calls::registrations(s),
        calls::delays(s),
        messages::silence(s),
        messages::texts(s),
        ledger::section(s),
        terms::section(),
    ]
    .into_iter()
    .collect()
}

/// The JSON report for a script element: nothing in it can end the element or begin a comment.
fn data(summary: &Summary) -> io::Result<String> {
    let mut text = Vec::new();
    json::line(&json::value(summary)?, &mut text)?;
    let text = String::from_utf8(text).map_err(io::Error::other)?;
    Ok(text.trim_end().replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e"))
}

/// A block of the page with its heading; nothing without content.
fn block(id: &'static str, title: &str, content: impl Into<Markup>) -> Markup {
    let content: Markup = content.into();
    if content.is_empty() {
        return none();
    }
    let heading = format!("{id}-title");
    let title = el("h2", &[("id", &heading)], title);
    [el("section", &[("id", id), ("aria-labelledby", &heading)], [title, content]), Markup::own("\n")].into()
}

#[cfg(test)]
pub(super) mod tests;
