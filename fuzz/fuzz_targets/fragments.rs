//! Frames one after the other: fragments of one another, or not; see [`sipstat_fuzz::fragments`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::fragments(data));
