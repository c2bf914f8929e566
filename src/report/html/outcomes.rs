//! INVITE outcomes with what is inside each, and the rates with their fractions.

use super::block;
use super::chart::{bar, stack, swatch};
use super::markup::{Markup, el};
use super::table::{Row, figure, table};
use super::terms::term;
use crate::call::Outcome;
use crate::report::text::format::{clock, fraction, number, percent, plural, zone};
use crate::report::text::outcomes as told;
use crate::stats::summary::{Invite, RateKind};
use crate::stats::{Ratio, Summary};
use crate::time::Scale;

/// The colour of an outcome: whom it speaks of.
pub(super) fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Answered => "o-answered",
        Outcome::Busy | Outcome::NoAnswer | Outcome::Declined | Outcome::Cancelled => "o-callee",
        Outcome::NotFound | Outcome::Forbidden | Outcome::AuthFailed => "o-number",
        Outcome::ServerFailure | Outcome::TimedOut | Outcome::GlobalFailure => "o-network",
        Outcome::Redirected | Outcome::ClientError => "o-other",
        Outcome::Pending => "o-pending",
    }
}

pub(super) fn section(s: &Summary) -> Markup {
    let i = &s.invite;
    let most = i.outcomes.iter().filter_map(|o| o.share).fold(0.0, f64::max);
    let rows = i.outcomes.iter().filter(|o| o.count > 0).map(|o| {
        let share = o.share.unwrap_or(0.0);
        Row::from(vec![
            term(o.outcome.id(), o.outcome.text()),
            figure(&format!("invite.outcomes.{}.count", o.outcome.id()), number(o.count)),
            percent(o.share).into(),
            bar(share, most, class(o.outcome)),
            told::inside(o).join(", ").into(),
        ])
    });
    let caption = format!("INVITE attempts by outcome, {} in all", number(i.attempts));
    let columns = ["<Outcome", "attempts", "share", "<", "<of which"];
    let parts: Vec<_> = i.outcomes.iter().map(|o| (class(o.outcome), o.share.unwrap_or(0.0))).collect();
    let content = [
        stack(&parts),
        legend(i),
        el("div", &[("class", "pair wide-left")], [table(&caption, &columns, rows.collect()), rates(i)]),
        el("p", &[], told::sentence(i)),
        load(i, s.input.scale),
        codes_on_the_way(i),
    ];
    block("outcomes", "INVITE outcomes", content)
}

/// What the colours say: whom an outcome speaks of.
fn legend(i: &Invite) -> Markup {
    let names = [
        ("o-answered", "answered"),
        ("o-callee", "callee, or caller who gave up"),
        ("o-number", "number or permission"),
        ("o-network", "network or platform"),
        ("o-other", "other"),
        ("o-pending", "pending"),
    ];
    let occurs = |id: &str| i.outcomes.iter().any(|o| o.count > 0 && class(o.outcome) == id);
    let parts = names.into_iter().filter(|(id, _)| occurs(id));
    el(
        "div",
        &[("class", "legend")],
        parts.map(|(id, name)| el("span", &[], [swatch(id), name.into()])).collect::<Markup>(),
    )
}

fn rates(i: &Invite) -> Markup {
    let names = [
        ("ASR", RateKind::Asr),
        ("ASR without scanners", RateKind::AsrWithoutScanners),
        ("ABR", RateKind::Abr),
        ("NER", RateKind::Ner),
        ("NER, in-band ringing counted", RateKind::NerHigh),
        ("NER by Q.850 cause", RateKind::NerQ850),
        ("SER", RateKind::Ser),
        ("SEER", RateKind::Seer),
        ("ISA", RateKind::Isa),
        ("ISA without silent", RateKind::IsaWithoutSilent),
        ("SCR", RateKind::Scr),
        ("Cleared", RateKind::Cleared),
    ];
    let of = |kind| i.rates.iter().find(|(k, _)| *k == kind).map(|(_, r)| *r);
    let rows = names
        .iter()
        .filter_map(|(name, kind)| Some((name, kind, of(*kind)?)))
        // Where too few finals carry a cause it says nothing.
        .filter(|(_, kind, r)| **kind != RateKind::NerQ850 || r.value().is_some())
        .map(|(name, kind, r)| rate(name, *kind, &r));
    table("Rates", &["<Rate", "value", "fraction"], rows.collect())
}

fn rate(name: &str, kind: RateKind, r: &Ratio) -> Row {
    let value = figure(&format!("invite.rates.{}", kind.id()), percent(r.value()));
    Row::from(vec![term(kind.id(), name), value, fraction(r).into()])
}

fn load(i: &Invite, scale: Scale) -> Markup {
    let l = &i.load;
    let mut parts = Vec::new();
    if let Some(at) = l.peak_at {
        parts.push(format!(
            "Busiest second: {} at {}{}",
            plural(l.peak_1s, "attempt", "attempts"),
            clock(at, scale),
            zone(scale)
        ));
    }
    if let Some(at) = l.concurrent_at.filter(|_| l.concurrent_peak > 0) {
        let bound = if l.lower_bound { " (lower bound)" } else { "" };
        parts.push(format!(
            "most calls up at once: {}{bound} at {}{}",
            number(l.concurrent_peak),
            clock(at, scale),
            zone(scale)
        ));
    }
    el("p", &[("class", "aside")], parts.join("; "))
}

/// Codes that a retry overtook, and codes changed on the way.
fn codes_on_the_way(i: &Invite) -> Markup {
    let overtaken = i.intermediate.iter().map(|r| {
        let then: Vec<_> =
            r.followed_by.iter().map(|(o, n)| format!("{} {}", o.text(), number(*n))).collect();
        let label = crate::registry::label(r.status).to_string();
        Row::from(vec![label.into(), number(r.count).into(), then.join(", ").into()])
    });
    let translated = i.translated.iter().map(|(inner, outer, n)| {
        let (inner, outer) =
            (crate::registry::label(*inner).to_string(), crate::registry::label(*outer).to_string());
        Row::from(vec![inner.into(), outer.into(), number(*n).into()])
    });
    let tables = [
        table(
            "Overtaken by a retry or a later round",
            &["<Code", "count", "<the attempt ended"],
            overtaken.collect(),
        ),
        table("Codes changed on the way", &["<Further down", "<became", "count"], translated.collect()),
    ];
    el("div", &[("class", "pair")], tables)
}
