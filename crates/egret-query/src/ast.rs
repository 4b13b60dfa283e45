//! The tree of a query as it was written, whatever the language.
//!
//! A level keeps its clauses and operators side by side, since what `A OR B AND C` means is the
//! reading's business ([`crate::reading`]), not the parser's.

use std::ops::Range;

use egret_model::dataset::Dataset;

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
    /// At least so many of its clauses.
    AtLeast {
        /// How many.
        count: usize,
        /// Of these.
        of: Level,
    },
    /// Two terms compared, where the one is no field or the other no plain value.
    Compare {
        /// Left of the sign.
        left: Term,
        /// The sign.
        sign: Sign,
        /// Right of it.
        right: Term,
        /// Bytes of the text.
        span: Range<usize>,
    },
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// `==`.
    Equal,
    /// `!=`.
    Unequal,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
}

/// Something that has a value in each event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Term {
    /// A field, or a column that an earlier step made.
    Field(Name),
    /// Text.
    Text(String),
    /// A number as written.
    Number(String),
    /// `true`, `false`.
    Truth(bool),
    /// `null`.
    Null,
    /// `15 minutes`, in microseconds.
    Duration(i64),
    /// `function(…)`.
    Call {
        /// Name, lower-cased.
        name: String,
        /// What stands in the parentheses.
        arguments: Vec<Term>,
        /// Bytes of the text.
        span: Range<usize>,
    },
    /// `a + b`; the sign is one of `+ - * / %`.
    Arithmetic {
        /// Left of the sign.
        left: Box<Term>,
        /// The sign.
        sign: char,
        /// Right of it.
        right: Box<Term>,
    },
    /// A condition used as a value, such as in `CASE(a == b, …)`.
    Condition(Level),
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
    /// A value, maybe with wildcards, anywhere in the record of a dataset.
    Anywhere(Value, Option<Dataset>),
    /// `/regex/`, in Lucene's syntax.
    Regex(String),
    /// A regular expression in the engine's syntax, searched for anywhere in the value.
    RustRegex(String),
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
    /// Whether it is compared without regard to case.
    pub folds: bool,
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

impl Value {
    /// Plain text.
    pub(crate) fn text(text: impl Into<String>, span: Range<usize>) -> Self {
        Self { parts: vec![Part::Literal(text.into())], quoted: true, folds: false, span }
    }

    /// Text in which `*` and, when `question`, `?` stand for others.
    pub(crate) fn pattern(text: &str, question: bool, span: Range<usize>) -> Self {
        let mut parts = Vec::new();
        let mut literal = String::new();
        for letter in text.chars() {
            let wild = match letter {
                '*' => Part::Star,
                '?' if question => Part::Question,
                other => {
                    literal.push(other);
                    continue;
                }
            };
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(wild);
        }
        if !literal.is_empty() || parts.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Self { parts, quoted: false, folds: false, span }
    }

    /// The same, compared without regard to case when `folds`.
    #[must_use]
    pub(crate) fn folding(mut self, folds: bool) -> Self {
        self.folds = folds;
        self
    }
}

impl Level {
    /// Clauses that all hold, or any of which does. One alone stays itself.
    pub(crate) fn joined(clauses: Vec<Clause>, by: Conjunction) -> Self {
        let clauses = clauses
            .into_iter()
            .map(|mut clause| {
                clause.conjunction = by;
                clause
            })
            .collect();
        Self { clauses }
    }

    /// How many clauses stand in it, groups not counted, and how deep they nest. A tree that a program
    /// built may be of any depth, so this does not recurse.
    pub(crate) fn size(&self) -> (usize, usize) {
        let (mut clauses, mut deepest) = (0usize, 0usize);
        let mut open: Vec<(&Self, usize)> = vec![(self, 1)];
        while let Some((level, depth)) = open.pop() {
            deepest = deepest.max(depth);
            for clause in &level.clauses {
                match &clause.node {
                    Node::Group(level)
                    | Node::AtLeast { of: level, .. }
                    | Node::Match { predicate: Predicate::Values(level), .. } => {
                        open.push((level, depth.saturating_add(1)));
                    }
                    _ => clauses = clauses.saturating_add(1),
                }
            }
        }
        (clauses, deepest)
    }
}

impl Clause {
    /// A clause with nothing before it.
    pub(crate) fn of(node: Node, span: Range<usize>) -> Self {
        Self { conjunction: Conjunction::Implicit, modifier: Modifier::None, node, span }
    }

    /// The opposite.
    pub(crate) fn negated(self) -> Self {
        let span = self.span.clone();
        match self.modifier {
            Modifier::None | Modifier::Must => Self { modifier: Modifier::Not, ..self },
            Modifier::Not => {
                let inner = Level { clauses: vec![self] };
                Self { modifier: Modifier::Not, ..Self::of(Node::Group(inner), span) }
            }
        }
    }

    /// Several as one, in parentheses where they are more than one.
    pub(crate) fn group(mut clauses: Vec<Self>, by: Conjunction) -> Self {
        if clauses.len() == 1 {
            return clauses.remove(0);
        }
        let start = clauses.first().map_or(0, |clause| clause.span.start);
        let end = clauses.last().map_or(start, |clause| clause.span.end);
        Self::of(Node::Group(Level::joined(clauses, by)), start..end)
    }
}

/// A step of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Keeps what fulfils a condition.
    Where(Level),
    /// Makes columns.
    Eval(Vec<(String, Term)>),
    /// Counts and adds up.
    Stats {
        /// Columns it makes.
        aggregates: Vec<Aggregate>,
        /// What it groups by, each with the name of its column.
        by: Vec<(String, Term)>,
    },
    /// Counts and adds up, beside every row of its group.
    InlineStats {
        /// Columns it makes.
        aggregates: Vec<Aggregate>,
        /// What it groups by, each with the name of its column.
        by: Vec<(String, Term)>,
    },
    /// Keeps these columns, in this order; `*` stands for others.
    Keep(Vec<Name>),
    /// Leaves these columns out.
    Drop(Vec<Name>),
    /// Renames columns: old, new.
    Rename(Vec<(Name, String)>),
    /// Sorts.
    Sort(Vec<Order>),
    /// The first so many.
    Limit(usize),
    /// The first row of each group.
    Dedup(Vec<Name>),
    /// Takes a text apart.
    Extract {
        /// The text.
        from: Term,
        /// Regular expression with one group a column.
        regex: String,
        /// Columns, in order of the groups.
        columns: Vec<String>,
    },
    /// One row for each value of a list.
    Expand(Name),
}

/// One column of a `stats`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Aggregate {
    /// What the column is called.
    pub name: String,
    /// Function, lower-cased.
    pub function: String,
    /// What it is of.
    pub argument: Option<Term>,
    /// Only rows that fulfil this.
    pub filter: Option<Level>,
    /// Bytes of the text.
    pub span: Range<usize>,
}

/// One key of a sort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    /// What is compared.
    pub term: Term,
    /// Largest first.
    pub descending: bool,
}

/// Events that follow one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sequence {
    /// Steps in order.
    pub steps: Vec<Step>,
    /// Microseconds from first to last.
    pub maxspan: Option<i64>,
    /// Ends a sequence that is not complete.
    pub until: Option<Step>,
    /// In any order, rather than one after the other.
    pub any_order: bool,
}

/// One step of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// Which events.
    pub condition: Level,
    /// What must be the same in every step.
    pub by: Vec<Term>,
    /// How often in a row.
    pub runs: u32,
    /// `![…]`: no such event.
    pub missing: bool,
}
