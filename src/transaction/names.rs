//! What a request says of itself beyond its identifiers: products, domains, the number called.
//!
//! In: messages. Out: numbers that stand for their texts, so that a leg costs a few bytes. One
//! [`Names`] belongs to one shard, whose messages come in order: which names find room does not
//! depend on threads. When there are too many, later ones are one: `(other)`.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::hash::Mix;
use crate::rename::Rename;
use crate::sip::{Message, Start, Uri};

/// Names kept of products, and of domains, by one shard each.
const MAX_NAMES: usize = 1024;
/// Bytes of a name that are kept.
const MAX_TEXT: usize = 80;
/// Digits of a number that are kept.
const MAX_DIGITS: usize = 14;

/// A name's number in its shard: 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Name(u16);

impl Name {
    /// A name that found no room.
    const OTHER: Self = Self(1);

    /// The message had none.
    pub fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// The names that a shard met.
#[derive(Clone, Debug)]
pub struct Names {
    numbers: HashMap<u64, Name, Mix>,
    /// Text and hash; the first two stand for none and other.
    texts: Vec<(Box<str>, u64)>,
    kept: [usize; 2],
}

/// The hash that stands for a name in every shard.
pub fn name_hash(text: &str) -> u64 {
    xxh3_64(text.as_bytes())
}

/// What kind of name it is: each kind has room of its own.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Product,
    Domain,
}

impl Default for Names {
    fn default() -> Self {
        let texts = ["", "(other)"].map(|t| (t.into(), name_hash(t))).to_vec();
        Self { numbers: HashMap::default(), texts, kept: [0; 2] }
    }
}

impl Names {
    /// The text of `name` and a hash that stands for it in every shard; `None` for none.
    pub fn text(&self, name: Name) -> Option<(&str, u64)> {
        if name.is_none() {
            return None;
        }
        self.texts.get(usize::from(name.0)).map(|(text, hash)| (&**text, *hash))
    }

    /// So many names again, each with its text; `None` for none.
    pub fn again<const N: usize>(texts: [Option<&str>; N]) -> (Self, [Name; N]) {
        let mut all = Self::default();
        let names = texts.map(|text| {
            let (Some(text), Ok(number)) = (text, u16::try_from(all.texts.len())) else {
                return Name::default();
            };
            all.texts.push((text.into(), name_hash(text)));
            Name(number)
        });
        (all, names)
    }

    fn number(&mut self, kind: Kind, text: &[u8]) -> Name {
        let text = text.get(..MAX_TEXT).unwrap_or(text);
        if text.is_empty() {
            return Name::default();
        }
        let hash = xxh3_64(text);
        if let Some(name) = self.numbers.get(&hash) {
            return *name;
        }
        let kept = &mut self.kept[kind as usize];
        if *kept >= MAX_NAMES {
            return Name::OTHER;
        }
        let Ok(number) = u16::try_from(self.texts.len()) else { return Name::OTHER };
        *kept += 1;
        let shown = String::from_utf8_lossy(text);
        let shown =
            if matches!(kind, Kind::Domain) { shown.to_ascii_lowercase() } else { shown.into_owned() };
        // Domains are the same in upper and lower case (RFC 3261 19.1.4).
        let shared = name_hash(&shown);
        self.texts.push((shown.into(), shared));
        self.numbers.insert(hash, Name(number));
        Name(number)
    }

    fn domain(&mut self, uri: Option<Uri<'_>>) -> Name {
        uri.and_then(|u| u.host).map_or(Name::default(), |host| self.number(Kind::Domain, host))
    }
}

/// A number that was called: whether it began with `+`, and its first digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digits(
    /// Four bits a digit from the top, each one more than the digit; the lowest for `+`.
    u64,
);

impl Digits {
    /// The digits of `user`; none unless it is a number: visual separators aside (RFC 3966 3), all of
    /// it are digits.
    fn of(user: &[u8]) -> Self {
        let (plus, rest) = user.strip_prefix(b"+").map_or((0, user), |rest| (1, rest));
        let mut packed = 0;
        let mut kept = 0;
        for b in rest {
            match b {
                b'0'..=b'9' if kept < MAX_DIGITS => {
                    packed |= u64::from(b - b'0' + 1) << (60 - 4 * kept);
                    kept += 1;
                }
                b'0'..=b'9' | b'-' | b'.' | b'(' | b')' => {}
                _ => return Self::default(),
            }
        }
        if kept == 0 { Self::default() } else { Self(packed | plus) }
    }

    /// As a number of its own, 0 for none.
    pub fn packed(self) -> u64 {
        self.0
    }

    /// The digits that were [packed](Self::packed).
    pub fn unpacked(packed: u64) -> Self {
        Self(packed)
    }

    /// Its new name.
    #[must_use]
    pub fn renamed(self, to: &mut dyn Rename) -> Self {
        let all = (1..=MAX_DIGITS).rev().find_map(|count| self.prefix(count));
        all.map_or(self, |digits| Self::of(to.digits(&digits).as_bytes()))
    }

    /// Whether there are `count` digits or more, as far as they are kept: 1 to 14.
    pub fn reach(self, count: usize) -> bool {
        (1..=MAX_DIGITS).contains(&count) && (self.0 >> (64 - 4 * count)) & 15 != 0
    }

    /// The first `count` digits, with the `+` if there was one; `None` if there are fewer.
    pub fn prefix(self, count: usize) -> Option<String> {
        if !self.reach(count) {
            return None;
        }
        let mut text = String::from(if self.0 & 1 == 1 { "+" } else { "" });
        for i in 0..count {
            let digit = self.0.checked_shr(60_u32.checked_sub(4 * i as u32)?)? & 15;
            if i >= MAX_DIGITS || digit == 0 {
                return None;
            }
            text.push(char::from(b'0' + (digit - 1) as u8));
        }
        (count > 0).then_some(text)
    }

    /// Whether there are any.
    pub fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// What a request says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct About {
    /// Its `User-Agent` (RFC 3261 20.41).
    pub user_agent: Name,
    /// Host of its `From` URI.
    pub from_domain: Name,
    /// Host of its `To` URI.
    pub to_domain: Name,
    /// Host of its Request-URI.
    pub uri_domain: Name,
    /// The number called: of the Request-URI, else of the `To` URI.
    pub number: Digits,
}

impl About {
    /// What `message` says: of a response, what it repeats of its request.
    pub fn of(message: &Message<'_>, names: &mut Names) -> Self {
        let from = message.from.as_ref().and_then(|e| Uri::parse(e.uri));
        let to = message.to.as_ref().and_then(|e| Uri::parse(e.uri));
        let (target, agent) = match message.start {
            Start::Request { uri, .. } => (Uri::parse(uri), message.agent),
            Start::Response { .. } => (None, None),
        };
        let number = [target, to].into_iter().flatten().filter_map(|u| u.number()).map(Digits::of);
        Self {
            user_agent: agent.map_or(Name::default(), |a| names.number(Kind::Product, a)),
            from_domain: names.domain(from),
            number: number.into_iter().find(|d| !d.is_none()).unwrap_or_default(),
            to_domain: names.domain(to),
            uri_domain: names.domain(target),
        }
    }
}

/// The `Server` of a response, or its `User-Agent`.
pub(super) fn server(message: &Message<'_>, names: &mut Names) -> Name {
    message.agent.map_or(Name::default(), |a| names.number(Kind::Product, a))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::fixture::with_message;

    fn about(lines: &[&str], names: &mut Names) -> About {
        with_message(lines, |m| About::of(m, names))
    }

    #[test]
    fn a_request_is_known_by_its_product_domains_and_number() {
        let mut names = Names::default();
        let a = about(
            &[
                "INVITE sip:+49-30.123@GW.example SIP/2.0",
                "User-Agent: phone 1.2",
                "From: <sip:a@a.example>;tag=1",
                "To: <sip:030123@b.example>",
            ],
            &mut names,
        );
        let text = |n| names.text(n).map(|(t, _)| t);
        assert_eq!(text(a.user_agent), Some("phone 1.2"));
        assert_eq!(
            [a.from_domain, a.to_domain, a.uri_domain].map(text),
            [Some("a.example"), Some("b.example"), Some("gw.example")]
        );
        assert_eq!([0, 4, 8].map(|n| a.number.prefix(n)), [None, Some("+4930".into()), None]);
        assert_eq!([0, 1, 7, 8, 99].map(|n| a.number.reach(n)), [false, true, true, false, false]);
        assert_eq!(a.number.prefix(6).as_deref(), Some("+493012"));
    }

    #[test]
    fn names_beyond_the_table_are_one() {
        let mut names = Names::default();
        let mut agent =
            |n: usize| about(&["OPTIONS sip:h SIP/2.0", &format!("User-Agent: {n}")], &mut names).user_agent;
        let first = agent(0);
        (0..MAX_NAMES).for_each(|n| {
            agent(n);
        });
        assert_eq!((agent(0), agent(MAX_NAMES)), (first, Name::OTHER));
        // Domains have room of their own.
        let a = about(&["OPTIONS sip:h SIP/2.0"], &mut names);
        assert_eq!(names.text(a.uri_domain).map(|(t, _)| t), Some("h"));
    }

    #[test]
    fn only_numbers_have_digits() {
        for (user, digits) in [
            ("+1", Some("+1")),
            ("1", Some("1")),
            ("alice", None),
            ("1a", None),
            ("+", None),
            ("(0)1", Some("0")),
        ] {
            assert_eq!(Digits::of(user.as_bytes()).prefix(1).as_deref(), digits, "{user}");
        }
        let long = Digits::of(b"01234567890123456789");
        assert_eq!(long.prefix(14).as_deref(), Some("01234567890123"));
        assert_eq!(long.prefix(15), None);
        assert_eq!(Digits::unpacked(long.packed()), long);
    }
}
