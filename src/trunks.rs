//! Names of trunks, by address, port and domain (`--trunks FILE`).
//!
//! ```toml
//! local = ["10.0.1.0/24"]                  # ours: tells inbound from outbound
//!
//! [[trunk]]
//! name = "carrier-a"
//! addresses = ["10.0.4.0/28", "2001:db8::7"]
//! ports = [5060]                           # any, if left out
//! domains = ["carrier-a.example"]         # of a trunk without addresses
//! direction = "out"                        # in, out or both (which goes without saying)
//! ```
//!
//! In: the text of such a file. Out: [`Trunks`]. The first trunk that fits names a request: one whose
//! address it was sent to, else one whose address sent it, else one whose domain it speaks of.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::filter::Network;
use crate::flow::{Endpoint, Flow};
use crate::rename::{Rename, What};

/// Trunks of one file at most.
const MAX_TRUNKS: usize = 4096;

/// A map of trunks; empty without a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "File", try_from = "File")]
pub struct Trunks {
    file: File,
    local: Vec<Network>,
    trunks: Vec<Trunk>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Trunk {
    name: String,
    addresses: Vec<Network>,
    ports: Vec<u16>,
    domains: Vec<String>,
    direction: Direction,
}

/// The file as written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    local: Vec<String>,
    #[serde(default)]
    trunk: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    #[serde(default)]
    addresses: Vec<String>,
    #[serde(default)]
    ports: Vec<u16>,
    #[serde(default)]
    domains: Vec<String>,
    #[serde(default)]
    direction: Direction,
}

/// Which requests a trunk carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    /// From it.
    In,
    /// To it.
    Out,
    #[default]
    Both,
}

impl Trunks {
    /// Reads the text of a file; a sentence about what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|e| {
            let line = e.span().map(|s| text.get(..s.start).unwrap_or_default().lines().count().max(1));
            line.map_or_else(|| e.message().to_owned(), |line| format!("line {line}: {}", e.message()))
        })?;
        Self::try_from(file)
    }

    /// The same map under new names: what it names is what it named before.
    pub fn rename(&mut self, to: &mut dyn Rename) {
        let File { local, trunk } = &mut self.file;
        let mut network = |text: &mut String| {
            if let Ok(old) = text.parse::<Network>() {
                let (ip, prefix) = old.parts();
                *text = Network::of(to.address(ip), prefix).to_string();
            }
        };
        local.iter_mut().for_each(&mut network);
        trunk.iter_mut().flat_map(|t| &mut t.addresses).for_each(&mut network);
        for entry in trunk {
            entry.name = to.text(What::Trunk, &entry.name);
            entry.domains.iter_mut().for_each(|domain| *domain = to.text(What::Host, domain));
        }
        if let Ok(new) = Self::try_from(self.file.clone()) {
            *self = new;
        }
    }

    /// There is no map.
    pub fn is_empty(&self) -> bool {
        self.local.is_empty() && self.trunks.is_empty()
    }

    /// The address is of one of our networks.
    pub fn is_local(&self, ip: IpAddr) -> bool {
        self.local.iter().any(|n| n.contains(ip))
    }

    /// The trunk of a request from `flow.source` to `flow.destination` that speaks of `domains`.
    pub fn name(&self, flow: Flow, domains: [Option<&str>; 3]) -> Option<&str> {
        let to = self.trunks.iter().find(|t| t.direction != Direction::In && t.has(flow.destination));
        let from = || self.trunks.iter().find(|t| t.direction != Direction::Out && t.has(flow.source));
        let of = || {
            self.trunks.iter().find(|t| {
                t.addresses.is_empty()
                    && domains.iter().flatten().any(|d| t.domains.iter().any(|known| known == d))
            })
        };
        to.or_else(from).or_else(of).map(|t| t.name.as_str())
    }
}

impl Trunk {
    fn has(&self, end: Endpoint) -> bool {
        self.addresses.iter().any(|n| n.contains(end.ip))
            && (self.ports.is_empty() || self.ports.contains(&end.port))
    }
}

impl TryFrom<File> for Trunks {
    type Error = String;

    fn try_from(file: File) -> Result<Self, String> {
        let networks = |list: &[String]| {
            list.iter()
                .map(|n| n.parse().map_err(|e| format!("'{n}': {e}")))
                .collect::<Result<Vec<Network>, _>>()
        };
        if file.trunk.len() > MAX_TRUNKS {
            return Err(format!("{} trunks; at most {MAX_TRUNKS} can be named", file.trunk.len()));
        }
        let trunk = |t: &Entry| {
            if t.name.trim().is_empty() {
                return Err("a trunk without a name".to_owned());
            }
            if t.addresses.is_empty() && t.domains.is_empty() {
                return Err(format!("trunk '{}' has neither addresses nor domains", t.name));
            }
            Ok(Trunk {
                name: t.name.clone(),
                addresses: networks(&t.addresses).map_err(|e| format!("trunk '{}': {e}", t.name))?,
                ports: t.ports.clone(),
                domains: t.domains.iter().map(|d| d.to_ascii_lowercase()).collect(),
                direction: t.direction,
            })
        };
        let trunks = file.trunk.iter().map(trunk).collect::<Result<_, _>>()?;
        let local = networks(&file.local).map_err(|e| format!("local: {e}"))?;
        Ok(Self { local, trunks, file })
    }
}

impl From<Trunks> for File {
    fn from(trunks: Trunks) -> Self {
        trunks.file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
        local = [\"10.0.1.0/24\"]
        [[trunk]]
        name = \"a\"
        addresses = [\"10.0.4.0/28\"]
        ports = [5060]
        direction = \"out\"
        [[trunk]]
        name = \"b\"
        addresses = [\"10.0.4.0/24\"]
        [[trunk]]
        name = \"c\"
        domains = [\"C.example\"]
    ";

    fn flow(from: u8, to: u8, port: u16) -> Flow {
        let end = |n: u8, port| Endpoint::new([10, 0, 4, n], port);
        Flow { source: end(from, 5060), destination: end(to, port) }
    }

    #[test]
    fn the_first_trunk_that_fits_names_a_request() {
        let t = Trunks::parse(FILE).unwrap();
        for (flow, domain, name) in [
            (flow(200, 1, 5060), None, Some("a")),
            (flow(200, 1, 5061), None, Some("b")),
            (flow(1, 200, 5060), None, Some("b")),
            (Flow::default(), Some("c.example"), Some("c")),
            (Flow::default(), Some("d.example"), None),
        ] {
            assert_eq!(t.name(flow, [None, domain, None]), name, "{flow:?} {domain:?}");
        }
        assert!(t.is_local([10, 0, 1, 9].into()) && !t.is_local([10, 0, 4, 1].into()));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        for (text, word) in [
            ("trunk = 1", "line 1"),
            ("[[trunk]]\nname = \"a\"", "neither addresses nor domains"),
            ("[[trunk]]\nname = \"a\"\naddresses = [\"x\"]", "trunk 'a': 'x'"),
            ("[[trunk]]\nname = \"\"\ndomains = [\"x\"]", "without a name"),
            ("lokal = []", "lokal"),
            ("[[trunk]]\nname = \"a\"\ndomains = [\"x\"]\ndirection = \"up\"", "up"),
        ] {
            let error = Trunks::parse(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
        assert!(Trunks::parse("").unwrap().is_empty());
    }
}
