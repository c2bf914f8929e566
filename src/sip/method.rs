//! Request methods: case-sensitive tokens (RFC 3261 7.1, 20.16).

/// A method. Those of the IANA registry have names; any other token is kept as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method<'a> {
    /// RFC 3261.
    Invite,
    /// RFC 3261. Never answered.
    Ack,
    /// RFC 3261.
    Bye,
    /// RFC 3261.
    Cancel,
    /// RFC 3261.
    Register,
    /// RFC 3261.
    Options,
    /// RFC 3262.
    Prack,
    /// RFC 6665.
    Subscribe,
    /// RFC 6665.
    Notify,
    /// RFC 3903.
    Publish,
    /// RFC 6086.
    Info,
    /// RFC 3515.
    Refer,
    /// RFC 3428.
    Message,
    /// RFC 3311.
    Update,
    /// Any other token, case kept.
    Other(&'a [u8]),
}

impl<'a> Method<'a> {
    /// The registered methods.
    pub const REGISTERED: [Method<'static>; 14] = [
        Method::Invite,
        Method::Ack,
        Method::Bye,
        Method::Cancel,
        Method::Register,
        Method::Options,
        Method::Prack,
        Method::Subscribe,
        Method::Notify,
        Method::Publish,
        Method::Info,
        Method::Refer,
        Method::Message,
        Method::Update,
    ];

    /// The method that `token` names. The caller has checked that it is a token.
    #[inline]
    #[expect(clippy::collapsible_match, reason = "the length first: guards would be asked one after another")]
    pub fn from_token(token: &'a [u8]) -> Self {
        macro_rules! name {
            ($($len:literal: $($name:literal $method:ident)*;)*) => {
                match token.len() {
                    $($len => {
                        $(if as_number(token) == const { as_number($name) } {
                            return Self::$method;
                        })*
                    })*
                    9 if token == b"SUBSCRIBE" => return Self::Subscribe,
                    _ => {}
                }
            };
        }
        name! {
            3: b"ACK" Ack b"BYE" Bye;
            4: b"INFO" Info;
            5: b"PRACK" Prack b"REFER" Refer;
            6: b"INVITE" Invite b"CANCEL" Cancel b"NOTIFY" Notify b"UPDATE" Update;
            7: b"OPTIONS" Options b"PUBLISH" Publish b"MESSAGE" Message;
            8: b"REGISTER" Register;
        }
        Self::Other(token)
    }

    /// The token on the wire.
    pub fn as_bytes(&self) -> &'a [u8] {
        match *self {
            Self::Invite => b"INVITE",
            Self::Ack => b"ACK",
            Self::Bye => b"BYE",
            Self::Cancel => b"CANCEL",
            Self::Register => b"REGISTER",
            Self::Options => b"OPTIONS",
            Self::Prack => b"PRACK",
            Self::Subscribe => b"SUBSCRIBE",
            Self::Notify => b"NOTIFY",
            Self::Publish => b"PUBLISH",
            Self::Info => b"INFO",
            Self::Refer => b"REFER",
            Self::Message => b"MESSAGE",
            Self::Update => b"UPDATE",
            Self::Other(token) => token,
        }
    }
}

/// A token of three to eight letters as a number, which no other token of that length has.
#[inline(always)]
const fn as_number(token: &[u8]) -> u64 {
    match (token.first_chunk(), token.last_chunk(), token) {
        (Some(head), Some(tail), _) => {
            (u32::from_le_bytes(*tail) as u64) << 32 | u32::from_le_bytes(*head) as u64
        }
        (_, _, &[a, b, c]) => u32::from_le_bytes([a, b, c, 0]) as u64,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_registered_method_survives_the_round_trip() {
        for m in Method::REGISTERED {
            assert_eq!(Method::from_token(m.as_bytes()), m);
        }
    }

    #[test]
    fn case_matters() {
        assert_eq!(Method::from_token(b"invite"), Method::Other(b"invite"));
    }
}
