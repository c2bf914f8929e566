//! The fields of `--where`: names, types, and which only calls have.

use crate::call::{Alerted, Detail, Side};
use crate::expr::words::{METHOD, OUTCOME, TRANSPORT};
use crate::expr::{Argument, Path, Refused, Scope, Type, Words};

/// A field of messages or of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// Method of the CSeq.
    Method,
    /// Status code.
    Code,
    /// Who sent the request: of a response, that of its request.
    Source,
    /// Whom the request was sent to.
    Destination,
    /// Either.
    Peer,
    /// Who sent the message itself.
    Sender,
    /// Whom the message itself was sent to.
    Receiver,
    /// Port of the source.
    SourcePort,
    /// Port of the destination.
    DestinationPort,
    /// VLAN of the innermost tag.
    Vlan,
    /// Interface, as the capture calls it.
    Interface,
    /// The file, as the report names it.
    File,
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
    ("sender", Field::Sender, Type::Address, false),
    ("receiver", Field::Receiver, Type::Address, false),
    ("vlan", Field::Vlan, Type::Count, false),
    ("interface", Field::Interface, Type::Text, false),
    ("file", Field::File, Type::Text, false),
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
pub(super) struct Fields;

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

/// Whether only calls have this field.
pub(super) fn is_of_calls(field: &Field) -> bool {
    FIELDS.iter().any(|(_, f, _, only_calls)| f == field && *only_calls)
}

/// Whether `field` asks where the message was captured.
pub(super) fn is_file(field: &Field) -> bool {
    *field == Field::File
}

fn word_of(mut all: impl Iterator<Item = &'static str>, word: &str) -> Option<String> {
    all.find(|w| *w == word).map(str::to_owned)
}
