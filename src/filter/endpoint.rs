//! Networks and lists of ports, as users write them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::str::FromStr;

/// An address, or all addresses that share a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    /// Bits in common, at most 32 or 128.
    prefix: u8,
}

impl Network {
    /// Its first address and the number of bits in common.
    pub fn parts(&self) -> (IpAddr, u8) {
        (self.first, self.prefix)
    }

    /// All addresses that share `prefix` bits with `ip`, as many as there are if it is greater.
    pub fn of(ip: IpAddr, prefix: u8) -> Self {
        let prefix = prefix.min(if ip.is_ipv4() { 32 } else { 128 });
        Self { first: masked(ip, prefix), prefix }
    }

    /// The address is one of it; one of the other family never is.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.first, ip) {
            (IpAddr::V4(_), IpAddr::V4(_)) | (IpAddr::V6(_), IpAddr::V6(_)) => {
                masked(ip, self.prefix) == self.first
            }
            _ => false,
        }
    }
}

/// `10.0.0.1`, `10.0.0.0/8`, `2001:db8::/32`; bits behind the prefix do not matter.
impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const WANTED: &str = "expected an address or a network: 10.0.1.10, 10.0.0.0/8, 2001:db8::/32";
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let bare = address.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(address);
        let ip: IpAddr = bare.parse().map_err(|_| WANTED)?;
        let most = if ip.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => most,
            Some(p) => p.parse().ok().filter(|p| *p <= most).ok_or(WANTED)?,
        };
        Ok(Self { first: masked(ip, prefix), prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first, self.prefix) {
            (IpAddr::V4(_), 32) | (IpAddr::V6(_), 128) => self.first.fmt(f),
            _ => write!(f, "{}/{}", self.first, self.prefix),
        }
    }
}

fn masked(ip: IpAddr, prefix: u8) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            Ipv4Addr::from_bits(ip.to_bits() & mask).into()
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            Ipv6Addr::from_bits(ip.to_bits() & mask).into()
        }
    }
}

/// Ports and ranges of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports(Vec<RangeInclusive<u16>>);

impl Ports {
    /// The port is one of them.
    pub fn contains(&self, port: u16) -> bool {
        self.0.iter().any(|range| range.contains(&port))
    }
}

/// `5060`, `5060,5080`, `5060-5069,5080`.
impl FromStr for Ports {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const WANTED: &str = "expected ports 0 to 65535: 5060, or 5060,5080-5090";
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(first..=last)
        };
        let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
        Ok(Self(ranges.ok_or(WANTED)?))
    }
}

/// Digits only: no sign, no blanks.
fn number(text: &str) -> Option<u16> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, range) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            match (range.start(), range.end()) {
                (a, b) if a == b => write!(f, "{comma}{a}")?,
                (a, b) => write!(f, "{comma}{a}-{b}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_the_addresses_of_their_prefix() {
        for (network, inside, outside) in [
            ("10.0.1.10", "10.0.1.10", "10.0.1.11"),
            ("10.9.8.7/8", "10.255.0.0", "11.0.0.0"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::/0", "fd00::1", "10.0.0.1"),
            ("[2001:db8::1]", "2001:db8::1", "2001:db8::2"),
        ] {
            let network: Network = network.parse().unwrap();
            assert!(network.contains(inside.parse().unwrap()), "{network} {inside}");
            assert!(!network.contains(outside.parse().unwrap()), "{network} {outside}");
            assert_eq!(network.to_string().parse(), Ok(network));
        }
        for text in
            ["", "sbc", "10.0.0", "10.0.0.1/33", "::/129", "10.0.0.1/", "10.0.0.1/-1", "10.0.0.1:5060"]
        {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn ports_are_listed_or_ranges() {
        let ports: Ports = "5060,5080-5090,65535".parse().unwrap();
        for (port, inside) in
            [(5060, true), (5061, false), (5080, true), (5090, true), (5091, false), (65535, true)]
        {
            assert_eq!(ports.contains(port), inside, "{port}");
        }
        assert_eq!(ports.to_string(), "5060,5080-5090,65535");
        for text in ["", ",", "5060,", "65536", "5090-5080", "-5", "5-", "+5", "sip", "5060 5061"] {
            assert!(text.parse::<Ports>().is_err(), "{text}");
        }
    }
}
