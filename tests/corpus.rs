//! Real captures of many senders against the word of tshark.
//!
//! In: the folder that `SIPSTAT_CORPUS` names: `MANIFEST.tsv` (columns `file`, `packets` and others),
//! the captures, and beside each capture `X` what tshark says of it as `X.oracle.json`. The captures
//! belong to their sources, so neither they nor anything out of them is part of this project.
//!
//! tshark counts messages on the wire: our `messages`, all four bins together. Where tshark and the
//! RFCs differ, the RFCs win, and [`EXPLAINED`] says so by file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::laws::{self, Outcome, number, rows, violations};
use serde_json::Value;

/// Captures on which tshark's word is not ours, and why.
const EXPLAINED: [(&str, Explained); 3] = [
    // tshark 4.0.17 has no dissector for HEP: it sees UDP with unknown payload.
    ("sipcapture__hep-wireshark/hep.pcap", Explained::WeSeeMore { requests: 3, responses: 3 }),
    // A Microsoft NetMon 2 capture, which wiretap reads and we refuse with advice.
    ("NormB__sipnab/rtsp-packets.cap", Explained::Refused("editcap -F pcap")),
    // Both give up before the first record: no plausible record follows the file header.
    ("aboutsip__pkts/cool.pcap", Explained::Damaged),
];

#[derive(Clone, Copy)]
enum Explained {
    WeSeeMore { requests: u64, responses: u64 },
    Refused(&'static str),
    Damaged,
}

/// One line of the manifest.
struct Capture {
    name: String,
    path: PathBuf,
    /// Frames, where tshark could read them.
    packets: Option<u64>,
    oracle: Value,
}

/// The captures; `None` without a corpus, which is said aloud.
fn corpus() -> Option<Vec<Capture>> {
    let Some(folder) = std::env::var_os("SIPSTAT_CORPUS").map(PathBuf::from) else {
        eprintln!("SIPSTAT_CORPUS is not set: no real capture was compared with tshark");
        return None;
    };
    let manifest = folder.join("MANIFEST.tsv");
    let text = fs::read_to_string(&manifest).unwrap_or_else(|e| panic!("{}: {e}", manifest.display()));
    let mut lines = text.lines().map(|l| l.split('\t').collect::<Vec<_>>());
    let head = lines.next().expect("a manifest has a head");
    let column = |name: &str| head.iter().position(|c| *c == name).expect("the manifest has this column");
    let (file, packets) = (column("file"), column("packets"));
    let all: Vec<_> = lines.map(|l| Capture::load(&folder, l[file], l[packets])).collect();
    assert!(!all.is_empty(), "{} names no capture", manifest.display());
    Some(all)
}

impl Capture {
    /// A missing file is a failure.
    fn load(folder: &Path, name: &str, packets: &str) -> Self {
        let path = folder.join(name);
        assert!(path.is_file(), "{name} is named in the manifest and missing");
        let oracle = folder.join(format!("{name}.oracle.json"));
        let oracle = fs::read(&oracle).unwrap_or_else(|e| panic!("{}: {e}", oracle.display()));
        let oracle = serde_json::from_slice(&oracle).unwrap_or_else(|e| panic!("{name}: oracle: {e}"));
        Self { name: name.into(), path, packets: packets.parse().ok(), oracle }
    }

    fn explained(&self) -> Option<Explained> {
        EXPLAINED.iter().find(|(name, _)| *name == self.name).map(|(_, why)| *why)
    }

    /// What is wrong with our report, one line each.
    fn check(&self) -> Vec<String> {
        let report = match (laws::report(&[&self.path]), self.explained()) {
            (Outcome::Refused(why), Some(Explained::Refused(advice))) => {
                let said = why.contains(advice);
                return if said { vec![] } else { vec![format!("refused without {advice:?}: {why}")] };
            }
            (Outcome::Refused(why), _) => return vec![why],
            (Outcome::Report(report), _) => report,
        };
        let mut wrong = violations(&report);
        match self.explained() {
            Some(Explained::Refused(_)) => wrong.push("read, though no capture format of ours".into()),
            Some(Explained::WeSeeMore { requests, responses }) => {
                let ours = (number(&report, "messages.requests"), number(&report, "messages.responses"));
                if ours != (requests, responses) {
                    wrong
                        .push(format!("requests, responses: {ours:?}, expected {:?}", (requests, responses)));
                }
            }
            Some(Explained::Damaged) if report["input"]["complete"] == true => {
                wrong.push("complete, though damaged".into());
            }
            Some(Explained::Damaged) | None => self.compare(&report, &mut wrong),
        }
        wrong
    }

    /// Cell by cell against tshark.
    fn compare(&self, report: &Value, wrong: &mut Vec<String>) {
        let oracle = |key: &str| counts(&self.oracle[key]);
        let cells = rows(report, "responses.by_method_and_code").iter().map(|c| {
            let method = c["method"].as_str().filter(|m| *m != "(unknown)").unwrap_or("-");
            (format!("{method} {}", c["code"]), number(c, "messages"))
        });
        let requests = rows(report, "requests.by_method")
            .iter()
            .map(|r| (r["method"].as_str().unwrap_or_default().to_owned(), number(r, "messages")));
        for (what, ours, theirs) in [
            ("responses", cells.collect(), oracle("responses_by_cseq_method_and_status")),
            ("requests", requests.collect(), oracle("requests_by_method")),
            ("transports", counts(&report["messages"]["by_transport"]), oracle("by_transport")),
        ] {
            if ours != theirs {
                wrong.push(format!("{what}: {ours:?}, tshark {theirs:?}"));
            }
        }
        let frames = number(report, "input.frames");
        if self.packets.is_some_and(|p| p != frames) {
            wrong.push(format!("frames: {frames}, tshark {:?}", self.packets));
        }
        // Frames that brought the last byte of a message; several messages may share one.
        let sip = counts(&report["input"]["fates"]).get("sip").copied().unwrap_or(0);
        let mut theirs: Vec<u64> = rows(&self.oracle, "message_list")
            .iter()
            .filter(|m| m[1] == "wire")
            .filter_map(|m| m[0].as_u64())
            .collect();
        theirs.dedup();
        if sip != theirs.len() as u64 {
            wrong.push(format!("frames with SIP: {sip}, tshark {}", theirs.len()));
        }
    }
}

/// An object of numbers.
fn counts(object: &Value) -> BTreeMap<String, u64> {
    let pairs = object.as_object().into_iter().flatten();
    pairs.map(|(k, n)| (k.clone(), n.as_u64().unwrap_or_default())).collect()
}

#[test]
fn every_capture_of_the_corpus_gives_what_tshark_sees_and_keeps_the_laws() {
    let Some(captures) = corpus() else { return };
    let wrong: Vec<_> =
        captures.iter().flat_map(|c| c.check().into_iter().map(|w| format!("{}: {w}", c.name))).collect();
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
    eprintln!("{} real captures agree with tshark", captures.len());
}

#[test]
fn every_explained_difference_is_about_a_capture_of_the_corpus() {
    let Some(captures) = corpus() else { return };
    for (name, _) in EXPLAINED {
        assert!(captures.iter().any(|c| c.name == name), "{name} is explained and not in the corpus");
    }
}

#[test]
fn two_runs_over_a_capture_of_the_corpus_give_the_same_bytes() {
    let Some(captures) = corpus() else { return };
    for c in captures {
        assert!(laws::json(&[&c.path]) == laws::json(&[&c.path]), "{} differs from run to run", c.name);
    }
}
