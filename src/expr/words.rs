//! Bare words that are literals where one is expected: methods, outcomes, transports.

use super::types::Words;
use crate::call::{Outcome, RegisterOutcome};
use crate::registry;

/// A method that IANA registered. Another one is written as text: `'FOO'`.
pub static METHOD: Words = Words {
    what: "method",
    canonical: |word| registry::method(word).map(|m| m.name.to_string()),
    open: true,
    known: || registry::methods().iter().map(|m| m.name.to_string()).collect(),
};

/// An outcome of an INVITE attempt or a registration.
pub static OUTCOME: Words = Words {
    what: "outcome",
    canonical: |word| outcomes().find(|o| *o == word).map(str::to_owned),
    open: false,
    known: || outcomes().map(str::to_owned).collect(),
};

/// What carried a message.
pub static TRANSPORT: Words = Words {
    what: "transport",
    canonical: |word| transports().find(|t| t.eq_ignore_ascii_case(word)),
    open: false,
    known: || transports().collect(),
};

fn outcomes() -> impl Iterator<Item = &'static str> {
    let register = RegisterOutcome::ALL.iter().map(|o| o.id());
    Outcome::ALL.iter().map(|o| o.id()).chain(register)
}

fn transports() -> impl Iterator<Item = String> {
    crate::flow::Transport::ALL.iter().map(|t| t.id().to_owned())
}
