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

/// Letters to add, to leave out, to change, or to let change places with the next one (the "optimal
/// string alignment" distance).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows: [Vec<usize>; 3] = [Vec::new(), Vec::new(), (0..=b.len()).collect()];
    for (i, x) in a.iter().enumerate() {
        rows.rotate_left(1);
        let [before, last, row] = &mut rows;
        row.clear();
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(last, j) + usize::from(x != y)).min(at(last, j + 1) + 1).min(at(row, j) + 1);
            if i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x) {
                best = best.min(at(before, j - 1) + 1);
            }
            row.push(best);
        }
    }
    rows[2].last().copied().unwrap_or(0)
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
