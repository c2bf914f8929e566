//! See [`sipstat_fuzz::doors::trunks`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::doors::trunks(data));
