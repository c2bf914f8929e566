//! Segments in any order: what is delivered is what was sent; see [`sipstat_fuzz::tcp`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::tcp(data));
