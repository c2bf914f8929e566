//! Foreign text in every place that a report quotes, in every format: nothing steers a terminal, ends a
//! line, starts a formula, or becomes markup.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::Command;

use crate::everything::Run;
use crate::laws;
use crate::nasties::{LINES, NASTIES};
use crate::support::flow::Ladder;
use crate::wellformed;
use serde_json::Value;
use sipstat::anonymize::Pseudonyms;

/// A capture whose messages hold every nasty in every place, in a file of a nasty name.
fn captures() -> Vec<PathBuf> {
    let mut script = "host a 10.0.0.1:5060\nhost b 10.0.0.2:5060\n".to_owned();
    for i in 0..NASTIES.len() {
        let at = i as f64;
        script += &format!("call c{i}\n{at} a > b INVITE 1\n{} b > a 486 INVITE 1 ttag=t\n", at + 0.1);
        script += &format!("{} a > b ACK 1\n{} a > b OPTIONS 2\n", at + 0.2, at + 0.3);
    }
    let mut ladder = Ladder::parse(&script).unwrap();
    for (i, sent) in ladder.sent.iter_mut().enumerate() {
        let nasty = NASTIES[i / 4];
        sent.bytes = poisoned(&sent.bytes, nasty);
    }
    let folder = laws::scratch("foreign");
    LINES
        .iter()
        .chain([&NASTIES[0], &NASTIES[21], &NASTIES[26]])
        .enumerate()
        .map(|(i, name)| {
            let name = [name, &b".pcap"[..]]
                .concat()
                .into_iter()
                .filter(|b| !matches!(b, b'/' | 0))
                .collect::<Vec<_>>();
            let path = folder.join(OsStr::new(&String::from_utf8_lossy(&name).into_owned()));
            let bytes = ladder.build();
            // One is cut: its trouble is told by name.
            fs::write(&path, &bytes[..bytes.len() - usize::from(i == 0)]).unwrap();
            path
        })
        .collect()
}

/// `message` with `nasty` wherever a report might quote it.
fn poisoned(message: &[u8], nasty: &[u8]) -> Vec<u8> {
    let at = message.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
    let mut lines: Vec<Vec<u8>> = message[..at].split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    lines.iter_mut().for_each(|l| {
        if l.last() == Some(&b'\r') {
            l.pop();
        }
        if l.starts_with(b"SIP/2.0 486") {
            *l = [b"SIP/2.0 486 ", nasty].concat();
        } else if l.starts_with(b"Call-ID:") {
            l.extend(nasty);
        } else if l.starts_with(b"From:") || l.starts_with(b"To:") {
            *l = [&l[..], b";x=", nasty].concat();
        }
    });
    for name in
        ["User-Agent: ", "Server: ", "Reason: SIP;cause=486;text=\"", "Warning: 399 h \"", "Subject: "]
    {
        let quote = if name.ends_with('"') { "\"" } else { "" };
        lines.push([name.as_bytes(), nasty, quote.as_bytes()].concat());
    }
    lines.push([b"Reason: ", nasty, b";cause=1"].concat());
    [&lines.join(&b"\r\n"[..]), &message[at..]].concat()
}

#[test]
fn nothing_foreign_acts_in_any_format() {
    let run = Run::of(&captures());
    let summary = run.summary();
    assert!(summary.phrases.len() > 20 && summary.warnings.len() > 20 && summary.reasons.len() > 20);
    let (mut formats, mut quoting) = (BTreeSet::new(), BTreeSet::new());
    for (format, text) in run.outputs() {
        formats.insert(format);
        // What is escaped somehow still has its letters.
        if text.contains("alert") || text.contains("SUM") {
            quoting.insert(format);
        }
        wellformed::check(format, &text);
    }
    assert_eq!(formats.len(), 14, "{formats:?}");
    let silent: Vec<_> = formats.difference(&quoting).collect();
    assert_eq!(
        silent,
        [&"github", &"junit", &"line", &"prometheus", &"screen"],
        "formats that quote nothing"
    );
}

#[test]
fn pseudonyms_of_nasties_act_as_little() {
    let mut pseudonyms = Pseudonyms::of_secret(b"a key that tests share").unwrap();
    for (format, text) in Run::of(&captures()).hidden(&mut pseudonyms).outputs() {
        wellformed::check(format, &text);
        // Products keep their words, not hosts.
        let told = text.lines().find(|l| l.contains("evil.example"));
        assert_eq!(told, None, "{format}");
    }
}

#[test]
fn json_says_what_was_on_the_wire() {
    let texts = Run::of(&captures()).outputs();
    let (_, text) = texts.iter().find(|(format, _)| *format == "json").unwrap();
    let report: Value = serde_json::from_str(text).unwrap();
    let all = report.to_string();
    for nasty in ["=cmd|' /C calc'!A0", "<script>alert(1)</script>", "| a | b |"] {
        assert!(all.contains(nasty), "{nasty}");
    }
}

/// What the program itself says: of files that cannot be read, of words that it does not know.
#[test]
fn messages_on_standard_error_are_lines_that_show_what_they_quote() {
    let folder = laws::scratch("foreign-errors");
    let mut tried = 0;
    for nasty in NASTIES.iter().chain(LINES) {
        let name: Vec<u8> = nasty.iter().copied().filter(|b| !matches!(b, b'/' | 0)).take(100).collect();
        let path = folder.join(OsStr::from_bytes(&[&name[..], b".pcap"].concat()));
        fs::write(&path, b"no capture").unwrap();
        let word = OsStr::from_bytes(&name);
        let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/answered.pcap");
        for args in [
            vec![path.as_os_str()],
            vec!["--recursive".as_ref(), folder.as_os_str()],
            vec!["--from".as_ref(), word, sample.as_ref()],
            vec!["--where".as_ref(), word, sample.as_ref()],
            vec!["--define".as_ref(), word, sample.as_ref()],
            vec!["--by".as_ref(), word, sample.as_ref()],
            vec!["--trunks".as_ref(), path.as_os_str(), sample.as_ref()],
            vec!["-o".as_ref(), path.as_os_str(), path.as_os_str()],
            vec!["check".as_ref(), "--fail-if".as_ref(), word, sample.as_ref()],
            vec!["check".as_ref(), "--rules".as_ref(), path.as_os_str(), sample.as_ref()],
            vec!["compare".as_ref(), "--max-regress".as_ref(), word, sample.as_ref(), sample.as_ref()],
            vec!["compare".as_ref(), path.as_os_str(), sample.as_ref()],
            vec!["show".as_ref(), "--".as_ref(), word, sample.as_ref()],
            vec!["explain".as_ref(), "--".as_ref(), word],
            vec!["schema".as_ref(), "--".as_ref(), word],
        ] {
            let output = Command::new(env!("CARGO_BIN_EXE_sipstat")).args(&args).output().unwrap();
            let error = String::from_utf8(output.stderr).unwrap_or_else(|e| panic!("{args:?}: {e}"));
            tried += usize::from(!error.is_empty());
            assert!(wellformed::is_visible(&error), "{args:?}: {error:?}");
        }
        fs::remove_file(path).unwrap();
    }
    assert!(tried > 400, "{tried} messages");
}
