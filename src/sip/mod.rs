//! Turns bytes into SIP messages, as RFC 3261 defines them and as the field sends them.
//!
//! In: a datagram ([`scan_datagram`]), or the bytes of one direction of a stream, gaps included
//! ([`Framer`]). Out: [`Message`]s that borrow from them, or the reason why there is none. Imports
//! no other module of this crate.

mod auth;
mod bytes;
mod collect;
mod cseq;
mod datagram;
mod fields;
mod framing;
mod header;
mod lanes;
mod line;
mod list;
mod listed;
mod message;
mod method;
mod name_addr;
mod oddity;
mod params;
mod plain;
mod reason;
mod scan;
mod start_line;
mod status;
mod triage;
mod uri;
mod via;

pub use auth::{Challenge, Credentials};
pub use collect::{MAX_LISTED_VALUES, MAX_VIAS};
pub use datagram::{
    MAX_LEADING, Peek, Scan, looks_like_sip, peek_datagram, reread, scan_datagram, scan_into,
};
pub use fields::{Warning, may_hold_sdp, retry_after_seconds};
pub use framing::{Framed, Framer, MAX_BODY};
pub use listed::Listed;
pub use message::{CSeq, MAX_LISTED_VIAS, Message, NameAddr, Start};
pub use method::Method;
pub use name_addr::Contact;
pub use oddity::{Oddities, Oddity};
pub use params::{Params, unquote};
pub use reason::Reason;
pub use scan::{MAX_HEAD, MAX_HEADERS, MAX_START_LINE};
pub use start_line::{MAX_METHOD, Rejection};
pub use status::StatusCode;
pub use triage::{Other, classify_other, is_media, looks_like_tls};
pub use uri::Uri;
pub use via::{MAGIC_COOKIE, Via};

#[cfg(test)]
mod tests;
