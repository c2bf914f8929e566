//! Counts and measures, and derives every figure once.
//!
//! In: what transactions and calls observed. Out: a [`Summary`], which every report only writes
//! down.

mod admission;
mod attempts;
mod b2bua;
mod choices;
mod counted;
mod counts;
pub mod difference;
mod finish;
mod groups;
mod heavy;
mod histogram;
mod incidents;
pub mod interval;
mod messages;
mod messages_only;
mod names;
mod notes;
mod number;
mod open;
mod ratio;
mod rising;
mod samples;
mod serial;
mod series;
mod sessions;
pub mod summary;
mod tally;
mod texts;
mod timeline;
pub mod words;

pub use admission::Admission;
pub use choices::Choices;
pub use counted::{Counted, MergeError, SUMMARY_SCHEMA};
pub use counts::Counts;
pub use finish::{Distribution, End};
pub use messages_only::MessagesOnly;
pub use number::number;
pub use open::{Open, Recorder};
pub use ratio::{Ratio, share};
pub use summary::Summary;
pub use tally::Tally;
