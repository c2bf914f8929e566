//! Summaries that are saved and added up equal one run over the whole, wherever it was cut between
//! calls; and whatever was cut, the order of adding means nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::AtomicBool;

use crate::support::conversations::{self, Random};
use crate::support::flow::Ladder;
use proptest::prelude::*;
use serde_json::Value;
use sipstat::baseline::{gather, parse, to_json};
use sipstat::config::{Config, Grouping};
use sipstat::dimension::Dimension;
use sipstat::report::json;
use sipstat::stats::{Counted, Summary};
use sipstat::time::Nanos;
use sipstat::watch::Watch;

/// Sections of the report that are the same bytes.
const SAME: [&str; 9] =
    ["messages", "requests", "responses", "failures", "invite", "register", "delays", "groups", "timeline"];

/// Seconds between the last message before a cut and the first after it: around every deadline.
const GAPS: [f64; 10] = [0.001, 4.0, 20.0, 31.9, 32.0, 33.0, 64.0, 181.0, 700.0, 90_000.0];

fn folder(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("merge-{name}"));
    fs::create_dir_all(&dir).unwrap();
    dir
}

fn count(ladder: &Ladder, dir: &Path, name: &str, threads: usize) -> Counted {
    count_by(ladder, dir, name, threads, &Grouping::default())
}

fn count_by(ladder: &Ladder, dir: &Path, name: &str, threads: usize, grouping: &Grouping) -> Counted {
    let path = dir.join(format!("{name}.{}", ladder.extension()));
    fs::write(&path, ladder.build()).unwrap();
    let config = Config { threads, grouping: grouping.clone(), ..Config::new([path]) };
    gather(&config, &mut None, &mut Watch::new(&AtomicBool::new(false), None)).unwrap()
}

/// Everything told apart that does not name files, and what happened when.
fn filled(interval: i64) -> Grouping {
    let one = |d: &Dimension| vec![*d];
    let mut by: Vec<Vec<Dimension>> =
        Dimension::ALL.iter().filter(|d| **d != Dimension::File).map(one).collect();
    by.push(vec![Dimension::Destination, Dimension::Code]);
    by.push(vec![Dimension::Peer, Dimension::UserAgent, Dimension::Outcome]);
    Grouping { by, top: 5, interval: Some(Nanos::from_secs(interval)), ..Grouping::default() }
}

/// Saved and read again.
fn saved(counted: &Counted) -> Counted {
    parse(&to_json(counted.clone()).unwrap()).unwrap()
}

fn merged(parts: impl IntoIterator<Item = Counted>) -> Counted {
    Counted::merge(parts.into_iter().collect()).unwrap().unwrap()
}

fn report(summary: &Summary) -> Value {
    let mut bytes = Vec::new();
    json::write(summary, &mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Where two reports differ in the sections that are to be the same.
fn differences(whole: &Value, sum: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for section in SAME {
        differ(&whole[section], &sum[section], section, &mut wrong);
    }
    wrong
}

fn differ(a: &Value, b: &Value, path: &str, wrong: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) if x.len() == y.len() => {
            for (key, v) in x {
                differ(v, y.get(key).unwrap_or(&Value::Null), &format!("{path}.{key}"), wrong);
            }
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            for (i, (v, w)) in x.iter().zip(y).enumerate() {
                differ(v, w, &format!("{path}[{i}]"), wrong);
            }
        }
        _ if a != b => wrong.push(format!("{path}: {a} is {b} when added up")),
        _ => {}
    }
}

/// Ladders one after the other, with so long between them; each with Call-IDs of its own.
fn in_turn(ladders: &[Ladder], gaps: impl Fn(usize) -> f64) -> (Ladder, Vec<Ladder>) {
    let mut parts: Vec<Ladder> = Vec::new();
    let mut from = 0;
    for (n, ladder) in ladders.iter().enumerate() {
        let mut ladder = ladder.clone();
        let first = ladder.sent.iter().map(|s| s.time).min().unwrap();
        for sent in &mut ladder.sent {
            sent.time = sent.time - first + from;
            sent.bytes = rename(&sent.bytes, n);
        }
        from = ladder.sent.iter().map(|s| s.time).max().unwrap() + (gaps(n) * 1e9) as u64;
        parts.push(ladder);
    }
    let mut whole = parts[0].clone();
    whole.sent = parts.iter().flat_map(|p| p.sent.clone()).collect();
    (whole, parts)
}

/// The same message under another Call-ID.
fn rename(bytes: &[u8], n: usize) -> Vec<u8> {
    let mark = b"\r\nCall-ID: ";
    match bytes.windows(mark.len()).position(|w| w == mark) {
        Some(at) => {
            [&bytes[..at + mark.len()], format!("p{n}-").as_bytes(), &bytes[at + mark.len()..]].concat()
        }
        None => bytes.to_vec(),
    }
}

fn random(seed: u64, conversations: usize) -> Ladder {
    let script = conversations::script(seed, conversations);
    // Without the exchange that keeps the capture open until every deadline has passed.
    let script = &script[..script.find("call last").unwrap()];
    Ladder::parse(script).unwrap()
}

#[test]
fn random_calls_cut_between_them_add_up_to_the_whole() {
    let dir = folder("random");
    for seed in 0..24 {
        let mut r = Random(seed);
        let ladders: Vec<Ladder> = (0..3).map(|n| random(seed * 31 + n, 1 + r.below(12))).collect();
        let gaps: Vec<f64> = (0..3).map(|_| GAPS[r.below(GAPS.len())]).collect();
        let (whole, parts) = in_turn(&ladders, |n| gaps[n]);
        let all = report(&count(&whole, &dir, &format!("{seed}-whole"), 1).into_summary());
        let counted: Vec<Counted> =
            parts.iter().enumerate().map(|(n, p)| count(p, &dir, &format!("{seed}-{n}"), n + 1)).collect();
        let [a, b, c] = counted.as_slice() else { unreachable!() };
        for (what, sum) in [
            ("in order", merged([a.clone(), b.clone(), c.clone()])),
            ("backwards, saved", merged([saved(c), saved(b), saved(a)])),
            ("two, then one", merged([merged([a.clone(), b.clone()]), c.clone()])),
            ("one, then two saved", merged([a.clone(), saved(&merged([c.clone(), b.clone()]))])),
        ] {
            let wrong = differences(&all, &report(&sum.into_summary()));
            assert!(wrong.is_empty(), "seed {seed}, gaps {gaps:?}, {what}:\n  {}", wrong.join("\n  "));
        }
    }
}

/// Rows of every dimension and buckets of time, too: the sections are not merely there.
#[test]
fn groups_and_timeline_add_up_to_the_whole() {
    let dir = folder("filled");
    let (mut rows, mut buckets) = (0, 0);
    for seed in 100..116 {
        let mut r = Random(seed);
        let ladders: Vec<Ladder> = (0..3).map(|n| random(seed * 31 + n, 4 + r.below(14))).collect();
        let gaps: Vec<f64> = (0..3).map(|_| GAPS[r.below(GAPS.len() - 1)]).collect();
        let (whole, parts) = in_turn(&ladders, |n| gaps[n]);
        // Zero: as long as fits the capture.
        for grouping in [filled(10), filled(1), filled(0)] {
            let all = report(&count_by(&whole, &dir, "whole", 1, &grouping).into_summary());
            let counted: Vec<Counted> = parts
                .iter()
                .enumerate()
                .map(|(n, p)| count_by(p, &dir, &n.to_string(), n + 1, &grouping))
                .collect();
            let [a, b, c] = counted.as_slice() else { unreachable!() };
            for (what, sum) in [
                ("in order", merged([a.clone(), b.clone(), c.clone()])),
                ("backwards, saved", merged([saved(c), saved(b), saved(a)])),
                ("two, then one", merged([merged([a.clone(), c.clone()]), b.clone()])),
            ] {
                let wrong = differences(&all, &report(&sum.into_summary()));
                let interval = grouping.interval;
                assert!(
                    wrong.is_empty(),
                    "seed {seed}, {gaps:?}, {interval:?}, {what}:\n  {}",
                    wrong.join("\n  ")
                );
            }
            rows += all["groups"]
                .as_array()
                .unwrap()
                .iter()
                .map(|g| g["rows"].as_array().unwrap().len())
                .sum::<usize>();
            buckets += all["timeline"]["buckets"].as_array().unwrap().len();
        }
    }
    assert!(rows > 2_000 && buckets > 500, "{rows} rows, {buckets} buckets: too few to tell anything");
}

#[test]
fn twenty_shards_in_any_order_are_the_whole() {
    let dir = folder("twenty");
    let mut r = Random(20);
    let ladders: Vec<Ladder> = (0..20).map(|n| random(900 + n, 1 + r.below(6))).collect();
    let gaps: Vec<f64> = (0..20).map(|_| GAPS[r.below(GAPS.len() - 1)]).collect();
    let (whole, parts) = in_turn(&ladders, |n| gaps[n]);
    let grouping = filled(10);
    let all = report(&count_by(&whole, &dir, "whole", 2, &grouping).into_summary());
    let shard = |(n, p)| saved(&count_by(p, &dir, &format!("{n}"), 1, &grouping));
    let mut shards: Vec<Counted> = parts.iter().enumerate().map(shard).collect();
    let first = to_json(merged(shards.clone())).unwrap();
    for _ in 0..4 {
        for i in (1..shards.len()).rev() {
            shards.swap(i, r.below(i + 1));
        }
        let sum = merged(shards.clone());
        assert!(to_json(sum.clone()).unwrap() == first, "the order of adding shows");
        let wrong = differences(&all, &report(&sum.into_summary()));
        assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
    }
}

/// An INVITE that nobody answers, then silence of some length, then another call.
#[test]
fn an_invite_left_unanswered_before_a_cut_gets_the_verdict_of_one_run() {
    let dir = folder("unanswered");
    for (n, gap) in GAPS.iter().enumerate() {
        let mut lost = random(3, 1);
        let first = lost.sent.iter().position(|s| s.bytes.starts_with(b"INVITE ")).unwrap();
        lost.sent = vec![lost.sent[first].clone()];
        let (whole, parts) = in_turn(&[lost, random(4, 3)], |_| *gap);
        let grouping = filled(10);
        let run = count_by(&whole, &dir, &format!("{n}-whole"), 1, &grouping).into_summary();
        let part = |i: usize| count_by(&parts[i], &dir, &format!("{n}-{i}"), 1, &grouping);
        let sum = merged([saved(&part(1)), saved(&part(0))]).into_summary();
        let (all, sum) = (report(&run), report(&sum));
        let wrong = differences(&all, &sum);
        assert!(wrong.is_empty(), "{gap} s:\n  {}", wrong.join("\n  "));
        let count = |outcome: &str| sum["invite"]["outcomes"][outcome]["count"].as_u64().unwrap();
        assert!(count("timed_out") + count("pending") >= 1, "{gap} s: the lost call is in neither");
        if *gap > 33.0 {
            assert!(count("timed_out") >= 1, "{gap} s: no verdict");
        }
        assert_eq!(sum["merge"]["boundaries"][0]["open_before"], 1, "{gap} s");
    }
}

#[test]
fn every_vector_after_every_deadline_adds_up_to_the_whole() {
    let dir = folder("vectors");
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut names: Vec<PathBuf> = fs::read_dir(vectors).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    let probe = random(3, 4);
    let mut wrong = Vec::new();
    for (n, path) in names.iter().enumerate() {
        let name = path.file_stem().unwrap().display().to_string();
        let ladder = Ladder::load(path);
        // What is told apart by more than its text, or has no Call-ID that could be changed.
        let plain = |bytes: &[u8]| bytes.windows(11).filter(|w| *w == b"\r\nCall-ID: ").count() == 1;
        if ladder.taps.len() > 1 || ladder.sent.is_empty() || !ladder.sent.iter().all(|s| plain(&s.bytes)) {
            continue;
        }
        for gap in [GAPS[n % GAPS.len()], GAPS[(n + 4) % GAPS.len()]] {
            let (whole, parts) =
                in_turn(&[ladder.clone(), Ladder { sent: probe.sent.clone(), ..ladder.clone() }], |_| gap);
            let all = report(&count(&whole, &dir, "whole", 1).into_summary());
            let sum = merged(parts.iter().enumerate().map(|(n, p)| count(p, &dir, &n.to_string(), 1)));
            let sum = report(&saved(&sum).into_summary());
            wrong.extend(differences(&all, &sum).into_iter().map(|w| format!("{name}, {gap} s: {w}")));
        }
    }
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Wherever it is cut, through calls as well.
    #[test]
    fn adding_up_is_commutative_and_associative(seed in 0_u64..10_000, cuts in prop::array::uniform2(0.0..1.0_f64)) {
        let dir = folder("property");
        let ladder = random(seed, 14);
        let mut at = cuts.map(|c| (c * ladder.sent.len() as f64) as usize);
        at.sort_unstable();
        let piece = |from: usize, to: usize| Ladder { sent: ladder.sent[from..to].to_vec(), ..ladder.clone() };
        let pieces = [piece(0, at[0]), piece(at[0], at[1]), piece(at[1], ladder.sent.len())];
        let all: Vec<Counted> =
            pieces.iter().enumerate().map(|(n, p)| count(p, &dir, &n.to_string(), 1)).collect();
        let of = |n: usize| all[n].clone();
        let sums = [
            merged([of(0), of(1), of(2)]),
            merged([of(2), of(0), of(1)]),
            merged([merged([of(0), of(1)]), of(2)]),
            merged([of(0), merged([of(2), of(1)])]),
            merged([merged([of(2), of(0)]), of(1)]),
        ];
        let first = to_json(sums[0].clone()).unwrap();
        for sum in sums {
            let bytes = to_json(sum.clone()).unwrap();
            if first != bytes {
                let mut wrong = Vec::new();
                let [a, b] = [&first, &bytes].map(|b| serde_json::from_slice(b).unwrap());
                differ(&a, &b, "saved", &mut wrong);
                prop_assert!(false, "{}", wrong.join("\n"));
            }
            prop_assert_eq!(report(&sum.clone().into_summary()), report(&saved(&sum).into_summary()));
        }
    }
}

fn sipstat(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sipstat")).args(args).output().unwrap()
}

fn said(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn sample(name: &str) -> String {
    format!("{}/samples/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_saved_summary_stands_for_its_capture() {
    let file = folder("cli").join("saved.json").display().to_string();
    for name in ["trunk-incident.pcapng.gz", "registration.pcap", "silent.pcap", "hold.pcap"] {
        let capture = sample(name);
        if !Path::new(&capture).exists() {
            continue;
        }
        let direct = sipstat(&["-f", "json", &capture]);
        let saving = sipstat(&["-f", "json", "--save", &file, &capture]);
        let again = sipstat(&["-f", "json", &file]);
        assert!(direct.stdout == saving.stdout, "{name}: saving changes the report");
        assert!(direct.stdout == again.stdout, "{name}: the saved summary gives another report");
        assert_eq!(direct.status, again.status, "{name}");
    }
}

/// Summaries are as easily packed as captures.
#[test]
fn a_compressed_summary_is_read_like_any() {
    let dir = folder("packed");
    let plain = dir.join("plain.json").display().to_string();
    let capture = sample("trunk-503.pcap");
    assert_eq!(said(&sipstat(&["-q", "--save", &plain, &capture])).0, Some(0));
    let packed = dir.join("packed.json.gz");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gz, &fs::read(&plain).unwrap()).unwrap();
    let bytes = gz.finish().unwrap();
    fs::write(&packed, &bytes).unwrap();
    let packed = packed.display().to_string();
    let direct = sipstat(&["-f", "json", &capture]);
    assert_eq!(direct.stdout, sipstat(&["-f", "json", &packed]).stdout);
    let (status, words) = said(&sipstat(&["merge", &packed, &plain]));
    assert!(status == Some(2) && words.contains("is named twice"), "{words}");
    // Cut off, it is damaged, not smaller.
    fs::write(&packed, &bytes[..bytes.len() - 20]).unwrap();
    let (status, words) = said(&sipstat(&[&packed]));
    assert!(status == Some(1), "{words}");
}

#[test]
fn what_cannot_be_added_up_is_refused_with_status_2() {
    let dir = folder("refused");
    let (a, b) = (dir.join("a.json").display().to_string(), dir.join("b.json").display().to_string());
    let capture = sample("trunk-503.pcap");
    assert_eq!(said(&sipstat(&["-q", "--save", &a, &capture])).0, Some(0));
    assert_eq!(said(&sipstat(&["-q", "--save", &b, "--short-call", "3s", &sample("busy.pcap")])).0, Some(0));
    for (args, says) in [
        (vec!["merge", &a, &a], "is named twice"),
        (vec!["merge", &a, &capture], "trunk-503.pcap"),
        (vec!["merge", &a, &b], "counted in different ways: --short-call is 6s in the one, 3s in the other"),
        (vec!["--short-call", "3s", &a], "was counted with --short-call"),
        (vec!["--save", &a, &a], "is a capture to be read"),
        (vec!["--by", "destination", &a], "was counted with --by none, not with destination; count"),
        (vec!["--interval", "10s", &a], "was counted with --interval none, not with 10s"),
        (vec!["--where", "code == 503", &a], "--where needs messages"),
        (vec!["merge", "--where", "code == 503", &capture, &a], "--where needs messages"),
        (vec!["--follow", &a], "--follow takes captures"),
        (vec!["calls", &a], "is a saved summary: it has counts, no messages"),
        (vec!["calls", &a, &capture], "is a saved summary: it has counts, no messages"),
        (vec!["show", "c1", &a], "is a saved summary"),
        (vec!["extract", "--where", "code == 503", "-w", "/dev/null", &a], "is a saved summary"),
    ] {
        let (status, words) = said(&sipstat(&args));
        assert!(status == Some(2) && words.contains(says), "{args:?}: {status:?} {words}");
    }
    let mut text = fs::read_to_string(&a).unwrap();
    text.truncate(text.len() / 2);
    fs::write(&b, text).unwrap();
    let (status, words) = said(&sipstat(&[&b]));
    assert!(status == Some(1) && words.contains("damaged"), "{status:?} {words}");
}

#[test]
fn what_was_kept_is_shown_as_asked() {
    let dir = folder("shown");
    let file = dir.join("saved.json").display().to_string();
    let capture = sample("trunk-incident.pcapng.gz");
    let by = ["--by", "destination", "--by", "code", "--interval", "10s"];
    assert_eq!(said(&sipstat(&[&["-q", "--save", &file], &by[..], &[&capture]].concat())).0, Some(0));
    let of = |args: &[&str]| sipstat(&[args, &["-f", "json"]].concat()).stdout;
    let direct = |more: &[&str]| of(&[more, &by[..], &[&capture]].concat());
    // With or without asking for them again; more rows or fewer, in another order; figures of one's own.
    assert_eq!(of(&[&file]), direct(&[]));
    assert_eq!(of(&[&by[..], &[&file]].concat()), direct(&[]));
    for more in [&["-n", "2"][..], &["--sort", "calls"], &["--define", "mine=1 - failures.rate"]] {
        assert_eq!(of(&[more, &[&file]].concat()), direct(more), "{more:?}");
    }
    let check = |what: &str| sipstat(&["check", "--fail-if", "count(503) > 0", what]);
    assert_eq!(check(&file).stdout, check(&capture).stdout);
    assert_eq!(check(&file).status.code(), Some(3));
}

#[test]
fn a_summary_of_another_version_is_named_and_refused() {
    let file = folder("version").join("next.json");
    fs::write(&file, r#"{"schema":"sipstat.summary/2","parts":[]}"#).unwrap();
    let (status, words) = said(&sipstat(&[file.to_str().unwrap()]));
    assert!(status == Some(1) && words.contains("another version of sipstat: sipstat.summary/2"), "{words}");
}

/// What a hand with bad intentions puts in place of a value: mostly one of its own kind.
fn bad(v: &Value, r: &mut Random) -> Value {
    let times = [
        "9999-12-31T00:00:00Z",
        "-009999-01-02T00:00:00Z",
        "2262-04-11T23:47:16.854775807Z",
        "1970-01-01T00:00:00Z",
    ];
    let spans = ["9223372036854775807ns", "-9223372036854775808ns", "0ns", "32000000000ns"];
    let words =
        ["INVITE", "#ffffffffffffffff", "answered", "", "5192296858534827628530496329220096", "(other)"];
    match v {
        _ if r.below(12) == 0 => Value::Null,
        Value::Number(_) if r.chance(50) => Value::from(0),
        Value::Number(_) => Value::from(1_u64 << r.below(48)),
        Value::String(s) if s.ends_with('Z') => Value::from(times[r.below(times.len())]),
        Value::String(s) if s.ends_with("ns") => Value::from(spans[r.below(spans.len())]),
        Value::String(_) => Value::from(words[r.below(words.len())]),
        Value::Bool(b) => Value::Bool(!b),
        _ => Value::Array(Vec::new()),
    }
}

/// Changes one value somewhere below `v`.
fn spoil(v: &mut Value, r: &mut Random) {
    match v {
        Value::Array(all) if !all.is_empty() && r.below(30) > 0 => {
            let at = r.below(all.len());
            match r.below(12) {
                0 => all.truncate(at),
                1 => all.push(all[at].clone()),
                2 => all.reverse(),
                _ => spoil(&mut all[at], r),
            }
        }
        Value::Object(all) if !all.is_empty() && r.below(60) > 0 => {
            let at = r.below(all.len());
            spoil(all.values_mut().nth(at).unwrap(), r);
        }
        _ => *v = bad(v, r),
    }
}

#[test]
fn a_saved_summary_that_somebody_changed_is_refused_or_reported_never_a_crash() {
    let dir = folder("spoilt");
    let (mut r, mut understood) = (Random(7), 0);
    for seed in 0..4 {
        let whole = to_json(count(&random(seed, 6), &dir, "whole", 1)).unwrap();
        let whole: Value = serde_json::from_slice(&whole).unwrap();
        for _ in 0..150 {
            let mut changed = whole.clone();
            (0..=r.below(3)).for_each(|_| spoil(&mut changed, &mut r));
            let Ok(counted) = parse(&serde_json::to_vec(&changed).unwrap()) else { continue };
            understood += 1;
            let again = saved(&counted);
            let _ = Counted::merge(vec![counted.clone(), again]);
            let summary = counted.into_summary();
            let mut out = Vec::new();
            let options = sipstat::report::text::Options { columns: 80, full: true };
            sipstat::report::text::write(&summary, &options, &mut out).unwrap();
            let _ = report(&summary);
        }
    }
    assert!(understood > 200, "{understood} of 600: too few to tell anything");
}
