//! Values that have a name in machine output, and are saved by it.
//!
//! In: a type with `ALL` and `id()`. Out: serde's traits by name, and [`Named`] for tables with one
//! place a value. A saved file keeps its meaning when a variant is added or moved.

/// A closed list of values, each with a name.
pub trait Named: Copy + 'static {
    /// All of them, in the order of tables that are indexed by them.
    fn all() -> &'static [Self];
    /// The name in machine output.
    fn name(self) -> &'static str;
}

/// Saves the values of a type by their `id()`, and lists them.
macro_rules! named {
    ($type:ident) => {
        named!($type, $type::ALL);
    };
    ($type:ident, $all:expr) => {
        impl $crate::named::Named for $type {
            fn all() -> &'static [Self] {
                $all
            }

            fn name(self) -> &'static str {
                self.id()
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.id())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let name = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(from)?;
                let found = $type::ALL.iter().copied().find(|v| v.id() == name);
                found.ok_or_else(|| {
                    <D::Error as serde::de::Error>::custom(format_args!("'{name}' is not known here"))
                })
            }
        }
    };
}

/// A hash as sixteen hexadecimal digits: in a saved summary every number is a count.
pub mod hex {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    /// For serde.
    pub fn serialize<S: Serializer>(hash: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{hash:016x}"))
    }

    /// For serde.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        u64::from_str_radix(&String::deserialize(from)?, 16).map_err(D::Error::custom)
    }
}
