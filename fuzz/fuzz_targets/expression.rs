//! Any expression; see [`sipstat_fuzz::expression`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::expression(data));
