//! The order of the stages: the only place that knows it.
//!
//! ```text
//! frame → decode → datagram ───────────────────────┐
//!                → segment → stream → direction ───┼→ message → shard → tally → Summary
//!                → SCTP packet → user messages ────┘
//! ```
//!
//! Before the shards everything is cheap and needs the frames' order; from the shards on, all that
//! passes under one Call-ID is handled by one of them. With several threads this one reads, and
//! the shards are shared out among the others.

mod counting;
mod crew;
mod direction;
mod extract;
mod live;
mod locate;
mod media;
mod network;
mod opaque;
mod refusal;
mod sink;
mod ticks;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::anomaly::{Anomalies, Anomaly};
use crate::capture::{FileReport, Found, Frame, Inputs};
use crate::config::Config;
use crate::decode::{self, Decoder, datagram_of};
use crate::error::Error;
use crate::fate::Fate;
use crate::filter::Gate;
use crate::pick::{Condition, Harvest, MAX_SELECTED, Select, Selection, Unit, Wish};
use crate::shard::Limits;
use crate::sip::is_media;
use crate::stats::{Counted, End, Open, Summary, Tally};
use crate::stream::sctp::Sctp;
use crate::stream::tcp::Streams;
use crate::time::{Nanos, Stamp, Timestamp, Zero};

use crate::watch::{Progress, Watch};

pub use self::extract::{Extracted, extract};
use self::network::Network;
use self::opaque::UnknownLinks;
use self::refusal::{nothing_found, unreadable};
use self::sink::Sink;
use self::ticks::Ticks;

/// How long fragments wait for the rest of their datagram.
const FRAGMENTS_WAIT: Nanos = Nanos::from_secs(30);

/// Reads all input and sums it up. Fails if nothing can be read at all.
pub fn run(config: &Config) -> Result<Summary, Error> {
    settle(config, &mut Watch::new(&AtomicBool::new(false), None)).map(Counted::into_summary)
}

/// [`run`] under the eyes of `watch`; hands on what `config.pick` asks for as it gets ripe, in an order
/// that depends on the capture alone. It ends early, as if interrupted, once `take` answers `false`.
pub fn run_picking(
    config: &Config,
    watch: &mut Watch<'_>,
    take: &mut dyn FnMut(&[String], Harvest) -> bool,
) -> Result<Counted, Error> {
    let by_calls = config.condition.as_ref().is_some_and(|c| c.unit() == Unit::Call);
    let limits = if config.pick.calls || config.pick.selection && by_calls {
        Limits::with_particulars(config.memory)
    } else {
        Limits::within(config.memory)
    };
    read(config, limits, watch, take, false)
}

/// Reads all input and counts it, under the eyes of `watch`: a run that ends early counts what was read.
/// What is open at the end gets the verdict that it has there.
pub fn settle(config: &Config, watch: &mut Watch<'_>) -> Result<Counted, Error> {
    let limits = Limits::within(config.memory);
    match &config.condition {
        Some(condition) if config.only.is_none() => {
            let only = Some(Arc::new(select(config, condition, watch)?));
            read(&Config { only, ..config.clone() }, limits, watch, &mut |_, _| true, false)
        }
        _ => read(config, limits, watch, &mut |_, _| true, false),
    }
}

/// Finds the calls that fulfil `condition`: the first of two runs over the same files.
pub fn select(config: &Config, condition: &Condition, watch: &mut Watch<'_>) -> Result<Selection, Error> {
    let mut selection = Selection::new(condition);
    if condition.select() == Select::Messages {
        return Ok(selection);
    }
    let found = Found::look(&config.captures, config.recursive);
    if let Some(pipe) = found.files.iter().find(|f| !Inputs::can_be_read_again(f)) {
        let what = format!("{} is a pipe: it can be read once, and --where reads twice", pipe.display());
        return Err(Error::usage(what).remedy("save it to a file; 'sipstat calls --where' reads once"));
    }
    let pick = Wish { selection: true, ..Wish::default() };
    let config = Config { pick, condition: Some(condition.clone()), ..config.clone() };
    let mut fits = true;
    run_picking(&config, watch, &mut |_, harvest| {
        fits = selection.add(harvest);
        fits
    })?;
    if fits {
        return Ok(selection);
    }
    let what = format!("--where selects more than {MAX_SELECTED} {}", condition.select().id());
    Err(Error::usage(what).remedy("--from and --to take a part of the capture"))
}

/// [`run`] within other bounds than the usual ones.
pub fn run_within(config: &Config, limits: Limits, watch: &mut Watch<'_>) -> Result<Summary, Error> {
    read(config, limits, watch, &mut |_, _| true, false).map(Counted::into_summary)
}

/// Reads all input and counts it, so that it can be saved and added to others: what is open at the
/// end is kept apart.
pub fn count(config: &Config, watch: &mut Watch<'_>) -> Result<Counted, Error> {
    read(config, Limits::within(config.memory), watch, &mut |_, _| true, true)
}

/// What a run under `config` has counted before its first frame.
pub fn nothing(config: &Config) -> Counted {
    let filter = (!config.filter.is_empty()).then(|| config.filter.to_string());
    let end = End { filter, scale: config.scale(), ..End::default() };
    Counted::new(config.duplicate_window, counting::empty_tally(config), end, Vec::new())
}

/// Reads all input. `kept`: what is open is kept open.
fn read(
    config: &Config,
    limits: Limits,
    watch: &mut Watch<'_>,
    take: &mut dyn FnMut(&[String], Harvest) -> bool,
    kept: bool,
) -> Result<Counted, Error> {
    let mut ticks = Ticks::new(config.pick != Wish::default());
    let is_followed = watch.wait().is_some();
    let (mut inputs, found) = match live::follow(config, watch) {
        Some(inputs) => (inputs, Found::default()),
        None => open(config)?,
    };
    let names = names(config, &inputs);
    let mut reading = Anomalies::default();
    let mut run = Run::new(&named(config, &names), limits);
    let mut gate = Gate::new(config.filter.window);
    let mut zero = Zero::default();
    let mut interrupted = false;
    // Only where each frame's own time or addresses decide nothing.
    let may_skim = !is_followed && gate.is_open() && !config.filter.judges_packets();
    loop {
        let mut media = 0;
        if may_skim && run.skims() {
            media = inputs.skim(holds_media);
            run.passed_over(media);
        }
        let Some(frame) = inputs.next(&mut reading) else { break };
        if config.relative_time && zero == Zero::default() {
            zero = Zero::at(frame.stamp.time);
            run.network.sink.zero = zero;
        }
        watch.show(zero.since(frame.stamp.now), |at| run.so_far(config, at));
        let mut wanted = true;
        // The user's times are of the calendar.
        match gate.admit(frame.stamp) {
            Some(stamp) => {
                let stamp = zero.stamp(stamp);
                run.frame(&Frame { stamp, ..frame });
                if ticks.is_due(stamp.now) {
                    wanted = take(&names, run.network.sink.tick(stamp.now));
                }
            }
            None => run.left_out(),
        }
        let responses = run.network.sink.responses;
        if !wanted || !watch.goes_on(media + 1, || progress(&inputs, responses)) {
            // To follow is to be interrupted some time.
            interrupted = !is_followed;
            break;
        }
    }
    run.notes.merge(&reading.since(zero));
    let mut files = inputs.reports();
    files.extend(found.unread.iter().map(|e| FileReport {
        path: e.path.display().to_string(),
        problem: Some(e.reason.to_string()),
        ..FileReport::default()
    }));
    for file in &mut files {
        (file.first, file.last) = (file.first.map(|t| zero.since(t)), file.last.map(|t| zero.since(t)));
    }
    let end = inputs.end().map(|end| zero.since(gate.bounded(end)));
    let chosen = config.only.is_some().then_some(config.condition.as_ref()).flatten();
    let filter = filter_text(config, chosen);
    let mut end = End {
        files,
        end,
        filter,
        window: gate.bounds().map(|(from, to)| (zero.since(from), zero.since(to))),
        scale: config.scale(),
        skipped: found.skipped,
        interrupted,
        ..End::default()
    };
    if config.no_paths {
        end.forget_paths();
    }
    let (tally, end, open, harvests) = run.finish(end, kept);
    harvests.into_iter().for_each(|harvest| {
        take(&names, harvest);
    });
    Ok(Counted::new(config.duplicate_window, tally, end, open))
}

/// `config` for a run over files of these names.
fn named(config: &Config, files: &[String]) -> Config {
    let by_message = |only: &&Arc<Selection>| only.select() == Select::Messages;
    let only =
        config.only.as_ref().filter(by_message).map(|only| Arc::new(Selection::clone(only).over(files)));
    Config {
        condition: config.condition.clone().map(|c| c.over(files)),
        only: only.or_else(|| config.only.clone()),
        ..config.clone()
    }
}

/// How captures are called, by their number.
fn names(config: &Config, inputs: &Inputs) -> Vec<String> {
    let paths = inputs.reports().into_iter().map(|r| r.path);
    if config.no_paths {
        (1..).zip(paths).map(|(n, _)| End::number_as_name(n)).collect()
    } else {
        paths.collect()
    }
}

/// The user's filters and condition as options.
fn filter_text(config: &Config, condition: Option<&Condition>) -> Option<String> {
    let filter = (!config.filter.is_empty()).then(|| config.filter.to_string());
    let condition = condition.map(Condition::options);
    let all: Vec<String> = [filter, condition].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(" "))
}

/// Whether `path` is one of the captures that `config` has read: named, linked to, or in a directory.
pub fn reads(config: &Config, path: &Path) -> bool {
    Found::look(&config.captures, config.recursive).has(path)
}

fn open(config: &Config) -> Result<(Inputs, Found), Error> {
    let found = Found::look(&config.captures, config.recursive);
    if found.files.is_empty() {
        return Err(nothing_found(&found, config));
    }
    let inputs = Inputs::open(&found.files).map_err(|errors| unreadable(&errors))?;
    Ok((inputs, found))
}

fn progress(inputs: &Inputs, responses: u64) -> Progress {
    let (bytes, total) = inputs.progress();
    Progress { bytes, total, responses }
}

/// The stages between the reader and the summary.
struct Run {
    decoder: Decoder,
    network: Network,
    unknown_links: UnknownLinks,
    /// The last frame held media, or some were just passed over.
    saw_media: bool,
    /// Oddities of the reader and the decoder; each stage needs a book of its own to write in.
    notes: Anomalies,
}

impl Run {
    fn new(config: &Config, limits: Limits) -> Self {
        Self {
            decoder: Decoder::new(decode::Limits { hold: FRAGMENTS_WAIT, ..Default::default() }),
            network: Network {
                streams: Streams::default(),
                sctp: Sctp::default(),
                sink: Sink::new(config, limits),
                filter: Some(&config.filter).filter(|f| f.judges_packets()).cloned(),
                notes: Anomalies::default(),
                clock: Timestamp::MIN,
            },
            unknown_links: UnknownLinks::default(),
            saw_media: false,
            notes: Anomalies::default(),
        }
    }

    fn frame(&mut self, frame: &Frame<'_>) {
        let Self { decoder, network, unknown_links, saw_media, notes } = self;
        // What lost its rest comes first: it is older than this frame. Its frames have had their fate.
        // They were given up when their time was over, however long after that this frame came.
        decoder.expired(frame.stamp.now, notes, |part, id, stamp| {
            let now = frame.stamp.now.min(stamp.now + FRAGMENTS_WAIT);
            network.packet(&part, id, Stamp { now, ..stamp });
        });
        network.advance(frame.stamp.now);
        if let Some(locator) = network.sink.locator() {
            locator.begin();
        }
        let decoded = decoder.decode(frame, notes);
        let fate = network.packet(&decoded, frame.id, frame.stamp);
        if fate == Fate::UnknownLink {
            unknown_links.note(frame.link);
            notes.note(Anomaly::UnknownLink, frame.stamp.shown, frame.id);
        }
        network.sink.tally.fates.note(fate);
        *saw_media |= fate == Fate::Rtp;
    }

    /// Whether it is worth looking for media that can be passed over, and nothing waits for the clock
    /// to go on. Where two messages follow one another there is none between the next two, likely.
    #[inline]
    fn skims(&self) -> bool {
        let Network { streams, sctp, .. } = &self.network;
        self.saw_media && self.decoder.is_idle() && streams.is_idle() && sctp.is_idle()
    }

    /// So many frames held media.
    #[inline]
    fn passed_over(&mut self, frames: u64) {
        self.network.sink.tally.fates.add(Fate::Rtp, frames);
        self.saw_media = frames > 0;
    }

    /// A frame that the user does not want.
    fn left_out(&mut self) {
        self.network.sink.tally.fates.note(Fate::Filtered);
    }

    /// What was counted, and what was picked since the tick before the last, in two pieces.
    fn finish(mut self, mut end: End, kept: bool) -> (Tally, End, Vec<Open>, [Harvest; 2]) {
        let now = end.end.unwrap_or_default();
        let Self { decoder, network, notes, .. } = &mut self;
        decoder.finish(notes, |part, id, stamp| {
            network.packet(&part, id, Stamp { now: now.min(stamp.now + FRAGMENTS_WAIT), ..stamp });
        });
        network.finish(now);
        let Network { mut sink, notes, .. } = self.network;
        let ripe = sink.harvest();
        let (mut tally, open, tls) = sink.finish(now, kept);
        end.unknown_links = self.unknown_links.rows();
        end.tls = tls.rows();
        tally.anomalies.merge(&self.notes);
        tally.anomalies.merge(&notes);
        for (table, kind) in [("fragments", Anomaly::FragmentEvicted), ("streams", Anomaly::StreamEvicted)] {
            end.evicted.push((table.into(), tally.anomalies.count(kind)));
        }
        let mut last = tally.picker.take().map(|mut p| p.harvest()).unwrap_or_default();
        last.sort();
        (tally, end, open, [ripe, last])
    }
}

/// Whether [`Run::frame`] would find [`Fate::Rtp`] and nothing else in a whole frame, whatever came
/// before it.
#[inline(always)]
fn holds_media(link: u32, data: &[u8]) -> bool {
    datagram_of(link, data).is_some_and(is_media)
}
