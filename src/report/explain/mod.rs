//! Says what a word of the report means: a code, a class, a method, a rate, a delay, an outcome, a cause.
//!
//! In: a word. Out: a page. Knows no summary: it reads the registry and `terms.txt`.

mod code;
mod page;
mod term;
mod words;

pub use words::Unknown;

/// What a rate, a delay, an outcome or a word of the report is, in plain text.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) struct Definition {
    /// Its name, spelled out.
    pub(in crate::report) name: &'static str,
    pub(in crate::report) meaning: &'static str,
    pub(in crate::report) formula: Option<&'static str>,
    pub(in crate::report) beware: Option<&'static str>,
    pub(in crate::report) source: Option<&'static str>,
}

/// The definition of the term with this id.
pub(in crate::report) fn definition(id: &str) -> Option<Definition> {
    let term = term::terms().iter().find(|t| t.id == id)?;
    Some(Definition {
        name: term.field("name")?,
        meaning: term.field("meaning")?,
        formula: term.field("formula"),
        beware: term.field("beware"),
        source: term.field("source"),
    })
}

use words::Word;

/// The page for `word`, or without one the list of codes, at most `columns` wide, in colour.
pub fn explain(word: Option<&str>, columns: usize) -> Result<String, Unknown> {
    let Some(word) = word else { return Ok(code::list(columns)) };
    Ok(match words::find(word)? {
        Word::Code(status) => code::page(status, columns),
        Word::Class(class) => code::class(class, columns),
        Word::Method(method) => code::method(method, columns),
        Word::Cause(cause) => code::cause(cause, columns),
        Word::Term(term) => term::page(term, columns),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry;
    use crate::report::{escape, golden};

    fn plain(word: Option<&str>, columns: usize) -> String {
        anstream::adapter::strip_str(&explain(word, columns).unwrap()).to_string()
    }

    #[test]
    fn pages_of_each_kind() {
        for word in ["503", "486", "431", "4xx", "BYE", "ner", "q850-34"] {
            golden::check(&format!("explain-{word}.txt"), &plain(Some(word), 80));
        }
        golden::check("explain.txt", &plain(None, 80));
    }

    #[test]
    fn every_page_fits_and_ends_in_no_blanks() {
        let mut words: Vec<String> = (100..700).map(|n| n.to_string()).collect();
        words.extend(registry::methods().iter().map(|m| m.name.to_owned()));
        words.extend(registry::classes().iter().map(|c| format!("{}xx", c.digit)));
        words.extend(registry::causes().iter().map(|c| format!("cause={}", c.cause)));
        words.extend(term::terms().iter().map(|t| t.id.to_owned()));
        for word in words {
            for columns in [80, 120] {
                for line in plain(Some(&word), columns).lines() {
                    assert!(escape::width(line) <= columns, "{word}: {line}");
                    assert_eq!(line.trim_end(), line, "{word}");
                }
            }
        }
    }
}
