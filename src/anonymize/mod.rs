//! Keyed, stable pseudonyms for what names persons, machines and places: `--anonymize`.
//!
//! In: all that a run [counted](crate::stats::Counted), or single values of other outputs. Out: the
//! same with every address, user, number, host, Call-ID, URI and path replaced. It stands between
//! measuring and what follows from it, so that no format can forget it. The same key gives the same pseudonym
//! in every run and file; without the key nobody gets back, nor can try guesses.
//!
//! | value | becomes | what stays |
//! |---|---|---|
//! | address | an address of its family | how many leading bits two of them share; ports |
//! | number | a number | its length, `+` and the calling code of a country; one number, one pseudonym |
//! | first digits of numbers | as many digits | how many leading ones two of them share |
//! | hash of a number or Call-ID | another hash | |
//! | user | `user-5c0d9e11ab` | `anonymous` and the like |
//! | host | `h1d2c3b4a.h5e6f7a8b.invalid` | which hosts share a domain |
//! | Call-ID | `c6d1…@host` | that it has a host |
//! | URI | its parts as above | scheme, port, `transport`, `user=phone` |
//! | path | `capture-1d2c3b4a.pcapng.gz` | endings |
//! | foreign words | those that no table of SIP knows: `w1d2c3b` | registered and usual words |
//! | User-Agent | product and version | all but what may number a device: long digits, MACs, hosts |
//!
//! Counts, codes, methods, times and delays stay: who knows when a call was made finds it.

mod call;
mod counted;
mod host;
mod key;
mod number;
mod step;
mod uri;
mod words;

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::flow::Endpoint;

pub use counted::OtherKey;
pub use key::{MIN_SECRET, TooShort};

/// Texts whose pseudonyms are remembered, so that they are found again within sentences.
const MAX_KNOWN: usize = 65_536;

/// Gives pseudonyms under one key, and remembers which it gave.
#[derive(Clone)]
pub struct Pseudonyms {
    key: key::Key,
    /// What was replaced so far, for sentences that quote it.
    known: BTreeMap<String, String>,
    addresses: BTreeMap<IpAddr, IpAddr>,
}

impl Pseudonyms {
    /// Pseudonyms that everybody with the same `secret` gives alike; at least [`MIN_SECRET`] bytes.
    ///
    /// # Errors
    /// When the secret is so short that it could be guessed.
    pub fn of_secret(secret: &[u8]) -> Result<Self, TooShort> {
        key::Key::of_secret(secret).map(|key| Self {
            key,
            known: BTreeMap::new(),
            addresses: BTreeMap::new(),
        })
    }

    /// An address of the same family; two share as many leading bits as the originals do.
    pub fn address(&mut self, ip: IpAddr) -> IpAddr {
        if let Some(new) = self.addresses.get(&ip) {
            return *new;
        }
        let new = self.key.address(ip);
        self.remember(&ip.to_string(), &new.to_string());
        // A hash for each bit is worth remembering.
        if self.addresses.len() < MAX_KNOWN {
            self.addresses.insert(ip, new);
        }
        new
    }

    /// The address is replaced, the port stays.
    pub fn endpoint(&mut self, at: Endpoint) -> Endpoint {
        Endpoint::new(self.address(at.ip), at.port)
    }

    fn remember(&mut self, original: &str, pseudonym: &str) {
        if self.known.len() < MAX_KNOWN && original.len() > 1 && original != pseudonym {
            self.known.insert(original.to_owned(), pseudonym.to_owned());
        }
    }
}

impl std::fmt::Debug for Pseudonyms {
    /// Without the key: whoever has it can try guesses.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pseudonyms").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn pseudonyms() -> Pseudonyms {
        Pseudonyms::of_secret(b"a secret for tests only").unwrap()
    }

    #[test]
    fn the_key_is_not_told() {
        let mut p = pseudonyms();
        p.address(IpAddr::from([10, 0, 0, 1]));
        assert_eq!(format!("{p:?}"), "Pseudonyms { known: 1, .. }");
    }
}
