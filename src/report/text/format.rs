//! How figures look in text: numbers, shares, rates, spans, instants, lists.

use crate::report::escape;
use crate::stats::Ratio;
pub(crate) use crate::stats::number;
pub(in crate::report) use crate::stats::words::{clock, day, delay, minute, moment, percent, span, zone};

/// `1 hop`, `2 hops`.
pub(in crate::report) fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// `58.50%` of `part` in `whole`.
pub(in crate::report) fn part(part: u64, whole: u64) -> String {
    percent(Ratio::new(part, whole).value())
}

/// `5,850/9,970`.
pub(in crate::report) fn fraction(r: &Ratio) -> String {
    format!("{}/{}", number(r.numerator), number(r.denominator))
}

/// `item, item, …`: as many as fit.
pub(in crate::report) fn list(items: &[String], columns: usize) -> String {
    let mut out = String::new();
    for (i, item) in items.iter().enumerate() {
        let gap = if i == 0 { "" } else { ", " };
        let tail = if i + 1 == items.len() { 0 } else { ", …".chars().count() };
        if escape::width(&out) + gap.len() + escape::width(item) + tail > columns {
            if i > 0 {
                out.push_str(", …");
            }
            return out;
        }
        out.push_str(gap);
        out.push_str(item);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Nanos;

    #[test]
    fn a_share_that_is_not_all_or_nothing_never_reads_so() {
        for (a, b, text) in [
            (5_850, 10_000, "58.50%"),
            (0, 5, "0.00%"),
            (1, 1_000_000, "<0.01%"),
            (999_999, 1_000_000, ">99.99%"),
            (5, 5, "100.00%"),
            (0, 0, "n/a"),
        ] {
            assert_eq!(part(a, b), text);
        }
    }

    #[test]
    fn spans_show_their_two_greatest_units() {
        let s = Nanos::from_secs;
        for (t, text) in [
            (s(900), "15 min"),
            (s(250), "4 min 10 s"),
            (s(3_725), "1 h 2 min"),
            (s(3_601), "1 h"),
            (s(154_800), "1 d 19 h"),
            (s(59), "59 s"),
            (Nanos::from_millis(9_750), "9.75 s"),
            (Nanos::ZERO, "0 s"),
        ] {
            assert_eq!(span(t), text);
        }
    }

    #[test]
    fn delays_keep_their_significant_digits() {
        let ms = Nanos::from_millis;
        for (t, digits, text) in [
            (ms(2_310), 3, "2.31 s"),
            (ms(2_400), 2, "2.4 s"),
            (ms(14_800), 2, "15 s"),
            (ms(14_800), 3, "14.8 s"),
            (ms(410), 2, "410 ms"),
            (ms(4), 3, "4.00 ms"),
            (Nanos::from_micros(42), 2, "42 µs"),
            (Nanos::from_micros(420), 3, "420 µs"),
            (Nanos::from_nanos(42), 3, "<1 µs"),
            (ms(116_400), 2, "1.9 min"),
            (Nanos::from_secs(86_400), 2, "24 h"),
            (ms(0), 3, "0 ms"),
        ] {
            assert_eq!(delay(t, digits), text);
        }
    }

    #[test]
    fn lists_end_where_the_room_ends() {
        let items: Vec<_> = ["404 321", "484 23", "410 6"].map(str::to_owned).to_vec();
        assert_eq!(list(&items, 22), "404 321, 484 23, 410 6");
        assert_eq!(list(&items, 21), "404 321, 484 23, …");
        assert_eq!(list(&items, 3), "");
    }
}
