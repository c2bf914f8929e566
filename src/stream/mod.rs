//! Puts the bytes of each direction of a TCP connection in order, and unwraps what carries SIP
//! inside streams and packets.
//!
//! In: segments, datagrams, SCTP packets. Out: contiguous bytes, gaps and ends, handed to whatever
//! state the caller keeps for the direction; whole messages where the carrier has such. Knows
//! nothing of SIP: the caller routes bytes.
//!
//! | module | takes | gives |
//! |---|---|---|
//! | [`tcp`] | segments of all connections | bytes of each direction in order |
//! | [`websocket`] | bytes of one direction | messages |
//! | [`sctp`] | data chunks of all associations | messages |
//! | [`hep`] | a datagram, or bytes of a stream | a copied message with its own addresses and time |
//! | [`tls`] | first bytes | whether they are TLS or DTLS, and which server is asked for |

pub mod hep;
mod inflate;
pub mod sctp;
mod table;
pub mod tcp;
pub mod tls;
pub mod websocket;
