//! Pairs responses with requests and tells retransmissions, capture duplicates and hop copies
//! apart.
//!
//! In: messages with their origin. Out: the bin of each, and the exchanges and legs they belong
//! to. Knows nothing of captures, headers' bytes or statistics.

mod bin;

pub use bin::Bin;
