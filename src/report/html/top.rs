//! The head of the page: what was read, whether it is whole, and the figures that everybody asks for.

use super::markup::{Markup, el, none};
use super::table::figure;
use super::terms::term;
use crate::call::Side;
use crate::report::text::format::{delay, fraction, number, percent, plural, span};
use crate::report::text::header as words;
use crate::stats::summary::{DelayKind, RateKind};
use crate::stats::{Ratio, Summary};

pub(super) fn header(s: &Summary) -> Markup {
    let input = &s.input;
    let (state, class) = match (input.complete, input.exact) {
        (true, true) => ("complete", "badge good"),
        (false, _) => ("incomplete", "badge bad"),
        (true, false) => ("not exact", "badge bad"),
    };
    let mut facts = vec![plural(input.frames, "frame", "frames")];
    facts.extend(words::messages(&s.messages));
    let period = input.span.map_or_else(String::new, |(from, to)| {
        format!("{} ({})", words::period(from, to, s.input.scale), span(to - from))
    });
    let filter = input.filter.as_ref().map_or_else(none, |f| {
        let text = format!("Filter {f}: {} left out", plural(words::left_out(input), "frame", "frames"));
        el("p", &[("class", "aside")], text)
    });
    let title = el("h1", &[], [el("span", &[], "SIP report "), words::name(input, 80).into()]);
    let line = [el("span", &[("class", class)], state), " ".into(), period.into()];
    let theme = el("button", &[("id", "theme"), ("type", "button"), ("class", "script")], "Theme: auto");
    let parts = [
        el("div", &[("class", "title")], [title, theme]),
        el("p", &[], line),
        el("p", &[("class", "aside")], facts.join("; ")),
        filter,
        tiles(s),
    ];
    el("header", &[], parts)
}

/// What stands where there is no SIP.
pub(super) fn nothing() -> Markup {
    el("p", &[("class", "nothing")], "No SIP was found. What the frames held instead is listed below.")
}

fn tiles(s: &Summary) -> Markup {
    if s.messages.total == 0 {
        return none();
    }
    let mut all = Vec::new();
    let rate = |kind| s.invite.rates.iter().find(|(k, _)| *k == kind).map(|(_, r)| *r);
    if s.invite.attempts > 0 {
        let i = &s.invite;
        let about = i.load.attempts_per_s.map_or_else(String::new, |r| format!("{r:.1} per s"));
        all.push(tile(
            term("attempt", "INVITE attempts"),
            figure("invite.attempts", number(i.attempts)),
            about.into(),
        ));
        for (id, label, kind) in [("asr", "Answered (ASR)", RateKind::Asr), ("seer", "SEER", RateKind::Seer)]
        {
            if let Some(r) = rate(kind) {
                all.push(rated(id, label, &r));
            }
        }
        all.extend(ner(rate(RateKind::Ner), rate(RateKind::NerHigh)));
        let path: u64 =
            i.sides.iter().filter(|(s, _)| matches!(s, Side::Path | Side::Server)).map(|(_, n)| n).sum();
        let path = Ratio::new(path, i.decided);
        all.push(tile("Network or platform".into(), percent(path.value()).into(), fraction(&path).into()));
        if let Some(d) = s.delays.iter().find(|(k, _)| *k == DelayKind::Pdd).and_then(|(_, d)| d.as_ref()) {
            let more = format!("p95 {}, p99 {}", delay(d.p95, 3), delay(d.p99, 3));
            all.push(tile(term("pdd", "PDD, median"), delay(d.p50, 3).into(), more.into()));
        }
    }
    if s.register.attempts > 0 && s.invite.attempts == 0 {
        let n = number(s.register.attempts);
        all.push(tile("REGISTER attempts".into(), figure("register.attempts", n), none()));
        let r = &s.register.ira;
        let value = figure("register.rates.ira", percent(r.value()));
        all.push(tile(term("ira", "IRA"), value, fraction(r).into()));
    }
    if s.invite.attempts == 0 {
        let n = figure("failures.total", number(s.failures.total));
        let finals = format!("of {} finals", number(s.failures.finals));
        all.push(tile("Failure responses".into(), n, finals.into()));
    }
    el("div", &[("class", "tiles")], all)
}

/// NER as the range it is, where in-band ringing leaves one.
fn ner(low: Option<Ratio>, high: Option<Ratio>) -> Option<Markup> {
    let low = low?;
    let value = figure("invite.rates.ner", percent(low.value()));
    let Some(high) = high.filter(|high| *high != low && high.value().is_some()) else {
        return Some(tile(term("ner", "NER"), value, fraction(&low).into()));
    };
    let to = figure("invite.rates.ner_high", percent(high.value()));
    let both = format!("{} to {}", fraction(&low), fraction(&high));
    let range = [value, el("small", &[], " to "), to];
    Some(tile(term("ner", "NER"), range.into(), both.into()))
}

fn rated(id: &'static str, label: &str, r: &Ratio) -> Markup {
    let value = figure(&format!("invite.rates.{id}"), percent(r.value()));
    tile(term(id, label), value, fraction(r).into())
}

fn tile(name: Markup, value: Markup, more: Markup) -> Markup {
    let parts = [
        el("div", &[("class", "name")], name),
        el("div", &[("class", "value")], value),
        el("div", &[("class", "more")], more),
    ];
    el("div", &[("class", "tile")], parts)
}
