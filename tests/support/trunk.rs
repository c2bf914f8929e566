//! A made-up trunk with an incident: a script of many calls from a seed, with what a report about
//! it must say.
//!
//! An SBC sends calls to three gateways for a quarter of an hour. Between 14:03:20 and 14:07:30
//! gateway 10.0.4.7 refuses most of them with 503; some of those are tried at another gateway. The
//! shares of the outcomes are those of an ordinary trunk. The expectations are tallied while the
//! script is written, never taken from a report.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Seconds: length of the capture, start and end of the incident.
const END: f64 = 900.0;
const INCIDENT: std::ops::Range<f64> = 200.0..450.0;
const GATEWAYS: [&str; 3] = ["g5", "g6", "g7"];

/// The script of a trunk with this many call attempts.
pub(crate) fn script(seed: u64, attempts: usize) -> String {
    let mut trunk = Trunk { random: Random(seed), ..Trunk::default() };
    trunk.text.push_str(
        "file pcapng gzip\nhost s 10.0.1.10:5060\nhost g5 10.0.4.5:5060\nhost g6 10.0.4.6:5060\n\
         host g7 10.0.4.7:5060\n",
    );
    let mut starts: Vec<f64> = (0..attempts).map(|_| trunk.random.below(END)).collect();
    starts.sort_by(f64::total_cmp);
    for (n, start) in starts.into_iter().enumerate() {
        trunk.attempt(n, start);
    }
    trunk.pings();
    trunk.expectations(attempts);
    trunk.text
}

/// The way in which a gateway treats a call.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Answered,
    /// Refused: code, and the provisional before it (0: none).
    Refused(u16, u16),
    /// Cancelled by the caller, after this provisional.
    Cancelled(u16),
    Silent,
}

/// What becomes of a hundred thousand calls.
const SHARES: [(u32, Fate, &str); 18] = [
    (60_000, Fate::Answered, "answered"),
    (8_800, Fate::Refused(486, 100), "busy"),
    (100, Fate::Refused(600, 100), "busy"),
    (9_800, Fate::Refused(480, 180), "no_answer"),
    (3_700, Fate::Refused(408, 180), "no_answer"),
    (5_600, Fate::Cancelled(180), "cancelled"),
    (2_200, Fate::Cancelled(183), "cancelled"),
    (1_400, Fate::Cancelled(100), "cancelled"),
    (1_000, Fate::Refused(603, 180), "declined"),
    (3_300, Fate::Refused(404, 100), "not_found"),
    (300, Fate::Refused(484, 0), "not_found"),
    (500, Fate::Refused(403, 0), "forbidden"),
    (300, Fate::Refused(302, 0), "redirected"),
    (300, Fate::Refused(488, 100), "client_error"),
    (200, Fate::Refused(500, 100), "server_failure"),
    (200, Fate::Refused(502, 100), "server_failure"),
    (400, Fate::Silent, "timed_out"),
    (1_900, Fate::Refused(408, 100), "timed_out"),
];

#[derive(Default)]
struct Trunk {
    random: Random,
    text: String,
    outcomes: BTreeMap<&'static str, u32>,
    /// Tries that ended, 503 among them, and 503 followed by another try.
    bids: u32,
    unavailable: u32,
    overtaken: u32,
    options: u32,
}

impl Trunk {
    fn attempt(&mut self, n: usize, start: f64) {
        let _ = writeln!(
            self.text,
            "call c{n} id=c{n}@10.0.1.10 from=30{:04} to=555{:05}",
            n % 900,
            7 * n % 99_991
        );
        let mut gateway = self.random.below(3.0) as usize;
        let mut at = start;
        loop {
            let down = gateway == 2 && INCIDENT.contains(&at) && self.random.below(1.0) < 0.9;
            let (fate, outcome) = if down { (Fate::Refused(503, 0), "server_failure") } else { self.fate() };
            let end = self.call(GATEWAYS[gateway], at, fate);
            if end > END {
                *self.outcomes.entry("pending").or_default() += 1;
                return;
            }
            self.bids += 1;
            if down {
                self.unavailable += 1;
                if end + 0.02 <= END && self.random.below(1.0) < 0.6 {
                    self.overtaken += 1;
                    gateway = self.random.below(2.0) as usize;
                    at = end + 0.02;
                    continue;
                }
            }
            *self.outcomes.entry(outcome).or_default() += 1;
            return;
        }
    }

    fn fate(&mut self) -> (Fate, &'static str) {
        let mut draw = self.random.below(100_000.0) as u32;
        for (share, fate, outcome) in SHARES {
            if draw < share {
                return (fate, outcome);
            }
            draw -= share;
        }
        (Fate::Answered, "answered")
    }

    /// One try at a gateway; the time at which it is decided.
    fn call(&mut self, gateway: &str, at: f64, fate: Fate) -> f64 {
        let there = format!("s > {gateway}");
        let back = format!("{gateway} > s");
        self.line(at, &there, "INVITE 1 sdp");
        let mut resend = |times: &[f64]| times.iter().for_each(|t| self.line(at + t, &there, "INVITE 1 sdp"));
        if matches!(fate, Fate::Silent) {
            resend(&[0.5, 1.5, 3.5, 7.5, 15.5, 31.5]);
            return at + 32.0;
        }
        let provisional = match fate {
            Fate::Refused(_, code) | Fate::Cancelled(code) => code,
            _ => 180,
        };
        if provisional != 0 {
            self.line(at + 0.02, &back, "100 INVITE 1");
        } else if self.random.below(1.0) < 0.05 {
            self.line(at + 0.5, &there, "INVITE 1 sdp");
        }
        let alerting = at + 1.0 + self.random.below(2.0);
        if provisional > 100 {
            let media = if provisional == 183 { " sdp" } else { "" };
            self.line(alerting, &back, &format!("{provisional} INVITE 1{media}"));
        }
        let slow = if provisional > 100 { alerting + 2.0 + self.random.below(18.0) } else { at + 0.6 };
        match fate {
            Fate::Refused(code, _) => {
                self.line(slow, &back, &format!("{code} INVITE 1"));
                self.line(slow + 0.01, &there, "ACK 1");
            }
            Fate::Cancelled(_) => {
                self.line(slow, &there, "CANCEL 1");
                self.line(slow + 0.004, &back, "200 CANCEL 1");
                self.line(slow + 0.005, &back, "487 INVITE 1");
                self.line(slow + 0.01, &there, "ACK 1");
                return slow + 0.005;
            }
            Fate::Answered | Fate::Silent => {
                self.line(slow, &back, "200 INVITE 1 sdp");
                self.line(slow + 0.03, &there, "ACK 1");
                let over = slow + 2.0 + self.random.below(240.0);
                if self.random.below(1.0) < 0.37 {
                    self.line(over, &back, "BYE 7 reversed");
                    self.line(over + 0.02, &there, "200 BYE 7");
                } else {
                    self.line(over, &there, "BYE 2");
                    self.line(over + 0.02, &back, "200 BYE 2");
                }
            }
        }
        slow
    }

    /// Each gateway is asked each minute; 10.0.4.7 does not answer while it is in trouble.
    fn pings(&mut self) {
        for minute in 0..=15 {
            for gateway in GATEWAYS {
                let at = f64::from(minute) * 60.0;
                let _ = writeln!(self.text, "call ping-{gateway}-{minute}");
                self.line(at, &format!("s > {gateway}"), "OPTIONS 1");
                self.options += 1;
                if gateway != "g7" || !INCIDENT.contains(&at) {
                    self.line(at + 0.015, &format!("{gateway} > s"), "200 OPTIONS 1");
                }
            }
        }
    }

    /// What happens after the end is not captured.
    fn line(&mut self, at: f64, ends: &str, what: &str) {
        if at <= END {
            let _ = writeln!(self.text, "{at:.6} {ends} {what}");
        }
    }

    fn expectations(&mut self, attempts: usize) {
        let pending = self.outcomes.get("pending").copied().unwrap_or(0);
        let answered = self.outcomes.get("answered").copied().unwrap_or(0);
        let mut lines = vec![
            ("invite.attempts".into(), attempts as u32),
            ("invite.bids".into(), self.bids),
            ("invite.rates.asr.numerator".into(), answered),
            ("invite.rates.asr.denominator".into(), attempts as u32 - pending),
            ("invite.rates.abr.denominator".into(), self.bids),
            ("responses.by_method_and_code[method=INVITE,code=503].responses".into(), self.unavailable),
            ("failures.overtaken".into(), self.overtaken),
            ("requests.by_method[method=OPTIONS].requests".into(), self.options),
        ];
        lines.extend(self.outcomes.iter().map(|(o, n)| (format!("invite.outcomes.{o}.count"), *n)));
        for (path, value) in lines {
            let _ = writeln!(self.text, "expect {path} {value}");
        }
    }
}

/// SplitMix64.
#[derive(Default)]
struct Random(u64);

impl Random {
    fn below(&mut self, limit: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 * limit
    }
}
