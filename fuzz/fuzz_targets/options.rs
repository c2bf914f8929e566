//! See [`sipstat_fuzz::doors::options`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::doors::options(data));
