//! Markup that cannot be written wrongly: text becomes markup only by being escaped.
//!
//! Element and attribute names are ours (`&'static str`); everything else may be foreign.

use crate::report::escape::escape;

/// A piece of a page.
#[derive(Clone, Debug, Default)]
pub(super) struct Markup(String);

/// An attribute: its name is ours, its value may be foreign.
pub(super) type Attribute<'a> = (&'static str, &'a str);

impl Markup {
    /// Markup of our own, as it is.
    pub(super) fn own(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// What was escaped or hashed elsewhere: style, script and data.
    pub(super) fn safe(text: String) -> Self {
        Self(text)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// `text`, visible and harmless, in content and in quoted attributes.
fn escaped(text: &str) -> String {
    let text = escape(text);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

impl From<&str> for Markup {
    fn from(text: &str) -> Self {
        Self(escaped(text))
    }
}

impl From<String> for Markup {
    fn from(text: String) -> Self {
        Self(escaped(&text))
    }
}

impl From<Vec<Markup>> for Markup {
    fn from(parts: Vec<Markup>) -> Self {
        parts.into_iter().collect()
    }
}

impl<const N: usize> From<[Markup; N]> for Markup {
    fn from(parts: [Markup; N]) -> Self {
        parts.into_iter().collect()
    }
}

impl FromIterator<Markup> for Markup {
    fn from_iter<I: IntoIterator<Item = Markup>>(parts: I) -> Self {
        let mut out = String::new();
        parts.into_iter().for_each(|p| out.push_str(&p.0));
        Self(out)
    }
}

/// An element.
pub(super) fn el(tag: &'static str, attributes: &[Attribute<'_>], content: impl Into<Markup>) -> Markup {
    let mut out = format!("<{tag}");
    for (name, value) in attributes.iter().filter(|(_, v)| !v.is_empty()) {
        out.push_str(&format!(" {name}=\"{}\"", escaped(value)));
    }
    out.push('>');
    out.push_str(&content.into().0);
    out.push_str(&format!("</{tag}>"));
    Markup(out)
}

/// Nothing.
pub(super) fn none() -> Markup {
    Markup::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let nasty = "</script><img src=x onerror=alert(1)>\"'&\u{202e}\u{1b}";
        let written = el("td", &[("title", nasty)], nasty);
        let text = "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;\\u{202e}\\u{1b}";
        assert_eq!(written.as_str(), format!("<td title=\"{text}\">{text}</td>"));
        assert_eq!(el("p", &[("class", "")], [none(), "a".into()]).as_str(), "<p>a</p>");
    }
}
