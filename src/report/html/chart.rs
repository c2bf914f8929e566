//! Small pictures beside figures. Each stands next to the numbers that it shows, so readers who do not
//! see it miss nothing.

use super::markup::{Attribute, Markup, el};
use crate::stats::summary::{Chart, DelayStats};
use crate::time::Nanos;

/// A bar of `share`, 0 to 1, on a scale that ends at `most`.
pub(super) fn bar(share: f64, most: f64, class: &'static str) -> Markup {
    let width = if most > 0.0 { (share / most * 100.0).clamp(0.0, 100.0) } else { 0.0 };
    let width = format!("{:.2}", if share > 0.0 { width.max(0.6) } else { 0.0 });
    picture("bar", "0 0 100 10", rect(class, ("0", "0"), (&width, "10")))
}

/// A patch of colour for a legend.
pub(super) fn swatch(class: &'static str) -> Markup {
    picture("swatch", "0 0 10 10", rect(class, ("0", "0"), ("10", "10")))
}

/// Parts of a whole, side by side.
pub(super) fn stack(parts: &[(&'static str, f64)]) -> Markup {
    let mut x = 0.0;
    let rects = parts.iter().filter(|(_, share)| *share > 0.0).map(|(class, share)| {
        let (at, width) = (format!("{:.3}", x * 100.0), format!("{:.3}", share * 100.0));
        x += share;
        rect(class, (&at, "0"), (&width, "10"))
    });
    picture("stack", "0 0 100 10", rects.collect::<Markup>())
}

/// Least to greatest as a line, p50 to p95 as a bar, p50 as a mark, on a scale of decades.
pub(super) fn quantiles(d: &DelayStats, (from, to): (f64, f64)) -> Markup {
    let x = |t: Nanos| {
        let decades = millis(t).max(1e-3).log10();
        format!("{:.2}", ((decades - from) / (to - from).max(1e-9) * 100.0).clamp(0.0, 100.0))
    };
    let width = |a: Nanos, b: Nanos| {
        let (a, b): (f64, f64) = (x(a).parse().unwrap_or(0.0), x(b).parse().unwrap_or(0.0));
        format!("{:.2}", (b - a).max(0.8))
    };
    let parts = [
        rect("range", (&x(d.min), "4.5"), (&width(d.min, d.max), "1")),
        rect("likely", (&x(d.p50), "2"), (&width(d.p50, d.p95), "6")),
        rect("median", (&x(d.p50), "0.5"), ("0.8", "9")),
    ];
    picture("quantiles", "0 0 100 10", parts)
}

/// Decades that hold all of `all`, for [`quantiles`].
pub(super) fn decades<'a>(all: impl Iterator<Item = &'a DelayStats>) -> (f64, f64) {
    let bounds = all.fold((f64::MAX, f64::MIN), |(least, most), d| {
        (least.min(millis(d.min).max(1e-3)), most.max(millis(d.max).max(1e-3)))
    });
    (bounds.0.log10().floor(), bounds.1.log10().ceil())
}

/// A finding by time: cases as columns over how many there could have been.
pub(super) fn columns(chart: &Chart, label: &str) -> Markup {
    let most = chart.counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let n = chart.counts.len().max(1) as f64;
    let rects = chart.counts.iter().enumerate().filter(|(_, n)| **n > 0).map(|(i, count)| {
        let height = (*count as f64 / most * 36.0).max(0.7);
        let (x, y) = (format!("{:.3}", i as f64 / n * 300.0), format!("{:.2}", 40.0 - height));
        let width = format!("{:.3}", (300.0 / n * 0.86).max(0.3));
        rect("case", (&x, &y), (&width, &format!("{height:.2}")))
    });
    let base = rect("base", ("0", "39.6"), ("300", "0.4"));
    let parts: Markup = [base].into_iter().chain(rects).collect();
    let attributes = [
        ("class", "columns"),
        ("viewBox", "0 0 300 40"),
        ("preserveAspectRatio", "none"),
        ("role", "img"),
        ("aria-label", label),
    ];
    el("svg", &attributes, parts)
}

fn millis(t: Nanos) -> f64 {
    t.as_nanos() as f64 / 1e6
}

fn rect(class: &'static str, (x, y): (&str, &str), (width, height): (&str, &str)) -> Markup {
    el("rect", &[("class", class), ("x", x), ("y", y), ("width", width), ("height", height)], "")
}

fn picture(class: &'static str, view: &'static str, content: impl Into<Markup>) -> Markup {
    let attributes: [Attribute<'_>; 4] =
        [("class", class), ("viewBox", view), ("preserveAspectRatio", "none"), ("aria-hidden", "true")];
    el("svg", &attributes, content)
}
