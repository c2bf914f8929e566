//! One JSON object a line; absent is `null`, as everywhere.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::cells::{Cell, NAMES, cells, instant};
use crate::call::Call;
use crate::report::json;
use crate::time::Scale;

/// One row.
pub(super) fn row(call: &Call, files: &[String], scale: Scale) -> String {
    let mut line = Vec::new();
    // Strings and numbers only, to memory: nothing that could fail.
    let _ = json::line(&Row(cells(call, files), scale), &mut line);
    String::from_utf8(line).unwrap_or_default()
}

struct Row([Cell; 36], Scale);

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
                Cell::Time(t) => map.serialize_entry(name, &instant(*t, self.1))?,
            }
        }
        map.end()
    }
}

/// A row as readers get it: every field is there, `null` where nothing is known.
#[cfg(test)]
impl schemars::JsonSchema for Row {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Call".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        use super::cells::{Kind, kind};
        let field = |name: &&str| {
            let schema = match kind(name) {
                Kind::Text => serde_json::json!({"type": ["string", "null"]}),
                Kind::Words => serde_json::json!({"type": "array", "items": {"type": "string"}}),
                Kind::Count => serde_json::json!({"type": ["integer", "null"], "minimum": 0}),
                Kind::Milliseconds => serde_json::json!({"type": ["number", "null"], "minimum": 0}),
                Kind::Instant => serde_json::json!({"type": "string"}),
            };
            ((*name).to_owned(), schema)
        };
        let properties: serde_json::Map<_, _> = NAMES.iter().map(field).collect();
        schemars::json_schema!({"type": "object", "properties": properties, "required": NAMES.as_slice()})
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_schema_is_that_of_a_row() {
        crate::report::schema::check::<super::Row>("calls", "sipstat calls --format ndjson");
    }
}
