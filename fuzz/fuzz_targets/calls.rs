//! Rows, ladders and extracts of any traffic; see [`sipstat_fuzz::doors::calls`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::doors::calls(data));
