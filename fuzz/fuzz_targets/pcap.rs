//! Any bytes after a pcap magic; see [`sipstat_fuzz::pcap`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sipstat_fuzz::pcap(data));
