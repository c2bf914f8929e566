//! The six classes of responses (RFC 3261 7.2), in its words.

/// A class of responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassInfo {
    /// The first digit of its codes, 1–6.
    pub digit: u8,
    /// The name in machine output.
    pub id: &'static str,
    /// The name in RFC 3261 7.2.
    pub name: &'static str,
    /// What a response of the class says.
    pub meaning: &'static str,
}

const CLASSES: [ClassInfo; 6] = [
    ClassInfo {
        digit: 1,
        id: "provisional",
        name: "Provisional",
        meaning: "The request was received and is being worked on; a final response follows. \
                  An unknown 1xx other than 100 counts as 183 (RFC 3261 8.1.3.2).",
    },
    ClassInfo {
        digit: 2,
        id: "success",
        name: "Success",
        meaning: "The request was understood and accepted. To an initial INVITE: the call was answered.",
    },
    ClassInfo {
        digit: 3,
        id: "redirection",
        name: "Redirection",
        meaning: "The caller's side should try the addresses in Contact. Not a failure.",
    },
    ClassInfo {
        digit: 4,
        id: "client_error",
        name: "Client Error",
        meaning: "This server cannot or will not do it as it was asked: do not send the same \
                  request to it again unchanged (RFC 3261 21.4). The class mixes busy callees, wrong \
                  numbers, refusals, challenges and steps of a negotiation: look at the codes, and \
                  for calls at the outcomes.",
    },
    ClassInfo {
        digit: 5,
        id: "server_error",
        name: "Server Error",
        meaning: "The request looks right, but the server could not do it; another server may (RFC 3261 21.5).",
    },
    ClassInfo {
        digit: 6,
        id: "global_failure",
        name: "Global Failure",
        meaning: "No server will do it: the one that answered knows about the user as a whole (RFC 3261 21.6).",
    },
];

/// All classes, in order.
pub fn classes() -> &'static [ClassInfo; 6] {
    &CLASSES
}
