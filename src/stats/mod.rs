//! Counts and measures, and derives every figure once.
//!
//! In: what transactions and calls observed. Out: a [`Summary`], which every report only writes
//! down.

mod counts;
mod ratio;
pub mod summary;

pub use counts::Counts;
pub use ratio::{Ratio, share};
pub use summary::Summary;
