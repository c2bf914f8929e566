//! Every figure of the report by its path, and functions over the tables.
//!
//! In: names and calls of an expression. Out: a [`Figure`], its type known before any capture is read;
//! then its value, read from the finished report, and the calls that show it. Paths are those of the
//! JSON report (`figures.txt` lists them with their types); the usual ones have short names: `asr`,
//! `outcomes.timed_out`, `attempts`, `pdd`. Rates keep numerator and denominator. With a baseline (an
//! earlier report) `base.asr`, `base.p95(pdd)` are its figures.

mod calls;
mod function;
mod keys;
mod path;
mod table;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use self::function::Function;
use self::path::Place;
use crate::expr::{Argument, Expression, Path, Read, Refused, Scope, Segment, Type, Value};
use crate::report::json;
use crate::stats::Summary;
use crate::stats::summary::SampleCall;

/// What the figures of a baseline begin with.
const BASE: &str = "base";

/// A figure of the report, as an expression names it.
#[derive(Clone, Debug)]
pub enum Figure {
    /// At a path.
    #[doc(hidden)]
    At(Place),
    /// Made of a table.
    #[doc(hidden)]
    Made(Function),
    /// What the user defined.
    Defined(Arc<Expression<Figure>>),
    /// The same of the baseline.
    Base(Box<Figure>),
}

/// The names that conditions may use: all of the report, and what the user defined.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    defined: BTreeMap<String, Arc<Expression<Figure>>>,
    /// There is a baseline: its figures are called `base.…`.
    has_base: bool,
}

impl Figures {
    /// Adds a figure of the user's; it may use those before it.
    pub fn define(&mut self, name: &str, expression: Expression<Figure>) {
        self.defined.insert(name.to_owned(), Arc::new(expression));
    }

    /// From here on figures of a baseline are known.
    pub fn add_base(&mut self) {
        self.has_base = true;
    }

    fn based(&self) -> Result<(), Refused> {
        match self.has_base {
            true => Ok(()),
            false => Err(Refused::new("there is no baseline: give --baseline FILE")),
        }
    }

    /// Whether `name` means something already.
    pub fn knows(&self, name: &str) -> bool {
        let path = Path { segments: vec![Segment::Name(name.to_owned())] };
        name == BASE
            || self.defined.contains_key(name)
            || path::place(&path).is_ok()
            || function::NAMES.contains(&name)
    }
}

impl Scope for Figures {
    type Item = Figure;

    fn name(&self, path: &Path) -> Result<(Figure, Type), Refused> {
        if let [Segment::Name(first), rest @ ..] = path.segments.as_slice()
            && first == BASE
            && !rest.is_empty()
        {
            self.based()?;
            let (figure, kind) = self.name(&Path { segments: rest.to_vec() })?;
            return Ok((Figure::Base(Box::new(figure)), kind));
        }
        if let Some(defined) = path.word().and_then(|name| self.defined.get(name)) {
            return Ok((Figure::Defined(defined.clone()), defined.kind()));
        }
        if let Some(word) = path.word().filter(|word| function::NAMES.contains(word))
            && let Err(wanted) = Function::new(word, &[])
        {
            return Err(Refused::new(wanted.why));
        }
        let place = path::place(path).map_err(|r| self.or_defined(path, r))?;
        let kind = place.kind.of_value().ok_or_else(|| {
            Refused::new(format!("a delay has many values: write p95({path}), p50({path}) or max({path})"))
        })?;
        Ok((Figure::At(place), kind))
    }

    fn call(&self, function: &str, arguments: &[Argument]) -> Result<(Figure, Type), Refused> {
        if let Some(rest) = function.strip_prefix(BASE).and_then(|f| f.strip_prefix('.')) {
            self.based()?;
            let (figure, kind) = self.call(rest, arguments)?;
            return Ok((Figure::Base(Box::new(figure)), kind));
        }
        let made = Function::new(function, arguments)?;
        let kind = made.kind();
        Ok((Figure::Made(made), kind))
    }
}

impl Figures {
    /// The user's own names are offered, too.
    fn or_defined(&self, path: &Path, refused: Refused) -> Refused {
        match path.word() {
            Some(word) if !self.defined.is_empty() && !refused.why.contains("did you mean") => {
                Refused::unknown("figure", word, self.defined.keys().cloned())
            }
            _ => refused,
        }
    }
}

/// A finished report, ready to be asked.
pub struct Reported<'s> {
    /// Calls are known of this run only.
    summary: Option<&'s Summary>,
    json: Cow<'s, Json>,
    base: Option<Box<Reported<'s>>>,
}

impl<'s> Reported<'s> {
    /// The report of `summary`.
    pub fn new(summary: &'s Summary) -> Self {
        let json = Cow::Owned(json::value(summary).unwrap_or_default());
        Self { summary: Some(summary), json, base: None }
    }

    /// The same, to be compared with another report.
    #[must_use]
    pub fn beside(self, base: Option<&'s Json>) -> Self {
        let base = base.map(|json| Box::new(Self { summary: None, json: Cow::Borrowed(json), base: None }));
        Self { base, ..self }
    }

    /// What the findings say, if `figures` asks for them: the first ones.
    pub fn findings(&self, figures: &[&Figure]) -> Vec<String> {
        self.summary.map_or(Vec::new(), |summary| calls::findings(summary, figures))
    }

    /// Calls that show `figures`, at most five, the first ones.
    pub fn calls(&self, figures: &[&Figure]) -> Vec<SampleCall> {
        self.summary.map_or(Vec::new(), |summary| calls::calls(summary, figures))
    }
}

impl Read<Figure> for Reported<'_> {
    fn read<'a>(&'a self, figure: &'a Figure) -> Value<'a> {
        match figure {
            Figure::At(place) => place.read(&self.json),
            Figure::Made(function) => function.read(&self.json),
            Figure::Base(figure) => self.base.as_ref().map_or(Value::Absent, |base| base.read(figure)),
            Figure::Defined(expression) => expression.quantity(self).into(),
        }
    }
}

#[cfg(test)]
mod tests;
