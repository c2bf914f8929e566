//! The fuzz targets: what must hold at each door of the library, whatever comes in. See `README.md`.

pub mod doors;
#[path = "../../tests/laws/book.rs"]
mod laws;
