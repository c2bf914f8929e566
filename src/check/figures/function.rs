//! Figures that are made of the tables: `rate(5xx, INVITE)`, `count(503)`, `p95(pdd)`.

use serde_json::Value as Json;

use super::keys::key;
use super::path::{self, Place};
use super::table::Kind;
use crate::expr::{Argument, Path, Quantity, Refused, Segment, Type, Value};
use crate::sip::StatusCode;

/// All functions.
pub(super) const NAMES: [&str; 10] =
    ["rate", "count", "failures", "requests", "p50", "p90", "p95", "p99", "min", "max"];

/// A call, its arguments understood.
#[derive(Clone, Debug)]
pub enum Function {
    /// Responses of a selection over finals less challenges.
    Rate(Cells),
    /// Responses of a selection.
    Count(Cells),
    /// Failures of a selection.
    Failures(Cells),
    /// Requests of a method.
    Requests(String),
    /// A value of a distribution.
    Percentile(Place, &'static str, Path),
}

/// Which cells of method × code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells {
    /// Codes from, to; both included.
    codes: (u16, u16),
    /// `None` for all methods.
    method: Option<String>,
}

impl Function {
    pub(super) fn new(name: &str, arguments: &[Argument]) -> Result<Self, Refused> {
        match name {
            "rate" => {
                let cells = Cells::new(name, arguments)?;
                match cells.codes {
                    (..200, _) => Err(Refused::new("a rate is of finals: 2xx to 6xx").of_argument(0)),
                    (a, b) if a == b && is_challenge(a) => {
                        let why = format!("{a} is a challenge, left out of rates; count({a}) counts it");
                        Err(Refused::new(why).of_argument(0))
                    }
                    _ => Ok(Self::Rate(cells)),
                }
            }
            "count" => Cells::new(name, arguments).map(Self::Count),
            "failures" => match Cells::new(name, arguments)? {
                cells if cells.codes.0 < 400 => {
                    Err(Refused::new("failures are 4xx to 6xx; count(…) counts all").of_argument(0))
                }
                cells => Ok(Self::Failures(cells)),
            },
            "requests" => match arguments {
                [method] => Ok(Self::Requests(method_of(method).map_err(|r| r.of_argument(0))?)),
                _ => Err(Refused::new("requests takes a method: requests(INVITE)")),
            },
            "p50" => Self::percentile(name, "p50_ms", arguments),
            "p90" => Self::percentile(name, "p90_ms", arguments),
            "p95" => Self::percentile(name, "p95_ms", arguments),
            "p99" => Self::percentile(name, "p99_ms", arguments),
            "min" => Self::percentile(name, "min_ms", arguments),
            "max" => Self::percentile(name, "max_ms", arguments),
            other => Err(Refused::unknown("function", other, NAMES.iter().map(|n| (*n).to_owned()))),
        }
    }

    /// `p95(pdd)`, `p95(response_time.INVITE)`, `p95(response_time, INVITE)`.
    fn percentile(name: &str, field: &'static str, arguments: &[Argument]) -> Result<Self, Refused> {
        let path = match arguments {
            [Argument::Name(path)] => path.clone(),
            [Argument::Name(path), method] => {
                let mut path = path.clone();
                path.segments.push(Segment::Name(method_of(method).map_err(|r| r.of_argument(1))?));
                path
            }
            _ => return Err(Refused::new(format!("{name} takes a delay: {name}(pdd)"))),
        };
        let place = path::place(&path).map_err(|r| r.of_argument(0))?;
        match place.kind {
            Kind::Delay => Ok(Self::Percentile(place.percentile(field), field, path)),
            _ => Err(Refused::new(format!("{path} is no delay")).of_argument(0)),
        }
    }

    pub(super) fn kind(&self) -> Type {
        match self {
            Self::Rate(_) => Type::Share,
            Self::Count(_) | Self::Failures(_) | Self::Requests(_) => Type::Count,
            Self::Percentile(..) => Type::Time,
        }
    }

    pub(super) fn read<'a>(&self, report: &Json) -> Value<'a> {
        match self {
            Self::Count(cells) => cells.responses(report, |_| true).map_or(Value::Absent, Value::from),
            Self::Rate(cells) => {
                let part = cells.responses(report, |code| !is_challenge(code));
                let whole = cells.finals(report);
                part.zip(whole).and_then(|(part, whole)| Quantity::fraction(part, whole)).into()
            }
            Self::Failures(cells) => {
                cells.sum(report, "failures", "failures", |_| true).map_or(Value::Absent, Value::from)
            }
            Self::Requests(method) => {
                let row = rows(report, "/requests/by_method")
                    .map(|rows| rows.iter().find(|row| text(row, "method") == Some(method)));
                row.map_or(Value::Absent, |row| {
                    Value::from(row.and_then(|r| number(r, "requests")).unwrap_or(0))
                })
            }
            Self::Percentile(place, ..) => match place.read(report) {
                Value::Quantity(q) => Value::Quantity(q),
                _ => Value::Absent,
            },
        }
    }
}

fn rows<'j>(report: &'j Json, pointer: &str) -> Option<&'j Vec<Json>> {
    report.pointer(pointer)?.as_array()
}

fn text<'j>(row: &'j Json, field: &str) -> Option<&'j str> {
    row.get(field)?.as_str()
}

fn number(row: &Json, field: &str) -> Option<u64> {
    row.get(field)?.as_u64()
}

impl Cells {
    /// `(5xx)`, `(503)`, `(5xx, INVITE)`.
    fn new(function: &str, arguments: &[Argument]) -> Result<Self, Refused> {
        let wanted = || {
            Refused::new(format!("{function} takes a code or class, and a method: {function}(5xx, INVITE)"))
        };
        let (codes, method) = match arguments {
            [codes] => (codes, None),
            [codes, method] => (codes, Some(method_of(method).map_err(|r| r.of_argument(1))?)),
            _ => return Err(wanted()),
        };
        let codes = match codes {
            Argument::Class(class) => (u16::from(*class) * 100, u16::from(*class) * 100 + 99),
            Argument::Number(n) => match u16::try_from(*n).ok().and_then(StatusCode::new) {
                Some(code) => (code.get(), code.get()),
                None => {
                    return Err(Refused::new(format!("{n} is no response code: 100 to 699")).of_argument(0));
                }
            },
            Argument::Name(_) | Argument::Text(_) => return Err(wanted().of_argument(0)),
        };
        Ok(Self { codes, method })
    }

    /// Any code to `method`, or all of them.
    pub(super) fn of(codes: (u16, u16), method: Option<String>) -> Self {
        Self { codes, method }
    }

    pub(super) fn has(&self, method: &str, status: StatusCode) -> bool {
        (self.codes.0..=self.codes.1).contains(&status.get()) && self.is_of(method)
    }

    fn is_of(&self, method: &str) -> bool {
        self.method.as_deref().is_none_or(|m| m == method)
    }

    fn responses(&self, report: &Json, wanted: impl Fn(u16) -> bool) -> Option<u64> {
        self.sum(report, "responses", "responses", wanted)
    }

    /// The sum of `field` over the cells; `None` in what is no report.
    fn sum(&self, report: &Json, block: &str, field: &str, wanted: impl Fn(u16) -> bool) -> Option<u64> {
        let ours = |row: &&Json| {
            let status = number(row, "code").and_then(|n| StatusCode::new(u16::try_from(n).ok()?));
            let method = text(row, "method").unwrap_or_default();
            status.is_some_and(|s| self.has(method, s) && wanted(s.get()))
        };
        let cells = rows(report, &format!("/{block}/by_method_and_code"))?.iter().filter(ours);
        Some(cells.filter_map(|row| number(row, field)).fold(0, u64::saturating_add))
    }

    /// Finals less challenges of the method.
    fn finals(&self, report: &Json) -> Option<u64> {
        let ours = rows(report, "/responses/by_method")?
            .iter()
            .filter(|row| text(row, "method").is_some_and(|method| self.is_of(method)));
        let finals = |row: &Json| Some(number(row, "finals")?.saturating_sub(number(row, "challenges")?));
        Some(ours.filter_map(finals).fold(0, u64::saturating_add))
    }
}

fn is_challenge(code: u16) -> bool {
    matches!(code, 401 | 407)
}

fn method_of(argument: &Argument) -> Result<String, Refused> {
    match argument {
        Argument::Name(path) => match path.word() {
            Some(word) => key("method", word).map(|_| word.to_owned()),
            None => Err(Refused::new("expected a method")),
        },
        Argument::Text(text) => Ok(text.clone()),
        Argument::Number(_) | Argument::Class(_) => Err(Refused::new("expected a method")),
    }
}
