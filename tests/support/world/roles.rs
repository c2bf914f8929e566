//! What callers, proxies and gateways do of their own accord.

use super::layer::Owner;
use super::message::{Host, Message};
use super::{Event, MS, World};

/// Credentials of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Password {
    None,
    Wrong,
    Right,
}

/// A call, as its caller sees it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    caller: Host,
    /// Next hops, in the order in which they are tried.
    hops: Vec<Host>,
    password: Password,
    cancels_after: u64,
    talks_for: u64,
    /// Of its last INVITE.
    pub(super) cseq: u32,
    /// Its last try.
    client: usize,
    pub(super) bids: u64,
    /// Tags that answered.
    answers: Vec<u32>,
    /// The final that ended it.
    code: Option<u16>,
    gave_up: bool,
    done: bool,
    /// It was given up after a CANCEL without a final.
    unheard: bool,
}

/// An INVITE at a proxy.
#[derive(Clone, Debug)]
pub(super) struct Fork {
    server: usize,
    branches: Vec<usize>,
    todo: Vec<Host>,
    /// Finals of its branches; `None` for its own 408.
    finals: Vec<Option<Message>>,
    won: bool,
    cancelled: bool,
}

impl Call {
    /// Its outcome, in the words of the report; `alerted`: it rang, or played early media.
    pub(super) fn outcome(&self, alerted: bool) -> &'static str {
        match self.code {
            _ if !self.answers.is_empty() => "answered",
            Some(486) => "busy",
            Some(480) => "no_answer",
            Some(408) if alerted => "no_answer",
            Some(487) => "cancelled",
            Some(603) => "declined",
            Some(404) => "not_found",
            Some(407) => "auth_failed",
            Some(500..600) => "server_failure",
            None if self.unheard => "cancelled",
            None | Some(408) => "timed_out",
            Some(code) => panic!("no gateway answers {code}"),
        }
    }
}

impl World {
    pub(super) fn plan_call(&mut self) {
        let r = &mut self.random;
        let caller = r.below(self.proxies);
        let (proxies, all) = (self.gateways - self.proxies, self.hosts.len());
        let hops = if r.chance(60) {
            vec![self.proxies + r.below(proxies)]
        } else {
            let first = self.gateways + r.below(all - self.gateways);
            let second = self.gateways + r.below(all - self.gateways);
            if second == first || r.chance(50) { vec![first] } else { vec![first, second] }
        };
        let password = [Password::Right, Password::Right, Password::Wrong, Password::None][r.below(4)];
        let cancels_after = if r.chance(40) { 100 + r.below(60_000) as u64 } else { 100_000 };
        self.calls.push(Call {
            caller,
            hops,
            password,
            cancels_after,
            talks_for: 1000 + r.below(80_000) as u64,
            cseq: 1,
            client: 0,
            bids: 0,
            answers: Vec::new(),
            code: None,
            gave_up: false,
            done: false,
            unheard: false,
        });
    }

    pub(super) fn dial(&mut self, call: usize) {
        self.after(self.calls[call].cancels_after * MS, Event::Cancel { call });
        self.try_next(call, None);
    }

    /// Tries the first hop that is left.
    fn try_next(&mut self, call: usize, credentials: Option<bool>) {
        let c = &mut self.calls[call];
        c.bids += 1;
        let (caller, to, cseq) = (c.caller, c.hops[0], c.cseq);
        let mut invite = Message::invite(call, cseq, credentials);
        invite.vias.push(self.branch(caller));
        let client = self.request(caller, to, invite, Owner::Caller(call));
        self.calls[call].client = client;
    }

    pub(super) fn cancel_call(&mut self, call: usize) {
        let c = &mut self.calls[call];
        if !c.done {
            c.gave_up = true;
            let client = c.client;
            self.cancel(client);
        }
    }

    /// Tells whoever sent the request of `client`; `None`: it was given up.
    pub(super) fn tell(&mut self, client: usize, response: Option<Message>) {
        match self.clients[client].owner {
            Owner::Caller(call) => self.caller_hears(call, client, response),
            Owner::Proxy(fork) => self.proxy_hears(fork, response),
            Owner::Nobody => {}
        }
    }

    fn caller_hears(&mut self, call: usize, client: usize, response: Option<Message>) {
        let credentials = self.clients[client].request.credentials;
        let cancelled = self.clients[client].cancelled;
        let c = &mut self.calls[call];
        let more = c.hops.len() > 1 && !c.gave_up;
        let code = response.as_ref().and_then(|r| r.code);
        match (code, response) {
            // Too late for the caller, who has given it up; the last word on the call all the same.
            (Some(300..), _) if c.done => c.code = c.code.or(code),
            (None, _) | (Some(500..600), _) if more => {
                c.hops.remove(0);
                self.try_next(call, credentials);
            }
            (Some(407), _) if credentials.is_none() && c.password != Password::None && !c.gave_up => {
                (c.cseq, c.bids) = (c.cseq + 1, c.bids - 1);
                let right = c.password == Password::Right;
                self.try_next(call, Some(right));
            }
            (Some(200), Some(response)) => self.caller_is_answered(call, response),
            (Some(..200), _) => {}
            (code, _) => (c.done, c.code, c.unheard) = (true, code, cancelled && code.is_none()),
        }
    }

    /// Acknowledges each 2xx, and ends what is not wanted at once.
    fn caller_is_answered(&mut self, call: usize, response: Message) {
        let c = &mut self.calls[call];
        let (tag, to, caller) = (response.tag.expect("a 2xx has a tag"), response.contact, c.caller);
        if !c.answers.contains(&tag) {
            let wanted = c.answers.is_empty() && !c.gave_up;
            let after = if wanted { c.talks_for } else { 50 };
            c.answers.push(tag);
            c.done = true;
            self.after(after * MS, Event::HangUp { call, tag, to });
        }
        let vias = vec![self.branch(caller)];
        let ack = Message { code: None, method: "ACK", vias, credentials: None, sdp: false, ..response };
        self.send(caller, to, ack);
    }

    pub(super) fn hang_up(&mut self, call: usize, tag: u32, to: Host) {
        let c = &self.calls[call];
        let (caller, cseq) = (c.caller, c.cseq + 1);
        let vias = vec![self.branch(caller)];
        let invite = Message::invite(call, cseq, None);
        let bye = Message { method: "BYE", tag: Some(tag), vias, sdp: false, ..invite };
        self.request(caller, to, bye, Owner::Nobody);
    }

    /// A request that is new to its host.
    pub(super) fn serve(&mut self, server: usize) {
        let (at, method) = (self.servers[server].at, self.servers[server].request.method);
        match method {
            "INVITE" if at >= self.gateways => self.ring(server),
            "INVITE" => self.fork(server),
            "CANCEL" => self.serve_cancel(server),
            _ => self.respond(server, 200),
        }
    }

    fn ring(&mut self, server: usize) {
        let r = &mut self.random;
        let before: &[(u64, u16)] = [
            &[(50, 100), (300, 180)][..],
            &[(300, 183)],
            &[(200, 181), (500, 183), (900, 180)],
            &[(50, 100)],
            &[],
        ][r.below(5)];
        let (soon, late) = (1500 + r.below(8000) as u64, 1500 + r.below(28_000) as u64);
        let last = match r.below(100) {
            0..45 => Some((late, 200)),
            45..53 => Some((soon, 486)),
            53..58 => Some((late, 480)),
            58..62 => Some((20, 404)),
            62..68 => Some((20, [500, 503][r.below(2)])),
            68..72 => Some((soon, 603)),
            72..78 => Some((25_000 + r.below(20_000) as u64, 408)),
            78..88 => return,
            // It rings until somebody gives up.
            _ => None,
        };
        let refused = last.is_some_and(|(at, _)| at < 1000);
        for (at, code) in before.iter().copied().filter(|_| !refused).chain(last) {
            self.after(at * MS, Event::Answer { server, code });
        }
    }

    pub(super) fn answer(&mut self, server: usize, code: u16) {
        if !self.servers[server].over {
            self.respond(server, code);
        }
    }

    fn serve_cancel(&mut self, server: usize) {
        let (at, (via, branch)) = (self.servers[server].at, self.servers[server].request.vias[0]);
        let Some(&invite) = self.server_of.get(&(at, via, branch, "INVITE")) else {
            return self.respond(server, 481);
        };
        self.respond(server, 200);
        if let Some(fork) = self.servers[invite].fork {
            self.forks[fork].todo.clear();
            self.forks[fork].cancelled = true;
            self.cancel_branches(fork);
        } else if self.random.chance(95) {
            self.after(5 * MS, Event::Answer { server: invite, code: 487 });
        }
    }

    fn cancel_branches(&mut self, fork: usize) {
        for client in self.forks[fork].branches.clone() {
            self.cancel(client);
        }
    }

    /// Every other proxy asks for credentials, each third hunts instead of forking.
    fn fork(&mut self, server: usize) {
        let (at, credentials) = (self.servers[server].at, self.servers[server].request.credentials);
        self.respond(server, 100);
        if at.is_multiple_of(2) && credentials != Some(true) {
            return self.respond(server, 407);
        }
        let (first, gateways) = (self.gateways, self.hosts.len() - self.gateways);
        let start = self.random.below(gateways);
        let width = 1 + self.random.below(gateways.min(3));
        let mut todo: Vec<_> = (0..width).map(|n| first + (start + n) % gateways).collect();
        let now = if self.random.chance(30) { 1 } else { width };
        let fork = self.forks.len();
        let later = todo.split_off(now);
        let (branches, finals) = (Vec::new(), Vec::new());
        self.forks.push(Fork { server, branches, todo: later, finals, won: false, cancelled: false });
        self.servers[server].fork = Some(fork);
        todo.into_iter().for_each(|to| self.forward(fork, to));
    }

    fn forward(&mut self, fork: usize, to: Host) {
        let server = &self.servers[self.forks[fork].server];
        let (at, mut invite) = (server.at, server.request.clone());
        invite.credentials = None;
        invite.vias.insert(0, self.branch(at));
        let client = self.request(at, to, invite, Owner::Proxy(fork));
        self.forks[fork].branches.push(client);
    }

    /// RFC 3261 16.7, as far as it matters here.
    fn proxy_hears(&mut self, fork: usize, response: Option<Message>) {
        let upstream = response.clone().map(|mut r| {
            r.vias.remove(0);
            r
        });
        let f = &mut self.forks[fork];
        let server = f.server;
        match upstream {
            Some(r) if r.code == Some(100) || f.won && r.code != Some(200) => {}
            Some(r) if r.code < Some(200) => self.pass_on(server, r),
            Some(r) if r.code == Some(200) => {
                f.won = true;
                f.todo.clear();
                self.cancel_branches(fork);
                self.pass_on(server, r);
            }
            _ if f.won => {}
            last => {
                if last.as_ref().is_some_and(|r| r.code >= Some(600)) {
                    f.todo.clear();
                }
                f.finals.push(last);
                if !f.todo.is_empty() && !f.cancelled {
                    let next = f.todo.remove(0);
                    self.forward(fork, next);
                } else if self.forks[fork].branches.iter().all(|c| self.clients[*c].over) {
                    self.choose(fork);
                }
            }
        }
    }

    /// The best of all finals: a 6xx, else the lowest class.
    fn choose(&mut self, fork: usize) {
        let f = &self.forks[fork];
        let code = |r: &Option<Message>| r.as_ref().and_then(|r| r.code).unwrap_or(408);
        let rank = |r: &&Option<Message>| (code(r) < 600, code(r) / 100);
        let (server, best) = (f.server, f.finals.iter().min_by_key(rank).cloned().flatten());
        match best {
            Some(best) => self.pass_on(server, best),
            None => self.respond(server, 408),
        }
    }
}
