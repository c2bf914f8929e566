//! See [`sipstat_fuzz::doors::pcapng`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::doors::pcapng(data));
