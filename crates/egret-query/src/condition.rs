//! Conditions put together by a program, such as the reader of a rule format, rather than written.

use egret_model::dataset::Dataset;

use crate::ast::{
    Bound, Clause, Conjunction, Level, Name, Node, Part, Predicate, Sign, Term, Value,
};
use crate::language::{Body, Language, Parsed};
use crate::{Diagnostic, Options, Query, compile_parsed};

/// What must hold for an event.
///
/// # Example
///
/// ```
/// use egret_query::{Bindings, Condition, Language, Options, Piece, Reading};
///
/// let bindings = Bindings::new();
/// let options = Options {
///     bindings: &bindings,
///     now: "2025-07-24T00:00:00Z".parse()?,
///     language: Language::Auto,
///     reading: Reading::Standard,
///     strict: false,
///     ignore_case: false,
///     unknown_is_missing: false,
/// };
/// let reads = Condition::value("event.action", vec![Piece::Text("Get".into()), Piece::Any], false);
/// let failed = Condition::value("event.outcome", vec![Piece::Text("failure".into())], true);
/// let query = Condition::all(vec![reads, failed.negated()])
///     .compile(&options)
///     .map_err(|_| "no query")?;
/// assert_eq!(query.bound_text, "event.action: Get* AND NOT event.outcome: \"failure\"");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition(Clause);

/// A piece of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Text(String),
    /// Any text.
    Any,
    /// One letter.
    One,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
}

/// Where in a text another one stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is the whole.
    Whole,
    /// It begins with it.
    Start,
    /// It ends with it.
    End,
    /// Somewhere.
    Anywhere,
}

impl Condition {
    fn of(field: &str, predicate: Predicate) -> Self {
        let name = Name { text: field.to_owned(), span: 0..0 };
        Self(Clause::of(Node::Match { field: Some(name), predicate }, 0..0))
    }

    /// All of them; of none, every event.
    pub fn all(conditions: Vec<Self>) -> Self {
        Self::joined(conditions, Conjunction::And, Self::everything())
    }

    /// Any of them; of none, no event.
    pub fn any(conditions: Vec<Self>) -> Self {
        Self::joined(conditions, Conjunction::Or, Self::everything().negated())
    }

    fn joined(conditions: Vec<Self>, by: Conjunction, of_none: Self) -> Self {
        if conditions.is_empty() {
            return of_none;
        }
        Self(Clause::group(conditions.into_iter().map(|one| one.0).collect(), by))
    }

    /// Every event.
    pub fn everything() -> Self {
        Self(Clause::of(Node::Everything, 0..0))
    }

    /// The opposite; an event without the field fulfils it.
    #[must_use]
    pub fn negated(self) -> Self {
        Self(self.0.negated())
    }

    /// The field has this value.
    pub fn value(field: &str, pieces: Vec<Piece>, ignore_case: bool) -> Self {
        Self::of(field, Predicate::Value(value(pieces, ignore_case)))
    }

    /// At least so many of them.
    pub fn at_least(count: usize, of: Vec<Self>) -> Self {
        let of = of.into_iter().map(|one| one.0).collect();
        let of = Level::joined(of, Conjunction::Or);
        Self(Clause::of(Node::AtLeast { count, of }, 0..0))
    }

    /// The record holds this somewhere, whatever its case; of a record of that dataset only what such
    /// a log has is searched.
    pub fn text(pieces: Vec<Piece>, dataset: Option<Dataset>) -> Self {
        let predicate = Predicate::Anywhere(value(pieces, true), dataset);
        Self(Clause::of(Node::Match { field: None, predicate }, 0..0))
    }

    /// The texts of two fields of the event compared.
    pub fn refers(field: &str, place: Place, other: &str, ignore_case: bool) -> Self {
        let term = |text: &str| Term::Field(Name { text: text.to_owned(), span: 0..0 });
        let call =
            |name: &str, arguments| Term::Call { name: name.to_owned(), arguments, span: 0..0 };
        let function = match place {
            Place::Whole => None,
            Place::Start => Some("starts_with"),
            Place::End => Some("ends_with"),
            Place::Anywhere => Some("contains"),
        };
        let (left, right) = match function {
            None => {
                let text = if ignore_case { "to_lower" } else { "to_string" };
                (call(text, vec![term(field)]), call(text, vec![term(other)]))
            }
            Some(name) => {
                let name = if ignore_case { format!("{name}~") } else { name.to_owned() };
                (call(&name, vec![term(field), term(other)]), Term::Truth(true))
            }
        };
        Self(Clause::of(Node::Compare { left, sign: Sign::Equal, right, span: 0..0 }, 0..0))
    }

    /// The field is there.
    pub fn exists(field: &str) -> Self {
        Self::of(field, Predicate::Exists)
    }

    /// A regular expression in the syntax of the `regex` crate matches somewhere in the value.
    pub fn regex(field: &str, regex: &str) -> Self {
        Self::of(field, Predicate::RustRegex(regex.to_owned()))
    }

    /// The value is less, or greater.
    pub fn compared(field: &str, comparison: Comparison, to: &str) -> Self {
        let bound = |inclusive| Some(Bound { value: Value::text(to, 0..0), inclusive });
        let (from, to) = match comparison {
            Comparison::Less => (None, bound(false)),
            Comparison::LessOrEqual => (None, bound(true)),
            Comparison::Greater => (bound(false), None),
            Comparison::GreaterOrEqual => (bound(true), None),
        };
        Self::of(field, Predicate::Range { from, to })
    }

    /// Compiles it; the language and the reading of the options say nothing here.
    ///
    /// # Errors
    ///
    /// Every error found, such as a field that no source fills.
    pub fn compile(&self, options: &Options<'_>) -> Result<Query, Vec<Diagnostic>> {
        let parsed = Parsed {
            language: Language::Lucene,
            body: Body::Events(Level { clauses: vec![self.0.clone()] }),
            stages: Vec::new(),
            diagnostics: Vec::new(),
        };
        compile_parsed(self.to_string().as_str(), parsed, options)
    }
}

impl std::fmt::Display for Condition {
    /// As a Lucene query.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::print::print(&Level { clauses: vec![self.0.clone()] }))
    }
}

fn value(pieces: Vec<Piece>, folds: bool) -> Value {
    let parts = pieces
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => Part::Literal(text),
            Piece::Any => Part::Star,
            Piece::One => Part::Question,
        })
        .collect();
    Value { parts, quoted: false, folds, span: 0..0 }
}
