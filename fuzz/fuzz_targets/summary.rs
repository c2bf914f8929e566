//! See [`sipstat_fuzz::doors::summary`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::doors::summary(data));
