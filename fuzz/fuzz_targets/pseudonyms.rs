//! Any key and text of pseudonyms; see [`sipstat_fuzz::doors::pseudonyms`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::doors::pseudonyms(data));
