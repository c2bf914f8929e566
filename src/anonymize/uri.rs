//! URIs, and header values that hold one.

use crate::sip::{NameAddr, Uri};

use super::Pseudonyms;

/// Parameters of URIs that name nobody.
const PARAMETERS: [&str; 9] = [
    "transport=udp",
    "transport=tcp",
    "transport=tls",
    "transport=ws",
    "transport=wss",
    "transport=sctp",
    "user=phone",
    "lr",
    "ob",
];

impl Pseudonyms {
    /// A `sip:`, `sips:` or `tel:` URI; others are replaced as a whole, but for `urn:service:`, which
    /// names a service (RFC 5031).
    pub fn uri(&mut self, uri: &str) -> String {
        let trimmed = uri.trim();
        let bare = trimmed.strip_prefix('<').and_then(|u| u.strip_suffix('>')).unwrap_or(trimmed);
        if bare.is_empty() || bare == "*" || bare.starts_with("urn:service:") {
            return bare.to_owned();
        }
        let Some(parts) = Uri::parse(bare.as_bytes()) else {
            return format!("uri:{}", self.key.hex("uri", bare, 10));
        };
        let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
        let mut new = format!("{}:", text(parts.scheme));
        if let Some(user) = parts.user {
            new += &self.user(&text(user));
        }
        let Some(host) = parts.host else { return new };
        if parts.user.is_some() {
            new.push('@');
        }
        new += &self.host(&text(host));
        if let Some(port) = parts.port {
            new += &format!(":{}", text(port));
        }
        let after = bare.rsplit('@').next().unwrap_or_default();
        for parameter in after.split(['?', '>']).next().unwrap_or_default().split(';').skip(1) {
            let parameter = parameter.trim().to_ascii_lowercase();
            if PARAMETERS.contains(&parameter.as_str()) {
                new.push(';');
                new += &parameter;
            }
        }
        new
    }

    /// A `From`, `To` or `Contact` value: its URI in brackets and its tag; the display name is gone.
    pub fn name_addr(&mut self, value: &str) -> String {
        let parsed = NameAddr::parse(value.as_bytes());
        let uri = String::from_utf8_lossy(parsed.uri).into_owned();
        if value.is_empty() {
            return String::new();
        }
        let new = format!("<{}>", self.uri(&uri));
        match parsed.tag {
            Some(tag) => format!("{new};tag={}", self.key.hex("tag", &String::from_utf8_lossy(tag), 10)),
            None => new,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::pseudonyms;

    #[test]
    fn uris_are_replaced_part_by_part() {
        let mut p = pseudonyms();
        let (user, number) = (p.user("alice"), p.user("+4930123456789"));
        let (host, ip) = (p.host("example.com"), p.host("192.0.2.7"));
        for (uri, new) in [
            ("sip:alice@example.com", format!("sip:{user}@{host}")),
            ("<sips:alice@example.com:5061;transport=tls>", format!("sips:{user}@{host}:5061;transport=tls")),
            ("sip:alice:secret@example.com", format!("sip:{user}@{host}")),
            ("sip:192.0.2.7;lr", format!("sip:{ip};lr")),
            ("sip:alice@example.com;maddr=192.0.2.9?subject=x", format!("sip:{user}@{host}")),
            ("tel:+4930123456789", format!("tel:{number}")),
            ("tel:+4930123456789;phone-context=example.com", format!("tel:{number}")),
            ("sip:+4930123456789@192.0.2.7;user=phone", format!("sip:{number}@{ip};user=phone")),
            ("urn:service:sos", "urn:service:sos".into()),
            ("*", "*".into()),
        ] {
            assert_eq!(p.uri(uri), new, "{uri}");
        }
        assert!(!p.uri("im:alice@example.com").contains("alice"));
    }

    #[test]
    fn display_names_are_gone() {
        let mut p = pseudonyms();
        let (user, host) = (p.user("alice"), p.host("example.com"));
        let new = p.name_addr("\"Alice Liddell\" <sip:alice@example.com>;tag=88sja8x");
        assert!(new.starts_with(&format!("<sip:{user}@{host}>;tag=")), "{new}");
        assert!(!new.contains("88sja8x"));
        assert_eq!(p.name_addr("sip:alice@example.com"), format!("<sip:{user}@{host}>"));
    }
}
