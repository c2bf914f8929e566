//! Any file; see [`sipstat_fuzz::whole`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::whole(data));
