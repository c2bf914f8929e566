//! Folds INVITE transactions into attempts with one outcome each; registrations and sessions
//! beside them.
//!
//! In: the messages of one Call-ID. Out: facts, to an [`Observer`].

mod conversation;
mod delays;
mod event;
mod evidence;
mod facts;
mod graves;
mod legs;
mod memory;
mod observer;
mod outcome;
mod particulars;
mod registration;
#[cfg(test)]
pub(crate) mod sample;
mod session;
mod text;
mod tries;
mod verdict;

pub use conversation::{Conversation, Sleeping, Surroundings, Turns};
pub use event::{Event, Recorder};
pub use memory::{Late, Memory, Tombstone};
pub use observer::{
    Attempt, AttemptDelays, Bid, Bye, Call, Observer, Party, Protocol, Registration, RequestOver, Session,
};
pub use outcome::{Alerted, Detail, Flag, Outcome, RegisterOutcome, Side};
pub use particulars::Particulars;
pub use text::{MAX_TEXT, Text};
pub use tries::{Place, Tried};
