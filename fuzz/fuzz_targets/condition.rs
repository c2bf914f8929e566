//! Any condition of --where; see [`sipstat_fuzz::doors::condition`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::doors::condition(data));
