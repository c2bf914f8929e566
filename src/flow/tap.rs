//! Where traffic was captured: one number that tells observers apart, and the names in it that
//! people know: the VLAN and the interface.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use serde::de::{Deserializer, Error};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

/// Bits of a VLAN identifier (IEEE 802.1Q).
const VLAN_BITS: u32 = 12;
/// Bits of an [`Interface`].
const INTERFACE_BITS: u32 = 16;
/// The bits that say something by themselves; those above are a hash of all.
const PLAIN: u64 = (1 << (VLAN_BITS + INTERFACE_BITS)) - 1;
const VLAN: u64 = (1 << VLAN_BITS) - 1;
/// Names of interfaces kept by one process; later ones are one.
const MAX_NAMES: usize = 4096;
/// Bytes of a name that are kept.
const MAX_NAME: usize = 64;

/// Kind of identifier: a VLAN.
const KIND_VLAN: u8 = 0x20;

/// Where the same traffic was captured: input file, interface, VLAN and tunnel identifiers, HEP
/// agent, folded into one number. Two packets of one tap are never two views of one packet by
/// different observers. Built up by the stages with [`Tap::with`]; compared, and asked for its VLAN
/// and interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tap(u64);

/// The interface of a tap, as a small number: one that has a name or a number of its own, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Interface(u16);

impl Tap {
    /// This tap, narrowed by one more identifier (a tunnel, an agent …). `kind` keeps tunnel 7 apart
    /// from agent 7.
    #[must_use]
    #[inline]
    pub fn with(self, kind: u8, id: u64) -> Self {
        // A multiply-xorshift step: order matters, equal inputs give equal taps on every machine.
        let mut x = self.0 ^ id.wrapping_add(u64::from(kind) << 56).wrapping_add(0x9E37_79B9_7F4A_7C15);
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Self((x ^ (x >> 31)) & !PLAIN | self.0 & PLAIN)
    }

    /// The same, narrowed by a VLAN, which it bears from now on; 0 (priority alone) leaves the one
    /// before.
    #[must_use]
    #[inline]
    pub fn on_vlan(self, id: u16) -> Self {
        let tap = self.with(KIND_VLAN, id.into());
        match u64::from(id) & VLAN {
            0 => tap,
            id => Self(tap.0 & !VLAN | id),
        }
    }

    /// The same, narrowed by an interface, which it bears from now on; none leaves the one before.
    #[must_use]
    #[inline]
    pub fn on_interface(self, interface: Interface) -> Self {
        match interface.0 {
            0 => self,
            n => Self(self.0 & !(PLAIN & !VLAN) | u64::from(n) << VLAN_BITS),
        }
    }

    /// The VLAN of the innermost tag, 1 to 4095; `None` without one.
    pub fn vlan(self) -> Option<u16> {
        Some((self.0 & VLAN) as u16).filter(|id| *id != 0)
    }

    /// The interface, as the capture calls it: its name; `index 3` where it has only the number of the
    /// machine; `#0` where it has only its number in the file. `None` where captures have no
    /// interfaces.
    pub fn interface(self) -> Option<Cow<'static, str>> {
        Interface((self.0 >> VLAN_BITS) as u16).name()
    }

    /// One of sixteen bits: a set of taps in two bytes. Two taps may share a bit.
    pub fn bit(self) -> u16 {
        1 << (self.0 >> 60)
    }
}

/// Saved as its hash, VLAN and the interface's name: numbers of names are of one process.
impl Serialize for Tap {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let hash = self.0 >> (VLAN_BITS + INTERFACE_BITS);
        let (vlan, name) = (self.vlan().unwrap_or(0), self.interface().unwrap_or_default());
        to.collect_str(&format_args!("{hash:09x} {vlan} {name}"))
    }
}

impl<'de> Deserialize<'de> for Tap {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let mut parts = text.splitn(3, ' ');
        let mut next = || parts.next().ok_or_else(|| D::Error::custom("a tap lacks a part"));
        let hash = u64::from_str_radix(next()?, 16).map_err(D::Error::custom)?;
        let vlan = next()?.parse::<u64>().map_err(D::Error::custom)? & VLAN;
        let tap = Self(hash << (VLAN_BITS + INTERFACE_BITS) | vlan);
        Ok(tap.on_interface(Interface::called(next()?)))
    }
}

impl Interface {
    /// The first number of those that stand for the machine's numbers of interfaces.
    const INDEX: u16 = 1 << (INTERFACE_BITS - 1);
    /// The first of those that stand for places in a section: no names, of which there is a bound.
    const PLACE: u16 = 1 << (INTERFACE_BITS - 2);

    /// One with a name; none if that is empty.
    pub fn named(name: &[u8]) -> Self {
        let name = name.get(..MAX_NAME).unwrap_or(name);
        let name = name.split(|b| *b == 0).next().unwrap_or_default();
        if name.is_empty() { Self::default() } else { Self::known(&String::from_utf8_lossy(name)) }
    }

    /// Number `n` of a section whose interfaces have no names.
    pub fn numbered(n: u32) -> Self {
        match u16::try_from(n) {
            Ok(n) if n < Self::PLACE => Self(Self::PLACE | n),
            _ => Self(MAX_NAMES as u16 + 1),
        }
    }

    /// The one that the capturing machine gives this number.
    #[inline]
    pub fn index(n: u32) -> Self {
        match u16::try_from(n) {
            Ok(n) if n < Self::INDEX => Self(Self::INDEX | n),
            _ => Self(u16::MAX),
        }
    }

    /// What [`Tap::interface`] calls so.
    fn called(text: &str) -> Self {
        let number = |prefix: &str| text.strip_prefix(prefix).and_then(|n| n.parse().ok());
        match (number("index "), number("#")) {
            _ if text == OTHER => Self(MAX_NAMES as u16 + 1),
            (Some(n), _) => Self::index(n),
            (None, Some(n)) => Self::numbered(n),
            (None, None) => Self::named(text.as_bytes()),
        }
    }

    fn name(self) -> Option<Cow<'static, str>> {
        match self.0 {
            0 => None,
            n if n & Self::INDEX != 0 => Some(format!("index {}", n & !Self::INDEX).into()),
            n if n & Self::PLACE != 0 => Some(format!("#{}", n & !Self::PLACE).into()),
            n => {
                let names = NAMES.read().unwrap_or_else(PoisonError::into_inner);
                Some(names.list.get(usize::from(n) - 1).copied().unwrap_or(OTHER).into())
            }
        }
    }

    /// A name's number, the same throughout the process.
    fn known(name: &str) -> Self {
        if let Some(number) = NAMES.read().ok().and_then(|names| names.find(name)) {
            return Self(number);
        }
        Self(NAMES.write().unwrap_or_else(PoisonError::into_inner).number(name))
    }
}

/// Names of interfaces, in the order in which they were met; the first has number 1.
struct Names {
    list: Vec<&'static str>,
    numbers: BTreeMap<&'static str, u16>,
}

impl Names {
    fn find(&self, name: &str) -> Option<u16> {
        self.numbers.get(name).copied()
    }

    /// The number of `name`; that after the last of all where there is no room for it.
    fn number(&mut self, name: &str) -> u16 {
        if let Some(number) = self.find(name) {
            return number;
        }
        if self.list.len() == MAX_NAMES {
            return MAX_NAMES as u16 + 1;
        }
        // Kept as long as the process: a quarter of a megabyte at most.
        let name: &'static str = Box::leak(name.into());
        self.list.push(name);
        let number = self.list.len() as u16;
        self.numbers.insert(name, number);
        number
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name().unwrap_or_default())
    }
}

/// What names without room are called.
const OTHER: &str = "(other)";
/// Those of this process.
static NAMES: RwLock<Names> = RwLock::new(Names { list: Vec::new(), numbers: BTreeMap::new() });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_tell_kinds_ids_and_order_apart() {
        let t = Tap::default();
        assert_ne!(t.with(1, 7), t.with(2, 7));
        assert_ne!(t.with(1, 7), t.with(1, 8));
        assert_ne!(t.with(1, 7).with(1, 8), t.with(1, 8).with(1, 7));
        assert_eq!(t.with(1, 7).with(2, 9), t.with(1, 7).with(2, 9));
        assert_ne!(t.on_vlan(7).on_vlan(8), t.on_vlan(9).on_vlan(8), "the outer tag counts");
        assert_ne!(t.on_vlan(0), t);
    }

    #[test]
    fn taps_bear_the_inner_vlan_and_the_interface_whatever_narrows_them() {
        let t = Tap::default().on_interface(Interface::named(b"eth1\0\0")).on_vlan(100).on_vlan(0);
        let t = t.on_vlan(7).with(5, 99);
        assert_eq!((t.vlan(), t.interface().as_deref()), (Some(7), Some("eth1")));
        assert_eq!((Tap::default().vlan(), Tap::default().interface()), (None, None));
        let index = |n| t.on_interface(Interface::index(n)).interface().unwrap();
        assert_eq!((index(3).as_ref(), index(1 << 20).as_ref()), ("index 3", "index 32767"));
        assert_eq!(t.on_interface(Interface::numbered(0)).interface().as_deref(), Some("#0"));
        assert_eq!(t.on_interface(Interface::named(b"")).interface().as_deref(), Some("eth1"));
    }

    #[test]
    fn a_saved_tap_is_the_same_again() {
        for name in [&b"a b  c"[..], b"index 4", b"#3", b"#70000", b"", b"\\Device\\NPF_{1}"] {
            let t = Tap::default()
                .with(3, 4)
                .on_vlan(12)
                .on_interface(Interface::called(&String::from_utf8_lossy(name)));
            let text = serde_json::to_string(&t).unwrap();
            assert_eq!(serde_json::from_str::<Tap>(&text).unwrap(), t, "{text}");
        }
        assert!(serde_json::from_str::<Tap>("\"0123456789abcdef\"").is_err());
    }

    #[test]
    fn names_beyond_the_bound_are_one() {
        let mut names = Names { list: Vec::new(), numbers: BTreeMap::new() };
        let all: Vec<u16> = (0..MAX_NAMES + 9).map(|n| names.number(&format!("n{n}"))).collect();
        assert_eq!((all[0], all[5], names.number("n5")), (1, 6, 6));
        assert_eq!(all[MAX_NAMES..], [MAX_NAMES as u16 + 1; 9]);
        assert_eq!(names.list.len(), MAX_NAMES);
        assert_eq!(Interface(MAX_NAMES as u16 + 1).to_string(), OTHER);
    }
}
