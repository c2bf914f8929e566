//! Seeded captures: calls over UDP, alone or among RTP, or that RTP alone, and what a report about them
//! must say.
//!
//! The same seed gives the same bytes, everywhere. Written as it goes: a capture of any size needs no
//! more memory than the calls that are up.

use std::collections::BinaryHeap;
use std::io::{self, Write};

use std::cmp::Reverse;

/// How much of what.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// SIP messages at least; the last calls are complete.
    pub messages: u64,
    /// RTP packets after each SIP message.
    pub rtp: u64,
    /// SIP is written; without it, only the RTP is.
    pub sip: bool,
    /// Calls begun a second.
    pub rate: u64,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub bytes: u64,
    pub frames: u64,
    pub messages: u64,
    pub attempts: u64,
    pub answered: u64,
    pub busy: u64,
}

/// SplitMix64.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n.max(1)
    }
}

/// A step of a call: what is sent next, and when the one after it is due.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    call: u64,
    step: usize,
    is_busy: bool,
}

/// Start line or code, CSeq, and whether the caller sends it; microseconds to the next step.
const ANSWERED: [(&str, &str, bool, u64); 7] = [
    ("INVITE", "1 INVITE", true, 10_000),
    ("100 Trying", "1 INVITE", false, 90_000),
    ("180 Ringing", "1 INVITE", false, 4_000_000),
    ("200 OK", "1 INVITE", false, 20_000),
    ("ACK", "1 ACK", true, 20_000_000),
    ("BYE", "2 BYE", true, 10_000),
    ("200 OK", "2 BYE", false, 0),
];
const BUSY: [(&str, &str, bool, u64); 4] = [
    ("INVITE", "1 INVITE", true, 10_000),
    ("100 Trying", "1 INVITE", false, 90_000),
    ("486 Busy Here", "1 INVITE", false, 20_000),
    ("ACK", "1 ACK", true, 0),
];

const SDP: &str = "v=0\r\no=- 0 0 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n\
                   m=audio 20000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

/// Writes a pcap file.
///
/// # Errors
/// Those of `out`.
pub fn write(plan: Plan, out: &mut impl Write) -> io::Result<Written> {
    let mut random = Seeded(20_260_303);
    let mut written = Written::default();
    let head = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 262_144, 1];
    for word in head {
        out.write_all(&word.to_le_bytes())?;
    }
    written.bytes = 24;
    let mut due: BinaryHeap<Reverse<(u64, Step)>> = BinaryHeap::new();
    let mut begins = 1_772_546_400_000_000_u64;
    let (mut calls, mut sent) = (0, 0);
    let mut frame = Vec::with_capacity(2048);
    loop {
        let open: u64 = sent + due.len() as u64;
        if due.peek().is_none_or(|Reverse((t, _))| *t > begins) && open < plan.messages {
            let is_busy = random.below(5) == 0;
            due.push(Reverse((begins, Step { call: calls, step: 0, is_busy })));
            calls += 1;
            begins += 1_000_000 / plan.rate + random.below(1000);
            continue;
        }
        let Some(Reverse((time, step))) = due.pop() else { break };
        let steps: &[_] = if step.is_busy { &BUSY } else { &ANSWERED };
        let (what, cseq, from_caller, wait) = steps[step.step];
        sent += 1;
        if plan.sip {
            frame.clear();
            sip(step.call, step.is_busy, what, cseq, from_caller, &mut frame);
            record(time, &frame, out, &mut written)?;
            written.messages += 1;
        }
        if step.step + 1 < steps.len() {
            due.push(Reverse((time + wait, Step { step: step.step + 1, ..step })));
        } else if plan.sip {
            written.attempts += 1;
            written.busy += u64::from(step.is_busy);
            written.answered += u64::from(!step.is_busy);
        }
        for i in 0..plan.rtp {
            frame.clear();
            rtp(random.below(1000) as u16, i as u16, &mut frame);
            record(time + i + 1, &frame, out, &mut written)?;
        }
    }
    Ok(written)
}

fn record(time: u64, frame: &[u8], out: &mut impl Write, written: &mut Written) -> io::Result<()> {
    let length = frame.len() as u32;
    for word in [(time / 1_000_000) as u32, (time % 1_000_000) as u32, length, length] {
        out.write_all(&word.to_le_bytes())?;
    }
    out.write_all(frame)?;
    written.frames += 1;
    written.bytes += 16 + u64::from(length);
    Ok(())
}

fn sip(call: u64, is_busy: bool, what: &str, cseq: &str, from_caller: bool, frame: &mut Vec<u8>) {
    let gateway = (call % 4) as u8 + 2;
    let is_request = !what.as_bytes()[0].is_ascii_digit();
    // The ACK to a 2xx is a transaction of its own, that to a failure is the INVITE's.
    let branch = if cseq.ends_with("ACK") && is_busy { "1 INVITE" } else { cseq };
    let branch = branch.replace(' ', "");
    let tag = if what == "INVITE" || what == "100 Trying" { "" } else { ";tag=callee" };
    let body = if what == "INVITE" || (what == "200 OK" && cseq == "1 INVITE") { SDP } else { "" };
    let first = if is_request {
        format!("{what} sip:1{call:07}@10.0.0.{gateway} SIP/2.0")
    } else {
        format!("SIP/2.0 {what}")
    };
    let text = format!(
        "{first}\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK{call}{branch}\r\nMax-Forwards: 70\r\n\
         From: <sip:trunk@10.0.0.1>;tag=caller{call}\r\nTo: <sip:1{call:07}@10.0.0.{gateway}>{tag}\r\n\
         Call-ID: {call:x}@10.0.0.1\r\nCSeq: {cseq}\r\nContact: <sip:trunk@10.0.0.1:5060>\r\n\
         User-Agent: bench\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (from, to) = if from_caller { (1, gateway) } else { (gateway, 1) };
    udp(from, to, [5060, 5060], text.as_bytes(), frame);
}

fn rtp(stream: u16, sequence: u16, frame: &mut Vec<u8>) {
    let mut payload = [0x55; 172];
    payload[..2].copy_from_slice(&[0x80, 8]);
    payload[2..4].copy_from_slice(&sequence.to_be_bytes());
    udp(1, 2, [20_000 + stream * 2, 30_000 + stream * 2], &payload, frame);
}

fn udp(from: u8, to: u8, ports: [u16; 2], payload: &[u8], frame: &mut Vec<u8>) {
    let length = payload.len() as u16;
    frame.extend_from_slice(&[2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 8, 0]);
    frame.extend_from_slice(&[0x45, 0]);
    frame.extend_from_slice(&(length + 28).to_be_bytes());
    frame.extend_from_slice(&[0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
    frame.extend_from_slice(&ports[0].to_be_bytes());
    frame.extend_from_slice(&ports[1].to_be_bytes());
    frame.extend_from_slice(&(length + 8).to_be_bytes());
    frame.extend_from_slice(&[0, 0]);
    frame.extend_from_slice(payload);
}
