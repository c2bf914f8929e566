//! Any limit of a comparison; see [`sipstat_fuzz::doors::limits`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::doors::limits(data));
