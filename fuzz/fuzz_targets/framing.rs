//! Any stream, cut anywhere: the cuts change nothing; see [`sipstat_fuzz::framing`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::framing(data));
