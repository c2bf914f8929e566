//! From the text of a `--read-filter` to a [`Rule`]. The grammar stands in `expression`.

use super::endpoint::{Network, Ports};
use super::expression::{Ends, Protocol, Rule};
use crate::nearest::nearest;

/// Parentheses and negations in one another: more than anybody writes, few enough for the stack.
const MAX_NESTING: usize = 64;

const WORDS: [&str; 14] =
    ["and", "or", "not", "src", "dst", "host", "net", "port", "udp", "tcp", "sctp", "ip", "ip6", "hep"];

/// Words of other filter languages, and what to write here.
const FOREIGN: [(&str, &str); 10] = [
    ("sip", "all is searched for SIP: leave it out"),
    ("ws", "WebSocket is found behind the filter: write tcp"),
    ("tls", "TLS is found behind the filter: write tcp"),
    ("icmp", "ICMP is judged by the packet that it quotes"),
    ("portrange", "write port 5060-5090"),
    ("vlan", "tunnels and tags are taken off before the filter"),
    ("ip.addr", "write host 10.0.0.1"),
    ("udp.port", "write udp port 5060"),
    ("tcp.port", "write tcp port 5060"),
    ("ipv6", "write ip6"),
];

/// The meaning of `text`, or where it goes wrong.
pub(super) fn rule(text: &str) -> Result<Rule, String> {
    let words = words(text);
    let mut parser = Parser { words: &words, at: 0, nesting: 0 };
    let rule = parser.expression()?;
    match parser.peek() {
        None => Ok(rule),
        Some(")") => Err(parser.wrong("')' closes nothing")),
        Some(_) => Err(parser.expected("and, or, or the end")),
    }
}

/// A word and the character (from 1) that it begins at.
type Word = (usize, String);

/// Parentheses and operators are words of their own, wherever they stand.
fn words(text: &str) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    let mut joins = false;
    for (i, c) in text.chars().enumerate() {
        let is_operator = matches!(c, '(' | ')' | '!');
        let doubles = matches!(c, '&' | '|');
        match out.last_mut() {
            _ if c.is_whitespace() => {}
            Some((_, word)) if joins && !is_operator && doubles == word.starts_with(['&', '|']) => {
                word.extend(c.to_lowercase());
            }
            _ => out.push((i + 1, c.to_lowercase().collect())),
        }
        joins = !c.is_whitespace() && !is_operator;
    }
    out
}

struct Parser<'a> {
    words: &'a [Word],
    at: usize,
    nesting: usize,
}

impl<'a> Parser<'a> {
    fn expression(&mut self) -> Result<Rule, String> {
        let mut any = vec![self.all()?];
        while self.take(&["or", "||"]) {
            any.push(self.all()?);
        }
        Ok(one_or(any, Rule::Any))
    }

    fn all(&mut self) -> Result<Rule, String> {
        let mut all = vec![self.one()?];
        loop {
            let is_joined = self.take(&["and", "&&"]);
            if !is_joined && matches!(self.peek(), None | Some(")" | "or" | "||")) {
                return Ok(one_or(all, Rule::All));
            }
            all.push(self.one()?);
        }
    }

    fn one(&mut self) -> Result<Rule, String> {
        if self.take(&["not", "!"]) {
            return self.nested(|p| Ok(Rule::Not(Box::new(p.one()?))));
        }
        if self.take(&["("]) {
            let open = self.at;
            return self.nested(|p| {
                let rule = p.expression()?;
                if p.take(&[")"]) {
                    return Ok(rule);
                }
                match p.peek() {
                    Some(_) => Err(p.expected("and, or, or ')'")),
                    None => Err(format!("'(' at character {} is not closed", p.place(open - 1))),
                }
            });
        }
        self.test()
    }

    fn nested(&mut self, parse: impl FnOnce(&mut Self) -> Result<Rule, String>) -> Result<Rule, String> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(self.wrong(&format!("more than {MAX_NESTING} levels")));
        }
        let rule = parse(self);
        self.nesting -= 1;
        rule
    }

    fn test(&mut self) -> Result<Rule, String> {
        let ends = match self.peek() {
            Some("src") => Ends::Source,
            Some("dst") => Ends::Destination,
            _ => Ends::Either,
        };
        self.at += usize::from(ends != Ends::Either);
        let word = self.peek();
        if matches!(word, Some("port" | "host" | "net")) {
            self.at += 1;
            let value = self.peek().unwrap_or_default();
            let rule = match word {
                Some("port") => value.parse::<Ports>().map(|ports| Rule::Port(ends, ports)),
                _ => value.parse::<Network>().map(|network| Rule::Host(ends, network)),
            };
            let rule = rule.map_err(|wanted| self.wrong(&wanted))?;
            self.at += 1;
            return Ok(rule);
        }
        let rule = match word {
            Some("udp") => Rule::Protocol(Protocol::Udp),
            Some("tcp") => Rule::Protocol(Protocol::Tcp),
            Some("sctp") => Rule::Protocol(Protocol::Sctp),
            Some("ip") => Rule::Version4(true),
            Some("ip6") => Rule::Version4(false),
            Some("hep") => Rule::Hep,
            other => match other.unwrap_or_default().parse() {
                Ok(network) => Rule::Host(ends, network),
                Err(_) => return Err(self.expected("host, port, udp, tcp, sctp, ip, ip6, hep, not or '('")),
            },
        };
        if ends != Ends::Either && !matches!(rule, Rule::Host(..)) {
            return Err(self.expected("host or port"));
        }
        self.at += 1;
        Ok(rule)
    }

    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).map(|(_, word)| word.as_str())
    }

    fn take(&mut self, words: &[&str]) -> bool {
        let is_one = self.peek().is_some_and(|word| words.contains(&word));
        self.at += usize::from(is_one);
        is_one
    }

    fn place(&self, at: usize) -> usize {
        self.words.get(at).map_or(0, |(place, _)| *place)
    }

    fn wrong(&self, why: &str) -> String {
        match self.peek() {
            Some(word) => format!("'{word}' at character {}: {why}", self.place(self.at)),
            None => format!("at the end: {why}"),
        }
    }

    /// The word in the way, with advice where it is known from elsewhere or mistyped.
    fn expected(&self, wanted: &str) -> String {
        let word = self.peek().unwrap_or_default();
        if let Some((_, advice)) = FOREIGN.iter().find(|(foreign, _)| *foreign == word) {
            return self.wrong(advice);
        }
        if !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b',' | b'-')) {
            return self.wrong(&format!("write port {word}"));
        }
        let near = nearest(word, WORDS.iter().map(|w| (*w).to_owned())).filter(|near| near != word);
        match near {
            Some(near) => self.wrong(&format!("did you mean '{near}'?")),
            None => self.wrong(&format!("expected {wanted}")),
        }
    }
}

fn one_or(mut rules: Vec<Rule>, many: impl Fn(Vec<Rule>) -> Rule) -> Rule {
    match rules.pop() {
        Some(only) if rules.is_empty() => only,
        last => {
            rules.extend(last);
            many(rules)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named_with_its_place_and_the_nearest_word() {
        for (text, says) in [
            ("", "at the end: expected host, port"),
            ("prt 5060", "'prt' at character 1: did you mean 'port'?"),
            ("udp and hots 10.0.0.1", "'hots' at character 9: did you mean 'host'?"),
            ("host", "at the end: expected an address or a network"),
            ("host sbc", "'sbc' at character 6: expected an address"),
            ("port 70000", "'70000' at character 6: expected ports"),
            ("port", "at the end: expected ports"),
            ("udp 5060", "'5060' at character 5: write port 5060"),
            ("src udp", "'udp' at character 5: expected host or port"),
            ("udp or", "at the end: expected"),
            ("(udp", "'(' at character 1 is not closed"),
            ("(udp tcp or", "at the end: expected"),
            ("udp)", "')' at character 4: ')' closes nothing"),
            ("()", "')' at character 2: expected"),
            ("sip", "'sip' at character 1: all is searched for SIP"),
            ("ip.addr == 10.0.0.1", "write host 10.0.0.1"),
            ("udp & tcp", "'&' at character 5: expected"),
            ("udp annd tcp", "'annd' at character 5: did you mean 'and'?"),
        ] {
            let error = rule(text).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |n: usize| format!("{}udp{}", "(".repeat(n), ")".repeat(n));
        assert!(rule(&nested(MAX_NESTING)).is_ok());
        assert!(rule(&nested(MAX_NESTING + 1)).unwrap_err().contains("levels"));
        assert!(rule(&"!".repeat(100_000)).unwrap_err().contains("levels"));
        assert!(rule(&"udp ".repeat(10_000)).is_ok());
    }
}
