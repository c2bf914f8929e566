//! The expression of `--where`: its fields, and what they are of a message and of a call.
//!
//! In: text. Out: a [`Condition`] with one unit. One that names a field which only calls have
//! (`outcome`, `pdd`, `duration` …) is asked of each call, once it is over; there `code` is the final
//! that decided, `src` and `dst` are the ends of the first leg, and texts are those of the first
//! INVITE. Any other is asked of each message, and selects the Call-ID that the message is of.

use super::Needle;
use crate::call::{Alerted, Call, Detail, Party, Side, Text};
use crate::expr::words::{METHOD, OUTCOME, TRANSPORT};
use crate::expr::{
    Argument, Expression, Of, Path, Problem, Quantity, Read, Refused, Scope, Type, Value, Words,
};
use crate::flow::{Endpoint, Flow, Origin};
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
    text: String,
}

/// What a condition is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Each message; the call of one that fits is selected.
    Message,
    /// Each attempt.
    Call,
}

/// A field of messages or of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// Method of the CSeq.
    Method,
    /// Status code.
    Code,
    /// Sender.
    Source,
    /// Receiver.
    Destination,
    /// Either.
    Peer,
    /// Port of the sender.
    SourcePort,
    /// Port of the receiver.
    DestinationPort,
    /// UDP, TCP …
    Transport,
    /// Call-ID.
    CallId,
    /// From, To or Request-URI, or a part of it.
    Party(Header, Part),
    /// `User-Agent` of requests.
    UserAgent,
    /// `Server` of responses.
    Server,
    /// Reason phrase on the wire.
    Phrase,
    /// First `Reason` header.
    Reason,
    /// Q.850 cause.
    Cause,
    /// Outcome.
    Outcome,
    /// A detail of the outcome.
    Detail,
    /// What the caller heard.
    Alerted,
    /// Whom the outcome speaks of.
    Side,
    /// Who hung up.
    HungUpBy,
    /// Post-dial delay.
    Pdd,
    /// First INVITE to status.
    Srd,
    /// First INVITE to answer.
    Setup,
    /// Ringback to answer.
    Ring,
    /// Answer to BYE.
    Duration,
    /// Messages as captured.
    Messages,
    /// Sent again.
    Retransmissions,
    /// Captured twice.
    CaptureDuplicates,
    /// Seen on another hop.
    HopCopies,
    /// Pairs of addresses.
    Hops,
    /// Tries on the first leg.
    Bids,
}

/// A place for URIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// `From`.
    From,
    /// `To`.
    To,
    /// Request-URI.
    Uri,
}

/// What of a URI is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The whole value as written.
    Whole,
    /// The user or number.
    User,
    /// The host.
    Host,
}

static DETAIL: Words = Words {
    what: "detail",
    canonical: |word| word_of(Detail::ALL.iter().map(|d| d.id()), word),
    open: false,
    known: || Detail::ALL.iter().map(|d| d.id().to_owned()).collect(),
};
static ALERTED: Words = Words {
    what: "alerted",
    canonical: |word| word_of(Alerted::ALL.iter().map(|d| d.id()), word),
    open: false,
    known: || Alerted::ALL.iter().map(|d| d.id().to_owned()).collect(),
};
static SIDE: Words = Words {
    what: "side",
    canonical: |word| word_of(Side::ALL.iter().map(|d| d.id()), word),
    open: false,
    known: || Side::ALL.iter().map(|d| d.id().to_owned()).collect(),
};
static PARTY: Words = Words {
    what: "party",
    canonical: |word| word_of(PARTIES.into_iter(), word),
    open: false,
    known: || PARTIES.map(str::to_owned).to_vec(),
};
const PARTIES: [&str; 3] = ["caller", "callee", "both"];

/// Names, what they are, and whether only calls have them.
const FIELDS: &[(&str, Field, Type, bool)] = &[
    ("method", Field::Method, Type::Word(&METHOD), false),
    ("code", Field::Code, Type::Code, false),
    ("src", Field::Source, Type::Address, false),
    ("dst", Field::Destination, Type::Address, false),
    ("peer", Field::Peer, Type::Address, false),
    ("src.port", Field::SourcePort, Type::Count, false),
    ("dst.port", Field::DestinationPort, Type::Count, false),
    ("transport", Field::Transport, Type::Word(&TRANSPORT), false),
    ("call_id", Field::CallId, Type::Text, false),
    ("from", Field::Party(Header::From, Part::Whole), Type::Text, false),
    ("from.user", Field::Party(Header::From, Part::User), Type::Text, false),
    ("from.host", Field::Party(Header::From, Part::Host), Type::Text, false),
    ("to", Field::Party(Header::To, Part::Whole), Type::Text, false),
    ("to.user", Field::Party(Header::To, Part::User), Type::Text, false),
    ("to.host", Field::Party(Header::To, Part::Host), Type::Text, false),
    ("uri", Field::Party(Header::Uri, Part::Whole), Type::Text, false),
    ("uri.user", Field::Party(Header::Uri, Part::User), Type::Text, false),
    ("uri.host", Field::Party(Header::Uri, Part::Host), Type::Text, false),
    ("user_agent", Field::UserAgent, Type::Text, false),
    ("server", Field::Server, Type::Text, false),
    ("phrase", Field::Phrase, Type::Text, false),
    ("reason", Field::Reason, Type::Text, false),
    ("cause", Field::Cause, Type::Count, false),
    ("outcome", Field::Outcome, Type::Word(&OUTCOME), true),
    ("detail", Field::Detail, Type::Word(&DETAIL), true),
    ("alerted", Field::Alerted, Type::Word(&ALERTED), true),
    ("side", Field::Side, Type::Word(&SIDE), true),
    ("hung_up_by", Field::HungUpBy, Type::Word(&PARTY), true),
    ("pdd", Field::Pdd, Type::Time, true),
    ("srd", Field::Srd, Type::Time, true),
    ("setup", Field::Setup, Type::Time, true),
    ("ring", Field::Ring, Type::Time, true),
    ("duration", Field::Duration, Type::Time, true),
    ("messages", Field::Messages, Type::Count, true),
    ("capture_duplicates", Field::CaptureDuplicates, Type::Count, true),
    ("hop_copies", Field::HopCopies, Type::Count, true),
    ("retransmissions", Field::Retransmissions, Type::Count, true),
    ("hops", Field::Hops, Type::Count, true),
    ("bids", Field::Bids, Type::Count, true),
];

/// Knows the fields.
struct Fields;

impl Scope for Fields {
    type Item = Field;

    fn name(&self, path: &Path) -> Result<(Field, Type), Refused> {
        let word = path.to_string();
        match FIELDS.iter().find(|(name, ..)| *name == word) {
            Some((_, field, kind, _)) => Ok((*field, *kind)),
            None => Err(Refused::unknown("field", &word, FIELDS.iter().map(|(name, ..)| (*name).to_owned()))),
        }
    }

    fn call(&self, function: &str, _arguments: &[Argument]) -> Result<(Field, Type), Refused> {
        Err(Refused::new(format!("there is no function '{function}' of messages or calls")))
    }
}

impl Condition {
    /// Reads it.
    pub fn new(text: &str) -> Result<Self, Problem> {
        let expression = Expression::condition(text, &Fields)?;
        let of_calls = |field: &Field| FIELDS.iter().any(|(_, f, _, only_calls)| f == field && *only_calls);
        let unit = if expression.items().into_iter().any(of_calls) { Unit::Call } else { Unit::Message };
        let text = text.to_owned();
        Ok(Self { expression: Some(expression), unit, call_ids: Vec::new(), text })
    }

    /// `condition`, and one of these parts in the Call-ID; `None` if neither asks for anything.
    pub fn any_of(call_ids: &[String], condition: Option<Self>) -> Option<Self> {
        if call_ids.is_empty() {
            return condition;
        }
        let words: Vec<String> = call_ids.iter().map(|id| format!("call_id contains '{id}'")).collect();
        let own = words.join(" or ");
        let text = condition.as_ref().map_or_else(|| own.clone(), |c| format!("({}) and ({own})", c.text));
        let (expression, unit) = condition.map_or((None, Unit::Message), |c| (c.expression, c.unit));
        Some(Self { expression, unit, call_ids: call_ids.iter().map(|id| Needle::new(id)).collect(), text })
    }

    fn names(&self, call_id: &[u8]) -> bool {
        self.call_ids.is_empty() || self.call_ids.iter().any(|part| part.is_in(call_id))
    }

    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it is asked of.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// It is true of this message.
    pub fn of_message(&self, message: &Message<'_>, origin: &Origin) -> bool {
        let holds = |e: &Expression<Field>| e.holds(&OfMessage { message, origin }) == Some(true);
        message.call_id.is_some_and(|id| self.names(id)) && self.expression.as_ref().is_none_or(holds)
    }

    /// It is true of this call.
    pub fn of_call(&self, call: &Call) -> bool {
        let holds = |e: &Expression<Field>| e.holds(&OfCall(call)) == Some(true);
        self.names(call.attempt.call_id.bytes()) && self.expression.as_ref().is_none_or(holds)
    }
}

struct OfMessage<'m, 'b> {
    message: &'m Message<'b>,
    origin: &'m Origin,
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
            other => of_flow(self.origin.flow, *other),
        }
    }

    fn any(&self, field: &Field, test: &mut dyn FnMut(Value<'_>) -> Option<bool>) -> Option<bool> {
        if *field == Field::Peer { either(self.origin.flow, test) } else { test(self.read(field)) }
    }
}

struct OfCall<'c>(&'c Call);

impl Read<Field> for OfCall<'_> {
    fn read<'a>(&'a self, field: &'a Field) -> Value<'a> {
        let a = &self.0.attempt;
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
                self.0.session.as_ref().filter(|s| s.ended.is_some()).map_or(Value::Absent, |s| match s.by {
                    Party::Caller => "caller".into(),
                    Party::Callee => "callee".into(),
                    Party::Both => "both".into(),
                    Party::Unknown => Value::Absent,
                })
            }
            Field::Pdd => span(a.delays.pdd),
            Field::Srd => span(a.delays.srd),
            Field::Setup => span(a.delays.setup),
            Field::Ring => span(a.delays.ring),
            Field::Duration => span(self.0.duration()),
            Field::Messages => u64::from(p.messages).into(),
            Field::Retransmissions => u64::from(p.retransmissions).into(),
            Field::CaptureDuplicates => u64::from(p.capture_duplicates).into(),
            Field::HopCopies => u64::from(p.hop_copies).into(),
            Field::Hops => u64::from(p.hops).into(),
            Field::Bids => (a.bids.len() as u64).into(),
            other => of_flow(a.flow, *other),
        }
    }

    fn any(&self, field: &Field, test: &mut dyn FnMut(Value<'_>) -> Option<bool>) -> Option<bool> {
        let a = &self.0.attempt;
        match field {
            Field::Peer => either(a.flow, test),
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

fn word_of(mut all: impl Iterator<Item = &'static str>, word: &str) -> Option<String> {
    all.find(|w| *w == word).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::sample::attempt;
    use crate::call::{Outcome, Particulars};
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
            ("src == 10.0.0.1 and dst in 192.0.2.0/24", true),
            ("dst in 10.0.0.0/8", false),
            ("peer in 10.0.0.0/8", true),
            ("not (peer in 10.0.0.0/8)", false),
            ("src.port == 5060 and dst.port == 5080", true),
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
            let c = condition(text);
            assert_eq!(c.unit(), Unit::Message, "{text}");
            let found = with_message(&lines, |m| c.of_message(m, &origin(A, B, 1, 0, 0)));
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
            ("hung_up_by == caller", false),
        ] {
            let c = condition(text);
            assert_eq!((c.unit(), c.of_call(&call)), (Unit::Call, expected), "{text}");
        }
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
