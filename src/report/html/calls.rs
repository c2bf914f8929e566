//! Next hops, answered calls, registrations, delays.

use super::block;
use super::chart::{bar, decades, quantiles};
use super::markup::{Markup, el, none};
use super::table::{Row, figure, table};
use super::terms::term;
use crate::report::text::format::{delay, fraction, number, part, percent, span};
use crate::report::text::hops;
use crate::stats::Summary;
use crate::stats::summary::{DelayStats, NextHop};
use crate::time::Nanos;

pub(super) fn next_hops(s: &Summary) -> Markup {
    let i = &s.invite;
    let codes = hops::telling_codes(s, usize::MAX);
    let names: Vec<String> = codes.iter().map(|c| c.get().to_string()).collect();
    let mut columns = vec!["<Next hop", "bids", "answered", "ABR", "<"];
    columns.extend(names.iter().map(String::as_str));
    columns.extend(["silent", "sent again", "PDD p50", "p95"]);
    let row = |h: &NextHop, name: Markup, class| {
        let of = |code| h.codes.iter().find(|(c, _)| *c == code).map_or(0, |(_, n)| *n);
        let mut cells =
            vec![name, number(h.bids).into(), number(h.answered).into(), percent(h.abr.value()).into()];
        cells.push(bar(h.abr.value().unwrap_or(0.0), 1.0, "o-answered"));
        cells.extend(codes.iter().map(|c| number(of(*c)).into()));
        cells.extend([number(h.silent), number(h.retransmissions)].map(Markup::from));
        let pdd = h.pdd.as_ref();
        let p = [pdd.map(|d| d.p50), pdd.map(|d| d.p95)].map(|t| t.map_or_else(String::new, |t| delay(t, 2)));
        cells.extend(p.map(Markup::from));
        Row { class, cell: String::new(), cells }
    };
    let name = |h: &NextHop| h.address.map_or_else(|| "others".to_owned(), hops::host);
    let mut rows: Vec<_> = i.next_hops.iter().map(|h| row(h, name(h).into(), "")).collect();
    rows.extend(
        i.all_next_hops.iter().filter(|_| i.next_hops.len() > 1).map(|h| row(h, "all".into(), "all")),
    );
    block("next-hops", "Next hops", table("Bids by where the INVITE was sent", &columns, rows))
}

pub(super) fn sessions(s: &Summary) -> Markup {
    let (d, r, l) = (&s.invite.duration, &s.invite.release, &s.invite.load);
    if d.ended + d.still_up == 0 {
        return none();
    }
    let seconds = |s: f64| span(Nanos::from_millis((s * 1e3) as i64));
    let pairs = [
        ("", "Ended", number(d.ended)),
        ("", "Still up", number(d.still_up)),
        ("acd", "ACD", d.acd_s.map_or_else(|| "n/a".to_owned(), seconds)),
        ("", "Mean of the ended", d.mean_of_ended_s.map_or_else(|| "n/a".to_owned(), seconds)),
        ("", "Answered time in all", seconds(d.answered_s)),
        ("", "Peak at once", number(l.concurrent_peak)),
        (
            "short",
            "Short",
            format!(
                "{} of {} ({}), up to {}",
                number(d.short),
                number(d.ended),
                part(d.short, d.ended),
                span(d.short_limit)
            ),
        ),
        ("", "Dropped", number(r.dropped)),
        ("", "After a failed refresh", number(r.refresh_failed)),
    ];
    let facts = pairs.into_iter().map(|(id, name, value)| Row::from(vec![term(id, name), value.into()]));
    let all = (r.by_caller + r.by_callee + r.by_both + r.by_unknown).max(1);
    let by = [
        ("caller", r.by_caller),
        ("callee", r.by_callee),
        ("both at once", r.by_both),
        ("unknown", r.by_unknown),
    ];
    let by = by.into_iter().filter(|(_, n)| *n > 0).map(|(who, n)| {
        let share = bar(n as f64 / all as f64, 1.0, "plain");
        Row::from(vec![who.into(), number(n).into(), share])
    });
    let bye = [("2xx", r.bye_2xx), ("481", r.bye_481), ("other", r.bye_other), ("no response", r.bye_none)];
    let bye = bye
        .into_iter()
        .filter(|(_, n)| *n > 0)
        .map(|(what, n)| Row::from(vec![what.into(), number(n).into()]));
    let reasons = r.reasons.iter().map(|x| {
        let cause = x.cause.map_or_else(String::new, |c| c.to_string());
        let texts = [x.protocol.as_str().into(), " ".into(), cause.into()];
        Row::from(vec![Markup::from(texts), x.by.into(), number(x.count).into()])
    });
    let right = [
        table("Who hung up", &["<By", "calls", "<"], by.collect()),
        table("Answers to BYE", &["<Final", "calls"], bye.collect()),
        table("Reasons given in BYE", &["<Reason", "<by", "calls"], reasons.collect()),
    ];
    let left = table("Answered calls", &["<Figure", "value"], facts.collect());
    block("calls", "Answered calls", el("div", &[("class", "pair")], [left, el("div", &[], right)]))
}

pub(super) fn registrations(s: &Summary) -> Markup {
    let r = &s.register;
    if r.attempts == 0 {
        return none();
    }
    let most = r.outcomes.iter().filter_map(|o| o.share).fold(0.0, f64::max);
    let rows = r.outcomes.iter().filter(|o| o.count > 0).map(|o| {
        let details: Vec<_> = o.details.iter().map(|(d, n)| format!("{} {}", d.text(), number(*n))).collect();
        Row::from(vec![
            o.outcome.text().into(),
            figure(&format!("register.outcomes.{}.count", o.outcome.id()), number(o.count)),
            percent(o.share).into(),
            bar(o.share.unwrap_or(0.0), most, "plain"),
            details.join(", ").into(),
        ])
    });
    let caption = format!("REGISTER attempts by outcome, {} in all", number(r.attempts));
    let columns = ["<Outcome", "attempts", "share", "<", "<of which"];
    let ira = [term("ira", "IRA"), format!(" {}  {}", percent(r.ira.value()), fraction(&r.ira)).into()];
    block("registrations", "Registrations", [table(&caption, &columns, rows.collect()), el("p", &[], ira)])
}

pub(super) fn delays(s: &Summary) -> Markup {
    let named: Vec<_> = s.delays.iter().filter_map(|(k, d)| Some((k.id(), d.as_ref()?))).collect();
    let shown = |method: &str| !method.starts_with('(');
    let of = |list: &'static str, rows: &[(String, DelayStats)]| -> Vec<(Markup, DelayStats)> {
        let rows = rows.iter().filter(|(m, _)| shown(m)).take(8);
        let name =
            |m: &str| -> Markup { [term(list, &list.replace('_', " ")), format!(", {m}").into()].into() };
        rows.map(|(m, d)| (name(m), *d)).collect()
    };
    let name = |id: &str| term(id, &spelled(id));
    let mut all: Vec<(Markup, DelayStats)> = named.iter().map(|(id, d)| (name(id), **d)).collect();
    all.extend(of("response_time", &s.response_time));
    all.extend(of("first_reply", &s.first_reply));
    let scale = decades(all.iter().map(|(_, d)| d));
    let rows = all.iter().map(|(name, d)| {
        let times = [d.min, d.p50, d.p95, d.p99, d.max].map(|t| delay(t, 3).into());
        let cells = [name.clone(), number(d.count).into(), quantiles(d, scale)].into_iter().chain(times);
        Row::from(cells.collect::<Vec<_>>())
    });
    let scaled = format!(
        "Delays; the picture's scale is logarithmic from {} to {}: line least to greatest, bar p50 to p95",
        decade(scale.0),
        decade(scale.1)
    );
    let columns = ["<Delay", "samples", "<", "least", "p50", "p95", "p99", "greatest"];
    block("delays", "Delays", table(&scaled, &columns, rows.collect()))
}

fn decade(exponent: f64) -> String {
    let nanos = 10f64.powf(exponent) * 1e6;
    delay(Nanos::from_nanos(nanos as i64), 1)
}

/// `pdd_authenticated`: PDD, authenticated.
fn spelled(id: &str) -> String {
    let (first, rest) = id.split_once('_').unwrap_or((id, ""));
    let first = if first.len() == 3 && first != "ack" { first.to_uppercase() } else { first.to_owned() };
    if rest.is_empty() { first } else { format!("{first}, {rest}") }
}
