//! One JSON object a line; absent is `null`, as everywhere.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::cells::{Cell, NAMES, cells, instant};
use crate::call::Call;
use crate::report::json;

/// One row.
pub(super) fn row(call: &Call, files: &[String]) -> String {
    let mut line = Vec::new();
    // Strings and numbers only, to memory: nothing that could fail.
    let _ = json::line(&Row(cells(call, files)), &mut line);
    String::from_utf8(line).unwrap_or_default()
}

struct Row([Cell; 36]);

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(NAMES.len()))?;
        for (name, cell) in NAMES.iter().zip(&self.0) {
            match cell {
                Cell::Absent => map.serialize_entry(name, &())?,
                Cell::Foreign(text) => map.serialize_entry(name, text)?,
                Cell::Word(word) => map.serialize_entry(name, word)?,
                Cell::Words(words) => map.serialize_entry(name, words)?,
                Cell::Number(n) => map.serialize_entry(name, n)?,
                Cell::Span(span) => map.serialize_entry(name, &(span.as_nanos() as f64 / 1e6))?,
                Cell::Time(t) => map.serialize_entry(name, &instant(*t))?,
            }
        }
        map.end()
    }
}
