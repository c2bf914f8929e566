//! Any chunks; see [`sipstat_fuzz::sctp`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::sctp(data));
