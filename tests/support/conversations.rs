//! Random conversations from a seed, as a `.flow` script: calls of many outcomes, direct and through
//! a proxy, registrations, pings and messages, with retransmissions at SIP's own intervals.
//!
//! What they mean does not depend on what carries them: nothing is repeated within half a second,
//! and every deadline is far from the end.

use std::fmt::Write as _;

/// Seconds from the first conversation to the last frame.
const LAST: f64 = 300.0;

/// A script of so many conversations that begin within a minute.
pub(crate) fn script(seed: u64, conversations: usize) -> String {
    let mut s = Script { random: Random(seed), text: String::new(), at: 0.0, there: [""; 3], hops: 1 };
    for (name, last) in [("a", 1), ("p", 2), ("b", 3), ("c", 4)] {
        let _ = writeln!(s.text, "host {name} 10.0.0.{last}:5060");
    }
    for n in 0..conversations {
        s.conversation(n);
    }
    let _ = writeln!(s.text, "call last\n{LAST:.6} a > b OPTIONS 1\n{:.6} b > a 200 OPTIONS 1", LAST + 0.01);
    s.text
}

/// SplitMix64.
pub(crate) struct Random(pub u64);

impl Random {
    /// From 0 up to, not including, `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % limit.max(1) as u64) as usize
    }

    /// With a chance of `percent`.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

struct Script {
    random: Random,
    text: String,
    /// Time of the next message.
    at: f64,
    /// The hosts on the way there.
    there: [&'static str; 3],
    hops: usize,
}

impl Script {
    fn conversation(&mut self, n: usize) {
        let _ = writeln!(self.text, "call c{n}");
        self.at = self.random.below(60_000) as f64 / 1000.0;
        let target = ["b", "c"][self.random.below(2)];
        (self.there, self.hops) =
            if self.random.chance(40) { (["a", "p", target], 2) } else { (["a", target, ""], 1) };
        match self.random.below(10) {
            0 => self.exchange("OPTIONS", 1, &[200, 404, 503]),
            1 => self.exchange("MESSAGE", 1, &[200, 202, 480]),
            2 => self.registration(),
            _ => self.call(),
        }
    }

    fn call(&mut self) {
        let mut cseq = 1;
        if self.random.chance(25) {
            self.request("INVITE", cseq, "sdp");
            self.response(407, "INVITE", cseq, "ttag=challenge");
            self.ack(cseq);
            cseq = 2;
        }
        let with = if cseq == 2 { "sdp auth=407" } else { "sdp" };
        self.request("INVITE", cseq, with);
        if self.random.chance(8) {
            return;
        }
        self.response(100, "INVITE", cseq, "");
        let rings = self.random.chance(70);
        if rings {
            self.pause();
            let code = [180, 183][self.random.below(2)];
            self.response(code, "INVITE", cseq, if code == 183 { "sdp" } else { "" });
        }
        self.pause();
        if rings && self.random.chance(15) {
            self.request("CANCEL", cseq, "");
            self.response(200, "CANCEL", cseq, "");
            self.response(487, "INVITE", cseq, "");
            self.ack(cseq);
        } else if self.random.chance(40) {
            let code = [486, 404, 480, 503, 603, 302, 488, 408, 600][self.random.below(9)];
            self.response(code, "INVITE", cseq, "");
            self.ack(cseq);
        } else {
            self.answered(cseq);
        }
    }

    fn answered(&mut self, cseq: usize) {
        self.response(200, "INVITE", cseq, "sdp");
        self.end_to_end("ACK", cseq);
        self.pause();
        let mut next = cseq + 1;
        if self.random.chance(20) {
            self.request("INVITE", next, "sdp ttag=t1");
            self.response(200, "INVITE", next, "sdp");
            self.end_to_end("ACK", next);
            self.pause();
            next += 1;
        }
        self.request("BYE", next, "");
        if self.random.chance(90) {
            let code = [200, 481][self.random.below(2)];
            self.response(code, "BYE", next, "");
        }
    }

    fn registration(&mut self) {
        self.request("REGISTER", 1, "");
        self.response(401, "REGISTER", 1, "ttag=challenge");
        self.pause();
        self.request("REGISTER", 2, "auth=401");
        let code = [200, 200, 403][self.random.below(3)];
        self.response(code, "REGISTER", 2, "");
    }

    fn exchange(&mut self, method: &str, cseq: usize, codes: &[u16]) {
        self.request(method, cseq, "");
        if self.random.chance(80) {
            let code = codes[self.random.below(codes.len())];
            self.response(code, method, cseq, "");
        }
    }

    /// On every hop, now and then twice on one of them.
    fn request(&mut self, method: &str, cseq: usize, with: &str) {
        let again = self.random.chance(15).then(|| self.random.below(self.hops));
        for hop in 0..self.hops {
            let fwd = if hop > 0 { "fwd" } else { "" };
            let (from, to) = (self.there[hop], self.there[hop + 1]);
            self.line(&format!("{from} > {to} {method} {cseq} {with} {fwd}"), again == Some(hop));
        }
    }

    fn end_to_end(&mut self, method: &str, cseq: usize) {
        self.request(method, cseq, "");
    }

    /// ACK to a failure response: of each hop.
    fn ack(&mut self, cseq: usize) {
        for hop in 0..self.hops {
            let (from, to) = (self.there[hop], self.there[hop + 1]);
            self.line(&format!("{from} > {to} ACK {cseq}"), false);
        }
    }

    fn response(&mut self, code: u16, method: &str, cseq: usize, with: &str) {
        let again = (code >= 200 && self.random.chance(15)).then(|| self.random.below(self.hops));
        for hop in (0..self.hops).rev() {
            let (from, to) = (self.there[hop + 1], self.there[hop]);
            self.line(&format!("{from} > {to} {code} {method} {cseq} {with}"), again == Some(hop));
        }
    }

    fn line(&mut self, what: &str, again: bool) {
        let _ = writeln!(self.text, "{:.6} {what}", self.at);
        if again {
            let _ = writeln!(self.text, "+0.5 again");
            self.at += 0.5;
        }
        self.at += (1 + self.random.below(30)) as f64 / 1000.0;
    }

    fn pause(&mut self) {
        self.at += 0.6 + self.random.below(4_000) as f64 / 1000.0;
    }
}
