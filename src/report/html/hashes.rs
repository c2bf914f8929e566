//! SHA-256 of the page's style and script, for its policy. A test says what they must be.

pub(super) const STYLE: &str = "sha256-sPsLs4zP2Plo7lofKr3J1v98wHLCui808paesgKrrHE=";
pub(super) const SCRIPT: &str = "sha256-QlhMk60pHe6ytsvhocpcu2jIPstWZpPlnjZFfKAzwxk=";
