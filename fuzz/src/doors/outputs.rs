//! Everything that is written of a run: every format, plain and with pseudonyms; rows, ladders,
//! extracts.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use sipstat::anonymize::Pseudonyms;
use sipstat::config::{Config, Grouping};
use sipstat::dimension::Dimension;
use sipstat::pick::{Harvest, Needle, Wish};
use sipstat::pipeline;
use sipstat::stats::Counted;
use sipstat::time::Nanos;
use sipstat::watch::Watch;

use super::file;
use super::traffic::written;
use crate::{outputs, wellformed};

fn watch<T>(work: impl FnOnce(&mut Watch<'_>) -> T) -> T {
    work(&mut Watch::new(&AtomicBool::new(false), None))
}

/// Traffic as [`super::traffic`] has it, told apart by three dimensions that the first bytes choose:
/// each format can be read by who reads it, and nothing in it acts.
pub fn reports(data: &[u8]) {
    let [a, b, c, data @ ..] = data else { return };
    if data.is_empty() {
        return;
    }
    let path = file(&[&written(data)]);
    let dimension = |n: u8| Dimension::ALL[usize::from(n) % Dimension::ALL.len()];
    let grouping = Grouping {
        by: vec![vec![dimension(*a)], vec![dimension(*b), dimension(*c)]],
        interval: Some(Nanos::ZERO),
        ..Grouping::default()
    };
    let config = Config { threads: 1, memory: 4 << 20, grouping, ..Config::new([&path]) };
    let Ok(counted) = watch(|watch| pipeline::count(&config, watch)) else { return };
    let mut pseudonyms = Pseudonyms::of_secret(b"a key that doors share").expect("long enough");
    let hidden = pseudonyms.counted(counted.clone()).expect("it has none yet");
    for counted in [counted, hidden] {
        told(&counted);
    }
}

fn told(counted: &Counted) {
    for (format, text) in outputs::outputs(&counted.clone().into_summary()) {
        wellformed::check(format, &text);
    }
    let name = |name: &str| (name.to_owned(), counted.clone());
    let comparison = sipstat::compare::compare(name("\u{1b}[2Ja"), name("b|`<b>"));
    for (format, text) in outputs::compared(&comparison, &[]) {
        wellformed::check(format, &text);
    }
}

/// Rows, ladders and extracts of the same: all are fit to be read, and an extract of all SIP has no
/// frame and no message more than there were.
pub fn calls(data: &[u8]) {
    let path = file(&[&written(data)]);
    let out = path.with_extension("out");
    listed(&path);
    let config = Config { threads: 1, memory: 4 << 20, ..Config::new([&path]) };
    let mut bytes = Vec::new();
    if let Ok(extracted) = watch(|watch| pipeline::extract(&config, true, watch, &mut bytes)) {
        fs::write(&out, &bytes).expect("the temporary folder can be written");
        let [whole, part] =
            [&path, &out].map(|path| pipeline::run(&Config { threads: 1, ..Config::new([path]) }));
        let (Ok(whole), Ok(part)) = (whole, part) else { panic!("an extract is a capture") };
        assert!(part.input.complete && part.input.frames == extracted.frames);
        assert!(part.input.frames <= whole.input.frames && part.messages.total <= whole.messages.total);
        let _ = fs::remove_file(out);
    }
}

fn listed(path: &Path) {
    let pick = Wish { calls: true, needle: Some(Needle::new("")), ..Wish::default() };
    let config = Config { threads: 1, memory: 4 << 20, pick, ..Config::new([path]) };
    let mut all = Harvest::default();
    let run = watch(|watch| {
        pipeline::run_picking(&config, watch, &mut |_, harvest| {
            all.merge(harvest);
            true
        })
    });
    if run.is_err() {
        return;
    }
    let mut pseudonyms = Pseudonyms::of_secret(b"a key that doors share").expect("long enough");
    let files = ["\u{1b}[31m=a,\"b\".pcap".to_owned()];
    for hides in [false, true] {
        if hides {
            all.calls.iter_mut().for_each(|call| pseudonyms.call(call));
            all.steps.iter_mut().for_each(|step| pseudonyms.step(step));
        }
        let texts = outputs::listed(&all.calls, &files).into_iter();
        for (format, text) in texts.chain(outputs::drawn(&all.steps, &all.calls, &files)) {
            wellformed::check(format, &text);
        }
    }
}
