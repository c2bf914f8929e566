//! Any HEP packet; see [`sipstat_fuzz::hep`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::hep(data));
