//! Telephone numbers and users.

use super::Pseudonyms;

/// Users that stand for nobody.
const NOBODY: [&str; 6] = ["anonymous", "unknown", "unavailable", "restricted", "invalid", "sipsak"];

/// Calling codes of one and of two digits (ITU-T E.164, 2016 list); all others have three.
const ONE: [&str; 2] = ["1", "7"];
const TWO: [&str; 44] = [
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
    "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
    "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];
/// Digits after the calling code that are needed to keep it: fewer would be guessed.
const MIN_REST: usize = 6;

impl Pseudonyms {
    /// A user part, with its parameters or without: numbers stay numbers of the same length.
    pub fn user(&mut self, user: &str) -> String {
        let name = user.split(';').next().unwrap_or_default();
        if name.is_empty() || NOBODY.iter().any(|n| n.eq_ignore_ascii_case(name)) {
            return name.to_owned();
        }
        if let Some(new) = self.number(name) {
            return new;
        }
        let new = format!("user-{}", self.key.hex("user", name, 10));
        self.remember(name, &new);
        new
    }

    /// `text` as a number, if it is one: digits, perhaps a `+`, and what separates them for the eye.
    pub fn number(&mut self, text: &str) -> Option<String> {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let visual = |c: char| c.is_ascii_digit() || matches!(c, '-' | '.' | '(' | ')' | ' ' | '*' | '#');
        let bare = text.strip_prefix('+').unwrap_or(text);
        if digits.is_empty() || !bare.chars().all(visual) {
            return None;
        }
        let kept = match digits.strip_prefix("00") {
            _ if text.starts_with('+') => calling_code(&digits),
            Some(rest) => 2 + calling_code(rest),
            None => 0,
        };
        let kept = if digits.len() >= kept + MIN_REST { kept } else { 0 };
        let new = format!("{}{}", &digits[..kept], self.key.digits(&digits[kept..]));
        let mut new = new.chars();
        let new: String =
            text.chars().map(|c| if c.is_ascii_digit() { new.next().unwrap_or(c) } else { c }).collect();
        self.remember(text, &new);
        Some(new)
    }

    /// The first digits of numbers: two of them share as many leading digits as before, so that what
    /// has a prefix in common still has. Behind a `+` the calling code stays.
    pub fn prefix(&mut self, text: &str) -> String {
        let digits = text.strip_prefix('+').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return self.number(text).unwrap_or_else(|| self.user(text));
        }
        let kept = if text.starts_with('+') { calling_code(digits).min(digits.len()) } else { 0 };
        let plus = if text.starts_with('+') { "+" } else { "" };
        let new = format!("{plus}{}{}", &digits[..kept], self.key.prefix(digits, kept));
        new
    }
}

/// Digits of the calling code that `digits` begin with.
fn calling_code(digits: &str) -> usize {
    let begins = |codes: &[&str]| codes.iter().any(|code| digits.starts_with(code));
    if begins(&ONE) {
        1
    } else if begins(&TWO) {
        2
    } else {
        3
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::pseudonyms;

    #[test]
    fn numbers_keep_their_form_and_the_country() {
        let mut p = pseudonyms();
        for (number, kept) in [
            ("+4930123456789", "+49"),
            ("+15551234567", "+1"),
            ("+421905123456", "+421"),
            ("004930123456789", "0049"),
            ("030123456789", ""),
            ("+1-555-123-4567", "+1-"),
            ("1001", ""),
            ("112", ""),
            ("*43#", "*"),
        ] {
            let new = p.user(number);
            assert_eq!(new.len(), number.len(), "{number}: {new}");
            assert!(new.starts_with(kept), "{number}: {new}");
            assert_ne!(new, number);
            assert_eq!(p.user(number), new, "the same again");
            let form =
                |s: &str| s.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>();
            assert_eq!(form(&new), form(number));
        }
    }

    #[test]
    fn first_digits_share_what_they_shared_and_no_two_become_one() {
        let mut p = pseudonyms();
        let whole = ["+4930123456", "+4930123999", "030123456", "0041", "+1555123", "+42190512"];
        for number in whole {
            let new = p.prefix(number);
            assert_eq!(new.len(), number.len());
            for length in 2..number.len() {
                assert_eq!(p.prefix(&number[..length]), new[..length], "{number}");
            }
        }
        let [a, b] = ["+4930123456", "+4930123999"].map(|n| p.prefix(n));
        assert!(a.starts_with("+49") && a[..8] == b[..8] && a[8..9] != b[8..9], "{a} {b}");
        let all: std::collections::BTreeSet<String> =
            (0..1000).map(|n| p.prefix(&format!("{n:03}"))).collect();
        assert_eq!(all.len(), 1000);
    }

    #[test]
    fn users_are_nobody_any_more() {
        let mut p = pseudonyms();
        assert_eq!(p.user("anonymous"), "anonymous");
        assert_eq!(p.user(""), "");
        let alice = p.user("alice");
        assert!(alice.starts_with("user-") && alice.len() == 15, "{alice}");
        assert_eq!(p.user("alice;phone-context=example.com"), alice);
        assert_ne!(p.user("Alice"), alice, "users are case-sensitive");
    }
}
