//! Any expression; see [`sipstat_fuzz::doors::expression`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::doors::expression(data));
