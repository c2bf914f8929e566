//! What a comparison must not find: `--max-regress`, `--fail-on-new-codes`.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use sipstat::compare::rules::{MaxRegress, NewCodes};
use sipstat::compare::{Comparison, compare};
use sipstat::config::Config;
use sipstat::pipeline;
use sipstat::stats::Counted;
use sipstat::watch::Watch;

use super::file;
use super::traffic::written;
use crate::{outputs, wellformed};

/// A call to `code`, told `n` times.
fn counted(code: &str, n: u8) -> Counted {
    let mut traffic = Vec::new();
    for call in 0..n {
        let head = |start: &str| {
            format!(
                "{start}\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK{call}\r\nFrom: <sip:a@b>;tag=f\r\nTo: <sip:b@b>\r\n\
                 Call-ID: c{call}\r\nCSeq: 1 INVITE\r\n\r\n"
            )
        };
        for (kind, said) in
            [(0x40, head("INVITE sip:b@b SIP/2.0")), (0x44, head(&format!("SIP/2.0 {code} x")))]
        {
            traffic.push(kind);
            traffic.extend((said.len() as u16).to_le_bytes());
            traffic.extend(said.bytes());
        }
    }
    let path: PathBuf = file(&[&written(&traffic)]);
    let config = Config { threads: 1, ..Config::new([&path]) };
    let counted =
        pipeline::count(&config, &mut Watch::new(&AtomicBool::new(false), None)).expect("a capture");
    let _ = fs::remove_file(path);
    counted
}

thread_local! {
    /// A run beside itself, and beside one that is worse.
    static RUNS: RefCell<[Comparison; 2]> = RefCell::new({
        let [good, bad] = [counted("200", 9), counted("503", 9)];
        let run = |name: &str, counted: &Counted| (name.to_owned(), counted.clone());
        [compare(run("a", &good), run("a", &good)), compare(run("a", &good), run("b", &bad))]
    });
}

/// Any limit: what is understood is told as it was written, and no run is worse than itself.
pub fn limits(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    RUNS.with_borrow(|[same, worse]| {
        let mut verdicts = Vec::new();
        if let Ok(limit) = text.parse::<MaxRegress>() {
            assert_eq!(limit.to_string(), format!("--max-regress '{}'", text.trim()));
            if let Ok(verdict) = limit.judge(same) {
                assert_ne!(verdict.breached, Some(true), "{text}: {}", verdict.why);
            }
            verdicts.extend(limit.judge(worse));
        }
        if let Ok(codes) = text.parse::<NewCodes>() {
            assert_eq!(codes.judge(same).breached, Some(false), "{text}");
            verdicts.push(codes.judge(worse));
        }
        if !verdicts.is_empty() {
            assert!(verdicts.iter().all(|v| !v.why.is_empty() || v.breached.is_none()), "{text}");
            for (format, text) in outputs::compared(worse, &verdicts) {
                wellformed::check(format, &text);
            }
        }
    });
}
