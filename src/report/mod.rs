//! Writes a finished [`Summary`](crate::stats::Summary) in one format each, and explains terms.
//!
//! In: a summary. Out: bytes. Renderers compute nothing: what is not in the summary is not in a
//! report. Nothing here knows packets, options of the command line, or where the bytes go.

pub mod csv;
pub mod escape;
pub mod explain;
pub mod html;
pub mod json;
pub mod ladder;
pub mod live;
pub mod markdown;
pub mod ndjson;
pub mod prometheus;
pub mod rows;
pub mod schema;
pub mod text;

mod figures;
pub(crate) mod style;
mod wrap;

#[cfg(test)]
mod golden;
#[cfg(test)]
pub(crate) mod sample;
