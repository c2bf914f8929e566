//! The four bins that every message falls into, one of them each.

/// How one message was seen (see the README, "What is counted").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bin {
    /// The first sighting end to end: a response (or request) that happened.
    First,
    /// The same again on the same hop, sent again.
    Retransmission,
    /// The same packet captured again.
    CaptureDuplicate,
    /// The same message on another hop of its path.
    HopCopy,
}
