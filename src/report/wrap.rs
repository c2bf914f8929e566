//! Breaks text into lines for a terminal.

use super::escape::{escape, width};

/// `text`, escaped, broken between words into lines of at most `columns`, the first after `first` blanks,
/// the others after `rest`. A word that is wider than a line is broken behind a separator, of names and
/// addresses that have one in the second half of the line, else anywhere.
pub(in crate::report) fn wrap(text: &str, columns: usize, first: usize, rest: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = " ".repeat(first);
    let mut empty = true;
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let word = escape(word);
        let mut word: &str = &word;
        if !empty && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::replace(&mut line, " ".repeat(rest)));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        while !word.is_empty() && width(&line) + width(word) > columns {
            let (head, tail) = word.split_at(part(word, columns.saturating_sub(width(&line))));
            line.push_str(head);
            lines.push(std::mem::replace(&mut line, " ".repeat(rest)));
            word = tail;
            empty = true;
        }
        line.push_str(word);
        empty &= word.is_empty();
    }
    if !empty {
        lines.push(line);
    }
    lines
}

/// What parts of names and addresses are joined by, the best place for a break first. No point: it would
/// tear an address apart.
const SEPARATORS: [&[char]; 2] = [&['@', '/', ';', ',', '('], &[':', '-', '_', '=', '+']];

/// Bytes of the part of `word` that stands on a line of so many columns: up to a separator, if that leaves
/// not too much of the line empty.
fn part(word: &str, columns: usize) -> usize {
    let most = prefix(word, columns);
    let head = word.get(..most).unwrap_or_default();
    let behind = |of: &[char]| head.rfind(of).map(|i| i + 1).filter(|end| 2 * width(&head[..*end]) > columns);
    SEPARATORS.into_iter().find_map(behind).unwrap_or(most)
}

/// Bytes of the longest beginning of `word` that is at most `columns` wide: one character at least.
fn prefix(word: &str, columns: usize) -> usize {
    let ends = word.char_indices().map(|(i, c)| i + c.len_utf8());
    let mut best = 0;
    for end in ends {
        if best > 0 && word.get(..end).is_none_or(|head| width(head) > columns) {
            break;
        }
        best = end;
    }
    best
}

/// `parts` with semicolons between them, broken between parts: like [`wrap`] where a part is too wide.
pub(in crate::report) fn flow(parts: &[String], columns: usize, first: usize, rest: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        let end = if i + 1 < parts.len() { ";" } else { "" };
        let fits = |line: &String| width(line) + 1 + width(part) + end.len() <= columns;
        match lines.last_mut().filter(|line| fits(line)) {
            Some(line) => line.extend([" ", part, end]),
            None => {
                lines.extend(wrap(&format!("{part}{end}"), columns, if i == 0 { first } else { rest }, rest))
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_never_too_wide() {
        assert_eq!(wrap("one two three four", 9, 0, 2), ["one two", "  three", "  four"]);
        assert_eq!(wrap("so endlesslylong", 8, 2, 3), ["  so", "   endle", "   sslyl", "   ong"]);
        assert_eq!(wrap("friendly-scanner/1.0", 12, 0, 0), ["friendly-", "scanner/1.0"]);
        assert_eq!(wrap("10.0.100.7:5060", 12, 0, 0), ["10.0.100.7:", "5060"]);
        assert_eq!(wrap("話中話中", 1, 0, 0), ["話", "中", "話", "中"], "ends even where nothing fits");
        assert_eq!(wrap("", 9, 2, 2), [""; 0]);
        let parts = ["p50 31 ms", "p95 120 ms", "x"].map(str::to_owned);
        assert_eq!(flow(&parts, 15, 0, 2), ["p50 31 ms;", "  p95 120 ms; x"]);
    }
}
