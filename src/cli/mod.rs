//! The command line: what was asked, where the answer goes, and the exit status.
//!
//! In: arguments. Out: a [`Config`](crate::config::Config) for the run, its report on standard output or in a
//! file, one line for each trouble on standard error, an exit status. The only module that knows clap.

mod args;
mod calls;
mod check;
mod compare;
mod exit;
mod extract;
mod incident;
mod input;
mod live;
mod output;
mod progress;
mod run;
mod secret;
mod show;
mod stream;
mod values;

pub use exit::Exit;
pub use run::run;
