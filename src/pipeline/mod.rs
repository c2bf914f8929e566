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
mod opaque;
mod refusal;
mod sink;
mod ticks;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::anomaly::{Anomalies, Anomaly};
use crate::capture::{FileReport, Found, Frame, Inputs};
use crate::config::Config;
use crate::decode::{self, Decoded, Decoder, Packet, TcpInfo, datagram_of};
use crate::error::Error;
use crate::fate::Fate;
use crate::filter::{Filter, Gate, Protocol, Subject};
use crate::flow::{Flow, FrameId, Origin, Transport};
use crate::pick::{Condition, Harvest, MAX_SELECTED, Selection, Unit, Wish};
use crate::shard::Limits;
use crate::sip::{Other, classify_other, is_media, looks_like_sip};
use crate::stats::{Counted, End, Open, Summary, Tally};
use crate::stream::hep;
use crate::stream::sctp::Sctp;
use crate::stream::tcp::{Consumer, HOLE_AGE, Pushed, Streams};
use crate::time::{Nanos, Stamp, Timestamp};

use crate::watch::{Progress, Watch};

use self::direction::{Carried, Direction};
pub use self::extract::{Extracted, extract};
use self::opaque::UnknownLinks;
use self::refusal::{nothing_found, unreadable};
use self::sink::Sink;
use self::ticks::Ticks;

/// How long fragments wait for the rest of their datagram.
const FRAGMENTS_WAIT: Nanos = Nanos::from_secs(30);

/// Reads all input and sums it up. Fails if nothing can be read at all.
pub fn run(config: &Config) -> Result<Summary, Error> {
    run_watched(config, &mut Watch::new(&AtomicBool::new(false), None))
}

/// [`run`] under the eyes of `watch`; hands on what `config.pick` asks for as it gets ripe, in an order
/// that depends on the capture alone. It ends early, as if interrupted, once `take` answers `false`.
pub fn run_picking(
    config: &Config,
    watch: &mut Watch<'_>,
    take: &mut dyn FnMut(&[String], Harvest) -> bool,
) -> Result<Summary, Error> {
    let by_calls = config.condition.as_ref().is_some_and(|c| c.unit() == Unit::Call);
    let limits = if config.pick.calls || config.pick.selection && by_calls {
        Limits::with_particulars(config.memory)
    } else {
        Limits::within(config.memory)
    };
    run_all(config, limits, watch, take)
}

/// [`run`], under the eyes of `watch`: the summary of a run that ends early is of what was read.
pub fn run_watched(config: &Config, watch: &mut Watch<'_>) -> Result<Summary, Error> {
    let limits = Limits::within(config.memory);
    match &config.condition {
        Some(condition) if config.only.is_none() => {
            let only = Some(Arc::new(select(config, condition, watch)?));
            run_within(&Config { only, ..config.clone() }, limits, watch)
        }
        _ => run_within(config, limits, watch),
    }
}

/// Finds the calls that fulfil `condition`: the first of two runs over the same files.
pub fn select(config: &Config, condition: &Condition, watch: &mut Watch<'_>) -> Result<Selection, Error> {
    let found = Found::look(&config.captures, config.recursive);
    if let Some(pipe) = found.files.iter().find(|f| !Inputs::can_be_read_again(f)) {
        let what = format!("{} is a pipe: it can be read once, and --where reads twice", pipe.display());
        return Err(Error::usage(what).remedy("save it to a file; 'sipstat calls --where' reads once"));
    }
    let pick = Wish { selection: true, ..Wish::default() };
    let config = Config { pick, condition: Some(condition.clone()), ..config.clone() };
    let mut selection = Selection::new(condition);
    let mut fits = true;
    run_picking(&config, watch, &mut |_, harvest| {
        fits = selection.add(harvest);
        fits
    })?;
    if fits {
        return Ok(selection);
    }
    let what = format!("--where selects more than {MAX_SELECTED} Call-IDs");
    Err(Error::usage(what).remedy("--from and --to take a part of the capture"))
}

/// The same within other bounds than the usual ones.
pub fn run_within(config: &Config, limits: Limits, watch: &mut Watch<'_>) -> Result<Summary, Error> {
    run_all(config, limits, watch, &mut |_, _| true)
}

fn run_all(
    config: &Config,
    limits: Limits,
    watch: &mut Watch<'_>,
    take: &mut dyn FnMut(&[String], Harvest) -> bool,
) -> Result<Summary, Error> {
    read(config, limits, watch, take, false).map(Counted::into_summary)
}

/// Reads all input and counts it, so that it can be saved and added to others: what is open at the
/// end is kept apart.
pub fn count(config: &Config, watch: &mut Watch<'_>) -> Result<Counted, Error> {
    read(config, Limits::within(config.memory), watch, &mut |_, _| true, true)
}

/// What a run under `config` has counted before its first frame.
pub fn nothing(config: &Config) -> Counted {
    let filter = (!config.filter.is_empty()).then(|| config.filter.to_string());
    let end = End { filter, ..End::default() };
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
    let names: Vec<String> = inputs.reports().into_iter().map(|r| r.path).collect();
    let mut reading = Anomalies::default();
    let mut run = Run::new(config, limits);
    let mut gate = Gate::new(config.filter.window);
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
        watch.show(frame.stamp.now, |at| run.so_far(config, at));
        let mut wanted = true;
        match gate.admit(frame.stamp) {
            Some(stamp) => {
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
    run.notes.merge(&reading);
    let mut files = inputs.reports();
    files.extend(found.unread.iter().map(|e| FileReport {
        path: e.path.display().to_string(),
        problem: Some(e.reason.to_string()),
        ..FileReport::default()
    }));
    let end = inputs.now().map(|now| gate.bounded(now));
    let chosen = config.only.is_some().then_some(config.condition.as_ref()).flatten();
    let filter = filter_text(config, chosen);
    let end = End {
        files,
        end,
        filter,
        window: gate.bounds(),
        skipped: found.skipped,
        interrupted,
        ..End::default()
    };
    let (tally, end, open, harvests) = run.finish(end, kept);
    harvests.into_iter().for_each(|harvest| {
        take(&names, harvest);
    });
    Ok(Counted::new(config.duplicate_window, tally, end, open))
}

/// The user's filters and condition as options.
fn filter_text(config: &Config, condition: Option<&Condition>) -> Option<String> {
    let filter = (!config.filter.is_empty()).then(|| config.filter.to_string());
    let condition = condition.map(|c| format!("--where '{}'", c.text()));
    let all: Vec<String> = [filter, condition].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(" "))
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

/// The stages behind the decoder.
struct Network {
    streams: Streams<Direction>,
    sctp: Sctp,
    sink: Sink,
    /// `None` if it judges no packets.
    filter: Option<Filter>,
    notes: Anomalies,
    /// The clock at the frame before.
    clock: Timestamp,
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

impl Network {
    /// What a decoded packet holds, and its frame's fate.
    fn packet(&mut self, decoded: &Decoded<'_>, frame: FrameId, stamp: Stamp) -> Fate {
        if self.filter.is_some() && !self.passes(decoded) {
            return Fate::Filtered;
        }
        match decoded {
            Decoded::Datagram(p) => self.datagram(p, &origin(p, frame, stamp, Transport::Udp)),
            Decoded::Segment(p, tcp) => self.segment(p, tcp, &origin(p, frame, stamp, Transport::Tcp)),
            Decoded::Sctp(p) => self.sctp(p, &origin(p, frame, stamp, Transport::Sctp)),
            Decoded::Icmp(quote) => {
                self.sink.quoted(quote, frame, stamp);
                Fate::Icmp
            }
            Decoded::Nothing(fate) => *fate,
        }
    }

    /// The user's filter wants this packet. What may be HEP passes: the [`Sink`] judges the copy in it.
    fn passes(&self, decoded: &Decoded<'_>) -> bool {
        let Some(filter) = &self.filter else { return true };
        let wanted = |flow: Flow, protocol| filter.passes(&Subject { flow, protocol, hep: false });
        match decoded {
            Decoded::Datagram(p) => wanted(p.flow, Protocol::Udp) || is_hep(p.payload),
            Decoded::Segment(p, _) => {
                let carries = self.streams.consumer(p.flow).map(Direction::carries);
                wanted(p.flow, Protocol::Tcp)
                    || carries == Some(Carried::Hep)
                    || hep::frame(p.payload) != hep::Frame::Malformed && p.payload.len() >= 6
            }
            Decoded::Sctp(p) => wanted(p.flow, Protocol::Sctp),
            Decoded::Icmp(quote) => {
                let protocol = match quote.transport {
                    Transport::Tcp | Transport::Ws => Protocol::Tcp,
                    Transport::Sctp => Protocol::Sctp,
                    Transport::Udp | Transport::Hep => Protocol::Udp,
                };
                wanted(quote.packet.flow, protocol)
            }
            Decoded::Nothing(_) => true,
        }
    }

    fn datagram(&mut self, p: &Packet<'_>, origin: &Origin) -> Fate {
        if looks_like_sip(p.payload)
            && let Some(counts) = self.sink.datagram(p.payload, p.cut, origin)
        {
            return if counts { Fate::Sip } else { Fate::OtherUdp };
        }
        if hep::may_begin(p.payload)
            && let Some(found) = hep::parse(p.payload)
            && let Some(fate) = self.sink.hep(&found, origin)
        {
            return fate;
        }
        match classify_other(p.payload) {
            Other::Keepalive => Fate::Keepalive,
            Other::Stun => Fate::Stun,
            Other::Rtp => Fate::Rtp,
            Other::Tls => Fate::Tls,
            Other::Sigcomp => Fate::Sigcomp,
            Other::Unknown => Fate::OtherUdp,
        }
    }

    fn segment(&mut self, p: &Packet<'_>, tcp: &TcpInfo, origin: &Origin) -> Fate {
        let Self { streams, sink, notes, .. } = self;
        sink.begin(origin.frame);
        if let Some(locator) = sink.locator() {
            locator.segment(origin, Some(tcp), !p.payload.is_empty());
        }
        let pushed =
            streams.push(origin, tcp, p.payload, notes, &mut |direction: &mut Direction, from, piece| {
                direction.take(piece, from, sink);
            });
        if let Some(locator) = sink.locator() {
            let idle = streams.consumer(origin.flow).is_none_or(|d| d.held() == 0);
            locator.taken(origin.flow, idle, pushed == Pushed::Held);
        }
        if sink.completed() {
            return Fate::Sip;
        }
        if sink.filtered() {
            return Fate::Filtered;
        }
        if pushed == Pushed::Control {
            return Fate::TcpControl;
        }
        match streams.consumer(origin.flow).map(Direction::carries) {
            Some(Carried::Sip)
                if sink.kept_alive() || p.payload.iter().all(|b| matches!(b, b'\r' | b'\n')) =>
            {
                Fate::Keepalive
            }
            Some(Carried::Sip | Carried::Undecided) => Fate::Stream,
            Some(Carried::Tls) => Fate::Tls,
            Some(Carried::Hep) => Fate::Hep,
            Some(Carried::Other) | None => Fate::OtherTcp,
        }
    }

    fn sctp(&mut self, p: &Packet<'_>, origin: &Origin) -> Fate {
        let Self { sctp, sink, notes, .. } = self;
        sink.begin(origin.frame);
        if let Some(locator) = sink.locator() {
            locator.segment(origin, None, true);
        }
        let pushed = sctp.push(origin, p.payload, p.cut, notes, &mut |from, message| {
            if looks_like_sip(message.bytes) {
                sink.carried(message.bytes, message.cut, from);
            }
        });
        if let Some(locator) = sink.locator() {
            locator.taken(origin.flow, pushed.held == 0, false);
        }
        if sink.completed() {
            Fate::Sip
        } else if pushed.held > 0 {
            Fate::Stream
        } else {
            Fate::OtherSctp
        }
    }

    /// Holes and fragments of streams whose time has come.
    fn advance(&mut self, now: Timestamp) {
        let Self { streams, sctp, sink, notes, clock, .. } = self;
        // The clock may have gone on by minutes since they were due: what waited is no later for it.
        let before = std::mem::replace(clock, now);
        streams.advance(now, notes, &mut |direction: &mut Direction, from, piece| {
            let then = now.min(before.max(from.stamp.time + HOLE_AGE));
            let from = Origin { stamp: Stamp { now: then, ..from.stamp }, ..*from };
            direction.take(piece, &from, sink);
        });
        sctp.advance(now, notes, &mut |from, message| {
            sink.carried(message.bytes, message.cut, from);
        });
    }

    fn finish(&mut self, now: Timestamp) {
        let Self { streams, sctp, sink, notes, .. } = self;
        streams.finish(now, notes, &mut |direction: &mut Direction, from, piece| {
            direction.take(piece, from, sink);
        });
        sctp.finish(now, notes, &mut |from, message| {
            sink.carried(message.bytes, message.cut, from);
        });
    }
}

/// Whether [`Run::frame`] would find [`Fate::Rtp`] and nothing else in a whole frame, whatever came
/// before it.
#[inline(always)]
fn holds_media(link: u32, data: &[u8]) -> bool {
    datagram_of(link, data).is_some_and(is_media)
}

/// HEP beyond doubt: v1 and v2 have two magic bytes only, so SIP must be inside.
fn is_hep(payload: &[u8]) -> bool {
    hep::may_begin(payload)
        && hep::parse(payload).is_some_and(|found| found.version == 3 || looks_like_sip(&found.payload))
}

fn origin(p: &Packet<'_>, frame: FrameId, stamp: Stamp, transport: Transport) -> Origin {
    Origin { stamp, frame, tap: p.tap, flow: p.flow, transport, ip_id: p.ip_id }
}
