//! Pairs responses with requests and tells retransmissions, capture duplicates and hop copies
//! apart.
//!
//! In: messages with their origin, all of one Call-ID. Out: the bin of each, and the
//! [`Exchange`]s and [`Leg`]s they belong to. Knows nothing of captures or statistics.

mod bin;
mod exchange;
mod facts;
#[cfg(test)]
pub(crate) mod fixture;
mod key;
mod leg;
mod names;
mod relation;
mod sighting;

pub use bin::Bin;
pub use exchange::{Evidence, Exchange, QUIET, Role, Step, TIMER_B};
pub use facts::head_key;
pub use key::{CallKey, Keys, MethodKey, ViaKey, ViaKeys, call_key, tag_key};
pub use leg::{Final, Leg, Location};
pub use names::{About, Digits, Name, Names, name_hash};
pub use relation::{is_downstream, is_related, lists};
