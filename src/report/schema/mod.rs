//! JSON Schemas (2020-12) of what the program writes as JSON: printed by `sipstat schema`.
//!
//! They are generated from the wire types and committed beside this file; a test of each type holds
//! the two together (`check`). To add one: derive `schemars::JsonSchema` on the wire types for tests,
//! add a row here, and call `check` in their tests with `SIPSTAT_BLESS=1`.

/// Names, what each describes, and the schemas.
pub const SCHEMAS: [(&str, &str, &str); 6] = [
    ("report", "the report: --format json", include_str!("report.json")),
    ("check", "a verdict: check --format json", include_str!("check.json")),
    ("compare", "a comparison: compare --format json", include_str!("compare.json")),
    ("summary", "all that was counted: --save", include_str!("summary.json")),
    ("interval", "a line of --follow --interval", include_str!("interval.json")),
    ("calls", "a line of calls --format ndjson", include_str!("calls.json")),
];

/// The schema with this name.
pub fn schema(name: &str) -> Option<&'static str> {
    SCHEMAS.iter().find(|(n, ..)| *n == name).map(|(.., text)| *text)
}

#[cfg(test)]
mod check;
#[cfg(test)]
pub(crate) use check::check;

#[cfg(test)]
mod tests {
    use crate::stats::{Counted, SUMMARY_SCHEMA};

    #[test]
    fn the_committed_schema_is_that_of_a_saved_summary() {
        super::check::<Counted>("summary", SUMMARY_SCHEMA);
    }
}
