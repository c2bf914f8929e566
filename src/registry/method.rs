//! Request methods: what they are for and how they are answered.

use std::sync::OnceLock;

use super::tsv;

const TABLE: &str = include_str!("methods.tsv");

/// What is known of one method.
#[derive(Clone, Copy, Debug)]
pub struct MethodInfo {
    /// The token on the wire.
    pub name: &'static str,
    /// The document that defines it.
    pub reference: &'static str,
    /// Whether the IANA registry holds it.
    pub registered: bool,
    /// What it is for.
    pub job: &'static str,
    /// Which dialog it makes or needs.
    pub dialog: &'static str,
    /// How it is answered.
    pub responses: &'static str,
    /// What to know when counting it.
    pub notes: &'static str,
}

/// The registered methods and a few that common software sends without registration.
pub fn methods() -> &'static [MethodInfo] {
    static METHODS: OnceLock<Vec<MethodInfo>> = OnceLock::new();
    METHODS.get_or_init(|| tsv::rows(TABLE, row))
}

/// The method called `name`, case-sensitive as on the wire (RFC 3261 20.16).
pub fn method(name: &str) -> Option<&'static MethodInfo> {
    methods().iter().find(|m| m.name == name)
}

fn row(
    [name, reference, registered, job, dialog, responses, notes]: [&'static str; 7],
) -> Option<MethodInfo> {
    Some(MethodInfo { name, reference, registered: registered == "yes", job, dialog, responses, notes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Method;

    #[test]
    fn every_row_is_understood_and_every_registered_method_has_one() {
        assert_eq!(methods().len(), tsv::count(TABLE));
        let registered: Vec<_> =
            methods().iter().filter(|m| m.registered).map(|m| m.name.as_bytes()).collect();
        assert_eq!(registered, Method::REGISTERED.map(|m| m.as_bytes()));
    }
}
