//! Any definitions and conditions of the command line; see [`sipstat_fuzz::doors::define`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::doors::define(data));
