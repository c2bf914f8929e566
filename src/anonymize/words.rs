//! Foreign sentences (reason phrases, warnings, User-Agents) and our own that quote foreign words.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::OnceLock;

use super::Pseudonyms;
use crate::registry;

/// Words that stay beside those of registered phrases and causes.
const USUAL: &str = "a about account active after again all already an and announcement answer answered any are \
    as at authentication auth available away back bad barred be because been before being blocked busy but by \
    call called callee caller calling calls cancel cancelled cannot caps carrier channel channels check circuit \
    clearing client close closed code codec codecs completed conference config congestion connect connected \
    connection contact could credentials customer default denied destination device dial dialog did direct \
    disabled disconnect disconnected do does dns domain down due duplicate early empty en enabled end ended \
    error exceeded exists expired external extension fail failed failure false fax fetch final for forbidden \
    forward forwarded found from gateway general get global gone got group had hangup has have held here hold \
    host hunt id if ignored in inactive inbound incoming incomplete internal invalid invite ip is isup it \
    known later leg limit line local locked lookup loop lost mailbox match max maximum media message method \
    missing mobile mode must name network next no node none normal not null number of off ok on one only open \
    operator option or other out outbound outgoing over packet parameter parse password peer pending phone \
    play please policy pool port prefix present private privacy processing protocol provider proxy public \
    queue rate reached reason rejected relay released remote removed reply request required reset resource \
    response result retry ring ringing route routing rtp sdp secure security selected server service session \
    setup shutdown sip socket something source state status stopped stream subscriber success supported \
    suspended switch syntax system temporarily terminated the this time timeout timer tls to token too transfer \
    transport tried trunk try trying type unable unallocated unassigned unauthorized unavailable unexpected \
    unknown unreachable unregistered unspecified unsupported up upstream uri user using value version via voice \
    voicemail wait waiting warning was with without wrong your \
    besetzt nicht erreichbar teilnehmer unbekannt gesperrt anruf abgelehnt später occupé occupied ocupado \
    occupato indisponible abonné rejeté";

/// Digits that stand in one run of a User-Agent: more may be a serial number.
const LONGEST_VERSION: usize = 6;

impl Pseudonyms {
    /// A sentence that others wrote: words of registered phrases and usual ones stay, numbers of
    /// fewer than three digits too; all else may be a name.
    pub fn words(&mut self, text: &str) -> String {
        self.tokens(text, |p, token| {
            let plain = token.to_lowercase();
            let digits = token.chars().filter(char::is_ascii_digit).count();
            if digits < 3 && digits == token.chars().count() || vocabulary().contains(plain.as_str()) {
                return token.to_owned();
            }
            p.name_in_text(token).unwrap_or_else(|| format!("w{}", p.key.hex("word", &plain, 6)))
        })
    }

    /// A User-Agent or Server: what may number one device, name a host or a person is replaced.
    pub fn agent(&mut self, text: &str) -> String {
        self.tokens(text, |p, token| {
            let run = token.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
            let bare: String = token.chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
            let is_mac = bare.len() >= 8
                && bare.chars().all(|c| c.is_ascii_hexdigit())
                && (bare.chars().any(|c| c.is_ascii_digit()) || token.contains(':'));
            let is_version = |c: char| c.is_ascii_digit() || c == '.';
            if let Ok(ip) = token.parse::<IpAddr>()
                && (ip.is_ipv6() || !token.chars().all(is_version) || p.known.contains_key(token))
            {
                return p.address(ip).to_string();
            }
            if run > LONGEST_VERSION || is_mac || token.contains('@') {
                return format!("x{}", p.key.hex("agent", token, 8));
            }
            if is_host(token) {
                return p.host(token);
            }
            match p.known.get(token) {
                Some(new) => new.clone(),
                None => token.to_owned(),
            }
        })
    }

    /// One of our own sentences: what was replaced elsewhere is replaced in it, and each address.
    pub fn sentence(&mut self, text: &str) -> String {
        let mut out = text.to_owned();
        // The longest first: a path before the file's name in it. Only whole words.
        let mut known: Vec<_> = self
            .known
            .iter()
            .filter(|(original, _)| is_name(original) && out.contains(original.as_str()))
            .collect();
        known.sort_by_key(|(original, _)| std::cmp::Reverse(original.len()));
        for (i, (original, _)) in known.iter().enumerate() {
            out = replace_whole(&out, original, &mark(i));
        }
        let new: Vec<String> = known.into_iter().map(|(_, new)| new.clone()).collect();
        out = self.tokens(&out, |p, token| match token.parse::<IpAddr>() {
            Ok(ip) => p.address(ip).to_string(),
            Err(_) => token.to_owned(),
        });
        for (i, new) in new.iter().enumerate() {
            out = out.replace(&mark(i), new);
        }
        out
    }

    /// A method: one of the registry stays, another is a foreign word.
    pub fn method(&mut self, method: &str) -> String {
        if registry::method(method).is_some() || method.starts_with('(') || method.is_empty() {
            return method.to_owned();
        }
        // Perhaps `CODE METHOD`.
        if let Some((code, rest)) = method.split_once(' ')
            && code.len() == 3
        {
            return format!("{code} {}", self.method(rest));
        }
        format!("X-{}", self.key.hex("method", method, 8))
    }

    /// What looks like a URI, an address, a host, a number, or was replaced before.
    fn name_in_text(&mut self, token: &str) -> Option<String> {
        if let Some(new) = self.known.get(token) {
            return Some(new.clone());
        }
        if token.parse::<IpAddr>().is_ok() {
            return Some(self.host(token));
        }
        if let Some((user, host)) = token.split_once('@') {
            let user = match user.split_once(':') {
                Some((scheme, user)) if scheme.starts_with("sip") => format!("{scheme}:{}", self.user(user)),
                _ => self.user(user),
            };
            return Some(format!("{user}@{}", self.host(host)));
        }
        if let Some(number) = self.number(token) {
            return Some(number);
        }
        let is_host = token.contains('.') && !token.ends_with('.') && !token.starts_with('.');
        is_host.then(|| self.host(token))
    }

    /// `text` with each token given anew; what stands between tokens stays.
    fn tokens(&mut self, text: &str, mut new: impl FnMut(&mut Self, &str) -> String) -> String {
        let is_part = |c: char| {
            c.is_alphanumeric() || matches!(c, '.' | '@' | '_' | '+' | ':' | '-' | '\u{300}'..='\u{36f}')
        };
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let start = rest.find(is_part).unwrap_or(rest.len());
            out.push_str(&rest[..start]);
            rest = &rest[start..];
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let (whole, after) = rest.split_at(end);
            // A full stop or colon behind a word belongs to the sentence.
            let token = whole.trim_end_matches(['.', ':', '-']);
            if !token.is_empty() {
                out.push_str(&new(self, token));
            }
            out.push_str(&whole[token.len()..]);
            rest = after;
        }
        out
    }
}

/// Stands for replacement `i` until all are made, so that none is replaced again: a character that no
/// report shows (see `report::escape`).
fn mark(i: usize) -> String {
    char::from_u32(0xf_0000 + (i as u32).min(0xfff0)).map(String::from).unwrap_or_default()
}

/// Names with a dot that are products.
const PRODUCTS: [&str; 3] = ["sip.js", "node.js", "jssip.js"];

/// `pbx.example.com`, and not `1.2.3` or `v1.2`: the last of its labels is a word.
fn is_host(token: &str) -> bool {
    let is_word = |label: &str| label.len() > 1 && label.bytes().all(|b| b.is_ascii_alphabetic());
    let last = token.rsplit_once('.').filter(|(before, last)| !before.is_empty() && is_word(last));
    last.is_some() && !PRODUCTS.iter().any(|product| product.eq_ignore_ascii_case(token))
}

/// A number without a `+` reads as a count in a sentence of ours.
fn is_name(original: &str) -> bool {
    !original.bytes().all(|b| b.is_ascii_digit())
}

fn replace_whole(text: &str, original: &str, new: &str) -> String {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let (mut out, mut rest) = (String::new(), text);
    let mut before = None;
    while let Some(at) = rest.find(original) {
        let (head, tail) = rest.split_at(at);
        let after = &tail[original.len()..];
        let left = head.chars().next_back().or(before);
        out.push_str(head);
        let whole = !is_word(left) && !is_word(after.chars().next());
        out.push_str(if whole { new } else { original });
        before = original.chars().next_back();
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Words that name nobody, in lower case.
fn vocabulary() -> &'static BTreeSet<String> {
    static WORDS: OnceLock<BTreeSet<String>> = OnceLock::new();
    WORDS.get_or_init(|| {
        let phrases = registry::codes().iter().filter_map(|c| c.phrase);
        let causes = registry::causes().iter().map(|c| c.name);
        let methods = registry::methods().iter().map(|m| m.name);
        let fixed = ["q.850", "sip/2.0", "rfc", "t.38"];
        phrases
            .chain(causes)
            .chain(methods)
            .chain(USUAL.split_whitespace())
            .chain(fixed)
            .flat_map(|phrase| phrase.split(|c: char| c.is_whitespace() || "(),/\"'".contains(c)))
            .map(str::to_lowercase)
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::pseudonyms;

    #[test]
    fn known_words_stay_and_names_go() {
        let mut p = pseudonyms();
        for kept in
            ["Busy Here", "Call Leg/Transaction Does Not Exist", "Q.850", "no route to destination", "10"]
        {
            assert_eq!(p.words(kept), kept);
        }
        for text in [
            "User alice is not here",
            "No such number: +4930123456789!",
            "rejected by pbx1.example.com.",
            "blocked (192.0.2.7)",
            "try sip:bob@example.com",
            "Müller ist im Urlaub",
            "ext 1001",
        ] {
            let new = p.words(text);
            for name in ["alice", "4930123456789", "example", "192.0.2.7", "bob", "Müller", "1001"] {
                assert!(!new.contains(name), "{text}: {new}");
            }
        }
        assert!(p.words("User alice is not here").starts_with("User w"), "the rest is still read");
    }

    #[test]
    fn agents_keep_product_and_version_and_lose_serials() {
        let mut p = pseudonyms();
        for kept in [
            "Asterisk PBX 18.20.0",
            "Cisco/SPA504G-7.6.2",
            "kamailio (5.7.4 (x86_64/linux))",
            "FPBX-16.0.40(18.9)",
            "SIP.js/0.20.0",
        ] {
            assert_eq!(p.agent(kept), kept);
        }
        for (text, serial) in [
            ("Yealink SIP-T46S 66.85.0.5 0015651234ab", "0015651234ab"),
            ("snom320/8.7 00:04:13:22:af:01", "00:04:13:22:af:01"),
            ("gw alice@example.com", "alice"),
            ("PBX of acme.example (www.acme.example)", "acme"),
            ("box 2001:db8::7", "2001:db8::7"),
        ] {
            assert!(!p.agent(text).contains(serial), "{}", p.agent(text));
        }
    }

    #[test]
    fn our_sentences_lose_what_was_replaced_elsewhere() {
        let mut p = pseudonyms();
        let (host, ip) = (p.host("pbx.example.com"), p.host("10.0.0.1"));
        let path = p.path("/data/trunk.pcap");
        assert_eq!(
            p.sentence("pbx.example.com (10.0.0.1:5060, see trunk.pcap or /data/trunk.pcap) of 10.0.0.10."),
            format!("{host} ({ip}:5060, see {path} or {path}) of {}.", p.host("10.0.0.10"))
        );
        assert_eq!(p.sentence("12 of 13 attempts, 99.5%"), "12 of 13 attempts, 99.5%");
    }

    #[test]
    fn methods_of_the_registry_stay() {
        let mut p = pseudonyms();
        for kept in ["INVITE", "(unknown)", "(other)", "486 INVITE", ""] {
            assert_eq!(p.method(kept), kept);
        }
        assert!(p.method("ALICE").starts_with("X-") && p.method("200 ALICE").starts_with("200 X-"));
    }
}
