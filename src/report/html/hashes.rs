//! SHA-256 of the page's style and script, for its policy. A test says what they must be.

pub(super) const STYLE: &str = "sha256-NVc4xlebMQy+nt4XPIysLK2yTIk8o8PatWTbeXoQ6Pw=";
pub(super) const SCRIPT: &str = "sha256-oamUQ1WLnIryE3oST4Sh7GvOyGikIDLzQTEjmkcEqzQ=";
