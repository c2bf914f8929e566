//! Client and server transactions: who sends again, and until when (RFC 3261 17).

use super::message::{Host, Message};
use super::{Event, MS, World};

pub(super) const T1: u64 = 500 * MS;
const T2: u64 = 4000 * MS;
/// Timers B, F and H.
const SIXTY_FOUR_T1: u64 = 64 * T1;

/// Who wants to know what became of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owner {
    /// The caller of this call.
    Caller(usize),
    /// A proxy that forwards this INVITE.
    Proxy(usize),
    Nobody,
}

/// A client transaction.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) at: Host,
    pub(super) to: Host,
    pub(super) request: Message,
    pub(super) owner: Owner,
    since: u64,
    interval: u64,
    progressed: bool,
    /// It has a final, or was given up.
    pub(super) over: bool,
    code: Option<u16>,
    /// A CANCEL is wanted: it waits for a provisional response (9.1).
    wants_cancel: bool,
    /// Its CANCEL was sent.
    pub(super) cancelled: bool,
}

/// A server transaction.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) at: Host,
    from: Host,
    pub(super) request: Message,
    pub(super) tag: u32,
    last: Option<Message>,
    /// It has sent a final.
    pub(super) over: bool,
    pub(super) acked: bool,
    since: u64,
    interval: u64,
    /// What a proxy knows of the INVITE.
    pub(super) fork: Option<usize>,
}

impl World {
    /// Sends a request of `at`'s own.
    pub(super) fn request(&mut self, at: Host, to: Host, request: Message, owner: Owner) -> usize {
        let client = self.clients.len();
        self.client_of.insert((at, request.branch(), request.method), client);
        self.send(at, to, request.clone());
        let (since, interval) = (self.now, T1);
        self.clients.push(Client {
            at,
            to,
            request,
            owner,
            since,
            interval,
            progressed: false,
            over: false,
            code: None,
            wants_cancel: false,
            cancelled: false,
        });
        self.after(T1, Event::Repeat { client });
        self.after(SIXTY_FOUR_T1, Event::GiveUp { client, cancelled: false });
        client
    }

    /// Timers A and E.
    pub(super) fn repeat(&mut self, client: usize) {
        let now = self.now;
        let c = &mut self.clients[client];
        let invite = c.request.method == "INVITE";
        if c.over || invite && c.progressed || now - c.since >= SIXTY_FOUR_T1 {
            return;
        }
        c.interval = if invite { c.interval * 2 } else { (c.interval * 2).min(T2) };
        let (at, to, request, interval) = (c.at, c.to, c.request.clone(), c.interval);
        self.send(at, to, request);
        self.after(interval, Event::Repeat { client });
    }

    /// Timers B and F; or, 64·T1 after its CANCEL, an INVITE that got no final (9.1).
    pub(super) fn give_up(&mut self, client: usize, cancelled: bool) {
        let c = &mut self.clients[client];
        if !c.over && (cancelled || !(c.progressed && c.request.method == "INVITE")) {
            c.over = true;
            self.tell(client, None);
        }
    }

    pub(super) fn responded(&mut self, at: Host, message: Message) {
        let Some(&client) = self.client_of.get(&(at, message.branch(), message.method)) else { return };
        let code = message.code.expect("a response has a code");
        let c = &mut self.clients[client];
        let invite = c.request.method == "INVITE";
        if c.over {
            match c.code {
                Some(300..) if invite && code >= 300 => self.acknowledge(client, message.tag),
                Some(..300) if invite && code / 100 == 2 => self.tell(client, Some(message)),
                None if matches!(c.owner, Owner::Caller(_)) && code >= 200 => {
                    c.code = Some(code);
                    self.tell(client, Some(message));
                }
                _ => {}
            }
            return;
        }
        if code < 200 {
            c.progressed = true;
            let wanted = c.wants_cancel && !c.cancelled;
            if wanted {
                self.cancel(client);
            }
        } else {
            (c.over, c.code) = (true, Some(code));
            if invite && code >= 300 {
                self.acknowledge(client, message.tag);
            }
        }
        self.tell(client, Some(message));
    }

    fn acknowledge(&mut self, client: usize, tag: Option<u32>) {
        let c = &self.clients[client];
        let (at, to, ack) = (c.at, c.to, c.request.of_its_hop("ACK", tag));
        self.send(at, to, ack);
    }

    /// Cancels an INVITE, as soon as that may be.
    pub(super) fn cancel(&mut self, client: usize) {
        let c = &mut self.clients[client];
        if c.over || c.cancelled {
            return;
        }
        if !c.progressed {
            c.wants_cancel = true;
            return;
        }
        c.cancelled = true;
        let (at, to, cancel) = (c.at, c.to, c.request.of_its_hop("CANCEL", None));
        self.request(at, to, cancel, Owner::Nobody);
        self.after(SIXTY_FOUR_T1, Event::GiveUp { client, cancelled: true });
    }

    pub(super) fn requested(&mut self, at: Host, from: Host, message: Message) {
        if message.method == "ACK" {
            // To a 2xx it comes on a branch of its own.
            let ours = |s: &&mut Server| {
                s.at == at
                    && s.request.method == "INVITE"
                    && s.request.call == message.call
                    && s.last.as_ref().is_some_and(|l| l.tag == message.tag)
            };
            self.servers.iter_mut().filter(ours).for_each(|s| s.acked = true);
            return;
        }
        let (via, branch) = message.vias[0];
        if let Some(&server) = self.server_of.get(&(at, via, branch, message.method)) {
            if let Some(last) = self.servers[server].last.clone() {
                self.send(at, from, last);
            }
            return;
        }
        let server = self.servers.len();
        self.server_of.insert((at, via, branch, message.method), server);
        let tag = self.random.below(1 << 30) as u32;
        self.servers.push(Server {
            at,
            from,
            request: message,
            tag,
            last: None,
            over: false,
            acked: false,
            since: 0,
            interval: T1,
            fork: None,
        });
        self.serve(server);
    }

    /// Answers by itself.
    pub(super) fn respond(&mut self, server: usize, code: u16) {
        let s = &self.servers[server];
        let tag = s.request.tag.or((code > 100).then_some(s.tag));
        let sdp = s.request.method == "INVITE" && matches!(code, 183 | 200);
        let response = Message { code: Some(code), tag, sdp, contact: s.at, ..s.request.clone() };
        self.pass_on(server, response);
    }

    /// Answers with `response`, repeated until the ACK comes (Timer G; 13.3.1.4 for a 2xx). After a
    /// final only the 2xx of another branch is passed on.
    pub(super) fn pass_on(&mut self, server: usize, response: Message) {
        let now = self.now;
        let s = &mut self.servers[server];
        let is_final = response.code >= Some(200);
        let invite = s.request.method == "INVITE";
        if s.over && !(invite && response.code.is_some_and(|c| c / 100 == 2) && s.fork.is_some()) {
            return;
        }
        s.last = Some(response.clone());
        let (at, from, began) = (s.at, s.from, is_final && !s.over);
        s.over |= is_final;
        let by_proxy = s.fork.is_some() && response.code.is_some_and(|c| c / 100 == 2);
        if began && invite && !by_proxy {
            s.since = now;
            self.after(T1, Event::RepeatFinal { server });
        }
        self.send(at, from, response);
    }

    pub(super) fn repeat_final(&mut self, server: usize) {
        let now = self.now;
        let s = &mut self.servers[server];
        if s.acked || now - s.since >= SIXTY_FOUR_T1 {
            return;
        }
        s.interval = (s.interval * 2).min(T2);
        let (at, from, interval) = (s.at, s.from, s.interval);
        let last = s.last.clone().expect("it was sent before");
        self.send(at, from, last);
        self.after(interval, Event::RepeatFinal { server });
    }
}
