//! Folds INVITE transactions into attempts with one outcome each; registrations and sessions
//! beside them.

mod outcome;

pub use outcome::{Alerted, Detail, Flag, Outcome, RegisterOutcome, Side};
