//! What a run counted, under pseudonyms: wherever names are kept, they are replaced, and every figure,
//! note and finding follows from that. So no format can forget it, nor can a saved summary.

use std::net::IpAddr;

use crate::dimension::Dimension;
use crate::rename::{Rename, What};
use crate::stats::Counted;

use super::Pseudonyms;

/// Has pseudonyms already, of another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherKey;

/// What stands for names that found no room.
const OTHER: &str = "(other)";

impl Pseudonyms {
    /// The same under pseudonyms; what has those of this key already stays as it is.
    ///
    /// # Errors
    /// When it has those of another key.
    pub fn counted(&mut self, mut counted: Counted) -> Result<Counted, OtherKey> {
        counted.rename(self).map(|()| counted).map_err(|_| OtherKey)
    }

    /// A value of `dimension`, as groups and findings write it.
    pub fn dimension(&mut self, dimension: Dimension, value: &str) -> String {
        match dimension {
            _ if value == OTHER => value.to_owned(),
            Dimension::Trunk if value.parse::<IpAddr>().is_err() => self.trunk(value),
            Dimension::Source
            | Dimension::Destination
            | Dimension::Peer
            | Dimension::Hop
            | Dimension::Listen
            | Dimension::Trunk => self.places(value),
            Dimension::FromDomain | Dimension::ToDomain | Dimension::UriDomain => self.host(value),
            Dimension::File => self.path(value),
            Dimension::Method => self.method(value),
            Dimension::UserAgent | Dimension::Server => self.agent(value),
            Dimension::Prefix => self.prefix(value),
            Dimension::Cause => self.words_of_cause(value),
            Dimension::Direction
            | Dimension::Interface
            | Dimension::Vlan
            | Dimension::Transport
            | Dimension::Code
            | Dimension::Class
            | Dimension::Outcome => value.to_owned(),
        }
    }

    /// A name that the user gave to a trunk.
    fn trunk(&mut self, name: &str) -> String {
        let new = format!("trunk-{}", self.key.hex("trunk", name, 6));
        self.remember(name, &new);
        new
    }

    /// Addresses with what stands between them.
    fn places(&mut self, value: &str) -> String {
        let parts: Vec<String> = value.split(' ').map(|part| self.place(part)).collect();
        parts.join(" ")
    }

    /// An address with a port or without; anything else (an arrow, `udp`) stays.
    fn place(&mut self, part: &str) -> String {
        let is_address = part.parse::<IpAddr>().is_ok()
            || part.parse::<std::net::SocketAddr>().is_ok()
            || part.starts_with('[');
        if is_address { self.host(part) } else { part.to_owned() }
    }

    /// `Q.850 16`, `SIP 200`: a protocol and a number of it.
    fn words_of_cause(&mut self, value: &str) -> String {
        match value.rsplit_once(|c: char| !c.is_ascii_digit()) {
            Some((protocol, cause)) if !cause.is_empty() => {
                let between = &value[protocol.len()..value.len() - cause.len()];
                format!("{}{between}{cause}", self.words(protocol))
            }
            _ => self.words(value),
        }
    }

    /// Filters and conditions as the user wrote them: addresses, and what stands in quotes within the
    /// quotes of `--where`. A condition whose quotes cannot be told is replaced as a whole.
    fn options(&mut self, text: &str) -> String {
        const WHERE: &str = "--where '";
        let (filter, condition) = match text.find(WHERE) {
            Some(at) => (&text[..at], text[at + WHERE.len()..].strip_suffix('\'')),
            // The condition alone, as saved summaries have it, or filters alone.
            None if text.starts_with("--") => (text, None),
            None => return self.condition(text),
        };
        let filter = self.sentence(filter);
        condition.map_or(filter.clone(), |c| format!("{filter}{WHERE}{}'", self.condition(c)))
    }

    /// A condition: text in quotes becomes a pseudonym in quotes, addresses too; the rest stays.
    fn condition(&mut self, text: &str) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some(at) = rest.find(['"', '\'']) {
            let (before, quoted) = rest.split_at(at);
            let quote = if quoted.starts_with('"') { '"' } else { '\'' };
            let inner = &quoted[1..];
            let end = inner.find(quote).unwrap_or(inner.len());
            out += &self.sentence(before);
            let literal = &inner[..end];
            let new = match literal.parse::<IpAddr>() {
                Ok(_) => self.host(literal),
                Err(_) => {
                    self.number(literal).unwrap_or_else(|| format!("t{}", self.key.hex("text", literal, 8)))
                }
            };
            out += &format!("{quote}{new}{quote}");
            rest = inner.get(end + 1..).unwrap_or_default();
        }
        out + &self.sentence(rest)
    }
}

impl Rename for Pseudonyms {
    fn mark(&self) -> u64 {
        u64::from_str_radix(&self.key.hex("mark", "", 16), 16).unwrap_or_default()
    }

    fn address(&mut self, ip: IpAddr) -> IpAddr {
        Self::address(self, ip)
    }

    fn text(&mut self, what: What, text: &str) -> String {
        match what {
            _ if text == OTHER => text.to_owned(),
            What::CallId => self.call_id(text),
            What::Host => self.host(text),
            What::Product => self.agent(text),
            What::Words => self.words(text),
            What::Method => self.method(text),
            What::Reason => self.reason(text),
            What::Uri => self.uri(text),
            What::NameAddr => self.name_addr(text),
            What::Path => self.path(text),
            What::Trunk => self.trunk(text),
            What::Of(dimension) => self.dimension(dimension, text),
            What::Sentence => self.sentence(text),
            What::Options => self.options(text),
        }
    }

    fn digits(&mut self, digits: &str) -> String {
        self.prefix(digits)
    }

    fn hash(&mut self, hash: u64) -> u64 {
        self.key.number("hash", &hash.to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::pseudonyms;
    use super::*;

    #[test]
    fn places_keep_what_stands_between_addresses() {
        let mut p = pseudonyms();
        let [a, b] = ["10.0.0.1:5060", "10.0.0.2"].map(|h| p.host(h));
        assert_eq!(p.dimension(Dimension::Hop, "10.0.0.1:5060 → 10.0.0.2"), format!("{a} → {b}"));
        assert_eq!(p.dimension(Dimension::Listen, "10.0.0.1:5060 udp"), format!("{a} udp"));
        assert_eq!(p.dimension(Dimension::Cause, "Q.850 16"), "Q.850 16");
        assert_eq!(p.dimension(Dimension::Code, "486"), "486");
        assert_eq!(p.dimension(Dimension::FromDomain, "(other)"), "(other)");
        assert!(!p.dimension(Dimension::Trunk, "acme").contains("acme"));
    }

    #[test]
    fn filters_keep_their_form_and_name_nobody() {
        let mut p = pseudonyms();
        let ip = p.host("10.0.0.1");
        let number = p.user("+4930123456789");
        assert_eq!(p.options("--port 5060 --host 10.0.0.1"), format!("--port 5060 --host {ip}"));
        assert_eq!(
            p.options("--port 5060 --where 'code == 503 and to.user == \"+4930123456789\"'"),
            format!("--port 5060 --where 'code == 503 and to.user == \"{number}\"'")
        );
        for condition in ["from.user == 'alice' or from.host ~ \"*.acme.example\"", "call_id contains 'alice"]
        {
            for text in [condition.to_owned(), format!("--where '{condition}'")] {
                let new = p.options(&text);
                assert!(!new.contains("alice") && !new.contains("acme"), "{new}");
            }
        }
    }
}
