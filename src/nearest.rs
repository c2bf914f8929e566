//! The known word that is most like a mistyped one.

use std::cmp::Reverse;

/// The word of `known` with the fewest letters to change, at most a third of them; of several that with
/// the longest beginning in common, then the first.
pub(crate) fn nearest(word: &str, known: impl Iterator<Item = String>) -> Option<String> {
    let letters: Vec<char> = word.chars().collect();
    let limit = letters.len().div_ceil(3).min(3);
    // Nobody mistypes a word of this length, and the table of letters stays small.
    if letters.is_empty() || letters.len() > 60 {
        return None;
    }
    known
        .map(|k| {
            let other: Vec<char> = k.to_lowercase().chars().collect();
            let common = letters.iter().zip(&other).take_while(|(a, b)| a == b).count();
            ((distance(&letters, &other), Reverse(common)), k)
        })
        .filter(|((d, _), _)| *d <= limit)
        .min_by_key(|(key, _)| *key)
        .map(|(_, k)| k)
}

/// Levenshtein's distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let best = (diagonal + usize::from(x != y)).min(left + 1).min(*cell + 1);
            diagonal = std::mem::replace(cell, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_costs_one() {
        let d = |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        for (a, b, n) in
            [("asr", "asr", 0), ("aser", "asr", 1), ("kitten", "sitting", 3), ("", "abc", 3), ("ab", "", 2)]
        {
            assert_eq!(d(a, b), n, "{a} {b}");
        }
    }

    #[test]
    fn what_is_too_far_away_is_not_offered() {
        let known = || ["busy", "bid", "486"].map(str::to_owned).into_iter();
        assert_eq!(nearest("bussy", known()), Some("busy".into()));
        assert_eq!(nearest("bicycle", known()), None);
        assert_eq!(nearest("", known()), None);
    }
}
