//! Parameters: `*( SEMI generic-param )` (RFC 3261 25.1), and quoted strings.
//!
//! In: the part of a header's value that starts at its first `;`. Out: names and raw values, with
//! blanks and folds around `;` and `=` taken off.

use std::borrow::Cow;

use memchr::memchr;

use super::bytes::{after, closing_quote, trim};
use super::lanes::Set;

/// The parameters of one value, in order.
#[derive(Clone, Copy, Debug)]
pub struct Params<'a> {
    rest: &'a [u8],
    /// A quote that is never closed was met: quotes are ordinary bytes from there on.
    open_quote: bool,
}

impl<'a> Params<'a> {
    /// The parameters in `bytes`; what stands before the first `;` is left out.
    pub fn new(bytes: &'a [u8]) -> Self {
        let rest = match bytes.first() {
            Some(b';') => bytes,
            _ => memchr(b';', bytes).map_or(&[][..], |at| after(bytes, at)),
        };
        Self { rest, open_quote: false }
    }

    /// The first parameter called `name` (any case): its value, empty if it has none.
    #[inline(always)]
    pub fn get(mut self, name: &[u8]) -> Option<&'a [u8]> {
        match self.get_plain(name) {
            Plain::Found(value) => Some(value),
            Plain::Absent => None,
            Plain::Unclear => self.get_any(name),
        }
    }

    fn get_any(&mut self, name: &[u8]) -> Option<&'a [u8]> {
        self.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.unwrap_or_default())
    }

    /// [`Params::get`] for the usual case, that no quote and no blank stands before the end of what
    /// is looked for: one step a byte, and nothing to trim.
    #[inline(always)]
    fn get_plain(&self, name: &[u8]) -> Plain<'a> {
        let mut rest = self.rest;
        while let Some((_, param)) = rest.split_first() {
            let end = Set::or_below([b'"', b';'], b'!').find(param).unwrap_or(param.len());
            if !matches!(param.get(end), None | Some(b';')) {
                return Plain::Unclear;
            }
            let (param, next) = param.split_at(end);
            if let Some((n, value)) = param.split_at_checked(name.len())
                && (n == name || n.eq_ignore_ascii_case(name))
            {
                match value.split_first() {
                    None => return Plain::Found(value),
                    Some((b'=', value)) => return Plain::Found(value),
                    _ => {}
                }
            }
            rest = next;
        }
        Plain::Absent
    }

    /// Where the parameter that `rest` begins with ends.
    fn end(&mut self) -> usize {
        let mut at = 1;
        loop {
            // Parameters are short: a plain loop beats a call of memchr.
            let mut tail = after(self.rest, at).iter();
            let Some(found) = tail.position(|&b| b == b';' || b == b'"' && !self.open_quote).map(|n| at + n)
            else {
                return self.rest.len();
            };
            if self.rest.get(found) == Some(&b';') {
                return found;
            }
            at = found + 1;
            match closing_quote(self.rest, at) {
                Some(close) => at = close + 1,
                None => self.open_quote = true,
            }
        }
    }
}

/// What [`Params::get_plain`] found.
enum Plain<'a> {
    Found(&'a [u8]),
    Absent,
    Unclear,
}

impl<'a> Iterator for Params<'a> {
    /// Name, and value if there is a `=`. Both may be empty.
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.end();
        let param = after(self.rest.get(..end).unwrap_or_default(), 1);
        self.rest = after(self.rest, end);
        Some(match param.iter().position(|&b| b == b'=') {
            Some(at) => (trim(param.get(..at).unwrap_or_default()), Some(trim(after(param, at + 1)))),
            None => (trim(param), None),
        })
    }
}

/// The text of a `quoted-string` (25.1), its escapes resolved; anything else as it stands.
pub fn unquote(value: &[u8]) -> Cow<'_, [u8]> {
    let raw = unwrap_quotes(value);
    if raw.len() == value.len() || memchr(b'\\', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut text = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied();
    while let Some(b) = bytes.next() {
        text.extend(if b == b'\\' { bytes.next() } else { Some(b) });
    }
    Cow::Owned(text)
}

/// What stands between the quotes, escapes included; a value without quotes as it stands.
pub(super) fn unwrap_quotes(value: &[u8]) -> &[u8] {
    match value {
        [b'"', _, ..] if closing_quote(value, 1) == Some(value.len() - 1) => {
            value.get(1..value.len() - 1).unwrap_or_default()
        }
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_split_outside_quotes_and_trimmed() {
        let params = Params::new(b" x;a;b=1 ; C\r\n = \"y;d=2\";;e=");
        let expected: [(&[u8], Option<&[u8]>); 5] =
            [(b"a", None), (b"b", Some(b"1")), (b"C", Some(b"\"y;d=2\"")), (b"", None), (b"e", Some(b""))];
        assert_eq!(params.collect::<Vec<_>>(), expected);
        assert_eq!(params.get(b"c"), Some(&b"\"y;d=2\""[..]));
        assert_eq!(params.get(b"a"), Some(&b""[..]));
        assert_eq!(params.get(b"d"), None);
        assert_eq!(Params::new(b"no parameters").next(), None);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_an_ordinary_byte() {
        assert_eq!(Params::new(b";a=\"x;b=2").get(b"b"), Some(&b"2"[..]));
    }

    #[test]
    fn quotes_and_escapes_are_resolved() {
        assert_eq!(*unquote(br#""a \"b\" \\""#), *br#"a "b" \"#);
        assert_eq!(*unquote(b"token"), *b"token");
        assert_eq!(*unquote(b"\"\""), *b"");
        assert_eq!(*unquote(b"\""), *b"\"");
        assert_eq!(*unquote(b"\"open"), *b"\"open");
    }
}
