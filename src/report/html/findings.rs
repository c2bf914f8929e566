//! What rose, when, where, with what consequence, and which calls to look at.

use super::block;
use super::chart::columns;
use super::markup::{Markup, el, none};
use super::table::{Row, table};
use crate::report::text::format::{clock, number, percent, span, zone};
use crate::stats::Summary;
use crate::stats::summary::{Because, Finding};
use crate::time::{Nanos, Scale};

pub(super) fn section(s: &Summary) -> Markup {
    if s.findings.is_empty() {
        return none();
    }
    let all = s.findings.iter().enumerate().map(|(i, f)| finding(i, f, s));
    block("findings", "Findings", all.collect::<Markup>())
}

fn finding(i: usize, f: &Finding, s: &Summary) -> Markup {
    let scale = s.input.scale;
    let window = if f.timed {
        let until =
            if f.lasts { "until the capture ends".to_owned() } else { format!("to {}", clock(f.end, scale)) };
        format!("{} {until}{} ({})", clock(f.start, scale), zone(scale), span(f.end - f.start))
    } else {
        "throughout".to_owned()
    };
    let heading = format!("{}: {} → {}", f.what, percent(f.before.value()), percent(f.during.value()));
    let show = if f.timed {
        let place = i.to_string();
        el(
            "button",
            &[("type", "button"), ("class", "script show"), ("data-finding", &place)],
            "Show in the chart",
        )
    } else {
        none()
    };
    let chart = if f.chart.counts.is_empty() {
        none()
    } else {
        let label = format!("{} by time, {} each", f.what, span(f.chart.interval));
        let ends =
            [clock(f.chart.start, scale), label.clone(), end(f, scale)].map(|text| el("span", &[], text));
        el("figure", &[], [columns(&f.chart, &label), el("figcaption", &[], ends)])
    };
    let parts = [
        el("h3", &[], heading),
        el("p", &[("class", "aside")], [window.into(), " ".into(), show]),
        el("p", &[], f.text.as_str()),
        chart,
        el("div", &[("class", "pair")], [because(&f.because), calls(f, s)]),
    ];
    el("article", &[("class", "finding")], parts)
}

fn end(f: &Finding, scale: Scale) -> String {
    let n = i64::try_from(f.chart.counts.len()).unwrap_or(i64::MAX);
    let length = f.chart.interval.as_nanos().saturating_mul(n);
    clock(f.chart.start + Nanos::from_nanos(length), scale)
}

fn because(list: &[Because]) -> Markup {
    let rows = list.iter().map(|b| {
        let lift = b.lift.map_or_else(|| "only with it".to_owned(), |l| format!("{l:.1}×"));
        let name =
            [el("span", &[("class", "aside")], format!("{} ", b.dimension.id())), b.value.as_str().into()];
        Row::from(vec![
            name.into(),
            percent(Some(b.share_inside)).into(),
            percent(Some(b.share_outside)).into(),
            lift.into(),
        ])
    });
    table("What explains it", &["<Condition", "of it", "of the rest", "likelier"], rows.collect())
}

fn calls(f: &Finding, s: &Summary) -> Markup {
    let rows = f.calls.iter().map(|c| {
        let file = usize::try_from(c.frame.file).ok().and_then(|i| s.input.files.get(i));
        let file = file.filter(|_| s.input.files.len() > 1).map_or("", |f| f.path.as_str());
        let frame = [c.frame.number.to_string().into(), " ".into(), el("span", &[("class", "aside")], file)];
        Row::from(vec![
            el("code", &[], c.call_id.as_str()),
            clock(c.time, s.input.scale).into(),
            frame.into(),
        ])
    });
    let caption = match f.more_calls {
        0 => "Calls to look at".to_owned(),
        n => format!("Calls to look at; {} more", number(n)),
    };
    table(&caption, &["<Call-ID", "time", "frame"], rows.collect())
}
