//! See [`sipstat_fuzz::doors::datagram`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::doors::datagram(data));
