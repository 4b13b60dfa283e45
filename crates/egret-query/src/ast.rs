//! The tree of a query as it was written, whatever the dialect.
//!
//! A level keeps its clauses and operators side by side, since what `A OR B AND C` means is the
//! reading's business ([`crate::reading`]), not the parser's.

use std::ops::Range;

/// How two neighbours are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conjunction {
    /// `AND`, `&&`.
    And,
    /// `OR`, `||`.
    Or,
    /// Nothing stands between them; Lucene's default is OR.
    Implicit,
}

/// What stands before a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Modifier {
    /// Nothing.
    None,
    /// `+`.
    Must,
    /// `NOT`, `!`, `-`.
    Not,
}

/// Clauses of one level, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Level {
    /// The clauses; the first one's conjunction means nothing.
    pub clauses: Vec<Clause>,
}

/// One clause with what joins it to the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clause {
    /// How it is joined to its predecessor.
    pub conjunction: Conjunction,
    /// What stands before it.
    pub modifier: Modifier,
    /// What it says.
    pub node: Node,
    /// Bytes of the text.
    pub span: Range<usize>,
}

/// What a clause says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// Parentheses.
    Group(Level),
    /// `field: predicate`; without a field, a term to look for everywhere.
    Match {
        /// Name as written, and its place.
        field: Option<Name>,
        /// What is said of it.
        predicate: Predicate,
    },
    /// `*:*`.
    Everything,
}

/// A field name as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// The name, without escapes and quotes.
    pub text: String,
    /// Bytes of the text.
    pub span: Range<usize>,
}

/// What is said of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Predicate {
    /// A value, maybe with wildcards.
    Value(Value),
    /// `/regex/`.
    Regex(String),
    /// `[a TO b]`, `{a TO b}`, `>= a`.
    Range {
        /// Lower end; `None` is open.
        from: Option<Bound>,
        /// Upper end; `None` is open.
        to: Option<Bound>,
    },
    /// `[NOT a]`: the field is there and is not the value.
    ThereAndNot(Value),
    /// `field: (a OR b)`.
    Values(Level),
    /// `_exists_: field`.
    Exists,
}

/// One end of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bound {
    /// The value.
    pub value: Value,
    /// Whether it is inside.
    pub inclusive: bool,
}

/// A value as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// Its pieces.
    pub parts: Vec<Part>,
    /// Whether it stood in quotes.
    pub quoted: bool,
    /// Bytes of the text.
    pub span: Range<usize>,
}

/// A piece of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Text, without escapes.
    Literal(String),
    /// `*`.
    Star,
    /// `?`.
    Question,
    /// `<name>`, `<name-2h>`.
    Hole {
        /// Name.
        name: String,
        /// Arithmetic: number and unit.
        offset: Option<(i64, char)>,
    },
}
