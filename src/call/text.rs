//! Foreign text that is kept: bounded, and marked where it was cut.
//!
//! In: a header's value as it stands in a message. Out: the same in few bytes. What it may do to a
//! terminal is the concern of whoever shows it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use crate::rename::{Rename, What};

/// Bytes kept of a text.
pub const MAX_TEXT: usize = 255;

/// A text of others: a Call-ID, a URI, a product.
///
/// Any bytes, at most [`MAX_TEXT`]; folds (RFC 3261 7.3.1) are one blank. Empty where there was none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(
    /// One byte more than the bound marks a text that was cut.
    Box<[u8]>,
);

/// Begins the hexadecimal form of a saved text that is no UTF-8, or begins like this itself.
const HEX: &str = "hex:";

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) if !text.starts_with(HEX) => to.serialize_str(text),
            _ => {
                let hex: String = self.0.iter().map(|b| format!("{b:02x}")).collect();
                to.collect_str(&format_args!("{HEX}{hex}"))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(from)?;
        let digit = |d: u8| char::from(d).to_digit(16).and_then(|n| u8::try_from(n).ok());
        let byte = |pair: &[u8]| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        };
        let bytes = match text.strip_prefix(HEX) {
            None => Some(text.as_bytes().to_vec()),
            Some(hex) => hex.as_bytes().chunks(2).map(byte).collect(),
        };
        let kept = bytes.filter(|b| b.len() <= MAX_TEXT + 1);
        kept.map(|b| Self(b.into())).ok_or_else(|| D::Error::custom("a text that is too long, or no text"))
    }
}

impl Text {
    /// `value`, as much of it as is kept.
    pub fn of(value: &[u8]) -> Self {
        let is_folded = |b: &u8| matches!(b, b'\r' | b'\n');
        if value.get(..=MAX_TEXT).unwrap_or(value).iter().any(is_folded) {
            return Self::unfolded(value);
        }
        Self(value.get(..=MAX_TEXT).unwrap_or(value).into())
    }

    /// The bytes that are kept.
    pub fn bytes(&self) -> &[u8] {
        self.0.get(..MAX_TEXT).unwrap_or(&self.0)
    }

    /// There was more of it.
    pub fn is_cut(&self) -> bool {
        self.0.len() > MAX_TEXT
    }

    /// There was none, or an empty one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, `U+FFFD` in place of what is no UTF-8.
    pub fn lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes())
    }

    /// Its new name; none stays none.
    #[must_use]
    pub fn renamed(&self, what: What, to: &mut dyn Rename) -> Self {
        if self.is_empty() { Self::default() } else { Self::of(to.text(what, &self.lossy()).as_bytes()) }
    }

    /// CR, LF and the blanks around them as one blank.
    fn unfolded(value: &[u8]) -> Self {
        let mut out: Vec<u8> = Vec::new();
        let mut fold = false;
        for &b in value {
            match b {
                b'\r' | b'\n' => fold = true,
                b' ' | b'\t' if fold => {}
                b => {
                    if std::mem::take(&mut fold) {
                        while out.last().is_some_and(|b| matches!(b, b' ' | b'\t')) {
                            out.pop();
                        }
                        out.push(b' ');
                    }
                    out.push(b);
                }
            }
            if out.len() > MAX_TEXT {
                break;
            }
        }
        out.truncate(MAX_TEXT + 1);
        Self(out.into())
    }
}

/// With an ellipsis where it was cut.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lossy())?;
        if self.is_cut() { f.write_str("…") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_saved_text_is_the_same_again() {
        for bytes in [&b"a@h"[..], b"", b"\xff\x00a", b"hex:41", &[b'x'; MAX_TEXT + 9], "\u{e9}".as_bytes()] {
            let text = Text::of(bytes);
            let saved = serde_json::to_string(&text).unwrap();
            assert_eq!(serde_json::from_str::<Text>(&saved).unwrap(), text, "{saved}");
        }
        assert!(serde_json::from_str::<Text>("\"hex:4\"").is_err());
    }

    use super::*;

    #[test]
    fn texts_are_bounded_marked_and_unfolded() {
        for (value, shown) in [
            ("a@h".to_owned(), "a@h".to_owned()),
            (String::new(), String::new()),
            ("x".repeat(255), "x".repeat(255)),
            ("x".repeat(256), "x".repeat(255) + "…"),
            ("x".repeat(9_999), "x".repeat(255) + "…"),
            ("\"A\" \r\n\t<sip:a@h>;\r\n tag=1".to_owned(), "\"A\" <sip:a@h>; tag=1".to_owned()),
            ("\r\n ".repeat(99) + &"x".repeat(300), " ".to_owned() + &"x".repeat(254) + "…"),
        ] {
            let text = Text::of(value.as_bytes());
            assert_eq!(text.to_string(), shown);
            assert_eq!(text.is_cut(), shown.ends_with('…'));
            assert!(text.bytes().len() <= MAX_TEXT);
        }
        assert_eq!(Text::of(b"\xff!").to_string(), "\u{fffd}!");
    }
}
