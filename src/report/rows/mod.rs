//! One row a call: as a table for people, as CSV and NDJSON for machines.
//!
//! In: calls, one after the other. Out: lines. Nothing is computed over several calls but the sum of
//! their outcomes below the table. What others chose (URIs, Call-IDs, products) is escaped as each
//! format needs it.

mod cells;
mod csv;
mod ndjson;
mod table;

use crate::call::{Call, Outcome};
use crate::time::Scale;

/// The formats of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A table as wide as the page.
    #[default]
    Table,
    /// RFC 4180, a head first.
    Csv,
    /// An object a line.
    Ndjson,
}

/// Writes rows.
#[derive(Debug)]
pub struct Rows {
    format: Format,
    columns: usize,
    /// Names of the input files, by their number.
    files: Vec<String>,
    scale: Scale,
    day: Option<String>,
    outcomes: [u64; Outcome::ALL.len()],
}

impl Rows {
    /// Rows of calls from `files`, for a page of `columns`.
    pub fn new(format: Format, columns: usize, files: &[String], scale: Scale) -> Self {
        Self { format, columns, files: files.to_vec(), scale, day: None, outcomes: Default::default() }
    }

    /// What stands before the first row.
    pub fn head(&self) -> String {
        match self.format {
            Format::Table => table::head(self.columns, self.scale),
            Format::Csv => csv::head(),
            Format::Ndjson => String::new(),
        }
    }

    /// The row of `call`, its line end included.
    pub fn row(&mut self, call: &Call) -> String {
        self.outcomes[call.attempt.outcome as usize] += 1;
        match self.format {
            Format::Table => table::row(call, self.columns, self.scale, &mut self.day),
            Format::Csv => csv::row(call, &self.files, self.scale),
            Format::Ndjson => ndjson::row(call, &self.files, self.scale),
        }
    }

    /// What stands after the last row, `omitted` of which were left out.
    pub fn foot(&self, omitted: u64) -> String {
        match self.format {
            Format::Table => table::foot(&self.outcomes, omitted, self.columns),
            Format::Csv | Format::Ndjson => String::new(),
        }
    }
}
