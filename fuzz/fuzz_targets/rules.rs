//! Any file of rules; see [`sipstat_fuzz::doors::rules`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::doors::rules(data));
