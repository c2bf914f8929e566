//! The readers of files: pcap, pcapng, and what is compressed.

use std::io::Write;

use sipstat::anomaly::Anomalies;
use sipstat::capture::Inputs;
use sipstat::time::Timestamp;

use super::file;

/// Bytes of a file for one frame, at least: the shortest record of any container is a frame without
/// data in a simple packet block of 16 bytes.
const SHORTEST_RECORD: u64 = 16;

/// Frames are numbered without a gap, the clock never goes back, the report has their number, and
/// there are no more than the file has room for.
fn read(parts: &[&[u8]]) {
    let path = file(parts);
    let Ok(mut inputs) = Inputs::open(&[path]) else { return };
    let (mut notes, mut number, mut now) = (Anomalies::default(), 0, Timestamp::from_nanos(i64::MIN));
    while let Some(frame) = inputs.next(&mut notes) {
        number += 1;
        assert_eq!(frame.id.number, number);
        assert!(now <= frame.stamp.now && frame.stamp.time <= frame.stamp.now);
        assert!(frame.data.len() <= 1 << 26);
        now = frame.stamp.now;
    }
    assert!(inputs.next(&mut notes).is_none(), "what has ended stays ended");
    let reports = inputs.reports();
    assert_eq!(reports.iter().map(|r| r.frames).sum::<u64>(), number);
    assert!(reports.iter().all(|r| r.complete == r.problem.is_none()));
    assert!(reports.iter().all(|r| r.frames * SHORTEST_RECORD <= r.bytes), "{reports:?}");
}

/// A pcap file with any rest.
pub fn pcap(data: &[u8]) {
    let magics: [&[u8]; 4] =
        [b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\x34\xcd\xb2\xa1"];
    let Some((first, rest)) = data.split_first() else { return };
    read(&[magics[usize::from(first % 4)], rest]);
}

/// A pcapng file with any rest.
pub fn pcapng(data: &[u8]) {
    read(&[
        b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x1c\0\0\0",
        data,
    ]);
}

/// The head of a compressed file of any kind with any rest; or an honest one of any bytes.
pub fn compressed(data: &[u8]) {
    let magics: [&[u8]; 6] = [
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03",
        b"\x28\xb5\x2f\xfd",
        b"BZh9\x31\x41\x59\x26\x53\x59",
        b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4\x46",
        b"\x04\x22\x4d\x18",
        b"",
    ];
    let Some((first, rest)) = data.split_first() else { return };
    match magics.get(usize::from(first % 8)) {
        Some(magic) => read(&[magic, rest]),
        None => {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gz.write_all(b"\xd4\xc3\xb2\xa1\x02\0\x04\0").expect("a vector takes all");
            gz.write_all(rest).expect("a vector takes all");
            read(&[&gz.finish().expect("a vector takes all")]);
        }
    }
}
