//! Any bytes after a pcapng section header; see [`sipstat_fuzz::pcapng`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::pcapng(data));
