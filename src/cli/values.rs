//! Values of options: spans of time with a unit, sides of a host.

use std::net::{IpAddr, SocketAddr};

use crate::config::{HostSide, Side};
use crate::dimension::Dimension;
use crate::pick::Condition;
use crate::time::Nanos;
use crate::trunks::Trunks;

/// A day: nothing that these options ask for is longer.
const LONGEST: f64 = 86_400e9;

/// `100ms`, `1.5s`, `2m`, `1h`: positive, at most a day.
pub(super) fn span(text: &str) -> Result<Nanos, String> {
    const WANTED: &str = "expected a number and a unit: ms, s, m or h, as in 100ms";
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let nanos = match unit {
        "ms" => 1e6,
        "s" => 1e9,
        "m" | "min" => 60e9,
        "h" => 3_600e9,
        _ => return Err(WANTED.into()),
    };
    let number: f64 = number.parse().map_err(|_| WANTED)?;
    let span = (number * nanos).round();
    if !(1.0..=LONGEST).contains(&span) {
        return Err("expected more than nothing and at most a day".into());
    }
    // Whole and within a day: exact as an integer.
    Ok(Nanos::from_nanos(span as i64))
}

/// An expression of `--where`.
pub(super) fn condition(text: &str) -> Result<Condition, String> {
    Condition::new(text).map_err(|problem| problem.to_string())
}

/// Dimensions of one group.
#[derive(Clone, Debug)]
pub(super) struct Dimensions(pub(super) Vec<Dimension>);

/// `destination`, `source,code`: up to four different ones.
pub(super) fn dimensions(text: &str) -> Result<Dimensions, String> {
    let list: Vec<Dimension> =
        text.split(',').map(|d| d.parse().map_err(|e| format!("{e}"))).collect::<Result<_, String>>()?;
    if list.len() > 4 {
        return Err("expected at most four dimensions".into());
    }
    if (1..list.len()).any(|i| list[..i].contains(&list[i])) {
        return Err("the same dimension twice".into());
    }
    Ok(Dimensions(list))
}

/// The trunks that a file names.
pub(super) fn trunks(path: &str) -> Result<Trunks, String> {
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    Trunks::parse(&text)
}

/// `10s`, `5m`: a second at least; `auto` is nothing.
pub(super) fn interval(text: &str) -> Result<Nanos, String> {
    if text == "auto" {
        return Ok(Nanos::ZERO);
    }
    let interval = span(text)?;
    if interval < Nanos::from_secs(1) {
        return Err("expected a second or more, or auto".into());
    }
    Ok(interval)
}

/// `64M`, `2G`: at least 1M, at most 1024G.
pub(super) fn size(text: &str) -> Result<u64, String> {
    const WANTED: &str = "expected a number and a unit: M or G, as in 64M";
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit {
        "M" => 20,
        "G" => 30,
        _ => return Err(WANTED.into()),
    };
    let number: u64 = number.parse().map_err(|_| WANTED)?;
    let fits = number.checked_mul(1 << shift).filter(|n| (1 << 20..=1 << 40).contains(n));
    fits.ok_or_else(|| "expected at least 1M and at most 1024G".into())
}

/// `HOST:in`, `HOST:PORT:out`; IPv6 addresses with or without brackets, with them before a port.
pub(super) fn host_side(text: &str) -> Result<HostSide, String> {
    const WANTED: &str = "expected an IP address and a side: 10.0.1.10:in, [2001:db8::1]:5060:out";
    let (host, side) = text.rsplit_once(':').ok_or(WANTED)?;
    let side = match side {
        "in" => Side::In,
        "out" => Side::Out,
        _ => return Err(WANTED.into()),
    };
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    if let Ok(host) = bare.parse::<IpAddr>() {
        return Ok(HostSide { host, port: None, side });
    }
    let address: SocketAddr = host.parse().map_err(|_| WANTED)?;
    Ok(HostSide { host: address.ip(), port: Some(address.port()), side })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit_and_bounds() {
        assert_eq!((size("64M"), size("2G")), (Ok(64 << 20), Ok(2 << 30)));
        for bad in ["", "64", "M", "0M", "64K", "1.5G", "1025G", "99999999999999999999G"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn spans_have_a_unit() {
        for (text, ms) in [("100ms", 100), ("6s", 6_000), ("1.5s", 1_500), ("2m", 120_000), ("1h", 3_600_000)]
        {
            assert_eq!(span(text), Ok(Nanos::from_millis(ms)), "{text}");
        }
        for text in ["100", "", "ms", "0s", "-1s", "1.2.3s", "1d", "25h", "1 s", "NaNs", "1e3s", "inf s"] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn host_sides_take_both_families_and_a_port() {
        for (text, host, port, side) in [
            ("10.0.1.10:in", "10.0.1.10", None, Side::In),
            ("10.0.1.10:5070:out", "10.0.1.10", Some(5070), Side::Out),
            ("2001:db8::1:in", "2001:db8::1", None, Side::In),
            ("[2001:db8::1]:in", "2001:db8::1", None, Side::In),
            ("[2001:db8::1]:5060:out", "2001:db8::1", Some(5060), Side::Out),
        ] {
            assert_eq!(host_side(text), Ok(HostSide { host: host.parse().unwrap(), port, side }), "{text}");
        }
        for text in ["10.0.1.10", "10.0.1.10:up", "sbc:in", ":in", "10.0.1.10:99999:in"] {
            assert!(host_side(text).is_err(), "{text}");
        }
    }
}
