//! One function a door: foreign bytes go in, and what must hold is asserted.
//!
//! Used by the fuzzer (`fuzz_targets/`, one file each) and by `tests/fuzz.rs`, which replays the
//! saved inputs on any compiler. A new door is a function here, a word in [`DOORS`]'s list, a file
//! in `fuzz_targets/` and a `[[bin]]`; the test says what is missing.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "shared with tests/fuzz.rs")]

mod capture;
mod condition;
mod expression;
mod headers;
mod limits;
mod options;
mod outputs;
mod packets;
mod pseudonyms;
mod rules;
mod streams;
mod summary;
mod traffic;
mod trunks;

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use sipstat::capture::Frame;
use sipstat::flow::{Endpoint, Flow, FrameId, Origin, Tap, Transport};
use sipstat::time::{Nanos, Stamp, Timestamp};

/// Makes each door public, and lists them by name.
macro_rules! doors {
    ($($module:ident: $($door:ident)*;)*) => {
        $(pub use $module::{$($door),*};)*

        /// What takes the bytes of one input, and panics if something does not hold.
        pub type Door = fn(&[u8]);

        /// Every door by its name.
        pub const DOORS: &[(&str, Door)] = &[$($((stringify!($door), $module::$door)),*),*];
    };
}

doors! {
    capture: pcap pcapng compressed;
    packets: decode fragments;
    streams: tcp websocket hep sctp tls;
    headers: datagram framing headers;
    options: options;
    expression: expression;
    rules: rules define;
    condition: condition;
    limits: limits;
    pseudonyms: pseudonyms;
    summary: summary;
    traffic: traffic whole;
    trunks: trunks;
    outputs: reports calls;
}

/// The input as a file: captures are read from files.
fn file(parts: &[&[u8]]) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let thread = std::thread::current().id();
    let path = folder.join(format!("sipstat-fuzz-{}-{thread:?}", std::process::id()));
    fs::write(&path, parts.concat()).expect("the temporary folder can be written");
    path
}

fn stamp(millis: i64) -> Stamp {
    let time = Timestamp::from_nanos(Nanos::from_millis(millis).as_nanos());
    Stamp { shown: time, time, now: time }
}

fn frame(data: &[u8], link: u32, number: u64) -> Frame<'_> {
    Frame {
        id: FrameId { file: 0, number },
        stamp: stamp(number as i64),
        link,
        tap: Tap::default(),
        data,
        original_len: data.len() as u32,
    }
}

fn origin(from: u16, to: u16, transport: Transport, number: u64) -> Origin {
    let at = |port| Endpoint::new(IpAddr::from([10, 0, 0, 1]), port);
    Origin {
        stamp: stamp(number as i64),
        frame: FrameId { file: 0, number },
        tap: Tap::default(),
        flow: Flow { source: at(from), destination: at(to) },
        transport,
        ip_id: 0,
    }
}

/// The pieces of `data`, each of the length that the byte before it says.
fn pieces(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let (length, tail) = rest.split_first()?;
        let (piece, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = tail;
        Some(piece)
    })
}

/// Whether `part` lies within `whole`: it was borrowed, not made up.
fn within(part: &[u8], whole: &[u8]) -> bool {
    let (part, whole) = (part.as_ptr_range(), whole.as_ptr_range());
    part.is_empty() || whole.start <= part.start && part.end <= whole.end
}
