//! Names and types: from the tree as written to the tree that is evaluated.
//!
//! A wrong name or a comparison that means nothing is refused here, before any capture is read: a rule
//! that can never be true must not pass in silence.

use super::ast::{Arithmetic, Ast, Comparison, Kind, Member, Span, Unit};
use super::problem::{Problem, Refused};
use super::tree::{By, Constant, Match, Node, Pattern, Test};
use super::types::{Type, Words};
use super::{Scope, evaluate};

/// The tree of `ast`, and what it gives.
pub(super) fn check<S: Scope>(text: &str, ast: &Ast, scope: &S) -> Result<(Node<S::Item>, Type), Problem> {
    Checker { text, scope }.node(ast)
}

/// What is to be said of a condition that no figure can change.
pub(super) const ALWAYS: &str = "this has the same answer for every capture";

struct Checker<'c, S> {
    text: &'c str,
    scope: &'c S,
}

type Typed<S> = (Node<<S as Scope>::Item>, Type);
type Found<S> = Result<Typed<S>, Problem>;

impl<S: Scope> Checker<'_, S> {
    fn node(&self, ast: &Ast) -> Found<S> {
        let number = |n| Node::Constant(Constant::Number(n));
        Ok(match &ast.kind {
            Kind::Number(n, Unit::Plain) => (number(*n), Type::Plain),
            Kind::Number(n, Unit::Share) => (number(*n), Type::Percent),
            Kind::Number(n, Unit::Time) => (number(*n), Type::Time),
            Kind::Truth(t) => (Node::Constant(Constant::Truth(*t)), Type::Truth),
            Kind::Text(t) => (Node::Constant(Constant::Text(t.as_bytes().into())), Type::Text),
            Kind::Null => return Err(self.wrong(ast, "null is compared by == or !=")),
            Kind::Class(_) => return Err(self.wrong(ast, "a class is compared with a code: code == 5xx")),
            Kind::Address(..) => return Err(self.wrong(ast, "an address stands behind ==, != or in")),
            Kind::Name(path) => {
                let (item, kind) = self.scope.name(path).map_err(|r| self.refused(ast.span, r, &[]))?;
                (Node::Item(item), kind)
            }
            Kind::Call(function, arguments) => {
                let (arguments, spans): (Vec<_>, Vec<_>) = arguments.iter().cloned().unzip();
                let found = self.scope.call(function, &arguments);
                let end = ast.span.start + function.len();
                let name = Span { start: ast.span.start, end };
                let (item, kind) = found.map_err(|r| self.refused(name, r, &spans))?;
                (Node::Item(item), kind)
            }
            Kind::Negate(inner) => {
                let (node, kind) = self.node(inner)?;
                let kind = match kind {
                    Type::Plain | Type::Time | Type::Percent | Type::Number => kind,
                    Type::Share => Type::Percent,
                    Type::Count | Type::Quotient => Type::Number,
                    other => return Err(self.wrong(inner, format!("{} has no sign", other.with_article()))),
                };
                (Node::Negate(Box::new(node)), kind)
            }
            Kind::Arithmetic(sign, a, b) => return self.arithmetic(ast, *sign, a, b),
            Kind::Compare(by, a, b, confidence) => return self.compare(ast, *by, a, b, *confidence),
            Kind::Among(a, members) => return self.among(ast, a, members),
            Kind::Like(a, pattern) => return self.like(ast, a, pattern),
            Kind::Not(inner) => (Node::Not(Box::new(self.truth(inner)?)), Type::Truth),
            Kind::And(parts) => (Node::And(self.truths(parts)?), Type::Truth),
            Kind::Or(parts) => (Node::Or(self.truths(parts)?), Type::Truth),
        })
        .map(|(node, kind)| (self.as_test(node, kind, ast.span), kind))
    }

    /// A truth that is a name is a test of its own, so that it is seen as a leaf.
    fn as_test(&self, node: Node<S::Item>, kind: Type, span: Span) -> Node<S::Item> {
        match (&node, kind) {
            (Node::Item(_), Type::Truth) => test(node, By::True, false, [span; 3], kind),
            _ => node,
        }
    }

    fn truths(&self, parts: &[Ast]) -> Result<Box<[Node<S::Item>]>, Problem> {
        parts.iter().map(|p| self.truth(p)).collect()
    }

    fn truth(&self, ast: &Ast) -> Result<Node<S::Item>, Problem> {
        if let Kind::Truth(_) = ast.kind {
            return Err(self.wrong(ast, ALWAYS));
        }
        match self.node(ast)? {
            (node, Type::Truth) => Ok(node),
            (_, other) => {
                let what = other.with_article();
                Err(self.wrong(ast, format!("this is {what}, no condition: compare it with something")))
            }
        }
    }

    fn arithmetic(&self, ast: &Ast, sign: Arithmetic, a: &Ast, b: &Ast) -> Found<S> {
        use Arithmetic::{Minus, Over, Plus, Times};
        let ((left, x), (right, y)) = (self.node(a)?, self.node(b)?);
        for (part, kind) in [(a, x), (b, y)] {
            if !kind.is_quantity() || matches!(kind, Type::Code) {
                return Err(self.wrong(part, format!("{} cannot be reckoned with", kind.with_article())));
            }
        }
        let (pure, ratio) = (x.is_pure() && y.is_pure(), x.is_ratio() && y.is_ratio());
        let is_one = |node: &Node<S::Item>| evaluate::constant(node) == Some(1.0);
        let kind = match (sign, x, y) {
            (Plus | Minus, Type::Time, Type::Time) => Type::Time,
            (Plus | Minus | Times, Type::Plain, Type::Plain) => Type::Plain,
            (Over, Type::Plain, Type::Plain) => Type::Plain,
            (Minus, Type::Plain | Type::Percent, Type::Share) if is_one(&left) => Type::Share,
            (Minus, Type::Plain, Type::Quotient) if is_one(&left) => Type::Quotient,
            (Plus | Minus, Type::Count, Type::Count | Type::Plain) => Type::Count,
            (Plus | Minus, Type::Plain, Type::Count) => Type::Count,
            (Plus | Minus, _, _) if pure => Type::Number,
            (Plus | Minus, _, _) if ratio => Type::Percent,
            (Times, Type::Time, Type::Time) => {
                return Err(self.wrong(ast, "a time times a time is nothing known"));
            }
            (Times, Type::Time, _) | (_, _, Type::Time) if sign == Times => Type::Time,
            (Times, Type::Plain, _) if y.is_ratio() => Type::Percent,
            (Times, _, Type::Plain) if x.is_ratio() => Type::Percent,
            (Times, _, _) if ratio => Type::Percent,
            (Over, Type::Count, Type::Count) => Type::Quotient,
            (Over, Type::Time, Type::Time) => Type::Number,
            (Over, Type::Time, _) => Type::Time,
            (Over, _, Type::Plain) if matches!(x, Type::Share | Type::Percent) => Type::Percent,
            (Times, _, _) => Type::Number,
            (Over, _, _) if y.is_pure() || y.is_ratio() => Type::Number,
            _ => {
                let (x, y) = (x.with_article(), y.with_article());
                return Err(self.wrong(ast, format!("{x} and {y} do not go together here")));
            }
        };
        Ok((Node::Arithmetic(sign, Box::new(left), Box::new(right)), kind))
    }

    fn compare(&self, ast: &Ast, by: Comparison, a: &Ast, b: &Ast, confidence: Option<f64>) -> Found<S> {
        // What is asked for stands left, the limit right.
        let is_literal = |x: &Ast| {
            matches!(
                x.kind,
                Kind::Number(..)
                    | Kind::Text(_)
                    | Kind::Truth(_)
                    | Kind::Null
                    | Kind::Class(_)
                    | Kind::Address(..)
            )
        };
        if is_literal(a) && !is_literal(b) {
            return self.compare(ast, mirrored(by), b, a, confidence);
        }
        let equality = matches!(by, Comparison::Equal | Comparison::Unequal);
        let negated = by == Comparison::Unequal;
        let spans = [ast.span, a.span, b.span];
        let made = |left, by, kind| Ok((test(left, by, negated, spans, kind), Type::Truth));
        if let Kind::Null = b.kind {
            let (left, kind) = self.raw(a)?;
            return if equality {
                made(left, By::Absent, kind)
            } else {
                Err(self.wrong(b, "null is compared by == or !="))
            };
        }
        if let Kind::Class(_) | Kind::Address(..) = b.kind {
            if !equality {
                return Err(self.wrong(ast, "this is compared by ==, != or in"));
            }
            let (left, kind) = self.raw(a)?;
            let set = Box::new([self.member(&Member::Single(b.clone()), kind)?]);
            return made(left, By::Among(set), kind);
        }
        let [(left, x), (right, y)] = self.sides(a, b)?;
        let is_constant = |node: &Node<S::Item>, kind: Type| match node {
            Node::Constant(_) => true,
            node => {
                matches!(kind, Type::Plain | Type::Percent | Type::Time) && evaluate::constant(node).is_some()
            }
        };
        let together = x.is_quantity() == y.is_quantity();
        if together && is_constant(&left, x) && is_constant(&right, y) || self.is_same(a, b) {
            return Err(self.wrong(ast, ALWAYS));
        }
        if x.is_quantity() && y.is_quantity() {
            self.orderable(ast, (a, &left, x), by, (b, &right, y))?;
            if let Some(level) = confidence {
                self.confident(ast, by, (&left, x), (&right, y))?;
                return made(left, By::Order(by, right, Some(level)), x);
            }
            let kind = if evaluate::constant(&left).is_some() { y } else { x };
            let by = if negated { Comparison::Equal } else { by };
            return made(left, By::Order(by, right, None), kind);
        }
        if confidence.is_some() {
            return Err(self.wrong(ast, "a confidence belongs to a share"));
        }
        let together = match (x, y) {
            (Type::Truth, Type::Truth) | (Type::Address, Type::Address) | (Type::Text, Type::Text) => true,
            (Type::Word(_), Type::Text) | (Type::Text, Type::Word(_)) => true,
            (Type::Word(a), Type::Word(b)) => a.what == b.what,
            _ => false,
        };
        if !together {
            let (x, y) = (x.with_article(), y.with_article());
            return Err(self.wrong(ast, format!("{x} is not compared with {y}")));
        }
        if !equality {
            return Err(self.wrong(ast, format!("{} is compared by == or !=", x.with_article())));
        }
        made(left, By::Equal(right), x)
    }

    /// A side that is not yet a test.
    fn raw(&self, ast: &Ast) -> Found<S> {
        match self.node(ast)? {
            (Node::Test(test), kind) if matches!(test.by, By::True) => Ok((test.left, kind)),
            found => Ok(found),
        }
    }

    /// Both sides; a bare word on one is read as the other one's type wants it.
    fn sides(&self, a: &Ast, b: &Ast) -> Result<[Typed<S>; 2], Problem> {
        let (left, x) = match self.raw(a) {
            Ok(found) => found,
            Err(problem) => match self.raw(b) {
                Ok((_, Type::Word(words))) if bare(a).is_some() => self.word(a, words)?,
                _ => return Err(problem),
            },
        };
        let (right, y) = match x {
            Type::Word(words) if bare(b).is_some() || matches!(b.kind, Kind::Text(_)) => {
                self.word(b, words)?
            }
            Type::Text if bare(b).is_some() => {
                self.raw(b).map_err(|_| self.wrong(b, "text stands in quotes, as in 'text'"))?
            }
            _ => self.raw(b)?,
        };
        Ok([(left, x), (right, y)])
    }

    /// One of `words`, or another item that gives one.
    fn word(&self, ast: &Ast, words: &'static Words) -> Found<S> {
        let (word, quoted) = match &ast.kind {
            Kind::Text(text) => (text.as_str(), true),
            _ => (bare(ast).unwrap_or(""), false),
        };
        let found = (words.canonical)(word).or_else(|| (quoted && words.open).then(|| word.to_owned()));
        if let Some(canonical) = found {
            let text = canonical.into_bytes().into();
            return Ok((Node::Constant(Constant::Text(text)), Type::Word(words)));
        }
        if !quoted && let Ok(found) = self.raw(ast) {
            return Ok(found);
        }
        let known = (words.known)().into_iter();
        Err(self.refused(ast.span, Refused::unknown(words.what, word, known), &[]))
    }

    /// Both numbers are of one kind, and the comparison can go either way.
    fn orderable(
        &self,
        ast: &Ast,
        (a, left, x): (&Ast, &Node<S::Item>, Type),
        by: Comparison,
        (b, right, y): (&Ast, &Node<S::Item>, Type),
    ) -> Result<(), Problem> {
        for (share, plain, node, whose) in [(x, y, right, a), (y, x, left, b)] {
            if !matches!(share, Type::Share | Type::Percent) || plain != Type::Plain {
                continue;
            }
            let value = evaluate::constant(node).unwrap_or(0.0);
            // Whether half or half of a hundredth is meant, nobody knows.
            if value != 0.0 {
                let name = self.text.get(whose.span.start..whose.span.end).unwrap_or("");
                let meant = match value {
                    0.0..1.0 => format!("{}%, or {value}% if that is meant", value * 100.0),
                    _ => format!("{value}%"),
                };
                return Err(self.wrong(ast, format!("{name} is a share: write {meant}")));
            }
        }
        if matches!((x, y), (Type::Time, Type::Plain)) {
            return Err(self.wrong(b, "a time has a unit: us, ms, s, min or h"));
        }
        let as_ratio = |t: Type| t.is_ratio() || matches!(t, Type::Plain);
        let fits = (x.is_pure() && y.is_pure())
            || (as_ratio(x) && as_ratio(y))
            || (x == Type::Time && y == Type::Time);
        if !fits {
            let (x, y) = (x.with_article(), y.with_article());
            return Err(self.wrong(ast, format!("{x} is not compared with {y}")));
        }
        let range = match x {
            Type::Share => (0.0, 1.0),
            Type::Count => (0.0, f64::INFINITY),
            Type::Code => (100.0, 699.0),
            _ => return Ok(()),
        };
        let Some(limit) = evaluate::constant(right) else { return Ok(()) };
        let never = match by {
            Comparison::Equal => limit < range.0 || limit > range.1,
            Comparison::Less => limit <= range.0,
            Comparison::AtMost => limit < range.0,
            Comparison::More => limit >= range.1,
            Comparison::AtLeast => limit > range.1,
            Comparison::Unequal => limit < range.0 || limit > range.1,
        };
        if never { Err(self.wrong(ast, ALWAYS)) } else { Ok(()) }
    }

    /// Both are written alike, but for blanks.
    fn is_same(&self, a: &Ast, b: &Ast) -> bool {
        let written = |ast: &Ast| {
            let text = self.text.get(ast.span.start..ast.span.end).unwrap_or_default();
            text.split_whitespace().collect::<String>()
        };
        written(a) == written(b)
    }

    /// The whole interval of a share can lie beyond a constant only.
    fn confident(
        &self,
        ast: &Ast,
        by: Comparison,
        (left, x): (&Node<S::Item>, Type),
        (right, _): (&Node<S::Item>, Type),
    ) -> Result<(), Problem> {
        if matches!(by, Comparison::Equal | Comparison::Unequal) {
            return Err(self.wrong(ast, "a confidence belongs to <, <=, > or >="));
        }
        if !x.has_fraction() || evaluate::constant(left).is_some() || evaluate::constant(right).is_none() {
            return Err(
                self.wrong(ast, "a confidence belongs to a share with a fraction, compared with a constant")
            );
        }
        Ok(())
    }

    fn among(&self, ast: &Ast, a: &Ast, members: &[Member]) -> Found<S> {
        let (left, kind) = self.raw(a)?;
        let set: Result<Box<[Match]>, Problem> = members.iter().map(|m| self.member(m, kind)).collect();
        let end = Span { start: a.span.end, end: ast.span.end };
        Ok((test(left, By::Among(set?), false, [ast.span, a.span, end], kind), Type::Truth))
    }

    /// One value, class, range, word or network of the kind that the left side has.
    fn member(&self, member: &Member, kind: Type) -> Result<Match, Problem> {
        let ast = match member {
            Member::Single(ast) => ast,
            Member::Range(from, to) => {
                let (low, high) = (self.constant(from, kind)?, self.constant(to, kind)?);
                return if low <= high {
                    Ok(Match::Range(low, high))
                } else {
                    Err(self.wrong(from, "the range ends before it begins"))
                };
            }
        };
        match (&ast.kind, kind) {
            (Kind::Class(class), Type::Code) => {
                let first = f64::from(*class) * 100.0;
                Ok(Match::Range(first, first + 99.0))
            }
            (Kind::Address(network, port), Type::Address) => Ok(Match::Network(*network, *port)),
            (Kind::Text(text), Type::Text) => Ok(Match::Text(text.as_bytes().into())),
            (_, Type::Word(words)) if bare(ast).is_some() || matches!(ast.kind, Kind::Text(_)) => {
                match self.word(ast, words)? {
                    (Node::Constant(Constant::Text(text)), _) => Ok(Match::Text(text)),
                    _ => Err(self.wrong(ast, format!("expected a {}", words.what))),
                }
            }
            (_, Type::Text) if bare(ast).is_some() => {
                Err(self.wrong(ast, "text stands in quotes, as in 'text'"))
            }
            (_, kind) if kind.is_quantity() => self.constant(ast, kind).map(|n| Match::Range(n, n)),
            _ => Err(self.wrong(ast, format!("expected {}", kind.with_article()))),
        }
    }

    /// A number as written, that goes with `kind`.
    fn constant(&self, ast: &Ast, kind: Type) -> Result<f64, Problem> {
        let expected = || self.wrong(ast, format!("expected {}", kind.with_article()));
        if let Kind::Class(_) | Kind::Address(..) = ast.kind {
            return Err(expected());
        }
        let (node, found) = self.raw(ast)?;
        let Some(value) = evaluate::constant(&node) else { return Err(expected()) };
        let fits = match kind {
            Type::Code => found == Type::Plain && (100.0..=699.0).contains(&value),
            Type::Time => found == Type::Time,
            Type::Share | Type::Percent => found == Type::Percent,
            Type::Quotient => matches!(found, Type::Plain | Type::Percent),
            Type::Count | Type::Number | Type::Plain => found == Type::Plain,
            _ => false,
        };
        if fits { Ok(value) } else { Err(expected()) }
    }

    fn like(&self, ast: &Ast, a: &Ast, pattern: &Ast) -> Found<S> {
        let (left, kind) = self.raw(a)?;
        if !matches!(kind, Type::Text | Type::Word(_)) {
            return Err(self.wrong(a, format!("{} has no pattern", kind.with_article())));
        }
        let Kind::Text(text) = &pattern.kind else {
            return Err(self.wrong(pattern, "a pattern stands in quotes, as in 'sip*'"));
        };
        let by = By::Like(Pattern::new(text));
        Ok((test(left, by, false, [ast.span, a.span, pattern.span], kind), Type::Truth))
    }

    fn wrong(&self, ast: &Ast, why: impl Into<String>) -> Problem {
        Problem::new(self.text, ast.span.start, ast.span.end, why)
    }

    fn refused(&self, name: Span, refused: Refused, arguments: &[Span]) -> Problem {
        let span = refused.argument.and_then(|i| arguments.get(i)).unwrap_or(&name);
        Problem::new(self.text, span.start, span.end, refused.why)
    }
}

fn test<I>(left: Node<I>, by: By<I>, negated: bool, spans: [Span; 3], kind: Type) -> Node<I> {
    Node::Test(Box::new(Test { left, by, negated, spans, kind }))
}

/// A name of one word.
fn bare(ast: &Ast) -> Option<&str> {
    match &ast.kind {
        Kind::Name(path) => path.word(),
        _ => None,
    }
}

fn mirrored(by: Comparison) -> Comparison {
    match by {
        Comparison::Less => Comparison::More,
        Comparison::AtMost => Comparison::AtLeast,
        Comparison::More => Comparison::Less,
        Comparison::AtLeast => Comparison::AtMost,
        same => same,
    }
}
