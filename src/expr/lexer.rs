//! From text to tokens: numbers with units, addresses, names with keys, text in quotes.

use std::net::IpAddr;

use super::ast::{Comparison, Path, Segment, Span, Unit};
use super::problem::Problem;
use super::{MAX_TEXT, ast};
use crate::filter::Network;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64, Unit),
    Class(u8),
    Address(Network, Option<u16>),
    Text(String),
    Name(Path),
    Compare(Comparison),
    Sign(ast::Arithmetic),
    And,
    Or,
    Not,
    In,
    Like,
    With,
    True,
    False,
    Null,
    Open,
    Close,
    Comma,
    Range,
    End,
}

/// Beyond it numbers are no longer exact.
const MAX_NUMBER: f64 = 1e15;

const UNITS: [(&str, f64); 5] = [("us", 1e3), ("ms", 1e6), ("s", 1e9), ("min", 60e9), ("h", 3_600e9)];

/// All tokens with their places; the last one is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, Span)>, Problem> {
    if text.len() > MAX_TEXT {
        return Err(Problem::new(text, 0, 0, format!("longer than {MAX_TEXT} bytes")));
    }
    let mut lexer = Lexer { text, at: 0 };
    let mut all = Vec::new();
    loop {
        let (token, span) = lexer.next()?;
        let is_end = token == Token::End;
        all.push((token, span));
        if is_end {
            return Ok(all);
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn next(&mut self) -> Result<(Token, Span), Problem> {
        self.skip(|c| c.is_ascii_whitespace());
        let start = self.at;
        let token = self.token()?;
        Ok((token, Span { start, end: self.at }))
    }

    fn token(&mut self) -> Result<Token, Problem> {
        use Comparison::{AtLeast, AtMost, Equal, Less, More, Unequal};
        use ast::Arithmetic::{Minus, Over, Plus, Times};
        const SIGNS: [(&str, Token); 21] = [
            ("&&", Token::And),
            ("||", Token::Or),
            ("==", Token::Compare(Equal)),
            ("!=", Token::Compare(Unequal)),
            ("<>", Token::Compare(Unequal)),
            ("<=", Token::Compare(AtMost)),
            (">=", Token::Compare(AtLeast)),
            ("=~", Token::Like),
            ("..", Token::Range),
            ("=", Token::Compare(Equal)),
            ("<", Token::Compare(Less)),
            (">", Token::Compare(More)),
            ("!", Token::Not),
            ("~", Token::Like),
            ("(", Token::Open),
            (")", Token::Close),
            (",", Token::Comma),
            ("+", Token::Sign(Plus)),
            ("-", Token::Sign(Minus)),
            ("*", Token::Sign(Times)),
            ("/", Token::Sign(Over)),
        ];
        let Some(first) = self.rest().chars().next() else { return Ok(Token::End) };
        if let Some(address) = self.address()? {
            return Ok(address);
        }
        if let Some((sign, token)) = SIGNS.iter().find(|(sign, _)| self.rest().starts_with(sign)) {
            self.at += sign.len();
            return Ok(token.clone());
        }
        match first {
            '0'..='9' => self.number(),
            '\'' | '"' => self.quoted().map(Token::Text),
            c if c.is_ascii_alphabetic() || c == '_' => self.name(),
            c => {
                let start = self.at;
                self.at += c.len_utf8();
                Err(self.wrong(start, "no part of an expression; text stands in '…'"))
            }
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// The letters from here that `belongs` takes; passed over.
    fn skip(&mut self, belongs: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or("")
    }

    fn wrong(&self, start: usize, why: &str) -> Problem {
        Problem::new(self.text, start, self.at, why)
    }

    /// `10.0.4.7`, `10.0.4.0/24`, `10.0.4.7:5060`, `2001:db8::/32`, `[2001:db8::1]:5060`; `None` for what
    /// looks otherwise.
    fn address(&mut self) -> Result<Option<Token>, Problem> {
        let (start, rest) = (self.at, self.rest());
        let bracketed = rest.starts_with('[');
        let body = rest.strip_prefix('[').unwrap_or(rest);
        let run =
            body.find(|c: char| !(c.is_ascii_hexdigit() || matches!(c, ':' | '.'))).unwrap_or(body.len());
        let run = body.get(..run).unwrap_or("");
        let colons = run.bytes().filter(|b| *b == b':').count();
        let is_v4 = run.split(':').next().is_some_and(|v4| {
            v4.bytes().filter(|b| *b == b'.').count() == 3
                && !v4.contains("..")
                && v4.starts_with(|c: char| c.is_ascii_digit())
        });
        if !(bracketed || is_v4 || colons >= 2) {
            return Ok(None);
        }
        self.at += usize::from(bracketed) + run.len();
        let (host, mut port) = match run.split_once(':').filter(|_| is_v4 && colons == 1) {
            Some((host, port)) => (host, Some(port)),
            None => (run, None),
        };
        if bracketed {
            if !self.rest().starts_with(']') {
                return Err(self.wrong(start, "'[' of an address is not closed"));
            }
            self.at += 1;
            if self.rest().starts_with(':') {
                self.at += 1;
                port = Some(self.skip(|c| c.is_ascii_digit()));
            }
        }
        let prefix = match self.rest().strip_prefix('/').map(|r| r.starts_with(|c: char| c.is_ascii_digit()))
        {
            Some(true) => {
                self.at += 1;
                format!("/{}", self.skip(|c| c.is_ascii_digit()))
            }
            _ => String::new(),
        };
        let wanted = "expected an address or a network: 10.0.1.10, 10.0.0.0/8, 2001:db8::/32";
        let network: Network = match host.parse::<IpAddr>() {
            Ok(_) => format!("{host}{prefix}").parse().map_err(|_| self.wrong(start, wanted))?,
            Err(_) => return Err(self.wrong(start, wanted)),
        };
        match port.map(|p| p.parse::<u16>()) {
            Some(Err(_)) => Err(self.wrong(start, "a port is 0 to 65535")),
            Some(Ok(_)) if !prefix.is_empty() => Err(self.wrong(start, "a network has no port")),
            Some(Ok(port)) => Ok(Some(Token::Address(network, Some(port)))),
            None => Ok(Some(Token::Address(network, None))),
        }
    }

    fn number(&mut self) -> Result<Token, Problem> {
        let start = self.at;
        let whole = self.skip(|c| c.is_ascii_digit());
        if self.rest().starts_with("xx") {
            self.at += 2;
            let is_whole = !self.rest().starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            return match whole.parse() {
                Ok(class @ 1..=6) if is_whole => Ok(Token::Class(class)),
                _ => Err(self.wrong(start, "a class is 1xx to 6xx")),
            };
        }
        if self.rest().starts_with('.') && !self.rest().starts_with("..") {
            self.at += 1;
            if self.skip(|c| c.is_ascii_digit()).is_empty() {
                return Err(self.wrong(start, "digits are missing behind the point"));
            }
        }
        let value: f64 = self.text.get(start..self.at).and_then(|t| t.parse().ok()).unwrap_or(f64::MAX);
        if value > MAX_NUMBER {
            return Err(self.wrong(start, "more than 1000000000000000"));
        }
        let rest = self.rest();
        if rest.trim_start_matches(' ').starts_with('%') {
            self.at += rest.find('%').map_or(0, |at| at + 1);
            return Ok(Token::Number(value / 100.0, Unit::Share));
        }
        let unit = self.skip(|c| c.is_ascii_alphanumeric() || c == '_');
        if unit.is_empty() {
            return Ok(Token::Number(value, Unit::Plain));
        }
        match UNITS.iter().find(|(name, _)| *name == unit) {
            Some((_, nanos)) => Ok(Token::Number((value * nanos).round(), Unit::Time)),
            None => Err(self.wrong(start, "units are %, us, ms, s, min, h; classes are 1xx to 6xx")),
        }
    }

    /// Text between quotes of the same kind; there is no escape, the other kind takes the quote in.
    fn quoted(&mut self) -> Result<String, Problem> {
        let start = self.at;
        let quote = self.rest().chars().next().unwrap_or('\'');
        self.at += 1;
        let content = self.skip(|c| c != quote).to_owned();
        if !self.rest().starts_with(quote) {
            return Err(self.wrong(start, "the quote is not closed"));
        }
        self.at += 1;
        Ok(content)
    }

    fn name(&mut self) -> Result<Token, Problem> {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let start = self.at;
        let first = self.skip(word);
        match first {
            "and" | "AND" => return Ok(Token::And),
            "or" | "OR" => return Ok(Token::Or),
            "not" | "NOT" => return Ok(Token::Not),
            "in" | "IN" => return Ok(Token::In),
            "matches" => return Ok(Token::Like),
            "with" => return Ok(Token::With),
            "true" => return Ok(Token::True),
            "false" => return Ok(Token::False),
            "null" => return Ok(Token::Null),
            _ => {}
        }
        let mut segments = vec![Segment::Name(first.to_owned())];
        loop {
            if self.rest().starts_with('[') {
                self.at += 1;
                segments.push(Segment::Key(self.keys(start)?));
            } else if self.rest().starts_with('.') && !self.rest().starts_with("..") {
                self.at += 1;
                let name = self.skip(word);
                if name.is_empty() {
                    return Err(self.wrong(start, "a name is missing behind the point"));
                }
                segments.push(Segment::Name(name.to_owned()));
            } else {
                return Ok(Token::Name(Path { segments }));
            }
        }
    }

    /// What stands up to `]`: words and quoted texts, between commas or blanks. An address in brackets
    /// keeps them.
    fn keys(&mut self, start: usize) -> Result<Vec<String>, Problem> {
        let mut keys = Vec::new();
        loop {
            self.skip(|c| c.is_whitespace() || c == ',');
            match self.rest().chars().next() {
                Some(']') if !keys.is_empty() => {
                    self.at += 1;
                    return Ok(keys);
                }
                Some(']') => return Err(self.wrong(start, "a key is missing between the brackets")),
                Some('\'' | '"') => keys.push(self.quoted()?),
                Some('[') => {
                    let open = self.at;
                    self.skip(|c| c != ']');
                    self.at += usize::from(self.rest().starts_with(']'));
                    self.skip(|c| c == ':' || c.is_ascii_digit());
                    keys.push(self.text.get(open..self.at).unwrap_or("").to_owned());
                }
                Some(_) => keys.push(
                    self.skip(|c| !c.is_whitespace() && !matches!(c, ',' | ']' | '[' | '\'' | '"'))
                        .to_owned(),
                ),
                None => return Err(self.wrong(start, "'[' is not closed")),
            }
        }
    }
}
