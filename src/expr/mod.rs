//! The expressions of `check`, `--define` and `--where`: one small language over figures and fields.
//!
//! In: text, and a [`Scope`] that knows names and functions. Out: an [`Expression`] whose types were
//! checked before any capture is read, or a [`Problem`] that points at the place. Then, as often as
//! wanted: the truth of it, in three values (what is absent is neither false nor 0). Knows nothing of
//! reports or messages: those are scopes. Text is bounded, so is the tree; nothing is allocated while
//! an expression is evaluated.
//!
//! ```text
//! condition  = and { ("or" | "||") and }
//! and        = not { ("and" | "&&") not }
//! not        = ("not" | "!") not | comparison
//! comparison = sum [ compare sum [ "with" percent "confidence" ] | "in" members | ("~" | "matches") text ]
//! compare    = "==" | "=" | "!=" | "<" | "<=" | ">" | ">="
//! members    = member | "(" member { "," member } ")"       member = value [ ".." value ]
//! sum        = term { ("+" | "-") term }                     term   = factor { ("*" | "/") factor }
//! factor     = "-" factor | "(" condition ")" | value | name | name "(" argument { "," argument } ")"
//! value      = number [unit] | class | address | network | text | "true" | "false" | "null"
//! ```
//!
//! Units are `%`, `us`, `ms`, `s`, `min`, `h`; a class is `5xx`; text stands in `'…'` or `"…"`; a name is
//! `a.b[key].c`; an address may carry a port. `==` on text is exact; `~` is a glob if the pattern has a
//! `*` or `?`, else a part; both without regard to the case of ASCII letters. A name with several values
//! (either end of a packet) compares as "one of them"; `!=` is always the contrary of `==`.
//!
//! | file | job |
//! |---|---|
//! | `lexer`, `parser`, `ast` | from text to a tree |
//! | `types` | what a value is, and which go together |
//! | `check` | names and types; the tree that is evaluated |
//! | `value`, `evaluate` | what names give, and what the tree makes of it |
//! | `problem` | what is wrong, and where |
//! | `words` | bare words that are literals: methods, outcomes, transports |

mod ast;
mod check;
mod evaluate;
mod lexer;
mod parser;
mod problem;
mod tree;
mod types;
mod value;
pub mod words;

pub use self::ast::{Argument, Path, Segment};
pub use self::evaluate::{Leaf, Unjudged};
pub use self::problem::{Problem, Refused};
pub use self::types::{Type, Words};
pub use self::value::{Of, Quantity, Read, Value};

use self::tree::Node;

/// Letters of an expression, at most.
pub const MAX_TEXT: usize = 4096;

/// What names and functions stand for; asked once, while an expression is checked.
pub trait Scope {
    /// What a name was resolved to: read as often as the expression is evaluated.
    type Item;

    /// The figure or field of that name.
    fn name(&self, path: &Path) -> Result<(Self::Item, Type), Refused>;

    /// The figure that a function gives for these arguments.
    fn call(&self, function: &str, arguments: &[Argument]) -> Result<(Self::Item, Type), Refused>;
}

/// A checked expression over items of a [`Scope`].
#[derive(Clone, Debug)]
pub struct Expression<I> {
    text: Box<str>,
    node: Node<I>,
    kind: Type,
}

/// Over one scope, the same text is the same expression.
impl<I> PartialEq for Expression<I> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<I> Eq for Expression<I> {}

impl<I> Expression<I> {
    /// An expression that is true or false.
    pub fn condition<S: Scope<Item = I>>(text: &str, scope: &S) -> Result<Self, Problem> {
        let e = Self::any(text, scope)?;
        match e.kind {
            Type::Truth if e.items().is_empty() => Err(Problem::new(text, 0, text.len(), check::ALWAYS)),
            Type::Truth => Ok(e),
            other => {
                let why =
                    format!("this is {}, no condition: compare it with something", other.with_article());
                Err(Problem::new(text, 0, text.len(), why))
            }
        }
    }

    /// An expression that is a number of any kind: a figure.
    pub fn figure<S: Scope<Item = I>>(text: &str, scope: &S) -> Result<Self, Problem> {
        let e = Self::any(text, scope)?;
        if e.kind.is_quantity() {
            return Ok(e);
        }
        let why = format!("this is {}, a figure is a number", e.kind.with_article());
        Err(Problem::new(text, 0, text.len(), why))
    }

    fn any<S: Scope<Item = I>>(text: &str, scope: &S) -> Result<Self, Problem> {
        let ast = parser::parse(text)?;
        let (node, kind) = check::check(text, &ast, scope)?;
        Ok(Self { text: text.into(), node, kind })
    }

    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it gives.
    pub fn kind(&self) -> Type {
        self.kind
    }

    /// The items it asks for, in the order of the text.
    pub fn items(&self) -> Vec<&I> {
        let mut all = Vec::new();
        self.node.items(&mut all);
        all
    }

    /// Whether it is true of `reader`; `None` where a missing value leaves that open.
    #[inline]
    pub fn holds<R: Read<I> + ?Sized>(&self, reader: &R) -> Option<bool> {
        evaluate::truth(&self.node, reader)
    }

    /// The number it gives of `reader`; `None` where a value is missing or a divisor 0.
    pub fn quantity<R: Read<I> + ?Sized>(&self, reader: &R) -> Option<Quantity> {
        evaluate::quantity(&self.node, reader)
    }

    /// As [`Expression::holds`], with every comparison that led to it. A comparison whose figure rests on
    /// fewer than `min_sample` is open.
    pub fn examine<R: Read<I> + ?Sized>(
        &self,
        reader: &R,
        min_sample: u64,
    ) -> (Option<bool>, Vec<Leaf<'_, I>>) {
        evaluate::examine(&self.text, &self.node, reader, min_sample)
    }
}

#[cfg(test)]
mod tests;
