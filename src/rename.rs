//! New names for what names persons, machines and places, in values that many stages keep.
//!
//! Who keeps foreign text, addresses, or hashes that could be guessed from them, takes a [`Rename`] in a
//! function `rename` that names each of its fields: who adds one says there what becomes of it.

use std::net::IpAddr;

use crate::dimension::Dimension;
use crate::flow::{Endpoint, Flow};

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A Call-ID.
    CallId,
    /// A host name or a literal address, with a port or without.
    Host,
    /// `User-Agent` or `Server`.
    Product,
    /// Words that others wrote: a reason phrase, a warning, a protocol.
    Words,
    /// A method, perhaps behind a code.
    Method,
    /// A `Reason` (RFC 3326).
    Reason,
    /// A URI.
    Uri,
    /// A `From`, `To` or `Contact`.
    NameAddr,
    /// The path of a file.
    Path,
    /// A name that the user gave to a trunk.
    Trunk,
    /// A value of a dimension, as groups write it.
    Of(Dimension),
    /// A sentence of our own, which quotes some of these.
    Sentence,
    /// Filters and conditions of the user, as written.
    Options,
}

/// Gives new names.
pub trait Rename {
    /// Tells one way of naming from another.
    fn mark(&self) -> u64;
    /// The new name of an address; two share as many leading bits as before.
    fn address(&mut self, ip: IpAddr) -> IpAddr;
    /// The address gets a new name, the port stays.
    fn endpoint(&mut self, at: Endpoint) -> Endpoint {
        Endpoint::new(self.address(at.ip), at.port)
    }
    /// Both ends get new names.
    fn flow(&mut self, flow: Flow) -> Flow {
        Flow { source: self.endpoint(flow.source), destination: self.endpoint(flow.destination) }
    }
    /// The new name of what a text says.
    fn text(&mut self, what: What, text: &str) -> String;
    /// As many digits, perhaps behind a `+`; two numbers share as many leading ones as before.
    fn digits(&mut self, digits: &str) -> String;
    /// The hash of something that could be guessed, as one that nobody can try guesses on.
    fn hash(&mut self, hash: u64) -> u64;
}
