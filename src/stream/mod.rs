//! Puts the bytes of each direction of a TCP connection in order, and unwraps what carries SIP
//! inside streams and packets.
//!
//! In: segments. Out: contiguous bytes, gaps and ends, handed to whatever state the caller keeps
//! for the direction. Knows nothing of SIP.

pub mod hep;
mod inflate;
pub mod sctp;
mod table;
pub mod tcp;
pub mod tls;
pub mod websocket;
