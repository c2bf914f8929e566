//! Conditions of `--where`.

use std::cell::RefCell;
use std::fs;
use std::sync::atomic::AtomicBool;

use sipstat::call::Call;
use sipstat::config::Config;
use sipstat::flow::Transport;
use sipstat::pick::{Condition, Wish};
use sipstat::pipeline;
use sipstat::sip::{Scan, scan_datagram};
use sipstat::watch::Watch;

use super::traffic::written;
use super::{file, origin};

/// What conditions are asked of: a call of each kind, and their messages.
const SAID: [&str; 4] = [
    "INVITE sip:+4930123456@b.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: \"A\" \
     <sip:alice@a.example>;tag=f\r\nTo: <sip:bob@b.example>\r\nCall-ID: c1@a\r\nCSeq: 1 INVITE\r\n\
     User-Agent: phone 1.2\r\n\r\n",
    "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:alice@a.example>;tag=f\r\n\
     To: <sip:bob@b.example>;tag=t\r\nCall-ID: c1@a\r\nCSeq: 1 INVITE\r\n\r\n",
    "SIP/2.0 503 No Trunk\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:alice@a.example>;tag=f\r\n\
     To: <sip:bob@b.example>;tag=t\r\nCall-ID: c1@a\r\nCSeq: 1 INVITE\r\nServer: gw\r\n\
     Reason: Q.850;cause=34;text=\"full\"\r\nWarning: 399 h \"x\"\r\n\r\n",
    "OPTIONS sip:b.example SIP/2.0\r\nCall-ID: \u{fffd}\r\nCSeq: 1 OPTIONS\r\n\r\n",
];

fn calls() -> Vec<Call> {
    let packet =
        |kind: u8, said: &str| [&[kind][..], &(said.len() as u16).to_le_bytes(), said.as_bytes()].concat();
    // There and back, 20 ms and more later.
    let traffic = [packet(0x40, SAID[0]), packet(0x44, SAID[1]), packet(0x64, SAID[2])].concat();
    let path = file(&[&written(&traffic)]);
    let config = Config { threads: 1, pick: Wish { calls: true, ..Wish::default() }, ..Config::new([&path]) };
    let (stop, mut calls) = (AtomicBool::new(false), Vec::new());
    let take = &mut |_: &[String], harvest: sipstat::pick::Harvest| {
        calls.extend(harvest.calls);
        true
    };
    pipeline::run_picking(&config, &mut Watch::new(&stop, None), take).expect("a capture");
    let _ = fs::remove_file(path);
    assert!(!calls.is_empty(), "there is a call to ask of");
    calls
}

thread_local! {
    static CALLS: RefCell<Vec<Call>> = RefCell::new(calls());
}

/// Any condition: what is understood is understood again, alike, and is never true together with its
/// opposite, of a call or of a message.
pub fn condition(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let condition = match Condition::new(text) {
        Ok(condition) => condition,
        Err(problem) => {
            assert!(!problem.why.is_empty() && problem.place <= text.chars().count() + 1, "{problem}");
            return;
        }
    };
    assert_eq!(Condition::new(condition.text()).as_ref(), Ok(&condition));
    let opposite = Condition::new(&format!("not ({text}\n)"));
    let part = Condition::any_of(&["c1".to_owned()], Some(condition.clone())).expect("it asks for something");
    assert_eq!(part.unit(), condition.unit());
    CALLS.with_borrow(|calls| {
        for call in calls {
            let holds = condition.of_call(call);
            assert!(!holds || !opposite.as_ref().is_ok_and(|o| o.of_call(call)), "{text}");
            assert_eq!(part.of_call(call), holds && call.attempt.call_id.bytes().starts_with(b"c1"));
        }
    });
    for said in SAID {
        let Scan::Message(message) = scan_datagram(said.as_bytes(), false) else { panic!("{said}") };
        for transport in [Transport::Udp, Transport::Tcp] {
            let origin = origin(5060, 5080, transport, 1);
            let holds = condition.of_message(&message, &origin);
            assert!(!holds || !opposite.as_ref().is_ok_and(|o| o.of_message(&message, &origin)), "{text}");
        }
    }
}
