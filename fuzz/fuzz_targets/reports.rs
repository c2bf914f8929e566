//! Every report on any traffic; see [`sipstat_fuzz::doors::reports`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::doors::reports(data));
