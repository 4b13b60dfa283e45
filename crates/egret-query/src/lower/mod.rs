//! Tree to DataFusion expression, with built-in functions only, so that a plan travels to another
//! process and Parquet statistics can prune it.
//!
//! * A value without wildcard is an equality, a wildcard a `LIKE`, never a regular expression,
//!   unless it has to stay within one token.
//! * Addresses compare by their sixteen-byte companion; a network is a range of it.
//! * Paths below a document are looked for in its token companion, a text with one
//!   `path\tvalue` a line.
//! * `NOT` keeps rows where the field is missing.

use datafusion_common::ScalarValue;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_expr::expr::Like;
use datafusion_expr::utils::split_conjunction;
use datafusion_expr::{BinaryExpr, Expr, Operator, cast, ident, lit, when};
use datafusion_functions::expr_fn::nullif;
use datafusion_functions_nested::expr_fn::array_to_string;
use egret_model::ecs::catalog::fields;
use egret_model::ecs::{FieldKind, tokens_column};
use egret_model::limits::QUERY_TREE_DEPTH_MAX;
use jiff::Timestamp;

use crate::Options;
use crate::ast::{Clause, Conjunction, Level, Name, Node, Part, Predicate, Value};
use crate::block::Bindings;
use crate::date_math;
use crate::diagnostic::{Code, Diagnostic};
use crate::reading::{Reading, Tree, join, plain};
use crate::resolve::{Target, matching, resolve};

mod map_text;
mod regex;
pub(crate) mod stages;
mod terms;
mod text;
mod values;

pub(crate) use terms::content;

use regex::lucene_regex;
pub(crate) use text::literal;
use text::{escaped_like, escaped_regex, pattern};

/// An expression and the text it stands for.
#[derive(Debug, Clone)]
pub(crate) struct Lowered {
    pub(crate) expr: Expr,
    pub(crate) text: String,
    /// Whether the text needs no parentheses beside an operator.
    is_atom: bool,
}

impl Lowered {
    fn atom(expr: Expr, text: String) -> Self {
        Self { expr, text, is_atom: true }
    }

    fn wrapped(&self) -> String {
        if self.is_atom { self.text.clone() } else { format!("({})", self.text) }
    }
}

/// What a query is lowered with, and what is gathered on the way.
#[expect(clippy::struct_excessive_bools, reason = "each says one thing of the whole query")]
pub(crate) struct Lowering<'a> {
    pub(crate) bindings: &'a Bindings,
    pub(crate) now: Timestamp,
    pub(crate) reading: Reading,
    pub(crate) ignore_case: bool,
    /// Refuse what Elasticsearch refuses.
    pub(crate) strict: bool,
    /// A field that no source fills is missing, rather than an error.
    pub(crate) unknown_is_missing: bool,
    /// What is missing makes a comparison neither true nor false, and so its opposite.
    pub(crate) three_valued: bool,
    /// Columns that steps of a pipeline made.
    pub(crate) made: std::collections::BTreeSet<String>,
    /// Those of them that hold several values.
    pub(crate) lists: std::collections::BTreeSet<String>,
    /// Whether the fields of events are still there.
    pub(crate) has_events: bool,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) errors: Vec<Diagnostic>,
    pub(crate) fields: std::collections::BTreeSet<String>,
    /// Whether a text is looked for in the whole record.
    pub(crate) searched: bool,
    /// Comparisons that such texts came to.
    pub(crate) comparisons: usize,
    /// Time bounds that hold for the whole query, in microseconds: `[start, end)`.
    pub(crate) time: (Option<i64>, Option<i64>),
}

impl<'a> Lowering<'a> {
    /// `three_valued`: what is missing makes a comparison neither true nor false.
    pub(crate) fn new(options: &Options<'a>, three_valued: bool) -> Self {
        Self {
            bindings: options.bindings,
            now: options.now,
            reading: options.reading,
            ignore_case: options.ignore_case,
            strict: options.strict,
            unknown_is_missing: options.unknown_is_missing,
            three_valued,
            made: std::collections::BTreeSet::new(),
            lists: std::collections::BTreeSet::new(),
            has_events: true,
            diagnostics: Vec::new(),
            errors: Vec::new(),
            fields: std::collections::BTreeSet::new(),
            searched: false,
            comparisons: 0,
            time: (None, None),
        }
    }
}

impl Lowering<'_> {
    /// The whole query. Errors are gathered, so that a writer sees all of them at once.
    pub(crate) fn query(&mut self, level: &Level) -> Lowered {
        let mut lowered = self.level(level, true);
        lowered.expr = self.bounded(lowered.expr);
        lowered
    }

    /// A whole condition, in a form and of a depth that the engine takes.
    pub(crate) fn bounded(&mut self, expr: Expr) -> Expr {
        if depth(&expr) > QUERY_TREE_DEPTH_MAX {
            self.errors.push(Diagnostic::new(
                Code::Limit,
                0..0,
                format!(
                    "the query nests deeper than the {QUERY_TREE_DEPTH_MAX} levels that are run"
                ),
            ));
            return lit(false);
        }
        // Chains in parentheses inside chains.
        if split_conjunction(&expr).len() > CHAIN_MAX.saturating_mul(2) {
            return held(expr);
        }
        expr
    }

    fn level(&mut self, level: &Level, top: bool) -> Lowered {
        let is_time = |clause: &Clause| {
            matches!(&clause.node, Node::Match { field: Some(name), .. }
                if self.has_events && resolve(name) == Ok(Target::Field(fields::TIMESTAMP)))
        };
        match join(level, self.reading, is_time, &mut self.diagnostics) {
            Ok(tree) => self.tree(&tree, top),
            Err(error) => {
                self.errors.push(error);
                // The clauses are looked at all the same, for their own errors.
                let mut diagnostics = Vec::new();
                if let Ok(tree) = join(level, Reading::Standard, is_time, &mut diagnostics) {
                    self.tree(&tree, false);
                }
                Lowered::atom(lit(false), String::new())
            }
        }
    }

    /// `top`: whatever it says holds for every row of the result.
    fn tree(&mut self, tree: &Tree<'_>, top: bool) -> Lowered {
        match tree {
            Tree::All(trees) => {
                let parts: Vec<Lowered> = trees.iter().map(|tree| self.tree(tree, top)).collect();
                joined(parts, Conjunction::And)
            }
            Tree::Any(trees) => {
                let parts: Vec<Lowered> = trees.iter().map(|tree| self.tree(tree, false)).collect();
                joined(parts, Conjunction::Or)
            }
            Tree::Not(tree) => {
                let inner = self.tree(tree, false);
                let opposite = if self.three_valued {
                    Expr::Not(Box::new(inner.expr.clone()))
                } else {
                    inner.expr.clone().is_not_true()
                };
                Lowered::atom(opposite, format!("NOT {}", inner.wrapped()))
            }
            Tree::Group(level) => self.level(level, top),
            Tree::Leaf(clause) => self.leaf(clause, top),
        }
    }

    fn leaf(&mut self, clause: &Clause, top: bool) -> Lowered {
        match &clause.node {
            Node::Everything => Lowered::atom(lit(true), "*:*".to_owned()),
            // A group inside a value group keeps its field.
            Node::Group(level) => self.level(level, top),
            Node::AtLeast { count, of } => self.at_least(*count, of),
            Node::Match { field: None, predicate } => self.free_text(predicate, clause),
            Node::Match { field: Some(name), predicate } => match self.target(name) {
                Ok(target) => {
                    if !matches!(target, Target::Column(_)) {
                        self.fields.insert(target.name());
                    }
                    self.predicate(&target, name, predicate, top)
                }
                Err(_unknown) if name.text.contains('*') => self.any_field(name, predicate),
                Err(error) if self.is_missing(&error) => {
                    let missing = if self.three_valued {
                        lit(ScalarValue::Boolean(None))
                    } else {
                        lit(false)
                    };
                    Lowered::atom(missing, format!("{}: …", name.text))
                }
                Err(error) => {
                    self.errors.push(error);
                    Lowered::atom(lit(false), String::new())
                }
            },
            Node::Compare { left, sign, right, span } => {
                match self.comparison(left, *sign, right, span) {
                    Some(expr) => Lowered::atom(expr, "…".to_owned()),
                    None => Lowered::atom(lit(false), String::new()),
                }
            }
        }
    }

    /// So many of the clauses: each that holds counts one.
    fn at_least(&mut self, count: usize, of: &Level) -> Lowered {
        let parts: Vec<Lowered> =
            of.clauses.iter().map(|clause| self.tree(&plain(clause), false)).collect();
        let text = parts.iter().map(Lowered::wrapped).collect::<Vec<_>>().join(", ");
        let mut ones = Vec::with_capacity(parts.len());
        for part in parts {
            match when(part.expr, lit(1i64)).otherwise(lit(0i64)) {
                Ok(one) => ones.push(one),
                Err(error) => self.errors.push(Diagnostic::new(
                    Code::Unsupported,
                    0..0,
                    format!("the clauses cannot be counted: {error}"),
                )),
            }
        }
        let plus =
            |a, b| Expr::BinaryExpr(BinaryExpr::new(Box::new(a), Operator::Plus, Box::new(b)));
        let sum = balanced(ones, plus).unwrap_or(lit(0i64));
        let least = i64::try_from(count).unwrap_or(i64::MAX);
        Lowered::atom(sum.gt_eq(lit(least)), format!("<at least {count} of ({text})>"))
    }

    /// Whether a field that is not known is read as missing; said once.
    fn is_missing(&mut self, error: &Diagnostic) -> bool {
        let missing = self.unknown_is_missing && self.has_events && error.code == Code::Field;
        if missing {
            let message = format!("{}; it is read as missing", error.message);
            let known = self.diagnostics.iter().any(|one| one.message == message);
            if !known {
                let mut missing = Diagnostic::new(Code::NoField, error.span.clone(), message);
                missing.help.clone_from(&error.help);
                self.diagnostics.push(missing);
            }
        }
        missing
    }

    /// What a name stands for here: a column that a step made, or a field.
    fn target(&self, name: &Name) -> Result<Target, Diagnostic> {
        if self.made.contains(&name.text) {
            return Ok(Target::Column(name.text.clone()));
        }
        if !self.has_events {
            let made: Vec<String> = self.made.iter().map(|name| format!("`{name}`")).collect();
            return Err(Diagnostic::new(
                Code::Field,
                name.span.clone(),
                format!("no step before made a column `{}`", name.text),
            )
            .help(format!("there are {}", made.join(", "))));
        }
        resolve(name)
    }

    /// `user.*: x`: any of the fields of such a name that can hold the value.
    fn any_field(&mut self, name: &Name, predicate: &Predicate) -> Lowered {
        let mut parts = Vec::new();
        for target in matching(&name.text) {
            let errors = self.errors.len();
            let diagnostics = self.diagnostics.len();
            let lowered = self.predicate(&target, name, predicate, false);
            if self.errors.len() > errors {
                // A field of another type cannot hold the value.
                self.errors.truncate(errors);
                self.diagnostics.truncate(diagnostics);
            } else {
                self.fields.insert(target.name());
                parts.push(lowered);
            }
        }
        if parts.is_empty() {
            self.errors.push(Diagnostic::new(
                Code::Field,
                name.span.clone(),
                format!("no field `{}` can hold the value", name.text),
            ));
            return Lowered::atom(lit(false), String::new());
        }
        let parts = parts.into_iter().map(|part| part.expr).collect();
        let expr = balanced(parts, Expr::or).unwrap_or(lit(false));
        Lowered::atom(expr, format!("{}: …", name.text))
    }

    fn predicate(
        &mut self,
        target: &Target,
        name: &Name,
        predicate: &Predicate,
        top: bool,
    ) -> Lowered {
        let shown = target.name();
        if let Target::Column(column) = target {
            return self.column_predicate(column, predicate, &name.span);
        }
        let ignore_case = self.ignore_case;
        if let Predicate::Value(value)
        | Predicate::Anywhere(value, _)
        | Predicate::ThereAndNot(value) = predicate
        {
            self.ignore_case |= value.folds;
        }
        let lowered = self.field_predicate(target, name, predicate, top, &shown);
        self.ignore_case = ignore_case;
        lowered
    }

    fn field_predicate(
        &mut self,
        target: &Target,
        name: &Name,
        predicate: &Predicate,
        top: bool,
        shown: &str,
    ) -> Lowered {
        match predicate {
            Predicate::Exists => Lowered::atom(exists(target), format!("{shown}: *")),
            Predicate::Values(level) => self.level(level, top),
            Predicate::Regex(regex) => match self.regex(target, regex, name) {
                Some(expr) => {
                    Lowered::atom(expr, format!("{shown}: /{}/", regex.replace('/', "\\/")))
                }
                None => Lowered::atom(lit(false), String::new()),
            },
            Predicate::RustRegex(regex) => {
                let (text, whole) = match target {
                    // A line of tokens begins with its path.
                    Target::Below(field, path) => (
                        ident(tokens_column(*field)),
                        format!("\\n{}\\t[^\\n]*?(?:{regex})", escaped_regex(path)),
                    ),
                    Target::Field(field) if field.kind() == FieldKind::Keywords => {
                        (array_to_string(ident(field.name()), lit("\n")), regex.clone())
                    }
                    Target::Field(field) if field.kind() == FieldKind::Flattened => {
                        (ident(tokens_column(*field)), format!("\\t[^\\n]*?(?:{regex})"))
                    }
                    _ => (cast(content(target), arrow::datatypes::DataType::Utf8), regex.clone()),
                };
                let whole = self.checked(regex, whole, &name.span);
                Lowered::atom(matches(text, whole), format!("{shown}: /.*{regex}.*/"))
            }
            Predicate::Value(value) | Predicate::Anywhere(value, _) => {
                let variants = self.variants(value);
                let parts: Vec<Lowered> =
                    variants.iter().map(|pieces| self.value(target, value, pieces, top)).collect();
                joined(parts, Conjunction::Or)
            }
            Predicate::ThereAndNot(value) => {
                let variants = self.variants(value);
                let parts: Vec<Lowered> = variants
                    .iter()
                    .map(|pieces| self.value(target, value, pieces, false))
                    .collect();
                let inner = joined(parts, Conjunction::Or);
                Lowered {
                    expr: exists(target).and(inner.expr.clone().is_not_true()),
                    text: format!("{shown}: * AND NOT {}", inner.wrapped()),
                    is_atom: false,
                }
            }
            Predicate::Range { from, to } => self.range(target, from.as_ref(), to.as_ref(), top),
        }
    }

    /// The value with its placeholders filled in, once for each combination of their values.
    pub(crate) fn variants(&mut self, value: &Value) -> Vec<Vec<Part>> {
        let mut variants: Vec<Vec<Part>> = vec![Vec::new()];
        for part in &value.parts {
            match part {
                Part::Hole { name, offset } => {
                    let values: Vec<String> =
                        self.bindings.get(name).map(<[String]>::to_vec).unwrap_or_default();
                    if values.is_empty() {
                        self.errors.push(unbound(name, value));
                        return Vec::new();
                    }
                    let mut next = Vec::new();
                    for filled in &values {
                        let Some(text) = self.with_offset(filled, *offset, name, value) else {
                            return Vec::new();
                        };
                        for variant in &variants {
                            let mut longer = variant.clone();
                            // A bound value is text: its own stars are stars.
                            longer.push(Part::Literal(text.clone()));
                            next.push(longer);
                        }
                    }
                    variants = next;
                }
                other => {
                    for variant in &mut variants {
                        variant.push(other.clone());
                    }
                }
            }
        }
        variants
    }

    fn with_offset(
        &mut self,
        filled: &str,
        offset: Option<(i64, char)>,
        name: &str,
        value: &Value,
    ) -> Option<String> {
        let Some((number, unit)) = offset else { return Some(filled.to_owned()) };
        let mut used_now = false;
        let moved = date_math::read(filled, self.now, &mut used_now)
            .and_then(|stretch| Timestamp::from_microsecond(stretch.start).ok())
            .and_then(|at| date_math::shifted(at, number, unit));
        if let Some(moved) = moved {
            self.diagnostics.push(Diagnostic::new(
                Code::Expression,
                value.span.clone(),
                format!("<{name}> is {filled}; {number:+}{unit} gives {moved}"),
            ));
            Some(moved.to_string())
        } else {
            self.errors.push(
                Diagnostic::new(
                    Code::Type,
                    value.span.clone(),
                    format!("<{name}> is `{filled}`, and arithmetic needs a time"),
                )
                .help("give it as `2025-07-24T03:00:00Z`"),
            );
            None
        }
    }
}

fn joined(mut parts: Vec<Lowered>, by: Conjunction) -> Lowered {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let sign = if by == Conjunction::And { " AND " } else { " OR " };
    let text = parts.iter().map(Lowered::wrapped).collect::<Vec<_>>().join(sign);
    let exprs = parts.into_iter().map(|part| part.expr).collect();
    let expr = if by == Conjunction::And { all_of(exprs) } else { balanced(exprs, Expr::or) };
    Lowered { expr: expr.unwrap_or(lit(false)), text, is_atom: false }
}

/// Expressions that are joined one behind the other; more are joined in pairs.
const CHAIN_MAX: usize = 16;

/// Joins expressions. The engine recurses into them, so many are joined in pairs: the depth grows
/// with the logarithm of their number.
pub(crate) fn balanced(mut exprs: Vec<Expr>, by: fn(Expr, Expr) -> Expr) -> Option<Expr> {
    while exprs.len() > CHAIN_MAX {
        let mut pairs = Vec::with_capacity(exprs.len().div_ceil(2));
        let mut rest = exprs.into_iter();
        while let Some(left) = rest.next() {
            pairs.push(match rest.next() {
                Some(right) => by(left, right),
                None => left,
            });
        }
        exprs = pairs;
    }
    exprs.into_iter().reduce(by)
}

/// The same value. The engine takes conditions apart at their ANDs and puts them together one behind
/// the other, however they were joined, unless a function stands around them.
fn held(expr: Expr) -> Expr {
    nullif(expr, lit(ScalarValue::Boolean(None)))
}

/// The same for what must hold together.
fn all_of(exprs: Vec<Expr>) -> Option<Expr> {
    if exprs.len() <= CHAIN_MAX {
        return balanced(exprs, Expr::and);
    }
    let size = exprs.len().div_ceil(CHAIN_MAX);
    let mut parts = Vec::with_capacity(CHAIN_MAX);
    let mut rest = exprs.into_iter().peekable();
    while rest.peek().is_some() {
        let part = balanced(rest.by_ref().take(size).collect(), Expr::and)?;
        parts.push(held(part));
    }
    balanced(parts, Expr::and)
}

/// How deep an expression nests.
fn depth(expr: &Expr) -> usize {
    let mut deepest = 0usize;
    let mut open = vec![(expr, 1usize)];
    while let Some((expr, depth)) = open.pop() {
        deepest = deepest.max(depth);
        let visited = expr.apply_children(|child| {
            open.push((child, depth.saturating_add(1)));
            Ok(TreeNodeRecursion::Continue)
        });
        debug_assert!(visited.is_ok(), "nothing above fails");
    }
    deepest
}

fn unbound(name: &str, value: &Value) -> Diagnostic {
    Diagnostic::new(
        Code::Unbound,
        value.span.clone(),
        format!("the placeholder <{name}> has no value"),
    )
    .help(format!("give one with `--set {name}=…`"))
}

fn compare(column: Expr, is_lower: bool, inclusive: bool, value: Expr) -> Expr {
    match (is_lower, inclusive) {
        (true, true) => column.gt_eq(value),
        (true, false) => column.gt(value),
        (false, true) => column.lt_eq(value),
        (false, false) => column.lt(value),
    }
}

fn exists(target: &Target) -> Expr {
    match target {
        Target::Column(column) => ident(column.as_str()).is_not_null(),
        Target::Field(field) => ident(field.name()).is_not_null(),
        Target::Below(field, path) => {
            let tokens = ident(tokens_column(*field));
            let path = escaped_like(path);
            like(tokens.clone(), &format!("%\n{path}\t%"), false).or(like(
                tokens,
                &format!("%\n{path}.%"),
                false,
            ))
        }
    }
}

fn like(column: Expr, pattern: &str, ignore_case: bool) -> Expr {
    // The backslash is the default escape.
    Expr::Like(Like::new(false, Box::new(column), Box::new(lit(pattern)), None, ignore_case))
}

fn matches(text: Expr, regex: String) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(text), Operator::RegexMatch, Box::new(lit(regex))))
}

fn micros(at: i64) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(at), Some("UTC".into())))
}
