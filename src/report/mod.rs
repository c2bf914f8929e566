//! Writes a finished [`Summary`](crate::stats::Summary) in one format each, and explains terms.
//!
//! In: a summary. Out: bytes. Renderers compute nothing: what is not in the summary is not in a
//! report. Nothing here knows packets, options of the command line, or where the bytes go.

pub mod escape;
#[cfg(test)]
mod golden;
pub mod json;
#[cfg(test)]
mod sample;
pub mod text;
