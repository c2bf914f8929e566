//! The fuzz targets: what must hold at each door of the library, whatever comes in. See `README.md`.

pub mod doors;
#[path = "../../tests/laws/book.rs"]
mod laws;
#[path = "../../tests/support/outputs.rs"]
mod outputs;
#[path = "../../tests/support/wellformed.rs"]
mod wellformed;
