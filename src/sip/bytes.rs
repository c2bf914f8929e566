//! Byte classes of the grammar (RFC 3261 25.1) and what every parser here does with raw values:
//! trim blanks, take digits, skip quoted strings.
//!
//! In: slices of a message. Out: smaller slices and numbers. Knows no header.

use memchr::memchr2;

/// Which bytes may stand in a token:
/// `token = 1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~")`.
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 256 {
        let c = b as u8;
        table[b] = c.is_ascii_alphanumeric()
            || matches!(c, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~');
        b += 1;
    }
    table
};

/// Whether `b` may stand in a token.
pub(super) fn is_token(b: u8) -> bool {
    TOKEN[b as usize]
}

/// SP or HTAB: what may separate the elements of one line.
pub(super) fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t')
}

/// Linear white space, `LWS = [*WSP CRLF] 1*WSP`. Within a header's value CR and LF occur in folds
/// only, so a byte test is enough.
pub(super) fn is_lws(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

/// Length of the token at the start of `bytes`.
pub(super) fn token_len(bytes: &[u8]) -> usize {
    bytes.iter().position(|&b| !is_token(b)).unwrap_or(bytes.len())
}

/// `bytes` without the first `n`; nothing where there are fewer.
pub(super) fn after(bytes: &[u8], n: usize) -> &[u8] {
    bytes.get(n..).unwrap_or_default()
}

/// `value` without leading and trailing linear white space.
#[inline(always)]
pub(super) fn trim(value: &[u8]) -> &[u8] {
    // Nearly always one blank stands before a value and none after it.
    match value {
        [b' ', inner @ ..] if [inner.first(), inner.last()].iter().all(|b| b.is_some_and(|&b| b > b' ')) => {
            inner
        }
        _ => trim_any(value),
    }
}

fn trim_any(value: &[u8]) -> &[u8] {
    let mut v = trim_start(value);
    while let [head @ .., last] = v
        && is_lws(*last)
    {
        v = head;
    }
    v
}

/// `value` without leading linear white space.
pub(super) fn trim_start(value: &[u8]) -> &[u8] {
    let mut v = value;
    while let [first, tail @ ..] = v
        && is_lws(*first)
    {
        v = tail;
    }
    v
}

/// Whether `bytes` begins with `prefix`, in any case.
#[inline(always)]
pub(super) fn starts_with_ignore_case(bytes: &[u8], prefix: &[u8]) -> bool {
    bytes.get(..prefix.len()).is_some_and(|b| b == prefix || b.eq_ignore_ascii_case(prefix))
}

/// The number that `digits` writes; `None` if it is no `1*DIGIT` or does not fit.
#[inline]
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    if !matches!(digits.len(), 1..=9) {
        return long_number(digits);
    }
    digits
        .iter()
        .try_fold(0_u32, |n, &b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
        .map(u64::from)
}

fn long_number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |n, &b| {
        let digit = b.is_ascii_digit().then(|| u64::from(b - b'0'))?;
        n.checked_mul(10)?.checked_add(digit)
    })
}

/// The number at the start of `value` (`delta-seconds` and the like), saturating; `None` without
/// a digit.
pub(super) fn leading_number(value: &[u8]) -> Option<u32> {
    let len = value.iter().position(|b| !b.is_ascii_digit()).unwrap_or(value.len());
    if len == 0 {
        return None;
    }
    Some(
        value
            .iter()
            .take(len)
            .fold(0_u32, |n, &b| n.saturating_mul(10).saturating_add(u32::from(b.wrapping_sub(b'0')))),
    )
}

/// Where the quoted string whose content starts at `from` is closed: the offset of its `"`.
/// `quoted-pair` escapes are stepped over. `None` if it is never closed.
pub(super) fn closing_quote(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let found = at + memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(found) == Some(&b'"') {
            return Some(found);
        }
        at = found + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_only_and_never_overflow() {
        assert_eq!(number(b"0009"), Some(9));
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        for bad in [&b""[..], b"-1", b"1 ", b"18446744073709551616", b"+1"] {
            assert_eq!(number(bad), None, "{}", bad.escape_ascii());
        }
        assert_eq!(leading_number(b"120 (busy)"), Some(120));
        assert_eq!(leading_number(b"99999999999"), Some(u32::MAX));
        assert_eq!(leading_number(b";x"), None);
    }

    #[test]
    fn trimming_takes_folds_off_as_well() {
        assert_eq!(trim(b"\r\n \ta b\t \r\n "), b"a b");
        assert_eq!(trim(b" \r\n "), b"");
    }

    #[test]
    fn an_escaped_quote_does_not_close_the_string() {
        assert_eq!(closing_quote(br#""a\"b" c"#, 1), Some(5));
        assert_eq!(closing_quote(br#""a\\" c"#, 1), Some(4));
        assert_eq!(closing_quote(br#""a\""#, 1), None);
        assert_eq!(closing_quote(br#""a\"#, 1), None);
    }
}
