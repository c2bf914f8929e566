//! Any bytes, cut anywhere; see [`sipstat_fuzz::websocket`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::websocket(data));
