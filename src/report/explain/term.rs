//! Terms of the report: rates, delays, outcomes, bins, units; parsed once from `terms.txt`.

use std::sync::OnceLock;

use super::page::Page;

const TEXT: &str = include_str!("terms.txt");

/// One term.
#[derive(Clone, Debug, Default)]
pub(super) struct Term {
    /// The word, as in machine output.
    pub(super) id: &'static str,
    /// Other words that lead here.
    pub(super) also: Vec<&'static str>,
    fields: Vec<(&'static str, &'static str)>,
}

impl Term {
    /// What the file says under `key`.
    pub(super) fn field(&self, key: &str) -> Option<&'static str> {
        self.fields.iter().find(|(k, _)| *k == key).map(|(_, text)| *text)
    }
}

/// All terms, in the order of the file.
pub(super) fn terms() -> &'static [Term] {
    static TERMS: OnceLock<Vec<Term>> = OnceLock::new();
    TERMS.get_or_init(parse)
}

/// The page of `term`.
pub(super) fn page(term: &Term, columns: usize) -> String {
    let field = |key| term.field(key).unwrap_or_default();
    let mut page = Page::new(field("name"), &format!("{}: {}", field("kind"), term.id), columns);
    page.text(field("meaning"));
    page.gap();
    for (label, key) in [
        ("Formula", "formula"),
        ("Codes", "codes"),
        ("Source", "source"),
        ("Beware", "beware"),
        ("See also", "see"),
    ] {
        page.field(label, field(key));
    }
    page.finish()
}

fn parse() -> Vec<Term> {
    let mut terms: Vec<Term> = Vec::new();
    for line in TEXT.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        if let Some(id) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            terms.push(Term { id, ..Term::default() });
        } else if let (Some(term), Some((key, text))) = (terms.last_mut(), line.split_once(": ")) {
            match key {
                "also" => term.also = text.split(", ").collect(),
                key => term.fields.push((key, text)),
            }
        }
    }
    terms
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::call::{Detail, Outcome, RegisterOutcome};
    use crate::stats::summary::{DelayKind, RateKind};

    #[test]
    fn every_term_is_whole_and_every_word_leads_to_one_page() {
        let mut words = BTreeSet::new();
        for t in terms() {
            let keys: Vec<_> = t.fields.iter().map(|(k, _)| *k).collect();
            for key in ["name", "kind", "meaning", "source"] {
                assert!(keys.contains(&key), "{}: {key}", t.id);
            }
            let known = ["name", "kind", "meaning", "formula", "codes", "source", "beware", "see"];
            assert!(keys.iter().all(|k| known.contains(k)), "{}", t.id);
            assert!(!t.fields.iter().any(|(_, text)| text.contains("  ")), "{}", t.id);
            for word in t.also.iter().chain([&t.id]) {
                assert!(words.insert(*word), "{word} twice");
            }
        }
        let fields = TEXT.lines().filter(|l| l.contains(": ") && !l.starts_with('#')).count();
        let kept: usize = terms().iter().map(|t| t.fields.len() + usize::from(!t.also.is_empty())).sum();
        assert_eq!(fields, kept, "no line is lost");
    }

    #[test]
    fn cross_references_exist() {
        for t in terms() {
            let see = t.fields.iter().find(|(k, _)| *k == "see").map_or("", |(_, text)| text);
            for word in see.split(", ").filter(|w| !w.is_empty()) {
                assert!(terms().iter().any(|t| t.id == word), "{}: {word}", t.id);
            }
        }
    }

    #[test]
    fn every_name_of_the_report_has_a_page() {
        let known = |word: &str| terms().iter().any(|t| t.id == word || t.also.contains(&word));
        let names = RateKind::INVITE
            .iter()
            .chain(&[RateKind::Ira])
            .map(|r| r.id())
            .chain(DelayKind::ALL.iter().filter(|d| **d != DelayKind::Ack).map(|d| d.id()))
            .chain(Outcome::ALL.iter().map(|o| o.id()))
            .chain(RegisterOutcome::ALL.iter().map(|o| o.id()))
            .chain([
                "retransmission",
                "capture_duplicate",
                "hop_copy",
                "response",
                "bid",
                "attempt",
                "inner",
            ]);
        for name in names {
            assert!(known(name), "{name}");
        }
        let told_elsewhere = [Detail::Cancel, Detail::Bye, Detail::Unknown, Detail::Open, Detail::Callee];
        for d in Detail::ALL.iter().filter(|d| !told_elsewhere.contains(d)) {
            assert!(known(d.id()), "{}", d.id());
        }
    }
}
