//! The stages one by one, each over the same seeded traffic, each asserting its result.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use sipstat::anomaly::Anomalies;
use sipstat::capture::Inputs;
use sipstat::config::Config;
use sipstat::decode::{Decoded, Decoder, datagram_of};
use sipstat::flow::{Origin, Transport};
use sipstat::pipeline;
use sipstat::shard::{Limits, SHARDS, Shard, shard_of};
use sipstat::sip::{Framed, Framer, Peek, Scan, is_media, looks_like_sip, peek_datagram, scan_datagram};
use sipstat::stats::{Choices, Tally};
use sipstat::time::{Nanos, Timestamp};
use support::clock::{argument, is_bench, time};
use support::traffic::{Plan, Written, write};

/// Bytes of a TCP segment.
const SEGMENT: usize = 1460;

/// A capture, and the messages in it with where they came from.
struct Traffic {
    path: PathBuf,
    written: Written,
    messages: Vec<(Vec<u8>, Origin)>,
    end: Timestamp,
}

impl Traffic {
    fn new(name: &str, plan: Plan) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stages-{name}.pcap"));
        let mut bytes = Vec::new();
        let written = write(plan, &mut bytes).expect("a vector takes all");
        fs::write(&path, &bytes).expect("the target folder can be written");
        let mut messages = Vec::new();
        let mut inputs = Inputs::open(std::slice::from_ref(&path)).expect("a capture");
        let (mut decoder, mut notes) = (Decoder::new(Default::default()), Anomalies::default());
        while let Some(frame) = inputs.next(&mut Anomalies::default()) {
            let Decoded::Datagram(p) = decoder.decode(&frame, &mut notes) else { continue };
            if looks_like_sip(p.payload) {
                let origin = Origin {
                    stamp: frame.stamp,
                    frame: frame.id,
                    tap: p.tap,
                    flow: p.flow,
                    transport: Transport::Udp,
                    ip_id: p.ip_id,
                };
                messages.push((p.payload.to_vec(), origin));
            }
        }
        let end = inputs.now().expect("frames");
        Self { path, written, messages, end }
    }

    /// Bytes of all messages.
    fn text(&self) -> u64 {
        self.messages.iter().map(|(m, _)| m.len() as u64).sum()
    }

    fn reading(&self) {
        time("read records", self.written.bytes, self.written.frames, "frames", || {
            let mut inputs = Inputs::open(std::slice::from_ref(&self.path)).expect("a capture");
            let (mut notes, mut frames) = (Anomalies::default(), 0);
            while inputs.next(&mut notes).is_some() {
                frames += 1;
            }
            assert_eq!(frames, self.written.frames);
        });
    }

    fn decoding(&self) {
        time("read and decode", self.written.bytes, self.written.frames, "frames", || {
            let mut inputs = Inputs::open(std::slice::from_ref(&self.path)).expect("a capture");
            let mut decoder = Decoder::new(Default::default());
            let (mut reading, mut notes, mut datagrams) = (Anomalies::default(), Anomalies::default(), 0);
            while let Some(frame) = inputs.next(&mut reading) {
                datagrams += u64::from(matches!(decoder.decode(&frame, &mut notes), Decoded::Datagram(_)));
            }
            assert_eq!(datagrams, self.written.frames);
        });
    }

    /// What is done with all but the first of each run of media.
    fn skimming(&self) {
        time("pass over media", self.written.bytes, self.written.frames, "frames", || {
            let mut inputs = Inputs::open(std::slice::from_ref(&self.path)).expect("a capture");
            let (mut notes, mut frames) = (Anomalies::default(), 0);
            while inputs.next(&mut notes).is_some() {
                frames += 1 + inputs.skim(|link, data| datagram_of(link, data).is_some_and(is_media));
            }
            assert_eq!(frames, self.written.frames);
        });
    }

    fn peeking(&self) {
        time("find the Call-ID", self.text(), self.written.messages, "messages", || {
            let has_one = |(bytes, _): &&(Vec<u8>, Origin)| {
                matches!(peek_datagram(bytes, false), Peek::Message { call_id: Some(_), .. })
            };
            assert_eq!(self.messages.iter().filter(has_one).count() as u64, self.written.messages);
        });
    }

    fn scanning(&self) {
        time("scan datagrams", self.text(), self.written.messages, "messages", || {
            let is_message =
                |(bytes, _): &&(Vec<u8>, Origin)| matches!(scan_datagram(bytes, false), Scan::Message(_));
            assert_eq!(self.messages.iter().filter(is_message).count() as u64, self.written.messages);
        });
    }

    fn framing(&self) {
        let stream: Vec<u8> = self.messages.iter().flat_map(|(bytes, _)| bytes.iter().copied()).collect();
        time("frame a stream", self.text(), self.written.messages, "messages", || {
            let (mut framer, mut messages) = (Framer::default(), 0);
            let mut sink = |item: Framed<'_>| messages += u64::from(matches!(item, Framed::Message(_)));
            stream.chunks(SEGMENT).for_each(|segment| framer.bytes(segment, &mut sink));
            framer.end(&mut sink);
            assert_eq!(messages, self.written.messages);
        });
    }

    fn tables(&self) {
        time("scan, tables and counts", self.text(), self.written.messages, "messages", || {
            let window = Nanos::from_millis(100);
            let mut shards: Vec<_> =
                (0..SHARDS).map(|_| Shard::new(Limits::within(64 << 20), window)).collect();
            let choices = Choices {
                short_call: Nanos::from_secs(6),
                host_sides: Vec::new(),
                grouping: Default::default(),
                condition: None,
                messages_only: false,
            };
            let mut tally = Tally::new(choices);
            for (bytes, origin) in &self.messages {
                let Scan::Message(message) = scan_datagram(bytes, false) else { continue };
                shards[shard_of(&message)].message(&message, origin, &mut tally);
            }
            shards.iter_mut().for_each(|s| s.finish(self.end, &mut tally));
            let summary = tally.finish(Default::default());
            assert_eq!(summary.invite.attempts, self.written.attempts);
        });
    }

    fn whole(&self, name: &str, count: u64, unit: &str) {
        let config = Config { threads: 1, ..Config::new([&self.path]) };
        time(name, self.written.bytes, count, unit, || {
            let summary = pipeline::run(&config).expect("a capture");
            assert_eq!(summary.input.frames, self.written.frames);
            assert_eq!(summary.messages.counts.first, self.written.messages);
            assert_eq!(summary.invite.attempts, self.written.attempts);
        });
    }
}

fn main() {
    let messages = argument("--messages").unwrap_or(if is_bench() { 100_000 } else { 1_000 });
    let sip = Traffic::new("sip", Plan { messages, rtp: 0, sip: true, rate: 100 });
    sip.reading();
    sip.decoding();
    sip.peeking();
    sip.scanning();
    sip.framing();
    sip.tables();
    sip.whole("all of it, SIP", sip.written.messages, "messages");
    let mixed = Traffic::new("mixed", Plan { messages: messages / 10, rtp: 9, sip: true, rate: 100 });
    mixed.whole("all of it, nine in ten RTP", mixed.written.frames, "frames");
    let rtp = Traffic::new("rtp", Plan { messages: messages / 10, rtp: 10, sip: false, rate: 100 });
    rtp.skimming();
    rtp.whole("all of it, RTP alone", rtp.written.frames, "frames");
}
