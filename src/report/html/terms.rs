//! Definitions: on hover and focus where a figure stands, and as a list at the end.

use super::block;
use super::markup::{Markup, el, none};
use crate::registry;
use crate::report::explain::definition;
use crate::sip::StatusCode;

/// The terms that the page uses, in the order of its list.
const LISTED: [&str; 45] = [
    "asr",
    "abr",
    "ner",
    "ner_high",
    "ner_q850",
    "ser",
    "seer",
    "isa",
    "scr",
    "cleared",
    "ira",
    "acd",
    "pdd",
    "pdd_authenticated",
    "srd_ok",
    "srd_failed",
    "setup",
    "ring",
    "ack_delay",
    "rrd",
    "sdd",
    "sdd_failed",
    "sdt",
    "sdt_failed",
    "response_time",
    "first_reply",
    "answered",
    "busy",
    "no_answer",
    "cancelled",
    "declined",
    "not_found",
    "forbidden",
    "auth_failed",
    "redirected",
    "client_error",
    "server_failure",
    "global_failure",
    "timed_out",
    "pending",
    "attempt",
    "bid",
    "retransmission",
    "hop_copy",
    "inner",
];

/// `label` with the meaning of the term `id` on hover and focus, linked to the list.
pub(super) fn term(id: &str, label: &str) -> Markup {
    // `ack` is a method, too.
    let id = if id == "ack" { "ack_delay" } else { id };
    let Some(d) = definition(id).filter(|_| LISTED.contains(&id)) else { return label.into() };
    let tip = [el("b", &[], d.name), " ".into(), d.meaning.into()];
    tipped(&format!("#def-{id}"), label, tip.into())
}

/// A code with its meaning on hover and focus.
pub(super) fn code(method: &str, status: StatusCode) -> Markup {
    let number = status.get().to_string();
    let Some(info) = registry::code(status) else { return number.into() };
    let phrase = registry::label(status).to_string();
    let meaning = registry::cell(method, status).map_or(info.meaning, |c| c.meaning);
    let look = info.look.map_or_else(String::new, |look| format!(" Look at: {look}"));
    let tip = [el("b", &[], phrase), " ".into(), format!("{meaning}{look}").into()];
    el("span", &[("class", "term"), ("tabindex", "0")], [number.into(), self::tip(tip.into())])
}

fn tipped(href: &str, label: &str, content: Markup) -> Markup {
    el("a", &[("class", "term"), ("href", href)], [label.into(), tip(content)])
}

fn tip(content: Markup) -> Markup {
    el("span", &[("class", "tip"), ("aria-hidden", "true")], content)
}

/// The list.
pub(super) fn section() -> Markup {
    let entries = LISTED.iter().filter_map(|id| Some((id, definition(id)?))).map(|(id, d)| {
        let formula = d.formula.map_or_else(none, |f| el("p", &[("class", "formula")], f));
        let beware = d.beware.map_or_else(none, |b| el("p", &[], [el("b", &[], "Beware: "), b.into()]));
        let source = d.source.map_or_else(none, |s| el("p", &[("class", "aside")], format!("Source: {s}")));
        let name = el("dt", &[("id", &format!("def-{id}"))], d.name);
        [name, el("dd", &[], [el("p", &[], d.meaning), formula, beware, source]), Markup::own("\n")].into()
    });
    block("definitions", "Definitions", el("dl", &[("class", "definitions")], entries.collect::<Markup>()))
}
