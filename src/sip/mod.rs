//! Turns bytes into SIP messages, as RFC 3261 defines them and as the field sends them.
//!
//! In: a datagram, or the bytes of a stream at a place where a message must start. Out: a
//! [`Message`] that borrows from them, or the reason why there is none. Imports no other module of
//! this crate.

mod message;
mod method;
mod oddity;
mod status;

pub use message::{CSeq, MAX_LISTED_VIAS, Message, NameAddr, Start};
pub use method::Method;
pub use oddity::{Oddities, Oddity};
pub use status::StatusCode;
