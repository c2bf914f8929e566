//! Text within a line of Markdown: foreign text as code, sentences with nothing in them that Markdown
//! or GitHub would act upon.

use crate::report::escape::{escape, fit};

/// The longest foreign text that is shown whole.
const LONGEST: usize = 80;

/// Foreign text as a code span: never markup, a link, a mention or the end of a table's cell.
pub(super) fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let text: String = fit(text, LONGEST)
        .chars()
        .map(|c| match c {
            '`' => "\\u{60}".to_owned(),
            '|' => "\\u{7c}".to_owned(),
            c => c.to_string(),
        })
        .collect();
    format!("`{text}`")
}

/// A sentence that may quote foreign text: read as it stands.
pub(super) fn sentence(text: &str) -> String {
    let text = escape(text);
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars().take(600) {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' => out.push_str("&#124;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '$' | '!' => out.extend(['\\', c]),
            // A mention, an issue, a link: an empty comment behind them breaks each.
            '@' | '#' | ':' => {
                out.push(c);
                out.push_str(if c == ':' { "" } else { "<!-- -->" });
            }
            c => out.push(c),
        }
    }
    out.replace("://", ":<!-- -->//").replace("www.", "www<!-- -->.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_code_whatever_is_in_it() {
        for (raw, written) in [
            ("Busy Here", "`Busy Here`"),
            ("a|b", "`a\\u{7c}b`"),
            ("``` @all", "`\\u{60}\\u{60}\\u{60} @all`"),
            ("</details><img src=x>", "`</details><img src=x>`"),
            ("two\nlines", "`two\\nlines`"),
            ("", ""),
        ] {
            assert_eq!(code(raw), written);
        }
        assert!(code(&"x".repeat(500)).chars().count() <= LONGEST + 2);
    }

    #[test]
    fn a_sentence_calls_nobody_and_links_nowhere() {
        for (raw, written) in [
            ("One phone (alice@example.org)", "One phone (alice@<!-- -->example.org)"),
            ("see #12, http://x", "see #<!-- -->12, http:<!-- -->//x"),
            ("<0.01% *and* [a](b)", "&lt;0.01% \\*and\\* \\[a\\](b)"),
            ("a | b", "a &#124; b"),
        ] {
            assert_eq!(sentence(raw), written);
        }
    }
}
