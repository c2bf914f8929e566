//! Host names, literal addresses, Call-IDs and paths.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::flow::Endpoint;

use super::Pseudonyms;

/// Hosts that name no machine.
const NOWHERE: [&str; 3] = ["localhost", "anonymous.invalid", "invalid"];
/// Endings of captures that are told.
const ENDINGS: [&str; 11] =
    [".pcap", ".pcapng", ".cap", ".ntar", ".gz", ".zst", ".zstd", ".xz", ".lz4", ".bz2", ".json"];

impl Pseudonyms {
    /// A host name or literal address, with a port or without, IPv6 in brackets or not.
    pub fn host(&mut self, host: &str) -> String {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return self.address(ip).to_string();
        }
        if let Ok(at) = host.parse::<SocketAddr>() {
            return self.endpoint(Endpoint::new(at.ip(), at.port())).to_string();
        }
        let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        if let Some(ip) = inner.and_then(|h| h.parse::<Ipv6Addr>().ok()) {
            return format!("[{}]", self.address(ip.into()));
        }
        if let Some((name, port)) = host.rsplit_once(':')
            && port.bytes().all(|b| b.is_ascii_digit())
            && !name.contains(':')
        {
            return format!("{}:{port}", self.name(name));
        }
        self.name(host)
    }

    /// Each label by itself and all that follow it, so that hosts of one domain are told to be.
    fn name(&mut self, name: &str) -> String {
        let whole = name.trim_end_matches('.').to_ascii_lowercase();
        if whole.is_empty() || NOWHERE.contains(&whole.as_str()) {
            return whole;
        }
        let mut labels = Vec::new();
        let mut rest = whole.as_str();
        while let Some((_, after)) = rest.split_once('.') {
            labels.push(format!("h{}", self.key.hex("host", rest, 8)));
            rest = after;
        }
        // What is left is a top-level domain, or all of a name without dots.
        labels.push(if labels.is_empty() {
            format!("h{}", self.key.hex("host", rest, 8))
        } else {
            "invalid".into()
        });
        let new = labels.join(".");
        self.remember(name, &new);
        new
    }

    /// A Call-ID, whole or cut: its first part, and a host behind the last `@`.
    pub fn call_id(&mut self, id: &str) -> String {
        let (word, host) = match id.rsplit_once('@') {
            Some((word, host)) => (word, Some(host)),
            None => (id, None),
        };
        let mut new = format!("c{}", self.key.hex("call-id", word, 16));
        if let Some(host) = host {
            new.push('@');
            new.push_str(&self.host(host));
        }
        self.remember(id, &new);
        new
    }

    /// The path of a capture: its folders are gone, its endings are told.
    pub fn path(&mut self, path: &str) -> String {
        if path == "-" || path == "standard input" || path.is_empty() {
            return path.to_owned();
        }
        let file = path.rsplit(['/', '\\']).next().unwrap_or_default();
        let (mut stem, mut endings) = (file, String::new());
        while let Some((before, ending)) = stem.rsplit_once('.').map(|(b, _)| (b, &stem[b.len()..]))
            && ENDINGS.contains(&ending)
        {
            endings.insert_str(0, ending);
            stem = before;
        }
        let new = format!("capture-{}{endings}", self.key.hex("path", path, 8));
        self.remember(path, &new);
        self.remember(file, &new);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::pseudonyms;

    #[test]
    fn hosts_of_one_domain_share_its_pseudonym() {
        let mut p = pseudonyms();
        let [a, b, c] = ["pbx1.example.com", "PBX2.Example.com", "pbx1.example.org"].map(|h| p.host(h));
        let domain = |h: &str| h.split_once('.').map(|(_, d)| d.to_owned());
        assert_eq!(domain(&a), domain(&b));
        assert_ne!(domain(&a), domain(&c));
        assert_ne!(a.split('.').next(), c.split('.').next(), "a label alone tells nothing");
        assert!(a.ends_with(".invalid") && a.matches('.').count() == 2, "{a}");
        assert_eq!(p.host("pbx1.example.com:5061"), format!("{a}:5061"));
        assert_eq!(p.host("localhost"), "localhost");
    }

    #[test]
    fn literal_addresses_are_addresses() {
        let mut p = pseudonyms();
        let v4 = p.host("192.0.2.7");
        assert!(v4.parse::<std::net::Ipv4Addr>().is_ok() && v4 != "192.0.2.7");
        assert_eq!(p.host("192.0.2.7:5060"), format!("{v4}:5060"));
        let v6 = p.host("2001:db8::1");
        assert_eq!(p.host("[2001:db8::1]"), format!("[{v6}]"));
        assert_eq!(p.host("[2001:db8::1]:5060"), format!("[{v6}]:5060"));
    }

    #[test]
    fn call_ids_and_paths_keep_their_form() {
        let mut p = pseudonyms();
        let host = p.host("10.0.0.1");
        let id = p.call_id("3848276298220188511@10.0.0.1");
        assert!(id.starts_with('c') && id.ends_with(&format!("@{host}")), "{id}");
        assert!(!p.call_id("alice's call").contains("alice"));
        let path = p.path("/home/alice/trunk to acme.pcapng.gz");
        assert!(path.starts_with("capture-") && path.ends_with(".pcapng.gz") && path.len() == 26, "{path}");
        assert_ne!(p.path("/tmp/trunk to acme.pcapng.gz"), path);
        assert!(!p.path("/var/tmp/acme.com").contains("acme"));
        assert_eq!(p.path("-"), "-");
    }
}
