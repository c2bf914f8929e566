//! From tokens to a tree, by recursive descent; nesting and size are bounded.

use super::ast::{Argument, Arithmetic, Ast, Kind, Member, Path, Segment, Span, Unit};
use super::lexer::{Token, tokens};
use super::problem::Problem;

/// Parentheses, `not` and signs within one another, at most.
const MAX_NESTING: usize = 64;

/// Operators and operands, at most.
const MAX_NODES: usize = 1000;

/// The tree of the whole text.
pub(super) fn parse(text: &str) -> Result<Ast, Problem> {
    let mut parser = Parser { text, tokens: tokens(text)?, at: 0, nesting: 0, nodes: 0 };
    let ast = parser.condition()?;
    match parser.peek() {
        Token::End => Ok(ast),
        Token::Close => Err(parser.wrong("closes nothing")),
        Token::Compare(_) => Err(parser.wrong("a comparison has two sides; join two with 'and'")),
        _ => Err(parser.wrong("expected an operator, 'and', 'or' or the end")),
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(Token, Span)>,
    at: usize,
    nesting: usize,
    nodes: usize,
}

const END: (Token, Span) = (Token::End, Span { start: usize::MAX, end: usize::MAX });

impl Parser<'_> {
    fn condition(&mut self) -> Result<Ast, Problem> {
        self.list(Token::Or, Kind::Or, Self::conjunction)
    }

    fn conjunction(&mut self) -> Result<Ast, Problem> {
        self.list(Token::And, Kind::And, Self::negation)
    }

    fn list(
        &mut self,
        joint: Token,
        many: fn(Vec<Ast>) -> Kind,
        part: fn(&mut Self) -> Result<Ast, Problem>,
    ) -> Result<Ast, Problem> {
        let first = part(self)?;
        if *self.peek() != joint {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.take(&joint) {
            parts.push(part(self)?);
        }
        let span = join(&parts);
        self.node(many(parts), span)
    }

    fn negation(&mut self) -> Result<Ast, Problem> {
        let start = self.span().start;
        if !self.take(&Token::Not) {
            return self.comparison();
        }
        let inner = self.deeper(Self::negation)?;
        let span = Span { start, end: inner.span.end };
        self.node(Kind::Not(Box::new(inner)), span)
    }

    fn comparison(&mut self) -> Result<Ast, Problem> {
        let left = self.sum()?;
        let start = left.span.start;
        let negated =
            *self.peek() == Token::Not && self.tokens.get(self.at + 1).is_some_and(|(t, _)| *t == Token::In);
        self.at += usize::from(negated);
        let (kind, end) = match self.peek().clone() {
            Token::Compare(by) => {
                self.at += 1;
                let right = self.sum()?;
                let confidence = self.confidence()?;
                let end = self.last_end();
                (Kind::Compare(by, Box::new(left), Box::new(right), confidence), end)
            }
            Token::In => {
                self.at += 1;
                let members = self.members()?;
                (Kind::Among(Box::new(left), members), self.last_end())
            }
            Token::Like => {
                self.at += 1;
                let pattern = self.sum()?;
                (Kind::Like(Box::new(left), Box::new(pattern)), self.last_end())
            }
            Token::With => return Err(self.wrong("a confidence belongs to a comparison")),
            _ => return Ok(left),
        };
        let span = Span { start, end };
        let found = self.node(kind, span)?;
        if negated { self.node(Kind::Not(Box::new(found)), span) } else { Ok(found) }
    }

    /// `with 95% confidence`
    fn confidence(&mut self) -> Result<Option<f64>, Problem> {
        if !self.take(&Token::With) {
            return Ok(None);
        }
        let level = match self.peek() {
            Token::Number(level, Unit::Share) if (0.5..1.0).contains(level) => *level,
            _ => {
                return Err(self.wrong(
                    "expected a confidence of at least 50% and below 100%, as in 'with 95% confidence'",
                ));
            }
        };
        self.at += 1;
        match self.peek() {
            Token::Name(word) if word.word() == Some("confidence") => self.at += 1,
            _ => return Err(self.wrong("expected the word 'confidence'")),
        }
        Ok(Some(level))
    }

    fn members(&mut self) -> Result<Vec<Member>, Problem> {
        if !self.take(&Token::Open) {
            return Ok(vec![self.member()?]);
        }
        let mut members = vec![self.member()?];
        while self.take(&Token::Comma) {
            members.push(self.member()?);
        }
        if self.take(&Token::Close) { Ok(members) } else { Err(self.wrong("expected ',' or ')'")) }
    }

    fn member(&mut self) -> Result<Member, Problem> {
        let first = self.deeper(Self::factor)?;
        if !self.take(&Token::Range) {
            return Ok(Member::Single(first));
        }
        Ok(Member::Range(first, self.deeper(Self::factor)?))
    }

    fn sum(&mut self) -> Result<Ast, Problem> {
        self.chain([Arithmetic::Plus, Arithmetic::Minus], Self::term)
    }

    fn term(&mut self) -> Result<Ast, Problem> {
        self.chain([Arithmetic::Times, Arithmetic::Over], Self::factor)
    }

    fn chain(
        &mut self,
        signs: [Arithmetic; 2],
        part: fn(&mut Self) -> Result<Ast, Problem>,
    ) -> Result<Ast, Problem> {
        let mut left = part(self)?;
        while let Token::Sign(sign) = *self.peek() {
            if !signs.contains(&sign) {
                break;
            }
            self.at += 1;
            let right = part(self)?;
            let span = Span { start: left.span.start, end: right.span.end };
            left = self.node(Kind::Arithmetic(sign, Box::new(left), Box::new(right)), span)?;
        }
        Ok(left)
    }

    fn factor(&mut self) -> Result<Ast, Problem> {
        let (token, span) = self.tokens.get(self.at).cloned().unwrap_or(END);
        let kind = match token {
            Token::Sign(Arithmetic::Minus) => {
                self.at += 1;
                let inner = self.deeper(Self::factor)?;
                let span = Span { start: span.start, end: inner.span.end };
                return self.node(Kind::Negate(Box::new(inner)), span);
            }
            Token::Open => {
                self.at += 1;
                let mut inner = self.deeper(Self::condition)?;
                if !self.take(&Token::Close) {
                    return match self.peek() {
                        Token::End => Err(Problem::new(self.text, span.start, span.end, "is not closed")),
                        _ => Err(self.wrong("expected an operator or ')'")),
                    };
                }
                inner.span = Span { start: span.start, end: self.last_end() };
                return Ok(inner);
            }
            Token::Number(value, unit) => Kind::Number(value, unit),
            Token::Class(class) => Kind::Class(class),
            Token::Address(network, port) => Kind::Address(network, port),
            Token::Text(text) => Kind::Text(text),
            Token::True => Kind::Truth(true),
            Token::False => Kind::Truth(false),
            Token::Null => Kind::Null,
            Token::Name(path) => return self.named(path, span),
            _ => return Err(self.wrong("expected a figure, a number or text")),
        };
        self.at += 1;
        self.node(kind, span)
    }

    fn named(&mut self, path: Path, span: Span) -> Result<Ast, Problem> {
        self.at += 1;
        if *self.peek() != Token::Open {
            return self.node(Kind::Name(path), span);
        }
        if path.segments.iter().any(|s| matches!(s, Segment::Key(_))) {
            return Err(Problem::new(self.text, span.start, span.end, "no name of a function"));
        }
        let function = path.to_string();
        self.at += 1;
        let mut arguments = Vec::new();
        if *self.peek() != Token::Close {
            arguments.push(self.argument()?);
            while self.take(&Token::Comma) {
                arguments.push(self.argument()?);
            }
        }
        if !self.take(&Token::Close) {
            return Err(self.wrong("expected ',' or ')'"));
        }
        let span = Span { start: span.start, end: self.last_end() };
        self.node(Kind::Call(function, arguments), span)
    }

    fn argument(&mut self) -> Result<(Argument, Span), Problem> {
        let (token, span) = self.tokens.get(self.at).cloned().unwrap_or(END);
        let argument = match token {
            Token::Number(n, Unit::Plain) if n.fract() == 0.0 && n < 1e15 => Argument::Number(n as u64),
            Token::Class(class) => Argument::Class(class),
            Token::Name(path) => Argument::Name(path),
            Token::Text(text) => Argument::Text(text),
            _ => return Err(self.wrong("expected a code, a class, a method or a name")),
        };
        self.at += 1;
        self.nodes += 1;
        Ok((argument, span))
    }

    fn deeper(&mut self, parse: fn(&mut Self) -> Result<Ast, Problem>) -> Result<Ast, Problem> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(self.wrong(&format!("nested more than {MAX_NESTING} deep")));
        }
        let found = parse(self);
        self.nesting -= 1;
        found
    }

    fn node(&mut self, kind: Kind, span: Span) -> Result<Ast, Problem> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(self.wrong(&format!("more than {MAX_NODES} parts")));
        }
        Ok(Ast { span, kind })
    }

    fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&END.0, |(token, _)| token)
    }

    fn take(&mut self, token: &Token) -> bool {
        let is_it = self.peek() == token;
        self.at += usize::from(is_it);
        is_it
    }

    fn span(&self) -> Span {
        self.tokens.get(self.at).map_or(END.1, |(_, span)| *span)
    }

    /// Where the token before the present one ends.
    fn last_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or(0, |(_, span)| span.end)
    }

    fn wrong(&self, why: &str) -> Problem {
        let Span { start, end } = self.span();
        Problem::new(self.text, start, end, why)
    }
}

fn join(parts: &[Ast]) -> Span {
    let start = parts.first().map_or(0, |p| p.span.start);
    Span { start, end: parts.last().map_or(start, |p| p.span.end) }
}
