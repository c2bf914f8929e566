//! What an observer was told, kept to be told again.
//!
//! A conversation that is open when a capture ends may end otherwise when the capture goes on. What
//! it tells in either case is kept as a list of events: whoever counts them later counts the same as
//! if he had been told at once.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::anomaly::Anomaly;
use crate::flow::{Flow, FrameId, Origin, Tap, Transport};
use crate::rename::{Rename, What};
use crate::sip::{Message, StatusCode};
use crate::time::{Nanos, Timestamp};
use crate::transaction::{About, Bin, Digits, MethodKey, Names};

use super::observer::{Attempt, Bye, Call, Observer, Registration, RequestOver, Session};
use super::{Place, Text, Tried};

/// One thing that an [`Observer`] is told when a conversation ends; see its methods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// [`Observer::anomaly`].
    Anomaly(Anomaly, Timestamp, FrameId),
    /// [`Observer::first_reply`].
    FirstReply(MethodKey, Nanos),
    /// [`Observer::response_time`].
    ResponseTime(MethodKey, Nanos),
    /// [`Observer::inner`].
    Inner(MethodKey, StatusCode),
    /// [`Observer::request_over`].
    RequestOver(RequestOver),
    /// [`Observer::tried`].
    Tried(Box<KeptTry>),
    /// [`Observer::attempt`].
    Attempt(Box<Attempt>),
    /// [`Observer::reinvite`].
    Reinvite(Option<StatusCode>),
    /// [`Observer::registration`].
    Registration(Registration),
    /// [`Observer::answered`].
    Answered(Timestamp),
    /// [`Observer::session`].
    Session(Session),
    /// [`Observer::bye`].
    Bye(Bye),
    /// [`Observer::evicted`].
    Evicted(Cow<'static, str>, u64, bool),
}

impl Event {
    /// Tells it to `observer`.
    pub fn tell(&self, observer: &mut impl Observer) {
        match self {
            Self::Anomaly(kind, time, frame) => observer.anomaly(*kind, *time, *frame),
            Self::FirstReply(method, delay) => observer.first_reply(*method, *delay),
            Self::ResponseTime(method, delay) => observer.response_time(*method, *delay),
            Self::Inner(method, status) => observer.inner(*method, *status),
            Self::RequestOver(request) => observer.request_over(request),
            Self::Tried(tried) => tried.tell(observer),
            Self::Attempt(attempt) => {
                observer.attempt(attempt);
            }
            Self::Reinvite(status) => observer.reinvite(*status),
            Self::Registration(registration) => observer.registration(registration),
            Self::Answered(at) => observer.answered(*at),
            Self::Session(session) => observer.session(session),
            Self::Bye(bye) => observer.bye(bye),
            Self::Evicted(table, count, matters) => observer.evicted(table, *count, *matters),
        }
    }

    /// Gives new names to what names somebody; `method`: to methods that nobody registered.
    pub fn rename(&mut self, to: &mut dyn Rename, method: &dyn Fn(MethodKey) -> MethodKey) {
        match self {
            Self::FirstReply(key, _) | Self::ResponseTime(key, _) | Self::Inner(key, _) => {
                *key = method(*key)
            }
            Self::RequestOver(request) => {
                request.method = method(request.method);
                request.destination = to.endpoint(request.destination);
            }
            Self::Tried(tried) => tried.rename(to, method),
            Self::Attempt(attempt) => attempt.rename(to),
            Self::Anomaly(..)
            | Self::Reinvite(_)
            | Self::Registration(_)
            | Self::Answered(_)
            | Self::Session(_)
            | Self::Bye(_)
            | Self::Evicted(..) => {}
        }
    }

    /// Tells each frame in it to `change`: files are numbered anew when summaries merge.
    pub fn renumber(&mut self, change: &mut dyn FnMut(&mut FrameId)) {
        match self {
            Self::Anomaly(_, _, frame) => change(frame),
            Self::Tried(tried) => change(&mut tried.frame),
            Self::Attempt(attempt) => {
                change(&mut attempt.frame);
                if let Some(particulars) = &mut attempt.particulars {
                    change(&mut particulars.last_frame);
                }
            }
            _ => {}
        }
    }
}

/// A [`Tried`] with the texts of its names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptTry {
    method: MethodKey,
    place: Place,
    call_id: Text,
    flow: Flow,
    transport: Transport,
    tap: Tap,
    started: Timestamp,
    frame: FrameId,
    requested: bool,
    over: bool,
    status: Option<StatusCode>,
    ended: Option<Timestamp>,
    replied: bool,
    refused: bool,
    resent: u32,
    #[serde(default)]
    repeated: bool,
    delay: Option<Nanos>,
    cancelled: bool,
    retried: bool,
    cause: Option<u8>,
    /// Server, User-Agent, domains of From, To and Request-URI.
    texts: [Option<Box<str>>; 5],
    /// The number called, packed.
    #[serde(with = "crate::named::hex")]
    number: u64,
}

impl KeptTry {
    fn of(t: &Tried<'_>) -> Self {
        let about = &t.about;
        let names = [t.server, about.user_agent, about.from_domain, about.to_domain, about.uri_domain];
        Self {
            method: t.method,
            place: t.place,
            call_id: t.call_id.clone(),
            flow: t.flow,
            transport: t.transport,
            tap: t.tap,
            started: t.started,
            frame: t.frame,
            requested: t.requested,
            over: t.over,
            status: t.status,
            ended: t.ended,
            replied: t.replied,
            refused: t.refused,
            resent: t.resent,
            repeated: t.repeated,
            delay: t.delay,
            cancelled: t.cancelled,
            retried: t.retried,
            cause: t.cause,
            texts: names.map(|name| t.names.text(name).map(|(text, _)| text.into())),
            number: about.number.packed(),
        }
    }

    fn rename(&mut self, to: &mut dyn Rename, method: &dyn Fn(MethodKey) -> MethodKey) {
        self.method = method(self.method);
        self.call_id = self.call_id.renamed(What::CallId, to);
        self.flow = to.flow(self.flow);
        let kinds = [What::Product, What::Product, What::Host, What::Host, What::Host];
        for (text, what) in self.texts.iter_mut().zip(kinds) {
            *text = text.as_deref().map(|t| to.text(what, t).into());
        }
        self.number = Digits::unpacked(self.number).renamed(to).packed();
    }

    fn tell(&self, observer: &mut impl Observer) {
        let (names, [server, user_agent, from_domain, to_domain, uri_domain]) =
            Names::again(self.texts.each_ref().map(|text| text.as_deref()));
        let number = Digits::unpacked(self.number);
        observer.tried(&Tried {
            method: self.method,
            place: self.place,
            call_id: &self.call_id,
            flow: self.flow,
            transport: self.transport,
            tap: self.tap,
            started: self.started,
            frame: self.frame,
            requested: self.requested,
            over: self.over,
            status: self.status,
            ended: self.ended,
            replied: self.replied,
            refused: self.refused,
            resent: self.resent,
            repeated: self.repeated,
            delay: self.delay,
            cancelled: self.cancelled,
            retried: self.retried,
            cause: self.cause,
            server,
            about: About { user_agent, from_domain, to_domain, uri_domain, number },
            names: &names,
        });
    }
}

/// Keeps what it is told. Messages are told when they come, never at the end: it drops them.
pub struct Recorder<'a> {
    /// What it was told, in order.
    pub events: Vec<Event>,
    /// Calls, for those who want them: they are told of at once, and never kept.
    pub calls: Vec<Call>,
    /// Whether particulars are wanted.
    pub particulars: bool,
    /// Whether an attempt counts.
    pub keeps: &'a dyn Fn(&Attempt) -> bool,
}

impl Observer for Recorder<'_> {
    fn anomaly(&mut self, kind: Anomaly, time: Timestamp, frame: FrameId) {
        self.events.push(Event::Anomaly(kind, time, frame));
    }

    fn message(&mut self, _: &Message<'_>, _: &Origin, _: Bin, _: bool) {}

    fn first_reply(&mut self, method: MethodKey, delay: Nanos) {
        self.events.push(Event::FirstReply(method, delay));
    }

    fn response_time(&mut self, method: MethodKey, delay: Nanos) {
        self.events.push(Event::ResponseTime(method, delay));
    }

    fn inner(&mut self, method: MethodKey, status: StatusCode) {
        self.events.push(Event::Inner(method, status));
    }

    fn request_over(&mut self, request: &RequestOver) {
        self.events.push(Event::RequestOver(*request));
    }

    fn tried(&mut self, tried: &Tried<'_>) {
        self.events.push(Event::Tried(Box::new(KeptTry::of(tried))));
    }

    fn attempt(&mut self, attempt: &Attempt) -> bool {
        self.events.push(Event::Attempt(Box::new(attempt.clone())));
        (self.keeps)(attempt)
    }

    fn wants_particulars(&self) -> bool {
        self.particulars
    }

    fn call(&mut self, call: Call) {
        self.calls.push(call);
    }

    fn reinvite(&mut self, status: Option<StatusCode>) {
        self.events.push(Event::Reinvite(status));
    }

    fn registration(&mut self, registration: &Registration) {
        self.events.push(Event::Registration(registration.clone()));
    }

    fn answered(&mut self, at: Timestamp) {
        self.events.push(Event::Answered(at));
    }

    fn session(&mut self, session: &Session) {
        self.events.push(Event::Session(*session));
    }

    fn bye(&mut self, bye: &Bye) {
        self.events.push(Event::Bye(*bye));
    }

    fn evicted(&mut self, table: &str, count: u64, matters: bool) {
        self.events.push(Event::Evicted(table.to_owned().into(), count, matters));
    }
}
