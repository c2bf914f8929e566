//! What messages, bids and attempts can be told apart by: the one list that `--by`, findings, every
//! format and every filter share.

use std::fmt;
use std::str::FromStr;

use crate::nearest::nearest;

/// One way of telling traffic apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Who sent the request: address and port; over TCP and WebSocket the address alone, for the port
    /// of a connection's client is a mere number.
    Source,
    /// Whom the request was sent to: address and port.
    Destination,
    /// The end that is not ours, without its port. Ours are the local networks of `--trunks`, else the
    /// addresses that most hops have in common.
    Peer,
    /// Source and destination together, without ports.
    Hop,
    /// Address, port and transport at which requests arrived.
    Listen,
    /// The trunk that `--trunks` names.
    Trunk,
    /// Into or out of the local networks of `--trunks`.
    Direction,
    /// What carried the message.
    Transport,
    /// The file.
    File,
    /// The interface at which it was captured, as the capture names it.
    Interface,
    /// The VLAN of the innermost tag (IEEE 802.1Q).
    Vlan,
    /// The method: of the request line, or of a response's CSeq.
    Method,
    /// The response's code.
    Code,
    /// The response's class.
    Class,
    /// The outcome of the attempt.
    Outcome,
    /// `User-Agent` of the request (RFC 3261 20.41).
    UserAgent,
    /// `Server` of the response (20.35), or its `User-Agent`.
    Server,
    /// Host of the `From` URI.
    FromDomain,
    /// Host of the `To` URI.
    ToDomain,
    /// Host of the Request-URI.
    UriDomain,
    /// The first digits of the called number (`--prefix-length`).
    Prefix,
    /// Q.850 or SIP cause of the response's `Reason` header (RFC 3326).
    Cause,
}

impl Dimension {
    /// All of them, in the order of documents.
    pub const ALL: [Self; 22] = [
        Self::Source,
        Self::Destination,
        Self::Peer,
        Self::Hop,
        Self::Listen,
        Self::Trunk,
        Self::Direction,
        Self::Transport,
        Self::File,
        Self::Interface,
        Self::Vlan,
        Self::Method,
        Self::Code,
        Self::Class,
        Self::Outcome,
        Self::UserAgent,
        Self::Server,
        Self::FromDomain,
        Self::ToDomain,
        Self::UriDomain,
        Self::Prefix,
        Self::Cause,
    ];

    /// The name on the command line and in machine output.
    pub fn id(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
            Self::Peer => "peer",
            Self::Hop => "hop",
            Self::Listen => "listen",
            Self::Trunk => "trunk",
            Self::Direction => "direction",
            Self::Transport => "transport",
            Self::File => "file",
            Self::Interface => "interface",
            Self::Vlan => "vlan",
            Self::Method => "method",
            Self::Code => "code",
            Self::Class => "class",
            Self::Outcome => "outcome",
            Self::UserAgent => "user_agent",
            Self::Server => "server",
            Self::FromDomain => "from_domain",
            Self::ToDomain => "to_domain",
            Self::UriDomain => "uri_domain",
            Self::Prefix => "prefix",
            Self::Cause => "cause",
        }
    }

    /// The words at the head of a column.
    pub fn title(self) -> &'static str {
        match self {
            Self::Source => "Source",
            Self::Destination => "Destination",
            Self::Peer => "Peer",
            Self::Hop => "Hop",
            Self::Listen => "Listening at",
            Self::Trunk => "Trunk",
            Self::Direction => "Direction",
            Self::Transport => "Transport",
            Self::File => "File",
            Self::Interface => "Interface",
            Self::Vlan => "VLAN",
            Self::Method => "Method",
            Self::Code => "Code",
            Self::Class => "Class",
            Self::Outcome => "Outcome",
            Self::UserAgent => "User-Agent",
            Self::Server => "Server",
            Self::FromDomain => "From domain",
            Self::ToDomain => "To domain",
            Self::UriDomain => "Request-URI domain",
            Self::Prefix => "Prefix",
            Self::Cause => "Cause",
        }
    }

    /// Whether an INVITE counts by its bids: rows of places on the network.
    pub fn is_place(self) -> bool {
        matches!(
            self,
            Self::Source
                | Self::Destination
                | Self::Peer
                | Self::Hop
                | Self::Listen
                | Self::Trunk
                | Self::Interface
                | Self::Vlan
        )
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

named!(Dimension, &Dimension::ALL);

/// No dimension has this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownDimension(pub String);

impl fmt::Display for UnknownDimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = Dimension::ALL.iter().map(|d| d.id()).collect();
        write!(f, "no dimension '{}'; ", self.0)?;
        // People shorten what is long: dest, interf.
        let word = self.0.to_ascii_lowercase();
        let begun = names.iter().find(|n| word.len() > 2 && n.starts_with(&word)).map(|n| (*n).to_owned());
        match begun.or_else(|| nearest(&word, names.iter().map(|n| (*n).to_owned()))) {
            Some(name) => write!(f, "did you mean '{name}'? There are {}", names.join(", ")),
            None => write!(f, "there are {}", names.join(", ")),
        }
    }
}

impl std::error::Error for UnknownDimension {}

impl FromStr for Dimension {
    type Err = UnknownDimension;

    /// The name, with `-` for `_` if one likes, or a short one: `src`, `dst`, `ua`.
    fn from_str(name: &str) -> Result<Self, UnknownDimension> {
        let plain = name.trim().to_ascii_lowercase().replace('-', "_");
        let id = match plain.as_str() {
            "src" => "source",
            "dst" => "destination",
            "ua" | "agent" => "user_agent",
            "domain" => "to_domain",
            "ruri_domain" => "uri_domain",
            "reason" => "cause",
            "iface" => "interface",
            other => other,
        };
        Self::ALL.into_iter().find(|d| d.id() == id).ok_or_else(|| UnknownDimension(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dimension_is_found_by_its_name_and_by_short_ones() {
        for d in Dimension::ALL {
            assert_eq!(d.id().parse(), Ok(d));
            assert_eq!(d.id().replace('_', "-").parse(), Ok(d));
        }
        assert_eq!("dst".parse(), Ok(Dimension::Destination));
        assert_eq!(" UA ".parse(), Ok(Dimension::UserAgent));
        let text = |word: &str| UnknownDimension(word.into()).to_string();
        assert!(
            text("dest").starts_with("no dimension 'dest'; did you mean 'destination'? There are source,")
        );
        assert!(text("sorce").contains("'source'?") && !text("weather").contains("mean"));
        assert_eq!("weather".parse::<Dimension>(), Err(UnknownDimension("weather".into())));
    }
}
