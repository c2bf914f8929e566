//! One frame of any link type; see [`sipstat_fuzz::decode`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::decode(data));
