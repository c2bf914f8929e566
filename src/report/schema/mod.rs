//! JSON Schemas (2020-12) of what the program writes as JSON: printed by `sipstat schema`.
//!
//! They are generated from the wire types and committed beside this file; a test of each type holds
//! the two together (`check`). To add one: derive `schemars::JsonSchema` on the wire types for tests,
//! add a row here, and call `check` in their tests with `SIPSTAT_BLESS=1`.

/// Names, what each describes, and the schemas.
pub const SCHEMAS: [(&str, &str, &str); 1] =
    [("report", "the report: --format json", include_str!("report.json"))];

/// The schema with this name.
pub fn schema(name: &str) -> Option<&'static str> {
    SCHEMAS.iter().find(|(n, ..)| *n == name).map(|(.., text)| *text)
}

#[cfg(test)]
mod check;
#[cfg(test)]
pub(crate) use check::check;
