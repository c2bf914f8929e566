//! A saved summary as a file: told by its content, read with distrust.
//!
//! In: a file that anyone may have written. Out: what it says was counted. Its size is bounded, its
//! depth by the parser, its numbers by [`super::audit`]; what remains is checked where it is read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::audit;
use crate::capture::unpacked;
use crate::error::Error;
use crate::stats::{Counted, SUMMARY_SCHEMA};

/// The greatest file that is read.
pub const MAX_BYTES: u64 = 256 << 20;

/// Bytes in which the schema has to be found.
const LOOKS_AT: u64 = 4096;

/// Whether the file at `path`, compressed or not, is a saved summary of any version: a JSON object whose `schema` says so
/// near its beginning.
pub fn is_saved(path: &Path) -> bool {
    let is_file = path.metadata().is_ok_and(|m| m.is_file());
    let mut head = Vec::new();
    is_file
        && File::open(path)
            .and_then(unpacked)
            .is_ok_and(|f| f.take(LOOKS_AT).read_to_end(&mut head).is_ok() || !head.is_empty())
        && schema(&head).is_some()
}

/// Reads the saved summary at `path`.
pub fn read(path: &Path) -> Result<Counted, Error> {
    let name = path.display().to_string();
    let failed = |what: String| Error::input(name.clone(), what);
    let file = File::open(path).and_then(unpacked).map_err(|e| failed(e.to_string()))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| failed(e.to_string()))?;
    parse(&bytes).map_err(|why| failed(why).remedy("save it again from its capture"))
}

/// The saved summary in `bytes`; else why it is none.
pub fn parse(bytes: &[u8]) -> Result<Counted, String> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("a saved summary of more than {} MiB is not read", MAX_BYTES >> 20));
    }
    match schema(bytes.get(..LOOKS_AT as usize).unwrap_or(bytes)) {
        Some(version) if version != SUMMARY_SCHEMA => {
            return Err(format!("saved by another version of sipstat: {version}, not {SUMMARY_SCHEMA}"));
        }
        Some(_) => {}
        None => return Err("no saved summary".to_owned()),
    }
    let broken =
        |e: serde_json::Error| format!("a saved summary that is damaged, or of another version: {e}");
    audit::check(bytes).map_err(broken)?;
    serde_json::from_slice(bytes).map_err(broken)
}

/// `counted` as it is saved: the same bytes for the same input.
pub fn to_json(counted: Counted) -> Result<Vec<u8>, Error> {
    let mut bytes = serde_json::to_vec(&counted.in_order()).map_err(|e| Error::output("summary", e))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The schema that a JSON object names near its beginning, if it is a saved summary's.
fn schema(head: &[u8]) -> Option<String> {
    let text: String = String::from_utf8_lossy(head).chars().filter(|c| !c.is_whitespace()).collect();
    let text = text.strip_prefix('{')?;
    let (_, rest) = text.split_once("\"schema\":\"")?;
    let (name, _) = rest.split_once('"')?;
    name.starts_with("sipstat.summary/").then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_summary_is_told_by_its_schema() {
        for (text, expected) in [
            (r#"{"schema":"sipstat.summary/1","#, Some("sipstat.summary/1")),
            ("{\n  \"a\": 1,\n  \"schema\": \"sipstat.summary/2\"}", Some("sipstat.summary/2")),
            (r#"{"schema":"sipstat.report/1"}"#, None),
            (r#"["schema":"sipstat.summary/1"]"#, None),
            ("", None),
        ] {
            assert_eq!(schema(text.as_bytes()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_summary_is_refused_in_words() {
        for (text, says) in [
            ("{}", "no saved summary"),
            (r#"{"schema":"sipstat.summary/2"}"#, "another version of sipstat: sipstat.summary/2"),
            (r#"{"schema":"sipstat.summary/1"}"#, "missing field"),
            (r#"{"schema":"sipstat.summary/1","a":-1}"#, "negative"),
        ] {
            let why = parse(text.as_bytes()).unwrap_err();
            assert!(why.contains(says), "{text}: {why}");
        }
    }
}
