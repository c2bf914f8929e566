//! Files, pipes and directories as the program takes them: compressed or not, whole or in pieces, and
//! what is no capture at all.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::support::conversations::{self, Random};
use crate::support::flow::{Format, Ladder, Tap};
use serde_json::Value;

fn sipstat(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sipstat"));
    command.args(args);
    command
}

/// A directory of the test's own, empty.
fn place(test: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("input").join(test);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir
}

fn ladder() -> Ladder {
    Ladder::parse(&conversations::script(7, 30)).unwrap()
}

/// Status, report without the ledger, standard error.
fn json(output: &Output) -> (i32, Value, String) {
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    let mut report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {error}"));
    report.as_object_mut().unwrap().remove("input");
    (output.status.code().unwrap(), report, error)
}

fn report(paths: &[&Path]) -> (i32, Value, String) {
    json(&sipstat(&["-f", "json"]).args(paths).output().unwrap())
}

/// The report about what is written to standard input.
fn piped(bytes: &[u8]) -> Output {
    let mut child = sipstat(&["-f", "json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || {
        // In pieces, as a pipe brings them; the program may close it early.
        bytes.chunks(777).try_for_each(|piece| stdin.write_all(piece)).ok();
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// The error of a run without a report: one line.
fn refused(output: &Output) -> String {
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

#[test]
fn a_compressed_capture_on_standard_input_equals_the_file() {
    let dir = place("stdin");
    let (path, bytes) = (dir.join("x.pcap"), ladder().build());
    fs::write(&path, &bytes).unwrap();
    let whole = report(&[&path]);
    for packed in [bytes.clone(), zstd::encode_all(&bytes[..], 3).unwrap(), gzip(&bytes)] {
        assert_eq!(json(&piped(&packed)), whole);
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

/// The records of a little-endian pcap, each with its header.
fn records(pcap: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut rest = &pcap[24..];
    while !rest.is_empty() {
        let len = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        let (record, after) = rest.split_at(16 + len);
        out.push(record);
        rest = after;
    }
    out
}

#[test]
fn a_ring_in_sequence_equals_the_whole() {
    let dir = place("ring");
    let (path, bytes) = (dir.join("whole.pcap"), ladder().build());
    fs::write(&path, &bytes).unwrap();
    let whole = report(&[&path]);
    let all = records(&bytes);
    for files in [2, 7, 100] {
        let ring = dir.join(format!("ring-{files}"));
        fs::create_dir(&ring).unwrap();
        for (i, part) in all.chunks(all.len().div_ceil(files)).enumerate() {
            // The names sort otherwise than the times.
            let name = format!("trunk_{:05}.pcap", (i * 37) % 101);
            fs::write(ring.join(name), [&bytes[..24], &part.concat()].concat()).unwrap();
        }
        assert_eq!(report(&[&ring]), whole, "{files} files");
    }
}

#[test]
fn interleaved_files_equal_the_merged_one() {
    let dir = place("interleaved");
    let mut random = Random(11);
    let mut l = ladder();
    let link = l.interfaces[0];
    l.interfaces = vec![link; 3];
    l.taps = (0..3).map(|interface| Tap { interface, ..Tap::default() }).collect();
    l.sent.iter_mut().for_each(|s| s.wire.on = vec![random.below(3)]);
    // Addresses are numbered by their packets: before the frames are dealt, not after.
    l.sent.iter_mut().enumerate().for_each(|(i, s)| s.wire.ip_id = Some(i as u16 + 1));
    l.container.format = Some(Format::Pcapng);
    let merged = dir.join("merged.pcapng");
    fs::write(&merged, l.build()).unwrap();
    let mut files = Vec::new();
    for tap in 0..3 {
        let path = dir.join(format!("{}.pcapng", ["b", "c", "a"][tap]));
        fs::write(&path, l.at_tap(tap).build()).unwrap();
        files.push(path);
    }
    let expected = report(&[&merged]);
    assert_eq!(expected.0, 0);
    assert_eq!(report(&[&files[0], &files[1], &files[2]]), expected);
    assert_eq!(report(&[&files[2], &files[0], &files[1]]), expected, "in any order");
}

#[cfg(unix)]
#[test]
fn an_endless_pipe_without_a_capture_ends_in_a_line() {
    let mut yes = Command::new("yes").stdout(Stdio::piped()).spawn().unwrap();
    let stdin = Stdio::from(yes.stdout.take().unwrap());
    let error = refused(&sipstat(&["-"]).stdin(stdin).output().unwrap());
    assert!(error.contains("not pcap or pcapng but text; record with: tcpdump -w OUT"), "{error}");
    yes.wait().unwrap();
    let zero = Stdio::from(File::open("/dev/zero").unwrap());
    let error = refused(&sipstat(&["-"]).stdin(zero).output().unwrap());
    assert!(error.contains("pcap or pcapng expected, found 00 00"), "{error}");
    let error = refused(&sipstat(&["-"]).stdin(Stdio::null()).output().unwrap());
    assert!(error.contains("empty file"), "{error}");
}

/// A stream that starts as a capture does and goes on with zeros for a hundred times its size.
fn bomb() -> Vec<u8> {
    let head = &ladder().build()[..24];
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gz.write_all(head).unwrap();
    gz.write_all(&[0xff; 16]).unwrap();
    let zeros = vec![0; 1 << 20];
    (0..1100).for_each(|_| gz.write_all(&zeros).unwrap());
    gz.finish().unwrap()
}

#[test]
fn a_bomb_is_given_up_and_named() {
    let dir = place("bomb");
    let path = dir.join("bomb.pcap.gz");
    fs::write(&path, bomb()).unwrap();
    let (status, report, error) = report(&[&path]);
    assert_eq!((status, &report["messages"]["total"]), (4, &Value::from(0)));
    assert!(error.contains("bomb.pcap.gz") && error.contains("given up"), "{error}");
    let nothing = zstd::encode_all(&vec![0; 64 << 20][..], 3).unwrap();
    assert!(refused(&piped(&nothing)).contains("pcap or pcapng expected"));
}

#[test]
fn a_directory_of_rubbish_ends_in_a_line() {
    let dir = place("rubbish");
    let run = |args: &[&str]| sipstat(args).arg(&dir).output().unwrap();
    assert!(refused(&run(&[])).contains("no capture in it: empty"));
    fs::write(dir.join(".hidden"), "x").unwrap();
    fs::write(dir.join("noise"), [0x91, 7, 3, 200, 9, 1]).unwrap();
    fs::write(dir.join("notes.txt"), "call me\n").unwrap();
    fs::create_dir(dir.join("below")).unwrap();
    let error = refused(&run(&[]));
    assert!(error.contains("no capture in it: 4 entries passed over, such as "), "{error}");
    assert!(error.contains("; -r looks into directories below"), "{error}");
    fs::write(dir.join("below/x"), ladder().build()).unwrap();
    assert_eq!(run(&["-r"]).status.code(), Some(0));
}

#[test]
fn one_bad_file_among_many_does_not_stop_the_others() {
    let dir = place("bad");
    let (good, bytes) = (dir.join("good.pcap"), ladder().build());
    fs::write(&good, &bytes).unwrap();
    let (_, whole, _) = report(&[&good]);
    for (name, content, says) in [
        ("text", &b"no capture\n"[..], "bad/text: not pcap or pcapng but text"),
        ("snoop", b"snoop\0\0\0\0\0\0\x02", "a Sun snoop capture; convert it: editcap -F pcap IN OUT"),
        ("netmon", b"GMBU\0\x02aa", "a Microsoft NetMon 2 capture; convert it: editcap -F pcap IN OUT"),
        ("zip", b"PK\x03\x04aaaa", "a zip archive; unpack it first: unzip IN"),
        ("empty", b"", "empty file"),
        ("head", &bytes[..20], "bad/head: "),
    ] {
        let bad = dir.join(name);
        fs::write(&bad, content).unwrap();
        let (status, report, error) = report(&[&bad, &good]);
        assert_eq!((status, &report), (4, &whole), "{name}");
        assert!(error.contains(says) && error.lines().count() == 1, "{name}: {error}");
    }
    let (status, report, error) = report(&[&dir.join("missing"), &good]);
    assert_eq!((status, &report), (4, &whole));
    assert!(error.contains("missing"), "{error}");
    let (cut, packed) = (dir.join("cut.pcap.gz"), gzip(&bytes));
    fs::write(&cut, &packed[..packed.len() / 2]).unwrap();
    let output = sipstat(&["-q"]).arg(&cut).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&output.stdout).contains("incomplete, "));
}
