//! What happened when: a chart of failures by time with a brush, and the buckets as a table.
//!
//! The picture here is of all failures by class; script draws it anew for what a reader chooses.

use super::block;
use super::markup::{Markup, el, none};
use super::table::{Row, table};
use crate::report::text::format::{clock, day, delay, list, moment, number, percent, span};
use crate::stats::summary::{TimeBucket, Timeline};
use crate::stats::{Ratio, Summary};
use crate::time::Scale;

/// The picture, in its own units.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 200.0;

pub(super) fn section(s: &Summary) -> Markup {
    let Some(t) = s.timeline.as_ref().filter(|t| !t.buckets.is_empty()) else { return none() };
    let choices = [
        ("failures", "Failures"),
        ("failure_share", "Failure share"),
        ("attempts", "Attempts"),
        ("asr", "ASR"),
        ("pdd", "PDD p95"),
        ("retransmissions", "Retransmissions"),
        ("unanswered", "No final"),
        ("calls_up", "Calls up"),
    ];
    let options = choices.map(|(id, name)| {
        el(
            "button",
            &[
                ("type", "button"),
                ("data-series", id),
                ("aria-pressed", if id == "failures" { "true" } else { "false" }),
            ],
            name,
        )
    });
    let tools = [
        el("div", &[("class", "choices"), ("role", "group"), ("aria-label", "Series")], options),
        el("div", &[("class", "chips"), ("id", "chips"), ("role", "group"), ("aria-label", "Cells")], ""),
    ];
    let chart = el("div", &[("id", "timeline"), ("class", "timeline")], picture(t));
    let parts = [
        el("div", &[("class", "tools script")], tools),
        chart,
        Markup::own(
            "<p class=\"aside script\">Drag over the chart to choose a window, or focus it and use the arrow keys \
             (with Shift: its length; Escape: everything). Choose cells here, in the table of failures or in the \
             heat map.</p>",
        ),
        Markup::own("<div id=\"window\" class=\"window script\" aria-live=\"polite\"></div>"),
        el("details", &[], [el("summary", &[], "The buckets as a table"), buckets(t, s.input.scale)]),
    ];
    block("time", &format!("Over time, {} a bucket", span(t.interval)), parts)
}

fn buckets(t: &Timeline, scale: Scale) -> Markup {
    let long = t
        .buckets
        .first()
        .zip(t.buckets.last())
        .is_some_and(|(a, b)| day(a.start, scale) != day(b.start, scale));
    let rows = t.buckets.iter().map(|b| {
        let at = if long { moment(b.start, scale) } else { clock(b.start, scale) };
        let codes: Vec<_> =
            b.codes.iter().map(|(m, c, n)| format!("{m} {} {}", c.get(), number(*n))).collect();
        Row::from(vec![
            at.into(),
            number(b.responses).into(),
            number(b.failures).into(),
            percent(Ratio::new(b.failures, b.finals).value()).into(),
            number(b.attempts).into(),
            number(b.answered).into(),
            number(b.retransmissions).into(),
            number(b.unanswered).into(),
            number(b.calls_up).into(),
            b.pdd.as_ref().map_or_else(String::new, |d| delay(d.p95, 3)).into(),
            list(&codes, 60).into(),
        ])
    });
    let columns = [
        "<Start (UTC)",
        "responses",
        "failures",
        "of finals",
        "attempts",
        "answered",
        "retransmitted",
        "no final",
        "calls up",
        "PDD p95",
        "<failing codes",
    ];
    table("Buckets; an attempt counts where it began", &columns, rows.collect())
}

/// Failures by class, stacked.
fn picture(t: &Timeline) -> Markup {
    let of = |b: &TimeBucket, class: u16| -> u64 {
        b.codes.iter().filter(|(_, c, _)| c.get() / 100 == class).map(|(_, _, n)| n).sum()
    };
    let most =
        t.buckets.iter().map(|b| b.codes.iter().map(|(_, _, n)| n).sum::<u64>()).max().unwrap_or(0).max(1);
    let step = WIDTH / t.buckets.len().max(1) as f64;
    let mut bars = Vec::new();
    for (i, b) in t.buckets.iter().enumerate() {
        let mut top = HEIGHT;
        for (class, name) in [(4, "c4"), (5, "c5"), (6, "c6")] {
            let height = of(b, class) as f64 / most as f64 * (HEIGHT - 10.0);
            top -= height;
            if height > 0.0 {
                let [x, y, w, h] =
                    [i as f64 * step, top, (step * 0.9).max(0.2), height].map(|v| format!("{v:.2}"));
                bars.push(el(
                    "rect",
                    &[("class", name), ("x", &x), ("y", &y), ("width", &w), ("height", &h)],
                    "",
                ));
            }
        }
    }
    let view = format!("0 0 {WIDTH} {HEIGHT}");
    let label = "Failures by time and class; the table below has the numbers";
    el(
        "svg",
        &[("viewBox", &view), ("preserveAspectRatio", "none"), ("role", "img"), ("aria-label", label)],
        bars,
    )
}
