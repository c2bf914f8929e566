//! Pages of codes, classes, methods and causes, from the registry.

use super::page::Page;
use crate::call::{Outcome, Side};
use crate::registry::{self, CauseInfo, CellInfo, ClassInfo, CodeInfo, MethodInfo};
use crate::sip::StatusCode;

/// The page of one code.
pub(super) fn page(status: StatusCode, columns: usize) -> String {
    let class = registry::class(status).name;
    let info = registry::code(status);
    let beside = info.map_or(String::new(), |c| match (c.registered, c.phrase) {
        (true, _) => format!("{}, {class}", c.reference),
        (false, Some(phrase)) => format!("{phrase}; {}", c.reference),
        (false, None) => c.reference.to_owned(),
    });
    let mut page = Page::new(&registry::label(status), &beside, columns);
    match info {
        Some(c) => known(&mut page, c),
        None => unknown(&mut page, status),
    }
    calls(&mut page, status, info);
    for m in registry::methods().iter().map(|m| m.name).chain(["re-INVITE"]) {
        // What holds for the rest of a method's finals is news only where others would see a failure.
        if let Some(cell) = registry::cell(m, status).filter(|c| !c.rest || status.get() >= 400) {
            page.field(m, cell.meaning);
        }
    }
    causes(&mut page, status, info);
    page.finish()
}

/// The page of a class, with its codes.
pub(super) fn class(class: &ClassInfo, columns: usize) -> String {
    let title = format!("{}xx {}", class.digit, class.name);
    let mut page = Page::new(&title, "RFC 3261 7.2", columns);
    page.text(class.meaning);
    page.gap();
    rows(&mut page, class);
    page.gap();
    match class.digit {
        1 => page.text("A code that is not registered counts as 183."),
        digit => page.text(&format!("A code that is not registered counts as {digit}00.")),
    }
    page.finish()
}

/// All codes by class.
pub(super) fn list(columns: usize) -> String {
    let title = "Response codes";
    let mut page = Page::new(title, "sipstat explain CODE says more; * not registered", columns);
    for class in registry::classes() {
        page.gap();
        page.heading(&format!("{}xx {}", class.digit, class.name));
        rows(&mut page, class);
    }
    page.gap();
    page.text("Other words: a class (4xx), a method (BYE), a Q.850 cause (cause=34), a rate (asr, ner, ser …), a delay (pdd, srd …), an outcome (busy, timed_out …) or a term of the report (bid, hop_copy …).");
    page.finish()
}

/// The page of a method.
pub(super) fn method(m: &MethodInfo, columns: usize) -> String {
    let unregistered = if m.registered { "" } else { ", not registered" };
    let mut page = Page::new(m.name, &format!("{}{unregistered}", m.reference), columns);
    page.text(&sentence(m.job));
    page.gap();
    page.field("Dialog", m.dialog);
    page.field("Responses", m.responses);
    page.field("Counting", m.notes);
    let of = |name: &'static str| registry::cells().iter().filter(move |c| c.method == name);
    for cell in of(m.name) {
        page.field(&codes(cell), cell.meaning);
    }
    if m.name == "INVITE" {
        page.gap();
        page.text("Outcome of an attempt by the code that ended it:");
        for outcome in Outcome::ALL {
            page.field(outcome.id(), &ended_by(*outcome));
        }
        page.gap();
        page.text("Inside a call (re-INVITE):");
        for cell in of("re-INVITE") {
            page.field(&codes(cell), cell.meaning);
        }
    }
    page.finish()
}

/// The page of a Q.850 cause.
pub(super) fn cause(c: &CauseInfo, columns: usize) -> String {
    let mut page = Page::new(&format!("Q.850 cause {}: {}", c.cause, c.name), c.class, columns);
    page.field("Says", &c.hint.map_or(String::new(), in_words));
    page.field(
        "As SIP code",
        c.sip.unwrap_or("none: it stays inside the gateway or ends a call by BYE or CANCEL"),
    );
    let from: Vec<String> = c.from_sip.iter().map(|s| registry::label(*s)).collect();
    page.field("Made of", &from.join(", "));
    page.field("Source", "ITU-T Q.850, its names second-hand; RFC 3398 7.2.4.1, 8.2.6.1");
    page.field("Beware", "a Reason header does not change what a response code means (RFC 6432); gateways map both ways, and not symmetrically");
    page.finish()
}

fn known(page: &mut Page, c: &CodeInfo) {
    page.text(c.meaning);
    page.gap();
    if let Some(side) = c.side {
        page.field("Speaks of", &whom(side));
    }
    page.field("Look at", c.look.unwrap_or_default());
    if c.status.class() > 2 {
        let basis = c.retry_basis.map_or(String::new(), |b| format!(": {b}"));
        page.field("Send again", &format!("{}{basis}", c.retry.text()));
    }
}

/// A code nobody registered means what the x00 of its class means.
fn unknown(page: &mut Page, status: StatusCode) {
    let text = match status.class() {
        1 => "Not registered. To be treated as 183 Session Progress (RFC 3261 8.1.3.2).".to_owned(),
        // 600 says busy everywhere, which nobody can know of an unknown code.
        6 => {
            "Not registered. A UA treats it as 600 (RFC 3261 8.1.3.2); it counts as a global failure, not as \
              busy."
                .into()
        }
        class => {
            let general = StatusCode::new(u16::from(class) * 100).map_or(String::new(), registry::label);
            format!("Not registered. To be treated as {general} (RFC 3261 8.1.3.2).")
        }
    };
    page.text(&text);
    page.gap();
    if let Some(side) = registry::final_side(status).filter(|_| !status.is_success()) {
        page.field("Speaks of", &whom(side));
    }
    page.field(
        "Look at",
        "who sends it (Server, User-Agent) and its reason phrase: the sender's manual knows it",
    );
}

fn calls(page: &mut Page, status: StatusCode, info: Option<&CodeInfo>) {
    let Some(outcome) = registry::outcome(status) else {
        if status.get() != 100 {
            page.field("INVITE", "not the end of an attempt");
        }
        return;
    };
    let note = info.and_then(|c| c.outcome_note).map_or(String::new(), |n| format!("; {n}"));
    let failure = match status.get() {
        401 | 407 => "; a challenge, no failure response",
        400.. => "; a failure response",
        _ => "",
    };
    let name = |o: Outcome| format!("outcome {} ({})", o.id(), o.text());
    page.field("INVITE", &format!("{}{note}{failure}", name(outcome)));
}

fn causes(page: &mut Page, status: StatusCode, info: Option<&CodeInfo>) {
    let code = status.get().to_string();
    let into = registry::causes().iter().filter(|c| c.sip.and_then(|s| s.split(' ').next()) == Some(&code));
    // Dozens of causes fall to the default 500: their names would say nothing.
    let into: Vec<String> = into
        .filter(|c| c.sip.is_some_and(|s| !s.contains("default")))
        .map(|c| format!("{} {}", c.cause, c.name))
        .collect();
    if !into.is_empty() {
        page.field("From Q.850", &into.join("; "));
    }
    if status.get() == 500 {
        page.field("", "and every cause without a code of its own (RFC 3398 default)");
    }
    if let Some(q850) = info.and_then(|c| c.q850) {
        let name = q850.parse().ok().and_then(registry::cause).map_or("", |c| c.name);
        page.field("To Q.850", format!("{q850} {name}").trim_end());
    }
}

fn rows(page: &mut Page, class: &ClassInfo) {
    for c in registry::codes().iter().filter(|c| c.status.class() == class.digit) {
        let mark = if c.registered { "" } else { "*" };
        let phrase = c.phrase.unwrap_or("-");
        page.row(&format!("{}{mark}", c.status.get()), phrase, c.short);
    }
}

fn codes(cell: &CellInfo) -> String {
    let mut keys: Vec<String> = cell.codes.iter().map(|c| c.get().to_string()).collect();
    if cell.silence {
        keys.push("silence".into());
    }
    if cell.rest {
        keys.push("other finals".into());
    }
    keys.join(", ")
}

/// The codes that lead to `outcome`, in words where they are many.
fn ended_by(outcome: Outcome) -> String {
    let codes = registry::codes().iter().filter(|c| c.outcome == Some(outcome));
    let note = |c: &CodeInfo| match c.outcome_note {
        Some(note) => format!("{} ({note})", c.status.get()),
        None => c.status.get().to_string(),
    };
    match outcome {
        Outcome::Answered => "every 2xx".into(),
        Outcome::Redirected => "every 3xx".into(),
        Outcome::ClientError => "every other 4xx".into(),
        Outcome::ServerFailure => "every 5xx".into(),
        Outcome::GlobalFailure => "every other 6xx".into(),
        Outcome::Pending => "none before the capture ended".into(),
        Outcome::TimedOut => codes.map(note).chain(["none in time".into()]).collect::<Vec<_>>().join(", "),
        _ => codes.map(note).collect::<Vec<_>>().join(", "),
    }
}

fn whom(side: Side) -> String {
    match side {
        Side::Callee => "the callee, who was reached",
        Side::Caller => "the caller, who gave up",
        Side::Number => "the number dialled",
        Side::Account => "the caller's account, permission or identity",
        Side::Request => "the request as it was written",
        Side::Media => "the media offered",
        Side::Path => "the network: the way to the callee",
        Side::Server => "the server that answered",
    }
    .into()
}

/// `text` with the outcomes it names as reports print them.
fn in_words(text: &str) -> String {
    let word =
        |w: &str| Outcome::ALL.iter().find(|o| o.id() == w).map_or(w.to_owned(), |o| o.text().to_lowercase());
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}
