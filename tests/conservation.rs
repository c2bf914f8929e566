//! The conservation laws over every sample and every test vector.

use std::fs;
use std::path::{Path, PathBuf};

use crate::laws::{self, Outcome, number, samples, scratch, vectors, violations};
use serde_json::Value;
use sipstat::config::Config;

/// Every capture of the project: the committed ones, and the vectors as they are built.
fn captures(test: &str) -> Vec<PathBuf> {
    let folder = scratch(test);
    let built = vectors().into_iter().map(|(name, bytes)| {
        let path = folder.join(format!("{name}.pcap"));
        fs::write(&path, bytes).expect("the target folder can be written");
        path
    });
    built.chain(samples()).collect()
}

fn report(captures: &[&Path]) -> Value {
    match laws::report(captures) {
        Outcome::Report(report) => report,
        Outcome::Refused(why) => panic!("{why}"),
    }
}

#[test]
fn every_sample_and_vector_keeps_the_laws() {
    let wrong: Vec<_> = captures("laws")
        .iter()
        .flat_map(|c| violations(&report(&[c])).into_iter().map(move |v| format!("{}: {v}", c.display())))
        .collect();
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for c in captures("bytes") {
        assert!(laws::json(&[&c]) == laws::json(&[&c]), "{} differs from run to run", c.display());
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let all = captures("threads");
    let by = |paths: &[PathBuf], threads| laws::json_by(&Config { threads, ..Config::new(paths) });
    for c in all.chunks(1).chain([all.as_slice()]) {
        let one = by(c, 1);
        for threads in [2, 3, 7] {
            assert!(by(c, threads) == one, "{} by {threads} threads", c[0].display());
        }
    }
}

#[test]
fn the_order_in_which_files_are_named_means_nothing() {
    let all = captures("order");
    for pair in all.windows(2) {
        let [a, b] = pair else { continue };
        assert!(laws::json(&[a, b]) == laws::json(&[b, a]), "{} and {}", a.display(), b.display());
    }
    let forward: Vec<&Path> = all.iter().map(PathBuf::as_path).collect();
    let backward: Vec<&Path> = forward.iter().rev().copied().collect();
    assert!(laws::json(&forward) == laws::json(&backward), "all of them at once");
}

#[test]
fn all_captures_at_once_keep_the_laws_and_lose_no_message() {
    let all = captures("at-once");
    let paths: Vec<&Path> = all.iter().map(PathBuf::as_path).collect();
    let together = report(&paths);
    let wrong = violations(&together);
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
    let alone = |path: &str| all.iter().map(|c| number(&report(&[c]), path)).sum::<u64>();
    assert_eq!(number(&together, "input.frames"), alone("input.frames"));
    // The vectors share addresses, ports and Call-IDs, so streams and identities may meet; datagrams
    // are messages whatever came before.
    let udp = |r: &Value| r["messages"]["by_transport"]["udp"].as_u64().unwrap_or_default();
    assert_eq!(udp(&together), all.iter().map(|c| udp(&report(&[c]))).sum::<u64>());
}

/// A pcap file cut in two between records: both halves are captures of their own.
fn halves(capture: &Path, folder: &Path) -> Option<[PathBuf; 2]> {
    let bytes = fs::read(capture).ok()?;
    let ends = laws::record_ends(&bytes)?;
    let at = *ends.get(ends.len() / 2)?;
    let name = capture.file_stem()?.display().to_string();
    let [first, second] = ["first", "second"].map(|half| folder.join(format!("{name}.{half}.pcap")));
    fs::write(&first, &bytes[..at]).ok()?;
    fs::write(&second, [&bytes[..24], &bytes[at..]].concat()).ok()?;
    Some([first, second])
}

#[test]
fn a_capture_cut_in_two_and_read_together_is_the_whole() {
    let folder = scratch("halves");
    let mut cut = 0;
    for c in captures("whole") {
        let Some([first, second]) = halves(&c, &folder) else { continue };
        cut += 1;
        let (mut whole, mut parts) = (report(&[&c]), report(&[&first, &second]));
        for r in [&mut whole, &mut parts] {
            forget_files(r);
        }
        assert_eq!(whole, parts, "{}", c.display());
    }
    assert!(cut > 50, "only {cut} captures were cut");
}

/// Takes out of a report what names files and counts frames within them.
fn forget_files(report: &mut Value) {
    match report {
        Value::Object(o) => {
            o.remove("files");
            o.remove("first");
            o.remove("file");
            o.remove("frame");
            o.values_mut().for_each(forget_files);
        }
        Value::Array(all) => all.iter_mut().for_each(forget_files),
        _ => {}
    }
}
