//! The expression of `--where`: what its fields are of a message and of a call, and what it selects.
//!
//! In: text. Out: a [`Condition`] with one unit. One that names a field which only calls have
//! (`outcome`, `pdd`, `duration` …) is asked of each call, once it is over; there `code` is the final
//! that decided, `src` and `dst` are the ends of the first leg, and texts are those of the first
//! INVITE. Any other is asked of each message, and selects what [`Select`] says. There `src` and `dst`
//! are the ends of the request: a response to it has the same, so that `code == 503 and dst == GATEWAY`
//! is what a gateway answered. `sender` and `receiver` are those of the message itself.

use std::sync::Arc;

use super::Needle;
use super::fields::{Field, Fields, Header, Part, is_file, is_of_calls};
use crate::call::{Call, Party, Text};
use crate::expr::{Expression, Of, Problem, Quantity, Read, Value};
use crate::flow::{Endpoint, Flow, Origin, Tap};
use crate::sip::{Message, NameAddr, Reason, Start, Uri};
use crate::time::Nanos;

/// What selects calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `None`: true of all.
    expression: Option<Expression<Field>>,
    unit: Unit,
    /// Parts, one of which the Call-ID must contain; none: any Call-ID will do.
    call_ids: Vec<Needle>,
    select: Select,
    /// What the files of the run are called, by number; only for those who ask.
    files: Arc<[String]>,
    text: String,
}

/// What is selected where a condition is true of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Select {
    /// All messages of its Call-ID, so that calls are judged as in the whole capture.
    #[default]
    Calls,
    /// All messages of its transaction on its hop (RFC 3261 17): the request, what repeats or answers
    /// it there, and the ACK to a failure.
    Transactions,
    /// That message.
    Messages,
}

impl Select {
    /// The word on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Transactions => "transactions",
            Self::Messages => "messages",
        }
    }
}

/// What a condition is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Each message; the call of one that fits is selected.
    Message,
    /// Each attempt.
    Call,
}

impl Condition {
    /// Reads it.
    pub fn new(text: &str) -> Result<Self, Problem> {
        let expression = Expression::condition(text, &Fields)?;
        let unit = if expression.items().into_iter().any(is_of_calls) { Unit::Call } else { Unit::Message };
        Ok(Self { expression: Some(expression), unit, ..Self::all(text.to_owned()) })
    }

    /// True of everything, and written `text`.
    fn all(text: String) -> Self {
        let (unit, select) = (Unit::Message, Select::Calls);
        Self { expression: None, unit, call_ids: Vec::new(), select, files: Arc::default(), text }
    }

    /// `condition`, and one of these parts in the Call-ID; `None` if neither asks for anything.
    pub fn any_of(call_ids: &[String], condition: Option<Self>) -> Option<Self> {
        if call_ids.is_empty() {
            return condition;
        }
        let words: Vec<String> = call_ids.iter().map(|id| format!("call_id contains '{id}'")).collect();
        let own = words.join(" or ");
        let text = condition.as_ref().map_or_else(|| own.clone(), |c| format!("({}) and ({own})", c.text));
        let rest = condition.unwrap_or_else(|| Self::all(String::new()));
        Some(Self { call_ids: call_ids.iter().map(|id| Needle::new(id)).collect(), text, ..rest })
    }

    /// The same, selecting `select`.
    #[must_use]
    pub fn selecting(self, select: Select) -> Self {
        Self { select, ..self }
    }

    /// Why it cannot select what it shall.
    pub fn problem(&self) -> Option<&'static str> {
        let is_odd = self.select != Select::Calls && self.unit == Unit::Call;
        is_odd.then_some(
            "--select messages and transactions take what is asked of messages, and --where asks of calls",
        )
    }

    /// The same for a run over `files`.
    #[must_use]
    pub fn over(self, files: &[String]) -> Self {
        let asks = self.expression.as_ref().is_some_and(|e| e.items().into_iter().any(is_file));
        if asks { Self { files: files.into(), ..self } } else { self }
    }

    fn names(&self, call_id: &[u8]) -> bool {
        self.call_ids.is_empty() || self.call_ids.iter().any(|part| part.is_in(call_id))
    }

    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it selects.
    pub fn select(&self) -> Select {
        self.select
    }

    /// The options that say the same.
    pub fn options(&self) -> String {
        match self.select {
            Select::Calls => format!("--where '{}'", self.text),
            other => format!("--where '{}' --select {}", self.text, other.id()),
        }
    }

    /// What it is asked of.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// It is true of this message.
    pub fn of_message(&self, message: &Message<'_>, origin: &Origin) -> bool {
        let holds =
            |e: &Expression<Field>| e.holds(&OfMessage { message, origin, files: &self.files }) == Some(true);
        let is_named = self.call_ids.is_empty() || message.call_id.is_some_and(|id| self.names(id));
        is_named && self.expression.as_ref().is_none_or(holds)
    }

    /// It is true of this call.
    pub fn of_call(&self, call: &Call) -> bool {
        let holds = |e: &Expression<Field>| e.holds(&OfCall { call, files: &self.files }) == Some(true);
        self.names(call.attempt.call_id.bytes()) && self.expression.as_ref().is_none_or(holds)
    }
}

struct OfMessage<'m, 'b> {
    message: &'m Message<'b>,
    origin: &'m Origin,
    files: &'m [String],
}

impl OfMessage<'_, '_> {
    /// From the sender of the request to its receiver.
    fn flow(&self) -> Flow {
        if self.message.status().is_some() { self.origin.flow.reversed() } else { self.origin.flow }
    }
}

impl Read<Field> for OfMessage<'_, '_> {
    fn read<'a>(&'a self, field: &'a Field) -> Value<'a> {
        let m = self.message;
        let status = m.status();
        match field {
            Field::Method => m.cseq.as_ref().map_or(Value::Absent, |c| Value::Text(c.method.as_bytes())),
            Field::Code => status.map_or(Value::Absent, |s| u64::from(s.get()).into()),
            Field::Transport => self.origin.transport.id().into(),
            Field::CallId => text(m.call_id),
            Field::Party(header, part) => {
                let value = match (header, m.start) {
                    (Header::From, _) => m.from.map(|f| (f.value, f.uri)),
                    (Header::To, _) => m.to.map(|t| (t.value, t.uri)),
                    (Header::Uri, Start::Request { uri, .. }) => Some((uri, uri)),
                    (Header::Uri, Start::Response { .. }) => None,
                };
                value.map_or(Value::Absent, |(value, uri)| part_of(value, uri, *part))
            }
            Field::UserAgent => text(m.agent.filter(|_| status.is_none())),
            Field::Server => text(m.agent.filter(|_| status.is_some())),
            Field::Phrase => match m.start {
                Start::Response { reason, .. } => Value::Text(reason),
                Start::Request { .. } => Value::Absent,
            },
            Field::Reason => text(m.reasons.first().copied()),
            Field::Cause => {
                let q850 = m.reasons.iter().filter_map(|r| Reason::parse(r)).find(Reason::is_q850);
                q850.and_then(|r| r.cause).map_or(Value::Absent, |n| u64::from(n).into())
            }
            Field::Sender => of_flow(self.origin.flow, Field::Source),
            Field::Receiver => of_flow(self.origin.flow, Field::Destination),
            Field::File => file(self.files, self.origin.frame.file),
            Field::Vlan | Field::Interface => of_tap(self.origin.tap, *field),
            other => of_flow(self.flow(), *other),
        }
    }

    fn any(&self, field: &Field, test: &mut dyn FnMut(Value<'_>) -> Option<bool>) -> Option<bool> {
        match field {
            Field::Peer => either(self.flow(), test),
            Field::Interface => interface(self.origin.tap, test),
            _ => test(self.read(field)),
        }
    }
}

struct OfCall<'c> {
    call: &'c Call,
    files: &'c [String],
}

impl Read<Field> for OfCall<'_> {
    fn read<'a>(&'a self, field: &'a Field) -> Value<'a> {
        let a = &self.call.attempt;
        let Some(p) = a.particulars.as_deref() else { return Value::Absent };
        match field {
            Field::Method => "INVITE".into(),
            Field::Code => a.status.map_or(Value::Absent, |s| u64::from(s.get()).into()),
            Field::Transport => p.transport.map_or(Value::Absent, |t| t.id().into()),
            Field::CallId => kept(&a.call_id),
            Field::Party(header, part) => {
                let (value, uri) = match header {
                    Header::From => (p.from.bytes(), NameAddr::parse(p.from.bytes()).uri),
                    Header::To => (p.to.bytes(), NameAddr::parse(p.to.bytes()).uri),
                    Header::Uri => (p.uri.bytes(), p.uri.bytes()),
                };
                if value.is_empty() { Value::Absent } else { part_of(value, uri, *part) }
            }
            Field::UserAgent => kept(&p.user_agent),
            Field::Server => kept(&p.server),
            Field::Phrase => kept(&p.phrase),
            Field::Reason => kept(&p.reason),
            Field::Cause => a.cause.map_or(Value::Absent, |c| u64::from(c).into()),
            Field::Outcome => a.outcome.id().into(),
            Field::Detail => a.details.first().map_or(Value::Absent, |d| d.id().into()),
            Field::Alerted => a.alerted.id().into(),
            Field::Side => a.side.map_or(Value::Absent, |s| s.id().into()),
            Field::HungUpBy => {
                self.call.session.as_ref().filter(|s| s.ended.is_some()).map_or(Value::Absent, |s| {
                    match s.by {
                        Party::Caller => "caller".into(),
                        Party::Callee => "callee".into(),
                        Party::Both => "both".into(),
                        Party::Unknown => Value::Absent,
                    }
                })
            }
            Field::Pdd => span(a.delays.pdd),
            Field::Srd => span(a.delays.srd),
            Field::Setup => span(a.delays.setup),
            Field::Ring => span(a.delays.ring),
            Field::Duration => span(self.call.duration()),
            Field::Messages => u64::from(p.messages).into(),
            Field::Retransmissions => u64::from(p.retransmissions).into(),
            Field::CaptureDuplicates => u64::from(p.capture_duplicates).into(),
            Field::HopCopies => u64::from(p.hop_copies).into(),
            Field::Hops => u64::from(p.hops).into(),
            Field::Bids => (a.bids.len() as u64).into(),
            Field::Sender => of_flow(a.flow, Field::Source),
            Field::Receiver => of_flow(a.flow, Field::Destination),
            Field::File => file(self.files, a.frame.file),
            Field::Vlan | Field::Interface => of_tap(p.tap, *field),
            other => of_flow(a.flow, *other),
        }
    }

    fn any(&self, field: &Field, test: &mut dyn FnMut(Value<'_>) -> Option<bool>) -> Option<bool> {
        let a = &self.call.attempt;
        match field {
            Field::Peer => either(a.flow, test),
            Field::Interface => interface(a.particulars.as_deref().map_or(Tap::default(), |p| p.tap), test),
            Field::Detail if !a.details.is_empty() => {
                let mut truths = a.details.iter().map(|d| test(d.id().into()));
                let all: Vec<Option<bool>> = truths.by_ref().collect();
                if all.contains(&Some(true)) { Some(true) } else { all.into_iter().min().flatten() }
            }
            _ => test(self.read(field)),
        }
    }
}

fn of_flow(flow: Flow, field: Field) -> Value<'static> {
    let address = |e: Endpoint| Value::Address(e.ip, e.port);
    match field {
        Field::Source | Field::Peer => address(flow.source),
        Field::Destination => address(flow.destination),
        Field::SourcePort => u64::from(flow.source.port).into(),
        Field::DestinationPort => u64::from(flow.destination.port).into(),
        _ => Value::Absent,
    }
}

/// The interface's text lives no longer than the test.
fn interface(tap: Tap, test: &mut dyn FnMut(Value<'_>) -> Option<bool>) -> Option<bool> {
    test(tap.interface().as_deref().map_or(Value::Absent, |name| Value::Text(name.as_bytes())))
}

fn of_tap(tap: Tap, field: Field) -> Value<'static> {
    match (field, tap.vlan()) {
        (Field::Vlan, Some(id)) => u64::from(id).into(),
        _ => Value::Absent,
    }
}

fn file(files: &[String], number: u32) -> Value<'_> {
    files.get(number as usize).map_or(Value::Absent, |name| Value::Text(name.as_bytes()))
}

fn either(flow: Flow, test: &mut dyn FnMut(Value<'_>) -> Option<bool>) -> Option<bool> {
    let truth =
        |e: Endpoint, test: &mut dyn FnMut(Value<'_>) -> Option<bool>| test(Value::Address(e.ip, e.port));
    match (truth(flow.source, test), truth(flow.destination, test)) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (a, b) => a.and(b),
    }
}

fn part_of<'a>(value: &'a [u8], uri: &'a [u8], part: Part) -> Value<'a> {
    if part == Part::Whole {
        return Value::Text(value);
    }
    let Some(uri) = Uri::parse(uri) else { return Value::Absent };
    text(if part == Part::User { uri.number() } else { uri.host })
}

fn text(value: Option<&[u8]>) -> Value<'_> {
    value.map_or(Value::Absent, Value::Text)
}

fn kept(value: &Text) -> Value<'_> {
    if value.is_empty() { Value::Absent } else { Value::Text(value.bytes()) }
}

fn span(span: Option<Nanos>) -> Value<'static> {
    let known = span.filter(|d| *d >= Nanos::ZERO);
    known.map_or(Value::Absent, |d| Value::Quantity(Quantity { value: d.as_nanos() as f64, of: Of::Itself }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::sample::attempt;
    use crate::call::{Detail, Outcome, Particulars};
    use crate::flow::Interface;
    use crate::sip::StatusCode;
    use crate::transaction::fixture::{flow, origin, with_message};

    const A: &str = "10.0.0.1:5060";
    const B: &str = "192.0.2.2:5080";

    fn condition(text: &str) -> Condition {
        Condition::new(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn messages_have_fields() {
        let lines = [
            "SIP/2.0 503 Come Back Later",
            "Via: SIP/2.0/UDP h;branch=z9hG4bK1",
            "CSeq: 1 INVITE",
            "Call-ID: abc@h",
            "From: \"A\" <sip:+4930@example.com>;tag=f",
            "To: <tel:+4989>;tag=t",
            "Server: Acme GW/7",
            "Reason: Q.850;cause=34",
        ];
        for (text, expected) in [
            ("code == 503", true),
            ("code == 5xx and method == INVITE", true),
            ("code in 400..499", false),
            // Of the request that this answers.
            ("dst == 10.0.0.1 and src in 192.0.2.0/24", true),
            ("sender == 10.0.0.1 and receiver in 192.0.2.0/24", true),
            ("dst in 192.0.2.0/24", false),
            ("vlan == 7 and interface ~ 'eth*' and file == 'b.pcap'", true),
            ("vlan == 8 or interface == 'wlan0' or file == 'a.pcap'", false),
            ("peer in 10.0.0.0/8", true),
            ("not (peer in 10.0.0.0/8)", false),
            ("dst.port == 5060 and src.port == 5080", true),
            ("transport == udp", true),
            ("call_id == 'abc@h'", true),
            ("call_id ~ 'ABC*'", true),
            ("from.user == '+4930' and from.host == 'example.com'", true),
            ("to.user ~ '4989'", true),
            ("to.host == 'h'", false),
            ("server ~ 'acme'", true),
            ("user_agent ~ 'acme'", false),
            ("phrase == 'Come Back Later'", true),
            ("reason ~ 'cause=34' and cause == 34", true),
            ("uri ~ 'sip:'", false),
            ("not (uri ~ 'sip:')", false),
        ] {
            let c = condition(text).over(&["a.pcap".into(), "b.pcap".into()]);
            assert_eq!(c.unit(), Unit::Message, "{text}");
            let mut at = origin(A, B, 1, 0, 0);
            at.tap = at.tap.on_vlan(7).on_interface(Interface::named(b"eth1"));
            at.frame.file = 1;
            let found = with_message(&lines, |m| c.of_message(m, &at));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn calls_have_these_and_more() {
        let particulars = Particulars {
            from: Text::of(b"<sip:a@h>;tag=1"),
            user_agent: Text::of(b"phone"),
            retransmissions: 2,
            hops: 3,
            tap: Tap::default().on_vlan(12),
            ..Particulars::default()
        };
        let mut a = attempt();
        a.status = StatusCode::new(486);
        a.flow = flow(A, B);
        a.details.extend([Detail::Assumed, Detail::MediaRefused]);
        a.delays.pdd = Some(Nanos::from_millis(2_500));
        a.delays.setup = Some(Nanos::from_millis(-1));
        a.particulars = Some(Box::new(particulars));
        assert_eq!(a.outcome, Outcome::Busy);
        let call = Call { attempt: a, session: None };
        for (text, expected) in [
            ("outcome == busy", true),
            ("outcome in (answered, declined)", false),
            ("outcome == busy and code == 486 and src == 10.0.0.1", true),
            ("pdd > 2s and pdd < 2501ms", true),
            ("setup < 1s", false),
            ("duration > 0s or retransmissions >= 2", true),
            ("hops == 3 and from.user == 'a'", true),
            ("detail == media_refused and user_agent == 'phone'", true),
            ("detail == no_response", false),
            ("bids == 0", true),
            ("vlan == 12 and outcome == busy", true),
            ("hung_up_by == caller", false),
        ] {
            let c = condition(text);
            assert_eq!((c.unit(), c.of_call(&call)), (Unit::Call, expected), "{text}");
        }
    }

    #[test]
    fn less_than_calls_is_selected_only_by_what_messages_have() {
        let c = condition("code == 503").selecting(Select::Messages);
        assert_eq!(c.options(), "--where 'code == 503' --select messages");
        assert!(c.problem().is_none());
        assert!(condition("outcome == busy").selecting(Select::Transactions).problem().is_some());
        assert!(condition("outcome == busy").selecting(Select::Calls).problem().is_none());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, why) in [
            ("outcom == busy", "did you mean 'outcome'"),
            ("code", "no condition"),
            ("code > 'x'", "character"),
            ("outcome == bussy", "busy"),
            ("asr < 5%", "no such field"),
            ("", "at the end"),
        ] {
            let problem = Condition::new(text).unwrap_err().to_string();
            assert!(problem.contains(why), "{text}: {problem}");
        }
    }
}
